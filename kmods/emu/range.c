// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NVM command set: what is done to ranges of blocks without data from the host. Write Zeroes, Dataset Management,
 * and Write Uncorrectable with what follows from it for everybody else.
 */
#include <linux/align.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "fault.h"
#include "io.h"

/* ---- uncorrectable blocks: a bit each, changed with the world held only */

#define MARK_BYTES 64 /* looked at or changed at a time */

/* The first marked block of [lba, end), or end. */
static u64 find_marked(struct bx_ns *ns, u64 lba, u64 end)
{
	u8 bytes[MARK_BYTES];

	while (lba < end) {
		u64 first = ALIGN_DOWN(lba, 8), stop = min(end, first + MARK_BYTES * 8);

		bx_extent_read(&ns->uncorrectable, first / 8, bytes, DIV_ROUND_UP(stop - first, 8));
		for (; lba < stop; lba++)
			if (bytes[(lba - first) / 8] & 1 << lba % 8)
				return lba;
	}
	return end;
}

static int mark(struct bx_ns *ns, u64 lba, u64 end, bool bad)
{
	u8 bytes[MARK_BYTES];

	while (lba < end) {
		u64 first = ALIGN_DOWN(lba, 8), stop = min(end, first + MARK_BYTES * 8);
		size_t length = DIV_ROUND_UP(stop - first, 8);
		int error;

		bx_extent_read(&ns->uncorrectable, first / 8, bytes, length);
		for (; lba < stop; lba++) {
			u8 bit = 1 << lba % 8, *byte = &bytes[(lba - first) / 8];

			*byte = bad ? *byte | bit : *byte & ~bit;
		}
		error = bx_extent_write(&ns->uncorrectable, first / 8, bytes, length);
		if (error)
			return error;
	}
	return 0;
}

u16 bx_io_check_readable(struct bx_io *io, u64 lba, u32 blocks)
{
	u64 marked;

	if (likely(!io->ns->has_uncorrectable))
		return NVME_SC_SUCCESS;
	marked = find_marked(io->ns, lba, lba + blocks);
	if (marked == lba + blocks)
		return NVME_SC_SUCCESS;
	io->request->lba = marked;
	return NVME_SC_READ_ERROR | NVME_STATUS_DNR;
}

static bool any_marked(struct bx_ns *ns, u64 lba, u32 blocks)
{
	return unlikely(ns->has_uncorrectable) && find_marked(ns, lba, lba + blocks) < lba + blocks;
}

u16 bx_io_may_heal(struct bx_io *io, u64 lba, u32 blocks)
{
	return !io->engine->has_world && any_marked(io->ns, lba, blocks) ? BX_WORLD
									 : NVME_SC_SUCCESS;
}

u16 bx_io_heal(struct bx_io *io, u64 lba, u32 blocks)
{
	if (!any_marked(io->ns, lba, blocks))
		return NVME_SC_SUCCESS;
	return bx_io_error(mark(io->ns, lba, lba + blocks, false));
}

u16 bx_write_uncorrectable(struct bx_io *io)
{
	struct bx_ns *ns = io->ns;
	u16 status;

	/* Of the fields that a Write has, this command has the range alone. */
	io->lba = io->request->lba = le64_to_cpu(io->request->cmd.rw.slba);
	io->blocks = le16_to_cpu(io->request->cmd.rw.length) + 1u;
	if (!bx_io_within(ns, io->lba, io->blocks))
		return bx_invalid(io->request, NVME_SC_LBA_RANGE, rw.slba);
	status = bx_io_may_write(io);
	if (status)
		return status;
	if (!io->engine->has_world)
		return BX_WORLD;
	ns->has_uncorrectable = true;
	return bx_io_error(mark(ns, io->lba, io->lba + io->blocks, true));
}

/* ---- blocks that become zeros */

/* Protection information for blocks of zeros; where it is not asked for, that of unwritten blocks stands. */
static int protect_zeros(struct bx_io *io)
{
	u32 metadata = bx_metadata_size(io->ns);
	u8 bytes[256] = {};
	int error = 0;

	for (u32 i = 0; i < io->blocks && !error; i++) {
		bx_pi_insert_zeros(io->ns, &io->tags, i, bytes);
		bx_pi_invert(io->ns, bytes);
		error = bx_extent_write(&io->ns->metadata, (io->lba + i) * metadata, bytes,
					metadata);
	}
	return error;
}

/*
 * With DEAC or without, what is not stored reads as zeros: the bit asks for what is done anyway. (Identify Namespace says
 * so in DLFEAT.)
 */
u16 bx_write_zeroes(struct bx_io *io)
{
	u16 status;

	status = bx_io_parse(io);
	if (!status)
		status = bx_io_may_write(io);
	if (status)
		return status;
	if (!io->engine->has_world)
		return BX_WORLD;
	bx_ns_discard(io->ns, io->lba, io->blocks);
	if (le16_to_cpu(io->request->cmd.rw.control) & NVME_RW_FUA)
		io->engine->stats.fua++;
	if (io->ns->pi_type && bx_pi_acts(&io->tags))
		status = bx_io_error(protect_zeros(io));
	return status ?: bx_io_heal(io, io->lba, io->blocks);
}

struct dsm_list {
	const struct nvme_dsm_range *ranges;
	u32 count;
};

static bool dsm_names(const void *what, u64 first, u64 last)
{
	const struct dsm_list *list = what;

	for (u32 i = 0; i < list->count; i++) {
		u64 lba = le64_to_cpu(list->ranges[i].slba);
		u32 blocks = le32_to_cpu(list->ranges[i].nlb);

		if (blocks && lba <= last && first < lba + blocks)
			return true;
	}
	return false;
}

u16 bx_dataset_management(struct bx_io *io)
{
	const struct nvme_dsm_cmd *cmd = &io->request->cmd.dsm;
	struct nvme_dsm_range *ranges = (struct nvme_dsm_range *)io->engine->buffer;
	bool deallocate = le32_to_cpu(cmd->attributes) & NVME_DSMGMT_AD;
	u32 count = (le32_to_cpu(cmd->nr) & 0xff) + 1;
	u64 total = 0;
	u16 status;

	static_assert(NVME_DSM_MAX_RANGES * sizeof(*ranges) <= BX_BUFFER_SIZE);
	if (deallocate && io->ns->write_protected)
		return NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR;
	status = bx_data_map(io->engine, io->request, count * sizeof(*ranges));
	if (status)
		return status;
	if (deallocate && !io->engine->has_world)
		return BX_WORLD;
	bx_data_get(&io->engine->data, 0, ranges, count * sizeof(*ranges));
	for (u32 i = 0; i < count; i++) {
		u32 blocks = le32_to_cpu(ranges[i].nlb);

		io->request->lba = le64_to_cpu(ranges[i].slba);
		if (!bx_io_within(io->ns, io->request->lba, blocks))
			return bx_invalid(io->request, NVME_SC_LBA_RANGE, dsm.dptr);
		total += blocks;
		if (deallocate && (blocks > BX_DSM_RANGE_BLOCKS || total > BX_DSM_BLOCKS))
			return bx_invalid(io->request, BX_SC_CMD_SIZE_LIMIT, dsm.dptr);
	}
	status = bx_fault_listed(io->engine, io->request, dsm_names,
				 &(struct dsm_list){ ranges, count });
	if (status)
		return status;
	/* The other attributes are advice. */
	for (u32 i = 0; i < count && deallocate; i++)
		bx_ns_discard(io->ns, le64_to_cpu(ranges[i].slba), le32_to_cpu(ranges[i].nlb));
	return NVME_SC_SUCCESS;
}
