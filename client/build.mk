# SPDX-License-Identifier: GPL-2.0-or-later
# bxctl.

bxctl_sources := $(addprefix client/,bxctl.c objects.c output.c jobs.c definitions.c plans.c modules.c top.c doctor.c complete.c monitor.c) \
		 $(addprefix daemon/,errors.c util.c root.c bus_json.c json.c file.c definition.c diagnose.c pci.c)
$(eval $(call program,bxctl,release,$(bxctl_sources),libsystemd libudev libkmod json-c))
$(call installed,755,build/release/bin/bxctl,$(bindir)/bxctl)
$(call installed,644,client/bxctl.bash,$(datadir)/bash-completion/completions/bxctl)
$(call installed,644,client/bxctl.zsh,$(datadir)/zsh/vendor-completions/_bxctl)
