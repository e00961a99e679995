// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware: downloading an image in pieces, putting it into a slot, and changing over to it. There is nothing in an
 * image that we could run; its first eight bytes are the revision that the controller then says it has.
 */
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "admin.h"

enum {
	REPLACE,
	REPLACE_AT_RESET,
	ACTIVATE_AT_RESET,
	ACTIVATE_NOW
};

#define PIECES (BX_FIRMWARE_MAX / BX_FIRMWARE_UNIT)

static void forget_download(struct bx_firmware *firmware)
{
	bitmap_zero(firmware->pieces, PIECES);
	firmware->end = 0;
	firmware->ragged = 0;
	firmware->committed = false;
}

static void run(struct bx_firmware *firmware, u8 slot)
{
	memcpy(firmware->running, firmware->revisions[slot], sizeof(firmware->running));
	firmware->active = slot;
	firmware->next = 0;
}

void bx_firmware_create(struct bx_ctrl *ctrl)
{
	struct bx_firmware *firmware = &ctrl->admin->firmware;

	bx_put_text(firmware->revisions[1], ctrl->config.firmware, sizeof(firmware->revisions[1]));
	firmware->filled[1] = true;
	run(firmware, 1);
}

/* Any reset changes over to what was committed for it, and loses what was not. */
void bx_firmware_reset(struct bx_ctrl *ctrl)
{
	struct bx_firmware *firmware = &ctrl->admin->firmware;

	forget_download(firmware);
	run(firmware, firmware->next ?: firmware->active);
}

/* ---- Firmware Image Download */

u16 bx_firmware_download(struct bx_engine *engine, struct bx_request *request)
{
	struct bx_firmware *firmware = &engine->ctrl->admin->firmware;
	u64 length = (le32_to_cpu(request->cmd.dlfw.numd) + 1ull) * 4;
	u64 offset = le32_to_cpu(request->cmd.dlfw.offset) * 4ull;
	unsigned int first, last;
	u16 status;

	if (offset % BX_FIRMWARE_UNIT || offset >= BX_FIRMWARE_MAX)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, dlfw.offset);
	if (length > BX_FIRMWARE_MAX - offset)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, dlfw.numd);
	/* The first piece after a commit, however that ended, begins another image. */
	if (firmware->committed)
		forget_download(firmware);
	first = offset / BX_FIRMWARE_UNIT;
	last = (offset + length - 1) / BX_FIRMWARE_UNIT;
	if (find_next_bit(firmware->pieces, last + 1, first) <= last)
		return bx_invalid(request, NVME_SC_OVERLAPPING_RANGE, dlfw.offset);
	status = bx_data_map(engine, request, length);
	if (status)
		return status;
	if (!offset) {
		memset(firmware->head, ' ', sizeof(firmware->head));
		bx_data_get(&engine->data, 0, firmware->head,
			    min_t(u64, length, sizeof(firmware->head)));
	}
	bitmap_set(firmware->pieces, first, last - first + 1);
	firmware->end = max_t(u32, firmware->end, offset + length);
	if ((offset + length) % BX_FIRMWARE_UNIT) {
		/* Only one may be, and that must be the last one. */
		firmware->ragged = firmware->ragged ? BX_FIRMWARE_MAX + 1 : offset + length;
	}
	return NVME_SC_SUCCESS;
}

/* ---- Firmware Commit */

/* Without a gap, and a revision that can be shown. */
static bool image_is_good(const struct bx_firmware *firmware)
{
	unsigned int pieces = DIV_ROUND_UP(firmware->end, BX_FIRMWARE_UNIT);

	if (!pieces || find_first_zero_bit(firmware->pieces, PIECES) < pieces)
		return false;
	if (firmware->ragged && firmware->ragged != firmware->end)
		return false;
	for (unsigned int i = 0; i < sizeof(firmware->head); i++)
		if (firmware->head[i] < ' ' || firmware->head[i] > '~')
			return false;
	return firmware->head[0] != ' ';
}

/* The one that holds nothing, else one that is neither running nor about to. */
static u8 choose_slot(const struct bx_firmware *firmware)
{
	for (u8 slot = 2; slot <= BX_FIRMWARE_SLOTS; slot++)
		if (!firmware->filled[slot])
			return slot;
	for (u8 slot = 2; slot < BX_FIRMWARE_SLOTS; slot++)
		if (slot != firmware->active && slot != firmware->next)
			return slot;
	return BX_FIRMWARE_SLOTS;
}

static u16 put_into_slot(struct bx_firmware *firmware, struct bx_request *request, u8 slot)
{
	/* The first one is what the device came with. */
	if (slot == 1)
		return bx_invalid(request, NVME_SC_FIRMWARE_SLOT, common.cdw10);
	if (!image_is_good(firmware))
		return bx_invalid(request, NVME_SC_FIRMWARE_IMAGE, common.cdw10);
	memcpy(firmware->revisions[slot], firmware->head, sizeof(firmware->head));
	firmware->filled[slot] = true;
	forget_download(firmware);
	return NVME_SC_SUCCESS;
}

static u16 commit(struct bx_engine *engine, struct bx_request *request)
{
	struct bx_firmware *firmware = &engine->ctrl->admin->firmware;
	u32 cdw10 = le32_to_cpu(request->cmd.common.cdw10);
	u8 slot = cdw10 & 7, action = cdw10 >> 3 & 7;
	u16 status = NVME_SC_SUCCESS;
	bool replace;

	/* What else there is, is about boot partitions. */
	if (action > ACTIVATE_NOW)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.cdw10);
	if (slot > BX_FIRMWARE_SLOTS)
		return bx_invalid(request, NVME_SC_FIRMWARE_SLOT, common.cdw10);
	replace = action == REPLACE || action == REPLACE_AT_RESET ||
		  (action == ACTIVATE_NOW && firmware->end);
	if (!slot) {
		if (!replace)
			return bx_invalid(request, NVME_SC_FIRMWARE_SLOT, common.cdw10);
		slot = choose_slot(firmware);
	}
	if (replace)
		status = put_into_slot(firmware, request, slot);
	else if (!firmware->filled[slot])
		return bx_invalid(request, NVME_SC_FIRMWARE_IMAGE, common.cdw10);
	if (status)
		return status;
	if (action == ACTIVATE_NOW) {
		bx_event(engine->ctrl, BX_EVENT_NOTICE, NVME_AER_NOTICE_FW_ACT_STARTING,
			 NVME_LOG_FW_SLOT);
		run(firmware, slot);
	} else if (action != REPLACE) {
		firmware->next = slot;
	}
	return NVME_SC_SUCCESS;
}

u16 bx_firmware_commit(struct bx_engine *engine, struct bx_request *request)
{
	u16 status = commit(engine, request);

	engine->ctrl->admin->firmware.committed = true;
	return status;
}
