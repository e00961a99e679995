// SPDX-License-Identifier: GPL-2.0-or-later
/* The service and its clients; see varlink_world.h. */
#include "tests/unit/varlink_world.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---------------------------------------------------------------- the interface under test */

static void gone(struct bx_varlink_call *call, void *userdata)
{
	struct world *world = userdata;

	world->gone++;
	world->reply_when_gone = bx_varlink_reply(call, NULL);
	assert_int_equal(bx_varlink_reply_more(call, NULL), -ECONNRESET);
	for (size_t i = 0; i < world->kept_count; i++)
		if (world->kept[i] == call)
			world->kept[i] = world->kept[--world->kept_count];
}

static int count(struct world *world, struct bx_varlink_call *call, struct json_object *parameters)
{
	struct json_object *to;
	const struct bx_varlink_parameter table[] = { { "to", json_type_int, &to, false }, { 0 } };

	if (!bx_varlink_parameters(call, parameters, table))
		return 0;
	if (!bx_varlink_call_wants_more(call)) {
		assert_int_equal(bx_varlink_reply_more(call, NULL), -EINVAL);
		bx_varlink_expected_more(call);
		return 0;
	}
	for (int64_t i = 1, last = json_object_get_int64(to); i <= last; i++) {
		_cleanup_(json_object_putp) struct json_object *reply = json_object_new_object();

		json_object_object_add(reply, "n", json_object_new_int64(i));
		world->count_result = i < last ? bx_varlink_reply_more(call, reply)
					       : bx_varlink_reply(call, reply);
	}
	return 0;
}

static int typed(struct bx_varlink_call *call, struct json_object *parameters)
{
	struct json_object *number, *text, *real, *list;
	const struct bx_varlink_parameter table[] = {
		{ "number", json_type_int, &number, false },
		{ "text", json_type_string, &text, true },
		{ "real", json_type_double, &real, true },
		{ "list", json_type_array, &list, true },
		{ 0 },
	};
	_cleanup_(json_object_putp) struct json_object *reply = NULL;

	if (!bx_varlink_parameters(call, parameters, table))
		return 0;
	reply = json_object_new_object();
	json_object_object_add(reply, "text", json_object_new_boolean(text != NULL));
	json_object_object_add(reply, "real", json_object_new_boolean(real != NULL));
	bx_varlink_reply(call, reply);
	return 0;
}

static int who(struct bx_varlink_call *call)
{
	_cleanup_(json_object_putp) struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "uid", json_object_new_int64(bx_varlink_call_uid(call)));
	json_object_object_add(reply, "pid", json_object_new_int64(bx_varlink_call_pid(call)));
	bx_varlink_reply(call, reply);
	return 0;
}

static int test_call(struct bx_varlink_call *call, const char *method,
		     struct json_object *parameters, void *userdata)
{
	struct world *world = userdata;

	world->handled++;
	if (bx_streq(method, "Echo")) {
		bx_varlink_reply(call, parameters);
	} else if (bx_streq(method, "Keep")) {
		assert_true(world->kept_count < ARRAY_SIZE(world->kept));
		world->kept[world->kept_count++] = call;
		bx_varlink_call_on_gone(call, gone, world);
	} else if (bx_streq(method, "Count")) {
		return count(world, call, parameters);
	} else if (bx_streq(method, "Typed")) {
		return typed(call, parameters);
	} else if (bx_streq(method, "Who")) {
		return who(call);
	} else if (bx_streq(method, "Oneway")) {
		assert_true(bx_varlink_call_is_oneway(call));
		assert_string_equal(bx_varlink_call_method(call), TEST ".Oneway");
		bx_varlink_reply(call, NULL);
	} else if (bx_streq(method, "Denied")) {
		bx_varlink_permission_denied(call);
	} else if (bx_streq(method, "Busy")) {
		bx_varlink_error(call, TEST ".Busy", parameters);
	} else if (bx_streq(method, "Later")) {
		bx_varlink_method_not_implemented(call);
	} else if (bx_streq(method, "NoAnswer")) {
		return -ENOMEM;
	} else if (bx_streq(method, "KeepNoAnswer")) {
		bx_varlink_call_on_gone(call, gone, world);
		return -EIO;
	} else if (bx_streq(method, "NoOwner")) {
		return 0;
	} else {
		bx_varlink_method_not_found(call);
	}
	return 0;
}

/* ---------------------------------------------------------------- the world */

static const struct bx_varlink_info info = { "Nobody", "A test", "1", "https://example.org/" };

const struct bx_varlink_limits small = {
	.message = 4000,
	.queue = 65536,
	.connections = 128,
	.connections_per_uid = 120,
};

static struct bx_varlink_interface test_interface = {
	.name = TEST,
	.description = "interface " TEST "\n",
	.call = test_call,
};

static const struct bx_varlink_interface *const interfaces[] = { &test_interface, NULL };

static int listening_socket(struct world *world)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	world->address.sun_family = AF_UNIX;
	snprintf(world->address.sun_path, sizeof(world->address.sun_path), "%s/socket",
		 world->folder);
	unlink(world->address.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&world->address, sizeof(world->address)) < 0 ||
	    listen(fd, 128) < 0)
		return -errno;
	return chmod(world->address.sun_path, 0666) < 0 ? -errno : fd;
}

void serve(struct world *world, const struct bx_varlink_limits *limits)
{
	int fd = listening_socket(world);

	assert_true(fd >= 0);
	test_interface.userdata = world;
	bx_varlink_free(world->varlink);
	world->varlink = NULL;
	assert_int_equal(bx_varlink_new(world->event, &info, interfaces, limits, &world->varlink),
			 0);
	assert_int_equal(bx_varlink_listen(world->varlink, fd), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	*state = world;
	strcpy(world->folder, "/tmp/bx-varlink-XXXXXX");
	if (!mkdtemp(world->folder) || chmod(world->folder, 0755) < 0 ||
	    sd_event_new(&world->event) < 0)
		return -1;
	serve(world, &small);
	return 0;
}

int teardown(void **state)
{
	struct world *world = *state;

	bx_varlink_free(world->varlink);
	sd_event_unref(world->event);
	unlink(world->address.sun_path);
	rmdir(world->folder);
	free(world);
	return 0;
}

/* Lets the service do what there is to do; false if there is no end of it. */
bool settle(struct world *world)
{
	for (int i = 0; i < 100000; i++)
		if (sd_event_run(world->event, 0) <= 0)
			return true;
	return false;
}

void client_connect(struct world *world, struct client *client)
{
	*client = (struct client){ .world = world };
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(client->fd >= 0);
	assert_int_equal(
		connect(client->fd, (struct sockaddr *)&world->address, sizeof(world->address)), 0);
}

void client_free(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	free(client->text);
	client->text = NULL;
}

/* What was taken of it. */
size_t client_write(struct client *client, const char *text, size_t length)
{
	ssize_t n = send(client->fd, text, length, MSG_NOSIGNAL);

	return n < 0 ? 0 : n;
}

/* A message with the zero byte that ends it. */
void say(struct client *client, const char *message)
{
	assert_int_equal(client_write(client, message, strlen(message) + 1), strlen(message) + 1);
}

/* Reads once more. False: the connection is closed. */
bool client_read(struct client *client)
{
	ssize_t n;

	if (client->size - client->end < 65536) {
		client->size = client->end + 262144;
		client->text = realloc(client->text, client->size);
		assert_non_null(client->text);
	}
	n = recv(client->fd, client->text + client->end, client->size - client->end, 0);
	if (n > 0)
		client->end += n;
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* The next message, or NULL: there is none. */
const char *hear(struct client *client)
{
	const char *message;
	char *end = NULL;

	for (int i = 0; i < 200; i++) {
		bool open;

		if (client->text)
			end = memchr(client->text + client->begin, 0, client->end - client->begin);
		if (end)
			break;
		assert_true(settle(client->world));
		open = client_read(client);
		if (!open || i == 199) {
			if (client->text)
				end = memchr(client->text + client->begin, 0,
					     client->end - client->begin);
			break;
		}
	}
	if (!end)
		return NULL;
	message = client->text + client->begin;
	client->begin = end + 1 - client->text;
	return message;
}

void hears(struct client *client, const char *expected)
{
	const char *message = hear(client);

	assert_non_null(message);
	assert_string_equal(message, expected);
}

/* Nothing but the end comes. */
void is_closed(struct client *client)
{
	assert_null(hear(client));
	assert_int_equal(client->begin, client->end);
	assert_false(client_read(client));
}

void is_open_and_silent(struct client *client)
{
	assert_true(settle(client->world));
	assert_true(client_read(client));
	assert_int_equal(client->begin, client->end);
}
