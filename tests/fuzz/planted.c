// SPDX-License-Identifier: GPL-2.0-or-later
/* A fuzz target with the fault that $BX_PLANTED names, for the test of tests/check-fuzz. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/bug.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile int sink;
static void *volatile block;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *how = getenv("BX_PLANTED") ?: "nothing";

	if (!strcmp(how, "exit"))
		_exit(0);
	if (size < 4 || data[0] != 'B' || data[1] != 'U' || data[2] != 'G' || data[3] != '!')
		return 0;
	if (!strcmp(how, "overflow")) {
		block = malloc(size);
		((volatile char *)block)[size] = 0;
	}
	if (!strcmp(how, "leak")) {
		block = malloc(size);
		block = NULL;
	}
	if (!strcmp(how, "undefined"))
		sink = 1 << (size + 28);
	if (!strcmp(how, "warn"))
		WARN_ON(size >= 4);
	while (!strcmp(how, "hang"))
		;
	return 0;
}
