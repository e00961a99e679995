// SPDX-License-Identifier: GPL-2.0-only
/*
 * Get Features and Set Features, and how features begin: which one is meant, whether it may be set, what is current,
 * saved and default. A number may be saved; whatever else there is begins anew with a reset, but for the time.
 * What each of them is about is in feature_table.c.
 */
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "feature.h"

static const struct bx_feature *find(u8 id)
{
	for (unsigned int i = 0; i < bx_feature_count; i++)
		if (bx_feature_table[i].id == id)
			return &bx_feature_table[i];
	return NULL;
}

u32 bx_feature_effects(u8 id)
{
	const struct bx_feature *feature = find(id);

	if (!feature)
		return 0;
	return NVME_CMD_EFFECTS_CSUPP | (id == NVME_FEAT_WRITE_PROTECT ? NVME_CMD_EFFECTS_NCC : 0) |
	       (feature->flags & BX_FEATURE_PER_NAMESPACE ? BX_SCOPE_NAMESPACE
							  : BX_SCOPE_CONTROLLER);
}

/* ---- their life */

static void begin(struct bx_ctrl *ctrl)
{
	struct bx_features *state = &ctrl->admin->features;

	for (unsigned int i = 0; i < bx_feature_count; i++) {
		const struct bx_feature *feature = &bx_feature_table[i];

		if (feature->set)
			continue;
		state->current_value[feature->index] = state->saved[feature->index];
		if (feature->apply)
			feature->apply(ctrl, state->current_value[feature->index]);
	}
	bitmap_zero(ctrl->coalescing.off, BX_VECTORS_MAX);
	memset(state->error_recovery, 0, sizeof(state->error_recovery));
	memset(state->host_id, 0, sizeof(state->host_id));
	state->keep_alive = 0;
	state->retry_delays = 0;
	bx_health_set_thresholds(ctrl, BX_WARNING_KELVIN, 0);
}

static void begin_time(struct bx_features *state)
{
	state->timestamp = 0;
	state->timestamp_taken = ktime_get_ns();
	state->timestamp_set = false;
}

void bx_features_create(struct bx_ctrl *ctrl)
{
	struct bx_features *state = &ctrl->admin->features;

	for (unsigned int i = 0; i < bx_feature_count; i++)
		if (!bx_feature_table[i].set)
			state->saved[bx_feature_table[i].index] = bx_feature_table[i].standard;
	begin(ctrl);
	begin_time(state);
}

void bx_features_reset(struct bx_ctrl *ctrl, enum bx_reset kind)
{
	begin(ctrl);
	/* The time goes on through a reset of the controller. */
	if (kind >= BX_RESET_SUBSYSTEM)
		begin_time(&ctrl->admin->features);
}

/* ---- Get Features and Set Features */

/* A feature of a namespace wants one that is there. All of them is for the feature to say. */
static u16 check_namespace(struct bx_engine *engine, struct bx_request *request)
{
	struct bx_ns *ns;

	return bx_ns_find(engine->ctrl, request, &ns);
}

u16 bx_get_features(struct bx_engine *engine, struct bx_request *request)
{
	const struct bx_features *state = &engine->ctrl->admin->features;
	u32 cdw10 = le32_to_cpu(request->cmd.features.fid);
	const struct bx_feature *feature = find(cdw10);
	unsigned int select = cdw10 >> 8 & 7;
	u16 status;

	if (!feature || select > BX_SELECT_CAPABILITIES)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, features.fid);
	if (select == BX_SELECT_CAPABILITIES) {
		request->result = feature->flags;
		return NVME_SC_SUCCESS;
	}
	if (feature->flags & BX_FEATURE_PER_NAMESPACE) {
		status = check_namespace(engine, request);
		if (status)
			return status;
	}
	if (feature->get)
		return feature->get(engine, request, select);
	request->result = select == BX_SELECT_CURRENT ? state->current_value[feature->index]
			  : select == BX_SELECT_SAVED ? state->saved[feature->index]
						      : feature->standard;
	return NVME_SC_SUCCESS;
}

static u16 check_setting(struct bx_engine *engine, struct bx_request *request,
			 const struct bx_feature *feature, bool save)
{
	u32 nsid = le32_to_cpu(request->cmd.features.nsid);

	if (!feature)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, features.fid);
	if (save && !(feature->flags & BX_FEATURE_SAVE))
		return bx_invalid(request, NVME_SC_FEATURE_NOT_SAVEABLE, features.fid);
	if (nsid == NVME_NSID_ALL)
		return NVME_SC_SUCCESS;
	if (feature->flags & BX_FEATURE_PER_NAMESPACE)
		return check_namespace(engine, request);
	if (nsid > BX_NS_MAX)
		return bx_invalid(request, NVME_SC_INVALID_NS, features.nsid);
	if (nsid)
		return bx_invalid(request, NVME_SC_FEATURE_NOT_PER_NS, features.nsid);
	return NVME_SC_SUCCESS;
}

static u16 set_number(struct bx_ctrl *ctrl, struct bx_request *request,
		      const struct bx_feature *feature, bool save)
{
	struct bx_features *state = &ctrl->admin->features;
	u32 value = le32_to_cpu(request->cmd.features.dword11) & feature->mask;
	u16 status = feature->check ? feature->check(request, value) : NVME_SC_SUCCESS;

	if (status)
		return status;
	state->current_value[feature->index] = value;
	if (save)
		state->saved[feature->index] = value;
	if (feature->apply)
		feature->apply(ctrl, value);
	return NVME_SC_SUCCESS;
}

u16 bx_set_features(struct bx_engine *engine, struct bx_request *request)
{
	u32 cdw10 = le32_to_cpu(request->cmd.features.fid);
	const struct bx_feature *feature = find(cdw10);
	bool save = cdw10 & BIT(31);
	u16 status;

	status = check_setting(engine, request, feature, save);
	if (status)
		return status;
	if (feature->set)
		return feature->set(engine, request, le32_to_cpu(request->cmd.features.dword11));
	return set_number(engine->ctrl, request, feature, save);
}
