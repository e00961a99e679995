// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lab's hand in the guest: runs what the host asks for and carries its output, input and exit
 * status over one virtio-serial port; a second port lets a test in the guest ask something of the
 * host (hot plug, say). Linked statically, so that one binary serves every distribution.
 *
 * Not a shell, not a test runner: what to run and what an exit status means is the host's business.
 *
 *	bx-lab serve             the service: one command at a time, as the host says
 *	bx-lab host REQUEST      one line of JSON to the host, its answer to stdout
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENT_PORT "bx.agent"
#define HOST_PORT  "bx.host"

/*
 * A frame is a type byte, a little-endian 32-bit length and that many bytes. tests/vm/lab/agent.py is the
 * other end.
 */
enum frame_type {
	/* host to guest */
	FRAME_EXEC =
		'X', /* u8 pty, u16 rows, u16 columns, then the arguments, each ended by a NUL */
	FRAME_INPUT = 'I', /* for the command's stdin; an empty one closes it */
	FRAME_SIZE = 'W', /* u16 rows, u16 columns of the terminal */
	/* guest to host */
	FRAME_UP = 'U',
	FRAME_STDOUT = 'O',
	FRAME_STDERR = 'E',
	FRAME_STATUS = 'S', /* u8: exit status, or 128 + signal */
};

#define HEADER_SIZE 5
#define DRAIN_MAX   64
#define FRAME_MAX   (1U << 20)

struct command {
	pid_t pid;
	int input; /* to the command, or -1 */
	int output; /* from the command, or -1 */
	int error;
	bool pty;
	/* Input that the command has not taken yet; the port is not read meanwhile. */
	uint8_t *pending;
	uint32_t pending_size;
};

static void die(const char *what)
{
	fprintf(stderr, "bx-lab: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
			continue;
		}
		if (n < 0)
			die("write to the host");
		p += n;
		size -= n;
	}
}

/* A virtio port answers 0 while the host's end is closed; wait for it then. */
static void read_all(int fd, void *data, size_t size)
{
	char *p = data;

	while (size) {
		ssize_t n = read(fd, p, size);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			n = 0;
		else if (n < 0)
			die("read from the host");
		if (n == 0)
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 100);
		p += n;
		size -= n;
	}
}

static uint16_t get_le16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t get_le32(const uint8_t *p)
{
	return get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static void send_frame(int port, enum frame_type type, const void *data, uint32_t size)
{
	uint8_t header[HEADER_SIZE] = { type, size, size >> 8, size >> 16, size >> 24 };

	write_all(port, header, sizeof(header));
	write_all(port, data, size);
}

/* Reads a whole frame into a buffer of FRAME_MAX + 1 bytes, which is NUL-terminated for string use. */
static enum frame_type receive_frame(int port, uint8_t *data, uint32_t *size)
{
	uint8_t header[HEADER_SIZE];

	read_all(port, header, sizeof(header));
	*size = get_le32(header + 1);
	if (*size > FRAME_MAX) {
		fprintf(stderr, "bx-lab: a frame of %u bytes, at most %u are allowed\n", *size,
			FRAME_MAX);
		exit(1);
	}
	read_all(port, data, *size);
	data[*size] = '\0';
	return header[0];
}

static bool has_name(const char *attribute, const char *name)
{
	char text[64];
	FILE *f = fopen(attribute, "re");
	bool same = f && fgets(text, sizeof(text), f) && !strncmp(text, name, strlen(name)) &&
		    text[strlen(name)] == '\n';

	if (f)
		fclose(f);
	return same;
}

/* By its name in sysfs, since udev may be late, or the very thing that a test stops. */
static int open_port(const char *name, int flags)
{
	for (int tries = 0; tries < 600; tries++) {
		glob_t found;
		int fd = -1;

		if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &found) == 0) {
			for (size_t i = 0; i < found.gl_pathc && fd < 0; i++) {
				char device[64], *port = found.gl_pathv[i] +
							 strlen("/sys/class/virtio-ports/");

				if (!has_name(found.gl_pathv[i], name))
					continue;
				snprintf(device, sizeof(device), "/dev/%.*s",
					 (int)strcspn(port, "/"), port);
				fd = open(device, O_RDWR | O_CLOEXEC | flags);
			}
			globfree(&found);
		}
		if (fd >= 0)
			return fd;
		usleep(50000);
	}
	fprintf(stderr, "bx-lab: no port %s in this machine\n", name);
	exit(1);
}

/* The kernel's log says where a command begins and ends, so that a report can be laid at its door. */
static void mark_kernel_log(const char *what)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[64];

	if (fd < 0)
		die("/dev/kmsg");
	/* One write is one record; dprintf() would fail here, since it seeks first. */
	write_all(fd, line, snprintf(line, sizeof(line), "<5>bx-lab: %s\n", what));
	close(fd);
}

static void run_in_child(char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	fprintf(stderr, "bx-lab: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void start_on_pty(struct command *command, char **argv, const uint8_t *size)
{
	struct winsize ws = { .ws_row = get_le16(size), .ws_col = get_le16(size + 2) };

	command->pid = forkpty(&command->output, NULL, NULL, &ws);
	if (command->pid < 0)
		die("forkpty");
	if (command->pid == 0)
		run_in_child(argv);
	command->input = dup(command->output);
	command->error = -1;
}

static void start_on_pipes(struct command *command, char **argv)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		die("pipe");
	command->pid = fork();
	if (command->pid < 0)
		die("fork");
	if (command->pid == 0) {
		setsid();
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		run_in_child(argv);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	command->input = in[1];
	command->output = out[0];
	command->error = err[0];
}

static void start(struct command *command, uint8_t *frame, uint32_t size)
{
	char **argv = calloc(size, sizeof(*argv));
	uint32_t n = 0;

	if (!argv || size < 6)
		die("arguments");
	for (uint32_t i = 5; i < size; i += strlen((char *)frame + i) + 1)
		argv[n++] = (char *)frame + i;
	command->pty = frame[0];
	mark_kernel_log("begin");
	if (command->pty)
		start_on_pty(command, argv, frame + 1);
	else
		start_on_pipes(command, argv);
	fcntl(command->input, F_SETFL, O_NONBLOCK);
	fcntl(command->output, F_SETFL, O_NONBLOCK);
	if (command->error >= 0)
		fcntl(command->error, F_SETFL, O_NONBLOCK);
	free(argv);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Carries over what there is; closes the pipe at its end. */
static bool forward(int port, int *fd, enum frame_type type)
{
	static char buffer[64 * 1024];
	ssize_t n;

	if (*fd < 0)
		return false;
	n = read(*fd, buffer, sizeof(buffer));
	if (n > 0) {
		send_frame(port, type, buffer, n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(fd);
	return false;
}

/* The command may be slow to read while we must go on reading from it: never block on its stdin. */
static void feed(struct command *command)
{
	ssize_t n = write(command->input, command->pending, command->pending_size);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		command->pending_size = 0;
		close_fd(&command->input);
		return;
	}
	command->pending += n;
	command->pending_size -= n;
}

static void finish(int port, struct command *command, int status)
{
	uint8_t code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	/*
	 * A process that the command left behind may hold the pipes and go on writing: what is in them now is
	 * the command's, and a pipe holds no more than this.
	 */
	for (int i = 0; i < DRAIN_MAX && forward(port, &command->output, FRAME_STDOUT); i++)
		;
	for (int i = 0; i < DRAIN_MAX && forward(port, &command->error, FRAME_STDERR); i++)
		;
	close_fd(&command->input);
	close_fd(&command->output);
	close_fd(&command->error);
	command->pid = 0;
	command->pending_size = 0;
	mark_kernel_log("end");
	send_frame(port, FRAME_STATUS, &code, 1);
}

static void handle_frame(int port, struct command *command)
{
	static uint8_t frame[FRAME_MAX + 1];
	uint32_t size;

	switch (receive_frame(port, frame, &size)) {
	case FRAME_EXEC:
		if (command->pid == 0)
			start(command, frame, size);
		break;
	case FRAME_INPUT:
		if (command->input < 0)
			break;
		if (size) {
			command->pending = frame;
			command->pending_size = size;
			feed(command);
		} else if (!command->pty) {
			close_fd(&command->input);
		}
		break;
	case FRAME_SIZE:
		if (command->pty && size == 4)
			ioctl(command->output, TIOCSWINSZ,
			      &(struct winsize){ .ws_row = get_le16(frame),
						 .ws_col = get_le16(frame + 2) });
		break;
	default:
		fprintf(stderr, "bx-lab: a frame of an unknown type from the host\n");
		exit(1);
	}
}

static _Noreturn void serve(void)
{
	struct command command = { .input = -1, .output = -1, .error = -1 };
	int port = open_port(AGENT_PORT, O_NONBLOCK);
	sigset_t mask;
	int child_signal;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	child_signal = signalfd(-1, &mask, SFD_CLOEXEC);
	if (child_signal < 0)
		die("signalfd");

	send_frame(port, FRAME_UP, NULL, 0);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = port, .events = command.pending_size ? 0 : POLLIN },
			{ .fd = child_signal, .events = POLLIN },
			{ .fd = command.output, .events = POLLIN },
			{ .fd = command.error, .events = POLLIN },
			{ .fd = command.pending_size ? command.input : -1, .events = POLLOUT },
		};
		struct signalfd_siginfo info;
		int status;

		if (poll(fds, 5, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[2].revents)
			forward(port, &command.output, FRAME_STDOUT);
		if (fds[3].revents)
			forward(port, &command.error, FRAME_STDERR);
		if (fds[1].revents && read(child_signal, &info, sizeof(info)) == sizeof(info)) {
			/* SIGCHLD does not queue: reap by pid, not by signal. */
			if (command.pid > 0 &&
			    waitpid(command.pid, &status, WNOHANG) == command.pid)
				finish(port, &command, status);
		}
		if (fds[4].revents)
			feed(&command);
		if (fds[0].revents & POLLIN)
			handle_frame(port, &command);
	}
}

static int ask_host(const char *request)
{
	int fd = open_port(HOST_PORT, 0);
	char c;

	if (flock(fd, LOCK_EX) < 0)
		die("lock the port to the host");
	write_all(fd, request, strlen(request));
	write_all(fd, "\n", 1);
	/* The answer: one line, "ok JSON" or "error TEXT". */
	bool ok = false;
	for (int i = 0;; i++) {
		read_all(fd, &c, 1);
		if (i == 0)
			ok = c == 'o';
		if (c == '\n')
			break;
		fputc(c, ok ? stdout : stderr);
	}
	fputc('\n', ok ? stdout : stderr);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "serve"))
		serve();
	if (argc == 3 && !strcmp(argv[1], "host"))
		return ask_host(argv[2]);
	fprintf(stderr, "usage: bx-lab serve | bx-lab host REQUEST\n");
	return 2;
}
