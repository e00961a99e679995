// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values as text: what configfs shows, and what it takes. Reading gives what was written, in one normal form. Nothing in
 * here knows what a value is for.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/nodemask.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "attribute.h"

ssize_t bx_show_u32(const u32 *value, char *page)
{
	return sysfs_emit(page, "%u\n", *value);
}

int bx_parse_u32(u32 *value, const char *text, u64 least, u64 most)
{
	unsigned int number;
	int ret = kstrtouint(text, 0, &number);

	if (ret)
		return ret;
	if (number < least || number > most)
		return -ERANGE;
	*value = number;
	return 0;
}

ssize_t bx_show_u64(const u64 *value, char *page)
{
	return sysfs_emit(page, "%llu\n", *value);
}

int bx_parse_u64(u64 *value, const char *text, u64 least, u64 most)
{
	u64 number;
	int ret = kstrtou64(text, 0, &number);

	if (ret)
		return ret;
	if (number < least || number > most)
		return -ERANGE;
	*value = number;
	return 0;
}

/* Powers of 1024. */
static const char units[] = "?KMGTPE";

/* As memparse() takes it, in the largest unit that leaves nothing over. */
ssize_t bx_show_size(const u64 *value, char *page)
{
	unsigned int i = 0;
	u64 rest = *value;

	while (rest && !(rest & 1023) && i < sizeof(units) - 2) {
		rest >>= 10;
		i++;
	}
	return i ? sysfs_emit(page, "%llu%c\n", rest, units[i]) : sysfs_emit(page, "%llu\n", rest);
}

/* memparse() shifts without looking whether there is room in 64 bits: -ERANGE if there was none. */
static int check_room(const char *text, size_t length, u64 number)
{
	char word[32];
	u64 digits;
	int ret;

	if (length >= sizeof(word))
		return -ERANGE;
	memcpy(word, text, length);
	word[length] = 0;
	ret = kstrtou64(word, 0, &digits);
	if (ret != -EINVAL)
		return ret;
	/* The last character is a unit. */
	word[length - 1] = 0;
	ret = kstrtou64(word, 0, &digits);
	if (ret)
		return ret;
	return number >> (10 * (strchr(units, toupper(text[length - 1])) - units)) == digits
		       ? 0
		       : -ERANGE;
}

int bx_parse_size(u64 *value, const char *text, u64 least, u64 most)
{
	char *end;
	u64 number;
	int ret;

	if (!isdigit(*text))
		return -EINVAL;
	number = memparse(text, &end);
	if (*skip_spaces(end))
		return -EINVAL;
	ret = check_room(text, end - text, number);
	if (ret)
		return ret;
	if (number < least || number > most)
		return -ERANGE;
	*value = number;
	return 0;
}

ssize_t bx_show_bytes(const u32 *value, char *page)
{
	return bx_show_u32(value, page);
}

int bx_parse_bytes(u32 *value, const char *text, u64 least, u64 most)
{
	u64 number;
	int ret = bx_parse_size(&number, text, least, most);

	if (!ret)
		*value = number;
	return ret;
}

ssize_t bx_show_power_of_2(const u64 *value, char *page)
{
	return bx_show_size(value, page);
}

int bx_parse_power_of_2(u64 *value, const char *text, u64 least, u64 most)
{
	u64 number;
	int ret = bx_parse_size(&number, text, 0, most);

	if (ret)
		return ret;
	if (number && number < least)
		return -ERANGE;
	if (number && !is_power_of_2(number))
		return -EINVAL;
	*value = number;
	return 0;
}

ssize_t bx_show_node(const int *value, char *page)
{
	return sysfs_emit(page, "%d\n", *value);
}

int bx_parse_node(int *value, const char *text, u64 least, u64 most)
{
	int number, ret = kstrtoint(text, 0, &number);

	if (ret)
		return ret;
	if (number != NUMA_NO_NODE &&
	    (number < 0 || number >= MAX_NUMNODES || !node_online(number)))
		return -ERANGE;
	*value = number;
	return 0;
}

ssize_t bx_show_cpus(const struct cpumask *value, char *page)
{
	return sysfs_emit(page, "%*pbl\n", cpumask_pr_args(value));
}

int bx_parse_cpus(struct cpumask *value, const char *text, u64 least, u64 most)
{
	cpumask_var_t mask;
	int ret;

	if (!alloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	ret = cpulist_parse(text, mask);
	if (!ret && !cpumask_subset(mask, cpu_possible_mask))
		ret = -ERANGE;
	if (!ret && cpumask_weight(mask) > most)
		ret = -ERANGE;
	if (!ret)
		cpumask_copy(value, mask);
	free_cpumask_var(mask);
	return ret;
}

/* Identify has room for so many printable characters; a final newline is not meant. */
ssize_t bx_show_text(const char *value, char *page)
{
	return sysfs_emit(page, "%s\n", value);
}

int bx_parse_text(char *value, const char *text, u64 least, u64 most)
{
	size_t i, length = strcspn(text, "\n");

	if (text[length] && text[length + 1])
		return -EINVAL;
	if (length < least || length > most)
		return -EINVAL;
	for (i = 0; i < length; i++)
		if (!isascii(text[i]) || !isprint(text[i]))
			return -EINVAL;
	memcpy(value, text, length);
	value[length] = 0;
	return 0;
}

ssize_t bx_show_u8(const u8 *value, char *page)
{
	return sysfs_emit(page, "%u\n", *value);
}

int bx_parse_u8(u8 *value, const char *text, u64 least, u64 most)
{
	u32 number;
	int ret = bx_parse_u32(&number, text, least, most);

	if (!ret)
		*value = number;
	return ret;
}

ssize_t bx_show_bool(const bool *value, char *page)
{
	return sysfs_emit(page, "%d\n", *value);
}

int bx_parse_bool(bool *value, const char *text, u64 least, u64 most)
{
	return kstrtobool(text, value);
}
