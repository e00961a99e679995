// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Device interface. What a device shows is a copy, so that a change can be found by comparing and is signalled
 * property by property.
 */
#include "daemon/api.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/statistics.h"
#include "daemon/usage.h"
#include "daemon/util.h"

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

/* ---------------------------------------------------------------- what it shows */

static int add_text(struct json_object *values, const char *name, const char *text)
{
	return json_object_object_add(values, name, json_object_new_string(text)) < 0 ? -ENOMEM : 0;
}

static int add_number(struct json_object *values, const char *name, int number)
{
	return json_object_object_add(values, name, json_object_new_int(number)) < 0 ? -ENOMEM : 0;
}

static int add_list(struct json_object *values, const char *name, char *const *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && list && list[i]; i++) {
		if (json_object_array_add(array, json_object_new_string(list[i])) < 0) {
			json_object_put(array);
			return -ENOMEM;
		}
	}
	return array && json_object_object_add(values, name, array) >= 0 ? 0 : -ENOMEM;
}

static int add_lists(struct json_object *values, const struct bx_device *device)
{
	struct bx_root *root = &device->daemon->root;
	_cleanup_strv_ char **disks = NULL, **users = NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && device->pci.blocks && device->pci.blocks[i]; i++)
		r = bx_strv_addf(&disks, "/dev/%s", device->pci.blocks[i]);
	if (r >= 0)
		r = bx_usage_find(root, device->pci.blocks, false, &users);
	if (r >= 0 && *device->pci.controller)
		r = bx_usage_find_unclaimed(root, device->pci.blocks, device->pci.controller,
					    &users);
	if (r >= 0)
		r = add_list(values, "BlockDevices", disks);
	return r < 0 ? r : add_list(values, "InUseBy", users);
}

static int add_settings(struct json_object *values, const struct bx_device *device)
{
	struct json_object *settings = device->definition
					       ? json_object_get(device->definition->settings)
					       : json_object_new_object();

	return settings && json_object_object_add(values, "Settings", settings) >= 0 ? 0 : -ENOMEM;
}

static int look_at(const struct bx_device *device, struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *values = json_object_new_object();
	const struct bx_definition *definition = device->definition;
	char job[24] = "";
	int r;

	if (!values)
		return -ENOMEM;
	if (device->job)
		snprintf(job, sizeof(job), "%llu", (unsigned long long)device->job->operation.job);
	r = add_text(values, "Id", device->id);
	r = r < 0 ? r : add_text(values, "Kind", *device->name ? "emulated" : "physical");
	r = r < 0 ? r : add_text(values, "Address", device->pci.address);
	r = r < 0 ? r : add_text(values, "Slot", device->pci.slot);
	r = r < 0 ? r : add_text(values, "Serial", device->serial);
	r = r < 0 ? r : add_text(values, "Model", device->model);
	r = r < 0 ? r : add_text(values, "Firmware", device->firmware);
	r = r < 0 ? r : add_text(values, "Nqn", device->nqn);
	r = r < 0 ? r : add_text(values, "Driver", device->pci.driver);
	r = r < 0 ? r : add_text(values, "State", bx_state_name(bx_device_state(device)));
	r = r < 0 ? r : add_text(values, "Controller", device->pci.controller);
	r = r < 0 ? r : add_lists(values, device);
	r = r < 0 ? r : add_number(values, "NumaNode", device->pci.numa_node);
	r = r < 0 ? r : add_number(values, "IommuGroup", device->pci.iommu_group);
	r = r < 0 ? r
		  : add_text(values, "Definition",
			     definition ? bx_definition_kind_name(definition->kind) : "");
	r = r < 0 ? r : add_settings(values, device);
	if (r >= 0 && json_object_object_add(values, "Autostart",
					     json_object_new_boolean(definition &&
								     definition->autostart)) < 0)
		r = -ENOMEM;
	r = r < 0 ? r : add_text(values, "LastError", device->last_error);
	r = r < 0 ? r : add_text(values, "Job", job);
	if (r < 0)
		return r;
	*ret = values;
	values = NULL;
	return 0;
}

static const char *shown_text(struct json_object *values, const char *name)
{
	return json_object_get_string(json_object_object_get(values, name)) ?: "";
}

static void log_state(const struct bx_device *device, struct json_object *before)
{
	const char *was = shown_text(before, "State"),
		   *is = shown_text(device->properties, "State");
	const char *where = *device->pci.address ? device->pci.address : "It";

	if (!bx_streq(was, is))
		bx_log_event(LOG_INFO, BX_MESSAGE_DEVICE_STATE, device->id, "%s is %s now (was %s)",
			     where, is, was);
}

int bx_device_show(struct bx_device *device)
{
	struct json_object *before = device->properties, *after;
	int r;

	r = look_at(device, &after);
	if (r < 0) {
		bx_log_event(LOG_ERR, NULL, device->id, "The device cannot be shown: %s",
			     strerror(-r));
		return r;
	}
	device->properties = after;
	if (device->shown) {
		log_state(device, before);
		bx_object_compare(device->daemon, &bx_device_interface, device->id, before, after);
		return 0;
	}
	json_object_put(before);
	device->shown = true;
	bx_copy(device->shown_id, sizeof(device->shown_id), device->id);
	bx_log_event(LOG_INFO, BX_MESSAGE_DEVICE_ADDED, device->id, "Found%s%s, %s",
		     *device->pci.address ? " at " : "", device->pci.address,
		     shown_text(after, "State"));
	bx_object_added(device->daemon, &bx_device_interface, device->id);
	return 0;
}

void bx_device_hide(struct bx_device *device)
{
	if (device->shown)
		bx_object_removed(device->daemon, &bx_device_interface, device->shown_id);
	device->shown = false;
	json_object_put(device->properties);
	device->properties = NULL;
}

/* ---------------------------------------------------------------- the objects */

static void *find(struct bx_daemon *daemon, const char *key)
{
	for (struct bx_device *device = daemon->devices; device; device = device->next)
		if (device->shown && bx_streq(device->shown_id, key))
			return device;
	return NULL;
}

static int list(struct bx_daemon *daemon, char ***keys)
{
	int r = 0;

	for (struct bx_device *device = daemon->devices; r >= 0 && device; device = device->next)
		if (device->shown)
			r = bx_strv_addf(keys, "%s", device->shown_id);
	return r;
}

static struct json_object *show(void *object)
{
	const struct bx_device *device = object;

	return json_object_get(device->properties);
}

/* nvme resets a controller without an event. */
static void look(void *object)
{
	struct bx_device *device = object;
	char state[BX_NAME_MAX];
	int r;

	if (!*device->pci.controller)
		return;
	r = bx_root_read(&device->daemon->root,
			 bx_path(BX_PCI_DEVICES "/%s/nvme/%s/state", device->pci.address,
				 device->pci.controller)
				 .s,
			 state, sizeof(state));
	if (r < 0)
		*state = 0;
	if (bx_streq(state, device->pci.controller_state))
		return;
	bx_copy(device->pci.controller_state, sizeof(device->pci.controller_state), state);
	bx_device_show(device);
	bx_inventory_refresh_later(device->daemon);
}

/* ---------------------------------------------------------------- methods */

static int begin(struct bx_call *call, struct bx_device *device, struct bx_wish wish)
{
	struct bx_job *job;
	int r = bx_job_start(device, &wish, &job, &call->failure);

	return r < 0 ? r : bx_call_return(call, "job", job->key);
}

static int run_bind(struct bx_call *call, void *object)
{
	return begin(call, object,
		     (struct bx_wish){ .kind = BX_KIND_BIND,
				       .driver = bx_call_text(call, "driver"),
				       .with_data = bx_call_switch(call, "with_data") });
}

static int run_unbind(struct bx_call *call, void *object)
{
	return begin(call, object,
		     (struct bx_wish){ .kind = BX_KIND_UNBIND,
				       .with_data = bx_call_switch(call, "with_data") });
}

static int run_reset(struct bx_call *call, void *object)
{
	return begin(call, object, (struct bx_wish){ .kind = BX_KIND_RESET });
}

static int run_reenumerate(struct bx_call *call, void *object)
{
	return begin(call, object, (struct bx_wish){ .kind = BX_KIND_REENUMERATE });
}

static int run_remove(struct bx_call *call, void *object)
{
	return begin(call, object, (struct bx_wish){ .kind = BX_KIND_REMOVE });
}

static int run_start(struct bx_call *call, void *object)
{
	return begin(call, object, (struct bx_wish){ .kind = BX_KIND_START });
}

static int run_stop(struct bx_call *call, void *object)
{
	return begin(call, object, (struct bx_wish){ .kind = BX_KIND_STOP });
}

/* What is written down is not for those to remove who may only make and unmake. */
static int run_destroy(struct bx_call *call, void *object)
{
	struct bx_device *device = object;
	const struct bx_definition *definition = device->definition;

	if (definition && definition->kind != BX_DEFINITION_TRANSIENT)
		return bx_fail(&call->failure, -EINVAL, BX_ERROR_WRONG_STATE,
			       "%s is written down for every boot: stop it, and forget it",
			       device->id);
	if (definition && device->emulation == BX_EMULATION_NONE && !device->job) {
		bx_device_drop(call->daemon, device->name);
		return bx_call_return(call, "job", "");
	}
	return begin(call, device, (struct bx_wish){ .kind = BX_KIND_STOP, .forget = true });
}

static int run_get_statistics(struct bx_call *call, void *object)
{
	struct bx_device *device = object;
	struct json_object *values;
	int r;

	r = bx_statistics_read(&device->daemon->root, device->pci.blocks, device->name, &values);
	if (r < 0)
		return r;
	return json_object_object_add(call->out, "statistics", values) < 0 ? -ENOMEM : 0;
}

static int run_forget(struct bx_call *call, void *object)
{
	return bx_device_forget(object, &call->failure);
}

/* clang-format off */
static const struct bx_field no_options[] = { { 0 } };

static const struct bx_field job_result[] = {
	BX_FIELD("job", "o", "The job that does it.", .of = &bx_job_interface),
	{ 0 }
};

static const struct bx_field bind_in[] = {
	BX_FIELD("driver", "s", "The name of a PCI driver that knows NVMe devices or leaves them alone."),
	{ 0 }
};

static const struct bx_field move_options[] = {
	BX_FIELD("with_data", "b", "Also if a disk has a file system or the like on it, which is DeviceHasData else. What is in use is refused in any case."),
	{ 0 }
};

static const struct bx_field statistics_result[] = {
	BX_FIELD("statistics", "a{st}", "Numbers that only grow, of all its namespaces: reads, bytes_read, writes, bytes_written, discards, bytes_discarded, flushes, busy_ms; and in_flight, as it is now. Of an emulated device interrupts and engine_busy_ns, too."),
	{ 0 }
};

static const struct bx_method methods[] = {
	{ "Bind", bind_in, move_options, job_result, "bind", run_bind,
	  "Moves a device that nothing uses to another driver. If that fails, the device is back at its old driver." },
	{ "Unbind", NULL, move_options, job_result, "bind", run_unbind,
	  "Takes a device that nothing uses from its driver." },
	{ "Reset", NULL, no_options, job_result, "bind", run_reset,
	  "Resets the controller of a device that nvme has, and waits until it is live. Commands are repeated, so it may be in use." },
	{ "Reenumerate", NULL, no_options, job_result, "bind", run_reenumerate,
	  "Lets a PCI function go that nothing uses, looks at the bus behind its bridge again, and waits for it, as is needed after its firmware was loaded. It has then whatever driver the kernel gives it." },
	{ "Remove", NULL, no_options, job_result, "bind", run_remove,
	  "Lets a PCI function go that nothing uses, as if it were pulled out. It is found again by the Manager's Rescan, and when the machine starts." },
	{ "Start", NULL, no_options, job_result, "create-device", run_start,
	  "Makes an emulated device that is stopped, as its definition says, and powers it on." },
	{ "Stop", NULL, no_options, job_result, "create-device", run_stop,
	  "Powers an emulated device off that nothing uses. Its data is gone and its memory goes back; its definition stays." },
	{ "Destroy", NULL, no_options, job_result, "create-device", run_destroy,
	  "Stops an emulated device that nothing uses, and forgets it, unless it is written down. There is no job if it was stopped already." },
	{ "GetStatistics", NULL, no_options, statistics_result, NULL, run_get_statistics,
	  "What the device has done so far." },
	{ "Forget", NULL, no_options, NULL, "define", run_forget,
	  "Forgets an emulated device that is written down. One that is on stays until it is stopped." },
	{ 0 }
};

static const struct bx_field properties[] = {
	BX_FIELD("Id", "s", "The name of an emulated device; otherwise the serial number, or the slot where none is known. Two with one serial number both have @ and their slot behind it.", .constant = true),
	BX_FIELD("Kind", "s", "physical or emulated.", .constant = true),
	BX_FIELD("Address", "s", "Of the PCI function; empty while an emulated device is stopped."),
	BX_FIELD("Slot", "s", "The path of PCI slots by which it is reached, free of bus numbers."),
	BX_FIELD("Serial", "s", "The serial number, remembered while a driver other than nvme has the device; empty where it is not known."),
	BX_FIELD("Model", "s", "The model, likewise."),
	BX_FIELD("Firmware", "s", "The firmware's revision, likewise."),
	BX_FIELD("Nqn", "s", "The NVMe Qualified Name of its subsystem, likewise. A subsystem may have more than one controller."),
	BX_FIELD("Driver", "s", "The driver that has the device; empty without one."),
	BX_FIELD("State", "s", "One of the states below, as it is at the moment of the question.", .live = true),
	BX_FIELD("Controller", "s", "nvme's name for it, such as nvme0; empty unless nvme has it."),
	BX_FIELD("BlockDevices", "as", "Its whole namespaces, such as /dev/nvme0n1."),
	BX_FIELD("InUseBy", "as", "Who uses it, a sentence for each: mounts, swap, device mapper, md, loop devices, NVMe-oF exports (of which the kernel does not tell: they are seen with the next change). Programs that merely have it open are "
		 "looked for when a job wants to take it away."),
	BX_FIELD("NumaNode", "i", "The node that it is at; -1 where that is not known."),
	BX_FIELD("IommuGroup", "i", "The number of its IOMMU group; -1 without one."),
	BX_FIELD("Definition", "s", "Of an emulated device: transient (gone when the machine is off), stored, or administrator (a file in /etc). Empty if it was not bxd that made it, and for a physical device."),
	BX_FIELD("Settings", "a{ss}", "What an emulated device is defined by, in the words of bx_emu(4)."),
	BX_FIELD("Autostart", "b", "Whether an emulated device is started when bxd first starts after a boot."),
	BX_FIELD("LastError", "s", "Name and sentence of what went wrong in the last job; empty if nothing did."),
	BX_FIELD("Job", "o", "The job that is at work on it, or none.", .of = &bx_job_interface),
	{ 0 }
};
/* clang-format on */

const struct bx_interface bx_device_interface = {
	.name = "Device",
	.missing = BX_ERROR_NO_SUCH_DEVICE,
	.path = BX_PATH_DEVICES,
	.properties = properties,
	.methods = methods,
	.find = find,
	.list = list,
	.show = show,
	.look = look,
	.doc = "An NVMe device: a PCI function of the machine, or an emulated one, which is there while it is defined.",
};
