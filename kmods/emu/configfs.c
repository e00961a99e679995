// SPDX-License-Identifier: GPL-2.0-only
/*
 * How people say what devices there are: /sys/kernel/config/bx_emu. Each attribute is a parser, a printer and a line
 * in a table, all of one shape; what they mean is in bx_emu(4). Nothing here does anything by itself: `power' does.
 *
 * An item holds the options of a device, also while that is off, and the device while it is on. Its lock is held over
 * everything that reads or writes them, but for statistics: see attribute.h. rmdir powers off; a process that still has an attribute open is told that there
 * is none any more.
 */
#define pr_fmt(format) "bx_emu: " format

#include <linux/configfs.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attribute.h"

struct bx_ns_item {
	struct config_item item;
	struct bx_item *owner;
	unsigned int id;
};

static struct bx_item *item_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct bx_item, group);
}

/* `runtime', `memmap' or `reserve_mem:NAME' */
static ssize_t bx_show_source(const struct bx_device_options *options, char *page)
{
	switch (options->source) {
	case BX_MEMORY_MEMMAP:
		return sysfs_emit(page, "memmap\n");
	case BX_MEMORY_RESERVE_MEM:
		return sysfs_emit(page, "reserve_mem:%s\n", options->reserved);
	default:
		return sysfs_emit(page, "runtime\n");
	}
}

static int bx_parse_source(struct bx_device_options *options, const char *text, u64 least, u64 most)
{
	static const char reserved[] = "reserve_mem:";

	if (sysfs_streq(text, "runtime"))
		options->source = BX_MEMORY_RUNTIME;
	else if (sysfs_streq(text, "memmap"))
		options->source = BX_MEMORY_MEMMAP;
	else if (!strncmp(text, reserved, sizeof(reserved) - 1)) {
		if (bx_parse_text(options->reserved, text + sizeof(reserved) - 1, 1,
				  sizeof(options->reserved) - 1))
			return -EINVAL;
		options->source = BX_MEMORY_RESERVE_MEM;
	} else {
		return -EINVAL;
	}
	return 0;
}

/* There is one type so far; others will be command sets and models of their own. */
static ssize_t bx_show_type(const struct bx_device_options *options, char *page)
{
	return sysfs_emit(page, "nvm\n");
}

static int bx_parse_type(struct bx_device_options *options, const char *text, u64 least, u64 most)
{
	return sysfs_streq(text, "nvm") ? 0 : -EINVAL;
}

/* ---- the device's attributes */

/*
 * One attribute: @where in the options, how it reads and is written, from @least to @most, and whether it may change while
 * the device is on.
 */
#define BX_ATTRIBUTE(name, where, kind, least, most, always)                                  \
	static ssize_t bx_device_##name##_show(struct config_item *config, char *page)        \
	{                                                                                     \
		struct bx_item *item = item_of(config);                                       \
		ssize_t ret;                                                                  \
		mutex_lock(&item->lock);                                                      \
		ret = bx_show_##kind(where(item->options), page);                             \
		mutex_unlock(&item->lock);                                                    \
		return ret;                                                                   \
	}                                                                                     \
	static ssize_t bx_device_##name##_store(struct config_item *config, const char *page, \
						size_t count)                                 \
	{                                                                                     \
		struct bx_item *item = item_of(config);                                       \
		int ret = -EBUSY;                                                             \
		mutex_lock(&item->lock);                                                      \
		if (always || !item->device)                                                  \
			ret = bx_parse_##kind(where(item->options), page, least, most);       \
		mutex_unlock(&item->lock);                                                    \
		return ret ?: count;                                                          \
	}                                                                                     \
	CONFIGFS_ATTR(bx_device_, name)

#define BX_OPTIONS(options)	 (&(options))
#define BX_MEMORY_START(options) (&(options).memory_start)
#define BX_MEMORY_SIZE(options)	 (&(options).memory_size)
#define BX_CAPACITY(options)	 (&(options).capacity)
#define BX_CPUS(options)	 (&(options).cpus)
#define BX_NODE(options)	 (&(options).node)
#define BX_QUEUES(options)	 (&(options).queues)
#define BX_QUEUE_DEPTH(options)	 (&(options).queue_depth)
#define BX_MDTS(options)	 (&(options).mdts)
#define BX_CMB_SIZE(options)	 (&(options).cmb_size)
#define BX_SHADOW(options)	 (&(options).shadow_doorbells)
#define BX_SERIAL(options)	 ((options).serial)
#define BX_MODEL_TEXT(options)	 ((options).model)
#define BX_IDLE_SPIN(options)	 (&(options).idle.spin)
#define BX_IDLE_STEP(options)	 (&(options).idle.step)
#define BX_IDLE_MAX(options)	 (&(options).idle.max)

BX_ATTRIBUTE(type, BX_OPTIONS, type, 0, 0, false);
BX_ATTRIBUTE(memory_source, BX_OPTIONS, source, 0, 0, false);
BX_ATTRIBUTE(memory_start, BX_MEMORY_START, size, 0, U64_MAX, false);
BX_ATTRIBUTE(memory_size, BX_MEMORY_SIZE, size, 0, U64_MAX, false);
BX_ATTRIBUTE(capacity, BX_CAPACITY, size, 0, 1ull << 50, false);
BX_ATTRIBUTE(cpus, BX_CPUS, cpus, 0, BX_ENGINES_MAX, false);
BX_ATTRIBUTE(numa_node, BX_NODE, node, 0, 0, false);
BX_ATTRIBUTE(queues, BX_QUEUES, u32, 1, BX_QUEUES_MAX, false);
BX_ATTRIBUTE(queue_depth, BX_QUEUE_DEPTH, u32, BX_ENTRIES_MIN, BX_ENTRIES_MAX, false);
BX_ATTRIBUTE(mdts, BX_MDTS, u32, 1, 12, false);
BX_ATTRIBUTE(cmb_size, BX_CMB_SIZE, power_of_2, BX_MEMORY_ALIGN, 1ull << 30, false);
BX_ATTRIBUTE(shadow_doorbells, BX_SHADOW, bool, 0, 1, false);
BX_ATTRIBUTE(serial, BX_SERIAL, text, 1, 20, false);
BX_ATTRIBUTE(model, BX_MODEL_TEXT, text, 1, 40, false);
BX_ATTRIBUTE(idle_spin_ns, BX_IDLE_SPIN, u32, 0, NSEC_PER_SEC, true);
BX_ATTRIBUTE(idle_step_ns, BX_IDLE_STEP, u32, 1, NSEC_PER_SEC, true);
BX_ATTRIBUTE(idle_max_ns, BX_IDLE_MAX, u32, 1, NSEC_PER_SEC, true);

static ssize_t bx_device_power_show(struct config_item *config, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(item_of(config)->device) != NULL);
}

static void set_device(struct bx_item *item, struct bx_device *device)
{
	mutex_lock(&item->device_lock);
	WRITE_ONCE(item->device, device);
	WRITE_ONCE(item->domain, device ? device->sysdata.domain : 0);
	mutex_unlock(&item->device_lock);
}

static void power_off(struct bx_item *item)
{
	struct bx_device *device = item->device;

	if (!device)
		return;
	set_device(item, NULL);
	bx_device_power_off(device);
}

static ssize_t bx_device_power_store(struct config_item *config, const char *page, size_t count)
{
	struct bx_item *item = item_of(config);
	struct bx_device *device;
	bool on;
	int ret;

	ret = kstrtobool(page, &on);
	if (ret)
		return ret;
	mutex_lock(&item->lock);
	if (on && !item->device) {
		ret = bx_device_power_on(&item->options, &device);
		if (!ret)
			set_device(item, device);
	} else if (!on) {
		power_off(item);
	}
	mutex_unlock(&item->lock);
	return ret ?: count;
}
CONFIGFS_ATTR(bx_device_, power);

static ssize_t bx_device_address_show(struct config_item *config, char *page)
{
	int domain = READ_ONCE(item_of(config)->domain);

	return domain ? sysfs_emit(page, "%04x:01:00.0\n", domain) : sysfs_emit(page, "\n");
}
CONFIGFS_ATTR_RO(bx_device_, address);

static struct configfs_attribute *device_attributes[] = {
	&bx_device_attr_type,	      &bx_device_attr_memory_source,
	&bx_device_attr_memory_start, &bx_device_attr_memory_size,
	&bx_device_attr_capacity,     &bx_device_attr_cpus,
	&bx_device_attr_numa_node,    &bx_device_attr_queues,
	&bx_device_attr_queue_depth,  &bx_device_attr_mdts,
	&bx_device_attr_cmb_size,     &bx_device_attr_shadow_doorbells,
	&bx_device_attr_serial,	      &bx_device_attr_model,
	&bx_device_attr_idle_spin_ns, &bx_device_attr_idle_step_ns,
	&bx_device_attr_idle_max_ns,  &bx_device_attr_power,
	&bx_device_attr_address,      NULL,
};

/* ---- namespaces/N */

static struct bx_ns_item *ns_item_of(struct config_item *item)
{
	return container_of(item, struct bx_ns_item, item);
}

static struct bx_device_ns *ns_of(struct bx_ns_item *item)
{
	return &item->owner->options.namespaces[item->id];
}

#define BX_NS_ATTRIBUTE(name, kind, where, least, most)                                   \
	static ssize_t bx_ns_##name##_show(struct config_item *config, char *page)        \
	{                                                                                 \
		struct bx_ns_item *item = ns_item_of(config);                             \
		ssize_t ret;                                                              \
		mutex_lock(&item->owner->lock);                                           \
		ret = bx_show_##kind(&ns_of(item)->where, page);                          \
		mutex_unlock(&item->owner->lock);                                         \
		return ret;                                                               \
	}                                                                                 \
	static ssize_t bx_ns_##name##_store(struct config_item *config, const char *page, \
					    size_t count)                                 \
	{                                                                                 \
		struct bx_ns_item *item = ns_item_of(config);                             \
		struct bx_device_ns ns;                                                   \
		int ret = -EBUSY;                                                         \
		mutex_lock(&item->owner->lock);                                           \
		ns = *ns_of(item);                                                        \
		if (!item->owner->device)                                                 \
			ret = bx_parse_##kind(&ns.where, page, least, most);              \
		if (!ret)                                                                 \
			*ns_of(item) = ns;                                                \
		mutex_unlock(&item->owner->lock);                                         \
		return ret ?: count;                                                      \
	}                                                                                 \
	CONFIGFS_ATTR(bx_ns_, name)

BX_NS_ATTRIBUTE(size, size, options.size, 0, 1ull << 50);
BX_NS_ATTRIBUTE(lba_size, bytes, lba_size, 512, 4096);
BX_NS_ATTRIBUTE(metadata_size, bytes, metadata_size, 0, 4096);
BX_NS_ATTRIBUTE(metadata_extended, bool, options.extended, 0, 1);
BX_NS_ATTRIBUTE(pi_type, u8, options.pi_type, 0, 3);
BX_NS_ATTRIBUTE(pi_first, bool, options.pi_first, 0, 1);

static struct configfs_attribute *ns_attributes[] = {
	&bx_ns_attr_size,
	&bx_ns_attr_lba_size,
	&bx_ns_attr_metadata_size,
	&bx_ns_attr_metadata_extended,
	&bx_ns_attr_pi_type,
	&bx_ns_attr_pi_first,
	NULL,
};

/* The last that knows of it; its directory keeps the device's item. */
static void ns_release(struct config_item *config)
{
	kfree(ns_item_of(config));
}

static struct configfs_item_operations ns_item_ops = {
	.release = ns_release,
};

static const struct config_item_type ns_type = {
	.ct_item_ops = &ns_item_ops,
	.ct_attrs = ns_attributes,
	.ct_owner = THIS_MODULE,
};

static struct config_item *ns_make(struct config_group *group, const char *name)
{
	struct bx_item *owner = container_of(group, struct bx_item, namespaces);
	struct bx_ns_item *item;
	struct bx_device_ns *ns;
	unsigned int id;

	if (kstrtouint(name, 10, &id) || id < 1 || id > BX_NS_MAX || *name == '0' || *name == '+' ||
	    strchr(name, '\n'))
		return ERR_PTR(-EINVAL);
	item = kzalloc(sizeof(*item), GFP_KERNEL);
	if (!item)
		return ERR_PTR(-ENOMEM);
	item->owner = owner;
	item->id = id;

	mutex_lock(&owner->lock);
	if (owner->device) {
		mutex_unlock(&owner->lock);
		kfree(item);
		return ERR_PTR(-EBUSY);
	}
	ns = &owner->options.namespaces[id];
	*ns = (struct bx_device_ns){ .wanted = true, .lba_size = 512, .options.attached = true };
	mutex_unlock(&owner->lock);
	config_item_init_type_name(&item->item, name, &ns_type);
	return &item->item;
}

/* Cannot be refused; a device that is on keeps the namespace until it is powered on the next time. */
static void ns_drop(struct config_group *group, struct config_item *config)
{
	struct bx_ns_item *item = ns_item_of(config);

	mutex_lock(&item->owner->lock);
	ns_of(item)->wanted = false;
	mutex_unlock(&item->owner->lock);
	config_item_put(config);
}

static struct configfs_group_operations namespaces_ops = {
	.make_item = ns_make,
	.drop_item = ns_drop,
};

static const struct config_item_type namespaces_type = {
	.ct_group_ops = &namespaces_ops,
	.ct_owner = THIS_MODULE,
};

/* ---- timing: may change at any time, and holds for the commands that come from then on */

static struct bx_item *timing_item_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct bx_item, timing);
}

#define BX_TIMING_ATTRIBUTE(name, kind, least, most)                                          \
	static ssize_t bx_timing_##name##_show(struct config_item *config, char *page)        \
	{                                                                                     \
		struct bx_item *item = timing_item_of(config);                                \
		ssize_t ret;                                                                  \
		mutex_lock(&item->lock);                                                      \
		ret = bx_show_##kind(&item->options.timing.name, page);                       \
		mutex_unlock(&item->lock);                                                    \
		return ret;                                                                   \
	}                                                                                     \
	static ssize_t bx_timing_##name##_store(struct config_item *config, const char *page, \
						size_t count)                                 \
	{                                                                                     \
		struct bx_item *item = timing_item_of(config);                                \
		struct bx_timing_values values;                                               \
		int ret;                                                                      \
		mutex_lock(&item->lock);                                                      \
		values = item->options.timing;                                                \
		ret = bx_parse_##kind(&values.name, page, least, most);                       \
		if (!ret)                                                                     \
			ret = set_timing(item, &values);                                      \
		mutex_unlock(&item->lock);                                                    \
		return ret ?: count;                                                          \
	}                                                                                     \
	CONFIGFS_ATTR(bx_timing_, name)

static int set_timing(struct bx_item *item, const struct bx_timing_values *values)
{
	int ret = 0;

	if (values->io_unit_size && !is_power_of_2(values->io_unit_size))
		return -EINVAL;
	if (item->device)
		ret = bx_timing_set(item->device->ctrl, values);
	if (!ret)
		item->options.timing = *values;
	return ret;
}

BX_TIMING_ATTRIBUTE(read_latency_ns, u64, 0, BX_TIMING_LATENCY_MAX);
BX_TIMING_ATTRIBUTE(write_latency_ns, u64, 0, BX_TIMING_LATENCY_MAX);
BX_TIMING_ATTRIBUTE(other_latency_ns, u64, 0, BX_TIMING_LATENCY_MAX);
BX_TIMING_ATTRIBUTE(read_bandwidth, size, 0, 1ull << 50);
BX_TIMING_ATTRIBUTE(write_bandwidth, size, 0, 1ull << 50);
BX_TIMING_ATTRIBUTE(io_unit_size, bytes, 512, 1u << 30);
BX_TIMING_ATTRIBUTE(nr_io_units, u32, 0, BX_TIMING_UNITS_MAX);

static struct configfs_attribute *timing_attributes[] = {
	&bx_timing_attr_read_latency_ns,  &bx_timing_attr_write_latency_ns,
	&bx_timing_attr_other_latency_ns, &bx_timing_attr_read_bandwidth,
	&bx_timing_attr_write_bandwidth,  &bx_timing_attr_io_unit_size,
	&bx_timing_attr_nr_io_units,	  NULL,
};

static const struct config_item_type timing_type = {
	.ct_attrs = timing_attributes,
	.ct_owner = THIS_MODULE,
};

/* ---- devices */

static void device_release(struct config_item *config)
{
	struct bx_item *item = item_of(config);

	kvfree(item);
}

static struct configfs_item_operations device_item_ops = {
	.release = device_release,
};

static const struct config_item_type device_type = {
	.ct_item_ops = &device_item_ops,
	.ct_attrs = device_attributes,
	.ct_owner = THIS_MODULE,
};

static struct config_group *device_make(struct config_group *group, const char *name)
{
	struct bx_item *item;

	if (strlen(name) >= BX_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	item = kvzalloc(sizeof(*item), GFP_KERNEL);
	if (!item)
		return ERR_PTR(-ENOMEM);
	mutex_init(&item->lock);
	mutex_init(&item->device_lock);
	bx_device_options_init(&item->options, name);

	config_group_init_type_name(&item->group, name, &device_type);
	config_group_init_type_name(&item->namespaces, "namespaces", &namespaces_type);
	config_group_init_type_name(&item->timing, "timing", &timing_type);
	config_group_init_type_name(&item->fault, "fault", &bx_fault_type);
	config_group_init_type_name(&item->stats, "stats", &bx_stats_type);
	configfs_add_default_group(&item->namespaces, &item->group);
	configfs_add_default_group(&item->timing, &item->group);
	configfs_add_default_group(&item->fault, &item->group);
	configfs_add_default_group(&item->stats, &item->group);
	return &item->group;
}

static void device_drop(struct config_group *group, struct config_item *config)
{
	struct bx_item *item = item_of(config);

	mutex_lock(&item->lock);
	power_off(item);
	mutex_unlock(&item->lock);
	config_item_put(config);
}

static struct configfs_group_operations root_ops = {
	.make_group = device_make,
	.drop_item = device_drop,
};

static const struct config_item_type root_type = {
	.ct_group_ops = &root_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "bx_emu",
			.ci_type = &root_type,
		},
	},
};

int bx_configfs_init(void)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	return configfs_register_subsystem(&subsystem);
}

void bx_configfs_exit(void)
{
	configfs_unregister_subsystem(&subsystem);
}
