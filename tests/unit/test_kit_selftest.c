// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks that also run in the kernel, as bx_kit_selftest, against the stand-in kernel. */
#include <kit/cmocka.h>

#include "tests/kit/selftest/selftest.h"

int kit_init_bx_kit_selftest_init(void);
void kit_exit_bx_kit_selftest_exit(void);

static const struct bx_check *const groups[] = {
	bx_checks_numbers,    bx_checks_text,	 bx_checks_memory,
	bx_checks_containers, bx_checks_threads,
};

static void run_check(void **state)
{
	const struct bx_check *check = *state;
	const char *wrong;

	kit_begin();
	if (check->run())
		fail_msg("%s", kit_log());
	wrong = kit_end();
	if (wrong)
		fail_msg("%s", wrong);
}

static void the_module_loads(void **state)
{
	assert_int_equal(kit_init_bx_kit_selftest_init(), 0);
	kit_exit_bx_kit_selftest_exit();
}

int main(void)
{
	struct CMUnitTest tests[100] = { kit_test(the_module_loads) };
	size_t n = 1;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		for (const struct bx_check *check = groups[i]; check->name; check++) {
			assert_true(n < 100);
			tests[n++] = (struct CMUnitTest){ check->name, run_check, NULL, NULL,
							  (void *)check };
		}
	}
	return _cmocka_run_group_tests("kit_selftest", tests, n, NULL, NULL);
}
