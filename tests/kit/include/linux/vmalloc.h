/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: memory in whole pages. */
#ifndef KIT_LINUX_VMALLOC_H
#define KIT_LINUX_VMALLOC_H

#include <linux/overflow.h>
#include <linux/stringify.h>
#include <linux/types.h>

void *kit_vmalloc(size_t size, bool zero, const char *where)
	__attribute__((__malloc__, __warn_unused_result__));

#define vmalloc(size)	       kit_vmalloc(size, false, KIT_HERE)
#define vzalloc(size)	       kit_vmalloc(size, true, KIT_HERE)
#define vmalloc_array(n, size) kit_vmalloc(size_mul(n, size), false, KIT_HERE)
#define vcalloc(n, size)       kit_vmalloc(size_mul(n, size), true, KIT_HERE)

void vfree(const void *block);
bool is_vmalloc_addr(const void *address);

#endif
