/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: spreading numbers over a table, with the kernel's function. */
#ifndef KIT_LINUX_HASH_H
#define KIT_LINUX_HASH_H

#include <linux/types.h>

#define GOLDEN_RATIO_32 0x61C88647u
#define GOLDEN_RATIO_64 0x61C8864680B583EBull

static inline u32 hash_32(u32 x, unsigned int bits)
{
	return (x * GOLDEN_RATIO_32) >> (32 - bits);
}

static inline u32 hash_64(u64 x, unsigned int bits)
{
	return (x * GOLDEN_RATIO_64) >> (64 - bits);
}

#define hash_long(x, bits) hash_64(x, bits)

#endif
