/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modules bxd is for and how they are; and, through libkmod, loads and unloads them and tells the reasons for a refusal apart: each
 * has an error of its own, with the kernel's own words where it has said some. Never runs the install and remove commands of modprobe.d: a module that has one
 * is refused.
 */
#ifndef BX_DAEMON_MODULE_H
#define BX_DAEMON_MODULE_H

#include "daemon/errors.h"
#include "daemon/root.h"

#define BX_MODULE_NAME_MAX	 56
#define BX_MODULE_PARAMETERS_MAX 512

/* So many bytes of both; the kernel does not tell - from _ in the name of a module or a parameter. */
bool bx_module_same_name(const char *a, const char *b, size_t length);

/* The modules that bxd is for, ended by NULL: nobody loads just anything through it. */
extern const char *const bx_module_names[];
/* The one of them that is meant, with - and _ as there; NULL if it is none. */
const char *bx_module_find(const char *name);

/* "loaded", "loaded, used by a, b", "not loaded" or "built in": for people. */
int bx_module_state(struct bx_root *root, const char *name, char *text, size_t size);

/* ---------------------------------------------------------------- module_load.c, for the worker alone */

/*
 * Loads the module that provides a PCI driver, with what it depends on. DriverNotFound if there is none, DriverUnsuitable if it
 * is not one for NVMe devices.
 */
int bx_driver_load(struct bx_root *root, const char *driver, struct bx_failure *failure);

/*
 * The same for any module, with @parameters as on the command line of the kernel, or "". A parameter that the module does not have is
 * refused, which the kernel itself would only mention in its log. One that is loaded already is left as it is, and parameters
 * for it are refused.
 */
int bx_module_load(struct bx_root *root, const char *name, const char *parameters,
		   struct bx_failure *failure);

/* ModuleInUse names who holds it. One that is not loaded is no failure. */
int bx_module_unload(struct bx_root *root, const char *name, struct bx_failure *failure);

#endif
