// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal: what is written is read back, and what is damaged is never acted upon. */
#include "daemon/journal.h"
#include "daemon/lock.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

struct folder {
	char name[64];
	struct bx_root root;
	struct bx_journal journal;
};

static struct bx_operation sample(void)
{
	return (struct bx_operation){
		.job = 7,
		.kind = BX_KIND_BIND,
		.boot_id = "0ec17736-254b-42bd-b47f-262ffab8b9d4",
		.device = "bxlab0",
		.address = "0000:01:00.0",
		.inode = 4142,
		.old_driver = "nvme",
		.old_override = "pci-stub",
		.new_driver = "vfio-pci",
		.attempts = 2,
		.step = BX_STEP_UNBIND,
		.result = BX_RESULT_ROLLED_BACK,
		.error = BX_ERROR_ROLLED_BACK,
		.message = "a \"message\" with \\ and Größe",
	};
}

static int setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	assert_non_null(folder);
	*state = folder;
	strcpy(folder->name, "/dev/shm/bx-journal-XXXXXX");
	if (!mkdtemp(folder->name)) {
		strcpy(folder->name, "/tmp/bx-journal-XXXXXX");
		if (!mkdtemp(folder->name))
			return -1;
	}
	if (bx_root_open(&folder->root, folder->name) < 0)
		return -1;
	mkdirat(folder->root.fd, "run", 0755);
	return bx_journal_open(&folder->journal, &folder->root);
}

static int teardown(void **state)
{
	static const char *const folders[] = { "run/bxd/journal", "run/bxd/lock", "run/bxd",
					       "run" };
	struct folder *folder = *state;
	_cleanup_strv_ char **files = NULL, **locks = NULL;

	bx_root_list(&folder->root, folders[0], &files);
	for (size_t i = 0; files && files[i]; i++)
		unlinkat(folder->journal.fd, files[i], 0);
	bx_root_list(&folder->root, "run/bxd/lock", &locks);
	for (size_t i = 0; locks && locks[i]; i++)
		unlinkat(folder->root.fd, bx_path("run/bxd/lock/%s", locks[i]).s, 0);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		unlinkat(folder->root.fd, folders[i], AT_REMOVEDIR);
	bx_journal_close(&folder->journal);
	bx_root_close(&folder->root);
	rmdir(folder->name);
	free(folder);
	return 0;
}

static void what_is_written_is_read_back(void **state)
{
	struct folder *folder = *state;
	struct bx_operation written = sample(), read = { 0 };

	for (int i = 0; i < 2; i++) {
		written.attempts++;
		assert_int_equal(bx_journal_write(&folder->journal, &written), 0);
		assert_int_equal(bx_journal_read(&folder->journal, 7, &read), 0);
		assert_memory_equal(&written, &read, sizeof(written));
	}
}

static void every_step_result_and_error_has_a_name_of_its_own(void **state)
{
	for (int i = 0; i < BX_STEP_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(bx_step_name(i), bx_step_name(j));
	for (int i = 0; i < BX_RESULT_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(bx_result_name(i), bx_result_name(j));
	for (int i = 0; i < BX_ERROR_COUNT; i++) {
		enum bx_error error;

		assert_int_equal(bx_error_from_name(bx_error_name(i), &error), 0);
		assert_int_equal(error, i);
		assert_int_equal(bx_error_from_name(bx_error_bus_name(i), &error), 0);
		assert_int_equal(error, i);
	}
}

static void every_step_can_be_written_and_read(void **state)
{
	struct bx_operation operation = sample(), read;

	for (int step = 0; step < BX_STEP_COUNT; step++) {
		for (int result = 0; result < BX_RESULT_COUNT; result++) {
			_cleanup_free_ char *text = NULL;

			operation.step = step;
			operation.result = result;
			assert_int_equal(bx_operation_format(&operation, &text), 0);
			assert_int_equal(bx_operation_parse(text, strlen(text), &read), 0);
			assert_int_equal(read.step, step);
			assert_int_equal(read.result, result);
		}
	}
}

static void a_file_that_was_cut_off_is_refused_wherever_it_was(void **state)
{
	struct bx_operation operation = sample(), read;
	_cleanup_free_ char *text = NULL;
	size_t length;

	assert_int_equal(bx_operation_format(&operation, &text), 0);
	length = strlen(text);
	/* Without its last line end it is still whole. */
	for (size_t n = 0; n < length - 1; n++) {
		/* A copy of just that length, so that reading beyond it is seen. */
		char *copy = malloc(n ?: 1);

		memcpy(copy, text, n);
		assert_int_equal(bx_operation_parse(copy, n, &read), -EBADMSG);
		free(copy);
	}
}

static void what_follows_a_whole_file_is_refused(void **state)
{
	struct bx_operation operation = sample(), read;
	_cleanup_free_ char *text = NULL, *more = NULL;

	assert_int_equal(bx_operation_format(&operation, &text), 0);
	assert_true(asprintf(&more, "%s{}", text) > 0);
	assert_int_equal(bx_operation_parse(more, strlen(more), &read), -EBADMSG);
	/* Beyond the length that was given nothing is looked at. */
	more[strlen(text)] = '\n';
	assert_int_equal(bx_operation_parse(more, strlen(text), &read), 0);
}

/* Replaces the first @what in a whole file. */
static int parse_with(const char *what, const char *with)
{
	struct bx_operation operation = sample(), read;
	_cleanup_free_ char *text = NULL, *changed = NULL;
	char *at;

	assert_int_equal(bx_operation_format(&operation, &text), 0);
	at = strstr(text, what);
	assert_non_null(at);
	assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, with,
			     at + strlen(what)) > 0);
	return bx_operation_parse(changed, strlen(changed), &read);
}

static void a_file_that_we_would_not_write_is_refused(void **state)
{
	static const char *const changes[][2] = {
		{ "\"version\":5", "\"version\":4" },
		{ "\"version\":5", "\"version\":\"5\"" },
		{ "\"version\":5,", "" },
		{ "\"forget\":false", "\"forget\":0" },
		{ "\"name\":\"\"", "\"name\":\"../demo\"" },
		{ "\"kind\":\"bind\"", "\"kind\":\"start\"" },
		{ "\"kind\":\"bind\"", "\"kind\":\"load-module\"" },
		{ "\"kind\":\"bind\",\n  \"planned\":\"bind\"",
		  "\"kind\":\"plan\",\"planned\":\"plan\"" },
		{ "\"kind\":\"bind\",\n  \"planned\":\"bind\"",
		  "\"kind\":\"plan\",\"planned\":\"start\"" },
		{ "\"kind\":\"bind\",\n  \"planned\":\"bind\"",
		  "\"kind\":\"plan\",\"planned\":\"load-module\"" },
		{ "\"kind\":\"bind\",\n  \"planned\":\"bind\",\n  \"as_planned\":false",
		  "\"kind\":\"plan\",\"planned\":\"bind\",\"as_planned\":true" },
		{ "\"as_planned\":false", "\"as_planned\":0" },
		{ "\"module\":\"\"", "\"module\":\"bx_emu\"" },
		{ "\"address\":\"0000:01:00.0\"", "\"address\":\"\"" },
		{ "\"job\":7", "\"job\":0" },
		{ "\"job\":7", "\"job\":-7" },
		{ "\"job\":7", "\"job\":7.5" },
		{ "\"job\":7", "\"job\":99999999999999999999" },
		{ "\"job\":7", "\"job\":NaN" },
		{ "\"kind\":\"bind\"", "\"kind\":\"format\"" },
		{ "\"kind\":\"bind\"", "\"kind\":\"unbind\"" },
		{ "\"kind\":\"bind\"", "\"kind\":null" },
		{ "0000:01:00.0", "../../../tmp" },
		{ "\"nvme\"", "\"../nvme\"" },
		{ "\"vfio-pci\"", "\"\"" },
		{ "\"vfio-pci\"", "\"a/b\"" },
		{ "\"pci-stub\"", "\"pci\\nstub\"" },
		{ "\"pci-stub\"", "\"pci\\u0000stub\"" },
		{ "\"pci-stub\"", "\"\xff\"" },
		{ "\"step\":\"unbind\"", "\"step\":\"hop\"" },
		{ "\"result\":\"rolled-back\"", "\"result\":1" },
		{ "\"error\":\"RolledBack\"", "\"error\":\"Rolled\"" },
		{ "\"message\":", "\"massage\":" },
		{ "\"message\":", "\"extra\":1,\"message\":" },
		{ "\"attempts\":2", "\"attempts\":[[[[[[2]]]]]]" },
		{ "{", "[{" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		assert_int_equal(parse_with(changes[i][0], changes[i][1]), -EBADMSG);
	assert_int_equal(parse_with("\"job\":7", "\"job\":8"), 0);
	assert_int_equal(parse_with("\"kind\":\"bind\",\n  \"planned\":\"bind\"",
				    "\"kind\":\"plan\",\"planned\":\"bind\""),
			 0);
}

static void a_text_that_is_too_long_is_refused(void **state)
{
	char message[BX_MESSAGE_MAX + 8];

	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = 0;
	assert_int_equal(parse_with("bxlab0", message), -EBADMSG);
	assert_int_equal(parse_with("\"pci-stub\"", bx_path("\"%.200s\"", message).s), -EBADMSG);
}

static void a_file_under_another_number_is_refused(void **state)
{
	struct folder *folder = *state;
	struct bx_operation operation = sample(), read;

	assert_int_equal(bx_journal_write(&folder->journal, &operation), 0);
	assert_int_equal(renameat(folder->journal.fd, "7.json", folder->journal.fd, "8.json"), 0);
	assert_int_equal(bx_journal_read(&folder->journal, 8, &read), -EBADMSG);
}

static void only_whole_operations_are_listed(void **state)
{
	static const char *const others[] = { "7.json.new",   "3.json.damaged",
					      "12.cancelled", "0.json",
					      "x.json",	      "-1.json",
					      "01.json",      "99999999999999999999.json" };
	struct folder *folder = *state;
	struct bx_operation operation = sample();
	_cleanup_free_ uint64_t *jobs = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		close(openat(folder->journal.fd, others[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	operation.job = 12;
	assert_int_equal(bx_journal_write(&folder->journal, &operation), 0);
	operation.job = 9;
	assert_int_equal(bx_journal_write(&folder->journal, &operation), 0);
	assert_int_equal(bx_journal_cancel(&folder->journal, 9), 0);
	assert_true(bx_journal_cancelled(&folder->journal, 9));
	assert_true(bx_journal_cancelled(&folder->journal, 12));
	assert_int_equal(bx_journal_list(&folder->journal, &jobs), 2);
	assert_int_equal(jobs[0], 9);
	assert_int_equal(jobs[1], 12);
	assert_int_equal(bx_journal_set_aside(&folder->journal, 9), 0);
	assert_int_equal(bx_journal_remove(&folder->journal, 12), 0);
	assert_false(bx_journal_cancelled(&folder->journal, 9));
	assert_false(bx_journal_cancelled(&folder->journal, 12));
	free(jobs);
	assert_int_equal(bx_journal_list(&folder->journal, &jobs), 0);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
	struct folder *folder = *state;
	struct bx_operation operation = sample(), read;

	assert_int_equal(bx_journal_write(&folder->journal, &operation), 0);
	/* A folder in the way of the temporary file stands for a full disk. */
	assert_int_equal(mkdirat(folder->journal.fd, "7.json.new", 0755), 0);
	operation.attempts = 99;
	assert_true(bx_journal_write(&folder->journal, &operation) < 0);
	unlinkat(folder->journal.fd, "7.json.new", AT_REMOVEDIR);
	assert_int_equal(bx_journal_read(&folder->journal, 7, &read), 0);
	assert_int_equal(read.attempts, 2);
}

static void a_lock_is_seen_without_being_taken(void **state)
{
	struct folder *folder = *state;
	int fd;

	assert_int_equal(bx_lock_prepare(&folder->root), 0);
	assert_int_equal(bx_lock_held(&folder->root, "0000:01:00.0"), 0);
	fd = bx_lock_take(&folder->root, "0000:01:00.0");
	assert_true(fd >= 0);
	assert_int_equal(bx_lock_held(&folder->root, "0000:01:00.0"), 1);
	assert_int_equal(bx_lock_held(&folder->root, "0000:02:00.0"), 0);
	assert_int_equal(bx_lock_take(&folder->root, "0000:01:00.0"), -EWOULDBLOCK);
	close(fd);
	assert_int_equal(bx_lock_held(&folder->root, "0000:01:00.0"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_back),
		TEST(every_step_result_and_error_has_a_name_of_its_own),
		TEST(every_step_can_be_written_and_read),
		TEST(a_file_that_was_cut_off_is_refused_wherever_it_was),
		TEST(what_follows_a_whole_file_is_refused),
		TEST(a_file_that_we_would_not_write_is_refused),
		TEST(a_text_that_is_too_long_is_refused),
		TEST(a_file_under_another_number_is_refused),
		TEST(only_whole_operations_are_listed),
		TEST(a_failed_write_leaves_the_old_file),
		TEST(a_lock_is_seen_without_being_taken),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
