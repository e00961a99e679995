// SPDX-License-Identifier: GPL-2.0-or-later
/* Format NVM: another shape and no data, at once or beside other commands. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/kernel.h>

static void a_format_leaves_no_data_and_another_shape(void **state)
{
	struct emu_host host;
	struct nvme_id_ns id;
	struct bx_ns *ns;

	admin_begin(&host);
	ns = host.ctrl->namespaces[1];
	for (u32 erase = 0; erase <= 2; erase++) {
		admin_mark(ns);
		/* 4096 bytes and 16 of metadata, extended, type 1 in the first bytes. */
		assert_int_equal(admin_format(&host, 1, 5 | BIT(4) | 1 << 5 | BIT(8) | erase << 9),
				 0);
		assert_false(admin_is_marked(ns));
		assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 1, &id), 0);
		assert_int_equal(le64_to_cpu(id.nsze), 1024);
		assert_int_equal(id.flbas, 0x15);
		assert_int_equal(id.dps, 9);
		assert_int_equal(ns->metadata.size, 1024 * 16);
		admin_mark(ns);
		/* And back, with all that there was. */
		assert_int_equal(admin_format(&host, 1, 0), 0);
		assert_false(admin_is_marked(ns));
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
	assert_int_equal(admin_format(&host, 2, 1), 0);
	assert_in_range(ns->blocks, 2 * 2048, 3 * 2048);
	assert_int_equal(admin_format(&host, 2, 0), 0);
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
	admin_mark(ns);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(admin_format(&host, wrong[i].nsid, wrong[i].cdw10),
				 wrong[i].status | DNR);
	ns->write_protected = true;
	assert_int_equal(admin_format(&host, 1, 0), NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_int_equal(admin_format(&host, NVME_NSID_ALL, 0), NVME_SC_NS_WRITE_PROTECTED | DNR);
	assert_true(admin_is_marked(ns));
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
	admin_mark(ns);
	assert_int_equal(admin_format(&host, 1, 1), NVME_SC_INVALID_FORMAT | DNR);
	assert_true(admin_is_marked(ns));
	assert_int_equal(admin_format(&host, 1, 3), 0);
	assert_int_equal(ns->blocks, 256);
	emu_end(&host);
}

static void a_format_of_all_is_of_those_that_are_attached(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	emu_namespace(&host, MIB, 0, 0);
	admin_create_ns(&host, admin_wish(8, 0, 0));
	for (unsigned int i = 1; i <= 3; i++)
		admin_mark(host.ctrl->namespaces[i]);
	assert_int_equal(admin_format(&host, NVME_NSID_ALL, 3), 0);
	assert_false(admin_is_marked(host.ctrl->namespaces[1]));
	assert_false(admin_is_marked(host.ctrl->namespaces[2]));
	assert_true(admin_is_marked(host.ctrl->namespaces[3]));
	assert_int_equal(host.ctrl->namespaces[2]->format, 3);
	assert_int_equal(host.ctrl->namespaces[3]->format, 0);
	emu_end(&host);
}

/* Of the large one; its first slice is done. */
static u16 begin_long_format(struct emu_host *host)
{
	struct nvme_command cmd = admin_command(nvme_admin_format_nvm, 1, 3, 0);
	u16 cid = emu_submit(host, 0, &cmd);

	emu_expect_none(host, 0);
	assert_false(host->ctrl->namespaces[1]->ready);
	return cid;
}

static void a_long_format_goes_on_beside_other_commands(void **state)
{
	struct emu_host host;
	struct nvme_id_ns id;
	u16 cid;

	admin_begin_large(&host);
	emu_make_queue(&host, 1, 16);
	cid = begin_long_format(&host);
	assert_int_equal(emu_identify(&host, NVME_ID_CNS_NS, 1, &id), 0);
	assert_in_range(id.fpi, 0x81, 0x80 + 99);
	assert_int_equal(emu_read(&host, 1, 1, 0, 1, &id, 512), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(admin_format(&host, 1, 0), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(admin_delete_ns(&host, 1), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(admin_delete_ns(&host, NVME_NSID_ALL), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(admin_attach_ns(&host, 1, BX_NS_DETACH, 1, 1), NVME_SC_FORMAT_IN_PROGRESS);
	assert_int_equal(admin_run(&host, nvme_admin_sanitize_nvm, 0, 2, 0, NULL, 0).status,
			 NVME_SC_FORMAT_IN_PROGRESS);
	admin_work(&host);
	assert_int_equal(emu_expect(&host, 0, 0).cid, cid);
	assert_true(host.ctrl->namespaces[1]->ready);
	assert_false(admin_is_marked(host.ctrl->namespaces[1]));
	assert_int_equal(host.ctrl->namespaces[1]->blocks, 131072);
	emu_end(&host);
}

static void a_long_format_survives_a_reset_and_an_end(void **state)
{
	struct emu_host host;

	admin_begin_large(&host);
	begin_long_format(&host);
	emu_disable(&host);
	emu_enable(&host);
	admin_work(&host);
	/* Nobody waits for it any more. */
	emu_expect_none(&host, 0);
	assert_int_equal(host.ctrl->namespaces[1]->format, 3);
	assert_true(host.ctrl->namespaces[1]->ready);
	begin_long_format(&host);
	emu_end(&host);
}

static void the_end_of_a_long_format_waits_for_the_host(void **state)
{
	struct emu_host host;

	admin_begin_large(&host);
	begin_long_format(&host);
	host.ctrl->bus_master = false;
	admin_work(&host);
	assert_int_equal(host.ctrl->namespaces[1]->format, 3);
	/* Its memory may be anybody's by now. */
	emu_expect_none(&host, 0);
	host.ctrl->bus_master = true;
	emu_expect(&host, 0, 0);
	emu_end(&host);
}

static void a_format_without_memory_can_be_tried_again(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	kit_fail_allocation(0);
	assert_int_equal(admin_format(&host, 1, 3), NVME_SC_INTERNAL);
	assert_int_equal(host.ctrl->namespaces[1]->blocks, 0);
	assert_int_equal(admin_format(&host, 1, 3), 0);
	assert_int_equal(host.ctrl->namespaces[1]->blocks, 1024);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
