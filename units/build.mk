# SPDX-License-Identifier: GPL-2.0-or-later
# What systemd and the bus are told about the daemon.

build/units/%: units/%.in build/release/flags
	$(call say,GEN,$(@F))
	$(q)mkdir -p $(@D)
	$(q)sed 's|@libexecdir@|$(libexecdir)|g' $< > $@

generated_files += build/units/bxd.service
$(call installed,644,build/units/bxd.service,$(unitdir)/bxd.service)
$(call installed,644,units/org.byteexpress.bx1.service,$(busservicedir)/org.byteexpress.bx1.service)
$(call installed,644,units/org.byteexpress.bx1.conf,$(buspolicydir)/org.byteexpress.bx1.conf)
