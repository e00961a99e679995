// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes to the inspector and from it: control groups, which users may name, questions and answers. */
#include "daemon/inspector.h"
#include "daemon/util.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_unit(const char *text)
{
	char unit[BX_UNIT_MAX], cleaned[BX_UNIT_MAX];

	bx_unit_of_cgroup(text, unit);
	assert(!strchr(unit, '/') && !strchr(unit, '\n'));
	strcpy(cleaned, unit);
	assert(bx_streq(bx_clean_text(cleaned), unit));
}

/* What was understood is understood the same way when it is said again. */
static void check_answer(struct json_object *message)
{
	_cleanup_(json_object_putp) struct json_object *again = NULL;
	struct bx_openers once, twice;

	if (bx_inspector_read_openers(message, &once) < 0)
		return;
	assert(bx_inspector_write_openers(&once, &again) == 0);
	assert(bx_inspector_read_openers(again, &twice) == 0);
	assert(twice.count <= BX_INSPECTOR_LISTED);
	for (size_t i = 0; i < twice.count; i++) {
		assert(once.list[i].pid == twice.list[i].pid);
		assert(bx_streq(once.list[i].command, twice.list[i].command));
		assert(bx_streq(once.list[i].unit, twice.list[i].unit));
	}
	bx_openers_done(&once);
	bx_openers_done(&twice);
}

static void check_question(struct json_object *message)
{
	_cleanup_(json_object_putp) struct json_object *again = NULL;
	struct json_object *block, *character;
	struct bx_nodes nodes;

	if (!json_object_object_get_ex(message, "block", &block) ||
	    !json_object_object_get_ex(message, "char", &character) ||
	    !json_object_is_type(block, json_type_array) ||
	    !json_object_is_type(character, json_type_array) ||
	    bx_inspector_read_nodes(block, character, &nodes) < 0)
		return;
	assert(nodes.count ==
	       json_object_array_length(block) + json_object_array_length(character));
	assert(bx_inspector_write_nodes(&nodes, &again) == 0);
	bx_nodes_done(&nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bx_json_limits limits = { .size = 1 << 16, .depth = 16, .values = 8192 };
	_cleanup_(json_object_putp) struct json_object *message = NULL;
	_cleanup_free_ char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	check_unit(text);
	if (bx_json_parse(text, size, &limits, &message) == 0 &&
	    json_object_is_type(message, json_type_object)) {
		check_answer(message);
		check_question(message);
	}
	return 0;
}
