// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sockets and connections of a varlink service; see varlink.h. What the messages mean is in
 * varlink_call.c.
 *
 * A connection is torn down in one place only, at the end of a turn that the event loop gave it, so
 * that a handler or the owner of a call, who may be in the middle of something, never loses it under
 * its hands. Everyone else marks it as over and wakes it.
 */
#include "daemon/process.h"
#include "daemon/varlink_private.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define READ_SIZE	  4096 /* a buffer's first size, which fits most messages */
#define ACCEPT_AGAIN_USEC 250000

const struct bx_varlink_limits bx_varlink_default_limits = {
	.message = 1 << 20,
	.queue = 1 << 20,
	.connections = 256,
	.connections_per_uid = 64,
};

/* ---------------------------------------------------------------- buffers */

static size_t buffered(const struct bx_varlink_buffer *buffer)
{
	return buffer->end - buffer->begin;
}

static void buffer_consume(struct bx_varlink_buffer *buffer, size_t n)
{
	buffer->begin += n;
	if (buffered(buffer) > 0)
		return;
	buffer->begin = buffer->end = 0;
	/* What one large message took is not kept for as long as the connection lasts. */
	if (buffer->size > READ_SIZE) {
		free(buffer->data);
		*buffer = (struct bx_varlink_buffer){ 0 };
	}
}

/* Makes room for @n bytes behind what is there. */
static int buffer_reserve(struct bx_varlink_buffer *buffer, size_t n)
{
	size_t size = buffer->size ?: READ_SIZE;
	char *data;

	if (buffer->size - buffer->end >= n)
		return 0;
	if (buffer->begin > 0) {
		memmove(buffer->data, buffer->data + buffer->begin, buffered(buffer));
		buffer->end -= buffer->begin;
		buffer->begin = 0;
	}
	while (size - buffer->end < n)
		size *= 2;
	if (size == buffer->size)
		return 0;
	data = realloc(buffer->data, size);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->size = size;
	return 0;
}

static void buffer_free(struct bx_varlink_buffer *buffer)
{
	free(buffer->data);
}

/* ---------------------------------------------------------------- a connection */

static void connection_free(struct bx_varlink_connection *connection)
{
	struct bx_varlink *varlink = connection->varlink;

	for (struct bx_varlink_connection **c = &varlink->connections; *c; c = &(*c)->next) {
		if (*c == connection) {
			*c = connection->next;
			varlink->connection_count--;
			break;
		}
	}
	bx_varlink_call_lost(connection);
	sd_event_source_disable_unref(connection->source);
	buffer_free(&connection->in);
	buffer_free(&connection->out);
	free(connection);
}

/* The length of the first whole message, or -1. */
static ssize_t first_message(struct bx_varlink_connection *connection)
{
	size_t length = buffered(&connection->in);
	const char *begin, *end;

	if (connection->searched == length)
		return -1;
	begin = connection->in.data + connection->in.begin;
	/* A message that comes in many pieces is searched once. */
	end = memchr(begin + connection->searched, 0, length - connection->searched);
	connection->searched = end ? (size_t)(end - begin) : length;
	return end ? end - begin : -1;
}

/* There is nothing to do with what comes before what is there has been dealt with: it stays in the
 * socket, which slows down the client. */
static bool wants_input(struct bx_varlink_connection *connection)
{
	return !connection->over && !connection->call && buffered(&connection->out) == 0 &&
	       first_message(connection) < 0;
}

/*
 * What the loop is to wait for. Where a connection has something to do that needs no input, it waits
 * for room in the socket, which is there unless the client does not read: so it takes its turn among
 * the others. (A deferred source would go before everything else of its priority, again and again.)
 */
static void watch(struct bx_varlink_connection *connection)
{
	uint32_t events = 0;

	if (wants_input(connection))
		events = EPOLLIN;
	else if (!connection->call || buffered(&connection->out) > 0)
		events = EPOLLOUT;
	/* Nothing is to be waited for: the loop hears of this at once. */
	if (connection->over || connection->deaf)
		shutdown(connection->fd, SHUT_RDWR);
	sd_event_source_set_io_events(connection->source, events);
}

void bx_varlink_wake(struct bx_varlink_connection *connection)
{
	if (!connection->in_turn)
		watch(connection);
}

/* Reads once. */
static void receive(struct bx_varlink_connection *connection)
{
	struct bx_varlink_buffer *in = &connection->in;
	size_t most = connection->varlink->limits.message + 1;
	ssize_t n;

	/* A quarter of the buffer at least, so that a long message is not read in crumbs. */
	if (buffer_reserve(in, in->size / 4 ?: 1) < 0) {
		connection->over = true;
		return;
	}
	n = recv(connection->fd, in->data + in->end, in->size - in->end, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* What came before has all been answered, or nothing would have been read. */
		connection->over = true;
		return;
	}
	in->end += n;
	if (first_message(connection) < 0 && buffered(in) >= most)
		connection->over = true;
}

/* Writes what the client takes. */
static void transmit(struct bx_varlink_connection *connection)
{
	struct bx_varlink_buffer *out = &connection->out;

	while (buffered(out) > 0) {
		ssize_t n = send(connection->fd, out->data + out->begin, buffered(out),
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			buffer_consume(out, n);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			connection->deaf = true;
			buffer_consume(out, buffered(out));
		}
	}
}

int bx_varlink_send(struct bx_varlink_connection *connection, const char *text, size_t length)
{
	struct bx_varlink_buffer *out = &connection->out;

	if (connection->over || connection->deaf)
		return -ECONNRESET;
	/* The limit is on what waits, not on one reply: a client that reads gets it however long it is. */
	transmit(connection);
	if (buffered(out) > connection->varlink->limits.queue) {
		connection->over = true;
		bx_varlink_wake(connection);
		return -ENOBUFS;
	}
	if (buffer_reserve(out, length) < 0) {
		connection->over = true;
		bx_varlink_wake(connection);
		return -ENOMEM;
	}
	memcpy(out->data + out->end, text, length);
	out->end += length;
	transmit(connection);
	bx_varlink_wake(connection);
	return connection->deaf ? -ECONNRESET : 0;
}

/* Has the first message handled, if it can be, once. */
static void handle_message(struct bx_varlink_connection *connection)
{
	struct bx_varlink_buffer *in = &connection->in;
	ssize_t length;

	if (connection->over || connection->call || buffered(&connection->out) > 0)
		return;
	length = first_message(connection);
	if (length < 0)
		return;
	bx_varlink_dispatch(connection, in->data + in->begin, length);
	buffer_consume(in, length + 1);
	connection->searched = 0;
}

/* One turn: reads once, writes what can be written, has one call handled. */
static int connection_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct bx_varlink_connection *connection = userdata;

	connection->in_turn = true;
	if (revents & (EPOLLHUP | EPOLLERR)) {
		/* Nobody is left to hear an answer. What was asked before is done all the same,
		 * as it can be calls that want none. */
		connection->deaf = true;
		buffer_consume(&connection->out, buffered(&connection->out));
	}
	if (revents & EPOLLOUT)
		transmit(connection);
	if (wants_input(connection))
		receive(connection);
	handle_message(connection);
	if (connection->deaf)
		bx_varlink_call_lost(connection);
	connection->in_turn = false;
	if (connection->over)
		connection_free(connection);
	else
		watch(connection);
	return 0;
}

static int socket_option(int fd, int option)
{
	socklen_t size = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -errno : value;
}

static unsigned int connections_of(const struct bx_varlink *varlink, uid_t uid)
{
	unsigned int n = 0;

	for (const struct bx_varlink_connection *c = varlink->connections; c; c = c->next)
		n += c->uid == uid;
	return n;
}

static int set_flags(int fd)
{
	int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);

	if (status < 0 || flags < 0 || fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int bx_varlink_connect(struct bx_varlink *varlink, int fd)
{
	struct bx_varlink_connection *connection;
	_cleanup_close_ int owned = fd;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int r;

	/* Others have no uid, and say so with one that could be a user's. */
	if (socket_option(fd, SO_DOMAIN) != AF_UNIX)
		return -EINVAL;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	r = set_flags(fd);
	if (r < 0)
		return r;
	if (varlink->connection_count >= varlink->limits.connections ||
	    connections_of(varlink, peer.uid) >= varlink->limits.connections_per_uid)
		return -EUSERS;
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return -ENOMEM;
	connection->varlink = varlink;
	connection->fd = fd;
	connection->uid = peer.uid;
	connection->pid = peer.pid;
	connection->began = bx_process_began(peer.pid);
	r = sd_event_add_io(varlink->event, &connection->source, fd, EPOLLIN, connection_ready,
			    connection);
	if (r >= 0)
		r = sd_event_source_set_io_fd_own(connection->source, true);
	if (r < 0) {
		sd_event_source_disable_unref(connection->source);
		free(connection);
		return r;
	}
	owned = -1;
	connection->next = varlink->connections;
	varlink->connections = connection;
	varlink->connection_count++;
	return 0;
}

/* ---------------------------------------------------------------- listening */

static void listen_enable(struct bx_varlink *varlink, int enabled)
{
	for (struct bx_varlink_listener *l = varlink->listeners; l; l = l->next)
		sd_event_source_set_enabled(l->source, enabled);
}

static int accept_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	listen_enable(userdata, SD_EVENT_ON);
	return 0;
}

/* Without descriptors or memory the socket stays ready, and trying again at once would not help. */
static int accept_later(struct bx_varlink *varlink)
{
	int r;

	listen_enable(varlink, SD_EVENT_OFF);
	r = sd_event_source_set_time_relative(varlink->accept_again, ACCEPT_AGAIN_USEC);
	if (r >= 0)
		r = sd_event_source_set_enabled(varlink->accept_again, SD_EVENT_ONESHOT);
	if (r < 0)
		listen_enable(varlink, SD_EVENT_ON);
	return 0;
}

static int listener_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct bx_varlink_listener *listener = userdata;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED
			       ? 0
			       : accept_later(listener->varlink);
	/* One that is refused sees its connection closed; there is nothing else to be done. */
	bx_varlink_connect(listener->varlink, client);
	return 0;
}

int bx_varlink_listen(struct bx_varlink *varlink, int fd)
{
	struct bx_varlink_listener *listener;
	_cleanup_close_ int owned = fd;
	int r;

	if (socket_option(fd, SO_DOMAIN) != AF_UNIX || socket_option(fd, SO_TYPE) != SOCK_STREAM ||
	    socket_option(fd, SO_ACCEPTCONN) != 1)
		return -EINVAL;
	r = set_flags(fd);
	if (r < 0)
		return r;
	listener = calloc(1, sizeof(*listener));
	if (!listener)
		return -ENOMEM;
	listener->varlink = varlink;
	r = sd_event_add_io(varlink->event, &listener->source, fd, EPOLLIN, listener_ready,
			    listener);
	if (r >= 0)
		r = sd_event_source_set_io_fd_own(listener->source, true);
	if (r < 0) {
		sd_event_source_disable_unref(listener->source);
		free(listener);
		return r;
	}
	owned = -1;
	listener->next = varlink->listeners;
	varlink->listeners = listener;
	return 0;
}

/* ---------------------------------------------------------------- the service */

int bx_varlink_new(sd_event *event, const struct bx_varlink_info *info,
		   const struct bx_varlink_interface *const *interfaces,
		   const struct bx_varlink_limits *limits, struct bx_varlink **ret)
{
	_cleanup_(bx_varlink_freep) struct bx_varlink *varlink = calloc(1, sizeof(*varlink));
	int r;

	if (!varlink)
		return -ENOMEM;
	varlink->event = sd_event_ref(event);
	varlink->info = *info;
	varlink->limits = limits ? *limits : bx_varlink_default_limits;
	varlink->interfaces = interfaces;
	r = sd_event_add_time_relative(event, &varlink->accept_again, CLOCK_MONOTONIC, 0, 0,
				       accept_again, varlink);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(varlink->accept_again, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = varlink;
	varlink = NULL;
	return 0;
}

void bx_varlink_free(struct bx_varlink *varlink)
{
	if (!varlink)
		return;
	while (varlink->listeners) {
		struct bx_varlink_listener *listener = varlink->listeners;

		varlink->listeners = listener->next;
		sd_event_source_disable_unref(listener->source);
		free(listener);
	}
	while (varlink->connections)
		connection_free(varlink->connections);
	sd_event_source_disable_unref(varlink->accept_again);
	sd_event_unref(varlink->event);
	free(varlink);
}

unsigned int bx_varlink_connections(const struct bx_varlink *varlink)
{
	return varlink->connection_count;
}
