// SPDX-License-Identifier: GPL-2.0-or-later
/* Log pages: how they are read, and what those of errors and of health count. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/kernel.h>
#include <linux/time64.h>

static void log_pages_that_are_not_there_are_refused(void **state)
{
	static const u8 there[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x12, 0x13, 0x81 };
	__le32 supported[256], page[128];
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(admin_log(&host, 0, 0, 0, supported, sizeof(supported)), 0);
	for (unsigned int lid = 0; lid < 256; lid++) {
		bool is_there = memchr(there, lid, sizeof(there));

		assert_int_equal(le32_to_cpu(supported[lid]), is_there);
		assert_int_equal(admin_log(&host, lid, 0, 0, page, sizeof(page)),
				 is_there ? 0 : NVME_SC_INVALID_LOG_PAGE | DNR);
	}
	emu_end(&host);
}

static void a_log_page_is_read_in_parts_and_no_further_than_its_end(void **state)
{
	u8 whole[512], part[512], zeros[512] = {};
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, whole, 512), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 100, part, 412), 0);
	assert_memory_equal(part, whole + 100, 412);
	/* What is asked for beyond the end is zeros, and nothing of ours. */
	memset(part, 0xff, sizeof(part));
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 500, part, 512), 0);
	assert_memory_equal(part, whole + 500, 12);
	assert_memory_equal(part + 12, zeros, 500);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 2, part, 4),
			 NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 512, part, 4),
			 NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 1ull << 32, part, 4),
			 NVME_SC_INVALID_FIELD | DNR);
	/* Exactly what was asked for: emu_end() looks at what lies behind. */
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, part, 4), 0);
	emu_end(&host);
}

static void what_a_log_page_does_not_say_is_zeros(void **state)
{
	u8 page[512], zeros[512] = {};
	struct emu_host host;

	admin_begin(&host);
	memset(host.ctrl->engines[0].buffer, 0xee, BX_BUFFER_SIZE);
	assert_int_equal(admin_log(&host, NVME_LOG_CHANGED_NS, 0, 0, page, 512), 0);
	assert_memory_equal(page, zeros, 512);
	memset(host.ctrl->engines[0].buffer, 0xee, BX_BUFFER_SIZE);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, page, 512), 0);
	assert_memory_equal(page + 232, zeros, 512 - 232);
	memset(host.ctrl->engines[0].buffer, 0xee, BX_BUFFER_SIZE);
	assert_int_equal(admin_log(&host, BX_LOG_SANITIZE, 0, 0, page, 512), 0);
	assert_memory_equal(page + 32, zeros, 512 - 32);
	emu_end(&host);
}

static void a_huge_number_of_dwords_moves_nothing(void **state)
{
	struct nvme_command cmd = admin_command(nvme_admin_get_log_page, NVME_NSID_ALL,
						NVME_LOG_SMART | 0xffff0000, 0xffff);
	u8 data[4096], before[4096];
	struct emu_host host;

	admin_begin(&host);
	memset(data, 0x5a, sizeof(data));
	memcpy(before, data, sizeof(data));
	assert_int_equal(emu_run(&host, 0, &cmd, data, sizeof(data)).status,
			 NVME_SC_INVALID_FIELD | DNR);
	assert_memory_equal(data, before, sizeof(data));
	emu_end(&host);
}

static void log_pages_are_not_of_one_namespace(void **state)
{
	static const struct {
		u32 nsid;
		u16 status;
	} cases[] = {
		{ 0, 0 },
		{ NVME_NSID_ALL, 0 },
		{ 1, NVME_SC_INVALID_FIELD | DNR },
		{ BX_NS_MAX + 1, NVME_SC_INVALID_NS | DNR },
	};
	struct emu_host host;
	u8 data[512];

	admin_begin(&host);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(admin_run(&host, nvme_admin_get_log_page, cases[i].nsid,
					   NVME_LOG_SMART | 127 << 16, 0, data, sizeof(data))
					 .status,
				 cases[i].status);
	emu_end(&host);
}

static void effects_of_another_command_set_or_an_index_are_refused(void **state)
{
	struct nvme_command cmd =
		admin_command(nvme_admin_get_log_page, 0, NVME_LOG_CMD_EFFECTS | 1023 << 16, 0);
	struct nvme_effects_log log;
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(emu_run(&host, 0, &cmd, &log, sizeof(log)).status, 0);
	assert_true(le32_to_cpu(log.acs[nvme_admin_format_nvm]) & NVME_CMD_EFFECTS_LBCC);
	assert_true(le32_to_cpu(log.iocs[nvme_cmd_read]) & NVME_CMD_EFFECTS_CSUPP);
	assert_int_equal(log.acs[nvme_admin_security_send], 0);
	cmd.get_log_page.csi = 2;
	assert_int_equal(emu_run(&host, 0, &cmd, &log, sizeof(log)).status,
			 NVME_SC_INVALID_FIELD | DNR);
	cmd.common.cdw14 = cpu_to_le32(BIT(23));
	assert_int_equal(emu_run(&host, 0, &cmd, &log, sizeof(log)).status,
			 NVME_SC_INVALID_FIELD | DNR);
	emu_end(&host);
}

static void failed_commands_are_in_the_error_log_newest_first(void **state)
{
	struct nvme_error_slot slots[BX_ERRORS_MAX];
	struct nvme_smart_log smart;
	struct emu_host host;

	admin_begin(&host);
	for (unsigned int i = 0; i < BX_ERRORS_MAX + 10; i++)
		admin_run(&host, 0xff, i, 0, 0, NULL, 0);
	assert_int_equal(admin_log(&host, NVME_LOG_ERROR, 0, 0, slots, sizeof(slots)), 0);
	for (unsigned int i = 0; i < BX_ERRORS_MAX; i++) {
		assert_int_equal(le64_to_cpu(slots[i].error_count), BX_ERRORS_MAX + 10 - i);
		assert_int_equal(le32_to_cpu(slots[i].nsid), BX_ERRORS_MAX + 9 - i);
		assert_int_equal(le16_to_cpu(slots[i].status_field) >> 1,
				 NVME_SC_INVALID_OPCODE | DNR);
		assert_int_equal(le16_to_cpu(slots[i].param_error_location), 0);
		assert_int_equal(slots[i].sqid, 0);
	}
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &smart, sizeof(smart)), 0);
	assert_int_equal(le64_to_cpu(*(__le64 *)smart.num_err_log_entries), BX_ERRORS_MAX + 10);
	emu_end(&host);
}

static void smart_counts_what_was_done(void **state)
{
	struct nvme_smart_log log;
	struct emu_host host;
	struct bx_engine_stats *stats;

	admin_begin(&host);
	stats = &host.ctrl->engines[0].stats;
	stats->bytes_read = 512000 * 3 + 1;
	stats->bytes_checked = 512000;
	stats->bytes_written = 512000;
	stats->bytes_copied = 512000 * 2;
	stats->commands[1][nvme_cmd_read] = 7;
	stats->commands[1][nvme_cmd_compare] = 1;
	stats->commands[1][nvme_cmd_verify] = 100;
	stats->commands[1][nvme_cmd_write_zeroes] = 100;
	stats->commands[1][nvme_cmd_write] = 5;
	stats->commands[1][BX_CMD_COPY] = 3;
	stats->busy_ns = 121 * NSEC_PER_SEC;
	kit_clock_advance(2 * 3600 * NSEC_PER_SEC);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &log, sizeof(log)), 0);
	assert_int_equal(log.critical_warning, 0);
	assert_int_equal(log.temperature[0] | log.temperature[1] << 8, 308);
	assert_int_equal(log.avail_spare, 100);
	/* Read, Compare and Verify; Write and Copy; Read, Compare and Copy; Write and Copy. */
	assert_int_equal(le64_to_cpu(*(__le64 *)log.data_units_read), 5);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.data_units_written), 3);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.host_reads), 11);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.host_writes), 8);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.ctrl_busy_time), 2);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.power_cycles), 1);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.power_on_hours), 2);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.unsafe_shutdowns), 0);
	emu_end(&host);
}

static void power_that_goes_without_a_shutdown_is_counted(void **state)
{
	struct nvme_smart_log log;
	struct emu_host host;

	admin_begin(&host);
	/* Pulled out as it works, then after it was shut down, then while it is not enabled. */
	bx_ctrl_reset(host.ctrl, BX_RESET_POWER);
	emu_pass(&host);
	emu_enable(&host);
	bx_bar_write(host.ctrl, NVME_REG_CC,
		     bx_bar_read(host.ctrl, NVME_REG_CC) | NVME_CC_SHN_ABRUPT);
	emu_pass(&host);
	bx_ctrl_reset(host.ctrl, BX_RESET_POWER);
	emu_pass(&host);
	bx_ctrl_reset(host.ctrl, BX_RESET_POWER);
	emu_pass(&host);
	emu_enable(&host);
	/* Nor is this one. */
	bx_ctrl_reset(host.ctrl, BX_RESET_SUBSYSTEM);
	emu_pass(&host);
	emu_enable(&host);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &log, sizeof(log)), 0);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.power_cycles), 4);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.unsafe_shutdowns), 1);
	emu_end(&host);
}

static void the_time_that_it_was_too_warm_is_counted(void **state)
{
	static const struct {
		u16 kelvin;
		unsigned int minutes;
	} times[] = {
		{ BX_WARNING_KELVIN - 1, 7 },  { BX_WARNING_KELVIN, 3 },
		{ BX_CRITICAL_KELVIN - 1, 1 }, { BX_CRITICAL_KELVIN, 2 },
		{ BX_TEMPERATURE, 5 },	       { BX_CRITICAL_KELVIN + 50, 1 },
	};
	struct nvme_smart_log log;
	struct emu_host host;

	admin_begin(&host);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		bx_health_set_temperature(host.ctrl, times[i].kelvin);
		kit_clock_advance(times[i].minutes * 60 * NSEC_PER_SEC);
		/* Looking does not change it. */
		assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &log, sizeof(log)), 0);
	}
	assert_int_equal(le32_to_cpu(log.warning_temp_time), 4);
	assert_int_equal(le32_to_cpu(log.critical_comp_time), 3);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(log_pages_that_are_not_there_are_refused),
		kit_test(a_log_page_is_read_in_parts_and_no_further_than_its_end),
		kit_test(what_a_log_page_does_not_say_is_zeros),
		kit_test(a_huge_number_of_dwords_moves_nothing),
		kit_test(log_pages_are_not_of_one_namespace),
		kit_test(effects_of_another_command_set_or_an_index_are_refused),
		kit_test(failed_commands_are_in_the_error_log_newest_first),
		kit_test(smart_counts_what_was_done),
		kit_test(power_that_goes_without_a_shutdown_is_counted),
		kit_test(the_time_that_it_was_too_warm_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
