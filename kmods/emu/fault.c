// SPDX-License-Identifier: GPL-2.0-only
/* The rules of fault.h, and what they do to a command. */
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "fault.h"
#include "io.h"

#define FLIP_BITS_MAX 4096

int bx_faults_create(struct bx_ctrl *ctrl)
{
	ctrl->faults = kzalloc(sizeof(*ctrl->faults), GFP_KERNEL);
	if (!ctrl->faults)
		return -ENOMEM;
	spin_lock_init(&ctrl->faults->lock);
	return 0;
}

void bx_faults_destroy(struct bx_ctrl *ctrl)
{
	kfree(ctrl->faults);
	ctrl->faults = NULL;
}

/* ---- the table */

static bool is_valid(const struct bx_fault_rule *rule)
{
	if (!rule->admin && !rule->io)
		return false;
	if (rule->opcode > BX_FAULT_ANY_OPCODE || rule->first > rule->last ||
	    rule->probability > BX_FAULT_CERTAIN)
		return false;
	switch (rule->action) {
	case BX_FAULT_STATUS:
		/* SC, SCT, CRD, More and DNR: what is above is how handlers speak to the engine. */
		return rule->status && rule->status < 0x8000;
	case BX_FAULT_FLIP:
		return rule->bits && rule->bits <= FLIP_BITS_MAX;
	case BX_FAULT_DELAY:
		return rule->delay_ns <= BX_FAULT_DELAY_MAX;
	case BX_FAULT_DROP:
	case BX_FAULT_FAIL:
	case BX_FAULT_REMOVE:
		return true;
	default:
		return false;
	}
}

int bx_fault_add(struct bx_ctrl *ctrl, const struct bx_fault_rule *rule)
{
	struct bx_faults *faults = ctrl->faults;
	int number = -ENOSPC;

	if (!is_valid(rule))
		return -EINVAL;
	spin_lock(&faults->lock);
	for (int i = 0; i < BX_FAULTS_MAX && number < 0; i++) {
		if (faults->slots[i].used)
			continue;
		faults->slots[i] = (struct bx_fault_slot){ .used = true, .info.rule = *rule };
		WRITE_ONCE(faults->count, faults->count + 1);
		number = i;
	}
	spin_unlock(&faults->lock);
	return number;
}

int bx_fault_remove(struct bx_ctrl *ctrl, unsigned int number)
{
	struct bx_faults *faults = ctrl->faults;
	int r = -ENOENT;

	spin_lock(&faults->lock);
	if (number < BX_FAULTS_MAX && faults->slots[number].used) {
		faults->slots[number].used = false;
		WRITE_ONCE(faults->count, faults->count - 1);
		r = 0;
	}
	spin_unlock(&faults->lock);
	return r;
}

int bx_fault_get(struct bx_ctrl *ctrl, unsigned int number, struct bx_fault_info *ret)
{
	struct bx_faults *faults = ctrl->faults;
	int r = -ENOENT;

	spin_lock(&faults->lock);
	if (number < BX_FAULTS_MAX && faults->slots[number].used) {
		*ret = faults->slots[number].info;
		r = 0;
	}
	spin_unlock(&faults->lock);
	return r;
}

void bx_fault_clear(struct bx_ctrl *ctrl)
{
	for (unsigned int number = 0; number < BX_FAULTS_MAX; number++)
		bx_fault_remove(ctrl, number);
}

/* ---- which rule */

static unsigned int io_flags(const struct bx_request *request)
{
	return request->sq->id ? bx_io_commands[request->cmd.common.opcode].flags : 0;
}

/* The blocks that a command names, if it does so in the way of a Read. */
static bool get_range(const struct bx_request *request, u64 *first, u64 *last)
{
	*first = le64_to_cpu(request->cmd.rw.slba);
	*last = *first + le16_to_cpu(request->cmd.rw.length);
	return io_flags(request) & BX_IO_RANGE && *last >= *first;
}

static bool has_list(const struct bx_request *request)
{
	return io_flags(request) & BX_IO_LIST;
}

/* But for its blocks. */
static bool is_meant(const struct bx_fault_rule *rule, const struct bx_request *request)
{
	if (!(request->sq->id ? rule->io : rule->admin))
		return false;
	if (rule->opcode != BX_FAULT_ANY_OPCODE && rule->opcode != request->cmd.common.opcode)
		return false;
	return !rule->nsid || rule->nsid == le32_to_cpu(request->cmd.common.nsid);
}

/* @names is NULL where there is no list. */
static bool fits(const struct bx_fault_rule *rule, const struct bx_request *request,
		 bx_fault_names *names, const void *what)
{
	u64 first, last;

	if (!is_meant(rule, request))
		return false;
	if (!rule->ranged)
		return true;
	if (names)
		return names(what, rule->first, rule->last);
	return get_range(request, &first, &last) && first <= rule->last && rule->first <= last;
}

static bool is_its_turn(struct bx_fault_info *info)
{
	const struct bx_fault_rule *rule = &info->rule;

	if (++info->fitted <= rule->skip || (rule->count && info->hit >= rule->count))
		return false;
	if (rule->probability < BX_FAULT_CERTAIN &&
	    mul_u64_u32_shr(get_random_u32(), BX_FAULT_CERTAIN, 32) >= rule->probability)
		return false;
	info->hit++;
	return true;
}

static void pick(struct bx_faults *faults, struct bx_request *request, bx_fault_names *names,
		 const void *what)
{
	request->fault.drawn = true;
	request->fault.action = BX_FAULT_NONE;
	spin_lock(&faults->lock);
	for (int i = 0; i < BX_FAULTS_MAX; i++) {
		struct bx_fault_slot *slot = &faults->slots[i];
		const struct bx_fault_rule *rule = &slot->info.rule;

		if (!slot->used || !fits(rule, request, names, what) || !is_its_turn(&slot->info))
			continue;
		request->fault.action = rule->action;
		request->fault.status = rule->status;
		request->fault.delay_ns = rule->delay_ns;
		request->fault.bits = rule->bits;
		break;
	}
	spin_unlock(&faults->lock);
}

/* Whether it is too early to say which rule it is: rules count in their order, so none is picked before all can be looked at. */
static bool needs_list(struct bx_faults *faults, const struct bx_request *request)
{
	bool needs = false;

	if (!has_list(request))
		return false;
	spin_lock(&faults->lock);
	for (int i = 0; i < BX_FAULTS_MAX && !needs; i++) {
		const struct bx_fault_slot *slot = &faults->slots[i];

		needs = slot->used && slot->info.rule.ranged && is_meant(&slot->info.rule, request);
	}
	spin_unlock(&faults->lock);
	return needs;
}

/* ---- what it does */

/* True: the command is not executed, and this is what it comes to. */
static bool act(struct bx_engine *engine, struct bx_request *request, u16 *status)
{
	struct bx_ctrl *ctrl = engine->ctrl;

	switch (request->fault.action) {
	case BX_FAULT_STATUS:
		*status = request->fault.status;
		return true;
	case BX_FAULT_FAIL:
		*status = BX_WORLD;
		if (engine->has_world) {
			bx_ctrl_fail(ctrl, "a fault was asked for");
			*status = BX_LATER;
		}
		return true;
	case BX_FAULT_REMOVE:
		if (ctrl->ops->remove)
			ctrl->ops->remove(ctrl);
		*status = BX_LATER;
		return true;
	case BX_FAULT_FLIP:
		/* What an earlier command mapped is not this one's data. */
		engine->data.count = engine->metadata.count = 0;
		engine->data.length = engine->metadata.length = 0;
		return false;
	default:
		return false;
	}
}

bool bx_fault_strike(struct bx_engine *engine, struct bx_request *request, u16 *status)
{
	struct bx_faults *faults = engine->ctrl->faults;

	/* A command that comes a second time, now with the world held, has had its chance. */
	if (!request->fault.drawn && needs_list(faults, request))
		request->fault.action = BX_FAULT_DEFERRED;
	else if (!request->fault.drawn)
		pick(faults, request, NULL, NULL);
	return act(engine, request, status);
}

u16 bx_fault_strike_list(struct bx_engine *engine, struct bx_request *request,
			 bx_fault_names *names, const void *what)
{
	u16 status;

	pick(engine->ctrl->faults, request, names, what);
	return act(engine, request, &status) ? status : NVME_SC_SUCCESS;
}

static u64 random_below(u64 end)
{
	return mul_u64_u64_shr(get_random_u64(), end, 64);
}

static void flip_delivered(struct bx_engine *engine)
{
	size_t offset = random_below(engine->data.length + engine->metadata.length);
	struct bx_data *data = &engine->data;
	u8 byte;

	if (offset >= data->length) {
		offset -= data->length;
		data = &engine->metadata;
	}
	bx_data_get(data, offset, &byte, 1);
	byte ^= 1 << random_below(8);
	bx_data_put(data, offset, &byte, 1);
}

/* What was written decays: data, or metadata, which is stored elsewhere. */
static void flip_stored(struct bx_engine *engine, struct bx_ns *ns,
			const struct nvme_rw_command *cmd)
{
	u32 size = bx_block_size(ns), metadata = bx_metadata_size(ns);
	u64 lba = le64_to_cpu(cmd->slba) + random_below(le16_to_cpu(cmd->length) + 1ull);
	u64 offset = random_below(size + metadata);
	struct bx_extent *extent = &ns->data;
	struct mutex *lock;
	u8 byte;

	if (offset < size) {
		offset += lba * size;
	} else {
		offset += lba * metadata - size;
		extent = &ns->metadata;
	}
	lock = bx_row_lock(engine, ns, lba);
	bx_extent_read(extent, offset, &byte, 1);
	byte ^= 1 << random_below(8);
	bx_extent_write(extent, offset, &byte, 1);
	bx_row_unlock(lock);
}

static void flip(struct bx_engine *engine, struct bx_request *request)
{
	const struct nvme_rw_command *cmd = &request->cmd.rw;

	for (u32 i = 0; i < request->fault.bits; i++) {
		if (request->sq->id && cmd->opcode == nvme_cmd_write)
			flip_stored(engine, engine->ctrl->namespaces[le32_to_cpu(cmd->nsid)], cmd);
		else if (cmd->opcode & 2 && engine->data.length)
			flip_delivered(engine);
	}
}

u16 bx_fault_follow(struct bx_engine *engine, struct bx_request *request, u16 status)
{
	if (status == BX_WORLD || status == BX_LATER)
		return status;
	/* Its list was not come to, so it names no blocks. It has failed, and done nothing. */
	if (request->fault.action == BX_FAULT_DEFERRED) {
		pick(engine->ctrl->faults, request, NULL, NULL);
		if (act(engine, request, &status))
			return status;
	}
	if (request->fault.action == BX_FAULT_FLIP && !status)
		flip(engine, request);
	return status;
}
