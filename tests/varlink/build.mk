# SPDX-License-Identifier: GPL-2.0-or-later
# A service that tests the varlink code from outside: under the sanitizers for tests/varlink/check, and as it would
# be installed for clients in a guest.
certification_sources := $(varlink_sources) daemon/util.c tests/varlink/certification.c
$(eval $(call program,bx-varlink-certification,asan,$(certification_sources),$(daemon_packages)))
$(eval $(call program,bx-varlink-certification,release,$(certification_sources),$(daemon_packages)))
