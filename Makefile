# SPDX-License-Identifier: GPL-2.0-or-later
#
# The one entry point. User space is built here, non-recursively: every folder describes its
# programs in a build.mk in terms of the macros below. Kernel modules are built by kbuild through
# kmods/Makefile. Everything that is made lands below build/; nothing is written beside a source.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

version := 0.1

# ---------------------------------------------------------------- where things are installed
# udev and the bus read their files below /usr only, so that is the default of a system service.

prefix     ?= /usr
sysconfdir ?= /etc
bindir     := $(prefix)/bin
libexecdir := $(prefix)/libexec/bxd
datadir    := $(prefix)/share
mandir     := $(datadir)/man
unitdir    := $(prefix)/lib/systemd/system
udevdir    := $(prefix)/lib/udev/rules.d
# The bus daemon looks for policies in /usr/share and in /etc, whatever the prefix.
buspolicydir := $(if $(filter /usr,$(prefix)),$(datadir),$(sysconfdir))/dbus-1/system.d
busservicedir := $(datadir)/dbus-1/system-services
DESTDIR    ?=

# ---------------------------------------------------------------- how things are compiled

V ?= 0
q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n' '$(1)' '$(2)')

CC         ?= gcc
FUZZ_CC    ?= clang
PKG_CONFIG ?= pkg-config
INSTALL    ?= install

ifeq ($(origin CC),default)
CC := gcc
endif

warnings := -Wall -Wextra -Wformat=2 -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes \
	    -Wpointer-arith -Wwrite-strings -Wvla -Wno-unused-parameter
common   := -std=gnu11 -g $(warnings) -D_GNU_SOURCE -Iinclude -I. \
	    -DBX_VERSION='"$(version)"' -DBX_LIBEXECDIR='"$(libexecdir)"' -DBX_DATADIR='"$(datadir)/bxd"'

# A variant is one way to compile the same sources. `release` is what is installed; the others
# exist for the tests.
release_cc     := $(CC)
release_cflags := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE $(CFLAGS)
release_ldflags := -pie -Wl,-z,relro,-z,now $(LDFLAGS)

asan_cc        := $(CC)
asan_cflags    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
asan_ldflags   := -fsanitize=address,undefined

tsan_cc        := $(CC)
tsan_cflags    := -O1 -fno-omit-frame-pointer -fsanitize=thread
tsan_ldflags   := -fsanitize=thread

fuzz_cc        := $(FUZZ_CC)
fuzz_cflags    := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
		  -fno-sanitize-recover=all
fuzz_ldflags   := -fsanitize=fuzzer,address,undefined

# The flags that objects and programs depend on. The file changes only when they do.
define variant_rules
build/$(1)/flags: FORCE
	$$(q)mkdir -p $$(@D); printf '%s\n' '$$(subst ','\'',$$($(1)_cc) $$(common) $$($(1)_cflags) $$($(1)_ldflags))' > $$@.new; \
	if cmp -s $$@.new $$@; then rm $$@.new; else mv $$@.new $$@; fi

build/$(1)/obj/%.o: %.c build/$(1)/flags
	$$(call say,CC,$$<$(if $(filter release,$(1)),, [$(1)]))
	$$(q)mkdir -p $$(@D)
	$$(q)$$($(1)_cc) $$(common) $$($(1)_cflags) $$(object_cflags) -MMD -MP -c -o $$@ $$<
endef
$(foreach v,release asan tsan fuzz,$(eval $(call variant_rules,$(v))))

# $(call program,NAME,VARIANT,SOURCES,PKG-CONFIG PACKAGES,EXTRA CFLAGS,EXTRA LIBRARIES)
# builds build/VARIANT/bin/NAME. Objects are shared between the programs of a variant, so two programs that
# compile one source must agree on its packages and extra flags.
define program
programs_$(2) += build/$(2)/bin/$(1)
objects_all += $(patsubst %.c,build/$(2)/obj/%.o,$(3))
$(patsubst %.c,build/$(2)/obj/%.o,$(3)): object_cflags = $(5) $$(call pkg_config,--cflags,$(4))
build/$(2)/bin/$(1): $(patsubst %.c,build/$(2)/obj/%.o,$(3)) build/$(2)/flags
	$$(call say,LD,$$(@F)$(if $(filter release,$(2)),, [$(2)]))
	$$(q)mkdir -p $$(@D)
	$$(q)$$($(2)_cc) $$($(2)_ldflags) -o $$@ $$(filter %.o,$$^) $$(call pkg_config,--libs,$(4)) $(6)
endef

# $(call unit_test,NAME,SOURCES,PACKAGES,EXTRA CFLAGS,EXTRA LIBRARIES) builds a cmocka program once under the
# address and undefined-behaviour sanitizers and once under the thread sanitizer; check-unit runs both.
define unit_test
$(call program,test-$(1),asan,$(2),cmocka $(3),$(4),$(5))
$(call program,test-$(1),tsan,$(2),cmocka $(3),$(4),$(5))
unit_tests += build/asan/bin/test-$(1) build/tsan/bin/test-$(1)
endef

# $(call fuzz_target,NAME,SOURCES,PACKAGES,EXTRA CFLAGS,EXTRA LIBRARIES) builds a libFuzzer program, whose corpus is
# tests/fuzz/corpus/NAME.
define fuzz_target
$(call program,fuzz-$(1),fuzz,$(2),$(3),$(4),$(5))
fuzz_targets += build/fuzz/bin/fuzz-$(1)
endef

# $(call pkg_config,--cflags or --libs,PACKAGES); what is missing is said with what to type.
pkg_config = $(if $(strip $(2)),$(shell $(PKG_CONFIG) $(1) $(2))$(if $(filter-out 0,$(.SHELLSTATUS)),$(error \
	a library is missing (see above): type `sudo make deps`)))

# $(call installed,MODE,SOURCE,DESTINATION FILE) adds one file to install and uninstall.
installed = $(eval install_list += $(1):$(2):$(3))

# ---------------------------------------------------------------- what is built

all: user-space modules
.PHONY: all user-space modules FORCE
FORCE:

include $(sort $(wildcard daemon/build.mk client/build.mk presets/build.mk units/build.mk udev/build.mk man/build.mk tests/*/build.mk))

# What a folder says about its programs is a part of how they are made.
$(objects_all) $(programs_release) $(unit_tests) $(fuzz_targets): $(filter %.mk,$(MAKEFILE_LIST))

user-space: $(programs_release) $(generated_files)

# Modules for the running kernel where that is possible; the lab builds its own for each of its kernels.
KDIR ?= /lib/modules/$(shell uname -r)/build
modules:
	$(q)if [ -e $(KDIR)/Makefile ]; then \
		$(MAKE) -C kmods KDIR=$(KDIR) OUT=$(CURDIR)/build/kmods/$(notdir $(patsubst %/build,%,$(KDIR))) V=$(V) modules; \
	else \
		echo "modules: no kernel headers at $(KDIR) (KDIR= names others), so they are built for the lab's kernels only"; \
	fi

# Written by the compiler beside each object; one that is not there yet is nothing to make.
dependencies := $(sort $(objects_all:.o=.d))
$(dependencies): ;
-include $(dependencies)

# ---------------------------------------------------------------- install

.PHONY: install uninstall
install: user-space
	$(q)set -- $(install_list); for e; do IFS=: read -r mode from to <<< "$$e"; \
		$(INSTALL) -D -m "$$mode" "$$from" "$(DESTDIR)$$to"; done
	$(q)if [ -e $(KDIR)/Makefile ]; then \
		$(MAKE) -C kmods KDIR=$(KDIR) OUT=$(CURDIR)/build/kmods/$(notdir $(patsubst %/build,%,$(KDIR))) \
			DESTDIR=$(DESTDIR) V=$(V) install; fi

# What nobody else puts files into, the inner ones first.
own_folders := $(libexecdir) $(datadir)/bxd/presets $(datadir)/bxd $(datadir)/doc/bxd/examples $(datadir)/doc/bxd

uninstall:
	$(q)set -- $(install_list); for e; do IFS=: read -r mode from to <<< "$$e"; rm -f "$(DESTDIR)$$to"; done
	$(q)for d in $(own_folders); do rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$d" 2>/dev/null || true; done
	$(q)if [ -e $(KDIR)/Makefile ]; then \
		$(MAKE) -C kmods KDIR=$(KDIR) DESTDIR=$(DESTDIR) V=$(V) uninstall; fi

# ---------------------------------------------------------------- the machine

# What building, testing and the demo need on a Debian 12; CONTRIBUTING.md says what each is for.
packages := \
	gcc libc6-dev make pkg-config libsystemd-dev libudev-dev libkmod-dev libblkid-dev libjson-c-dev \
	libcmocka-dev linux-headers-amd64 libbpf-dev clang llvm libclang-rt-14-dev \
	clang-format cppcheck shellcheck codespell mandoc pyflakes3 python3 perl \
	qemu-system-x86 seabios mmdebstrap debian-archive-keyring e2fsprogs cpio kmod xz-utils zstd util-linux \
	dbus-daemon valgrind

.PHONY: deps
deps:
	$(q)missing=; for p in $(packages); do \
		dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" != 0 ]; then echo "deps: not installed:$$missing; type: sudo make deps" >&2; exit 1; fi; \
		echo "deps: installing$$missing"; export DEBIAN_FRONTEND=noninteractive; \
		apt-get -qq update && apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $$missing >/dev/null; \
	fi

# ---------------------------------------------------------------- tests and tools

DISTRO ?= bookworm
T ?=

.PHONY: check check-all check-unit check-fuzz check-vm check-debug lint demo vm bench
check: deps
	$(q)tests/check

check-all: deps
	$(q)tests/check --all

# $(call named,PREFIX,PROGRAMS): those that T= asks for, or all of them.
named = $(if $(T),$(foreach t,$(T),$(or $(filter %/$(1)-$(t),$(2)),$(error there is no "$(t)"; there are \
	$(sort $(patsubst $(1)-%,%,$(notdir $(2))))))),$(2))

check-unit: deps
	$(q)$(MAKE) $(call named,test,$(unit_tests))
	$(q)tests/check-unit $(T)

check-fuzz: deps
	$(q)$(MAKE) $(call named,fuzz,$(fuzz_targets))
	$(q)tests/check-fuzz $(T)

check-vm: deps
	$(q)tests/vm/vm check $(foreach d,$(DISTRO),--distro $(d)) $(T)

check-debug: deps
	$(q)tests/vm/vm check --distro debug $(T)

lint: deps
	$(q)tests/lint

demo: deps
	$(q)tests/vm/demo

vm: deps
	$(q)tests/vm/vm shell --distro $(DISTRO)

bench: deps
	$(q)tests/bench/run

.PHONY: unit-tests fuzz-targets
unit-tests: $(unit_tests)
fuzz-targets: $(fuzz_targets)

# ---------------------------------------------------------------- the rest

.PHONY: clean help
clean:
	$(q)rm -rf build

define help_text
What you can type (CONTRIBUTING.md has more). Demo, vm, bench and the checks with virtual machines want root:

  make              build user space, and the modules for this kernel if its headers are here
  make demo         see it work, in a throw-away virtual machine
  make vm           a shell in such a machine              DISTRO=bookworm|trixie|forky|debug
  make install      install below DESTDIR=                 prefix=$(prefix)
  make uninstall    and remove it again
  make clean        forget everything built (the lab's images stay in its cache)

  make check        everything that must never break       (below 45 minutes on two cores the first time)
  make check-all    the long set: every kernel, long fuzz runs
  make check-unit   unit tests under the sanitizers        T="names"
  make check-fuzz   the fuzz targets, for a short while    T="names"
  make check-vm     test cases in virtual machines         DISTRO="bookworm trixie" T="names"
  make check-debug  the same under KASAN and lockdep       T="names"
  make lint         format, static analysis, manual pages
  make bench        measurements; never pass or fail
  make deps         install the Debian packages that all of this needs

V=1 shows the commands.
endef
export help_text

help:
	@printf '%s\n' "$$help_text"

# A word that is no target gets the list, and an error; a folder is none, though it exists.
folders := $(patsubst %/,%,$(wildcard */))
.PHONY: $(folders)
.DEFAULT $(folders):
	@printf '%s\n\nmake: there is no "%s", see above\n' "$$help_text" '$@' >&2; exit 2
