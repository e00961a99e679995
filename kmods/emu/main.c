// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: its beginning and end, and the one device that its parameters may describe. That is how NVMeVirt is
 * told what to be, so that scripts written for it go on working; everything else goes through configfs.
 *
 * Unlike one made in configfs, this device does not keep the module: rmmod removes it.
 */
#define pr_fmt(format) "bx_emu: " format

#include <linux/ctype.h>
#include <linux/init.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "device.h"

#define BX_PARAMETER_DEVICE "insmod"

static char *memmap_start, *memmap_size, *cpus, *type = "nvm";
module_param(memmap_start, charp, 0444);
MODULE_PARM_DESC(memmap_start, "where the reserved memory begins: 6G, 6144M");
module_param(memmap_size, charp, 0444);
MODULE_PARM_DESC(memmap_size, "how much of it: 4G, 512M");
module_param(cpus, charp, 0444);
MODULE_PARM_DESC(cpus, "CPUs for the engines, such as 2,3; default: wherever the scheduler likes");
module_param(type, charp, 0444);
MODULE_PARM_DESC(type, "nvm");

/*
 * The older NVMeVirt's latencies are microseconds, the newer one's times nanoseconds; both take ns, us and ms, too. An I/O
 * unit is given in bytes or as the power of two of them.
 */
static char *read_latency, *write_latency, *read_time, *write_time, *io_unit_size;
static unsigned int nr_io_units, io_unit_shift;
module_param(read_latency, charp, 0444);
MODULE_PARM_DESC(read_latency, "of a read, in us: 50, 50us, 800ns");
module_param(write_latency, charp, 0444);
MODULE_PARM_DESC(write_latency, "of a write, in us");
module_param(read_time, charp, 0444);
MODULE_PARM_DESC(read_time, "of a read, in ns");
module_param(write_time, charp, 0444);
MODULE_PARM_DESC(write_time, "of a write, in ns");
module_param(io_unit_size, charp, 0444);
MODULE_PARM_DESC(io_unit_size, "bytes that a unit does at a time, a power of two: 4096, 4K");
module_param(io_unit_shift, uint, 0444);
MODULE_PARM_DESC(io_unit_shift, "the same, as the power of two");
module_param(nr_io_units, uint, 0444);
MODULE_PARM_DESC(nr_io_units, "units that work in parallel; 0: as many as it takes");

static struct bx_device_options *options;
static struct bx_device *device;

/* The older NVMeVirt counts GiB and MiB, the newer takes suffixes: a bare decimal number would mean either. */
static int parse_memory(const char *name, const char *text, const char *unit, u64 *value)
{
	char *end;

	if (text && isdigit(*text)) {
		*value = memparse(text, &end);
		if (!*end && (!isdigit(end[-1]) || !strncasecmp(text, "0x", 2)))
			return 0;
		if (!*end) {
			pr_err("%s=%s has no unit; write %s=%s%s if that is %siB, or use K, M, G or T\n",
			       name, text, name, text, unit, unit);
			return -EINVAL;
		}
	}
	pr_err("%s=%s is not a size; write for example %s=4G\n", name, text ?: "", name);
	return -EINVAL;
}

static int parse_cpus(struct cpumask *mask, const char *text)
{
	if (!text)
		return 0;
	if (!cpulist_parse(text, mask) && cpumask_subset(mask, cpu_possible_mask))
		return 0;
	pr_err("cpus=%s is not a list of this machine's CPUs; write for example cpus=2,3\n", text);
	return -EINVAL;
}

/* A number and ns, us or ms, or else in @unit ns. */
static int parse_time(const char *name, const char *text, u64 unit, u64 *ns)
{
	char digits[24] = "";
	const char *end;
	u64 number;
	size_t n;

	if (!text)
		return 0;
	n = strspn(text, "0123456789");
	if (n < sizeof(digits))
		memcpy(digits, text, n);
	end = text + n;
	if (!strcmp(end, "ns"))
		unit = 1;
	else if (!strcmp(end, "us"))
		unit = NSEC_PER_USEC;
	else if (!strcmp(end, "ms"))
		unit = NSEC_PER_MSEC;
	else if (*end)
		*digits = 0;
	if (kstrtou64(digits, 10, &number) || number > BX_TIMING_LATENCY_MAX / unit) {
		pr_err("%s=%s is not a time up to 1000 s; write for example %s=50us\n", name, text,
		       name);
		return -EINVAL;
	}
	*ns = number * unit;
	return 0;
}

static int parse_unit_size(void)
{
	u64 size = io_unit_shift && io_unit_shift < 32 ? 1ull << io_unit_shift : 4096;
	char *end = NULL;

	if (io_unit_size)
		size = memparse(io_unit_size, &end);
	if ((end && *end) || size < 512 || size > 1u << 30 || !is_power_of_2(size) ||
	    io_unit_shift > 30) {
		pr_err("io_unit_size= is a power of two from 512 to 1G, and io_unit_shift= 9 to 30\n");
		return -EINVAL;
	}
	if (nr_io_units > BX_TIMING_UNITS_MAX) {
		pr_err("nr_io_units=%u is more than %u\n", nr_io_units, BX_TIMING_UNITS_MAX);
		return -EINVAL;
	}
	options->timing.io_unit_size = size;
	options->timing.nr_io_units = nr_io_units;
	return 0;
}

static int parse_timing(void)
{
	struct bx_timing_values *timing = &options->timing;
	int ret;

	ret = parse_time("read_latency", read_latency, NSEC_PER_USEC, &timing->read_latency_ns);
	if (!ret)
		ret = parse_time("write_latency", write_latency, NSEC_PER_USEC,
				 &timing->write_latency_ns);
	if (!ret)
		ret = parse_time("read_time", read_time, 1, &timing->read_latency_ns);
	if (!ret)
		ret = parse_time("write_time", write_time, 1, &timing->write_latency_ns);
	return ret ?: parse_unit_size();
}

static int parse_parameters(void)
{
	int ret;

	if (!memmap_start || !memmap_size) {
		pr_err("a device by parameters wants both memmap_start= and memmap_size=; without any, use /sys/kernel/config/bx_emu\n");
		return -EINVAL;
	}
	if (strcmp(type, "nvm")) {
		pr_err("type=%s is unknown; there is nvm\n", type);
		return -EINVAL;
	}
	options->source = BX_MEMORY_MEMMAP;
	ret = parse_memory("memmap_start", memmap_start, "G", &options->memory_start);
	if (ret)
		return ret;
	ret = parse_memory("memmap_size", memmap_size, "M", &options->memory_size);
	if (ret)
		return ret;
	ret = parse_cpus(&options->cpus, cpus);
	return ret ?: parse_timing();
}

static int __init create_device(void)
{
	int ret;

	if (!memmap_start && !memmap_size && !cpus)
		return 0;
	options = kvzalloc(sizeof(*options), GFP_KERNEL);
	if (!options)
		return -ENOMEM;
	bx_device_options_init(options, BX_PARAMETER_DEVICE);
	ret = parse_parameters();
	if (!ret)
		ret = bx_device_power_on(options, &device);
	if (ret)
		kvfree(options);
	return ret;
}

static void destroy_device(void)
{
	if (!device)
		return;
	bx_device_power_off(device);
	kvfree(options);
}

static int __init bx_emu_init(void)
{
	int ret;

	ret = bx_memory_init();
	if (ret)
		return ret;
	ret = bx_threads_init();
	if (ret)
		goto err_memory;
	ret = create_device();
	if (ret)
		goto err_threads;
	ret = bx_configfs_init();
	if (ret)
		goto err_device;
	return 0;

err_device:
	destroy_device();
err_threads:
	bx_threads_exit();
err_memory:
	bx_memory_exit();
	return ret;
}

static void __exit bx_emu_exit(void)
{
	bx_configfs_exit();
	destroy_device();
	bx_threads_exit();
	bx_memory_exit();
}

module_init(bx_emu_init);
module_exit(bx_emu_exit);
MODULE_DESCRIPTION("Emulated NVMe controllers in the running kernel");
MODULE_LICENSE("GPL");
