// SPDX-License-Identifier: GPL-2.0-or-later
/* Admin commands, said briefly; see emu_admin.h. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/time64.h>

/* ---- commands */

void admin_begin_with(struct emu_host *host, const struct emu_options *options)
{
	kit_clock_hold(1000 * NSEC_PER_SEC);
	emu_begin(host, options);
	emu_namespace(host, 4 * MIB, 0, 0);
	emu_enable(host);
}

void admin_begin(struct emu_host *host)
{
	admin_begin_with(host, NULL);
}

struct nvme_command admin_command(u8 opcode, u32 nsid, u32 cdw10, u32 cdw11)
{
	return (struct nvme_command){
		.common = {
			.opcode = opcode,
			.nsid = cpu_to_le32(nsid),
			.cdw10 = cpu_to_le32(cdw10),
			.cdw11 = cpu_to_le32(cdw11),
		},
	};
}

struct emu_result admin_run(struct emu_host *host, u8 opcode, u32 nsid, u32 cdw10, u32 cdw11,
			    void *data, size_t length)
{
	struct nvme_command cmd = admin_command(opcode, nsid, cdw10, cdw11);

	return emu_run(host, 0, &cmd, data, length);
}

u16 admin_log(struct emu_host *host, u8 lid, u32 flags, u64 offset, void *data, size_t length)
{
	u32 dwords = length / 4 - 1;
	struct nvme_command cmd = admin_command(nvme_admin_get_log_page, NVME_NSID_ALL,
						lid | flags | dwords << 16, dwords >> 16);

	cmd.get_log_page.lpo = cpu_to_le64(offset);
	return emu_run(host, 0, &cmd, data, length).status;
}

struct emu_result admin_get(struct emu_host *host, u32 cdw10, u32 cdw11)
{
	return admin_run(host, nvme_admin_get_features, 0, cdw10, cdw11, NULL, 0);
}

u16 admin_set(struct emu_host *host, u32 cdw10, u32 cdw11)
{
	return admin_run(host, nvme_admin_set_features, 0, cdw10, cdw11, NULL, 0).status;
}

void admin_ask_for_event(struct emu_host *host)
{
	struct nvme_command cmd = admin_command(nvme_admin_async_event, 0, 0, 0);

	emu_submit(host, 0, &cmd);
	emu_pass(host);
}

u32 admin_event(struct emu_host *host)
{
	struct emu_result result;

	emu_pass(host);
	if (!emu_reap(host, 0, &result))
		return 0;
	assert_int_equal(result.status, 0);
	return result.result;
}

void admin_work(struct emu_host *host)
{
	/* Far more slices than any test needs. */
	for (int i = 0; i < 1000 && host->ctrl->admin->erase.kind != BX_ERASE_NONE; i++) {
		kit_clock_advance(20 * NSEC_PER_MSEC);
		kit_settle();
		emu_pass(host);
	}
	assert_int_equal(host->ctrl->admin->erase.kind, BX_ERASE_NONE);
}
