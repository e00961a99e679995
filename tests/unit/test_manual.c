// SPDX-License-Identifier: GPL-2.0-or-later
/* The manual has every exit code. What else the tables have is in a page that is made from them. */
#include "daemon/errors.h"
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
		cmocka_unit_test(every_exit_code_is_in_the_manual),
	};

	return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
