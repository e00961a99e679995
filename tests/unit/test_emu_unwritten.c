// SPDX-License-Identifier: GPL-2.0-or-later
/* Blocks without data of a host: of zeros, deallocated, and uncorrectable. */
#include <kit/cmocka.h>

#include "tests/unit/emu_io.h"

/* ---- Write Zeroes, Dataset Management */

static void write_zeroes_makes_zeros_of_nothing_else(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct nvme_command cmd = io_command(nvme_cmd_write_zeroes, 5, 20);

		io_begin_with(&(struct emu_options){ .sparse = i & 1, .engines = 1 + i / 2 }, F512,
			      0);
		io_write(0, 64, 1);
		cmd.rw.control = cpu_to_le16(i & 1 ? BIT(9) : 0);
		assert_int_equal(io_run(cmd, NULL, 0), 0);
		io_expect_zeros(5, 20);
		io_expect_blocks(0, 5, 1);
		io_fill(io_data, 64 * 512, 1);
		assert_int_equal(emu_read(&io_host, IO_QUEUE, 1, 25, 39, io_other, 39 * 512), 0);
		assert_memory_equal(io_data + 25 * 512, io_other, 39 * 512);
		emu_end(&io_host);
	}
}

static u16 deallocate_in(u32 nsid, const struct nvme_dsm_range *ranges, unsigned int count,
			 u32 attributes)
{
	struct nvme_command cmd = { .dsm = { .opcode = nvme_cmd_dsm,
					     .nsid = cpu_to_le32(nsid),
					     .nr = cpu_to_le32(count - 1),
					     .attributes = cpu_to_le32(attributes) } };
	struct nvme_dsm_range copy[256];

	memcpy(copy, ranges, count * sizeof(*ranges));
	return io_run(cmd, copy, count * sizeof(*ranges));
}

static u16 deallocate(const struct nvme_dsm_range *ranges, unsigned int count, u32 attributes)
{
	return deallocate_in(1, ranges, count, attributes);
}

static struct nvme_dsm_range range_of(u64 lba, u32 blocks)
{
	return (struct nvme_dsm_range){ .slba = cpu_to_le64(lba), .nlb = cpu_to_le32(blocks) };
}

static void deallocated_blocks_read_as_zeros(void **state)
{
	struct nvme_dsm_range ranges[256];

	for (int i = 0; i < 2; i++) {
		io_begin_with(&(struct emu_options){ .sparse = i, .engines = 2 }, F512, 0);
		io_write(0, 256, 1);
		for (int j = 0; j < 256; j++)
			ranges[j] = range_of(2 * (j % 100), 1);
		assert_int_equal(deallocate(ranges, 256, NVME_DSMGMT_AD), 0);
		io_fill(io_data, 256 * 512, 1);
		assert_int_equal(emu_read(&io_host, IO_QUEUE, 1, 0, 256, io_other, 256 * 512), 0);
		for (int j = 0; j < 200; j += 2)
			memset(io_data + j * 512, 0, 512);
		assert_memory_equal(io_data, io_other, 256 * 512);
		ranges[0] = range_of(0, io_ns->blocks);
		assert_int_equal(deallocate(ranges, 1, NVME_DSMGMT_AD | NVME_DSMGMT_IDW), 0);
		io_expect_zeros(0, 256);
		assert_int_equal(io_ns->data.used, 0);
		emu_end(&io_host);
	}
}

static void one_range_that_is_wrong_deallocates_none(void **state)
{
	struct nvme_dsm_range ranges[2];

	io_begin(F512, 0);
	io_write(0, 8, 1);
	ranges[0] = range_of(0, 8);
	ranges[1] = range_of(io_ns->blocks - 1, 2);
	assert_int_equal(deallocate(ranges, 2, NVME_DSMGMT_AD), NVME_SC_LBA_RANGE | DNR);
	ranges[1] = range_of(U64_MAX, 1);
	assert_int_equal(deallocate(ranges, 2, NVME_DSMGMT_AD), NVME_SC_LBA_RANGE | DNR);
	ranges[1] = range_of(8, 0);
	assert_int_equal(deallocate(ranges, 2, NVME_DSMGMT_IDR | NVME_DSMGMT_IDW), 0);
	io_expect_blocks(0, 8, 1);
	assert_int_equal(deallocate(ranges, 2, NVME_DSMGMT_AD), 0);
	io_expect_zeros(0, 8);
	emu_end(&io_host);
}

/* The world waits for one command no longer than its limits allow. */
static void more_than_the_limits_is_not_deallocated(void **state)
{
	struct nvme_dsm_range ranges[4];

	io_begin_with(&(struct emu_options){ .sparse = true, .store_size = 3ull << 30 }, F512, 0);
	io_ns = emu_namespace(&io_host, 2ull << 30, F512, 0);
	for (int i = 0; i < 4; i++)
		ranges[i] = range_of(i * BX_DSM_RANGE_BLOCKS, BX_DSM_RANGE_BLOCKS);
	assert_int_equal(deallocate_in(io_ns->id, ranges, 2, NVME_DSMGMT_AD), 0);
	assert_int_equal(deallocate_in(io_ns->id, ranges, 3, NVME_DSMGMT_AD),
			 BX_SC_CMD_SIZE_LIMIT | DNR);
	ranges[0] = range_of(0, BX_DSM_RANGE_BLOCKS + 1);
	assert_int_equal(deallocate_in(io_ns->id, ranges, 1, NVME_DSMGMT_AD),
			 BX_SC_CMD_SIZE_LIMIT | DNR);
	/* Advice has none. */
	assert_int_equal(deallocate_in(io_ns->id, ranges, 4, NVME_DSMGMT_IDR), 0);
	emu_end(&io_host);
}

/* ---- Write Uncorrectable */

static void a_write_that_fails_heals_nothing(void **state)
{
	struct nvme_command write = io_command(nvme_cmd_write, 0, 1);

	io_begin(F512_8, 1);
	assert_int_equal(io_run_plain(nvme_cmd_write_uncor, 0, 1), 0);
	/* A guard that is wrong: zeros are none of these bytes'. */
	io_fill(io_data, 512, 1);
	write.rw.control = cpu_to_le16(NVME_RW_PRINFO_PRCHK_GUARD);
	write.rw.metadata = cpu_to_le64(emu_alloc(&io_host, 8));
	assert_int_equal(io_run(write, io_data, 512) & 0x7ff, NVME_SC_GUARD_CHECK);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 1) & 0x7ff, NVME_SC_READ_ERROR);
	emu_end(&io_host);
}

static void uncorrectable_blocks_fail_until_they_are_written(void **state)
{
	struct bx_copy_range range = io_copy_source(9, 1);

	io_begin_with(&(struct emu_options){ .engines = 2 }, F512, 0);
	io_write(0, 64, 1);
	assert_int_equal(io_run_plain(nvme_cmd_write_uncor, 9, 30), 0);
	assert_int_equal(io_run(io_command(nvme_cmd_read, 8, 2), io_other, 1024),
			 NVME_SC_READ_ERROR | DNR);
	assert_int_equal(io_run(io_command(nvme_cmd_read, 38, 1), io_other, 512),
			 NVME_SC_READ_ERROR | DNR);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 64), NVME_SC_READ_ERROR | DNR);
	assert_int_equal(io_run(io_command(nvme_cmd_compare, 9, 1), io_other, 512),
			 NVME_SC_READ_ERROR | DNR);
	assert_int_equal(io_run(io_command(BX_CMD_COPY, 100, 1), &range, sizeof(range)),
			 NVME_SC_READ_ERROR | DNR);
	io_expect_blocks(0, 9, 1);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 39, 25), 0);
	io_write(9, 7, 2);
	io_expect_blocks(9, 7, 2);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 16, 1), NVME_SC_READ_ERROR | DNR);
	assert_int_equal(io_run_plain(nvme_cmd_write_zeroes, 16, 23), 0);
	io_expect_zeros(16, 23);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 8192), 0);
	emu_end(&io_host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(write_zeroes_makes_zeros_of_nothing_else),
		kit_test(deallocated_blocks_read_as_zeros),
		kit_test(one_range_that_is_wrong_deallocates_none),
		kit_test(more_than_the_limits_is_not_deallocated),
		kit_test(a_write_that_fails_heals_nothing),
		kit_test(uncorrectable_blocks_fail_until_they_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
