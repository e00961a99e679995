/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: powers of two. Constants stay constants. */
#ifndef KIT_LINUX_LOG2_H
#define KIT_LINUX_LOG2_H

#include <linux/bitops.h>

/* Of 0 there is no logarithm; the undefined-behaviour sanitizer says so. */
#define ilog2(n)		(63 - __builtin_clzll((unsigned long long)(n)))
#define roundup_pow_of_two(n)	((n) == 1 ? 1UL : 1UL << (ilog2((n)-1) + 1))
#define rounddown_pow_of_two(n) (1UL << ilog2(n))
#define order_base_2(n)		((n) > 1 ? ilog2((n)-1) + 1 : 0)

static inline __attribute__((__const__)) bool is_power_of_2(unsigned long n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

#endif
