# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon and its worker.

daemon_common := $(addprefix daemon/,errors.c util.c root.c pci.c mountinfo.c usage.c claim.c \
		 journal.c rebind.c lock.c log.c)
daemon_packages := libsystemd libudev libkmod json-c
worker_sources := $(daemon_common) daemon/module.c daemon/worker.c

$(eval $(call program,bxd-rebind,release,$(worker_sources),$(daemon_packages)))
$(call installed,755,build/release/bin/bxd-rebind,$(libexecdir)/bxd-rebind)

bxd_sources := $(daemon_common) $(addprefix daemon/,identity.c inventory.c device_bus.c job.c job_bus.c \
	       launch.c events.c authorize.c manager_bus.c log_control.c main.c)
$(eval $(call program,bxd,release,$(bxd_sources),$(daemon_packages)))
$(call installed,755,build/release/bin/bxd,$(libexecdir)/bxd)

$(eval $(call unit_test,rebind,$(daemon_common) tests/unit/model.c tests/unit/test_rebind.c,$(daemon_packages)))
$(eval $(call unit_test,parsers,$(daemon_common) daemon/identity.c tests/unit/test_parsers.c,$(daemon_packages)))
$(eval $(call unit_test,journal,$(daemon_common) tests/unit/test_journal.c,$(daemon_packages)))
$(eval $(call unit_test,manual,daemon/errors.c daemon/util.c tests/unit/test_manual.c,$(daemon_packages)))

$(eval $(call fuzz_target,mountinfo,$(daemon_common) daemon/identity.c tests/fuzz/fuzz_mountinfo.c,$(daemon_packages)))
$(eval $(call fuzz_target,journal,$(daemon_common) tests/fuzz/fuzz_journal.c,$(daemon_packages)))
$(eval $(call fuzz_target,pci,$(daemon_common) tests/fuzz/fuzz_pci.c,$(daemon_packages)))
