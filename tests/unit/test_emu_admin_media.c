// SPDX-License-Identifier: GPL-2.0-or-later
/* What admin commands do to namespaces and what is in them; firmware and self-tests; as the host sees it. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/kernel.h>
#include <linux/time64.h>

/* ---- namespaces */

static struct nvme_id_ns wish_for(u64 blocks, u8 flbas, u8 dps)
{
	return (struct nvme_id_ns){
		.nsze = cpu_to_le64(blocks),
		.ncap = cpu_to_le64(blocks),
		.flbas = flbas,
		.dps = dps,
	};
}

static struct emu_result create_ns(struct emu_host *host, struct nvme_id_ns wish)
{
	return admin_run(host, nvme_admin_ns_mgmt, 0, BX_NS_MGMT_CREATE, 0, &wish, sizeof(wish));
}

static u16 delete_ns(struct emu_host *host, u32 nsid)
{
	return admin_run(host, nvme_admin_ns_mgmt, nsid, BX_NS_MGMT_DELETE, 0, NULL, 0).status;
}

static u16 attach_ns(struct emu_host *host, u32 nsid, u32 action, u16 count, u16 controller)
{
	__le16 list[2048] = { cpu_to_le16(count), cpu_to_le16(controller) };

	return admin_run(host, nvme_admin_ns_attach, nsid, action, 0, list, sizeof(list)).status;
}

static void a_namespace_is_made_attached_detached_and_deleted(void **state)
{
	struct emu_host host;
	struct emu_result result;
	struct nvme_id_ns id;
	u64 free;

	admin_begin(&host);
	free = host.store.free;
	result = create_ns(&host, wish_for(4096, 1, 1));
	assert_int_equal(result.status, 0);
	assert_int_equal(result.result, 2);
	/* It is there, and not to be seen until it is attached. */
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 2, &id), 0);
	assert_int_equal(id.nsze, 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS_PRESENT, 2, &id), 0);
	assert_int_equal(le64_to_cpu(id.nsze), 4096);
	assert_int_equal(id.dps, 1);
	assert_int_equal(attach_ns(&host, 2, BX_NS_ATTACH, 1, 1), 0);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 2, &id), 0);
	assert_int_equal(le64_to_cpu(id.nsze), 4096);
	assert_int_equal(attach_ns(&host, 2, BX_NS_ATTACH, 1, 1),
			 NVME_SC_NS_ALREADY_ATTACHED | DNR);
	assert_int_equal(attach_ns(&host, 2, BX_NS_DETACH, 1, 1), 0);
	assert_int_equal(attach_ns(&host, 2, BX_NS_DETACH, 1, 1), NVME_SC_NS_NOT_ATTACHED | DNR);
	assert_int_equal(delete_ns(&host, 2), 0);
	assert_int_equal(delete_ns(&host, 2), NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(host.store.free, free);
	assert_int_equal(delete_ns(&host, NVME_NSID_ALL), 0);
	assert_int_equal(host.store.free, host.store.size);
	assert_int_equal(delete_ns(&host, NVME_NSID_ALL), 0);
	emu_end(&host);
}

static void a_namespace_that_cannot_be_made_says_why(void **state)
{
	struct {
		struct nvme_id_ns wish;
		u16 status;
	} wrong[] = {
		{ wish_for(0, 0, 0), NVME_SC_INVALID_FIELD },
		{ wish_for(8, BX_FORMATS, 0), NVME_SC_INVALID_FORMAT },
		{ wish_for(8, 0x20, 0), NVME_SC_INVALID_FORMAT },
		{ wish_for(8, 1, 4), NVME_SC_INVALID_FORMAT },
		{ wish_for(8, 0, 1), NVME_SC_INVALID_FORMAT },
		{ wish_for(8, 0, 0), NVME_SC_INVALID_FIELD },
		{ wish_for(8, 0, 0), NVME_SC_THIN_PROV_NOT_SUPP },
		{ wish_for(8, 0, 0), NVME_SC_INVALID_FIELD },
		{ wish_for(8, 0, 0), NVME_SC_INVALID_FIELD },
		{ wish_for(8, 0, 0), NVME_SC_ANA_GROUP_ID_INVALID },
		{ wish_for(60 * 2048 + 1, 0, 0), NVME_SC_NS_INSUFFICIENT_CAP },
		{ wish_for(60 * 2048, 1, 0), NVME_SC_NS_INSUFFICIENT_CAP },
		{ wish_for(1ull << 55, 0, 0), NVME_SC_NS_INSUFFICIENT_CAP },
		{ wish_for(~0ull, 0, 0), NVME_SC_NS_INSUFFICIENT_CAP },
	};
	struct nvme_id_ns good = wish_for(60 * 2048, 0, 0);
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
		assert_int_equal(create_ns(&host, wrong[i].wish).status, wrong[i].status | DNR);
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
	assert_int_equal(create_ns(&host, good).status, 0);
	assert_int_equal(host.store.free, 0);
	emu_end(&host);
}

static void there_are_no_more_namespaces_than_identify_says(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	for (unsigned int id = 2; id <= BX_NS_MAX; id++)
		assert_int_equal(create_ns(&host, wish_for(8, 0, 0)).result, id);
	assert_int_equal(create_ns(&host, wish_for(8, 0, 0)).status,
			 NVME_SC_NS_ID_UNAVAILABLE | DNR);
	assert_int_equal(delete_ns(&host, 9), 0);
	assert_int_equal(create_ns(&host, wish_for(8, 0, 0)).result, 9);
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
	assert_int_equal(create_ns(&host, wish_for(8, 0, 0)).result, 2);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(attach_ns(&host, wrong[i].nsid, wrong[i].action, wrong[i].count,
					   wrong[i].controller),
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
	create_ns(&host, wish_for(8, 0, 0));
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0);
	attach_ns(&host, 2, BX_NS_ATTACH, 1, 1);
	/* The request for events was first, but the event came after the attachment had been executed. */
	assert_int_equal(admin_event(&host), 0x040002);
	assert_int_equal(delete_ns(&host, 1), 0);
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

/* ---- format */

static u16 format_ns(struct emu_host *host, u32 nsid, u32 cdw10)
{
	return admin_run(host, nvme_admin_format_nvm, nsid, cdw10, 0, NULL, 0).status;
}

/* Marks a namespace with data, and says whether that is still there. */
static void mark(struct bx_ns *ns)
{
	assert_int_equal(bx_extent_write(&ns->data, 0, "data", 4), 0);
	assert_int_equal(bx_extent_write(&ns->data, ns->data.size - 4, "data", 4), 0);
}

static bool is_marked(struct bx_ns *ns)
{
	char at[2][4];

	bx_extent_read(&ns->data, 0, at[0], 4);
	bx_extent_read(&ns->data, ns->data.size - 4, at[1], 4);
	return !memcmp(at[0], "data", 4) || !memcmp(at[1], "data", 4);
}

static void a_format_leaves_no_data_and_another_shape(void **state)
{
	struct emu_host host;
	struct nvme_id_ns id;
	struct bx_ns *ns;

	admin_begin(&host);
	ns = host.ctrl->namespaces[1];
	for (u32 erase = 0; erase <= 2; erase++) {
		mark(ns);
		/* 4096 bytes and 16 of metadata, extended, type 1 in the first bytes. */
		assert_int_equal(format_ns(&host, 1, 5 | BIT(4) | 1 << 5 | BIT(8) | erase << 9), 0);
		assert_false(is_marked(ns));
		assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 1, &id), 0);
		assert_int_equal(le64_to_cpu(id.nsze), 1024);
		assert_int_equal(id.flbas, 0x15);
		assert_int_equal(id.dps, 9);
		assert_int_equal(ns->metadata.size, 1024 * 16);
		mark(ns);
		/* And back, with all that there was. */
		assert_int_equal(format_ns(&host, 1, 0), 0);
		assert_false(is_marked(ns));
		assert_int_equal(ns->blocks, 8192);
		assert_int_equal(ns->metadata.size, 0);
		assert_int_equal(ns->pi_type, 0);
	}
	emu_end(&host);
}

static void a_format_of_a_full_device_makes_room_for_metadata(void **state)
{
	const struct emu_options options = { .store_size = 8 * MIB };
	struct emu_host host;
	struct bx_ns *ns;

	admin_begin_with(&host, &options);
	emu_namespace(&host, 4 * MIB, 0, 0);
	ns = host.ctrl->namespaces[2];
	assert_int_equal(host.store.free, 0);
	assert_int_equal(format_ns(&host, 2, 1), 0);
	assert_in_range(ns->blocks, 2 * 2048, 3 * 2048);
	assert_int_equal(format_ns(&host, 2, 0), 0);
	assert_int_equal(ns->blocks, 8192);
	emu_end(&host);
}

/* Whatever is left: data and metadata that need just that many chunks are a namespace. */
static void what_fits_to_the_chunk_can_be_made(void **state)
{
	static const u64 sizes_in_mib[] = { 1, 32, 33, 64, 97 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes_in_mib); i++) {
		const u64 data = sizes_in_mib[i];
		const struct bx_ns_options options = { .size = data * MIB, .format = 2 };
		const u64 metadata = DIV_ROUND_UP_ULL(data, 32);
		const struct emu_options sizes = { .store_size = (data + metadata) * MIB,
						   .sparse = true };
		struct emu_host host;
		struct bx_ns *ns;

		emu_begin(&host, &sizes);
		assert_int_equal(bx_ns_create(host.ctrl, 0, &options, &ns), 0);
		assert_int_equal(host.store.free, 0);
		emu_end(&host);
	}
}

static void a_format_that_cannot_be_does_nothing(void **state)
{
	static const struct {
		u32 nsid, cdw10;
		u16 status;
	} wrong[] = {
		{ 0, 0, NVME_SC_INVALID_NS },
		{ BX_NS_MAX + 1, 0, NVME_SC_INVALID_NS },
		{ 2, 0, NVME_SC_INVALID_FIELD },
		{ 1, BX_FORMATS, NVME_SC_INVALID_FORMAT },
		{ 1, 1 << 12, NVME_SC_INVALID_FORMAT }, /* the upper bits of the format */
		{ 1, 1 | 4 << 5, NVME_SC_INVALID_FORMAT },
		{ 1, 1 << 5, NVME_SC_INVALID_FORMAT }, /* protection without metadata */
		{ 1, 3 << 9, NVME_SC_INVALID_FIELD },
	};
	struct emu_host host;
	struct bx_ns *ns;

	admin_begin(&host);
	ns = host.ctrl->namespaces[1];
	mark(ns);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(format_ns(&host, wrong[i].nsid, wrong[i].cdw10),
				 wrong[i].status | DNR);
	ns->write_protected = true;
	assert_int_equal(format_ns(&host, 1, 0), NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_int_equal(format_ns(&host, NVME_NSID_ALL, 0), NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_true(is_marked(ns));
	assert_int_equal(ns->blocks, 8192);
	emu_end(&host);
}

static void a_format_without_any_room_does_nothing(void **state)
{
	const struct emu_options options = { .store_size = MIB };
	struct emu_host host;
	struct bx_ns *ns;

	emu_begin(&host, &options);
	ns = emu_namespace(&host, MIB, 0, 0);
	emu_enable(&host);
	mark(ns);
	assert_int_equal(format_ns(&host, 1, 1), NVME_SC_INVALID_FORMAT | DNR);
	assert_true(is_marked(ns));
	assert_int_equal(format_ns(&host, 1, 3), 0);
	assert_int_equal(ns->blocks, 256);
	emu_end(&host);
}

static void a_format_of_all_is_of_those_that_are_attached(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	emu_namespace(&host, MIB, 0, 0);
	create_ns(&host, wish_for(8, 0, 0));
	for (unsigned int i = 1; i <= 3; i++)
		mark(host.ctrl->namespaces[i]);
	assert_int_equal(format_ns(&host, NVME_NSID_ALL, 3), 0);
	assert_false(is_marked(host.ctrl->namespaces[1]));
	assert_false(is_marked(host.ctrl->namespaces[2]));
	assert_true(is_marked(host.ctrl->namespaces[3]));
	assert_int_equal(host.ctrl->namespaces[2]->format, 3);
	assert_int_equal(host.ctrl->namespaces[3]->format, 0);
	emu_end(&host);
}

/* Far larger than one slice. */
static void begin_large(struct emu_host *host)
{
	const struct emu_options options = { .store_size = 1ull << 30, .sparse = true };

	kit_clock_hold(1000 * NSEC_PER_SEC);
	emu_begin(host, &options);
	emu_namespace(host, 512 * MIB, 0, 0);
	emu_enable(host);
	mark(host->ctrl->namespaces[1]);
}

static void a_long_format_goes_on_beside_other_commands(void **state)
{
	struct nvme_command cmd = admin_command(nvme_admin_format_nvm, 1, 3, 0);
	struct emu_host host;
	struct emu_result result;
	struct nvme_id_ns id;
	u16 cid;

	begin_large(&host);
	emu_make_queue(&host, 1, 16);
	cid = emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	assert_false(emu_reap(&host, 0, &result));
	assert_false(host.ctrl->namespaces[1]->ready);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 1, &id), 0);
	assert_in_range(id.fpi, 0x81, 0x80 + 99);
	assert_int_equal(emu_read(&host, 1, 1, 0, 1, &id, 512), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(format_ns(&host, 1, 0), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(delete_ns(&host, 1), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(delete_ns(&host, NVME_NSID_ALL), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(attach_ns(&host, 1, BX_NS_DETACH, 1, 1), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(admin_run(&host, nvme_admin_sanitize_nvm, 0, 2, 0, NULL, 0).status,
			 NVME_SC_FORMAT_IN_PROGRESS);
	admin_work(&host);
	assert_true(emu_reap(&host, 0, &result));
	assert_int_equal(result.cid, cid);
	assert_int_equal(result.status, 0);
	assert_true(host.ctrl->namespaces[1]->ready);
	assert_false(is_marked(host.ctrl->namespaces[1]));
	assert_int_equal(host.ctrl->namespaces[1]->blocks, 131072);
	emu_end(&host);
}

static void a_long_format_survives_a_reset_and_an_end(void **state)
{
	struct nvme_command cmd = admin_command(nvme_admin_format_nvm, 1, 3, 0);
	struct emu_host host;
	struct emu_result result;

	begin_large(&host);
	emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	emu_disable(&host);
	emu_enable(&host);
	admin_work(&host);
	/* Nobody waits for it any more. */
	assert_false(emu_reap(&host, 0, &result));
	assert_int_equal(host.ctrl->namespaces[1]->format, 3);
	assert_true(host.ctrl->namespaces[1]->ready);
	emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	emu_end(&host);
}

static void the_end_of_a_long_format_waits_for_the_host(void **state)
{
	struct nvme_command cmd = admin_command(nvme_admin_format_nvm, 1, 3, 0);
	struct emu_host host;
	struct emu_result result;

	begin_large(&host);
	emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	host.ctrl->bus_master = false;
	admin_work(&host);
	assert_int_equal(host.ctrl->namespaces[1]->format, 3);
	/* Its memory may be anybody's by now. */
	assert_false(emu_reap(&host, 0, &result));
	host.ctrl->bus_master = true;
	emu_pass(&host);
	assert_true(emu_reap(&host, 0, &result));
	assert_int_equal(result.status, 0);
	emu_end(&host);
}

static void a_format_without_memory_can_be_tried_again(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	kit_fail_allocation(0);
	assert_int_equal(format_ns(&host, 1, 3), NVME_SC_INTERNAL);
	assert_int_equal(host.ctrl->namespaces[1]->blocks, 0);
	assert_int_equal(format_ns(&host, 1, 3), 0);
	assert_int_equal(host.ctrl->namespaces[1]->blocks, 1024);
	emu_end(&host);
}

/* ---- sanitize */

#define OVERWRITE(passes) (BX_SANITIZE_OVERWRITE | (passes) << 4)
#define INVERT		  BIT(8)
#define KEEP		  BIT(9)
#define UNRESTRICTED	  BIT(3)

static u16 sanitize(struct emu_host *host, u32 cdw10, u32 pattern)
{
	return admin_run(host, nvme_admin_sanitize_nvm, 0, cdw10, pattern, NULL, 0).status;
}

static struct bx_sanitize_log sanitize_log(struct emu_host *host)
{
	struct bx_sanitize_log log;

	assert_int_equal(admin_log(host, BX_LOG_SANITIZE, 0, 0, &log, sizeof(log)), 0);
	return log;
}

static void a_sanitize_leaves_no_data_anywhere(void **state)
{
	static const u32 actions[] = { BX_SANITIZE_BLOCK_ERASE, BX_SANITIZE_CRYPTO_ERASE,
				       OVERWRITE(2), BX_SANITIZE_BLOCK_ERASE | KEEP };
	struct bx_sanitize_log log;
	struct emu_host host;

	admin_begin(&host);
	create_ns(&host, wish_for(8, 0, 0));
	log = sanitize_log(&host);
	assert_int_equal(le16_to_cpu(log.status), 0x100);
	assert_int_equal(le16_to_cpu(log.progress), 0xffff);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		mark(host.ctrl->namespaces[1]);
		mark(host.ctrl->namespaces[2]);
		host.ctrl->namespaces[1]->has_uncorrectable = true;
		admin_ask_for_event(&host);
		assert_int_equal(sanitize(&host, actions[i], 0x12345678), 0);
		assert_int_equal(le16_to_cpu(sanitize_log(&host).status) & 7, BX_SANITIZE_RUNNING);
		admin_work(&host);
		assert_int_equal(admin_event(&host), 0x810106);
		assert_false(is_marked(host.ctrl->namespaces[1]));
		assert_false(is_marked(host.ctrl->namespaces[2]));
		assert_int_equal(host.ctrl->namespaces[1]->data.used, 0);
		assert_false(host.ctrl->namespaces[1]->has_uncorrectable);
		log = sanitize_log(&host);
		assert_int_equal(le16_to_cpu(log.status),
				 0x101 | (actions[i] == OVERWRITE(2) ? 2 << 3 : 0));
		assert_int_equal(le16_to_cpu(log.progress), 0xffff);
		assert_int_equal(le32_to_cpu(log.cdw10), actions[i]);
	}
	/* Something is written: it is not erased any more. */
	host.ctrl->engines[0].stats.bytes_written++;
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status), 1);
	emu_end(&host);
}

static void an_overwrite_that_is_kept_leaves_its_pattern(void **state)
{
	struct emu_host host;
	struct bx_ns *ns;
	__le32 word;
	u8 pi[8], ones[8];

	admin_begin(&host);
	ns = emu_namespace(&host, MIB, 2, 1); /* 16 bytes of metadata, protection in the last 8 */
	mark(ns);
	memset(ones, 0xff, sizeof(ones));
	for (u32 passes = 1; passes <= 2; passes++) {
		assert_int_equal(sanitize(&host, OVERWRITE(passes) | INVERT | KEEP, 0x12345678), 0);
		admin_work(&host);
		for (u64 at = 0; at < ns->data.size; at += 512) {
			bx_extent_read(&ns->data, at + 508, &word, 4);
			assert_int_equal(le32_to_cpu(word), 0x12345678);
		}
		bx_extent_read(&ns->metadata, ns->metadata.size - 16, &word, 4);
		assert_int_equal(le32_to_cpu(word), 0x12345678);
		bx_extent_read(&ns->metadata, ns->metadata.size - 8, pi, 8);
		assert_memory_equal(pi, ones, 8);
	}
	emu_end(&host);
}

static void an_overwrite_stores_nothing_that_is_to_be_discarded(void **state)
{
	struct emu_host host;

	begin_large(&host);
	assert_int_equal(sanitize(&host, OVERWRITE(1), 1), 0);
	while (host.ctrl->admin->erase.kind != BX_ERASE_NONE) {
		kit_clock_advance(5 * NSEC_PER_MSEC);
		kit_settle();
		emu_pass(&host);
		assert_in_range(host.ctrl->namespaces[1]->data.used, 0, 2 * 4096);
	}
	assert_int_equal(host.ctrl->namespaces[1]->data.used, 0);
	emu_end(&host);
}

static void passes_are_inverted_and_their_progress_is_told(void **state)
{
	struct emu_host host;
	struct bx_ns *ns;
	u16 progress = 0, last;
	bool inverted = false;

	admin_begin(&host);
	ns = host.ctrl->namespaces[1];
	assert_int_equal(sanitize(&host, OVERWRITE(4) | INVERT | KEEP, 0), 0);
	while (host.ctrl->admin->erase.kind != BX_ERASE_NONE) {
		u8 byte;

		last = progress;
		progress = le16_to_cpu(sanitize_log(&host).progress);
		assert_in_range(progress, last, 0xfffe);
		kit_clock_advance(5 * NSEC_PER_MSEC);
		kit_settle();
		emu_pass(&host);
		bx_extent_read(&ns->data, 0, &byte, 1);
		inverted |= byte == 0xff;
	}
	assert_in_range(progress, 1, 0xfffe);
	assert_true(inverted);
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status), 0x101 | 4 << 3);
	emu_end(&host);
}

static void other_commands_are_refused_during_a_sanitize(void **state)
{
	static const u8 allowed[] = { nvme_admin_identify, nvme_admin_get_features,
				      nvme_admin_keep_alive };
	static const u8 refused[] = { nvme_admin_format_nvm,  nvme_admin_ns_mgmt,
				      nvme_admin_ns_attach,   nvme_admin_download_fw,
				      nvme_admin_activate_fw, nvme_admin_dev_self_test,
				      nvme_admin_sanitize_nvm };
	struct emu_host host;
	u8 data[4096];

	admin_begin(&host);
	emu_make_queue(&host, 1, 16);
	assert_int_equal(sanitize(&host, OVERWRITE(0), 1), 0);
	assert_int_equal(emu_read(&host, 1, 1, 0, 1, data, 512), NVME_SC_SANITIZE_IN_PROGRESS);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		assert_int_equal(admin_run(&host, allowed[i], 0, 1, 0, data, 4096).status, 0);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(admin_run(&host, refused[i], 1, 2, 0, data, 4096).status,
				 NVME_SC_SANITIZE_IN_PROGRESS);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, data, 512), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_FW_SLOT, 0, 0, data, 512),
			 NVME_SC_SANITIZE_IN_PROGRESS);
	/* It goes on through a reset, and is seen to its end. */
	emu_disable(&host);
	emu_enable(&host);
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status) & 7, BX_SANITIZE_RUNNING);
	admin_work(&host);
	emu_make_queue(&host, 1, 16);
	assert_int_equal(emu_read(&host, 1, 1, 0, 1, data, 512), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_FW_SLOT, 0, 0, data, 512), 0);
	emu_end(&host);
}

static void a_failed_sanitize_is_left_as_its_mode_says(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	host.ctrl->admin->sanitize.must_fail = true;
	assert_int_equal(sanitize(&host, BX_SANITIZE_BLOCK_ERASE, 0), 0);
	admin_work(&host);
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status), BX_SANITIZE_FAILED);
	assert_int_equal(host.ctrl->io_refused, NVME_SC_SANITIZE_FAILED | DNR);
	/* Restricted: only by another one that is restricted, too. */
	assert_int_equal(format_ns(&host, 1, 0), NVME_SC_SANITIZE_FAILED | DNR);
	assert_int_equal(sanitize(&host, BX_SANITIZE_EXIT_FAILURE, 0),
			 NVME_SC_SANITIZE_FAILED | DNR);
	assert_int_equal(sanitize(&host, BX_SANITIZE_BLOCK_ERASE | UNRESTRICTED, 0),
			 NVME_SC_SANITIZE_FAILED | DNR);
	assert_int_equal(sanitize(&host, BX_SANITIZE_BLOCK_ERASE, 0), 0);
	admin_work(&host);
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status), 0x101);
	/* Unrestricted: the host may leave it at that. */
	host.ctrl->admin->sanitize.must_fail = true;
	assert_int_equal(sanitize(&host, BX_SANITIZE_CRYPTO_ERASE | UNRESTRICTED, 0), 0);
	admin_work(&host);
	assert_int_equal(format_ns(&host, 1, 0), NVME_SC_SANITIZE_FAILED | DNR);
	assert_int_equal(sanitize(&host, BX_SANITIZE_EXIT_FAILURE, 0), 0);
	assert_int_equal(host.ctrl->io_refused, 0);
	assert_int_equal(format_ns(&host, 1, 0), 0);
	assert_int_equal(sanitize(&host, BX_SANITIZE_EXIT_FAILURE, 0), 0);
	emu_end(&host);
}

static void a_sanitize_that_cannot_be_does_nothing(void **state)
{
	static const u32 wrong[] = { 0, 5, 6, 7 };
	struct emu_host host;
	struct bx_ns *ns;

	admin_begin(&host);
	ns = host.ctrl->namespaces[1];
	mark(ns);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(sanitize(&host, wrong[i], 0), NVME_SC_INVALID_FIELD | DNR);
	ns->write_protected = true;
	assert_int_equal(sanitize(&host, 2, 0), NVME_SC_NS_WRITE_PROTECTED | DNR);
	ns->write_protected = false;
	host.ctrl->admin->firmware.next = 1;
	assert_int_equal(sanitize(&host, 2, 0), NVME_SC_FW_NEEDS_RESET | DNR);
	assert_true(is_marked(ns));
	emu_end(&host);
}

static void a_sparse_store_does_not_keep_blocks_allocated(void **state)
{
	const struct emu_options options = { .sparse = true };
	struct nvme_id_ctrl id;
	struct emu_host host;

	admin_begin_with(&host, &options);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_CTRL, 0, &id), 0);
	assert_true(le32_to_cpu(id.sanicap) & BX_SANICAP_NO_DEALLOCATE_INHIBITED);
	assert_int_equal(sanitize(&host, OVERWRITE(1) | KEEP, 1), NVME_SC_INVALID_FIELD | DNR);
	/* Unless the host is content with a warning. */
	assert_int_equal(admin_set(&host, NVME_FEAT_SANITIZE, 1), 0);
	admin_ask_for_event(&host);
	assert_int_equal(sanitize(&host, OVERWRITE(1) | KEEP, 1), 0);
	admin_work(&host);
	assert_int_equal(admin_event(&host), 0x810206);
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status),
			 0x100 | 1 << 3 | BX_SANITIZE_DEALLOCATED);
	assert_int_equal(host.ctrl->namespaces[1]->data.used, 0);
	emu_end(&host);
}

/* ---- firmware */

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
	assert_int_equal(download(&host, "", 12288, 4096), 0);
	assert_int_equal(commit(&host, 0, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	assert_int_equal(download(&host, "", 8192, 1000), 0);
	assert_int_equal(commit(&host, 0, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	/* What was downloaded is gone with a reset. */
	emu_disable(&host);
	emu_enable(&host);
	assert_int_equal(download(&host, "\x01", 0, 4096), 0);
	assert_int_equal(commit(&host, 0, 2), NVME_SC_FIRMWARE_IMAGE | DNR);
	expect_firmware(&host, "1.0     ", 1, NOTHING, NOTHING);
	emu_end(&host);
}

/* ---- self-test */

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
	assert_int_equal(format_ns(&host, 1, 0), 0);
	assert_int_equal(self_test_log(&host).operation, BX_SELF_TEST_EXTENDED);
	assert_int_equal(format_ns(&host, 2, 0), 0);
	assert_int_equal(self_test_log(&host).results[0].status, 0x24);
	self_test(&host, 2, BX_SELF_TEST_EXTENDED);
	assert_int_equal(delete_ns(&host, 2), 0);
	assert_int_equal(self_test_log(&host).results[0].status, 0x23);
	self_test(&host, NVME_NSID_ALL, BX_SELF_TEST_EXTENDED);
	assert_int_equal(sanitize(&host, BX_SANITIZE_BLOCK_ERASE, 0), 0);
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
		kit_test(a_namespace_is_made_attached_detached_and_deleted),
		kit_test(a_namespace_that_cannot_be_made_says_why),
		kit_test(there_are_no_more_namespaces_than_identify_says),
		kit_test(only_us_and_only_what_is_there_can_be_attached),
		kit_test(namespaces_that_change_are_in_a_list_until_it_is_read),
		kit_test(a_format_leaves_no_data_and_another_shape),
		kit_test(a_format_of_a_full_device_makes_room_for_metadata),
		kit_test(what_fits_to_the_chunk_can_be_made),
		kit_test(a_format_that_cannot_be_does_nothing),
		kit_test(a_format_without_any_room_does_nothing),
		kit_test(a_format_of_all_is_of_those_that_are_attached),
		kit_test(a_long_format_goes_on_beside_other_commands),
		kit_test(a_long_format_survives_a_reset_and_an_end),
		kit_test(the_end_of_a_long_format_waits_for_the_host),
		kit_test(a_format_without_memory_can_be_tried_again),
		kit_test(a_sanitize_leaves_no_data_anywhere),
		kit_test(an_overwrite_that_is_kept_leaves_its_pattern),
		kit_test(an_overwrite_stores_nothing_that_is_to_be_discarded),
		kit_test(passes_are_inverted_and_their_progress_is_told),
		kit_test(other_commands_are_refused_during_a_sanitize),
		kit_test(a_failed_sanitize_is_left_as_its_mode_says),
		kit_test(a_sanitize_that_cannot_be_does_nothing),
		kit_test(a_sparse_store_does_not_keep_blocks_allocated),
		kit_test(firmware_goes_to_a_slot_and_runs_after_a_reset),
		kit_test(firmware_that_is_activated_at_once_is_an_event),
		kit_test(a_slot_that_is_replaced_runs_on_until_a_reset),
		kit_test(firmware_that_is_wrong_is_refused),
		kit_test(a_self_test_takes_its_time_and_passes),
		kit_test(a_self_test_is_ended_by_what_ends_it),
		kit_test(a_self_test_of_nothing_is_refused),
	};

	return cmocka_run_group_tests_name("emu-admin-media", tests, NULL, NULL);
}
