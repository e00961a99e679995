# SPDX-License-Identifier: GPL-2.0-or-later
include tests/kit/kit.mk

$(eval $(call kit_fuzz_target,kit-numbers,tests/fuzz/fuzz_kit_numbers.c))
$(eval $(call kit_fuzz_target,kit-containers,tests/fuzz/fuzz_kit_containers.c))

# A target with faults, for check-fuzz --self-test; it is not one of the fuzz targets.
$(eval $(call program,planted-fuzz,fuzz,tests/fuzz/planted.c $(kit_sources),,$(kit_cflags)))
fuzz_planted := build/fuzz/bin/planted-fuzz
fuzz-targets: $(fuzz_planted)

include kmods/emu/core.mk
$(eval $(call kit_fuzz_target,emu,tests/fuzz/fuzz_emu.c,$(emu_core:%=kmods/emu/%.c)))
