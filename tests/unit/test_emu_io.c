// SPDX-License-Identifier: GPL-2.0-or-later
/* The NVM command set, protection information and faults, as a host sees them. */
#include <kit/cmocka.h>

#include <linux/crc-t10dif.h>
#include <linux/slab.h>

#include "kmods/emu/fault.h"
#include "kmods/emu/io.h"
#include "tests/unit/emu_host.h"

#define MIB	    (1u << 20)
#define QUEUE	    1
#define DNR(status) ((status) | NVME_STATUS_DNR)

/* Formats, by block and metadata. */
enum {
	F512 = 0,
	F512_8 = 1,
	F4096 = 3,
	F4096_8 = 4,
	F4096_16 = 5,
	F4096_64 = 6,
};

static struct emu_host host;
static struct bx_ns *ns;
static u8 data[256 * 1024], other[256 * 1024];

static void begin_with(const struct emu_options *options, u8 format, u8 pi_type)
{
	emu_begin(&host, options);
	ns = emu_namespace(&host, 8 * MIB, format, pi_type);
	emu_enable(&host);
	emu_make_queue(&host, QUEUE, 64);
}

static void begin(u8 format, u8 pi_type)
{
	begin_with(NULL, format, pi_type);
}

static void fill(u8 *to, size_t length, u8 seed)
{
	for (size_t i = 0; i < length; i++)
		to[i] = seed + i / 512 * 7 + i;
}

static struct nvme_command make(u8 opcode, u64 lba, unsigned int blocks)
{
	return (struct nvme_command){ .rw = {
					      .opcode = opcode,
					      .nsid = cpu_to_le32(1),
					      .slba = cpu_to_le64(lba),
					      .length = cpu_to_le16(blocks - 1),
				      } };
}

static u16 run(struct nvme_command cmd, void *bytes, size_t length)
{
	return emu_run(&host, QUEUE, &cmd, bytes, length).status;
}

static u16 run_simple(u8 opcode, u64 lba, unsigned int blocks)
{
	return run(make(opcode, lba, blocks), NULL, 0);
}

static void write_ok(u64 lba, unsigned int blocks, u8 seed)
{
	fill(data, blocks * bx_block_size(ns), seed);
	assert_int_equal(emu_write(&host, QUEUE, 1, lba, blocks, data, blocks * bx_block_size(ns)),
			 0);
}

static void expect_blocks(u64 lba, unsigned int blocks, u8 seed)
{
	size_t length = blocks * bx_block_size(ns);

	fill(data, length, seed);
	memset(other, 0xcc, length);
	assert_int_equal(emu_read(&host, QUEUE, 1, lba, blocks, other, length), 0);
	assert_memory_equal(data, other, length);
}

static void expect_zeros(u64 lba, unsigned int blocks)
{
	size_t length = blocks * bx_block_size(ns);

	memset(other, 0xcc, length);
	assert_int_equal(emu_read(&host, QUEUE, 1, lba, blocks, other, length), 0);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(other[i], 0);
}

/* ---- Read, Write, and what all have in common */

static void what_was_written_is_read(void **state)
{
	static const u8 formats[] = { F512, F4096 };

	for (int i = 0; i < 4; i++) {
		begin_with(&(struct emu_options){ .sparse = i & 1 }, formats[i / 2], 0);
		write_ok(3, 1, 1);
		write_ok(5, 16, 2);
		expect_blocks(3, 1, 1);
		expect_blocks(5, 16, 2);
		expect_zeros(4, 1);
		expect_zeros(21, 8);
		assert_int_equal(host.ctrl->engines[0].stats.bytes_written, 17 * bx_block_size(ns));
		emu_end(&host);
	}
}

static void no_block_behind_the_last_can_be_named(void **state)
{
	static const u8 opcodes[] = { nvme_cmd_read,   nvme_cmd_write,	      nvme_cmd_compare,
				      nvme_cmd_verify, nvme_cmd_write_zeroes, nvme_cmd_write_uncor };
	u64 end;

	begin(F512, 0);
	end = ns->blocks;
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		u8 opcode = opcodes[i];
		size_t length = i < 3 ? 1024 : 0;

		assert_int_equal(run(make(opcode, end - 1, 2), data, length),
				 DNR(NVME_SC_LBA_RANGE));
		assert_int_equal(run(make(opcode, end, 2), data, length), DNR(NVME_SC_LBA_RANGE));
		/* Sums and products that wrap around to something small. */
		assert_int_equal(run(make(opcode, U64_MAX, 2), data, length),
				 DNR(NVME_SC_LBA_RANGE));
		assert_int_equal(run(make(opcode, 1ull << 55, 2), data, length),
				 DNR(NVME_SC_LBA_RANGE));
	}
	assert_int_equal(run(make(nvme_cmd_read, end - 2, 2), data, 1024), 0);
	emu_end(&host);
}

static void a_namespace_must_be_there_and_attached(void **state)
{
	struct nvme_command cmd = make(nvme_cmd_verify, 0, 1);

	begin(F512, 0);
	cmd.rw.nsid = 0;
	assert_int_equal(run(cmd, NULL, 0), DNR(NVME_SC_INVALID_NS));
	cmd.rw.nsid = cpu_to_le32(BX_NS_MAX + 1);
	assert_int_equal(run(cmd, NULL, 0), DNR(NVME_SC_INVALID_NS));
	cmd.rw.nsid = cpu_to_le32(NVME_NSID_ALL);
	assert_int_equal(run(cmd, NULL, 0), DNR(NVME_SC_INVALID_NS));
	cmd.rw.nsid = cpu_to_le32(2);
	assert_int_equal(run(cmd, NULL, 0), DNR(NVME_SC_INVALID_FIELD));
	cmd.rw.nsid = cpu_to_le32(1);
	ns->attached = false;
	assert_int_equal(run(cmd, NULL, 0), DNR(NVME_SC_INVALID_FIELD));
	ns->attached = true;
	ns->ready = false;
	assert_int_equal(run(cmd, NULL, 0), NVME_SC_FORMAT_IN_PROGRESS);
	ns->ready = true;
	assert_int_equal(run(cmd, NULL, 0), 0);
	host.ctrl->io_refused = NVME_SC_SANITIZE_IN_PROGRESS;
	assert_int_equal(run(cmd, NULL, 0), NVME_SC_SANITIZE_IN_PROGRESS);
	host.ctrl->io_refused = 0;
	emu_end(&host);
}

static void flush_takes_one_namespace_or_all(void **state)
{
	struct nvme_command cmd = { .common = { .opcode = nvme_cmd_flush } };

	begin(F512, 0);
	assert_int_equal(run(cmd, NULL, 0), DNR(NVME_SC_INVALID_NS));
	cmd.common.nsid = cpu_to_le32(1);
	assert_int_equal(run(cmd, NULL, 0), 0);
	cmd.common.nsid = cpu_to_le32(NVME_NSID_ALL);
	assert_int_equal(run(cmd, NULL, 0), 0);
	cmd.common.nsid = cpu_to_le32(2);
	assert_int_equal(run(cmd, NULL, 0), DNR(NVME_SC_INVALID_FIELD));
	emu_end(&host);
}

static void an_unknown_opcode_is_refused(void **state)
{
	static const u8 known[] = { 0x00, 0x01, 0x02, 0x04, 0x05, 0x08, 0x09, 0x0c, 0x19 };

	begin(F512, 0);
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		if (memchr(known, opcode, sizeof(known)))
			continue;
		assert_int_equal(run_simple(opcode, 0, 1), DNR(NVME_SC_INVALID_OPCODE));
	}
	emu_end(&host);
}

/* Eight times as many as the queue has entries. */
static void commands_that_are_refused_use_nothing_up(void **state)
{
	begin(F512, 0);
	write_ok(0, 8, 1);
	for (unsigned int i = 0; i < 8 * 64; i++) {
		assert_int_equal(run(make(nvme_cmd_write, ns->blocks - (i & 1), 2), other, 1024),
				 DNR(NVME_SC_LBA_RANGE));
		assert_int_equal(run(make(0x7f, 0, 1), NULL, 0), DNR(NVME_SC_INVALID_OPCODE));
	}
	expect_blocks(0, 8, 1);
	expect_zeros(ns->blocks - 1, 1);
	emu_end(&host);
}

static void what_is_write_protected_stays_as_it_is(void **state)
{
	struct nvme_dsm_range range = { .nlb = cpu_to_le32(8) };
	struct nvme_command dsm = { .dsm = { .opcode = nvme_cmd_dsm,
					     .nsid = cpu_to_le32(1),
					     .attributes = cpu_to_le32(NVME_DSMGMT_AD) } };
	struct bx_copy_range copy = {};

	begin(F512, 0);
	write_ok(0, 8, 1);
	ns->write_protected = true;
	assert_int_equal(run(make(nvme_cmd_write, 0, 1), other, 512),
			 DNR(NVME_SC_NS_WRITE_PROTECTED));
	assert_int_equal(run_simple(nvme_cmd_write_zeroes, 0, 1), DNR(NVME_SC_NS_WRITE_PROTECTED));
	assert_int_equal(run_simple(nvme_cmd_write_uncor, 0, 1), DNR(NVME_SC_NS_WRITE_PROTECTED));
	assert_int_equal(run(dsm, &range, sizeof(range)), DNR(NVME_SC_NS_WRITE_PROTECTED));
	assert_int_equal(run(make(BX_CMD_COPY, 4, 1), &copy, sizeof(copy)),
			 DNR(NVME_SC_NS_WRITE_PROTECTED));
	expect_blocks(0, 8, 1);
	emu_end(&host);
}

static void a_write_whose_pointers_are_wrong_at_the_end_writes_nothing(void **state)
{
	struct nvme_command cmd = make(nvme_cmd_write, 0, 24);
	u64 at, list;

	begin(F512, 0);
	write_ok(0, 24, 1);
	at = emu_alloc(&host, 4096);
	list = emu_alloc(&host, 4096);
	cmd.rw.dptr.prp1 = cpu_to_le64(at);
	cmd.rw.dptr.prp2 = cpu_to_le64(list);
	((__le64 *)emu_at(&host, list))[0] = cpu_to_le64(at);
	((__le64 *)emu_at(&host, list))[1] = cpu_to_le64(EMU_MEMORY + EMU_MEMORY_SIZE);
	assert_int_equal(run(cmd, NULL, 0), NVME_SC_DATA_XFER_ERROR);
	expect_blocks(0, 24, 1);
	emu_end(&host);
}

static void more_than_mdts_is_refused(void **state)
{
	begin_with(&(struct emu_options){ .mdts = 1 }, F512, 0);
	assert_int_equal(emu_write(&host, QUEUE, 1, 0, 16, data, 8192), 0);
	assert_int_equal(emu_write(&host, QUEUE, 1, 0, 17, data, 8704), DNR(NVME_SC_INVALID_FIELD));
	/* What moves no data has no such limit. */
	assert_int_equal(run_simple(nvme_cmd_verify, 0, 8192), 0);
	assert_int_equal(run_simple(nvme_cmd_write_zeroes, 0, 8192), 0);
	emu_end(&host);
}

static void directives_are_refused_and_fua_is_counted(void **state)
{
	struct nvme_command cmd = make(nvme_cmd_write, 0, 1);

	begin(F512, 0);
	cmd.rw.control = cpu_to_le16(NVME_RW_DTYPE_STREAMS);
	assert_int_equal(run(cmd, data, 512), DNR(NVME_SC_INVALID_FIELD));
	cmd.rw.control = cpu_to_le16(NVME_RW_FUA | NVME_RW_LR);
	assert_int_equal(run(cmd, data, 512), 0);
	assert_int_equal(host.ctrl->engines[0].stats.fua, 1);
	emu_end(&host);
}

static void a_store_without_room_for_a_page_is_a_status(void **state)
{
	begin_with(&(struct emu_options){ .sparse = true }, F512, 0);
	kit_fail_allocation(0);
	assert_int_equal(emu_write(&host, QUEUE, 1, 0, 1, data, 512), NVME_SC_CAP_EXCEEDED);
	write_ok(0, 1, 1);
	expect_blocks(0, 1, 1);
	emu_end(&host);
}

/* ---- Compare, and fused with Write */

static void compare_sees_one_bit(void **state)
{
	begin(F512, 0);
	write_ok(8, 16, 3);
	fill(data, 8192, 3);
	assert_int_equal(run(make(nvme_cmd_compare, 8, 16), data, 8192), 0);
	data[8191] ^= 0x80;
	assert_int_equal(run(make(nvme_cmd_compare, 8, 16), data, 8192),
			 DNR(NVME_SC_COMPARE_FAILED));
	/* What was never written is zeros here, too. */
	memset(data, 0, 512);
	assert_int_equal(run(make(nvme_cmd_compare, 100, 1), data, 512), 0);
	emu_end(&host);
}

static void run_pair(struct nvme_command first, struct nvme_command second, u16 *a, u16 *b)
{
	struct emu_result result;

	first.rw.flags |= NVME_CMD_FUSE_FIRST;
	second.rw.flags |= NVME_CMD_FUSE_SECOND;
	emu_submit(&host, QUEUE, &first);
	emu_submit(&host, QUEUE, &second);
	emu_pass(&host);
	assert_true(emu_reap(&host, QUEUE, &result));
	*a = result.status;
	assert_true(emu_reap(&host, QUEUE, &result));
	*b = result.status;
}

static void compare_and_write_writes_if_it_is_equal(void **state)
{
	struct nvme_command compare = make(nvme_cmd_compare, 7, 1);
	struct nvme_command write = make(nvme_cmd_write, 7, 1);
	u64 from, to;
	u16 a, b;

	for (unsigned int engines = 1; engines <= 2; engines++) {
		begin_with(&(struct emu_options){ .engines = engines }, F512, 0);
		write_ok(7, 1, 1);
		from = emu_alloc(&host, 512);
		to = emu_alloc(&host, 512);
		fill(emu_at(&host, from), 512, 1);
		fill(emu_at(&host, to), 512, 2);
		emu_prps(&host, &compare, from, 512);
		emu_prps(&host, &write, to, 512);
		run_pair(compare, write, &a, &b);
		assert_int_equal(a, 0);
		assert_int_equal(b, 0);
		expect_blocks(7, 1, 2);
		/* It is not what it was any more. */
		run_pair(compare, write, &a, &b);
		assert_int_equal(a, DNR(NVME_SC_COMPARE_FAILED));
		assert_int_equal(b, NVME_SC_FUSED_FAIL);
		/* Not the same blocks; not this pair. */
		write.rw.slba = cpu_to_le64(8);
		run_pair(compare, write, &a, &b);
		assert_int_equal(a, DNR(NVME_SC_INVALID_FIELD));
		assert_int_equal(b, DNR(NVME_SC_INVALID_FIELD));
		write.rw.slba = cpu_to_le64(7);
		run_pair(write, compare, &a, &b);
		assert_int_equal(a, DNR(NVME_SC_INVALID_FIELD));
		expect_blocks(7, 1, 2);
		emu_end(&host);
	}
}

/* ---- Write Zeroes, Dataset Management */

static void write_zeroes_makes_zeros_of_nothing_else(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct nvme_command cmd = make(nvme_cmd_write_zeroes, 5, 20);

		begin_with(&(struct emu_options){ .sparse = i & 1, .engines = 1 + i / 2 }, F512, 0);
		write_ok(0, 64, 1);
		cmd.rw.control = cpu_to_le16(i & 1 ? BIT(9) : 0);
		assert_int_equal(run(cmd, NULL, 0), 0);
		expect_zeros(5, 20);
		expect_blocks(0, 5, 1);
		fill(data, 64 * 512, 1);
		assert_int_equal(emu_read(&host, QUEUE, 1, 25, 39, other, 39 * 512), 0);
		assert_memory_equal(data + 25 * 512, other, 39 * 512);
		emu_end(&host);
	}
}

static u16 deallocate(const struct nvme_dsm_range *ranges, unsigned int count, u32 attributes)
{
	struct nvme_command cmd = { .dsm = { .opcode = nvme_cmd_dsm,
					     .nsid = cpu_to_le32(1),
					     .nr = cpu_to_le32(count - 1),
					     .attributes = cpu_to_le32(attributes) } };
	struct nvme_dsm_range copy[256];

	memcpy(copy, ranges, count * sizeof(*ranges));
	return run(cmd, copy, count * sizeof(*ranges));
}

static struct nvme_dsm_range range_of(u64 lba, u32 blocks)
{
	return (struct nvme_dsm_range){ .slba = cpu_to_le64(lba), .nlb = cpu_to_le32(blocks) };
}

static void deallocated_blocks_read_as_zeros(void **state)
{
	struct nvme_dsm_range ranges[256];

	for (int i = 0; i < 2; i++) {
		begin_with(&(struct emu_options){ .sparse = i, .engines = 2 }, F512, 0);
		write_ok(0, 256, 1);
		for (int j = 0; j < 256; j++)
			ranges[j] = range_of(2 * (j % 100), 1);
		assert_int_equal(deallocate(ranges, 256, NVME_DSMGMT_AD), 0);
		fill(data, 256 * 512, 1);
		assert_int_equal(emu_read(&host, QUEUE, 1, 0, 256, other, 256 * 512), 0);
		for (int j = 0; j < 200; j += 2)
			memset(data + j * 512, 0, 512);
		assert_memory_equal(data, other, 256 * 512);
		ranges[0] = range_of(0, ns->blocks);
		assert_int_equal(deallocate(ranges, 1, NVME_DSMGMT_AD | NVME_DSMGMT_IDW), 0);
		expect_zeros(0, 256);
		assert_int_equal(ns->data.used, 0);
		emu_end(&host);
	}
}

static void one_range_that_is_wrong_deallocates_none(void **state)
{
	struct nvme_dsm_range ranges[2];

	begin(F512, 0);
	write_ok(0, 8, 1);
	ranges[0] = range_of(0, 8);
	ranges[1] = range_of(ns->blocks - 1, 2);
	assert_int_equal(deallocate(ranges, 2, NVME_DSMGMT_AD), DNR(NVME_SC_LBA_RANGE));
	ranges[1] = range_of(U64_MAX, 1);
	assert_int_equal(deallocate(ranges, 2, NVME_DSMGMT_AD), DNR(NVME_SC_LBA_RANGE));
	ranges[1] = range_of(8, 0);
	assert_int_equal(deallocate(ranges, 2, NVME_DSMGMT_IDR | NVME_DSMGMT_IDW), 0);
	expect_blocks(0, 8, 1);
	assert_int_equal(deallocate(ranges, 2, NVME_DSMGMT_AD), 0);
	expect_zeros(0, 8);
	emu_end(&host);
}

/* ---- Write Uncorrectable */

static void a_write_that_fails_heals_nothing(void **state)
{
	struct nvme_command write = make(nvme_cmd_write, 0, 1);

	begin(F512_8, 1);
	assert_int_equal(run_simple(nvme_cmd_write_uncor, 0, 1), 0);
	/* A guard that is wrong: zeros are none of these bytes'. */
	fill(data, 512, 1);
	write.rw.control = cpu_to_le16(NVME_RW_PRINFO_PRCHK_GUARD);
	write.rw.metadata = cpu_to_le64(emu_alloc(&host, 8));
	assert_int_equal(run(write, data, 512) & 0x7ff, NVME_SC_GUARD_CHECK);
	assert_int_equal(run_simple(nvme_cmd_verify, 0, 1) & 0x7ff, NVME_SC_READ_ERROR);
	emu_end(&host);
}

/* As Linux 7.2 does for merged requests: a last segment with a block of metadata for each piece. */
static void metadata_may_be_scattered(void **state)
{
	struct nvme_command cmd = make(nvme_cmd_write, 0, 2);
	struct nvme_sgl_desc *descriptors;
	u64 bytes, list, pieces;

	begin(F512_8, 0);
	bytes = emu_alloc(&host, 1024);
	list = emu_alloc(&host, 4096);
	pieces = emu_alloc(&host, 4096);
	descriptors = emu_at(&host, list);
	descriptors[0] = (struct nvme_sgl_desc){
		cpu_to_le64(list + 16), cpu_to_le32(32), {}, NVME_SGL_FMT_LAST_SEG_DESC << 4
	};
	descriptors[1] = (struct nvme_sgl_desc){
		cpu_to_le64(pieces + 100), cpu_to_le32(8), {}, NVME_SGL_FMT_DATA_DESC << 4
	};
	descriptors[2] = (struct nvme_sgl_desc){
		cpu_to_le64(pieces + 300), cpu_to_le32(8), {}, NVME_SGL_FMT_DATA_DESC << 4
	};
	memcpy(emu_at(&host, pieces + 100), "first...", 8);
	memcpy(emu_at(&host, pieces + 300), "second..", 8);
	cmd.rw.flags = NVME_CMD_SGL_METASEG;
	cmd.rw.metadata = cpu_to_le64(list);
	cmd.rw.dptr.sgl = (struct nvme_sgl_desc){
		cpu_to_le64(bytes), cpu_to_le32(1024), {}, NVME_SGL_FMT_DATA_DESC << 4
	};
	assert_int_equal(emu_run(&host, QUEUE, &cmd, NULL, 0).status, 0);
	memset(emu_at(&host, pieces), 0, 4096);
	cmd.rw.opcode = nvme_cmd_read;
	assert_int_equal(emu_run(&host, QUEUE, &cmd, NULL, 0).status, 0);
	assert_memory_equal(emu_at(&host, pieces + 100), "first...", 8);
	assert_memory_equal(emu_at(&host, pieces + 300), "second..", 8);
	/* More and less than there is metadata. */
	descriptors[2].length = cpu_to_le32(12);
	assert_int_equal(emu_run(&host, QUEUE, &cmd, NULL, 0).status,
			 DNR(NVME_SC_SGL_INVALID_METADATA));
	descriptors[2].length = cpu_to_le32(4);
	assert_int_equal(emu_run(&host, QUEUE, &cmd, NULL, 0).status,
			 DNR(NVME_SC_SGL_INVALID_METADATA));
	emu_end(&host);
}

static void uncorrectable_blocks_fail_until_they_are_written(void **state)
{
	struct bx_copy_range range = { .slba = cpu_to_le64(9) };

	begin_with(&(struct emu_options){ .engines = 2 }, F512, 0);
	write_ok(0, 64, 1);
	assert_int_equal(run_simple(nvme_cmd_write_uncor, 9, 30), 0);
	assert_int_equal(run(make(nvme_cmd_read, 8, 2), other, 1024), DNR(NVME_SC_READ_ERROR));
	assert_int_equal(run(make(nvme_cmd_read, 38, 1), other, 512), DNR(NVME_SC_READ_ERROR));
	assert_int_equal(run_simple(nvme_cmd_verify, 0, 64), DNR(NVME_SC_READ_ERROR));
	assert_int_equal(run(make(nvme_cmd_compare, 9, 1), other, 512), DNR(NVME_SC_READ_ERROR));
	assert_int_equal(run(make(BX_CMD_COPY, 100, 1), &range, sizeof(range)),
			 DNR(NVME_SC_READ_ERROR));
	expect_blocks(0, 9, 1);
	assert_int_equal(run_simple(nvme_cmd_verify, 39, 25), 0);
	write_ok(9, 7, 2);
	expect_blocks(9, 7, 2);
	assert_int_equal(run_simple(nvme_cmd_verify, 16, 1), DNR(NVME_SC_READ_ERROR));
	assert_int_equal(run_simple(nvme_cmd_write_zeroes, 16, 23), 0);
	expect_zeros(16, 23);
	assert_int_equal(run_simple(nvme_cmd_verify, 0, 8192), 0);
	emu_end(&host);
}

/* ---- Copy */

static struct bx_copy_range source_of(u64 lba, unsigned int blocks)
{
	return (struct bx_copy_range){ .slba = cpu_to_le64(lba), .nlb = cpu_to_le16(blocks - 1) };
}

static u16 copy_to(u64 lba, struct bx_copy_range *ranges, unsigned int count)
{
	return run(make(BX_CMD_COPY, lba, count), ranges, count * sizeof(*ranges));
}

static void copy_gathers_its_sources(void **state)
{
	struct bx_copy_range ranges[3] = { source_of(100, 3), source_of(0, 1), source_of(50, 2) };

	begin(F512, 0);
	write_ok(100, 3, 1);
	write_ok(0, 1, 2);
	write_ok(50, 2, 3);
	assert_int_equal(copy_to(200, ranges, 3), 0);
	expect_blocks(200, 3, 1);
	expect_blocks(203, 1, 2);
	expect_blocks(204, 2, 3);
	expect_zeros(206, 1);
	emu_end(&host);
}

static void commands_are_counted_by_what_they_move(void **state)
{
	struct bx_copy_range range = source_of(0, 4);
	const struct bx_engine_stats *stats;

	begin(F512, 0);
	stats = &host.ctrl->engines[0].stats;
	write_ok(0, 8, 1);
	expect_blocks(0, 8, 1);
	fill(data, 8 * 512, 1);
	assert_int_equal(run(make(nvme_cmd_compare, 0, 8), data, 8 * 512), 0);
	assert_int_equal(run_simple(nvme_cmd_verify, 0, 2), 0);
	assert_int_equal(copy_to(100, &range, 1), 0);
	/* Neither these nor what fails. */
	assert_int_equal(run_simple(nvme_cmd_write_zeroes, 200, 8), 0);
	assert_int_equal(run(make(nvme_cmd_compare, 1, 8), data, 8 * 512),
			 DNR(NVME_SC_COMPARE_FAILED));
	assert_int_equal(run_simple(nvme_cmd_verify, ns->blocks, 1), DNR(NVME_SC_LBA_RANGE));
	range = source_of(ns->blocks, 1);
	assert_int_equal(copy_to(100, &range, 1), DNR(NVME_SC_LBA_RANGE));
	assert_int_equal(stats->bytes_read, 8 * 512);
	assert_int_equal(stats->bytes_written, 8 * 512);
	assert_int_equal(stats->bytes_checked, 10 * 512);
	assert_int_equal(stats->bytes_copied, 4 * 512);
	emu_end(&host);
}

static void copying_onto_itself_is_as_if_all_was_read_first(void **state)
{
	struct bx_copy_range forwards = source_of(0, 20);
	/* Two halves that change places. */
	struct bx_copy_range halves[2] = { source_of(110, 10), source_of(100, 10) };

	begin(F512, 0);
	write_ok(0, 20, 1);
	assert_int_equal(copy_to(5, &forwards, 1), 0);
	expect_blocks(5, 20, 1);
	write_ok(100, 10, 2);
	write_ok(110, 10, 3);
	assert_int_equal(copy_to(100, halves, 2), 0);
	expect_blocks(100, 10, 3);
	expect_blocks(110, 10, 2);
	emu_end(&host);
}

static void copy_has_limits(void **state)
{
	static struct bx_copy_range ranges[256];
	struct nvme_command cmd = make(BX_CMD_COPY, 0, 1);

	begin(F512, 0);
	for (int i = 0; i < 256; i++)
		ranges[i] = source_of(i, 1);
	assert_int_equal(copy_to(1000, ranges, BX_COPY_RANGES), 0);
	assert_int_equal(copy_to(1000, ranges, BX_COPY_RANGES + 1), DNR(BX_SC_CMD_SIZE_LIMIT));
	ranges[0] = source_of(0, BX_COPY_BLOCKS + 1);
	assert_int_equal(copy_to(2000, ranges, 1), DNR(BX_SC_CMD_SIZE_LIMIT));
	for (int i = 0; i <= BX_COPY_TOTAL / BX_COPY_BLOCKS; i++)
		ranges[i] = source_of(0, BX_COPY_BLOCKS);
	assert_int_equal(copy_to(2000, ranges, BX_COPY_TOTAL / BX_COPY_BLOCKS), 0);
	assert_int_equal(copy_to(2000, ranges, BX_COPY_TOTAL / BX_COPY_BLOCKS + 1),
			 DNR(BX_SC_CMD_SIZE_LIMIT));
	ranges[0] = source_of(ns->blocks - 1, 2);
	assert_int_equal(copy_to(0, ranges, 1), DNR(NVME_SC_LBA_RANGE));
	ranges[0] = source_of(0, 2);
	assert_int_equal(copy_to(ns->blocks - 1, ranges, 1), DNR(NVME_SC_LBA_RANGE));
	cmd.rw.length = cpu_to_le16(1 << 8);
	assert_int_equal(run(cmd, ranges, sizeof(ranges[0])), DNR(NVME_SC_INVALID_FIELD));
	emu_end(&host);
}

static void copy_that_overlaps_without_memory_is_a_status(void **state)
{
	struct bx_copy_range range = source_of(0, 20);

	begin(F512, 0);
	write_ok(0, 20, 1);
	kit_fail_allocation(0);
	assert_int_equal(copy_to(5, &range, 1), NVME_SC_INTERNAL);
	expect_blocks(0, 20, 1);
	emu_end(&host);
}

/* ---- metadata */

/* Data and metadata, in one buffer or in two. */
static u16 transfer(struct nvme_command cmd, unsigned int blocks, u8 *bytes, u8 *metadata,
		    u32 metadata_size)
{
	u32 size = bx_block_size(ns);
	size_t next = host.next;
	unsigned int allocations = host.allocations;
	u64 address, separate;
	u16 status;

	if (ns->extended) {
		u8 mixed[65536];

		for (unsigned int i = 0; i < blocks; i++) {
			memcpy(mixed + i * (size + metadata_size), bytes + i * size, size);
			memcpy(mixed + i * (size + metadata_size) + size,
			       metadata + i * metadata_size, metadata_size);
		}
		status = run(cmd, mixed, blocks * (size + metadata_size));
		for (unsigned int i = 0; i < blocks; i++) {
			memcpy(bytes + i * size, mixed + i * (size + metadata_size), size);
			memcpy(metadata + i * metadata_size,
			       mixed + i * (size + metadata_size) + size, metadata_size);
		}
		return status;
	}
	address = emu_alloc(&host, blocks * size);
	separate = emu_alloc(&host, blocks * metadata_size + 8);
	memcpy(emu_at(&host, address), bytes, blocks * size);
	memcpy(emu_at(&host, separate), metadata, blocks * metadata_size);
	emu_prps(&host, &cmd, address, blocks * size);
	cmd.rw.metadata = cpu_to_le64(separate);
	status = run(cmd, NULL, 0);
	memcpy(bytes, emu_at(&host, address), blocks * size);
	memcpy(metadata, emu_at(&host, separate), blocks * metadata_size);
	/* Behind it nothing was touched. */
	assert_true(!memcmp(emu_at(&host, separate + blocks * metadata_size), "\0\0\0\0\0\0\0", 8));
	memset(host.memory + next, 0xa5, host.next - next);
	host.next = next;
	host.allocations = allocations;
	return status;
}

static void metadata_goes_with_its_block(void **state)
{
	for (int extended = 0; extended < 2; extended++) {
		u8 metadata[256] = {}, back[256] = {};

		begin(F4096_64, 0);
		ns->extended = extended;
		fill(data, 3 * 4096, 1);
		fill(metadata, 192, 77);
		assert_int_equal(transfer(make(nvme_cmd_write, 9, 3), 3, data, metadata, 64), 0);
		assert_int_equal(transfer(make(nvme_cmd_read, 10, 1), 1, other, back, 64), 0);
		assert_memory_equal(other, data + 4096, 4096);
		assert_memory_equal(back, metadata + 64, 64);
		assert_int_equal(transfer(make(nvme_cmd_compare, 9, 3), 3, data, metadata, 64), 0);
		metadata[191] ^= 1;
		assert_int_equal(transfer(make(nvme_cmd_compare, 9, 3), 3, data, metadata, 64),
				 DNR(NVME_SC_COMPARE_FAILED));
		emu_end(&host);
	}
}

/* ---- protection information */

#define CHECK_ALL (NVME_RW_PRINFO_PRCHK_GUARD | NVME_RW_PRINFO_PRCHK_APP | NVME_RW_PRINFO_PRCHK_REF)
#define CHECK_TWO (NVME_RW_PRINFO_PRCHK_GUARD | NVME_RW_PRINFO_PRCHK_APP)

static u16 checks_of(u8 type)
{
	return type == 3 ? CHECK_TWO : CHECK_ALL;
}

static struct nvme_command make_pi(u8 opcode, u64 lba, unsigned int blocks, u16 info, u32 reftag)
{
	struct nvme_command cmd = make(opcode, lba, blocks);

	cmd.rw.control = cpu_to_le16(info);
	cmd.rw.reftag = cpu_to_le32(reftag);
	cmd.rw.apptag = cpu_to_le16(0x1234);
	cmd.rw.appmask = cpu_to_le16(0xffff);
	return cmd;
}

static u32 reftag_of(u8 type, u64 lba)
{
	return type == 1 ? lba : 0xabc0;
}

/* What a host would put into its metadata. */
static void protect(u8 type, unsigned int blocks, u32 reftag, const u8 *bytes, u8 *metadata)
{
	u32 size = bx_block_size(ns), length = bx_metadata_size(ns);
	u32 offset = ns->pi_first ? 0 : length - 8;

	for (unsigned int i = 0; i < blocks; i++) {
		u16 crc = crc_t10dif(bytes + i * size, size);
		struct bx_pi pi = {
			.apptag = cpu_to_be16(0x1234),
			.reftag = cpu_to_be32(type == 3 ? reftag : reftag + i),
		};

		crc = crc_t10dif_update(crc, metadata + i * length, offset);
		pi.guard = cpu_to_be16(crc);
		memcpy(metadata + i * length + offset, &pi, sizeof(pi));
	}
}

/* For each type, both kinds of buffer, both places, and metadata that is nothing else or something else, too. */
struct shape {
	u8 type, format;
	bool extended, first;
};

static void for_each_shape(void (*try)(const struct shape *shape))
{
	static const u8 formats[] = { F512_8, F4096_16 };

	for (int i = 0; i < 24; i++) {
		struct shape shape = {
			.type = 1 + i / 8,
			.format = formats[i & 1],
			.extended = i & 2,
			.first = i & 4,
		};

		begin(shape.format, shape.type);
		ns->extended = shape.extended;
		ns->pi_first = shape.first;
		try(&shape);
		emu_end(&host);
	}
}

static void try_right(const struct shape *shape)
{
	u32 tag = reftag_of(shape->type, 20), length = bx_metadata_size(ns);
	u16 checks = checks_of(shape->type);
	u8 metadata[64] = {}, back[64] = {};

	fill(data, 3 * bx_block_size(ns), 5);
	fill(metadata, sizeof(metadata), 9);
	protect(shape->type, 3, tag, data, metadata);
	assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, checks, tag), 3, data, metadata,
				  length),
			 0);
	assert_int_equal(
		transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, other, back, length), 0);
	assert_memory_equal(other, data, 3 * bx_block_size(ns));
	assert_memory_equal(back, metadata, 3 * length);
	assert_int_equal(run(make_pi(nvme_cmd_verify, 20, 3, checks, tag), NULL, 0), 0);
	/* Protection information is not compared, what else there is, is. */
	metadata[shape->first ? 0 : length - 1] ^= 1;
	assert_int_equal(transfer(make_pi(nvme_cmd_compare, 20, 3, checks, tag), 3, data, metadata,
				  length),
			 0);
	if (length == 8)
		return;
	metadata[shape->first ? 15 : 0] ^= 1;
	assert_int_equal(transfer(make_pi(nvme_cmd_compare, 20, 3, checks, tag), 3, data, metadata,
				  length),
			 DNR(NVME_SC_COMPARE_FAILED));
}

static void right_protection_information_passes(void **state)
{
	for_each_shape(try_right);
}

static void try_wrong(const struct shape *shape)
{
	u32 tag = reftag_of(shape->type, 20), length = bx_metadata_size(ns);
	u16 checks = checks_of(shape->type);
	static const u16 expected[] = { NVME_SC_GUARD_CHECK, NVME_SC_APPTAG_CHECK,
					NVME_SC_REFTAG_CHECK };
	u8 metadata[64] = {}, back[64] = {};

	/* A byte of the guard, of the application tag and of the reference tag of the last block. */
	for (int i = 0; i < (shape->type == 3 ? 2 : 3); i++) {
		u8 *wrong = metadata + 2 * length + (shape->first ? 0 : length - 8) + 2 * i;

		fill(data, 3 * bx_block_size(ns), 5);
		fill(metadata, sizeof(metadata), 9);
		protect(shape->type, 3, tag, data, metadata);
		*wrong ^= 0x10;
		assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, checks, tag), 3, data,
					  metadata, length),
				 DNR(expected[i]));
		/* Nothing of it is stored: what was never written passes all checks. */
		assert_int_equal(run(make_pi(nvme_cmd_verify, 20, 3, checks, tag), NULL, 0), 0);
		memset(other, 0xcc, 3 * bx_block_size(ns));
		assert_int_equal(transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, other,
					  back, length),
				 0);
		assert_int_equal(other[0], 0);
		assert_int_equal(back[shape->first ? 0 : length - 8], 0xff);

		/* Without checks it is stored, and found when it is read with them. */
		assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, 0, tag), 3, data, metadata,
					  length),
				 0);
		memset(other, 0xcc, 3 * bx_block_size(ns));
		assert_int_equal(transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, other,
					  back, length),
				 DNR(expected[i]));
		/* And no block of it was delivered. */
		assert_int_equal(other[0], 0xcc);
		assert_int_equal(run(make_pi(nvme_cmd_verify, 20, 3, checks, tag), NULL, 0),
				 DNR(expected[i]));
		assert_int_equal(run_simple(nvme_cmd_write_zeroes, 20, 3), 0);
	}
}

static void wrong_protection_information_is_found_and_nothing_moves(void **state)
{
	for_each_shape(try_wrong);
}

static void try_inserting(const struct shape *shape)
{
	u32 tag = reftag_of(shape->type, 20), length = bx_metadata_size(ns);
	u16 checks = checks_of(shape->type);
	u32 given = length == 8 ? 0 : length;
	u8 metadata[64] = {}, expected[64], back[64] = {};

	fill(data, 3 * bx_block_size(ns), 5);
	fill(metadata, sizeof(metadata), 9);
	assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, NVME_RW_PRINFO_PRACT, tag), 3,
				  data, metadata, given),
			 0);
	memcpy(expected, metadata, sizeof(expected));
	protect(shape->type, 3, tag, data, expected);
	assert_int_equal(
		transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, other, back, length), 0);
	assert_memory_equal(back, expected, 3 * length);
	/* Stripped, if it is all there is. */
	memset(other, 0, 3 * bx_block_size(ns));
	assert_int_equal(transfer(make_pi(nvme_cmd_read, 20, 3, checks | NVME_RW_PRINFO_PRACT, tag),
				  3, other, back, given),
			 0);
	assert_memory_equal(other, data, 3 * bx_block_size(ns));
	assert_int_equal(
		run(make_pi(nvme_cmd_write_zeroes, 20, 3, NVME_RW_PRINFO_PRACT, tag), NULL, 0), 0);
	assert_int_equal(
		transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, other, back, length), 0);
	assert_int_equal(other[0], 0);
	assert_int_equal(back[(shape->first ? 0 : length - 8) + 2], 0x12);
}

static void protection_information_is_inserted_and_stripped(void **state)
{
	for_each_shape(try_inserting);
}

static void impossible_checks_are_refused(void **state)
{
	u8 metadata[8] = {};

	begin(F512_8, 1);
	assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 1, NVME_RW_PRINFO_PRCHK_REF, 21), 1,
				  data, metadata, 8),
			 DNR(NVME_SC_INVALID_PI));
	assert_int_equal(run(make_pi(nvme_cmd_verify, 20, 1, NVME_RW_PRINFO_PRACT, 20), NULL, 0),
			 DNR(NVME_SC_INVALID_PI));
	emu_end(&host);
	begin(F512_8, 3);
	assert_int_equal(run(make_pi(nvme_cmd_verify, 20, 1, NVME_RW_PRINFO_PRCHK_REF, 20), NULL,
			     0),
			 DNR(NVME_SC_INVALID_PI));
	emu_end(&host);
}

/* All ones in the application tag: nobody checks. In type 3 the reference tag has to say so, too. */
static void escape_values_turn_checks_off(void **state)
{
	for (u8 type = 1; type <= 3; type++) {
		u32 tag = reftag_of(type, 20);
		u8 metadata[8] = { 1, 2, 0xff, 0xff, 3, 4, 5, 6 };

		begin(F512_8, type);
		assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 1, checks_of(type), tag), 1,
					  data, metadata, 8),
				 type == 3 ? DNR(NVME_SC_GUARD_CHECK) : 0);
		memset(metadata + 4, 0xff, 4);
		assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 1, checks_of(type), tag), 1,
					  data, metadata, 8),
				 0);
		assert_int_equal(
			run(make_pi(nvme_cmd_verify, 20, 1, checks_of(type), tag), NULL, 0), 0);
		emu_end(&host);
	}
}

static void copy_checks_and_renews_protection_information(void **state)
{
	struct bx_copy_range range = source_of(20, 3);
	struct nvme_command cmd = make_pi(BX_CMD_COPY, 100, 1, NVME_RW_PRINFO_PRACT, 100);
	u8 metadata[64] = {};

	begin(F512_8, 1);
	fill(data, 3 * 512, 5);
	assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, NVME_RW_PRINFO_PRACT, 20), 3, data,
				  metadata, 0),
			 0);
	range.reftag = cpu_to_le32(20);
	range.apptag = cpu_to_le16(0x1234);
	range.appmask = cpu_to_le16(0xffff);
	/* Passed on as it is: it does not say where it is then. */
	cmd.rw.control = cpu_to_le16(CHECK_ALL);
	cmd.rw.length = cpu_to_le16(7 << 12);
	assert_int_equal(run(cmd, &range, sizeof(range)), DNR(NVME_SC_REFTAG_CHECK));
	/* Taken and made anew. */
	cmd.rw.control = cpu_to_le16(NVME_RW_PRINFO_PRACT);
	assert_int_equal(run(cmd, &range, sizeof(range)), DNR(NVME_SC_INVALID_FIELD));
	cmd.rw.length = cpu_to_le16(15 << 12);
	range.apptag = cpu_to_le16(0x1235);
	assert_int_equal(run(cmd, &range, sizeof(range)), DNR(NVME_SC_APPTAG_CHECK));
	range.apptag = cpu_to_le16(0x1234);
	assert_int_equal(run(cmd, &range, sizeof(range)), 0);
	assert_int_equal(run(make_pi(nvme_cmd_verify, 100, 3, CHECK_ALL, 100), NULL, 0), 0);
	assert_int_equal(
		transfer(make_pi(nvme_cmd_read, 100, 3, CHECK_ALL, 100), 3, other, metadata, 8), 0);
	assert_memory_equal(data, other, 3 * 512);
	emu_end(&host);
}

/* ---- faults */

static struct bx_fault_rule rule_of(enum bx_fault_action action)
{
	return (struct bx_fault_rule){
		.io = true,
		.opcode = BX_FAULT_ANY_OPCODE,
		.probability = BX_FAULT_CERTAIN,
		.action = action,
	};
}

static void a_fault_hits_what_its_rule_says_and_nothing_else(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);
	struct bx_fault_info info;
	int number;

	begin(F512, 0);
	write_ok(0, 64, 1);
	rule.opcode = nvme_cmd_read;
	rule.nsid = 1;
	rule.first = 10;
	rule.last = 19;
	rule.ranged = true;
	rule.skip = 1;
	rule.count = 2;
	rule.status = NVME_SC_WRITE_FAULT;
	number = bx_fault_add(host.ctrl, &rule);
	assert_true(number >= 0);
	assert_int_equal(run(make(nvme_cmd_read, 0, 10), other, 5120), 0);
	assert_int_equal(run(make(nvme_cmd_read, 20, 1), other, 512), 0);
	assert_int_equal(run_simple(nvme_cmd_verify, 10, 1), 0);
	assert_int_equal(run(make(nvme_cmd_read, 10, 1), other, 512), 0);
	memset(other, 0xcc, 5632);
	assert_int_equal(run(make(nvme_cmd_read, 0, 11), other, 5632), NVME_SC_WRITE_FAULT);
	assert_int_equal(other[0], 0xcc);
	assert_int_equal(run(make(nvme_cmd_read, 19, 1), other, 512), NVME_SC_WRITE_FAULT);
	assert_int_equal(run(make(nvme_cmd_read, 19, 1), other, 512), 0);
	assert_int_equal(bx_fault_get(host.ctrl, number, &info), 0);
	assert_int_equal(info.fitted, 4);
	assert_int_equal(info.hit, 2);
	assert_int_equal(bx_fault_remove(host.ctrl, number), 0);
	assert_int_equal(bx_fault_remove(host.ctrl, number), -ENOENT);
	emu_end(&host);
}

static void block_0_can_be_named_alone(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);

	begin(F512, 0);
	rule.ranged = true;
	rule.status = NVME_SC_READ_ERROR;
	assert_int_equal(bx_fault_add(host.ctrl, &rule), 0);
	assert_int_equal(run_simple(nvme_cmd_verify, 1, 8), 0);
	assert_int_equal(run_simple(nvme_cmd_flush, 0, 1), 0);
	assert_int_equal(run_simple(nvme_cmd_verify, 0, 1), NVME_SC_READ_ERROR);
	emu_end(&host);
}

static void a_fault_of_one_half_of_a_pair_undoes_the_other(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);
	struct nvme_command compare = make(nvme_cmd_compare, 7, 1);
	struct nvme_command write = make(nvme_cmd_write, 7, 1);
	struct emu_result result;
	u64 from, to;
	u16 a, b;

	begin(F512, 0);
	write_ok(7, 1, 1);
	from = emu_alloc(&host, 512);
	to = emu_alloc(&host, 512);
	fill(emu_at(&host, from), 512, 1);
	fill(emu_at(&host, to), 512, 2);
	emu_prps(&host, &compare, from, 512);
	emu_prps(&host, &write, to, 512);
	rule.status = NVME_SC_WRITE_FAULT;
	rule.count = 1;
	rule.opcode = nvme_cmd_compare;
	bx_fault_add(host.ctrl, &rule);
	run_pair(compare, write, &a, &b);
	assert_int_equal(a, NVME_SC_WRITE_FAULT);
	assert_int_equal(b, NVME_SC_FUSED_FAIL);
	rule.opcode = nvme_cmd_write;
	bx_fault_add(host.ctrl, &rule);
	run_pair(compare, write, &a, &b);
	assert_int_equal(a, NVME_SC_FUSED_FAIL);
	assert_int_equal(b, NVME_SC_WRITE_FAULT);
	expect_blocks(7, 1, 1);
	/* One that is only not completed was executed. */
	rule.action = BX_FAULT_DROP;
	bx_fault_add(host.ctrl, &rule);
	compare.rw.flags |= NVME_CMD_FUSE_FIRST;
	write.rw.flags |= NVME_CMD_FUSE_SECOND;
	emu_submit(&host, QUEUE, &compare);
	emu_submit(&host, QUEUE, &write);
	emu_pass(&host);
	assert_true(emu_reap(&host, QUEUE, &result));
	assert_int_equal(result.status, 0);
	assert_false(emu_reap(&host, QUEUE, &result));
	expect_blocks(7, 1, 2);
	emu_end(&host);
}

static void a_fault_of_some_probability_hits_about_so_many(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);
	unsigned int hits = 0;

	begin(F512, 0);
	rule.status = NVME_SC_INTERNAL;
	rule.probability = 250000;
	assert_int_equal(bx_fault_add(host.ctrl, &rule), 0);
	for (int i = 0; i < 1000; i++)
		hits += run_simple(nvme_cmd_verify, 0, 1) == NVME_SC_INTERNAL;
	assert_in_range(hits, 200, 300);
	bx_fault_clear(host.ctrl);
	assert_int_equal(run_simple(nvme_cmd_verify, 0, 1), 0);
	emu_end(&host);
}

static void rules_that_make_no_sense_are_refused(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);

	begin(F512, 0);
	assert_int_equal(bx_fault_add(host.ctrl, &rule), -EINVAL);
	rule.status = BX_LATER;
	assert_int_equal(bx_fault_add(host.ctrl, &rule), -EINVAL);
	rule.status = 1;
	rule.io = false;
	assert_int_equal(bx_fault_add(host.ctrl, &rule), -EINVAL);
	rule.io = true;
	rule.action = BX_FAULT_DELAY;
	rule.delay_ns = BX_FAULT_DELAY_MAX + 1;
	assert_int_equal(bx_fault_add(host.ctrl, &rule), -EINVAL);
	rule.action = BX_FAULT_STATUS;
	rule.admin = true;
	for (int i = 0; i < BX_FAULTS_MAX; i++)
		assert_int_equal(bx_fault_add(host.ctrl, &rule), i);
	assert_int_equal(bx_fault_add(host.ctrl, &rule), -ENOSPC);
	bx_fault_clear(host.ctrl);
	emu_end(&host);
}

static void a_dropped_completion_never_comes_though_the_command_was_executed(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_DROP);

	begin(F512, 0);
	rule.opcode = nvme_cmd_write_zeroes;
	rule.count = 1;
	write_ok(0, 1, 1);
	bx_fault_add(host.ctrl, &rule);
	assert_int_equal(run_simple(nvme_cmd_write_zeroes, 0, 1), EMU_NO_COMPLETION);
	expect_zeros(0, 1);
	emu_disable(&host);
	emu_end(&host);
}

static void a_delayed_completion_comes_when_it_is_due(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_DELAY);
	struct nvme_command cmd = make(nvme_cmd_verify, 0, 1);
	struct emu_result result;

	kit_clock_hold(1000000);
	begin(F512, 0);
	rule.delay_ns = 5000;
	bx_fault_add(host.ctrl, &rule);
	emu_submit(&host, QUEUE, &cmd);
	emu_pass(&host);
	kit_clock_advance(4999);
	emu_pass(&host);
	assert_false(emu_reap(&host, QUEUE, &result));
	kit_clock_advance(1);
	emu_pass(&host);
	assert_true(emu_reap(&host, QUEUE, &result));
	assert_int_equal(host.ctrl->engines[0].stats.late[0], 1);
	emu_end(&host);
	kit_clock_release();
}

static unsigned int bits_that_differ(size_t length)
{
	unsigned int n = 0;

	for (size_t i = 0; i < length; i++)
		n += hweight8(data[i] ^ other[i]);
	return n;
}

static void flipped_bits_are_in_the_data_of_that_command(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_FLIP);

	begin(F512, 0);
	rule.bits = 1;
	rule.count = 1;
	rule.opcode = nvme_cmd_read;
	write_ok(0, 8, 1);
	bx_fault_add(host.ctrl, &rule);
	assert_int_equal(emu_read(&host, QUEUE, 1, 0, 8, other, 4096), 0);
	assert_int_equal(bits_that_differ(4096), 1);
	expect_blocks(0, 8, 1);
	/* Of a write they stay. */
	rule.opcode = nvme_cmd_write;
	bx_fault_add(host.ctrl, &rule);
	write_ok(0, 8, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(emu_read(&host, QUEUE, 1, 0, 8, other, 4096), 0);
		assert_int_equal(bits_that_differ(4096), 1);
	}
	emu_end(&host);
}

static void a_controller_that_is_made_to_fail_says_so_and_comes_back(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_FAIL);

	for (unsigned int engines = 1; engines <= 2; engines++) {
		begin_with(&(struct emu_options){ .engines = engines }, F512, 0);
		bx_fault_add(host.ctrl, &rule);
		assert_int_equal(run_simple(nvme_cmd_verify, 0, 1), EMU_NO_COMPLETION);
		assert_true(bx_bar_read(host.ctrl, NVME_REG_CSTS) & NVME_CSTS_CFS);
		bx_fault_clear(host.ctrl);
		emu_disable(&host);
		emu_enable(&host);
		emu_make_queue(&host, QUEUE, 64);
		assert_int_equal(run_simple(nvme_cmd_verify, 0, 1), 0);
		emu_end(&host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(what_was_written_is_read),
		kit_test(no_block_behind_the_last_can_be_named),
		kit_test(a_namespace_must_be_there_and_attached),
		kit_test(flush_takes_one_namespace_or_all),
		kit_test(an_unknown_opcode_is_refused),
		kit_test(commands_that_are_refused_use_nothing_up),
		kit_test(what_is_write_protected_stays_as_it_is),
		kit_test(a_write_whose_pointers_are_wrong_at_the_end_writes_nothing),
		kit_test(more_than_mdts_is_refused),
		kit_test(directives_are_refused_and_fua_is_counted),
		kit_test(a_store_without_room_for_a_page_is_a_status),
		kit_test(compare_sees_one_bit),
		kit_test(compare_and_write_writes_if_it_is_equal),
		kit_test(write_zeroes_makes_zeros_of_nothing_else),
		kit_test(deallocated_blocks_read_as_zeros),
		kit_test(one_range_that_is_wrong_deallocates_none),
		kit_test(a_write_that_fails_heals_nothing),
		kit_test(metadata_may_be_scattered),
		kit_test(uncorrectable_blocks_fail_until_they_are_written),
		kit_test(copy_gathers_its_sources),
		kit_test(commands_are_counted_by_what_they_move),
		kit_test(copying_onto_itself_is_as_if_all_was_read_first),
		kit_test(copy_has_limits),
		kit_test(copy_that_overlaps_without_memory_is_a_status),
		kit_test(metadata_goes_with_its_block),
		kit_test(right_protection_information_passes),
		kit_test(wrong_protection_information_is_found_and_nothing_moves),
		kit_test(protection_information_is_inserted_and_stripped),
		kit_test(impossible_checks_are_refused),
		kit_test(escape_values_turn_checks_off),
		kit_test(copy_checks_and_renews_protection_information),
		kit_test(a_fault_hits_what_its_rule_says_and_nothing_else),
		kit_test(block_0_can_be_named_alone),
		kit_test(a_fault_of_one_half_of_a_pair_undoes_the_other),
		kit_test(a_fault_of_some_probability_hits_about_so_many),
		kit_test(rules_that_make_no_sense_are_refused),
		kit_test(a_dropped_completion_never_comes_though_the_command_was_executed),
		kit_test(a_delayed_completion_comes_when_it_is_due),
		kit_test(flipped_bits_are_in_the_data_of_that_command),
		kit_test(a_controller_that_is_made_to_fail_says_so_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
