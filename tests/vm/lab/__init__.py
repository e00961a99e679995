# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: kernels, units and buses tried for real in throw-away QEMU guests.

settings   what a guest of each distribution is made of
cache      results kept under the hash of what made them
images     root file systems, disk images, initrds
debug      the KASAN + lockdep kernel
product    the current tree, installed as a package would be
machine    QEMU's command line, its life and its death
agent      the guest's side of the conversation
reports    what a kernel says when something is wrong
session    one boot: commands, live output, deadlines, the verdict
cases      the test files of tests/vm/cases
"""
