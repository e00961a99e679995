/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that the kernel does not use, as a device's BAR and, unless that is sparse, its data; see memory.c. */
#ifndef BX_EMU_MEMORY_H
#define BX_EMU_MEMORY_H

#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/types.h>

#include "blocks.h"

/* A bridge forwards whole MiB, and so that is what is counted in. */
#define BX_MEMORY_ALIGN BX_BLOCKS_UNIT
#define BX_MEMORY_NAME	32

/* What the BARs of a device take; memory.c says how it is laid out. */
static inline u64 bx_window_size(u64 cmb_size)
{
	return cmb_size ? 2 * cmb_size : BX_MEMORY_ALIGN;
}

enum bx_memory_source {
	BX_MEMORY_RUNTIME,
	BX_MEMORY_MEMMAP,
	BX_MEMORY_RESERVE_MEM,
};

/* What is asked for. */
struct bx_memory_request {
	const char *device; /* for the log */
	enum bx_memory_source source;
	char reserved[BX_MEMORY_NAME]; /* reserve_mem: its name */
	u64 start, size; /* start: memmap only */
	u64 cmb_size; /* of the controller memory buffer: 0, or a power of two from BX_MEMORY_ALIGN */
	bool only_bar; /* the data is elsewhere */
	int node;
};

/* What was got. */
struct bx_memory {
	struct list_head entry;
	char device[BX_MEMORY_NAME + 8]; /* as /proc/iomem calls it */
	struct resource window; /* with the BARs, BAR 0 at its start; in /proc/iomem */
	struct resource *claim; /* of the data, there as well */
	void *bar; /* BX_BAR_SIZE, written through */
	void *cmb; /* uncached; NULL: none */
	u64 cmb_start, cmb_size;
	void *data; /* NULL: none */
	u64 data_size;
	bool data_mapped;
	struct bx_area *area; /* the part of System RAM that it lies in; NULL: reserved at boot */
	u64 area_start, area_size;
};

/* With the module's beginning and end. */
int bx_memory_init(void);
void bx_memory_exit(void);

/* Every refusal is one line in the log. */
int bx_memory_claim(struct bx_memory *memory, const struct bx_memory_request *request);
void bx_memory_release(struct bx_memory *memory);

#endif
