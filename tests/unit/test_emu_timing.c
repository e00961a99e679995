// SPDX-License-Identifier: GPL-2.0-or-later
/* The model that says when a command is done. The clock stands still: all numbers are exact. */
#include <kit/cmocka.h>

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>

#include "kmods/emu/timing.h"
#include "tests/unit/emu_host.h"

#define NOW	1000000ull
#define LATENCY 100

static struct emu_host host;
static struct bx_sq sq = { .id = 1 };

static void begin(const struct bx_timing_values *values)
{
	emu_begin(&host, &(struct emu_options){ .engines = 2 });
	emu_namespace(&host, 8 << 20, 3, 0);
	assert_int_equal(bx_timing_set(host.ctrl, values), 0);
}

static void end(void)
{
	emu_end(&host);
}

/* How long a command of so many blocks of 4 KiB takes, if it is given at that time. */
static u64 takes(u8 opcode, u64 lba, unsigned int blocks, u64 at)
{
	struct bx_request request = {
		.sq = &sq,
		.cmd.rw = {
			.opcode = opcode,
			.nsid = cpu_to_le32(1),
			.slba = cpu_to_le64(lba),
			.length = cpu_to_le16(blocks - 1),
		},
	};

	return bx_timing_due(&host.ctrl->engines[0], &request, at) - at;
}

static void nothing_set_is_due_now(void **state)
{
	begin(&(struct bx_timing_values){});
	assert_int_equal(takes(nvme_cmd_read, 0, 100, NOW), 0);
	assert_int_equal(takes(nvme_cmd_write, 0, 100, NOW), 0);
	assert_int_equal(takes(nvme_cmd_flush, 0, 1, NOW), 0);
	end();
}

static void each_kind_of_command_has_its_latency(void **state)
{
	begin(&(struct bx_timing_values){
		.read_latency_ns = 100, .write_latency_ns = 200, .other_latency_ns = 300 });
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 100);
	assert_int_equal(takes(nvme_cmd_compare, 0, 1, NOW), 100);
	assert_int_equal(takes(nvme_cmd_verify, 0, 1, NOW), 100);
	assert_int_equal(takes(nvme_cmd_write, 0, 1, NOW), 200);
	assert_int_equal(takes(nvme_cmd_flush, 0, 1, NOW), 300);
	assert_int_equal(takes(nvme_cmd_dsm, 0, 1, NOW), 300);
	assert_int_equal(takes(nvme_cmd_write_zeroes, 0, 1, NOW), 300);
	/* However many there are at a time, and however large. */
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 100);
	assert_int_equal(takes(nvme_cmd_read, 0, 256, NOW), 100);
	end();
}

static void a_unit_does_one_piece_after_the_other(void **state)
{
	begin(&(struct bx_timing_values){ .read_latency_ns = 100, .nr_io_units = 4 });
	/* Neighbours go to different units, every fourth to the same. */
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 100);
	assert_int_equal(takes(nvme_cmd_read, 1, 1, NOW), 100);
	assert_int_equal(takes(nvme_cmd_read, 4, 1, NOW), 200);
	assert_int_equal(takes(nvme_cmd_read, 8, 1, NOW), 300);
	assert_int_equal(takes(nvme_cmd_read, 5, 1, NOW), 200);
	/* When it has done all that, it is as at first. */
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW + 300), 100);
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW + 350), 150);
	end();
}

static void a_large_command_is_spread_over_the_units(void **state)
{
	begin(&(struct bx_timing_values){ .read_latency_ns = 100, .nr_io_units = 4 });
	assert_int_equal(takes(nvme_cmd_read, 0, 4, NOW), 100);
	assert_int_equal(takes(nvme_cmd_read, 0, 5, NOW + 1000), 200);
	assert_int_equal(takes(nvme_cmd_read, 3, 8, NOW + 2000), 200);
	assert_int_equal(takes(nvme_cmd_read, 2, 9, NOW + 3000), 300);
	end();
}

static void a_piece_is_as_large_as_was_said(void **state)
{
	begin(&(struct bx_timing_values){
		.read_latency_ns = 100, .nr_io_units = 1, .io_unit_size = 16384 });
	assert_int_equal(takes(nvme_cmd_read, 0, 4, NOW), 100);
	/* Across the border of two. */
	assert_int_equal(takes(nvme_cmd_read, 3, 2, NOW + 1000), 200);
	end();
	begin(&(struct bx_timing_values){
		.read_latency_ns = 100, .nr_io_units = 1, .io_unit_size = 512 });
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 800);
	end();
}

static void bandwidth_is_shared_by_all_commands_of_a_direction(void **state)
{
	/* 4,096 bytes in 1,000 ns. */
	begin(&(struct bx_timing_values){ .read_latency_ns = 500,
					  .read_bandwidth = 4096000000,
					  .write_bandwidth = 8192000000 });
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 1000);
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 2000);
	assert_int_equal(takes(nvme_cmd_read, 0, 4, NOW), 6000);
	assert_int_equal(takes(nvme_cmd_write, 0, 1, NOW), 500);
	assert_int_equal(takes(nvme_cmd_write, 0, 2, NOW), 1500);
	/* No data comes to the host, so the link does not matter. */
	assert_int_equal(takes(nvme_cmd_verify, 0, 100, NOW), 500);
	assert_int_equal(takes(nvme_cmd_flush, 0, 1, NOW), 0);
	end();
}

static void a_small_command_alone_takes_the_latency(void **state)
{
	begin(&(struct bx_timing_values){ .read_latency_ns = 100000, .read_bandwidth = 1 << 30 });
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 100000);
	end();
}

static void impossible_values_change_nothing(void **state)
{
	struct bx_timing_values values = { .read_latency_ns = 7 }, wrong, now;

	begin(&values);
	wrong = values;
	wrong.io_unit_size = 4095;
	assert_int_equal(bx_timing_set(host.ctrl, &wrong), -EINVAL);
	wrong.io_unit_size = 256;
	assert_int_equal(bx_timing_set(host.ctrl, &wrong), -EINVAL);
	wrong.io_unit_size = 0;
	wrong.nr_io_units = BX_TIMING_UNITS_MAX + 1;
	assert_int_equal(bx_timing_set(host.ctrl, &wrong), -EINVAL);
	wrong.nr_io_units = 0;
	wrong.read_latency_ns = BX_TIMING_LATENCY_MAX + 1;
	assert_int_equal(bx_timing_set(host.ctrl, &wrong), -EINVAL);
	bx_timing_get(host.ctrl, &now);
	assert_int_equal(now.read_latency_ns, 7);
	assert_int_equal(now.io_unit_size, 4096);
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 7);
	end();
}

static void without_memory_for_units_all_stays_as_it_was(void **state)
{
	begin(&(struct bx_timing_values){ .read_latency_ns = 7 });
	kit_fail_allocation(0);
	assert_int_equal(bx_timing_set(host.ctrl, &(struct bx_timing_values){ .nr_io_units = 4 }),
			 -ENOMEM);
	assert_int_equal(takes(nvme_cmd_read, 0, 1, NOW), 7);
	end();
}

/* The longest latency, on one unit, again and again: time does not wrap around. */
static void the_end_of_time_is_not_passed(void **state)
{
	u64 before = 0;

	begin(&(struct bx_timing_values){
		.read_latency_ns = BX_TIMING_LATENCY_MAX, .nr_io_units = 1, .io_unit_size = 512 });
	for (int i = 0; i < 100; i++) {
		u64 now = takes(nvme_cmd_read, 0, 65536, NOW);

		assert_true(now >= before);
		before = now;
	}
	end();
}

static const struct nvme_command verify = {
	.rw = { .opcode = nvme_cmd_verify, .nsid = cpu_to_le32(1) },
};

/* A host whose commands take LATENCY by a clock that the test holds. */
static void begin_with_late_commands(void)
{
	kit_clock_hold(NOW);
	begin(&(struct bx_timing_values){ .read_latency_ns = LATENCY });
	emu_enable(&host);
	emu_make_queue(&host, 1, 16);
}

/* Not before its time. */
static void expect_one_to_be_late(void)
{
	emu_submit(&host, 1, &verify);
	emu_pass(&host);
	kit_clock_advance(LATENCY - 1);
	emu_expect_none(&host, 1);
	kit_clock_advance(1);
	emu_expect(&host, 1, 0);
}

static void a_command_is_completed_when_the_model_says(void **state)
{
	begin_with_late_commands();
	expect_one_to_be_late();
	end();
	kit_clock_release();
}

static void a_command_that_is_not_due_can_be_aborted(void **state)
{
	struct emu_result result;
	struct nvme_command abort;
	u16 first, second;

	begin_with_late_commands();
	first = emu_submit(&host, 1, &verify);
	second = emu_submit(&host, 1, &verify);
	emu_pass(&host);
	abort = emu_abort_command(1, first);
	result = emu_run(&host, 0, &abort, NULL, 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.result & 1, 0);
	assert_int_equal(emu_expect(&host, 1, NVME_SC_ABORT_REQ).cid, first);
	/* The other one is not concerned, and none comes twice. */
	kit_clock_advance(LATENCY);
	assert_int_equal(emu_expect(&host, 1, 0).cid, second);
	emu_expect_none(&host, 1);
	end();
	kit_clock_release();
}

static void queues_are_deleted_with_commands_on_their_way(void **state)
{
	begin_with_late_commands();
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 8; i++)
			emu_submit(&host, 1, &verify);
		emu_expect_none(&host, 1);
		assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_sq, 1), 0);
		for (unsigned int i = 0; i < 8; i++)
			emu_expect(&host, 1, NVME_SC_ABORT_QUEUE);
		assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_cq, 1), 0);
		/* Their time comes, and nobody has kept them. */
		kit_clock_advance(1000);
		emu_expect_none(&host, 1);
		emu_make_queue(&host, 1, 16);
	}
	expect_one_to_be_late();
	/* The same by a reset, for which nobody gets an answer. */
	emu_submit(&host, 1, &verify);
	emu_pass(&host);
	emu_disable(&host);
	kit_clock_advance(1000);
	emu_pass(&host);
	end();
	kit_clock_release();
}

#define CHANGES	 200
#define SHORTEST 1000u /* latency, and a nanosecond more with each change */

/* With few units, many or none at all; its link is never slower than one of them. */
static struct bx_timing_values values_after(u32 changes)
{
	return (struct bx_timing_values){ .read_latency_ns = SHORTEST + changes,
					  .nr_io_units = changes % 3,
					  .read_bandwidth = changes % 5 * 8000000000 };
}

/* Returns how many changes were refused. */
static int change_values(void *data)
{
	struct completion *done = data;
	int refused = 0;

	for (u32 i = 1; i <= CHANGES; i++) {
		const struct bx_timing_values values = values_after(i);

		refused += bx_timing_set(host.ctrl, &values) < 0;
	}
	complete(done);
	while (!kthread_should_stop())
		schedule();
	return refused;
}

/* Each command comes when those before it are done, so that it takes what one of the values says, and the last what the last do. */
static void values_change_while_commands_come(void **state)
{
	const struct bx_timing_values first = values_after(0);
	struct task_struct *task;
	struct completion done;
	u64 now = NOW;

	begin(&first);
	init_completion(&done);
	task = kthread_run(change_values, &done, "changer");
	assert_false(IS_ERR(task));
	for (unsigned int i = 0; i < 1000; i++) {
		unsigned int blocks = 1 + i % 9;
		u64 longest = blocks * (SHORTEST + CHANGES);

		assert_in_range(takes(nvme_cmd_read, i % 100, blocks, now), SHORTEST, longest);
		now += longest;
	}
	wait_for_completion(&done);
	assert_int_equal(kthread_stop(task), 0);
	assert_int_equal(takes(nvme_cmd_read, 0, 1, now), SHORTEST + CHANGES);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(nothing_set_is_due_now),
		kit_test(each_kind_of_command_has_its_latency),
		kit_test(a_unit_does_one_piece_after_the_other),
		kit_test(a_large_command_is_spread_over_the_units),
		kit_test(a_piece_is_as_large_as_was_said),
		kit_test(bandwidth_is_shared_by_all_commands_of_a_direction),
		kit_test(a_small_command_alone_takes_the_latency),
		kit_test(impossible_values_change_nothing),
		kit_test(without_memory_for_units_all_stays_as_it_was),
		kit_test(the_end_of_time_is_not_passed),
		kit_test(a_command_is_completed_when_the_model_says),
		kit_test(a_command_that_is_not_due_can_be_aborted),
		kit_test(queues_are_deleted_with_commands_on_their_way),
		kit_test(values_change_while_commands_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
