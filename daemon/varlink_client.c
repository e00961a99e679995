// SPDX-License-Identifier: GPL-2.0-or-later
/* One call to a varlink service; see varlink_client.h. */
#include "daemon/varlink_client.h"

#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define READ_SIZE 4096

static const struct bx_json_limits limits = { .size = 1 << 20, .depth = 16, .values = 8192 };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static int wait_for(int fd, short events, uint64_t deadline)
{
	struct pollfd wanted = { .fd = fd, .events = events };
	uint64_t now;
	int n;

	do {
		now = now_ms();
		if (now >= deadline)
			return -ETIMEDOUT;
		n = poll(&wanted, 1, deadline - now);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

/* A full backlog makes connect() wait for as long as it may send. */
static int open_connection(const char *path, unsigned int timeout_ms)
{
	struct timeval patience = { .tv_sec = timeout_ms / 1000,
				    .tv_usec = timeout_ms % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int r;

	r = bx_copy(address.sun_path, sizeof(address.sun_path), path);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	r = fd;
	fd = -1;
	return r;
}

static int say(int fd, const char *text, size_t length, uint64_t deadline)
{
	while (length > 0) {
		ssize_t n;
		int r = wait_for(fd, POLLOUT, deadline);

		if (r < 0)
			return r;
		n = send(fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return errno == EPIPE ? -ECONNRESET : -errno;
		text += n;
		length -= n;
	}
	return 0;
}

/* Reads up to the zero byte that ends a message. */
static int hear(int fd, char **text, size_t *length, uint64_t deadline)
{
	size_t size = 0;

	*length = 0;
	for (;;) {
		ssize_t n;
		char *end;
		int r;

		if (*length == size) {
			char *grown;

			if (size > limits.size)
				return -EMSGSIZE;
			size = size ? 2 * size : READ_SIZE;
			grown = realloc(*text, size);
			if (!grown)
				return -ENOMEM;
			*text = grown;
		}
		r = wait_for(fd, POLLIN, deadline);
		if (r < 0)
			return r;
		n = recv(fd, *text + *length, size - *length, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		end = memchr(*text + *length, 0, n);
		*length += n;
		if (end)
			return *length = end - *text, 0;
	}
}

static int format_call(const char *method, struct json_object *parameters, struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *call = json_object_new_object();
	struct json_object *name = json_object_new_string(method);

	if (!call || !name || json_object_object_add(call, "method", name) < 0) {
		json_object_put(name);
		return -ENOMEM;
	}
	if (parameters &&
	    json_object_object_add(call, "parameters", json_object_get(parameters)) < 0)
		return -ENOMEM;
	*ret = call;
	call = NULL;
	return 0;
}

static int take_apart(struct json_object *message, struct json_object **reply, char **error)
{
	struct json_object *name = NULL, *parameters = NULL;

	if (!json_object_is_type(message, json_type_object))
		return -EBADMSG;
	json_object_object_get_ex(message, "error", &name);
	json_object_object_get_ex(message, "parameters", &parameters);
	if ((name && !json_object_is_type(name, json_type_string)) ||
	    (parameters && !json_object_is_type(parameters, json_type_object)))
		return -EBADMSG;
	*error = name ? strdup(json_object_get_string(name)) : NULL;
	*reply = parameters ? json_object_get(parameters) : json_object_new_object();
	if ((name && !*error) || !*reply) {
		json_object_put(*reply);
		free(*error);
		return -ENOMEM;
	}
	return 0;
}

int bx_varlink_ask(const char *path, const char *method, struct json_object *parameters,
		   unsigned int timeout_ms, struct json_object **reply, char **error)
{
	_cleanup_(json_object_putp) struct json_object *call = NULL, *message = NULL;
	uint64_t deadline = now_ms() + timeout_ms;
	_cleanup_free_ char *heard = NULL;
	_cleanup_close_ int fd = -1;
	const char *text;
	size_t length;
	int r;

	r = format_call(method, parameters, &call);
	if (r < 0)
		return r;
	text = json_object_to_json_string_length(call, JSON_C_TO_STRING_PLAIN, &length);
	if (!text)
		return -ENOMEM;
	fd = open_connection(path, timeout_ms);
	if (fd < 0)
		return fd;
	/* With the zero byte that ends it there and here. */
	r = say(fd, text, length + 1, deadline);
	if (r >= 0)
		r = hear(fd, &heard, &length, deadline);
	if (r >= 0)
		r = bx_json_parse(heard, length, &limits, &message);
	return r < 0 ? r : take_apart(message, reply, error);
}
