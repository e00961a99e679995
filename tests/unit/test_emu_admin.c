// SPDX-License-Identifier: GPL-2.0-or-later
/* What all admin commands have in common, as a host sees it. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

static void an_opcode_that_is_not_there_is_refused(void **state)
{
	static const u8 there[] = { 0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0c,
				    0x0d, 0x10, 0x11, 0x14, 0x15, 0x18, 0x7c, 0x80, 0x84 };
	struct emu_host host;

	admin_begin(&host);
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		if (memchr(there, opcode, sizeof(there)))
			continue;
		assert_int_equal(admin_run(&host, opcode, 1, 0, 0, NULL, 0).status,
				 NVME_SC_INVALID_OPCODE | DNR);
	}
	emu_end(&host);
}

static void fused_commands_and_sgls_are_refused(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	for (unsigned int bit = 0; bit < 8; bit++) {
		struct nvme_command cmd = admin_command(nvme_admin_keep_alive, 0, 0, 0);

		cmd.common.flags = 1 << bit;
		assert_int_equal(emu_run(&host, 0, &cmd, NULL, 0).status,
				 NVME_SC_INVALID_FIELD | DNR);
	}
	emu_end(&host);
}

static void commands_that_concern_all_engines_wait_for_them(void **state)
{
	const struct emu_options options = { .engines = 4 };
	struct nvme_smart_log log;
	struct emu_host host;

	admin_begin_with(&host, &options);
	for (unsigned int i = 0; i < 4; i++)
		host.ctrl->engines[i].stats.bytes_read = 512000;
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &log, sizeof(log)), 0);
	assert_int_equal(le64_to_cpu(*(__le64 *)log.data_units_read), 4);
	assert_int_equal(admin_set(&host, NVME_FEAT_IRQ_COALESCE, 0x0101), 0);
	assert_int_equal(admin_run(&host, nvme_admin_format_nvm, 1, 3, 0, NULL, 0).status, 0);
	assert_int_equal(host.ctrl->namespaces[1]->format, 3);
	assert_int_equal(admin_run(&host, nvme_admin_ns_mgmt, 1, 1, 0, NULL, 0).status, 0);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(an_opcode_that_is_not_there_is_refused),
		kit_test(fused_commands_and_sgls_are_refused),
		kit_test(commands_that_concern_all_engines_wait_for_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
