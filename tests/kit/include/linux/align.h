/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: to a multiple of a power of two, in the type of the value. */
#ifndef KIT_LINUX_ALIGN_H
#define KIT_LINUX_ALIGN_H

#include <linux/const.h>

#define kit_align_mask(x, mask) (((x) + (mask)) & ~(mask))
#define ALIGN(x, a)		kit_align_mask(x, (typeof(x))(a)-1)
#define ALIGN_DOWN(x, a)	((x) & ~((typeof(x))(a)-1))
#define IS_ALIGNED(x, a)	(((x) & ((typeof(x))(a)-1)) == 0)
#define PTR_ALIGN(p, a)		((typeof(p))ALIGN((unsigned long)(p), (a)))
#define PTR_ALIGN_DOWN(p, a)	((typeof(p))ALIGN_DOWN((unsigned long)(p), (a)))

#endif
