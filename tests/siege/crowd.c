// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many clients of bxd at once, and those that do not behave: what it promises to the others meanwhile is measured here.
 *
 *   bx-crowd clients N     N on each transport, half of them nobody's, with calls under way at the same time
 *   bx-crowd limit N       of N varlink connections of one user some are refused, and the others served
 *   bx-crowd race DEVICE DRIVER
 *                          two ask for the device at the same moment, on each pair of transports: one has a job
 *   bx-crowd deaf N        N events, with clients that hear none of them; the one that listens misses none
 *   bx-crowd flood N       a client that sends N calls and reads no answer, on each transport; others are served
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define SERVICE	       "org.byteexpress.bx1"
#define ROOT	       "/org/byteexpress/bx1"
#define SOCKET_PATH    "/run/bxd/" SERVICE
#define IN_PROGRESS    SERVICE ".Error.JobInProgress"

#define ANSWER_SECONDS 180 /* nobody is forgotten; how long it takes is the machine's matter */
#define ANSWER_USEC    (ANSWER_SECONDS * 1000000ULL)
#define CALLS_EACH     10 /* of one client in a crowd */
#define NOBODY	       65534

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void fail(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static void check(int r, const char *what)
{
	if (r < 0)
		fail("%s: %s", what, strerror(-r));
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* ---------------------------------------------------------------- D-Bus */

static sd_bus *bus_open(void)
{
	sd_bus *bus;

	check(sd_bus_open_system(&bus), "no connection to the bus");
	check(sd_bus_set_method_call_timeout(bus, ANSWER_USEC), "no time limit");
	return bus;
}

struct answer {
	bool there;
	char error[128], job[64];
};

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const sd_bus_error *said = sd_bus_message_get_error(reply);
	struct answer *answer = userdata;
	const char *job;

	answer->there = true;
	if (said)
		snprintf(answer->error, sizeof(answer->error), "%s", said->name);
	else if (sd_bus_message_read(reply, "o", &job) > 0)
		snprintf(answer->job, sizeof(answer->job), "%s", job);
	return 0;
}

static int on_count(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const sd_bus_error *said = sd_bus_message_get_error(reply);
	unsigned int *left = userdata;

	if (said)
		fail("a call was refused: %s, %s", said->name, said->message);
	--*left;
	return 0;
}

/* Serves both until @done says so. */
static void serve(sd_bus *one, sd_bus *two, bool (*done)(void *), void *userdata)
{
	double end = seconds() + ANSWER_SECONDS;

	while (!done(userdata)) {
		int r = sd_bus_process(one, NULL), s = two ? sd_bus_process(two, NULL) : 0;

		check(r, "the connection to the bus");
		check(s, "the connection to the bus");
		if (seconds() > end)
			fail("there was no answer in %d s", ANSWER_SECONDS);
		if (r == 0 && s == 0)
			usleep(1000);
	}
}

static void bus_ask_state(sd_bus *bus, unsigned int *left)
{
	check(sd_bus_call_method_async(bus, NULL, SERVICE, ROOT "/device/bxlab0",
				       "org.freedesktop.DBus.Properties", "GetAll", on_count, left,
				       "s", SERVICE ".Device"),
	      "a call cannot be sent");
}

/* How long a client that asks once waits. */
static double bus_latency(sd_bus *bus)
{
	double begun = seconds();

	check(sd_bus_call_method(bus, SERVICE, ROOT "/device/bxlab0",
				 "org.freedesktop.DBus.Properties", "GetAll", NULL, NULL, "s",
				 SERVICE ".Device"),
	      "a call among others was not answered");
	return seconds() - begun;
}

/* ---------------------------------------------------------------- varlink */

struct link {
	int fd;
	char *data;
	size_t n, size;
};

static struct link link_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET_PATH };
	struct link link = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };

	if (link.fd < 0 || connect(link.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("varlink: no connection: %s", strerror(errno));
	return link;
}

static void link_close(struct link *link)
{
	close(link->fd);
	free(link->data);
}

static void link_send(struct link *link, const char *message)
{
	size_t length = strlen(message) + 1;

	/* Short ones, for which there is room. */
	if (send(link->fd, message, length, MSG_NOSIGNAL) != (ssize_t)length)
		fail("varlink: %.80s cannot be sent: %s", message, strerror(errno));
}

/* The next message, which stays until the one after it is asked for; NULL: it has not come in time, or the connection was closed, in
 * which case @closed is set. */
static const char *link_receive(struct link *link, int milliseconds, bool *closed)
{
	struct pollfd waiting = { .fd = link->fd, .events = POLLIN };
	static char message[1 << 18];
	char *end;

	*closed = false;
	while (!(end = link->n ? memchr(link->data, 0, link->n) : NULL)) {
		ssize_t n;

		if (link->n == link->size) {
			link->size = link->size ? 2 * link->size : 1 << 16;
			link->data = realloc(link->data, link->size);
			if (!link->data)
				fail("there is no memory");
		}
		if (poll(&waiting, 1, milliseconds) == 0)
			return NULL;
		n = recv(link->fd, link->data + link->n, link->size - link->n, 0);
		if (n <= 0) {
			*closed = true;
			return NULL;
		}
		link->n += n;
	}
	if ((size_t)(end + 1 - link->data) > sizeof(message))
		fail("varlink: a message has %zd bytes", end - link->data);
	memcpy(message, link->data, end + 1 - link->data);
	link->n -= end + 1 - link->data;
	memmove(link->data, end + 1, link->n);
	return message;
}

static const char *link_answer(struct link *link)
{
	bool closed;
	const char *answer = link_receive(link, ANSWER_SECONDS * 1000, &closed);

	if (!answer)
		fail("varlink: %s", closed ? "the connection was closed" : "there was no answer");
	return answer;
}

#define LIST_DEVICES "{\"method\":\"" SERVICE ".ListDevices\"}"
#define MONITOR	     "{\"method\":\"" SERVICE ".Monitor\",\"more\":true}"

static double link_latency(struct link *link)
{
	double begun = seconds();

	link_send(link, LIST_DEVICES);
	if (!strstr(link_answer(link), "\"bxlab0\""))
		fail("varlink: ListDevices says nothing of bxlab0");
	return seconds() - begun;
}

/* ---------------------------------------------------------------- a crowd */

static bool all_answered(void *userdata)
{
	return *(unsigned int *)userdata == 0;
}

static void clients(unsigned int n)
{
	sd_bus **buses = calloc(n, sizeof(*buses));
	struct link *links = calloc(n, sizeof(*links));
	unsigned int left = n * CALLS_EACH;
	double begun = seconds();

	if (!buses || !links)
		fail("there is no memory");
	for (unsigned int i = 0; i < n; i++) {
		/* Who somebody is counts when the connection is made. */
		if (i % 2 && seteuid(NOBODY) < 0)
			fail("not nobody: %s", strerror(errno));
		buses[i] = bus_open();
		links[i] = link_open();
		if (i % 2 && seteuid(0) < 0)
			fail("not root: %s", strerror(errno));
	}
	printf("%u clients on each transport are there after %.1f s\n", n, seconds() - begun);
	for (unsigned int call = 0; call < CALLS_EACH; call++) {
		for (unsigned int i = 0; i < n; i++) {
			bus_ask_state(buses[i], &left);
			link_send(&links[i], LIST_DEVICES);
		}
	}
	for (unsigned int i = 0; i < n; i++)
		check(sd_bus_flush(buses[i]), "a call cannot be sent");
	for (double end = seconds() + ANSWER_SECONDS; left > 0;) {
		for (unsigned int i = 0; i < n; i++)
			while (sd_bus_process(buses[i], NULL) > 0)
				;
		if (seconds() > end)
			fail("%u of %u calls on the bus were not answered in %d s", left,
			     n * CALLS_EACH, ANSWER_SECONDS);
	}
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int call = 0; call < CALLS_EACH; call++)
			if (!strstr(link_answer(&links[i]), "\"bxlab0\""))
				fail("varlink: an answer has no bxlab0 in it");
	printf("all of their %u calls are answered after %.1f s\n", 2 * n * CALLS_EACH,
	       seconds() - begun);
	for (unsigned int i = 0; i < n; i++) {
		sd_bus_flush_close_unref(buses[i]);
		link_close(&links[i]);
	}
	free(buses);
	free(links);
}

/* One user alone cannot take all connections that there are. */
static void limit(unsigned int n)
{
	struct link *links = calloc(n, sizeof(*links));
	unsigned int served = 0;

	if (!links)
		fail("there is no memory");
	for (unsigned int i = 0; i < n; i++)
		links[i] = link_open();
	for (unsigned int i = 0; i < n; i++) {
		bool closed;

		/* One that is refused may be closed already. */
		if (send(links[i].fd, LIST_DEVICES, sizeof(LIST_DEVICES), MSG_NOSIGNAL) < 0)
			continue;
		if (link_receive(&links[i], ANSWER_SECONDS * 1000, &closed))
			served++;
		else if (!closed)
			fail("varlink: connection %u is neither served nor closed", i);
	}
	printf("%u of %u connections of one user are served\n", served, n);
	if (served == 0 || served == n)
		fail("varlink: there is no limit on the connections of one user, or nobody is served");
	if (seteuid(NOBODY) < 0)
		fail("not nobody: %s", strerror(errno));
	struct link other = link_open();

	link_latency(&other);
	link_close(&other);
	for (unsigned int i = 0; i < n; i++)
		link_close(&links[i]);
	free(links);
}

/* ---------------------------------------------------------------- a race */

static bool both_answered(void *userdata)
{
	const struct answer *answers = userdata;

	return answers[0].there && answers[1].there;
}

/* Until the job has ended. */
static void wait_for_job(sd_bus *bus, const char *job)
{
	for (double end = seconds() + ANSWER_SECONDS; seconds() < end; usleep(50000)) {
		char *state = NULL;
		int r = sd_bus_get_property_string(bus, SERVICE, job, SERVICE ".Job", "State", NULL,
						   &state);
		bool ended = r >= 0 && strcmp(state, "ended") == 0;

		free(state);
		check(r, "the job that was begun cannot be seen");
		if (ended)
			return;
	}
	fail("%s has not ended in %d s", job, ANSWER_SECONDS);
}

static void take_link_answer(struct link *link, struct answer *answer)
{
	const char *text = link_answer(link), *job = strstr(text, "\"job\":\"");
	int length = job ? strcspn(job + 7, "\"") : 0;

	answer->there = true;
	if (job)
		snprintf(answer->job, sizeof(answer->job), ROOT "/job/%.*s", length, job + 7);
	else
		snprintf(answer->error, sizeof(answer->error), "%s",
			 strstr(text, SERVICE ".JobInProgress") ? IN_PROGRESS : text);
}

static void race(const char *device, const char *driver)
{
	sd_bus *buses[2] = { bus_open(), bus_open() };
	struct link links[2] = { link_open(), link_open() };
	char *path, *message;

	if (sd_bus_path_encode(ROOT "/device", device, &path) < 0 ||
	    asprintf(&message,
		     "{\"method\":\"" SERVICE
		     ".Bind\",\"parameters\":{\"id\":\"%s\",\"driver\":\"%s\"}}",
		     device, driver) < 0)
		fail("there is no memory");
	/* How many of the two ask on the bus. */
	for (int on_bus = 2; on_bus >= 0; on_bus--) {
		struct answer answers[2] = { 0 };
		const struct answer *winner;

		for (int i = 0; i < 2; i++) {
			answers[i].there = i >= on_bus;
			if (i < on_bus)
				check(sd_bus_call_method_async(buses[i], NULL, SERVICE, path,
							       SERVICE ".Device", "Bind", on_answer,
							       &answers[i], "sa{sv}", driver, 0),
				      "a call cannot be sent");
			else
				link_send(&links[i], message);
		}
		serve(buses[0], buses[1], both_answered, answers);
		for (int i = on_bus; i < 2; i++)
			take_link_answer(&links[i], &answers[i]);
		if (!*answers[0].job == !*answers[1].job)
			fail("%d of two on the bus: '%s%s' and '%s%s', of which one must be a job",
			     on_bus, answers[0].job, answers[0].error, answers[1].job,
			     answers[1].error);
		winner = *answers[0].job ? &answers[0] : &answers[1];
		if (strcmp(answers[winner == &answers[0]].error, IN_PROGRESS) != 0)
			fail("%d of two on the bus: the other one was told '%s'", on_bus,
			     answers[winner == &answers[0]].error);
		printf("%d of two on the bus: one has %s, the other is told %s\n", on_bus,
		       winner->job, IN_PROGRESS);
		wait_for_job(buses[0], winner->job);
	}
	for (int i = 0; i < 2; i++) {
		sd_bus_flush_close_unref(buses[i]);
		link_close(&links[i]);
	}
	free(message);
	free(path);
}

/* ---------------------------------------------------------------- those that do not listen */

/* The events of the device "crowd" that have come, which must be added and removed in turn. */
static unsigned int count_events(struct link *monitor, unsigned int seen, unsigned int wanted,
				 int milliseconds)
{
	while (seen < wanted) {
		bool closed;
		const char *event = link_receive(monitor, milliseconds, &closed);

		if (closed)
			fail("the monitor that reads was closed after %u events", seen);
		if (!event)
			break;
		if (!strstr(event, "\"id\":\"crowd\""))
			continue;
		if (!strstr(event, seen % 2 ? "\"event\":\"removed\"" : "\"event\":\"added\""))
			fail("event %u is %.200s", seen, event);
		seen++;
	}
	return seen;
}

static void wait_until_ready(struct link *monitor)
{
	while (!strstr(link_answer(monitor), "\"event\":\"ready\""))
		;
}

/* Whether @link is closed by the other side once what is on its way has been read. */
static bool was_closed(struct link *link)
{
	bool closed = false;

	while (link_receive(link, 1000, &closed))
		;
	return closed;
}

static void deaf(unsigned int events)
{
	sd_bus *busy = bus_open(), *deaf_bus = bus_open();
	struct link monitor = link_open(), deaf_link = link_open();
	unsigned int seen = 0, sent = 0, left = 0;
	double begun = seconds();

	check(sd_bus_match_signal(deaf_bus, NULL, SERVICE, NULL, NULL, NULL, NULL, NULL),
	      "signals cannot be asked for");
	link_send(&deaf_link, MONITOR);
	link_send(&monitor, MONITOR);
	wait_until_ready(&monitor);
	while (sent < events) {
		/* As many at a time as nobody could wait for one by one. */
		for (int i = 0; i < 50 && sent < events; i++, sent += 2) {
			left += 2;
			check(sd_bus_call_method_async(busy, NULL, SERVICE, ROOT,
						       SERVICE ".Manager", "DefineDevice", on_count,
						       &left, "sa{ss}a{sv}", "crowd", 1, "capacity",
						       "64M", 0),
			      "a call cannot be sent");
			check(sd_bus_call_method_async(busy, NULL, SERVICE, ROOT "/device/crowd",
						       SERVICE ".Device", "Forget", on_count, &left,
						       "a{sv}", 0),
			      "a call cannot be sent");
		}
		serve(busy, NULL, all_answered, &left);
		seen = count_events(&monitor, seen, sent, 0);
	}
	seen = count_events(&monitor, seen, sent, ANSWER_SECONDS * 1000);
	printf("%u of %u events were heard by the monitor that reads, in %.1f s\n", seen, sent,
	       seconds() - begun);
	if (seen != sent)
		fail("%u events are lost", sent - seen);
	if (!was_closed(&deaf_link))
		fail("the monitor that does not read is still there");
	printf("a client that asks waits %.3f s\n", bus_latency(busy));
	sd_bus_flush_close_unref(busy);
	sd_bus_close(deaf_bus);
	sd_bus_unref(deaf_bus);
	link_close(&monitor);
	link_close(&deaf_link);
}

/* The longest that a client has waited who asks on both transports. */
static double ask_both(sd_bus *bus, struct link *link)
{
	double on_bus = bus_latency(bus), on_link = link_latency(link);

	return on_bus > on_link ? on_bus : on_link;
}

static void flood(unsigned int calls)
{
	sd_bus *flooding = bus_open(), *other = bus_open();
	struct link flooding_link = link_open(), other_link = link_open();
	double waited, worst = 0;
	unsigned int sent = 0;

	for (; sent < calls; sent++) {
		sd_bus_message *message;
		uint64_t cookie;
		int r;

		check(sd_bus_message_new_method_call(flooding, &message, SERVICE, ROOT,
						     "org.freedesktop.DBus.ObjectManager",
						     "GetManagedObjects"),
		      "no message");
		/* Without somebody who wants to know the number no answer would be sent. */
		r = sd_bus_send(flooding, message, &cookie);
		sd_bus_message_unref(message);
		/* The bus may have had enough of it, which is the bus's to say. */
		if (r < 0)
			break;
		if (send(flooding_link.fd, LIST_DEVICES, sizeof(LIST_DEVICES),
			 MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
		    errno != EAGAIN)
			fail("varlink: the flood was cut off: %s", strerror(errno));
		if (sent % 500)
			continue;
		if (sd_bus_flush(flooding) < 0)
			break;
		waited = ask_both(other, &other_link);
		worst = waited > worst ? waited : worst;
	}
	/* With all of it before them. */
	sd_bus_flush(flooding);
	waited = ask_both(other, &other_link);
	worst = waited > worst ? waited : worst;
	printf("%u calls without a look at an answer: others wait for %.3f s at most\n", sent,
	       worst);
	if (sent == 0)
		fail("there was no flood");
	sd_bus_close(flooding);
	sd_bus_unref(flooding);
	link_close(&flooding_link);
	ask_both(other, &other_link);
	sd_bus_flush_close_unref(other);
	link_close(&other_link);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned int n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (strcmp(what, "race") == 0 && argc == 4)
		race(argv[2], argv[3]);
	else if (strcmp(what, "clients") == 0 && n)
		clients(n);
	else if (strcmp(what, "limit") == 0 && n)
		limit(n);
	else if (strcmp(what, "deaf") == 0 && n)
		deaf(n);
	else if (strcmp(what, "flood") == 0 && n)
		flood(n);
	else
		return fprintf(stderr,
			       "usage: bx-crowd clients|limit|deaf|flood N, bx-crowd race DEVICE DRIVER\n"),
		       2;
	return EXIT_SUCCESS;
}
