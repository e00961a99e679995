// SPDX-License-Identifier: GPL-2.0-or-later
/* A test program with the fault that $BX_PLANTED names, for the test of tests/check-unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

static const char *how;
static volatile int sink;
static void *volatile block;

static bool is(const char *name)
{
	return !strcmp(how, name);
}

static __attribute__((__noinline__)) void planted_hang(void)
{
	for (;;)
		pause();
}

static void *add(void *unused)
{
	sink++;
	return NULL;
}

static void race(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, add, NULL);
	sink++;
	pthread_join(thread, NULL);
}

static void first(void **state)
{
}

static void planted(void **state)
{
	volatile int n = 40;

	if (is("fail"))
		assert_int_equal(1, 2);
	if (is("skip"))
		skip();
	if (is("segv"))
		*(volatile char *)8 = 0;
	if (is("undefined"))
		sink = 1 << n;
	if (is("exit"))
		_exit(0);
	if (is("hang"))
		planted_hang();
	if (is("race"))
		race();
	if (is("leak")) {
		block = malloc(10);
		block = NULL;
	}
	if (is("overflow")) {
		block = malloc(10);
		((volatile char *)block)[n] = 0;
	}
	/* A child that outlives the program, and holds on to its output. */
	if (is("orphan") && fork() == 0) {
		sleep(1000);
		_exit(0);
	}
}

static int teardown(void **state)
{
	return is("teardown") ? -1 : 0;
}

static void last(void **state)
{
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first),
		cmocka_unit_test_teardown(planted, teardown),
		cmocka_unit_test(last),
	};
	int failed;

	how = getenv("BX_PLANTED") ?: "pass";
	if (is("none"))
		return 0;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return is("status") ? 3 : failed;
}
