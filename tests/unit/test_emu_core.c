// SPDX-License-Identifier: GPL-2.0-or-later
/* The controller's life, its queues and what its pointers may mean, as a host sees them. */
#include <kit/cmocka.h>

#include "tests/unit/emu_host.h"

#include <linux/kernel.h>

#define PAGE 4096u

static u32 status_register(struct emu_host *host)
{
	return bx_bar_read(host->ctrl, NVME_REG_CSTS);
}

static void write_cc(struct emu_host *host, u32 cc)
{
	bx_bar_write(host->ctrl, NVME_REG_CC, cc);
	emu_pass(host);
}

static struct nvme_command identify_controller(void)
{
	return (struct nvme_command){
		.identify = { .opcode = nvme_admin_identify, .cns = NVME_ID_CNS_CTRL },
	};
}

/* ---- life */

static void a_controller_can_be_enabled_and_disabled_any_number_of_times(void **state)
{
	u8 data[NVME_IDENTIFY_DATA_SIZE];
	struct emu_host host;

	emu_begin(&host, NULL);
	for (int i = 0; i < 100; i++) {
		size_t next = host.next;
		unsigned int allocations = host.allocations;

		emu_enable(&host);
		assert_int_equal(emu_identify(&host, NVME_ID_CNS_CTRL, 0, data), 0);
		emu_make_queue(&host, 1, 16);
		emu_disable(&host);
		/* The host has its memory back. */
		for (unsigned int a = allocations; a < host.allocations; a++)
			memset(host.memory + host.allocated[a][0], 0xa5,
			       host.allocated[a][1] - host.allocated[a][0]);
		host.next = next;
		host.allocations = allocations;
	}
	emu_end(&host);
}

static void what_cannot_be_enabled_is_a_fatal_status_until_it_is_disabled(void **state)
{
	static const struct {
		u32 cc, aqa;
		u64 asq, acq;
	} wrong[] = {
		{ NVME_CC_ENABLE | 1 << NVME_CC_CSS_SHIFT, 0x001f001f, EMU_MEMORY, EMU_MEMORY },
		{ NVME_CC_ENABLE | 5 << NVME_CC_MPS_SHIFT, 0x001f001f, EMU_MEMORY, EMU_MEMORY },
		{ NVME_CC_ENABLE | NVME_CC_AMS_WRRU, 0x001f001f, EMU_MEMORY, EMU_MEMORY },
		{ NVME_CC_ENABLE, 0x001f0000, EMU_MEMORY, EMU_MEMORY },
		{ NVME_CC_ENABLE, 0x0000001f, EMU_MEMORY, EMU_MEMORY },
		{ NVME_CC_ENABLE, 0x001f001f, EMU_MEMORY + 64, EMU_MEMORY },
		{ NVME_CC_ENABLE, 0x001f001f, EMU_MEMORY, EMU_MEMORY + 16 },
		{ NVME_CC_ENABLE, 0x001f001f, 0x1000, EMU_MEMORY },
		{ NVME_CC_ENABLE, 0x001f001f, EMU_MEMORY, EMU_MEMORY + EMU_MEMORY_SIZE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct emu_host host;

		emu_begin(&host, NULL);
		bx_bar_write(host.ctrl, NVME_REG_AQA, wrong[i].aqa);
		bx_bar_write(host.ctrl, NVME_REG_ASQ, wrong[i].asq);
		bx_bar_write(host.ctrl, NVME_REG_ASQ + 4, wrong[i].asq >> 32);
		bx_bar_write(host.ctrl, NVME_REG_ACQ, wrong[i].acq);
		bx_bar_write(host.ctrl, NVME_REG_ACQ + 4, wrong[i].acq >> 32);
		write_cc(&host, wrong[i].cc | NVME_CC_IOSQES | NVME_CC_IOCQES);
		assert_int_equal(status_register(&host), NVME_CSTS_CFS);
		write_cc(&host, 0);
		assert_int_equal(status_register(&host), 0);
		emu_enable(&host);
		emu_end(&host);
	}
}

static void a_shutdown_is_complete_at_once_and_ends_with_a_reset(void **state)
{
	static const u32 kinds[] = { NVME_CC_SHN_NORMAL, NVME_CC_SHN_ABRUPT };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct emu_host host;
		u32 cc;

		emu_begin(&host, NULL);
		emu_enable(&host);
		cc = bx_bar_read(host.ctrl, NVME_REG_CC);
		write_cc(&host, cc | kinds[i]);
		assert_int_equal(status_register(&host), NVME_CSTS_RDY | NVME_CSTS_SHST_CMPLT);
		emu_disable(&host);
		emu_enable(&host);
		emu_end(&host);
	}
}

static void a_subsystem_reset_wants_its_magic_number_and_says_that_it_was(void **state)
{
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	bx_bar_write(host.ctrl, NVME_REG_NSSR, 1);
	emu_pass(&host);
	assert_int_equal(status_register(&host), NVME_CSTS_RDY);
	bx_bar_write(host.ctrl, NVME_REG_NSSR, BX_NSSR_MAGIC);
	emu_pass(&host);
	assert_int_equal(status_register(&host), NVME_CSTS_NSSRO);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CC), 0);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_NSSR), 0);
	emu_enable(&host);
	emu_end(&host);
}

static void what_a_host_writes_over_the_status_is_not_meant(void **state)
{
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	bx_bar_write(host.ctrl, NVME_REG_CSTS, 0xffffffff);
	emu_pass(&host);
	assert_int_equal(status_register(&host), NVME_CSTS_RDY);
	emu_end(&host);
}

static void the_furthest_reaching_reset_is_the_one_that_is_done(void **state)
{
	struct nvme_command cmd = identify_controller();
	struct emu_result result;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	bx_ctrl_reset(host.ctrl, BX_RESET_SUBSYSTEM);
	bx_ctrl_reset(host.ctrl, BX_RESET_FUNCTION);
	/* Whatever the host has submitted: its memory may be somebody else's by now. */
	emu_prps(&host, &cmd, emu_alloc(&host, PAGE), PAGE);
	emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	assert_false(emu_reap(&host, 0, &result));
	assert_int_equal(status_register(&host), NVME_CSTS_NSSRO);
	emu_end(&host);
}

static void a_function_reset_forgets_the_admin_queue_and_one_by_cc_does_not(void **state)
{
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	emu_disable(&host);
	assert_int_not_equal(bx_bar_read(host.ctrl, NVME_REG_AQA), 0);
	emu_enable(&host);
	bx_ctrl_reset(host.ctrl, BX_RESET_FUNCTION);
	emu_pass(&host);
	assert_int_equal(status_register(&host), 0);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CC), 0);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_AQA), 0);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_ASQ), 0);
	emu_enable(&host);
	emu_end(&host);
}

static void nothing_reaches_a_host_that_is_no_bus_master(void **state)
{
	struct nvme_command cmd = identify_controller();
	struct emu_result result;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	host.ctrl->bus_master = false;
	emu_prps(&host, &cmd, emu_alloc(&host, PAGE), PAGE);
	emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	assert_false(emu_reap(&host, 0, &result));
	host.ctrl->bus_master = true;
	emu_pass(&host);
	assert_true(emu_reap(&host, 0, &result));
	assert_int_equal(result.status, 0);
	emu_end(&host);
}

static void a_host_that_takes_its_memory_back_waits_for_one_command_at_most(void **state)
{
	struct nvme_command cmd = identify_controller();
	struct emu_result result;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	emu_prps(&host, &cmd, emu_alloc(&host, PAGE), PAGE);
	for (int i = 0; i < 4; i++)
		emu_submit(&host, 0, &cmd);
	/* One access each. */
	host.master_for = 2;
	emu_pass(&host);
	assert_int_equal(host.ctrl->sqs[0]->head, 2);
	host.ctrl->bus_master = true;
	emu_pass(&host);
	for (int i = 0; i < 4; i++) {
		assert_true(emu_reap(&host, 0, &result));
		assert_int_equal(result.status, 0);
	}
	emu_end(&host);
}

static void what_waits_and_what_is_taken_is_the_depth_of_a_queue(void **state)
{
	struct nvme_command cmd = { .common.opcode = nvme_cmd_flush };
	const struct bx_engine_stats *stats;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_namespace(&host, 1 << 20, 0, 0);
	emu_enable(&host);
	emu_make_queue(&host, 1, 16);
	stats = &host.ctrl->engines[0].stats;
	cmd.common.nsid = cpu_to_le32(1);
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

static void making_a_controller_without_memory_leaves_nothing(void **state)
{
	kit_for_each_allocation_failure()
	{
		static u8 bar[BX_BAR_SIZE] __attribute__((aligned(4096)));
		const struct bx_config config = { .queues = 2, .entries = 16, .engines = 3 };
		struct bx_ctrl *ctrl;
		struct bx_store store;
		u8 *memory = aligned_alloc(PAGE, 1 << 20);
		static const struct bx_host_ops ops;
		int r;

		r = bx_store_init(&store, memory, 1 << 20);
		if (r == 0) {
			r = bx_ctrl_create(&config, &ops, bar, NULL, &store, &ctrl);
			if (r == 0)
				bx_ctrl_destroy(ctrl);
			bx_store_done(&store);
		}
		assert_int_equal(r, kit_allocation_failed() ? -ENOMEM : 0);
		free(memory);
	}
}

/* ---- queues */

static struct nvme_command create_cq(struct emu_host *host, u16 id, u32 entries)
{
	return (struct nvme_command){
		.create_cq = {
			.opcode = nvme_admin_create_cq,
			.prp1 = cpu_to_le64(emu_alloc(host, 65536 * 16)),
			.cqid = cpu_to_le16(id),
			.qsize = cpu_to_le16(entries - 1),
			.cq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG | NVME_CQ_IRQ_ENABLED),
			.irq_vector = cpu_to_le16(1),
		},
	};
}

static struct nvme_command create_sq(struct emu_host *host, u16 id, u32 entries, u16 cqid)
{
	return (struct nvme_command){
		.create_sq = {
			.opcode = nvme_admin_create_sq,
			.prp1 = cpu_to_le64(emu_alloc(host, 65536)),
			.sqid = cpu_to_le16(id),
			.qsize = cpu_to_le16(entries - 1),
			.sq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG),
			.cqid = cpu_to_le16(cqid),
		},
	};
}

static struct nvme_command delete_queue(u8 opcode, u16 id)
{
	return (struct nvme_command){
		.delete_queue = { .opcode = opcode, .qid = cpu_to_le16(id) },
	};
}

static u16 run(struct emu_host *host, struct nvme_command cmd)
{
	return emu_run(host, 0, &cmd, NULL, 0).status & ~NVME_STATUS_DNR;
}

static void a_completion_queue_is_made_only_as_it_can_be(void **state)
{
	struct nvme_command good, cmd;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	good = create_cq(&host, 1, 16);

	cmd = good, cmd.create_cq.cqid = cpu_to_le16(0);
	assert_int_equal(run(&host, cmd), NVME_SC_QID_INVALID);
	cmd = good, cmd.create_cq.cqid = cpu_to_le16(EMU_QUEUES + 1);
	assert_int_equal(run(&host, cmd), NVME_SC_QID_INVALID);
	cmd = good, cmd.create_cq.qsize = cpu_to_le16(0);
	assert_int_equal(run(&host, cmd), NVME_SC_QUEUE_SIZE);
	cmd = good, cmd.create_cq.qsize = cpu_to_le16(1024);
	assert_int_equal(run(&host, cmd), NVME_SC_QUEUE_SIZE);
	cmd = good, cmd.create_cq.cq_flags = cpu_to_le16(NVME_CQ_IRQ_ENABLED);
	assert_int_equal(run(&host, cmd), NVME_SC_INVALID_FIELD);
	cmd = good, cmd.create_cq.prp1 = cpu_to_le64(le64_to_cpu(cmd.create_cq.prp1) + 16);
	assert_int_equal(run(&host, cmd), NVME_SC_PRP_INVALID_OFFSET);
	cmd = good, cmd.create_cq.prp1 = cpu_to_le64(EMU_MEMORY + EMU_MEMORY_SIZE);
	assert_int_equal(run(&host, cmd), NVME_SC_DATA_XFER_ERROR);
	cmd = good, cmd.create_cq.irq_vector = cpu_to_le16(EMU_QUEUES + 1);
	assert_int_equal(run(&host, cmd), NVME_SC_INVALID_VECTOR);
	assert_int_equal(run(&host, good), 0);
	assert_int_equal(run(&host, good), NVME_SC_QID_INVALID);
	emu_end(&host);
}

static void a_submission_queue_wants_its_completion_queue_first(void **state)
{
	struct nvme_command good, cmd;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	good = create_sq(&host, 2, 16, 3);
	assert_int_equal(run(&host, good), NVME_SC_CQ_INVALID);
	assert_int_equal(run(&host, create_cq(&host, 3, 16)), 0);
	cmd = good, cmd.create_sq.cqid = cpu_to_le16(0);
	assert_int_equal(run(&host, cmd), NVME_SC_QID_INVALID);
	cmd = good, cmd.create_sq.sqid = cpu_to_le16(0);
	assert_int_equal(run(&host, cmd), NVME_SC_QID_INVALID);
	cmd = good, cmd.create_sq.qsize = cpu_to_le16(0);
	assert_int_equal(run(&host, cmd), NVME_SC_QUEUE_SIZE);
	assert_int_equal(run(&host, good), 0);
	assert_int_equal(run(&host, good), NVME_SC_QID_INVALID);

	/* And goes before it. */
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_cq, 3)), NVME_SC_INVALID_QUEUE);
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_cq, 4)), NVME_SC_QID_INVALID);
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_sq, 3)), NVME_SC_QID_INVALID);
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_sq, 0)), NVME_SC_QID_INVALID);
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_sq, 2)), 0);
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_cq, 3)), 0);
	emu_end(&host);
}

static void rings_wrap_any_number_of_times(void **state)
{
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_namespace(&host, 1 << 20, 0, 0);
	emu_enable(&host);
	emu_make_queue(&host, 1, 3);
	for (int i = 0; i < 1000; i++) {
		u8 data[512], back[512];

		memset(data, i, sizeof(data));
		assert_int_equal(emu_write(&host, 1, 1, i % 64, 1, data, sizeof(data)), 0);
		assert_int_equal(emu_read(&host, 1, 1, i % 64, 1, back, sizeof(back)), 0);
		assert_memory_equal(data, back, sizeof(data));
	}
	emu_end(&host);
}

static struct nvme_command flush(void)
{
	return (struct nvme_command){
		.common = { .opcode = nvme_cmd_flush, .nsid = cpu_to_le32(1) },
	};
}

static void a_full_completion_queue_is_never_overrun(void **state)
{
	struct nvme_command cmd = flush();
	struct emu_result result;
	struct emu_host host;
	u16 first = 0;

	emu_begin(&host, NULL);
	emu_namespace(&host, 1 << 20, 0, 0);
	emu_enable(&host);
	emu_make_queue(&host, 1, 64);
	/* A completion queue of four, of which one entry stays free. */
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_sq, 1)), 0);
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_cq, 1)), 0);
	{
		struct nvme_command cq = create_cq(&host, 1, 4);
		struct nvme_command sq = create_sq(&host, 1, 64, 1);

		host.queues[1].cq = le64_to_cpu(cq.create_cq.prp1);
		host.queues[1].sq = le64_to_cpu(sq.create_sq.prp1);
		host.queues[1].cq_entries = 4;
		assert_int_equal(run(&host, cq), 0);
		assert_int_equal(run(&host, sq), 0);
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
	assert_false(emu_reap(&host, 1, &result));
	emu_end(&host);
}

static void a_tail_that_cannot_be_stops_its_queue_and_no_other(void **state)
{
	struct nvme_command cmd = flush();
	struct emu_result result;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_namespace(&host, 1 << 20, 0, 0);
	emu_enable(&host);
	emu_make_queue(&host, 1, 16);
	emu_make_queue(&host, 2, 16);
	bx_bar_write(host.ctrl, NVME_REG_DBS + 8, 16);
	emu_pass(&host);
	emu_submit(&host, 1, &cmd);
	assert_int_equal(emu_run(&host, 2, &cmd, NULL, 0).status, 0);
	assert_false(emu_reap(&host, 1, &result));
	/* Made anew it works. */
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_sq, 1)), 0);
	assert_int_equal(run(&host, delete_queue(nvme_admin_delete_cq, 1)), 0);
	emu_make_queue(&host, 1, 16);
	assert_int_equal(emu_run(&host, 1, &cmd, NULL, 0).status, 0);
	emu_end(&host);
}

static void a_head_that_cannot_be_is_not_believed(void **state)
{
	static const u32 heads[] = { 4, 7, 0xffff, 0xffffffff, 3 };
	struct nvme_command cmd = flush();
	struct emu_result result;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_namespace(&host, 1 << 20, 0, 0);
	emu_enable(&host);
	emu_make_queue(&host, 1, 4);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		bx_bar_write(host.ctrl, NVME_REG_DBS + 12, heads[i]);
		emu_pass(&host);
	}
	bx_bar_write(host.ctrl, NVME_REG_DBS + 12, 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(emu_run(&host, 1, &cmd, NULL, 0).status, 0);
	assert_false(emu_reap(&host, 1, &result));
	emu_end(&host);
}

static void completions_say_how_much_of_the_queue_is_free(void **state)
{
	struct nvme_command cmd = flush();
	struct emu_result result;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_namespace(&host, 1 << 20, 0, 0);
	emu_enable(&host);
	emu_make_queue(&host, 1, 8);
	for (int i = 0; i < 20; i++) {
		emu_submit(&host, 1, &cmd);
		emu_pass(&host);
		assert_true(emu_reap(&host, 1, &result));
		assert_int_equal(result.sq_head, (i + 1) % 8);
	}
	emu_end(&host);
}

static void completions_of_a_pass_share_an_interrupt(void **state)
{
	struct nvme_command cmd = flush();
	struct emu_result result;
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_namespace(&host, 1 << 20, 0, 0);
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
	emu_namespace(&host, 1 << 20, 0, 0);
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

/* ---- abort, shadow doorbells */

static struct nvme_command abort_command(u16 queue, u16 cid)
{
	return (struct nvme_command){
		.abort = { .opcode = nvme_admin_abort_cmd, .sqid = cpu_to_le16(queue), .cid = cid },
	};
}

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
	emu_pass(&host);
	assert_false(emu_reap(&host, 0, &result));
	cmd = abort_command(0, cid);
	emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	assert_true(emu_reap(&host, 0, &result));
	assert_int_equal(result.cid, cid);
	assert_int_equal(result.status, NVME_SC_ABORT_REQ);
	assert_true(emu_reap(&host, 0, &result));
	assert_int_equal(result.status, 0);
	assert_int_equal(result.result & 1, 0);
	/* What is not there is not aborted, and that is no error. */
	cmd = abort_command(0, cid);
	result = emu_run(&host, 0, &cmd, NULL, 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.result & 1, 1);
	cmd = abort_command(5, 0);
	assert_int_equal(run(&host, cmd), NVME_SC_INVALID_FIELD);
	emu_end(&host);
}

static void shadow_doorbells_are_looked_at_and_need_no_ringing(void **state)
{
	struct nvme_command cmd = flush(), config;
	struct emu_result result;
	struct emu_host host;
	__le32 *shadow, *event;
	u64 at;

	emu_begin(&host, NULL);
	emu_namespace(&host, 1 << 20, 0, 0);
	emu_enable(&host);
	emu_make_queue(&host, 1, 16);
	at = emu_alloc(&host, 2 * PAGE);
	shadow = emu_at(&host, at);
	event = emu_at(&host, at + PAGE);
	config = (struct nvme_command){
		.dbbuf = { .opcode = nvme_admin_dbbuf,
			   .prp1 = cpu_to_le64(at),
			   .prp2 = cpu_to_le64(at + PAGE) },
	};
	assert_int_equal(run(&host, config), 0);
	config.dbbuf.prp1 = cpu_to_le64(at + 64);
	assert_int_equal(run(&host, config), NVME_SC_INVALID_FIELD);
	for (int i = 1; i < 40; i++) {
		u16 tail = le32_to_cpu(shadow[2]);

		memcpy(emu_at(&host, host.queues[1].sq + 64 * tail), &cmd, sizeof(cmd));
		tail = (tail + 1) % 16;
		shadow[2] = cpu_to_le32(tail);
		/* The kernel's rule for whether to ring. */
		assert_false((u16)(tail - le32_to_cpu(event[2]) - 1) < (u16)1);
		emu_pass(&host);
		assert_true(emu_reap(&host, 1, &result));
		shadow[3] = cpu_to_le32(host.queues[1].head);
	}
	emu_end(&host);
}

/* ---- pointers */

static void pages_that_a_command_names_wrongly_get_nothing(void **state)
{
	struct nvme_command good = identify_controller(), cmd;
	struct emu_host host;
	u64 page;

	emu_begin(&host, NULL);
	emu_enable(&host);
	page = emu_alloc(&host, 2 * PAGE);
	good.common.dptr.prp1 = cpu_to_le64(page);

	cmd = good, cmd.common.dptr.prp1 = cpu_to_le64(page + 2);
	assert_int_equal(run(&host, cmd), NVME_SC_PRP_INVALID_OFFSET);
	/* The second page is not one. */
	cmd = good, cmd.common.dptr.prp1 = cpu_to_le64(page + 64);
	cmd.common.dptr.prp2 = cpu_to_le64(page + PAGE + 64);
	assert_int_equal(run(&host, cmd), NVME_SC_PRP_INVALID_OFFSET);
	cmd.common.dptr.prp2 = cpu_to_le64(0x1000);
	assert_int_equal(run(&host, cmd), NVME_SC_DATA_XFER_ERROR);
	cmd = good, cmd.common.dptr.prp1 = cpu_to_le64(EMU_MEMORY + EMU_MEMORY_SIZE);
	assert_int_equal(run(&host, cmd), NVME_SC_DATA_XFER_ERROR);
	cmd = good, cmd.common.flags = NVME_CMD_SGL_METABUF;
	assert_int_equal(run(&host, cmd), NVME_SC_INVALID_FIELD);
	for (size_t i = 0; i < 2 * PAGE; i++)
		assert_int_equal(((u8 *)emu_at(&host, page))[i], 0);
	assert_int_equal(run(&host, good), 0);
	emu_end(&host);
}

static struct nvme_command read_blocks(unsigned int blocks)
{
	return (struct nvme_command){
		.rw = { .opcode = nvme_cmd_read,
			.nsid = cpu_to_le32(1),
			.length = cpu_to_le16(blocks - 1) },
	};
}

static u16 run_io(struct emu_host *host, struct nvme_command cmd)
{
	return emu_run(host, 1, &cmd, NULL, 0).status & ~NVME_STATUS_DNR;
}

static void begin_with_pattern(struct emu_host *host, u8 *pattern, size_t length)
{
	emu_begin(host, NULL);
	emu_namespace(host, 1 << 20, 0, 0);
	emu_enable(host);
	emu_make_queue(host, 1, 16);
	for (size_t i = 0; i < length; i++)
		pattern[i] = i * 7 + i / 512;
	assert_int_equal(emu_write(host, 1, 1, 0, length / 512, pattern, length), 0);
}

static void lists_of_pages_go_on_in_further_lists(void **state)
{
	static u8 pattern[16 * PAGE];
	struct nvme_command cmd = read_blocks(sizeof(pattern) / 512);
	struct emu_host host;
	u64 data, lists;
	__le64 *entries;

	begin_with_pattern(&host, pattern, sizeof(pattern));
	data = emu_alloc(&host, 17 * PAGE);
	lists = emu_alloc(&host, 3 * PAGE);
	/* Four entries at the end of the first page, then as many pages of lists as it takes. */
	entries = emu_at(&host, lists + PAGE - 32);
	for (int i = 0; i < 3; i++)
		entries[i] = cpu_to_le64(data + (1 + i) * PAGE);
	entries[3] = cpu_to_le64(lists + PAGE);
	entries = emu_at(&host, lists + PAGE);
	for (int i = 0; i < 13; i++)
		entries[i] = cpu_to_le64(data + (4 + i) * PAGE);
	cmd.rw.dptr.prp1 = cpu_to_le64(data + 512);
	cmd.rw.dptr.prp2 = cpu_to_le64(lists + PAGE - 32);
	assert_int_equal(run_io(&host, cmd), 0);
	assert_memory_equal(emu_at(&host, data + 512), pattern, sizeof(pattern));

	/* One entry is wrong, the last: nothing is moved. */
	memset(emu_at(&host, data), 0, 17 * PAGE);
	entries[12] = cpu_to_le64(data + 16 * PAGE + 8);
	assert_int_equal(run_io(&host, cmd), NVME_SC_PRP_INVALID_OFFSET);
	for (size_t i = 0; i < 17 * PAGE; i++)
		assert_int_equal(((u8 *)emu_at(&host, data))[i], 0);
	cmd.rw.dptr.prp2 = cpu_to_le64(lists + PAGE - 28);
	assert_int_equal(run_io(&host, cmd), NVME_SC_PRP_INVALID_OFFSET);
	emu_end(&host);
}

static struct nvme_sgl_desc descriptor(u64 address, u32 length, u8 type)
{
	return (struct nvme_sgl_desc){
		.addr = cpu_to_le64(address),
		.length = cpu_to_le32(length),
		.type = type << 4,
	};
}

static void scattered_data_is_gathered_from_segments(void **state)
{
	static u8 pattern[2048];
	struct nvme_command cmd = read_blocks(4);
	struct nvme_sgl_desc *first, *last;
	struct emu_host host;
	u64 data, lists;

	begin_with_pattern(&host, pattern, sizeof(pattern));
	data = emu_alloc(&host, 3 * PAGE);
	lists = emu_alloc(&host, 2 * PAGE);
	first = emu_at(&host, lists);
	last = emu_at(&host, lists + PAGE);
	cmd.rw.flags = NVME_CMD_SGL_METABUF;

	/* One block of data. */
	cmd.rw.dptr.sgl = descriptor(data + 5, 2048, NVME_SGL_FMT_DATA_DESC);
	assert_int_equal(run_io(&host, cmd), 0);
	assert_memory_equal(emu_at(&host, data + 5), pattern, 2048);

	/* A segment that leads to the last one. */
	memset(emu_at(&host, data), 0, 3 * PAGE);
	first[0] = descriptor(data + 1, 100, NVME_SGL_FMT_DATA_DESC);
	first[1] = descriptor(data + 4000, 1000, NVME_SGL_FMT_DATA_DESC);
	first[2] = descriptor(lists + PAGE, 32, NVME_SGL_FMT_LAST_SEG_DESC);
	last[0] = descriptor(0, 0, NVME_SGL_FMT_DATA_DESC);
	last[1] = descriptor(data + 2 * PAGE, 948, NVME_SGL_FMT_DATA_DESC);
	cmd.rw.dptr.sgl = descriptor(lists, 48, NVME_SGL_FMT_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), 0);
	assert_memory_equal(emu_at(&host, data + 1), pattern, 100);
	assert_memory_equal(emu_at(&host, data + 4000), pattern + 100, 1000);
	assert_memory_equal(emu_at(&host, data + 2 * PAGE), pattern + 1100, 948);
	emu_end(&host);
}

static void a_list_that_is_wrong_anywhere_moves_nothing(void **state)
{
	static u8 pattern[2048];
	struct nvme_command good = read_blocks(4), cmd;
	struct nvme_sgl_desc *list;
	struct emu_host host;
	u64 data, lists;

	begin_with_pattern(&host, pattern, sizeof(pattern));
	data = emu_alloc(&host, PAGE);
	lists = emu_alloc(&host, PAGE);
	list = emu_at(&host, lists);
	good.rw.flags = NVME_CMD_SGL_METABUF;

	cmd = good, cmd.rw.dptr.sgl = descriptor(data, 2047, NVME_SGL_FMT_DATA_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_DATA);
	cmd = good, cmd.rw.dptr.sgl = descriptor(data, 2049, NVME_SGL_FMT_DATA_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_DATA);
	cmd = good, cmd.rw.dptr.sgl = descriptor(data, 2048, NVME_KEY_SGL_FMT_DATA_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_TYPE);
	cmd = good, cmd.rw.dptr.sgl = descriptor(data, 2048, NVME_SGL_FMT_DATA_DESC);
	cmd.rw.dptr.sgl.type |= NVME_SGL_FMT_OFFSET;
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_TYPE);
	cmd = good, cmd.rw.flags = NVME_CMD_SGL_ALL;
	assert_int_equal(run_io(&host, cmd), NVME_SC_INVALID_FIELD);

	/* A segment whose length is no number of descriptors. */
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 17, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_LAST);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 0, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_LAST);
	/* One that is not the last and leads nowhere. */
	list[0] = descriptor(data, 2048, NVME_SGL_FMT_DATA_DESC);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 16, NVME_SGL_FMT_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_LAST);
	/* One behind the last, one in the middle, and one that leads to itself. */
	list[0] = descriptor(lists, 16, NVME_SGL_FMT_LAST_SEG_DESC);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 16, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_LAST);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 32, NVME_SGL_FMT_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_LAST);
	list[0] = descriptor(lists, 16, NVME_SGL_FMT_SEG_DESC);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 16, NVME_SGL_FMT_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_SGL_INVALID_COUNT);
	/* Where there is no memory. */
	cmd = good, cmd.rw.dptr.sgl = descriptor(0x1000, 16, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_DATA_XFER_ERROR);
	list[0] = descriptor(data, 1024, NVME_SGL_FMT_DATA_DESC);
	list[1] = descriptor(~0ull - 100, 1024, NVME_SGL_FMT_DATA_DESC);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 32, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(run_io(&host, cmd), NVME_SC_DATA_XFER_ERROR);

	for (size_t i = 0; i < PAGE; i++)
		assert_int_equal(((u8 *)emu_at(&host, data))[i], 0);
	emu_end(&host);
}

static void the_memory_buffer_holds_queues_and_data_once_it_is_opened(void **state)
{
	const struct emu_options options = { .cmb_size = 64 << 10 };
	const u64 bus = 0xfe000000;
	struct nvme_command cmd = read_blocks(1), cq, sq;
	struct nvme_completion *entry;
	u8 data[512] = "data";
	struct emu_host host;

	emu_begin(&host, &options);
	emu_namespace(&host, 1 << 20, 0, 0);
	emu_enable(&host);
	/* A host reads that right after asking for it. */
	bx_bar_write(host.ctrl, NVME_REG_CMBMSC, NVME_CMBMSC_CRE);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CMBSZ) >> 12, 16);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CMBLOC), BX_CMB_BAR);
	emu_pass(&host);
	bx_bar_write(host.ctrl, NVME_REG_CMBMSC, (u32)bus | NVME_CMBMSC_CRE | NVME_CMBMSC_CMSE);
	emu_pass(&host);

	emu_make_queue(&host, 2, 16);
	assert_int_equal(emu_write(&host, 2, 1, 0, 1, data, sizeof(data)), 0);
	cq = create_cq(&host, 1, 4), cq.create_cq.prp1 = cpu_to_le64(bus + 0x1000);
	sq = create_sq(&host, 1, 4, 1), sq.create_sq.prp1 = cpu_to_le64(bus);
	assert_int_equal(run(&host, cq), 0);
	assert_int_equal(run(&host, sq), 0);
	cmd.rw.dptr.prp1 = cpu_to_le64(bus + 0x2000);
	memcpy(host.cmb, &cmd, sizeof(cmd));
	bx_bar_write(host.ctrl, NVME_REG_DBS + 8, 1);
	emu_pass(&host);
	entry = (struct nvme_completion *)(host.cmb + 0x1000);
	assert_int_equal(le16_to_cpu(entry->status), 1);
	assert_memory_equal(host.cmb + 0x2000, data, sizeof(data));
	/* Its end is its end. */
	cmd.rw.dptr.prp1 = cpu_to_le64(bus + (64 << 10) - 256);
	cmd.rw.dptr.prp2 = cpu_to_le64(bus + (64 << 10));
	assert_int_equal(emu_run(&host, 2, &cmd, NULL, 0).status, NVME_SC_DATA_XFER_ERROR);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(a_controller_can_be_enabled_and_disabled_any_number_of_times),
		kit_test(what_cannot_be_enabled_is_a_fatal_status_until_it_is_disabled),
		kit_test(a_shutdown_is_complete_at_once_and_ends_with_a_reset),
		kit_test(a_subsystem_reset_wants_its_magic_number_and_says_that_it_was),
		kit_test(what_a_host_writes_over_the_status_is_not_meant),
		kit_test(the_furthest_reaching_reset_is_the_one_that_is_done),
		kit_test(a_function_reset_forgets_the_admin_queue_and_one_by_cc_does_not),
		kit_test(nothing_reaches_a_host_that_is_no_bus_master),
		kit_test(a_host_that_takes_its_memory_back_waits_for_one_command_at_most),
		kit_test(what_waits_and_what_is_taken_is_the_depth_of_a_queue),
		kit_test(making_a_controller_without_memory_leaves_nothing),
		kit_test(a_completion_queue_is_made_only_as_it_can_be),
		kit_test(a_submission_queue_wants_its_completion_queue_first),
		kit_test(rings_wrap_any_number_of_times),
		kit_test(a_full_completion_queue_is_never_overrun),
		kit_test(a_tail_that_cannot_be_stops_its_queue_and_no_other),
		kit_test(a_head_that_cannot_be_is_not_believed),
		kit_test(completions_say_how_much_of_the_queue_is_free),
		kit_test(completions_of_a_pass_share_an_interrupt),
		kit_test(queues_are_served_by_several_engines),
		kit_test(an_event_request_that_waits_can_be_aborted),
		kit_test(shadow_doorbells_are_looked_at_and_need_no_ringing),
		kit_test(pages_that_a_command_names_wrongly_get_nothing),
		kit_test(lists_of_pages_go_on_in_further_lists),
		kit_test(scattered_data_is_gathered_from_segments),
		kit_test(a_list_that_is_wrong_anywhere_moves_nothing),
		kit_test(the_memory_buffer_holds_queues_and_data_once_it_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
