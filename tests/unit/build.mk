# SPDX-License-Identifier: GPL-2.0-or-later
include tests/kit/kit.mk

kit_selftest_sources := $(addprefix tests/kit/selftest/,main.c numbers.c text.c memory.c containers.c threads.c)

$(eval $(call kit_unit_test,kit-selftest,tests/unit/test_kit_selftest.c,$(kit_selftest_sources),,,-include linux/unaligned.h))
kit_test_sources := $(addprefix tests/unit/,test_kit.c test_kit_catches.c test_kit_locks.c test_kit_races.c kit_cases.c)
$(eval $(call kit_unit_test,kit,$(kit_test_sources)))

include kmods/emu/core.mk
emu_sources := $(emu_core:%=kmods/emu/%.c)
$(eval $(call kit_unit_test,emu-store,tests/unit/test_emu_store.c,kmods/emu/store.c))
$(eval $(call kit_unit_test,emu-life,tests/unit/test_emu_life.c tests/unit/emu_host.c,$(emu_sources)))
$(eval $(call kit_unit_test,emu-queues,tests/unit/test_emu_queues.c tests/unit/emu_host.c,$(emu_sources)))
$(eval $(call kit_unit_test,emu-pointers,tests/unit/test_emu_pointers.c tests/unit/emu_host.c,$(emu_sources)))
$(eval $(call kit_unit_test,emu-engines,tests/unit/test_emu_engines.c tests/unit/emu_host.c,$(emu_sources)))
$(eval $(call kit_unit_test,emu-timing,tests/unit/test_emu_timing.c tests/unit/emu_host.c,$(emu_sources)))
emu_io_helpers := $(addprefix tests/unit/,emu_io.c emu_host.c)
$(eval $(call kit_unit_test,emu-io,tests/unit/test_emu_io.c $(emu_io_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-compare,tests/unit/test_emu_compare.c $(emu_io_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-unwritten,tests/unit/test_emu_unwritten.c $(emu_io_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-copy,tests/unit/test_emu_copy.c $(emu_io_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-protection,tests/unit/test_emu_protection.c $(emu_io_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-faults,tests/unit/test_emu_faults.c $(emu_io_helpers),$(emu_sources)))
emu_admin_helpers := $(addprefix tests/unit/,emu_admin.c emu_host.c)
$(eval $(call kit_unit_test,emu-admin,tests/unit/test_emu_admin.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-interrupts,tests/unit/test_emu_interrupts.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-identify,tests/unit/test_emu_identify.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-log-pages,tests/unit/test_emu_log_pages.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-events,tests/unit/test_emu_events.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-features,tests/unit/test_emu_features.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-namespaces,tests/unit/test_emu_namespaces.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-format,tests/unit/test_emu_format.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-sanitize,tests/unit/test_emu_sanitize.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-firmware,tests/unit/test_emu_firmware.c $(emu_admin_helpers),$(emu_sources)))
$(eval $(call kit_unit_test,emu-self-test,tests/unit/test_emu_self_test.c $(emu_admin_helpers),$(emu_sources)))

# Programs with faults, for check-unit --self-test. They are not unit tests.
$(eval $(call program,planted-unit,asan,tests/unit/planted.c,cmocka))
$(eval $(call program,planted-unit,tsan,tests/unit/planted.c,cmocka,,-lpthread))
unit_planted := build/asan/bin/planted-unit build/tsan/bin/planted-unit
unit-tests: $(unit_planted)
