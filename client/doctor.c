// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * doctor: why something does not work, on one page. What bxd sees better it is asked for; what is about bxd itself, about modules and
 * about single devices is looked at here. Every check finds something, good or bad, or says that it could not see.
 */
#include "client/bxctl.h"
#include "daemon/bus_json.h"
#include "daemon/diagnose.h"
#include "daemon/json.h"
#include "daemon/names.h"
#include "daemon/pci.h"

#include <libkmod.h>
#include <sys/utsname.h>

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define POLKIT_NAME  "org.freedesktop.PolicyKit1"
#define OUR_MODULE   "bx_emu"

BX_DEFINE_CLEANUP(struct kmod_ctx *, kmod_unref)
BX_DEFINE_CLEANUP(struct kmod_list *, kmod_module_unref_list)
BX_DEFINE_CLEANUP(struct kmod_list *, kmod_module_info_free_list)
BX_DEFINE_CLEANUP(struct kmod_module *, kmod_module_unref)

struct doctor {
	struct bxctl *ctl;
	struct json_object *findings;
	struct bx_root root; /* of this machine; not open where the bus is another machine's */
	const char *device; /* the name of the only one that is of interest, or NULL */
	struct json_object *manager, *devices; /* as bxd tells them; NULL where it does not */
	char bus_error[256]; /* why there is no bus */
};

static bool is_local(const struct doctor *doctor)
{
	return !doctor->ctl->host;
}

/* ---------------------------------------------------------------- units */

/* A property of a unit, "" if it cannot be had. To be freed. */
static char *unit_property(struct doctor *doctor, const char *unit, const char *property)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	char *value = NULL;

	if (doctor->ctl->bus &&
	    sd_bus_call_method(doctor->ctl->bus, SYSTEMD_NAME, "/org/freedesktop/systemd1",
			       SYSTEMD_NAME ".Manager", "LoadUnit", NULL, &reply, "s", unit) >= 0 &&
	    sd_bus_message_read(reply, "o", &path) >= 0)
		sd_bus_get_property_string(doctor->ctl->bus, SYSTEMD_NAME, path,
					   SYSTEMD_NAME ".Unit", property, NULL, &value);
	return value ?: strdup("");
}

static int check_units(struct doctor *doctor)
{
	static const char *const units[] = { "bxd.service", "bxd.socket", "bxd-worker@0.service",
					     "bxd-planner@0.service" };
	_cleanup_strv_ char **wrong = NULL;
	_cleanup_free_ char *names = NULL;
	int r = 0;

	if (!doctor->ctl->bus)
		return bx_find(doctor->findings, "units", BX_VERDICT_UNSEEN, "",
			       "The units of bxd cannot be looked at without the bus.");
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(units); i++) {
		_cleanup_free_ char *load = unit_property(doctor, units[i], "LoadState");

		if (!load)
			return -ENOMEM;
		if (!bx_streq(load, "loaded"))
			r = bx_strv_addf(&wrong, "%s is %s", units[i], *load ? load : "unknown");
	}
	if (r < 0)
		return r;
	names = bx_strv_join(wrong, ", ");
	if (!wrong)
		return bx_find(doctor->findings, "units", BX_VERDICT_OK, "",
			       "All units of bxd are there.");
	return bx_find(
		doctor->findings, "units", BX_VERDICT_PROBLEM,
		"sudo make install, where bxd was built; systemctl unmask, for one that is masked; systemctl daemon-reload",
		"Not all units of bxd are there: %s.", names ?: "");
}

/* ---------------------------------------------------------------- bxd */

/* It did not answer: what the service manager knows of it. */
static int find_absent(struct doctor *doctor, const sd_bus_error *error, int r)
{
	_cleanup_free_ char *load = unit_property(doctor, "bxd.service", "LoadState");
	_cleanup_free_ char *active = unit_property(doctor, "bxd.service", "ActiveState");
	const char *why = error->message ?: strerror(-r), *advice = "systemctl start bxd";

	if (!load || !active)
		return -ENOMEM;
	if (bx_streq(load, "masked"))
		advice = "systemctl unmask bxd, and systemctl start bxd";
	else if (bx_streq(load, "not-found"))
		advice = "sudo make install, where bxd was built";
	else if (bx_streq(active, "failed"))
		advice = "journalctl -u bxd, and systemctl restart bxd";
	else if (bx_streq(active, "active"))
		advice = "systemctl restart bxd";
	return bx_find(doctor->findings, "bxd", BX_VERDICT_PROBLEM, advice,
		       "bxd does not answer: %s. Its unit is %s%s%s.", why,
		       *load ? load : "unknown", *active ? " and " : "", active);
}

static int check_bxd(struct doctor *doctor)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *version;
	int r;

	if (!doctor->ctl->bus)
		return bx_find(doctor->findings, "bxd", BX_VERDICT_PROBLEM, "systemctl start dbus",
			       "The system bus cannot be reached: %s.", doctor->bus_error);
	r = bxctl_get_all(doctor->ctl, BX_PATH_ROOT, BX_IFACE_MANAGER, &doctor->manager, &error);
	if (r < 0) {
		doctor->manager = NULL;
		return find_absent(doctor, &error, r);
	}
	version = bxctl_text(doctor->manager, "Version");
	if (!bx_streq(version, BX_VERSION))
		return bx_find(doctor->findings, "bxd", BX_VERDICT_PROBLEM, "systemctl restart bxd",
			       "bxd answers, and is version %s, while bxctl is %s.", version,
			       BX_VERSION);
	return bx_find(doctor->findings, "bxd", BX_VERDICT_OK, "", "bxd %s answers, as does bxctl.",
		       version);
}

/* ---------------------------------------------------------------- polkit */

static bool is_in(char *const *list, const char *name)
{
	return list && bx_strv_contains(list, name);
}

static int check_polkit(struct doctor *doctor)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_strv_ char **owned = NULL, **activatable = NULL;
	_cleanup_free_ char *load = NULL;
	int r = doctor->ctl->bus ? sd_bus_list_names(doctor->ctl->bus, &owned, &activatable)
				 : -ENOTCONN;

	if (r < 0)
		return bx_find(doctor->findings, "polkit", BX_VERDICT_UNSEEN, "",
			       "Whether polkit is there cannot be seen: %s.", strerror(-r));
	load = unit_property(doctor, "polkit.service", "LoadState");
	if (is_in(owned, POLKIT_NAME) ||
	    (is_in(activatable, POLKIT_NAME) && load && !bx_streq(load, "masked")))
		return bx_find(doctor->findings, "polkit", BX_VERDICT_OK, "",
			       "polkit is there, so others than root can be allowed to act.");
	return bx_find(doctor->findings, "polkit", BX_VERDICT_WARNING,
		       load && bx_streq(load, "masked") ? "systemctl unmask polkit"
							: "apt install polkitd",
		       "polkit is not there, so only root may act.");
}

/* ---------------------------------------------------------------- modules */

/* A value of modinfo, "" where there is none. */
static void module_info(struct kmod_module *module, const char *key, char *value, size_t size)
{
	_cleanup_(kmod_module_info_free_listp) struct kmod_list *info = NULL;
	struct kmod_list *item;

	*value = 0;
	if (kmod_module_get_info(module, &info) < 0)
		return;
	kmod_list_foreach(item, info)
	{
		if (bx_streq(kmod_module_info_get_key(item), key))
			bx_copy(value, size, kmod_module_info_get_value(item));
	}
}

static int find_no_module(struct doctor *doctor, const char *release)
{
	bool headers =
		bx_root_exists(&doctor->root, bx_path("lib/modules/%s/build/Makefile", release).s);

	return bx_find(
		doctor->findings, "modules", BX_VERDICT_PROBLEM,
		headers ? "make and sudo make install, where bxd was built"
			: bx_path("apt install linux-headers-%s, then make and sudo make install where bxd was built",
				  release)
				  .s,
		"There is no module " OUR_MODULE " for this kernel, %s%s.", release,
		headers ? "" : ", and its headers are not installed either");
}

static int check_module(struct doctor *doctor, struct kmod_module *module, const char *release)
{
	char vermagic[128], signer[128], why[64] = "";
	size_t n;

	if (kmod_module_get_initstate(module) >= 0)
		return bx_find(doctor->findings, "modules", BX_VERDICT_OK, "",
			       "Module " OUR_MODULE " is loaded.");
	module_info(module, "vermagic", vermagic, sizeof(vermagic));
	n = strcspn(vermagic, " ");
	if (n != strlen(release) || strncmp(vermagic, release, n))
		return bx_find(doctor->findings, "modules", BX_VERDICT_PROBLEM,
			       "make clean, make and sudo make install, where bxd was built",
			       "Module " OUR_MODULE " was built for kernel %.*s, and this is %s.",
			       (int)n, vermagic, release);
	module_info(module, "signer", signer, sizeof(signer));
	if (!*signer && bx_signatures_wanted(&doctor->root, why, sizeof(why)) >= 0 && *why)
		return bx_find(
			doctor->findings, "modules", BX_VERDICT_PROBLEM,
			"sign it with a key of your own, and type: mokutil --import KEY.der",
			"Module " OUR_MODULE
			" has no signature, and the kernel takes none without one, since %s.",
			why);
	return bx_find(doctor->findings, "modules", BX_VERDICT_OK, "",
		       "Module " OUR_MODULE " is there for this kernel, %s.", release);
}

static int check_modules(struct doctor *doctor)
{
	_cleanup_(kmod_unrefp) struct kmod_ctx *kmod = NULL;
	_cleanup_(kmod_module_unref_listp) struct kmod_list *list = NULL;
	_cleanup_(kmod_module_unrefp) struct kmod_module *module = NULL;
	struct utsname name;

	if (!is_local(doctor) || uname(&name) < 0)
		return bx_find(doctor->findings, "modules", BX_VERDICT_UNSEEN,
			       "bxctl doctor, on that machine",
			       "The modules of another machine cannot be seen from here.");
	kmod = kmod_new(NULL, NULL);
	if (!kmod || kmod_module_new_from_lookup(kmod, OUR_MODULE, &list) < 0 || !list)
		return find_no_module(doctor, name.release);
	module = kmod_module_get_module(list);
	/* The index of modules can be older than what is there. */
	if (kmod_module_get_initstate(module) < 0 &&
	    access(kmod_module_get_path(module) ?: "", R_OK) < 0)
		return find_no_module(doctor, name.release);
	return check_module(doctor, module, name.release);
}

/* ---------------------------------------------------------------- devices */

/* One that says of itself what is wrong. */
static int check_state(struct doctor *doctor, struct json_object *device)
{
	const char *id = bxctl_text(device, "Id"), *state = bxctl_text(device, "State"),
		   *error = bxctl_text(device, "LastError");

	if (bx_streq(state, "stuck"))
		return bx_find(doctor->findings, "devices", BX_VERDICT_PROBLEM,
			       "dmesg; what hangs in the kernel ends with a reboot alone",
			       "%s is stuck: the worker of job %s hangs in the kernel.", id,
			       bxctl_text(device, "Job"));
	if (bx_streq(state, "dead") || bx_streq(state, "unknown"))
		return bx_find(doctor->findings, "devices", BX_VERDICT_PROBLEM,
			       bx_path("dmesg, and bxctl reenumerate %s", id).s, "%s is %s%s%s.",
			       id, state, *error ? "; last " : "", error);
	if (*error)
		return bx_find(doctor->findings, "devices", BX_VERDICT_WARNING,
			       bx_path("journalctl BX_DEVICE=%s", id).s,
			       "What was last done to %s failed: %s.", id, error);
	return 0;
}

/* bxd never reads it, since that can wait for ever behind an unbind that hangs. */
static int check_override(struct doctor *doctor, struct json_object *device)
{
	const char *id = bxctl_text(device, "Id"), *address = bxctl_text(device, "Address"),
		   *driver = bxctl_text(device, "Driver");
	char override[BX_NAME_MAX];
	int r;

	if (!is_local(doctor) || !*address || bx_streq(bxctl_text(device, "State"), "stuck"))
		return 0;
	r = bx_pci_override(&doctor->root, address, override);
	if (r < 0)
		return bx_find(doctor->findings, "overrides", BX_VERDICT_UNSEEN, "",
			       "The driver_override of %s cannot be read: %s.", id, strerror(-r));
	bx_clean_text(override);
	if (!*override || bx_streq(override, driver))
		return 0;
	return bx_find(
		doctor->findings, "overrides", BX_VERDICT_WARNING,
		bx_path("bxctl bind %s %s", id, *driver ? driver : BX_NATURAL_DRIVER).s,
		"%s has %s, and a driver_override '%s' that somebody has left behind: no other driver will take it.",
		id, *driver ? driver : "no driver", override);
}

/* The one that was asked for, in a line. */
static int describe_device(struct doctor *doctor, struct json_object *device)
{
	bool grouped = !bx_streq(bxctl_text(device, "IommuGroup"), "-1");
	const char *driver = bxctl_text(device, "Driver");

	return bx_find(doctor->findings, "device", BX_VERDICT_OK, "",
		       "%s is %s, at %s, has %s, and %s IOMMU group.", bxctl_text(device, "Id"),
		       bxctl_text(device, "State"),
		       *bxctl_text(device, "Address") ? bxctl_text(device, "Address")
						      : "no address",
		       *driver ? driver : "no driver", grouped ? "an" : "no");
}

/* Of each; what nothing was found of is said once. */
static int check_each(struct doctor *doctor, const char *check, const char *good,
		      int (*look)(struct doctor *doctor, struct json_object *device))
{
	size_t before = json_object_array_length(doctor->findings);
	int r = 0;

	if (!doctor->devices)
		return bx_find(doctor->findings, check, BX_VERDICT_UNSEEN, "",
			       "What devices there are cannot be seen without bxd.");
	for (size_t i = 0; r >= 0 && i < json_object_array_length(doctor->devices); i++)
		r = look(doctor, json_object_array_get_idx(doctor->devices, i));
	if (r < 0 || json_object_array_length(doctor->findings) > before)
		return r;
	return bx_find(doctor->findings, check, BX_VERDICT_OK, "", "%s", good);
}

static int check_devices(struct doctor *doctor)
{
	return check_each(doctor, "devices", "Nothing that was last done to a device has failed.",
			  check_state);
}

static int check_overrides(struct doctor *doctor)
{
	if (!is_local(doctor))
		return bx_find(doctor->findings, "overrides", BX_VERDICT_UNSEEN,
			       "bxctl doctor, on that machine",
			       "Overrides of another machine cannot be seen from here.");
	return check_each(doctor, "overrides", "No driver_override is left behind.",
			  check_override);
}

/* ---------------------------------------------------------------- what bxd finds */

static int ask_bxd(struct doctor *doctor)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(json_object_putp) struct json_object *found = NULL;
	int r;

	r = sd_bus_call_method(doctor->ctl->bus, BX_BUS_NAME, BX_PATH_ROOT, BX_IFACE_MANAGER,
			       "Diagnose", NULL, &reply, "a{sv}", 0);
	if (r >= 0)
		r = bx_bus_read_value(reply, NULL, &found);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(found); i++)
		if (json_object_array_add(doctor->findings,
					  json_object_get(json_object_array_get_idx(found, i))) < 0)
			r = -ENOMEM;
	return r;
}

static int check_machine(struct doctor *doctor)
{
	if (doctor->manager && ask_bxd(doctor) >= 0)
		return 0;
	if (is_local(doctor))
		return bx_diagnose(&doctor->root, doctor->findings);
	return bx_find(doctor->findings, "machine", BX_VERDICT_UNSEEN, "",
		       "What bxd sees of the machine cannot be seen without it.");
}

/* ---------------------------------------------------------------- the page */

/* Of what follows from another, the other comes first. */
static int (*const checks[])(struct doctor *doctor) = {
	check_bxd,     check_units,   check_polkit,    check_modules,
	check_machine, check_devices, check_overrides,
};

static const char *colour_of(struct bxctl *ctl, const char *verdict)
{
	if (!ctl->colour)
		return "";
	return bx_streq(verdict, "problem")   ? "\033[1;31m"
	       : bx_streq(verdict, "warning") ? "\033[33m"
	       : bx_streq(verdict, "ok")      ? "\033[32m"
					      : "\033[2m";
}

static void print_finding(struct bxctl *ctl, struct json_object *finding)
{
	const char *verdict = bxctl_text(finding, "verdict"),
		   *advice = bxctl_text(finding, "advice");

	printf("%s%-8s%s %-12s %s\n", colour_of(ctl, verdict), verdict, bxctl_colour_off(ctl),
	       bxctl_text(finding, "check"), bxctl_text(finding, "text"));
	if (*advice)
		printf("%-21s > %s\n", "", advice);
}

static bool is_unwell(struct json_object *findings)
{
	for (size_t i = 0; i < json_object_array_length(findings); i++)
		if (bx_streq(bxctl_text(json_object_array_get_idx(findings, i), "verdict"),
			     bx_verdict_name(BX_VERDICT_PROBLEM)))
			return true;
	return false;
}

/* All of them, or the one that is asked for alone. */
static enum bx_exit find_devices(struct doctor *doctor)
{
	_cleanup_(json_object_putp) struct json_object *device = NULL;
	enum bx_exit code;

	if (!doctor->device) {
		if (bxctl_get_objects(doctor->ctl, BX_IFACE_DEVICE, &doctor->devices) < 0)
			doctor->devices = NULL;
		return BX_EXIT_OK;
	}
	code = bxctl_find_device(doctor->ctl, doctor->device, &device);
	if (code != BX_EXIT_OK)
		return code;
	doctor->devices = json_object_new_array();
	json_object_array_add(doctor->devices, json_object_get(device));
	return describe_device(doctor, device) < 0 ? BX_EXIT_FAILED : BX_EXIT_OK;
}

static int examine(struct doctor *doctor, enum bx_exit *code)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(checks); i++) {
		r = checks[i](doctor);
		/* Known once bxd has answered. */
		if (r >= 0 && checks[i] == check_bxd && doctor->manager)
			*code = find_devices(doctor);
		if (*code != BX_EXIT_OK)
			return 0;
	}
	return r;
}

enum bx_exit bxctl_doctor(struct bxctl *ctl, const char *device, const char *bus_error)
{
	struct doctor doctor = { .ctl = ctl, .device = device, .root.fd = -1 };
	enum bx_exit code = BX_EXIT_OK;
	int r;

	bx_copy(doctor.bus_error, sizeof(doctor.bus_error), bus_error);
	doctor.findings = json_object_new_array();
	r = bx_root_open(&doctor.root, "/");
	if (r >= 0)
		r = examine(&doctor, &code);
	if (r < 0) {
		bxctl_error("the checks cannot be made: %s", strerror(-r));
		code = BX_EXIT_FAILED;
	}
	if (code == BX_EXIT_OK) {
		if (ctl->json)
			bxctl_print_json(doctor.findings, false);
		for (size_t i = 0; !ctl->json && i < json_object_array_length(doctor.findings); i++)
			print_finding(ctl, json_object_array_get_idx(doctor.findings, i));
		code = is_unwell(doctor.findings) ? BX_EXIT_UNWELL : BX_EXIT_OK;
	}
	json_object_put(doctor.findings);
	json_object_put(doctor.manager);
	json_object_put(doctor.devices);
	bx_root_close(&doctor.root);
	return code;
}
