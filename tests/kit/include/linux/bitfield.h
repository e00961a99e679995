/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: fields of registers, named by constant masks. */
#ifndef KIT_LINUX_BITFIELD_H
#define KIT_LINUX_BITFIELD_H

#include <linux/build_bug.h>
#include <asm/byteorder.h>

#define kit_field_shift(mask) (__builtin_ffsll(mask) - 1)
#define kit_field_check(mask)                                                                \
	BUILD_BUG_ON_MSG((mask) == 0 ||                                                      \
				 (((mask) + (1ULL << kit_field_shift(mask))) & (mask)) != 0, \
			 "the mask of a field is one run of bits")

#define FIELD_MAX(mask)                                          \
	({                                                       \
		kit_field_check(mask);                           \
		(typeof(mask))((mask) >> kit_field_shift(mask)); \
	})
#define FIELD_FIT(mask, value)                                                   \
	({                                                                       \
		kit_field_check(mask);                                           \
		!((((typeof(mask))(value)) << kit_field_shift(mask)) & ~(mask)); \
	})
#define FIELD_PREP(mask, value)                                            \
	({                                                                 \
		kit_field_check(mask);                                     \
		((typeof(mask))(value) << kit_field_shift(mask)) & (mask); \
	})
#define FIELD_GET(mask, reg)                                               \
	({                                                                 \
		kit_field_check(mask);                                     \
		(typeof(mask))(((reg) & (mask)) >> kit_field_shift(mask)); \
	})

#endif
