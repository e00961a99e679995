# SPDX-License-Identifier: GPL-2.0-or-later
# What systemd and the bus are told about the daemon.

build/units/%: units/%.in build/release/flags
	$(call say,GEN,$(@F))
	$(q)mkdir -p $(@D)
	$(q)sed 's|@libexecdir@|$(libexecdir)|g' $< > $@

generated_files += $(addprefix build/units/,bxd.service bxd-worker@.service bxd-planner@.service bxd-inspector.service)
$(call installed,644,build/units/bxd.service,$(unitdir)/bxd.service)
$(call installed,644,build/units/bxd-worker@.service,$(unitdir)/bxd-worker@.service)
$(call installed,644,build/units/bxd-planner@.service,$(unitdir)/bxd-planner@.service)
$(call installed,644,build/units/bxd-inspector.service,$(unitdir)/bxd-inspector.service)
$(call installed,644,units/bxd-inspector.socket,$(unitdir)/bxd-inspector.socket)
$(call installed,644,units/org.byteexpress.bx1.service,$(busservicedir)/org.byteexpress.bx1.service)
$(call installed,644,units/org.byteexpress.bx1.conf,$(buspolicydir)/org.byteexpress.bx1.conf)
$(call installed,644,units/bxd.socket,$(unitdir)/bxd.socket)
$(call installed,644,units/org.byteexpress.bx1.policy,$(datadir)/polkit-1/actions/org.byteexpress.bx1.policy)
$(call installed,644,units/50-bxd-group.rules,$(datadir)/doc/bxd/examples/50-bxd-group.rules)
