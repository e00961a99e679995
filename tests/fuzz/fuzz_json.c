// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strict JSON: what is taken is printed and taken again as the same, and json-c never refuses what
 * the scan has found good (which would show as -ENOMEM).
 */
#include "daemon/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bx_json_limits limits = { .size = 1 << 16, .depth = 8, .values = 4096 };
	/* An escape is longer than what it stands for, and a byte can become one of six. */
	const struct bx_json_limits wider = { .size = 1 << 19, .depth = 8, .values = 4096 };
	_cleanup_(json_object_putp) struct json_object *value = NULL, *again = NULL;
	const char *text;
	size_t length;
	int r;

	r = bx_json_parse((const char *)data, size, &limits, &value);
	if (r < 0) {
		assert(r == -EBADMSG || r == -EMSGSIZE || r == -E2BIG);
		assert(!value);
		return 0;
	}
	text = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, &length);
	/* json-c gives no length for null. */
	if (!value)
		length = strlen(text);
	assert(text && strlen(text) == length);
	r = bx_json_parse(text, length, &wider, &again);
	assert(r == 0);
	assert(json_object_equal(value, again));
	return 0;
}
