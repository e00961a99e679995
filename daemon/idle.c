// SPDX-License-Identifier: GPL-2.0-or-later
/* Ends bxd when it is not needed; see idle.h. */
#include "daemon/idle.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/util.h"
#include "daemon/varlink_api.h"

#include <systemd/sd-daemon.h>

struct bx_idle {
	struct bx_daemon *daemon;
	uint64_t asked; /* when, on CLOCK_MONOTONIC, in µs */
	sd_event_source *timer;
	/* Who has called and is still connected, and so may be waiting for signals. */
	sd_bus_track *clients;
	sd_bus_slot *filter, *release;
};

/* Why bxd has to be there, or NULL. */
static const char *needed_for(const struct bx_idle *idle)
{
	const struct bx_daemon *daemon = idle->daemon;

	if (daemon->definitions)
		return "there are definitions";
	if (daemon->jobs)
		return "there are jobs";
	if (daemon->asked)
		return "somebody is being asked for a password";
	if (sd_bus_track_count(idle->clients) > 0 || bx_varlink_api_connections(daemon) > 0)
		return "somebody is connected";
	for (const struct bx_device *device = daemon->devices; device; device = device->next)
		if (*device->last_error)
			return "a device has an error that somebody may want to read";
	return NULL;
}

/* What was sent to the name before it was given up has been answered: the bus keeps its messages in their order. */
static int on_released(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct bx_idle *idle = userdata;
	const char *reason = needed_for(idle);

	if (!reason)
		return sd_event_exit(idle->daemon->event, 0);
	/* Somebody came in the last moment. Ended by a failure, bxd is started again at once. */
	bx_log(LOG_NOTICE, "bxd was about to end, and is needed: %s", reason);
	return sd_event_exit(idle->daemon->event, 1);
}

/*
 * systemd learns it first: from now on whoever calls has bxd started once more, after this one. Then the socket, where those who
 * connect wait for the next one, and then the name.
 */
static int leave(struct bx_idle *idle)
{
	bx_log(LOG_INFO, "Nobody needs bxd: it ends until somebody does");
	sd_notify(false, "STOPPING=1");
	bx_varlink_api_stop(idle->daemon);
	return sd_bus_release_name_async(idle->daemon->bus, &idle->release, BX_BUS_NAME,
					 on_released, idle);
}

static int on_timer(sd_event_source *source, uint64_t now, void *userdata)
{
	struct bx_idle *idle = userdata;
	uint64_t period = idle->daemon->configuration.idle_exit;
	const char *reason = needed_for(idle);
	uint64_t due;

	if (period == BX_TIME_INFINITE)
		return 0;
	if (reason) {
		bx_log(LOG_DEBUG, "bxd stays: %s", reason);
		idle->asked = bx_now();
	}
	due = idle->asked + period * 1000;
	if (due <= bx_now())
		return leave(idle);
	sd_event_source_set_time(source, due);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void bx_idle_touch(struct bx_daemon *daemon)
{
	daemon->idle->asked = bx_now();
}

void bx_idle_reload(struct bx_daemon *daemon)
{
	bx_idle_touch(daemon);
	sd_event_source_set_time(daemon->idle->timer, 0);
	sd_event_source_set_enabled(daemon->idle->timer, SD_EVENT_ONESHOT);
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bx_idle *idle = userdata;

	if (sd_bus_message_is_method_call(message, NULL, NULL)) {
		bx_idle_touch(idle->daemon);
		/* One that has left already is none to wait for. */
		sd_bus_track_add_sender(idle->clients, message);
	}
	return 0;
}

int bx_idle_start(struct bx_daemon *daemon)
{
	struct bx_idle *idle = calloc(1, sizeof(*idle));
	int r;

	if (!idle)
		return -ENOMEM;
	daemon->idle = idle;
	idle->daemon = daemon;
	idle->asked = bx_now();
	r = sd_bus_track_new(daemon->bus, &idle->clients, NULL, NULL);
	if (r >= 0)
		r = sd_bus_add_filter(daemon->bus, &idle->filter, on_message, idle);
	if (r >= 0)
		r = sd_event_add_time_relative(daemon->event, &idle->timer, CLOCK_MONOTONIC, 0,
					       BX_TIMER_ACCURACY_US, on_timer, idle);
	return r;
}

void bx_idle_stop(struct bx_daemon *daemon)
{
	struct bx_idle *idle = daemon->idle;

	if (!idle)
		return;
	sd_event_source_disable_unref(idle->timer);
	sd_bus_slot_unref(idle->release);
	sd_bus_slot_unref(idle->filter);
	sd_bus_track_unref(idle->clients);
	free(idle);
	daemon->idle = NULL;
}
