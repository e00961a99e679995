// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Engines at work at the same time, each in a thread, with a host beside them that does not wait for them. The sanitizer for threads
 * sees what they do to each other; what is seen here is what they do to the host's memory.
 */
#include <kit/cmocka.h>

#include "tests/unit/emu_host.h"

#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#define ENGINES	 2
#define ENTRIES	 64
#define LOAD	 48 /* commands on their way in each queue */
#define BLOCK	 4096
#define STORED	 0x77
#define SCRIBBLE 0x5a
#define ROUNDS	 12

static struct emu_host host;
static struct task_struct *threads[ENGINES];
static u64 buffers[ENGINES]; /* of a queue: a block for each entry */

static int run_engine(void *data)
{
	while (!kthread_should_stop())
		if (bx_engine_pass(data))
			cond_resched();
	return 0;
}

static void start_engines(void)
{
	for (unsigned int i = 0; i < ENGINES; i++) {
		threads[i] = kthread_run(run_engine, &host.ctrl->engines[i], "engine/%u", i);
		assert_false(IS_ERR(threads[i]));
	}
}

static void stop_engines(void)
{
	for (unsigned int i = 0; i < ENGINES; i++)
		kthread_stop(threads[i]);
}

static struct nvme_command transfer(u8 opcode, unsigned int queue, unsigned int slot)
{
	struct nvme_command cmd = { .rw = {
					    .opcode = opcode,
					    .nsid = cpu_to_le32(1),
					    .slba = cpu_to_le64((queue - 1) * ENTRIES + slot),
				    } };

	cmd.rw.dptr.prp1 = cpu_to_le64(buffers[queue - 1] + slot * BLOCK);
	return cmd;
}

static void *buffer(unsigned int queue, unsigned int slot)
{
	return emu_at(&host, buffers[queue - 1] + slot * BLOCK);
}

/* Enabled, with a queue for each engine; every block that is going to be read has the same bytes. */
static void begin(void)
{
	static u8 block[BLOCK];

	emu_begin(&host, &(struct emu_options){ .engines = ENGINES, .queues = ENGINES });
	emu_namespace(&host, 8 << 20, 3, 0);
	emu_enable(&host);
	memset(block, STORED, sizeof(block));
	for (unsigned int queue = 1; queue <= ENGINES; queue++) {
		emu_make_queue(&host, queue, ENTRIES);
		buffers[queue - 1] = emu_alloc(&host, ENTRIES * BLOCK);
		for (unsigned int slot = 0; slot < ENTRIES; slot++)
			assert_int_equal(emu_write(&host, queue, 1, (queue - 1) * ENTRIES + slot, 1,
						   block, BLOCK),
					 0);
	}
}

static void submit_load(void)
{
	for (unsigned int slot = 0; slot < LOAD; slot++)
		for (unsigned int queue = 1; queue <= ENGINES; queue++) {
			struct nvme_command cmd = transfer(nvme_cmd_read, queue, slot);

			emu_submit(&host, queue, &cmd);
		}
}

static struct emu_result wait_for_completion_in(unsigned int queue)
{
	struct emu_result result;

	while (!emu_reap(&host, queue, &result))
		cond_resched();
	return result;
}

/* ---- data */

static void what_engines_write_at_once_does_not_mix(void **state)
{
	begin();
	start_engines();
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int slot = 0; slot < LOAD; slot++)
			for (unsigned int queue = 1; queue <= ENGINES; queue++) {
				struct nvme_command cmd = transfer(nvme_cmd_write, queue, slot);

				memset(buffer(queue, slot), round + queue * 7 + slot, BLOCK);
				emu_submit(&host, queue, &cmd);
			}
		for (unsigned int i = 0; i < LOAD; i++)
			for (unsigned int queue = 1; queue <= ENGINES; queue++)
				assert_int_equal(wait_for_completion_in(queue).status, 0);
		submit_load();
		for (unsigned int i = 0; i < LOAD; i++)
			for (unsigned int queue = 1; queue <= ENGINES; queue++)
				assert_int_equal(wait_for_completion_in(queue).status, 0);
		for (unsigned int slot = 0; slot < LOAD; slot++)
			for (unsigned int queue = 1; queue <= ENGINES; queue++) {
				const u8 *at = buffer(queue, slot);

				assert_int_equal(at[0], (u8)(round + queue * 7 + slot));
				assert_memory_equal(at, at + 1, BLOCK - 1);
			}
	}
	stop_engines();
	emu_end(&host);
}

#define PIECES \
	64 /* of a block, so that moving it takes long enough for the other engine to come across */
#define METADATA_MAX 64

/* The host's side of commands that share a block, of one queue: for each slot a list, and metadata. */
struct share {
	u64 lists, metadata;
};

static void make_list(unsigned int queue, unsigned int slot, u64 list, u32 size)
{
	struct nvme_sgl_desc *pieces = emu_at(&host, list);

	for (unsigned int i = 0; i < PIECES; i++)
		pieces[i] = (struct nvme_sgl_desc){
			.addr = cpu_to_le64(buffers[queue - 1] + slot * BLOCK + i * size / PIECES),
			.length = cpu_to_le32(size / PIECES),
			.type = NVME_SGL_FMT_DATA_DESC << 4,
		};
}

static void submit_shared(const struct bx_ns *ns, u8 opcode, unsigned int queue, unsigned int slot,
			  const struct share *share)
{
	const u32 list_size = PIECES * sizeof(struct nvme_sgl_desc);
	u64 list = share->lists + slot * list_size;
	u64 metadata = share->metadata + slot * METADATA_MAX;
	struct nvme_command cmd = { .rw = {
					    .opcode = opcode,
					    .flags = NVME_CMD_SGL_METABUF,
					    .nsid = cpu_to_le32(ns->id),
					    .metadata = cpu_to_le64(metadata),
				    } };

	make_list(queue, slot, list, bx_block_size(ns));
	cmd.rw.dptr.sgl = (struct nvme_sgl_desc){
		.addr = cpu_to_le64(list),
		.length = cpu_to_le32(list_size),
		.type = NVME_SGL_FMT_LAST_SEG_DESC << 4,
	};
	if (opcode == nvme_cmd_write) {
		memset(buffer(queue, slot), 1 + slot % 7, bx_block_size(ns));
		memset(emu_at(&host, metadata), 1 + slot % 7, bx_metadata_size(ns));
	}
	emu_submit(&host, queue, &cmd);
}

static void expect_whole(const struct bx_ns *ns, unsigned int queue, unsigned int slot,
			 const struct share *share)
{
	const u8 *data = buffer(queue, slot);
	const u8 *metadata = emu_at(&host, share->metadata + slot * METADATA_MAX);

	assert_memory_equal(data, data + 1, bx_block_size(ns) - 1);
	for (u32 i = 0; i < bx_metadata_size(ns); i++)
		assert_int_equal(metadata[i], data[0]);
}

/* By turns, one engine writes and the other one reads. Once in a round the block is discarded, without a contest: that wants the world. */
static u8 opcode_of(unsigned int round, unsigned int queue, unsigned int slot)
{
	if (round % ENGINES != queue - 1)
		return nvme_cmd_read;
	return slot == LOAD / 2 ? nvme_cmd_write_zeroes : nvme_cmd_write;
}

/* What is read is of one write, or nothing, and its metadata is, too. */
static void share_a_block(u8 format)
{
	struct bx_ns *ns;
	struct share shares[ENGINES];

	begin();
	ns = emu_namespace(&host, 8 << 20, format, 0);
	for (unsigned int i = 0; i < ENGINES; i++)
		shares[i] = (struct share){
			.lists = emu_alloc(&host, LOAD * PIECES * sizeof(struct nvme_sgl_desc)),
			.metadata = emu_alloc(&host, LOAD * METADATA_MAX),
		};
	start_engines();
	for (unsigned int round = 0; round < 5 * ROUNDS; round++) {
		for (unsigned int slot = 0; slot < LOAD; slot++)
			for (unsigned int queue = 1; queue <= ENGINES; queue++)
				submit_shared(ns, opcode_of(round, queue, slot), queue, slot,
					      &shares[queue - 1]);
		for (unsigned int i = 0; i < LOAD; i++)
			for (unsigned int queue = 1; queue <= ENGINES; queue++)
				assert_int_equal(wait_for_completion_in(queue).status, 0);
		for (unsigned int slot = 0; slot < LOAD; slot++)
			for (unsigned int queue = 1; queue <= ENGINES; queue++)
				expect_whole(ns, queue, slot, &shares[queue - 1]);
	}
	stop_engines();
	emu_end(&host);
}

static void a_block_that_engines_share_is_whole(void **state)
{
	share_a_block(0);
	share_a_block(3);
}

static void a_block_that_engines_share_has_its_own_metadata(void **state)
{
	share_a_block(1);
	share_a_block(6);
}

/* ---- memory that the host takes back */

static void take_bus_mastering(void)
{
	smp_store_release(&host.ctrl->bus_master, false);
	smp_mb();
	for (unsigned int i = 0; i < host.ctrl->engine_count; i++)
		while (bx_engine_reaching(&host.ctrl->engines[i]))
			cond_resched();
}

static void disable(void)
{
	bx_bar_write(host.ctrl, NVME_REG_CC, bx_bar_read(host.ctrl, NVME_REG_CC) & ~NVME_CC_ENABLE);
	while (smp_load_acquire((__le32 *)(host.bar + NVME_REG_CSTS)) & NVME_CSTS_RDY)
		cond_resched();
}

static void shut_down(void)
{
	bx_bar_write(host.ctrl, NVME_REG_CC,
		     bx_bar_read(host.ctrl, NVME_REG_CC) | NVME_CC_SHN_NORMAL);
	while ((smp_load_acquire((__le32 *)(host.bar + NVME_REG_CSTS)) & NVME_CSTS_SHST_MASK) !=
	       NVME_CSTS_SHST_CMPLT)
		cond_resched();
}

/* As a write of the configuration space does it; afterwards the host sets everything up again, and does not wait for the reset. */
static void reset_function(void)
{
	smp_store_release(&host.ctrl->bus_master, false);
	bx_ctrl_reset(host.ctrl, BX_RESET_FUNCTION);
	take_bus_mastering();
}

/* All that the host has given, but for the registers. */
static void scribble(void)
{
	for (unsigned int i = 0; i < host.allocations; i++)
		memset(host.memory + host.allocated[i][0], SCRIBBLE,
		       host.allocated[i][1] - host.allocated[i][0]);
}

static void expect_scribble(void)
{
	for (unsigned int i = 0; i < host.allocations; i++) {
		const u8 *at = host.memory + host.allocated[i][0];

		assert_int_equal(at[0], SCRIBBLE);
		assert_memory_equal(at, at + 1, host.allocated[i][1] - host.allocated[i][0] - 1);
	}
}

static void take_back_under_load(void (*take_back)(void), bool masters_again)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		begin();
		start_engines();
		submit_load();
		for (unsigned int i = 0; i < round * 10; i++)
			cond_resched();
		take_back();
		scribble();
		if (masters_again)
			smp_store_release(&host.ctrl->bus_master, true);
		for (unsigned int i = 0; i < 200; i++)
			cond_resched();
		expect_scribble();
		stop_engines();
		expect_scribble();
		emu_end(&host);
	}
}

static void without_bus_mastering_memory_is_left_alone(void **state)
{
	take_back_under_load(take_bus_mastering, false);
}

static void after_disabling_memory_is_left_alone(void **state)
{
	take_back_under_load(disable, true);
}

static void after_a_shutdown_memory_is_left_alone(void **state)
{
	take_back_under_load(shut_down, true);
}

static void after_a_function_reset_memory_is_left_alone(void **state)
{
	take_back_under_load(reset_function, true);
}

/* ---- commands that concern all engines */

static u16 run_admin(const struct nvme_command *cmd)
{
	emu_submit(&host, 0, cmd);
	return wait_for_completion_in(0).status;
}

static struct nvme_command queue_command(u8 opcode, u16 id)
{
	struct nvme_command cmd = { .create_sq = {
					    .opcode = opcode,
					    .sqid = cpu_to_le16(id),
					    .qsize = cpu_to_le16(ENTRIES - 1),
					    .sq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG),
				    } };

	if (opcode == nvme_admin_create_sq) {
		cmd.create_sq.cqid = cpu_to_le16(id);
		cmd.create_sq.prp1 = cpu_to_le64(host.queues[id].sq);
	}
	return cmd;
}

/* Every command of a queue that goes has one completion at most, and it comes before that of the deletion. */
static void a_queue_is_deleted_while_its_engine_works(void **state)
{
	const u16 id = ENGINES;
	struct nvme_command delete = queue_command(nvme_admin_delete_sq, id);
	struct nvme_command create = queue_command(nvme_admin_create_sq, id);
	struct nvme_command abort = { .abort = { .opcode = nvme_admin_abort_cmd } };

	begin();
	create = queue_command(nvme_admin_create_sq, id);
	start_engines();
	for (unsigned int round = 0; round < ROUNDS; round++) {
		bool completed[LOAD] = {};
		struct emu_result result;
		u16 first = host.next_cid;

		for (unsigned int slot = 0; slot < LOAD; slot++) {
			struct nvme_command cmd = transfer(nvme_cmd_read, id, slot);

			emu_submit(&host, id, &cmd);
		}
		abort.abort.sqid = cpu_to_le16(id);
		abort.abort.cid = first + LOAD - 1;
		assert_int_equal(run_admin(&abort), 0);
		assert_int_equal(run_admin(&delete), 0);
		while (emu_reap(&host, id, &result)) {
			assert_in_range((u16)(result.cid - first), 0, LOAD - 1);
			assert_false(completed[(u16)(result.cid - first)]);
			completed[(u16)(result.cid - first)] = true;
		}
		host.queues[id].tail = 0;
		assert_int_equal(run_admin(&create), 0);
	}
	stop_engines();
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(what_engines_write_at_once_does_not_mix),
		kit_test(a_block_that_engines_share_is_whole),
		kit_test(a_block_that_engines_share_has_its_own_metadata),
		kit_test(without_bus_mastering_memory_is_left_alone),
		kit_test(after_disabling_memory_is_left_alone),
		kit_test(after_a_shutdown_memory_is_left_alone),
		kit_test(after_a_function_reset_memory_is_left_alone),
		kit_test(a_queue_is_deleted_while_its_engine_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
