# SPDX-License-Identifier: GPL-2.0-or-later
# What emulated devices can be made after.

$(foreach preset,$(wildcard presets/*.json),$(call installed,644,$(preset),$(datadir)/bxd/$(preset)))
