# SPDX-License-Identifier: GPL-2.0-or-later
include tests/kit/kit.mk

kit_selftest_sources := $(addprefix tests/kit/selftest/,main.c numbers.c text.c memory.c containers.c threads.c)

$(eval $(call kit_unit_test,kit-selftest,tests/unit/test_kit_selftest.c,$(kit_selftest_sources),,,-include linux/unaligned.h))
kit_test_sources := $(addprefix tests/unit/,test_kit.c test_kit_catches.c test_kit_locks.c test_kit_races.c kit_cases.c)
$(eval $(call kit_unit_test,kit,$(kit_test_sources)))

# Programs with faults, for check-unit --self-test. They are not unit tests.
$(eval $(call program,planted-unit,asan,tests/unit/planted.c,cmocka))
$(eval $(call program,planted-unit,tsan,tests/unit/planted.c,cmocka,,-lpthread))
unit_planted := build/asan/bin/planted-unit build/tsan/bin/planted-unit
unit-tests: $(unit_planted)
