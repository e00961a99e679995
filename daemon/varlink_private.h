/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the varlink service share. Nobody else includes this.
 */
#ifndef BX_DAEMON_VARLINK_PRIVATE_H
#define BX_DAEMON_VARLINK_PRIVATE_H

#include "daemon/varlink.h"

struct bx_varlink_buffer {
	char *data;
	size_t begin, end, size;
};

struct bx_varlink_listener {
	struct bx_varlink_listener *next;
	struct bx_varlink *varlink;
	sd_event_source *source; /* owns the descriptor */
};

struct bx_varlink_connection {
	struct bx_varlink_connection *next;
	struct bx_varlink *varlink;
	int fd; /* owned by @source */
	sd_event_source *source;
	uid_t uid;
	pid_t pid;
	uint64_t began;
	struct bx_varlink_buffer in, out;
	size_t searched; /* of what is in @in: no end of a message so far */
	struct bx_varlink_call *call; /* being answered */
	bool deaf; /* nobody reads what we send */
	bool in_turn; /* what there is to wait for is seen to at its end */
	bool over; /* to be closed as soon as nobody is at work on it */
};

struct bx_varlink_call {
	struct bx_varlink_connection *connection; /* NULL while its owner is told that it is gone */
	struct json_object *message, *parameters; /* the latter mostly a part of the former */
	const char *method;
	uid_t uid;
	pid_t pid;
	uint64_t began;
	bool more, oneway;
	void (*gone)(struct bx_varlink_call *call, void *userdata);
	void *userdata;
};

struct bx_varlink {
	sd_event *event;
	struct bx_varlink_info info;
	struct bx_varlink_limits limits;
	const struct bx_varlink_interface *const *interfaces;
	struct bx_varlink_listener *listeners;
	struct bx_varlink_connection *connections;
	unsigned int connection_count;
	sd_event_source *accept_again;
};

/* varlink.c: puts a message into the queue; 0, -ECONNRESET, -ENOBUFS or -ENOMEM. */
int bx_varlink_send(struct bx_varlink_connection *connection, const char *text, size_t length);
/* Has it looked at again in a turn of its own, since its call has ended or it is over. */
void bx_varlink_wake(struct bx_varlink_connection *connection);

/* varlink_call.c: reads one message and has it handled. A message that is none ends the connection. */
void bx_varlink_dispatch(struct bx_varlink_connection *connection, const char *text, size_t length);
/* The connection is lost: tells the owner of its call. */
void bx_varlink_call_lost(struct bx_varlink_connection *connection);
const struct bx_varlink_interface *bx_varlink_find_interface(const struct bx_varlink *varlink,
							     const char *name, size_t length);
int bx_varlink_interface_not_found(struct bx_varlink_call *call, const char *name);

/* varlink_service.c: its userdata is not used, the service is found by the call. */
extern const struct bx_varlink_interface bx_varlink_service_interface;

#endif
