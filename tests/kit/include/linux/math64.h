/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: 64-bit division and scaling, in the names that also work on 32-bit machines. */
#ifndef KIT_LINUX_MATH64_H
#define KIT_LINUX_MATH64_H

#include <linux/math.h>
#include <linux/types.h>

static inline u64 div_u64_rem(u64 n, u32 d, u32 *remainder)
{
	*remainder = n % d;
	return n / d;
}

static inline u64 div64_u64_rem(u64 n, u64 d, u64 *remainder)
{
	*remainder = n % d;
	return n / d;
}

static inline u64 div_u64(u64 n, u32 d)
{
	return n / d;
}

static inline s64 div_s64(s64 n, s32 d)
{
	return n / d;
}

static inline u64 div64_u64(u64 n, u64 d)
{
	return n / d;
}

static inline s64 div64_s64(s64 n, s64 d)
{
	return n / d;
}

/* The quotient is left in n, the remainder is the value. */
#define do_div(n, d)                                                                         \
	({                                                                                   \
		u32 kit_d = (d), kit_rem;                                                    \
		_Static_assert(sizeof(n) == 8 && (typeof(n))-1 > 0, "do_div() wants a u64"); \
		kit_rem = (n) % kit_d;                                                       \
		(n) /= kit_d;                                                                \
		kit_rem;                                                                     \
	})

#define DIV64_U64_ROUND_UP(n, d)                   \
	({                                         \
		u64 kit_d = (d);                   \
		div64_u64((n) + kit_d - 1, kit_d); \
	})

static inline u64 mul_u32_u32(u32 a, u32 b)
{
	return (u64)a * b;
}

static inline u64 mul_u64_u32_shr(u64 a, u32 b, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * b) >> shift);
}

static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * b) >> shift);
}

static inline u64 mul_u64_u32_div(u64 a, u32 b, u32 d)
{
	return (u64)((unsigned __int128)a * b / d);
}

static inline u64 mul_u64_u64_div_u64(u64 a, u64 b, u64 d)
{
	return (u64)((unsigned __int128)a * b / d);
}

#endif
