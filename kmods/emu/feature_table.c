// SPDX-License-Identifier: GPL-2.0-only
/*
 * The features, one by one, and the table of them. Most are a number of 32 bits that the table describes; the others have
 * a function of their own. What Get and Set have in common is in feature.c.
 */
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "feature.h"

static u16 invalid_value(struct bx_request *request)
{
	return bx_invalid(request, NVME_SC_INVALID_FIELD, features.dword11);
}

/* ---- numbers */

/* There is one power state. */
static u16 check_power(struct bx_request *request, u32 value)
{
	return value & 0x1f ? invalid_value(request) : NVME_SC_SUCCESS;
}

/* There is one combination of command sets. */
static u16 check_profile(struct bx_request *request, u32 value)
{
	if (value)
		return bx_invalid(request, BX_SC_COMBINATION_REJECTED, features.dword11);
	return NVME_SC_SUCCESS;
}

#define BURST_UNLIMITED 7

static void apply_arbitration(struct bx_ctrl *ctrl, u32 value)
{
	u32 burst = value & 7;

	/* Without a limit, an engine that never came to another queue would not come to its completions either. */
	WRITE_ONCE(ctrl->burst, 1u << (burst == BURST_UNLIMITED ? BURST_UNLIMITED - 1 : burst));
}

static void apply_coalescing(struct bx_ctrl *ctrl, u32 value)
{
	ctrl->coalescing.threshold = value;
	ctrl->coalescing.time = value >> 8;
}

static void apply_events(struct bx_ctrl *ctrl, u32 value)
{
	bx_events_enable(ctrl, value);
	bx_health_remind(ctrl);
}

/* ---- temperature threshold */

enum {
	TEMPERATURE_OVER,
	TEMPERATURE_UNDER
};

#define ALL_SENSORS 0xf

/* There is no sensor but the composite temperature. */
static bool threshold_valid(u32 value, bool all_sensors)
{
	unsigned int sensor = value >> NVME_TEMP_THRESH_SELECT_SHIFT & 0xf;
	unsigned int type = value >> 20 & 3;

	return type <= TEMPERATURE_UNDER && (!sensor || (all_sensors && sensor == ALL_SENSORS));
}

static u16 set_threshold(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	const struct bx_health *health = &engine->ctrl->admin->health;
	u16 kelvin = value & NVME_TEMP_THRESH_MASK;

	if (!threshold_valid(value, true))
		return invalid_value(request);
	/* Thresholds are ours alone to write, so they may be read without the lock. */
	if (value & NVME_TEMP_THRESH_TYPE_UNDER)
		bx_health_set_thresholds(engine->ctrl, health->over, kelvin);
	else
		bx_health_set_thresholds(engine->ctrl, kelvin, health->under);
	return NVME_SC_SUCCESS;
}

static u16 get_threshold(struct bx_engine *engine, struct bx_request *request, unsigned int select)
{
	const struct bx_health *health = &engine->ctrl->admin->health;
	u32 value = le32_to_cpu(request->cmd.features.dword11);
	bool under = value & NVME_TEMP_THRESH_TYPE_UNDER;

	if (!threshold_valid(value, false))
		return invalid_value(request);
	if (select == BX_SELECT_CURRENT)
		request->result = under ? health->under : health->over;
	else
		request->result = under ? 0 : BX_WARNING_KELVIN;
	return NVME_SC_SUCCESS;
}

/* ---- error recovery: of a namespace */

static u16 set_error_recovery(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	struct bx_features *features = &engine->ctrl->admin->features;
	u32 nsid = le32_to_cpu(request->cmd.features.nsid);

	/* Reading deallocated blocks is not an error that could be turned on. */
	if (value & BIT(16))
		return invalid_value(request);
	for (u32 id = 1; id <= BX_NS_MAX; id++) {
		const struct bx_ns *ns = engine->ctrl->namespaces[id];

		if (ns && ns->attached && (nsid == id || nsid == NVME_NSID_ALL))
			features->error_recovery[id] = value & 0xffff;
	}
	return NVME_SC_SUCCESS;
}

static u16 get_error_recovery(struct bx_engine *engine, struct bx_request *request,
			      unsigned int select)
{
	u32 nsid = le32_to_cpu(request->cmd.features.nsid);

	if (select == BX_SELECT_CURRENT)
		request->result = engine->ctrl->admin->features.error_recovery[nsid];
	return NVME_SC_SUCCESS;
}

/* ---- number of queues */

static u64 queues_allocated(const struct bx_ctrl *ctrl)
{
	u32 count = ctrl->config.queues - 1;

	return count << 16 | count;
}

static bool has_io_queues(const struct bx_ctrl *ctrl)
{
	for (unsigned int id = 1; id <= ctrl->config.queues; id++)
		if (ctrl->sqs[id] || ctrl->cqs[id])
			return true;
	return false;
}

/* All there are, whatever is asked for. */
static u16 set_queues(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	if ((value & 0xffff) == 0xffff || value >> 16 == 0xffff)
		return invalid_value(request);
	if (has_io_queues(engine->ctrl))
		return NVME_SC_CMD_SEQ_ERROR | NVME_STATUS_DNR;
	request->result = queues_allocated(engine->ctrl);
	return NVME_SC_SUCCESS;
}

static u16 get_queues(struct bx_engine *engine, struct bx_request *request, unsigned int select)
{
	request->result = queues_allocated(engine->ctrl);
	return NVME_SC_SUCCESS;
}

/* ---- interrupt vectors */

static u16 set_vector(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	struct bx_ctrl *ctrl = engine->ctrl;
	u16 vector = value;

	if (vector >= ctrl->vectors)
		return invalid_value(request);
	if (value & BIT(16))
		__set_bit(vector, ctrl->coalescing.off);
	else
		__clear_bit(vector, ctrl->coalescing.off);
	return NVME_SC_SUCCESS;
}

static u16 get_vector(struct bx_engine *engine, struct bx_request *request, unsigned int select)
{
	const struct bx_ctrl *ctrl = engine->ctrl;
	u16 vector = le32_to_cpu(request->cmd.features.dword11);

	if (vector >= ctrl->vectors)
		return invalid_value(request);
	request->result = vector;
	if (select == BX_SELECT_CURRENT && test_bit(vector, ctrl->coalescing.off))
		request->result |= BIT(16);
	return NVME_SC_SUCCESS;
}

/* ---- timestamp */

#define TIMESTAMP_BYTES 8
#define TIMESTAMP_MASK	GENMASK_ULL(47, 0)
#define TIMESTAMP_SET	BIT_ULL(48 + 1) /* its origin is the host */

static u16 set_timestamp(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	struct bx_features *features = &engine->ctrl->admin->features;
	u16 status = bx_data_map(engine, request, TIMESTAMP_BYTES);
	__le64 wire;

	if (status)
		return status;
	bx_data_get(&engine->data, 0, &wire, sizeof(wire));
	features->timestamp = le64_to_cpu(wire) & TIMESTAMP_MASK;
	features->timestamp_taken = ktime_get_ns();
	features->timestamp_set = true;
	return NVME_SC_SUCCESS;
}

static u16 get_timestamp(struct bx_engine *engine, struct bx_request *request, unsigned int select)
{
	const struct bx_features *features = &engine->ctrl->admin->features;
	u64 since = div_u64(ktime_get_ns() - features->timestamp_taken, NSEC_PER_MSEC);
	u64 value = 0;
	__le64 wire;

	if (select == BX_SELECT_CURRENT) {
		value = (features->timestamp + since) & TIMESTAMP_MASK;
		if (features->timestamp_set)
			value |= TIMESTAMP_SET;
	}
	wire = cpu_to_le64(value);
	return bx_reply(engine, request, &wire, sizeof(wire), TIMESTAMP_BYTES);
}

/* ---- keep alive */

#define KEEP_ALIVE_UNIT_MS (BX_KEEP_ALIVE_UNIT * 100u)

static void be_alive(struct bx_features *features, u64 now)
{
	features->alive_until = now + features->keep_alive * (u64)NSEC_PER_MSEC;
}

static u16 set_keep_alive(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	struct bx_features *features = &engine->ctrl->admin->features;

	/* Rounded up to what it is counted in. */
	if (value > rounddown(U32_MAX, KEEP_ALIVE_UNIT_MS))
		return bx_invalid(request, NVME_SC_KA_TIMEOUT_INVALID, features.dword11);
	features->keep_alive = DIV_ROUND_UP_ULL(value, KEEP_ALIVE_UNIT_MS) * KEEP_ALIVE_UNIT_MS;
	be_alive(features, ktime_get_ns());
	return NVME_SC_SUCCESS;
}

static u16 get_keep_alive(struct bx_engine *engine, struct bx_request *request, unsigned int select)
{
	if (select == BX_SELECT_CURRENT)
		request->result = engine->ctrl->admin->features.keep_alive;
	return NVME_SC_SUCCESS;
}

u16 bx_keep_alive(struct bx_engine *engine, struct bx_request *request)
{
	be_alive(&engine->ctrl->admin->features, ktime_get_ns());
	return NVME_SC_SUCCESS;
}

u64 bx_features_tick(struct bx_ctrl *ctrl, u64 now)
{
	struct bx_features *features = &ctrl->admin->features;

	if (!features->keep_alive)
		return U64_MAX;
	if (now < features->alive_until)
		return features->alive_until;
	features->keep_alive = 0;
	bx_ctrl_fail(ctrl, "the host has not kept it alive");
	return U64_MAX;
}

/* ---- host behaviour support */

#define BEHAVIOUR_BYTES 512

static u16 set_behaviour(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	u16 status = bx_data_map(engine, request, BEHAVIOUR_BYTES);
	struct nvme_feat_host_behavior *wish = (void *)engine->buffer;

	if (status)
		return status;
	bx_data_get(&engine->data, 0, wish, BEHAVIOUR_BYTES);
	/* The extensions that need our support have none. */
	if (wish->acre > NVME_ENABLE_ACRE || wish->etdas || wish->lbafee)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, features.dptr);
	engine->ctrl->admin->features.retry_delays = wish->acre;
	return NVME_SC_SUCCESS;
}

static u16 get_behaviour(struct bx_engine *engine, struct bx_request *request, unsigned int select)
{
	u8 acre = select == BX_SELECT_CURRENT ? engine->ctrl->admin->features.retry_delays : 0;

	return bx_reply(engine, request, &acre, sizeof(acre), BEHAVIOUR_BYTES);
}

/* ---- host identifier: 8 or 16 bytes */

static size_t host_id_bytes(const struct bx_request *request)
{
	return le32_to_cpu(request->cmd.features.dword11) & BIT(0) ? 16 : 8;
}

static u16 set_host_id(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	size_t bytes = host_id_bytes(request);
	u16 status = bx_data_map(engine, request, bytes);
	u8 id[16] = {};

	if (status)
		return status;
	bx_data_get(&engine->data, 0, id, bytes);
	memcpy(engine->ctrl->admin->features.host_id, id, sizeof(id));
	return NVME_SC_SUCCESS;
}

static u16 get_host_id(struct bx_engine *engine, struct bx_request *request, unsigned int select)
{
	size_t bytes = host_id_bytes(request);

	return bx_reply(engine, request, engine->ctrl->admin->features.host_id,
			select == BX_SELECT_CURRENT ? bytes : 0, bytes);
}

/* ---- write protection: of a namespace */

static u16 set_protection(struct bx_engine *engine, struct bx_request *request, u32 value)
{
	u32 nsid = le32_to_cpu(request->cmd.features.nsid);
	struct bx_ns *ns;

	if (nsid == NVME_NSID_ALL)
		return bx_invalid(request, NVME_SC_INVALID_NS, features.nsid);
	/* Until power is cycled, and for ever, are not offered. */
	if ((value & 7) > NVME_NS_WRITE_PROTECT)
		return invalid_value(request);
	ns = engine->ctrl->namespaces[nsid];
	if (!ns->ready)
		return NVME_SC_FORMAT_IN_PROGRESS;
	if (ns->write_protected != (value & 7)) {
		ns->write_protected = value & 7;
		bx_log_changed_namespace(engine->ctrl, nsid);
	}
	return NVME_SC_SUCCESS;
}

static u16 get_protection(struct bx_engine *engine, struct bx_request *request, unsigned int select)
{
	u32 nsid = le32_to_cpu(request->cmd.features.nsid);

	if (select == BX_SELECT_CURRENT)
		request->result = engine->ctrl->namespaces[nsid]->write_protected;
	return NVME_SC_SUCCESS;
}

/* ---- the table */

#define NUMBER(_id, _flags, _index, _mask, _standard)                               \
	.id = (_id), .flags = (_flags) | BX_FEATURE_CHANGE, .index = BX_F_##_index, \
	.mask = (_mask), .standard = (_standard)
#define OTHER(_id, _flags, _name) \
	.id = (_id), .flags = (_flags) | BX_FEATURE_CHANGE, .set = set_##_name, .get = get_##_name

/* What the host may want to be told of. */
#define EVENTS                                                                               \
	(NVME_SMART_CRIT_SPARE | NVME_SMART_CRIT_TEMPERATURE | NVME_SMART_CRIT_RELIABILITY | \
	 NVME_SMART_CRIT_MEDIA | NVME_SMART_CRIT_VOLATILE_MEMORY | NVME_AEN_CFG_NS_ATTR |    \
	 NVME_AEN_CFG_FW_ACT)

const struct bx_feature bx_feature_table[] = {
	{ NUMBER(NVME_FEAT_ARBITRATION, BX_FEATURE_SAVE, ARBITRATION, 0xffffff07, 5),
	  .apply = apply_arbitration },
	{ NUMBER(NVME_FEAT_POWER_MGMT, BX_FEATURE_SAVE, POWER, 0xff, 0), .check = check_power },
	{ OTHER(NVME_FEAT_TEMP_THRESH, 0, threshold) },
	{ OTHER(NVME_FEAT_ERR_RECOVERY, BX_FEATURE_PER_NAMESPACE, error_recovery) },
	{ NUMBER(NVME_FEAT_VOLATILE_WC, BX_FEATURE_SAVE, WRITE_CACHE, 1, 1) },
	{ OTHER(NVME_FEAT_NUM_QUEUES, 0, queues) },
	{ NUMBER(NVME_FEAT_IRQ_COALESCE, BX_FEATURE_SAVE, COALESCING, 0xffff, 0),
	  .apply = apply_coalescing },
	{ OTHER(NVME_FEAT_IRQ_CONFIG, 0, vector) },
	{ NUMBER(NVME_FEAT_WRITE_ATOMIC, BX_FEATURE_SAVE, ATOMICITY, 1, 0) },
	{ NUMBER(NVME_FEAT_ASYNC_EVENT, BX_FEATURE_SAVE, EVENTS, EVENTS, 0),
	  .apply = apply_events },
	{ OTHER(NVME_FEAT_TIMESTAMP, 0, timestamp) },
	{ OTHER(NVME_FEAT_KATO, 0, keep_alive) },
	{ OTHER(NVME_FEAT_HOST_BEHAVIOR, 0, behaviour) },
	{ NUMBER(NVME_FEAT_SANITIZE, BX_FEATURE_SAVE, SANITIZE, 1, 0) },
	{ NUMBER(BX_FEAT_CMD_SET_PROFILE, 0, PROFILE, 0x1ff, 0), .check = check_profile },
	{ NUMBER(NVME_FEAT_SW_PROGRESS, BX_FEATURE_SAVE, PROGRESS, 0xff, 0) },
	{ OTHER(NVME_FEAT_HOST_ID, 0, host_id) },
	{ OTHER(NVME_FEAT_WRITE_PROTECT, BX_FEATURE_PER_NAMESPACE, protection) },
};

const unsigned int bx_feature_count = ARRAY_SIZE(bx_feature_table);
