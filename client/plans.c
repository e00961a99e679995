// SPDX-License-Identifier: GPL-2.0-or-later
/* plan and apply. What a plan says is bxd's, which also judges what comes back: here it is only shown, and handed on. */
#include "client/bxctl.h"
#include "daemon/bus_json.h"
#include "daemon/json.h"
#include "daemon/names.h"
#include "daemon/root.h"

#define PLAN_SIZE_MAX (1 << 20)

/* The members of a plan, with their types on D-Bus; all but the last go back. */
static const struct {
	const char *name, *type;
} members[] = {
	{ "basis", "a{ss}" },
	{ "settings", "a{ss}" },
	{ "accesses", "aa{ss}" },
	{ "refusals", "aa{ss}" },
};

/* ---------------------------------------------------------------- plan */

static void print_access(size_t number, struct json_object *access)
{
	const char *what = bxctl_text(access, "access"), *path = bxctl_text(access, "path"),
		   *value = bxctl_text(access, "value");
	int length = strcspn(value, "\n");

	printf("%3zu. %-12s ", number, bxctl_text(access, "step"));
	if (bx_streq(what, "write"))
		printf("write '%.*s' to %s\n", length, value, path);
	else if (bx_streq(what, "load"))
		printf("load module %s%s%s\n", path, *value ? " with " : "", value);
	else
		printf("%s %s\n", what, path);
}

static void print_plan(struct json_object *accesses, struct json_object *refusals)
{
	size_t n = json_object_array_length(accesses), m = json_object_array_length(refusals);

	for (size_t i = 0; i < n; i++)
		print_access(i + 1, json_object_array_get_idx(accesses, i));
	if (!n && !m)
		printf("Nothing would be changed.\n");
}

/* All of them; the exit code that the operation itself would have. */
static enum bx_exit tell_refusals(struct json_object *refusals, const char *what)
{
	enum bx_exit code = BX_EXIT_OK;

	for (size_t i = 0; i < json_object_array_length(refusals); i++) {
		struct json_object *refusal = json_object_array_get_idx(refusals, i);
		enum bx_error error;

		if (bx_error_from_name(bxctl_text(refusal, "error"), &error) < 0)
			error = BX_ERROR_INTERNAL;
		bxctl_error("%s: %s (%s)", what, bxctl_text(refusal, "message"),
			    bx_error_name(error));
		if (!i)
			code = bx_error_exit_code(error);
	}
	return code;
}

static int add_text(struct json_object *object, const char *name, const char *value)
{
	return json_object_object_add(object, name, json_object_new_string(value)) < 0 ? -ENOMEM
										       : 0;
}

/* Each is an option of the method as well, where it is given. */
static enum bx_exit gather(struct bxctl *ctl, const char *kind, char **words,
			   struct json_object *options)
{
	struct json_object *settings;
	enum bx_exit code;

	if (!bx_streq(kind, "create") && (ctl->type || ctl->size || ctl->preset || ctl->from)) {
		bxctl_error("--type, --size, --preset and --from are options of create and define");
		return BX_EXIT_USAGE;
	}
	if (ctl->with_data &&
	    json_object_object_add(options, "with_data", json_object_new_boolean(true)) < 0)
		return BX_EXIT_FAILED;
	if (bx_streq(kind, "bind")) {
		if (!words[0] || words[1]) {
			bxctl_error("`bxctl plan bind` takes DEVICE DRIVER");
			return BX_EXIT_USAGE;
		}
		return add_text(options, "driver", words[0]) < 0 ? BX_EXIT_FAILED : BX_EXIT_OK;
	}
	if (!bx_streq(kind, "create")) {
		if (!words[0])
			return BX_EXIT_OK;
		bxctl_error("`bxctl plan %s` takes DEVICE, and nothing else", kind);
		return BX_EXIT_USAGE;
	}
	code = bxctl_gather_settings(ctl, words, &settings);
	if (code != BX_EXIT_OK)
		return code;
	json_object_object_add(options, "settings", settings);
	if (ctl->preset && add_text(options, "preset", ctl->preset) < 0)
		return BX_EXIT_FAILED;
	return BX_EXIT_OK;
}

static int call_plan(struct bxctl *ctl, const char *kind, const char *device,
		     struct json_object *options, struct json_object *plan, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
	int r;

	r = sd_bus_message_new_method_call(ctl->bus, &message, BX_BUS_NAME, BX_PATH_ROOT,
					   BX_IFACE_MANAGER, "Plan");
	if (r >= 0)
		r = sd_bus_message_append(message, "ss", kind, device);
	if (r >= 0)
		r = bx_bus_append_value(message, "a{sv}", options);
	if (r >= 0)
		r = sd_bus_call(ctl->bus, message, 0, error, &reply);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(members); i++) {
		struct json_object *value;

		r = bx_bus_read_value(reply, NULL, &value);
		if (r >= 0 && json_object_object_add(plan, members[i].name, value) < 0)
			r = -ENOMEM;
	}
	return r;
}

enum bx_exit bxctl_plan(struct bxctl *ctl, char **words)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(json_object_putp) struct json_object *options = json_object_new_object(),
						       *plan = json_object_new_object(),
						       *device = NULL;
	const char *kind = words[0], *name = words[1];
	struct json_object *refusals;
	enum bx_exit code;
	char what[400];
	int r;

	code = gather(ctl, kind, words + 2, options);
	if (code != BX_EXIT_OK)
		return code;
	if (!bx_streq(kind, "create")) {
		code = bxctl_find_device(ctl, name, &device);
		if (code != BX_EXIT_OK)
			return code;
		name = bxctl_text(device, "Id");
	}
	r = call_plan(ctl, kind, name, options, plan, &error);
	if (r < 0)
		return bxctl_call_failed(bx_path("%.64s of %.240s cannot be planned", kind, name).s,
					 r, &error);
	refusals = json_object_object_get(plan, "refusals");
	if (ctl->json)
		bxctl_print_json(plan, false);
	else
		print_plan(json_object_object_get(plan, "accesses"), refusals);
	snprintf(what, sizeof(what), "%.64s of %.240s would be refused", kind, name);
	return tell_refusals(refusals, what);
}

/* ---------------------------------------------------------------- apply */

static bool has_texts(struct json_object *object)
{
	if (!json_object_is_type(object, json_type_object))
		return false;
	json_object_object_foreach(object, name, value) {
		(void)name;
		if (!json_object_is_type(value, json_type_string))
			return false;
	}
	return true;
}

static bool fits(struct json_object *value, const char *type)
{
	if (bx_streq(type, "a{ss}"))
		return has_texts(value);
	if (!json_object_is_type(value, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(value); i++)
		if (!has_texts(json_object_array_get_idx(value, i)))
			return false;
	return true;
}

static int check_plan(struct json_object *plan, const char *path)
{
	size_t known = 0;

	if (!json_object_is_type(plan, json_type_object)) {
		bxctl_error("%s is no JSON object, as `bxctl --json plan` prints it", path);
		return -EBADMSG;
	}
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct json_object *value = json_object_object_get(plan, members[i].name);

		if (!value || !fits(value, members[i].type)) {
			bxctl_error("%s is no plan, as `bxctl --json plan` prints it: '%s' is %s",
				    path, members[i].name,
				    !value			? "missing"
				    : members[i].type[1] == 'a' ? "no list of objects of strings"
								: "no object of strings");
			return -EBADMSG;
		}
		known++;
	}
	if ((size_t)json_object_object_length(plan) != known) {
		bxctl_error("%s is no plan, as `bxctl --json plan` prints it: it has more than "
			    "basis, settings, accesses and refusals",
			    path);
		return -EBADMSG;
	}
	return 0;
}

static int read_plan(const char *path, struct json_object **ret)
{
	static const struct bx_json_limits limits = { .size = PLAN_SIZE_MAX,
						      .depth = 3,
						      .values = 32768 };
	_cleanup_free_ char *text = NULL;
	struct json_object *plan = NULL;
	size_t length;

	text = bxctl_read_file(path, PLAN_SIZE_MAX, &length);
	if (!text)
		return -EIO;
	if (bx_json_parse(text, length, &limits, &plan) < 0)
		plan = NULL;
	if (check_plan(plan, path) < 0) {
		json_object_put(plan);
		return -EBADMSG;
	}
	*ret = plan;
	return 0;
}

enum bx_exit bxctl_apply(struct bxctl *ctl, const char *path)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	_cleanup_(json_object_putp) struct json_object *plan = NULL;
	struct json_object *basis;
	char what[400];
	int r;

	if (read_plan(path, &plan) < 0)
		return BX_EXIT_USAGE;
	r = sd_bus_message_new_method_call(ctl->bus, &call, BX_BUS_NAME, BX_PATH_ROOT,
					   BX_IFACE_MANAGER, "Apply");
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(members) - 1; i++)
		r = bx_bus_append_value(call, members[i].type,
					json_object_object_get(plan, members[i].name));
	if (r >= 0)
		r = sd_bus_message_append(call, "a{sv}", 0);
	basis = json_object_object_get(plan, "basis");
	snprintf(what, sizeof(what), "%.64s of %.240s cannot be done as planned",
		 bxctl_text(basis, "kind"), bxctl_text(basis, "device"));
	return bxctl_call_job(ctl, call, r, what);
}
