// SPDX-License-Identifier: GPL-2.0-or-later
/* The definitions' parser: what it takes names only attributes, and can be written and taken again. */
#include "daemon/definition.h"
#include "daemon/util.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_definition *definition, *again;
	struct bx_failure failure = { 0 };
	_cleanup_free_ char *text = NULL;

	if (bx_definition_parse((const char *)data, size, "demo", BX_DEFINITION_STORED, &definition,
				&failure) < 0)
		return 0;
	json_object_object_foreach(definition->settings, name, value) {
		assert(*name != '/' && !strstr(name, ".."));
		assert(json_object_get_string_len(value) ==
		       (int)strlen(json_object_get_string(value)));
	}
	assert(bx_definition_format(definition, &text) == 0);
	assert(bx_definition_parse(text, strlen(text), "demo", BX_DEFINITION_STORED, &again,
				   &failure) == 0);
	assert(again->autostart == definition->autostart);
	assert(json_object_equal(again->settings, definition->settings));
	bx_definition_free(again);
	bx_definition_free(definition);
	return 0;
}
