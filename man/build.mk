# SPDX-License-Identifier: GPL-2.0-or-later
# The manual.

$(call installed,644,man/bx_emu.4,$(mandir)/man4/bx_emu.4)
$(call installed,644,man/bxctl.1,$(mandir)/man1/bxctl.1)
$(call installed,644,man/bxd.8,$(mandir)/man8/bxd.8)
$(call installed,644,man/bxd.conf.5,$(mandir)/man5/bxd.conf.5)

# What bxd knows about itself is not written twice.
build/man/org.byteexpress.bx1.5: build/release/bin/bxd
	$(call say,GEN,$(@F))
	$(q)mkdir -p $(@D); $< --describe manual > $@

build/man/org.byteexpress.bx1.xml: build/release/bin/bxd
	$(call say,GEN,$(@F))
	$(q)mkdir -p $(@D); $< --describe xml > $@

generated_files += build/man/org.byteexpress.bx1.5 build/man/org.byteexpress.bx1.xml
$(call installed,644,build/man/org.byteexpress.bx1.5,$(mandir)/man5/org.byteexpress.bx1.5)
$(call installed,644,build/man/org.byteexpress.bx1.xml,$(datadir)/dbus-1/interfaces/org.byteexpress.bx1.xml)
$(call installed,644,man/bxd.preset.5,$(mandir)/man5/bxd.preset.5)
$(call installed,644,README.md,$(datadir)/doc/bxd/README.md)
