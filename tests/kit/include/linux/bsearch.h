/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: searching what is sorted; libc has the same function. */
#ifndef KIT_LINUX_BSEARCH_H
#define KIT_LINUX_BSEARCH_H

#include <linux/types.h>

void *bsearch(const void *key, const void *base, size_t n, size_t size,
	      int (*compare)(const void *key, const void *element));

#endif
