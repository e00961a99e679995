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

#include <asm/cacheflush.h>
#include <linux/io.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "blocks.h"
#include "compat.h"
#include "controller.h"
#include "memory.h"

#define refuse(request, errno, format, ...) \
	(pr_err("%s: " format "\n", (request)->device, ##__VA_ARGS__), (errno))

/* Held over everything here, also while blocks go offline, which takes seconds. */
static DEFINE_MUTEX(memory_lock);
static LIST_HEAD(memories);
static bool hibernating; /* from when it was allowed on */

/* ---- what was System RAM until now */

static int runtime_get(struct bx_memory *memory, const struct bx_memory_request *request, u64 size)
{
	int ret = bx_blocks_get(size, request->node, &memory->area, &memory->area_start);

	switch (ret) {
	case 0:
		memory->area_size = size;
		return 0;
	case -EINTR:
		return refuse(request, -EINTR, "taking memory out of the kernel's was interrupted");
	case -E2BIG:
		return refuse(request, -ENOMEM, "this machine does not have %llu MiB of memory",
			      size >> 20);
	default:
		return refuse(
			request, -ENOMEM,
			"no %llu MiB in a row could be taken out of the kernel's memory, in blocks of %lu MiB; reserve them at boot by memmap=%lluM$START",
			size >> 20, memory_block_size_bytes() >> 20, size >> 20);
	}
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

static bool overlaps(const struct resource *range, u64 start, u64 end)
{
	return range->start <= end && range->end >= start;
}

static int check_memmap(const struct bx_memory_request *request)
{
	u64 start = request->start, size = request->size, end = start + size - 1;
	struct resource window;
	struct bx_memory *other;
	u64 covered = start;

	list_for_each_entry(other, &memories, entry)
		if (overlaps(&other->window, start, end) ||
		    (other->claim && overlaps(other->claim, start, end)))
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

/* By way of the caches, which is much faster, and then out of them: whoever maps it next goes past them. */
static int clear(u64 start, u64 size)
{
	u8 *at = memremap(start, size, MEMREMAP_WB);
	u64 offset;

	if (!at)
		return -ENOMEM;
	for (offset = 0; offset < size; offset += SZ_64K) {
		memset(at + offset, 0, SZ_64K);
		clflush_cache_range(at + offset, SZ_64K);
		cond_resched();
	}
	memunmap(at);
	return 0;
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
	if (clear(memory->cmb_start, cmb_size))
		return -ENOMEM;
	/* To the CPU it is memory, whatever its type. */
	memory->cmb = (void __force *)ioremap(memory->cmb_start, cmb_size);
	if (!memory->cmb)
		return -ENOMEM;
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
		bx_blocks_put(memory->area, memory->area_start, memory->area_size);
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
		bx_blocks_put(memory->area, memory->area_start, memory->area_size);
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
	int ret = bx_blocks_init();

	if (ret)
		return ret;
	ret = register_pm_notifier(&pm_notifier);
	if (ret)
		bx_blocks_exit();
	return ret;
}

void bx_memory_exit(void)
{
	unregister_pm_notifier(&pm_notifier);
	bx_blocks_exit();
}
