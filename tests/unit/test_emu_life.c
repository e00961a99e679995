// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of a controller, as a host sees it: made, enabled, reset, shut down, and cut off from the host's memory. */
#include <kit/cmocka.h>

#include "tests/unit/emu_host.h"

#include <linux/kernel.h>

static u32 status_register(struct emu_host *host)
{
	return bx_bar_read(host->ctrl, NVME_REG_CSTS);
}

static void write_cc(struct emu_host *host, u32 cc)
{
	bx_bar_write(host->ctrl, NVME_REG_CC, cc);
	emu_pass(host);
}

/* Identify, of which nobody has taken notice yet. */
static void submit_identify(struct emu_host *host)
{
	struct nvme_command cmd = emu_identify_command(NVME_ID_CNS_CTRL, 0);

	emu_prps(host, &cmd, emu_alloc(host, PAGE), PAGE);
	emu_submit(host, 0, &cmd);
}

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

/* The host disables it, has nothing to wait for, and enables it again before anybody looked. */
static void who_could_not_enable_it_can_try_again_at_once(void **state)
{
	struct emu_host host;
	u32 asq;

	emu_begin(&host, NULL);
	emu_enable(&host);
	emu_disable(&host);
	asq = bx_bar_read(host.ctrl, NVME_REG_ASQ);
	bx_bar_write(host.ctrl, NVME_REG_ASQ, asq + 8);
	write_cc(&host, NVME_CC_ENABLE | NVME_CC_CSS_CSI | NVME_CC_IOSQES | NVME_CC_IOCQES);
	assert_int_equal(status_register(&host), NVME_CSTS_CFS);
	/* The same again is as wrong as before. */
	emu_pass(&host);
	assert_int_equal(status_register(&host), NVME_CSTS_CFS);
	bx_bar_write(host.ctrl, NVME_REG_ASQ, asq);
	emu_pass(&host);
	assert_int_equal(status_register(&host), NVME_CSTS_RDY);
	emu_disable(&host);
	/* And what is wrong may be in CC itself. */
	write_cc(&host, NVME_CC_ENABLE | 7 << NVME_CC_AMS_SHIFT);
	assert_int_equal(status_register(&host), NVME_CSTS_CFS);
	write_cc(&host, NVME_CC_ENABLE | NVME_CC_CSS_CSI | NVME_CC_IOSQES | NVME_CC_IOCQES);
	assert_int_equal(status_register(&host), NVME_CSTS_RDY);
	emu_end(&host);
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

static void a_shutdown_may_come_with_the_reset_or_after_it(void **state)
{
	struct emu_host host;
	u32 cc;

	emu_begin(&host, NULL);
	emu_enable(&host);
	cc = bx_bar_read(host.ctrl, NVME_REG_CC);
	write_cc(&host, (cc & ~NVME_CC_ENABLE) | NVME_CC_SHN_NORMAL);
	assert_int_equal(status_register(&host), NVME_CSTS_SHST_CMPLT);
	write_cc(&host, cc);
	assert_int_equal(status_register(&host), NVME_CSTS_RDY);
	emu_disable(&host);
	write_cc(&host, NVME_CC_SHN_ABRUPT);
	assert_int_equal(status_register(&host), NVME_CSTS_SHST_CMPLT);
	write_cc(&host, cc);
	assert_int_equal(status_register(&host), NVME_CSTS_RDY);
	emu_disable(&host);
	emu_enable(&host);
	emu_end(&host);
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

static void what_a_host_can_only_read_is_what_it_was(void **state)
{
	static const unsigned int registers[] = { NVME_REG_CAP,	   NVME_REG_CAP + 4, NVME_REG_VS,
						  NVME_REG_CRTO,   NVME_REG_INTMS,   NVME_REG_INTMC,
						  NVME_REG_CMBLOC, NVME_REG_CMBSZ };
	struct emu_host host;

	emu_begin(&host, &(struct emu_options){ .cmb_size = 64 * 1024 });
	emu_enable(&host);
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		u32 value = bx_bar_read(host.ctrl, registers[i]);

		bx_bar_write(host.ctrl, registers[i], ~value);
		emu_pass(&host);
		assert_int_equal(bx_bar_read(host.ctrl, registers[i]), value);
	}
	emu_end(&host);
}

static void the_furthest_reaching_reset_is_the_one_that_is_done(void **state)
{
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	bx_ctrl_reset(host.ctrl, BX_RESET_SUBSYSTEM);
	bx_ctrl_reset(host.ctrl, BX_RESET_FUNCTION);
	/* Whatever the host has submitted: its memory may be somebody else's by now. */
	submit_identify(&host);
	emu_expect_none(&host, 0);
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
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	host.ctrl->bus_master = false;
	submit_identify(&host);
	emu_expect_none(&host, 0);
	host.ctrl->bus_master = true;
	emu_expect(&host, 0, 0);
	emu_end(&host);
}

static void what_is_written_to_one_that_sleeps_waits_until_it_is_awake(void **state)
{
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	host.ctrl->bus_master = false;
	host.ctrl->asleep = true;
	submit_identify(&host);
	emu_expect_none(&host, 0);
	write_cc(&host, 0);
	assert_true(status_register(&host) & NVME_CSTS_RDY);
	write_cc(&host, host.ctrl->cc);
	/* Nothing was lost. */
	host.ctrl->asleep = false;
	host.ctrl->bus_master = true;
	emu_expect(&host, 0, 0);
	/* A reset does not wait. */
	host.ctrl->asleep = true;
	bx_ctrl_reset(host.ctrl, BX_RESET_FUNCTION);
	emu_pass(&host);
	assert_int_equal(status_register(&host), 0);
	emu_end(&host);
}

static void a_host_that_takes_its_memory_back_waits_for_one_command_at_most(void **state)
{
	struct emu_host host;

	emu_begin(&host, NULL);
	emu_enable(&host);
	for (int i = 0; i < 4; i++)
		submit_identify(&host);
	/* One access each. */
	host.master_for = 2;
	emu_pass(&host);
	assert_int_equal(host.ctrl->sqs[0]->head, 2);
	host.ctrl->bus_master = true;
	for (int i = 0; i < 4; i++)
		emu_expect(&host, 0, 0);
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
		u8 *memory = aligned_alloc(PAGE, MIB);
		static const struct bx_host_ops ops;
		int r;

		r = bx_store_init(&store, memory, MIB);
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

static void a_creation_that_runs_out_of_memory_leaves_nothing(void **state)
{
	static const struct bx_config config = {
		.serial = "X", .queues = 1, .entries = 2, .engines = 1
	};
	static const struct bx_host_ops ops;
	static const struct bx_ns_options options = { .size = MIB, .format = 1 };
	static u64 bar[BX_BAR_SIZE / 8];

	kit_for_each_allocation_failure()
	{
		struct bx_ctrl *ctrl;
		struct bx_store store;
		struct bx_ns *ns;
		int r;

		bx_store_init(&store, NULL, 64 * MIB);
		r = bx_ctrl_create(&config, &ops, bar, NULL, &store, &ctrl);
		if (r >= 0) {
			r = bx_ns_create(ctrl, 0, &options, &ns);
			assert_int_equal(!ctrl->namespaces[1], r < 0);
			bx_ctrl_destroy(ctrl);
		}
		assert_int_equal(r, kit_allocation_failed() ? -ENOMEM : 0);
		assert_int_equal(store.free, store.size);
		bx_store_done(&store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(a_controller_can_be_enabled_and_disabled_any_number_of_times),
		kit_test(what_cannot_be_enabled_is_a_fatal_status_until_it_is_disabled),
		kit_test(who_could_not_enable_it_can_try_again_at_once),
		kit_test(a_shutdown_is_complete_at_once_and_ends_with_a_reset),
		kit_test(a_shutdown_may_come_with_the_reset_or_after_it),
		kit_test(a_subsystem_reset_wants_its_magic_number_and_says_that_it_was),
		kit_test(what_a_host_writes_over_the_status_is_not_meant),
		kit_test(what_a_host_can_only_read_is_what_it_was),
		kit_test(the_furthest_reaching_reset_is_the_one_that_is_done),
		kit_test(a_function_reset_forgets_the_admin_queue_and_one_by_cc_does_not),
		kit_test(nothing_reaches_a_host_that_is_no_bus_master),
		kit_test(what_is_written_to_one_that_sleeps_waits_until_it_is_awake),
		kit_test(a_host_that_takes_its_memory_back_waits_for_one_command_at_most),
		kit_test(making_a_controller_without_memory_leaves_nothing),
		kit_test(a_creation_that_runs_out_of_memory_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
