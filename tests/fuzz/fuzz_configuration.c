// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser of bxd.conf: whatever stands there, the result is within its bounds, and complaints are text. */
#include "daemon/configuration.h"
#include "daemon/util.h"

#include <assert.h>
#include <syslog.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void complain(const char *file, unsigned int line, const char *why)
{
	assert(line > 0);
	for (; *why; why++)
		assert((unsigned char)*why >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_configuration c = bx_configuration_default;
	_cleanup_free_ char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	bx_configuration_parse(&c, "f", text, complain);
	assert(c.log_level >= LOG_EMERG && c.log_level <= LOG_DEBUG);
	assert(c.idle_exit >= 1000);
	assert(c.live_timeout >= 1000 && c.live_timeout <= 300 * 1000);
	assert(c.return_timeout >= 1000 && c.return_timeout <= 300 * 1000);
	return 0;
}
