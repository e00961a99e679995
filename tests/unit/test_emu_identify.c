// SPDX-License-Identifier: GPL-2.0-or-later
/* Identify: what a controller and its namespaces say that they are. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/kernel.h>

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
	/* No bit of it is what is the same bit elsewhere: this one would be a rotating disk. */
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_CS_INDEP, 1, data), 0);
	assert_int_equal(((struct nvme_id_ns_cs_indep *)data)->nsfeat, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(the_controller_says_what_it_is),
		kit_test(a_namespace_says_what_it_is),
		kit_test(identify_lists_what_there_is),
		kit_test(what_is_not_active_is_all_zeros),
		kit_test(identify_refuses_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
