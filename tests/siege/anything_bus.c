// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The half of bx-anything that is about D-Bus. What there is to call is found by introspection from the root on, again and again,
 * since objects come and go; what is gone since the last walk is called all the same.
 */
#include "tests/siege/anything.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define SERVICE		"org.byteexpress.bx1"
#define LOG_CONTROL	"org.freedesktop.LogControl1"
#define PROPERTIES	"org.freedesktop.DBus.Properties"

#define WALK_EVERY	150 /* turns */
#define BATCH_MAX	24
#define NODES_MAX	2048
#define MEMBERS_MAX	256
#define SIGNATURE_MAX	64
#define DEPTH_MAX	40 /* of one type: more than D-Bus allows, which is for the library to say */
#define DESCRIPTORS_MAX 8 /* of one message; the bus takes 16 */
#define NEST_MAX \
	48 /* of values: what is deeper than 64 in all is the bus's to refuse, and the connection's end */
#define ELEMENTS_SHORT	4
#define ELEMENTS_LONG	5000
#define ELEMENTS_BUDGET 20000 /* of one message */

enum kind {
	METHOD,
	READ,
	WRITE,
};

static const char *const kinds[] = { "method", "read", "write" };

struct member {
	enum kind kind;
	char *interface, *name, signature[SIGNATURE_MAX];
	unsigned int called, refused;
};

struct node {
	char *path, *xml;
};

static sd_bus *bus;
static struct member members[MEMBERS_MAX];
static struct node nodes[NODES_MAX];
static size_t member_count, node_count, turns;
static unsigned int waiting, answered, impossible;
static unsigned int descriptors; /* in this message */
static struct member *batch[BATCH_MAX];
static size_t batch_count;
static bool log_touched;

/* ---------------------------------------------------------------- introspection data */

/* The value of an attribute of the tag that begins at @tag; empty if it has none. sd-bus writes it, so that it needs no more. */
static void attribute(const char *tag, const char *name, char *value, size_t size)
{
	const char *end = strchr(tag, '>'), *p;
	size_t n = strlen(name), length;

	*value = 0;
	for (p = strchr(tag, ' '); p && p < end; p = strchr(p + 1, ' ')) {
		if (strncmp(p + 1, name, n) != 0 || strncmp(p + 1 + n, "=\"", 2) != 0)
			continue;
		p += n + 3;
		length = strcspn(p, "\"");
		if (length >= size)
			anything_broken("introspection: %.40s... is too long", p);
		memcpy(value, p, length);
		value[length] = 0;
		return;
	}
}

static void remember(enum kind kind, const char *interface, const char *name, const char *signature)
{
	struct member *member;

	for (size_t i = 0; i < member_count; i++)
		if (members[i].kind == kind && strcmp(members[i].name, name) == 0 &&
		    strcmp(members[i].interface, interface) == 0)
			return;
	if (member_count == MEMBERS_MAX)
		anything_broken("there are more than %d members", MEMBERS_MAX);
	member = &members[member_count++];
	*member = (struct member){ .kind = kind };
	member->interface = anything_memory(strdup(interface));
	member->name = anything_memory(strdup(name));
	snprintf(member->signature, sizeof(member->signature), "%s", signature);
}

/* The methods and properties in @xml. What is in the end of a method comes with its last argument. */
static void take_members(const char *xml)
{
	char interface[256] = "", method[256] = "", signature[SIGNATURE_MAX] = "", text[256],
	     type[SIGNATURE_MAX];

	for (const char *tag = strchr(xml, '<'); tag; tag = strchr(tag + 1, '<')) {
		if (strncmp(tag, "<interface ", 11) == 0) {
			attribute(tag, "name", interface, sizeof(interface));
		} else if (strncmp(tag, "<method ", 8) == 0) {
			attribute(tag, "name", method, sizeof(method));
			*signature = 0;
		} else if (strncmp(tag, "<arg ", 5) == 0) {
			attribute(tag, "direction", text, sizeof(text));
			attribute(tag, "type", type, sizeof(type));
			if (strcmp(text, "in") == 0 &&
			    strlen(signature) + strlen(type) < sizeof(signature))
				strcat(signature, type);
		} else if (strncmp(tag, "<property ", 10) == 0) {
			attribute(tag, "name", text, sizeof(text));
			attribute(tag, "type", type, sizeof(type));
			remember(READ, interface, text, "");
			/* Those, too, that say they cannot be written. */
			remember(WRITE, interface, text, type);
		}
		if (*method &&
		    (strncmp(tag, "</method>", 9) == 0 ||
		     (strncmp(tag, "<method ", 8) == 0 && strchr(tag, '>')[-1] == '/'))) {
			remember(METHOD, interface, method, signature);
			*method = 0;
		}
	}
}

static void take_node(const char *path, const char *xml)
{
	if (node_count == NODES_MAX)
		anything_broken("there are more than %d objects", NODES_MAX);
	nodes[node_count++] =
		(struct node){ anything_memory(strdup(path)), anything_memory(strdup(xml)) };
}

static void forget_nodes(void)
{
	while (node_count > 0) {
		node_count--;
		free(nodes[node_count].path);
		free(nodes[node_count].xml);
	}
}

static int walk(const char *path)
{
	sd_bus_message *reply = NULL;
	const char *xml;
	int r;

	r = sd_bus_call_method(bus, SERVICE, path, "org.freedesktop.DBus.Introspectable",
			       "Introspect", NULL, &reply, NULL);
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &xml);
	if (r >= 0) {
		take_node(path, xml);
		take_members(xml);
	}
	for (const char *tag = r < 0 ? NULL : strstr(xml, "<node name="); tag;
	     tag = strstr(tag + 1, "<node name=")) {
		char name[256], *child;

		attribute(tag, "name", name, sizeof(name));
		if (asprintf(&child, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name) < 0)
			anything_broken("there is no memory");
		/* It may have gone meanwhile. */
		walk(child);
		free(child);
	}
	sd_bus_message_unref(reply);
	return r;
}

/* An object that has the interface; sometimes one that has not, or none. */
static const char *path_with(const char *interface)
{
	size_t start = anything_below(node_count);
	char *wanted = NULL;
	const char *path = nodes[start].path;

	if (anything_one_in(12))
		return anything_one_in(2) ? path : "/org/byteexpress/bx1/device/_5f_zz";
	if (asprintf(&wanted, "<interface name=\"%s\">", interface) < 0)
		anything_broken("there is no memory");
	for (size_t i = 0; i < node_count; i++) {
		struct node *node = &nodes[(start + i) % node_count];

		if (strstr(node->xml, wanted)) {
			path = node->path;
			break;
		}
	}
	free(wanted);
	return path;
}

/* ---------------------------------------------------------------- signatures */

/* The length of the first whole type in @signature. */
static size_t type_length(const char *signature)
{
	size_t n = 1;

	if (*signature == 'a')
		return 1 + type_length(signature + 1);
	if (*signature != '(' && *signature != '{')
		return 1;
	while (signature[n] != ')' && signature[n] != '}')
		n += type_length(signature + n);
	return n + 1;
}

/* Puts any whole type behind what is in @signature. Array and structure within each other, as deep as the room is for. */
static void any_type(char *signature, size_t size, unsigned int depth)
{
	static const char basic[] = "ybnqiuxtdsogh";
	size_t n = strlen(signature);
	uint32_t kind = anything_below(20);

	if (n + 8 >= size || depth > DEPTH_MAX || kind < 8) {
		signature[n] = basic[anything_below(sizeof(basic) - 1)];
		signature[n + 1] = 0;
	} else if (kind < 10) {
		strcpy(signature + n, "v");
	} else if (kind < 15) {
		strcpy(signature + n, "a");
		any_type(signature, size, depth + 1);
	} else if (kind < 18) {
		strcpy(signature + n, "(");
		any_type(signature, size - 1, depth + 1);
		if (anything_one_in(2))
			any_type(signature, size - 1, depth + 1);
		strcat(signature, ")");
	} else {
		strcpy(signature + n, "a{");
		signature[n + 2] = basic[anything_below(sizeof(basic) - 1)];
		signature[n + 3] = 0;
		any_type(signature, size - 1, depth + 1);
		strcat(signature, "}");
	}
}

/* ---------------------------------------------------------------- values */

static int append_values(sd_bus_message *message, const char *signature, unsigned int depth,
			 unsigned int *budget);

static int append_basic(sd_bus_message *message, char type)
{
	static const uint64_t numbers[] = { 0,		1,	    2,	       0x7f,
					    0xff,	0x7fff,	    0xffff,    0x7fffffff,
					    0x80000000, 0xffffffff, INT64_MAX, (uint64_t)INT64_MIN,
					    UINT64_MAX };
	uint64_t number = anything_one_in(3) ? anything_number() : numbers[anything_below(13)];
	double fraction = anything_fraction();
	int truth = anything_below(2), r, nothing = STDIN_FILENO;
	char *text = NULL;

	switch (type) {
	case 'b':
		return sd_bus_message_append_basic(message, type, &truth);
	case 'd':
		return sd_bus_message_append_basic(message, type, &fraction);
	case 'h':
		if (descriptors++ >= DESCRIPTORS_MAX)
			return -E2BIG;
		return sd_bus_message_append_basic(message, type, &nothing);
	case 'o':
		return sd_bus_message_append_basic(message, type,
						   nodes[anything_below(node_count)].path);
	case 'g':
		return sd_bus_message_append_basic(message, type,
						   anything_one_in(2) ? "" : "a(sa{sv})");
	case 's':
		text = anything_text();
		r = sd_bus_message_append_basic(message, type, text);
		free(text);
		return r;
	}
	/* Of a smaller number the library takes the first bytes. */
	return sd_bus_message_append_basic(message, type, &number);
}

/* One level of variant within variant, as deep as was chosen. */
static int append_nest(sd_bus_message *message, unsigned int depth)
{
	int r;

	if (depth == 0)
		return sd_bus_message_append(message, "v", "s", "in there");
	r = sd_bus_message_open_container(message, 'v', "v");
	if (r >= 0)
		r = append_nest(message, depth - 1);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_variant(sd_bus_message *message, unsigned int depth, unsigned int *budget)
{
	char type[SIGNATURE_MAX] = "";
	int r;

	if (depth > NEST_MAX || (depth < 3 && anything_one_in(16)))
		return append_nest(message, depth < 3 ? anything_below(NEST_MAX) : 0);
	/* What options are. */
	if (anything_one_in(3))
		strcpy(type, anything_one_in(2) ? "s" : "b");
	else
		any_type(type, 16, 0);
	r = sd_bus_message_open_container(message, 'v', type);
	if (r >= 0)
		r = append_values(message, type, depth + 1, budget);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

/* Of a dictionary of strings, with settings, options or anything. */
static int append_key(sd_bus_message *message, const char *type)
{
	char *name, *value;
	int r;

	if (type[1] == 's' && type[2] == 's') {
		anything_setting(&name, &value);
		r = sd_bus_message_append(message, "ss", name, value);
		free(name);
		free(value);
		return r < 0 ? r : 1;
	}
	if (type[1] != 's' || anything_one_in(4))
		return append_basic(message, type[1]) < 0 ? -EINVAL : 0;
	r = sd_bus_message_append_basic(message, 's', anything_option());
	return r < 0 ? r : 0;
}

static int append_entry(sd_bus_message *message, const char *type, unsigned int depth,
			unsigned int *budget)
{
	char inner[SIGNATURE_MAX], value[SIGNATURE_MAX];
	size_t length = type_length(type);
	int r;

	snprintf(inner, sizeof(inner), "%.*s", (int)length - 2, type + 1);
	snprintf(value, sizeof(value), "%.*s", (int)length - 3, type + 2);
	r = sd_bus_message_open_container(message, 'e', inner);
	if (r >= 0)
		r = append_key(message, type);
	if (r == 0)
		r = append_values(message, value, depth + 1, budget);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_array(sd_bus_message *message, const char *type, unsigned int depth,
			unsigned int *budget)
{
	uint32_t n =
		anything_below(anything_one_in(40) && depth == 0 ? ELEMENTS_LONG : ELEMENTS_SHORT);
	char inner[SIGNATURE_MAX];
	int r;

	/* One option that is none ends a call, so there are mostly none. */
	if (depth == 0 && strncmp(type, "{sv}", 4) == 0 && !anything_one_in(3))
		n = 0;
	snprintf(inner, sizeof(inner), "%.*s", (int)type_length(type), type);
	r = sd_bus_message_open_container(message, 'a', inner);
	for (; r >= 0 && n > 0 && *budget > 0; n--, --*budget)
		r = *type == '{' ? append_entry(message, type, depth, budget)
				 : append_values(message, inner, depth + 1, budget);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_values(sd_bus_message *message, const char *signature, unsigned int depth,
			 unsigned int *budget)
{
	int r = 0;

	for (; r >= 0 && *signature; signature += type_length(signature)) {
		char inner[SIGNATURE_MAX];

		if (*signature == 'a') {
			r = append_array(message, signature + 1, depth, budget);
		} else if (*signature == 'v') {
			r = append_variant(message, depth, budget);
		} else if (*signature == '(') {
			snprintf(inner, sizeof(inner), "%.*s", (int)type_length(signature) - 2,
				 signature + 1);
			r = sd_bus_message_open_container(message, 'r', inner);
			if (r >= 0)
				r = append_values(message, inner, depth + 1, budget);
			if (r >= 0)
				r = sd_bus_message_close_container(message);
		} else {
			r = append_basic(message, *signature);
		}
	}
	return r;
}

/* ---------------------------------------------------------------- calls */

/* Errors that say that there was no answer: by the bus, or by the library itself. */
static const char *const no_answers[] = {
	SD_BUS_ERROR_NO_REPLY,	      SD_BUS_ERROR_TIMEOUT,	      SD_BUS_ERROR_DISCONNECTED,
	SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
};

/* Any of those that were sent with it may be what did it. */
static _Noreturn void unanswered(const struct member *member, const sd_bus_error *said)
{
	fprintf(stderr, "sent together:");
	for (size_t i = 0; i < batch_count; i++)
		fprintf(stderr, " %s %s.%s", kinds[batch[i]->kind], batch[i]->interface,
			batch[i]->name);
	fputc('\n', stderr);
	anything_broken("%s.%s had no answer: %s, %s", member->interface, member->name, said->name,
			said->message);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const sd_bus_error *said = sd_bus_message_get_error(reply);
	struct member *member = userdata;

	waiting--;
	answered++;
	if (!said)
		return 0;
	member->refused++;
	for (size_t i = 0; i < sizeof(no_answers) / sizeof(*no_answers); i++)
		if (sd_bus_error_has_name(said, no_answers[i]))
			unanswered(member, said);
	return 0;
}

static int make_call(struct member *member, sd_bus_message **ret)
{
	const char *path = path_with(member->interface);
	unsigned int budget = ELEMENTS_BUDGET;
	char any[SIGNATURE_MAX] = "";
	const char *signature = member->signature;
	int r;

	if (anything_one_in(10)) {
		for (uint32_t n = anything_below(4); n > 0 && strlen(any) < 32; n--)
			any_type(any, anything_one_in(4) ? sizeof(any) : 16, 0);
		signature = any;
	}
	if (member->kind == METHOD) {
		r = sd_bus_message_new_method_call(bus, ret, SERVICE, path, member->interface,
						   member->name);
		return r < 0 ? r : append_values(*ret, signature, 0, &budget);
	}
	r = sd_bus_message_new_method_call(bus, ret, SERVICE, path, PROPERTIES,
					   member->kind == READ ? "Get" : "Set");
	if (r >= 0)
		r = sd_bus_message_append(*ret, "ss", member->interface, member->name);
	if (r < 0 || member->kind == READ)
		return r;
	/* A variant has one type. */
	if (signature[type_length(signature)] || !*signature)
		signature = "v";
	r = sd_bus_message_open_container(*ret, 'v', signature);
	if (r >= 0)
		r = append_values(*ret, signature, 1, &budget);
	return r < 0 ? r : sd_bus_message_close_container(*ret);
}

/* First what was never called; and methods more often than all the properties that there are. */
static struct member *any_member(void)
{
	struct member *member = &members[anything_below(member_count)];
	bool first = anything_one_in(2);

	for (size_t i = 0; first && i < member_count; i++)
		if (!members[i].called)
			return &members[i];
	return member->kind == METHOD || anything_one_in(3)
		       ? member
		       : &members[anything_below(member_count)];
}

static void call_something(void)
{
	struct member *member = batch[batch_count++] = any_member();
	sd_bus_message *message = NULL;
	int r;

	descriptors = 0;
	log_touched |= member->kind == WRITE && strcmp(member->interface, LOG_CONTROL) == 0;
	r = make_call(member, &message);
	if (r >= 0 && anything_one_in(16))
		r = sd_bus_message_set_allow_interactive_authorization(message, true);
	if (r < 0) {
		/* More than the library lets anybody send. */
		impossible++;
	} else if (anything_one_in(32)) {
		/* Nobody waits for what comes of it. */
		member->called++;
		r = sd_bus_message_set_expect_reply(message, false);
		if (r >= 0)
			r = sd_bus_send(bus, message, NULL);
	} else {
		member->called++;
		waiting++;
		r = sd_bus_call_async(bus, NULL, message, on_reply, member,
				      ANSWER_SECONDS * 1000000ULL);
	}
	if (r < 0 && sd_bus_is_open(bus) <= 0)
		anything_broken("%s.%s lost the connection to the bus", member->interface,
				member->name);
	sd_bus_message_unref(message);
}

static void wait_for_all(void)
{
	while (waiting > 0) {
		int r = sd_bus_process(bus, NULL);

		if (r == 0)
			r = sd_bus_wait(bus, ANSWER_SECONDS * 1000000ULL);
		if (r < 0)
			anything_broken("the connection to the bus is lost: %s", strerror(-r));
	}
}

/* What bxd says is what the case looks at afterwards, so it is to go on saying it. */
static void restore_log(void)
{
	static const char *const values[][2] = { { "LogLevel", "info" },
						 { "LogTarget", "journal" } };

	for (size_t i = 0; i < 2; i++) {
		int r = sd_bus_set_property(bus, SERVICE, "/org/freedesktop/LogControl1",
					    LOG_CONTROL, values[i][0], NULL, "s", values[i][1]);

		if (r < 0)
			anything_broken("%s cannot be set: %s", values[i][0], strerror(-r));
	}
}

static void look_around(void)
{
	int r;

	forget_nodes();
	r = walk("/");
	if (r < 0)
		anything_broken("introspection failed: %s", strerror(-r));
}

void anything_bus_turn(void)
{
	uint32_t n = anything_one_in(3) ? 1 + anything_below(BATCH_MAX) : 1;

	if (turns++ % WALK_EVERY == 0)
		look_around();
	batch_count = 0;
	while (n-- > 0)
		call_something();
	wait_for_all();
	if (log_touched)
		restore_log();
	log_touched = false;
}

int anything_bus_open(void)
{
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, ANSWER_SECONDS * 1000000ULL);
	return r;
}

static bool all_called(void)
{
	for (size_t i = 0; i < member_count; i++)
		if (!members[i].called)
			return false;
	return member_count > 0;
}

/* What was called may have made what was not there when it was last looked. */
bool anything_bus_complete(void)
{
	if (!all_called())
		return false;
	look_around();
	return all_called();
}

void anything_bus_close(void)
{
	for (size_t i = 0; i < member_count; i++) {
		struct member *member = &members[i];

		printf("%-6s %s.%s: called %u times, refused %u\n", kinds[member->kind],
		       member->interface, member->name, member->called, member->refused);
	}
	printf("D-Bus: %zu members at %zu objects, %u answers, %u calls that cannot be sent\n",
	       member_count, node_count, answered, impossible);
	sd_bus_flush_close_unref(bus);
	for (size_t i = 0; i < member_count; i++) {
		free(members[i].interface);
		free(members[i].name);
	}
	forget_nodes();
}
