// SPDX-License-Identifier: GPL-2.0-or-later
/* Read, Write and Flush, and what all commands of the NVM command set have in common, as a host sees it. */
#include <kit/cmocka.h>

#include "tests/unit/emu_io.h"

static void what_was_written_is_read(void **state)
{
	static const u8 formats[] = { F512, F4096 };

	for (int i = 0; i < 4; i++) {
		io_begin_with(&(struct emu_options){ .sparse = i & 1 }, formats[i / 2], 0);
		io_write(3, 1, 1);
		io_write(5, 16, 2);
		io_expect_blocks(3, 1, 1);
		io_expect_blocks(5, 16, 2);
		io_expect_zeros(4, 1);
		io_expect_zeros(21, 8);
		assert_int_equal(io_host.ctrl->engines[0].stats.bytes_written,
				 17 * bx_block_size(io_ns));
		emu_end(&io_host);
	}
}

static void no_block_behind_the_last_can_be_named(void **state)
{
	static const u8 opcodes[] = { nvme_cmd_read,   nvme_cmd_write,	      nvme_cmd_compare,
				      nvme_cmd_verify, nvme_cmd_write_zeroes, nvme_cmd_write_uncor };
	u64 end;

	io_begin(F512, 0);
	end = io_ns->blocks;
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		u8 opcode = opcodes[i];
		size_t length = i < 3 ? 1024 : 0;

		assert_int_equal(io_run(io_command(opcode, end - 1, 2), io_data, length),
				 NVME_SC_LBA_RANGE | DNR);
		assert_int_equal(io_run(io_command(opcode, end, 2), io_data, length),
				 NVME_SC_LBA_RANGE | DNR);
		/* Sums and products that wrap around to something small. */
		assert_int_equal(io_run(io_command(opcode, U64_MAX, 2), io_data, length),
				 NVME_SC_LBA_RANGE | DNR);
		assert_int_equal(io_run(io_command(opcode, 1ull << 55, 2), io_data, length),
				 NVME_SC_LBA_RANGE | DNR);
	}
	assert_int_equal(io_run(io_command(nvme_cmd_read, end - 2, 2), io_data, 1024), 0);
	emu_end(&io_host);
}

static void a_namespace_must_be_there_and_attached(void **state)
{
	struct nvme_command cmd = io_command(nvme_cmd_verify, 0, 1);

	io_begin(F512, 0);
	cmd.rw.nsid = 0;
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_INVALID_NS | DNR);
	cmd.rw.nsid = cpu_to_le32(BX_NS_MAX + 1);
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_INVALID_NS | DNR);
	cmd.rw.nsid = cpu_to_le32(NVME_NSID_ALL);
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_INVALID_NS | DNR);
	cmd.rw.nsid = cpu_to_le32(2);
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_INVALID_FIELD | DNR);
	cmd.rw.nsid = cpu_to_le32(1);
	io_ns->attached = false;
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_INVALID_FIELD | DNR);
	io_ns->attached = true;
	io_ns->ready = false;
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_FORMAT_IN_PROGRESS);
	io_ns->ready = true;
	assert_int_equal(io_run(cmd, NULL, 0), 0);
	io_host.ctrl->io_refused = NVME_SC_SANITIZE_IN_PROGRESS;
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_SANITIZE_IN_PROGRESS);
	io_host.ctrl->io_refused = 0;
	emu_end(&io_host);
}

static void flush_takes_one_namespace_or_all(void **state)
{
	struct nvme_command cmd = { .common = { .opcode = nvme_cmd_flush } };

	io_begin(F512, 0);
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_INVALID_NS | DNR);
	cmd.common.nsid = cpu_to_le32(1);
	assert_int_equal(io_run(cmd, NULL, 0), 0);
	cmd.common.nsid = cpu_to_le32(NVME_NSID_ALL);
	assert_int_equal(io_run(cmd, NULL, 0), 0);
	cmd.common.nsid = cpu_to_le32(2);
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_INVALID_FIELD | DNR);
	emu_end(&io_host);
}

static void an_unknown_opcode_is_refused(void **state)
{
	static const u8 known[] = { 0x00, 0x01, 0x02, 0x04, 0x05, 0x08, 0x09, 0x0c, 0x19 };

	io_begin(F512, 0);
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		if (memchr(known, opcode, sizeof(known)))
			continue;
		assert_int_equal(io_run_plain(opcode, 0, 1), NVME_SC_INVALID_OPCODE | DNR);
	}
	emu_end(&io_host);
}

/* Eight times as many as the queue has entries. */
static void commands_that_are_refused_use_nothing_up(void **state)
{
	io_begin(F512, 0);
	io_write(0, 8, 1);
	for (unsigned int i = 0; i < 8 * 64; i++) {
		assert_int_equal(io_run(io_command(nvme_cmd_write, io_ns->blocks - (i & 1), 2),
					io_other, 1024),
				 NVME_SC_LBA_RANGE | DNR);
		assert_int_equal(io_run(io_command(0x7f, 0, 1), NULL, 0),
				 NVME_SC_INVALID_OPCODE | DNR);
	}
	io_expect_blocks(0, 8, 1);
	io_expect_zeros(io_ns->blocks - 1, 1);
	emu_end(&io_host);
}

static void what_is_write_protected_stays_as_it_is(void **state)
{
	struct nvme_dsm_range range = { .nlb = cpu_to_le32(8) };
	struct nvme_command dsm = { .dsm = { .opcode = nvme_cmd_dsm,
					     .nsid = cpu_to_le32(1),
					     .attributes = cpu_to_le32(NVME_DSMGMT_AD) } };
	struct bx_copy_range copy = {};

	io_begin(F512, 0);
	io_write(0, 8, 1);
	io_ns->write_protected = true;
	assert_int_equal(io_run(io_command(nvme_cmd_write, 0, 1), io_other, 512),
			 NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_int_equal(io_run_plain(nvme_cmd_write_zeroes, 0, 1),
			 NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_int_equal(io_run_plain(nvme_cmd_write_uncor, 0, 1),
			 NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_int_equal(io_run(dsm, &range, sizeof(range)), NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_int_equal(io_run(io_command(BX_CMD_COPY, 4, 1), &copy, sizeof(copy)),
			 NVME_SC_NS_WRITE_PROTECTED | DNR);
	io_expect_blocks(0, 8, 1);
	emu_end(&io_host);
}

static void a_write_whose_pointers_are_wrong_at_the_end_writes_nothing(void **state)
{
	struct nvme_command cmd = io_command(nvme_cmd_write, 0, 24);
	u64 at, list;

	io_begin(F512, 0);
	io_write(0, 24, 1);
	at = emu_alloc(&io_host, 4096);
	list = emu_alloc(&io_host, 4096);
	cmd.rw.dptr.prp1 = cpu_to_le64(at);
	cmd.rw.dptr.prp2 = cpu_to_le64(list);
	((__le64 *)emu_at(&io_host, list))[0] = cpu_to_le64(at);
	((__le64 *)emu_at(&io_host, list))[1] = cpu_to_le64(EMU_MEMORY + EMU_MEMORY_SIZE);
	assert_int_equal(io_run(cmd, NULL, 0), NVME_SC_DATA_XFER_ERROR);
	io_expect_blocks(0, 24, 1);
	emu_end(&io_host);
}

static void more_than_mdts_is_refused(void **state)
{
	io_begin_with(&(struct emu_options){ .mdts = 1 }, F512, 0);
	assert_int_equal(emu_write(&io_host, IO_QUEUE, 1, 0, 16, io_data, 8192), 0);
	assert_int_equal(emu_write(&io_host, IO_QUEUE, 1, 0, 17, io_data, 8704),
			 NVME_SC_INVALID_FIELD | DNR);
	/* What moves no data has no such limit. */
	assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 8192), 0);
	assert_int_equal(io_run_plain(nvme_cmd_write_zeroes, 0, 8192), 0);
	emu_end(&io_host);
}

static void directives_are_refused_and_fua_is_counted(void **state)
{
	struct nvme_command cmd = io_command(nvme_cmd_write, 0, 1);

	io_begin(F512, 0);
	cmd.rw.control = cpu_to_le16(NVME_RW_DTYPE_STREAMS);
	assert_int_equal(io_run(cmd, io_data, 512), NVME_SC_INVALID_FIELD | DNR);
	cmd.rw.control = cpu_to_le16(NVME_RW_FUA | NVME_RW_LR);
	assert_int_equal(io_run(cmd, io_data, 512), 0);
	assert_int_equal(io_host.ctrl->engines[0].stats.fua, 1);
	emu_end(&io_host);
}

static void commands_are_counted_by_what_they_move(void **state)
{
	struct bx_copy_range range = io_copy_source(0, 4);
	const struct bx_engine_stats *stats;

	io_begin(F512, 0);
	stats = &io_host.ctrl->engines[0].stats;
	io_write(0, 8, 1);
	io_expect_blocks(0, 8, 1);
	io_fill(io_data, 8 * 512, 1);
	assert_int_equal(io_run(io_command(nvme_cmd_compare, 0, 8), io_data, 8 * 512), 0);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 2), 0);
	assert_int_equal(io_run(io_command(BX_CMD_COPY, 100, 1), &range, sizeof(range)), 0);
	/* Neither these nor what fails. */
	assert_int_equal(io_run_plain(nvme_cmd_write_zeroes, 200, 8), 0);
	assert_int_equal(io_run(io_command(nvme_cmd_compare, 1, 8), io_data, 8 * 512),
			 NVME_SC_COMPARE_FAILED | DNR);
	assert_int_equal(io_run_plain(nvme_cmd_verify, io_ns->blocks, 1), NVME_SC_LBA_RANGE | DNR);
	range = io_copy_source(io_ns->blocks, 1);
	assert_int_equal(io_run(io_command(BX_CMD_COPY, 100, 1), &range, sizeof(range)),
			 NVME_SC_LBA_RANGE | DNR);
	assert_int_equal(stats->bytes_read, 8 * 512);
	assert_int_equal(stats->bytes_written, 8 * 512);
	assert_int_equal(stats->bytes_checked, 10 * 512);
	assert_int_equal(stats->bytes_copied, 4 * 512);
	emu_end(&io_host);
}

static void a_store_without_room_for_a_page_is_a_status(void **state)
{
	io_begin_with(&(struct emu_options){ .sparse = true }, F512, 0);
	kit_fail_allocation(0);
	assert_int_equal(emu_write(&io_host, IO_QUEUE, 1, 0, 1, io_data, 512),
			 NVME_SC_CAP_EXCEEDED);
	io_write(0, 1, 1);
	io_expect_blocks(0, 1, 1);
	emu_end(&io_host);
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
		kit_test(commands_are_counted_by_what_they_move),
		kit_test(a_store_without_room_for_a_page_is_a_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
