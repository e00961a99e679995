// SPDX-License-Identifier: GPL-2.0-or-later
/* Admin commands, said briefly; see emu_admin.h. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/time64.h>

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

void admin_begin_large(struct emu_host *host)
{
	const struct emu_options options = { .store_size = 1ull << 30, .sparse = true };

	kit_clock_hold(1000 * NSEC_PER_SEC);
	emu_begin(host, &options);
	emu_namespace(host, 512 * MIB, 0, 0);
	emu_enable(host);
	admin_mark(host->ctrl->namespaces[1]);
}

/* ---- commands */

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

/* ---- namespaces and what is in them */

struct nvme_id_ns admin_wish(u64 blocks, u8 flbas, u8 dps)
{
	return (struct nvme_id_ns){
		.nsze = cpu_to_le64(blocks),
		.ncap = cpu_to_le64(blocks),
		.flbas = flbas,
		.dps = dps,
	};
}

struct emu_result admin_create_ns(struct emu_host *host, struct nvme_id_ns wish)
{
	return admin_run(host, nvme_admin_ns_mgmt, 0, BX_NS_MGMT_CREATE, 0, &wish, sizeof(wish));
}

u16 admin_delete_ns(struct emu_host *host, u32 nsid)
{
	return admin_run(host, nvme_admin_ns_mgmt, nsid, BX_NS_MGMT_DELETE, 0, NULL, 0).status;
}

u16 admin_attach_ns(struct emu_host *host, u32 nsid, u32 action, u16 count, u16 controller)
{
	__le16 list[2048] = { cpu_to_le16(count), cpu_to_le16(controller) };

	return admin_run(host, nvme_admin_ns_attach, nsid, action, 0, list, sizeof(list)).status;
}

u16 admin_format(struct emu_host *host, u32 nsid, u32 cdw10)
{
	return admin_run(host, nvme_admin_format_nvm, nsid, cdw10, 0, NULL, 0).status;
}

u16 admin_sanitize(struct emu_host *host, u32 cdw10, u32 pattern)
{
	return admin_run(host, nvme_admin_sanitize_nvm, 0, cdw10, pattern, NULL, 0).status;
}

void admin_mark(struct bx_ns *ns)
{
	assert_int_equal(bx_extent_write(&ns->data, 0, "data", 4), 0);
	assert_int_equal(bx_extent_write(&ns->data, ns->data.size - 4, "data", 4), 0);
}

bool admin_is_marked(struct bx_ns *ns)
{
	char at[2][4];

	bx_extent_read(&ns->data, 0, at[0], 4);
	bx_extent_read(&ns->data, ns->data.size - 4, at[1], 4);
	return !memcmp(at[0], "data", 4) || !memcmp(at[1], "data", 4);
}
