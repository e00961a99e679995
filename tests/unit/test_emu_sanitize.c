// SPDX-License-Identifier: GPL-2.0-or-later
/* Sanitize: what it leaves, what it refuses meanwhile, and how it fails. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/kernel.h>
#include <linux/time64.h>

#define OVERWRITE(passes) (BX_SANITIZE_OVERWRITE | (passes) << 4)
#define INVERT		  BIT(8)
#define KEEP		  BIT(9)
#define UNRESTRICTED	  BIT(3)

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
	admin_create_ns(&host, admin_wish(8, 0, 0));
	log = sanitize_log(&host);
	assert_int_equal(le16_to_cpu(log.status), 0x100);
	assert_int_equal(le16_to_cpu(log.progress), 0xffff);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		admin_mark(host.ctrl->namespaces[1]);
		admin_mark(host.ctrl->namespaces[2]);
		host.ctrl->namespaces[1]->has_uncorrectable = true;
		admin_ask_for_event(&host);
		assert_int_equal(admin_sanitize(&host, actions[i], 0x12345678), 0);
		assert_int_equal(le16_to_cpu(sanitize_log(&host).status) & 7, BX_SANITIZE_RUNNING);
		admin_work(&host);
		assert_int_equal(admin_event(&host), 0x810106);
		assert_false(admin_is_marked(host.ctrl->namespaces[1]));
		assert_false(admin_is_marked(host.ctrl->namespaces[2]));
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
	admin_mark(ns);
	memset(ones, 0xff, sizeof(ones));
	for (u32 passes = 1; passes <= 2; passes++) {
		assert_int_equal(
			admin_sanitize(&host, OVERWRITE(passes) | INVERT | KEEP, 0x12345678), 0);
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

	admin_begin_large(&host);
	assert_int_equal(admin_sanitize(&host, OVERWRITE(1), 1), 0);
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
	assert_int_equal(admin_sanitize(&host, OVERWRITE(4) | INVERT | KEEP, 0), 0);
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
	struct nvme_command flush = { .common = { .opcode = nvme_cmd_flush,
						  .nsid = cpu_to_le32(1) } };
	struct emu_host host;
	u8 data[4096];

	admin_begin(&host);
	emu_make_queue(&host, 1, 16);
	assert_int_equal(admin_sanitize(&host, OVERWRITE(0), 1), 0);
	assert_int_equal(emu_read(&host, 1, 1, 0, 1, data, 512), NVME_SC_SANITIZE_IN_PROGRESS);
	assert_int_equal(emu_run(&host, 1, &flush, NULL, 0).status, 0);
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
	assert_int_equal(admin_sanitize(&host, BX_SANITIZE_BLOCK_ERASE, 0), 0);
	admin_work(&host);
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status), BX_SANITIZE_FAILED);
	assert_int_equal(host.ctrl->io_refused, NVME_SC_SANITIZE_FAILED | DNR);
	/* Restricted: only by another one that is restricted, too. */
	assert_int_equal(admin_format(&host, 1, 0), NVME_SC_SANITIZE_FAILED | DNR);
	assert_int_equal(admin_sanitize(&host, BX_SANITIZE_EXIT_FAILURE, 0),
			 NVME_SC_SANITIZE_FAILED | DNR);
	assert_int_equal(admin_sanitize(&host, BX_SANITIZE_BLOCK_ERASE | UNRESTRICTED, 0),
			 NVME_SC_SANITIZE_FAILED | DNR);
	assert_int_equal(admin_sanitize(&host, BX_SANITIZE_BLOCK_ERASE, 0), 0);
	admin_work(&host);
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status), 0x101);
	/* Unrestricted: the host may leave it at that. */
	host.ctrl->admin->sanitize.must_fail = true;
	assert_int_equal(admin_sanitize(&host, BX_SANITIZE_CRYPTO_ERASE | UNRESTRICTED, 0), 0);
	admin_work(&host);
	assert_int_equal(admin_format(&host, 1, 0), NVME_SC_SANITIZE_FAILED | DNR);
	assert_int_equal(admin_sanitize(&host, BX_SANITIZE_EXIT_FAILURE, 0), 0);
	assert_int_equal(host.ctrl->io_refused, 0);
	assert_int_equal(admin_format(&host, 1, 0), 0);
	assert_int_equal(admin_sanitize(&host, BX_SANITIZE_EXIT_FAILURE, 0), 0);
	emu_end(&host);
}

static void a_sanitize_that_cannot_be_does_nothing(void **state)
{
	static const u32 wrong[] = { 0, 5, 6, 7 };
	struct emu_host host;
	struct bx_ns *ns;

	admin_begin(&host);
	ns = host.ctrl->namespaces[1];
	admin_mark(ns);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(admin_sanitize(&host, wrong[i], 0), NVME_SC_INVALID_FIELD | DNR);
	ns->write_protected = true;
	assert_int_equal(admin_sanitize(&host, 2, 0), NVME_SC_NS_WRITE_PROTECTED | DNR);
	ns->write_protected = false;
	host.ctrl->admin->firmware.next = 1;
	assert_int_equal(admin_sanitize(&host, 2, 0), NVME_SC_FW_NEEDS_RESET | DNR);
	assert_true(admin_is_marked(ns));
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
	assert_int_equal(admin_sanitize(&host, OVERWRITE(1) | KEEP, 1),
			 NVME_SC_INVALID_FIELD | DNR);
	/* Unless the host is content with a warning. */
	assert_int_equal(admin_set(&host, NVME_FEAT_SANITIZE, 1), 0);
	admin_ask_for_event(&host);
	assert_int_equal(admin_sanitize(&host, OVERWRITE(1) | KEEP, 1), 0);
	admin_work(&host);
	assert_int_equal(admin_event(&host), 0x810206);
	assert_int_equal(le16_to_cpu(sanitize_log(&host).status),
			 0x100 | 1 << 3 | BX_SANITIZE_DEALLOCATED);
	assert_int_equal(host.ctrl->namespaces[1]->data.used, 0);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(a_sanitize_leaves_no_data_anywhere),
		kit_test(an_overwrite_that_is_kept_leaves_its_pattern),
		kit_test(an_overwrite_stores_nothing_that_is_to_be_discarded),
		kit_test(passes_are_inverted_and_their_progress_is_told),
		kit_test(other_commands_are_refused_during_a_sanitize),
		kit_test(a_failed_sanitize_is_left_as_its_mode_says),
		kit_test(a_sanitize_that_cannot_be_does_nothing),
		kit_test(a_sparse_store_does_not_keep_blocks_allocated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
