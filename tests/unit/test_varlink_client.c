// SPDX-License-Identifier: GPL-2.0-or-later
/* A call to a varlink service that is waited for, against services that answer, hang, hang up and talk nonsense. */
#include "daemon/util.h"
#include "daemon/varlink_client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define CALL "{\"method\":\"org.example.Do\",\"parameters\":{\"n\":1}}"

/* What a service does to its one client. */
struct service {
	const char *says; /* with the zero bytes in it */
	size_t length;
	size_t pause_at; /* so many bytes are said before it takes a breath; 0: all at once */
	bool deaf; /* nobody accepts */
	bool stays; /* and says no more */
	bool leaves; /* without having read */
};

#define SAYS(text) .says = text, .length = sizeof(text)

struct run {
	char folder[32];
	struct sockaddr_un address;
	pid_t pid;
	struct json_object *reply;
	char *error;
	int r;
};

static void serve(int listening, const struct service *service)
{
	char heard[sizeof(CALL)];
	size_t n = 0;
	int fd = accept(listening, NULL, NULL);

	if (fd < 0)
		_exit(1);
	if (service->leaves)
		_exit(0);
	while (n < sizeof(heard)) {
		ssize_t m = recv(fd, heard + n, sizeof(heard) - n, 0);

		if (m <= 0)
			_exit(1);
		n += m;
	}
	if (memcmp(heard, CALL, sizeof(heard)))
		_exit(2);
	if (service->pause_at) {
		send(fd, service->says, service->pause_at, MSG_NOSIGNAL);
		nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000 * 1000 }, NULL);
	}
	send(fd, service->says + service->pause_at, service->length - service->pause_at,
	     MSG_NOSIGNAL);
	if (service->stays)
		pause();
	_exit(0);
}

static void ask(struct run *run, const struct service *service, unsigned int timeout_ms)
{
	struct json_object *parameters = json_object_new_object();
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*run = (struct run){ .folder = "/tmp/bx-ask-XXXXXX", .address.sun_family = AF_UNIX };
	assert_non_null(mkdtemp(run->folder));
	snprintf(run->address.sun_path, sizeof(run->address.sun_path), "%s/socket", run->folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&run->address, sizeof(run->address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	if (!service->deaf) {
		run->pid = fork();
		assert_true(run->pid >= 0);
		if (run->pid == 0)
			serve(fd, service);
		close(fd);
		fd = -1;
	}
	json_object_object_add(parameters, "n", json_object_new_int(1));
	run->r = bx_varlink_ask(run->address.sun_path, "org.example.Do", parameters, timeout_ms,
				&run->reply, &run->error);
	json_object_put(parameters);
}

/* How the service ended: it was told what was to be said, unless it was stopped. */
static void run_end(struct run *run, bool stop)
{
	int status;

	if (run->pid) {
		if (stop)
			kill(run->pid, SIGKILL);
		assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
		assert_true(stop || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	}
	json_object_put(run->reply);
	free(run->error);
	unlink(run->address.sun_path);
	rmdir(run->folder);
}

static void an_answer_is_given_back(void **state)
{
	static const struct service services[] = {
		{ SAYS("{\"parameters\":{\"a\":\"b\"}}") },
		{ SAYS("{\"parameters\":{\"a\":\"b\"}}"), .pause_at = 7, .stays = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		struct run run;

		ask(&run, &services[i], 60000);
		assert_int_equal(run.r, 0);
		assert_null(run.error);
		assert_string_equal(json_object_get_string(json_object_object_get(run.reply, "a")),
				    "b");
		run_end(&run, services[i].stays);
	}
}

static void an_answer_longer_than_a_read_is_whole(void **state)
{
	static char text[100000];
	struct service service = { .says = text, .length = sizeof(text) };
	struct run run;

	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"parameters\":{\"a\":\"", 20);
	memcpy(text + sizeof(text) - 4, "\"}}", 4);
	ask(&run, &service, 60000);
	assert_int_equal(run.r, 0);
	assert_int_equal(json_object_get_string_len(json_object_object_get(run.reply, "a")),
			 sizeof(text) - 24);
	run_end(&run, false);
}

static void an_answer_without_parameters_is_an_empty_one(void **state)
{
	static const struct service service = { SAYS("{}") };
	struct run run;

	ask(&run, &service, 60000);
	assert_int_equal(run.r, 0);
	assert_int_equal(json_object_object_length(run.reply), 0);
	run_end(&run, false);
}

static void an_error_has_its_name(void **state)
{
	static const struct service service = { SAYS(
		"{\"error\":\"org.example.No\",\"parameters\":{\"why\":1}}") };
	struct run run;

	ask(&run, &service, 60000);
	assert_int_equal(run.r, 0);
	assert_string_equal(run.error, "org.example.No");
	assert_int_equal(json_object_get_int(json_object_object_get(run.reply, "why")), 1);
	run_end(&run, false);
}

static void what_is_no_answer_is_told_from_one(void **state)
{
	static const struct {
		struct service service;
		int r;
	} cases[] = {
		{ { SAYS("nonsense") }, -EBADMSG },
		{ { SAYS("[]") }, -EBADMSG },
		{ { SAYS("{\"parameters\":[]}") }, -EBADMSG },
		{ { SAYS("{\"error\":5}") }, -EBADMSG },
		{ { SAYS("{\"a\":1,\"a\":2}") }, -EBADMSG },
		{ { .says = "{\"par", .length = 5 }, -ECONNRESET },
		{ { .says = "" }, -ECONNRESET },
		{ { .leaves = true }, -ECONNRESET },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run run;

		ask(&run, &cases[i].service, 60000);
		assert_int_equal(run.r, cases[i].r);
		run_end(&run, false);
	}
}

static void nobody_is_waited_for_longer_than_is_said(void **state)
{
	static const struct service services[] = {
		{ .says = "{\"para", .length = 6, .stays = true },
		{ .deaf = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		struct run run;

		ask(&run, &services[i], 200);
		assert_int_equal(run.r, -ETIMEDOUT);
		run_end(&run, true);
	}
}

static void an_endless_answer_has_an_end(void **state)
{
	static char text[3 << 20];
	struct service service = { .says = text, .length = sizeof(text) };
	struct run run;

	memset(text, 'x', sizeof(text));
	ask(&run, &service, 60000);
	assert_int_equal(run.r, -EMSGSIZE);
	run_end(&run, true);
}

static void nobody_there_is_told_at_once(void **state)
{
	struct json_object *reply;
	char *error;

	assert_int_equal(bx_varlink_ask("/tmp/bx-no-such-socket", "org.example.Do", NULL, 60000,
					&reply, &error),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_given_back),
		cmocka_unit_test(an_answer_longer_than_a_read_is_whole),
		cmocka_unit_test(an_answer_without_parameters_is_an_empty_one),
		cmocka_unit_test(an_error_has_its_name),
		cmocka_unit_test(what_is_no_answer_is_told_from_one),
		cmocka_unit_test(nobody_is_waited_for_longer_than_is_said),
		cmocka_unit_test(an_endless_answer_has_an_end),
		cmocka_unit_test(nobody_there_is_told_at_once),
	};

	return cmocka_run_group_tests_name("varlink-client", tests, NULL, NULL);
}
