// SPDX-License-Identifier: GPL-2.0-or-later
/* The modules that bxd is for. */
#include "client/bxctl.h"
#include "daemon/bus_json.h"
#include "daemon/json.h"
#include "daemon/names.h"

static enum bx_exit list(struct bxctl *ctl)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(json_object_putp) struct json_object *modules = NULL;
	int r;

	r = sd_bus_call_method(ctl->bus, BX_BUS_NAME, BX_PATH_ROOT, BX_IFACE_MANAGER, "GetModules",
			       &error, &reply, "a{sv}", 0);
	if (r >= 0)
		r = bx_bus_read_value(reply, NULL, &modules);
	if (r < 0)
		return bxctl_call_failed("the modules cannot be listed", r, &error);
	if (ctl->json) {
		bxctl_print_json(modules, false);
		return BX_EXIT_OK;
	}
	json_object_object_foreach(modules, name, state) {
		printf("%-14s %s\n", name, json_object_get_string(state));
	}
	return BX_EXIT_OK;
}

static enum bx_exit act(struct bxctl *ctl, const char *method, const char *name,
			struct json_object *parameters, const char *what)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	int r;

	r = sd_bus_message_new_method_call(ctl->bus, &call, BX_BUS_NAME, BX_PATH_ROOT,
					   BX_IFACE_MANAGER, method);
	if (r >= 0)
		r = sd_bus_message_append(call, "s", name);
	if (r >= 0 && parameters)
		r = bx_bus_append_value(call, "a{ss}", parameters);
	if (r >= 0)
		r = sd_bus_message_append(call, "a{sv}", 0);
	return bxctl_call_job(ctl, call, r, what);
}

enum bx_exit bxctl_module(struct bxctl *ctl, char **words)
{
	_cleanup_(json_object_putp) struct json_object *parameters = json_object_new_object();
	size_t n = bx_strv_length(words);
	char what[128];

	if (!n)
		return list(ctl);
	if (n == 2 && bx_streq(words[0], "unload")) {
		snprintf(what, sizeof(what), "%.64s cannot be unloaded", words[1]);
		return act(ctl, "UnloadModule", words[1], NULL, what);
	}
	if (n < 2 || !bx_streq(words[0], "load")) {
		bxctl_error(
			"`bxctl module` takes nothing, load NAME [PARAMETER=VALUE…] or unload NAME");
		return BX_EXIT_USAGE;
	}
	if (bxctl_add_words(parameters, words + 2) < 0)
		return BX_EXIT_USAGE;
	snprintf(what, sizeof(what), "%.64s cannot be loaded", words[1]);
	return act(ctl, "LoadModule", words[1], parameters, what);
}
