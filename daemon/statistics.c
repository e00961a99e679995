// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters of devices; see statistics.h. */
#include "daemon/statistics.h"
#include "daemon/emulated.h"
#include "daemon/json.h"
#include "daemon/util.h"

#include <inttypes.h>

#define SECTOR 512

/* The columns of /sys/class/block/DISK/stat, and what one of them is worth. */
static const struct {
	const char *name;
	unsigned int unit;
} columns[] = {
	{ "reads", 1 },
	{ NULL, 0 },
	{ "bytes_read", SECTOR },
	{ NULL, 0 },
	{ "writes", 1 },
	{ NULL, 0 },
	{ "bytes_written", SECTOR },
	{ NULL, 0 },
	{ "in_flight", 1 },
	{ "busy_ms", 1 },
	{ NULL, 0 },
	{ "discards", 1 },
	{ NULL, 0 },
	{ "bytes_discarded", SECTOR },
	{ NULL, 0 },
	{ "flushes", 1 },
};

static int add(struct json_object *values, const char *name, uint64_t number)
{
	uint64_t sum = json_object_get_uint64(json_object_object_get(values, name)) + number;

	return json_object_object_add(values, name, json_object_new_uint64(sum)) < 0 ? -ENOMEM : 0;
}

static int add_disk(struct json_object *values, const char *text)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(columns); i++) {
		char *end;
		uint64_t number = strtoull(text, &end, 10);

		/* Older kernels have fewer of them. */
		if (end == text)
			break;
		text = end;
		if (columns[i].name)
			r = add(values, columns[i].name, number * columns[i].unit);
	}
	return r;
}

static int add_emulated(struct bx_root *root, const char *name, struct json_object *values)
{
	static const struct {
		const char *file, *name;
	} counters[] = {
		{ "interrupts", "interrupts" },
		{ "busy_ns", "engine_busy_ns" },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(counters); i++) {
		char text[32];

		/* None while it is off. */
		if (bx_root_read(root,
				 bx_path(BX_EMULATED_DIR "/%s/stats/%s", name, counters[i].file).s,
				 text, sizeof(text)) > 0)
			r = add(values, counters[i].name, strtoull(text, NULL, 10));
	}
	return r;
}

int bx_statistics_read(struct bx_root *root, char *const *blocks, const char *name,
		       struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *values = json_object_new_object();
	int r = values ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && blocks && blocks[i]; i++) {
		char text[512];

		/* A disk that has just gone has nothing to say. */
		if (bx_root_read(root, bx_path("sys/class/block/%s/stat", blocks[i]).s, text,
				 sizeof(text)) > 0)
			r = add_disk(values, text);
	}
	if (r >= 0 && *name)
		r = add_emulated(root, name, values);
	if (r < 0)
		return r;
	*ret = values;
	values = NULL;
	return 0;
}
