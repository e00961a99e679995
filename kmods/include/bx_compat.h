/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels that concern every module, settled by the probes. What concerns one
 * family of modules only belongs in a header of that family.
 */
#ifndef BX_COMPAT_H
#define BX_COMPAT_H

#include <linux/module.h>

#include <bx_probes.h>

/* BX_IMPORT_NS(NAME), the name without quotes */
#if BX_HAVE_IMPORT_NS_IDENTIFIER
#define BX_IMPORT_NS(ns) MODULE_IMPORT_NS(ns)
#else
#define BX_IMPORT_NS(ns) MODULE_IMPORT_NS(#ns)
#endif

#endif
