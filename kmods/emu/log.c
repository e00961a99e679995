// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log pages, and errors, which are counted for them. A page is made whole, and what the command wants of it is a part of that.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "admin.h"
#include "io.h"

#define PAGE_SUPPORTED	 BIT(0) /* as log page 00h says it */
#define STATUS_TYPE_MASK 0x700
#define STATUS_MEDIA	 0x200

/* ---- errors */

static bool is_media_error(u16 status)
{
	status &= ~NVME_STATUS_DNR;
	return (status & STATUS_TYPE_MASK) == STATUS_MEDIA && status != NVME_SC_COMPARE_FAILED &&
	       status != NVME_SC_UNWRITTEN_BLOCK && status != NVME_SC_ACCESS_DENIED;
}

void bx_log_error(struct bx_ctrl *ctrl, const struct bx_request *request)
{
	struct bx_admin_state *admin = ctrl->admin;
	struct bx_errors *errors = &admin->errors;
	struct nvme_error_slot slot = {
		.sqid = cpu_to_le16(request->sq->id),
		.cmdid = cpu_to_le16(request->cmd.common.command_id),
		.status_field = cpu_to_le16(request->status << 1),
		.param_error_location = cpu_to_le16(request->error_byte),
		.lba = cpu_to_le64(request->lba),
		.nsid = request->cmd.common.nsid,
	};

	spin_lock(&admin->lock);
	slot.error_count = cpu_to_le64(++errors->count);
	errors->slots[errors->count % BX_ERRORS_MAX] = slot;
	if (is_media_error(request->status))
		admin->health.media_errors++;
	spin_unlock(&admin->lock);
}

/* ---- namespaces that changed */

void bx_log_changed_namespace(struct bx_ctrl *ctrl, u32 id)
{
	/* Whoever is not there has seen nothing that could have changed. */
	if (!ctrl->ready)
		return;
	__set_bit(id, ctrl->admin->changed);
	bx_event(ctrl, BX_EVENT_NOTICE, NVME_AER_NOTICE_NS_CHANGED, NVME_LOG_CHANGED_NS);
}

/* ---- the pages: each fills the buffer, which is all zeros */

static void make_errors(struct bx_ctrl *ctrl, void *page)
{
	struct bx_admin_state *admin = ctrl->admin;
	const struct bx_errors *errors = &admin->errors;
	struct nvme_error_slot *to = page;
	u64 count;

	spin_lock(&admin->lock);
	count = errors->count;
	/* The newest first. */
	for (unsigned int i = 0; i < BX_ERRORS_MAX && i < count; i++)
		to[i] = errors->slots[(count - i) % BX_ERRORS_MAX];
	spin_unlock(&admin->lock);
	/* Nothing is said of data while it is being destroyed. */
	for (unsigned int i = 0; ctrl->io_refused && i < BX_ERRORS_MAX; i++)
		to[i].lba = 0;
}

static void make_firmware(struct bx_ctrl *ctrl, void *page)
{
	const struct bx_firmware *firmware = &ctrl->admin->firmware;
	struct nvme_fw_slot_info_log *log = page;

	log->afi = firmware->active | firmware->next << 4;
	for (unsigned int i = 1; i <= BX_FIRMWARE_SLOTS; i++)
		if (firmware->filled[i])
			memcpy(&log->frs[i - 1], firmware->revisions[i], sizeof(log->frs[0]));
}

static void make_changed(struct bx_ctrl *ctrl, void *page)
{
	__le32 *to = page;

	for (unsigned int id = 1; id <= BX_NS_MAX; id++)
		if (test_bit(id, ctrl->admin->changed))
			*to++ = cpu_to_le32(id);
}

static void make_effects(struct bx_ctrl *ctrl, void *page)
{
	struct nvme_effects_log *log = page;

	for (unsigned int i = 0; i < 256; i++) {
		const struct bx_io_command *command = &bx_io_commands[i];

		log->acs[i] = cpu_to_le32(bx_admin_effects(ctrl, i));
		if (command->execute)
			log->iocs[i] = cpu_to_le32(
				NVME_CMD_EFFECTS_CSUPP | BX_SCOPE_NAMESPACE |
				(command->flags & BX_IO_CHANGES ? NVME_CMD_EFFECTS_LBCC : 0));
	}
}

static void make_self_test(struct bx_ctrl *ctrl, void *page)
{
	bx_self_test_show(ctrl, ktime_get_ns());
	memcpy(page, &ctrl->admin->self_test.log, sizeof(ctrl->admin->self_test.log));
}

static void make_feature_effects(struct bx_ctrl *ctrl, void *page)
{
	__le32 *to = page;

	for (unsigned int i = 0; i < 256; i++)
		to[i] = cpu_to_le32(bx_feature_effects(i));
}

static void make_nothing(struct bx_ctrl *ctrl, void *page)
{
}

static void make_sanitize(struct bx_ctrl *ctrl, void *page)
{
	const struct bx_sanitize *sanitize = &ctrl->admin->sanitize;
	struct bx_sanitize_log *log = page;
	u16 status = sanitize->result | sanitize->passes << 3;

	/* Nothing was written since, or ever: to no namespace is there any user data. */
	if (sanitize->result != BX_SANITIZE_RUNNING && sanitize->result != BX_SANITIZE_FAILED &&
	    bx_bytes_written(ctrl) == sanitize->written)
		status |= BIT(8);
	log->progress = cpu_to_le16(bx_sanitize_progress(ctrl));
	log->status = cpu_to_le16(status);
	log->cdw10 = cpu_to_le32(sanitize->cdw10);
	memset(log->estimates, 0xff, sizeof(log->estimates));
}

static void make_supported(struct bx_ctrl *ctrl, void *page);

struct log_page {
	void (*make)(struct bx_ctrl *ctrl, void *page);
	u16 size;
	bool when_sanitizing; /* may be read while a sanitize runs or has failed */
};

static const struct log_page pages[256] = {
	[BX_LOG_SUPPORTED] = { make_supported, 256 * sizeof(__le32) },
	[NVME_LOG_ERROR] = { make_errors, BX_ERRORS_MAX * sizeof(struct nvme_error_slot), true },
	[NVME_LOG_SMART] = { bx_health_make_log, sizeof(struct nvme_smart_log), true },
	[NVME_LOG_FW_SLOT] = { make_firmware, sizeof(struct nvme_fw_slot_info_log) },
	[NVME_LOG_CHANGED_NS] = { make_changed, NVME_MAX_CHANGED_NAMESPACES * sizeof(__le32),
				  true },
	[NVME_LOG_CMD_EFFECTS] = { make_effects, sizeof(struct nvme_effects_log) },
	[NVME_LOG_DEVICE_SELF_TEST] = { make_self_test, sizeof(struct bx_self_test_log) },
	[BX_LOG_FEATURE_EFFECTS] = { make_feature_effects, 256 * sizeof(__le32) },
	/* It comes with the bit of Identify that says of the other pages that they are there. */
	[BX_LOG_MI_EFFECTS] = { make_nothing, 256 * sizeof(__le32) },
	[BX_LOG_SANITIZE] = { make_sanitize, sizeof(struct bx_sanitize_log), true },
};

static void make_supported(struct bx_ctrl *ctrl, void *page)
{
	__le32 *to = page;

	for (unsigned int i = 0; i < 256; i++)
		to[i] = cpu_to_le32(pages[i].make ? PAGE_SUPPORTED : 0);
}

/* ---- Get Log Page */

bool bx_log_page_valid(u8 lid)
{
	return pages[lid].make;
}

/* All pages are of the controller or of the subsystem: no single namespace has one. */
static u16 check_namespace(struct bx_request *request)
{
	u32 nsid = le32_to_cpu(request->cmd.common.nsid);

	if (!nsid || nsid == NVME_NSID_ALL)
		return NVME_SC_SUCCESS;
	if (nsid > BX_NS_MAX)
		return bx_invalid(request, NVME_SC_INVALID_NS, get_log_page.nsid);
	return bx_invalid(request, NVME_SC_INVALID_FIELD, get_log_page.nsid);
}

static u16 check(struct bx_request *request, const struct log_page *page)
{
	const struct nvme_get_log_page_command *cmd = &request->cmd.get_log_page;
	u32 cdw14 = le32_to_cpu(request->cmd.common.cdw14);
	u64 offset = le64_to_cpu(cmd->lpo);
	u16 status;

	if (!page->make)
		return bx_invalid(request, NVME_SC_INVALID_LOG_PAGE, get_log_page.lid);
	status = check_namespace(request);
	if (status)
		return status;
	/* No page has an index to count the offset in. */
	if (cdw14 & BIT(23))
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.cdw14);
	if (cmd->lid == NVME_LOG_CMD_EFFECTS && !bx_command_set_valid(cmd->csi))
		return bx_invalid(request, NVME_SC_INVALID_FIELD, get_log_page.csi);
	if (offset & 3 || offset >= page->size)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, get_log_page.lpo);
	return NVME_SC_SUCCESS;
}

/* What reading a page does, unless the host wants its event to stay. */
static void page_was_read(struct bx_ctrl *ctrl, u8 lid)
{
	if (lid == NVME_LOG_CHANGED_NS)
		bitmap_zero(ctrl->admin->changed, BX_NS_MAX + 1);
	bx_event_seen(ctrl, lid);
}

u16 bx_get_log_page(struct bx_engine *engine, struct bx_request *request)
{
	const struct nvme_get_log_page_command *cmd = &request->cmd.get_log_page;
	const struct log_page *page = &pages[cmd->lid];
	struct bx_ctrl *ctrl = engine->ctrl;
	u64 wanted, offset;
	u16 status;

	status = check(request, page);
	if (status)
		return status;
	if (ctrl->io_refused && !page->when_sanitizing)
		return ctrl->io_refused;
	offset = le64_to_cpu(cmd->lpo);
	wanted = ((u64)le16_to_cpu(cmd->numdu) << 16 | le16_to_cpu(cmd->numdl)) + 1;
	memset(engine->buffer, 0, page->size);
	page->make(ctrl, engine->buffer);
	status = bx_reply(engine, request, engine->buffer + offset, page->size - offset,
			  wanted * sizeof(__le32));
	if (!status && !(cmd->lsp & BIT(7)))
		page_was_read(ctrl, cmd->lid);
	return status;
}
