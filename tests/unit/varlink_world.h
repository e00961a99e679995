/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A varlink service on a real socket and loop, with clients in the same process: what the tests of the varlink library
 * play with.
 */
#ifndef BX_TESTS_VARLINK_WORLD_H
#define BX_TESTS_VARLINK_WORLD_H

#include "daemon/varlink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/un.h>

#include <cmocka.h>

#define TEST "org.example.test"
#define CALL(method, parameters) \
	"{\"method\":\"" TEST "." method "\",\"parameters\":" parameters "}"

#define TEN(s) s s s s s s s s s s

struct world {
	char folder[64];
	struct sockaddr_un address;
	sd_event *event;
	struct bx_varlink *varlink;
	struct bx_varlink_call *kept[8]; /* calls that are answered later */
	unsigned int kept_count, gone, handled;
	int reply_when_gone;
	int count_result; /* of the last reply that Count tried */
};

struct client {
	struct world *world;
	int fd;
	char *text;
	size_t begin, end, size;
};

/* What a message may be in the service of most tests, so that it is soon too much. */
extern const struct bx_varlink_limits small;

void serve(struct world *world, const struct bx_varlink_limits *limits);
int setup(void **state);
int teardown(void **state);
bool settle(struct world *world);
void client_connect(struct world *world, struct client *client);
void client_free(struct client *client);
size_t client_write(struct client *client, const char *text, size_t length);
void say(struct client *client, const char *message);
bool client_read(struct client *client);
const char *hear(struct client *client);
void hears(struct client *client, const char *expected);
void is_closed(struct client *client);
void is_open_and_silent(struct client *client);

#define _cleanup_client_ _cleanup_(client_free)
#define TEST_CASE(f)	 cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
