# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked of a guest, on `vm`'s command line and in the head of a case alike."""

import argparse

from . import machine


class Parser(argparse.ArgumentParser):
    """Says what is wrong as an exception, for those who read options from a file."""

    def error(self, message):
        raise ValueError(message)


def add_guest_options(parser):
    parser.add_argument("--memmap", action="append", default=[], metavar="SIZE@START", help="reserve memory at boot")
    parser.add_argument("--iommu", choices=machine.IOMMU, default="", help="give the guest an IOMMU")
    parser.add_argument("--smp", type=int, default=4, metavar="N", help="virtual CPUs (4)")
    parser.add_argument("--memory", default="4G", metavar="SIZE", help="as QEMU's -m (4G)")
    parser.add_argument("--qemu", action="append", default=[], metavar="ARGS", help="further arguments for QEMU")
    parser.add_argument("--append", default="", metavar="ARGS", help="further words of the kernel command line")
    parser.add_argument("--silence", type=float, metavar="SECONDS", help="no output for so long is a hang")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="a command may take so long")


def machine_options(values):
    return machine.Options(smp=values.smp, memory=values.memory, memmap=tuple(values.memmap), iommu=values.iommu,
                           qemu=tuple(values.qemu), append=values.append)


def parse(words):
    parser = Parser(add_help=False)
    add_guest_options(parser)
    return parser.parse_args(words)
