/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bxd offers, in tables: interfaces with their properties, methods and signals, each with its types and its
 * documentation. The transports and the reference manual are made from the tables; nothing about a method stands
 * anywhere else.
 *
 * Values are JSON everywhere but on the wire. A type is written as D-Bus writes it. A field that refers to an object
 * holds its key, of which a transport makes a name of its own kind.
 */
#ifndef BX_DAEMON_API_H
#define BX_DAEMON_API_H

#include "daemon/errors.h"
#include "daemon/steps.h"

#include <json.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

struct bx_call;
struct bx_daemon;
struct bx_interface;

/* An argument, an option, a property. Lists of them end with one without a name. */
struct bx_field {
	const char *name, *type, *doc;
	const struct bx_interface *of; /* of the object whose key it is; NULL for a plain value */
	bool constant; /* a property that never changes while its object is there */
	bool live; /* one that changes without an event, so that it is looked at whenever it is asked for */
};

#define BX_FIELD(field_name, field_type, field_doc, ...)                                \
	{                                                                               \
		.name = field_name, .type = field_type, .doc = field_doc, ##__VA_ARGS__ \
	}

struct bx_method {
	const char *name;
	const struct bx_field *in; /* all of them are needed */
	const struct bx_field *
		options; /* come last, as one a{sv}; NULL where the method takes no options at all */
	const struct bx_field *out;
	/* Of polkit, below org.byteexpress.bx1. ; NULL: everybody may; "": it depends on the arguments, and the interface knows. */
	const char *action;
	/* 0 and the result in call->out, or negative with call->failure. */
	int (*run)(struct bx_call *call, void *object);
	const char *doc;
};

struct bx_signal {
	const char *name;
	const struct bx_field *fields;
	const char *doc;
};

struct bx_interface {
	const char *name; /* "Device" */
	enum bx_error missing; /* the error where there is no such object */
	const char *path; /* on D-Bus: of the one object, or of the folder that has them */
	bool single; /* there is one object, and its key is "" */
	bool numbered; /* keys are numbers, which a path may end in as they are */
	const struct bx_field *properties;
	const struct bx_method *methods;
	const struct bx_signal *signals;
	void *(*find)(struct bx_daemon *daemon, const char *key);
	/* The keys of all objects. */
	int (*list)(struct bx_daemon *daemon, char ***keys);
	/* All properties, as they were last looked at; a reference for the caller to put. */
	struct json_object *(*show)(void *object);
	/* The action of a method that has "" for it; its arguments have been checked. May be NULL. */
	const char *(*action_of)(const struct bx_call *call);
	/* Looks at those that are live. May be NULL. */
	void (*look)(void *object);
	const char *doc;
};

/* api_plan.c, of the Manager. */
int bx_run_plan(struct bx_call *call, void *object);
int bx_run_apply(struct bx_call *call, void *object);
const char *bx_plan_action(const struct bx_call *call);

/* api_job.c: what somebody needs who has that done, or ends it. */
const char *bx_operation_action(enum bx_subject subject);

extern const struct bx_interface bx_manager_interface, bx_device_interface, bx_job_interface;

/* All interfaces, ended by NULL. */
extern const struct bx_interface *const bx_interfaces[];

/* ---------------------------------------------------------------- calls */

struct bx_transport {
	int (*uid)(struct bx_call *call, uid_t *ret);
	/* Appends polkit's (sa{sv}) for who calls. */
	int (*append_subject)(struct bx_call *call, sd_bus_message *question);
	/* Whether nobody waits for the answer any more. May be NULL. */
	bool (*gone)(struct bx_call *call);
	/* Sends call->out, or call->failure if there is one. */
	void (*answer)(struct bx_call *call);
	void (*release)(struct bx_call *call);
};

struct bx_call {
	struct bx_daemon *daemon;
	const struct bx_interface *interface;
	const struct bx_method *method;
	char *key;
	struct json_object *in; /* the arguments, and "options" */
	struct json_object *out;
	struct bx_failure failure;
	bool interactive; /* the caller can be asked for a password */
	bool later; /* the method has not ended when it returns: bx_call_end() follows, and not before */

	/* The transport's. */
	const struct bx_transport *transport;
	void *message;

	/* authorize.c's, while polkit thinks. */
	sd_bus_slot *question;
	uid_t uid;
	struct bx_call *next_asked;
};

/* A call without arguments yet, with a reference to nothing; NULL without memory. */
struct bx_call *bx_call_new(struct bx_daemon *daemon, const struct bx_interface *interface,
			    const struct bx_method *method, const char *key);
void bx_call_free(struct bx_call *call);

/* Checks the arguments, asks who may, runs the method and answers, now or later. Takes the call over. */
void bx_call_begin(struct bx_call *call);

/* Answers, and frees the call. @r is 0, or negative with call->failure. */
void bx_call_end(struct bx_call *call, int r);

const char *bx_call_text(const struct bx_call *call, const char *name);
struct json_object *bx_call_value(const struct bx_call *call, const char *name);
/* False and NULL where the option is not given. */
bool bx_call_switch(const struct bx_call *call, const char *option);
const char *bx_call_option(const struct bx_call *call, const char *option);
/* Adds a string to the result. */
int bx_call_return(struct bx_call *call, const char *name, const char *value);

const struct bx_field *bx_field_find(const struct bx_field *fields, const char *name);
const struct bx_method *bx_method_find(const struct bx_interface *interface, const char *name);

/* authorize.c: 1 if the caller may do it, 0 if that is still to be heard (bx_call_authorized() follows), or negative with
 * call->failure. */
int bx_authorize(struct bx_call *call);
void bx_call_authorized(struct bx_call *call, int r);
/* NULL where everybody may. */
const char *bx_call_action(const struct bx_call *call);
/* No question is answered any more. */
void bx_authorize_stop(struct bx_daemon *daemon);

/* ---------------------------------------------------------------- what happens to objects */

void bx_object_added(struct bx_daemon *daemon, const struct bx_interface *interface,
		     const char *key);
/* @names ends with NULL. */
void bx_object_changed(struct bx_daemon *daemon, const struct bx_interface *interface,
		       const char *key, const char *const *names);
/* While it can still be found. */
void bx_object_removed(struct bx_daemon *daemon, const struct bx_interface *interface,
		       const char *key);
/* @values is put. */
void bx_object_signal(struct bx_daemon *daemon, const struct bx_interface *interface,
		      const char *key, const char *name, struct json_object *values);

/*
 * Says which members of @after, the properties of an object, are not what they were, and puts @before: the way to
 * bx_object_changed().
 */
void bx_object_compare(struct bx_daemon *daemon, const struct bx_interface *interface,
		       const char *key, struct json_object *before, struct json_object *after);

#endif
