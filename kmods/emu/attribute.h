/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that make up configfs share: a device's item, and values as text. */
#ifndef BX_EMU_ATTRIBUTE_H
#define BX_EMU_ATTRIBUTE_H

#include <linux/configfs.h>
#include <linux/mutex.h>

#include "device.h"

struct bx_item {
	struct config_group group;
	struct config_group namespaces, timing, fault, stats;
	struct mutex lock; /* held while it is powered on or off, which may take long */
	struct mutex device_lock; /* held while `device' changes: who only looks waits for no more */
	struct bx_device_options options;
	struct bx_device *device; /* NULL: off */
	int domain; /* of its PCI function; 0: off. To be read without the lock, which is held while memory is looked for */
};

extern const struct config_item_type bx_fault_type, bx_stats_type;

/* They leave *value alone when the text is wrong: -EINVAL, or -ERANGE if it is not from @least to @most. */
ssize_t bx_show_u32(const u32 *value, char *page);
int bx_parse_u32(u32 *value, const char *text, u64 least, u64 most);
ssize_t bx_show_u64(const u64 *value, char *page);
int bx_parse_u64(u64 *value, const char *text, u64 least, u64 most);
ssize_t bx_show_size(const u64 *value, char *page);
int bx_parse_size(u64 *value, const char *text, u64 least, u64 most);
/* A size that people think of as a number. */
ssize_t bx_show_bytes(const u32 *value, char *page);
int bx_parse_bytes(u32 *value, const char *text, u64 least, u64 most);
/* 0, or a power of two */
ssize_t bx_show_power_of_2(const u64 *value, char *page);
int bx_parse_power_of_2(u64 *value, const char *text, u64 least, u64 most);
ssize_t bx_show_node(const int *value, char *page);
int bx_parse_node(int *value, const char *text, u64 least, u64 most);
ssize_t bx_show_cpus(const struct cpumask *value, char *page);
int bx_parse_cpus(struct cpumask *value, const char *text, u64 least, u64 most);
ssize_t bx_show_text(const char *value, char *page);
int bx_parse_text(char *value, const char *text, u64 least, u64 most);
ssize_t bx_show_u8(const u8 *value, char *page);
int bx_parse_u8(u8 *value, const char *text, u64 least, u64 most);
ssize_t bx_show_bool(const bool *value, char *page);
int bx_parse_bool(bool *value, const char *text, u64 least, u64 most);

#endif
