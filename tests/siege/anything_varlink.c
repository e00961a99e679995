// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The half of bx-anything that is about varlink. Calls are made from what the service says of its interfaces. What is a call must be
 * answered, whatever is in it; what is none must end the connection; and bxd must be there for the next one.
 */
#include "tests/siege/anything.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_PATH  "/run/bxd/org.byteexpress.bx1"
#define SERVICE	     "org.varlink.service"
#define METHODS_MAX  128
#define REPLY_MAX    (16 << 20)
#define MESSAGE_MAX  (1 << 20) /* what bxd reads of one; a longer one ends the connection */
#define DEPTH_MAX    12 /* of values within a call that is one */
#define ELEMENTS_MAX 4

struct method {
	char *name; /* with the interface's */
	char *parameters; /* "(id: string, …)" */
	unsigned int called, refused;
};

static struct method methods[METHODS_MAX];
static size_t method_count;
static unsigned int nonsense, left;

/* ---------------------------------------------------------------- connections */

static int connect_service(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET_PATH };
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		anything_broken("varlink: no connection: %s", strerror(errno));
	return fd;
}

/* False: the other side has closed. */
static bool send_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = send(fd, data, length, MSG_NOSIGNAL);

		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return false;
		if (n < 0)
			anything_broken("varlink: %zu bytes were not taken in %d s: %s", length,
					ANSWER_SECONDS, strerror(errno));
		data += n;
		length -= n;
	}
	return true;
}

/* One message, to be freed; NULL if the connection was closed instead. @what is for the complaint that nothing comes. */
static char *receive(int fd, const char *what)
{
	size_t size = 1 << 16, n = 0;
	char *data = anything_memory(malloc(size));

	for (;;) {
		/* Looked at first: what comes behind the end of this message is the next one. */
		ssize_t got = recv(fd, data + n, size - n, MSG_PEEK);
		char *end = got > 0 ? memchr(data + n, 0, got) : NULL;

		if (got < 0 && errno != ECONNRESET)
			anything_broken("varlink: nothing came of %.2000s", what);
		if (got <= 0 ||
		    recv(fd, data + n, end ? end + 1 - data - n : (size_t)got, 0) <= 0) {
			free(data);
			return NULL;
		}
		if (end)
			return data;
		n += got;
		if (n == size) {
			size *= 2;
			if (size > REPLY_MAX)
				anything_broken("varlink: a reply is longer than %d bytes",
						REPLY_MAX);
			data = anything_memory(realloc(data, size));
		}
	}
}

/* ---------------------------------------------------------------- JSON */

static void put_string(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20)
			fprintf(to, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, to);
	}
	fputc('"', to);
}

static void put_text(FILE *to)
{
	char *text = anything_text();

	put_string(to, text);
	free(text);
}

static void put_anything(FILE *to, unsigned int depth)
{
	static const char *const plain[] = { "null",
					     "true",
					     "false",
					     "0",
					     "-1",
					     "1e308",
					     "0.5",
					     "-0",
					     "9223372036854775807",
					     "-9223372036854775808",
					     "1e-400",
					     "[]",
					     "{}",
					     "\"\"" };
	uint32_t kind = anything_below(depth < DEPTH_MAX ? 10 : 7);

	if (kind < 5) {
		fputs(plain[anything_below(14)], to);
	} else if (kind < 7) {
		put_text(to);
	} else if (kind < 8) {
		fputc('[', to);
		for (uint32_t n = anything_below(ELEMENTS_MAX); n > 0; n--) {
			put_anything(to, depth + 1);
			if (n > 1)
				fputc(',', to);
		}
		fputc(']', to);
	} else {
		/* No name twice, which would be no message. */
		fputc('{', to);
		for (uint32_t n = anything_below(ELEMENTS_MAX); n > 0; n--) {
			fprintf(to, "\"%s%u\":", anything_option(), n);
			put_anything(to, depth + 1);
			if (n > 1)
				fputc(',', to);
		}
		fputc('}', to);
	}
}

/* ---------------------------------------------------------------- values of a type, as it is written in the interface */

static void put_type(FILE *to, const char **type);

static void skip_blanks(const char **type)
{
	*type += strspn(*type, " \t\n");
}

/* "(name: type, …)" */
static void put_structure(FILE *to, const char **type)
{
	const char *comma = "";

	fputc('{', to);
	++*type;
	skip_blanks(type);
	while (**type != ')') {
		size_t length = strcspn(*type, ":,)");
		bool optional = strchr(*type, '?') == *type + length + 2,
		     given = !optional || anything_one_in(2);
		FILE *nowhere = given ? NULL : fopen("/dev/null", "w");

		if ((*type)[length] != ':')
			anything_broken("varlink: '%.40s' is no field", *type);
		if (given)
			fprintf(to, "%s\"%.*s\":", comma, (int)length, *type);
		*type += length + 1;
		skip_blanks(type);
		put_type(given ? to : anything_memory(nowhere), type);
		if (nowhere)
			fclose(nowhere);
		if (given)
			comma = ",";
		*type += strspn(*type, ", \t\n");
	}
	++*type;
	fputc('}', to);
}

static void put_settings(FILE *to)
{
	char names[8][64];
	uint32_t count = 0;

	fputc('{', to);
	for (uint32_t n = anything_below(8); n > 0; n--) {
		char *name, *value;
		bool there = false;

		anything_setting(&name, &value);
		for (uint32_t i = 0; i < count; i++)
			there |= strncmp(names[i], name, sizeof(names[i]) - 1) == 0;
		if (!there) {
			snprintf(names[count++], sizeof(names[0]), "%s", name);
			fputs(count > 1 ? "," : "", to);
			put_string(to, name);
			fputc(':', to);
			put_string(to, value);
		}
		free(name);
		free(value);
	}
	fputc('}', to);
}

static void put_list(FILE *to, const char **type)
{
	const char *element = *type;

	fputc('[', to);
	/* Once at least, so that it is known where the type ends. */
	for (uint32_t n = 1 + anything_below(ELEMENTS_MAX); n > 0; n--) {
		*type = element;
		put_type(to, type);
		fputs(n > 1 ? "," : "", to);
	}
	fputc(']', to);
}

static void put_type(FILE *to, const char **type)
{
	size_t length;

	if (**type == '?')
		++*type;
	if (strncmp(*type, "[]", 2) == 0) {
		*type += 2;
		put_list(to, type);
		return;
	}
	if (strncmp(*type, "[string]", 8) == 0) {
		*type += 8 + strcspn(*type + 8, ",) \n");
		put_settings(to);
		return;
	}
	if (**type == '(') {
		put_structure(to, type);
		return;
	}
	length = strcspn(*type, ",) \n");
	if (anything_one_in(12))
		put_anything(to, 4);
	else if (strncmp(*type, "string", length) == 0)
		put_text(to);
	else if (strncmp(*type, "bool", length) == 0)
		fputs(anything_one_in(2) ? "true" : "false", to);
	else if (strncmp(*type, "int", length) == 0)
		fprintf(to, "%d", (int)anything_number());
	else
		put_anything(to, 4);
	*type += length;
}

/* ---------------------------------------------------------------- what there is */

static void remember(const char *interface, const char *name, size_t length, const char *parameters)
{
	if (method_count == METHODS_MAX)
		anything_broken("varlink: there are more than %d methods", METHODS_MAX);
	if (asprintf(&methods[method_count].name, "%s.%.*s", interface, (int)length, name) < 0)
		anything_broken("there is no memory");
	methods[method_count++].parameters = anything_memory(strdup(parameters));
}

/* What stands behind "method " at the beginning of a line, in JSON's own writing. */
static void take_methods(const char *interface, char *text)
{
	for (char *p = text; (p = strstr(p, "\\nmethod ")); p++) {
		char *name = p + 9, *end;
		size_t length = strcspn(name, "(");

		end = strstr(name, ") ->");
		if (!end)
			anything_broken("varlink: '%.40s' has no end", name);
		end[1] = 0;
		remember(interface, name, length, name + length);
		end[1] = ' ';
	}
}

static char *ask(const char *message)
{
	int fd = connect_service();
	char *reply;

	send_all(fd, message, strlen(message) + 1);
	reply = receive(fd, message);
	if (!reply)
		anything_broken("varlink: the connection was closed for %s", message);
	close(fd);
	return reply;
}

int anything_varlink_open(void)
{
	static const char *const interfaces[] = { SERVICE, "org.byteexpress.bx1" };

	for (size_t i = 0; i < 2; i++) {
		char *message, *reply;

		if (asprintf(&message,
			     "{\"method\":\"" SERVICE
			     ".GetInterfaceDescription\",\"parameters\":{\"interface\":\"%s\"}}",
			     interfaces[i]) < 0)
			return -ENOMEM;
		reply = ask(message);
		take_methods(interfaces[i], reply);
		free(reply);
		free(message);
	}
	return method_count < 10 ? -ENODATA : 0;
}

/* ---------------------------------------------------------------- turns */

/* What is a call but for what is in it. */
static char *make_call(struct method *method, size_t *length, bool *oneway, bool *more)
{
	const char *type = method->parameters;
	char *text = NULL;
	FILE *to = anything_memory(open_memstream(&text, length));

	*oneway = anything_one_in(16);
	*more = !*oneway && anything_one_in(4);
	fputs("{\"method\":", to);
	put_string(to, method->name);
	fputs(",\"parameters\":", to);
	if (anything_one_in(10))
		put_settings(to);
	else
		put_structure(to, &type);
	if (*oneway)
		fputs(",\"oneway\":true", to);
	if (*more)
		fputs(",\"more\":true", to);
	fputc('}', to);
	if (fclose(to))
		anything_broken("there is no memory");
	return text;
}

static bool is_monitor(const struct method *method)
{
	size_t length = strlen(method->name);

	return length > 8 && strcmp(method->name + length - 8, ".Monitor") == 0;
}

/* A monitor goes on for ever; what is there is told at once, and that it is all. */
static void wait_for_answer(int fd, struct method *method, const char *text, bool more)
{
	for (int n = 0; n < (more && is_monitor(method) ? 2 : 1); n++) {
		char *reply = receive(fd, text);
		bool refused;

		if (!reply)
			anything_broken("varlink: no answer to %.2000s", text);
		refused = strstr(reply, "\"error\":\"") != NULL;
		free(reply);
		if (refused) {
			method->refused++;
			return;
		}
	}
}

/* First what was never called. */
static struct method *any_method(void)
{
	bool first = anything_one_in(2);

	for (size_t i = 0; first && i < method_count; i++)
		if (!methods[i].called)
			return &methods[i];
	return &methods[anything_below(method_count)];
}

static void call_something(void)
{
	struct method *method = any_method();
	bool oneway, more, sent;
	size_t length;
	char *text = make_call(method, &length, &oneway, &more);
	int fd = connect_service();

	method->called++;
	sent = send_all(fd, text, length + 1);
	if (length <= MESSAGE_MAX) {
		if (!sent)
			anything_broken("varlink: the connection was closed for %.2000s", text);
		if (anything_one_in(16))
			left++; /* Whoever asks may be gone before it is answered. */
		else if (!oneway)
			wait_for_answer(fd, method, text, more);
	}
	close(fd);
	free(text);
}

/* A call that is broken somewhere, or bytes that never were one. */
static char *make_nonsense(size_t *length)
{
	struct method *method;
	bool oneway, more;
	char *text;

	if (anything_one_in(8)) {
		*length = anything_below(1u << anything_below(21));
		text = anything_memory(malloc(*length + 1));
		for (size_t i = 0; i < *length; i++)
			text[i] = anything_one_in(4096) ? 0 : "{[\"a:,1"[anything_below(7)];
		return text;
	}
	/* A monitor would go on for ever if the call is still one. */
	do
		method = &methods[anything_below(method_count)];
	while (is_monitor(method));
	text = make_call(method, length, &oneway, &more);
	for (uint32_t n = 1 + anything_below(4); n > 0; n--) {
		size_t at = anything_below(*length + 1);

		if (anything_one_in(3))
			*length = at;
		else
			text[at] = anything_number();
		text[*length] = 0;
	}
	return text;
}

/* Whatever comes of it, the end of what is sent must be answered with the end of the connection. */
static void send_nonsense(void)
{
	size_t length;
	char *text = make_nonsense(&length), *reply;
	int fd = connect_service();

	nonsense++;
	if (send_all(fd, text, length + anything_below(2)) && !anything_one_in(8)) {
		shutdown(fd, SHUT_WR);
		/* It can have become a call. */
		while ((reply = receive(fd, text)))
			free(reply);
	}
	close(fd);
	free(text);
}

/* Many calls without a look at what comes, and then the end. */
static void flood(void)
{
	int fd = connect_service();

	left++;
	for (uint32_t n = anything_below(200); n > 0; n--) {
		bool oneway, more;
		size_t length;
		char *text =
			make_call(&methods[anything_below(method_count)], &length, &oneway, &more);
		bool open = send(fd, text, length + 1, MSG_NOSIGNAL | MSG_DONTWAIT) ==
			    (ssize_t)length + 1;

		free(text);
		if (!open)
			break;
	}
	close(fd);
}

void anything_varlink_turn(void)
{
	uint32_t kind = anything_below(20);

	if (kind < 13)
		call_something();
	else if (kind < 19)
		send_nonsense();
	else
		flood();
}

bool anything_varlink_complete(void)
{
	for (size_t i = 0; i < method_count; i++)
		if (!methods[i].called)
			return false;
	return true;
}

void anything_varlink_close(void)
{
	for (size_t i = 0; i < method_count; i++) {
		printf("varlink %s: called %u times, refused %u\n", methods[i].name,
		       methods[i].called, methods[i].refused);
		free(methods[i].name);
		free(methods[i].parameters);
	}
	printf("varlink: %zu methods, %u times no call, %u times gone before the end\n",
	       method_count, nonsense, left);
}
