/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: sorting in place. */
#ifndef KIT_LINUX_SORT_H
#define KIT_LINUX_SORT_H

#include <linux/types.h>

/* Without a `swap' of its own, elements are exchanged byte for byte. Equal ones in any order. */
void sort(void *base, size_t n, size_t size, int (*compare)(const void *a, const void *b),
	  void (*swap)(void *a, void *b, int size));

#endif
