// SPDX-License-Identifier: GPL-2.0-or-later
/* A host for a controller; see emu_host.h. */
#include <kit/cmocka.h>

#include "tests/unit/emu_host.h"

#include <linux/align.h>
#include <linux/minmax.h>

#define ADMIN_ENTRIES 32
#define PASSES_MAX    100000

/* What lies between allocations, and must still be there in the end. */
#define GUARD	      0xa5

static void *host_memory(struct bx_ctrl *ctrl, u64 address, size_t length, enum bx_access access)
{
	struct emu_host *host = ctrl->config.host;
	u64 offset = address - EMU_MEMORY;

	if (offset >= EMU_MEMORY_SIZE || length > EMU_MEMORY_SIZE - offset)
		return NULL;
	if (access == BX_TO_WRITE && host->constant && address / PAGE == host->constant / PAGE)
		return NULL;
	assert_true(offset / PAGE == (offset + length - 1) / PAGE);
	if (host->master_for && !--host->master_for)
		WRITE_ONCE(ctrl->bus_master, false);
	return host->memory + offset;
}

static void host_interrupt(struct bx_ctrl *ctrl, unsigned int vector)
{
	struct emu_host *host = ctrl->config.host;

	assert_in_range(vector, 0, BX_VECTORS_MAX - 1);
	host->interrupts[vector]++;
}

static void host_wake(struct bx_engine *engine)
{
}

static const struct bx_host_ops ops = {
	.memory = host_memory,
	.interrupt = host_interrupt,
	.wake = host_wake,
};

/* ---- memory */

u64 emu_alloc(struct emu_host *host, size_t size)
{
	size_t at = host->next;

	/* A page of guard before each. */
	host->next = ALIGN(at + size, PAGE) + PAGE;
	assert_true(host->next <= EMU_MEMORY_SIZE);
	memset(host->memory + at, 0, size);
	host->allocated[host->allocations][0] = at;
	host->allocated[host->allocations++][1] = at + size;
	assert_true(host->allocations < EMU_ALLOCATIONS);
	return EMU_MEMORY + at;
}

void *emu_at(struct emu_host *host, u64 address)
{
	return host->memory + (address - EMU_MEMORY);
}

static void check_guards(struct emu_host *host)
{
	size_t at = 0;

	for (unsigned int i = 0; i <= host->allocations; i++) {
		size_t end = i < host->allocations ? host->allocated[i][0] : EMU_MEMORY_SIZE;

		/* All at once, if all is well: the sanitizers slow a loop down a lot. */
		if (at < end && host->memory[at] == GUARD &&
		    !memcmp(host->memory + at, host->memory + at + 1, end - at - 1))
			at = end;
		for (; at < end; at++)
			if (host->memory[at] != GUARD)
				fail_msg("the controller wrote to byte %zx, which nobody gave it",
					 at);
		if (i < host->allocations)
			at = host->allocated[i][1];
	}
}

/* ---- the controller */

void emu_begin(struct emu_host *host, const struct emu_options *options)
{
	static const struct emu_options usual;
	const struct emu_options *o = options ?: &usual;
	u64 store_size = o->store_size ?: 64 << 20;
	struct bx_config config = {
		.serial = "EMU0001",
		.model = "bx_emu under test",
		.firmware = "1.0",
		.vendor = 0x1b36,
		.subsystem_vendor = 0x1af4,
		.controller_id = 1,
		.queues = o->queues ?: EMU_QUEUES,
		.entries = o->entries ?: 1024,
		.mdts = o->mdts ?: 5,
		.engines = o->engines ?: 1,
		.cmb_size = o->cmb_size,
		.shadow_doorbells = !o->no_shadow_doorbells,
		.host = host,
	};

	*host = (struct emu_host){
		.next = PAGE,
		.admin_entries = o->admin_entries ?: ADMIN_ENTRIES,
	};
	/* The test's own, and so libc's: what kit counts is the controller's. */
	host->memory = aligned_alloc(PAGE, EMU_MEMORY_SIZE);
	memset(host->memory, GUARD, EMU_MEMORY_SIZE);
	host->bar = aligned_alloc(PAGE, BX_BAR_SIZE);
	if (o->cmb_size)
		host->cmb = aligned_alloc(PAGE, o->cmb_size);
	if (!o->sparse)
		host->store_memory = aligned_alloc(PAGE, store_size);
	assert_int_equal(bx_store_init(&host->store, host->store_memory, store_size), 0);
	assert_int_equal(
		bx_ctrl_create(&config, &ops, host->bar, host->cmb, &host->store, &host->ctrl), 0);
	host->ctrl->bus_master = true;
}

void emu_end(struct emu_host *host)
{
	bx_ctrl_destroy(host->ctrl);
	bx_store_done(&host->store);
	check_guards(host);
	free(host->store_memory);
	free(host->cmb);
	free(host->bar);
	free(host->memory);
}

struct bx_ns *emu_namespace(struct emu_host *host, u64 size, u8 format, u8 pi_type)
{
	const struct bx_ns_options options = {
		.size = size,
		.format = format,
		.pi_type = pi_type,
		.attached = true,
	};
	struct bx_ns *ns;

	assert_int_equal(bx_ns_create(host->ctrl, 0, &options, &ns), 0);
	return ns;
}

void emu_pass(struct emu_host *host)
{
	for (unsigned int i = 0; i < PASSES_MAX; i++) {
		bool any = false;

		for (unsigned int e = 0; e < host->ctrl->engine_count; e++)
			any |= bx_engine_pass(&host->ctrl->engines[e]) == 0;
		if (!any)
			return;
	}
	fail_msg("the controller never comes to rest");
}

static void make_rings(struct emu_host *host, u16 id, u32 entries)
{
	struct emu_queue *queue = &host->queues[id];

	*queue = (struct emu_queue){
		.sq = emu_alloc(host, entries * sizeof(struct nvme_command)),
		.cq = emu_alloc(host, entries * sizeof(struct nvme_completion)),
		.sq_entries = entries,
		.cq_entries = entries,
		.phase = 1,
	};
}

static void write64(struct emu_host *host, unsigned int offset, u64 value)
{
	bx_bar_write(host->ctrl, offset, value);
	bx_bar_write(host->ctrl, offset + 4, value >> 32);
}

void emu_enable(struct emu_host *host)
{
	make_rings(host, 0, host->admin_entries);
	bx_bar_write(host->ctrl, NVME_REG_AQA,
		     (host->admin_entries - 1) << 16 | (host->admin_entries - 1));
	write64(host, NVME_REG_ASQ, host->queues[0].sq);
	write64(host, NVME_REG_ACQ, host->queues[0].cq);
	bx_bar_write(host->ctrl, NVME_REG_CC,
		     NVME_CC_ENABLE | NVME_CC_CSS_CSI | NVME_CC_IOSQES | NVME_CC_IOCQES);
	emu_pass(host);
	assert_int_equal(bx_bar_read(host->ctrl, NVME_REG_CSTS), NVME_CSTS_RDY);
}

void emu_disable(struct emu_host *host)
{
	bx_bar_write(host->ctrl, NVME_REG_CC,
		     bx_bar_read(host->ctrl, NVME_REG_CC) & ~NVME_CC_ENABLE);
	emu_pass(host);
	assert_int_equal(bx_bar_read(host->ctrl, NVME_REG_CSTS), 0);
}

/* ---- the queues */

u16 emu_submit(struct emu_host *host, u16 queue, const struct nvme_command *cmd)
{
	struct emu_queue *q = &host->queues[queue];
	struct nvme_command *slot = (struct nvme_command *)emu_at(host, q->sq) + q->tail;

	*slot = *cmd;
	slot->common.command_id = host->next_cid++;
	q->tail = (q->tail + 1) % q->sq_entries;
	smp_wmb();
	bx_bar_write(host->ctrl, NVME_REG_DBS + 8 * queue, q->tail);
	return host->next_cid - 1;
}

bool emu_reap(struct emu_host *host, u16 queue, struct emu_result *ret)
{
	struct emu_queue *q = &host->queues[queue];
	struct nvme_completion *entry = (struct nvme_completion *)emu_at(host, q->cq) + q->head;
	u16 status = le16_to_cpu(smp_load_acquire(&entry->status));

	if ((status & 1) != q->phase)
		return false;
	*ret = (struct emu_result){
		.status = status >> 1,
		.result = le64_to_cpu(entry->result.u64),
		.cid = entry->command_id,
		.sq_head = le16_to_cpu(entry->sq_head),
	};
	q->head = (q->head + 1) % q->cq_entries;
	if (!q->head)
		q->phase ^= 1;
	bx_bar_write(host->ctrl, NVME_REG_DBS + 8 * queue + 4, q->head);
	return true;
}

struct emu_result emu_expect(struct emu_host *host, u16 queue, u16 status)
{
	struct emu_result result;

	emu_pass(host);
	assert_true(emu_reap(host, queue, &result));
	assert_int_equal(result.status, status);
	return result;
}

void emu_expect_none(struct emu_host *host, u16 queue)
{
	struct emu_result result;

	emu_pass(host);
	assert_false(emu_reap(host, queue, &result));
}

void emu_prps(struct emu_host *host, struct nvme_command *cmd, u64 address, size_t length)
{
	u64 first = min_t(u64, length, PAGE - address % PAGE), rest = length - first;
	u64 next = address + first;

	cmd->common.dptr.prp1 = cpu_to_le64(address);
	cmd->common.dptr.prp2 = 0;
	if (rest > PAGE) {
		size_t count = DIV_ROUND_UP(rest, PAGE);
		u64 list = emu_alloc(host, count * sizeof(__le64));

		assert_in_range(count, 1, PAGE / sizeof(__le64));
		for (size_t i = 0; i < count; i++)
			((__le64 *)emu_at(host, list))[i] = cpu_to_le64(next + i * PAGE);
		cmd->common.dptr.prp2 = cpu_to_le64(list);
	} else if (rest) {
		cmd->common.dptr.prp2 = cpu_to_le64(next);
	}
}

struct emu_result emu_run(struct emu_host *host, u16 queue, struct nvme_command *cmd, void *data,
			  size_t length)
{
	struct emu_result result = { .status = EMU_NO_COMPLETION };
	size_t next = host->next;
	unsigned int allocations = host->allocations;
	u64 address = 0;
	u16 cid;

	if (length) {
		address = emu_alloc(host, length);
		memcpy(emu_at(host, address), data, length);
		emu_prps(host, cmd, address, length);
	}
	cid = emu_submit(host, queue, cmd);
	emu_pass(host);
	if (emu_reap(host, queue, &result))
		assert_int_equal(result.cid, cid);
	if (length)
		memcpy(data, emu_at(host, address), length);
	/* Nothing of a command that has ended is used any more. */
	if (result.status != EMU_NO_COMPLETION) {
		for (unsigned int i = allocations; i < host->allocations; i++)
			memset(host->memory + host->allocated[i][0], GUARD,
			       host->allocated[i][1] - host->allocated[i][0]);
		host->allocations = allocations;
		host->next = next;
	}
	return result;
}

u16 emu_status(struct emu_host *host, u16 queue, struct nvme_command cmd)
{
	return emu_run(host, queue, &cmd, NULL, 0).status & ~NVME_STATUS_DNR;
}

/* ---- commands */

struct nvme_command emu_identify_command(u8 cns, u32 nsid)
{
	return (struct nvme_command){ .identify = {
					      .opcode = nvme_admin_identify,
					      .nsid = cpu_to_le32(nsid),
					      .cns = cns,
				      } };
}

struct nvme_command emu_create_cq_command(u16 id, u32 entries, u64 at)
{
	return (struct nvme_command){ .create_cq = {
					      .opcode = nvme_admin_create_cq,
					      .prp1 = cpu_to_le64(at),
					      .cqid = cpu_to_le16(id),
					      .qsize = cpu_to_le16(entries - 1),
					      .cq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG |
								      NVME_CQ_IRQ_ENABLED),
					      .irq_vector = cpu_to_le16(id),
				      } };
}

struct nvme_command emu_create_sq_command(u16 id, u32 entries, u16 cqid, u64 at)
{
	return (struct nvme_command){ .create_sq = {
					      .opcode = nvme_admin_create_sq,
					      .prp1 = cpu_to_le64(at),
					      .sqid = cpu_to_le16(id),
					      .qsize = cpu_to_le16(entries - 1),
					      .sq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG),
					      .cqid = cpu_to_le16(cqid),
				      } };
}

struct nvme_command emu_abort_command(u16 queue, u16 cid)
{
	return (struct nvme_command){ .abort = {
					      .opcode = nvme_admin_abort_cmd,
					      .sqid = cpu_to_le16(queue),
					      .cid = cid,
				      } };
}

void emu_make_queue(struct emu_host *host, u16 id, u32 entries)
{
	struct emu_queue *queue = &host->queues[id];

	make_rings(host, id, entries);
	assert_int_equal(emu_status(host, 0, emu_create_cq_command(id, entries, queue->cq)), 0);
	assert_int_equal(emu_status(host, 0, emu_create_sq_command(id, entries, id, queue->sq)), 0);
}

u16 emu_delete_queue(struct emu_host *host, u8 opcode, u16 id)
{
	struct nvme_command cmd = { .delete_queue = {
					    .opcode = opcode,
					    .qid = cpu_to_le16(id),
				    } };

	return emu_status(host, 0, cmd);
}

void emu_begin_with_queue(struct emu_host *host, u32 entries)
{
	emu_begin(host, NULL);
	emu_namespace(host, MIB, 0, 0);
	emu_enable(host);
	emu_make_queue(host, 1, entries);
}

static struct nvme_command rw(u8 opcode, u32 nsid, u64 lba, unsigned int blocks)
{
	return (struct nvme_command){ .rw = {
					      .opcode = opcode,
					      .nsid = cpu_to_le32(nsid),
					      .slba = cpu_to_le64(lba),
					      .length = cpu_to_le16(blocks - 1),
				      } };
}

u16 emu_read(struct emu_host *host, u16 queue, u32 nsid, u64 lba, unsigned int blocks, void *data,
	     size_t length)
{
	struct nvme_command cmd = rw(nvme_cmd_read, nsid, lba, blocks);

	return emu_run(host, queue, &cmd, data, length).status;
}

u16 emu_write(struct emu_host *host, u16 queue, u32 nsid, u64 lba, unsigned int blocks,
	      const void *data, size_t length)
{
	struct nvme_command cmd = rw(nvme_cmd_write, nsid, lba, blocks);

	return emu_run(host, queue, &cmd, (void *)data, length).status;
}

u16 emu_identify(struct emu_host *host, u8 cns, u32 nsid, void *data)
{
	struct nvme_command cmd = emu_identify_command(cns, nsid);

	return emu_run(host, 0, &cmd, data, NVME_IDENTIFY_DATA_SIZE).status;
}
