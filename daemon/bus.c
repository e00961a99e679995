// SPDX-License-Identifier: GPL-2.0-or-later
/* D-Bus; see bus.h. What sd-bus wants as vtables is made from the tables of api.h when bxd starts. */
#include "daemon/bus.h"
#include "daemon/bus_json.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/util.h"

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

/* Of the arguments of a call, as bx_bus_read_value() counts: they are read before it is known who calls. */
#define ARGUMENTS_MAX (256 * 1024)

/* An interface as it is registered. */
struct bx_bus_interface {
	struct bx_bus_interface *next;
	struct bx_daemon *daemon;
	const struct bx_interface *interface;
	char *name;
	sd_bus_vtable *vtable;
	char **texts; /* that the vtable points to */
};

int bx_bus_path(const struct bx_interface *interface, const char *key, char **ret)
{
	if (interface->single)
		*ret = strdup(interface->path);
	else if (!*key)
		*ret = strdup("/");
	else if (!interface->numbered)
		return sd_bus_path_encode(interface->path, key, ret);
	else if (asprintf(ret, "%s/%s", interface->path, key) < 0)
		return -ENOMEM;
	return *ret ? 0 : -ENOMEM;
}

/* To be freed; NULL if the path is not one of an object of the interface. */
static char *key_of_path(const struct bx_interface *interface, const char *path)
{
	char *key = NULL;

	size_t n = strlen(interface->path);

	if (interface->single)
		return bx_streq(path, interface->path) ? strdup("") : NULL;
	if (interface->numbered)
		return bx_startswith(path, interface->path) && path[n] == '/' ? strdup(path + n + 1)
									      : NULL;
	return sd_bus_path_decode(path, interface->path, &key) > 0 ? key : NULL;
}

/* ---------------------------------------------------------------- fields */

/* A key becomes a path, a list of keys a list of paths. */
static int append_reference(sd_bus_message *message, const struct bx_field *field,
			    struct json_object *value)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (*field->type != 'a') {
		r = bx_bus_path(field->of, json_object_get_string(value) ?: "", &path);
		return r < 0 ? r : sd_bus_message_append(message, "o", path);
	}
	r = sd_bus_message_open_container(message, 'a', "o");
	for (size_t i = 0; r >= 0 && i < json_object_array_length(value); i++) {
		_cleanup_free_ char *item = NULL;

		r = bx_bus_path(field->of,
				json_object_get_string(json_object_array_get_idx(value, i)), &item);
		if (r >= 0)
			r = sd_bus_message_append(message, "o", item);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_field(sd_bus_message *message, const struct bx_field *field,
			struct json_object *values)
{
	struct json_object *value = json_object_object_get(values, field->name);

	return field->of ? append_reference(message, field, value)
			 : bx_bus_append_value(message, field->type, value);
}

static int append_fields(sd_bus_message *message, const struct bx_field *fields,
			 struct json_object *values)
{
	int r = 0;

	for (; r >= 0 && fields && fields->name; fields++)
		r = append_field(message, fields, values);
	return r;
}

/* The types of all fields in a row, as a signature, and their names with a zero byte behind each. */
static int describe_fields(const struct bx_field *fields, bool options, char **types, char **names)
{
	static const struct bx_field last[] = { BX_FIELD("options", "a{sv}", ""), { 0 } };
	_cleanup_free_ char *type_text = NULL;
	size_t type_size, name_size;
	FILE *type_file = open_memstream(&type_text, &type_size),
	     *name_file = open_memstream(names, &name_size);

	if (!type_file || !name_file)
		return -ENOMEM;
	for (int round = 0; round < 2; round++) {
		for (const struct bx_field *field = round ? options ? last : NULL : fields;
		     field && field->name; field++) {
			fputs(field->type, type_file);
			fprintf(name_file, "%s%c", field->name, 0);
		}
	}
	if (fclose(type_file) || fclose(name_file))
		return -ENOMEM;
	*types = type_text;
	type_text = NULL;
	return 0;
}

/* ---------------------------------------------------------------- calls */

static int call_uid(struct bx_call *call, uid_t *ret)
{
	_cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
	int r;

	/* Never augmented: what is read from /proc about a sender can be another process by then. */
	r = sd_bus_query_sender_creds(call->message, SD_BUS_CREDS_EUID, &creds);
	return r < 0 ? r : sd_bus_creds_get_euid(creds, ret);
}

static int call_append_subject(struct bx_call *call, sd_bus_message *question)
{
	return sd_bus_message_append(question, "(sa{sv})", "system-bus-name", 1, "name", "s",
				     sd_bus_message_get_sender(call->message));
}

static void call_answer(struct bx_call *call)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	if (call->failure.error != BX_ERROR_NONE) {
		r = sd_bus_reply_method_errorf(call->message,
					       bx_error_bus_name(call->failure.error), "%s",
					       call->failure.message);
	} else {
		r = sd_bus_message_new_method_return(call->message, &reply);
		if (r >= 0)
			r = append_fields(reply, call->method->out, call->out);
		if (r >= 0)
			r = sd_bus_send(NULL, reply, NULL);
		/* It is done, and cannot be told: that is better than to say nothing. */
		if (r < 0)
			sd_bus_reply_method_errno(call->message, r, NULL);
	}
	if (r < 0)
		bx_log(LOG_WARNING, "%s of %s cannot be answered: %s", call->method->name,
		       sd_bus_message_get_sender(call->message), strerror(-r));
}

static void call_release(struct bx_call *call)
{
	sd_bus_message_unref(call->message);
}

static const struct bx_transport transport = {
	.uid = call_uid,
	.append_subject = call_append_subject,
	.answer = call_answer,
	.release = call_release,
};

static int read_arguments(struct bx_call *call, sd_bus_message *message)
{
	size_t budget = ARGUMENTS_MAX;
	int r = 0;

	for (const struct bx_field *field = call->method->in; r >= 0 && field && field->name;
	     field++) {
		struct json_object *value = NULL;

		r = bx_bus_read_value(message, &budget, &value);
		if (r >= 0)
			r = json_object_object_add(call->in, field->name, value) < 0 ? -ENOMEM : 0;
	}
	if (r >= 0 && call->method->options) {
		struct json_object *options = NULL;

		r = bx_bus_read_value(message, &budget, &options);
		if (r >= 0)
			r = json_object_object_add(call->in, "options", options) < 0 ? -ENOMEM : 0;
	}
	return r;
}

static int on_call(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bx_bus_interface *registered = userdata;
	const struct bx_interface *interface = registered->interface;
	const struct bx_method *method =
		bx_method_find(interface, sd_bus_message_get_member(message));
	_cleanup_free_ char *key = key_of_path(interface, sd_bus_message_get_path(message));
	struct bx_call *call;
	int r;

	if (!method || !key)
		return -ENOENT;
	call = bx_call_new(registered->daemon, interface, method, key);
	if (!call)
		return -ENOMEM;
	r = read_arguments(call, message);
	if (r < 0) {
		bx_call_free(call);
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
					 "the arguments cannot be read: %s", strerror(-r));
	}
	call->transport = &transport;
	call->message = sd_bus_message_ref(message);
	call->interactive = sd_bus_message_get_allow_interactive_authorization(message) > 0;
	bx_call_begin(call);
	return 1;
}

/* ---------------------------------------------------------------- objects */

/* What is found is given to on_get(), once for all properties of an object. */
static int find_object(sd_bus *bus, const char *path, const char *interface, void *userdata,
		       void **found, sd_bus_error *error)
{
	struct bx_bus_interface *registered = userdata;
	_cleanup_free_ char *key = key_of_path(registered->interface, path);
	void *object = key ? registered->interface->find(registered->daemon, key) : NULL;

	*found = object;
	return object ? 1 : 0;
}

static int list_objects(sd_bus *bus, const char *prefix, void *userdata, char ***nodes,
			sd_bus_error *error)
{
	struct bx_bus_interface *registered = userdata;
	_cleanup_strv_ char **keys = NULL, **paths = NULL;
	int r;

	r = registered->interface->list(registered->daemon, &keys);
	for (size_t i = 0; r >= 0 && keys && keys[i]; i++) {
		_cleanup_free_ char *path = NULL;

		r = bx_bus_path(registered->interface, keys[i], &path);
		if (r >= 0)
			r = bx_strv_addf(&paths, "%s", path);
	}
	if (r < 0)
		return r;
	*nodes = paths;
	paths = NULL;
	return 0;
}

static const struct bx_interface *interface_called(const char *name)
{
	if (!bx_startswith(name, BX_BUS_NAME "."))
		return NULL;
	name += strlen(BX_BUS_NAME ".");
	for (size_t i = 0; bx_interfaces[i]; i++)
		if (bx_streq(bx_interfaces[i]->name, name))
			return bx_interfaces[i];
	return NULL;
}

static int on_get(sd_bus *bus, const char *path, const char *interface_name, const char *property,
		  sd_bus_message *reply, void *object, sd_bus_error *error)
{
	const struct bx_interface *interface = interface_called(interface_name);
	const struct bx_field *field =
		interface ? bx_field_find(interface->properties, property) : NULL;
	_cleanup_(json_object_putp) struct json_object *values = NULL;

	if (!field)
		return -ENODEV;
	if (field->live)
		interface->look(object);
	values = interface->show(object);
	return values ? append_field(reply, field, values) : -ENOMEM;
}

/* ---------------------------------------------------------------- registration */

/* @text stays for as long as the vtable does. */
static int keep(struct bx_bus_interface *registered, char *text)
{
	size_t n = bx_strv_length(registered->texts);
	char **grown = reallocarray(registered->texts, n + 2, sizeof(*grown));

	if (!grown) {
		free(text);
		return -ENOMEM;
	}
	grown[n] = text;
	grown[n + 1] = NULL;
	registered->texts = grown;
	return 0;
}

/* The names follow each other, of what goes in and then of what comes out. */
static int add_method(struct bx_bus_interface *registered, const struct bx_method *method,
		      sd_bus_vtable *entry)
{
	char *in = NULL, *in_names = NULL, *out = NULL, *out_names = NULL, *names = NULL;
	size_t in_size = 0, out_size = 0;
	int r;

	r = describe_fields(method->in, method->options, &in, &in_names);
	if (r >= 0)
		r = keep(registered, in);
	if (r >= 0)
		r = describe_fields(method->out, false, &out, &out_names);
	if (r >= 0)
		r = keep(registered, out);
	if (r >= 0) {
		for (const char *p = in_names; *p; p += strlen(p) + 1)
			in_size += strlen(p) + 1;
		for (const char *p = out_names; *p; p += strlen(p) + 1)
			out_size += strlen(p) + 1;
		names = calloc(1, in_size + out_size + 1);
		r = names ? keep(registered, names) : -ENOMEM;
	}
	if (r >= 0) {
		memcpy(names, in_names, in_size);
		memcpy(names + in_size, out_names, out_size);
		/* A method finds its object itself, when it is known who may call it. */
		*entry = (sd_bus_vtable)SD_BUS_METHOD_WITH_NAMES_OFFSET(
			method->name, in, "", out, "", on_call, (size_t)registered,
			SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_ABSOLUTE_OFFSET);
		entry->x.method.names = names;
	}
	free(in_names);
	free(out_names);
	return r;
}

static int add_signal(struct bx_bus_interface *registered, const struct bx_signal *signal,
		      sd_bus_vtable *entry)
{
	char *types, *names;
	int r;

	r = describe_fields(signal->fields, false, &types, &names);
	if (r < 0)
		return r;
	*entry = (sd_bus_vtable)SD_BUS_SIGNAL_WITH_NAMES(signal->name, types, "", 0);
	entry->x.signal.names = names;
	r = keep(registered, types);
	return r < 0 ? r : keep(registered, names);
}

static int make_vtable(struct bx_bus_interface *registered)
{
	const struct bx_interface *interface = registered->interface;
	const struct bx_field *property;
	const struct bx_method *method;
	const struct bx_signal *signal;
	size_t n = 2;
	int r = 0;

	for (property = interface->properties; property && property->name; property++)
		n++;
	for (method = interface->methods; method && method->name; method++)
		n++;
	for (signal = interface->signals; signal && signal->name; signal++)
		n++;
	registered->vtable = calloc(n, sizeof(*registered->vtable));
	if (!registered->vtable)
		return -ENOMEM;
	n = 0;
	registered->vtable[n++] = (sd_bus_vtable)SD_BUS_VTABLE_START(0);
	for (property = interface->properties; property && property->name; property++)
		registered->vtable[n++] = (sd_bus_vtable)SD_BUS_PROPERTY(
			property->name, property->type, on_get, 0,
			property->constant ? SD_BUS_VTABLE_PROPERTY_CONST
					   : SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE);
	for (method = interface->methods; r >= 0 && method && method->name; method++)
		r = add_method(registered, method, &registered->vtable[n++]);
	for (signal = interface->signals; r >= 0 && signal && signal->name; signal++)
		r = add_signal(registered, signal, &registered->vtable[n++]);
	registered->vtable[n] = (sd_bus_vtable)SD_BUS_VTABLE_END;
	return r;
}

static int register_interface(struct bx_daemon *daemon, const struct bx_interface *interface)
{
	struct bx_bus_interface *registered = calloc(1, sizeof(*registered));
	int r;

	if (!registered)
		return -ENOMEM;
	registered->daemon = daemon;
	registered->interface = interface;
	registered->next = daemon->bus_interfaces;
	daemon->bus_interfaces = registered;
	if (asprintf(&registered->name, BX_BUS_NAME ".%s", interface->name) < 0) {
		registered->name = NULL;
		return -ENOMEM;
	}
	r = make_vtable(registered);
	if (r < 0)
		return r;
	if (interface->single)
		return sd_bus_add_object_vtable(daemon->bus, NULL, interface->path,
						registered->name, registered->vtable,
						interface->find(daemon, ""));
	r = sd_bus_add_fallback_vtable(daemon->bus, NULL, interface->path, registered->name,
				       registered->vtable, find_object, registered);
	return r < 0 ? r
		     : sd_bus_add_node_enumerator(daemon->bus, NULL, interface->path, list_objects,
						  registered);
}

int bx_bus_start(struct bx_daemon *daemon)
{
	int r;

	r = sd_bus_add_object_manager(daemon->bus, NULL, BX_PATH_ROOT);
	for (size_t i = 0; r >= 0 && bx_interfaces[i]; i++)
		r = register_interface(daemon, bx_interfaces[i]);
	return r;
}

void bx_bus_stop(struct bx_daemon *daemon)
{
	while (daemon->bus_interfaces) {
		struct bx_bus_interface *registered = daemon->bus_interfaces;

		daemon->bus_interfaces = registered->next;
		bx_strv_free(registered->texts);
		free(registered->vtable);
		free(registered->name);
		free(registered);
	}
}

/* ---------------------------------------------------------------- signals */

static const char *registered_name(struct bx_daemon *daemon, const struct bx_interface *interface)
{
	for (struct bx_bus_interface *registered = daemon->bus_interfaces; registered;
	     registered = registered->next)
		if (registered->interface == interface)
			return registered->name;
	return NULL;
}

/* A signal comes from a name, to those who listen: there is nobody to hear it before bxd has its own. */
static bool is_heard(const struct bx_daemon *daemon)
{
	return daemon->bus && daemon->started;
}

static void check_sent(const struct bx_interface *interface, const char *key, int r)
{
	if (r < 0)
		bx_log(LOG_WARNING, "What happened to %s %s cannot be signalled: %s",
		       interface->name, key, strerror(-r));
}

void bx_bus_added(struct bx_daemon *daemon, const struct bx_interface *interface, const char *key)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (!is_heard(daemon))
		return;
	r = bx_bus_path(interface, key, &path);
	check_sent(interface, key, r < 0 ? r : sd_bus_emit_object_added(daemon->bus, path));
}

void bx_bus_removed(struct bx_daemon *daemon, const struct bx_interface *interface, const char *key)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (!is_heard(daemon))
		return;
	r = bx_bus_path(interface, key, &path);
	check_sent(interface, key, r < 0 ? r : sd_bus_emit_object_removed(daemon->bus, path));
}

void bx_bus_changed(struct bx_daemon *daemon, const struct bx_interface *interface, const char *key,
		    const char *const *names)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (!is_heard(daemon))
		return;
	r = bx_bus_path(interface, key, &path);
	if (r >= 0)
		r = sd_bus_emit_properties_changed_strv(
			daemon->bus, path, registered_name(daemon, interface), (char **)names);
	check_sent(interface, key, r);
}

static int send_signal(struct bx_daemon *daemon, const struct bx_interface *interface,
		       const char *key, const struct bx_signal *signal, struct json_object *values)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	r = bx_bus_path(interface, key, &path);
	if (r >= 0)
		r = sd_bus_message_new_signal(daemon->bus, &message, path,
					      registered_name(daemon, interface), signal->name);
	if (r >= 0)
		r = append_fields(message, signal->fields, values);
	return r < 0 ? r : sd_bus_send(daemon->bus, message, NULL);
}

void bx_bus_signal(struct bx_daemon *daemon, const struct bx_interface *interface, const char *key,
		   const char *name, struct json_object *values)
{
	for (const struct bx_signal *signal = interface->signals;
	     is_heard(daemon) && signal && signal->name; signal++)
		if (bx_streq(signal->name, name))
			check_sent(interface, key,
				   send_signal(daemon, interface, key, signal, values));
}
