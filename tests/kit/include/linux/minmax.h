/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: the smaller and the larger of two.
 *
 * Signed and unsigned numbers do not meet, unless a constant that is not negative is the signed one.
 */
#ifndef KIT_LINUX_MINMAX_H
#define KIT_LINUX_MINMAX_H

#include <linux/build_bug.h>

#define kit_is_signed(x) ((typeof(x))-1 < (typeof(x))1)
#define kit_is_harmless(x) \
	__builtin_choose_expr(__builtin_constant_p((long long)(x)), !((long long)(x) >> 63), 0)
#define kit_may_meet(a, b)                                                         \
	(kit_is_signed(a) == kit_is_signed(b) ||                                   \
	 kit_is_signed((a) + 0) == kit_is_signed((b) + 0) || kit_is_harmless(a) || \
	 kit_is_harmless(b))

#define kit_pick(a, op, b)                                                                        \
	({                                                                                        \
		typeof(a) kit_a = (a);                                                            \
		typeof(b) kit_b = (b);                                                            \
		_Static_assert(kit_may_meet(a, b),                                                \
			       "min() and max() of signed and unsigned: min_t() names one type"); \
		kit_a op kit_b ? kit_a : kit_b;                                                   \
	})

#define min(a, b)		    kit_pick(a, <, b)
#define max(a, b)		    kit_pick(a, >, b)
#define min3(a, b, c)		    min((typeof(a))min(a, b), c)
#define max3(a, b, c)		    max((typeof(a))max(a, b), c)
#define min_t(type, a, b)	    kit_pick((type)(a), <, (type)(b))
#define max_t(type, a, b)	    kit_pick((type)(a), >, (type)(b))
#define clamp(v, low, high)	    min((typeof(v))max(v, low), high)
#define clamp_t(type, v, low, high) min_t(type, max_t(type, v, low), high)
#define clamp_val(v, low, high)	    clamp_t(typeof(v), v, low, high)

#define min_not_zero(a, b)                                                                     \
	({                                                                                     \
		typeof(a) kit_nz_a = (a);                                                      \
		typeof(b) kit_nz_b = (b);                                                      \
		kit_nz_a == 0 ? kit_nz_b : kit_nz_b == 0 ? kit_nz_a : min(kit_nz_a, kit_nz_b); \
	})

#define swap(a, b)                       \
	do {                             \
		typeof(a) kit_tmp = (a); \
		(a) = (b);               \
		(b) = kit_tmp;           \
	} while (0)

#endif
