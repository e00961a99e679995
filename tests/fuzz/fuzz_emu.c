// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The emulator's core, driven by a host that writes anything anywhere: registers, doorbells, queue entries, lists. The input
 * is a program of such steps. Each page of the host's memory is an allocation of its own, so that the address sanitizer
 * sees whoever leaves it; and whatever the host did, the controller comes to rest, can be reset, and goes without a trace.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kit/kit.h>
#include <linux/kernel.h>

#include "kmods/emu/fault.h"
#include "kmods/emu/timing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                \
	do {                                                           \
		if (!(condition)) {                                    \
			fprintf(stderr, "not true: %s\n", #condition); \
			abort();                                       \
		}                                                      \
	} while (0)

enum {
	PAGE = 4096,
	PAGES = 64,
	QUEUES = 2,
	ENTRIES = 16,
	STEPS_MAX = 200,
	PASSES_MAX = 20000,
};

#define BASE 0x100000000ull

static u8 *pages[PAGES], *bar, *cmb;
static struct bx_store store;
static struct bx_ctrl *ctrl;
static u32 tails[QUEUES + 1];
static bool reaps; /* the host says what it has taken, as a good one does */
static u32 whim; /* what the host does next to memory that is being used; 0: nothing */
static u8 *given; /* the memory that was asked for last */

/* ---- the host */

/* What was looked at may be something else when it is looked at again. */
static void change_mind(void)
{
	whim ^= whim << 13;
	whim ^= whim >> 17;
	whim ^= whim << 5;
	if (given && whim % 4 == 0)
		given[whim >> 8 & 15] ^= whim >> 16;
}

static void *host_memory(struct bx_ctrl *of, u64 address, size_t length, enum bx_access access)
{
	u64 page = (address - BASE) / PAGE, offset = address % PAGE;

	if (address < BASE || page >= PAGES || length > PAGE - offset)
		return NULL;
	if (whim)
		change_mind();
	given = offset <= PAGE - 16 ? pages[page] + offset : NULL;
	return pages[page] + offset;
}

static void host_interrupt(struct bx_ctrl *of, unsigned int vector)
{
	MUST(vector < BX_VECTORS_MAX);
}

static void host_wake(struct bx_engine *engine)
{
}

static const struct bx_host_ops ops = {
	.memory = host_memory,
	.interrupt = host_interrupt,
	.wake = host_wake,
};

/* ---- the program */

static const u8 *program;
static size_t left;

/* Zeros at its end. */
static u64 take(unsigned int bytes)
{
	u64 value = 0;

	for (unsigned int i = 0; i < bytes && left; i++, left--)
		value |= (u64)*program++ << 8 * i;
	return value;
}

/* Mostly where there is memory. */
static u64 take_address(void)
{
	u8 page = take(1);

	if (page == 0xff)
		return take(8);
	return BASE + page % PAGES * PAGE + (page & 64 ? take(2) % PAGE : 0);
}

static void pass(void)
{
	for (unsigned int i = 0; i < PASSES_MAX; i++) {
		bool any = false;

		for (unsigned int e = 0; e < ctrl->engine_count; e++)
			any |= bx_engine_pass(&ctrl->engines[e]) == 0;
		if (!any)
			return;
	}
	MUST(!"it comes to rest");
}

static void write64(unsigned int offset, u64 value)
{
	bx_bar_write(ctrl, offset, value);
	bx_bar_write(ctrl, offset + 4, value >> 32);
}

/* Queue n has page 2n for its commands and 2n + 1 for its completions. */
static void submit(unsigned int queue, const struct nvme_command *cmd)
{
	memcpy(pages[2 * queue] + tails[queue] * sizeof(*cmd), cmd, sizeof(*cmd));
	tails[queue] = (tails[queue] + 1) % ENTRIES;
	bx_bar_write(ctrl, NVME_REG_DBS + 8 * queue, tails[queue]);
	/* All that came is taken, wherever that may be. */
	if (reaps && ctrl->cqs[queue])
		bx_bar_write(ctrl, NVME_REG_DBS + 8 * queue + 4, ctrl->cqs[queue]->tail);
}

static void make_queue(unsigned int id)
{
	struct nvme_command cmd = {};

	tails[id] = 0;
	cmd.create_cq.opcode = nvme_admin_create_cq;
	cmd.create_cq.cqid = cpu_to_le16(id);
	cmd.create_cq.qsize = cpu_to_le16(ENTRIES - 1);
	cmd.create_cq.cq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG | NVME_CQ_IRQ_ENABLED);
	cmd.create_cq.prp1 = cpu_to_le64(BASE + (2 * id + 1) * PAGE);
	submit(0, &cmd);
	pass();
	cmd = (struct nvme_command){};
	cmd.create_sq.opcode = nvme_admin_create_sq;
	cmd.create_sq.sqid = cmd.create_sq.cqid = cpu_to_le16(id);
	cmd.create_sq.qsize = cpu_to_le16(ENTRIES - 1);
	cmd.create_sq.sq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG);
	cmd.create_sq.prp1 = cpu_to_le64(BASE + 2 * id * PAGE);
	submit(0, &cmd);
	pass();
}

static void enable(void)
{
	bx_bar_write(ctrl, NVME_REG_CC, 0);
	pass();
	tails[0] = 0;
	bx_bar_write(ctrl, NVME_REG_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	write64(NVME_REG_ASQ, BASE);
	write64(NVME_REG_ACQ, BASE + PAGE);
	bx_bar_write(ctrl, NVME_REG_CC,
		     NVME_CC_ENABLE | NVME_CC_CSS_CSI | NVME_CC_IOSQES | NVME_CC_IOCQES);
	pass();
	for (unsigned int id = 1; id <= QUEUES; id++)
		make_queue(id);
}

/* A command of which most is sensible, or any 64 bytes. */
static void step_command(unsigned int queue, bool raw)
{
	struct nvme_command cmd = {};
	u8 *bytes = (u8 *)&cmd, which;

	if (raw) {
		for (size_t i = 0; i < sizeof(cmd); i++)
			bytes[i] = take(1);
	} else {
		cmd.common.opcode = take(1);
		cmd.common.flags = take(1);
		cmd.common.nsid = cpu_to_le32((s8)take(1));
		which = take(1);
		cmd.common.dptr.prp1 = cpu_to_le64(take_address());
		cmd.common.dptr.prp2 = cpu_to_le64(which & 64 ? take(8) : take_address());
		if (which & 128)
			cmd.common.metadata = cpu_to_le64(take_address());
		for (unsigned int i = 0; i < 6; i++)
			if (which & 1 << i)
				(&cmd.common.cdw10)[i] = cpu_to_le32(take(i == 0 ? 2 : 4));
	}
	submit(queue, &cmd);
}

static void step_memory(void)
{
	u8 *at = pages[take(1) % PAGES];
	unsigned int offset = take(2) % PAGE, length = take(1);

	for (; length-- && offset < PAGE; offset++)
		at[offset] = take(1);
}

/* An entry of a list, or a descriptor. */
static void step_pointer(bool sgl)
{
	u8 *at = pages[take(1) % PAGES];
	unsigned int offset = take(2) % (PAGE - 16) & ~7u;
	__le64 address = cpu_to_le64(take_address()), rest;

	memcpy(at + offset, &address, sizeof(address));
	if (!sgl)
		return;
	rest = cpu_to_le64(take(3) | take(1) << 56);
	memcpy(at + offset + 8, &rest, sizeof(rest));
}

static void step_fault(void)
{
	struct bx_fault_rule rule = {
		.admin = true,
		.io = true,
		.opcode = take(2),
		.ranged = true,
		.last = take(1),
		.skip = take(1),
		.count = take(1),
		.probability = BX_FAULT_CERTAIN,
		.action = take(1) % 8,
		.status = take(2),
		.delay_ns = take(2),
		.bits = take(1),
	};

	bx_fault_add(ctrl, &rule);
}

static void step_timing(void)
{
	struct bx_timing_values values = {
		.read_latency_ns = take(2),
		.write_latency_ns = take(2),
		.other_latency_ns = take(2),
		.read_bandwidth = take(4) << 8,
		.io_unit_size = take(3),
		.nr_io_units = take(1),
	};

	bx_timing_set(ctrl, &values);
}

static void step_host(void)
{
	whim = take(2);
	/* If not, there is another step for heads, which may be anything. */
	reaps = whim & 1;
}

static void step(u8 what)
{
	switch (what & 15) {
	case 0:
		return enable();
	case 1:
	case 2:
	case 3:
		return step_command((what & 3) % (QUEUES + 1), false);
	case 4:
		return step_command((what >> 4) % (QUEUES + 1), false);
	case 5:
		return step_command((what >> 4) % (QUEUES + 1), true);
	case 6:
		return step_memory();
	case 7:
		return step_pointer(false);
	case 8:
		return step_pointer(true);
	case 9:
		return bx_bar_write(ctrl, take(2) % BX_BAR_SIZE & ~3u, take(4));
	case 10:
		/* Registers that mean something, and doorbells. */
		return bx_bar_write(ctrl, take(1) & ~3u, take(4));
	case 11:
		return bx_bar_write(ctrl, NVME_REG_DBS + take(1) % 32 * 4, take(1));
	case 12:
		return bx_ctrl_reset(ctrl, 1 + (what >> 4) % 3);
	case 13:
		return what & 128 ? bx_fault_clear(ctrl) : step_fault();
	case 14:
		return what & 128 ? step_host() : step_timing();
	default:
		kit_clock_advance(1000ull << (what >> 4));
		return pass();
	}
}

/* ---- from the beginning to the end */

static void begin(u8 shape, u8 format)
{
	const struct bx_config config = {
		.serial = "FUZZ",
		.model = "bx_emu",
		.firmware = "1.0",
		.queues = QUEUES + 2,
		.entries = 64,
		.mdts = 3,
		.shadow_doorbells = true,
		.engines = 1 + (shape & 1),
		.cmb_size = shape & 2 ? 4 * PAGE : 0,
	};
	struct bx_ns_options options = {
		.size = 1 << 20,
		.format = format % BX_FORMATS,
		.extended = shape & 4,
		.pi_type = shape >> 4 & 3,
		.pi_first = shape & 8,
		.attached = true,
	};
	struct bx_ns *ns;

	for (unsigned int i = 0; i < PAGES; i++)
		pages[i] = aligned_alloc(PAGE, PAGE), memset(pages[i], 0, PAGE);
	bar = aligned_alloc(PAGE, BX_BAR_SIZE);
	cmb = aligned_alloc(PAGE, 4 * PAGE);
	MUST(!bx_store_init(&store, shape & 64 ? aligned_alloc(PAGE, 8 << 20) : NULL, 8 << 20));
	MUST(!bx_ctrl_create(&config, &ops, bar, cmb, &store, &ctrl));
	ctrl->bus_master = true;
	/* With protection information that the format has no room for, there is no namespace. */
	bx_ns_create(ctrl, 0, &options, &ns);
	options.format = 0;
	options.pi_type = 0;
	bx_ns_create(ctrl, 0, &options, &ns);
}

static void end(void)
{
	void *memory = store.memory;

	whim = 0;
	reaps = true;
	bx_fault_clear(ctrl);
	bx_ctrl_reset(ctrl, BX_RESET_POWER);
	pass();
	enable();
	MUST(bx_bar_read(ctrl, NVME_REG_CSTS) & NVME_CSTS_RDY);
	bx_ctrl_destroy(ctrl);
	MUST(store.free == store.size);
	bx_store_done(&store);
	free(memory);
	free(bar);
	free(cmb);
	for (unsigned int i = 0; i < PAGES; i++)
		free(pages[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *wrong;

	kit_begin();
	kit_clock_hold(1000000);
	program = data;
	left = size;
	whim = 0;
	given = NULL;
	reaps = true;
	begin(take(1), take(1));
	enable();
	for (unsigned int i = 0; i < STEPS_MAX && left; i++) {
		u8 what = take(1);

		step(what);
		if (what & 64)
			pass();
	}
	end();
	kit_clock_release();
	wrong = kit_end();
	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	return 0;
}
