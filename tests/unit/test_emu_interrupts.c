// SPDX-License-Identifier: GPL-2.0-or-later
/* When a completion has its interrupt, which features 08h and 09h let the controller hold back. The clock stands still. */
#include <kit/cmocka.h>

#include <linux/ktime.h>

#include "tests/unit/emu_admin.h"

#define QUEUE	  3
#define STEP	  100000ull /* ns; feature 08h counts in these */
#define THRESHOLD 4 /* entries, 0-based in the feature */

static struct emu_host host;

/* Up to THRESHOLD completions wait for one interrupt, for two steps at most. */
static void begin(void)
{
	admin_begin(&host);
	emu_make_queue(&host, QUEUE, 64);
	assert_int_equal(admin_set(&host, NVME_FEAT_IRQ_COALESCE, 2 << 8 | (THRESHOLD - 1)), 0);
	memset(host.interrupts, 0, sizeof(host.interrupts));
}

static void end(void)
{
	emu_end(&host);
}

static u64 complete(unsigned int count)
{
	const struct nvme_command cmd = { .common = { .opcode = nvme_cmd_flush,
						      .nsid = cpu_to_le32(1) } };
	struct emu_result result;

	for (unsigned int i = 0; i < count; i++)
		emu_submit(&host, QUEUE, &cmd);
	emu_pass(&host);
	for (unsigned int i = 0; i < count; i++)
		assert_true(emu_reap(&host, QUEUE, &result));
	/* When it wants to look again, if the host does nothing. */
	return bx_engine_pass(&host.ctrl->engines[0]);
}

static void few_completions_wait_for_their_time(void **state)
{
	begin();
	assert_int_equal(complete(THRESHOLD - 1), ktime_get_ns() + 2 * STEP);
	assert_int_equal(host.interrupts[QUEUE], 0);
	kit_clock_advance(2 * STEP - 1);
	assert_int_equal(bx_engine_pass(&host.ctrl->engines[0]), ktime_get_ns() + 1);
	assert_int_equal(host.interrupts[QUEUE], 0);
	kit_clock_advance(1);
	emu_pass(&host);
	assert_int_equal(host.interrupts[QUEUE], 1);
	assert_int_equal(host.ctrl->engines[0].stats.coalesced, THRESHOLD - 2);
	/* And once only. */
	kit_clock_advance(10 * STEP);
	emu_pass(&host);
	assert_int_equal(host.interrupts[QUEUE], 1);
	end();
}

/* The time runs from the first of them on. */
static void a_later_completion_does_not_prolong_the_time(void **state)
{
	u64 first;

	begin();
	first = ktime_get_ns();
	complete(1);
	kit_clock_advance(STEP);
	assert_int_equal(complete(1), first + 2 * STEP);
	kit_clock_advance(STEP);
	emu_pass(&host);
	assert_int_equal(host.interrupts[QUEUE], 1);
	end();
}

static void enough_completions_wait_for_nothing(void **state)
{
	begin();
	assert_int_equal(complete(THRESHOLD), U64_MAX);
	assert_int_equal(host.interrupts[QUEUE], 1);
	/* Also those that come one by one. */
	for (unsigned int i = 0; i < THRESHOLD; i++) {
		assert_int_equal(host.interrupts[QUEUE], 1);
		complete(1);
	}
	assert_int_equal(host.interrupts[QUEUE], 2);
	end();
}

static void a_vector_may_be_left_out(void **state)
{
	begin();
	assert_int_equal(admin_set(&host, NVME_FEAT_IRQ_CONFIG, 1 << 16 | QUEUE), 0);
	complete(1);
	assert_int_equal(host.interrupts[QUEUE], 1);
	end();
}

static void the_admin_queue_waits_for_nothing(void **state)
{
	begin();
	assert_int_equal(admin_set(&host, NVME_FEAT_ARBITRATION, 3), 0);
	assert_int_equal(host.interrupts[0], 1);
	end();
}

static void without_a_time_nothing_is_held_back(void **state)
{
	begin();
	assert_int_equal(admin_set(&host, NVME_FEAT_IRQ_COALESCE, THRESHOLD - 1), 0);
	complete(1);
	assert_int_equal(host.interrupts[QUEUE], 1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(few_completions_wait_for_their_time),
		kit_test(a_later_completion_does_not_prolong_the_time),
		kit_test(enough_completions_wait_for_nothing),
		kit_test(a_vector_may_be_left_out),
		kit_test(the_admin_queue_waits_for_nothing),
		kit_test(without_a_time_nothing_is_held_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
