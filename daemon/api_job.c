// SPDX-License-Identifier: GPL-2.0-or-later
/* The Job interface, and the Manager's signals about jobs. */
#include "daemon/api.h"
#include "daemon/daemon.h"
#include "daemon/names.h"
#include "daemon/util.h"

static void *find(struct bx_daemon *daemon, const char *key)
{
	for (struct bx_job *job = daemon->jobs; job; job = job->next)
		if (bx_streq(job->key, key))
			return job;
	return NULL;
}

static int list(struct bx_daemon *daemon, char ***keys)
{
	int r = 0;

	for (struct bx_job *job = daemon->jobs; r >= 0 && job; job = job->next)
		r = bx_strv_addf(keys, "%s", job->key);
	return r;
}

static const char *state_name(const struct bx_job *job)
{
	return job->ended ? "ended" : job->stuck ? "stuck" : "running";
}

const char *bx_operation_action(enum bx_subject subject)
{
	switch (subject) {
	case BX_OF_EMULATED:
		return "create-device";
	case BX_OF_MODULE:
		return "load-module";
	default:
		return "bind";
	}
}

static const char *action_of(const struct bx_call *call)
{
	const struct bx_job *job = find(call->daemon, call->key);

	/* Where there is none, that is what is answered. */
	return bx_operation_action(job ? bx_operation_subject(&job->operation) : BX_OF_FUNCTION);
}

static int run_cancel(struct bx_call *call, void *object)
{
	return bx_job_cancel(object, &call->failure);
}

static void add(struct json_object *values, const char *name, const char *text)
{
	json_object_object_add(values, name, json_object_new_string(text));
}

static struct json_object *show(void *object)
{
	const struct bx_job *job = object;
	const struct bx_operation *operation = &job->operation;
	struct json_object *values = json_object_new_object(), *objects = json_object_new_array();

	if (!values || !objects)
		return NULL;
	add(values, "Id", job->key);
	add(values, "Kind", bx_kind_name(operation->kind));
	add(values, "DeviceId", operation->device);
	add(values, "Driver", operation->new_driver);
	add(values, "Module", operation->module);
	if (*job->device_key)
		json_object_array_add(objects, json_object_new_string(job->device_key));
	json_object_object_add(values, "Objects", objects);
	add(values, "State", state_name(job));
	add(values, "Step", bx_step_name(operation->step));
	json_object_object_add(values, "Progress",
			       json_object_new_int(job->ended ? 100
							      : bx_step_percent(operation->step)));
	json_object_object_add(values, "Cancelable",
			       json_object_new_boolean(!job->ended &&
						       bx_operation_cancelable(operation)));
	add(values, "Result", bx_result_name(operation->result));
	add(values, "ErrorName", bx_error_bus_name(operation->error));
	add(values, "ErrorMessage", operation->message);
	return values;
}

/* clang-format off */
static const struct bx_field properties[] = {
	BX_FIELD("Id", "s", "Its number.", .constant = true),
	BX_FIELD("Kind", "s", "What is being done, one of the kinds below.", .constant = true),
	BX_FIELD("DeviceId", "s", "To which device; empty for a job that is about a module.", .constant = true),
	BX_FIELD("Driver", "s", "The driver that is to have it; empty if none is.", .constant = true),
	BX_FIELD("Module", "s", "The module that is loaded or unloaded; empty for a job that is about a device.", .constant = true),
	BX_FIELD("Objects", "ao", "The device, if there was an object of it when the job began.", .of = &bx_device_interface, .constant = true),
	BX_FIELD("State", "s", "running, stuck (past its deadline, and hanging in the kernel) or ended."),
	BX_FIELD("Step", "s", "One of the steps below."),
	BX_FIELD("Progress", "u", "Per cent."),
	BX_FIELD("Cancelable", "b", "Whether Cancel would be heard: nothing is changed yet, or it can be undone."),
	BX_FIELD("Result", "s", "One of the results below; empty until it has ended."),
	BX_FIELD("ErrorName", "s", "Of an error below org.byteexpress.bx1.Error; empty if nothing went wrong."),
	BX_FIELD("ErrorMessage", "s", "What went wrong, a sentence."),
	{ 0 }
};

static const struct bx_field no_options[] = { { 0 } };

static const struct bx_method methods[] = {
	{ "Cancel", NULL, no_options, NULL, "", run_cancel,
	  "Has the job end as soon as it can, with what it had changed undone: its Result is refused then, or rolled-back. Wants the authorization that having it done does." },
	{ 0 }
};
/* clang-format on */

const struct bx_interface bx_job_interface = {
	.name = "Job",
	.missing = BX_ERROR_NO_SUCH_JOB,
	.path = BX_PATH_JOBS,
	.numbered = true,
	.properties = properties,
	.methods = methods,
	.find = find,
	.list = list,
	.show = show,
	.action_of = action_of,
	.doc = "Something that is being done to a device. It stays readable for 30 seconds after it has ended.",
};

/* ---------------------------------------------------------------- what is said of them */

void bx_job_say_added(struct bx_job *job)
{
	struct json_object *values = json_object_new_object();

	bx_object_added(job->daemon, &bx_job_interface, job->key);
	add(values, "job", job->key);
	bx_object_signal(job->daemon, &bx_manager_interface, "", "JobNew", values);
}

void bx_job_say_changed(struct bx_job *job)
{
	static const char *const names[] = { "State", "Step", "Progress", "Cancelable", NULL };

	bx_object_changed(job->daemon, &bx_job_interface, job->key, names);
}

void bx_job_say_ended(struct bx_job *job)
{
	static const char *const names[] = { "State",  "Step",	    "Progress",	    "Cancelable",
					     "Result", "ErrorName", "ErrorMessage", NULL };
	struct json_object *values = json_object_new_object();

	bx_object_changed(job->daemon, &bx_job_interface, job->key, names);
	add(values, "job", job->key);
	add(values, "result", bx_result_name(job->operation.result));
	add(values, "error_name", bx_error_bus_name(job->operation.error));
	add(values, "error_message", job->operation.message);
	bx_object_signal(job->daemon, &bx_manager_interface, "", "JobRemoved", values);
}

void bx_job_say_removed(struct bx_job *job)
{
	bx_object_removed(job->daemon, &bx_job_interface, job->key);
}
