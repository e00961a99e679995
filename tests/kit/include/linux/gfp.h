/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: how an allocation may behave, and whole pages. */
#ifndef KIT_LINUX_GFP_H
#define KIT_LINUX_GFP_H

#include <linux/compiler.h>
#include <linux/stringify.h>

#define __GFP_DIRECT_RECLAIM (1u << 0)
#define __GFP_KSWAPD_RECLAIM (1u << 1)
#define __GFP_IO	     (1u << 2)
#define __GFP_FS	     (1u << 3)
#define __GFP_HIGH	     (1u << 4)
#define __GFP_ZERO	     (1u << 5)
#define __GFP_NOWARN	     (1u << 6)
#define __GFP_NOFAIL	     (1u << 7)
#define __GFP_NORETRY	     (1u << 8)
#define __GFP_RETRY_MAYFAIL  (1u << 9)
#define __GFP_COMP	     (1u << 10)

#define __GFP_RECLAIM	     (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_ATOMIC	     (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT	     (__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)
#define GFP_NOIO	     (__GFP_RECLAIM)
#define GFP_NOFS	     (__GFP_RECLAIM | __GFP_IO)
#define GFP_KERNEL	     (__GFP_RECLAIM | __GFP_IO | __GFP_FS)

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

unsigned long kit_get_pages(gfp_t gfp, unsigned int order, const char *where);
#define __get_free_pages(gfp, order) kit_get_pages(gfp, order, KIT_HERE)
#define __get_free_page(gfp)	     kit_get_pages(gfp, 0, KIT_HERE)
#define get_zeroed_page(gfp)	     kit_get_pages((gfp) | __GFP_ZERO, 0, KIT_HERE)
void free_pages(unsigned long address, unsigned int order);
#define free_page(address) free_pages(address, 0)

#endif
