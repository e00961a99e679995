// SPDX-License-Identifier: GPL-2.0-only
/* The model of timing.h, in integers. */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "io.h"
#include "timing.h"

#define UNIT_SIZE_USUAL 4096
#define UNIT_SIZE_MIN	512

/*
 * `mode' is written under the lock and read without it. It says that nothing takes time at all, or that latencies do
 * and need no memory of what was before: then an engine takes no lock, and an old or a new value is as good.
 */
enum mode {
	MODE_NONE,
	MODE_LATENCY,
	MODE_QUEUEING,
};

enum direction {
	DIRECTION_READ,
	DIRECTION_WRITE,
	DIRECTIONS,
};

struct bx_timing {
	spinlock_t lock;
	enum mode mode;
	struct bx_timing_values values;
	u64 *unit_free; /* when each unit has done what it was given */
	u64 link_free[DIRECTIONS];
};

int bx_timing_create(struct bx_ctrl *ctrl)
{
	struct bx_timing *timing = kzalloc(sizeof(*timing), GFP_KERNEL);

	if (!timing)
		return -ENOMEM;
	spin_lock_init(&timing->lock);
	timing->values.io_unit_size = UNIT_SIZE_USUAL;
	ctrl->timing = timing;
	return 0;
}

void bx_timing_destroy(struct bx_ctrl *ctrl)
{
	if (!ctrl->timing)
		return;
	kvfree(ctrl->timing->unit_free);
	kfree(ctrl->timing);
	ctrl->timing = NULL;
}

/* ---- values */

static int check_values(const struct bx_timing_values *values)
{
	if (values->read_latency_ns > BX_TIMING_LATENCY_MAX ||
	    values->write_latency_ns > BX_TIMING_LATENCY_MAX ||
	    values->other_latency_ns > BX_TIMING_LATENCY_MAX)
		return -EINVAL;
	if (!is_power_of_2(values->io_unit_size) || values->io_unit_size < UNIT_SIZE_MIN)
		return -EINVAL;
	return values->nr_io_units > BX_TIMING_UNITS_MAX ? -EINVAL : 0;
}

static enum mode mode_of(const struct bx_timing_values *values)
{
	bool latency = values->read_latency_ns || values->write_latency_ns;

	if (values->read_bandwidth || values->write_bandwidth || (latency && values->nr_io_units))
		return MODE_QUEUEING;
	return latency || values->other_latency_ns ? MODE_LATENCY : MODE_NONE;
}

int bx_timing_set(struct bx_ctrl *ctrl, const struct bx_timing_values *values)
{
	struct bx_timing *timing = ctrl->timing;
	struct bx_timing_values wanted = *values;
	u64 *units = NULL, *old;
	int r;

	wanted.io_unit_size = wanted.io_unit_size ?: UNIT_SIZE_USUAL;
	r = check_values(&wanted);
	if (r < 0)
		return r;
	if (wanted.nr_io_units) {
		units = kvcalloc(wanted.nr_io_units, sizeof(*units), GFP_KERNEL);
		if (!units)
			return -ENOMEM;
	}
	spin_lock(&timing->lock);
	old = timing->unit_free;
	if (units && old && wanted.nr_io_units == timing->values.nr_io_units)
		memcpy(units, old, wanted.nr_io_units * sizeof(*units));
	timing->unit_free = units;
	/* One by one, since an engine may be reading a latency without the lock. */
	WRITE_ONCE(timing->values.read_latency_ns, wanted.read_latency_ns);
	WRITE_ONCE(timing->values.write_latency_ns, wanted.write_latency_ns);
	WRITE_ONCE(timing->values.other_latency_ns, wanted.other_latency_ns);
	timing->values.read_bandwidth = wanted.read_bandwidth;
	timing->values.write_bandwidth = wanted.write_bandwidth;
	timing->values.io_unit_size = wanted.io_unit_size;
	timing->values.nr_io_units = wanted.nr_io_units;
	WRITE_ONCE(timing->mode, mode_of(&wanted));
	spin_unlock(&timing->lock);
	kvfree(old);
	return 0;
}

void bx_timing_get(struct bx_ctrl *ctrl, struct bx_timing_values *values)
{
	spin_lock(&ctrl->timing->lock);
	*values = ctrl->timing->values;
	spin_unlock(&ctrl->timing->lock);
}

/* ---- the model */

/* What a command asks of the device. */
struct demand {
	enum direction direction;
	bool media, link; /* as io.h says of commands */
	u64 offset, bytes;
};

static void measure(const struct bx_engine *engine, const struct nvme_rw_command *cmd,
		    struct demand *demand)
{
	unsigned int flags = bx_io_commands[cmd->opcode].flags;
	u32 id = le32_to_cpu(cmd->nsid);
	const struct bx_ns *ns = id <= BX_NS_MAX ? engine->ctrl->namespaces[id] : NULL;

	*demand = (struct demand){
		.direction = flags & BX_IO_CHANGES ? DIRECTION_WRITE : DIRECTION_READ,
		.link = flags & BX_IO_LINK,
	};
	if (!(flags & BX_IO_MEDIA) || !ns)
		return;
	demand->media = true;
	demand->offset = le64_to_cpu(cmd->slba) * bx_block_size(ns);
	demand->bytes = (le16_to_cpu(cmd->length) + 1ull) * bx_block_size(ns);
}

/* Without the lock, if nothing but latencies counts. */
static u64 latency_of(const struct bx_timing *timing, const struct demand *demand)
{
	if (!demand->media)
		return READ_ONCE(timing->values.other_latency_ns);
	return demand->direction == DIRECTION_READ ? READ_ONCE(timing->values.read_latency_ns)
						   : READ_ONCE(timing->values.write_latency_ns);
}

/* Each unit gets its share of the pieces in one step, so that this takes no longer than there are units. */
static u64 occupy_units(struct bx_timing *timing, const struct demand *demand, u64 now)
{
	u32 shift = ilog2(timing->values.io_unit_size), units = timing->values.nr_io_units;
	u64 first = demand->offset >> shift, latency = latency_of(timing, demand), done = now;
	u64 pieces = ((demand->offset + demand->bytes - 1) >> shift) - first + 1;
	u32 unit;

	div_u64_rem(first, units, &unit);
	for (u32 i = 0; i < min_t(u64, pieces, units); i++) {
		u64 share = div_u64(pieces - i + units - 1, units);
		u64 start = max(now, timing->unit_free[unit]);

		timing->unit_free[unit] = bx_later(start, share * latency);
		done = max(done, timing->unit_free[unit]);
		unit = unit + 1 == units ? 0 : unit + 1;
	}
	return done;
}

static u64 occupy_link(struct bx_timing *timing, const struct demand *demand, u64 now)
{
	u64 bandwidth = demand->direction == DIRECTION_READ ? timing->values.read_bandwidth
							    : timing->values.write_bandwidth;
	u64 *link_free = &timing->link_free[demand->direction];

	if (!bandwidth || !demand->link)
		return now;
	/* At most 65,536 blocks of 4 KiB: that times 10^9 fits. */
	*link_free =
		bx_later(max(now, *link_free), div64_u64(demand->bytes * NSEC_PER_SEC, bandwidth));
	return *link_free;
}

static u64 queue_up(struct bx_timing *timing, const struct demand *demand, u64 now)
{
	u64 done;

	spin_lock(&timing->lock);
	if (demand->media && timing->unit_free && latency_of(timing, demand))
		done = occupy_units(timing, demand, now);
	else
		done = bx_later(now, latency_of(timing, demand));
	done = max(done, occupy_link(timing, demand, now));
	spin_unlock(&timing->lock);
	return done;
}

u64 bx_timing_due(struct bx_engine *engine, const struct bx_request *request, u64 now)
{
	struct bx_timing *timing = engine->ctrl->timing;
	enum mode mode = READ_ONCE(timing->mode);
	struct demand demand;

	if (mode == MODE_NONE)
		return now;
	measure(engine, &request->cmd.rw, &demand);
	if (mode == MODE_LATENCY)
		return bx_later(now, latency_of(timing, &demand));
	return queue_up(timing, &demand, now);
}
