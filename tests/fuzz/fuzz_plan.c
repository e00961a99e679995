// SPDX-License-Identifier: GPL-2.0-or-later
/* The plans' parser: what it takes can be shown and taken again, and is the same. */
#include "daemon/plan.h"
#include "daemon/util.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_failure failure = { 0 };
	struct bx_plan plan, again;
	struct json_object *object;
	const char *text;

	if (bx_plan_parse((const char *)data, size, &plan, &failure) < 0) {
		assert(failure.error == BX_ERROR_INVALID_ARGUMENT && *failure.message);
		return 0;
	}
	object = json_object_new_object();
	assert(object && bx_plan_show(&plan, object) == 0);
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	assert(bx_plan_parse(text, strlen(text), &again, &failure) == 0);
	assert(bx_plan_compare(&plan, &again, &failure) == 0);
	bx_plan_refused(&again, &failure);
	bx_plan_done(&again);
	json_object_put(object);
	bx_plan_done(&plan);
	return 0;
}
