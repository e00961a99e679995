// SPDX-License-Identifier: GPL-2.0-or-later
/* Self-tests: their time, their results, and what ends them. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

static u16 self_test(struct emu_host *host, u32 nsid, u8 code)
{
	return admin_run(host, nvme_admin_dev_self_test, nsid, code, 0, NULL, 0).status;
}

static struct bx_self_test_log self_test_log(struct emu_host *host)
{
	struct bx_self_test_log log;

	assert_int_equal(admin_log(host, NVME_LOG_DEVICE_SELF_TEST, 0, 0, &log, sizeof(log)), 0);
	return log;
}

static void a_self_test_takes_its_time_and_passes(void **state)
{
	struct bx_self_test_log log;
	struct emu_host host;

	admin_begin(&host);
	log = self_test_log(&host);
	assert_int_equal(log.operation, 0);
	for (unsigned int i = 0; i < BX_SELF_TEST_RESULTS; i++)
		assert_int_equal(log.results[i].status, BX_SELF_TEST_UNUSED);
	assert_int_equal(self_test(&host, 1, BX_SELF_TEST_SHORT), 0);
	assert_int_equal(self_test(&host, 1, BX_SELF_TEST_EXTENDED),
			 BX_SC_SELF_TEST_IN_PROGRESS | DNR);
	kit_clock_advance(BX_SELF_TEST_SHORT_NS / 2);
	log = self_test_log(&host);
	assert_int_equal(log.operation, BX_SELF_TEST_SHORT);
	assert_int_equal(log.completion, 50);
	kit_clock_advance(BX_SELF_TEST_SHORT_NS / 2);
	log = self_test_log(&host);
	assert_int_equal(log.operation, 0);
	assert_int_equal(log.results[0].status, BX_SELF_TEST_SHORT << 4);
	assert_int_equal(le32_to_cpu(log.results[0].nsid), 1);
	assert_int_equal(log.results[0].valid, 1);
	/* The next one is before it, and the 21st pushes the first out. */
	assert_int_equal(self_test(&host, 0, BX_SELF_TEST_EXTENDED), 0);
	kit_clock_advance(BX_SELF_TEST_EXTENDED_NS);
	log = self_test_log(&host);
	assert_int_equal(log.results[0].status, BX_SELF_TEST_EXTENDED << 4);
	assert_int_equal(log.results[1].status, BX_SELF_TEST_SHORT << 4);
	emu_end(&host);
}

static void a_self_test_is_ended_by_what_ends_it(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	emu_namespace(&host, MIB, 0, 0);
	assert_int_equal(self_test(&host, 0, BX_SELF_TEST_ABORT), 0);
	assert_int_equal(self_test_log(&host).results[0].status, BX_SELF_TEST_UNUSED);
	self_test(&host, 0, BX_SELF_TEST_SHORT);
	assert_int_equal(self_test(&host, 0, BX_SELF_TEST_ABORT), 0);
	assert_int_equal(self_test_log(&host).results[0].status, 0x11);
	self_test(&host, 0, BX_SELF_TEST_SHORT);
	emu_disable(&host);
	emu_enable(&host);
	assert_int_equal(self_test_log(&host).results[0].status, 0x12);
	/* A long one outlives a reset, and the format of another namespace. */
	self_test(&host, 2, BX_SELF_TEST_EXTENDED);
	emu_disable(&host);
	emu_enable(&host);
	assert_int_equal(admin_format(&host, 1, 0), 0);
	assert_int_equal(self_test_log(&host).operation, BX_SELF_TEST_EXTENDED);
	assert_int_equal(admin_format(&host, 2, 0), 0);
	assert_int_equal(self_test_log(&host).results[0].status, 0x24);
	self_test(&host, 2, BX_SELF_TEST_EXTENDED);
	assert_int_equal(admin_delete_ns(&host, 2), 0);
	assert_int_equal(self_test_log(&host).results[0].status, 0x23);
	self_test(&host, NVME_NSID_ALL, BX_SELF_TEST_EXTENDED);
	assert_int_equal(admin_sanitize(&host, BX_SANITIZE_BLOCK_ERASE, 0), 0);
	admin_work(&host);
	assert_int_equal(self_test_log(&host).results[0].status, 0x29);
	emu_end(&host);
}

static void a_self_test_of_nothing_is_refused(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	for (u8 code = 0; code < 16; code++)
		if (code != 1 && code != 2 && code != 15)
			assert_int_equal(self_test(&host, 1, code), NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(self_test(&host, 2, 1), NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(self_test(&host, BX_NS_MAX + 1, 1), NVME_SC_INVALID_NS | DNR);
	assert_int_equal(self_test_log(&host).operation, 0);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(a_self_test_takes_its_time_and_passes),
		kit_test(a_self_test_is_ended_by_what_ends_it),
		kit_test(a_self_test_of_nothing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
