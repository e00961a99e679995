# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kernel sources in user space. A build.mk that wants this includes it first:
#
#   include tests/kit/kit.mk
#   $(call kit_unit_test,NAME,TEST SOURCES,KERNEL SOURCES,EXTRA CFLAGS,EXTRA LIBRARIES,KERNEL CFLAGS)
#   $(call kit_fuzz_target,NAME,TARGET SOURCES,KERNEL SOURCES,EXTRA CFLAGS,EXTRA LIBRARIES,KERNEL CFLAGS)
#
# Test sources are programs like any other that may include the stand-in headers besides (libc's
# first). Kernel sources see the stand-in headers and nothing else: what the kit does not have is
# a file that does not exist.

ifndef kit_sources

kit_sources := $(addprefix tests/kit/,report.c memory.c lock.c task.c work.c text.c data.c)
# The kernel's own headers that are nothing but definitions need no stand-in: they come from the headers package.
kit_kernel_headers := linux/nvme.h
kit_headers_package = $(lastword $(sort $(wildcard /usr/src/linux-headers-*-common)))
build/kit/include/%.h:
	$(q)[ -n '$(kit_headers_package)' ] || { echo 'no kernel headers below /usr/src: type `sudo make deps`' >&2; exit 1; }
	$(q)mkdir -p $(@D); ln -sfn '$(kit_headers_package)/include/$*.h' $@

kit_cflags := -Itests/kit/include -Ibuild/kit/include -fno-strict-aliasing -Wno-shadow -Wno-sign-compare
kit_kernel_cflags := $(kit_cflags) -nostdinc -D__KERNEL__ -DMODULE -Wno-pointer-arith -Wno-address-of-packed-member \
	-Wno-missing-field-initializers

# char is signed in 6.1 and unsigned since 6.2; what is compiled here must not care.
kit_char_asan := -fsigned-char
kit_char_tsan := -funsigned-char
kit_char_fuzz := -funsigned-char

# $(call kit_objects,VARIANT,TEST SOURCES,KERNEL SOURCES,EXTRA CFLAGS OF THESE) follows the call of `program', whose flags it
# replaces for the kernel's.
define kit_objects
$(patsubst %.c,build/$(1)/obj/%.o,$(3)): object_cflags = $(kit_kernel_cflags) $(kit_char_$(1)) $(4)
$(patsubst %.c,build/$(1)/obj/%.o,$(2) $(3)): tests/kit/kit.mk | $(addprefix build/kit/include/,$(kit_kernel_headers))
endef

define kit_unit_test
$(call unit_test,$(1),$(2) $(3) $(kit_sources),,$(kit_cflags) $(4),-lpthread $(5))
$(call kit_objects,asan,$(2),$(3),$(4) $(6))
$(call kit_objects,tsan,$(2),$(3),$(4) $(6))
# The kit is shared by all of them, so nobody's own flags may reach it.
$(foreach v,asan tsan,$(patsubst %.c,build/$(v)/obj/%.o,$(kit_sources)): object_cflags = $(kit_cflags)
)
endef

define kit_fuzz_target
$(call fuzz_target,$(1),$(2) $(3) $(kit_sources),,$(kit_cflags) $(4),-lpthread $(5))
$(call kit_objects,fuzz,$(2),$(3),$(4) $(6))
$(patsubst %.c,build/fuzz/obj/%.o,$(kit_sources)): object_cflags = $(kit_cflags)
endef

endif
