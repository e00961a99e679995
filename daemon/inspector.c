// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bxd-inspector: says which processes have device nodes open. It may look at every process, changes nothing, and ends when
 * nobody has asked for a while. Only root can ask: that is the mode of its socket, which systemd makes.
 */
#include "daemon/inspector.h"
#include "daemon/log.h"
#include "daemon/varlink.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#define IDLE_USEC 5000000

struct inspector {
	struct bx_root root;
	sd_event *event;
	struct bx_varlink *varlink;
	sd_event_source *idle;
};

static const char description[] =
	"# Who uses devices; for bxd's worker, which may not look at other processes itself.\n"
	"interface " BX_INSPECTOR_NAME "\n"
	"\n"
	"# A process that has a device node open; the node by its kind and number, as 259:0. The unit is the\n"
	"# system's, and missing where there is none.\n"
	"type Opener (\n"
	"  kind: (block, char),\n"
	"  node: string,\n"
	"  pid: int,\n"
	"  uid: int,\n"
	"  command: string,\n"
	"  unit: ?string\n"
	")\n"
	"\n"
	"# Which processes but the caller have one of these nodes open, and how many more there are.\n"
	"method FindOpeners(block: []string, char: []string) -> (openers: []Opener, omitted: int)\n"
	"\n"
	"# A process cannot be looked at, and so nobody knows.\n"
	"error UsersUnknown (message: string)\n";

/* ---------------------------------------------------------------- calls */

static int reply_unknown(struct bx_varlink_call *call, const struct bx_failure *failure)
{
	_cleanup_(json_object_putp) struct json_object *parameters = json_object_new_object();
	struct json_object *message = json_object_new_string(failure->message);

	if (!parameters || !message || json_object_object_add(parameters, "message", message) < 0) {
		json_object_put(message);
		return -ENOMEM;
	}
	bx_varlink_error(call, BX_INSPECTOR_NAME ".UsersUnknown", parameters);
	return 0;
}

static int answer(struct inspector *inspector, struct bx_varlink_call *call,
		  const struct bx_nodes *nodes)
{
	_cleanup_(json_object_putp) struct json_object *reply = NULL;
	struct bx_failure failure = { 0 };
	struct bx_openers openers;
	int r;

	if (bx_openers_find(&inspector->root, nodes, bx_varlink_call_pid(call), &openers,
			    &failure) < 0)
		return reply_unknown(call, &failure);
	r = bx_inspector_write_openers(&openers, &reply);
	bx_openers_done(&openers);
	if (r < 0)
		return r;
	bx_varlink_reply(call, reply);
	return 0;
}

static int find_openers(struct inspector *inspector, struct bx_varlink_call *call,
			struct json_object *parameters)
{
	struct json_object *block, *character;
	const struct bx_varlink_parameter table[] = {
		{ "block", json_type_array, &block, false },
		{ "char", json_type_array, &character, false },
		{ 0 },
	};
	struct bx_nodes nodes;
	int r;

	if (!bx_varlink_parameters(call, parameters, table))
		return 0;
	r = bx_inspector_read_nodes(block, character, &nodes);
	if (r == -EBADMSG) {
		bx_varlink_invalid_parameter(call, "block, char");
		return 0;
	}
	if (r >= 0) {
		r = answer(inspector, call, &nodes);
		bx_nodes_done(&nodes);
	}
	return r;
}

static int on_call(struct bx_varlink_call *call, const char *method, struct json_object *parameters,
		   void *userdata)
{
	if (bx_streq(method, "FindOpeners"))
		return find_openers(userdata, call, parameters);
	bx_varlink_method_not_found(call);
	return 0;
}

/* ---------------------------------------------------------------- the program */

/* Who connects at this very moment is not lost: systemd still has the socket, and starts the next one. */
static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct inspector *inspector = userdata;
	int r;

	if (bx_varlink_connections(inspector->varlink) == 0)
		return sd_event_exit(inspector->event, 0);
	r = sd_event_source_set_time_relative(source, IDLE_USEC);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int start(struct inspector *inspector, const struct bx_varlink_interface *const *interfaces)
{
	static const struct bx_varlink_info info = {
		.vendor = "The bxd project",
		.product = "bxd-inspector",
		.version = BX_VERSION,
		.url = "https://byteexpress.org/bxd",
	};
	sigset_t signals;
	int n, r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	r = bx_root_open(&inspector->root, "/");
	if (r >= 0)
		r = sd_event_default(&inspector->event);
	if (r >= 0)
		r = sd_event_add_signal(inspector->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_set_watchdog(inspector->event, true);
	if (r >= 0)
		r = bx_varlink_new(inspector->event, &info, interfaces, NULL, &inspector->varlink);
	if (r >= 0)
		r = sd_event_add_time_relative(inspector->event, &inspector->idle, CLOCK_MONOTONIC,
					       IDLE_USEC, 0, on_idle, inspector);
	n = r < 0 ? r : sd_listen_fds(true);
	if (n == 0)
		return -ENOTCONN;
	r = n < 0 ? n : 0;
	for (int i = 0; r >= 0 && i < n; i++)
		r = bx_varlink_listen(inspector->varlink, SD_LISTEN_FDS_START + i);
	return r;
}

int main(int argc, char **argv)
{
	struct inspector inspector = { .root.fd = -1 };
	const struct bx_varlink_interface interface = {
		.name = BX_INSPECTOR_NAME,
		.description = description,
		.call = on_call,
		.userdata = &inspector,
	};
	const struct bx_varlink_interface *const interfaces[] = { &interface, NULL };
	int r;

	bx_log_open();
	if (argc != 1) {
		fprintf(stderr, "bxd-inspector is started by systemd, when somebody asks it\n");
		return EXIT_FAILURE;
	}
	r = start(&inspector, interfaces);
	if (r >= 0) {
		sd_notify(false, "READY=1");
		r = sd_event_loop(inspector.event);
	}
	if (r < 0)
		bx_log(LOG_ERR, "%s",
		       r == -ENOTCONN ? "No socket was passed by systemd" : strerror(-r));
	sd_event_source_disable_unref(inspector.idle);
	bx_varlink_free(inspector.varlink);
	sd_event_unref(inspector.event);
	bx_root_close(&inspector.root);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
