/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads a PCI driver's module through libkmod and tells the reasons for a refusal apart. */
#ifndef BX_DAEMON_MODULE_H
#define BX_DAEMON_MODULE_H

#include "daemon/errors.h"

/*
 * Loads the module that provides @driver, with what it depends on. Never runs the install commands of
 * modprobe.d: a module that has one is refused. DriverNotFound or ModuleRejected.
 */
int bx_module_load(const char *driver, struct bx_failure *failure);

#endif
