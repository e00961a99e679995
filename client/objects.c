// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads objects from the bus into JSON and finds devices by what people call them. */
#include "client/bxctl.h"
#include "daemon/bus_json.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <ctype.h>

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

const char *bxctl_text(struct json_object *object, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(object, name, &value) && value
		       ? json_object_get_string(value)
		       : "";
}

static int by_object(const void *a, const void *b)
{
	return strcmp(bxctl_text(*(struct json_object *const *)a, "Object"),
		      bxctl_text(*(struct json_object *const *)b, "Object"));
}

int bxctl_get_objects(struct bxctl *ctl, const char *interface, struct json_object **ret)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(json_object_putp) struct json_object *tree = NULL, *list = NULL;
	int r;

	r = sd_bus_call_method(ctl->bus, BX_BUS_NAME, BX_PATH_ROOT,
			       "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &error,
			       &reply, NULL);
	if (r >= 0)
		r = bx_bus_read_value(reply, NULL, &tree);
	if (r < 0) {
		bxctl_call_failed("the devices cannot be listed", r, &error);
		return r;
	}
	list = json_object_new_array();
	if (!list)
		return -ENOMEM;
	json_object_object_foreach(tree, path, interfaces) {
		struct json_object *object;

		if (!json_object_object_get_ex(interfaces, interface, &object))
			continue;
		json_object_object_add(object, "Object", json_object_new_string(path));
		json_object_array_add(list, json_object_get(object));
	}
	json_object_array_sort(list, by_object);
	*ret = list;
	list = NULL;
	return 0;
}

int bxctl_get_all(struct bxctl *ctl, const char *path, const char *interface,
		  struct json_object **ret, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_call_method(ctl->bus, BX_BUS_NAME, path, "org.freedesktop.DBus.Properties",
			       "GetAll", error, &reply, "s", interface);
	return r < 0 ? r : bx_bus_read_value(reply, NULL, ret);
}

/* ---------------------------------------------------------------- what people call a device */

/* nvme0n1, or one of its partitions: nvme0n1p3. */
static bool is_disk_or_partition(const char *disk, const char *name)
{
	size_t n = strlen(disk);

	if (strncmp(name, disk, n))
		return false;
	name += n;
	if (!*name)
		return true;
	if (*name++ != 'p' || !*name)
		return false;
	while (isdigit((unsigned char)*name))
		name++;
	return !*name;
}

static bool has_disk(struct json_object *device, const char *name)
{
	struct json_object *disks;

	if (!json_object_object_get_ex(device, "BlockDevices", &disks))
		return false;
	for (size_t i = 0; i < json_object_array_length(disks); i++) {
		const char *disk = json_object_get_string(json_object_array_get_idx(disks, i));

		if (bx_startswith(disk, "/dev/") && is_disk_or_partition(disk + 5, name))
			return true;
	}
	return false;
}

static bool is_called(struct json_object *device, const char *name)
{
	const char *address = bxctl_text(device, "Address");
	const char *node = bx_startswith(name, "/dev/") ? name + 5 : name;

	/* A device without a serial, an NQN or a controller has "" there, which is nobody's name. */
	if (!*node)
		return false;
	/* The first domain may be left out, as lspci does. */
	return bx_streq(name, bxctl_text(device, "Serial")) ||
	       bx_streq(name, bxctl_text(device, "Nqn")) || bx_streq(name, address) ||
	       (bx_startswith(address, "0000:") && bx_streq(name, address + 5)) ||
	       bx_streq(node, bxctl_text(device, "Controller")) || has_disk(device, node);
}

int bxctl_match_device(struct json_object *devices, const char *name, struct json_object **ret)
{
	struct json_object *found = NULL;
	unsigned int matches = 0;

	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		struct json_object *device = json_object_array_get_idx(devices, i);

		if (bx_streq(name, bxctl_text(device, "Id"))) {
			*ret = device;
			return 0;
		}
		if (is_called(device, name)) {
			matches++;
			found = device;
		}
	}
	if (matches > 1)
		return -ENOTUNIQ;
	*ret = found;
	return found ? 0 : -ENODEV;
}

/* "bxlab0 (0000:01:00.0, nvme0), …", to be freed. */
static char *list_names(struct json_object *devices, const char *only)
{
	_cleanup_strv_ char **names = NULL;

	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		struct json_object *device = json_object_array_get_idx(devices, i);
		const char *controller = bxctl_text(device, "Controller");

		if (only && !is_called(device, only))
			continue;
		bx_strv_addf(&names, "%s (%s%s%s)", bxctl_text(device, "Id"),
			     bxctl_text(device, "Address"), *controller ? ", " : "", controller);
	}
	return bx_strv_join(names, ", ");
}

enum bx_exit bxctl_find_device(struct bxctl *ctl, const char *name, struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *devices = NULL;
	_cleanup_free_ char *names = NULL;
	struct json_object *device;
	int r;

	r = bxctl_get_objects(ctl, BX_IFACE_DEVICE, &devices);
	if (r < 0)
		return BX_EXIT_NO_DAEMON;
	r = bxctl_match_device(devices, name, &device);
	if (r >= 0) {
		*ret = json_object_get(device);
		return BX_EXIT_OK;
	}
	names = list_names(devices, r == -ENOTUNIQ ? name : NULL);
	if (r == -ENOTUNIQ)
		bxctl_error("More than one device is called '%s'. Use one of these names: %s", name,
			    names ?: "");
	else if (names && *names)
		bxctl_error("No NVMe device is called '%s'. There are: %s", name, names);
	else
		bxctl_error("No NVMe device is called '%s'; this machine has none at all", name);
	return BX_EXIT_NO_DEVICE;
}

void bxctl_tell_disks(struct bxctl *ctl, const char *path)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(json_object_putp) struct json_object *device = NULL;
	struct json_object *disks;

	if (bxctl_get_all(ctl, path, BX_IFACE_DEVICE, &device, &error) < 0 ||
	    !json_object_object_get_ex(device, "BlockDevices", &disks))
		return;
	for (size_t i = 0; i < json_object_array_length(disks); i++)
		printf("%s\n", json_object_get_string(json_object_array_get_idx(disks, i)));
}
