// SPDX-License-Identifier: GPL-2.0-or-later
/* Compare, alone and fused with Write. */
#include <kit/cmocka.h>

#include "tests/unit/emu_io.h"

static void compare_sees_one_bit(void **state)
{
	io_begin(F512, 0);
	io_write(8, 16, 3);
	io_fill(io_data, 8192, 3);
	assert_int_equal(io_run(io_command(nvme_cmd_compare, 8, 16), io_data, 8192), 0);
	io_data[8191] ^= 0x80;
	assert_int_equal(io_run(io_command(nvme_cmd_compare, 8, 16), io_data, 8192),
			 NVME_SC_COMPARE_FAILED | DNR);
	/* What was never written is zeros here, too. */
	memset(io_data, 0, 512);
	assert_int_equal(io_run(io_command(nvme_cmd_compare, 100, 1), io_data, 512), 0);
	emu_end(&io_host);
}

static void compare_and_write_writes_if_it_is_equal(void **state)
{
	struct nvme_command compare, write;
	u16 a, b;

	for (unsigned int engines = 1; engines <= 2; engines++) {
		io_begin_with(&(struct emu_options){ .engines = engines }, F512, 0);
		io_make_pair(7, &compare, &write);
		io_run_pair(compare, write, &a, &b);
		assert_int_equal(a, 0);
		assert_int_equal(b, 0);
		io_expect_blocks(7, 1, 2);
		/* It is not what it was any more. */
		io_run_pair(compare, write, &a, &b);
		assert_int_equal(a, NVME_SC_COMPARE_FAILED | DNR);
		assert_int_equal(b, NVME_SC_FUSED_FAIL);
		/* Not the same blocks; not this pair. */
		write.rw.slba = cpu_to_le64(8);
		io_run_pair(compare, write, &a, &b);
		assert_int_equal(a, NVME_SC_INVALID_FIELD | DNR);
		assert_int_equal(b, NVME_SC_INVALID_FIELD | DNR);
		write.rw.slba = cpu_to_le64(7);
		io_run_pair(write, compare, &a, &b);
		assert_int_equal(a, NVME_SC_INVALID_FIELD | DNR);
		io_expect_blocks(7, 1, 2);
		emu_end(&io_host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(compare_sees_one_bit),
		kit_test(compare_and_write_writes_if_it_is_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
