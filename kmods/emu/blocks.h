/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that was System RAM a moment ago; see blocks.c. Who calls takes turns: getting blocks takes seconds, and putting them
 * back too.
 */
#ifndef BX_EMU_BLOCKS_H
#define BX_EMU_BLOCKS_H

#include <linux/types.h>

#define BX_BLOCKS_UNIT 0x100000ul /* what a block is shared by */

struct bx_area;

/*
 * @size bytes in a row, a multiple of BX_BLOCKS_UNIT, of @node or any: in an area that there is, or in new blocks. -EBUSY:
 * there are none that can be had; -E2BIG: nor could there be; -EINTR: a signal came; -ENOMEM.
 */
int bx_blocks_get(u64 size, int node, struct bx_area **ret_area, u64 *ret_start);
/* The blocks go back to the kernel with the last of them that is put. */
void bx_blocks_put(struct bx_area *area, u64 start, u64 size);

int bx_blocks_init(void);
void bx_blocks_exit(void);

#endif
