/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: single bits and runs of bits. */
#ifndef KIT_LINUX_BITS_H
#define KIT_LINUX_BITS_H

#include <linux/build_bug.h>
#include <linux/const.h>

#define BITS_PER_BYTE	    8
#define BITS_PER_LONG	    64
#define BITS_PER_LONG_LONG  64
#define BITS_PER_TYPE(type) (sizeof(type) * BITS_PER_BYTE)
#define BITS_TO_LONGS(n)    (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define BITS_TO_BYTES(n)    (((n) + BITS_PER_BYTE - 1) / BITS_PER_BYTE)

#define BIT(n)		    (UL(1) << (n))
#define BIT_ULL(n)	    (ULL(1) << (n))
#define BIT_MASK(n)	    (UL(1) << ((n) % BITS_PER_LONG))
#define BIT_WORD(n)	    ((n) / BITS_PER_LONG)

/* Both ends included; the high end comes first, and constants in the wrong order do not compile. */
#define kit_genmask_order(high, low) \
	BUILD_BUG_ON_ZERO(           \
		__builtin_choose_expr(__builtin_constant_p((low) > (high)), (low) > (high), 0))
#define GENMASK(high, low)              \
	(kit_genmask_order(high, low) + \
	 ((~UL(0) << (low)) & (~UL(0) >> (BITS_PER_LONG - 1 - (high)))))
#define GENMASK_ULL(high, low)          \
	(kit_genmask_order(high, low) + \
	 ((~ULL(0) << (low)) & (~ULL(0) >> (BITS_PER_LONG_LONG - 1 - (high)))))

#endif
