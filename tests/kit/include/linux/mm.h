/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: pages, as far as one can go without struct page. */
#ifndef KIT_LINUX_MM_H
#define KIT_LINUX_MM_H

#include <asm/page.h>
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define PAGE_ALIGN(address)	ALIGN(address, PAGE_SIZE)
#define PAGE_ALIGNED(address)	IS_ALIGNED((unsigned long)(address), PAGE_SIZE)
#define offset_in_page(address) ((unsigned long)(address) & ~PAGE_MASK)

static inline __attribute__((__const__)) int get_order(unsigned long size)
{
	size = (size - 1) >> PAGE_SHIFT;
	return size ? 64 - __builtin_clzl(size) : 0;
}

#endif
