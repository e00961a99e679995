// SPDX-License-Identifier: GPL-2.0-or-later
/* bxctl: the words with which people talk to bxd. This file reads the command line. */
#include "client/bxctl.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <getopt.h>

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

static enum bx_exit begin_job(struct bxctl *ctl, const char *name, const char *driver)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(json_object_putp) struct json_object *device = NULL;
	char what[512];
	const char *job;
	enum bx_exit code;
	int r;

	code = bxctl_find_device(ctl, name, &device);
	if (code != BX_EXIT_OK)
		return code;
	if (driver)
		snprintf(what, sizeof(what), "%s cannot be bound to %s", bxctl_text(device, "Id"),
			 driver);
	else
		snprintf(what, sizeof(what), "%s cannot be unbound", bxctl_text(device, "Id"));
	if (driver)
		r = sd_bus_call_method(ctl->bus, BX_BUS_NAME, bxctl_text(device, "Object"),
				       BX_IFACE_DEVICE, "Bind", &error, &reply, "sa{sv}", driver,
				       0);
	else
		r = sd_bus_call_method(ctl->bus, BX_BUS_NAME, bxctl_text(device, "Object"),
				       BX_IFACE_DEVICE, "Unbind", &error, &reply, "a{sv}", 0);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &job);
	if (r < 0)
		return bxctl_call_failed(what, r, &error);
	if (ctl->no_wait) {
		printf("%s\n", job);
		return BX_EXIT_OK;
	}
	return bxctl_wait_job(ctl, job, what);
}

static enum bx_exit verb_bind(struct bxctl *ctl, char **arguments)
{
	return begin_job(ctl, arguments[0], arguments[1]);
}

static enum bx_exit verb_unbind(struct bxctl *ctl, char **arguments)
{
	return begin_job(ctl, arguments[0], NULL);
}

static enum bx_exit verb_help(struct bxctl *ctl, char **arguments)
{
	print_help(stdout);
	return BX_EXIT_OK;
}

/* ---------------------------------------------------------------- the command line */

static const struct verb {
	const char *name, *arguments;
	unsigned int count;
	const char *help;
	enum bx_exit (*run)(struct bxctl *ctl, char **arguments);
} verbs[] = {
	{ "status", "", 0, "bxd itself, how many devices in what state (the default)",
	  verb_status },
	{ "list", "", 0, "all NVMe devices", verb_list },
	{ "show", "DEVICE", 1, "everything about one device", verb_show },
	{ "bind", "DEVICE DRIVER", 2, "move a device that nothing uses to another driver",
	  verb_bind },
	{ "unbind", "DEVICE", 1, "take a device that nothing uses from its driver", verb_unbind },
	{ "monitor", "", 0, "print what changes, until interrupted", verb_monitor },
	{ "help", "", 0, "this text", verb_help },
};

static void print_help(FILE *to)
{
	fprintf(to, "Usage: bxctl [OPTION…] [COMMAND [ARGUMENT…]]\n\nCommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(to, "  %-7s %-14s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
	fprintf(to, "\n"
		    "Options:\n"
		    "  --json      print JSON, as bxd gave it\n"
		    "  --no-wait   print the job of bind or unbind and do not wait for it\n"
		    "  --version   print the version\n"
		    "  --help      this text\n"
		    "\n"
		    "DEVICE is an Id, a serial number, a PCI address (0000:01:00.0), a controller\n"
		    "(nvme0) or a block device (/dev/nvme0n1). See bxctl(1).\n");
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (bx_streq(verbs[i].name, name))
			return &verbs[i];
	bxctl_error("There is no command '%s'. There are:", name);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(stderr, "  %-7s %-14s %s\n", verbs[i].name, verbs[i].arguments,
			verbs[i].help);
	return NULL;
}

static enum bx_exit run_verb(struct bxctl *ctl, const struct verb *verb, char **arguments)
{
	enum bx_exit code;
	int r;

	if (verb->run != verb_help) {
		r = sd_bus_open_system(&ctl->bus);
		if (r < 0) {
			bxctl_error("The system bus cannot be reached: %s", strerror(-r));
			return BX_EXIT_NO_DAEMON;
		}
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
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct bxctl ctl = { 0 };
	const struct verb *verb;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (c) {
		case 'j':
			ctl.json = true;
			break;
		case 'n':
			ctl.no_wait = true;
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
	if ((unsigned int)(argc - optind) != verb->count) {
		bxctl_error("`bxctl %s` takes %s, and nothing else", verb->name,
			    verb->count ? verb->arguments : "no arguments");
		return BX_EXIT_USAGE;
	}
	return run_verb(&ctl, verb, argv + optind);
}
