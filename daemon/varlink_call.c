// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The messages of a varlink service: what is a call, who handles it, how it is answered. Where they
 * come from is in varlink.c.
 */
#include "daemon/varlink_private.h"

/* Messages are small trees. The number of values bounds what a message costs when it is read: an empty
 * object takes two bytes of text and most of a kilobyte as a tree. */
#define DEPTH_MAX  32
#define VALUES_MAX 8192

#define SERVICE	   "org.varlink.service."

/* ---------------------------------------------------------------- the life of a call */

static void call_free(struct bx_varlink_call *call)
{
	json_object_put(call->parameters);
	json_object_put(call->message);
	free(call);
}

static void call_end(struct bx_varlink_call *call)
{
	call->connection->call = NULL;
	/* The next one may be waiting. */
	bx_varlink_wake(call->connection);
	call_free(call);
}

void bx_varlink_call_lost(struct bx_varlink_connection *connection)
{
	struct bx_varlink_call *call = connection->call;

	if (!call)
		return;
	connection->call = NULL;
	/* Now an answer ends nowhere, and does not end the call. */
	call->connection = NULL;
	if (call->gone)
		call->gone(call, call->userdata);
	call_free(call);
}

void bx_varlink_call_on_gone(struct bx_varlink_call *call,
			     void (*gone)(struct bx_varlink_call *call, void *userdata),
			     void *userdata)
{
	call->gone = gone;
	call->userdata = userdata;
}

const char *bx_varlink_call_method(const struct bx_varlink_call *call)
{
	return call->method;
}

bool bx_varlink_call_wants_more(const struct bx_varlink_call *call)
{
	return call->more;
}

bool bx_varlink_call_is_oneway(const struct bx_varlink_call *call)
{
	return call->oneway;
}

uid_t bx_varlink_call_uid(const struct bx_varlink_call *call)
{
	return call->uid;
}

pid_t bx_varlink_call_pid(const struct bx_varlink_call *call)
{
	return call->pid;
}

uint64_t bx_varlink_call_began(const struct bx_varlink_call *call)
{
	return call->began;
}

/* ---------------------------------------------------------------- replies */

/* Adds @value, of which this takes the reference, too. NULL is what could not be made. */
static int add(struct json_object *object, const char *name, struct json_object *value)
{
	if (value && json_object_object_add(object, name, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int format_reply(struct json_object *parameters, bool continues, const char *error,
			struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *reply = json_object_new_object();
	int r;

	if (!reply)
		return -ENOMEM;
	/* They may be left out, but not every client knows that. */
	r = add(reply, "parameters",
		parameters ? json_object_get(parameters) : json_object_new_object());
	if (r == 0 && continues)
		r = add(reply, "continues", json_object_new_boolean(true));
	if (r == 0 && error)
		r = add(reply, "error", json_object_new_string(error));
	if (r < 0)
		return r;
	*ret = reply;
	reply = NULL;
	return 0;
}

static int send_reply(struct bx_varlink_call *call, struct json_object *parameters, bool continues,
		      const char *error)
{
	_cleanup_(json_object_putp) struct json_object *reply = NULL;
	const char *text;
	size_t length;
	int r;

	if (call->oneway)
		return 0;
	r = format_reply(parameters, continues, error, &reply);
	if (r == 0) {
		text = json_object_to_json_string_length(
			reply, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
		/* With the zero byte that ends it there and here. */
		r = text ? bx_varlink_send(call->connection, text, length + 1) : -ENOMEM;
	}
	/* A client that has missed a reply must not take the next one for it. */
	if (r == -ENOMEM) {
		call->connection->over = true;
		bx_varlink_wake(call->connection);
	}
	return r;
}

static int last_reply(struct bx_varlink_call *call, struct json_object *parameters,
		      const char *error)
{
	int r;

	if (!call->connection)
		return -ECONNRESET;
	r = send_reply(call, parameters, false, error);
	call_end(call);
	return r;
}

int bx_varlink_reply(struct bx_varlink_call *call, struct json_object *parameters)
{
	return last_reply(call, parameters, NULL);
}

int bx_varlink_reply_more(struct bx_varlink_call *call, struct json_object *parameters)
{
	if (!call->connection)
		return -ECONNRESET;
	if (!call->more)
		return -EINVAL;
	return send_reply(call, parameters, true, NULL);
}

int bx_varlink_error(struct bx_varlink_call *call, const char *error,
		     struct json_object *parameters)
{
	return last_reply(call, parameters, error);
}

/* An error of every service with its one parameter. Without memory it goes without it. */
static int service_error(struct bx_varlink_call *call, const char *error, const char *name,
			 const char *value)
{
	_cleanup_(json_object_putp) struct json_object *parameters = json_object_new_object();

	if (parameters)
		add(parameters, name, json_object_new_string(value));
	return last_reply(call, parameters, error);
}

int bx_varlink_interface_not_found(struct bx_varlink_call *call, const char *name)
{
	return service_error(call, SERVICE "InterfaceNotFound", "interface", name);
}

int bx_varlink_method_not_found(struct bx_varlink_call *call)
{
	return service_error(call, SERVICE "MethodNotFound", "method", call->method);
}

int bx_varlink_method_not_implemented(struct bx_varlink_call *call)
{
	return service_error(call, SERVICE "MethodNotImplemented", "method", call->method);
}

int bx_varlink_invalid_parameter(struct bx_varlink_call *call, const char *parameter)
{
	return service_error(call, SERVICE "InvalidParameter", "parameter", parameter);
}

int bx_varlink_permission_denied(struct bx_varlink_call *call)
{
	return last_reply(call, NULL, SERVICE "PermissionDenied");
}

int bx_varlink_expected_more(struct bx_varlink_call *call)
{
	return last_reply(call, NULL, SERVICE "ExpectedMore");
}

/* ---------------------------------------------------------------- calls */

/* Of an optional member null is as good as nothing. */
static int take_flag(struct json_object *value, bool *ret)
{
	if (value && !json_object_is_type(value, json_type_boolean))
		return -EBADMSG;
	*ret = json_object_get_boolean(value);
	return 0;
}

/* What is not known is refused, since it could be what turns a call into its opposite. Only vendors
 * may add what the protocol does not know, in an object under a name of theirs with a dot in it. */
static int take_other(const char *name, struct json_object *value)
{
	return strchr(name, '.') && json_object_is_type(value, json_type_object) ? 0 : -EBADMSG;
}

/* Takes the members of a message apart. */
static int take_members(struct bx_varlink_call *call, bool *upgrade)
{
	int r;

	json_object_object_foreach(call->message, name, value) {
		if (bx_streq(name, "method")) {
			if (!json_object_is_type(value, json_type_string))
				return -EBADMSG;
			call->method = json_object_get_string(value);
			r = 0;
		} else if (bx_streq(name, "parameters")) {
			if (value && !json_object_is_type(value, json_type_object))
				return -EBADMSG;
			call->parameters = json_object_get(value);
			r = 0;
		} else if (bx_streq(name, "oneway")) {
			r = take_flag(value, &call->oneway);
		} else if (bx_streq(name, "more")) {
			r = take_flag(value, &call->more);
		} else if (bx_streq(name, "upgrade")) {
			r = take_flag(value, upgrade);
		} else {
			r = take_other(name, value);
		}
		if (r < 0)
			return r;
	}
	/* No reply at all and more than one: nobody can mean both. */
	return !call->method || (call->oneway && call->more) ? -EBADMSG : 0;
}

static int parse_message(struct bx_varlink_call *call, const char *text, size_t length,
			 bool *upgrade)
{
	const struct bx_json_limits limits = {
		.size = call->connection->varlink->limits.message,
		.depth = DEPTH_MAX,
		.values = VALUES_MAX,
	};
	int r;

	r = bx_json_parse(text, length, &limits, &call->message);
	if (r < 0)
		return r;
	if (!json_object_is_type(call->message, json_type_object))
		return -EBADMSG;
	r = take_members(call, upgrade);
	if (r < 0)
		return r;
	if (!call->parameters)
		call->parameters = json_object_new_object();
	return call->parameters ? 0 : -ENOMEM;
}

const struct bx_varlink_interface *bx_varlink_find_interface(const struct bx_varlink *varlink,
							     const char *name, size_t length)
{
	const struct bx_varlink_interface *own = &bx_varlink_service_interface;

	if (strlen(own->name) == length && !memcmp(own->name, name, length))
		return own;
	for (size_t i = 0; varlink->interfaces[i]; i++) {
		const struct bx_varlink_interface *interface = varlink->interfaces[i];

		if (strlen(interface->name) == length && !memcmp(interface->name, name, length))
			return interface;
	}
	return NULL;
}

/* What the handler returned; or 0, and the call has been answered here. */
static int handle(struct bx_varlink_call *call, bool upgrade)
{
	const struct bx_varlink_interface *interface;
	const char *dot = strrchr(call->method, '.');
	_cleanup_free_ char *name = NULL;

	if (!dot) {
		bx_varlink_invalid_parameter(call, "method");
		return 0;
	}
	interface = bx_varlink_find_interface(call->connection->varlink, call->method,
					      dot - call->method);
	if (!interface) {
		name = strndup(call->method, dot - call->method);
		if (!name)
			return -ENOMEM;
		bx_varlink_interface_not_found(call, name);
		return 0;
	}
	/* No method has another protocol to go on with. */
	if (upgrade) {
		bx_varlink_method_not_implemented(call);
		return 0;
	}
	return interface->call(call, dot + 1, call->parameters, interface->userdata);
}

void bx_varlink_dispatch(struct bx_varlink_connection *connection, const char *text, size_t length)
{
	struct bx_varlink_call *call = calloc(1, sizeof(*call));
	bool upgrade = false;
	int r;

	if (!call) {
		connection->over = true;
		return;
	}
	call->connection = connection;
	call->uid = connection->uid;
	call->pid = connection->pid;
	call->began = connection->began;
	if (parse_message(call, text, length, &upgrade) < 0) {
		call_free(call);
		connection->over = true;
		return;
	}
	connection->call = call;
	r = handle(call, upgrade);
	/* A call is handled to its end, or has an owner who knows when it is gone. */
	if (connection->call && (r < 0 || !connection->call->gone))
		connection->over = true;
}

/* ---------------------------------------------------------------- parameters */

static bool has_type(struct json_object *value, enum json_type type)
{
	return json_object_is_type(value, type) ||
	       (type == json_type_double && json_object_is_type(value, json_type_int));
}

static const char *unknown_parameter(struct json_object *parameters,
				     const struct bx_varlink_parameter *table)
{
	json_object_object_foreach(parameters, name, value) {
		const struct bx_varlink_parameter *p = table;

		(void)value;
		while (p->name && !bx_streq(p->name, name))
			p++;
		if (!p->name)
			return name;
	}
	return NULL;
}

int bx_varlink_parameters(struct bx_varlink_call *call, struct json_object *parameters,
			  const struct bx_varlink_parameter *table)
{
	const char *wrong = unknown_parameter(parameters, table);

	for (const struct bx_varlink_parameter *p = table; !wrong && p->name; p++) {
		*p->value = NULL;
		json_object_object_get_ex(parameters, p->name, p->value);
		if (*p->value ? !has_type(*p->value, p->type) : !p->optional)
			wrong = p->name;
	}
	if (!wrong)
		return 1;
	bx_varlink_invalid_parameter(call, wrong);
	return 0;
}
