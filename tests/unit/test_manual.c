// SPDX-License-Identifier: GPL-2.0-or-later
/* The manual says of every state, step, result, error and exit code what the tables say. */
#include "daemon/errors.h"
#include "daemon/states.h"
#include "daemon/steps.h"
#include "daemon/util.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A page with every run of blanks and line ends made one blank. */
static char *read_page(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 1 << 16);
	size_t n = 0;
	int c;

	assert_non_null(file);
	assert_non_null(text);
	while ((c = fgetc(file)) != EOF && n < (1 << 16) - 1) {
		if (!isspace(c))
			text[n++] = c;
		else if (n && text[n - 1] != ' ')
			text[n++] = ' ';
	}
	fclose(file);
	return text;
}

static void check_entry(const char *page, const char *name, const char *text)
{
	_cleanup_free_ char *entry = NULL;

	if (!*name)
		return; /* the absence of a result has no name */
	assert_true(asprintf(&entry, ".It Cm %s %s", name, text) > 0);
	if (!strstr(page, entry))
		fail_msg("man/bxd.8 does not have: %s", entry);
}

static void every_state_is_in_the_manual(void **state)
{
	_cleanup_free_ char *page = read_page("man/bxd.8");

#define X(id, name, doc) check_entry(page, name, doc);
	BX_STATES(X)
#undef X
}

static void every_step_and_result_is_in_the_manual(void **state)
{
	_cleanup_free_ char *page = read_page("man/bxd.8");

#define X(id, name, percent, durable, doc) check_entry(page, name, doc);
	BX_STEPS(X)
#undef X
#define X(id, name, doc) check_entry(page, name, doc);
	BX_RESULTS(X)
#undef X
}

static void every_error_is_in_the_manual(void **state)
{
	_cleanup_free_ char *page = read_page("man/bxd.8");

	for (int i = BX_ERROR_NONE + 1; i < BX_ERROR_COUNT; i++)
		check_entry(page, bx_error_name(i), bx_error_documentation(i));
}

static void every_exit_code_is_in_the_manual(void **state)
{
	_cleanup_free_ char *page = read_page("man/bxctl.1");

	for (int code = BX_EXIT_OK; code <= BX_EXIT_NO_DAEMON; code++) {
		char entry[24];

		snprintf(entry, sizeof(entry), " .It %d ", code);
		assert_non_null(strstr(page, entry));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_in_the_manual),
		cmocka_unit_test(every_step_and_result_is_in_the_manual),
		cmocka_unit_test(every_error_is_in_the_manual),
		cmocka_unit_test(every_exit_code_is_in_the_manual),
	};

	return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
