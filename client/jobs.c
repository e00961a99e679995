// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waits for a job. bxd may be restarted meanwhile: the job goes on without it and is found again
 * under its old name, so an answer that does not come is waited for as well.
 */
#include "client/bxctl.h"
#include "daemon/names.h"
#include "daemon/root.h"
#include "daemon/util.h"

#include <time.h>

#define LOOK_US	    (500 * 1000ULL)
#define PATIENCE_S  60
#define BAR_COLUMNS 24

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	*(bool *)userdata = true;
	return 0;
}

static void show_progress(struct json_object *job)
{
	int percent = atoi(bxctl_text(job, "Progress")), filled = percent * BAR_COLUMNS / 100;

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K[%.*s%*s] %3d%% %s%s", filled, "########################",
		BAR_COLUMNS - filled, "", percent, bxctl_text(job, "Step"),
		bx_streq(bxctl_text(job, "State"), "stuck") ? " (hangs in the kernel)" : "");
	fflush(stderr);
}

static void clear_progress(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/* Until something is heard about the job or some time has passed. */
static void wait_a_while(struct bxctl *ctl, bool *heard)
{
	int r;

	do {
		r = sd_bus_process(ctl->bus, NULL);
	} while (r > 0 && !*heard);
	if (r >= 0 && !*heard)
		sd_bus_wait(ctl->bus, LOOK_US);
	*heard = false;
}

static enum bx_exit tell(struct bxctl *ctl, struct json_object *job, const char *what)
{
	enum bx_error error = BX_ERROR_NONE;

	if (ctl->json)
		bxctl_print_json(job, false);
	if (bx_error_from_name(bxctl_text(job, "ErrorName"), &error) < 0)
		error = BX_ERROR_INTERNAL;
	if (error == BX_ERROR_NONE && !bx_streq(bxctl_text(job, "Result"), "done"))
		error = BX_ERROR_INTERNAL;
	if (error != BX_ERROR_NONE)
		bxctl_error("%s: %s (%s)", what, bxctl_text(job, "ErrorMessage"),
			    bx_error_name(error));
	return bx_error_exit_code(error);
}

/* The bus or the service is not there at the moment, as during a restart of bxd. */
static bool may_come_back(const sd_bus_error *error)
{
	return bxctl_no_answer(error) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

enum bx_exit bxctl_wait_job(struct bxctl *ctl, const char *path, const char *what)
{
	_cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
	time_t patience = 0;
	bool heard = false;
	int r;

	r = sd_bus_match_signal(ctl->bus, &slot, BX_BUS_NAME, path,
				"org.freedesktop.DBus.Properties", "PropertiesChanged", on_signal,
				&heard);
	for (;;) {
		_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
		_cleanup_(json_object_putp) struct json_object *job = NULL;

		if (r >= 0)
			r = bxctl_get_all(ctl, path, BX_IFACE_JOB, &job, &error);
		if (r >= 0) {
			patience = 0;
			if (bx_streq(bxctl_text(job, "State"), "ended")) {
				clear_progress();
				return tell(ctl, job, what);
			}
			show_progress(job);
		} else {
			if (!patience)
				patience = time(NULL) + PATIENCE_S;
			if (!may_come_back(&error) || time(NULL) > patience) {
				clear_progress();
				return bxctl_call_failed(what, r, &error);
			}
			r = 0;
		}
		wait_a_while(ctl, &heard);
	}
}

enum bx_exit bxctl_call_job(struct bxctl *ctl, sd_bus_message *call, int r, const char *what)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *job;

	if (r >= 0)
		r = sd_bus_call(ctl->bus, call, 0, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &job);
	if (r < 0)
		return bxctl_call_failed(what, r, &error);
	/* None: it was done at once. */
	return bx_streq(job, "/") ? BX_EXIT_OK : bxctl_follow_job(ctl, job, what);
}

enum bx_exit bxctl_act(struct bxctl *ctl, const char *name, const char *method,
		       const char *argument, const char *cannot)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	_cleanup_(json_object_putp) struct json_object *device = NULL;
	enum bx_exit code;
	char what[512];
	int r;

	code = bxctl_find_device(ctl, name, &device);
	if (code != BX_EXIT_OK)
		return code;
	snprintf(what, sizeof(what), "%s %s", bxctl_text(device, "Id"), cannot);
	r = sd_bus_message_new_method_call(ctl->bus, &call, BX_BUS_NAME,
					   bxctl_text(device, "Object"), BX_IFACE_DEVICE, method);
	if (r >= 0 && argument)
		r = sd_bus_message_append(call, "s", argument);
	if (r >= 0 && ctl->with_data)
		r = sd_bus_message_append(call, "a{sv}", 1, "with_data", "b", true);
	else if (r >= 0)
		r = sd_bus_message_append(call, "a{sv}", 0);
	return bxctl_call_job(ctl, call, r, what);
}

/* As --no-wait prints it, or its number alone. */
enum bx_exit bxctl_cancel(struct bxctl *ctl, const char *job)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct bx_path path =
		strchr(job, '/') ? bx_path("%s", job) : bx_path(BX_PATH_JOBS "/%s", job);
	char what[128];
	int r;

	snprintf(what, sizeof(what), "Job %.64s cannot be cancelled", job);
	if (!sd_bus_object_path_is_valid(path.s)) {
		bxctl_error("'%s' is no job: a number, or what --no-wait has printed", job);
		return BX_EXIT_USAGE;
	}
	r = sd_bus_call_method(ctl->bus, BX_BUS_NAME, path.s, BX_IFACE_JOB, "Cancel", &error, NULL,
			       "a{sv}", 0);
	if (sd_bus_error_has_name(&error, SD_BUS_ERROR_UNKNOWN_OBJECT)) {
		bxctl_error("There is no job %s, or it ended more than 30 seconds ago (%s)", job,
			    bx_error_name(BX_ERROR_NO_SUCH_JOB));
		return bx_error_exit_code(BX_ERROR_NO_SUCH_JOB);
	}
	return r < 0 ? bxctl_call_failed(what, r, &error) : BX_EXIT_OK;
}

enum bx_exit bxctl_follow_job(struct bxctl *ctl, const char *job, const char *what)
{
	if (!ctl->no_wait)
		return bxctl_wait_job(ctl, job, what);
	printf("%s\n", job);
	return BX_EXIT_OK;
}
