// SPDX-License-Identifier: GPL-2.0-or-later
/* Features: read, set, saved, and what they change. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/kernel.h>
#include <linux/time64.h>

static void features_that_are_not_there_are_refused(void **state)
{
	static const u8 there[] = { 0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
				    0x0b, 0x0e, 0x0f, 0x16, 0x17, 0x19, 0x80, 0x81, 0x84 };
	struct emu_host host;
	__le32 log[256];

	admin_begin(&host);
	assert_int_equal(admin_log(&host, BX_LOG_FEATURE_EFFECTS, 0, 0, log, sizeof(log)), 0);
	for (unsigned int id = 0; id < 256; id++) {
		bool is_there = memchr(there, id, sizeof(there));
		u16 status = is_there ? 0 : NVME_SC_INVALID_FIELD | DNR;

		assert_int_equal(le32_to_cpu(log[id]) & 1, is_there);
		assert_int_equal(admin_get(&host, id | 3 << 8, 0).status, status);
		if (!is_there)
			assert_int_equal(admin_set(&host, id, 0), status);
	}
	/* Nor are there more than four things to ask of one. */
	assert_int_equal(admin_get(&host, NVME_FEAT_VOLATILE_WC | 4 << 8, 0).status,
			 NVME_SC_INVALID_FIELD | DNR);
	emu_end(&host);
}

static void a_feature_is_set_saved_and_gone_with_a_reset(void **state)
{
	const u32 id = NVME_FEAT_VOLATILE_WC;
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(admin_get(&host, id | 3 << 8, 0).result, 5);
	assert_int_equal(admin_get(&host, id, 0).result, 1);
	assert_int_equal(admin_set(&host, id, 0), 0);
	assert_int_equal(admin_get(&host, id, 0).result, 0);
	assert_int_equal(admin_get(&host, id | 1 << 8, 0).result, 1);
	assert_int_equal(admin_get(&host, id | 2 << 8, 0).result, 1);
	emu_disable(&host);
	emu_enable(&host);
	assert_int_equal(admin_get(&host, id, 0).result, 1);
	assert_int_equal(admin_set(&host, id | SAVE_IT, 0), 0);
	assert_int_equal(admin_get(&host, id | 2 << 8, 0).result, 0);
	emu_disable(&host);
	emu_enable(&host);
	assert_int_equal(admin_get(&host, id, 0).result, 0);
	assert_int_equal(admin_get(&host, id | 1 << 8, 0).result, 1);
	emu_end(&host);
}

static void what_cannot_be_set_says_why(void **state)
{
	static const struct {
		u32 nsid, cdw10, cdw11;
		u16 status;
	} wrong[] = {
		{ 0, NVME_FEAT_NUM_QUEUES | SAVE_IT, 0, NVME_SC_FEATURE_NOT_SAVEABLE },
		{ 1, NVME_FEAT_VOLATILE_WC, 0, NVME_SC_FEATURE_NOT_PER_NS },
		{ 99, NVME_FEAT_VOLATILE_WC, 0, NVME_SC_INVALID_NS },
		{ 0, NVME_FEAT_POWER_MGMT, 1, NVME_SC_INVALID_FIELD },
		{ 0, NVME_FEAT_NUM_QUEUES, 0xffff, NVME_SC_INVALID_FIELD },
		{ 0, NVME_FEAT_NUM_QUEUES, 0xffff0000, NVME_SC_INVALID_FIELD },
		{ 0, NVME_FEAT_IRQ_CONFIG, EMU_QUEUES + 1, NVME_SC_INVALID_FIELD },
		{ 0, BX_FEAT_CMD_SET_PROFILE, 1, 0x12b },
		{ 0, NVME_FEAT_ERR_RECOVERY, 0, NVME_SC_INVALID_NS },
		{ 2, NVME_FEAT_ERR_RECOVERY, 0, NVME_SC_INVALID_FIELD },
		{ 1, NVME_FEAT_ERR_RECOVERY, BIT(16), NVME_SC_INVALID_FIELD },
		{ 1, NVME_FEAT_WRITE_PROTECT, 2, NVME_SC_INVALID_FIELD },
		{ 1, NVME_FEAT_WRITE_PROTECT, 7, NVME_SC_INVALID_FIELD },
		{ NVME_NSID_ALL, NVME_FEAT_WRITE_PROTECT, 1, NVME_SC_INVALID_NS },
		{ 0, NVME_FEAT_KATO, 0xffffffff, NVME_SC_KA_TIMEOUT_INVALID },
	};
	struct emu_host host;

	admin_begin(&host);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(admin_run(&host, nvme_admin_set_features, wrong[i].nsid,
					   wrong[i].cdw10, wrong[i].cdw11, NULL, 0)
					 .status,
				 wrong[i].status | DNR);
	emu_end(&host);
}

static void the_number_of_queues_is_settled_before_there_are_any(void **state)
{
	struct emu_host host;
	struct emu_result result;

	admin_begin(&host);
	result = admin_run(&host, nvme_admin_set_features, 0, NVME_FEAT_NUM_QUEUES, 0x00010001,
			   NULL, 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.result, 0x00070007);
	assert_int_equal(admin_get(&host, NVME_FEAT_NUM_QUEUES, 0).result, 0x00070007);
	emu_make_queue(&host, 1, 16);
	assert_int_equal(admin_set(&host, NVME_FEAT_NUM_QUEUES, 0), NVME_SC_CMD_SEQ_ERROR | DNR);
	emu_end(&host);
}

static void interrupts_are_held_back_as_the_features_say(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(admin_set(&host, NVME_FEAT_IRQ_COALESCE, 0x0a07), 0);
	assert_int_equal(host.ctrl->coalescing.threshold, 7);
	assert_int_equal(host.ctrl->coalescing.time, 10);
	assert_int_equal(admin_set(&host, NVME_FEAT_IRQ_CONFIG, 0x10003), 0);
	assert_true(test_bit(3, host.ctrl->coalescing.off));
	assert_int_equal(admin_get(&host, NVME_FEAT_IRQ_CONFIG, 3).result, 0x10003);
	assert_int_equal(admin_get(&host, NVME_FEAT_IRQ_CONFIG, 2).result, 2);
	assert_int_equal(admin_get(&host, NVME_FEAT_IRQ_CONFIG, 100).status,
			 NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(admin_set(&host, NVME_FEAT_ARBITRATION, 3), 0);
	assert_int_equal(host.ctrl->burst, 8);
	emu_disable(&host);
	assert_int_equal(host.ctrl->coalescing.time, 0);
	assert_false(test_bit(3, host.ctrl->coalescing.off));
	emu_end(&host);
}

static void the_time_goes_on_through_a_reset_of_the_controller(void **state)
{
	__le64 time = cpu_to_le64(1000000);
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(admin_run(&host, nvme_admin_get_features, 0, NVME_FEAT_TIMESTAMP, 0, &time,
				   8)
				 .status,
			 0);
	assert_int_equal(le64_to_cpu(time), 0);
	time = cpu_to_le64(1000000);
	assert_int_equal(admin_run(&host, nvme_admin_set_features, 0, NVME_FEAT_TIMESTAMP, 0, &time,
				   8)
				 .status,
			 0);
	kit_clock_advance(5 * NSEC_PER_SEC);
	emu_disable(&host);
	emu_enable(&host);
	admin_run(&host, nvme_admin_get_features, 0, NVME_FEAT_TIMESTAMP, 0, &time, 8);
	assert_int_equal(le64_to_cpu(time), 1005000 | 1ull << 49);
	bx_ctrl_reset(host.ctrl, BX_RESET_SUBSYSTEM);
	emu_pass(&host);
	emu_enable(&host);
	admin_run(&host, nvme_admin_get_features, 0, NVME_FEAT_TIMESTAMP, 0, &time, 8);
	assert_int_equal(le64_to_cpu(time), 0);
	emu_end(&host);
}

static void a_host_that_does_not_keep_it_alive_loses_it(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	/* The most that is a number of ms when it is rounded up. */
	assert_int_equal(admin_set(&host, NVME_FEAT_KATO, 4294967000u), 0);
	assert_int_equal(admin_get(&host, NVME_FEAT_KATO, 0).result, 4294967000u);
	assert_int_equal(admin_set(&host, NVME_FEAT_KATO, 1001), 0);
	assert_int_equal(admin_get(&host, NVME_FEAT_KATO, 0).result, 2000);
	kit_clock_advance(1999 * NSEC_PER_MSEC);
	assert_int_equal(admin_run(&host, nvme_admin_keep_alive, 0, 0, 0, NULL, 0).status, 0);
	kit_clock_advance(1999 * NSEC_PER_MSEC);
	emu_pass(&host);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CSTS), NVME_CSTS_RDY);
	kit_clock_advance(NSEC_PER_MSEC);
	emu_pass(&host);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CSTS), NVME_CSTS_RDY | NVME_CSTS_CFS);
	/* Until it is reset. And a reset ends the watch. */
	emu_disable(&host);
	emu_enable(&host);
	assert_int_equal(admin_set(&host, NVME_FEAT_KATO, 1000), 0);
	emu_disable(&host);
	emu_enable(&host);
	kit_clock_advance(10 * NSEC_PER_SEC);
	emu_pass(&host);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CSTS), NVME_CSTS_RDY);
	assert_int_equal(admin_get(&host, NVME_FEAT_KATO, 0).result, 0);
	emu_end(&host);
}

static void host_identifier_and_behaviour_are_data(void **state)
{
	u8 id[16] = "0123456789abcdef", got[16], behaviour[512] = { 1 };
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(
		admin_run(&host, nvme_admin_set_features, 0, NVME_FEAT_HOST_ID, 1, id, 16).status,
		0);
	assert_int_equal(
		admin_run(&host, nvme_admin_get_features, 0, NVME_FEAT_HOST_ID, 1, got, 16).status,
		0);
	assert_memory_equal(got, id, 16);
	/* Half of it, and not a byte more. */
	memset(got, 0, sizeof(got));
	assert_int_equal(
		admin_run(&host, nvme_admin_get_features, 0, NVME_FEAT_HOST_ID, 0, got, 8).status,
		0);
	assert_memory_equal(got, id, 8);
	assert_int_equal(admin_run(&host, nvme_admin_set_features, 0, NVME_FEAT_HOST_BEHAVIOR, 0,
				   behaviour, 512)
				 .status,
			 0);
	behaviour[0] = 0;
	assert_int_equal(admin_run(&host, nvme_admin_get_features, 0, NVME_FEAT_HOST_BEHAVIOR, 0,
				   behaviour, 512)
				 .status,
			 0);
	assert_int_equal(behaviour[0], 1);
	behaviour[2] = 1;
	assert_int_equal(admin_run(&host, nvme_admin_set_features, 0, NVME_FEAT_HOST_BEHAVIOR, 0,
				   behaviour, 512)
				 .status,
			 NVME_SC_INVALID_FIELD | DNR);
	emu_end(&host);
}

static void features_of_a_namespace_are_its_own(void **state)
{
	struct emu_host host;
	struct nvme_id_ns id;

	admin_begin(&host);
	emu_namespace(&host, MIB, 0, 0);
	assert_int_equal(admin_run(&host, nvme_admin_set_features, 2, NVME_FEAT_ERR_RECOVERY, 17,
				   NULL, 0)
				 .status,
			 0);
	assert_int_equal(admin_run(&host, nvme_admin_get_features, 2, NVME_FEAT_ERR_RECOVERY, 0,
				   NULL, 0)
				 .result,
			 17);
	assert_int_equal(admin_run(&host, nvme_admin_get_features, 1, NVME_FEAT_ERR_RECOVERY, 0,
				   NULL, 0)
				 .result,
			 0);
	assert_int_equal(admin_run(&host, nvme_admin_set_features, NVME_NSID_ALL,
				   NVME_FEAT_ERR_RECOVERY, 3, NULL, 0)
				 .status,
			 0);
	assert_int_equal(admin_run(&host, nvme_admin_get_features, 1, NVME_FEAT_ERR_RECOVERY, 0,
				   NULL, 0)
				 .result,
			 3);
	assert_int_equal(admin_run(&host, nvme_admin_get_features, NVME_NSID_ALL,
				   NVME_FEAT_ERR_RECOVERY, 0, NULL, 0)
				 .status,
			 NVME_SC_INVALID_NS | DNR);
	assert_int_equal(admin_run(&host, nvme_admin_set_features, 2, NVME_FEAT_WRITE_PROTECT, 1,
				   NULL, 0)
				 .status,
			 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 2, &id), 0);
	assert_int_equal(id.nsattr, NVME_NS_ATTR_RO);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 1, &id), 0);
	assert_int_equal(id.nsattr, 0);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(features_that_are_not_there_are_refused),
		kit_test(a_feature_is_set_saved_and_gone_with_a_reset),
		kit_test(what_cannot_be_set_says_why),
		kit_test(the_number_of_queues_is_settled_before_there_are_any),
		kit_test(interrupts_are_held_back_as_the_features_say),
		kit_test(the_time_goes_on_through_a_reset_of_the_controller),
		kit_test(a_host_that_does_not_keep_it_alive_loses_it),
		kit_test(host_identifier_and_behaviour_are_data),
		kit_test(features_of_a_namespace_are_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
