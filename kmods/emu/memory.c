// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a device's memory comes from, who has which part of it, and how it is mapped. Not what is in it.
 *
 * A region, that is [memory_start, memory_start + memory_size), is laid out like this:
 *
 *   0        BAR 0 (BX_BAR_SIZE), at the start of the 1 MiB that the root port forwards to the device
 *   1 MiB    the data, to the end; nothing at all for a device whose data is sparse
 *
 * and with a controller memory buffer of the size C, which lies where its size wants it:
 *
 *   0        BAR 0, at the start of the 2 C that the root port forwards
 *            the buffer, at the first multiple of C (as a physical address) after the first MiB
 *   2 C      the data
 *
 * BAR 0 is mapped write-through, and before the host maps it: x86 gives one page one memory type, so that
 * the host's mapping, which asks for an uncached one, gets this as well, and an engine polls its doorbells in
 * the cache. (Write-back would make the host's mapping of the vector table fail.)
 *
 * The buffer is mapped uncached, which is what the host asks for when it makes pages of it: its direct map of such pages
 * cannot be write-through, and a combined write could come after the doorbell, which is in the cache, that tells of it.
 *
 * Three sources:
 *
 *   memmap       reserved at boot by memmap=SIZE$START. The kernel believes whatever it is told there: so the range
 *                must be reserved as a whole, and not be what a PCI bus decodes, System RAM, or somebody's.
 *   runtime      whole memory blocks (128 MiB, on large machines 2 GiB) that are taken out of System RAM, and
 *                shared among devices by MiB; a block goes back when the last device in it does.
 *   reserve_mem  reserved at boot by reserve_mem=SIZE:ALIGN:NAME. That stays System RAM, in which a BAR cannot be: so
 *                it has the data, and the BAR comes from `runtime'.
 */
#define pr_fmt(format) "bx_emu: " format

#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/math64.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <asm/pgtable.h>
#include <asm/set_memory.h>

#include "compat.h"
#include "controller.h"
#include "memory.h"

#define refuse(request, errno, format, ...) \
	(pr_err("%s: " format "\n", (request)->device, ##__VA_ARGS__), (errno))

/* One row of memory blocks that was System RAM. */
struct bx_area {
	struct list_head entry;
	u64 start, size;
	int node;
	unsigned long *taken; /* a bit for each MiB */
};

/* Held over everything here, also while blocks go offline, which takes seconds. */
static DEFINE_MUTEX(memory_lock);
static LIST_HEAD(memories);
static LIST_HEAD(areas);
static bool hibernating; /* from when it was allowed on */

static unsigned int area_bits(const struct bx_area *area)
{
	return area->size / BX_MEMORY_ALIGN;
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

static int hotplug_notify(struct notifier_block *block, unsigned long action, void *data)
{
	const struct memory_notify *range = data;
	u64 start = PFN_PHYS(range->start_pfn), size = PFN_PHYS(range->nr_pages);
	int ret;

	if (action != MEM_GOING_OFFLINE || !mapped_as_part(start, size))
		return NOTIFY_DONE;
	ret = split_mapping(start, size);
	return ret && start == READ_ONCE(taking) ? notifier_from_errno(ret) : NOTIFY_OK;
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
	if (fatal_signal_pending(current) || signal_pending(current))
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
	area->taken = bitmap_zalloc(size / BX_MEMORY_ALIGN, GFP_KERNEL);
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

static void area_put(struct bx_area *area, u64 start, u64 size)
{
	bitmap_clear(area->taken, (start - area->start) / BX_MEMORY_ALIGN, size / BX_MEMORY_ALIGN);
	if (!bitmap_empty(area->taken, area_bits(area)))
		return;
	list_del(&area->entry);
	give_blocks_back(area->start, area->size, area->node);
	bitmap_free(area->taken);
	kfree(area);
}

static bool area_take(struct bx_area *area, u64 size, u64 *start)
{
	unsigned long bit, bits = size / BX_MEMORY_ALIGN;

	bit = bitmap_find_next_zero_area(area->taken, area_bits(area), 0, bits, 0);
	if (bit >= area_bits(area))
		return false;
	bitmap_set(area->taken, bit, bits);
	*start = area->start + bit * BX_MEMORY_ALIGN;
	return true;
}

static int runtime_get(struct bx_memory *memory, const struct bx_memory_request *request, u64 size)
{
	struct bx_area *area;

	list_for_each_entry(area, &areas, entry) {
		if (request->node != NUMA_NO_NODE && request->node != area->node)
			continue;
		if (area_take(area, size, &memory->area_start))
			goto found;
	}
	if (size > totalram_pages() << PAGE_SHIFT)
		return refuse(request, -ENOMEM, "this machine does not have %llu MiB of memory",
			      size >> 20);

	area = area_create(size, request->node);
	if (PTR_ERR(area) == -EINTR)
		return refuse(request, -EINTR, "taking memory out of the kernel's was interrupted");
	if (IS_ERR(area))
		return refuse(
			request, -ENOMEM,
			"no %llu MiB in a row could be taken out of the kernel's memory, in blocks of %lu MiB; reserve them at boot by memmap=%lluM$START",
			size >> 20, memory_block_size_bytes() >> 20, size >> 20);
	if (!area_take(area, size, &memory->area_start)) {
		area_put(area, area->start, 0);
		return -ENOMEM;
	}
found:
	memory->area = area;
	memory->area_size = size;
	return 0;
}

/* ---- what was reserved at boot */

/* How far the reserved resources go without a gap. They come in the order of their addresses. */
static int cover(struct resource *reserved, void *data)
{
	u64 *covered = data;

	if (reserved->start <= *covered && reserved->end >= *covered)
		*covered = (u64)reserved->end + 1;
	return 0;
}

/* Whether a PCI bus that is not ours decodes a part of it. The rescan lock is held, since buses come and go. */
static bool root_bus_decodes(u64 start, u64 end, struct resource *ret_window)
{
	struct pci_bus *bus = NULL;
	struct resource *window;
	int i;

	while ((bus = pci_find_next_bus(bus))) {
		pci_bus_for_each_resource(bus, window, i) {
			/* Without firmware's word, a bus decodes everything. */
			if (!window || !(window->flags & IORESOURCE_MEM) ||
			    window == &iomem_resource || !window->parent)
				continue;
			if (window->start <= end && window->end >= start) {
				*ret_window = *window;
				return true;
			}
		}
	}
	return false;
}

static bool decoded_by_pci(u64 start, u64 end, struct resource *ret_window)
{
	bool found;

	pci_lock_rescan_remove();
	found = root_bus_decodes(start, end, ret_window);
	pci_unlock_rescan_remove();
	return found;
}

static int check_memmap(const struct bx_memory_request *request)
{
	u64 start = request->start, size = request->size, end = start + size - 1;
	struct resource window;
	struct bx_memory *other;
	u64 covered = start;

	list_for_each_entry(other, &memories, entry)
		if (other->window.start <= end && other->window.end + other->data_size >= start)
			return refuse(request, -EBUSY, "%#llx-%#llx overlaps the memory of %s",
				      start, end, other->device);
	if (region_intersects(start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return refuse(
			request, -EBUSY,
			"%#llx-%#llx is System RAM, or has some in it; reserve it at boot by memmap=%lluM$%lluM",
			start, end, size >> 20, start >> 20);
	if (decoded_by_pci(start, end, &window))
		return refuse(
			request, -ENXIO,
			"%#llx-%#llx is not memory: a PCI bus decodes %pR, whatever memmap= said",
			start, end, &window);
	walk_iomem_res_desc(IORES_DESC_RESERVED, IORESOURCE_MEM, start, end, &covered, cover);
	if (covered <= end)
		return refuse(
			request, -ENXIO,
			"%#llx-%#llx is not reserved from %#llx on; reserve it at boot by memmap=%lluM$%lluM",
			start, end, covered, size >> 20, start >> 20);
	return 0;
}

/* ---- claiming it, so that others see, and mapping it */

static int claim(struct bx_memory *memory, const struct bx_memory_request *request, u64 start,
		 u64 data)
{
	u64 window = bx_window_size(request->cmb_size);
	struct resource *probe;

	/* A busy resource fits only where nobody is; but the window must not be one, as PCI's are not. */
	probe = request_mem_region(start, window, memory->device);
	if (!probe)
		return refuse(request, -EBUSY, "%#llx-%#llx has another user, see /proc/iomem",
			      start, start + window - 1);
	release_mem_region(start, window);
	memory->window = (struct resource)DEFINE_RES_MEM_NAMED(start, window, memory->device);
	if (insert_resource(&iomem_resource, &memory->window))
		return refuse(request, -EBUSY, "%pR cannot be claimed", &memory->window);
	if (!data)
		return 0;

	memory->claim = request_mem_region(start + window, data, memory->device);
	if (memory->claim)
		return 0;
	remove_resource(&memory->window);
	return refuse(request, -EBUSY, "%#llx-%#llx has another user, see /proc/iomem",
		      start + window, start + window + data - 1);
}

static void unclaim(struct bx_memory *memory)
{
	if (memory->claim)
		release_mem_region(memory->claim->start, resource_size(memory->claim));
	memory->claim = NULL;
	remove_resource(&memory->window);
}

void bx_memory_fill_cmb(struct bx_memory *memory, u8 byte)
{
	u64 offset;

	if (!memory->cmb)
		return;
	for (offset = 0; offset < memory->cmb_size; offset += SZ_64K) {
		memset(memory->cmb + offset, byte, SZ_64K);
		cond_resched();
	}
}

static void unmap(struct bx_memory *memory)
{
	if (memory->data_mapped)
		memunmap(memory->data);
	if (memory->cmb)
		iounmap((void __iomem __force *)memory->cmb);
	if (memory->bar)
		memunmap(memory->bar);
}

static int map_bars(struct bx_memory *memory, u64 cmb_size)
{
	memory->bar = memremap(memory->window.start, BX_BAR_SIZE, MEMREMAP_WT);
	if (!memory->bar)
		return -ENOMEM;
	memset(memory->bar, 0, BX_BAR_SIZE);
	if (!cmb_size)
		return 0;
	memory->cmb_start = round_up(memory->window.start + BX_MEMORY_ALIGN, cmb_size);
	memory->cmb_size = cmb_size;
	/* To the CPU it is memory, whatever its type. */
	memory->cmb = (void __force *)ioremap(memory->cmb_start, cmb_size);
	if (!memory->cmb)
		return -ENOMEM;
	bx_memory_fill_cmb(memory, 0);
	return 0;
}

static int map(struct bx_memory *memory, const struct bx_memory_request *request)
{
	if (map_bars(memory, request->cmb_size)) {
		unmap(memory);
		return refuse(request, -ENOMEM, "%pR cannot be mapped as registers",
			      &memory->window);
	}
	if (!memory->claim)
		return 0;
	memory->data_size = resource_size(memory->claim);
	memory->data = memremap(memory->claim->start, memory->data_size, MEMREMAP_WB);
	if (!memory->data) {
		unmap(memory);
		return refuse(request, -ENOMEM, "%pR cannot be mapped", memory->claim);
	}
	memory->data_mapped = true;
	return 0;
}

static int find_reserve_mem(struct bx_memory *memory, const struct bx_memory_request *request)
{
	phys_addr_t start, size;

	if (!BX_HAVE_RESERVE_MEM)
		return refuse(request, -EOPNOTSUPP,
			      "this kernel (before 6.12) has no reserve_mem=");
	if (!bx_reserve_mem_find(request->reserved, &start, &size))
		return refuse(request, -ENOENT, "no reserve_mem=SIZE:ALIGN:%s was given at boot",
			      request->reserved);
	if (size < BX_MEMORY_ALIGN)
		return refuse(request, -EINVAL, "reserve_mem %s is smaller than 1 MiB",
			      request->reserved);
	memory->data = phys_to_virt(start);
	memory->data_size = size;
	return 0;
}

static bool same_data_as_another(struct bx_memory *memory)
{
	struct bx_memory *other;

	list_for_each_entry(other, &memories, entry)
		if (memory->data && other->data == memory->data)
			return true;
	return false;
}

static int check_request(const struct bx_memory_request *request)
{
	u64 window = bx_window_size(request->cmb_size);
	u64 least = request->only_bar ? window : window + BX_CHUNK_SIZE;

	if (request->source == BX_MEMORY_RESERVE_MEM)
		return 0;
	if (!IS_ALIGNED(request->size, BX_MEMORY_ALIGN))
		return refuse(request, -EINVAL, "memory_size %#llx is not a multiple of 1 MiB",
			      request->size);
	if (request->size < least)
		return refuse(request, -EINVAL,
			      "memory_size %#llx is too small: %llu MiB for the registers%s%s",
			      request->size, window >> 20,
			      request->cmb_size ? " and the memory buffer" : "",
			      request->only_bar ? "" : ", and at least 1 for data");
	if (request->source == BX_MEMORY_RUNTIME)
		return 0;
	if (!IS_ALIGNED(request->start, BX_MEMORY_ALIGN))
		return refuse(request, -EINVAL, "memory_start %#llx is not a multiple of 1 MiB",
			      request->start);
	if (request->start + request->size - 1 < request->start ||
	    request->start + request->size - 1 >
		    ((phys_addr_t)1 << boot_cpu_data.x86_phys_bits) - 1)
		return refuse(request, -ERANGE,
			      "%#llx + %#llx is beyond what this machine can address",
			      request->start, request->size);
	return 0;
}

static int claim_locked(struct bx_memory *memory, const struct bx_memory_request *request)
{
	u64 window = bx_window_size(request->cmb_size), start = request->start;
	u64 size = request->only_bar ? window : request->size;
	int ret;

	if (request->source == BX_MEMORY_RESERVE_MEM) {
		ret = find_reserve_mem(memory, request);
		if (ret)
			return ret;
		if (same_data_as_another(memory))
			return refuse(request, -EBUSY, "reserve_mem %s is another device's",
				      request->reserved);
		size = window;
	}

	if (request->source == BX_MEMORY_MEMMAP) {
		ret = check_memmap(request);
	} else {
		ret = runtime_get(memory, request, size);
		start = memory->area_start;
	}
	if (ret)
		return ret;

	ret = claim(memory, request, start, size - window);
	if (ret)
		goto err_area;
	ret = map(memory, request);
	if (ret)
		goto err_claim;
	list_add_tail(&memory->entry, &memories);
	return 0;

err_claim:
	unclaim(memory);
err_area:
	if (memory->area)
		area_put(memory->area, memory->area_start, memory->area_size);
	return ret;
}

int bx_memory_claim(struct bx_memory *memory, const struct bx_memory_request *request)
{
	int ret;

	memset(memory, 0, sizeof(*memory));
	snprintf(memory->device, sizeof(memory->device), "bx_emu %s", request->device);
	ret = check_request(request);
	if (ret)
		return ret;

	/* A search by somebody else may take long. */
	if (mutex_lock_killable(&memory_lock))
		return -EINTR;
	if (hibernating)
		ret = refuse(request, -EBUSY, "the machine is about to hibernate");
	else
		ret = claim_locked(memory, request);
	mutex_unlock(&memory_lock);
	return ret;
}

void bx_memory_release(struct bx_memory *memory)
{
	mutex_lock(&memory_lock);
	list_del(&memory->entry);
	unmap(memory);
	unclaim(memory);
	if (memory->area)
		area_put(memory->area, memory->area_start, memory->area_size);
	mutex_unlock(&memory_lock);
}

/* ---- hibernation */

/* An image has what the kernel manages. What is here is not that, and would be gone, with nobody told. */
static int pm_notify(struct notifier_block *block, unsigned long action, void *data)
{
	int ret = NOTIFY_OK;

	if (action != PM_HIBERNATION_PREPARE && action != PM_POST_HIBERNATION)
		return NOTIFY_DONE;
	mutex_lock(&memory_lock);
	hibernating = action == PM_HIBERNATION_PREPARE && list_empty(&memories);
	if (action == PM_HIBERNATION_PREPARE && !hibernating) {
		pr_err("hibernation would lose the data of the devices that are on; power them off first\n");
		ret = notifier_from_errno(-EBUSY);
	}
	mutex_unlock(&memory_lock);
	return ret;
}

static struct notifier_block pm_notifier = { .notifier_call = pm_notify };

int bx_memory_init(void)
{
	int ret = register_memory_notifier(&hotplug_notifier);

	if (ret)
		return ret;
	ret = register_pm_notifier(&pm_notifier);
	if (ret)
		unregister_memory_notifier(&hotplug_notifier);
	return ret;
}

void bx_memory_exit(void)
{
	unregister_pm_notifier(&pm_notifier);
	unregister_memory_notifier(&hotplug_notifier);
}
