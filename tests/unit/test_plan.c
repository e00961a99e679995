// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plans against a model of the kernel, which sees every change: what is planned is what is done, to plan it changes nothing, and
 * what is done as planned is nothing else, whatever fails.
 */
#include "daemon/emulated.h"
#include "daemon/json.h"
#include "daemon/names.h"
#include "daemon/rehearse.h"
#include "daemon/util.h"
#include "tests/unit/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#define JOB	 1
#define PLAN_JOB 2

/* What is planned, on which machine. */
struct scenario {
	enum bx_kind kind;
	const char *old_driver, *old_override, *new_driver;
	bool create; /* what is started is not defined yet */
};

static const struct scenario scenarios[] = {
	{ BX_KIND_BIND, "nvme", "", "vfio-pci", false },
	{ BX_KIND_BIND, "vfio-pci", "vfio-pci", "nvme", false },
	{ BX_KIND_BIND, "nvme", "vfio-pci", "vfio-pci", false },
	{ BX_KIND_BIND, "nvme", "nvme", "vfio-pci", false },
	{ BX_KIND_BIND, "nvme", "pci-stub", "vfio-pci", false },
	{ BX_KIND_BIND, "", "", "nvme", false },
	{ BX_KIND_BIND, "", "", "vfio-pci", false },
	{ BX_KIND_BIND, "nvme", "", "nvme", false },
	{ BX_KIND_BIND, "nvme", "vfio-pci", "nvme", false },
	{ BX_KIND_BIND, "nvme", "", "pci-stub", false }, /* whose module is still to be loaded */
	{ BX_KIND_UNBIND, "nvme", "", "", false },
	{ BX_KIND_UNBIND, "vfio-pci", "vfio-pci", "", false },
	{ BX_KIND_RESET, "nvme", "", "", false },
	{ BX_KIND_REENUMERATE, "nvme", "", "", false },
	{ BX_KIND_REENUMERATE, "vfio-pci", "vfio-pci", "", false },
	{ BX_KIND_START, "", "", "", false },
	{ BX_KIND_START, "", "", "", true },
	{ BX_KIND_STOP, "", "", "", false },
};

/* Where every access is gone through: one for each kind. */
static const size_t thorough[] = { 0, 10, 12, 13, 15, 17 };

struct run {
	const struct scenario *scenario;
	struct model model;
	struct bx_journal journal;
	struct bx_work work;
	struct bx_plan plan;
};

static bool is_emulated(const struct scenario *scenario)
{
	return scenario->kind == BX_KIND_START || scenario->kind == BX_KIND_STOP;
}

/* ---------------------------------------------------------------- modules of the model */

/* As libkmod's side of it: whoever watches is asked before, and may keep it to himself. */
static int load(struct bx_root *root, const char *module, const char *path)
{
	int r = bx_root_change(root, BX_CHANGE_LOAD, module, "");
	struct model *model = root->userdata;

	if (r)
		return r < 0 ? r : 0;
	model->changes =
		reallocarray(model->changes, model->change_count + 1, sizeof(*model->changes));
	assert_non_null(model->changes);
	model->changes[model->change_count] =
		(struct model_change){ .what = BX_CHANGE_LOAD, .watched = root->watch };
	strcpy(model->changes[model->change_count++].path, module);
	return mkdirat(root->fd, path, 0755) < 0 ? -errno : 0;
}

static int load_module(struct bx_root *root, const char *module, const char *parameters,
		       struct bx_failure *failure)
{
	return load(root, module, BX_EMULATED_DIR);
}

static int load_driver(struct bx_root *root, const char *driver, struct bx_failure *failure)
{
	if (!bx_streq(driver, "pci-stub"))
		return bx_fail(failure, -ENOENT, BX_ERROR_DRIVER_NOT_FOUND, "no module %s", driver);
	return load(root, driver, bx_path(BX_PCI_DRIVERS "/%s", driver).s);
}

/* ---------------------------------------------------------------- machines */

static struct json_object *settings_of(const char *queues)
{
	struct json_object *settings = json_object_new_object();

	json_object_object_add(settings, "queues", json_object_new_string(queues));
	json_object_object_add(settings, "namespaces/1/size", json_object_new_string("64M"));
	json_object_object_add(settings, "timing/read_latency_ns", json_object_new_string("1000"));
	return settings;
}

static void define(struct run *run, const char *queues)
{
	_cleanup_(json_object_putp) struct json_object *settings = settings_of(queues);
	struct bx_root quiet = { .fd = run->model.root.fd };
	struct bx_definition *definition =
		bx_definition_new("demo", BX_DEFINITION_TRANSIENT, false, settings);

	assert_int_equal(bx_definition_write(&quiet, definition), 0);
	bx_definition_free(definition);
}

/* The operation, as bxd would write it down now. */
static void intend(struct run *run, uint64_t job, enum bx_kind kind)
{
	const struct scenario *scenario = run->scenario;
	struct bx_operation *operation = &run->work.operation;
	struct bx_root quiet = { .fd = run->model.root.fd };
	struct bx_pci pci;

	*operation = (struct bx_operation){
		.job = job, .kind = kind, .planned = scenario->kind, .boot_id = "boot"
	};
	strcpy(operation->device, is_emulated(scenario) ? "demo" : "bxlab0");
	if (is_emulated(scenario))
		strcpy(operation->name, "demo");
	if (bx_pci_read(&quiet, MODEL_ADDRESS, &pci) >= 0) {
		strcpy(operation->address, pci.address);
		strcpy(operation->old_driver, pci.driver);
		operation->inode = pci.inode;
		bx_pci_done(&pci);
	}
	if (scenario->kind == BX_KIND_BIND)
		strcpy(operation->new_driver, scenario->new_driver);
}

static void run_begin(struct run *run, const struct scenario *scenario)
{
	*run = (struct run){ .scenario = scenario };
	if (is_emulated(scenario))
		model_begin_unplugged(&run->model);
	else
		model_begin(&run->model, scenario->old_driver, scenario->old_override);
	assert_int_equal(bx_journal_open(&run->journal, &run->model.root), 0);
	run->work = (struct bx_work){
		.root = &run->model.root,
		.journal = &run->journal,
		.load_driver = load_driver,
		.load_module = load_module,
		.find_openers = model_find_openers,
		.find_contents = model_find_contents,
		.live_timeout_ms = 30,
		.return_timeout_ms = 60,
	};
	if (is_emulated(scenario) && !scenario->create)
		define(run, "4");
	if (scenario->kind != BX_KIND_STOP)
		return;
	intend(run, JOB, BX_KIND_START);
	assert_int_equal(bx_journal_write(&run->journal, &run->work.operation), 0);
	assert_int_equal(model_run(&run->work), BX_RESULT_DONE);
	run->model.change_count = 0;
}

static void run_end(struct run *run)
{
	bx_plan_done(&run->plan);
	bx_journal_close(&run->journal);
	model_end(&run->model);
}

static void write_operation(struct run *run)
{
	assert_int_equal(bx_journal_write(&run->journal, &run->work.operation), 0);
	run->model.accesses = 0;
}

/* Makes the plan, as a worker does, and changes nothing. */
static void make_plan(struct run *run)
{
	struct bx_failure failure = { 0 };
	struct bx_plan request;

	bx_plan_done(&run->plan);
	intend(run, PLAN_JOB, BX_KIND_PLAN);
	assert_int_equal(bx_plan_begin(&request), 0);
	bx_plan_set_basis(&request, BX_BASIS_KIND,
			  run->scenario->create ? BX_PLAN_CREATE
						: bx_kind_name(run->scenario->kind));
	if (run->scenario->create) {
		json_object_put(request.settings);
		request.settings = settings_of("4");
	}
	assert_int_equal(bx_plan_write(&run->journal, PLAN_JOB, &request), 0);
	bx_plan_done(&request);
	write_operation(run);
	run->model.change_count = 0;
	assert_int_equal(model_run(&run->work), BX_RESULT_DONE);
	assert_int_equal(run->model.change_count, 0);
	assert_int_equal(run->work.claims.count, 0);
	assert_int_equal(bx_plan_read(&run->journal, PLAN_JOB, &run->plan, &failure), 0);
}

/* Does it, or does it as planned. */
static void begin_operation(struct run *run, bool as_planned)
{
	if (run->scenario->create)
		define(run, "4");
	intend(run, JOB, run->scenario->kind);
	run->work.operation.as_planned = as_planned;
	if (as_planned)
		assert_int_equal(bx_plan_write(&run->journal, JOB, &run->plan), 0);
	write_operation(run);
	run->model.change_count = 0;
}

/* ---------------------------------------------------------------- comparing */

/* The accesses of the plan that a model sees; it opens a claimed disk like any file. */
static struct json_object *planned_change(const struct run *run, size_t wanted)
{
	for (size_t i = 0; i < json_object_array_length(run->plan.accesses); i++) {
		struct json_object *access = json_object_array_get_idx(run->plan.accesses, i);

		if (bx_streq(json_object_get_string(json_object_object_get(access, "access")),
			     "claim"))
			continue;
		if (!wanted--)
			return access;
	}
	return NULL;
}

static void assert_is_planned(const struct run *run, size_t i)
{
	static const char *const names[] = {
#define X(id, name) [BX_CHANGE_##id] = name,
		BX_CHANGES(X)
#undef X
	};
	const struct model_change *change = &run->model.changes[i];
	struct json_object *access = planned_change(run, i);
	const char *path;

	assert_non_null(access);
	path = json_object_get_string(json_object_object_get(access, "path"));
	assert_string_equal(json_object_get_string(json_object_object_get(access, "access")),
			    names[change->what]);
	assert_string_equal(change->what == BX_CHANGE_LOAD ? path : path + 1, change->path);
	assert_string_equal(json_object_get_string(json_object_object_get(access, "value")),
			    change->value);
}

static void assert_done_is_planned(const struct run *run)
{
	for (size_t i = 0; i < run->model.change_count; i++)
		assert_is_planned(run, i);
	assert_null(planned_change(run, run->model.change_count));
}

static size_t refusals(const struct run *run)
{
	return json_object_array_length(run->plan.refusals);
}

static void assert_refused_as_planned(struct run *run, size_t i)
{
	struct json_object *refusal = json_object_array_get_idx(run->plan.refusals, i);

	assert_string_equal(json_object_get_string(json_object_object_get(refusal, "error")),
			    bx_error_bus_name(run->work.operation.error));
	assert_string_equal(json_object_get_string(json_object_object_get(refusal, "message")),
			    run->work.operation.message);
}

/* ---------------------------------------------------------------- what is promised */

static void what_is_planned_is_what_is_done(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		struct run run;

		run_begin(&run, &scenarios[i]);
		make_plan(&run);
		assert_int_equal(refusals(&run), 0);
		begin_operation(&run, false);
		assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
		assert_done_is_planned(&run);
		run_end(&run);
	}
}

static void what_is_done_as_planned_is_the_plan(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		struct run run;

		run_begin(&run, &scenarios[i]);
		make_plan(&run);
		begin_operation(&run, true);
		assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
		assert_done_is_planned(&run);
		assert_null(run.work.root->watch);
		run_end(&run);
	}
}

/* Up to where it failed it is the plan, and from there on it is undone. */
static void a_failure_anywhere_adds_nothing_to_the_plan(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(thorough); i++) {
		bool through = false;

		for (unsigned int at = 1; !through; at++) {
			struct run run;
			size_t n = 0;

			run_begin(&run, &scenarios[thorough[i]]);
			make_plan(&run);
			begin_operation(&run, true);
			run.model.fail_at[0] = at;
			model_run(&run.work);
			through = run.model.accesses < at;
			for (; n < run.model.change_count && run.model.changes[n].watched; n++)
				/* One that was not even let through is not among them. */
				if (planned_change(&run, n))
					assert_is_planned(&run, n);
				else
					fail_msg("%s was not planned", run.model.changes[n].path);
			for (; n < run.model.change_count; n++)
				assert_false(run.model.changes[n].watched);
			run_end(&run);
		}
	}
}

static bool was_written(const struct run *run, const char *path)
{
	for (size_t i = 0; i < run->model.change_count; i++)
		if (bx_streq(run->model.changes[i].path, path))
			return true;
	return false;
}

/* To bind is tried twice, in two ways; the second is in no plan, since it comes of what nobody could know. */
static void what_becomes_necessary_is_not_done_as_planned(void **state)
{
	struct run run;

	for (int as_planned = 0; as_planned <= 1; as_planned++) {
		run_begin(&run, &scenarios[0]);
		make_plan(&run);
		begin_operation(&run, as_planned);
		run.model.refuses = "vfio-pci";
		assert_int_equal(model_run(&run.work), BX_RESULT_ROLLED_BACK);
		assert_int_equal(was_written(&run, "sys/bus/pci/drivers_probe"), !as_planned);
		assert_non_null(strstr(run.work.operation.message, "vfio-pci does not take"));
		run_end(&run);
	}
}

static void a_worker_killed_anywhere_as_planned_is_made_good_by_the_next(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(thorough); i++) {
		bool through = false;

		for (unsigned int at = 1; !through; at++) {
			struct run run;

			run_begin(&run, &scenarios[thorough[i]]);
			make_plan(&run);
			begin_operation(&run, true);
			through = model_run_until(&run.model, &run.work, at);
			assert_int_equal(bx_journal_read(&run.journal, JOB, &run.work.operation),
					 0);
			run.model.crash_at = 0;
			model_run(&run.work);
			assert_int_not_equal(run.work.operation.result, BX_RESULT_NONE);
			assert_int_not_equal(run.work.operation.result, BX_RESULT_ROLLBACK_FAILED);
			assert_int_not_equal(run.work.operation.result, BX_RESULT_ABANDONED);
			run_end(&run);
		}
	}
}

/* ---------------------------------------------------------------- refusals */

static void make_busy(struct run *run)
{
	run->model.busy = "dev/nvme0n1";
}

static void take_iommu(struct run *run)
{
	assert_int_equal(unlinkat(run->model.root.fd,
				  BX_PCI_DEVICES "/" MODEL_ADDRESS "/iommu_group", 0),
			 0);
}

static void nothing(struct run *run)
{
}

static void make_foreign(struct run *run)
{
	assert_int_equal(mkdirat(run->model.root.fd, BX_EMULATED_DIR, 0755), 0);
	assert_int_equal(mkdirat(run->model.root.fd, BX_EMULATED_DIR "/demo", 0755), 0);
}

static const struct {
	struct scenario scenario;
	void (*spoil)(struct run *run);
	enum bx_error error;
} refused[] = {
	{ { BX_KIND_BIND, "nvme", "", "vfio-pci", false }, make_busy, BX_ERROR_DEVICE_BUSY },
	{ { BX_KIND_BIND, "nvme", "", "vfio-pci", false }, take_iommu, BX_ERROR_NO_IOMMU },
	{ { BX_KIND_BIND, "nvme", "", "missing", false }, nothing, BX_ERROR_DRIVER_NOT_FOUND },
	{ { BX_KIND_UNBIND, "nvme", "", "", false }, make_busy, BX_ERROR_DEVICE_BUSY },
	{ { BX_KIND_RESET, "vfio-pci", "", "", false }, nothing, BX_ERROR_WRONG_STATE },
	{ { BX_KIND_REENUMERATE, "nvme", "", "", false }, make_busy, BX_ERROR_DEVICE_BUSY },
	{ { BX_KIND_STOP, "", "", "", false }, make_busy, BX_ERROR_DEVICE_BUSY },
	{ { BX_KIND_START, "", "", "", false }, make_foreign, BX_ERROR_NAME_TAKEN },
};

static void what_is_refused_is_refused_in_the_same_words(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct run run;

		run_begin(&run, &refused[i].scenario);
		refused[i].spoil(&run);
		make_plan(&run);
		assert_int_equal(refusals(&run), 1);
		begin_operation(&run, false);
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_int_equal(run.work.operation.error, refused[i].error);
		assert_refused_as_planned(&run, 0);
		assert_int_equal(run.model.change_count, 0);
		/* And done as planned it is refused for the same. */
		begin_operation(&run, true);
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_refused_as_planned(&run, 0);
		assert_int_equal(run.model.change_count, 0);
		run_end(&run);
	}
}

static void every_refusal_is_in_the_plan(void **state)
{
	const struct scenario missing = { BX_KIND_BIND, "nvme", "", "missing", false };
	struct run run;

	run_begin(&run, &scenarios[0]);
	make_busy(&run);
	take_iommu(&run);
	make_plan(&run);
	assert_int_equal(refusals(&run), 2);
	begin_operation(&run, false);
	model_run(&run.work);
	assert_refused_as_planned(&run, 0);
	run_end(&run);

	run_begin(&run, &missing);
	make_busy(&run);
	make_plan(&run);
	assert_int_equal(refusals(&run), 2);
	/* Nothing would be changed then. */
	assert_null(planned_change(&run, 0));
	run_end(&run);
}

static void one_that_has_left_is_gone_and_nothing_else(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	intend(&run, JOB, scenarios[0].kind);
	run.model.vanish_at = 1;
	make_plan(&run);
	assert_int_equal(refusals(&run), 1);
	assert_non_null(strstr(json_object_to_json_string(run.plan.refusals), "has left"));
	run_end(&run);
}

/* ---------------------------------------------------------------- what has changed since */

static void change_driver(struct run *run)
{
	struct bx_root quiet = run->model.root;

	assert_int_equal(bx_root_write(&quiet, BX_PCI_DRIVERS "/nvme/unbind", MODEL_ADDRESS), 0);
}

static void change_override(struct run *run)
{
	model_write(&run->model, BX_PCI_DEVICES "/" MODEL_ADDRESS "/driver_override", "pci-stub\n");
}

static void change_function(struct run *run)
{
	struct bx_root quiet = run->model.root;

	assert_int_equal(bx_root_write(&quiet, BX_PCI_DEVICES "/" MODEL_ADDRESS "/remove", "1"), 0);
	/* So that its number is not given away again at once. */
	model_write(&run->model, "other", "");
	assert_int_equal(bx_root_write(&quiet, "sys/bus/pci/rescan", "1"), 0);
}

static void change_definition(struct run *run)
{
	define(run, "8");
}

static void load_it(struct run *run)
{
	model_load_emu(&run->model);
}

static void change_namespaces(struct run *run)
{
	assert_int_equal(mkdirat(run->model.root.fd, BX_EMULATED_DIR "/demo/namespaces/2", 0755),
			 0);
}

static void change_plan(struct run *run)
{
	json_object_array_del_idx(run->plan.accesses,
				  json_object_array_length(run->plan.accesses) - 1, 1);
}

static void change_boot(struct run *run)
{
	bx_plan_set_basis(&run->plan, BX_BASIS_BOOT, "another");
}

static const struct {
	struct scenario scenario;
	void (*change)(struct run *run);
	const char *said;
} changed[] = {
	{ { BX_KIND_BIND, "nvme", "", "vfio-pci", false }, change_driver, "the driver was 'nvme'" },
	{ { BX_KIND_BIND, "nvme", "", "vfio-pci", false },
	  change_override,
	  "has become 'pci-stub'" },
	{ { BX_KIND_BIND, "nvme", "", "vfio-pci", false },
	  change_function,
	  "has left the machine, and" },
	{ { BX_KIND_BIND, "nvme", "", "vfio-pci", false }, change_boot, "has been booted since" },
	{ { BX_KIND_BIND, "nvme", "", "vfio-pci", false }, change_plan, "would be 'write /sys" },
	{ { BX_KIND_RESET, "nvme", "", "", false }, change_driver, "the driver was 'nvme'" },
	{ { BX_KIND_REENUMERATE, "nvme", "", "", false },
	  change_override,
	  "the driver_override was ''" },
	{ { BX_KIND_START, "", "", "", false }, change_definition, "the setting queues was '4'" },
	{ { BX_KIND_START, "", "", "", false }, load_it, "access 1 of the plan is 'load bx_emu'" },
	{ { BX_KIND_STOP, "", "", "", false }, change_namespaces, "namespaces/2" },
};

static void what_has_changed_since_is_said_and_nothing_is_done(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
		struct run run;

		run_begin(&run, &changed[i].scenario);
		make_plan(&run);
		changed[i].change(&run);
		begin_operation(&run, true);
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_int_equal(run.work.operation.error, BX_ERROR_PLAN_OUTDATED);
		if (!strstr(run.work.operation.message, changed[i].said))
			fail_msg("'%s' has no '%s' in it", run.work.operation.message,
				 changed[i].said);
		assert_int_equal(run.model.change_count, 0);
		run_end(&run);
	}
}

/* Somebody moves it after the plan was compared, and before the first change. */
static void one_that_changes_at_the_last_moment_is_not_touched(void **state)
{
	struct run run;
	struct bx_watch *watch;

	run_begin(&run, &scenarios[0]);
	make_plan(&run);
	begin_operation(&run, true);
	assert_int_equal(bx_follow_begin(&run.work), 0);
	watch = run.work.root->watch;
	assert_int_equal(bx_root_write(run.work.root, "sys/bus/pci/drivers_probe", MODEL_ADDRESS),
			 -EPERM);
	assert_int_equal(watch->change(watch, BX_CHANGE_LOAD, "bx_emu", ""), -EPERM);
	assert_int_equal(bx_root_make_folder(run.work.root, BX_EMULATED_DIR "/demo"), -EPERM);
	assert_int_equal(bx_root_remove_folder(run.work.root, BX_EMULATED_DIR "/demo"), -EPERM);
	assert_int_equal(run.model.change_count, 0);
	bx_follow_end(&run.work);
	run_end(&run);
}

/* ---------------------------------------------------------------- plans of strangers */

static void assert_no_plan(const char *text, const char *what, const char *with, const char *said)
{
	_cleanup_free_ char *changed_text = NULL;
	struct bx_failure failure = { 0 };
	const char *at = strstr(text, what);
	struct bx_plan plan;

	assert_non_null(at);
	assert_true(asprintf(&changed_text, "%.*s%s%s", (int)(at - text), text, with,
			     at + strlen(what)) > 0);
	assert_int_equal(bx_plan_parse(changed_text, strlen(changed_text), &plan, &failure),
			 -EBADMSG);
	assert_int_equal(failure.error, BX_ERROR_INVALID_ARGUMENT);
	if (!strstr(failure.message, said))
		fail_msg("'%s' has no '%s' in it", failure.message, said);
}

static void what_is_no_plan_is_refused(void **state)
{
	static const char *const changes[][3] = {
		{ "{", "[", "no JSON object" },
		{ "{\"basis\":{", "{\"basis\":{\"extra\":\"\",", "member 'extra'" },
		{ "{\"basis\":{", "{\"colour\":{},\"basis\":{", "no member 'colour'" },
		{ "\"kind\":\"bind\"", "\"kind\":7", "basis has no text 'kind'" },
		{ "\"kind\":\"bind\"", "\"kind\":\"a\\u0000b\"", "no JSON object" },
		{ "\"settings\":{", "\"settings\":{\"colour\":\"red\"", "no setting 'colour'" },
		{ "\"settings\":{}", "\"settings\":[]", "settings must be" },
		{ "\"accesses\":[", "\"accesses\":[7,", "item 1 of accesses is no object" },
		{ "\"accesses\":[", "\"accesses\":[{},", "item 1 of accesses has no text 'step'" },
		{ "\"access\":\"claim\"", "\"access\":\"burn\"", "no access 'burn'" },
		{ "\"access\":\"claim\"", "\"access\":null", "no text 'access'" },
		{ "\"refusals\":[]", "\"refusals\":{}", "refusals is no list" },
		{ "\"refusals\":[]", "\"refusals\":[{\"error\":\"x\",\"message\":\"\"}]",
		  "no error 'x'" },
		{ "\"refusals\":[]", "\"refusals\":[[[[]]]]", "too long" },
	};
	_cleanup_(json_object_putp) struct json_object *object = json_object_new_object();
	struct bx_failure failure = { 0 };
	struct bx_plan again;
	const char *text;
	struct run run;

	run_begin(&run, &scenarios[0]);
	make_plan(&run);
	assert_int_equal(bx_plan_show(&run.plan, object), 0);
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		assert_no_plan(text, changes[i][0], changes[i][1], changes[i][2]);
	assert_int_equal(bx_plan_parse(text, strlen(text), &again, &failure), 0);
	assert_int_equal(bx_plan_compare(&run.plan, &again, &failure), 0);
	bx_plan_done(&again);
	run_end(&run);
}

static void a_plan_beside_the_operation_that_cannot_be_read_stops_it(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	make_plan(&run);
	begin_operation(&run, true);
	model_write(&run.model, BX_DIR_JOURNAL "/1.plan", "{}");
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.model.change_count, 0);
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_planned_is_what_is_done),
		cmocka_unit_test(what_is_done_as_planned_is_the_plan),
		cmocka_unit_test(a_failure_anywhere_adds_nothing_to_the_plan),
		cmocka_unit_test(what_becomes_necessary_is_not_done_as_planned),
		cmocka_unit_test(a_worker_killed_anywhere_as_planned_is_made_good_by_the_next),
		cmocka_unit_test(what_is_refused_is_refused_in_the_same_words),
		cmocka_unit_test(every_refusal_is_in_the_plan),
		cmocka_unit_test(one_that_has_left_is_gone_and_nothing_else),
		cmocka_unit_test(what_has_changed_since_is_said_and_nothing_is_done),
		cmocka_unit_test(one_that_changes_at_the_last_moment_is_not_touched),
		cmocka_unit_test(what_is_no_plan_is_refused),
		cmocka_unit_test(a_plan_beside_the_operation_that_cannot_be_read_stops_it),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
