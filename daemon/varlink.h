/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A varlink service (https://varlink.org) on an event loop: connections, messages, calls and the
 * interface org.varlink.service. It knows the protocol and nothing of what the other interfaces do
 * or who may do it. It makes no sockets and passes no descriptors.
 *
 *   varlink.c          sockets, connections, what is read and written
 *   varlink_call.c     messages: calls and their replies
 *   varlink_service.c  org.varlink.service
 *
 * The calls of a connection are answered in order: the next one is taken up when the one before has
 * its last reply and the client has made room for it. In one turn of the loop a connection is read
 * from once and gets one call handled, so a flood on one does not keep the others waiting.
 *
 * A connection is closed without a word when what comes is no call (no strict JSON, no such members,
 * too long, too deep), or when its client does not read what it has asked to be told.
 */
#ifndef BX_DAEMON_VARLINK_H
#define BX_DAEMON_VARLINK_H

#include "daemon/json.h"

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct bx_varlink;
struct bx_varlink_call;

/* What GetInfo says; the strings must outlive the service. */
struct bx_varlink_info {
	const char *vendor, *product, *version, *url;
};

/* What clients can cost: for each connection about 2 * message + queue + one reply, and a call's tree. */
struct bx_varlink_limits {
	size_t message; /* bytes of a call */
	size_t queue; /* bytes of replies that may wait when the next one of a call with `more` comes */
	unsigned int connections; /* in all; those above are closed at once */
	unsigned int connections_per_uid;
};

extern const struct bx_varlink_limits bx_varlink_default_limits;

struct bx_varlink_interface {
	const char *name;
	const char *description; /* in the interface definition language */
	/*
	 * Handles one call. @method comes without the interface's name. @parameters is an object,
	 * an empty one if there were none, and lives as long as @call does.
	 *
	 * Either this gives the last reply, or it calls bx_varlink_call_on_gone() and the last
	 * reply comes later. A negative errno says that there is no answer, as without memory; the
	 * connection is then closed.
	 */
	int (*call)(struct bx_varlink_call *call, const char *method,
		    struct json_object *parameters, void *userdata);
	void *userdata;
};

/* ---------------------------------------------------------------- the service */

/*
 * @interfaces ends with NULL; org.varlink.service is added to them. They, and what @info points to,
 * must outlive the service; @limits is copied, NULL is the default.
 */
int bx_varlink_new(sd_event *event, const struct bx_varlink_info *info,
		   const struct bx_varlink_interface *const *interfaces,
		   const struct bx_varlink_limits *limits, struct bx_varlink **ret);

/* Closes all of it, and tells the owners of calls. Never from within a handler. NULL is nothing. */
void bx_varlink_free(struct bx_varlink *varlink);

/* Accepts connections at a listening Unix stream socket. @fd is taken, and closed on failure, too. */
int bx_varlink_listen(struct bx_varlink *varlink, int fd);

/* Serves a connection that was accepted elsewhere. @fd is taken as above. -EUSERS: one too many. */
int bx_varlink_connect(struct bx_varlink *varlink, int fd);

/* How many connections there are: none, and no one is being served. */
unsigned int bx_varlink_connections(const struct bx_varlink *varlink);

/* ---------------------------------------------------------------- a call
 *
 * It belongs to its connection and is gone with its last reply, whatever that function returned, or
 * when the connection is lost. Nothing may be done with it after that.
 */

/*
 * @gone is called once if the connection is lost before the last reply, never from within one of the
 * functions below; what it is told about is a call that cannot be answered any more.
 */
void bx_varlink_call_on_gone(struct bx_varlink_call *call,
			     void (*gone)(struct bx_varlink_call *call, void *userdata),
			     void *userdata);

/* With the interface's name. */
const char *bx_varlink_call_method(const struct bx_varlink_call *call);

/* More than one reply may be given. */
bool bx_varlink_call_wants_more(const struct bx_varlink_call *call);

/* No reply is sent; the functions below may be called all the same, and end the call. */
bool bx_varlink_call_is_oneway(const struct bx_varlink_call *call);

/* Who had connected, as the kernel knew it then. The process can have ended and its number can be
 * another's by now; 0 is one that has no number here. */
uid_t bx_varlink_call_uid(const struct bx_varlink_call *call);
pid_t bx_varlink_call_pid(const struct bx_varlink_call *call);
/* When that process began, as process.h says; looked at right after it had connected. 0: it had gone. */
uint64_t bx_varlink_call_began(const struct bx_varlink_call *call);

/*
 * Replies. @parameters is an object that stays the caller's, or NULL for an empty one. What they
 * return is of interest to those who could stop working on it: -ECONNRESET or -ENOBUFS, the client
 * is gone or does not read, -ENOMEM.
 */

/* The last reply. */
int bx_varlink_reply(struct bx_varlink_call *call, struct json_object *parameters);

/* One with more to come. -EINVAL, and nothing is sent, if the call does not want more. */
int bx_varlink_reply_more(struct bx_varlink_call *call, struct json_object *parameters);

/* The last reply, which is an error by its full name. */
int bx_varlink_error(struct bx_varlink_call *call, const char *error,
		     struct json_object *parameters);

/* The errors that every service has. */
int bx_varlink_method_not_found(struct bx_varlink_call *call);
int bx_varlink_method_not_implemented(struct bx_varlink_call *call);
int bx_varlink_invalid_parameter(struct bx_varlink_call *call, const char *parameter);
int bx_varlink_permission_denied(struct bx_varlink_call *call);
int bx_varlink_expected_more(struct bx_varlink_call *call);

/* ---------------------------------------------------------------- parameters */

/* An integer is taken for a double, too. An optional one may be missing or null: *@value is NULL. */
struct bx_varlink_parameter {
	const char *name;
	enum json_type type;
	struct json_object **value; /* set to what lives as long as @parameters does */
	bool optional;
};

/*
 * Takes @parameters apart by a table that ends with an entry without a name. 1: they are as the
 * table says. 0: they are not, and the call has been answered with InvalidParameter, which names
 * what is missing, of another type or unknown.
 */
int bx_varlink_parameters(struct bx_varlink_call *call, struct json_object *parameters,
			  const struct bx_varlink_parameter *table);

BX_DEFINE_CLEANUP(struct bx_varlink *, bx_varlink_free)

#endif
