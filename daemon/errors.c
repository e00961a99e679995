// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks things up in the table of errors.h. */
#include "daemon/errors.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFIX BX_BUS_NAME ".Error."

static const struct {
	const char *bus_name;
	enum bx_exit code;
	const char *documentation;
} table[BX_ERROR_COUNT] = {
#define X(id, name, exit_code, doc) [BX_ERROR_##id] = { PREFIX #name, exit_code, doc },
	BX_ERRORS(X)
#undef X
};

const char *bx_error_bus_name(enum bx_error error)
{
	return error > BX_ERROR_NONE && error < BX_ERROR_COUNT ? table[error].bus_name : "";
}

const char *bx_error_name(enum bx_error error)
{
	const char *name = bx_error_bus_name(error);

	return *name ? name + strlen(PREFIX) : name;
}

int bx_error_from_name(const char *name, enum bx_error *ret)
{
	if (!strncmp(name, PREFIX, strlen(PREFIX)))
		name += strlen(PREFIX);
	for (enum bx_error e = BX_ERROR_NONE; e < BX_ERROR_COUNT; e++) {
		if (!strcmp(name, bx_error_name(e))) {
			*ret = e;
			return 0;
		}
	}
	return -EINVAL;
}

enum bx_exit bx_error_exit_code(enum bx_error error)
{
	if (error == BX_ERROR_NONE)
		return BX_EXIT_OK;
	return error < BX_ERROR_COUNT ? table[error].code : BX_EXIT_FAILED;
}

const char *bx_error_documentation(enum bx_error error)
{
	return error > BX_ERROR_NONE && error < BX_ERROR_COUNT ? table[error].documentation : "";
}

int bx_fail(struct bx_failure *failure, int r, enum bx_error error, const char *format, ...)
{
	va_list ap;

	if (!failure)
		return r;
	failure->error = error;
	va_start(ap, format);
	vsnprintf(failure->message, sizeof(failure->message), format, ap);
	va_end(ap);
	bx_clean_text(failure->message);
	return r;
}
