// SPDX-License-Identifier: GPL-2.0-or-later
/* What an operation would do, as a value; see plan.h. */
#include "daemon/plan.h"
#include "daemon/definition.h"
#include "daemon/file.h"
#include "daemon/journal.h"
#include "daemon/json.h"
#include "daemon/util.h"

#define MEMBER_MAX 4096 /* bytes of a value; nothing that is written to the kernel is longer */

static const struct {
	const char *name, *words;
} basis[BX_BASIS_COUNT] = {
#define X(id, member, in_words) [BX_BASIS_##id] = { member, in_words },
	BX_PLAN_BASIS(X)
#undef X
};

static const char *const changes[BX_CHANGE_COUNT] = {
#define X(id, name) [BX_CHANGE_##id] = name,
	BX_CHANGES(X)
#undef X
};

static const char *const access_members[] = { "step", "access", "path", "value", NULL };
static const char *const refusal_members[] = { "error", "message", NULL };

/* ---------------------------------------------------------------- one that is made */

static const char *text_of(struct json_object *object, const char *name)
{
	return json_object_get_string(json_object_object_get(object, name)) ?: "";
}

static int set(struct json_object *object, const char *name, const char *value)
{
	struct json_object *string = json_object_new_string(value);

	if (string && json_object_object_add(object, name, string) >= 0)
		return 0;
	json_object_put(string);
	return -ENOMEM;
}

int bx_plan_begin(struct bx_plan *plan)
{
	int r = 0;

	*plan = (struct bx_plan){
		.basis = json_object_new_object(),
		.settings = json_object_new_object(),
		.accesses = json_object_new_array(),
		.refusals = json_object_new_array(),
	};
	if (!plan->basis || !plan->settings || !plan->accesses || !plan->refusals)
		r = -ENOMEM;
	for (enum bx_basis i = 0; r >= 0 && i < BX_BASIS_COUNT; i++)
		r = set(plan->basis, basis[i].name, "");
	if (r < 0)
		bx_plan_done(plan);
	return r;
}

void bx_plan_done(struct bx_plan *plan)
{
	json_object_put(plan->basis);
	json_object_put(plan->settings);
	json_object_put(plan->accesses);
	json_object_put(plan->refusals);
	*plan = (struct bx_plan){ 0 };
}

const char *bx_plan_basis(const struct bx_plan *plan, enum bx_basis member)
{
	return text_of(plan->basis, basis[member].name);
}

int bx_plan_set_basis(struct bx_plan *plan, enum bx_basis member, const char *value)
{
	return set(plan->basis, basis[member].name, value);
}

static int append(struct json_object *list, const char *const *names, const char *const *values)
{
	struct json_object *object = json_object_new_object();
	int r = object ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && names[i]; i++)
		r = set(object, names[i], values[i]);
	if (r >= 0 && json_object_array_add(list, object) >= 0)
		return 0;
	json_object_put(object);
	return -ENOMEM;
}

/* As people write it. The name of a module is none. */
static struct bx_path shown_path(enum bx_change change, const char *path)
{
	return change == BX_CHANGE_LOAD ? bx_path("%s", path) : bx_path("/%s", path);
}

int bx_plan_add_access(struct bx_plan *plan, enum bx_step step, enum bx_change change,
		       const char *path, const char *value)
{
	struct bx_path shown = shown_path(change, path);
	const char *const values[] = { bx_step_name(step), changes[change], shown.s, value };

	if (json_object_array_length(plan->accesses) >= BX_PLAN_ACCESSES_MAX)
		return -E2BIG;
	return append(plan->accesses, access_members, values);
}

int bx_plan_add_refusal(struct bx_plan *plan, const struct bx_failure *failure)
{
	const char *const values[] = { bx_error_bus_name(failure->error), failure->message };

	for (size_t i = 0; i < json_object_array_length(plan->refusals); i++) {
		struct json_object *other = json_object_array_get_idx(plan->refusals, i);

		if (bx_streq(text_of(other, "error"), values[0]) &&
		    bx_streq(text_of(other, "message"), values[1]))
			return 0;
	}
	return append(plan->refusals, refusal_members, values);
}

bool bx_plan_refused(const struct bx_plan *plan, struct bx_failure *failure)
{
	struct json_object *first = json_object_array_get_idx(plan->refusals, 0);
	enum bx_error error;

	if (!first || bx_error_from_name(text_of(first, "error"), &error) < 0)
		return false;
	bx_fail(failure, 0, error, "%s", text_of(first, "message"));
	return true;
}

bool bx_plan_has_access(const struct bx_plan *plan, size_t i, enum bx_change change,
			const char *path, const char *value)
{
	struct json_object *access = json_object_array_get_idx(plan->accesses, i);

	return bx_streq(text_of(access, "access"), changes[change]) &&
	       bx_streq(text_of(access, "path"), shown_path(change, path).s) &&
	       bx_streq(text_of(access, "value"), value);
}

/* ---------------------------------------------------------------- one that is sent */

int bx_plan_show(const struct bx_plan *plan, struct json_object *object)
{
	const struct {
		const char *name;
		struct json_object *value;
	} members[] = {
		{ "basis", plan->basis },
		{ "settings", plan->settings },
		{ "accesses", plan->accesses },
		{ "refusals", plan->refusals },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (json_object_object_add(object, members[i].name,
					   json_object_get(members[i].value)) < 0) {
			json_object_put(members[i].value);
			return -ENOMEM;
		}
	}
	return 0;
}

static int refuse(struct bx_failure *failure, const char *what)
{
	return bx_fail(failure, -EBADMSG, BX_ERROR_INVALID_ARGUMENT, "this is no plan: %s", what);
}

static bool is_text(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       json_object_get_string_len(value) <= MEMBER_MAX &&
	       strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}

/* An object with these members, each of them a text, and no others. */
static int check_texts(struct json_object *object, const char *const *names, const char *what,
		       struct bx_failure *failure)
{
	size_t n = 0;

	if (!json_object_is_type(object, json_type_object))
		return refuse(failure, bx_path("%s is no object", what).s);
	for (; names[n]; n++)
		if (!is_text(json_object_object_get(object, names[n])))
			return refuse(failure, bx_path("%s has no text '%s'", what, names[n]).s);
	json_object_object_foreach(object, name, value) {
		bool known = false;

		(void)value;
		for (size_t i = 0; i < n; i++)
			known |= bx_streq(name, names[i]);
		if (!known)
			return refuse(failure,
				      bx_path("%s has a member '%.64s', which means nothing", what,
					      name)
					      .s);
	}
	return 0;
}

static int check_list(struct json_object *list, const char *const *members, const char *what,
		      struct bx_failure *failure)
{
	int r = 0;

	if (!json_object_is_type(list, json_type_array))
		return refuse(failure, bx_path("%s is no list", what).s);
	if (json_object_array_length(list) > BX_PLAN_ACCESSES_MAX)
		return refuse(failure,
			      bx_path("%s has more than %d items", what, BX_PLAN_ACCESSES_MAX).s);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(list); i++)
		r = check_texts(json_object_array_get_idx(list, i), members,
				bx_path("item %zu of %s", i + 1, what).s, failure);
	return r;
}

static bool is_named(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bx_streq(name, names[i]))
			return true;
	return false;
}

static int check_accesses(struct json_object *accesses, struct bx_failure *failure)
{
	int r = check_list(accesses, access_members, "accesses", failure);

	for (size_t i = 0; r >= 0 && i < json_object_array_length(accesses); i++) {
		const char *access = text_of(json_object_array_get_idx(accesses, i), "access");

		if (!is_named(access, changes, BX_CHANGE_COUNT))
			r = refuse(failure, bx_path("there is no access '%.64s'", access).s);
	}
	return r;
}

static int check_refusals(struct json_object *refusals, struct bx_failure *failure)
{
	int r = check_list(refusals, refusal_members, "refusals", failure);

	for (size_t i = 0; r >= 0 && i < json_object_array_length(refusals); i++) {
		const char *name = text_of(json_object_array_get_idx(refusals, i), "error");
		enum bx_error error;

		if (bx_error_from_name(name, &error) < 0 || error == BX_ERROR_NONE)
			r = refuse(failure, bx_path("there is no error '%.64s'", name).s);
	}
	return r;
}

int bx_plan_take(struct json_object *object, struct bx_plan *ret, struct bx_failure *failure)
{
	const char *names[BX_BASIS_COUNT + 1] = { NULL };
	struct bx_plan plan = {
		.basis = json_object_object_get(object, "basis"),
		.settings = json_object_object_get(object, "settings"),
		.accesses = json_object_object_get(object, "accesses"),
		.refusals = json_object_object_get(object, "refusals"),
	};
	int r;

	for (enum bx_basis i = 0; i < BX_BASIS_COUNT; i++)
		names[i] = basis[i].name;
	r = check_texts(plan.basis, names, "basis", failure);
	if (r >= 0)
		r = bx_settings_check(plan.settings, failure);
	if (r >= 0)
		r = check_accesses(plan.accesses, failure);
	if (r >= 0 && plan.refusals)
		r = check_refusals(plan.refusals, failure);
	if (r < 0)
		return r;
	json_object_get(plan.basis);
	json_object_get(plan.settings);
	json_object_get(plan.accesses);
	plan.refusals = plan.refusals ? json_object_get(plan.refusals) : json_object_new_array();
	*ret = plan;
	return 0;
}

int bx_plan_parse(const char *text, size_t length, struct bx_plan *ret, struct bx_failure *failure)
{
	static const struct bx_json_limits limits = {
		.size = BX_PLAN_SIZE_MAX,
		.depth = 3,
		.values = BX_PLAN_ACCESSES_MAX * 5 + BX_SETTINGS_MAX + 64,
	};
	_cleanup_(json_object_putp) struct json_object *object = NULL;
	int r;

	r = bx_json_parse(text, length, &limits, &object);
	if (r == -ENOMEM)
		return r;
	if (r == -EMSGSIZE || r == -E2BIG)
		return refuse(failure, "it is too long");
	if (r < 0 || !json_object_is_type(object, json_type_object))
		return refuse(failure, "it is no JSON object");
	json_object_object_foreach(object, name, value) {
		static const char *const names[] = { "basis", "settings", "accesses", "refusals" };

		(void)value;
		if (!is_named(name, names, ARRAY_SIZE(names)))
			return refuse(failure, bx_path("there is no member '%.64s'", name).s);
	}
	return bx_plan_take(object, ret, failure) < 0 ? -EBADMSG : 0;
}

/* ---------------------------------------------------------------- whether it still holds */

static int outdated(struct bx_failure *failure, const char *what)
{
	return bx_fail(failure, -ESTALE, BX_ERROR_PLAN_OUTDATED,
		       "%s since the plan was made: make a new one", what);
}

static int compare_basis(const struct bx_plan *given, const struct bx_plan *now,
			 struct bx_failure *failure)
{
	for (enum bx_basis i = 0; i < BX_BASIS_COUNT; i++) {
		const char *was = bx_plan_basis(given, i), *is = bx_plan_basis(now, i);

		if (bx_streq(was, is))
			continue;
		if (i == BX_BASIS_BOOT)
			return outdated(failure, "the machine has been booted");
		if (i == BX_BASIS_INODE)
			return outdated(failure, bx_path("%s has left the machine, and come back",
							 bx_plan_basis(given, BX_BASIS_DEVICE))
							 .s);
		return outdated(failure, bx_path("the %s was '%.64s' and has become '%.64s'",
						 basis[i].words, was, is)
						 .s);
	}
	return 0;
}

static int compare_settings(struct json_object *given, struct json_object *now,
			    struct bx_failure *failure)
{
	json_object_object_foreach(given, name, value) {
		struct json_object *is = json_object_object_get(now, name);

		if (!is || !json_object_equal(value, is))
			return outdated(failure,
					bx_path("the setting %s was '%.64s' and has become '%.64s'",
						name, json_object_get_string(value),
						is ? json_object_get_string(is) : "")
						.s);
	}
	json_object_object_foreach(now, added, with) {
		if (!json_object_object_get_ex(given, added, NULL))
			return outdated(failure,
					bx_path("the setting %s was not set and has become '%.64s'",
						added, json_object_get_string(with))
						.s);
	}
	return 0;
}

/* "write 1 to /sys/...", or what else it is. */
static struct bx_path in_words(struct json_object *access)
{
	const char *value = text_of(access, "value");

	if (!access)
		return bx_path("nothing");
	return bx_path("%s %.100s%s%.*s%s", text_of(access, "access"), text_of(access, "path"),
		       *value ? " '" : "",
		       (int)strcspn(value, "\n") > 64 ? 64 : (int)strcspn(value, "\n"), value,
		       *value ? "'" : "");
}

static int compare_accesses(struct json_object *given, struct json_object *now,
			    struct bx_failure *failure)
{
	size_t n = json_object_array_length(given), m = json_object_array_length(now);

	for (size_t i = 0; i < n || i < m; i++) {
		struct json_object *was = json_object_array_get_idx(given, i),
				   *is = json_object_array_get_idx(now, i);

		if (!was || !is || !json_object_equal(was, is))
			return bx_fail(
				failure, -ESTALE, BX_ERROR_PLAN_OUTDATED,
				"access %zu of the plan is '%s' and would be '%s' now: make a new one",
				i + 1, in_words(was).s, in_words(is).s);
	}
	return 0;
}

int bx_plan_compare(const struct bx_plan *given, const struct bx_plan *now,
		    struct bx_failure *failure)
{
	int r;

	r = compare_basis(given, now, failure);
	if (r >= 0)
		r = compare_settings(given->settings, now->settings, failure);
	return r < 0 ? r : compare_accesses(given->accesses, now->accesses, failure);
}

/* ---------------------------------------------------------------- files */

int bx_plan_write(struct bx_journal *journal, uint64_t job, const struct bx_plan *plan)
{
	_cleanup_(json_object_putp) struct json_object *object = json_object_new_object();
	const char *text;

	if (!object || bx_plan_show(plan, object) < 0)
		return -ENOMEM;
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	return text ? bx_file_replace(journal->fd, bx_plan_file(job).s, text, false) : -ENOMEM;
}

int bx_plan_read(struct bx_journal *journal, uint64_t job, struct bx_plan *ret,
		 struct bx_failure *failure)
{
	_cleanup_free_ char *text = malloc(BX_PLAN_SIZE_MAX);
	ssize_t n = text ? bx_file_read(journal->fd, bx_plan_file(job).s, text, BX_PLAN_SIZE_MAX)
			 : -ENOMEM;

	if (n < 0)
		return bx_fail(failure, n, BX_ERROR_INTERNAL, "the plan cannot be read: %s",
			       strerror(-n));
	return bx_plan_parse(text, n, ret, failure);
}
