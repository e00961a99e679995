// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NVM command set: Copy. Up to BX_COPY_RANGES rows of blocks are gathered into one. All of them are checked before the
 * first block is written, and the result is as if all of them had been read by then.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "fault.h"
#include "io.h"

/* The command's own fields, in Dword 12. */
#define COPY_COUNT(dword)     (((dword)&0xff) + 1)
#define COPY_FORMAT(dword)    ((dword) >> 8 & 0xf)
#define COPY_READ_INFO(dword) ((dword) >> 12 & 0xf)
#define PRINFO_SHIFT	      10 /* where a Read has the same four bits */

/* The list of source ranges and one block with its metadata share the engine's buffer. */
#define LIST_SIZE	      (BX_COPY_RANGES * sizeof(struct bx_copy_range))
static_assert(LIST_SIZE + 4096 + 256 <= BX_BUFFER_SIZE);

struct copy {
	struct bx_io *io;
	const struct bx_copy_range *ranges;
	u32 count, read_info;
	u8 *block;
};

static u64 first_of(const struct bx_copy_range *range)
{
	return le64_to_cpu(range->slba);
}

static u32 blocks_of(const struct bx_copy_range *range)
{
	return le16_to_cpu(range->nlb) + 1u;
}

static struct bx_pi_tags tags_of(const struct copy *copy, const struct bx_copy_range *range)
{
	return (struct bx_pi_tags){
		.info = copy->read_info,
		.reftag = le32_to_cpu(range->reftag),
		.apptag = le16_to_cpu(range->apptag),
		.appmask = le16_to_cpu(range->appmask),
	};
}

/* ---- checks */

static u16 check_range(struct copy *copy, const struct bx_copy_range *range)
{
	struct bx_io *io = copy->io;
	struct bx_pi_tags tags = tags_of(copy, range);
	u64 lba = first_of(range);
	u32 blocks = blocks_of(range);
	u16 status = NVME_SC_SUCCESS;

	io->request->lba = lba;
	io->blocks += blocks;
	if (blocks > BX_COPY_BLOCKS || io->blocks > BX_COPY_TOTAL)
		return bx_invalid(io->request, BX_SC_CMD_SIZE_LIMIT, rw.dptr);
	if (!bx_io_within(io->ns, lba, blocks))
		return bx_invalid(io->request, NVME_SC_LBA_RANGE, rw.dptr);
	if (io->ns->pi_type)
		status = bx_pi_validate(io->ns, &tags, lba);
	return status ? bx_invalid(io->request, status, rw.dptr)
		      : bx_io_check_readable(io, lba, blocks);
}

static u16 check_destination(struct bx_io *io)
{
	io->request->lba = io->lba;
	if (!bx_io_within(io->ns, io->lba, io->blocks))
		return bx_invalid(io->request, NVME_SC_LBA_RANGE, rw.slba);
	return io->ns->pi_type ? bx_io_parse_tags(io) : NVME_SC_SUCCESS;
}

/* Fetches the list of ranges, too: it is copied once and then checked. */
static u16 check_command(struct copy *copy)
{
	struct bx_io *io = copy->io;
	const struct nvme_rw_command *cmd = &io->request->cmd.rw;
	u32 dword = le32_to_cpu(io->request->cmd.common.cdw12);
	u16 status;

	io->lba = le64_to_cpu(cmd->slba);
	io->blocks = 0;
	copy->count = COPY_COUNT(dword);
	copy->read_info = COPY_READ_INFO(dword) << PRINFO_SHIFT;
	status = bx_io_may_write(io);
	if (status)
		return status;
	if (COPY_FORMAT(dword))
		return bx_invalid(io->request, NVME_SC_INVALID_FIELD, rw.length);
	if (copy->count > BX_COPY_RANGES)
		return bx_invalid(io->request, BX_SC_CMD_SIZE_LIMIT, rw.length);
	/* Protection information is passed on, or taken and made anew. */
	if (io->ns->pi_type && (copy->read_info ^ le16_to_cpu(cmd->control)) & NVME_RW_PRINFO_PRACT)
		return bx_invalid(io->request, NVME_SC_INVALID_FIELD, rw.control);
	status = bx_data_map(io->engine, io->request, copy->count * sizeof(*copy->ranges));
	if (status)
		return status;
	bx_data_get(&io->engine->data, 0, io->engine->buffer, copy->count * sizeof(*copy->ranges));
	for (u32 i = 0; i < copy->count; i++) {
		status = check_range(copy, &copy->ranges[i]);
		if (status)
			return status;
	}
	return check_destination(io);
}

/* A block's protection information, as its source says and, if it is passed on, as its destination does. */
static u16 check_block(struct copy *copy, const struct bx_copy_range *range, u32 index, u32 target)
{
	struct bx_io *io = copy->io;
	struct bx_pi_tags tags = tags_of(copy, range);
	const u8 *metadata = copy->block + bx_block_size(io->ns);
	u16 status;

	io->request->lba = first_of(range) + index;
	bx_block_load(io, io->request->lba, copy->block);
	status = bx_pi_check(io->ns, &tags, index, copy->block, metadata);
	if (status || bx_pi_acts(&io->tags))
		return status;
	return bx_pi_check(io->ns, &io->tags, target, copy->block, metadata);
}

static u16 check_blocks(struct copy *copy)
{
	u32 target = 0;

	for (u32 i = 0; i < copy->count; i++) {
		for (u32 index = 0; index < blocks_of(&copy->ranges[i]); index++, target++) {
			u16 status = check_block(copy, &copy->ranges[i], index, target);

			if (status)
				return status;
		}
	}
	return NVME_SC_SUCCESS;
}

/* ---- copying */

/* Whether any of [lba, end) is copied. */
static bool is_source(const struct copy *copy, u64 lba, u64 end)
{
	for (u32 i = 0; i < copy->count; i++) {
		u64 source = first_of(&copy->ranges[i]);

		if (source < end && lba < source + blocks_of(&copy->ranges[i]))
			return true;
	}
	return false;
}

static bool overlaps(const struct copy *copy)
{
	return is_source(copy, copy->io->lba, copy->io->lba + copy->io->blocks);
}

static bool names(const void *what, u64 first, u64 last)
{
	const struct copy *copy = what;

	/* No block has the last number of all, so the end is one, too. */
	last = min(last, U64_MAX - 1);
	return is_source(copy, first, last + 1) ||
	       (copy->io->lba <= last && first < copy->io->lba + copy->io->blocks);
}

static int store_block(struct copy *copy, u32 target, u8 *block)
{
	struct bx_io *io = copy->io;

	if (io->ns->pi_type && bx_pi_acts(&io->tags))
		bx_pi_insert(io->ns, &io->tags, target, block, block + bx_block_size(io->ns));
	return bx_block_store(io, io->lba + target, block);
}

static int copy_directly(struct copy *copy)
{
	u32 target = 0;

	for (u32 i = 0; i < copy->count; i++) {
		u64 lba = first_of(&copy->ranges[i]), end = lba + blocks_of(&copy->ranges[i]);

		for (; lba < end; lba++, target++) {
			int error;

			bx_block_load(copy->io, lba, copy->block);
			error = store_block(copy, target, copy->block);
			if (error)
				return error;
		}
	}
	return 0;
}

/* What is written is read by a later range, or by a later block of the same: everything is read first. */
static int copy_by_way_of(struct copy *copy, u8 *memory)
{
	const struct bx_ns *ns = copy->io->ns;
	size_t size = bx_block_size(ns) + bx_metadata_size(ns);
	u8 *at = memory;
	int error = 0;

	for (u32 i = 0; i < copy->count; i++) {
		u64 lba = first_of(&copy->ranges[i]), end = lba + blocks_of(&copy->ranges[i]);

		for (; lba < end; lba++, at += size)
			bx_block_load(copy->io, lba, at);
	}
	for (u32 target = 0; target < copy->io->blocks && !error; target++)
		error = store_block(copy, target, memory + target * size);
	return error;
}

u16 bx_copy(struct bx_io *io)
{
	struct copy copy = {
		.io = io,
		.ranges = (struct bx_copy_range *)io->engine->buffer,
		.block = io->engine->buffer + LIST_SIZE,
	};
	u8 *memory = NULL;
	int error;
	u16 status;

	status = check_command(&copy);
	if (!status && io->ns->pi_type)
		status = check_blocks(&copy);
	if (!status)
		status = bx_fault_listed(io->engine, io->request, names, &copy);
	if (status)
		return status;
	if (overlaps(&copy)) {
		memory =
			kvmalloc_array(io->blocks, bx_block_size(io->ns) + bx_metadata_size(io->ns),
				       BX_GFP_COMMAND);
		if (!memory)
			return NVME_SC_INTERNAL;
	}
	status = bx_io_may_heal(io, io->lba, io->blocks);
	if (!status) {
		error = memory ? copy_by_way_of(&copy, memory) : copy_directly(&copy);
		status = error ? bx_io_error(error) : bx_io_heal(io, io->lba, io->blocks);
	}
	if (!status)
		io->engine->stats.bytes_copied += (u64)io->blocks * bx_block_size(io->ns);
	kvfree(memory);
	return status;
}
