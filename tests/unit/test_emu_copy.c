// SPDX-License-Identifier: GPL-2.0-or-later
/* Copy: what it gathers, onto itself, too, and how much at a time. */
#include <kit/cmocka.h>

#include "tests/unit/emu_io.h"

static u16 copy_to(u64 lba, struct bx_copy_range *ranges, unsigned int count)
{
	return io_run(io_command(BX_CMD_COPY, lba, count), ranges, count * sizeof(*ranges));
}

static void copy_gathers_its_sources(void **state)
{
	struct bx_copy_range ranges[3] = { io_copy_source(100, 3), io_copy_source(0, 1),
					   io_copy_source(50, 2) };

	io_begin(F512, 0);
	io_write(100, 3, 1);
	io_write(0, 1, 2);
	io_write(50, 2, 3);
	assert_int_equal(copy_to(200, ranges, 3), 0);
	io_expect_blocks(200, 3, 1);
	io_expect_blocks(203, 1, 2);
	io_expect_blocks(204, 2, 3);
	io_expect_zeros(206, 1);
	emu_end(&io_host);
}

static void copying_onto_itself_is_as_if_all_was_read_first(void **state)
{
	struct bx_copy_range forwards = io_copy_source(0, 20);
	/* Two halves that change places. */
	struct bx_copy_range halves[2] = { io_copy_source(110, 10), io_copy_source(100, 10) };

	io_begin(F512, 0);
	io_write(0, 20, 1);
	assert_int_equal(copy_to(5, &forwards, 1), 0);
	io_expect_blocks(5, 20, 1);
	io_write(100, 10, 2);
	io_write(110, 10, 3);
	assert_int_equal(copy_to(100, halves, 2), 0);
	io_expect_blocks(100, 10, 3);
	io_expect_blocks(110, 10, 2);
	emu_end(&io_host);
}

static void copy_has_limits(void **state)
{
	static struct bx_copy_range ranges[256];
	struct nvme_command cmd = io_command(BX_CMD_COPY, 0, 1);

	io_begin(F512, 0);
	for (int i = 0; i < 256; i++)
		ranges[i] = io_copy_source(i, 1);
	assert_int_equal(copy_to(1000, ranges, BX_COPY_RANGES), 0);
	assert_int_equal(copy_to(1000, ranges, BX_COPY_RANGES + 1), BX_SC_CMD_SIZE_LIMIT | DNR);
	ranges[0] = io_copy_source(0, BX_COPY_BLOCKS + 1);
	assert_int_equal(copy_to(2000, ranges, 1), BX_SC_CMD_SIZE_LIMIT | DNR);
	for (int i = 0; i <= BX_COPY_TOTAL / BX_COPY_BLOCKS; i++)
		ranges[i] = io_copy_source(0, BX_COPY_BLOCKS);
	assert_int_equal(copy_to(2000, ranges, BX_COPY_TOTAL / BX_COPY_BLOCKS), 0);
	assert_int_equal(copy_to(2000, ranges, BX_COPY_TOTAL / BX_COPY_BLOCKS + 1),
			 BX_SC_CMD_SIZE_LIMIT | DNR);
	ranges[0] = io_copy_source(io_ns->blocks - 1, 2);
	assert_int_equal(copy_to(0, ranges, 1), NVME_SC_LBA_RANGE | DNR);
	ranges[0] = io_copy_source(0, 2);
	assert_int_equal(copy_to(io_ns->blocks - 1, ranges, 1), NVME_SC_LBA_RANGE | DNR);
	cmd.rw.length = cpu_to_le16(1 << 8);
	assert_int_equal(io_run(cmd, ranges, sizeof(ranges[0])), NVME_SC_INVALID_FIELD | DNR);
	emu_end(&io_host);
}

static void copy_that_overlaps_without_memory_is_a_status(void **state)
{
	struct bx_copy_range range = io_copy_source(0, 20);

	io_begin(F512, 0);
	io_write(0, 20, 1);
	kit_fail_allocation(0);
	assert_int_equal(copy_to(5, &range, 1), NVME_SC_INTERNAL);
	io_expect_blocks(0, 20, 1);
	emu_end(&io_host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(copy_gathers_its_sources),
		kit_test(copying_onto_itself_is_as_if_all_was_read_first),
		kit_test(copy_has_limits),
		kit_test(copy_that_overlaps_without_memory_is_a_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
