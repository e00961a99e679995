// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections of the varlink service: what becomes of clients that leave, stop reading, flood, or are too many. */
#include "tests/unit/varlink_world.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void the_owner_of_a_call_is_told_that_its_client_left(void **state)
{
	_cleanup_client_ struct client other;
	struct world *world = *state;
	struct client client;

	client_connect(world, &other);
	client_connect(world, &client);
	say(&client, CALL("Keep", "{}"));
	say(&client, CALL("Echo", "{}"));
	is_open_and_silent(&client);
	assert_int_equal(world->kept_count, 1);
	assert_int_equal(bx_varlink_connections(world->varlink), 2);
	client_free(&client);
	assert_int_equal(world->gone, 0);
	assert_true(settle(world));
	assert_int_equal(world->gone, 1);
	assert_int_equal(world->reply_when_gone, -ECONNRESET);
	assert_int_equal(world->kept_count, 0);
	assert_int_equal(bx_varlink_connections(world->varlink), 1);
	say(&other, CALL("Echo", "{}"));
	hears(&other, "{\"parameters\":{}}");
}

static void a_reply_to_a_client_that_just_left_is_harmless(void **state)
{
	struct world *world = *state;
	struct client client;

	for (int more = 0; more <= 1; more++) {
		client_connect(world, &client);
		say(&client, "{\"method\":\"" TEST ".Keep\",\"more\":true}");
		is_open_and_silent(&client);
		client_free(&client);
		/* Nobody has been told yet. */
		if (more)
			assert_int_equal(bx_varlink_reply_more(world->kept[0], NULL), -ECONNRESET);
		else
			assert_int_equal(bx_varlink_reply(world->kept[--world->kept_count], NULL),
					 -ECONNRESET);
		assert_true(settle(world));
		assert_int_equal(world->gone, more);
		assert_int_equal(bx_varlink_connections(world->varlink), 0);
	}
}

static void a_client_that_only_stops_listening_is_given_up(void **state)
{
	_cleanup_client_ struct client client;
	struct world *world = *state;

	client_connect(world, &client);
	say(&client, "{\"method\":\"" TEST ".Keep\",\"more\":true}");
	is_open_and_silent(&client);
	shutdown(client.fd, SHUT_RD);
	assert_int_equal(bx_varlink_reply_more(world->kept[0], NULL), -ECONNRESET);
	assert_int_equal(world->gone, 0);
	assert_true(settle(world));
	assert_int_equal(world->gone, 1);
}

static void a_client_that_has_said_everything_gets_its_answers(void **state)
{
	struct world *world = *state;

	for (int behind = 0; behind <= 1; behind++) {
		_cleanup_client_ struct client client;

		client_connect(world, &client);
		say(&client, CALL("Echo", "{\"a\":1}"));
		say(&client, CALL("Keep", "{}"));
		if (behind)
			say(&client, CALL("Echo", "{\"a\":2}"));
		assert_int_equal(client_write(&client, "{\"method\":", 10), 10);
		shutdown(client.fd, SHUT_WR);
		hears(&client, "{\"parameters\":{\"a\":1}}");
		is_open_and_silent(&client);
		assert_int_equal(world->kept_count, 1);
		assert_int_equal(bx_varlink_reply(world->kept[--world->kept_count], NULL), 0);
		hears(&client, "{\"parameters\":{}}");
		if (behind)
			hears(&client, "{\"parameters\":{\"a\":2}}");
		is_closed(&client);
		assert_int_equal(world->gone, 0);
	}
}

static struct json_object *long_reply(size_t size)
{
	struct json_object *reply = json_object_new_object();
	_cleanup_free_ char *text = malloc(size + 1);

	memset(text, 'x', size);
	text[size] = 0;
	json_object_object_add(reply, "text", json_object_new_string(text));
	return reply;
}

static void a_client_that_does_not_read_what_it_monitors_is_disconnected(void **state)
{
	_cleanup_(json_object_putp) struct json_object *reply = long_reply(1000);
	_cleanup_client_ struct client client, other;
	struct world *world = *state;
	size_t sent = 0, heard = 0;
	int r = 0;

	client_connect(world, &client);
	client_connect(world, &other);
	say(&client, "{\"method\":\"" TEST ".Keep\",\"more\":true}");
	is_open_and_silent(&client);
	while (r == 0 && sent < 10000) {
		r = bx_varlink_reply_more(world->kept[0], reply);
		sent += r == 0;
	}
	assert_int_equal(r, -ENOBUFS);
	/* The call is its owner's until it is told, which is later. */
	assert_int_equal(world->gone, 0);
	assert_int_equal(bx_varlink_reply_more(world->kept[0], reply), -ECONNRESET);
	assert_true(settle(world));
	assert_int_equal(world->gone, 1);
	assert_int_equal(bx_varlink_connections(world->varlink), 1);
	while (hear(&client))
		heard++;
	assert_true(heard < sent);
	/* What the queue's limit allows was kept for it, and one more. */
	assert_in_range(sent - heard, small.queue / 1100, small.queue / 1000 + 2);
	say(&other, CALL("Echo", "{}"));
	hears(&other, "{\"parameters\":{}}");
}

static void a_long_reply_is_read_in_peace(void **state)
{
	_cleanup_(json_object_putp) struct json_object *reply = long_reply(8 << 20);
	struct world *world = *state;

	for (int behind = 0; behind <= 1; behind++) {
		_cleanup_client_ struct client client;

		client_connect(world, &client);
		say(&client, "{\"method\":\"" TEST ".Keep\",\"more\":true}");
		if (behind)
			say(&client, CALL("Echo", "{}"));
		is_open_and_silent(&client);
		shutdown(client.fd, SHUT_WR);
		/* It does not fit the socket; the call goes on meanwhile. */
		assert_int_equal(bx_varlink_reply_more(world->kept[0], reply), 0);
		assert_true(strlen(hear(&client) ?: "") > 8 << 20);
		assert_int_equal(bx_varlink_reply(world->kept[--world->kept_count], reply), 0);
		assert_true(strlen(hear(&client) ?: "") > 8 << 20);
		if (behind)
			hears(&client, "{\"parameters\":{}}");
		is_closed(&client);
	}
}

static void a_client_that_reads_late_is_slowed_down_and_loses_nothing(void **state)
{
	_cleanup_client_ struct client client, other;
	struct world *world = *state;
	unsigned int asked = 0, handled;
	char call[2048], text[1000];

	client_connect(world, &client);
	client_connect(world, &other);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	/* As many as the sockets take. */
	for (int rest = 0; rest < 3; rest++) {
		size_t length, n;

		do {
			length = 1 + snprintf(call, sizeof(call),
					      CALL("Echo", "{\"n\":%u,\"t\":\"%s\"}"), asked, text);
			n = client_write(&client, call, length);
			/* Half a call is finished by the next one that fits. */
			while (n > 0 && n < length) {
				assert_true(settle(world));
				n += client_write(&client, call + n, length - n);
			}
			asked += n == length;
		} while (n == length && asked < 20000);
		assert_true(settle(world));
	}
	assert_in_range(asked, 100, 19999);
	handled = world->handled;
	assert_true(handled < asked);
	assert_int_equal(bx_varlink_connections(world->varlink), 2);
	say(&other, CALL("Echo", "{}"));
	hears(&other, "{\"parameters\":{}}");
	for (unsigned int i = 0; i < asked; i++) {
		const char *reply = hear(&client);

		assert_non_null(reply);
		snprintf(call, sizeof(call), "{\"parameters\":{\"n\":%u,\"t\":\"%s\"}}", i, text);
		assert_string_equal(reply, call);
	}
	is_open_and_silent(&client);
	assert_int_equal(world->handled, asked + 1);
}

static void a_flood_does_not_keep_the_others_waiting(void **state)
{
	static const char call[] = "{\"method\":\"" TEST ".Oneway\",\"oneway\":true}";
	_cleanup_client_ struct client flood, other;
	struct world *world = *state;
	unsigned int asked = 0, turns = 0;

	client_connect(world, &flood);
	client_connect(world, &other);
	assert_true(settle(world));
	while (client_write(&flood, call, sizeof(call)) == sizeof(call))
		asked++;
	assert_true(asked > 200);
	say(&other, CALL("Echo", "{}"));
	while (turns < 10000 && other.end == 0) {
		assert_true(sd_event_run(world->event, 0) >= 0);
		turns++;
		assert_true(client_read(&other));
	}
	assert_in_range(turns, 1, 20);
	assert_in_range(world->handled, 1, 20);
	hears(&other, "{\"parameters\":{}}");
}

static void the_caller_is_known(void **state)
{
	_cleanup_client_ struct client client;
	char expected[128];

	client_connect(*state, &client);
	say(&client, CALL("Who", "{}"));
	snprintf(expected, sizeof(expected), "{\"parameters\":{\"uid\":%u,\"pid\":%d}}", geteuid(),
		 getpid());
	hears(&client, expected);
}

static void connections_are_limited(void **state)
{
	const struct bx_varlink_limits limits = {
		.message = 1000, .queue = 1000, .connections = 5, .connections_per_uid = 3
	};
	struct client clients[7];
	struct world *world = *state;
	bool root = geteuid() == 0;

	serve(world, &limits);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		/* The last three are somebody else's, if we can be somebody else. */
		if (i == 4 && root)
			assert_int_equal(seteuid(65534), 0);
		client_connect(world, &clients[i]);
		assert_true(settle(world));
	}
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(bx_varlink_connections(world->varlink), root ? 5 : 3);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		if (i < 3 || (root && (i == 4 || i == 5)))
			is_open_and_silent(&clients[i]);
		else
			is_closed(&clients[i]);
	}
	/* Who leaves makes room. */
	client_free(&clients[0]);
	assert_true(settle(world));
	client_connect(world, &clients[0]);
	say(&clients[0], CALL("Echo", "{}"));
	hears(&clients[0], "{\"parameters\":{}}");
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		client_free(&clients[i]);
	assert_true(settle(world));
	assert_int_equal(bx_varlink_connections(world->varlink), 0);
}

static void a_hundred_clients_are_served_at_once(void **state)
{
	static struct client clients[100];
	struct world *world = *state;
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		client_connect(world, &clients[i]);
	for (int half = 0; half <= 1; half++) {
		for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
			size_t length =
				1 + snprintf(text, sizeof(text), CALL("Echo", "{\"n\":%zu}"), i);
			size_t from = half ? i % 40 + 1 : 0, to = half ? length : i % 40 + 1;

			assert_int_equal(client_write(&clients[i], text + from, to - from),
					 to - from);
		}
		assert_true(settle(world));
	}
	assert_int_equal(bx_varlink_connections(world->varlink), 100);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		snprintf(text, sizeof(text), "{\"parameters\":{\"n\":%zu}}", i);
		hears(&clients[i], text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		client_free(&clients[i]);
	assert_true(settle(world));
	assert_int_equal(bx_varlink_connections(world->varlink), 0);
}

static void without_descriptors_the_loop_rests_and_then_goes_on(void **state)
{
	_cleanup_client_ struct client client;
	struct world *world = *state;
	struct rlimit old, none;
	int free_fd;

	client_connect(world, &client);
	say(&client, CALL("Echo", "{}"));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	free_fd = dup(0);
	assert_true(free_fd >= 0);
	close(free_fd);
	none = old;
	none.rlim_cur = free_fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(settle(world));
	assert_int_equal(bx_varlink_connections(world->varlink), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (int i = 0; i < 20 && bx_varlink_connections(world->varlink) == 0; i++)
		assert_true(sd_event_run(world->event, 500000) >= 0);
	hears(&client, "{\"parameters\":{}}");
}

static void only_listening_unix_streams_are_listened_at(void **state)
{
	struct world *world = *state;
	int fds[2], fd;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(bx_varlink_listen(world->varlink, fds[0]), -EINVAL);
	/* It was taken all the same. */
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	assert_int_equal(bx_varlink_connect(world->varlink, fds[1]), -EINVAL);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		assert_int_equal(bx_varlink_connect(world->varlink, fd), -EINVAL);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bx_varlink_listen(world->varlink, fd), -EINVAL);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bx_varlink_listen(world->varlink, fd), -EINVAL);
}

static void a_connection_can_be_handed_over(void **state)
{
	_cleanup_client_ struct client client = { .world = *state };
	struct world *world = *state;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(bx_varlink_connect(world->varlink, fds[0]), 0);
	assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	client.fd = fds[1];
	fcntl(client.fd, F_SETFL, O_NONBLOCK);
	say(&client, CALL("Echo", "{}"));
	hears(&client, "{\"parameters\":{}}");
}

static void descriptors_that_are_sent_do_not_stay(void **state)
{
	_cleanup_client_ struct client client;
	struct world *world = *state;
	char text[] = CALL("Echo", "{}");
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { text, sizeof(text) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fds[2];
	char byte;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	client_connect(world, &client);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fds[1], sizeof(int));
	assert_true(sendmsg(client.fd, &message, MSG_NOSIGNAL) > 0);
	close(fds[1]);
	hears(&client, "{\"parameters\":{}}");
	/* Nobody can write to the pipe any more. */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

static void the_end_of_the_service_is_told(void **state)
{
	_cleanup_client_ struct client client;
	struct world *world = *state;

	client_connect(world, &client);
	say(&client, CALL("Keep", "{}"));
	is_open_and_silent(&client);
	bx_varlink_free(world->varlink);
	world->varlink = NULL;
	assert_int_equal(world->gone, 1);
	is_closed(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(the_owner_of_a_call_is_told_that_its_client_left),
		TEST_CASE(a_reply_to_a_client_that_just_left_is_harmless),
		TEST_CASE(a_client_that_only_stops_listening_is_given_up),
		TEST_CASE(a_client_that_has_said_everything_gets_its_answers),
		TEST_CASE(a_client_that_does_not_read_what_it_monitors_is_disconnected),
		TEST_CASE(a_long_reply_is_read_in_peace),
		TEST_CASE(a_client_that_reads_late_is_slowed_down_and_loses_nothing),
		TEST_CASE(a_flood_does_not_keep_the_others_waiting),
		TEST_CASE(the_caller_is_known),
		TEST_CASE(connections_are_limited),
		TEST_CASE(a_hundred_clients_are_served_at_once),
		TEST_CASE(without_descriptors_the_loop_rests_and_then_goes_on),
		TEST_CASE(only_listening_unix_streams_are_listened_at),
		TEST_CASE(a_connection_can_be_handed_over),
		TEST_CASE(descriptors_that_are_sent_do_not_stay),
		TEST_CASE(the_end_of_the_service_is_told),
	};

	return cmocka_run_group_tests_name("varlink-connections", tests, NULL, NULL);
}
