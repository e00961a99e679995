// SPDX-License-Identifier: GPL-2.0-or-later
/* Firmware: downloaded, put into slots and activated. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/minmax.h>

static u16 download(struct emu_host *host, const char *revision, u32 offset, u32 length)
{
	struct nvme_command cmd =
		admin_command(nvme_admin_download_fw, 0, length / 4 - 1, offset / 4);
	u8 *image = calloc(1, length);
	u16 status;

	memcpy(image, revision, min_t(size_t, strlen(revision), length));
	status = emu_run(host, 0, &cmd, image, length).status;
	free(image);
	return status;
}

static u16 commit(struct emu_host *host, u8 action, u8 slot)
{
	return admin_run(host, nvme_admin_activate_fw, 0, slot | action << 3, 0, NULL, 0).status;
}

/* Revision and log page. */
static void expect_firmware(struct emu_host *host, const char *running, u8 afi, const char *second,
			    const char *third)
{
	struct nvme_fw_slot_info_log log;
	struct nvme_id_ctrl id;

	assert_int_equal(emu_identify(host, NVME_ID_CNS_CTRL, 0, &id), 0);
	assert_memory_equal(id.fr, running, 8);
	assert_int_equal(admin_log(host, NVME_LOG_FW_SLOT, 0, 0, &log, sizeof(log)), 0);
	assert_int_equal(log.afi, afi);
	assert_memory_equal(&log.frs[0], "1.0     ", 8);
	assert_memory_equal(&log.frs[1], second, 8);
	assert_memory_equal(&log.frs[2], third, 8);
	assert_int_equal(log.frs[3], 0);
}

#define NOTHING "\0\0\0\0\0\0\0"

static void firmware_goes_to_a_slot_and_runs_after_a_reset(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	expect_firmware(&host, "1.0     ", 1, NOTHING, NOTHING);
	/* In any order; the last piece need not be whole. */
	assert_int_equal(download(&host, "", 8192, 1000), 0);
	assert_int_equal(download(&host, "2.0     ", 0, 8192), 0);
	assert_int_equal(commit(&host, 0, 2), 0);
	expect_firmware(&host, "1.0     ", 1, "2.0     ", NOTHING);
	assert_int_equal(download(&host, "3.0     ", 0, 4096), 0);
	assert_int_equal(commit(&host, 1, 0), 0);
	expect_firmware(&host, "1.0     ", 0x31, "2.0     ", "3.0     ");
	emu_disable(&host);
	emu_enable(&host);
	expect_firmware(&host, "3.0     ", 3, "2.0     ", "3.0     ");
	assert_int_equal(commit(&host, 2, 1), 0);
	expect_firmware(&host, "3.0     ", 0x13, "2.0     ", "3.0     ");
	emu_disable(&host);
	emu_enable(&host);
	expect_firmware(&host, "1.0     ", 1, "2.0     ", "3.0     ");
	emu_end(&host);
}

static void firmware_that_is_activated_at_once_is_an_event(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_AEN_CFG_FW_ACT);
	admin_ask_for_event(&host);
	assert_int_equal(download(&host, "2.0     ", 0, 4096), 0);
	assert_int_equal(commit(&host, 3, 2), 0);
	assert_int_equal(admin_event(&host), 0x030102);
	expect_firmware(&host, "2.0     ", 2, "2.0     ", NOTHING);
	assert_int_equal(commit(&host, 3, 1), 0);
	expect_firmware(&host, "1.0     ", 1, "2.0     ", NOTHING);
	emu_end(&host);
}

static void a_slot_that_is_replaced_runs_on_until_a_reset(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	download(&host, "2.0     ", 0, 4096);
	assert_int_equal(commit(&host, 3, 2), 0);
	download(&host, "2.1     ", 0, 4096);
	assert_int_equal(commit(&host, 0, 2), 0);
	expect_firmware(&host, "2.0     ", 2, "2.1     ", NOTHING);
	emu_disable(&host);
	emu_enable(&host);
	expect_firmware(&host, "2.1     ", 2, "2.1     ", NOTHING);
	emu_end(&host);
}

static void after_a_commit_that_failed_another_image_can_be_downloaded(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(download(&host, "\x01", 0, 4096), 0);
	assert_int_equal(commit(&host, 0, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	assert_int_equal(download(&host, "2.0     ", 0, 4096), 0);
	/* It is there for another commit, too, until there is another piece. */
	assert_int_equal(commit(&host, 0, 1), NVME_SC_FIRMWARE_SLOT | DNR);
	assert_int_equal(commit(&host, 0, 2), 0);
	expect_firmware(&host, "1.0     ", 1, "2.0     ", NOTHING);
	emu_end(&host);
}

static void firmware_that_is_wrong_is_refused(void **state)
{
	struct emu_host host;
	u8 data[4096];

	admin_begin(&host);
	assert_int_equal(commit(&host, 0, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	assert_int_equal(commit(&host, 2, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	assert_int_equal(commit(&host, 3, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	assert_int_equal(commit(&host, 2, 4), NVME_SC_FIRMWARE_SLOT | DNR);
	assert_int_equal(commit(&host, 2, 0), NVME_SC_FIRMWARE_SLOT | DNR);
	for (u8 action = 4; action < 8; action++)
		assert_int_equal(commit(&host, action, 1), NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(download(&host, "x", 2048, 4096), NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(download(&host, "x", BX_FIRMWARE_MAX, 4096), NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(download(&host, "x", BX_FIRMWARE_MAX - 4096, 8192),
			 NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(
		admin_run(&host, nvme_admin_download_fw, 0, 0xffffffff, 0, data, 4096).status,
		NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(download(&host, "2.0     ", 0, 8192), 0);
	assert_int_equal(download(&host, "2.0     ", 4096, 4096), NVME_SC_OVERLAPPING_RANGE | DNR);
	assert_int_equal(commit(&host, 0, 1), NVME_SC_FIRMWARE_SLOT | DNR);
	/* A gap, and a short piece that is not the last. */
	assert_int_equal(download(&host, "2.0     ", 0, 8192), 0);
	assert_int_equal(download(&host, "", 12288, 4096), 0);
	assert_int_equal(commit(&host, 0, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	assert_int_equal(download(&host, "2.0     ", 0, 8192), 0);
	assert_int_equal(download(&host, "", 8192, 1000), 0);
	assert_int_equal(download(&host, "", 12288, 4096), 0);
	assert_int_equal(commit(&host, 0, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	/* What was downloaded is gone with a reset. */
	emu_disable(&host);
	emu_enable(&host);
	assert_int_equal(download(&host, "\x01", 0, 4096), 0);
	assert_int_equal(commit(&host, 0, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	expect_firmware(&host, "1.0     ", 1, NOTHING, NOTHING);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(firmware_goes_to_a_slot_and_runs_after_a_reset),
		kit_test(firmware_that_is_activated_at_once_is_an_event),
		kit_test(a_slot_that_is_replaced_runs_on_until_a_reset),
		kit_test(after_a_commit_that_failed_another_image_can_be_downloaded),
		kit_test(firmware_that_is_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
