// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a client sends to the varlink service, in pieces, and when it leaves. Whatever it is, what
 * comes back are whole replies and no more last ones than there were calls, the owner of a call
 * hears of its end once, and nothing is left behind.
 *
 * The first byte says how the client behaves, the second how large the pieces are.
 */
#include "daemon/varlink.h"

#include <assert.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum behaviour {
	ANSWER_LATER = 1, /* calls that are kept get their reply, else the client leaves first */
	SAY_ALL = 2, /* the client says that nothing more comes */
	READ_LATE = 4,
};

static struct bx_varlink_call *kept;
static unsigned int calls, last_replies;

static void gone(struct bx_varlink_call *call, void *userdata)
{
	assert(call == kept);
	kept = NULL;
}

static int handle(struct bx_varlink_call *call, const char *method, struct json_object *parameters,
		  void *userdata)
{
	assert(json_object_is_type(parameters, json_type_object));
	calls++;
	if (bx_streq(method, "Keep")) {
		assert(!kept);
		kept = call;
		bx_varlink_call_on_gone(call, gone, NULL);
		return 0;
	}
	for (int i = 0; bx_varlink_call_wants_more(call) && i < 3; i++)
		bx_varlink_reply_more(call, parameters);
	if (bx_streq(method, "Echo"))
		bx_varlink_reply(call, parameters);
	else if (bx_streq(method, "Error"))
		bx_varlink_error(call, "org.example.Error", parameters);
	else if (bx_streq(method, "None"))
		return -EIO;
	else
		bx_varlink_method_not_found(call);
	return 0;
}

static void settle(sd_event *event)
{
	unsigned int turns = 0;

	while (sd_event_run(event, 0) > 0)
		assert(++turns < 1000000);
}

static void check_reply(const char *text, size_t length)
{
	const struct bx_json_limits limits = { .size = 1 << 20, .depth = 40, .values = 10000 };
	_cleanup_(json_object_putp) struct json_object *reply = NULL;
	struct json_object *value;

	assert(bx_json_parse(text, length, &limits, &reply) == 0);
	assert(json_object_object_get_ex(reply, "parameters", &value));
	assert(json_object_is_type(value, json_type_object));
	last_replies += !json_object_object_get_ex(reply, "continues", &value);
}

/* Reads what there is; all of it are whole replies, since what the service sends at a time is. */
static void hear(int fd)
{
	static char text[1 << 20];
	size_t length = 0, begin = 0;
	ssize_t n;

	do {
		n = recv(fd, text + length, sizeof(text) - length, MSG_DONTWAIT);
		if (n > 0)
			length += n;
	} while (n > 0);
	for (size_t i = 0; i < length; i++) {
		if (text[i])
			continue;
		check_reply(text + begin, i - begin);
		begin = i + 1;
	}
	assert(begin == length);
}

static void talk(sd_event *event, int fd, const uint8_t *data, size_t size, unsigned int behaviour,
		 size_t piece)
{
	while (size > 0) {
		size_t n = size < piece ? size : piece;
		ssize_t sent = send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		settle(event);
		if (!(behaviour & READ_LATE))
			hear(fd);
		if (sent <= 0 && kept && behaviour & ANSWER_LATER) {
			struct bx_varlink_call *call = kept;

			kept = NULL;
			bx_varlink_reply(call, NULL);
		} else if (sent <= 0) {
			break;
		} else {
			data += sent;
			size -= sent;
		}
	}
	if (behaviour & SAY_ALL)
		shutdown(fd, SHUT_WR);
	settle(event);
	while (kept && behaviour & ANSWER_LATER) {
		struct bx_varlink_call *call = kept;

		kept = NULL;
		if (bx_varlink_call_wants_more(call))
			bx_varlink_reply_more(call, NULL);
		bx_varlink_reply(call, NULL);
		settle(event);
	}
	hear(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bx_varlink_interface example = {
		.name = "org.example",
		.description = "interface org.example\n",
		.call = handle,
	};
	static const struct bx_varlink_interface *const interfaces[] = { &example, NULL };
	static const struct bx_varlink_info info = { "vendor", "product", "version", "url" };
	static const struct bx_varlink_limits limits = {
		.message = 512, .queue = 1024, .connections = 2, .connections_per_uid = 2
	};
	static struct bx_varlink *varlink;
	static sd_event *event;
	unsigned int messages = 0;
	int fds[2];

	if (size < 2 || size > 16384)
		return 0;
	if (!varlink) {
		assert(sd_event_new(&event) >= 0);
		assert(bx_varlink_new(event, &info, interfaces, &limits, &varlink) == 0);
	}
	calls = last_replies = 0;
	for (size_t i = 2; i < size; i++)
		messages += !data[i];
	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	assert(bx_varlink_connect(varlink, fds[0]) == 0);
	talk(event, fds[1], data + 2, size - 2, data[0], data[1] ? data[1] : size);
	close(fds[1]);
	settle(event);
	assert(bx_varlink_connections(varlink) == 0);
	assert(!kept);
	assert(calls <= messages && last_replies <= messages);
	return 0;
}
