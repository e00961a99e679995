/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: WARN and BUG.
 *
 * A WARN goes on, and the test fails when it ends, unless it expected the words (kit_expect_warn());
 * outside a test, as in a fuzz target, a WARN aborts. A BUG always aborts.
 */
#ifndef KIT_LINUX_BUG_H
#define KIT_LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/printk.h>
#include <linux/stringify.h>

void kit_warn(const char *where, const char *format, ...) __printf(2, 3);
void kit_bug(const char *where, const char *format, ...) __printf(2, 3) __noreturn;

#define kit_warn_on(cond, ...)                           \
	({                                               \
		bool kit_hit = !!(cond);                 \
		if (unlikely(kit_hit))                   \
			kit_warn(KIT_HERE, __VA_ARGS__); \
		unlikely(kit_hit);                       \
	})
#define kit_warn_on_once(cond, ...)                                \
	({                                                         \
		bool kit_hit_once = !!(cond);                      \
		if (unlikely(kit_hit_once))                        \
			kit_once(kit_warn(KIT_HERE, __VA_ARGS__)); \
		unlikely(kit_hit_once);                            \
	})

#define WARN(cond, format, ...)	     kit_warn_on(cond, format, ##__VA_ARGS__)
#define WARN_ON(cond)		     kit_warn_on(cond, "%s", #cond)
#define WARN_ONCE(cond, format, ...) kit_warn_on_once(cond, format, ##__VA_ARGS__)
#define WARN_ON_ONCE(cond)	     kit_warn_on_once(cond, "%s", #cond)

#define BUG()			     kit_bug(KIT_HERE, "BUG()")
#define BUG_ON(cond)                                            \
	do {                                                    \
		if (unlikely(cond))                             \
			kit_bug(KIT_HERE, "BUG_ON(%s)", #cond); \
	} while (0)

#endif
