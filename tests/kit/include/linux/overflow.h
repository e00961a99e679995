/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: arithmetic that says when it does not fit, and sizes that stay at the largest. */
#ifndef KIT_LINUX_OVERFLOW_H
#define KIT_LINUX_OVERFLOW_H

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/types.h>

static inline bool __must_check kit_must_check_overflow(bool overflow)
{
	return unlikely(overflow);
}

#define check_add_overflow(a, b, sum) kit_must_check_overflow(__builtin_add_overflow(a, b, sum))
#define check_sub_overflow(a, b, difference) \
	kit_must_check_overflow(__builtin_sub_overflow(a, b, difference))
#define check_mul_overflow(a, b, product) \
	kit_must_check_overflow(__builtin_mul_overflow(a, b, product))

static inline size_t __must_check size_add(size_t a, size_t b)
{
	size_t sum;

	return check_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static inline size_t __must_check size_mul(size_t a, size_t b)
{
	size_t product;

	return check_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

static inline size_t __must_check size_sub(size_t a, size_t b)
{
	size_t difference;

	if (a == SIZE_MAX || b == SIZE_MAX || check_sub_overflow(a, b, &difference))
		return SIZE_MAX;
	return difference;
}

#define array_size(a, b)	      size_mul(a, b)
#define array3_size(a, b, c)	      size_mul(size_mul(a, b), c)
#define flex_array_size(p, member, n) size_mul(n, sizeof(*(p)->member))
#define struct_size(p, member, n)     size_add(sizeof(*(p)), flex_array_size(p, member, n))

#endif
