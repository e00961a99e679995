/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: what must hold when it is compiled. */
#ifndef KIT_LINUX_BUILD_BUG_H
#define KIT_LINUX_BUILD_BUG_H

#include <linux/compiler.h>

/* Like the kernel's, the message is optional. */
#define kit_static_assert(cond, message, ...) _Static_assert(cond, message)
#undef static_assert
#define static_assert(cond, ...) kit_static_assert(cond, ##__VA_ARGS__, #cond)

#define BUILD_BUG_ON_MSG(cond, message) _Static_assert(!(cond), message)
#define BUILD_BUG_ON(cond)		BUILD_BUG_ON_MSG(cond, "BUILD_BUG_ON: " #cond)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n)	BUILD_BUG_ON((n) == 0 || ((n) & ((n)-1)) != 0)
#define BUILD_BUG_ON_ZERO(cond)                        \
	((int)(0 * sizeof(struct {                     \
		       _Static_assert(!(cond), #cond); \
		       int kit_dummy;                  \
	       })))

#endif
