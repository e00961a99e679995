// SPDX-License-Identifier: GPL-2.0-or-later
/* bxctl: the words with which people talk to bxd. This file reads the command line. */
#include "client/bxctl.h"
#include "daemon/names.h"
#include "daemon/root.h"
#include "daemon/util.h"

#include <getopt.h>

#define ANY		1000 /* arguments */
#define CALL_TIMEOUT_US (150 * 1000000ULL)

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

static void print_help(FILE *to);

/* ---------------------------------------------------------------- looking */

static size_t count_running(struct json_object *jobs)
{
	size_t n = 0;

	for (size_t i = 0; i < json_object_array_length(jobs); i++)
		n += !bx_streq(bxctl_text(json_object_array_get_idx(jobs, i), "State"), "ended");
	return n;
}

static void print_states(struct bxctl *ctl, struct json_object *devices)
{
	_cleanup_(json_object_putp) struct json_object *counts = json_object_new_object();

	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		const char *state = bxctl_text(json_object_array_get_idx(devices, i), "State");

		json_object_object_add(counts, state,
				       json_object_new_int(atoi(bxctl_text(counts, state)) + 1));
	}
	json_object_object_foreach(counts, state, count) {
		printf("%9s %d %s%s%s\n", "", json_object_get_int(count),
		       bxctl_colour_of_state(ctl, state), state, bxctl_colour_off(ctl));
	}
}

static enum bx_exit verb_status(struct bxctl *ctl, char **arguments)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(json_object_putp) struct json_object *manager = NULL, *devices = NULL,
						       *jobs = NULL;
	int r;

	r = bxctl_get_all(ctl, BX_PATH_ROOT, BX_IFACE_MANAGER, &manager, &error);
	if (r < 0)
		return bxctl_call_failed("the status cannot be read", r, &error);
	if (bxctl_get_objects(ctl, BX_IFACE_DEVICE, &devices) < 0 ||
	    bxctl_get_objects(ctl, BX_IFACE_JOB, &jobs) < 0)
		return BX_EXIT_NO_DAEMON;
	if (ctl->json) {
		json_object_object_add(manager, "Devices", json_object_get(devices));
		json_object_object_add(manager, "Jobs", json_object_get(jobs));
		bxctl_print_json(manager, false);
		return BX_EXIT_OK;
	}
	printf("%9s %s\n", "bxd:", bxctl_text(manager, "Version"));
	printf("%9s %s\n", "kernel:", bxctl_text(manager, "KernelRelease"));
	printf("%9s %zu\n", "devices:", json_object_array_length(devices));
	print_states(ctl, devices);
	printf("%9s %zu running\n", "jobs:", count_running(jobs));
	return BX_EXIT_OK;
}

static enum bx_exit verb_list(struct bxctl *ctl, char **arguments)
{
	_cleanup_(json_object_putp) struct json_object *devices = NULL;

	if (bxctl_get_objects(ctl, BX_IFACE_DEVICE, &devices) < 0)
		return BX_EXIT_NO_DAEMON;
	if (ctl->json)
		bxctl_print_json(devices, false);
	else
		bxctl_print_devices(ctl, devices);
	return BX_EXIT_OK;
}

static enum bx_exit verb_show(struct bxctl *ctl, char **arguments)
{
	_cleanup_(json_object_putp) struct json_object *device = NULL;
	enum bx_exit code;

	code = bxctl_find_device(ctl, arguments[0], &device);
	if (code != BX_EXIT_OK)
		return code;
	if (ctl->json)
		bxctl_print_json(device, false);
	else
		bxctl_print_device(ctl, device);
	return BX_EXIT_OK;
}

static enum bx_exit verb_monitor(struct bxctl *ctl, char **arguments)
{
	return bxctl_monitor(ctl);
}

/* ---------------------------------------------------------------- acting */

static enum bx_exit verb_bind(struct bxctl *ctl, char **arguments)
{
	return bxctl_act(ctl, arguments[0], "Bind", arguments[1],
			 bx_path("cannot be bound to %s", arguments[1]).s);
}

static enum bx_exit verb_unbind(struct bxctl *ctl, char **arguments)
{
	return bxctl_act(ctl, arguments[0], "Unbind", NULL, "cannot be unbound");
}

static enum bx_exit verb_reset(struct bxctl *ctl, char **arguments)
{
	return bxctl_act(ctl, arguments[0], "Reset", NULL, "cannot be reset");
}

static enum bx_exit verb_reenumerate(struct bxctl *ctl, char **arguments)
{
	return bxctl_act(ctl, arguments[0], "Reenumerate", NULL, "cannot be re-enumerated");
}

static enum bx_exit verb_remove(struct bxctl *ctl, char **arguments)
{
	return bxctl_act(ctl, arguments[0], "Remove", NULL, "cannot be removed");
}

static enum bx_exit verb_rescan(struct bxctl *ctl, char **arguments)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	int r;

	r = sd_bus_message_new_method_call(ctl->bus, &call, BX_BUS_NAME, BX_PATH_ROOT,
					   BX_IFACE_MANAGER, "Rescan");
	if (r >= 0)
		r = sd_bus_message_append(call, "a{sv}", 0);
	return bxctl_call_job(ctl, call, r, "the buses cannot be looked at again");
}

static enum bx_exit verb_start(struct bxctl *ctl, char **arguments)
{
	return bxctl_act(ctl, arguments[0], "Start", NULL, "cannot be started");
}

static enum bx_exit verb_stop(struct bxctl *ctl, char **arguments)
{
	return bxctl_act(ctl, arguments[0], "Stop", NULL, "cannot be stopped");
}

static enum bx_exit verb_destroy(struct bxctl *ctl, char **arguments)
{
	return bxctl_act(ctl, arguments[0], "Destroy", NULL, "cannot be destroyed");
}

static enum bx_exit verb_create(struct bxctl *ctl, char **arguments)
{
	return bxctl_create(ctl, arguments[0], arguments + 1);
}

static enum bx_exit verb_define(struct bxctl *ctl, char **arguments)
{
	return bxctl_define(ctl, arguments[0], arguments + 1);
}

static enum bx_exit verb_forget(struct bxctl *ctl, char **arguments)
{
	return bxctl_forget(ctl, arguments[0]);
}

static enum bx_exit verb_cancel(struct bxctl *ctl, char **arguments)
{
	return bxctl_cancel(ctl, arguments[0]);
}

static enum bx_exit verb_plan(struct bxctl *ctl, char **arguments)
{
	return bxctl_plan(ctl, arguments);
}

static enum bx_exit verb_apply(struct bxctl *ctl, char **arguments)
{
	return bxctl_apply(ctl, arguments[0]);
}

static enum bx_exit verb_top(struct bxctl *ctl, char **arguments)
{
	return bxctl_top(ctl);
}

static enum bx_exit verb_module(struct bxctl *ctl, char **arguments)
{
	return bxctl_module(ctl, arguments);
}

static enum bx_exit verb_doctor(struct bxctl *ctl, char **arguments)
{
	return bxctl_doctor(ctl, arguments[0], ctl->bus_error);
}

static enum bx_exit verb_complete(struct bxctl *ctl, char **arguments)
{
	return bxctl_complete(ctl, arguments);
}

static enum bx_exit verb_help(struct bxctl *ctl, char **arguments)
{
	print_help(stdout);
	return BX_EXIT_OK;
}

/* ---------------------------------------------------------------- the command line */

static const struct verb {
	const char *name, *arguments;
	unsigned int least, most;
	const char *help;
	enum bx_exit (*run)(struct bxctl *ctl, char **arguments);
} verbs[] = {
	{ "status", "", 0, 0, "bxd itself, how many devices in what state (the default)",
	  verb_status },
	{ "list", "", 0, 0, "all NVMe devices", verb_list },
	{ "show", "DEVICE", 1, 1, "everything about one device", verb_show },
	{ "create", "NAME [SETTING=VALUE…]", 1, ANY, "make an emulated device and start it",
	  verb_create },
	{ "destroy", "DEVICE", 1, 1, "stop an emulated device that nothing uses, and forget it",
	  verb_destroy },
	{ "define", "NAME [SETTING=VALUE…]", 1, ANY,
	  "write down an emulated device, for every boot", verb_define },
	{ "forget", "DEVICE", 1, 1, "forget what is written down", verb_forget },
	{ "start", "DEVICE", 1, 1, "start an emulated device that is written down", verb_start },
	{ "stop", "DEVICE", 1, 1, "stop an emulated device that nothing uses; its data goes",
	  verb_stop },
	{ "bind", "DEVICE DRIVER", 2, 2, "move a device that nothing uses to another driver",
	  verb_bind },
	{ "unbind", "DEVICE", 1, 1, "take a device that nothing uses from its driver",
	  verb_unbind },
	{ "reset", "DEVICE", 1, 1, "reset the controller of a device, in use or not", verb_reset },
	{ "reenumerate", "DEVICE", 1, 1, "let a device that nothing uses go, and find it again",
	  verb_reenumerate },
	{ "remove", "DEVICE", 1, 1, "let a device that nothing uses go, as if it were pulled out",
	  verb_remove },
	{ "rescan", "", 0, 0, "look for devices on all PCI buses again", verb_rescan },
	{ "plan", "COMMAND DEVICE …", 2, ANY,
	  "what bind, unbind, reset, reenumerate, start, stop or create would do", verb_plan },
	{ "apply", "FILE", 1, 1, "do what a plan says that --json has printed, and nothing else",
	  verb_apply },
	{ "cancel", "JOB", 1, 1, "end a job that --no-wait has named, and undo what it did",
	  verb_cancel },
	{ "module", "[load|unload NAME …]", 0, ANY,
	  "the modules that bxd is for; load or unload one", verb_module },
	{ "top", "", 0, 0, "what devices are doing, every second, until interrupted", verb_top },
	{ "doctor", "[DEVICE]", 0, 1, "why something does not work, and what to type",
	  verb_doctor },
	{ "monitor", "", 0, 0, "print what changes, until interrupted", verb_monitor },
	{ "help", "", 0, 0, "this text", verb_help },
	/* For the shells; not among those that are listed. */
	{ "complete", "", 1, ANY, NULL, verb_complete },
};

static void print_verbs(FILE *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs) && verbs[i].help; i++)
		fprintf(to, "  %-11s %-22s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
}

const char *bxctl_verb_name(size_t i)
{
	return i < ARRAY_SIZE(verbs) && verbs[i].help ? verbs[i].name : NULL;
}

static void print_help(FILE *to)
{
	fprintf(to, "Usage: bxctl [OPTION…] [COMMAND [ARGUMENT…]]\n\nCommands:\n");
	print_verbs(to);
	fprintf(to, "\n"
		    "Options:\n"
		    "  --json      print JSON, as bxd gave it\n"
		    "  --no-wait   print the job that was begun and do not wait for it\n"
		    "  --type TYPE, --size SIZE, --preset PRESET, --from FILE\n"
		    "              of create and define: what the device is to be\n"
		    "  --with-data of bind and unbind: also a disk with something on it\n"
		    "  --autostart of define: start it with bxd\n"
		    "  --count N   of top: so many tables, and no more\n"
		    "  -H HOST     talk to the bxd of another machine, over ssh\n"
		    "  --version   print the version\n"
		    "  --help      this text\n"
		    "\n"
		    "DEVICE is an Id, a serial number, an NQN, a PCI address (0000:01:00.0), a\n"
		    "controller (nvme0) or a block device (/dev/nvme0n1). See bxctl(1).\n");
}

/* What people have read of, and cannot have yet. */
static const struct {
	const char *name, *meanwhile;
} later[] = {
	{ "reserve",
	  "memmap= or reserve_mem= on the kernel's command line does it; see bx_emu(4)" },
	{ "ring", "io_uring(7) is the way to many commands for little" },
	{ "kv", "nvme-cli(1) sends any command" },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (bx_streq(verbs[i].name, name))
			return &verbs[i];
	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		if (bx_streq(later[i].name, name)) {
			bxctl_error("'%s' comes with a later version. Until then, %s", name,
				    later[i].meanwhile);
			return NULL;
		}
	}
	bxctl_error("There is no command '%s'. There are:", name);
	print_verbs(stderr);
	return NULL;
}

/* An option that is of no use to the command was meant for something. */
static bool check_options(const struct bxctl *ctl, const struct verb *verb)
{
	bool define = verb->run == verb_define, create = define || verb->run == verb_create;

	if (!create && verb->run != verb_plan &&
	    (ctl->type || ctl->size || ctl->preset || ctl->from)) {
		bxctl_error("--type, --size, --preset and --from are options of create and define");
		return false;
	}
	if (verb->run != verb_top && ctl->count) {
		bxctl_error("--count is an option of top");
		return false;
	}
	if (ctl->with_data && verb->run != verb_bind && verb->run != verb_unbind &&
	    verb->run != verb_plan) {
		bxctl_error("--with-data is an option of bind and unbind");
		return false;
	}
	if (!define && ctl->autostart) {
		bxctl_error("--autostart is an option of define");
		return false;
	}
	return true;
}

static enum bx_exit run_verb(struct bxctl *ctl, const struct verb *verb, char **arguments)
{
	enum bx_exit code;
	int r;

	if (verb->run != verb_help) {
		r = ctl->host ? sd_bus_open_system_remote(&ctl->bus, ctl->host)
			      : sd_bus_open_system(&ctl->bus);
		ctl->bus_error = r < 0 ? strerror(-r) : "";
		/* Whoever is ill may come all the same. */
		if (r < 0 && verb->run == verb_doctor && !ctl->host)
			return verb->run(ctl, arguments);
		if (r < 0) {
			bxctl_error("The system bus%s%s cannot be reached: %s",
				    ctl->host ? " of " : "", ctl->host ?: "", strerror(-r));
			return BX_EXIT_NO_DAEMON;
		}
	}
	if (verb->run != verb_help) {
		/* Whom bxd asks for a password has time to find it. */
		sd_bus_set_allow_interactive_authorization(ctl->bus, isatty(STDIN_FILENO));
		sd_bus_set_method_call_timeout(ctl->bus, CALL_TIMEOUT_US);
	}
	code = verb->run(ctl, arguments);
	sd_bus_flush_close_unref(ctl->bus);
	if (fflush(stdout) != 0 && code == BX_EXIT_OK) {
		bxctl_error("the output cannot be written: %s", strerror(errno));
		code = BX_EXIT_FAILED;
	}
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "no-wait", no_argument, NULL, 'n' },
		{ "type", required_argument, NULL, 't' },
		{ "size", required_argument, NULL, 's' },
		{ "preset", required_argument, NULL, 'p' },
		{ "from", required_argument, NULL, 'f' },
		{ "autostart", no_argument, NULL, 'a' },
		{ "with-data", no_argument, NULL, 'd' },
		{ "count", required_argument, NULL, 'c' },
		{ "host", required_argument, NULL, 'H' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct bxctl ctl = { 0 };
	const struct verb *verb;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "hH:", options, NULL)) >= 0) {
		switch (c) {
		case 'j':
			ctl.json = true;
			break;
		case 'n':
			ctl.no_wait = true;
			break;
		case 't':
			ctl.type = optarg;
			break;
		case 's':
			ctl.size = optarg;
			break;
		case 'p':
			ctl.preset = optarg;
			break;
		case 'f':
			ctl.from = optarg;
			break;
		case 'a':
			ctl.autostart = true;
			break;
		case 'd':
			ctl.with_data = true;
			break;
		case 'c':
			ctl.count = strtoul(optarg, &end, 10);
			if (end == optarg || *end || !ctl.count) {
				bxctl_error("--count is '%s', and must be a number from 1 on",
					    optarg);
				return BX_EXIT_USAGE;
			}
			break;
		case 'H':
			ctl.host = optarg;
			break;
		case 'V':
			printf("bxctl " BX_VERSION "\n");
			return BX_EXIT_OK;
		case 'h':
			print_help(stdout);
			return BX_EXIT_OK;
		default:
			fprintf(stderr, "Type `bxctl --help` to see what there is.\n");
			return BX_EXIT_USAGE;
		}
	}
	ctl.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	verb = find_verb(optind < argc ? argv[optind++] : "status");
	if (!verb)
		return BX_EXIT_USAGE;
	if ((unsigned int)(argc - optind) < verb->least ||
	    (unsigned int)(argc - optind) > verb->most) {
		bxctl_error("`bxctl %s` takes %s, and nothing else", verb->name,
			    verb->most ? verb->arguments : "no arguments");
		return BX_EXIT_USAGE;
	}
	if (!check_options(&ctl, verb))
		return BX_EXIT_USAGE;
	return run_verb(&ctl, verb, argv + optind);
}
