// SPDX-License-Identifier: GPL-2.0-or-later
/* Queues, as a host sees them: how they are made, their rings and doorbells, and what is aborted in them. */
#include <kit/cmocka.h>

#include "kmods/emu/admin.h"
#include "tests/unit/emu_host.h"

#include <linux/kernel.h>

/* Enough for any number of entries that a queue could be asked to have. */
#define QUEUE_MEMORY (65536 * 16)

static struct nvme_command create_cq(struct emu_host *host, u16 id, u32 entries)
{
	return emu_create_cq_command(id, entries, emu_alloc(host, QUEUE_MEMORY));
}

static struct nvme_command create_sq(struct emu_host *host, u16 id, u32 entries, u16 cqid)
{
	return emu_create_sq_command(id, entries, cqid, emu_alloc(host, QUEUE_MEMORY));
}

static struct nvme_command flush(void)
{
	return (struct nvme_command){
		.common = { .opcode = nvme_cmd_flush, .nsid = cpu_to_le32(1) },
	};
}

/* ---- making and deleting */

static void a_completion_queue_is_made_only_as_it_can_be(void **state)
{
	struct nvme_command good, cmd;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	good = create_cq(&host, 1, 16);

	cmd = good, cmd.create_cq.cqid = cpu_to_le16(0);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_QID_INVALID);
	cmd = good, cmd.create_cq.cqid = cpu_to_le16(EMU_QUEUES + 1);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_QID_INVALID);
	cmd = good, cmd.create_cq.qsize = cpu_to_le16(0);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_QUEUE_SIZE);
	cmd = good, cmd.create_cq.qsize = cpu_to_le16(1024);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_QUEUE_SIZE);
	cmd = good, cmd.create_cq.cq_flags = cpu_to_le16(NVME_CQ_IRQ_ENABLED);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_INVALID_FIELD);
	cmd = good, cmd.create_cq.prp1 = cpu_to_le64(le64_to_cpu(cmd.create_cq.prp1) + 16);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_PRP_INVALID_OFFSET);
	cmd = good, cmd.create_cq.prp1 = cpu_to_le64(EMU_MEMORY + EMU_MEMORY_SIZE);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_DATA_XFER_ERROR);
	cmd = good, cmd.create_cq.irq_vector = cpu_to_le16(EMU_QUEUES + 1);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_INVALID_VECTOR);
	assert_int_equal(emu_status(&host, 0, good), 0);
	assert_int_equal(emu_status(&host, 0, good), NVME_SC_QID_INVALID);
	emu_end(&host);
}

static void a_submission_queue_wants_its_completion_queue_first(void **state)
{
	struct nvme_command good, cmd;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	good = create_sq(&host, 2, 16, 3);
	assert_int_equal(emu_status(&host, 0, good), NVME_SC_CQ_INVALID);
	assert_int_equal(emu_status(&host, 0, create_cq(&host, 3, 16)), 0);
	cmd = good, cmd.create_sq.cqid = cpu_to_le16(0);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_QID_INVALID);
	cmd = good, cmd.create_sq.sqid = cpu_to_le16(0);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_QID_INVALID);
	cmd = good, cmd.create_sq.qsize = cpu_to_le16(0);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_QUEUE_SIZE);
	assert_int_equal(emu_status(&host, 0, good), 0);
	assert_int_equal(emu_status(&host, 0, good), NVME_SC_QID_INVALID);

	/* And goes before it. */
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_cq, 3), NVME_SC_INVALID_QUEUE);
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_cq, 4), NVME_SC_QID_INVALID);
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_sq, 3), NVME_SC_QID_INVALID);
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_sq, 0), NVME_SC_QID_INVALID);
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_sq, 2), 0);
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_cq, 3), 0);
	emu_end(&host);
}

/* ---- heads and tails */

static void rings_wrap_any_number_of_times(void **state)
{
	struct emu_host host;

	emu_begin_with_queue(&host, 3);
	for (int i = 0; i < 1000; i++) {
		u8 data[512], back[512];

		memset(data, i, sizeof(data));
		assert_int_equal(emu_write(&host, 1, 1, i % 64, 1, data, sizeof(data)), 0);
		assert_int_equal(emu_read(&host, 1, 1, i % 64, 1, back, sizeof(back)), 0);
		assert_memory_equal(data, back, sizeof(data));
	}
	emu_end(&host);
}

static void a_full_completion_queue_is_never_overrun(void **state)
{
	struct nvme_command cmd = flush();
	struct emu_result result;
	struct emu_host host;
	u16 first = 0;

	emu_begin_with_queue(&host, 64);
	/* A completion queue of four, of which one entry stays free. */
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_sq, 1), 0);
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_cq, 1), 0);
	{
		struct nvme_command cq = create_cq(&host, 1, 4);
		struct nvme_command sq = create_sq(&host, 1, 64, 1);

		host.queues[1].cq = le64_to_cpu(cq.create_cq.prp1);
		host.queues[1].sq = le64_to_cpu(sq.create_sq.prp1);
		host.queues[1].cq_entries = 4;
		assert_int_equal(emu_status(&host, 0, cq), 0);
		assert_int_equal(emu_status(&host, 0, sq), 0);
	}
	for (int i = 0; i < 20; i++) {
		u16 cid = emu_submit(&host, 1, &cmd);

		first = i ? first : cid;
	}
	emu_pass(&host);
	for (int i = 0; i < 4; i++) {
		struct nvme_completion *entry = emu_at(&host, host.queues[1].cq);

		assert_int_equal(le16_to_cpu(entry[i].status) & 1, i < 3);
	}
	for (int i = 0; i < 20; i++) {
		assert_true(emu_reap(&host, 1, &result));
		assert_int_equal(result.status, 0);
		assert_int_equal(result.cid, first + i);
		emu_pass(&host);
	}
	emu_expect_none(&host, 1);
	emu_end(&host);
}

static void a_tail_that_cannot_be_stops_its_queue_and_no_other(void **state)
{
	struct nvme_command cmd = flush();
	struct emu_host host;

	emu_begin_with_queue(&host, 16);
	emu_make_queue(&host, 2, 16);
	bx_bar_write(host.ctrl, NVME_REG_DBS + 8, 16);
	emu_pass(&host);
	emu_submit(&host, 1, &cmd);
	assert_int_equal(emu_run(&host, 2, &cmd, NULL, 0).status, 0);
	emu_expect_none(&host, 1);
	/* Made anew it works. */
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_sq, 1), 0);
	assert_int_equal(emu_delete_queue(&host, nvme_admin_delete_cq, 1), 0);
	emu_make_queue(&host, 1, 16);
	assert_int_equal(emu_run(&host, 1, &cmd, NULL, 0).status, 0);
	emu_end(&host);
}

static void a_head_that_cannot_be_is_not_believed(void **state)
{
	static const u32 heads[] = { 4, 7, 0xffff, 0xffffffff, 3 };
	struct nvme_command cmd = flush();
	struct emu_host host;

	emu_begin_with_queue(&host, 4);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		bx_bar_write(host.ctrl, NVME_REG_DBS + 12, heads[i]);
		emu_pass(&host);
	}
	bx_bar_write(host.ctrl, NVME_REG_DBS + 12, 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(emu_run(&host, 1, &cmd, NULL, 0).status, 0);
	emu_expect_none(&host, 1);
	emu_end(&host);
}

static void completions_say_how_much_of_the_queue_is_free(void **state)
{
	struct nvme_command cmd = flush();
	struct emu_host host;

	emu_begin_with_queue(&host, 8);
	for (int i = 0; i < 20; i++) {
		emu_submit(&host, 1, &cmd);
		assert_int_equal(emu_expect(&host, 1, 0).sq_head, (i + 1) % 8);
	}
	emu_end(&host);
}

static void completions_of_a_pass_share_an_interrupt(void **state)
{
	struct nvme_command cmd = flush();
	struct emu_result result;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_namespace(&host, MIB, 0, 0);
	emu_enable(&host);
	emu_make_queue(&host, 3, 64);
	for (int i = 0; i < 16; i++)
		emu_submit(&host, 3, &cmd);
	emu_pass(&host);
	assert_int_equal(host.interrupts[3], 1);
	while (emu_reap(&host, 3, &result))
		;
	assert_int_equal(emu_run(&host, 3, &cmd, NULL, 0).status, 0);
	assert_int_equal(host.interrupts[3], 2);
	emu_end(&host);
}

static void queues_are_served_by_several_engines(void **state)
{
	const struct emu_options options = { .engines = 3 };
	struct nvme_command cmd = flush();
	struct emu_host host;

	emu_begin(&host, &options);
	emu_namespace(&host, MIB, 0, 0);
	emu_enable(&host);
	for (u16 id = 1; id <= EMU_QUEUES; id++)
		emu_make_queue(&host, id, 16);
	for (u16 id = 1; id <= EMU_QUEUES; id++)
		assert_int_equal(emu_run(&host, id, &cmd, NULL, 0).status, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(host.ctrl->engines[i].stats.commands[1][nvme_cmd_flush] >= 2);
	emu_disable(&host);
	emu_end(&host);
}

static void what_waits_and_what_is_taken_is_the_depth_of_a_queue(void **state)
{
	struct nvme_command cmd = flush();
	const struct bx_engine_stats *stats;
	struct emu_host host;

	emu_begin_with_queue(&host, 16);
	stats = &host.ctrl->engines[0].stats;
	for (int i = 0; i < 4; i++)
		emu_submit(&host, 1, &cmd);
	emu_pass(&host);
	/* They are done as they are taken: 4, 3, 2, and 1. */
	assert_int_equal(stats->depths[2], 1);
	assert_int_equal(stats->depths[1], 2);
	assert_int_equal(stats->depths[0], 1);
	assert_int_equal(host.ctrl->sqs[1]->taken, 0);
	assert_true(stats->polls > 0 && stats->busy_ns > 0);
	emu_end(&host);
}

/* ---- abort, shadow doorbells */

static void an_event_request_that_waits_can_be_aborted(void **state)
{
	struct nvme_command event = { .common = { .opcode = nvme_admin_async_event } };
	struct emu_result result;
	struct nvme_command cmd;
	struct emu_host host;
	u16 cid;

	emu_begin(&host, NULL);
	emu_enable(&host);
	cid = emu_submit(&host, 0, &event);
	emu_expect_none(&host, 0);
	cmd = emu_abort_command(0, cid);
	emu_submit(&host, 0, &cmd);
	assert_int_equal(emu_expect(&host, 0, NVME_SC_ABORT_REQ).cid, cid);
	assert_int_equal(emu_expect(&host, 0, 0).result & 1, 0);
	/* What is not there is not aborted, and that is no error. */
	cmd = emu_abort_command(0, cid);
	result = emu_run(&host, 0, &cmd, NULL, 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.result & 1, 1);
	cmd = emu_abort_command(5, 0);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_INVALID_FIELD);
	emu_end(&host);
}

static void shadow_doorbells_are_looked_at_and_need_no_ringing(void **state)
{
	struct nvme_command cmd = flush(), config;
	struct emu_host host;
	__le32 *shadow, *event;
	u64 at;

	emu_begin_with_queue(&host, 16);
	at = emu_alloc(&host, 2 * PAGE);
	shadow = emu_at(&host, at);
	event = emu_at(&host, at + PAGE);
	config = (struct nvme_command){
		.dbbuf = { .opcode = nvme_admin_dbbuf,
			   .prp1 = cpu_to_le64(at),
			   .prp2 = cpu_to_le64(at + PAGE) },
	};
	assert_int_equal(emu_status(&host, 0, config), 0);
	config.dbbuf.prp1 = cpu_to_le64(at + 64);
	assert_int_equal(emu_status(&host, 0, config), NVME_SC_INVALID_FIELD);
	for (int i = 1; i < 40; i++) {
		u16 tail = le32_to_cpu(shadow[2]);

		memcpy(emu_at(&host, host.queues[1].sq + 64 * tail), &cmd, sizeof(cmd));
		tail = (tail + 1) % 16;
		shadow[2] = cpu_to_le32(tail);
		/* The kernel's rule for whether to ring. */
		assert_false((u16)(tail - le32_to_cpu(event[2]) - 1) < (u16)1);
		emu_expect(&host, 1, 0);
		shadow[3] = cpu_to_le32(host.queues[1].head);
	}
	emu_end(&host);
}

static void shadow_doorbells_can_be_left_out(void **state)
{
	struct emu_options options = { .no_shadow_doorbells = true };
	struct nvme_command config = { .dbbuf = { .opcode = nvme_admin_dbbuf } };
	struct emu_host host;
	u64 at;

	emu_begin(&host, &options);
	emu_enable(&host);
	at = emu_alloc(&host, 2 * PAGE);
	config.dbbuf.prp1 = cpu_to_le64(at);
	config.dbbuf.prp2 = cpu_to_le64(at + PAGE);
	assert_int_equal(emu_status(&host, 0, config), NVME_SC_INVALID_OPCODE);
	assert_int_equal(bx_admin_effects(host.ctrl, nvme_admin_dbbuf), 0);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(a_completion_queue_is_made_only_as_it_can_be),
		kit_test(a_submission_queue_wants_its_completion_queue_first),
		kit_test(rings_wrap_any_number_of_times),
		kit_test(a_full_completion_queue_is_never_overrun),
		kit_test(a_tail_that_cannot_be_stops_its_queue_and_no_other),
		kit_test(a_head_that_cannot_be_is_not_believed),
		kit_test(completions_say_how_much_of_the_queue_is_free),
		kit_test(completions_of_a_pass_share_an_interrupt),
		kit_test(queues_are_served_by_several_engines),
		kit_test(what_waits_and_what_is_taken_is_the_depth_of_a_queue),
		kit_test(an_event_request_that_waits_can_be_aborted),
		kit_test(shadow_doorbells_are_looked_at_and_need_no_ringing),
		kit_test(shadow_doorbells_can_be_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
