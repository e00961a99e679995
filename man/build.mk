# SPDX-License-Identifier: GPL-2.0-or-later
# The manual.

$(call installed,644,man/bx_emu.4,$(mandir)/man4/bx_emu.4)
$(call installed,644,man/bxctl.1,$(mandir)/man1/bxctl.1)
$(call installed,644,man/bxd.8,$(mandir)/man8/bxd.8)
