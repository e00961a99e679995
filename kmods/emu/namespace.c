// SPDX-License-Identifier: GPL-2.0-only
/*
 * Namespaces: how they come to be and go, their formats and names, and the admin commands Namespace Management and
 * Namespace Attachment. What is in them is the store's.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "admin.h"

const struct bx_format bx_formats[BX_FORMATS] = {
	{ 9, 0, NVME_LBAF_RP_BETTER },	 { 9, 8, NVME_LBAF_RP_GOOD },
	{ 9, 16, NVME_LBAF_RP_GOOD },	 { 12, 0, NVME_LBAF_RP_BEST },
	{ 12, 8, NVME_LBAF_RP_BETTER },	 { 12, 16, NVME_LBAF_RP_BETTER },
	{ 12, 64, NVME_LBAF_RP_BETTER },
};

/* ---- names */

/* A number that depends on every byte of what it is made of: FNV-1a, and its bits well mixed. */
static u64 digest(const struct bx_ctrl *ctrl, u32 id, u32 which)
{
	u64 n = 0xcbf29ce484222325ull;

	for (const char *at = ctrl->config.serial; *at; at++)
		n = (n ^ (u8)*at) * 0x100000001b3ull;
	n = (n ^ id) * 0x100000001b3ull;
	n = (n ^ which) * 0x100000001b3ull;
	n = (n ^ n >> 32) * 0xd6e8feb86659fd93ull;
	n = (n ^ n >> 32) * 0xd6e8feb86659fd93ull;
	return n ^ n >> 32;
}

static void put_digest(u8 *to, u64 n, unsigned int bytes)
{
	while (bytes--) {
		*to++ = n;
		n >>= 8;
	}
}

/* Nobody's number: of those that everybody may use. (Identify has it the other way round.) */
static const u8 oui[3] = { 0x02, 'b', 'x' };

void bx_ns_oui(u8 *to)
{
	for (unsigned int i = 0; i < sizeof(oui); i++)
		to[i] = oui[sizeof(oui) - 1 - i];
}

static void make_uuid(const struct bx_ctrl *ctrl, u32 id, u8 *to)
{
	put_digest(to, digest(ctrl, id, 3), 8);
	put_digest(to + 8, digest(ctrl, id, 4), 8);
	to[6] = 0x80 | (to[6] & 0x0f); /* version 8: made as we like */
	to[8] = 0x80 | (to[8] & 0x3f);
}

/* They follow from the serial number and the number of the namespace, so they are the same when it is made again. */
static void name(const struct bx_ctrl *ctrl, struct bx_ns *ns)
{
	memcpy(ns->eui64, oui, sizeof(oui));
	put_digest(ns->eui64 + 3, digest(ctrl, ns->id, 0), 5);
	put_digest(ns->nguid, digest(ctrl, ns->id, 1), 8);
	memcpy(ns->nguid + 8, oui, sizeof(oui));
	put_digest(ns->nguid + 11, digest(ctrl, ns->id, 2), 5);
	make_uuid(ctrl, ns->id, ns->uuid);
}

void bx_subsystem_name(const struct bx_ctrl *ctrl, char *to, size_t size)
{
	u8 u[16];

	if (ctrl->config.subnqn[0]) {
		memcpy(to, ctrl->config.subnqn,
		       strnlen(ctrl->config.subnqn, sizeof(ctrl->config.subnqn)));
		return;
	}
	make_uuid(ctrl, 0, u);
	scnprintf(to, size,
		  "%s%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		  "nqn.2014-08.org.nvmexpress:uuid:", u[0], u[1], u[2], u[3], u[4], u[5], u[6],
		  u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

/* ---- their shape */

bool bx_ns_options_valid(const struct bx_ns_options *options)
{
	if (options->format >= BX_FORMATS || options->pi_type > NVME_NS_DPS_PI_TYPE3)
		return false;
	return !options->pi_type || bx_formats[options->format].metadata >= sizeof(struct bx_pi);
}

static u64 chunks(u64 bytes)
{
	return round_up(bytes, BX_CHUNK_SIZE);
}

/*
 * How many blocks fit into the capacity, and with their metadata into whole chunks of the store. Metadata gets as many
 * chunks as all that is available would need at most. That is never one too many for what fits: a chunk of metadata is that
 * of a whole number of chunks of data.
 */
static u64 blocks_that_fit(const struct bx_format *format, u64 capacity, u64 available)
{
	u32 block = 1u << format->block_shift;
	u64 metadata = chunks(div_u64(available, block + format->metadata) * format->metadata);

	if (metadata >= available)
		return 0;
	return min(capacity, available - metadata) >> format->block_shift;
}

u64 bx_ns_largest(const struct bx_ctrl *ctrl, u8 format)
{
	return blocks_that_fit(&bx_formats[format], ctrl->store->free, ctrl->store->free)
	       << bx_formats[format].block_shift;
}

static void drop_extents(struct bx_ns *ns)
{
	bx_extent_destroy(&ns->data);
	bx_extent_destroy(&ns->metadata);
	bx_extent_destroy(&ns->uncorrectable);
	ns->has_uncorrectable = false;
	ns->blocks = 0;
}

static int make_extents(struct bx_ctrl *ctrl, struct bx_ns *ns, u64 blocks)
{
	const struct bx_format *format = &bx_formats[ns->format];
	int r;

	r = bx_extent_create(ctrl->store, &ns->data, blocks << format->block_shift);
	if (r >= 0 && format->metadata)
		r = bx_extent_create(ctrl->store, &ns->metadata, blocks * format->metadata);
	if (r >= 0)
		r = bx_extent_create(&ctrl->admin->bitmaps, &ns->uncorrectable,
				     DIV_ROUND_UP_ULL(blocks, 8));
	if (r < 0)
		drop_extents(ns);
	else
		ns->blocks = blocks;
	return r;
}

bool bx_ns_can_have(const struct bx_ctrl *ctrl, const struct bx_ns *ns,
		    const struct bx_ns_options *options)
{
	u64 available = ctrl->store->free + chunks(ns->data.size) + chunks(ns->metadata.size);

	return blocks_that_fit(&bx_formats[options->format], ns->capacity, available);
}

int bx_ns_shape(struct bx_ctrl *ctrl, struct bx_ns *ns, const struct bx_ns_options *options)
{
	const struct bx_format *format = &bx_formats[options->format];
	u64 blocks;

	drop_extents(ns);
	ns->format = options->format;
	ns->extended = format->metadata && options->extended;
	ns->pi_type = options->pi_type;
	ns->pi_first = options->pi_type && options->pi_first;
	blocks = blocks_that_fit(format, ns->capacity, ctrl->store->free);
	return blocks ? make_extents(ctrl, ns, blocks) : -ENOSPC;
}

/* ---- making and unmaking */

static void unmake(struct bx_ns *ns)
{
	drop_extents(ns);
	for (unsigned int i = 0; i < BX_ROW_LOCKS; i++)
		mutex_destroy(&ns->row_locks[i]);
	kfree(ns);
}

static u32 free_id(const struct bx_ctrl *ctrl)
{
	for (u32 id = 1; id <= BX_NS_MAX; id++)
		if (!ctrl->namespaces[id])
			return id;
	return 0;
}

int bx_ns_create(struct bx_ctrl *ctrl, u32 id, const struct bx_ns_options *options,
		 struct bx_ns **ret)
{
	struct bx_ns *ns;
	int r;

	if (id > BX_NS_MAX || !bx_ns_options_valid(options) ||
	    options->size < 1u << bx_formats[options->format].block_shift)
		return -EINVAL;
	if (id && ctrl->namespaces[id])
		return -EEXIST;
	if (!id)
		id = free_id(ctrl);
	if (!id)
		return -ENOSPC;
	ns = kzalloc(sizeof(*ns), BX_GFP_COMMAND);
	if (!ns)
		return -ENOMEM;
	ns->id = id;
	ns->capacity = options->size;
	ns->attached = options->attached;
	ns->ready = true;
	for (unsigned int i = 0; i < BX_ROW_LOCKS; i++)
		mutex_init(&ns->row_locks[i]);
	name(ctrl, ns);
	r = bx_ns_shape(ctrl, ns, options);
	/* All of it or nothing: what was asked for is a size, not a format of what is there. */
	if (r >= 0 && ns->blocks != options->size >> bx_formats[ns->format].block_shift)
		r = -ENOSPC;
	if (r < 0) {
		unmake(ns);
		return r;
	}
	ctrl->namespaces[id] = ns;
	ctrl->admin->features.error_recovery[id] = 0;
	if (ns->attached)
		bx_log_changed_namespace(ctrl, id);
	*ret = ns;
	return 0;
}

void bx_ns_destroy(struct bx_ns *ns, struct bx_ctrl *ctrl)
{
	bx_self_test_end(ctrl, ns->id, BX_SELF_TEST_NS_GONE);
	ctrl->namespaces[ns->id] = NULL;
	if (ns->attached)
		bx_log_changed_namespace(ctrl, ns->id);
	unmake(ns);
}

void bx_ns_discard(struct bx_ns *ns, u64 lba, u64 blocks)
{
	u32 size = bx_block_size(ns), metadata = bx_metadata_size(ns);

	bx_extent_discard(&ns->data, lba * size, blocks * size);
	if (metadata)
		bx_extent_discard(&ns->metadata, lba * metadata, blocks * metadata);
}

u16 bx_ns_find(struct bx_ctrl *ctrl, struct bx_request *request, struct bx_ns **ret)
{
	u32 nsid = le32_to_cpu(request->cmd.common.nsid);
	struct bx_ns *ns;

	if (!nsid || nsid > BX_NS_MAX)
		return bx_invalid(request, NVME_SC_INVALID_NS, common.nsid);
	ns = ctrl->namespaces[nsid];
	if (!ns || !ns->attached)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.nsid);
	*ret = ns;
	return NVME_SC_SUCCESS;
}

/* ---- Namespace Management */

/* What the host may say of a namespace to be made, which lies where Identify has it. */
static u16 check_wish(const struct nvme_id_ns *wish, struct bx_request *request,
		      struct bx_ns_options *ret)
{
	u8 format = nvme_lbaf_index(wish->flbas);
	u64 blocks = le64_to_cpu(wish->nsze);

	/* Neither another controller nor sets and groups are there to share it with or to put it into. */
	if (!blocks || le64_to_cpu(wish->ncap) > blocks || wish->nmic || wish->nvmsetid ||
	    wish->endgid)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.dptr);
	if (wish->anagrpid)
		return bx_invalid(request, NVME_SC_ANA_GROUP_ID_INVALID, common.dptr);
	*ret = (struct bx_ns_options){
		.format = format,
		.extended = wish->flbas & NVME_NS_FLBAS_META_EXT,
		.pi_type = wish->dps & NVME_NS_DPS_PI_MASK,
		.pi_first = wish->dps & NVME_NS_DPS_PI_FIRST,
	};
	if (!bx_ns_options_valid(ret))
		return bx_invalid(request, NVME_SC_INVALID_FORMAT, common.dptr);
	if (le64_to_cpu(wish->ncap) != blocks)
		return bx_invalid(request, NVME_SC_THIN_PROV_NOT_SUPP, common.dptr);
	if (blocks > U64_MAX >> (bx_formats[format].block_shift + 1))
		return bx_invalid(request, NVME_SC_NS_INSUFFICIENT_CAP, common.dptr);
	ret->size = blocks << bx_formats[format].block_shift;
	return NVME_SC_SUCCESS;
}

static u16 create(struct bx_engine *engine, struct bx_request *request)
{
	u8 csi = le32_to_cpu(request->cmd.common.cdw11) >> 24;
	struct bx_ctrl *ctrl = engine->ctrl;
	struct bx_ns_options options;
	struct bx_ns *ns;
	u16 status;

	if (request->cmd.common.nsid)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.nsid);
	if (!bx_command_set_valid(csi))
		return bx_invalid(request, BX_SC_CMD_SET_UNSUPPORTED, common.cdw11);
	status = bx_data_map(engine, request, sizeof(struct nvme_id_ns));
	if (status)
		return status;
	bx_data_get(&engine->data, 0, engine->buffer, sizeof(struct nvme_id_ns));
	status = check_wish((const struct nvme_id_ns *)engine->buffer, request, &options);
	if (status)
		return status;
	if (!free_id(ctrl))
		return NVME_SC_NS_ID_UNAVAILABLE | NVME_STATUS_DNR;
	switch (bx_ns_create(ctrl, 0, &options, &ns)) {
	case 0:
		request->result = ns->id;
		return NVME_SC_SUCCESS;
	case -ENOSPC:
		return bx_invalid(request, NVME_SC_NS_INSUFFICIENT_CAP, common.dptr);
	default:
		return NVME_SC_INTERNAL;
	}
}

static u16 may_delete(const struct bx_ns *ns)
{
	if (!ns->ready)
		return NVME_SC_FORMAT_IN_PROGRESS;
	return ns->write_protected ? NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR : NVME_SC_SUCCESS;
}

static u16 delete_all(struct bx_ctrl *ctrl)
{
	u16 status = NVME_SC_SUCCESS;

	for (u32 id = 1; id <= BX_NS_MAX && !status; id++)
		if (ctrl->namespaces[id])
			status = may_delete(ctrl->namespaces[id]);
	if (status)
		return status;
	for (u32 id = 1; id <= BX_NS_MAX; id++)
		if (ctrl->namespaces[id])
			bx_ns_destroy(ctrl->namespaces[id], ctrl);
	return NVME_SC_SUCCESS;
}

/* Attached or not. */
static u16 delete_one(struct bx_ctrl *ctrl, struct bx_request *request)
{
	u32 nsid = le32_to_cpu(request->cmd.common.nsid);
	u16 status;

	if (nsid == NVME_NSID_ALL)
		return delete_all(ctrl);
	if (!nsid || nsid > BX_NS_MAX)
		return bx_invalid(request, NVME_SC_INVALID_NS, common.nsid);
	if (!ctrl->namespaces[nsid])
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.nsid);
	status = may_delete(ctrl->namespaces[nsid]);
	if (!status)
		bx_ns_destroy(ctrl->namespaces[nsid], ctrl);
	return status;
}

u16 bx_ns_manage(struct bx_engine *engine, struct bx_request *request)
{
	switch (le32_to_cpu(request->cmd.common.cdw10) & 0xf) {
	case BX_NS_MGMT_CREATE:
		return create(engine, request);
	case BX_NS_MGMT_DELETE:
		return delete_one(engine->ctrl, request);
	default:
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.cdw10);
	}
}

/* ---- Namespace Attachment */

/* We are the only controller, so the list that is right has one entry. */
static bool names_us_alone(const struct bx_ctrl *ctrl, const __le16 *list)
{
	return le16_to_cpu(list[0]) == 1 && le16_to_cpu(list[1]) == ctrl->config.controller_id;
}

static u16 attach(struct bx_ctrl *ctrl, struct bx_ns *ns, bool attached)
{
	if (ns->attached == attached)
		return (attached ? NVME_SC_NS_ALREADY_ATTACHED : NVME_SC_NS_NOT_ATTACHED) |
		       NVME_STATUS_DNR;
	if (!ns->ready)
		return NVME_SC_FORMAT_IN_PROGRESS;
	ns->attached = attached;
	bx_log_changed_namespace(ctrl, ns->id);
	return NVME_SC_SUCCESS;
}

u16 bx_ns_attach(struct bx_engine *engine, struct bx_request *request)
{
	u32 nsid = le32_to_cpu(request->cmd.common.nsid);
	u8 action = le32_to_cpu(request->cmd.common.cdw10) & 0xf;
	struct bx_ctrl *ctrl = engine->ctrl;
	u16 status;

	if (action != BX_NS_ATTACH && action != BX_NS_DETACH)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.cdw10);
	if (!nsid || nsid > BX_NS_MAX)
		return bx_invalid(request, NVME_SC_INVALID_NS, common.nsid);
	if (!ctrl->namespaces[nsid])
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.nsid);
	status = bx_data_map(engine, request, (BX_CTRL_LIST_MAX + 1) * sizeof(__le16));
	if (status)
		return status;
	bx_data_get(&engine->data, 0, engine->buffer, (BX_CTRL_LIST_MAX + 1) * sizeof(__le16));
	if (!names_us_alone(ctrl, (const __le16 *)engine->buffer))
		return bx_invalid(request, NVME_SC_CTRL_LIST_INVALID, common.dptr);
	return attach(ctrl, ctrl->namespaces[nsid], action == BX_NS_ATTACH);
}
