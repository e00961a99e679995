// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NVM command set: what moves data between the host and the store, and who executes which command. A command is
 * checked whole and its pointers are resolved before it has any effect.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "io.h"

/* ---- checks */

static u16 find_namespace(struct bx_io *io)
{
	u16 status = bx_ns_find(io->engine->ctrl, io->request, &io->ns);

	if (status)
		return status;
	if (!io->ns->ready)
		return NVME_SC_FORMAT_IN_PROGRESS;
	/* A format that found no memory has left it so. */
	return io->ns->blocks ? NVME_SC_SUCCESS : NVME_SC_NS_NOT_READY | NVME_STATUS_DNR;
}

u16 bx_io_parse_tags(struct bx_io *io)
{
	const struct nvme_rw_command *cmd = &io->request->cmd.rw;
	/* The application tag and its mask, whose members have other names since 6.8. */
	u32 cdw15 = le32_to_cpu(io->request->cmd.common.cdw15);
	u16 status;

	io->tags = (struct bx_pi_tags){
		.info = le16_to_cpu(cmd->control) & BX_PRINFO_MASK,
		.reftag = le32_to_cpu(cmd->reftag),
		.apptag = cdw15 & U16_MAX,
		.appmask = cdw15 >> 16,
	};
	status = bx_pi_validate(io->ns, &io->tags, io->lba);
	return status ? bx_invalid(io->request, status, rw.reftag) : NVME_SC_SUCCESS;
}

u16 bx_io_parse(struct bx_io *io)
{
	const struct nvme_rw_command *cmd = &io->request->cmd.rw;

	io->lba = io->request->lba = le64_to_cpu(cmd->slba);
	io->blocks = le16_to_cpu(cmd->length) + 1u;
	if (!bx_io_within(io->ns, io->lba, io->blocks))
		return bx_invalid(io->request, NVME_SC_LBA_RANGE, rw.slba);
	return io->ns->pi_type ? bx_io_parse_tags(io) : NVME_SC_SUCCESS;
}

#define WRITE_DTYPE 0xf0 /* of the control field: there are no directives */

u16 bx_io_may_write(struct bx_io *io)
{
	if (io->ns->write_protected)
		return NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR;
	if (le16_to_cpu(io->request->cmd.rw.control) & WRITE_DTYPE)
		return bx_invalid(io->request, NVME_SC_INVALID_FIELD, rw.control);
	return NVME_SC_SUCCESS;
}

/* The store says no only when it has no memory for a page. There may be some later. */
u16 bx_io_error(int error)
{
	return error ? NVME_SC_CAP_EXCEEDED : NVME_SC_SUCCESS;
}

/* ---- the host's side: where a row of blocks goes on */

struct cursor {
	struct bx_segment *segment;
	size_t offset;
};

/* At most so many bytes in one piece, and the cursor behind them. */
static u8 *take(struct cursor *cursor, size_t *length)
{
	struct bx_segment *segment = cursor->segment;
	u8 *at = segment->cpu + cursor->offset;

	*length = min_t(size_t, *length, segment->length - cursor->offset);
	cursor->offset += *length;
	if (cursor->offset == segment->length)
		*cursor = (struct cursor){ .segment = segment + 1 };
	return at;
}

static void put(struct cursor *cursor, const u8 *from, size_t length)
{
	while (length) {
		size_t n = length;
		u8 *at = take(cursor, &n);

		memcpy(at, from, n);
		from += n;
		length -= n;
	}
}

static void get(struct cursor *cursor, u8 *to, size_t length)
{
	while (length) {
		size_t n = length;
		const u8 *at = take(cursor, &n);

		memcpy(to, at, n);
		to += n;
		length -= n;
	}
	/* The host may write there at any time: what was read is not read again. */
	barrier();
}

static bool differs(struct cursor *cursor, const u8 *from, size_t length)
{
	bool any = false;

	while (length) {
		size_t n = length;
		const u8 *at = take(cursor, &n);

		any |= memcmp(at, from, n) != 0;
		from += n;
		length -= n;
	}
	return any;
}

static void put_extent(struct cursor *cursor, struct bx_extent *extent, u64 offset, size_t length)
{
	while (length) {
		size_t n = length;
		u8 *at = take(cursor, &n);

		bx_extent_read(extent, offset, at, n);
		offset += n;
		length -= n;
	}
}

static int get_extent(struct cursor *cursor, struct bx_extent *extent, u64 offset, size_t length)
{
	while (length) {
		size_t n = length;
		const u8 *at = take(cursor, &n);
		int error = bx_extent_write(extent, offset, at, n);

		if (error)
			return error;
		offset += n;
		length -= n;
	}
	return 0;
}

/* How much metadata of each block the host has: none if it is protection information that is ours to add and to take. */
static u32 host_metadata(const struct bx_io *io)
{
	u32 metadata = bx_metadata_size(io->ns);

	if (io->ns->pi_type && bx_pi_acts(&io->tags) && metadata == sizeof(struct bx_pi))
		return 0;
	return metadata;
}

static u16 map(struct bx_io *io)
{
	size_t data = bx_block_size(io->ns), metadata = host_metadata(io);
	u16 status;

	if (io->ns->extended)
		return bx_data_map(io->engine, io->request, (data + metadata) * io->blocks);
	status = bx_data_map(io->engine, io->request, data * io->blocks);
	if (status || !metadata)
		return status;
	return bx_metadata_map(io->engine, io->request, metadata * io->blocks);
}

/* Where data and metadata go: to one place by turns, or to two. */
struct cursors {
	struct cursor data, separate;
	struct cursor *metadata;
};

static void begin(const struct bx_io *io, struct cursors *cursors)
{
	*cursors = (struct cursors){
		.data.segment = io->engine->data.segments,
		.separate.segment = io->engine->metadata.segments,
	};
	cursors->metadata = io->ns->extended ? &cursors->data : &cursors->separate;
}

/* ---- blocks stay whole */

/*
 * A block and its metadata are of one write, whatever other engines do: so Identify promises by AWUN and NAWUN. The blocks
 * of one page of the store are a row, which has a lock and is moved under it. Who holds the world needs none.
 */
struct mutex *bx_row_lock(const struct bx_engine *engine, struct bx_ns *ns, u64 lba)
{
	u64 row = lba * bx_block_size(ns) >> BX_STORE_PAGE_SHIFT;
	struct mutex *lock = &ns->row_locks[row % BX_ROW_LOCKS];

	if (engine->has_world)
		return NULL;
	mutex_lock(lock);
	return lock;
}

void bx_row_unlock(struct mutex *lock)
{
	if (lock)
		mutex_unlock(lock);
}

/* How many of the command's blocks from this one on are moved together. */
static u32 row_length(const struct bx_io *io, u64 lba)
{
	u32 left = io->lba + io->blocks - lba, row = BX_STORE_PAGE_SIZE / bx_block_size(io->ns);

	/* The host has data and metadata by turns. */
	if (io->ns->extended)
		return 1;
	return io->engine->has_world ? left : min(left, row - (u32)(lba % row));
}

void bx_block_load(const struct bx_io *io, u64 lba, u8 *buffer)
{
	struct bx_ns *ns = io->ns;
	u32 size = bx_block_size(ns), metadata = bx_metadata_size(ns);
	struct mutex *lock = bx_row_lock(io->engine, io->ns, lba);

	bx_extent_read(&ns->data, lba * size, buffer, size);
	if (metadata)
		bx_extent_read(&ns->metadata, lba * metadata, buffer + size, metadata);
	bx_row_unlock(lock);
	if (ns->pi_type)
		bx_pi_invert(ns, buffer + size);
}

int bx_block_store(const struct bx_io *io, u64 lba, u8 *buffer)
{
	struct bx_ns *ns = io->ns;
	u32 size = bx_block_size(ns), metadata = bx_metadata_size(ns);
	struct mutex *lock;
	int error;

	if (ns->pi_type)
		bx_pi_invert(ns, buffer + size);
	lock = bx_row_lock(io->engine, io->ns, lba);
	error = bx_extent_write(&ns->data, lba * size, buffer, size);
	if (!error && metadata)
		error = bx_extent_write(&ns->metadata, lba * metadata, buffer + size, metadata);
	bx_row_unlock(lock);
	return error;
}

/* The status for a block that is not as its tags say, noted for the error log. */
static u16 check_block(struct bx_io *io, u32 index, const u8 *buffer)
{
	u16 status = bx_pi_check(io->ns, &io->tags, index, buffer, buffer + bx_block_size(io->ns));

	if (status)
		io->request->lba = io->lba + index;
	return status;
}

/* ---- Read and Verify */

static void read_plain(struct bx_io *io)
{
	u32 size = bx_block_size(io->ns), metadata = bx_metadata_size(io->ns), row;
	struct cursors cursors;

	begin(io, &cursors);
	for (u64 lba = io->lba; lba < io->lba + io->blocks; lba += row) {
		struct mutex *lock = bx_row_lock(io->engine, io->ns, lba);

		row = row_length(io, lba);
		put_extent(&cursors.data, &io->ns->data, lba * size, (size_t)size * row);
		if (metadata)
			put_extent(cursors.metadata, &io->ns->metadata, lba * metadata,
				   (size_t)metadata * row);
		bx_row_unlock(lock);
	}
}

/* Checks what is asked for, gives the blocks to the host, or both, block by block. */
static u16 read_protected(struct bx_io *io, bool check, bool deliver)
{
	u32 size = bx_block_size(io->ns), metadata = host_metadata(io);
	u8 *buffer = io->engine->buffer;
	struct cursors cursors;

	begin(io, &cursors);
	for (u32 i = 0; i < io->blocks; i++) {
		u16 status;

		bx_block_load(io, io->lba + i, buffer);
		status = check ? check_block(io, i, buffer) : NVME_SC_SUCCESS;
		if (status)
			return status;
		if (!deliver)
			continue;
		put(&cursors.data, buffer, size);
		put(cursors.metadata, buffer + size, metadata);
	}
	return NVME_SC_SUCCESS;
}

/* All blocks are looked at before the first is given away; one alone need not be loaded twice. */
static u16 read_checked(struct bx_io *io)
{
	bool check = bx_pi_checks(&io->tags);
	u16 status;

	if (check && io->blocks > 1) {
		status = read_protected(io, true, false);
		if (status)
			return status;
		check = false;
	}
	return read_protected(io, check, true);
}

static void count_fua(struct bx_io *io)
{
	if (le16_to_cpu(io->request->cmd.rw.control) & NVME_RW_FUA)
		io->engine->stats.fua++;
}

static u16 read_blocks(struct bx_io *io)
{
	u16 status;

	status = bx_io_parse(io);
	if (!status)
		status = map(io);
	if (!status)
		status = bx_io_check_readable(io, io->lba, io->blocks);
	if (status)
		return status;
	if (!io->ns->pi_type)
		read_plain(io);
	else
		status = read_checked(io);
	if (status)
		return status;
	count_fua(io);
	io->engine->stats.bytes_read += (u64)io->blocks * bx_block_size(io->ns);
	return NVME_SC_SUCCESS;
}

static void count_checked(struct bx_io *io)
{
	io->engine->stats.bytes_checked += (u64)io->blocks * bx_block_size(io->ns);
}

static u16 verify_blocks(struct bx_io *io)
{
	u16 status;

	status = bx_io_parse(io);
	if (!status)
		status = bx_io_check_readable(io, io->lba, io->blocks);
	/* There is nobody to take protection information from. */
	if (!status && io->ns->pi_type && bx_pi_acts(&io->tags))
		status = bx_invalid(io->request, NVME_SC_INVALID_PI, rw.control);
	if (!status && io->ns->pi_type && bx_pi_checks(&io->tags))
		status = read_protected(io, true, false);
	if (!status)
		count_checked(io);
	return status;
}

/* ---- Write */

static u16 write_plain(struct bx_io *io)
{
	u32 size = bx_block_size(io->ns), metadata = bx_metadata_size(io->ns), row;
	struct cursors cursors;
	int error = 0;

	begin(io, &cursors);
	for (u64 lba = io->lba; lba < io->lba + io->blocks && !error; lba += row) {
		struct mutex *lock = bx_row_lock(io->engine, io->ns, lba);

		row = row_length(io, lba);
		error = get_extent(&cursors.data, &io->ns->data, lba * size, (size_t)size * row);
		if (!error && metadata)
			error = get_extent(cursors.metadata, &io->ns->metadata, lba * metadata,
					   (size_t)metadata * row);
		bx_row_unlock(lock);
	}
	return bx_io_error(error);
}

static u16 write_protected(struct bx_io *io, bool store)
{
	u32 size = bx_block_size(io->ns), metadata = host_metadata(io);
	u8 *buffer = io->engine->buffer;
	struct cursors cursors;
	u16 status = NVME_SC_SUCCESS;

	begin(io, &cursors);
	for (u32 i = 0; i < io->blocks && !status; i++) {
		get(&cursors.data, buffer, size);
		get(cursors.metadata, buffer + size, metadata);
		if (bx_pi_acts(&io->tags))
			bx_pi_insert(io->ns, &io->tags, i, buffer, buffer + size);
		else
			status = check_block(io, i, buffer);
		if (store && !status)
			status = bx_io_error(bx_block_store(io, io->lba + i, buffer));
	}
	return status;
}

/*
 * All blocks are looked at before the first is stored, and each again when it is: the host may have changed it, and
 * what does not fit together must not be stored.
 */
static u16 write_checked(struct bx_io *io)
{
	u16 status;

	if (!bx_pi_acts(&io->tags) && bx_pi_checks(&io->tags) && io->blocks > 1) {
		status = write_protected(io, false);
		if (status)
			return status;
	}
	return write_protected(io, true);
}

static u16 write_blocks(struct bx_io *io)
{
	u16 status;

	status = bx_io_parse(io);
	if (!status)
		status = bx_io_may_write(io);
	if (!status)
		status = map(io);
	if (!status)
		status = bx_io_may_heal(io, io->lba, io->blocks);
	if (!status)
		status = io->ns->pi_type ? write_checked(io) : write_plain(io);
	if (!status)
		status = bx_io_heal(io, io->lba, io->blocks);
	if (status)
		return status;
	count_fua(io);
	io->engine->stats.bytes_written += (u64)io->blocks * bx_block_size(io->ns);
	return NVME_SC_SUCCESS;
}

/* ---- Compare */

/*
 * A block with protection information, which is checked, not compared: what is stored as for a Read, and what the host has as for a
 * Write.
 */
static u16 compare_checked(struct bx_io *io, u32 index, struct cursors *cursors, const u8 *stored,
			   bool *differ)
{
	u8 *host = io->engine->buffer + BX_BUFFER_SIZE / 2;
	u32 size = bx_block_size(io->ns), metadata = host_metadata(io), offset, length;
	u16 status = check_block(io, index, stored);

	if (status)
		return status;
	get(&cursors->data, host, size);
	get(cursors->metadata, host + size, metadata);
	if (metadata && !bx_pi_acts(&io->tags))
		status = check_block(io, index, host);
	*differ = memcmp(host, stored, size) != 0;
	bx_pi_spare(io->ns, &offset, &length);
	if (metadata)
		*differ |= memcmp(host + size + offset, stored + size + offset, length) != 0;
	return status;
}

static bool compare_plain(struct bx_io *io, struct cursors *cursors, const u8 *stored)
{
	u32 size = bx_block_size(io->ns);
	bool differ = differs(&cursors->data, stored, size);

	return differ | differs(cursors->metadata, stored + size, host_metadata(io));
}

static u16 compare_blocks(struct bx_io *io)
{
	u8 *buffer = io->engine->buffer;
	struct cursors cursors;
	u16 status;

	status = bx_io_parse(io);
	if (!status)
		status = map(io);
	if (!status)
		status = bx_io_check_readable(io, io->lba, io->blocks);
	if (status)
		return status;
	begin(io, &cursors);
	for (u32 i = 0; i < io->blocks; i++) {
		bool differ = false;

		bx_block_load(io, io->lba + i, buffer);
		if (io->ns->pi_type)
			status = compare_checked(io, i, &cursors, buffer, &differ);
		else
			differ = compare_plain(io, &cursors, buffer);
		if (status)
			return status;
		if (differ) {
			io->request->lba = io->lba + i;
			return NVME_SC_COMPARE_FAILED | NVME_STATUS_DNR;
		}
	}
	count_checked(io);
	return NVME_SC_SUCCESS;
}

/* ---- who executes what */

/* Nothing is held back, so there is nothing to do; all namespaces at once may be named. */
static u16 flush(struct bx_io *io)
{
	if (le32_to_cpu(io->request->cmd.common.nsid) == NVME_NSID_ALL)
		return NVME_SC_SUCCESS;
	return find_namespace(io);
}

const struct bx_io_command bx_io_commands[256] = {
	[nvme_cmd_flush] = { flush, BX_IO_ALWAYS },
	[nvme_cmd_write] = { write_blocks, BX_IO_RANGE | BX_IO_CHANGES | BX_IO_MEDIA | BX_IO_LINK |
						   BX_IO_HOST_WRITE },
	[nvme_cmd_read] = { read_blocks, BX_IO_RANGE | BX_IO_MEDIA | BX_IO_LINK | BX_IO_HOST_READ },
	[nvme_cmd_write_uncor] = { bx_write_uncorrectable, BX_IO_RANGE | BX_IO_CHANGES },
	/* What the host sends for it takes no longer than reading the blocks does. */
	[nvme_cmd_compare] = { compare_blocks, BX_IO_RANGE | BX_IO_MEDIA | BX_IO_HOST_READ },
	[nvme_cmd_write_zeroes] = { bx_write_zeroes, BX_IO_RANGE | BX_IO_CHANGES },
	[nvme_cmd_dsm] = { bx_dataset_management, BX_IO_LIST | BX_IO_CHANGES },
	[nvme_cmd_verify] = { verify_blocks, BX_IO_RANGE | BX_IO_MEDIA },
	[BX_CMD_COPY] = { bx_copy,
			  BX_IO_LIST | BX_IO_CHANGES | BX_IO_HOST_READ | BX_IO_HOST_WRITE },
};

u16 bx_io_execute(struct bx_engine *engine, struct bx_request *request)
{
	const struct bx_io_command *command = &bx_io_commands[request->cmd.common.opcode];
	struct bx_io io = { .engine = engine, .request = request };
	u16 refused = engine->ctrl->io_refused, status;

	if (unlikely(refused) && !(command->flags & BX_IO_ALWAYS))
		return refused;
	if (!command->execute)
		return bx_invalid(request, NVME_SC_INVALID_OPCODE, common.opcode);
	if (!(command->flags & BX_IO_ALWAYS)) {
		status = find_namespace(&io);
		if (status)
			return status;
	}
	return command->execute(&io);
}

/* Compare and Write of the same blocks is the only pair that there is. */
static bool is_compare_and_write(const struct nvme_command *first,
				 const struct nvme_command *second)
{
	return first->rw.opcode == nvme_cmd_compare && second->rw.opcode == nvme_cmd_write &&
	       first->rw.nsid == second->rw.nsid && first->rw.slba == second->rw.slba &&
	       first->rw.length == second->rw.length;
}

void bx_io_execute_fused(struct bx_engine *engine, struct bx_request *first,
			 struct bx_request *second, u16 status[2])
{
	if (!is_compare_and_write(&first->cmd, &second->cmd)) {
		status[0] = bx_invalid(first, NVME_SC_INVALID_FIELD, rw.slba);
		status[1] = bx_invalid(second, NVME_SC_INVALID_FIELD, rw.slba);
		return;
	}
	status[0] = bx_io_execute(engine, first);
	status[1] = status[0] ? NVME_SC_FUSED_FAIL : bx_io_execute(engine, second);
}
