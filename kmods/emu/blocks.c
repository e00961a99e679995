// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory blocks that are taken out of System RAM while the kernel runs, kept as long as a device has a MiB of them, and given back.
 * Nothing here knows what is in them.
 */
#define pr_fmt(format) "bx_emu: " format

#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/pgtable.h>
#include <asm/set_memory.h>

#include "blocks.h"

/* One row of memory blocks that was System RAM. */
struct bx_area {
	struct list_head entry;
	u64 start, size;
	int node;
	unsigned long *taken; /* a bit for each MiB */
};

static LIST_HEAD(areas);

static unsigned int area_bits(const struct bx_area *area)
{
	return area->size / BX_BLOCKS_UNIT;
}

/* ---- the kernel's own mapping of all memory */

/*
 * That is in pages of 1 GiB where it can be, and of those the kernel cannot take a part away (6.1 to 7.2):
 * remove_pud_table() takes such a page for a table, and so the first 4 KiB of that memory for its entries. If there are zeros, the
 * whole GiB is unmapped, with the per-CPU memory that may be in it, and nothing runs any more. So the page must be
 * split before. Changing the memory type of 4 KiB does that, and changing it back does not undo it.
 */
static bool mapped_as_part(u64 start, u64 size)
{
	unsigned int level;

	if (IS_ALIGNED(start, PUD_SIZE) && IS_ALIGNED(size, PUD_SIZE))
		return false;
	return lookup_address((unsigned long)__va(start), &level) && level == PG_LEVEL_1G;
}

/* The block is isolated: who has a page of it may still use that, but what is free stays free. */
static int split_mapping(u64 start, u64 size)
{
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + size), address;
	int ret;

	while (pfn < end && !PageBuddy(pfn_to_page(pfn)))
		pfn++;
	if (pfn == end)
		return -EBUSY;
	address = (unsigned long)__va(PFN_PHYS(pfn));
	ret = set_memory_uc(address, 1);
	if (!ret)
		ret = set_memory_wb(address, 1);
	if (!ret && mapped_as_part(start, size))
		ret = -EBUSY;
	return ret;
}

/* The block that is being taken. Who else sets a block offline has the mapping split, too: we may remove that block. */
static u64 taking;

/* The block's own map of pages may lie at its start, which is not told of then. */
static bool is_being_taken(u64 start)
{
	u64 block = READ_ONCE(taking);

	return block && start >= block && start - block < memory_block_size_bytes();
}

static int hotplug_notify(struct notifier_block *block, unsigned long action, void *data)
{
	const struct memory_notify *range = data;
	u64 start = PFN_PHYS(range->start_pfn), size = PFN_PHYS(range->nr_pages);
	int ret;

	if (action != MEM_GOING_OFFLINE || !mapped_as_part(start, size))
		return NOTIFY_DONE;
	ret = split_mapping(start, size);
	return ret && is_being_taken(start) ? notifier_from_errno(ret) : NOTIFY_OK;
}

static struct notifier_block hotplug_notifier = { .notifier_call = hotplug_notify };

/* ---- taking blocks out of System RAM, and giving them back */

/*
 * How much of it the kernel does not use yet. Where it does not put to use by itself what is added, nothing here can: that is said
 * to /sys/devices/system/memory.
 */
static u64 give_blocks_back(u64 start, u64 size, int node)
{
	u64 block = memory_block_size_bytes(), end = start + size, unused = 0;
	int ret;

	for (; start < end; start += block) {
		ret = add_memory(node, start, block, MHP_NONE);
		if (ret)
			pr_err("%llu MiB at %#llx could not be given back to the kernel (%d) and are lost until a reboot\n",
			       block >> 20, start, ret);
		else if (pfn_to_online_page(PHYS_PFN(start)))
			pr_info("gave %llu MiB at %#llx back to node %d\n", block >> 20, start,
				node);
		else
			pr_info("gave %llu MiB at %#llx back to node %d, to be used when `online' is written to /sys/devices/system/memory/memory%llu/state\n",
				block >> 20, start, node, div64_u64(start, block));
		if (!pfn_to_online_page(PHYS_PFN(start)))
			unused += block;
	}
	return unused;
}

struct ram_list {
	struct resource *ranges;
	unsigned int count, room;
};

static int ram_note(struct resource *ram, void *data)
{
	struct ram_list *list = data;

	/* What a driver added is that driver's to take away. */
	if (ram->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED)
		return 0;
	if (list->count == list->room)
		return -ENOSPC;
	list->ranges[list->count++] = *ram;
	return 0;
}

/* The ranges of System RAM, lowest first. The walk must not sleep, so room is made before. */
static int ram_list_get(struct ram_list *list)
{
	int ret;

	for (list->room = 64;; list->room *= 2) {
		list->count = 0;
		list->ranges = kvcalloc(list->room, sizeof(*list->ranges), GFP_KERNEL);
		if (!list->ranges)
			return -ENOMEM;
		ret = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
					  0, U64_MAX, list, ram_note);
		if (ret != -ENOSPC)
			break;
		kvfree(list->ranges);
	}
	return 0;
}

/* The node of a block that is in use as a whole, or -1. */
static int block_node(u64 start, u64 size)
{
	struct page *first = pfn_to_online_page(PHYS_PFN(start));
	struct page *last = pfn_to_online_page(PHYS_PFN(start + size - 1));

	if (!first || !last || page_to_nid(first) != page_to_nid(last))
		return -1;
	return page_to_nid(first);
}

/* A row of blocks that were taken, growing downwards. */
struct run {
	u64 start, size;
	int node;
	u64 unused; /* what was given back and is not in use again */
};

static void run_drop(struct run *run)
{
	if (run->size)
		run->unused += give_blocks_back(run->start, run->size, run->node);
	run->size = 0;
}

/* Takes the block at @start. -EBUSY if it cannot be had, which is usual; others are for good. */
static int run_extend(struct run *run, u64 start, u64 block, int wanted_node)
{
	int node = block_node(start, block), ret;

	if (node < 0 || (wanted_node != NUMA_NO_NODE && node != wanted_node)) {
		run_drop(run);
		return -EBUSY;
	}
	if (run->size && (start + block != run->start || node != run->node))
		run_drop(run);
	if (signal_pending(current))
		return -EINTR;

	WRITE_ONCE(taking, start);
	ret = offline_and_remove_memory(start, block);
	WRITE_ONCE(taking, 0);
	if (ret) {
		run_drop(run);
		return ret == -EINTR ? ret : -EBUSY;
	}
	pr_info("took %llu MiB at %#llx out of node %d's memory\n", block >> 20, start, node);
	run->start = start;
	run->size += block;
	run->node = node;
	return 0;
}

/* From the top, where less is in the way. Where it costs memory, the search costs no more than what is looked for. */
static int run_find(struct run *run, u64 size, int node)
{
	u64 block = memory_block_size_bytes(), start;
	struct ram_list list;
	struct resource *ram;
	int ret;

	*run = (struct run){};
	ret = ram_list_get(&list);
	if (ret)
		return ret;

	while (list.count--) {
		ram = &list.ranges[list.count];
		start = round_down(ram->end + 1, block);
		while (start >= ram->start + block && start >= 2 * block) {
			start -= block;
			ret = run_extend(run, start, block, node);
			if (ret == -EINTR || run->size >= size)
				goto out;
			ret = -EBUSY;
			if (run->unused >= size)
				goto out;
		}
	}
	ret = -EBUSY;
out:
	if (ret)
		run_drop(run);
	kvfree(list.ranges);
	return ret;
}

static struct bx_area *area_create(u64 size, int node)
{
	struct bx_area *area;
	struct run run;
	int ret;

	area = kzalloc(sizeof(*area), GFP_KERNEL);
	if (!area)
		return ERR_PTR(-ENOMEM);
	size = round_up(size, memory_block_size_bytes());
	area->taken = bitmap_zalloc(size / BX_BLOCKS_UNIT, GFP_KERNEL);
	ret = -ENOMEM;
	if (!area->taken)
		goto err_area;
	ret = run_find(&run, size, node);
	if (ret)
		goto err_taken;

	area->start = run.start;
	area->size = run.size;
	area->node = run.node;
	list_add_tail(&area->entry, &areas);
	return area;

err_taken:
	bitmap_free(area->taken);
err_area:
	kfree(area);
	return ERR_PTR(ret);
}

void bx_blocks_put(struct bx_area *area, u64 start, u64 size)
{
	bitmap_clear(area->taken, (start - area->start) / BX_BLOCKS_UNIT, size / BX_BLOCKS_UNIT);
	if (!bitmap_empty(area->taken, area_bits(area)))
		return;
	list_del(&area->entry);
	give_blocks_back(area->start, area->size, area->node);
	bitmap_free(area->taken);
	kfree(area);
}

static bool area_take(struct bx_area *area, u64 size, u64 *start)
{
	unsigned long bit, bits = size / BX_BLOCKS_UNIT;

	bit = bitmap_find_next_zero_area(area->taken, area_bits(area), 0, bits, 0);
	if (bit >= area_bits(area))
		return false;
	bitmap_set(area->taken, bit, bits);
	*start = area->start + bit * BX_BLOCKS_UNIT;
	return true;
}

int bx_blocks_get(u64 size, int node, struct bx_area **ret_area, u64 *ret_start)
{
	struct bx_area *area;

	list_for_each_entry(area, &areas, entry) {
		if (node != NUMA_NO_NODE && node != area->node)
			continue;
		if (area_take(area, size, ret_start))
			goto found;
	}
	if (size > totalram_pages() << PAGE_SHIFT)
		return -E2BIG;
	area = area_create(size, node);
	if (IS_ERR(area))
		return PTR_ERR(area);
	/* It is as large as that, and empty. */
	area_take(area, size, ret_start);
found:
	*ret_area = area;
	return 0;
}

int bx_blocks_init(void)
{
	return register_memory_notifier(&hotplug_notifier);
}

void bx_blocks_exit(void)
{
	unregister_memory_notifier(&hotplug_notifier);
}
