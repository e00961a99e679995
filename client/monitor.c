// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints what bxd signals, a line for each thing that happens, until it is interrupted. */
#include "client/bxctl.h"
#include "daemon/bus_json.h"
#include "daemon/names.h"
#include "daemon/root.h"
#include "daemon/util.h"

#include <time.h>

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

/* "device bxlab0" or "job 7", from an object's path. */
static struct bx_path what_is(const char *path)
{
	_cleanup_free_ char *name = NULL;

	if (sd_bus_path_decode(path, BX_PATH_DEVICES, &name) > 0)
		return bx_path("device %s", name);
	if (sd_bus_path_decode(path, BX_PATH_JOBS, &name) > 0)
		return bx_path("job %s", name);
	return bx_path("%s", path);
}

static void print_changes(struct json_object *changes)
{
	const char *separator = "";

	json_object_object_foreach(changes, name, value) {
		printf("%s%s=%s", separator, name,
		       json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE));
		separator = " ";
	}
}

static void print_event(struct bxctl *ctl, const char *event, const char *path,
			struct json_object *details)
{
	char now[16] = "";
	time_t t = time(NULL);
	struct tm broken_down;

	if (ctl->json) {
		_cleanup_(json_object_putp) struct json_object *line = json_object_new_object();

		json_object_object_add(line, "event", json_object_new_string(event));
		json_object_object_add(line, "object", json_object_new_string(path));
		if (details)
			json_object_object_add(line, "properties", json_object_get(details));
		bxctl_print_json(line, true);
	} else {
		strftime(now, sizeof(now), "%H:%M:%S", localtime_r(&t, &broken_down));
		printf("%s %s %s", now, what_is(path).s, event);
		if (details) {
			printf(": ");
			print_changes(details);
		}
		printf("\n");
	}
	fflush(stdout);
}

static int on_properties(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	_cleanup_(json_object_putp) struct json_object *changes = NULL;
	int r;

	r = sd_bus_message_skip(message, "s");
	if (r >= 0)
		r = bx_bus_read_value(message, NULL, &changes);
	if (r >= 0)
		print_event(userdata, "changed", sd_bus_message_get_path(message), changes);
	return 0;
}

static int on_objects(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const char *path;

	if (sd_bus_message_read(message, "o", &path) < 0)
		return 0;
	if (sd_bus_message_is_signal(message, NULL, "InterfacesAdded"))
		print_event(userdata, "added", path, NULL);
	else if (sd_bus_message_is_signal(message, NULL, "InterfacesRemoved"))
		print_event(userdata, "removed", path, NULL);
	return 0;
}

/* bxd is started where it is not there, and stays while one who has called it is connected. The answer says nothing. */
static int call_bxd(struct bxctl *ctl)
{
	return sd_bus_call_method_async(ctl->bus, NULL, BX_BUS_NAME, BX_PATH_ROOT,
					"org.freedesktop.DBus.Peer", "Ping", NULL, NULL, NULL);
}

static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const char *name, *old, *new;

	if (sd_bus_message_read(message, "sss", &name, &old, &new) < 0)
		return 0;
	print_event(userdata, *new ? "bxd is there" : "bxd has gone", BX_PATH_ROOT, NULL);
	return *new ? call_bxd(userdata) : 0;
}

enum bx_exit bxctl_monitor(struct bxctl *ctl)
{
	int r;

	r = sd_bus_match_signal(ctl->bus, NULL, BX_BUS_NAME, NULL,
				"org.freedesktop.DBus.Properties", "PropertiesChanged",
				on_properties, ctl);
	if (r >= 0)
		r = sd_bus_match_signal(ctl->bus, NULL, BX_BUS_NAME, BX_PATH_ROOT,
					"org.freedesktop.DBus.ObjectManager", NULL, on_objects,
					ctl);
	if (r >= 0)
		r = sd_bus_add_match(ctl->bus, NULL,
				     "type='signal',sender='org.freedesktop.DBus',"
				     "member='NameOwnerChanged',arg0='" BX_BUS_NAME "'",
				     on_owner, ctl);
	if (r >= 0)
		r = call_bxd(ctl);
	while (r >= 0) {
		r = sd_bus_process(ctl->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(ctl->bus, UINT64_MAX);
		if (r == -EINTR)
			r = 0;
	}
	bxctl_error("the bus cannot be listened to: %s", strerror(-r));
	return BX_EXIT_NO_DAEMON;
}
