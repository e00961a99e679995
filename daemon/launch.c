// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts the worker of a job, an instance of bxd-worker@.service, or of bxd-planner@.service if it only looks: so it lives on
 * when bxd is restarted, has none of bxd's descriptors, and its sandbox and its time are what the unit's file says.
 */
#include "daemon/daemon.h"
#include "daemon/names.h"
#include "daemon/util.h"

#define SYSTEMD_NAME  "org.freedesktop.systemd1"
#define SYSTEMD_PATH  "/org/freedesktop/systemd1"
#define SYSTEMD_IFACE "org.freedesktop.systemd1.Manager"

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct bx_job *job = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(reply);

	job->call = sd_bus_slot_unref(job->call);
	if (e)
		bx_job_launch_failed(job, e->message ?: e->name);
	return 0;
}

static struct bx_path unit_of(const struct bx_job *job)
{
	unsigned long long number = job->operation.job;

	return job->operation.kind == BX_KIND_PLAN ? bx_path(BX_PLANNER_UNIT, number)
						   : bx_path(BX_WORKER_UNIT, number);
}

/* The unit has been started, or cannot be: its program is not there, say. */
static int on_unit_started(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	struct bx_job *job = userdata;
	const char *unit, *result;

	if (sd_bus_message_read(signal, "uoss", NULL, NULL, &unit, &result) < 0 ||
	    !bx_streq(unit, unit_of(job).s))
		return 0;
	job->unit_started = sd_bus_slot_unref(job->unit_started);
	if (!bx_streq(result, "done"))
		bx_job_launch_failed(job, bx_path("the service manager says: %s", result).s);
	return 0;
}

int bx_launch_worker(struct bx_daemon *daemon, struct bx_job *job)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	int r;

	r = sd_bus_message_new_method_call(daemon->bus, &message, SYSTEMD_NAME, SYSTEMD_PATH,
					   SYSTEMD_IFACE, "StartUnit");
	if (r >= 0)
		r = sd_bus_message_append(message, "ss", unit_of(job).s, "replace");
	/* Of all units for as long: sd-bus itself cannot look at what follows a number. */
	job->unit_started = sd_bus_slot_unref(job->unit_started);
	if (r >= 0)
		r = sd_bus_match_signal_async(daemon->bus, &job->unit_started, SYSTEMD_NAME,
					      SYSTEMD_PATH, SYSTEMD_IFACE, "JobRemoved",
					      on_unit_started, NULL, job);
	if (r < 0)
		return r;
	job->call = sd_bus_slot_unref(job->call);
	return sd_bus_call_async(daemon->bus, &job->call, message, on_started, job, 0);
}
