// SPDX-License-Identifier: GPL-2.0-only
/*
 * MODULE_IMPORT_NS() takes an identifier up to 6.12 and a string literal since 6.13. A string
 * compiles with both, but names the wrong namespace (one with quotes in it) with the older.
 */
#include <linux/module.h>

MODULE_IMPORT_NS(BX_PROBE);
