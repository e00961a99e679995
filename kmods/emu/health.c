// SPDX-License-Identifier: GPL-2.0-only
/*
 * Health: what can be set of it and what follows from that by itself, the warnings, the events that tell of them, and the log page
 * of it all, SMART.
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include "admin.h"
#include "io.h"

#define UNIT_BYTES 512000 /* data units: thousands of 512 bytes */

/* Critical warnings that are events of their own, by what the event says. */
enum {
	HEALTH_RELIABILITY,
	HEALTH_TEMPERATURE,
	HEALTH_SPARE
};

/* ---- warnings */

static u8 warnings_of(const struct bx_health *health)
{
	u8 warnings = health->forced;

	if (health->temperature >= health->over || health->temperature <= health->under)
		warnings |= NVME_SMART_CRIT_TEMPERATURE;
	if (health->spare < BX_SPARE_THRESHOLD)
		warnings |= NVME_SMART_CRIT_SPARE;
	return warnings;
}

static void tell_warnings(struct bx_ctrl *ctrl, u8 warnings)
{
	/* One that the host does not want to hear of has no event, not even where others share it. */
	warnings &= READ_ONCE(ctrl->admin->events.enabled);
	if (warnings & NVME_SMART_CRIT_TEMPERATURE)
		bx_event(ctrl, BX_EVENT_HEALTH, HEALTH_TEMPERATURE, NVME_LOG_SMART);
	if (warnings & NVME_SMART_CRIT_SPARE)
		bx_event(ctrl, BX_EVENT_HEALTH, HEALTH_SPARE, NVME_LOG_SMART);
	if (warnings & ~(NVME_SMART_CRIT_TEMPERATURE | NVME_SMART_CRIT_SPARE))
		bx_event(ctrl, BX_EVENT_HEALTH, HEALTH_RELIABILITY, NVME_LOG_SMART);
}

/* The time since it was last done goes to where the temperature was; with the lock held. */
static void pass_time(struct bx_health *health, u64 now)
{
	if (health->temperature >= BX_CRITICAL_KELVIN)
		health->critical_ns += now - health->since;
	else if (health->temperature >= BX_WARNING_KELVIN)
		health->warm_ns += now - health->since;
	health->since = now;
}

/* The health has changed; with the lock held. The warnings that are new. */
static u8 update_warnings(struct bx_health *health)
{
	u8 warnings = warnings_of(health), fresh = warnings & ~health->warnings;

	health->warnings = warnings;
	return fresh;
}

void bx_health_create(struct bx_ctrl *ctrl)
{
	ctrl->admin->health = (struct bx_health){
		.temperature = BX_TEMPERATURE,
		.spare = 100,
		.since = ctrl->admin->since,
	};
}

void bx_health_force(struct bx_ctrl *ctrl, u8 warnings)
{
	struct bx_admin_state *admin = ctrl->admin;
	u8 fresh;

	spin_lock(&admin->lock);
	admin->health.forced = warnings;
	fresh = update_warnings(&admin->health);
	spin_unlock(&admin->lock);
	tell_warnings(ctrl, fresh);
}

void bx_health_set_temperature(struct bx_ctrl *ctrl, u16 kelvin)
{
	struct bx_admin_state *admin = ctrl->admin;
	u8 fresh;

	spin_lock(&admin->lock);
	pass_time(&admin->health, ktime_get_ns());
	admin->health.temperature = kelvin;
	fresh = update_warnings(&admin->health);
	spin_unlock(&admin->lock);
	tell_warnings(ctrl, fresh);
}

void bx_health_set_spare(struct bx_ctrl *ctrl, u8 percent)
{
	struct bx_admin_state *admin = ctrl->admin;
	u8 fresh;

	spin_lock(&admin->lock);
	admin->health.spare = percent;
	fresh = update_warnings(&admin->health);
	spin_unlock(&admin->lock);
	tell_warnings(ctrl, fresh);
}

/* How worn it is says nothing of whether it works: there is no warning of that. */
void bx_health_set_used(struct bx_ctrl *ctrl, u8 percent)
{
	struct bx_admin_state *admin = ctrl->admin;

	spin_lock(&admin->lock);
	admin->health.used = percent;
	spin_unlock(&admin->lock);
}

struct bx_health bx_health_get(struct bx_ctrl *ctrl)
{
	struct bx_admin_state *admin = ctrl->admin;
	struct bx_health health;

	spin_lock(&admin->lock);
	health = admin->health;
	spin_unlock(&admin->lock);
	return health;
}

void bx_health_set_thresholds(struct bx_ctrl *ctrl, u16 over, u16 under)
{
	struct bx_admin_state *admin = ctrl->admin;
	u8 fresh;

	spin_lock(&admin->lock);
	admin->health.over = over;
	admin->health.under = under;
	fresh = update_warnings(&admin->health);
	spin_unlock(&admin->lock);
	tell_warnings(ctrl, fresh);
}

void bx_health_remind(struct bx_ctrl *ctrl)
{
	struct bx_admin_state *admin = ctrl->admin;
	u8 warnings;

	spin_lock(&admin->lock);
	warnings = admin->health.warnings;
	spin_unlock(&admin->lock);
	tell_warnings(ctrl, warnings);
}

/* ---- the log page */

struct sums {
	u64 read, written, reads, writes, busy;
};

/*
 * What counts is what the NVM command set says: units are read by Compare, Read and Verify; a host's reads are Compare, Copy and
 * Read; Copy and Write are its writes, and write units. With the world held: they are the engines'.
 */
static struct sums add_up(const struct bx_ctrl *ctrl)
{
	struct sums sums = {};

	for (unsigned int i = 0; i < ctrl->engine_count; i++) {
		const struct bx_engine_stats *stats = &ctrl->engines[i].stats;

		sums.read += stats->bytes_read + stats->bytes_checked;
		sums.written += stats->bytes_written + stats->bytes_copied;
		for (unsigned int opcode = 0; opcode < 256; opcode++) {
			unsigned int flags = bx_io_commands[opcode].flags;

			sums.reads += flags & BX_IO_HOST_READ ? stats->commands[1][opcode] : 0;
			sums.writes += flags & BX_IO_HOST_WRITE ? stats->commands[1][opcode] : 0;
		}
		sums.busy += stats->busy_ns;
	}
	return sums;
}

u64 bx_bytes_written(const struct bx_ctrl *ctrl)
{
	return add_up(ctrl).written;
}

static u64 in_units(u64 bytes)
{
	return div_u64(bytes + UNIT_BYTES - 1, UNIT_BYTES);
}

static u64 in_minutes(u64 ns)
{
	return div64_u64(ns, 60ull * NSEC_PER_SEC);
}

void bx_health_make_log(struct bx_ctrl *ctrl, void *page)
{
	struct bx_admin_state *admin = ctrl->admin;
	struct nvme_smart_log *log = page;
	struct sums sums = add_up(ctrl);
	u64 now = ktime_get_ns(), errors;
	struct bx_health health;

	spin_lock(&admin->lock);
	health = admin->health;
	errors = admin->errors.count;
	spin_unlock(&admin->lock);
	pass_time(&health, now);
	log->critical_warning = health.warnings;
	log->temperature[0] = health.temperature;
	log->temperature[1] = health.temperature >> 8;
	log->avail_spare = health.spare;
	log->spare_thresh = BX_SPARE_THRESHOLD;
	log->percent_used = health.used;
	bx_put_wide(log->data_units_read, in_units(sums.read));
	bx_put_wide(log->data_units_written, in_units(sums.written));
	bx_put_wide(log->host_reads, sums.reads);
	bx_put_wide(log->host_writes, sums.writes);
	bx_put_wide(log->ctrl_busy_time, in_minutes(sums.busy));
	bx_put_wide(log->power_cycles, 1 + health.power_losses);
	bx_put_wide(log->power_on_hours, bx_power_on_hours(ctrl, now));
	bx_put_wide(log->unsafe_shutdowns, health.unsafe_shutdowns);
	bx_put_wide(log->media_errors, health.media_errors);
	bx_put_wide(log->num_err_log_entries, errors);
	log->warning_temp_time = cpu_to_le32(in_minutes(health.warm_ns));
	log->critical_comp_time = cpu_to_le32(in_minutes(health.critical_ns));
}
