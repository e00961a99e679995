# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon, its worker and its inspector.

daemon_common := $(addprefix daemon/,errors.c util.c root.c pci.c mountinfo.c nodes.c openers.c usage.c claim.c \
		 json.c file.c configuration.c definition.c emulated.c journal.c work.c plan.c rehearse.c function.c rebind.c reset.c reenumerate.c emulate.c modules.c module.c kernel_log.c \
		 lock.c log.c)
daemon_packages := libsystemd libudev json-c
worker_sources := $(daemon_common) $(addprefix daemon/,module_load.c contents.c inspector_messages.c inspector_ask.c varlink_client.c worker.c)

$(eval $(call program,bxd-worker,release,$(worker_sources),$(daemon_packages) libkmod blkid))
$(call installed,755,build/release/bin/bxd-worker,$(libexecdir)/bxd-worker)

varlink_sources := $(addprefix daemon/,json.c process.c varlink.c varlink_call.c varlink_service.c)

inspector_sources := $(varlink_sources) $(addprefix daemon/,errors.c util.c root.c nodes.c mountinfo.c openers.c inspector_messages.c log.c inspector.c)
$(eval $(call program,bxd-inspector,release,$(inspector_sources),$(daemon_packages)))
$(call installed,755,build/release/bin/bxd-inspector,$(libexecdir)/bxd-inspector)

bxd_sources := $(daemon_common) $(addprefix daemon/,identity.c inventory.c device.c job.c launch.c events.c api.c api_manager.c api_plan.c \
	       api_device.c api_job.c statistics.c authorize.c idle.c bus.c bus_json.c varlink_api.c process.c varlink.c varlink_call.c varlink_service.c \
	       describe.c diagnose.c log_control.c main.c)
$(eval $(call program,bxd,release,$(bxd_sources),$(daemon_packages)))
$(call installed,755,build/release/bin/bxd,$(libexecdir)/bxd)

$(eval $(call unit_test,rebind,$(daemon_common) tests/unit/model.c tests/unit/test_rebind.c,$(daemon_packages)))
$(eval $(call unit_test,emulate,$(daemon_common) tests/unit/model.c tests/unit/test_emulate.c,$(daemon_packages)))
$(eval $(call unit_test,reset,$(daemon_common) tests/unit/model.c tests/unit/test_reset.c,$(daemon_packages)))
$(eval $(call unit_test,reenumerate,$(daemon_common) tests/unit/model.c tests/unit/test_reenumerate.c,$(daemon_packages)))
$(eval $(call unit_test,configuration,$(daemon_common) tests/unit/test_configuration.c,$(daemon_packages)))
$(eval $(call unit_test,plan,$(daemon_common) tests/unit/model.c tests/unit/test_plan.c,$(daemon_packages)))
$(eval $(call unit_test,diagnose,$(daemon_common) daemon/diagnose.c tests/unit/test_diagnose.c,$(daemon_packages)))
$(eval $(call unit_test,definition,$(daemon_common) tests/unit/test_definition.c,$(daemon_packages)))
$(eval $(call unit_test,parsers,$(daemon_common) daemon/identity.c tests/unit/test_parsers.c,$(daemon_packages)))
$(eval $(call unit_test,json,daemon/json.c tests/unit/test_json.c,$(daemon_packages)))
$(eval $(call unit_test,varlink-calls,$(varlink_sources) tests/unit/varlink_world.c tests/unit/test_varlink_calls.c,$(daemon_packages)))
$(eval $(call unit_test,varlink-connections,$(varlink_sources) tests/unit/varlink_world.c tests/unit/test_varlink_connections.c,$(daemon_packages)))
$(eval $(call unit_test,openers,$(daemon_common) daemon/inspector_messages.c tests/unit/test_openers.c,$(daemon_packages)))
$(eval $(call unit_test,varlink-client,daemon/json.c daemon/varlink_client.c tests/unit/test_varlink_client.c,$(daemon_packages)))
$(eval $(call unit_test,journal,$(daemon_common) tests/unit/test_journal.c,$(daemon_packages)))
$(eval $(call unit_test,manual,daemon/errors.c daemon/util.c tests/unit/test_manual.c,$(daemon_packages)))

$(eval $(call fuzz_target,mountinfo,$(daemon_common) daemon/identity.c tests/fuzz/fuzz_mountinfo.c,$(daemon_packages)))
$(eval $(call fuzz_target,json,daemon/json.c tests/fuzz/fuzz_json.c,$(daemon_packages)))
$(eval $(call fuzz_target,varlink,$(varlink_sources) tests/fuzz/fuzz_varlink.c,$(daemon_packages)))
$(eval $(call fuzz_target,journal,$(daemon_common) tests/fuzz/fuzz_journal.c,$(daemon_packages)))
$(eval $(call fuzz_target,plan,$(daemon_common) tests/fuzz/fuzz_plan.c,$(daemon_packages)))
$(eval $(call fuzz_target,pci,$(daemon_common) tests/fuzz/fuzz_pci.c,$(daemon_packages)))
$(eval $(call fuzz_target,configuration,$(daemon_common) tests/fuzz/fuzz_configuration.c,$(daemon_packages)))
$(eval $(call fuzz_target,definition,$(daemon_common) tests/fuzz/fuzz_definition.c,$(daemon_packages)))
$(eval $(call fuzz_target,inspector,$(daemon_common) daemon/inspector_messages.c tests/fuzz/fuzz_inspector.c,$(daemon_packages)))

# For the guests of `vm --variant asan`.
$(eval $(call program,bxd,asan,$(bxd_sources),$(daemon_packages)))
$(eval $(call program,bxd-worker,asan,$(worker_sources),$(daemon_packages) libkmod blkid))
