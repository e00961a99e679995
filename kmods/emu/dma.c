// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's memory: what a command's pointers mean. PRPs and SGLs are resolved to addresses of the CPU as a whole
 * before anything moves, so that a list that is wrong at its end has no effect at all.
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "controller.h"

/* Descriptors, data or not, that one command may have us read. */
#define SGL_DESCRIPTORS_MAX 8192

void *bx_memory(struct bx_ctrl *ctrl, u64 address, size_t length, enum bx_access access)
{
	u64 offset = address - ctrl->cmb_bus;

	if (ctrl->cmb && ctrl->cmb_bus && offset < ctrl->config.cmb_size)
		return length <= ctrl->config.cmb_size - offset ? ctrl->cmb + offset : NULL;
	return ctrl->ops->memory(ctrl, address, length, access);
}

int bx_data_init(struct bx_data *data, unsigned int room)
{
	*data = (struct bx_data){ .room = room };
	data->segments = kvmalloc_array(room, sizeof(*data->segments), GFP_KERNEL);
	return data->segments ? 0 : -ENOMEM;
}

void bx_data_done(struct bx_data *data)
{
	kvfree(data->segments);
	data->segments = NULL;
}

/* ---- lists */

/* Adds host memory; pieces that lie side by side become one. */
static u16 add(struct bx_ctrl *ctrl, struct bx_data *data, u64 address, u64 length)
{
	while (length) {
		u32 n = min_t(u64, length, BX_HOST_PAGE - (address & (BX_HOST_PAGE - 1)));
		struct bx_segment *last = data->segments + data->count - 1;
		u8 *cpu = bx_memory(ctrl, address, n, data->access);

		if (!cpu)
			return NVME_SC_DATA_XFER_ERROR;
		if (data->count && last->cpu + last->length == cpu) {
			last->length += n;
		} else {
			if (data->count == data->room)
				return NVME_SC_SGL_INVALID_COUNT | NVME_STATUS_DNR;
			data->segments[data->count++] = (struct bx_segment){ cpu, n };
		}
		data->length += n;
		address += n;
		length -= n;
	}
	return NVME_SC_SUCCESS;
}

static u16 invalid_prp(struct bx_request *request, unsigned int which)
{
	u16 status = NVME_SC_PRP_INVALID_OFFSET;

	return which == 1 ? bx_invalid(request, status, common.dptr.prp1)
			  : bx_invalid(request, status, common.dptr.prp2);
}

static u16 map_prp_list(struct bx_ctrl *ctrl, struct bx_request *request, struct bx_data *data,
			u64 list, u64 length)
{
	const u64 page = 1ull << ctrl->page_shift;
	u16 status;

	if (list & 7)
		return invalid_prp(request, 2);
	while (length) {
		__le64 *entry = bx_memory(ctrl, list, sizeof(*entry), BX_TO_READ);
		u64 address;

		if (!entry)
			return NVME_SC_DATA_XFER_ERROR;
		address = le64_to_cpu(READ_ONCE(*entry));
		if (address & (page - 1))
			return invalid_prp(request, 2);
		/* The last entry of a page leads to the next page of the list, if there is more to come. */
		if (((list + sizeof(*entry)) & (page - 1)) == 0 && length > page) {
			list = address;
			continue;
		}
		status = add(ctrl, data, address, min(length, page));
		if (status)
			return status;
		length -= min(length, page);
		list += sizeof(*entry);
	}
	return NVME_SC_SUCCESS;
}

static u16 map_prps(struct bx_ctrl *ctrl, struct bx_request *request, struct bx_data *data,
		    u64 length)
{
	const u64 page = 1ull << ctrl->page_shift;
	u64 prp1 = le64_to_cpu(request->cmd.common.dptr.prp1);
	u64 prp2 = le64_to_cpu(request->cmd.common.dptr.prp2);
	u64 first = min(length, page - (prp1 & (page - 1)));
	u16 status;

	if (prp1 & 3)
		return invalid_prp(request, 1);
	status = add(ctrl, data, prp1, first);
	length -= first;
	if (status || !length)
		return status;
	if (length > page)
		return map_prp_list(ctrl, request, data, prp2, length);
	if (prp2 & (page - 1))
		return invalid_prp(request, 2);
	return add(ctrl, data, prp2, length);
}

/* Where the walk through a scatter-gather list is. */
struct walk {
	u64 segment; /* the next descriptor; 0 before the first, which is in the command */
	u32 left; /* descriptors in this segment */
	bool last; /* no segment follows this one */
	unsigned int count;
};

static u16 next_segment(struct walk *walk, const struct nvme_sgl_desc *descriptor, bool last)
{
	u32 length = le32_to_cpu(descriptor->length);

	/* It is the last of its segment, and only another one may follow a segment that is not the last. */
	if (walk->left || walk->last)
		return NVME_SC_SGL_INVALID_LAST;
	if (!length || length % sizeof(*descriptor))
		return NVME_SC_SGL_INVALID_LAST;
	walk->segment = le64_to_cpu(descriptor->addr);
	walk->left = length / sizeof(*descriptor);
	walk->last = last;
	return NVME_SC_SUCCESS;
}

static u16 read_descriptor(struct bx_ctrl *ctrl, struct walk *walk, struct nvme_sgl_desc *ret)
{
	u64 address = walk->segment;
	u8 *from, *to = (u8 *)ret;

	/* It may lie across a page. */
	for (size_t left = sizeof(*ret); left;) {
		size_t n = min_t(u64, left, BX_HOST_PAGE - (address & (BX_HOST_PAGE - 1)));

		from = bx_memory(ctrl, address, n, BX_TO_READ);
		if (!from)
			return NVME_SC_DATA_XFER_ERROR;
		memcpy(to, from, n);
		to += n;
		address += n;
		left -= n;
	}
	/* It is checked and used from this copy alone. */
	barrier();
	walk->segment += sizeof(*ret);
	walk->left--;
	return NVME_SC_SUCCESS;
}

static u16 map_sgl(struct bx_ctrl *ctrl, struct bx_data *data, struct nvme_sgl_desc descriptor,
		   u64 length)
{
	struct walk walk = {};
	u64 total = 0;
	u16 status;

	for (;;) {
		if (++walk.count > SGL_DESCRIPTORS_MAX)
			return NVME_SC_SGL_INVALID_COUNT;
		switch (descriptor.type) {
		case NVME_SGL_FMT_DATA_DESC << 4:
			/* What goes on after a segment must say so itself. */
			if (walk.segment && !walk.left && !walk.last)
				return NVME_SC_SGL_INVALID_LAST;
			total += le32_to_cpu(descriptor.length);
			if (total > length)
				return NVME_SC_SGL_INVALID_DATA;
			status = add(ctrl, data, le64_to_cpu(descriptor.addr),
				     le32_to_cpu(descriptor.length));
			break;
		case NVME_SGL_FMT_SEG_DESC << 4:
			status = next_segment(&walk, &descriptor, false);
			break;
		case NVME_SGL_FMT_LAST_SEG_DESC << 4:
			status = next_segment(&walk, &descriptor, true);
			break;
		default:
			status = NVME_SC_SGL_INVALID_TYPE;
		}
		if (status)
			return status;
		if (!walk.left)
			return total == length ? NVME_SC_SUCCESS : NVME_SC_SGL_INVALID_DATA;
		status = read_descriptor(ctrl, &walk, &descriptor);
		if (status)
			return status;
	}
}

/* ---- a command's pointers */

/* Its opcode says which way a command's data goes. */
static void begin(struct bx_data *data, const struct bx_request *request)
{
	data->count = 0;
	data->length = 0;
	data->access = request->cmd.common.opcode & 2 ? BX_TO_WRITE : BX_TO_READ;
}

u16 bx_data_map(struct bx_engine *engine, struct bx_request *request, size_t length)
{
	struct bx_data *data = &engine->data;
	u8 format = request->cmd.common.flags & NVME_CMD_SGL_ALL;
	u16 status;

	begin(data, request);
	if (length > (size_t)BX_HOST_PAGE << engine->ctrl->config.mdts)
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	if (!length)
		return NVME_SC_SUCCESS;
	if (!format)
		return map_prps(engine->ctrl, request, data, length);
	if (format == NVME_CMD_SGL_ALL || !request->sq->id)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.flags);
	status = map_sgl(engine->ctrl, data, request->cmd.common.dptr.sgl, length);
	if (status && status != NVME_SC_DATA_XFER_ERROR)
		return bx_invalid(request, status, common.dptr);
	return status;
}

u16 bx_metadata_map(struct bx_engine *engine, struct bx_request *request, size_t length)
{
	struct bx_data *data = &engine->metadata;
	u64 address = le64_to_cpu(request->cmd.common.metadata);
	u8 format = request->cmd.common.flags & NVME_CMD_SGL_ALL;
	struct walk walk = { .segment = address, .left = 1, .last = true };
	struct nvme_sgl_desc descriptor;
	u16 status;

	begin(data, request);
	if (!length)
		return NVME_SC_SUCCESS;
	if (format != NVME_CMD_SGL_METASEG) {
		if (!format && address & 3)
			return bx_invalid(request, NVME_SC_INVALID_FIELD, common.metadata);
		return add(engine->ctrl, data, address, length);
	}
	if (address & 7)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.metadata);
	status = read_descriptor(engine->ctrl, &walk, &descriptor);
	if (status)
		return status;
	/* The one descriptor there may be a block, or lead to a segment with more. */
	status = map_sgl(engine->ctrl, data, descriptor, length);
	if (status == NVME_SC_SGL_INVALID_DATA)
		status = NVME_SC_SGL_INVALID_METADATA;
	if (status && status != NVME_SC_DATA_XFER_ERROR)
		return bx_invalid(request, status, common.metadata);
	return status;
}

/* ---- moving */

/* The segment that holds @offset, which becomes the offset in it. */
static struct bx_segment *seek(struct bx_data *data, size_t *offset)
{
	struct bx_segment *segment = data->segments;

	for (; *offset >= segment->length; segment++)
		*offset -= segment->length;
	return segment;
}

void bx_data_put(struct bx_data *data, size_t offset, const void *from, size_t length)
{
	struct bx_segment *segment;

	if (!length)
		return;
	for (segment = seek(data, &offset); length; segment++, offset = 0) {
		size_t n = min_t(size_t, length, segment->length - offset);

		memcpy(segment->cpu + offset, from, n);
		from += n;
		length -= n;
	}
}

void bx_data_get(struct bx_data *data, size_t offset, void *to, size_t length)
{
	struct bx_segment *segment;

	if (!length)
		return;
	for (segment = seek(data, &offset); length; segment++, offset = 0) {
		size_t n = min_t(size_t, length, segment->length - offset);

		memcpy(to, segment->cpu + offset, n);
		to += n;
		length -= n;
	}
	/* The host may write there at any time: what was read is not read again. */
	barrier();
}

void bx_data_zero(struct bx_data *data, size_t offset, size_t length)
{
	struct bx_segment *segment;

	if (!length)
		return;
	for (segment = seek(data, &offset); length; segment++, offset = 0) {
		size_t n = min_t(size_t, length, segment->length - offset);

		memset(segment->cpu + offset, 0, n);
		length -= n;
	}
}

u16 bx_reply(struct bx_engine *engine, struct bx_request *request, const void *from, size_t have,
	     size_t wanted)
{
	u16 status = bx_data_map(engine, request, wanted);

	if (status)
		return status;
	have = min(have, wanted);
	bx_data_put(&engine->data, 0, from, have);
	bx_data_zero(&engine->data, have, wanted - have);
	return NVME_SC_SUCCESS;
}
