// SPDX-License-Identifier: GPL-2.0-or-later
/* A call from its arguments to its answer, whatever transport it came by; see api.h. */
#include "daemon/api.h"
#include "daemon/bus.h"
#include "daemon/varlink_api.h"
#include "daemon/util.h"

#include <inttypes.h>

#define CHANGES_MAX 64

const struct bx_interface *const bx_interfaces[] = {
	&bx_manager_interface,
	&bx_device_interface,
	&bx_job_interface,
	NULL,
};

const struct bx_field *bx_field_find(const struct bx_field *fields, const char *name)
{
	for (; fields && fields->name; fields++)
		if (bx_streq(fields->name, name))
			return fields;
	return NULL;
}

const struct bx_method *bx_method_find(const struct bx_interface *interface, const char *name)
{
	for (const struct bx_method *method = interface->methods; method && method->name; method++)
		if (bx_streq(method->name, name))
			return method;
	return NULL;
}

struct bx_call *bx_call_new(struct bx_daemon *daemon, const struct bx_interface *interface,
			    const struct bx_method *method, const char *key)
{
	struct bx_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->daemon = daemon;
	call->interface = interface;
	call->method = method;
	call->key = strdup(key);
	call->in = json_object_new_object();
	call->out = json_object_new_object();
	if (call->key && call->in && call->out)
		return call;
	bx_call_free(call);
	return NULL;
}

void bx_call_free(struct bx_call *call)
{
	if (!call)
		return;
	if (call->transport)
		call->transport->release(call);
	sd_bus_slot_unref(call->question);
	json_object_put(call->out);
	json_object_put(call->in);
	free(call->key);
	free(call);
}

/* ---------------------------------------------------------------- arguments */

struct json_object *bx_call_value(const struct bx_call *call, const char *name)
{
	return json_object_object_get(call->in, name);
}

const char *bx_call_text(const struct bx_call *call, const char *name)
{
	return json_object_get_string(bx_call_value(call, name)) ?: "";
}

static struct json_object *option(const struct bx_call *call, const char *name)
{
	return json_object_object_get(bx_call_value(call, "options"), name);
}

bool bx_call_switch(const struct bx_call *call, const char *name)
{
	return json_object_get_boolean(option(call, name));
}

const char *bx_call_option(const struct bx_call *call, const char *name)
{
	return json_object_get_string(option(call, name));
}

int bx_call_return(struct bx_call *call, const char *name, const char *value)
{
	return json_object_object_add(call->out, name, json_object_new_string(value)) < 0 ? -ENOMEM
											  : 0;
}

static bool is_text(struct json_object *value)
{
	/* A string with a zero byte in it would end early wherever it is used. */
	return json_object_is_type(value, json_type_string) &&
	       strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}

static bool all_text(struct json_object *value)
{
	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member) {
			if (!*name || !is_text(member))
				return false;
		}
		return true;
	}
	for (size_t i = 0; i < json_object_array_length(value); i++)
		if (!is_text(json_object_array_get_idx(value, i)))
			return false;
	return true;
}

static bool all_objects_of_text(struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (!json_object_is_type(item, json_type_object) || !all_text(item))
			return false;
	}
	return true;
}

static bool in_range(struct json_object *value, int64_t least, int64_t most)
{
	return json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= least &&
	       json_object_get_int64(value) <= most;
}

/* What @value is not, in words; NULL if it is of the type. */
static const char *mismatch(struct json_object *value, const char *type)
{
	if (bx_streq(type, "s") || bx_streq(type, "o"))
		return is_text(value) ? NULL : "a string";
	if (bx_streq(type, "b"))
		return json_object_is_type(value, json_type_boolean) ? NULL : "true or false";
	if (bx_streq(type, "u"))
		return in_range(value, 0, UINT32_MAX) ? NULL : "a number from 0 to 4294967295";
	if (bx_streq(type, "as"))
		return json_object_is_type(value, json_type_array) && all_text(value)
			       ? NULL
			       : "a list of strings";
	if (bx_streq(type, "aa{ss}"))
		return json_object_is_type(value, json_type_array) && all_objects_of_text(value)
			       ? NULL
			       : "a list of objects whose members are strings";
	if (bx_streq(type, "a{ss}"))
		return json_object_is_type(value, json_type_object) && all_text(value)
			       ? NULL
			       : "an object whose members are strings";
	return "of a known type";
}

static void name_fields(const struct bx_field *fields, char *text, size_t size)
{
	size_t n = 0;

	if (!fields || !fields->name)
		snprintf(text, size, "it has none");
	for (; fields && fields->name && n < size; fields++)
		n += snprintf(text + n, size - n, "%s%s", n ? ", " : "there are ", fields->name);
}

/* Every member is one of @fields and of its type. */
static int check_members(struct json_object *object, const struct bx_field *fields,
			 const char *kind, struct bx_failure *failure)
{
	json_object_object_foreach(object, name, value) {
		const struct bx_field *field = bx_field_find(fields, name);
		const char *wanted = field ? mismatch(value, field->type) : NULL;
		char others[256];

		if (!field) {
			name_fields(fields, others, sizeof(others));
			return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
				       "there is no %s '%.64s' here: %s", kind, name, others);
		}
		if (wanted)
			return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
				       "%s '%s' is %.64s, and must be %s", kind, name,
				       json_object_to_json_string_ext(value,
								      JSON_C_TO_STRING_PLAIN),
				       wanted);
	}
	return 0;
}

static int check_arguments(struct bx_call *call)
{
	const struct bx_method *method = call->method;
	struct json_object *options = NULL;
	int r = 0;

	if (method->options && json_object_object_get_ex(call->in, "options", &options)) {
		if (!json_object_is_type(options, json_type_object))
			return bx_fail(&call->failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
				       "options must be an object");
		r = check_members(options, method->options, "option", &call->failure);
		/* Taken out, so that what is left are the arguments. */
		json_object_get(options);
		json_object_object_del(call->in, "options");
	}
	if (r >= 0)
		r = check_members(call->in, method->in, "argument", &call->failure);
	for (const struct bx_field *field = method->in; r >= 0 && field && field->name; field++)
		if (!json_object_object_get_ex(call->in, field->name, NULL))
			r = bx_fail(&call->failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
				    "argument '%s' is missing: %s", field->name, field->doc);
	if (options && json_object_object_add(call->in, "options", options) < 0)
		r = -ENOMEM;
	return r;
}

/* ---------------------------------------------------------------- running */

void bx_call_end(struct bx_call *call, int r)
{
	/* Who has left meanwhile may have changed its mind. */
	if (call->transport->gone && call->transport->gone(call)) {
		bx_call_free(call);
		return;
	}
	if (r < 0 && call->failure.error == BX_ERROR_NONE)
		bx_fail(&call->failure, r, BX_ERROR_INTERNAL, "%s", strerror(-r));
	call->transport->answer(call);
	bx_call_free(call);
}

/* The object may have gone while polkit was thinking, so it is looked for now. */
static int run(struct bx_call *call)
{
	void *object = call->interface->find(call->daemon, call->key);

	if (!object)
		return bx_fail(&call->failure, -ENODEV, call->interface->missing,
			       "there is no %s '%.100s'", call->interface->name, call->key);
	return call->method->run(call, object);
}

void bx_call_authorized(struct bx_call *call, int r)
{
	bool gone = call->transport->gone && call->transport->gone(call);

	/* Not even begun for somebody who has left while polkit was thinking. */
	if (r >= 0 && !gone)
		r = run(call);
	if (r < 0 || !call->later)
		bx_call_end(call, r);
}

void bx_call_begin(struct bx_call *call)
{
	int r = check_arguments(call);

	if (r >= 0) {
		r = bx_call_action(call) ? bx_authorize(call) : 1;
		if (r == 0)
			return;
	}
	bx_call_authorized(call, r);
}

/* ---------------------------------------------------------------- changes */

void bx_object_added(struct bx_daemon *daemon, const struct bx_interface *interface,
		     const char *key)
{
	bx_bus_added(daemon, interface, key);
	bx_varlink_api_say(daemon, interface, key, "added");
}

void bx_object_changed(struct bx_daemon *daemon, const struct bx_interface *interface,
		       const char *key, const char *const *names)
{
	bx_bus_changed(daemon, interface, key, names);
	bx_varlink_api_say(daemon, interface, key, "changed");
}

void bx_object_removed(struct bx_daemon *daemon, const struct bx_interface *interface,
		       const char *key)
{
	bx_bus_removed(daemon, interface, key);
	bx_varlink_api_say(daemon, interface, key, "removed");
}

void bx_object_signal(struct bx_daemon *daemon, const struct bx_interface *interface,
		      const char *key, const char *name, struct json_object *values)
{
	bx_bus_signal(daemon, interface, key, name, values);
	json_object_put(values);
}

void bx_object_compare(struct bx_daemon *daemon, const struct bx_interface *interface,
		       const char *key, struct json_object *before, struct json_object *after)
{
	const char *names[CHANGES_MAX];
	size_t n = 0;

	/* Telling it can make somebody look, and find that it is not like this any more. */
	json_object_get(after);
	json_object_object_foreach(after, name, value) {
		if (n < CHANGES_MAX - 1 &&
		    !json_object_equal(value, json_object_object_get(before, name)))
			names[n++] = name;
	}
	names[n] = NULL;
	if (n)
		bx_object_changed(daemon, interface, key, names);
	json_object_put(after);
	json_object_put(before);
}
