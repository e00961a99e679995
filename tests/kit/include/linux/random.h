/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: random numbers, the same ones in every run unless a test says otherwise. */
#ifndef KIT_LINUX_RANDOM_H
#define KIT_LINUX_RANDOM_H

#include <linux/types.h>

void get_random_bytes(void *to, size_t n);
u32 get_random_u32(void);
u64 get_random_u64(void);

#endif
