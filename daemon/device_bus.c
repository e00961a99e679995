// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device objects on the bus: their properties and the two methods that begin a job. What they
 * show is a copy, a view, so that a change can be found by comparing and signalled property by property.
 */
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/usage.h"
#include "daemon/util.h"

enum type {
	STRING,
	LIST,
	INTEGER
};

static const struct property {
	const char *name;
	enum type type;
	size_t offset;
} properties[] = {
	{ "Address", STRING, offsetof(struct bx_view, address) },
	{ "Slot", STRING, offsetof(struct bx_view, slot) },
	{ "Serial", STRING, offsetof(struct bx_view, serial) },
	{ "Model", STRING, offsetof(struct bx_view, model) },
	{ "Firmware", STRING, offsetof(struct bx_view, firmware) },
	{ "Driver", STRING, offsetof(struct bx_view, driver) },
	{ "State", STRING, offsetof(struct bx_view, state) },
	{ "Controller", STRING, offsetof(struct bx_view, controller) },
	{ "BlockDevices", LIST, offsetof(struct bx_view, block_devices) },
	{ "InUseBy", LIST, offsetof(struct bx_view, in_use_by) },
	{ "NumaNode", INTEGER, offsetof(struct bx_view, numa_node) },
	{ "IommuGroup", INTEGER, offsetof(struct bx_view, iommu_group) },
	{ "LastError", STRING, offsetof(struct bx_view, last_error) },
	{ "Job", STRING, offsetof(struct bx_view, job) },
	/* Id is not among them: a device with another Id is another object. */
	{ NULL, STRING, offsetof(struct bx_view, id) },
};

/* ---------------------------------------------------------------- views */

static void view_done(struct bx_view *view)
{
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		void *member = (char *)view + properties[i].offset;

		if (properties[i].type == STRING)
			free(*(char **)member);
		else if (properties[i].type == LIST)
			bx_strv_free(*(char ***)member);
	}
	*view = (struct bx_view){ 0 };
}

static bool same(const struct property *property, const struct bx_view *a, const struct bx_view *b)
{
	const void *x = (const char *)a + property->offset, *y = (const char *)b + property->offset;

	switch (property->type) {
	case STRING:
		return bx_streq(*(char *const *)x, *(char *const *)y);
	case LIST:
		return bx_strv_equal(*(char **const *)x, *(char **const *)y);
	case INTEGER:
		return *(const int *)x == *(const int *)y;
	}
	return false;
}

static int view_lists(struct bx_view *view, const struct bx_device *device)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && device->pci.blocks && device->pci.blocks[i]; i++)
		r = bx_strv_addf(&view->block_devices, "/dev/%s", device->pci.blocks[i]);
	if (r >= 0)
		r = bx_usage_find(&device->daemon->root, device->pci.blocks, false,
				  &view->in_use_by);
	if (r >= 0 && *device->pci.controller)
		r = bx_usage_find_exports(&device->daemon->root, device->pci.blocks,
					  device->pci.controller, &view->in_use_by);
	return r;
}

static int view_of(const struct bx_device *device, struct bx_view *ret)
{
	struct bx_view view = {
		.id = strdup(device->id),
		.address = strdup(device->pci.address),
		.slot = strdup(device->pci.slot),
		.serial = strdup(device->serial),
		.model = strdup(device->model),
		.firmware = strdup(device->firmware),
		.driver = strdup(device->pci.driver),
		.state = strdup(bx_state_name(bx_device_state(device))),
		.controller = strdup(device->pci.controller),
		.last_error = strdup(device->last_error),
		.job = strdup(device->job ? device->job->path : "/"),
		.numa_node = device->pci.numa_node,
		.iommu_group = device->pci.iommu_group,
	};
	int r;

	r = view_lists(&view, device);
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		if (properties[i].type == STRING &&
		    !*(char **)((char *)&view + properties[i].offset))
			r = -ENOMEM;
	if (r < 0) {
		view_done(&view);
		return r;
	}
	*ret = view;
	return 0;
}

/* ---------------------------------------------------------------- appearing and changing */

static void signal_changes(struct bx_device *device, const struct bx_view *before)
{
	char *names[ARRAY_SIZE(properties) + 1];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		if (properties[i].name && !same(&properties[i], before, &device->view))
			names[n++] = (char *)properties[i].name;
	names[n] = NULL;
	if (!n)
		return;
	if (!bx_streq(before->state, device->view.state))
		bx_log_event(LOG_INFO, BX_MESSAGE_DEVICE_STATE, device->id, "%s is %s now (was %s)",
			     device->pci.address, device->view.state, before->state);
	r = sd_bus_emit_properties_changed_strv(device->daemon->bus, device->path, BX_IFACE_DEVICE,
						names);
	if (r < 0)
		bx_log(LOG_WARNING, "A change of %s cannot be signalled: %s", device->id,
		       strerror(-r));
}

static int appear(struct bx_device *device)
{
	int r;

	r = sd_bus_path_encode(BX_PATH_DEVICES, device->id, &device->path);
	if (r < 0)
		return r;
	bx_log_event(LOG_INFO, BX_MESSAGE_DEVICE_ADDED, device->id, "Found at %s, %s",
		     device->pci.address, device->view.state);
	return sd_bus_emit_object_added(device->daemon->bus, device->path);
}

int bx_device_show(struct bx_device *device)
{
	struct bx_view before = device->view;
	int r;

	r = view_of(device, &device->view);
	if (r >= 0 && device->path)
		signal_changes(device, &before);
	else if (r >= 0)
		r = appear(device);
	if (r < 0)
		bx_log_event(LOG_ERR, NULL, device->id, "The device cannot be shown: %s",
			     strerror(-r));
	if (device->view.id != before.id)
		view_done(&before);
	return r;
}

void bx_device_hide(struct bx_device *device)
{
	if (device->path)
		sd_bus_emit_object_removed(device->daemon->bus, device->path);
	free(device->path);
	device->path = NULL;
	view_done(&device->view);
}

/* ---------------------------------------------------------------- the object */

static int find_device(sd_bus *bus, const char *path, const char *interface, void *userdata,
		       void **found, sd_bus_error *error)
{
	struct bx_daemon *daemon = userdata;

	for (struct bx_device *device = daemon->devices; device; device = device->next) {
		if (device->path && bx_streq(device->path, path)) {
			*found = device;
			return 1;
		}
	}
	return 0;
}

static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***nodes,
		     sd_bus_error *error)
{
	struct bx_daemon *daemon = userdata;
	char **list = NULL;
	int r;

	for (struct bx_device *device = daemon->devices; device; device = device->next) {
		if (!device->path)
			continue;
		r = bx_strv_addf(&list, "%s", device->path);
		if (r < 0) {
			bx_strv_free(list);
			return r;
		}
	}
	*nodes = list;
	return 0;
}

/* nvme resets a controller without an event, so the state is read at the moment it is asked for. */
static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct bx_device *device = userdata;
	char state[BX_NAME_MAX];
	int r;

	if (*device->pci.controller) {
		r = bx_root_read(&device->daemon->root,
				 bx_path(BX_PCI_DEVICES "/%s/nvme/%s/state", device->pci.address,
					 device->pci.controller)
					 .s,
				 state, sizeof(state));
		if (r < 0)
			*state = 0;
		if (!bx_streq(state, device->pci.controller_state)) {
			bx_copy(device->pci.controller_state, sizeof(device->pci.controller_state),
				state);
			bx_inventory_refresh_later(device->daemon);
		}
	}
	return sd_bus_message_append(reply, "s", bx_state_name(bx_device_state(device)));
}

static int get_list(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append_strv(reply, *(char ***)userdata);
}

/* There are no options yet, and one that is not known is not passed over in silence. */
static int read_options(sd_bus_message *message, sd_bus_error *error)
{
	const char *name;
	int r;

	r = sd_bus_message_enter_container(message, 'a', "{sv}");
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(message, 'e', "sv");
	if (r < 0)
		return r;
	if (r > 0) {
		struct bx_failure failure;

		r = sd_bus_message_read(message, "s", &name);
		if (r < 0)
			return r;
		r = bx_fail(&failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			    "there is no option '%.64s'; this method has none yet", name);
		return bx_reply_failure(error, r, &failure);
	}
	return sd_bus_message_exit_container(message);
}

static int begin_job(sd_bus_message *message, struct bx_device *device, const char *driver,
		     sd_bus_error *error)
{
	struct bx_failure failure = { 0 };
	struct bx_job *job;
	int r;

	r = read_options(message, error);
	if (r < 0)
		return r;
	r = bx_authorize(message, "bind", error);
	if (r < 0)
		return r;
	r = bx_job_start(device, driver, &job, &failure);
	if (r < 0)
		return bx_reply_failure(error, r, &failure);
	return sd_bus_reply_method_return(message, "o", job->path);
}

static int method_bind(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const char *driver;
	int r;

	r = sd_bus_message_read(message, "s", &driver);
	if (r < 0)
		return r;
	return begin_job(message, userdata, driver, error);
}

static int method_unbind(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return begin_job(message, userdata, NULL, error);
}

#define CHANGES	     SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONST	     SD_BUS_VTABLE_PROPERTY_CONST
#define VIEW(member) offsetof(struct bx_device, view.member)

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Id", "s", NULL, VIEW(id), CONST),
	SD_BUS_PROPERTY("Address", "s", NULL, VIEW(address), CHANGES),
	SD_BUS_PROPERTY("Slot", "s", NULL, VIEW(slot), CHANGES),
	SD_BUS_PROPERTY("Serial", "s", NULL, VIEW(serial), CHANGES),
	SD_BUS_PROPERTY("Model", "s", NULL, VIEW(model), CHANGES),
	SD_BUS_PROPERTY("Firmware", "s", NULL, VIEW(firmware), CHANGES),
	SD_BUS_PROPERTY("Driver", "s", NULL, VIEW(driver), CHANGES),
	SD_BUS_PROPERTY("State", "s", get_state, 0, CHANGES),
	SD_BUS_PROPERTY("Controller", "s", NULL, VIEW(controller), CHANGES),
	SD_BUS_PROPERTY("BlockDevices", "as", get_list, VIEW(block_devices), CHANGES),
	SD_BUS_PROPERTY("InUseBy", "as", get_list, VIEW(in_use_by), CHANGES),
	SD_BUS_PROPERTY("NumaNode", "i", NULL, VIEW(numa_node), CHANGES),
	SD_BUS_PROPERTY("IommuGroup", "i", NULL, VIEW(iommu_group), CHANGES),
	SD_BUS_PROPERTY("LastError", "s", NULL, VIEW(last_error), CHANGES),
	SD_BUS_PROPERTY("Job", "o", NULL, VIEW(job), CHANGES),
	SD_BUS_METHOD_WITH_ARGS("Bind", SD_BUS_ARGS("s", driver, "a{sv}", options),
				SD_BUS_RESULT("o", job), method_bind, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unbind", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job),
				method_unbind, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int bx_device_bus_register(struct bx_daemon *daemon)
{
	int r;

	r = sd_bus_add_fallback_vtable(daemon->bus, NULL, BX_PATH_DEVICES, BX_IFACE_DEVICE, vtable,
				       find_device, daemon);
	if (r >= 0)
		r = sd_bus_add_node_enumerator(daemon->bus, NULL, BX_PATH_DEVICES, enumerate,
					       daemon);
	return r;
}
