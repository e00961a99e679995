// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal's parser: what it takes is what it would write, and can be written and taken again. */
#include "daemon/journal.h"
#include "daemon/util.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_operation operation, again;
	_cleanup_free_ char *text = NULL;

	if (bx_operation_parse((const char *)data, size, &operation) < 0)
		return 0;
	assert(!*operation.address || bx_pci_address_valid(operation.address));
	assert(!*operation.new_driver || bx_driver_name_valid(operation.new_driver));
	assert(bx_operation_format(&operation, &text) == 0);
	assert(bx_operation_parse(text, strlen(text), &again) == 0);
	assert(again.job == operation.job && again.step == operation.step);
	return 0;
}
