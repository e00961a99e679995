// SPDX-License-Identifier: GPL-2.0-or-later
/* The Manager interface: about the daemon itself, and what no device is there for yet. */
#include "daemon/api.h"
#include "daemon/daemon.h"
#include "daemon/diagnose.h"
#include "daemon/module.h"
#include "daemon/names.h"
#include "daemon/util.h"

static void *find(struct bx_daemon *daemon, const char *key)
{
	return *key ? NULL : daemon;
}

static int list(struct bx_daemon *daemon, char ***keys)
{
	return bx_strv_addf(keys, "%s", "");
}

static struct json_object *show(void *object)
{
	static const char *const features[] = { "rebind", "reset", "emulate", "modules", "plan" };
	struct bx_daemon *daemon = object;
	struct json_object *list;
	char lockdown[32];

	if (!daemon->properties) {
		if (bx_lockdown(&daemon->root, lockdown, sizeof(lockdown)) < 0)
			*lockdown = 0;
		daemon->properties = json_object_new_object();
		list = json_object_new_array();
		for (size_t i = 0; i < ARRAY_SIZE(features); i++)
			json_object_array_add(list, json_object_new_string(features[i]));
		json_object_object_add(daemon->properties, "Version",
				       json_object_new_string(BX_VERSION));
		json_object_object_add(daemon->properties, "KernelRelease",
				       json_object_new_string(daemon->kernel_release));
		json_object_object_add(daemon->properties, "Features", list);
		json_object_object_add(daemon->properties, "Lockdown",
				       json_object_new_string(lockdown));
		json_object_object_add(daemon->properties, "SecureBoot",
				       json_object_new_boolean(bx_secure_boot(&daemon->root)));
	}
	return json_object_get(daemon->properties);
}

static int run_get_device_by_id(struct bx_call *call, void *object)
{
	struct bx_device *device;
	int r;

	r = bx_inventory_find(object, bx_call_text(call, "id"), &device, &call->failure);
	return r < 0 ? r : bx_call_return(call, "device", device->shown_id);
}

static int run_rescan(struct bx_call *call, void *object)
{
	struct bx_job *job;
	int r;

	r = bx_job_start_rescan(object, &job, &call->failure);
	return r < 0 ? r : bx_call_return(call, "job", job->key);
}

static int run_reload(struct bx_call *call, void *object)
{
	return bx_reload(object);
}

static int run_create_device(struct bx_call *call, void *object)
{
	const struct bx_wish wish = { .kind = BX_KIND_START, .forget = true };
	struct bx_device *device;
	struct bx_job *job = NULL;
	char number[24] = "";
	int r;

	r = bx_device_define(object, bx_call_text(call, "name"), bx_call_value(call, "settings"),
			     bx_call_option(call, "preset"), BX_DEFINITION_TRANSIENT, false,
			     &device, &call->failure);
	if (r < 0)
		return r;
	r = bx_job_start(device, &wish, &job, &call->failure);
	if (r < 0) {
		bx_device_drop(object, bx_call_text(call, "name"));
		return r;
	}
	snprintf(number, sizeof(number), "%llu", (unsigned long long)job->operation.job);
	/* The job may have ended already, and the device with it. */
	r = bx_call_return(call, "device", bx_call_text(call, "name"));
	return r < 0 ? r : bx_call_return(call, "job", number);
}

static int run_define_device(struct bx_call *call, void *object)
{
	struct bx_device *device;
	int r;

	r = bx_device_define(object, bx_call_text(call, "name"), bx_call_value(call, "settings"),
			     bx_call_option(call, "preset"), BX_DEFINITION_STORED,
			     bx_call_switch(call, "autostart"), &device, &call->failure);
	return r < 0 ? r : bx_call_return(call, "device", device->shown_id);
}

static int start_module(struct bx_call *call, struct bx_daemon *daemon, enum bx_kind kind,
			const char *parameters)
{
	const char *name = bx_call_text(call, "name");
	const char *module = bx_module_find(name);
	struct bx_job *job;
	int r;

	if (!module)
		return bx_fail(
			&call->failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			"'%.64s' is none of the modules that bxd is for: GetModules has their names",
			name);
	r = bx_job_start_module(daemon, kind, module, parameters, &job, &call->failure);
	return r < 0 ? r : bx_call_return(call, "job", job->key);
}

/* "a=1 b=2". A blank would end a value, and quotes are for the kernel's command line alone. */
static int join_parameters(struct json_object *parameters, char *text, size_t size,
			   struct bx_failure *failure)
{
	size_t n = 0;

	*text = 0;
	json_object_object_foreach(parameters, name, value) {
		const char *s = json_object_get_string(value);

		if (strpbrk(name, " =\"\n") || strpbrk(s, " \"\n"))
			return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
				       "parameter %.64s=%.64s must have no blanks and quotes in it",
				       name, s);
		n += snprintf(text + n, size - n, "%s%s=%s", n ? " " : "", name, s);
		if (n >= size)
			return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
				       "the parameters are longer than %zu bytes", size - 1);
	}
	return 0;
}

static int run_load_module(struct bx_call *call, void *object)
{
	char parameters[BX_MODULE_PARAMETERS_MAX];
	int r;

	r = join_parameters(bx_call_value(call, "parameters"), parameters, sizeof(parameters),
			    &call->failure);
	return r < 0 ? r : start_module(call, object, BX_KIND_LOAD_MODULE, parameters);
}

static int run_unload_module(struct bx_call *call, void *object)
{
	return start_module(call, object, BX_KIND_UNLOAD_MODULE, "");
}

static int run_get_modules(struct bx_call *call, void *object)
{
	struct json_object *modules = json_object_new_object();
	struct bx_daemon *daemon = object;
	int r;

	if (!modules || json_object_object_add(call->out, "modules", modules) < 0)
		return -ENOMEM;
	for (size_t i = 0; bx_module_names[i]; i++) {
		char state[320];

		r = bx_module_state(&daemon->root, bx_module_names[i], state, sizeof(state));
		if (r < 0)
			return r;
		if (json_object_object_add(modules, bx_module_names[i],
					   json_object_new_string(state)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int run_diagnose(struct bx_call *call, void *object)
{
	struct json_object *findings = json_object_new_array();
	struct bx_daemon *daemon = object;

	if (!findings || json_object_object_add(call->out, "findings", findings) < 0)
		return -ENOMEM;
	return bx_diagnose(&daemon->root, findings);
}

/* clang-format off */
static const struct bx_field no_options[] = { { 0 } };

static const struct bx_field get_in[] = {
	BX_FIELD("id", "s", "An Id, or an unambiguous serial number."),
	{ 0 }
};

static const struct bx_field device_result[] = {
	BX_FIELD("device", "o", "The device.", .of = &bx_device_interface),
	{ 0 }
};

static const struct bx_field created[] = {
	BX_FIELD("device", "o", "The device, which is starting.", .of = &bx_device_interface),
	BX_FIELD("job", "o", "The job that starts it. If it is rolled back, the device is gone again.", .of = &bx_job_interface),
	{ 0 }
};

static const struct bx_field definition_in[] = {
	BX_FIELD("name", "s", "Its name: 1 to 31 letters, digits, - and _, beginning with a letter or digit."),
	BX_FIELD("settings", "a{ss}", "Attributes of bx_emu(4) and their values; those of folders as namespaces/1/size or timing/read_latency_ns."),
	{ 0 }
};

static const struct bx_field create_options[] = {
	BX_FIELD("preset", "s", "The name of a preset, whose settings hold where none are given."),
	{ 0 }
};

static const struct bx_field define_options[] = {
	BX_FIELD("preset", "s", "The name of a preset, whose settings hold where none are given."),
	BX_FIELD("autostart", "b", "Whether it is started when bxd first starts after a boot; false if not given."),
	{ 0 }
};

static const struct bx_field module_in[] = {
	BX_FIELD("name", "s", "The name of a module that bxd is for."),
	{ 0 }
};

static const struct bx_field load_in[] = {
	BX_FIELD("name", "s", "The name of a module that bxd is for."),
	BX_FIELD("parameters", "a{ss}", "Parameters of the module and their values. One that it does not have is refused."),
	{ 0 }
};

static const struct bx_field job_result[] = {
	BX_FIELD("job", "o", "The job that does it.", .of = &bx_job_interface),
	{ 0 }
};

static const struct bx_field modules_result[] = {
	BX_FIELD("modules", "a{ss}", "Their names, and for each a phrase: loaded, and used by what; not loaded; built in."),
	{ 0 }
};

static const struct bx_field plan_in[] = {
	BX_FIELD("kind", "s", "What would be done: bind, unbind, reset, reenumerate, start or stop a device, or create one that is emulated."),
	BX_FIELD("device", "s", "An Id, or an unambiguous serial number; the name of what is to be created."),
	{ 0 }
};

static const struct bx_field plan_options[] = {
	BX_FIELD("driver", "s", "Of bind, which needs it: the driver."),
	BX_FIELD("with_data", "b", "Of bind and unbind: as with those."),
	BX_FIELD("settings", "a{ss}", "Of create: as with CreateDevice."),
	BX_FIELD("preset", "s", "Of create: as with CreateDevice."),
	{ 0 }
};

static const struct bx_field plan_result[] = {
	BX_FIELD("basis", "a{ss}", "What the plan was made from: kind, device, boot, address, inode, driver, override, new_driver and with_data."),
	BX_FIELD("settings", "a{ss}", "Those of a device that is to be created or started."),
	BX_FIELD("accesses", "aa{ss}", "All that would be changed or kept from others, in this order. Each has its step, an access, a path and a value; an access is load (a module: its name and parameters), claim (a disk, until its device is let go), write (a file, which has the value then), make or remove (a folder)."),
	BX_FIELD("refusals", "aa{ss}", "All that it would be refused for now, each an error and a message, as the method itself would have them. What would then not be done is not among the accesses."),
	{ 0 }
};

static const struct bx_field apply_in[] = {
	BX_FIELD("basis", "a{ss}", "As Plan gave it."),
	BX_FIELD("settings", "a{ss}", "As Plan gave them."),
	BX_FIELD("accesses", "aa{ss}", "As Plan gave them."),
	{ 0 }
};

static const struct bx_field apply_result[] = {
	BX_FIELD("job", "o", "The job that does it.", .of = &bx_job_interface),
	{ 0 }
};

static const struct bx_field diagnose_result[] = {
	BX_FIELD("findings", "aa{ss}", "Each has the name of a check, a verdict (ok, warning, problem, or unseen where it could not be looked at), a text that says what is so, and an advice, which is what to type, or empty."),
	{ 0 }
};

static const struct bx_method methods[] = {
	{ "GetDeviceById", get_in, no_options, device_result, NULL, run_get_device_by_id,
	  "The device that answers to a name." },
	{ "Rescan", NULL, no_options, job_result, "bind", run_rescan,
	  "Has the kernel look for devices on all PCI buses, as for one that was removed, and looks at all of them again." },
	{ "Reload", NULL, no_options, NULL, "define", run_reload,
	  "Reads the configuration and the definitions and looks at all devices again, as `systemctl reload bxd` does." },
	{ "CreateDevice", definition_in, create_options, created, "create-device", run_create_device,
	  "Makes an emulated device and powers it on. It lives until it is destroyed or the machine is off." },
	{ "DefineDevice", definition_in, define_options, device_result, "define", run_define_device,
	  "Writes down an emulated device, or changes what is written, for as long as nobody forgets it. Holds from its next start on." },
	{ "GetModules", NULL, no_options, modules_result, NULL, run_get_modules,
	  "The modules that bxd is for, and how they are." },
	{ "LoadModule", load_in, no_options, job_result, "load-module", run_load_module,
	  "Loads a module, with what it needs. Nothing that modprobe.d says to run is run." },
	{ "UnloadModule", module_in, no_options, job_result, "load-module", run_unload_module,
	  "Unloads a module that nothing uses." },
	{ "Diagnose", NULL, no_options, diagnose_result, NULL, run_diagnose,
	  "Looks for what can be wrong with the machine: signatures of modules, the IOMMU, memory for emulated devices, definitions and presets." },
	{ "Plan", plan_in, plan_options, plan_result, "", bx_run_plan,
	  "Finds out what an operation would do, by its own steps on a machine that they cannot change, and answers when that is known. Wants the authorization that the operation itself wants, since it claims disks for a moment." },
	{ "Apply", apply_in, no_options, apply_result, "", bx_run_apply,
	  "Does what Plan said, if it would say the same now, and nothing else: a change that is not among the accesses is not made, but to undo those that were. PlanOutdated says what has changed. Wants the authorization that the operation itself wants." },
	{ 0 }
};

static const struct bx_field properties[] = {
	BX_FIELD("Version", "s", "Of bxd.", .constant = true),
	BX_FIELD("KernelRelease", "s", "Of the running kernel.", .constant = true),
	BX_FIELD("Features", "as", "What this bxd can do.", .constant = true),
	BX_FIELD("Lockdown", "s", "How far the kernel was locked down when bxd started: none, integrity, confidentiality; empty if that cannot be seen.", .constant = true),
	BX_FIELD("SecureBoot", "b", "Whether the firmware started the kernel by Secure Boot.", .constant = true),
	{ 0 }
};

static const struct bx_field job_new[] = {
	BX_FIELD("job", "o", "The job.", .of = &bx_job_interface),
	{ 0 }
};

static const struct bx_field job_removed[] = {
	BX_FIELD("job", "o", "The job.", .of = &bx_job_interface),
	BX_FIELD("result", "s", "One of the results below."),
	BX_FIELD("error_name", "s", "Empty, or the name of the error."),
	BX_FIELD("error_message", "s", "What went wrong, a sentence."),
	{ 0 }
};

static const struct bx_signal signals[] = {
	{ "JobNew", job_new, "A job has begun." },
	{ "JobRemoved", job_removed, "A job has ended. It stays readable for 30 seconds." },
	{ 0 }
};
/* clang-format on */

const struct bx_interface bx_manager_interface = {
	.name = "Manager",
	.missing = BX_ERROR_INTERNAL,
	.path = BX_PATH_ROOT,
	.single = true,
	.properties = properties,
	.methods = methods,
	.signals = signals,
	.find = find,
	.list = list,
	.show = show,
	.action_of = bx_plan_action,
	.doc = "The daemon itself, and the way to devices that are not there yet.",
};
