// SPDX-License-Identifier: GPL-2.0-only
/*
 * One emulated device, from power-on to power-off: its parts, in their order. What each of them is, is in a file of
 * its own.
 *
 * On: memory, store, controller, namespaces, interrupts, engines, and the bus last, when everything answers.
 * Off: the same backwards, so the host's driver takes its leave of a device that still answers.
 */
#define pr_fmt(format) "bx_emu: " format

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/memory.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "admin.h"
#include "compat.h"
#include "device.h"
#include "fault.h"

#define BX_MODEL    "ByteExpress emulated NVMe"
#define BX_FIRMWARE "1.0"

void bx_device_options_init(struct bx_device_options *options, const char *name)
{
	memset(options, 0, sizeof(*options));
	strscpy(options->name, name, sizeof(options->name));
	options->source = BX_MEMORY_RUNTIME;
	options->memory_size = memory_block_size_bytes();
	options->node = NUMA_NO_NODE;
	options->queues = 32;
	options->queue_depth = 1024;
	options->mdts = 8; /* 1 MiB */
	options->shadow_doorbells = BX_SHADOW_DOORBELLS_SURVIVE_RESETS;
	options->timing.io_unit_size = 4096;
	options->idle =
		(struct bx_idle){ 100 * NSEC_PER_USEC, 20 * NSEC_PER_USEC, 20 * NSEC_PER_MSEC };
	strscpy(options->model, BX_MODEL, sizeof(options->model));
	snprintf(options->serial, sizeof(options->serial), "BX%08X", get_random_u32());
}

/* ---- memory and store */

static bool sparse(const struct bx_device_options *options)
{
	u64 data =
		options->memory_size - min(options->memory_size, bx_window_size(options->cmb_size));

	return options->source != BX_MEMORY_RESERVE_MEM && options->capacity > data;
}

static int create_memory(struct bx_device *device)
{
	struct bx_device_options *options = device->options;
	struct bx_memory_request request = {
		.device = options->name,
		.source = options->source,
		.start = options->memory_start,
		.size = options->memory_size,
		.cmb_size = options->cmb_size,
		.only_bar = sparse(options),
		.node = options->node,
	};

	strscpy(request.reserved, options->reserved, sizeof(request.reserved));
	if (request.only_bar)
		request.size = bx_window_size(options->cmb_size);
	return bx_memory_claim(&device->memory, &request);
}

static int create_store(struct bx_device *device)
{
	u64 size = device->options->capacity ?: device->memory.data_size;

	if (device->memory.data && size > device->memory.data_size) {
		pr_err("%s: capacity is %llu MiB, but only %llu MiB are reserved for data\n",
		       device->options->name, size >> 20, device->memory.data_size >> 20);
		return -EINVAL;
	}
	return bx_store_init(&device->store, device->memory.data, size);
}

/* ---- the controller */

static int create_controller(struct bx_device *device)
{
	struct bx_device_options *options = device->options;
	struct bx_config config = {
		.firmware = BX_FIRMWARE,
		.vendor = BX_PCI_VENDOR,
		.subsystem_vendor = BX_PCI_VENDOR,
		.queues = options->queues,
		.entries = options->queue_depth,
		.mdts = options->mdts,
		.engines = max(1u, cpumask_weight(&options->cpus)),
		.cmb_size = options->cmb_size,
		.shadow_doorbells = options->shadow_doorbells,
		.host = device,
	};

	strscpy(config.serial, options->serial, sizeof(config.serial));
	strscpy(config.model, options->model, sizeof(config.model));
	snprintf(config.subnqn, sizeof(config.subnqn), "nqn.2025-01.org.byteexpress:%s:%s",
		 options->serial, options->name);
	return bx_ctrl_create(&config, &bx_host_ops, device->memory.bar, device->memory.cmb,
			      &device->store, &device->ctrl);
}

/* -EINVAL: there is no such format. */
static int find_format(const struct bx_device_ns *ns)
{
	unsigned int i;

	for (i = 0; i < BX_FORMATS; i++)
		if (1u << bx_formats[i].block_shift == ns->lba_size &&
		    bx_formats[i].metadata == ns->metadata_size)
			return i;
	return -EINVAL;
}

static int create_namespace(struct bx_device *device, unsigned int id,
			    const struct bx_device_ns *wanted)
{
	struct bx_ns_options options = wanted->options;
	const char *name = device->options->name;
	int ret = find_format(wanted);
	struct bx_ns *ns;

	if (ret < 0) {
		pr_err("%s: namespace %u: there is no format with %u bytes of data and %u of metadata a block\n",
		       name, id, wanted->lba_size, wanted->metadata_size);
		return ret;
	}
	options.format = ret;
	if (!options.size)
		options.size = bx_ns_largest(device->ctrl, options.format);
	ret = bx_ns_create(device->ctrl, id, &options, &ns);
	if (ret)
		pr_err("%s: namespace %u of %llu MiB cannot be made (%d), there are %llu MiB left\n",
		       name, id, options.size >> 20, ret, device->store.free >> 20);
	return ret;
}

/* One without a size takes what is left, and so comes last, and alone. */
static int create_namespaces(struct bx_device *device)
{
	static const struct bx_device_ns one = { .lba_size = 512, .options.attached = true };
	const struct bx_device_ns *wanted = device->options->namespaces;
	unsigned int id, rest = 0, count = 0;
	int ret;

	for (id = 1; id <= BX_NS_MAX; id++) {
		if (!wanted[id].wanted)
			continue;
		count++;
		if (!wanted[id].options.size) {
			if (rest) {
				pr_err("%s: namespaces %u and %u both want all that is left; give one a size\n",
				       device->options->name, rest, id);
				return -EINVAL;
			}
			rest = id;
			continue;
		}
		ret = create_namespace(device, id, &wanted[id]);
		if (ret)
			return ret;
	}
	if (rest)
		return create_namespace(device, rest, &wanted[rest]);
	return count ? 0 : create_namespace(device, 1, &one);
}

/* ---- pulled out, and put back */

/* The host finds nothing there: registers are all ones. What it writes has no effect, but that it is read back. */
static void pull_out(struct bx_device *device)
{
	bx_threads_pause(device);
	WRITE_ONCE(device->ctrl->bus_master, false);
	memset(device->memory.bar, 0xff, BX_BAR_SIZE);
	device->plugged = false;
}

static void put_back(struct bx_device *device)
{
	memset(device->memory.bar, 0, BX_BAR_SIZE);
	bx_irq_reset(device);
	WRITE_ONCE(device->ctrl->bus_master, false);
	bx_ctrl_reset(device->ctrl, device->lost_power ? BX_RESET_POWER : BX_RESET_FUNCTION);
	bx_threads_resume(device);
	device->plugged = true;
	device->lost_power = false;
}

static int settle(struct bx_device *device)
{
	unsigned long until = jiffies + 5 * HZ;

	/* The host's next driver must not find what this reset then clears. */
	while (bx_ctrl_resetting(device->ctrl)) {
		if (time_after(jiffies, until))
			return -ETIMEDOUT;
		usleep_range(100, 1000);
	}
	return 0;
}

int bx_device_plug(struct bx_device *device, enum bx_plug what, bool on)
{
	bool present, link;
	int ret = 0;

	mutex_lock(&device->lock);
	present = what == BX_PLUG_PRESENT ? on : device->present;
	link = what == BX_PLUG_LINK ? on : device->link;
	if (device->leaving) {
		ret = -ENODEV;
	} else if (present && link) {
		if (!device->plugged)
			put_back(device);
		ret = settle(device);
		if (!ret)
			bx_pci_plug(device, true, true);
	} else {
		/* The host takes its memory back as soon as it is told, so nobody may be at work in it by then. */
		if (device->plugged)
			pull_out(device);
		device->lost_power |= !present;
		bx_pci_plug(device, present, link);
	}
	mutex_unlock(&device->lock);
	return ret;
}

static void pull_work(struct work_struct *work)
{
	struct bx_device *device = container_of(work, struct bx_device, pull);

	bx_device_plug(device, BX_PLUG_PRESENT, false);
}

void bx_device_pull_later(struct bx_device *device)
{
	schedule_work(&device->pull);
}

int bx_device_event(struct bx_device *device, u8 type, u8 info, u8 log_page)
{
	int ret = -ENODEV;

	mutex_lock(&device->lock);
	if (device->plugged)
		ret = bx_event_ask(device->ctrl, type, info, log_page);
	mutex_unlock(&device->lock);
	return ret;
}

int bx_device_fail(struct bx_device *device, const char *why)
{
	int ret = 0;

	mutex_lock(&device->lock);
	if (device->plugged) {
		bx_world_lock(device->ctrl);
		bx_ctrl_fail(device->ctrl, why);
		bx_world_unlock(device->ctrl);
	} else {
		ret = -ENODEV;
	}
	mutex_unlock(&device->lock);
	return ret;
}

/* ---- on and off */

static int check_options(const struct bx_device_options *options)
{
	if (cpumask_weight(&options->cpus) > BX_ENGINES_MAX) {
		pr_err("%s: %u CPUs are more than the %u engines there can be\n", options->name,
		       cpumask_weight(&options->cpus), BX_ENGINES_MAX);
		return -EINVAL;
	}
	if (!cpumask_subset(&options->cpus, cpu_possible_mask)) {
		pr_err("%s: some of the CPUs %*pbl do not exist\n", options->name,
		       cpumask_pr_args(&options->cpus));
		return -EINVAL;
	}
	return 0;
}

int bx_device_power_on(struct bx_device_options *options, struct bx_device **ret_device)
{
	struct bx_device *device;
	int ret;

	ret = check_options(options);
	if (ret)
		return ret;
	device = kvzalloc(sizeof(*device), GFP_KERNEL);
	if (!device)
		return -ENOMEM;
	device->options = options;
	mutex_init(&device->lock);
	INIT_WORK(&device->pull, pull_work);
	device->plugged = true;

	ret = create_memory(device);
	if (ret)
		goto err_device;
	ret = create_store(device);
	if (ret)
		goto err_memory;
	ret = create_controller(device);
	if (ret)
		goto err_store;
	ret = bx_timing_set(device->ctrl, &options->timing);
	if (ret)
		goto err_controller;
	ret = create_namespaces(device);
	if (ret)
		goto err_controller;
	ret = bx_irq_create(device);
	if (ret)
		goto err_controller;
	ret = bx_threads_create(device);
	if (ret)
		goto err_irq;
	ret = bx_pci_create(device);
	if (ret)
		goto err_threads;
	pr_info("%s: is on, PCI function %04x:01:00.0, BAR at %#llx, %llu MiB of data%s\n",
		options->name, device->sysdata.domain, (u64)device->memory.window.start,
		device->store.size >> 20, device->memory.data ? "" : ", sparse");
	*ret_device = device;
	return 0;

err_threads:
	bx_threads_destroy(device);
err_irq:
	bx_irq_destroy(device);
err_controller:
	bx_ctrl_destroy(device->ctrl);
err_store:
	bx_store_done(&device->store);
err_memory:
	bx_memory_release(&device->memory);
err_device:
	kvfree(device);
	return ret;
}

void bx_device_power_off(struct bx_device *device)
{
	const char *name = device->options->name;

	mutex_lock(&device->lock);
	device->leaving = true;
	mutex_unlock(&device->lock);
	/* The host's driver says goodbye to a device without faults. */
	bx_fault_clear(device->ctrl);
	bx_pci_destroy(device);
	bx_threads_destroy(device);
	cancel_work_sync(&device->pull);
	bx_irq_destroy(device);
	bx_ctrl_destroy(device->ctrl);
	bx_store_done(&device->store);
	bx_memory_release(&device->memory);
	kvfree(device);
	pr_info("%s: is off\n", name);
}
