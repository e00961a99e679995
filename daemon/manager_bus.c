// SPDX-License-Identifier: GPL-2.0-or-later
/* The Manager object: about the daemon itself, and the way from a name to a device. */
#include "daemon/daemon.h"
#include "daemon/names.h"
#include "daemon/util.h"

int bx_reply_failure(sd_bus_error *error, int r, const struct bx_failure *failure)
{
	if (failure->error == BX_ERROR_NONE)
		return r;
	sd_bus_error_set(error, bx_error_bus_name(failure->error), failure->message);
	return r;
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", BX_VERSION);
}

static int get_features(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "as", 1, "rebind");
}

static int get_kernel_release(sd_bus *bus, const char *path, const char *interface,
			      const char *property, sd_bus_message *reply, void *userdata,
			      sd_bus_error *error)
{
	const struct bx_daemon *daemon = userdata;

	return sd_bus_message_append(reply, "s", daemon->kernel_release);
}

static int method_get_device_by_id(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bx_failure failure = { 0 };
	struct bx_device *device;
	const char *id;
	int r;

	r = sd_bus_message_read(message, "s", &id);
	if (r < 0)
		return r;
	r = bx_inventory_find(userdata, id, &device, &failure);
	if (r < 0)
		return bx_reply_failure(error, r, &failure);
	return sd_bus_reply_method_return(message, "o", device->path);
}

static int method_rescan(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	int r;

	r = bx_authorize(message, "rescan", error);
	if (r < 0)
		return r;
	r = bx_inventory_refresh(userdata);
	return r < 0 ? r : sd_bus_reply_method_return(message, "");
}

#define CONST SD_BUS_VTABLE_PROPERTY_CONST

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, CONST),
	SD_BUS_PROPERTY("KernelRelease", "s", get_kernel_release, 0, CONST),
	SD_BUS_PROPERTY("Features", "as", get_features, 0, CONST),
	SD_BUS_METHOD_WITH_ARGS("GetDeviceById", SD_BUS_ARGS("s", id), SD_BUS_RESULT("o", device),
				method_get_device_by_id, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Rescan", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_rescan,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("o", job), 0),
	SD_BUS_SIGNAL_WITH_ARGS(
		"JobRemoved",
		SD_BUS_ARGS("o", job, "s", result, "s", error_name, "s", error_message), 0),
	SD_BUS_VTABLE_END,
};

int bx_manager_bus_register(struct bx_daemon *daemon)
{
	int r;

	r = sd_bus_add_object_manager(daemon->bus, NULL, BX_PATH_ROOT);
	if (r >= 0)
		r = sd_bus_add_object_vtable(daemon->bus, NULL, BX_PATH_ROOT, BX_IFACE_MANAGER,
					     vtable, daemon);
	return r;
}
