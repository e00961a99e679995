// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the daemon costs, outside of a virtual machine: the installed program in a world of its own (bxd_world.h), with 64 devices.
 * A time is the median of many, and beside it stands that of a limit, taken in turns: as many bytes by the same way from a peer that
 * has nothing to think about. So of two runs on machines of different speed, or busy with something else, the ratio can be
 * compared; and the instructions, which are counted by callgrind.
 */
#include "daemon/names.h"
#include "daemon/root.h"
#include "daemon/util.h"
#include "tests/bench/bxd_world.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define DEVICES	    64
#define STARTS	    15
#define MANY_CALLS  100000
#define MANY_EVENTS 10000
#define SILENCE_US  2000000 /* after which no more events are expected */
#define PATIENCE_US 600000000 /* likewise */

#define DEVICE	    BX_PATH_DEVICES "/S64GNX0T0000007"
#define PEER	    "org.example.peer"

struct clients {
	sd_bus *bus;
	int varlink, peer_varlink;
	sd_bus_message *answer; /* of the last call on the bus */
	size_t bytes; /* of what is asked for now */
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(uint64_t *ns, size_t count)
{
	qsort(ns, count, sizeof(*ns), compare);
	return ns[count / 2] / 1e3;
}

/* ---------------------------------------------------------------- questions */

/* About as many bytes as the values of a message take on the wire. */
static size_t bytes_of(sd_bus_message *message)
{
	const char *contents, *text;
	size_t n = 0;
	char type;

	while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
		if (strchr("avre", type)) {
			sd_bus_message_enter_container(message, type, contents);
			n += 4 + strlen(contents) + bytes_of(message);
			sd_bus_message_exit_container(message);
		} else if (strchr("sog", type)) {
			sd_bus_message_read_basic(message, type, &text);
			n += 4 + strlen(text) + 3;
		} else {
			sd_bus_message_skip(message, NULL);
			n += 8;
		}
	}
	return n;
}

/* Takes the question over. */
static sd_bus_message *call(struct clients *clients, sd_bus_message *question)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *answer;
	int r = sd_bus_call(clients->bus, question, PATIENCE_US, &error, &answer);

	if (r < 0)
		die(error.message ?: "a call is not answered", r);
	sd_bus_message_unref(question);
	return answer;
}

static sd_bus_message *question(struct clients *clients, const char *name, const char *path,
				const char *interface, const char *member)
{
	sd_bus_message *message;
	int r = sd_bus_message_new_method_call(clients->bus, &message, name, path, interface,
					       member);

	if (r < 0)
		die(member, r);
	return message;
}

static void get_property(struct clients *clients)
{
	sd_bus_message *message =
		question(clients, BX_BUS_NAME, DEVICE, "org.freedesktop.DBus.Properties", "Get");

	sd_bus_message_append(message, "ss", BX_IFACE_DEVICE, "Model");
	clients->answer = call(clients, message);
}

static void get_objects(struct clients *clients)
{
	clients->answer =
		call(clients, question(clients, BX_BUS_NAME, BX_PATH_ROOT,
				       "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"));
}

static void get_bytes(struct clients *clients)
{
	sd_bus_message *message = question(clients, PEER, "/", PEER, "Bytes");

	sd_bus_message_append(message, "u", (uint32_t)clients->bytes);
	clients->answer = call(clients, message);
}

/* Everything up to the zero byte; how much that was. */
static size_t varlink_hear(int fd)
{
	char text[65536];
	size_t length = 0;
	ssize_t n;

	do {
		n = recv(fd, text, sizeof(text), 0);
		if (n <= 0)
			die("an answer by varlink ends before its end", n < 0 ? errno : 0);
		length += n;
	} while (text[n - 1]);
	return length;
}

static void varlink_say(int fd, const char *text)
{
	if (send(fd, text, strlen(text) + 1, MSG_NOSIGNAL) != (ssize_t)strlen(text) + 1)
		die("a question by varlink", errno);
}

static void varlink_manager(struct clients *clients)
{
	varlink_say(clients->varlink, "{\"method\":\"" BX_BUS_NAME ".GetManager\"}");
	clients->bytes = varlink_hear(clients->varlink);
}

static void varlink_devices(struct clients *clients)
{
	varlink_say(clients->varlink, "{\"method\":\"" BX_BUS_NAME ".ListDevices\"}");
	clients->bytes = varlink_hear(clients->varlink);
}

static void varlink_bytes(struct clients *clients)
{
	varlink_say(clients->peer_varlink, bx_path("%zu", clients->bytes).s);
	varlink_hear(clients->peer_varlink);
}

/* What is asked, how often, and the limit. The answer, if there is one, is for the caller. */
static const struct question {
	const char *name;
	void (*ask)(struct clients *clients);
	void (*limit)(struct clients *clients);
	unsigned int times, counted; /* on the clock, under callgrind */
} questions[] = {
	{ "D-Bus, Get a property", get_property, get_bytes, 5000, 500 },
	{ "D-Bus, GetManagedObjects", get_objects, get_bytes, 200, 20 },
	{ "varlink, GetManager", varlink_manager, varlink_bytes, 5000, 500 },
	{ "varlink, ListDevices", varlink_devices, varlink_bytes, 200, 20 },
};

static void forget(struct clients *clients)
{
	clients->answer = sd_bus_message_unref(clients->answer);
}

/* ---------------------------------------------------------------- the peer that is the limit */

static int on_bytes(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
	void *bytes;
	uint32_t n;
	int r;

	r = sd_bus_message_read(message, "u", &n);
	if (r >= 0)
		r = sd_bus_message_new_method_return(message, &answer);
	if (r >= 0)
		r = sd_bus_message_append_array_space(answer, 'y', n, &bytes);
	if (r < 0)
		return r;
	memset(bytes, 'x', n);
	return sd_bus_send(NULL, answer, NULL);
}

static void serve_bus(struct world *world, int ready)
{
	static const sd_bus_vtable vtable[] = {
		SD_BUS_VTABLE_START(0),
		SD_BUS_METHOD("Bytes", "u", "ay", on_bytes, SD_BUS_VTABLE_UNPRIVILEGED),
		SD_BUS_VTABLE_END,
	};
	sd_bus *bus = world_bus(world);
	int r;

	r = sd_bus_add_object_vtable(bus, NULL, "/", PEER, vtable, NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, PEER, 0);
	close(ready);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
}

static void serve_varlink(int fd)
{
	static char text[1 << 20];

	for (;;) {
		size_t n;

		if (recv(fd, text, 32, 0) <= 0)
			return;
		n = strtoull(text, NULL, 10);
		if (n == 0 || n > sizeof(text))
			return;
		memset(text, 'x', n - 1);
		text[n - 1] = 0;
		for (size_t sent = 0; sent < n;) {
			ssize_t now = send(fd, text + sent, n - sent, MSG_NOSIGNAL);

			if (now < 0)
				return;
			sent += now;
		}
	}
}

static void start_peers(struct world *world, struct clients *clients, pid_t peers[static 2])
{
	int pair[2], ready[2];
	char nothing;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || pipe(ready) < 0)
		die("no sockets", errno);
	for (int i = 0; i < 2; i++) {
		peers[i] = fork();
		if (peers[i] < 0)
			die("no process", errno);
		if (peers[i] > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		close(ready[0]);
		if (i == 0) {
			serve_bus(world, ready[1]);
		} else {
			close(ready[1]);
			serve_varlink(pair[1]);
		}
		_exit(0);
	}
	close(pair[1]);
	close(ready[1]);
	clients->peer_varlink = pair[0];
	/* Ends when both have closed it, which is when the name is there. */
	if (read(ready[0], &nothing, 1) < 0)
		die("the peers do not start", errno);
	close(ready[0]);
}

static void stop_peers(pid_t peers[static 2])
{
	for (int i = 0; i < 2; i++) {
		kill(peers[i], SIGKILL);
		waitpid(peers[i], NULL, 0);
	}
}

/* ---------------------------------------------------------------- calls on the clock */

static void learn_bytes(struct clients *clients, const struct question *question)
{
	question->ask(clients);
	if (clients->answer)
		clients->bytes = bytes_of(clients->answer);
	forget(clients);
}

static uint64_t time_one(struct clients *clients, void (*ask)(struct clients *clients))
{
	uint64_t began = wall_ns(), ended;

	ask(clients);
	ended = wall_ns();
	forget(clients);
	return ended - began;
}

static void time_question(struct world *world, struct clients *clients,
			  const struct question *question)
{
	static uint64_t ours[5000], limit[5000];
	double us, limit_us, cpu_us;
	uint64_t cpu;

	learn_bytes(clients, question);
	cpu = cpu_ns(world->bxd);
	for (unsigned int i = 0; i < question->times; i++) {
		ours[i] = time_one(clients, question->ask);
		limit[i] = time_one(clients, question->limit);
	}
	cpu_us = (cpu_ns(world->bxd) - cpu) / 1e3 / question->times;
	us = median_us(ours, question->times);
	limit_us = median_us(limit, question->times);
	printf("  %-26s %9.1f us %9.1f us %7.2f %9.1f us %9zu\n", question->name, us, limit_us,
	       us / limit_us, cpu_us, clients->bytes);
}

/* ---------------------------------------------------------------- events */

struct listener {
	unsigned int bus, varlink;
};

static int on_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct listener *listener = userdata;

	listener->bus++;
	return 0;
}

static void hear_events(sd_bus *bus, int varlink, struct listener *listener)
{
	char text[65536];
	ssize_t n;
	int r;

	while ((r = sd_bus_process(bus, NULL)) > 0)
		;
	if (r < 0)
		die("the bus has closed the connection", r);
	while ((n = recv(varlink, text, sizeof(text), MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < n; i++)
			listener->varlink += !text[i];
	if (n == 0)
		die("bxd has closed the connection", 0);
}

/* Everything that it tells of what is there comes first; the events come behind. */
static int begin_monitor(struct world *world)
{
	int varlink = world_varlink(world);
	char message[65536];
	size_t n = 0;

	varlink_say(varlink, "{\"method\":\"" BX_BUS_NAME ".Monitor\",\"more\":true}");
	do {
		if (n > 0 && !message[n - 1])
			n = 0;
		if (n == sizeof(message) || recv(varlink, &message[n++], 1, 0) != 1)
			die("Monitor does not say when it is ready", errno);
	} while (message[n - 1] || !strstr(message, "\"event\":\"ready\""));
	return varlink;
}

static void measure_events(struct world *world, struct clients *clients)
{
	/* An even number, so that the devices are ready in the end, and bxd does not look at them again and again. */
	unsigned int rounds = ((MANY_EVENTS + DEVICES - 1) / DEVICES + 1) & ~1u;
	unsigned int wanted = rounds * DEVICES;
	struct listener listener = { 0 };
	sd_bus *bus = world_bus(world);
	int varlink = begin_monitor(world);
	uint64_t began, heard, cpu = cpu_ns(world->bxd);

	if (sd_bus_match_signal(bus, NULL, BX_BUS_NAME, NULL, "org.freedesktop.DBus.Properties",
				"PropertiesChanged", on_changed, &listener) < 0)
		die("a match", 0);
	began = heard = wall_ns();
	for (unsigned int round = 0; round < rounds; round++) {
		sd_bus_message *message =
			question(clients, BX_BUS_NAME, BX_PATH_ROOT, BX_IFACE_MANAGER, "Rescan");

		for (unsigned int i = 0; i < DEVICES; i++)
			world_set_state(world, i, round % 2 ? "live" : "resetting");
		sd_bus_message_append(message, "a{sv}", 0);
		sd_bus_message_unref(call(clients, message));
		hear_events(bus, varlink, &listener);
	}
	while ((listener.bus < wanted || listener.varlink < wanted) &&
	       wall_ns() - heard < SILENCE_US * 1000ull) {
		struct listener before = listener;

		hear_events(bus, varlink, &listener);
		if (memcmp(&before, &listener, sizeof(before)))
			heard = wall_ns();
		else
			usleep(1000);
	}
	printf("  of %u events %u were told by D-Bus and %u by varlink; %.0f a second, %.1f us of the processor each\n",
	       wanted, listener.bus, listener.varlink, wanted / ((wall_ns() - began) / 1e9),
	       (cpu_ns(world->bxd) - cpu) / 1e3 / wanted);
	close(varlink);
	sd_bus_close_unref(bus);
}

/* ---------------------------------------------------------------- memory */

struct mapping {
	char name[64]; /* of the file, or what the kernel calls it */
	unsigned long rss, private; /* KiB; written to by nobody else */
};

struct memory {
	struct mapping total, mappings[64];
	size_t count;
};

static struct mapping *mapping_of(struct memory *memory, const char *name)
{
	struct mapping *mapping = memory->mappings;

	while (mapping < memory->mappings + memory->count && !bx_streq(mapping->name, name))
		mapping++;
	if (mapping == memory->mappings + memory->count) {
		if (++memory->count > ARRAY_SIZE(memory->mappings))
			die("more mappings than there is room for", 0);
		bx_copy(mapping->name, sizeof(mapping->name), name);
	}
	return mapping;
}

static int more_rss(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	return x->rss > y->rss ? -1 : x->rss < y->rss;
}

static void read_memory(pid_t pid, struct memory *memory)
{
	FILE *file = fopen(bx_path("/proc/%d/smaps", pid).s, "re");
	struct mapping *mapping = &memory->total;
	char line[512], name[400];
	unsigned long kib, inode;

	*memory = (struct memory){ 0 };
	if (!file)
		die("smaps", errno);
	while (fgets(line, sizeof(line), file)) {
		strcpy(name, "no file");
		if (sscanf(line, "%*x-%*x %*s %*s %*s %lu %399[^\n]", &inode, name) >= 1) {
			mapping = mapping_of(memory,
					     strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
		} else if (sscanf(line, "Rss: %lu", &kib) == 1) {
			mapping->rss += kib;
			memory->total.rss += kib;
		} else if (sscanf(line, "Private_Dirty: %lu", &kib) == 1) {
			mapping->private += kib;
			memory->total.private += kib;
		}
	}
	fclose(file);
	qsort(memory->mappings, memory->count, sizeof(*memory->mappings), more_rss);
}

static void measure_memory(struct world *world, struct clients *clients)
{
	static struct memory before, after;

	/* First what is made once. */
	for (unsigned int i = 0; i < MANY_CALLS / 100; i++)
		for (size_t j = 0; j < ARRAY_SIZE(questions); j++) {
			questions[j].ask(clients);
			forget(clients);
			if (questions[j].times < 1000 && i > 10)
				break;
		}
	read_memory(world->bxd, &before);
	for (unsigned int i = 0; i < MANY_CALLS; i++) {
		/* Of a hundred, one of each kind that is large; of the others half by D-Bus, half by varlink. */
		questions[i % 100 < 2 ? 1 + 2 * (i % 100) : 2 * (i % 2)].ask(clients);
		forget(clients);
	}
	read_memory(world->bxd, &after);
	printf("  %lu KiB are resident, %lu of them private and written to; after %u calls %+ld and %+ld\n",
	       before.total.rss, before.total.private, MANY_CALLS,
	       (long)after.total.rss - (long)before.total.rss,
	       (long)after.total.private - (long)before.total.private);
	for (size_t i = 0; i < 8 && i < after.count; i++)
		printf("    %-30s %6lu KiB, private %5lu\n", after.mappings[i].name,
		       after.mappings[i].rss, after.mappings[i].private);
}

/* ---------------------------------------------------------------- starting */

static void measure_start(struct world *world)
{
	uint64_t ready[STARTS], limit[STARTS], ready_cpu[STARTS], limit_cpu[STARTS];
	double us, limit_us;

	for (unsigned int i = 0; i < STARTS; i++) {
		struct run run = world_start_bxd(world, NULL);

		world_stop_bxd(world);
		ready[i] = run.ready_ns;
		ready_cpu[i] = run.cpu_ns;
		run = world_run_bxd(world, NULL, "--version");
		limit[i] = run.ready_ns;
		limit_cpu[i] = run.cpu_ns;
	}
	us = median_us(ready, STARTS);
	limit_us = median_us(limit, STARTS);
	printf("  start to ready %.1f ms, %.1f of the processor; bxd --version %.1f ms, %.1f\n",
	       us / 1e3, median_us(ready_cpu, STARTS) / 1e3, limit_us / 1e3,
	       median_us(limit_cpu, STARTS) / 1e3);
}

/* ---------------------------------------------------------------- instructions */

static const char *const callgrind[] = { "valgrind", "--tool=callgrind", "--vgdb=no",
					 "--callgrind-out-file=/callgrind.out", NULL };

static double instructions(struct world *world)
{
	_cleanup_free_ char *text = world_read(world, "callgrind.out");
	const char *line = strstr(text, "\nsummary: ");

	if (!line)
		die("callgrind has written no summary", 0);
	return strtod(line + strlen("\nsummary: "), NULL);
}

/* Of a bxd that starts, is asked this so often, and ends. */
static double count(struct world *world, const struct question *question, unsigned int times)
{
	struct clients clients = { .bus = world_bus(world) };

	world_start_bxd(world, callgrind);
	clients.varlink = world_varlink(world);
	for (unsigned int i = 0; i < times; i++) {
		question->ask(&clients);
		forget(&clients);
	}
	close(clients.varlink);
	sd_bus_close_unref(clients.bus);
	world_stop_bxd(world);
	return instructions(world);
}

static void count_instructions(struct world *world)
{
	double nothing, version;

	nothing = count(world, &questions[0], 0);
	world_run_bxd(world, callgrind, "--version");
	version = instructions(world);
	printf("  instructions in user space, counted by callgrind\n");
	printf("    %-30s %12.0f (bxd --version %.0f)\n", "start and end", nothing, version);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		const struct question *question = &questions[i];

		printf("    %-30s %12.0f\n", question->name,
		       (count(world, question, question->counted) - nothing) / question->counted);
	}
}

int main(int argc, char **argv)
{
	struct clients clients;
	struct world world;
	pid_t peers[2];

	setlinebuf(stdout);
	if (argc != 2)
		die("the one argument is the program of the daemon", 0);
	world_begin(&world, argv[1], DEVICES);
	measure_start(&world);
	world_start_bxd(&world, NULL);
	clients = (struct clients){ .bus = world_bus(&world), .varlink = world_varlink(&world) };
	start_peers(&world, &clients, peers);
	printf("  %-26s %12s %12s %7s %12s %9s\n", "64 devices", "bxd", "the limit", "ratio",
	       "processor", "bytes");
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
		time_question(&world, &clients, &questions[i]);
	measure_events(&world, &clients);
	measure_memory(&world, &clients);
	stop_peers(peers);
	close(clients.varlink);
	sd_bus_close_unref(clients.bus);
	world_stop_bxd(&world);
	count_instructions(&world);
	world_end(&world);
	return 0;
}
