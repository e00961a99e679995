// SPDX-License-Identifier: GPL-2.0-or-later
/* Who has nodes open, in a /proc of links and files, and what is said of it. The nodes are those that every machine has. */
#include "daemon/inspector.h"
#include "daemon/openers.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

/* No process of this machine has such a number. */
#define FIRST  5000000
#define SECOND 5000001
#define THREAD 5000007

#define HOST                                      \
	"21 1 0:5 / /dev rw - devtmpfs udev rw\n" \
	"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"   \
	"23 1 0:6 / /net rw - nfs4 server:/net rw\n"
#define CONTAINER "99 1 0:40 / / rw - overlay overlay rw\n"

struct world {
	struct bx_root root;
	char folder[40];
	unsigned int accesses, fail_at;
	unsigned int looks; /* at what a descriptor is of, which could wait for a server */
	int fail_with;
};

static struct bx_node null_node = { "null", false, 1, 3 }, zero_node = { "zero", false, 1, 5 };

static int fault(struct bx_root *root, const char *what, const char *path)
{
	struct world *world = root->userdata;

	world->looks += bx_streq(what, "look");
	return ++world->accesses == world->fail_at ? world->fail_with : 0;
}

static const struct bx_root_ops ops = { .fault = fault };

static void make_folders(struct world *world, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct bx_path part = bx_path("%.*s", (int)(slash - path), path);

		assert_true(mkdirat(world->root.fd, part.s, 0755) == 0 || errno == EEXIST);
	}
}

static void put(struct world *world, const char *path, const char *text)
{
	int fd;

	make_folders(world, path);
	fd = openat(world->root.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void put_link(struct world *world, const char *path, const char *target)
{
	make_folders(world, path);
	assert_int_equal(symlinkat(target, world->root.fd, path), 0);
}

static void add_process(struct world *world, int pid, const char *space, const char *mounts)
{
	put(world, bx_path("proc/%d/comm", pid).s, "holder\n");
	put(world, bx_path("proc/%d/status", pid).s, "Name:\tUid:\t7\nUid:\t1000\t0\t0\t0\n");
	put(world, bx_path("proc/%d/cgroup", pid).s, "0::/system.slice/vm.service\n");
	put(world, bx_path("proc/%d/mountinfo", pid).s, mounts);
	put_link(world, bx_path("proc/%d/ns/mnt", pid).s, space);
	put_link(world, bx_path("proc/%d/root", pid).s, "/");
	make_folders(world, bx_path("proc/%d/fd/", pid).s);
	make_folders(world, bx_path("proc/%d/task/%d/", pid, pid).s);
}

/* @table: a process, or PID/task/TID. */
static void open_file(struct world *world, const char *table, int fd, const char *target,
		      unsigned int mount)
{
	put_link(world, bx_path("proc/%s/fd/%d", table, fd).s, target);
	put(world, bx_path("proc/%s/fdinfo/%d", table, fd).s,
	    bx_path("pos:\t0\nflags:\t0100000\nmnt_id:\t%u\nino:\t4\n", mount).s);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	strcpy(world->folder, "/tmp/bx-openers-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	assert_int_equal(bx_root_open(&world->root, world->folder), 0);
	world->root.ops = &ops;
	world->root.userdata = world;
	put(world, "proc/version", "not a process\n");
	add_process(world, 1, "mnt:[1]", HOST);
	add_process(world, FIRST, "mnt:[1]", HOST);
	*state = world;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct world *world = *state;

	bx_root_close(&world->root);
	nftw(world->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static int look(struct world *world, pid_t except, struct bx_openers *openers)
{
	struct bx_node list[] = { null_node, zero_node };
	struct bx_nodes nodes = { list, ARRAY_SIZE(list) };
	struct bx_failure failure = { 0 };
	int r;

	*openers = (struct bx_openers){ 0 };
	r = bx_openers_find(&world->root, &nodes, except, openers, &failure);
	assert_int_equal(r < 0, failure.error == BX_ERROR_USERS_UNKNOWN);
	assert_int_equal(r < 0, *failure.message != 0);
	return r;
}

static size_t count(struct world *world)
{
	struct bx_openers openers;
	size_t n;

	assert_int_equal(look(world, 0, &openers), 0);
	n = openers.count;
	bx_openers_done(&openers);
	return n;
}

static const char *table_of(int pid)
{
	static struct bx_path path;

	path = bx_path("%d", pid);
	return path.s;
}

/* ---------------------------------------------------------------- who */

static void an_open_node_is_found_with_who_has_it(void **state)
{
	struct world *world = *state;
	struct bx_openers openers;

	open_file(world, table_of(FIRST), 3, "/dev/null", 21);
	assert_int_equal(look(world, 0, &openers), 0);
	assert_int_equal(openers.count, 1);
	assert_int_equal(openers.list[0].pid, FIRST);
	assert_int_equal(openers.list[0].uid, 1000);
	assert_string_equal(openers.list[0].command, "holder");
	assert_string_equal(openers.list[0].unit, "vm.service");
	assert_false(openers.list[0].node.block);
	assert_int_equal(openers.list[0].node.major, 1);
	assert_int_equal(openers.list[0].node.minor, 3);
	bx_openers_done(&openers);
}

static void other_files_are_nobodys_business(void **state)
{
	struct world *world = *state;

	open_file(world, table_of(FIRST), 0, "/dev/full", 21);
	open_file(world, table_of(FIRST), 1, "socket:[123]", 9);
	open_file(world, table_of(FIRST), 2, "pipe:[124]", 9);
	open_file(world, table_of(FIRST), 3, "/etc/passwd", 22);
	open_file(world, table_of(FIRST), 4, "anon_inode:[eventpoll]", 9);
	assert_int_equal(count(world), 0);
}

static void a_block_node_is_not_a_character_node_of_its_number(void **state)
{
	struct world *world = *state;

	open_file(world, table_of(FIRST), 3, "/dev/null", 21);
	null_node.block = true;
	assert_int_equal(count(world), 0);
	null_node.block = false;
	assert_int_equal(count(world), 1);
}

static void a_block_node_is_found(void **state)
{
	struct world *world = *state;
	struct bx_node node = { "", true, 259, 1048575 };
	struct bx_nodes nodes = { &node, 1 };
	struct bx_openers openers = { 0 };
	char target[64];

	if (mknodat(world->root.fd, "node", S_IFBLK | 0600, makedev(259, 1048575)) < 0)
		skip(); /* only root can; the virtual machine's case has real ones */
	snprintf(target, sizeof(target), "%s/node", world->folder);
	open_file(world, table_of(FIRST), 3, target, 22);
	assert_int_equal(bx_openers_find(&world->root, &nodes, 0, &openers, NULL), 0);
	assert_int_equal(openers.count, 1);
	assert_true(openers.list[0].node.block);
	bx_openers_done(&openers);
}

static void who_asks_is_left_out(void **state)
{
	struct world *world = *state;
	struct bx_openers openers;

	open_file(world, table_of(FIRST), 3, "/dev/null", 21);
	assert_int_equal(look(world, FIRST, &openers), 0);
	assert_int_equal(openers.count, 0);
}

static void a_process_is_told_once_for_each_node(void **state)
{
	struct world *world = *state;

	open_file(world, table_of(FIRST), 3, "/dev/null", 21);
	open_file(world, table_of(FIRST), 4, "/dev/null", 21);
	open_file(world, table_of(FIRST), 5, "/dev/zero", 21);
	add_process(world, SECOND, "mnt:[1]", HOST);
	open_file(world, table_of(SECOND), 5, "/dev/zero", 21);
	assert_int_equal(count(world), 3);
}

static void a_thread_with_descriptors_of_its_own_is_looked_at(void **state)
{
	struct world *world = *state;
	struct bx_path thread = bx_path("%d/task/%d", FIRST, THREAD);

	open_file(world, thread.s, 3, "/dev/null", 21);
	assert_int_equal(count(world), 1);
	/* As when the first thread has ended before the others. */
	assert_int_equal(unlinkat(world->root.fd, bx_path("proc/%d/fd", FIRST).s, AT_REMOVEDIR), 0);
	assert_int_equal(count(world), 1);
}

/* ---------------------------------------------------------------- what is looked at at all */

/* By another path than /dev, which leads to the same node. */
static void put_node(struct world *world, unsigned int mount)
{
	char target[64];

	snprintf(target, sizeof(target), "%s/node", world->folder);
	put_link(world, "node", "/dev/null");
	open_file(world, table_of(FIRST), 3, target, mount);
}

static void a_node_is_found_elsewhere_on_a_file_system_of_this_machine(void **state)
{
	struct world *world = *state;

	put_node(world, 22);
	assert_int_equal(count(world), 1);
}

static void a_descriptor_from_another_namespace_is_found(void **state)
{
	struct world *world = *state;

	put_node(world, 99);
	assert_int_equal(count(world), 0);
	add_process(world, SECOND, "mnt:[2]", CONTAINER);
	assert_int_equal(count(world), 1);
}

static void what_is_on_a_server_is_never_looked_at(void **state)
{
	static const unsigned int mounts[] = { 23, 404 };
	struct world *world = *state;

	put_node(world, mounts[0]);
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		put(world, bx_path("proc/%d/fdinfo/3", FIRST).s,
		    bx_path("mnt_id:\t%u\n", mounts[i]).s);
		world->looks = 0;
		assert_int_equal(count(world), 0);
		assert_int_equal(world->looks, 0);
	}
	put(world, bx_path("proc/%d/fdinfo/3", FIRST).s, "mnt_id:\t22\n");
	assert_int_equal(count(world), 1);
	assert_int_equal(world->looks, 1);
}

/* ---------------------------------------------------------------- faults */

static void who_ends_meanwhile_has_nothing_open_and_who_is_hidden_is_named(void **state)
{
	static const int reasons[] = { -ESRCH, -ENOENT, -EACCES, -EIO };
	struct world *world = *state;
	struct bx_openers openers;
	unsigned int n;

	put_node(world, 22);
	add_process(world, SECOND, "mnt:[2]", CONTAINER);
	open_file(world, table_of(SECOND), 7, "/dev/zero", 21);
	world->accesses = 0;
	assert_int_equal(count(world), 2);
	n = world->accesses;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		for (unsigned int at = 1; at <= n; at++) {
			bool ended = reasons[i] == -ESRCH || reasons[i] == -ENOENT;
			int r;

			world->accesses = 0;
			world->fail_at = at;
			world->fail_with = reasons[i];
			r = look(world, 0, &openers);
			/* The very first is the list of processes, without which there is none. */
			assert_int_equal(r < 0, !ended || at == 1);
			if (r == 0)
				bx_openers_done(&openers);
		}
	}
}

static void where_processes_are_hidden_nobody_knows(void **state)
{
	struct world *world = *state;
	struct bx_openers openers;

	assert_int_equal(renameat(world->root.fd, "proc/1", world->root.fd, "hidden"), 0);
	assert_int_equal(look(world, 0, &openers), -EPERM);
}

/* ---------------------------------------------------------------- units */

static void the_unit_is_the_first_below_the_slices(void **state)
{
	static const char *const cases[][2] = {
		{ "0::/system.slice/vm.service\n", "vm.service" },
		{ "0::/machine.slice/machine-qemu\\x2d1.scope/libvirt/emulator\n",
		  "machine-qemu\\x2d1.scope" },
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope\n",
		  "user@1000.service" },
		{ "0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope" },
		{ "12:cpu:/docker/5\n1:name=systemd:/system.slice/docker.service\n0::/\n",
		  "docker.service" },
		{ "0::/a.slice/b:name=systemd:/c.service\n", "c.service" },
		{ "0::/\n", "" },
		{ "0::/docker/5\n", "" },
		{ "0::/.service\n", "" },
		{ "0::/x/a.service", "a.service" },
		{ "1:cpu:/a.service\n", "" },
		{ "", "" },
		{ "0::", "" },
		{ "0::/\xff.service\n", "?.service" },
	};
	char unit[BX_UNIT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bx_unit_of_cgroup(cases[i][0], unit);
		assert_string_equal(unit, cases[i][1]);
	}
}

/* ---------------------------------------------------------------- messages */

static void a_question_arrives_as_it_was_asked(void **state)
{
	struct bx_node list[] = { { "a", true, 259, 1 }, { "b", false, 240, 0 } };
	struct bx_nodes asked = { list, ARRAY_SIZE(list) }, heard = { 0 };
	_cleanup_(json_object_putp) struct json_object *question = NULL;

	assert_int_equal(bx_inspector_write_nodes(&asked, &question), 0);
	assert_string_equal(json_object_to_json_string_ext(question, JSON_C_TO_STRING_PLAIN),
			    "{\"block\":[\"259:1\"],\"char\":[\"240:0\"]}");
	assert_int_equal(bx_inspector_read_nodes(json_object_object_get(question, "block"),
						 json_object_object_get(question, "char"), &heard),
			 0);
	assert_int_equal(heard.count, 2);
	assert_non_null(bx_nodes_find(&heard, true, 259, 1));
	assert_non_null(bx_nodes_find(&heard, false, 240, 0));
	assert_null(bx_nodes_find(&heard, false, 259, 1));
	bx_nodes_done(&heard);
}

static void what_is_no_number_of_a_node_is_refused(void **state)
{
	static const char *const numbers[] = { "",     "1",    "1:",   ":1",	       "1:2:3",
					       "1:2 ", " 1:2", "-1:2", "1:9999999999", "a:b" };
	unsigned int major, minor;

	assert_true(bx_node_number("259:1048575", &major, &minor));
	assert_int_equal(major, 259);
	assert_int_equal(minor, 1048575);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_(json_object_putp) struct json_object *list = json_object_new_array(),
							       *none = json_object_new_array();
		struct bx_nodes nodes = { 0 };

		json_object_array_add(list, json_object_new_string(numbers[i]));
		assert_int_equal(bx_inspector_read_nodes(list, none, &nodes), -EBADMSG);
		assert_int_equal(bx_inspector_read_nodes(none, list, &nodes), -EBADMSG);
	}
}

static void an_answer_arrives_as_it_was_given_and_is_never_too_long(void **state)
{
	struct bx_opener opener = { .node = { .block = true, .major = 259, .minor = 1 },
				    .uid = 4294967294,
				    .command = "a \"b\"" };
	struct bx_openers given = { 0 }, heard = { 0 };
	_cleanup_(json_object_putp) struct json_object *answer = NULL;

	for (int i = 0; i < BX_INSPECTOR_LISTED + 3; i++) {
		opener.pid = i + 1;
		memset(opener.unit, 0, sizeof(opener.unit));
		if (!i)
			strcpy(opener.unit, "vm.service");
		assert_int_equal(bx_openers_add(&given, &opener), 0);
	}
	assert_int_equal(bx_inspector_write_openers(&given, &answer), 0);
	assert_int_equal(bx_inspector_read_openers(answer, &heard), 0);
	assert_int_equal(heard.count, BX_INSPECTOR_LISTED);
	assert_int_equal(heard.omitted, 3);
	for (size_t i = 0; i < heard.count; i++)
		assert_memory_equal(&heard.list[i], &given.list[i], sizeof(opener));
	bx_openers_done(&heard);
	bx_openers_done(&given);
}

static void what_is_no_answer_is_refused(void **state)
{
#define OPENER "\"kind\":\"block\",\"node\":\"1:2\",\"pid\":1,\"uid\":0,\"command\":\"x\""
	static const char *const answers[] = {
		"{}",
		"{\"openers\":[]}",
		"{\"openers\":{},\"omitted\":0}",
		"{\"openers\":[],\"omitted\":-1}",
		"{\"openers\":[5],\"omitted\":0}",
		"{\"openers\":[{}],\"omitted\":0}",
		"{\"openers\":[{\"kind\":\"tape\",\"node\":\"1:2\",\"pid\":1,\"uid\":0,\"command\":\"x\"}],\"omitted\":0}",
		"{\"openers\":[{\"kind\":\"block\",\"node\":\"1\",\"pid\":1,\"uid\":0,\"command\":\"x\"}],\"omitted\":0}",
		"{\"openers\":[{\"kind\":\"block\",\"node\":\"1:2\",\"pid\":-1,\"uid\":0,\"command\":\"x\"}],\"omitted\":0}",
		"{\"openers\":[{\"kind\":\"block\",\"node\":\"1:2\",\"pid\":1,\"uid\":0}],\"omitted\":0}",
		"{\"openers\":[{" OPENER "},null],\"omitted\":0}",
	};
	static const char good[] = "{\"openers\":[{" OPENER "}],\"omitted\":0}";
	_cleanup_(json_object_putp) struct json_object *right = json_tokener_parse(good);
	struct bx_openers openers;

	assert_int_equal(bx_inspector_read_openers(right, &openers), 0);
	bx_openers_done(&openers);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		_cleanup_(json_object_putp) struct json_object *answer =
			json_tokener_parse(answers[i]);

		assert_non_null(answer);
		assert_int_equal(bx_inspector_read_openers(answer, &openers), -EBADMSG);
	}
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(an_open_node_is_found_with_who_has_it),
		IN_WORLD(other_files_are_nobodys_business),
		IN_WORLD(a_block_node_is_not_a_character_node_of_its_number),
		IN_WORLD(a_block_node_is_found),
		IN_WORLD(who_asks_is_left_out),
		IN_WORLD(a_process_is_told_once_for_each_node),
		IN_WORLD(a_thread_with_descriptors_of_its_own_is_looked_at),
		IN_WORLD(a_node_is_found_elsewhere_on_a_file_system_of_this_machine),
		IN_WORLD(a_descriptor_from_another_namespace_is_found),
		IN_WORLD(what_is_on_a_server_is_never_looked_at),
		IN_WORLD(who_ends_meanwhile_has_nothing_open_and_who_is_hidden_is_named),
		IN_WORLD(where_processes_are_hidden_nobody_knows),
		cmocka_unit_test(the_unit_is_the_first_below_the_slices),
		cmocka_unit_test(a_question_arrives_as_it_was_asked),
		cmocka_unit_test(what_is_no_number_of_a_node_is_refused),
		cmocka_unit_test(an_answer_arrives_as_it_was_given_and_is_never_too_long),
		cmocka_unit_test(what_is_no_answer_is_refused),
	};

	return cmocka_run_group_tests_name("openers", tests, NULL, NULL);
}
