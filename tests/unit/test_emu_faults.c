// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults that are planted: which commands they hit, and what a host sees of them. */
#include <kit/cmocka.h>

#include "kmods/emu/fault.h"
#include "tests/unit/emu_io.h"

#include <linux/kernel.h>

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

	io_begin(F512, 0);
	io_write(0, 64, 1);
	rule.opcode = nvme_cmd_read;
	rule.nsid = 1;
	rule.first = 10;
	rule.last = 19;
	rule.ranged = true;
	rule.skip = 1;
	rule.count = 2;
	rule.status = NVME_SC_WRITE_FAULT;
	number = bx_fault_add(io_host.ctrl, &rule);
	assert_true(number >= 0);
	assert_int_equal(io_run(io_command(nvme_cmd_read, 0, 10), io_other, 5120), 0);
	assert_int_equal(io_run(io_command(nvme_cmd_read, 20, 1), io_other, 512), 0);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 10, 1), 0);
	assert_int_equal(io_run(io_command(nvme_cmd_read, 10, 1), io_other, 512), 0);
	memset(io_other, 0xcc, 5632);
	assert_int_equal(io_run(io_command(nvme_cmd_read, 0, 11), io_other, 5632),
			 NVME_SC_WRITE_FAULT);
	assert_int_equal(io_other[0], 0xcc);
	assert_int_equal(io_run(io_command(nvme_cmd_read, 19, 1), io_other, 512),
			 NVME_SC_WRITE_FAULT);
	assert_int_equal(io_run(io_command(nvme_cmd_read, 19, 1), io_other, 512), 0);
	assert_int_equal(bx_fault_get(io_host.ctrl, number, &info), 0);
	assert_int_equal(info.fitted, 4);
	assert_int_equal(info.hit, 2);
	assert_int_equal(bx_fault_remove(io_host.ctrl, number), 0);
	assert_int_equal(bx_fault_remove(io_host.ctrl, number), -ENOENT);
	emu_end(&io_host);
}

static void block_0_can_be_named_alone(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);

	io_begin(F512, 0);
	rule.ranged = true;
	rule.status = NVME_SC_READ_ERROR;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), 0);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 1, 8), 0);
	assert_int_equal(io_run_plain(nvme_cmd_flush, 0, 1), 0);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 1), NVME_SC_READ_ERROR);
	emu_end(&io_host);
}

static void a_fault_of_one_half_of_a_pair_undoes_the_other(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);
	struct nvme_command compare, write;
	u16 a, b;

	io_begin(F512, 0);
	io_make_pair(7, &compare, &write);
	rule.status = NVME_SC_WRITE_FAULT;
	rule.count = 1;
	rule.opcode = nvme_cmd_compare;
	bx_fault_add(io_host.ctrl, &rule);
	io_run_pair(compare, write, &a, &b);
	assert_int_equal(a, NVME_SC_WRITE_FAULT);
	assert_int_equal(b, NVME_SC_FUSED_FAIL);
	rule.opcode = nvme_cmd_write;
	bx_fault_add(io_host.ctrl, &rule);
	io_run_pair(compare, write, &a, &b);
	assert_int_equal(a, NVME_SC_FUSED_FAIL);
	assert_int_equal(b, NVME_SC_WRITE_FAULT);
	io_expect_blocks(7, 1, 1);
	/* One that is only not completed was executed. */
	rule.action = BX_FAULT_DROP;
	bx_fault_add(io_host.ctrl, &rule);
	io_submit_pair(compare, write);
	emu_expect(&io_host, IO_QUEUE, 0);
	emu_expect_none(&io_host, IO_QUEUE);
	io_expect_blocks(7, 1, 2);
	emu_end(&io_host);
}

static void a_fault_of_some_probability_hits_about_so_many(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);
	unsigned int hits = 0;

	io_begin(F512, 0);
	rule.status = NVME_SC_INTERNAL;
	rule.probability = 250000;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), 0);
	for (int i = 0; i < 1000; i++)
		hits += io_run_plain(nvme_cmd_verify, 0, 1) == NVME_SC_INTERNAL;
	assert_in_range(hits, 200, 300);
	bx_fault_clear(io_host.ctrl);
	assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 1), 0);
	emu_end(&io_host);
}

static void rules_that_make_no_sense_are_refused(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);

	io_begin(F512, 0);
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), -EINVAL);
	rule.status = BX_LATER;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), -EINVAL);
	rule.status = 1;
	rule.io = false;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), -EINVAL);
	rule.io = true;
	rule.action = BX_FAULT_DELAY;
	rule.delay_ns = BX_FAULT_DELAY_MAX + 1;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), -EINVAL);
	rule.action = BX_FAULT_STATUS;
	rule.admin = true;
	for (int i = 0; i < BX_FAULTS_MAX; i++)
		assert_int_equal(bx_fault_add(io_host.ctrl, &rule), i);
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), -ENOSPC);
	bx_fault_clear(io_host.ctrl);
	emu_end(&io_host);
}

static void a_dropped_completion_never_comes_though_the_command_was_executed(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_DROP);

	io_begin(F512, 0);
	rule.opcode = nvme_cmd_write_zeroes;
	rule.count = 1;
	io_write(0, 1, 1);
	bx_fault_add(io_host.ctrl, &rule);
	assert_int_equal(io_run_plain(nvme_cmd_write_zeroes, 0, 1), EMU_NO_COMPLETION);
	io_expect_zeros(0, 1);
	emu_disable(&io_host);
	emu_end(&io_host);
}

static void a_delayed_completion_comes_when_it_is_due(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_DELAY);
	struct nvme_command cmd = io_command(nvme_cmd_verify, 0, 1);

	kit_clock_hold(1000000);
	io_begin(F512, 0);
	rule.delay_ns = 5000;
	bx_fault_add(io_host.ctrl, &rule);
	emu_submit(&io_host, IO_QUEUE, &cmd);
	emu_pass(&io_host);
	kit_clock_advance(4999);
	emu_expect_none(&io_host, IO_QUEUE);
	kit_clock_advance(1);
	emu_expect(&io_host, IO_QUEUE, 0);
	assert_int_equal(io_host.ctrl->engines[0].stats.late[0], 1);
	emu_end(&io_host);
	kit_clock_release();
}

static unsigned int bits_that_differ(size_t length)
{
	unsigned int n = 0;

	for (size_t i = 0; i < length; i++)
		n += hweight8(io_data[i] ^ io_other[i]);
	return n;
}

static void flipped_bits_are_in_the_data_of_that_command(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_FLIP);

	io_begin(F512, 0);
	rule.bits = 1;
	rule.count = 1;
	rule.opcode = nvme_cmd_read;
	io_write(0, 8, 1);
	bx_fault_add(io_host.ctrl, &rule);
	assert_int_equal(emu_read(&io_host, IO_QUEUE, 1, 0, 8, io_other, 4096), 0);
	assert_int_equal(bits_that_differ(4096), 1);
	io_expect_blocks(0, 8, 1);
	/* Of a write they stay. */
	rule.opcode = nvme_cmd_write;
	bx_fault_add(io_host.ctrl, &rule);
	io_write(0, 8, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(emu_read(&io_host, IO_QUEUE, 1, 0, 8, io_other, 4096), 0);
		assert_int_equal(bits_that_differ(4096), 1);
	}
	emu_end(&io_host);
}

static unsigned int ones_in(const u8 *bytes, size_t length)
{
	unsigned int n = 0;

	for (size_t i = 0; i < length; i++)
		n += hweight8(bytes[i]);
	return n;
}

static void flipped_bits_may_be_in_the_metadata(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_FLIP);
	struct nvme_command read = io_command(nvme_cmd_read, 0, 1);
	struct nvme_command write = io_command(nvme_cmd_write, 8, 1);
	u8 *metadata;

	io_begin(F4096_64, 0);
	read.rw.metadata = write.rw.metadata = cpu_to_le64(emu_alloc(&io_host, 64));
	metadata = emu_at(&io_host, le64_to_cpu(read.rw.metadata));
	/* So many that some are in the 64 bytes behind 4096, and on the other hand not all. */
	rule.bits = 4096;
	bx_fault_add(io_host.ctrl, &rule);
	assert_int_equal(io_run(read, io_other, 4096), 0);
	assert_in_range(ones_in(metadata, 64), 1, 511);
	assert_in_range(ones_in(io_other, 4096), 1, 4095);
	/* What was written stays so. */
	memset(metadata, 0, 64);
	memset(io_data, 0, 4096);
	assert_int_equal(io_run(write, io_data, 4096), 0);
	assert_int_equal(ones_in(metadata, 64), 0);
	bx_fault_clear(io_host.ctrl);
	read.rw.slba = write.rw.slba;
	assert_int_equal(io_run(read, io_other, 4096), 0);
	assert_in_range(ones_in(metadata, 64), 1, 511);
	assert_in_range(ones_in(io_other, 4096), 1, 4095);
	emu_end(&io_host);
}

static u16 copy(u64 from, u64 to, unsigned int blocks)
{
	struct bx_copy_range range = io_copy_source(from, blocks);

	return io_run(io_command(BX_CMD_COPY, to, 1), &range, sizeof(range));
}

static u16 deallocate(const struct nvme_dsm_range *ranges, unsigned int count)
{
	struct nvme_command cmd = io_command(nvme_cmd_dsm, 0, 1);

	cmd.dsm.nr = cpu_to_le32(count - 1);
	cmd.dsm.attributes = cpu_to_le32(NVME_DSMGMT_AD);
	memcpy(io_data, ranges, count * sizeof(*ranges));
	return io_run(cmd, io_data, count * sizeof(*ranges));
}

static struct nvme_dsm_range dsm_range(u64 lba, u32 blocks)
{
	return (struct nvme_dsm_range){ .slba = cpu_to_le64(lba), .nlb = cpu_to_le32(blocks) };
}

static void a_fault_of_some_blocks_finds_them_in_the_list_of_a_command(void **state)
{
	const struct nvme_dsm_range beside[] = { dsm_range(0, 10), dsm_range(15, 0),
						 dsm_range(20, 4) };
	const struct nvme_dsm_range among[] = { dsm_range(0, 2), dsm_range(19, 1) };
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);
	struct bx_fault_info info;

	for (unsigned int engines = 1; engines <= 2; engines++) {
		io_begin_with(&(struct emu_options){ .engines = engines }, F512, 0);
		io_write(0, 32, 1);
		rule.ranged = true;
		rule.first = 10;
		rule.last = 19;
		rule.status = NVME_SC_WRITE_FAULT;
		assert_int_equal(bx_fault_add(io_host.ctrl, &rule), 0);
		assert_int_equal(deallocate(among, ARRAY_SIZE(among)), NVME_SC_WRITE_FAULT);
		io_expect_blocks(0, 10, 1);
		assert_int_equal(deallocate(beside, ARRAY_SIZE(beside)), 0);
		io_expect_zeros(0, 10);
		io_expect_zeros(20, 4);
		/* Copies from there, to there, and with neither. */
		assert_int_equal(copy(0, 18, 3), NVME_SC_WRITE_FAULT);
		assert_int_equal(copy(9, 24, 2), NVME_SC_WRITE_FAULT);
		assert_int_equal(copy(0, 20, 8), 0);
		assert_int_equal(bx_fault_get(io_host.ctrl, 0, &info), 0);
		assert_int_equal(info.fitted, 3);
		bx_fault_clear(io_host.ctrl);
		emu_end(&io_host);
	}
}

static void a_list_that_is_wrong_names_no_blocks(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);
	const struct nvme_dsm_range wrong[] = { dsm_range(10, 1), dsm_range(0, U32_MAX) };

	io_begin(F512, 0);
	rule.ranged = true;
	rule.last = 19;
	rule.status = NVME_SC_WRITE_FAULT;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), 0);
	assert_int_equal(deallocate(wrong, 2), NVME_SC_LBA_RANGE | NVME_STATUS_DNR);
	/* But a rule without blocks finds the command. */
	rule.ranged = false;
	rule.status = NVME_SC_INTERNAL;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), 1);
	assert_int_equal(deallocate(wrong, 2), NVME_SC_INTERNAL);
	assert_int_equal(deallocate(wrong, 1), NVME_SC_WRITE_FAULT);
	bx_fault_clear(io_host.ctrl);
	emu_end(&io_host);
}

static void rules_count_in_their_order_whether_they_name_blocks_or_not(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_STATUS);
	const struct nvme_dsm_range range = dsm_range(10, 1);

	io_begin_with(&(struct emu_options){ .engines = 2 }, F512, 0);
	rule.opcode = nvme_cmd_dsm;
	rule.count = 1;
	rule.status = NVME_SC_INTERNAL;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), 0);
	rule.ranged = true;
	rule.last = 19;
	rule.status = NVME_SC_WRITE_FAULT;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), 1);
	rule.action = BX_FAULT_FAIL;
	assert_int_equal(bx_fault_add(io_host.ctrl, &rule), 2);
	assert_int_equal(deallocate(&range, 1), NVME_SC_INTERNAL);
	assert_int_equal(deallocate(&range, 1), NVME_SC_WRITE_FAULT);
	assert_int_equal(deallocate(&range, 1), EMU_NO_COMPLETION);
	assert_true(bx_bar_read(io_host.ctrl, NVME_REG_CSTS) & NVME_CSTS_CFS);
	bx_fault_clear(io_host.ctrl);
	emu_disable(&io_host);
	emu_end(&io_host);
}

static void a_controller_that_is_made_to_fail_says_so_and_comes_back(void **state)
{
	struct bx_fault_rule rule = rule_of(BX_FAULT_FAIL);

	for (unsigned int engines = 1; engines <= 2; engines++) {
		io_begin_with(&(struct emu_options){ .engines = engines }, F512, 0);
		bx_fault_add(io_host.ctrl, &rule);
		assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 1), EMU_NO_COMPLETION);
		assert_true(bx_bar_read(io_host.ctrl, NVME_REG_CSTS) & NVME_CSTS_CFS);
		bx_fault_clear(io_host.ctrl);
		emu_disable(&io_host);
		emu_enable(&io_host);
		emu_make_queue(&io_host, IO_QUEUE, 64);
		assert_int_equal(io_run_plain(nvme_cmd_verify, 0, 1), 0);
		emu_end(&io_host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(a_fault_hits_what_its_rule_says_and_nothing_else),
		kit_test(block_0_can_be_named_alone),
		kit_test(a_fault_of_one_half_of_a_pair_undoes_the_other),
		kit_test(a_fault_of_some_probability_hits_about_so_many),
		kit_test(rules_that_make_no_sense_are_refused),
		kit_test(a_dropped_completion_never_comes_though_the_command_was_executed),
		kit_test(a_delayed_completion_comes_when_it_is_due),
		kit_test(flipped_bits_are_in_the_data_of_that_command),
		kit_test(flipped_bits_may_be_in_the_metadata),
		kit_test(a_fault_of_some_blocks_finds_them_in_the_list_of_a_command),
		kit_test(a_list_that_is_wrong_names_no_blocks),
		kit_test(rules_count_in_their_order_whether_they_name_blocks_or_not),
		kit_test(a_controller_that_is_made_to_fail_says_so_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
