/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: rounding, division that rounds, absolute values. */
#ifndef KIT_LINUX_MATH_H
#define KIT_LINUX_MATH_H

#include <linux/types.h>

/* round_ takes powers of two, round takes any number. */
#define round_up(x, y)		 ((((x)-1) | ((typeof(x))(y)-1)) + 1)
#define round_down(x, y)	 ((x) & ~((typeof(x))(y)-1))

#define DIV_ROUND_UP(n, d)	 (((n) + (d)-1) / (d))
#define DIV_ROUND_UP_ULL(n, d)	 (((unsigned long long)(n) + (d)-1) / (d))
#define DIV_ROUND_DOWN_ULL(n, d) ((unsigned long long)(n) / (d))

#define roundup(x, y)                                  \
	({                                             \
		typeof(y) kit_y = (y);                 \
		(((x) + (kit_y - 1)) / kit_y) * kit_y; \
	})
#define rounddown(x, y)                \
	({                             \
		typeof(x) kit_x = (x); \
		kit_x - (kit_x % (y)); \
	})

/* To the nearest; away from zero when it lies between. The divisor is positive. */
#define DIV_ROUND_CLOSEST(n, d)                                                                \
	({                                                                                     \
		typeof(n) kit_n = (n);                                                         \
		typeof(d) kit_d = (d);                                                         \
		(kit_n > 0) == (kit_d > 0) || (typeof(n))-1 > 0 ? (kit_n + kit_d / 2) / kit_d  \
								: (kit_n - kit_d / 2) / kit_d; \
	})

/* x * n / d without losing the low bits, nor the high ones as long as n * d fits. */
#define mult_frac(x, n, d)                                           \
	({                                                           \
		typeof(x) kit_x = (x);                               \
		typeof(n) kit_n = (n);                               \
		typeof(d) kit_d = (d);                               \
		kit_x / kit_d *kit_n + kit_x % kit_d *kit_n / kit_d; \
	})

#define abs(x)                               \
	({                                   \
		typeof((x) + 0) kit_x = (x); \
		kit_x < 0 ? -kit_x : kit_x;  \
	})

unsigned long int_sqrt(unsigned long x);

#endif
