# SPDX-License-Identifier: GPL-2.0-or-later
# bxctl.

bxctl_sources := $(addprefix client/,bxctl.c objects.c output.c jobs.c monitor.c) daemon/errors.c daemon/util.c \
		 daemon/root.c
$(eval $(call program,bxctl,release,$(bxctl_sources),libsystemd libudev libkmod json-c))
$(call installed,755,build/release/bin/bxctl,$(bindir)/bxctl)
