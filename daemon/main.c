// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bxd: owns the life cycle of NVMe devices and offers it on D-Bus and varlink. This file starts the parts, runs
 * the loop and says so to the service manager.
 */
#include "daemon/api.h"
#include "daemon/bus.h"
#include "daemon/daemon.h"
#include "daemon/describe.h"
#include "daemon/idle.h"
#include "daemon/lock.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/util.h"
#include "daemon/varlink_api.h"

#include <getopt.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <systemd/sd-daemon.h>

static void complain(const char *file, unsigned int line, const char *why)
{
	bx_log_event(LOG_WARNING, BX_MESSAGE_CONFIGURATION_WRONG, NULL, "/%s:%u: %s", file, line,
		     why);
}

static void configure(struct bx_daemon *daemon)
{
	daemon->configuration = bx_configuration_read(&daemon->root, complain);
	bx_log_set_level(daemon->configuration.log_level);
}

int bx_reload(struct bx_daemon *daemon)
{
	int r;

	sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)bx_now());
	configure(daemon);
	bx_idle_reload(daemon);
	r = bx_definitions_reload(daemon);
	if (r >= 0)
		r = bx_inventory_refresh(daemon);
	if (r < 0)
		bx_log(LOG_ERR, "The definitions or the devices cannot be read again: %s",
		       strerror(-r));
	sd_notify(false, "READY=1");
	return r;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	bx_reload(userdata);
	return 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info,
			void *userdata)
{
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int start_loop(struct bx_daemon *daemon)
{
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	r = sd_event_default(&daemon->event);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_terminate, daemon);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGINT, on_terminate, daemon);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_reload, daemon);
	if (r >= 0)
		r = sd_event_set_watchdog(daemon->event, true);
	return r;
}

static int start_files(struct bx_daemon *daemon)
{
	struct utsname name;
	int r;

	r = bx_root_open(&daemon->root, "/");
	if (r >= 0)
		configure(daemon);
	if (r >= 0)
		r = bx_lock_prepare(&daemon->root);
	if (r >= 0)
		r = bx_journal_open(&daemon->journal, &daemon->root);
	if (r >= 0)
		r = bx_root_read(&daemon->root, "proc/sys/kernel/random/boot_id", daemon->boot_id,
				 sizeof(daemon->boot_id));
	if (r < 0)
		return r;
	if (uname(&name) == 0)
		bx_copy(daemon->kernel_release, sizeof(daemon->kernel_release), name.release);
	r = bx_identities_load(&daemon->identities, &daemon->root);
	if (r < 0)
		bx_log(LOG_WARNING, "The remembered identities cannot be read: %s", strerror(-r));
	return 0;
}

static int start_bus(struct bx_daemon *daemon)
{
	int r;

	r = sd_bus_open_system(&daemon->bus);
	if (r >= 0)
		r = sd_bus_attach_event(daemon->bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(daemon->bus, true);
	if (r >= 0)
		r = bx_bus_start(daemon);
	if (r >= 0)
		r = bx_idle_start(daemon);
	if (r >= 0)
		r = bx_log_control_register(daemon->bus);
	return r;
}

static int run(struct bx_daemon *daemon)
{
	int r;

	r = start_loop(daemon);
	if (r < 0)
		return bx_log(LOG_ERR, "The event loop cannot be set up: %s", strerror(-r)), r;
	r = start_files(daemon);
	if (r < 0)
		return bx_log(LOG_ERR, "The state cannot be opened: %s", strerror(-r)), r;
	r = start_bus(daemon);
	if (r < 0)
		return bx_log(LOG_ERR, "The system bus cannot be used: %s", strerror(-r)), r;
	/* First the events, then the first look: what happens in between is seen twice, not never. */
	r = bx_events_start(daemon);
	if (r < 0)
		return bx_log(LOG_ERR, "Events cannot be received: %s", strerror(-r)), r;
	r = bx_definitions_reload(daemon);
	if (r < 0)
		return bx_log(LOG_ERR, "The definitions cannot be read: %s", strerror(-r)), r;
	r = bx_inventory_refresh(daemon);
	if (r < 0)
		return bx_log(LOG_ERR, "The devices cannot be listed: %s", strerror(-r)), r;
	r = bx_jobs_resume(daemon);
	if (r < 0)
		return bx_log(LOG_ERR, "The journal cannot be read: %s", strerror(-r)), r;
	daemon->started = true;
	bx_devices_autostart(daemon);
	/* The name comes last: who sees it sees everything behind it. */
	r = sd_bus_request_name(daemon->bus, BX_BUS_NAME, 0);
	if (r < 0)
		return bx_log(LOG_ERR, "The name " BX_BUS_NAME " cannot be had: %s", strerror(-r)),
		       r;
	r = bx_varlink_api_start(daemon);
	if (r < 0)
		return bx_log(LOG_ERR, "The varlink socket cannot be used: %s", strerror(-r)), r;
	sd_notify(false, "READY=1\nSTATUS=Watching NVMe devices");
	r = sd_event_loop(daemon->event);
	sd_notify(false, "STOPPING=1");
	return r;
}

static void stop(struct bx_daemon *daemon)
{
	bx_idle_stop(daemon);
	/* Without the bus nothing is signalled any more: the objects do not vanish, bxd does. */
	sd_bus_flush_close_unref(daemon->bus);
	daemon->bus = NULL;
	/* First those who ask by varlink, so that nobody waits for an answer any more. */
	bx_varlink_api_stop(daemon);
	bx_authorize_stop(daemon);
	bx_jobs_free(daemon);
	bx_inventory_free(daemon);
	bx_definitions_free(daemon->definitions);
	bx_bus_stop(daemon);
	json_object_put(daemon->properties);
	bx_events_stop(daemon);
	bx_identities_done(&daemon->identities);
	bx_journal_close(&daemon->journal);
	bx_root_close(&daemon->root);
	sd_event_unref(daemon->event);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "describe", required_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct bx_daemon daemon = {
		.root.fd = -1,
		.journal.fd = -1,
		.launch = bx_launch_worker,
	};
	int c, r;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		if (c == 'V')
			return printf("bxd " BX_VERSION "\n") < 0;
		if (c == 'd')
			return bx_describe(optarg, stdout) < 0 || fflush(stdout) != 0;
		printf("Usage: bxd\n       bxd --describe xml|manual\n\nThe daemon of NVMe devices; systemd starts it. See bxd(8), "
		       "and bxctl(1) to talk to it.\n");
		return c == 'h' ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	bx_log_open();
	umask(0022);
	r = run(&daemon);
	stop(&daemon);
	/* Positive: the event loop was ended by an error, such as a lost bus. */
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
