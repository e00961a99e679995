// SPDX-License-Identifier: GPL-2.0-or-later
/* Namespaces that a host makes, deletes, attaches and detaches. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/kernel.h>

static void a_namespace_is_made_attached_detached_and_deleted(void **state)
{
	struct emu_host host;
	struct emu_result result;
	struct nvme_id_ns id;
	u64 free;

	admin_begin(&host);
	free = host.store.free;
	result = admin_create_ns(&host, admin_wish(4096, 1, 1));
	assert_int_equal(result.status, 0);
	assert_int_equal(result.result, 2);
	/* It is there, and not to be seen until it is attached. */
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 2, &id), 0);
	assert_int_equal(id.nsze, 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_PRESENT, 2, &id), 0);
	assert_int_equal(le64_to_cpu(id.nsze), 4096);
	assert_int_equal(id.dps, 1);
	assert_int_equal(admin_attach_ns(&host, 2, BX_NS_ATTACH, 1, 1), 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 2, &id), 0);
	assert_int_equal(le64_to_cpu(id.nsze), 4096);
	assert_int_equal(admin_attach_ns(&host, 2, BX_NS_ATTACH, 1, 1),
			 NVME_SC_NS_ALREADY_ATTACHED | DNR);
	assert_int_equal(admin_attach_ns(&host, 2, BX_NS_DETACH, 1, 1), 0);
	assert_int_equal(admin_attach_ns(&host, 2, BX_NS_DETACH, 1, 1),
			 NVME_SC_NS_NOT_ATTACHED | DNR);
	host.ctrl->namespaces[2]->write_protected = true;
	assert_int_equal(admin_delete_ns(&host, 2), NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_int_equal(admin_delete_ns(&host, NVME_NSID_ALL), NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_non_null(host.ctrl->namespaces[1]);
	host.ctrl->namespaces[2]->write_protected = false;
	assert_int_equal(admin_delete_ns(&host, 2), 0);
	assert_int_equal(admin_delete_ns(&host, 2), NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(host.store.free, free);
	assert_int_equal(admin_delete_ns(&host, NVME_NSID_ALL), 0);
	assert_int_equal(host.store.free, host.store.size);
	assert_int_equal(admin_delete_ns(&host, NVME_NSID_ALL), 0);
	emu_end(&host);
}

static void a_namespace_that_cannot_be_made_says_why(void **state)
{
	struct {
		struct nvme_id_ns wish;
		u16 status;
	} wrong[] = {
		{ admin_wish(0, 0, 0), NVME_SC_INVALID_FIELD },
		{ admin_wish(8, BX_FORMATS, 0), NVME_SC_INVALID_FORMAT },
		{ admin_wish(8, 0x20, 0), NVME_SC_INVALID_FORMAT },
		{ admin_wish(8, 1, 4), NVME_SC_INVALID_FORMAT },
		{ admin_wish(8, 0, 1), NVME_SC_INVALID_FORMAT },
		{ admin_wish(8, 0, 0), NVME_SC_INVALID_FIELD },
		{ admin_wish(8, 0, 0), NVME_SC_THIN_PROV_NOT_SUPP },
		{ admin_wish(8, 0, 0), NVME_SC_INVALID_FIELD },
		{ admin_wish(8, 0, 0), NVME_SC_INVALID_FIELD },
		{ admin_wish(8, 0, 0), NVME_SC_ANA_GROUP_ID_INVALID },
		{ admin_wish(60 * 2048 + 1, 0, 0), NVME_SC_NS_INSUFFICIENT_CAP },
		{ admin_wish(60 * 2048, 1, 0), NVME_SC_NS_INSUFFICIENT_CAP },
		{ admin_wish(1ull << 55, 0, 0), NVME_SC_NS_INSUFFICIENT_CAP },
		{ admin_wish(~0ull, 0, 0), NVME_SC_NS_INSUFFICIENT_CAP },
	};
	struct nvme_id_ns good = admin_wish(60 * 2048, 0, 0);
	struct emu_host host;
	__le32 list[1024];
	u64 free;

	wrong[5].wish.ncap = cpu_to_le64(9);
	wrong[6].wish.ncap = cpu_to_le64(7);
	wrong[7].wish.nmic = 1;
	wrong[8].wish.endgid = cpu_to_le16(1);
	wrong[9].wish.anagrpid = cpu_to_le32(1);
	admin_begin(&host);
	free = host.store.free;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(admin_create_ns(&host, wrong[i].wish).status,
				 wrong[i].status | DNR);
	assert_int_equal(admin_run(&host, nvme_admin_ns_mgmt, 3, BX_NS_MGMT_CREATE, 0, &good,
				   sizeof(good))
				 .status,
			 NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(admin_run(&host, nvme_admin_ns_mgmt, 0, BX_NS_MGMT_CREATE, 2 << 24, &good,
				   sizeof(good))
				 .status,
			 BX_SC_CMD_SET_UNSUPPORTED | DNR);
	assert_int_equal(admin_run(&host, nvme_admin_ns_mgmt, 0, 2, 0, &good, sizeof(good)).status,
			 NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(host.store.free, free);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_PRESENT_LIST, 1, list), 0);
	assert_int_equal(list[0], 0);
	/* All that is left, to the last chunk. */
	assert_int_equal(admin_create_ns(&host, good).status, 0);
	assert_int_equal(host.store.free, 0);
	emu_end(&host);
}

static void there_are_no_more_namespaces_than_identify_says(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	for (unsigned int id = 2; id <= BX_NS_MAX; id++)
		assert_int_equal(admin_create_ns(&host, admin_wish(8, 0, 0)).result, id);
	assert_int_equal(admin_create_ns(&host, admin_wish(8, 0, 0)).status,
			 NVME_SC_NS_ID_UNAVAILABLE | DNR);
	assert_int_equal(admin_delete_ns(&host, 9), 0);
	assert_int_equal(admin_create_ns(&host, admin_wish(8, 0, 0)).result, 9);
	emu_end(&host);
}

static void only_us_and_only_what_is_there_can_be_attached(void **state)
{
	static const struct {
		u32 nsid, action;
		u16 count, controller, status;
	} wrong[] = {
		{ 2, BX_NS_ATTACH, 0, 1, NVME_SC_CTRL_LIST_INVALID },
		{ 2, BX_NS_ATTACH, 2, 1, NVME_SC_CTRL_LIST_INVALID },
		{ 2, BX_NS_ATTACH, 0xffff, 1, NVME_SC_CTRL_LIST_INVALID },
		{ 2, BX_NS_ATTACH, 1, 2, NVME_SC_CTRL_LIST_INVALID },
		{ 2, 2, 1, 1, NVME_SC_INVALID_FIELD },
		{ 3, BX_NS_ATTACH, 1, 1, NVME_SC_INVALID_FIELD },
		{ 0, BX_NS_ATTACH, 1, 1, NVME_SC_INVALID_NS },
		{ NVME_NSID_ALL, BX_NS_ATTACH, 1, 1, NVME_SC_INVALID_NS },
		{ BX_NS_MAX + 1, BX_NS_DETACH, 1, 1, NVME_SC_INVALID_NS },
	};
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(admin_create_ns(&host, admin_wish(8, 0, 0)).result, 2);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(admin_attach_ns(&host, wrong[i].nsid, wrong[i].action,
						 wrong[i].count, wrong[i].controller),
				 wrong[i].status | DNR);
	assert_false(host.ctrl->namespaces[2]->attached);
	emu_end(&host);
}

static void namespaces_that_change_are_in_a_list_until_it_is_read(void **state)
{
	struct emu_host host;
	__le32 list[1024];

	admin_begin(&host);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_AEN_CFG_NS_ATTR);
	assert_int_equal(admin_log(&host, NVME_LOG_CHANGED_NS, 0, 0, list, sizeof(list)), 0);
	assert_int_equal(list[0], 0);
	admin_create_ns(&host, admin_wish(8, 0, 0));
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0);
	admin_attach_ns(&host, 2, BX_NS_ATTACH, 1, 1);
	/* The request for events was first, but the event came after the attachment had been executed. */
	assert_int_equal(admin_event(&host), 0x040002);
	assert_int_equal(admin_delete_ns(&host, 1), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_CHANGED_NS, RETAIN, 0, list, sizeof(list)), 0);
	assert_int_equal(le32_to_cpu(list[0]), 1);
	assert_int_equal(le32_to_cpu(list[1]), 2);
	assert_int_equal(list[2], 0);
	assert_int_equal(admin_log(&host, NVME_LOG_CHANGED_NS, 0, 0, list, sizeof(list)), 0);
	assert_int_equal(le32_to_cpu(list[0]), 1);
	assert_int_equal(admin_log(&host, NVME_LOG_CHANGED_NS, 0, 0, list, sizeof(list)), 0);
	assert_int_equal(list[0], 0);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(a_namespace_is_made_attached_detached_and_deleted),
		kit_test(a_namespace_that_cannot_be_made_says_why),
		kit_test(there_are_no_more_namespaces_than_identify_says),
		kit_test(only_us_and_only_what_is_there_can_be_attached),
		kit_test(namespaces_that_change_are_in_a_list_until_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
