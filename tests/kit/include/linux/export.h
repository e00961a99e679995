/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: symbols for other modules; a linker needs nothing more. */
#ifndef KIT_LINUX_EXPORT_H
#define KIT_LINUX_EXPORT_H

#define EXPORT_SYMBOL(name)	_Static_assert(1, "")
#define EXPORT_SYMBOL_GPL(name) _Static_assert(1, "")

#endif
