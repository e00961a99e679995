// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device has done, as files in configfs: sums over its engines, which count without a lock, so that two
 * files need not agree to the last command. They begin at 0 when it is powered on; -ENODEV while it is off.
 * Whoever looks at them does not wait for a power-on or -off.
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "attribute.h"

static struct bx_item *stats_item_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct bx_item, stats);
}

static u64 sum(const struct bx_ctrl *ctrl, size_t offset)
{
	unsigned int i;
	u64 ret = 0;

	for (i = 0; i < ctrl->engine_count; i++)
		ret += READ_ONCE(*(const u64 *)((const u8 *)&ctrl->engines[i].stats + offset));
	return ret;
}

/* One number. */
static ssize_t print_number(const struct bx_ctrl *ctrl, size_t offset, unsigned int count,
			    char *page)
{
	return sysfs_emit(page, "%llu\n", sum(ctrl, offset));
}

/* Lines of `OPCODE NUMBER', where there is something to count. */
static ssize_t print_opcodes(const struct bx_ctrl *ctrl, size_t offset, unsigned int count,
			     char *page)
{
	unsigned int i;
	int length = 0;
	u64 number;

	for (i = 0; i < count; i++) {
		number = sum(ctrl, offset + i * sizeof(u64));
		if (number)
			length += sysfs_emit_at(page, length, "%02x %llu\n", i, number);
	}
	return length;
}

/* Lines of `LEAST NUMBER', by powers of two, where there is something to count. */
static ssize_t print_histogram(const struct bx_ctrl *ctrl, size_t offset, unsigned int count,
			       char *page)
{
	unsigned int i;
	int length = 0;
	u64 number;

	for (i = 0; i < count; i++) {
		number = sum(ctrl, offset + i * sizeof(u64));
		if (number)
			length += sysfs_emit_at(page, length, "%llu %llu\n", 1ull << i, number);
	}
	return length;
}

#define BX_STATS_ATTRIBUTE(name, member, kind)                                                     \
	static ssize_t bx_stats_##name##_show(struct config_item *config, char *page)              \
	{                                                                                          \
		struct bx_item *item = stats_item_of(config);                                      \
		ssize_t ret = -ENODEV;                                                             \
		mutex_lock(&item->device_lock);                                                    \
		if (item->device)                                                                  \
			ret = print_##kind(                                                        \
				item->device->ctrl, offsetof(struct bx_engine_stats, member),      \
				sizeof_field(struct bx_engine_stats, member) / sizeof(u64), page); \
		mutex_unlock(&item->device_lock);                                                  \
		return ret;                                                                        \
	}                                                                                          \
	CONFIGFS_ATTR_RO(bx_stats_, name)

BX_STATS_ATTRIBUTE(passes, passes, number);
BX_STATS_ATTRIBUTE(doorbell_polls, polls, number);
BX_STATS_ATTRIBUTE(busy_ns, busy_ns, number);
BX_STATS_ATTRIBUTE(slept_ns, slept_ns, number);
BX_STATS_ATTRIBUTE(admin_commands, commands[0], opcodes);
BX_STATS_ATTRIBUTE(io_commands, commands[1], opcodes);
BX_STATS_ATTRIBUTE(admin_errors, errors[0], opcodes);
BX_STATS_ATTRIBUTE(io_errors, errors[1], opcodes);
BX_STATS_ATTRIBUTE(bytes_read, bytes_read, number);
BX_STATS_ATTRIBUTE(bytes_written, bytes_written, number);
BX_STATS_ATTRIBUTE(interrupts, interrupts, number);
BX_STATS_ATTRIBUTE(interrupts_coalesced, coalesced, number);
BX_STATS_ATTRIBUTE(latency_asked, asked, histogram);
BX_STATS_ATTRIBUTE(latency_delivered, delivered, histogram);
BX_STATS_ATTRIBUTE(latency_late, late, histogram);
BX_STATS_ATTRIBUTE(queue_depth, depths, histogram);

static struct configfs_attribute *stats_attributes[] = {
	&bx_stats_attr_passes,
	&bx_stats_attr_doorbell_polls,
	&bx_stats_attr_busy_ns,
	&bx_stats_attr_slept_ns,
	&bx_stats_attr_admin_commands,
	&bx_stats_attr_io_commands,
	&bx_stats_attr_admin_errors,
	&bx_stats_attr_io_errors,
	&bx_stats_attr_bytes_read,
	&bx_stats_attr_bytes_written,
	&bx_stats_attr_interrupts,
	&bx_stats_attr_interrupts_coalesced,
	&bx_stats_attr_latency_asked,
	&bx_stats_attr_latency_delivered,
	&bx_stats_attr_latency_late,
	&bx_stats_attr_queue_depth,
	NULL,
};

const struct config_item_type bx_stats_type = {
	.ct_attrs = stats_attributes,
	.ct_owner = THIS_MODULE,
};
