// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables on varlink; see varlink_api.h. */
#include "daemon/varlink_api.h"
#include "daemon/daemon.h"
#include "daemon/describe.h"
#include "daemon/idle.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/util.h"
#include "daemon/varlink.h"

#include <systemd/sd-daemon.h>

/* Somebody who is told what happens. */
struct monitor {
	struct monitor *next;
	struct bx_daemon *daemon;
	struct bx_varlink_call *call;
};

struct bx_varlink_api {
	struct bx_varlink *service;
	struct bx_varlink_interface interface;
	const struct bx_varlink_interface *interfaces[2];
	char *description;
	struct monitor *monitors;
};

/* A call of ours that polkit thinks about; the connection may be lost meanwhile. */
struct pending {
	struct bx_varlink_call *call;
};

/* ---------------------------------------------------------------- calls of methods */

static int call_uid(struct bx_call *call, uid_t *ret)
{
	struct pending *pending = call->message;

	if (!pending->call)
		return -ECONNRESET;
	*ret = bx_varlink_call_uid(pending->call);
	return 0;
}

/* It is polkit that compares: with another beginning it is another process that has the number now. */
static int call_append_subject(struct bx_call *call, sd_bus_message *question)
{
	struct pending *pending = call->message;

	if (!pending->call)
		return -ECONNRESET;
	/* 0 would be for polkit to look up, whoever has the number by then. */
	if (!bx_varlink_call_began(pending->call))
		return -ESRCH;
	return sd_bus_message_append(question, "(sa{sv})", "unix-process", 3, "pid", "u",
				     (uint32_t)bx_varlink_call_pid(pending->call), "start-time",
				     "t", bx_varlink_call_began(pending->call), "uid", "i",
				     (int32_t)bx_varlink_call_uid(pending->call));
}

static bool call_gone(struct bx_call *call)
{
	const struct pending *pending = call->message;

	return !pending->call;
}

static void call_answer(struct bx_call *call)
{
	struct pending *pending = call->message;
	struct bx_varlink_call *answered = pending->call;
	struct json_object *parameters;

	pending->call = NULL;
	if (!answered)
		return;
	if (call->failure.error == BX_ERROR_NONE) {
		bx_varlink_reply(answered, call->out);
		return;
	}
	parameters = json_object_new_object();
	if (parameters)
		json_object_object_add(parameters, "message",
				       json_object_new_string(call->failure.message));
	bx_varlink_error(answered, bx_path(BX_BUS_NAME ".%s", bx_error_name(call->failure.error)).s,
			 parameters);
	json_object_put(parameters);
}

static void call_release(struct bx_call *call)
{
	free(call->message);
}

static const struct bx_transport transport = {
	.uid = call_uid,
	.append_subject = call_append_subject,
	.gone = call_gone,
	.answer = call_answer,
	.release = call_release,
};

static void on_gone(struct bx_varlink_call *call, void *userdata)
{
	struct pending *pending = userdata;

	pending->call = NULL;
}

/* The arguments as they stand, but for the id of the object. */
static int begin(struct bx_daemon *daemon, struct bx_varlink_call *varlink,
		 const struct bx_interface *interface, const struct bx_method *method,
		 struct json_object *parameters)
{
	struct json_object *id = NULL;
	struct pending *pending;
	struct bx_call *call;

	if (!interface->single && (!json_object_object_get_ex(parameters, "id", &id) ||
				   !json_object_is_type(id, json_type_string)))
		return bx_varlink_invalid_parameter(varlink, "id");
	call = bx_call_new(daemon, interface, method, id ? json_object_get_string(id) : "");
	pending = calloc(1, sizeof(*pending));
	if (!call || !pending) {
		bx_call_free(call);
		free(pending);
		return -ENOMEM;
	}
	pending->call = varlink;
	call->message = pending;
	call->transport = &transport;
	json_object_object_foreach(parameters, name, value) {
		/* What is null was left out. */
		if (!value || (id && bx_streq(name, "id")))
			continue;
		if (json_object_object_add(call->in, name, json_object_get(value)) < 0) {
			bx_call_free(call);
			return -ENOMEM;
		}
	}
	bx_varlink_call_on_gone(varlink, on_gone, pending);
	bx_call_begin(call);
	return 0;
}

/* ---------------------------------------------------------------- objects */

static int list_objects(struct bx_daemon *daemon, const struct bx_interface *interface,
			struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *list = json_object_new_array();
	_cleanup_strv_ char **keys = NULL;
	int r;

	if (!list)
		return -ENOMEM;
	r = interface->list(daemon, &keys);
	for (size_t i = 0; r >= 0 && keys && keys[i]; i++) {
		void *object = interface->find(daemon, keys[i]);
		struct json_object *values;

		if (!object)
			continue;
		if (interface->look)
			interface->look(object);
		values = interface->show(object);
		if (!values || json_object_array_add(list, values) < 0) {
			json_object_put(values);
			r = -ENOMEM;
		}
	}
	if (r < 0)
		return r;
	*ret = list;
	list = NULL;
	return 0;
}

static int reply_objects(struct bx_daemon *daemon, struct bx_varlink_call *call,
			 const struct bx_interface *interface)
{
	_cleanup_(json_object_putp) struct json_object *list = NULL,
						       *reply = json_object_new_object();
	struct json_object *value;
	int r;

	if (!reply)
		return -ENOMEM;
	r = list_objects(daemon, interface, &list);
	if (r < 0)
		return r;
	value = interface->single ? json_object_array_get_idx(list, 0) : list;
	if (json_object_object_add(reply, interface->single ? "object" : "objects",
				   json_object_get(value)) < 0)
		return -ENOMEM;
	bx_varlink_reply(call, reply);
	return 0;
}

/* ---------------------------------------------------------------- monitoring */

/* @values may be NULL, where there is nothing but the event to be told. */
static int tell(struct bx_varlink_call *call, const char *event,
		const struct bx_interface *interface, const char *key, struct json_object *values)
{
	_cleanup_(json_object_putp) struct json_object *reply = json_object_new_object();
	const char *kind = interface == &bx_device_interface ? "device" : "job";

	if (!reply || json_object_object_add(reply, "event", json_object_new_string(event)) < 0)
		return -ENOMEM;
	if (key && json_object_object_add(reply, "id", json_object_new_string(key)) < 0)
		return -ENOMEM;
	if (values && json_object_object_add(reply, kind, json_object_get(values)) < 0)
		return -ENOMEM;
	return bx_varlink_reply_more(call, reply);
}

static void stop_monitor(struct bx_varlink_call *call, void *userdata)
{
	struct monitor *monitor = userdata, **p = &monitor->daemon->varlink->monitors;

	while (*p != monitor)
		p = &(*p)->next;
	*p = monitor->next;
	free(monitor);
}

static int tell_present(struct bx_daemon *daemon, struct bx_varlink_call *call,
			const struct bx_interface *interface)
{
	_cleanup_(json_object_putp) struct json_object *list = NULL;
	int r;

	r = list_objects(daemon, interface, &list);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(list); i++) {
		struct json_object *values = json_object_array_get_idx(list, i);

		r = tell(call, "present", interface,
			 json_object_get_string(json_object_object_get(values, "Id")), values);
	}
	return r;
}

static int begin_monitor(struct bx_daemon *daemon, struct bx_varlink_call *call)
{
	struct monitor *monitor;
	int r;

	if (!bx_varlink_call_wants_more(call))
		return bx_varlink_expected_more(call);
	r = tell_present(daemon, call, &bx_device_interface);
	if (r >= 0)
		r = tell_present(daemon, call, &bx_job_interface);
	if (r >= 0)
		r = tell(call, "ready", &bx_manager_interface, NULL, NULL);
	if (r < 0)
		return r;
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return -ENOMEM;
	*monitor = (struct monitor){ daemon->varlink->monitors, daemon, call };
	daemon->varlink->monitors = monitor;
	bx_varlink_call_on_gone(call, stop_monitor, monitor);
	return 0;
}

void bx_varlink_api_say(struct bx_daemon *daemon, const struct bx_interface *interface,
			const char *key, const char *event)
{
	_cleanup_(json_object_putp) struct json_object *values = NULL;
	void *object;

	if (!daemon->varlink || !daemon->varlink->monitors || interface->single)
		return;
	object = bx_streq(event, "removed") ? NULL : interface->find(daemon, key);
	values = object ? interface->show(object) : NULL;
	/* One that cannot be told has lost its connection, and is taken off the list when the loop comes to that. */
	for (struct monitor *monitor = daemon->varlink->monitors; monitor; monitor = monitor->next)
		tell(monitor->call, event, interface, key, values);
}

/* ---------------------------------------------------------------- the interface */

static int on_call(struct bx_varlink_call *call, const char *name, struct json_object *parameters,
		   void *userdata)
{
	struct bx_daemon *daemon = userdata;

	bx_idle_touch(daemon);
	if (bx_streq(name, "Monitor"))
		return begin_monitor(daemon, call);
	for (size_t i = 0; bx_interfaces[i]; i++) {
		const struct bx_interface *interface = bx_interfaces[i];
		const struct bx_method *method = bx_method_find(interface, name);
		struct bx_path list =
			bx_path(interface->single ? "Get%s" : "List%ss", interface->name);

		if (method)
			return begin(daemon, call, interface, method, parameters);
		if (bx_streq(name, list.s))
			return reply_objects(daemon, call, interface);
	}
	return bx_varlink_method_not_found(call);
}

static int listen_all(struct bx_varlink_api *api)
{
	int n = sd_listen_fds(true), r = n;

	for (int i = 0; r >= 0 && i < n; i++)
		r = bx_varlink_listen(api->service, SD_LISTEN_FDS_START + i);
	return r;
}

int bx_varlink_api_start(struct bx_daemon *daemon)
{
	static const struct bx_varlink_info info = {
		.vendor = "The bxd project",
		.product = "bxd",
		.version = BX_VERSION,
		.url = "https://byteexpress.org/bxd",
	};
	struct bx_varlink_api *api = calloc(1, sizeof(*api));
	int r;

	if (!api)
		return -ENOMEM;
	daemon->varlink = api;
	api->description = bx_describe_varlink();
	if (!api->description)
		return -ENOMEM;
	api->interface =
		(struct bx_varlink_interface){ BX_BUS_NAME, api->description, on_call, daemon };
	api->interfaces[0] = &api->interface;
	r = bx_varlink_new(daemon->event, &info, api->interfaces, NULL, &api->service);
	return r < 0 ? r : listen_all(api);
}

unsigned int bx_varlink_api_connections(const struct bx_daemon *daemon)
{
	return daemon->varlink ? bx_varlink_connections(daemon->varlink->service) : 0;
}

void bx_varlink_api_stop(struct bx_daemon *daemon)
{
	struct bx_varlink_api *api = daemon->varlink;

	if (!api)
		return;
	bx_varlink_free(api->service);
	daemon->varlink = NULL;
	free(api->description);
	free(api);
}
