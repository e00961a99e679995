# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that a running bxd has to survive. They run in guests, where the lab puts them.
$(eval $(call program,bx-anything,release,$(addprefix tests/siege/,anything.c anything_value.c anything_bus.c anything_varlink.c),libsystemd))
$(eval $(call program,bx-crowd,release,tests/siege/crowd.c,libsystemd))
