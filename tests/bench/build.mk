# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that measure. They are built when they are run, by the script of the same name.
include tests/kit/kit.mk
include kmods/emu/core.mk

bench_cc := $(CC)
bench_cflags := -O2
$(eval $(call variant_rules,bench))

emu_bench_sources := $(emu_core:%=kmods/emu/%.c)
$(eval $(call program,emu-core,bench,tests/bench/emu_core.c $(emu_bench_sources) $(kit_sources),,$(kit_cflags),-lpthread))
$(eval $(call kit_objects,bench,tests/bench/emu_core.c,$(emu_bench_sources)))

bxd_bench_sources := tests/bench/bxd_native.c tests/bench/bxd_world.c daemon/util.c daemon/root.c
$(eval $(call program,bxd-native,bench,$(bxd_bench_sources),libsystemd))
