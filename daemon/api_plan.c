// SPDX-License-Identifier: GPL-2.0-or-later
/* Plan and Apply of the Manager. What is asked for is a kind, as text, and a device, which need not be there yet. */
#include "daemon/api.h"
#include "daemon/daemon.h"
#include "daemon/util.h"

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)
BX_DEFINE_CLEANUP(struct bx_plan *, bx_plan_done)

static const enum bx_kind plannable[] = {
	BX_KIND_BIND,	     BX_KIND_UNBIND, BX_KIND_RESET,
	BX_KIND_REENUMERATE, BX_KIND_START,  BX_KIND_STOP,
};

/* -1 for what is none of them. */
static int find_kind(const char *name)
{
	if (bx_streq(name, BX_PLAN_CREATE))
		name = bx_kind_name(BX_KIND_START);
	for (size_t i = 0; i < ARRAY_SIZE(plannable); i++)
		if (bx_streq(name, bx_kind_name(plannable[i])))
			return i;
	return -1;
}

/* What the call is about: of Plan an argument, of Apply in the plan. */
static const char *kind_name(const struct bx_call *call)
{
	struct json_object *name;

	if (!json_object_object_get_ex(bx_call_value(call, "basis"), "kind", &name))
		return bx_call_text(call, "kind");
	return json_object_get_string(name) ?: "";
}

const char *bx_plan_action(const struct bx_call *call)
{
	int i = find_kind(kind_name(call));

	/* What is none is refused for that. */
	return bx_operation_action(i < 0 ? BX_OF_FUNCTION : bx_kind_subject(plannable[i]));
}

static int take_kind(const struct bx_call *call, enum bx_kind *ret, bool *create,
		     struct bx_failure *failure)
{
	const char *name = kind_name(call);
	int i = find_kind(name);

	if (i < 0)
		return bx_fail(
			failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			"there is no plan of '%.64s': there are bind, unbind, reset, reenumerate, start, stop and create",
			name);
	*ret = plannable[i];
	*create = bx_streq(name, BX_PLAN_CREATE);
	return 0;
}

/* ---------------------------------------------------------------- Plan */

static int check_options(struct bx_call *call, enum bx_kind kind, bool create)
{
	const char *driver = bx_call_option(call, "driver");

	if ((kind == BX_KIND_BIND) != (driver != NULL))
		return bx_fail(&call->failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			       driver ? "the option 'driver' is for bind alone"
				      : "to bind needs the option 'driver'");
	if (kind != BX_KIND_BIND && kind != BX_KIND_UNBIND && bx_call_switch(call, "with_data"))
		return bx_fail(&call->failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			       "the option 'with_data' is for bind and unbind alone");
	if (!create && (bx_call_option(call, "settings") || bx_call_option(call, "preset")))
		return bx_fail(&call->failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			       "the options 'settings' and 'preset' are for create alone");
	return 0;
}

static int plan_creation(struct bx_call *call, struct bx_plan *request, struct bx_job **ret)
{
	_cleanup_(json_object_putp) struct json_object *none = json_object_new_object();
	struct json_object *settings = NULL, *given = none;
	int r;

	json_object_object_get_ex(bx_call_value(call, "options"), "settings", &given);
	r = bx_device_settle(call->daemon, bx_call_text(call, "device"), given ?: none,
			     bx_call_option(call, "preset"), BX_DEFINITION_TRANSIENT, &settings,
			     &call->failure);
	if (r < 0)
		return r;
	json_object_put(request->settings);
	request->settings = settings;
	return bx_job_start_plan_creation(call->daemon, bx_call_text(call, "device"), request, ret,
					  &call->failure);
}

/* A refusal that needs no worker is in the plan like any other. What is wrong with the question itself is not. */
static int answer_refusal(struct bx_call *call, struct bx_plan *plan, int r)
{
	switch (call->failure.error) {
	case BX_ERROR_NONE:
	case BX_ERROR_INTERNAL:
	case BX_ERROR_INVALID_ARGUMENT:
		return r;
	default:
		r = bx_plan_add_refusal(plan, &call->failure);
		call->failure = (struct bx_failure){ 0 };
		return r < 0 ? r : bx_plan_show(plan, call->out);
	}
}

/* Of a job that has ended. */
static int take_plan(struct bx_call *call, const struct bx_job *job)
{
	const struct bx_operation *operation = &job->operation;
	struct bx_plan plan;
	int r;

	if (operation->error != BX_ERROR_NONE)
		return bx_fail(&call->failure, -EIO, operation->error, "%s", operation->message);
	r = bx_plan_read(&job->daemon->journal, operation->job, &plan, &call->failure);
	if (r < 0)
		return r;
	r = bx_plan_show(&plan, call->out);
	bx_plan_done(&plan);
	return r;
}

int bx_run_plan(struct bx_call *call, void *object)
{
	struct bx_plan request = { 0 };
	_cleanup_(bx_plan_donep) struct bx_plan *done = &request;
	struct bx_wish wish = {
		.driver = bx_call_option(call, "driver"),
		.with_data = bx_call_switch(call, "with_data"),
		.plan = &request,
	};
	struct bx_device *device = NULL;
	struct bx_job *job = NULL;
	bool create;
	int r;

	r = take_kind(call, &wish.kind, &create, &call->failure);
	if (r >= 0)
		r = check_options(call, wish.kind, create);
	if (r >= 0 && !create)
		r = bx_inventory_find(object, bx_call_text(call, "device"), &device,
				      &call->failure);
	if (r >= 0)
		r = bx_plan_begin(&request);
	if (r >= 0)
		r = bx_plan_set_basis(&request, BX_BASIS_KIND, bx_call_text(call, "kind"));
	if (r >= 0)
		r = bx_plan_set_basis(&request, BX_BASIS_DEVICE,
				      device ? device->id : bx_call_text(call, "device"));
	if (r < 0)
		return r;
	r = create ? plan_creation(call, &request, &job)
		   : bx_job_start_plan(device, &wish, &job, &call->failure);
	if (r < 0)
		return answer_refusal(call, &request, r);
	/* A worker that cannot even be started has ended the job already. */
	if (job->ended)
		return take_plan(call, job);
	call->later = true;
	job->asker = call;
	return 0;
}

void bx_plan_answer(struct bx_job *job)
{
	struct bx_call *call = job->asker;

	job->asker = NULL;
	bx_call_end(call, take_plan(call, job));
}

/* ---------------------------------------------------------------- Apply */

static int apply_creation(struct bx_call *call, const struct bx_plan *plan, struct bx_job **ret)
{
	const struct bx_wish wish = { .kind = BX_KIND_START, .forget = true, .plan = plan };
	const char *name = bx_plan_basis(plan, BX_BASIS_DEVICE);
	struct bx_device *device;
	int r;

	r = bx_device_define(call->daemon, name, plan->settings, NULL, BX_DEFINITION_TRANSIENT,
			     false, &device, &call->failure);
	if (r < 0)
		return r;
	r = bx_job_start(device, &wish, ret, &call->failure);
	if (r < 0)
		bx_device_drop(call->daemon, name);
	return r;
}

static int apply_to_device(struct bx_call *call, enum bx_kind kind, const struct bx_plan *plan,
			   struct bx_job **ret)
{
	const struct bx_wish wish = {
		.kind = kind,
		.driver = kind == BX_KIND_BIND ? bx_plan_basis(plan, BX_BASIS_NEW_DRIVER) : NULL,
		.with_data = *bx_plan_basis(plan, BX_BASIS_WITH_DATA),
		.plan = plan,
	};
	struct bx_device *device;
	int r;

	r = bx_inventory_find(call->daemon, bx_plan_basis(plan, BX_BASIS_DEVICE), &device,
			      &call->failure);
	return r < 0 ? r : bx_job_start(device, &wish, ret, &call->failure);
}

int bx_run_apply(struct bx_call *call, void *object)
{
	struct bx_plan plan = { 0 };
	_cleanup_(bx_plan_donep) struct bx_plan *done = &plan;
	struct bx_job *job;
	enum bx_kind kind;
	bool create;
	int r;

	r = bx_plan_take(call->in, &plan, &call->failure);
	if (r >= 0)
		r = take_kind(call, &kind, &create, &call->failure);
	if (r < 0)
		return r;
	r = create ? apply_creation(call, &plan, &job) : apply_to_device(call, kind, &plan, &job);
	return r < 0 ? r : bx_call_return(call, "job", job->key);
}
