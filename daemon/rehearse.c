// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes and follows plans; see rehearse.h. What a change would lead to is known here in as far as a later step of the same
 * operation looks at it, and that is little: a driver comes and goes, a folder does, what was written can be read. Steps that
 * only wait for the kernel are left out.
 */
#include "daemon/rehearse.h"
#include "daemon/emulated.h"
#include "daemon/function.h"
#include "daemon/util.h"

#include <inttypes.h>

BX_DEFINE_CLEANUP(struct bx_definition *, bx_definition_free)

/* What would be at a path. The last one that was put there counts, for all below it as well. */
struct prop {
	struct prop *before;
	enum {
		PROP_GONE,
		PROP_FOLDER, /* with nothing in it yet that is known of */
		PROP_TEXT, /* of a file, or where a link points to */
	} is;
	struct bx_path path;
	char *text;
};

struct rehearsal {
	struct bx_watch watch;
	struct bx_root *root; /* that it watches */
	const struct bx_operation *operation;
	struct bx_plan *plan;
	enum bx_step step;
	struct prop *props;
};

/* ---------------------------------------------------------------- what would be there */

static int put(struct rehearsal *rehearsal, const char *path, int is, const char *text)
{
	struct prop *prop = calloc(1, sizeof(*prop));

	if (!prop)
		return -ENOMEM;
	*prop = (struct prop){ rehearsal->props, is, bx_path("%s", path), strdup(text) };
	if (!prop->text) {
		free(prop);
		return -ENOMEM;
	}
	rehearsal->props = prop;
	return 0;
}

static void strike(struct rehearsal *rehearsal)
{
	while (rehearsal->props) {
		struct prop *prop = rehearsal->props;

		rehearsal->props = prop->before;
		free(prop->text);
		free(prop);
	}
}

static int on_look(struct bx_watch *watch, const char *path, const char **content)
{
	const struct rehearsal *rehearsal = (const struct rehearsal *)watch;
	size_t length = strlen(path);

	if (length > 2 && bx_streq(path + length - 2, "/."))
		length -= 2;
	for (const struct prop *prop = rehearsal->props; prop; prop = prop->before) {
		size_t n = strlen(prop->path.s);

		if (n > length || strncmp(path, prop->path.s, n))
			continue;
		if (n == length) {
			*content = prop->text;
			return prop->is == PROP_GONE ? -ENOENT : 1;
		}
		if (path[n] == '/' && prop->is != PROP_TEXT)
			return -ENOENT;
	}
	return 0;
}

static struct bx_path function_path(const struct rehearsal *rehearsal, const char *name)
{
	return bx_path(BX_PCI_DEVICES "/%s%s%s", rehearsal->operation->address, *name ? "/" : "",
		       name);
}

static int lose_driver(struct rehearsal *rehearsal)
{
	int r = put(rehearsal, function_path(rehearsal, "driver").s, PROP_GONE, "");

	return r < 0 ? r : put(rehearsal, function_path(rehearsal, "nvme").s, PROP_GONE, "");
}

/* With an override only that driver takes the function. */
static int take_driver(struct rehearsal *rehearsal, const char *driver)
{
	const char *address = rehearsal->operation->address;
	char now[BX_NAME_MAX], override[BX_NAME_MAX];
	int r;

	r = bx_pci_driver(rehearsal->root, address, now);
	if (r >= 0)
		r = bx_pci_override(rehearsal->root, address, override);
	if (r < 0)
		return r;
	if (*now || (*override && !bx_streq(override, driver)))
		return *now ? -EBUSY : -ENODEV;
	return put(rehearsal, function_path(rehearsal, "driver").s, PROP_TEXT,
		   bx_path("../drivers/%s", driver).s);
}

/* True for such a path, and the name of the driver. */
static bool is_driver_file(const char *path, const char *file, char driver[static BX_NAME_MAX])
{
	const char *begin = path + strlen(BX_PCI_DRIVERS "/"), *slash;

	if (!bx_startswith(path, BX_PCI_DRIVERS "/"))
		return false;
	slash = strchr(begin, '/');
	if (!slash || !bx_streq(slash + 1, file))
		return false;
	return bx_copy(driver, BX_NAME_MAX, bx_path("%.*s", (int)(slash - begin), begin).s) >= 0;
}

static int follow_write(struct rehearsal *rehearsal, const char *path, const char *value)
{
	const struct bx_path function = function_path(rehearsal, "");
	char driver[BX_NAME_MAX], now[BX_NAME_MAX];
	int r;

	if (is_driver_file(path, "unbind", driver)) {
		r = bx_pci_driver(rehearsal->root, rehearsal->operation->address, now);
		return r < 0 ? r : bx_streq(now, driver) ? lose_driver(rehearsal) : -ENODEV;
	}
	if (is_driver_file(path, "bind", driver))
		return take_driver(rehearsal, driver);
	if (bx_streq(path, function_path(rehearsal, "driver_override").s))
		return put(rehearsal, path, PROP_TEXT, *value == '\n' ? "(null)\n" : value);
	if (bx_streq(path, function_path(rehearsal, "remove").s))
		return put(rehearsal, function.s, PROP_GONE, "");
	if (strlen(path) > 7 && bx_streq(path + strlen(path) - 7, "/rescan"))
		return put(rehearsal, function.s, PROP_FOLDER, "");
	return put(rehearsal, path, PROP_TEXT, value);
}

/* One of ours brings its folder in configfs, that of a driver the driver. */
static int follow_load(struct rehearsal *rehearsal, const char *module)
{
	const char *driver = rehearsal->operation->new_driver;
	int r = 0;

	if (bx_streq(module, BX_EMULATED_MODULE))
		r = put(rehearsal, BX_EMULATED_DIR, PROP_FOLDER, "");
	if (r >= 0 && *driver)
		r = put(rehearsal, bx_path(BX_PCI_DRIVERS "/%s", driver).s, PROP_FOLDER, "");
	return r;
}

static int on_change(struct bx_watch *watch, enum bx_change change, const char *path,
		     const char *value)
{
	struct rehearsal *rehearsal = (struct rehearsal *)watch;
	int r;

	r = bx_plan_add_access(rehearsal->plan, rehearsal->step, change, path, value);
	if (r < 0)
		return r;
	switch (change) {
	case BX_CHANGE_CLAIM: /* nobody else knows whether it can be had */
		return 0;
	case BX_CHANGE_LOAD:
		r = follow_load(rehearsal, path);
		break;
	case BX_CHANGE_MAKE:
		r = put(rehearsal, path, PROP_FOLDER, "");
		break;
	case BX_CHANGE_REMOVE:
		r = put(rehearsal, path, PROP_GONE, "");
		break;
	default:
		r = follow_write(rehearsal, path, value);
	}
	return r < 0 ? r : 1;
}

/* ---------------------------------------------------------------- making a plan */

static int note_settings(const struct bx_work *work, struct bx_plan *plan)
{
	_cleanup_(bx_definition_freep) struct bx_definition *definition = NULL;
	struct bx_failure failure;
	int r;

	r = bx_definition_read(work->root, work->operation.name, &definition, &failure);
	if (r < 0) /* a step will say so */
		return 0;
	json_object_put(plan->settings);
	plan->settings = json_object_get(definition->settings);
	return 0;
}

static int note_basis(const struct bx_work *work, const struct bx_plan *request,
		      struct bx_plan *plan)
{
	const struct bx_operation *operation = &work->operation;
	char inode[24] = "", override[BX_NAME_MAX] = "";
	int r;

	if (*operation->address) {
		snprintf(inode, sizeof(inode), "%" PRIu64, operation->inode);
		bx_pci_override(work->root, operation->address, override);
		bx_clean_text(override);
	}
	r = bx_plan_set_basis(plan, BX_BASIS_KIND, bx_plan_basis(request, BX_BASIS_KIND));
	if (r >= 0)
		r = bx_plan_set_basis(plan, BX_BASIS_DEVICE, operation->device);
	if (r >= 0)
		r = bx_plan_set_basis(plan, BX_BASIS_BOOT, operation->boot_id);
	if (r >= 0)
		r = bx_plan_set_basis(plan, BX_BASIS_ADDRESS, operation->address);
	if (r >= 0)
		r = bx_plan_set_basis(plan, BX_BASIS_INODE, inode);
	if (r >= 0)
		r = bx_plan_set_basis(plan, BX_BASIS_DRIVER, operation->old_driver);
	if (r >= 0)
		r = bx_plan_set_basis(plan, BX_BASIS_OVERRIDE, override);
	if (r >= 0)
		r = bx_plan_set_basis(plan, BX_BASIS_NEW_DRIVER, operation->new_driver);
	return r < 0 ? r
		     : bx_plan_set_basis(plan, BX_BASIS_WITH_DATA,
					 operation->with_data ? "yes" : "");
}

/*
 * Every step before the first that changes anything is asked, also after one has refused: each has reasons of its own. A module
 * that cannot be loaded counts as loaded for those that follow, so that they do not say the same in other words.
 */
static int run_stages(struct bx_work *work, struct rehearsal *rehearsal)
{
	const struct bx_procedure *procedure = bx_procedure_of(work->operation.kind);
	enum bx_kind kind = work->operation.kind;
	bool refused = false;
	int r = 0;

	for (const struct bx_stage *stage = procedure->stages; r >= 0 && stage->run; stage++) {
		if (procedure->skips && procedure->skips(work, stage->step))
			continue;
		if (stage->step == BX_STEP_VERIFY ||
		    (refused && bx_step_changes(kind, stage->step)))
			continue;
		rehearsal->step = work->operation.step = stage->step;
		r = stage->run(work);
		if (r >= 0)
			continue;
		refused = true;
		bx_work_explain(work, r);
		r = bx_plan_add_refusal(rehearsal->plan, &work->failure);
		if (r >= 0 && stage->step == BX_STEP_LOAD_MODULE)
			r = follow_load(rehearsal, BX_EMULATED_MODULE);
		work->failure = (struct bx_failure){ 0 };
	}
	return r;
}

int bx_rehearse(const struct bx_work *work, enum bx_kind kind, const struct bx_plan *request,
		struct bx_plan *ret)
{
	struct bx_root root = *work->root;
	struct bx_work stage = *work;
	struct bx_plan plan;
	struct rehearsal rehearsal = {
		.watch = { on_change, on_look },
		.root = &root,
		.operation = &stage.operation,
		.plan = &plan,
	};
	int r;

	r = bx_plan_begin(&plan);
	if (r < 0)
		return r;
	root.watch = &rehearsal.watch;
	stage.root = &root;
	stage.operation.kind = kind;
	stage.failure = (struct bx_failure){ 0 };
	stage.claims = (struct bx_claims){ 0 };
	if (bx_streq(bx_plan_basis(request, BX_BASIS_KIND), BX_PLAN_CREATE)) {
		json_object_put(plan.settings);
		plan.settings = json_object_get(request->settings);
		stage.settings = request->settings;
	} else if (kind == BX_KIND_START) {
		r = note_settings(work, &plan);
	}
	if (r >= 0)
		r = note_basis(work, request, &plan);
	if (r >= 0)
		r = run_stages(&stage, &rehearsal);
	bx_claims_release(&stage.claims);
	strike(&rehearsal);
	if (r < 0)
		bx_plan_done(&plan);
	else
		*ret = plan;
	return r;
}

/* ---------------------------------------------------------------- following one */

/* A worker that follows one that died begins later, and what is there already is not written again: so what is next may be further on. */
static int on_followed(struct bx_watch *watch, enum bx_change change, const char *path,
		       const char *value)
{
	struct bx_follower *follower = (struct bx_follower *)watch;
	size_t n = json_object_array_length(follower->plan.accesses);

	for (size_t i = follower->next; i < n; i++) {
		if (!bx_plan_has_access(&follower->plan, i, change, path, value))
			continue;
		/* Not the one behind it: a bus can be looked at again more than once. */
		follower->next = i;
		return 0;
	}
	follower->refused = true;
	return bx_fail(&follower->failure, -EPERM, BX_ERROR_PLAN_OUTDATED,
		       "%.100s was to be changed, as is not in the plan", path);
}

static int look_through(struct bx_watch *watch, const char *path, const char **content)
{
	return 0;
}

int bx_follow_check(struct bx_work *work)
{
	struct bx_plan given, now;
	struct bx_failure refusal;
	int r;

	r = bx_plan_read(work->journal, work->operation.job, &given, &work->failure);
	if (r < 0)
		return r;
	r = bx_rehearse(work, work->operation.kind, &given, &now);
	if (r < 0) {
		bx_plan_done(&given);
		return r;
	}
	/* Of what has changed and what would be refused, that it has changed explains more. */
	r = bx_plan_compare(&given, &now, &work->failure);
	if (bx_plan_refused(&now, &refusal) &&
	    (r >= 0 || json_object_equal(given.basis, now.basis))) {
		work->failure = refusal;
		r = -EPERM;
	}
	bx_plan_done(&given);
	bx_plan_done(&now);
	return r;
}

int bx_follow_begin(struct bx_work *work)
{
	struct bx_follower *follower = calloc(1, sizeof(*follower));
	int r;

	if (!follower)
		return -ENOMEM;
	r = bx_plan_read(work->journal, work->operation.job, &follower->plan, &work->failure);
	if (r < 0) {
		free(follower);
		return r;
	}
	follower->watch = (struct bx_watch){ on_followed, look_through };
	work->follower = follower;
	work->root->watch = &follower->watch;
	return 0;
}

void bx_follow_end(struct bx_work *work)
{
	if (!work->follower)
		return;
	work->root->watch = NULL;
	bx_plan_done(&work->follower->plan);
	free(work->follower);
	work->follower = NULL;
}

/* ---------------------------------------------------------------- the operation that is a plan */

static int step_rehearse(struct bx_work *work)
{
	struct bx_plan request, plan;
	int r;

	r = bx_plan_read(work->journal, work->operation.job, &request, &work->failure);
	if (r < 0)
		return r;
	r = bx_rehearse(work, work->operation.planned, &request, &plan);
	bx_plan_done(&request);
	if (r < 0)
		return r;
	r = bx_plan_write(work->journal, work->operation.job, &plan);
	bx_plan_done(&plan);
	return r;
}

static const struct bx_stage plan_stages[] = {
	{ BX_STEP_REHEARSE, step_rehearse },
	{ 0 },
};

const struct bx_procedure bx_plan_procedure = { .stages = plan_stages };
