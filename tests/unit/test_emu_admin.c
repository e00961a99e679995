// SPDX-License-Identifier: GPL-2.0-or-later
/* Identify, log pages, features and events of an emulated controller, as its host sees them. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/time64.h>

/* ---- all commands */

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

/* ---- identify */

static void the_controller_says_what_it_is(void **state)
{
	union {
		struct nvme_id_ctrl id;
		u8 bytes[4096];
	} data;
	struct nvme_id_ctrl *id = &data.id;
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_CTRL, 0, id), 0);
	assert_int_equal(le16_to_cpu(id->vid), 0x1b36);
	assert_int_equal(le16_to_cpu(id->ssvid), 0x1af4);
	assert_memory_equal(id->sn, "EMU0001             ", 20);
	assert_memory_equal(id->mn, "bx_emu under test                       ", 40);
	assert_memory_equal(id->fr, "1.0     ", 8);
	assert_int_equal(id->mdts, 5);
	assert_int_equal(le16_to_cpu(id->cntlid), 1);
	assert_int_equal(le32_to_cpu(id->ver), 0x20000);
	assert_int_equal(le32_to_cpu(id->oaes), 0x300);
	assert_int_equal(id->cntrltype, 1);
	assert_int_equal(data.bytes[253], 1);
	/* The formats of Copy, which oncs says is there. */
	assert_int_equal(data.bytes[534], 1);
	assert_int_equal(data.bytes[535], 0);
	assert_int_equal(le16_to_cpu(id->oacs), 0x11e);
	assert_int_equal(id->acl, BX_ABORT_MAX - 1);
	assert_int_equal(id->aerl, BX_AER_MAX - 1);
	assert_int_equal(id->frmw, 0x17);
	assert_int_equal(id->lpa, 0x26);
	assert_int_equal(id->elpe, BX_ERRORS_MAX - 1);
	assert_int_equal(le64_to_cpu(*(__le64 *)id->tnvmcap), 64 * MIB);
	assert_int_equal(le64_to_cpu(*(__le64 *)id->unvmcap), 60 * MIB);
	assert_int_equal(le32_to_cpu(id->sanicap), 0x40000007);
	assert_int_equal(id->sqes, 0x66);
	assert_int_equal(id->cqes, 0x44);
	assert_int_equal(le16_to_cpu(id->maxcmd), 1024);
	assert_int_equal(le32_to_cpu(id->nn), BX_NS_MAX);
	assert_int_equal(le16_to_cpu(id->oncs), 0x1df);
	assert_int_equal(le16_to_cpu(id->fuses), 1);
	assert_int_equal(id->fna, 4);
	assert_int_equal(id->vwc, 7);
	assert_int_equal(le16_to_cpu(id->awun), 0);
	assert_int_equal(le32_to_cpu(id->sgls), 0xa0001);
	assert_memory_equal(id->subnqn, "nqn.2014-08.org.nvmexpress:uuid:", 32);
	assert_int_equal(strlen(id->subnqn), 68);
	emu_end(&host);
}

static void a_namespace_says_what_it_is(void **state)
{
	struct nvme_id_ns id, again;
	struct bx_ns_options options = { .size = 4 * MIB,
					 .format = 4,
					 .extended = true,
					 .pi_type = 2,
					 .pi_first = true,
					 .attached = true };
	struct emu_host host;
	struct bx_ns *ns;

	admin_begin(&host);
	assert_int_equal(bx_ns_create(host.ctrl, 7, &options, &ns), 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 7, &id), 0);
	assert_int_equal(le64_to_cpu(id.nsze), 1024);
	assert_int_equal(le64_to_cpu(id.ncap), 1024);
	assert_int_equal(le64_to_cpu(id.nuse), 0);
	assert_int_equal(id.nlbaf, BX_FORMATS - 1);
	assert_int_equal(id.flbas, 0x14);
	assert_int_equal(id.mc, 3);
	assert_int_equal(id.dpc, 0x1f);
	assert_int_equal(id.dps, 0xa);
	assert_int_equal(id.dlfeat, 9);
	assert_int_equal(id.fpi, 0x80);
	assert_int_equal(le64_to_cpu(*(__le64 *)id.nvmcap), 5 * MIB);
	assert_int_equal(id.lbaf[4].ds, 12);
	assert_int_equal(le16_to_cpu(id.lbaf[4].ms), 8);
	/* Its names are its own, and the same when it is made again. */
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 1, &again), 0);
	assert_memory_not_equal(again.nguid, id.nguid, 16);
	assert_memory_not_equal(again.eui64, id.eui64, 8);
	bx_ns_destroy(ns, host.ctrl);
	assert_int_equal(bx_ns_create(host.ctrl, 7, &options, &ns), 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 7, &again), 0);
	assert_memory_equal(again.nguid, id.nguid, 16);
	assert_memory_equal(again.eui64, id.eui64, 8);
	/* What has been stored is in use. */
	assert_int_equal(bx_extent_write(&ns->data, 8192, "x", 1), 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 7, &id), 0);
	assert_int_equal(le64_to_cpu(id.nuse), 1);
	emu_end(&host);
}

static void identify_lists_what_there_is(void **state)
{
	const struct bx_ns_options detached = { .size = MIB };
	struct emu_host host;
	__le32 list[1024];
	__le16 controllers[2048];
	__le64 sets[512];
	u8 bytes[4096];
	struct bx_ns *ns;

	admin_begin(&host);
	assert_int_equal(bx_ns_create(host.ctrl, 5, &detached, &ns), 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_ACTIVE_LIST, 0, list), 0);
	assert_int_equal(le32_to_cpu(list[0]), 1);
	assert_int_equal(list[1], 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_PRESENT_LIST, 0, list), 0);
	assert_int_equal(le32_to_cpu(list[0]), 1);
	assert_int_equal(le32_to_cpu(list[1]), 5);
	assert_int_equal(list[2], 0);
	assert_int_equal(emu_identify(&host, BX_CNS_CS_NS_LIST, 0, list), 0);
	assert_int_equal(le32_to_cpu(list[0]), 1);
	assert_int_equal(list[1], 0);
	assert_int_equal(emu_identify(&host, BX_CNS_CS_NS_PRESENT_LIST, 0, list), 0);
	assert_int_equal(le32_to_cpu(list[0]), 1);
	assert_int_equal(le32_to_cpu(list[1]), 5);
	assert_int_equal(list[2], 0);
	assert_int_equal(emu_identify(&host, BX_CNS_CS_NS_PRESENT, 5, bytes), 0);
	assert_int_equal(bytes[0], 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_PRESENT_LIST, 1, list), 0);
	assert_int_equal(le32_to_cpu(list[0]), 5);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_PRESENT_LIST, 0xfffffffd, list), 0);
	assert_int_equal(list[0], 0);

	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_DESC_LIST, 1, bytes), 0);
	assert_int_equal(bytes[0], NVME_NIDT_EUI64);
	assert_int_equal(bytes[1], 8);
	assert_int_equal(bytes[12], NVME_NIDT_NGUID);
	assert_int_equal(bytes[32], NVME_NIDT_UUID);
	assert_int_equal(bytes[52], NVME_NIDT_CSI);
	assert_int_equal(bytes[53], 1);
	assert_int_equal(bytes[57], 0);

	assert_int_equal(emu_identify(&host, NVME_ID_CNS_CTRL_LIST, 0, controllers), 0);
	assert_int_equal(le16_to_cpu(controllers[0]), 1);
	assert_int_equal(le16_to_cpu(controllers[1]), 1);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_CTRL_NS_LIST, 1, controllers), 0);
	assert_int_equal(le16_to_cpu(controllers[0]), 1);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_CTRL_NS_LIST, 5, controllers), 0);
	assert_int_equal(controllers[0], 0);
	/* 4 KiB to begin with, as everything of Identify; of whichever controller is asked. */
	assert_int_equal(admin_run(&host, nvme_admin_identify, 0, 0xffff001c, 0, sets, 4096).status,
			 0);
	assert_int_equal(le64_to_cpu(sets[0]), 1);
	assert_int_equal(sets[1], 0);
	assert_int_equal(
		admin_run(&host, nvme_admin_identify, 0, 0x00020013, 0, controllers, 4096).status,
		0);
	assert_int_equal(controllers[0], 0);
	emu_end(&host);
}

static void what_is_not_active_is_all_zeros(void **state)
{
	static const u8 zeros[4096];
	const struct bx_ns_options detached = { .size = MIB };
	struct emu_host host;
	struct bx_ns *ns;
	u8 data[4096];

	admin_begin(&host);
	assert_int_equal(bx_ns_create(host.ctrl, 5, &detached, &ns), 0);
	for (u32 nsid = 2; nsid <= BX_NS_MAX; nsid++) {
		memset(data, 0xff, sizeof(data));
		assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, nsid, data), 0);
		assert_memory_equal(data, zeros, sizeof(data));
		assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_CS_INDEP, nsid, data), 0);
		assert_memory_equal(data, zeros, sizeof(data));
	}
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_PRESENT, 5, data), 0);
	assert_int_equal(le64_to_cpu(((struct nvme_id_ns *)data)->nsze), 2048);
	/* All of them at once: what they have in common. */
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, NVME_NSID_ALL, data), 0);
	assert_int_equal(((struct nvme_id_ns *)data)->nsze, 0);
	assert_int_equal(((struct nvme_id_ns *)data)->nlbaf, BX_FORMATS - 1);
	emu_end(&host);
}

static void identify_refuses_what_is_not_there(void **state)
{
	static const struct {
		u8 cns, csi;
		u32 nsid;
		u16 status;
	} wrong[] = {
		{ NVME_ID_CNS_NS, 0, 0, NVME_SC_INVALID_NS },
		{ NVME_ID_CNS_NS, 0, BX_NS_MAX + 1, NVME_SC_INVALID_NS },
		{ NVME_ID_CNS_NS, 0, 0xfffffffe, NVME_SC_INVALID_NS },
		{ NVME_ID_CNS_NS_ACTIVE_LIST, 0, 0xfffffffe, NVME_SC_INVALID_NS },
		{ NVME_ID_CNS_NS_PRESENT_LIST, 0, NVME_NSID_ALL, NVME_SC_INVALID_NS },
		{ NVME_ID_CNS_NS_DESC_LIST, 0, 0, NVME_SC_INVALID_NS },
		{ NVME_ID_CNS_NS_DESC_LIST, 0, 2, NVME_SC_INVALID_FIELD },
		{ NVME_ID_CNS_NS_DESC_LIST, 0, NVME_NSID_ALL, NVME_SC_INVALID_NS },
		{ NVME_ID_CNS_CS_NS, 1, 1, NVME_SC_INVALID_FIELD },
		{ NVME_ID_CNS_CS_CTRL, 2, 0, NVME_SC_INVALID_FIELD },
		{ NVME_ID_CNS_NS_PRESENT, 0, NVME_NSID_ALL, NVME_SC_INVALID_NS },
		{ BX_CNS_CS_NS_PRESENT_LIST, 0, NVME_NSID_ALL, NVME_SC_INVALID_NS },
		{ BX_CNS_CS_NS_PRESENT_LIST, 2, 0, NVME_SC_INVALID_FIELD },
		{ BX_CNS_CS_NS_PRESENT, 0, 0, NVME_SC_INVALID_NS },
		{ BX_CNS_CS_NS_PRESENT, 2, 1, NVME_SC_INVALID_FIELD },
		{ NVME_ID_CNS_CTRL_NS_LIST, 0, NVME_NSID_ALL, NVME_SC_INVALID_FIELD },
		{ NVME_ID_CNS_CTRL_NS_LIST, 0, 0, NVME_SC_INVALID_NS },
		{ 0x04, 0, 1, NVME_SC_INVALID_FIELD },
		{ 0x14, 0, 1, NVME_SC_INVALID_FIELD },
		{ 0x1c, 0, 0, NVME_SC_INVALID_FIELD }, /* of controller 0 */
		{ 0xff, 0, 1, NVME_SC_INVALID_FIELD },
	};
	u8 data[4096], before[4096];
	struct emu_host host;

	admin_begin(&host);
	memset(before, 0x5a, sizeof(before));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		memset(data, 0x5a, sizeof(data));
		assert_int_equal(admin_run(&host, nvme_admin_identify, wrong[i].nsid, wrong[i].cns,
					   (u32)wrong[i].csi << 24, data, sizeof(data))
					 .status,
				 wrong[i].status | DNR);
		/* And no data moves. */
		assert_memory_equal(data, before, sizeof(data));
	}
	emu_end(&host);
}

/* ---- log pages */

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

/* ---- events */

static void an_event_is_told_once_until_its_page_is_read(void **state)
{
	u8 page[512];
	struct emu_host host;

	admin_begin(&host);
	admin_ask_for_event(&host);
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0);
	bx_event(host.ctrl, BX_EVENT_ERROR, 3, NVME_LOG_ERROR);
	bx_event(host.ctrl, BX_EVENT_ERROR, 3, NVME_LOG_ERROR);
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0x010300);
	/* The next of this type waits; reading another page, or this one with RAE, does not help it. */
	assert_int_equal(admin_event(&host), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, page, 512), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_ERROR, RETAIN, 0, page, 512), 0);
	assert_int_equal(admin_event(&host), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_ERROR, 0, 0, page, 512), 0);
	assert_int_equal(admin_event(&host), 0x010100);
	assert_int_equal(admin_event(&host), 0);
	emu_end(&host);
}

static void an_event_waits_for_a_request(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0);
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0x010100);
	emu_end(&host);
}

static void events_that_the_host_does_not_want_are_not_told(void **state)
{
	struct emu_host host;
	u8 page[512];

	admin_begin(&host);
	admin_ask_for_event(&host);
	bx_health_force(host.ctrl, NVME_SMART_CRIT_SPARE);
	bx_event(host.ctrl, BX_EVENT_NOTICE, NVME_AER_NOTICE_NS_CHANGED, NVME_LOG_CHANGED_NS);
	assert_int_equal(admin_event(&host), 0);
	/* A warning that is there already is told when the host begins to listen. */
	assert_int_equal(admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_SPARE), 0);
	assert_int_equal(admin_event(&host), 0x020201);
	/* And what it does not want any more is not told after all. */
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, page, sizeof(page)), 0);
	bx_health_force(host.ctrl, 0);
	bx_health_force(host.ctrl, NVME_SMART_CRIT_SPARE);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, 0);
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0);
	emu_end(&host);
}

static void there_is_a_limit_to_requests_for_events(void **state)
{
	struct emu_host host;
	struct emu_result result;

	admin_begin(&host);
	for (unsigned int i = 0; i < BX_AER_MAX; i++)
		admin_ask_for_event(&host);
	assert_false(emu_reap(&host, 0, &result));
	assert_int_equal(admin_run(&host, nvme_admin_async_event, 0, 0, 0, NULL, 0).status,
			 NVME_SC_ASYNC_LIMIT);
	/* A reset takes them all, and what was told before it may be told again. */
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0x010100);
	emu_disable(&host);
	emu_enable(&host);
	admin_ask_for_event(&host);
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0x010100);
	emu_end(&host);
}

static void a_request_for_events_that_was_aborted_is_not_used(void **state)
{
	struct nvme_command cmd = admin_command(nvme_admin_async_event, 0, 0, 0);
	struct emu_host host;
	struct emu_result result;
	u16 cid;

	admin_begin(&host);
	cid = emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	cmd = admin_command(nvme_admin_abort_cmd, 0, (u32)cid << 16, 0);
	emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	assert_true(emu_reap(&host, 0, &result));
	assert_int_equal(result.cid, cid);
	assert_int_equal(result.status, NVME_SC_ABORT_REQ);
	assert_true(emu_reap(&host, 0, &result));
	assert_int_equal(result.result, 0);
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0);
	emu_end(&host);
}

static void a_temperature_beyond_its_threshold_is_an_event_and_a_warning(void **state)
{
	struct nvme_smart_log log;
	struct emu_host host;

	admin_begin(&host);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_TEMPERATURE);
	admin_ask_for_event(&host);
	assert_int_equal(admin_set(&host, NVME_FEAT_TEMP_THRESH, 309), 0);
	assert_int_equal(admin_event(&host), 0);
	bx_health_set_temperature(host.ctrl, 309);
	assert_int_equal(admin_event(&host), 0x020101);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &log, sizeof(log)), 0);
	assert_int_equal(log.critical_warning, NVME_SMART_CRIT_TEMPERATURE);
	/* Below the other one, too. */
	bx_health_set_temperature(host.ctrl, 300);
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0);
	assert_int_equal(admin_set(&host, NVME_FEAT_TEMP_THRESH, 0x100000 | 301), 0);
	assert_int_equal(admin_event(&host), 0x020101);
	assert_int_equal(admin_get(&host, NVME_FEAT_TEMP_THRESH, 0x100000).result, 301);
	assert_int_equal(admin_get(&host, NVME_FEAT_TEMP_THRESH, 0).result, 309);
	assert_int_equal(admin_get(&host, NVME_FEAT_TEMP_THRESH | 1 << 8, 0).result, 343);
	assert_int_equal(admin_set(&host, NVME_FEAT_TEMP_THRESH, 0x10000 | 300),
			 NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(admin_set(&host, NVME_FEAT_TEMP_THRESH, 0x200000 | 300),
			 NVME_SC_INVALID_FIELD | DNR);
	emu_end(&host);
}

/* Another engine, or the administrator: warnings come and go. */
static int disturb(void *data)
{
	struct emu_host *host = data;

	for (unsigned int i = 0; !kthread_should_stop(); i++) {
		bx_health_set_temperature(host->ctrl, i & 1 ? 400 : 300);
		bx_event(host->ctrl, BX_EVENT_ERROR, i & 3, NVME_LOG_ERROR);
		usleep_range(1, 2);
	}
	return 0;
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

static void events_come_from_anywhere_at_any_time(void **state)
{
	struct task_struct *task;
	struct emu_host host;
	u8 page[512];

	emu_begin(&host, NULL);
	emu_enable(&host);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_TEMPERATURE);
	task = kthread_run(disturb, &host, "disturb");
	assert_false(IS_ERR(task));
	for (unsigned int told = 0; told < 50; told++) {
		admin_ask_for_event(&host);
		while (!admin_event(&host))
			;
		assert_int_equal(admin_log(&host, NVME_LOG_ERROR, 0, 0, page, 512), 0);
		assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, page, 512), 0);
	}
	kthread_stop(task);
	emu_end(&host);
}

/* ---- features */

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
		{ 0, BX_FEAT_CMD_SET_PROFILE, 1, BX_SC_COMBINATION_REJECTED },
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
		kit_test(an_opcode_that_is_not_there_is_refused),
		kit_test(fused_commands_and_sgls_are_refused),
		kit_test(commands_that_concern_all_engines_wait_for_them),
		kit_test(a_creation_that_runs_out_of_memory_leaves_nothing),
		kit_test(the_controller_says_what_it_is),
		kit_test(a_namespace_says_what_it_is),
		kit_test(identify_lists_what_there_is),
		kit_test(what_is_not_active_is_all_zeros),
		kit_test(identify_refuses_what_is_not_there),
		kit_test(log_pages_that_are_not_there_are_refused),
		kit_test(a_log_page_is_read_in_parts_and_no_further_than_its_end),
		kit_test(what_a_log_page_does_not_say_is_zeros),
		kit_test(a_huge_number_of_dwords_moves_nothing),
		kit_test(log_pages_are_not_of_one_namespace),
		kit_test(effects_of_another_command_set_or_an_index_are_refused),
		kit_test(failed_commands_are_in_the_error_log_newest_first),
		kit_test(smart_counts_what_was_done),
		kit_test(power_that_goes_without_a_shutdown_is_counted),
		kit_test(an_event_is_told_once_until_its_page_is_read),
		kit_test(an_event_waits_for_a_request),
		kit_test(events_that_the_host_does_not_want_are_not_told),
		kit_test(there_is_a_limit_to_requests_for_events),
		kit_test(a_request_for_events_that_was_aborted_is_not_used),
		kit_test(a_temperature_beyond_its_threshold_is_an_event_and_a_warning),
		kit_test(the_time_that_it_was_too_warm_is_counted),
		kit_test(events_come_from_anywhere_at_any_time),
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

	return cmocka_run_group_tests_name("emu-admin", tests, NULL, NULL);
}
