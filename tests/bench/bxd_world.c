// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine that the daemon is measured in; see bxd_world.h. */
#include "tests/bench/bxd_world.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define BUS_SOCKET     "run/bus"
#define VARLINK_SOCKET "run/" BX_BUS_NAME
#define NOTIFY_SOCKET  "run/notify"
#define LISTEN_FD      3 /* where the protocol of socket activation wants the first */
#define PATIENCE_MS    600000 /* under an instrument, on a busy machine, everything takes long */

void die(const char *what, int error)
{
	fprintf(stderr, "bxd-native: %s%s%s\n", what, error ? ": " : "",
		error ? strerror(abs(error)) : "");
	exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		die("a clock cannot be read", errno);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

uint64_t wall_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}

uint64_t cpu_ns(pid_t pid)
{
	clockid_t clock;
	int r = clock_getcpuclockid(pid, &clock);

	if (r)
		die("a process has no clock", r);
	return now_ns(clock);
}

/* ---------------------------------------------------------------- files */

struct name {
	char s[512];
};

static struct name vname(const char *format, va_list ap)
{
	struct name name;

	if (vsnprintf(name.s, sizeof(name.s), format, ap) >= (int)sizeof(name.s))
		die("a name is too long", 0);
	return name;
}

static struct name name(const char *format, ...) __attribute__((format(printf, 1, 2)));
static struct name name(const char *format, ...)
{
	struct name made;
	va_list ap;

	va_start(ap, format);
	made = vname(format, ap);
	va_end(ap);
	return made;
}

static struct name in_world(const struct world *world, const char *path)
{
	return name("%s/%s", world->directory, path);
}

static void make_folder(const struct world *world, const char *path)
{
	struct name full = in_world(world, path);

	for (char *slash = full.s + strlen(world->directory); slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = 0;
		if (mkdir(full.s, 0755) < 0 && errno != EEXIST)
			die(full.s, errno);
		if (slash)
			*slash = '/';
	}
}

static void write_file(const struct world *world, const char *path, const char *text)
{
	struct name full = in_world(world, path);
	int fd = open(full.s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(full.s, errno);
	close(fd);
}

static void make_link(const struct world *world, const char *target, const char *path)
{
	if (symlink(target, in_world(world, path).s) < 0)
		die(path, errno);
}

char *world_read(struct world *world, const char *path)
{
	FILE *file = fopen(in_world(world, path).s, "re");
	size_t size = 0;
	char *text = NULL;

	if (!file)
		die(path, errno);
	if (getdelim(&text, &size, 0, file) < 0)
		die(path, errno ?: EIO);
	fclose(file);
	return text;
}

/* ---------------------------------------------------------------- the machine's sysfs */

/* As many functions on a bus as it can have, each behind the bridge of its bus. */
static struct name address_of(unsigned int device)
{
	return name("0000:%02x:%02x.0", 1 + device / 32, device % 32);
}

static struct name folder_of(unsigned int device)
{
	return name("sys/devices/pci0000:00/0000:00:%02x.0/%s", 1 + device / 32,
		    address_of(device).s);
}

/* In one piece, as an attribute of the kernel's changes: whoever reads it has the old state or the new one. */
void world_set_state(struct world *world, unsigned int device, const char *state)
{
	struct name path = name("%s/nvme/nvme%u/state", folder_of(device).s, device);
	struct name text = name("%-9s\n", state);
	int fd = open(in_world(world, path.s).s, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text.s, strlen(text.s)) != (ssize_t)strlen(text.s))
		die(path.s, errno);
	close(fd);
}

static void add_disk(struct world *world, unsigned int device)
{
	struct name disk = name("nvme%un1", device);

	make_folder(world, name("%s/nvme/nvme%u/%s", folder_of(device).s, device, disk.s).s);
	make_folder(world, name("sys/class/block/%s/holders", disk.s).s);
	make_folder(world, name("sys/class/block/%s/%sp1", disk.s, disk.s).s);
	make_folder(world, name("sys/class/block/%sp1/holders", disk.s).s);
	write_file(world, name("sys/class/block/%s/dev", disk.s).s, name("259:%u\n", 2 * device).s);
	write_file(world, name("sys/class/block/%sp1/dev", disk.s).s,
		   name("259:%u\n", 2 * device + 1).s);
	write_file(world, name("sys/class/block/%sp1/partition", disk.s).s, "1\n");
}

static void add_device(struct world *world, unsigned int device)
{
	struct name folder = folder_of(device),
		    controller = name("%s/nvme/nvme%u", folder.s, device);
	static const char *const attributes[][2] = {
		{ "class", "0x010802\n" },	   { "vendor", "0x1b36\n" },
		{ "device", "0x0010\n" },	   { "numa_node", "0\n" },
		{ "driver_override", "(null)\n" },
	};

	make_folder(world, controller.s);
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		write_file(world, name("%s/%s", folder.s, attributes[i][0]).s, attributes[i][1]);
	make_link(world, "../../../../bus/pci/drivers/nvme", name("%s/driver", folder.s).s);
	make_link(world, name("../../../../kernel/iommu_groups/%u", device).s,
		  name("%s/iommu_group", folder.s).s);
	make_link(world, name("../../../%s", folder.s + strlen("sys/")).s,
		  name("sys/bus/pci/devices/%s", address_of(device).s).s);
	write_file(world, name("%s/serial", controller.s).s, name("S64GNX0T%07u    \n", device).s);
	write_file(world, name("%s/model", controller.s).s,
		   "A MODEL WITH A NAME OF 2 TB             \n");
	write_file(world, name("%s/firmware_rev", controller.s).s, "5B2QGXA7\n");
	world_set_state(world, device, "live");
	add_disk(world, device);
}

/* ---------------------------------------------------------------- its root */

static void bind_mount(const char *from, const char *to)
{
	if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0)
		die(from, errno);
}

/* What programs are made of is the machine's. A folder that has moved into /usr is a link here, too. */
static void make_root(struct world *world)
{
	static const char *const folders[] = { "usr", "bin", "sbin", "lib", "lib64", "proc", "dev" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		struct name here = name("/%s", folders[i]), there = in_world(world, folders[i]);
		char target[256];
		ssize_t n = readlink(here.s, target, sizeof(target) - 1);

		if (n > 0) {
			target[n] = 0;
			make_link(world, target, folders[i]);
		} else if (access(here.s, F_OK) == 0) {
			make_folder(world, folders[i]);
			bind_mount(here.s, there.s);
		}
	}
	for (const char *const *p =
		     (const char *const[]){ "etc", "run", "tmp", "var/lib", "sys/bus/pci/devices",
					    "sys/class/block", "sys/bus/pci/drivers/nvme", NULL };
	     *p; p++)
		make_folder(world, *p);
}

static void copy_program(struct world *world, const char *from)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(in_world(world, "bxd").s, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ssize_t n;

	if (in < 0 || out < 0)
		die(from, errno);
	while ((n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0)) > 0)
		;
	/* Between file systems that cannot do that, by hand. */
	for (char buffer[65536]; n != 0 && (n = read(in, buffer, sizeof(buffer))) > 0;)
		if (write(out, buffer, n) != n)
			die(from, errno);
	if (n < 0)
		die(from, errno);
	close(in);
	close(out);
}

/* ---------------------------------------------------------------- its sockets and processes */

static struct sockaddr_un socket_address(const struct world *world, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (bx_copy(address.sun_path, sizeof(address.sun_path), in_world(world, path).s) < 0)
		die("the name of a socket is too long", 0);
	return address;
}

static int make_socket(const struct world *world, const char *path, int type)
{
	struct sockaddr_un address = socket_address(world, path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 8) < 0))
		die(path, errno);
	return fd;
}

static void start_bus(struct world *world)
{
	struct name config = in_world(world, "run/bus.conf"), log = in_world(world, "run/bus.log");

	write_file(
		world, "run/bus.conf",
		name("<busconfig><type>system</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>"
		     "<policy context=\"default\"><allow own=\"*\"/><allow send_destination=\"*\"/>"
		     "<allow receive_sender=\"*\"/><allow user=\"*\"/></policy></busconfig>\n",
		     in_world(world, BUS_SOCKET).s)
			.s);
	world->bus_daemon = fork();
	if (world->bus_daemon == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		freopen(log.s, "w", stderr);
		execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog",
		       name("--config-file=%s", config.s).s, NULL);
		_exit(127);
	}
	for (int i = 0; access(in_world(world, BUS_SOCKET).s, F_OK) < 0; i++) {
		if (i == 1000 || waitpid(world->bus_daemon, NULL, WNOHANG) != 0)
			die("dbus-daemon does not start; is the package of this name installed?",
			    0);
		usleep(10000);
	}
}

void world_begin(struct world *world, const char *bxd, unsigned int devices)
{
	*world = (struct world){ .directory = "/mnt", .devices = devices };
	/* Nobody else sees what is mounted there. No network, so that no event of the machine's own udev disturbs. */
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0)
		die("a world of its own wants root", errno);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("world", world->directory, "tmpfs", 0, "mode=755") < 0)
		die("no file system in memory", errno);
	make_root(world);
	copy_program(world, bxd);
	for (unsigned int i = 0; i < devices; i++)
		add_device(world, i);
	world->notify_fd = make_socket(world, NOTIFY_SOCKET, SOCK_DGRAM);
	world->listen_fd = make_socket(world, VARLINK_SOCKET, SOCK_STREAM);
	start_bus(world);
}

void world_end(struct world *world)
{
	world_stop_bxd(world);
	kill(world->bus_daemon, SIGTERM);
	waitpid(world->bus_daemon, NULL, 0);
	close(world->notify_fd);
	close(world->listen_fd);
}

/* ---------------------------------------------------------------- bxd */

static void become_bxd(struct world *world, const char *const *prefix, const char *argument)
{
	const char *command[16] = { 0 };
	size_t n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (; prefix && *prefix && n < ARRAY_SIZE(command) - 3; prefix++)
		command[n++] = *prefix;
	command[n++] = "/bxd";
	command[n] = argument;
	freopen(in_world(world, "run/bxd.log").s, "w", stderr);
	freopen("/dev/null", "w", stdout);
	if (dup2(world->listen_fd, LISTEN_FD) < 0 || chroot(world->directory) < 0 || chdir("/") < 0)
		_exit(126);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/" BUS_SOCKET, 1);
	setenv("NOTIFY_SOCKET", "/" NOTIFY_SOCKET, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", name("%d", getpid()).s, 1);
	execvp(*command, (char **)command);
	_exit(127);
}

static void fork_bxd(struct world *world, const char *const *prefix, const char *argument)
{
	world->bxd = fork();
	if (world->bxd < 0)
		die("no process", errno);
	if (world->bxd == 0)
		become_bxd(world, prefix, argument);
}

_Noreturn static void die_with_log(struct world *world)
{
	fputs(world_read(world, "run/bxd.log"), stderr);
	die("bxd does not start; its own words are above", 0);
}

struct run world_start_bxd(struct world *world, const char *const *prefix)
{
	struct pollfd ready = { .fd = world->notify_fd, .events = POLLIN };
	uint64_t began = wall_ns();
	struct run run;

	fork_bxd(world, prefix, NULL);
	for (;;) {
		char text[256];
		ssize_t n;

		if (poll(&ready, 1, PATIENCE_MS) != 1)
			die_with_log(world);
		n = recv(world->notify_fd, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = 0;
		if (bx_startswith(text, "READY=1"))
			break;
	}
	run.ready_ns = wall_ns() - began;
	run.cpu_ns = cpu_ns(world->bxd);
	return run;
}

void world_stop_bxd(struct world *world)
{
	int status;

	if (world->bxd <= 0)
		return;
	kill(world->bxd, SIGTERM);
	if (waitpid(world->bxd, &status, 0) < 0 || status != 0)
		die_with_log(world);
	world->bxd = 0;
	/* What it said at its end is not what the next one says. */
	for (char text[256]; recv(world->notify_fd, text, sizeof(text), MSG_DONTWAIT) >= 0;)
		;
}

struct run world_run_bxd(struct world *world, const char *const *prefix, const char *argument)
{
	uint64_t began = wall_ns();
	struct run run;
	siginfo_t info;

	fork_bxd(world, prefix, argument);
	/* First only looked at, so that its clock can still be read. */
	if (waitid(P_PID, world->bxd, &info, WEXITED | WNOWAIT) < 0 || info.si_status != 0)
		die_with_log(world);
	run.ready_ns = wall_ns() - began;
	run.cpu_ns = cpu_ns(world->bxd);
	waitpid(world->bxd, NULL, 0);
	world->bxd = 0;
	return run;
}

/* ---------------------------------------------------------------- who talks to it */

sd_bus *world_bus(struct world *world)
{
	const char *us;
	sd_bus *bus;
	int r;

	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, name("unix:path=%s", in_world(world, BUS_SOCKET).s).s);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_start(bus);
	/* Waits until the bus knows us: it does not keep whoever lets it wait for that. */
	if (r >= 0)
		r = sd_bus_get_unique_name(bus, &us);
	if (r < 0)
		die("no connection to the bus", r);
	return bus;
}

int world_varlink(struct world *world)
{
	struct sockaddr_un address = socket_address(world, VARLINK_SOCKET);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("no connection by varlink", errno);
	return fd;
}
