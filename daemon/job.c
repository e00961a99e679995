// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jobs: operations under way. bxd writes the intent into the journal and starts a worker; from then
 * on it only reads the journal and watches the device's lock, which tell all there is to know, to
 * this bxd as to the one after a restart. A worker that died is followed by another one.
 */
#include "daemon/api.h"
#include "daemon/daemon.h"
#include "daemon/file.h"
#include "daemon/lock.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/util.h"
#include "daemon/work.h"

#define CHECK_US	 1000000ULL
#define KEEP_ENDED_US	 (30 * 1000000ULL)
#define LAUNCH_GRACE_US	 (10 * 1000000ULL) /* until a worker must have been seen */
#define STEP_DEADLINE_US (30 * 1000000ULL)
#define LAUNCH_RETRY_US	 500000ULL
#define LAUNCHES_MAX	 5

static void check_job(struct bx_job *job);
static int reread(struct bx_job *job);
static int on_timer(sd_event_source *source, uint64_t now, void *userdata);

/* ---------------------------------------------------------------- objects */

static void free_job(struct bx_job *job)
{
	sd_event_source_disable_unref(job->timer);
	sd_bus_slot_unref(job->call);
	sd_bus_slot_unref(job->unit_started);
	bx_call_free(job->asker);
	free(job);
}

static int set_timer(struct bx_job *job, uint64_t usec)
{
	if (job->timer)
		return sd_event_source_set_time_relative(job->timer, usec) < 0
			       ? -EIO
			       : sd_event_source_set_enabled(job->timer, SD_EVENT_ONESHOT);
	return sd_event_add_time_relative(job->daemon->event, &job->timer, CLOCK_MONOTONIC, usec,
					  BX_TIMER_ACCURACY_US, on_timer, job);
}

static bool is_for(const struct bx_job *job, const struct bx_device *device)
{
	enum bx_subject subject = bx_operation_subject(&job->operation);

	if (subject == BX_OF_MODULE || subject == BX_OF_BUS)
		return false;
	if (*job->operation.name || *device->name)
		return bx_streq(job->operation.name, device->name);
	/* One that was let go comes back as another function of the kernel's. */
	if (job->operation.kind == BX_KIND_REENUMERATE)
		return bx_streq(job->operation.address, device->pci.address);
	return job->operation.inode == device->pci.inode &&
	       bx_streq(job->operation.address, device->pci.address);
}

static struct bx_device *device_of_job(const struct bx_job *job)
{
	for (struct bx_device *device = job->daemon->devices; device; device = device->next)
		if (is_for(job, device))
			return device;
	return NULL;
}

struct bx_job *bx_job_of_device(struct bx_daemon *daemon, const struct bx_device *device)
{
	for (struct bx_job *job = daemon->jobs; job; job = job->next)
		if (!job->ended && is_for(job, device))
			return job;
	return NULL;
}

static int add_job(struct bx_daemon *daemon, const struct bx_operation *operation,
		   struct bx_job **ret)
{
	struct bx_job *job = calloc(1, sizeof(*job));
	struct bx_device *device;
	int r;

	if (!job)
		return -ENOMEM;
	job->daemon = daemon;
	job->operation = *operation;
	job->step_began = bx_now();
	snprintf(job->key, sizeof(job->key), "%llu", (unsigned long long)operation->job);
	device = device_of_job(job);
	if (device && device->shown)
		bx_copy(job->device_key, sizeof(job->device_key), device->shown_id);
	r = set_timer(job, CHECK_US);
	if (r < 0) {
		free_job(job);
		return r;
	}
	job->next = daemon->jobs;
	daemon->jobs = job;
	*ret = job;
	return 0;
}

static void remove_job(struct bx_job *job)
{
	struct bx_job **p = &job->daemon->jobs;

	/* The bus looks up what it says has gone, so it is said first. */
	bx_job_say_removed(job);
	while (*p != job)
		p = &(*p)->next;
	*p = job->next;
	free_job(job);
}

void bx_jobs_free(struct bx_daemon *daemon)
{
	while (daemon->jobs) {
		struct bx_job *job = daemon->jobs;

		daemon->jobs = job->next;
		free_job(job);
	}
}

/* ---------------------------------------------------------------- beginning */

/* Numbers are not used twice while the machine runs, so that nobody waits for another's job. */
static int take_number(struct bx_daemon *daemon, uint64_t *ret)
{
	_cleanup_close_ int folder = bx_folder_open(&daemon->root, BX_DIR_RUN);
	char text[24] = "";
	uint64_t saved;
	ssize_t n;

	if (folder < 0)
		return folder;
	n = bx_file_read(folder, "next-job", text, sizeof(text) - 1);
	if (n < 0 && n != -ENOENT)
		return n;
	saved = n > 0 ? strtoull(text, NULL, 10) : 0;
	if (saved > daemon->next_job && saved < INT64_MAX)
		daemon->next_job = saved;
	*ret = daemon->next_job++;
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)daemon->next_job);
	return bx_file_replace(folder, "next-job", text, false);
}

static void launch(struct bx_job *job)
{
	int r;

	job->launched = job->step_began = bx_now();
	job->lock_seen = job->launch_failed = false;
	job->attempts_before = job->operation.attempts;
	job->launches++;
	r = job->daemon->launch(job->daemon, job);
	if (r < 0)
		bx_job_launch_failed(job, strerror(-r));
}

static int plan(const struct bx_device *device, enum bx_kind kind, const char *driver,
		struct bx_operation *operation, struct bx_failure *failure)
{
	int r;

	if (kind == BX_KIND_BIND || kind == BX_KIND_UNBIND) {
		r = bx_rebind_plan(&device->pci, driver, operation, failure);
		if (r < 0)
			return r;
	} else {
		*operation = (struct bx_operation){ .kind = kind, .inode = device->pci.inode };
		bx_copy(operation->old_driver, sizeof(operation->old_driver), device->pci.driver);
		bx_copy(operation->address, sizeof(operation->address), device->pci.address);
	}
	bx_copy(operation->name, sizeof(operation->name), device->name);
	bx_copy(operation->device, sizeof(operation->device), device->id);
	return 0;
}

/* @with is the plan that goes with it, or NULL: there before what it belongs to. */
static int write_intent(struct bx_daemon *daemon, struct bx_operation *operation,
			const struct bx_plan *with, struct bx_failure *failure)
{
	int r;

	r = take_number(daemon, &operation->job);
	if (r >= 0 && with)
		r = bx_plan_write(&daemon->journal, operation->job, with);
	if (r >= 0)
		r = bx_journal_write(&daemon->journal, operation);
	if (r >= 0)
		return 0;
	/* What was refused is not done after a restart either. */
	bx_journal_remove(&daemon->journal, operation->job);
	return bx_fail(failure, r, BX_ERROR_INTERNAL,
		       "the intent cannot be written to the journal: %s", strerror(-r));
}

/* What is written down as old is what is there now, not what was last seen. */
static int read_again(struct bx_device *device, struct bx_failure *failure)
{
	struct bx_daemon *daemon = device->daemon;
	struct bx_pci now;
	int r;

	r = bx_pci_read(&daemon->root, device->pci.address, &now);
	if (r < 0) {
		bx_inventory_refresh_later(daemon);
		return bx_fail(failure, r, BX_ERROR_NO_SUCH_DEVICE, "%s cannot be read: %s",
			       device->pci.address, strerror(-r));
	}
	/* An address is not a device: another one may have come to it, whose event is still on its way. */
	if (now.inode != device->pci.inode) {
		bx_pci_done(&now);
		bx_inventory_refresh_later(daemon);
		return bx_fail(failure, -ENODEV, BX_ERROR_NO_SUCH_DEVICE,
			       "%s has left %s, and another device is there now", device->id,
			       device->pci.address);
	}
	bx_pci_done(&device->pci);
	device->pci = now;
	return 0;
}

/* Whether that can be done to the device as it is. */
static int check_state(struct bx_device *device, enum bx_kind kind, struct bx_failure *failure)
{
	bool there = *device->pci.address;

	if (device->job)
		return bx_fail(failure, -EBUSY, BX_ERROR_JOB_IN_PROGRESS,
			       "job %llu is at work on %s",
			       (unsigned long long)device->job->operation.job, device->id);
	/* Its function lives as long as it is on: to let it go would be to pull it out. */
	if (kind == BX_KIND_REENUMERATE && *device->name)
		return bx_fail(failure, -EINVAL, BX_ERROR_WRONG_STATE,
			       "%s is an emulated device: stop it and start it", device->id);
	if (kind == BX_KIND_REMOVE && *device->name)
		return bx_fail(failure, -EINVAL, BX_ERROR_WRONG_STATE,
			       "%s is an emulated device: stop it", device->id);
	if (bx_kind_subject(kind) == BX_OF_FUNCTION)
		return there ? read_again(device, failure)
			     : bx_fail(failure, -ENODEV, BX_ERROR_WRONG_STATE,
				       "%s is stopped: start it first", device->id);
	if (!*device->name)
		return bx_fail(failure, -EINVAL, BX_ERROR_WRONG_STATE, "%s is no emulated device",
			       device->id);
	if (kind == BX_KIND_START)
		return !device->definition
			       ? bx_fail(failure, -ENOENT, BX_ERROR_WRONG_STATE,
					 "%s was not made by bxd, and has no definition",
					 device->id)
		       : device->emulation == BX_EMULATION_NONE
			       ? 0
			       : bx_fail(failure, -EEXIST, BX_ERROR_WRONG_STATE,
					 "%s is there already", device->id);
	if (device->emulation == BX_EMULATION_NONE)
		return bx_fail(failure, -ENOENT, BX_ERROR_WRONG_STATE, "%s is stopped already",
			       device->id);
	return there ? read_again(device, failure) : 0;
}

static int prepare(struct bx_device *device, const struct bx_wish *wish, struct bx_operation *ret,
		   struct bx_failure *failure)
{
	int r = check_state(device, wish->kind, failure);

	if (r >= 0)
		r = plan(device, wish->kind, wish->driver, ret, failure);
	if (r < 0)
		return r;
	ret->with_data = wish->with_data;
	ret->forget = wish->forget;
	ret->as_planned = wish->plan;
	return 0;
}

/* The intent is written down, and the job is there. */
static int begin(struct bx_daemon *daemon, struct bx_operation *operation,
		 const struct bx_plan *with, struct bx_job **ret, struct bx_failure *failure)
{
	int r;

	bx_copy(operation->boot_id, sizeof(operation->boot_id), daemon->boot_id);
	r = write_intent(daemon, operation, with, failure);
	if (r < 0)
		return r;
	r = add_job(daemon, operation, ret);
	if (r >= 0)
		return 0;
	bx_journal_remove(&daemon->journal, operation->job);
	return bx_fail(failure, r, BX_ERROR_INTERNAL, "the job cannot be begun: %s", strerror(-r));
}

/* One that the object is there for. */
static int begin_for(struct bx_device *device, struct bx_operation *operation,
		     const struct bx_plan *with, struct bx_job **ret, struct bx_failure *failure)
{
	int r = begin(device->daemon, operation, with, ret, failure);

	if (r < 0)
		return r;
	device->job = *ret;
	bx_job_say_added(*ret);
	bx_device_show(device);
	return 0;
}

/* What it is, as planned or planned only, and the worker. */
static int start(struct bx_device *device, const struct bx_wish *wish,
		 struct bx_operation *operation, const char *how, struct bx_job **ret,
		 struct bx_failure *failure)
{
	const char *driver = wish->driver;
	int r = begin_for(device, operation, wish->plan, ret, failure);

	if (r < 0)
		return r;
	bx_log_event(LOG_INFO, BX_MESSAGE_JOB_STARTED, device->id, "Job %s: %s%s%s%s", (*ret)->key,
		     bx_kind_name(wish->kind), driver ? " to " : "", driver ?: "", how);
	launch(*ret);
	return 0;
}

int bx_job_start(struct bx_device *device, const struct bx_wish *wish, struct bx_job **ret,
		 struct bx_failure *failure)
{
	struct bx_operation operation;
	int r = prepare(device, wish, &operation, failure);

	return r < 0 ? r
		     : start(device, wish, &operation, wish->plan ? ", as planned" : "", ret,
			     failure);
}

int bx_job_start_plan(struct bx_device *device, const struct bx_wish *wish, struct bx_job **ret,
		      struct bx_failure *failure)
{
	struct bx_operation operation;
	int r = prepare(device, wish, &operation, failure);

	if (r < 0)
		return r;
	operation.kind = BX_KIND_PLAN;
	operation.planned = wish->kind;
	operation.as_planned = false;
	return start(device, wish, &operation, ", to be planned", ret, failure);
}

int bx_job_start_plan_creation(struct bx_daemon *daemon, const char *name,
			       const struct bx_plan *request, struct bx_job **ret,
			       struct bx_failure *failure)
{
	struct bx_operation operation = { .kind = BX_KIND_PLAN, .planned = BX_KIND_START };
	int r;

	for (struct bx_job *job = daemon->jobs; job; job = job->next)
		if (!job->ended && bx_streq(job->operation.name, name))
			return bx_fail(failure, -EBUSY, BX_ERROR_JOB_IN_PROGRESS,
				       "job %s is at work on %s", job->key, name);
	bx_copy(operation.name, sizeof(operation.name), name);
	bx_copy(operation.device, sizeof(operation.device), name);
	r = begin(daemon, &operation, request, ret, failure);
	if (r < 0)
		return r;
	bx_log_event(LOG_INFO, BX_MESSAGE_JOB_STARTED, NULL, "Job %s: plan of %s", (*ret)->key,
		     name);
	bx_job_say_added(*ret);
	launch(*ret);
	return 0;
}

static int start_without_device(struct bx_daemon *daemon, struct bx_operation *operation,
				struct bx_job **ret, struct bx_failure *failure)
{
	struct bx_job *job;
	int r;

	r = begin(daemon, operation, NULL, &job, failure);
	if (r < 0)
		return r;
	bx_log_event(LOG_INFO, BX_MESSAGE_JOB_STARTED, NULL, "Job %s: %s %s %s", job->key,
		     bx_kind_name(operation->kind), operation->module, operation->parameters);
	bx_job_say_added(job);
	launch(job);
	*ret = job;
	return 0;
}

int bx_job_start_module(struct bx_daemon *daemon, enum bx_kind kind, const char *module,
			const char *parameters, struct bx_job **ret, struct bx_failure *failure)
{
	struct bx_operation operation = { .kind = kind };
	struct bx_job *job;

	for (job = daemon->jobs; job; job = job->next)
		if (!job->ended && bx_streq(job->operation.module, module))
			return bx_fail(failure, -EBUSY, BX_ERROR_JOB_IN_PROGRESS,
				       "job %s is at work on module %s", job->key, module);
	bx_copy(operation.module, sizeof(operation.module), module);
	if (bx_copy(operation.parameters, sizeof(operation.parameters), parameters) < 0)
		return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			       "the parameters are longer than %d bytes",
			       BX_MODULE_PARAMETERS_MAX - 1);
	return start_without_device(daemon, &operation, ret, failure);
}

int bx_job_start_rescan(struct bx_daemon *daemon, struct bx_job **ret, struct bx_failure *failure)
{
	struct bx_operation operation = { .kind = BX_KIND_RESCAN };

	for (struct bx_job *job = daemon->jobs; job; job = job->next)
		if (!job->ended && job->operation.kind == BX_KIND_RESCAN)
			return bx_fail(failure, -EBUSY, BX_ERROR_JOB_IN_PROGRESS,
				       "job %s is looking at the buses", job->key);
	return start_without_device(daemon, &operation, ret, failure);
}

int bx_job_cancel(struct bx_job *job, struct bx_failure *failure)
{
	int r;

	if (job->ended || !bx_operation_cancelable(&job->operation))
		return bx_fail(failure, -EINVAL, BX_ERROR_WRONG_STATE,
			       job->ended ? "job %s has ended"
					  : "job %s is past what can be undone",
			       job->key);
	r = bx_journal_cancel(&job->daemon->journal, job->operation.job);
	if (r < 0)
		return bx_fail(failure, r, BX_ERROR_INTERNAL,
			       "that job %s is cancelled cannot be written down: %s", job->key,
			       strerror(-r));
	bx_log_event(LOG_INFO, BX_MESSAGE_JOB_CANCELLED, job->operation.device,
		     "Job %s is to be cancelled, at step %s", job->key,
		     bx_step_name(job->operation.step));
	return 0;
}

/* ---------------------------------------------------------------- ending */

static void set_last_error(struct bx_device *device, const struct bx_operation *operation)
{
	if (operation->error == BX_ERROR_NONE)
		*device->last_error = 0;
	else
		snprintf(device->last_error, sizeof(device->last_error), "%s: %s",
			 bx_error_name(operation->error), operation->message);
}

/*
 * Of what was to be there only while it is on, and is not on; of what was to be stopped for good, and is. Once: by the next
 * time that this journal is read, somebody may have made another of that name.
 */
static void forget_definition(struct bx_job *job)
{
	struct bx_operation *operation = &job->operation;
	bool done = operation->result == BX_RESULT_DONE, start = operation->kind == BX_KIND_START;
	int r;

	if (done != start)
		bx_device_drop(job->daemon, operation->name);
	operation->forget = false;
	r = bx_journal_write(&job->daemon->journal, operation);
	if (r < 0)
		bx_log_event(LOG_ERR, NULL, operation->device,
			     "Job %s: the journal cannot be written: %s", job->key, strerror(-r));
}

static void end_job(struct bx_job *job)
{
	const struct bx_operation *operation = &job->operation;
	struct bx_device *device;

	if (job->ended)
		return;
	/* A device that has come back is taken up while it is known that it is waited for. */
	if (operation->kind == BX_KIND_REENUMERATE)
		bx_inventory_refresh(job->daemon);
	device = device_of_job(job);
	job->ended = true;
	job->stuck = false;
	job->call = sd_bus_slot_unref(job->call);
	job->unit_started = sd_bus_slot_unref(job->unit_started);
	set_timer(job, KEEP_ENDED_US);
	bx_log_event(operation->error ? LOG_WARNING : LOG_INFO, BX_MESSAGE_JOB_ENDED,
		     operation->device, "Job %llu: %s%s%s%s%s", (unsigned long long)operation->job,
		     bx_result_name(operation->result), operation->error ? ", " : "",
		     bx_error_name(operation->error), operation->error ? ": " : "",
		     operation->message);
	if (device) {
		device->job = NULL;
		if (operation->kind != BX_KIND_PLAN)
			set_last_error(device, operation);
	}
	/* Whoever hears that the job has ended finds the device as it then is. */
	bx_inventory_refresh(job->daemon);
	if (operation->forget)
		forget_definition(job);
	bx_job_say_ended(job);
	if (job->asker)
		bx_plan_answer(job);
}

/* No worker will do it any more: what is in the journal now is written by bxd itself. */
static void abandon(struct bx_job *job, const char *why)
{
	struct bx_operation *operation = &job->operation;
	_cleanup_close_ int lock = -1;
	struct bx_failure failure;
	bool changed;
	int r;

	/* One that was given up for lost may run after all, and then the journal is its own. */
	lock = bx_lock_take(&job->daemon->root, bx_operation_lock(operation).s);
	if (lock == -EWOULDBLOCK)
		return;
	if (reread(job) >= 0 && operation->result != BX_RESULT_NONE)
		return end_job(job);
	changed = bx_step_changes(operation->kind, operation->step);
	bx_fail(&failure, 0, changed ? BX_ERROR_ROLLBACK_FAILED : BX_ERROR_WORKER_FAILED,
		"the worker %s, last at step %s", why, bx_step_name(operation->step));
	operation->result = changed ? BX_RESULT_ROLLBACK_FAILED : BX_RESULT_ABANDONED;
	operation->error = failure.error;
	bx_copy(operation->message, sizeof(operation->message), failure.message);
	r = bx_journal_write(&job->daemon->journal, operation);
	if (r < 0)
		bx_log_event(LOG_ERR, NULL, operation->device,
			     "Job %llu: the result cannot be written: %s",
			     (unsigned long long)operation->job, strerror(-r));
	end_job(job);
}

void bx_job_launch_failed(struct bx_job *job, const char *why)
{
	char text[BX_MESSAGE_MAX];

	/* Perhaps it is one that runs already; its lock will tell. */
	if (bx_lock_held(&job->daemon->root, bx_operation_lock(&job->operation).s) > 0)
		return;
	if (job->launches < LAUNCHES_MAX && job->operation.attempts > 0) {
		bx_log(LOG_WARNING, "Job %llu: the worker cannot be started, trying again: %s",
		       (unsigned long long)job->operation.job, why);
		job->launch_failed = true; /* as while the dead worker's unit is still there */
		return;
	}
	snprintf(text, sizeof(text), "cannot be started: %.400s", why);
	abandon(job, text);
}

/* ---------------------------------------------------------------- watching */

/* The steps that wait for a controller have the worker's own deadline, and some more. */
static uint64_t step_deadline(const struct bx_configuration *configuration, enum bx_step step)
{
	uint64_t live = configuration->live_timeout * 1000 + 20 * 1000000ULL;

	switch (step) {
	case BX_STEP_BIND: /* some kernels bring the controller up in there */
	case BX_STEP_VERIFY:
		return live;
	case BX_STEP_RESCAN:
		return configuration->return_timeout * 1000 + STEP_DEADLINE_US;
	case BX_STEP_POWER_ON:
		return BX_POWER_TIMEOUT_MS * 1000ULL;
	case BX_STEP_RESTORE:
		return BX_RESTORE_ATTEMPTS * live;
	default:
		return STEP_DEADLINE_US;
	}
}

static void set_stuck(struct bx_job *job, bool stuck)
{
	struct bx_device *device = device_of_job(job);

	if (job->stuck == stuck)
		return;
	job->stuck = stuck;
	if (stuck)
		bx_log_event(LOG_ERR, BX_MESSAGE_JOB_STUCK, job->operation.device,
			     "Job %llu: the worker hangs at step %s",
			     (unsigned long long)job->operation.job,
			     bx_step_name(job->operation.step));
	bx_job_say_changed(job);
	if (device)
		bx_device_show(device);
}

static int reread(struct bx_job *job)
{
	struct bx_operation operation;
	int r;

	r = bx_journal_read(&job->daemon->journal, job->operation.job, &operation);
	if (r < 0)
		return r;
	if (operation.step != job->operation.step) {
		job->step_began = bx_now();
		job->operation = operation;
		if (operation.result == BX_RESULT_NONE) {
			set_stuck(job, false);
			bx_job_say_changed(job);
		}
	}
	job->operation = operation;
	return 0;
}

static void worker_is_dead(struct bx_job *job)
{
	/* It may have written its result just before it ended. */
	if (reread(job) < 0)
		return abandon(job, "has left no readable journal");
	if (job->operation.result != BX_RESULT_NONE)
		return end_job(job);
	if (job->launches >= LAUNCHES_MAX)
		return abandon(job, "died again and again");
	bx_log_event(LOG_WARNING, BX_MESSAGE_JOB_RESUMED, job->operation.device,
		     "Job %llu: the worker died at step %s, another one goes on",
		     (unsigned long long)job->operation.job, bx_step_name(job->operation.step));
	launch(job);
}

static void check_job(struct bx_job *job)
{
	uint64_t now;
	int held;

	if (job->ended)
		return;
	if (reread(job) >= 0 && job->operation.result != BX_RESULT_NONE)
		return end_job(job);
	now = bx_now();
	held = bx_lock_held(&job->daemon->root, bx_operation_lock(&job->operation).s);
	if (held > 0) {
		job->lock_seen = true;
		if (now - job->step_began >
		    step_deadline(&job->daemon->configuration, job->operation.step))
			set_stuck(job, true);
	} else if (job->lock_seen || job->operation.attempts > job->attempts_before ||
		   now - job->launched > (job->launch_failed ? LAUNCH_RETRY_US : LAUNCH_GRACE_US)) {
		/* There was a worker and it is gone, or none came. */
		worker_is_dead(job);
	}
}

static int on_timer(sd_event_source *source, uint64_t now, void *userdata)
{
	struct bx_job *job = userdata;

	if (job->ended) {
		bx_journal_remove(&job->daemon->journal, job->operation.job);
		remove_job(job);
		return 0;
	}
	set_timer(job, CHECK_US);
	check_job(job);
	return 0;
}

void bx_jobs_check(struct bx_daemon *daemon)
{
	for (struct bx_job *job = daemon->jobs; job; job = job->next)
		check_job(job);
}

/* ---------------------------------------------------------------- after a restart */

static int resume(struct bx_daemon *daemon, uint64_t number)
{
	struct bx_operation operation;
	struct bx_device *device;
	struct bx_job *job;
	int r;

	r = bx_journal_read(&daemon->journal, number, &operation);
	if (r == -EBADMSG) {
		bx_log_event(LOG_ERR, BX_MESSAGE_JOURNAL_DAMAGED, NULL,
			     "The journal of job %llu is damaged and set aside",
			     (unsigned long long)number);
		return bx_journal_set_aside(&daemon->journal, number);
	}
	if (r < 0)
		return r;
	/* Overrides and bindings do not outlive the kernel that was told of them. */
	if (!bx_streq(operation.boot_id, daemon->boot_id))
		return bx_journal_remove(&daemon->journal, number);
	r = add_job(daemon, &operation, &job);
	if (r < 0)
		return r;
	device = device_of_job(job);
	bx_job_say_added(job);
	if (operation.result != BX_RESULT_NONE) {
		end_job(job);
		return 0;
	}
	bx_log_event(LOG_NOTICE, BX_MESSAGE_JOB_RESUMED, operation.device,
		     "Job %llu was under way, at step %s", (unsigned long long)number,
		     bx_step_name(operation.step));
	if (device) {
		device->job = job;
		bx_device_show(device);
	}
	/* A launch that fails at once ends the job, and may be the end of the device. */
	if (bx_lock_held(&daemon->root, bx_operation_lock(&operation).s) > 0) {
		job->launches = 1;
		job->launched = bx_now();
		job->lock_seen = true;
	} else {
		launch(job);
	}
	return 0;
}

int bx_jobs_resume(struct bx_daemon *daemon)
{
	_cleanup_free_ uint64_t *numbers = NULL;
	int n, r;

	daemon->next_job = 1;
	n = bx_journal_list(&daemon->journal, &numbers);
	if (n < 0)
		return n;
	if (n > 0 && numbers[n - 1] < INT64_MAX - 1)
		daemon->next_job = numbers[n - 1] + 1;
	for (int i = 0; i < n; i++) {
		r = resume(daemon, numbers[i]);
		if (r < 0)
			bx_log(LOG_ERR, "The journal of job %llu cannot be taken up: %s",
			       (unsigned long long)numbers[i], strerror(-r));
	}
	return 0;
}
