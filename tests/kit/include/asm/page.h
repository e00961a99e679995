/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: the size of a page. */
#ifndef KIT_ASM_PAGE_H
#define KIT_ASM_PAGE_H

#include <linux/const.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (UL(1) << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#endif
