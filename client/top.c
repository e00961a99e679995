// SPDX-License-Identifier: GPL-2.0-or-later
/* What devices are doing, as rates, drawn again every second in place; or a table a second where nobody sees a screen. */
#include "client/bxctl.h"
#include "daemon/bus_json.h"
#include "daemon/json.h"
#include "daemon/names.h"

#include <signal.h>
#include <time.h>

#define INTERVAL_S 1

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* An object of Ids, each with State, Time and Statistics. */
static int look(struct bxctl *ctl, struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *devices = NULL,
						       *seen = json_object_new_object();
	int r;

	r = bxctl_get_objects(ctl, BX_IFACE_DEVICE, &devices);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(devices); i++) {
		_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
		struct json_object *device = json_object_array_get_idx(devices, i), *values = NULL,
				   *entry;

		/* One that has just gone is not shown. */
		if (sd_bus_call_method(ctl->bus, BX_BUS_NAME, bxctl_text(device, "Object"),
				       BX_IFACE_DEVICE, "GetStatistics", NULL, &reply, "a{sv}",
				       0) < 0 ||
		    bx_bus_read_value(reply, NULL, &values) < 0)
			continue;
		entry = json_object_new_object();
		json_object_object_add(entry, "State",
				       json_object_new_string(bxctl_text(device, "State")));
		json_object_object_add(entry, "Time", json_object_new_double(now()));
		json_object_object_add(entry, "Statistics", values);
		json_object_object_add(seen, bxctl_text(device, "Id"), entry);
	}
	if (r < 0)
		return r;
	*ret = seen;
	seen = NULL;
	return 0;
}

static double counter(struct json_object *entry, const char *name)
{
	return json_object_get_double(
		json_object_object_get(json_object_object_get(entry, "Statistics"), name));
}

/* A second; 0 for one that has just appeared, or has begun to count anew. */
static double rate(struct json_object *before, struct json_object *after, const char *name)
{
	double time = json_object_get_double(json_object_object_get(after, "Time")) -
		      json_object_get_double(json_object_object_get(before, "Time"));
	double change = counter(after, name) - counter(before, name);

	return before && time > 0 && change > 0 ? change / time : 0;
}

static const struct {
	const char *heading, *counter;
	double unit;
} columns[] = {
	{ "READ/s", "reads", 1 },	{ "MB/s", "bytes_read", 1e6 },
	{ "WRITE/s", "writes", 1 },	{ "MB/s", "bytes_written", 1e6 },
	{ "DISCARD/s", "discards", 1 }, { "FLUSH/s", "flushes", 1 },
	{ "BUSY %", "busy_ms", 10 },
};

static struct json_object *rates_of(struct json_object *before, struct json_object *after)
{
	struct json_object *rates = json_object_new_object();

	json_object_object_add(rates, "State", json_object_new_string(bxctl_text(after, "State")));
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		json_object_object_add(
			rates, columns[i].counter,
			json_object_new_double(rate(before, after, columns[i].counter)));
	json_object_object_add(rates, "in_flight",
			       json_object_new_int64(counter(after, "in_flight")));
	return rates;
}

static void print_table(struct bxctl *ctl, struct json_object *before, struct json_object *after)
{
	int widest = 2;

	json_object_object_foreach(after, name, ignored) {
		(void)ignored;
		if ((int)strlen(name) > widest)
			widest = strlen(name);
	}
	printf("%-*s  %-14s", widest, "ID", "STATE");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		printf(" %10s", columns[i].heading);
	printf(" %9s\n", "IN FLIGHT");
	json_object_object_foreach(after, id, entry) {
		struct json_object *old = json_object_object_get(before, id);
		const char *state = bxctl_text(entry, "State");

		printf("%-*s  %s%-14s%s", widest, id, bxctl_colour_of_state(ctl, state), state,
		       bxctl_colour_off(ctl));
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			printf(" %10.*f", columns[i].unit == 1 ? 0 : 1,
			       rate(old, entry, columns[i].counter) / columns[i].unit);
		printf(" %9.0f\n", counter(entry, "in_flight"));
	}
}

static void print_json(struct json_object *before, struct json_object *after)
{
	_cleanup_(json_object_putp) struct json_object *all = json_object_new_object();

	json_object_object_foreach(after, id, entry) {
		json_object_object_add(all, id,
				       rates_of(json_object_object_get(before, id), entry));
	}
	bxctl_print_json(all, true);
}

enum bx_exit bxctl_top(struct bxctl *ctl)
{
	_cleanup_(json_object_putp) struct json_object *before = NULL;
	struct sigaction action = { .sa_handler = on_signal };
	bool screen = isatty(STDOUT_FILENO) && !ctl->json;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (look(ctl, &before) < 0)
		return BX_EXIT_NO_DAEMON;
	for (unsigned int n = 0; !interrupted && (!ctl->count || n < ctl->count); n++) {
		struct json_object *after;

		nanosleep(&(struct timespec){ .tv_sec = INTERVAL_S }, NULL);
		if (interrupted)
			break;
		if (look(ctl, &after) < 0)
			return BX_EXIT_NO_DAEMON;
		if (screen)
			printf("\033[H\033[J");
		if (ctl->json)
			print_json(before, after);
		else
			print_table(ctl, before, after);
		if (!screen && !ctl->json)
			printf("\n");
		fflush(stdout);
		json_object_put(before);
		before = after;
	}
	return BX_EXIT_OK;
}
