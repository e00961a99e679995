// SPDX-License-Identifier: GPL-2.0-or-later
/* The job objects on the bus, and the Manager's signals about them. */
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/util.h"

static int find_job(sd_bus *bus, const char *path, const char *interface, void *userdata,
		    void **found, sd_bus_error *error)
{
	struct bx_daemon *daemon = userdata;

	for (struct bx_job *job = daemon->jobs; job; job = job->next) {
		if (bx_streq(job->path, path)) {
			*found = job;
			return 1;
		}
	}
	return 0;
}

static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***nodes,
		     sd_bus_error *error)
{
	struct bx_daemon *daemon = userdata;
	char **list = NULL;
	int r;

	for (struct bx_job *job = daemon->jobs; job; job = job->next) {
		r = bx_strv_addf(&list, "%s", job->path);
		if (r < 0) {
			bx_strv_free(list);
			return r;
		}
	}
	*nodes = list;
	return 0;
}

static const char *state_name(const struct bx_job *job)
{
	return job->ended ? "ended" : job->stuck ? "stuck" : "running";
}

#define GETTER(name, type, value)                                                    \
	static int name(sd_bus *bus, const char *path, const char *interface,        \
			const char *property, sd_bus_message *reply, void *userdata, \
			sd_bus_error *error)                                         \
	{                                                                            \
		const struct bx_job *job = userdata;                                 \
                                                                                     \
		return sd_bus_message_append(reply, type, value);                    \
	}

GETTER(get_kind, "s", bx_kind_name(job->operation.kind))
GETTER(get_state, "s", state_name(job))
GETTER(get_step, "s", bx_step_name(job->operation.step))
GETTER(get_progress, "u", job->ended ? 100 : bx_step_percent(job->operation.step))
GETTER(get_driver, "s", job->operation.new_driver)
GETTER(get_result, "s", bx_result_name(job->operation.result))
GETTER(get_error_name, "s", bx_error_bus_name(job->operation.error))
GETTER(get_error_message, "s", job->operation.message)
GETTER(get_device_id, "s", job->operation.device)

static int get_objects(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct bx_job *job = userdata;

	if (bx_streq(job->device_path, "/"))
		return sd_bus_message_append(reply, "ao", 0);
	return sd_bus_message_append(reply, "ao", 1, job->device_path);
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONST	SD_BUS_VTABLE_PROPERTY_CONST

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Kind", "s", get_kind, 0, CONST),
	SD_BUS_PROPERTY("DeviceId", "s", get_device_id, 0, CONST),
	SD_BUS_PROPERTY("Driver", "s", get_driver, 0, CONST),
	SD_BUS_PROPERTY("Objects", "ao", get_objects, 0, CONST),
	SD_BUS_PROPERTY("State", "s", get_state, 0, CHANGES),
	SD_BUS_PROPERTY("Step", "s", get_step, 0, CHANGES),
	SD_BUS_PROPERTY("Progress", "u", get_progress, 0, CHANGES),
	SD_BUS_PROPERTY("Result", "s", get_result, 0, CHANGES),
	SD_BUS_PROPERTY("ErrorName", "s", get_error_name, 0, CHANGES),
	SD_BUS_PROPERTY("ErrorMessage", "s", get_error_message, 0, CHANGES),
	SD_BUS_VTABLE_END,
};

int bx_job_bus_register(struct bx_daemon *daemon)
{
	int r;

	r = sd_bus_add_fallback_vtable(daemon->bus, NULL, BX_PATH_JOBS, BX_IFACE_JOB, vtable,
				       find_job, daemon);
	if (r >= 0)
		r = sd_bus_add_node_enumerator(daemon->bus, NULL, BX_PATH_JOBS, enumerate, daemon);
	return r;
}

static void check_sent(const struct bx_job *job, int r)
{
	if (r < 0)
		bx_log(LOG_WARNING, "A signal about job %llu cannot be sent: %s",
		       (unsigned long long)job->operation.job, strerror(-r));
}

void bx_job_bus_added(struct bx_job *job)
{
	sd_bus *bus = job->daemon->bus;
	int r;

	r = sd_bus_emit_object_added(bus, job->path);
	if (r >= 0)
		r = sd_bus_emit_signal(bus, BX_PATH_ROOT, BX_IFACE_MANAGER, "JobNew", "o",
				       job->path);
	check_sent(job, r);
}

void bx_job_bus_changed(struct bx_job *job)
{
	check_sent(job, sd_bus_emit_properties_changed(job->daemon->bus, job->path, BX_IFACE_JOB,
						       "State", "Step", "Progress", NULL));
}

void bx_job_bus_ended(struct bx_job *job)
{
	sd_bus *bus = job->daemon->bus;
	int r;

	r = sd_bus_emit_properties_changed(bus, job->path, BX_IFACE_JOB, "State", "Step",
					   "Progress", "Result", "ErrorName", "ErrorMessage", NULL);
	if (r >= 0)
		r = sd_bus_emit_signal(bus, BX_PATH_ROOT, BX_IFACE_MANAGER, "JobRemoved", "osss",
				       job->path, bx_result_name(job->operation.result),
				       bx_error_bus_name(job->operation.error),
				       job->operation.message);
	check_sent(job, r);
}

void bx_job_bus_removed(struct bx_job *job)
{
	check_sent(job, sd_bus_emit_object_removed(job->daemon->bus, job->path));
}
