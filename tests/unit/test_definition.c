// SPDX-License-Identifier: GPL-2.0-or-later
/* Definitions and presets: what is written is read back, what is wrong is named, and the folder says what counts. */
#include "daemon/definition.h"
#include "daemon/json.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

struct folder {
	char name[64];
	struct bx_root root;
};

BX_DEFINE_CLEANUP(struct bx_definition *, bx_definition_free)
BX_DEFINE_CLEANUP(struct bx_definition *, bx_definitions_free)

static int setup(void **state)
{
	static const char *const folders[] = {
		"etc",	       "etc/bxd", "etc/bxd/devices", "etc/bxd/presets", "var", "var/lib",
		"var/lib/bxd", "run",	  "run/bxd"
	};
	struct folder *folder = calloc(1, sizeof(*folder));

	assert_non_null(folder);
	*state = folder;
	strcpy(folder->name, "/tmp/bx-definition-XXXXXX");
	if (!mkdtemp(folder->name) || bx_root_open(&folder->root, folder->name) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		mkdirat(folder->root.fd, folders[i], 0755);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct folder *folder = *state;

	bx_root_close(&folder->root);
	nftw(folder->name, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(folder);
	return 0;
}

static void put(struct folder *folder, const char *path, const char *text)
{
	int fd = openat(folder->root.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int check(const char *text, struct bx_failure *failure)
{
	_cleanup_(json_object_putp) struct json_object *settings = json_tokener_parse(text);

	*failure = (struct bx_failure){ 0 };
	return bx_settings_check(settings, failure);
}

static void good_settings_are_taken(void **state)
{
	static const char *const good[] = {
		"{}",
		"{\"type\":\"nvm\"}",
		"{\"capacity\":\"1T\",\"memory_start\":\"0x140000000\",\"memory_source\":\"reserve_mem:data\"}",
		"{\"cpus\":\"2-3,6\",\"numa_node\":\"-1\",\"serial\":\"A serial 1\"}",
		"{\"namespaces/1/size\":\"32M\",\"namespaces/32/pi_first\":\"1\"}",
		"{\"timing/read_bandwidth\":\"3G\",\"cpus\":\"\"}",
	};
	struct bx_failure failure;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(check(good[i], &failure), 0);
}

static void what_is_wrong_with_a_setting_is_named(void **state)
{
	static const struct {
		const char *settings, *said;
	} bad[] = {
		{ "[]", "must be an object" },
		{ "{\"queues\":4}", "setting 'queues' must be a string" },
		{ "{\"queues\":\"-4\"}", "queues is '-4', and must be a number" },
		{ "{\"queues\":\"\"}", "must be a number" },
		{ "{\"queues\":\"0x\"}", "must be a number" },
		{ "{\"capacity\":\"G\"}", "must be a number of bytes" },
		{ "{\"capacity\":\"1GB\"}", "must be a number of bytes" },
		{ "{\"capacity\":\"0x1G\"}", "must be a number of bytes" },
		{ "{\"capacity\":\"99999999999999999999\"}", "must be a number of bytes" },
		{ "{\"type\":\"zns\"}", "must be nvm, the only type" },
		{ "{\"memory_source\":\"disk\"}", "must be runtime, memmap or" },
		{ "{\"memory_source\":\"reserve_mem:\"}", "must be runtime, memmap or" },
		{ "{\"serial\":\"a\\nb\"}", "must be printable" },
		{ "{\"cpus\":\"all\"}", "must be a list of CPUs" },
		{ "{\"namespaces/1/pi_first\":\"yes\"}", "must be 0 or 1" },
		{ "{\"namespaces/0/size\":\"1M\"}", "there is no setting" },
		{ "{\"namespaces/100/size\":\"1M\"}", "there is no setting" },
		{ "{\"namespaces/1\":\"1M\"}", "there is no setting" },
		{ "{\"../../etc/passwd\":\"1M\"}", "there is no setting" },
		{ "{\"power\":\"1\"}", "there is no setting" },
		{ "{\"fault/present\":\"0\"}", "there is no setting" },
	};
	struct bx_failure failure;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(check(bad[i].settings, &failure), -EINVAL);
		assert_int_equal(failure.error, BX_ERROR_INVALID_ARGUMENT);
		assert_non_null(strstr(failure.message, bad[i].said));
	}
}

static void names_are_what_configfs_and_a_file_can_have(void **state)
{
	static const char *const good[] = { "a", "demo", "A-1_b",
					    "0123456789012345678901234567890" };
	static const char *const bad[] = { "",	  "-a",	 "_a",
					   "a b", "a/b", "..",
					   "a.b", "a\n", "01234567890123456789012345678901" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(bx_emulated_name_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(bx_emulated_name_valid(bad[i]));
}

static void what_is_written_is_read_back(void **state)
{
	_cleanup_(json_object_putp) struct json_object *settings =
		json_tokener_parse("{\"capacity\":\"1G\",\"queues\":\"4\"}");
	_cleanup_(bx_definition_freep) struct bx_definition *written = NULL, *read = NULL;
	struct folder *folder = *state;
	struct bx_failure failure;

	written = bx_definition_new("demo", BX_DEFINITION_STORED, true, settings);
	assert_int_equal(bx_definition_write(&folder->root, written), 0);
	assert_int_equal(bx_definition_read(&folder->root, "demo", &read, &failure), 0);
	assert_string_equal(read->name, "demo");
	assert_int_equal(read->kind, BX_DEFINITION_STORED);
	assert_true(read->autostart);
	assert_true(json_object_equal(read->settings, settings));
	assert_int_equal(bx_definition_remove(&folder->root, "demo", BX_DEFINITION_STORED), 0);
	bx_definition_free(read);
	read = NULL;
	assert_int_equal(bx_definition_read(&folder->root, "demo", &read, &failure), -ENOENT);
}

static int parse(const char *text, struct bx_failure *failure)
{
	_cleanup_(bx_definition_freep) struct bx_definition *definition = NULL;

	*failure = (struct bx_failure){ 0 };
	return bx_definition_parse(text, strlen(text), "demo", BX_DEFINITION_STORED, &definition,
				   failure);
}

static void a_file_that_is_no_definition_is_refused_whole(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *said;
	} bad[] = {
		{ "", -EBADMSG, "no JSON object" },
		{ "[]", -EBADMSG, "no JSON object" },
		{ "{\"version\":1,\"settings\":{}", -EBADMSG, "no JSON object" },
		{ "{\"version\":1,\"settings\":{},\"settings\":{}}", -EBADMSG, "no JSON object" },
		{ "{\"settings\":{}}", -EBADMSG, "no number 'version'" },
		{ "{\"version\":\"1\",\"settings\":{}}", -EBADMSG, "no number 'version'" },
		{ "{\"version\":2,\"settings\":{}}", -EPROTO, "version 2" },
		{ "{\"version\":2,\"what\":{}}", -EPROTO, "version 2" },
		{ "{\"version\":1}", -EBADMSG, "no 'settings'" },
		{ "{\"version\":1,\"settings\":{},\"colour\":1}", -EBADMSG, "no member 'colour'" },
		{ "{\"version\":1,\"settings\":{},\"autostart\":1}", -EBADMSG, "true or false" },
		{ "{\"version\":1,\"settings\":{},\"name\":\"other\"}", -EBADMSG, "not 'demo'" },
		{ "{\"version\":1,\"settings\":{\"queues\":\"x\"}}", -EBADMSG, "queues is 'x'" },
	};
	struct bx_failure failure;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i].text, &failure), bad[i].r);
		assert_non_null(strstr(failure.message, bad[i].said));
	}
	assert_int_equal(parse("{\"version\":1,\"settings\":{},\"name\":\"demo\"}", &failure), 0);
}

static unsigned int left_out;

static void note_damaged(const char *path, const char *why)
{
	assert_true(*why);
	left_out++;
}

static void the_administrators_definition_counts(void **state)
{
	_cleanup_(bx_definitions_freep) struct bx_definition *list = NULL;
	struct folder *folder = *state;

	mkdirat(folder->root.fd, "var/lib/bxd/devices", 0755);
	put(folder, "etc/bxd/devices/b.json", "{\"version\":1,\"settings\":{\"queues\":\"1\"}}");
	put(folder, "var/lib/bxd/devices/b.json",
	    "{\"version\":1,\"settings\":{\"queues\":\"2\"}}");
	put(folder, "var/lib/bxd/devices/a.json", "{\"version\":1,\"settings\":{}}");
	put(folder, "var/lib/bxd/devices/c.json", "{\"version\":1");
	put(folder, "var/lib/bxd/devices/c c.json", "{\"version\":1,\"settings\":{}}");
	put(folder, "var/lib/bxd/devices/d.json.new", "{\"version\":1");
	left_out = 0;
	assert_int_equal(bx_definitions_load(&folder->root, note_damaged, &list), 0);
	assert_string_equal(list->name, "a");
	assert_string_equal(list->next->name, "b");
	assert_int_equal(list->next->kind, BX_DEFINITION_ADMINISTRATOR);
	/* What cannot be read has its name. */
	assert_string_equal(list->next->next->name, "c");
	assert_null(list->next->next->settings);
	assert_null(list->next->next->next);
	assert_int_equal(left_out, 2);
}

static void a_preset_gives_its_settings(void **state)
{
	_cleanup_(json_object_putp) struct json_object *settings = NULL;
	struct folder *folder = *state;
	struct bx_failure failure;

	put(folder, "etc/bxd/presets/mine.json",
	    "{\"version\":1,\"description\":\"x\",\"source\":\"y\",\"settings\":{\"queues\":\"7\"}}");
	put(folder, "etc/bxd/presets/bad.json", "{\"version\":1,\"settings\":{\"queues\":\"x\"}}");
	assert_int_equal(bx_preset_read(&folder->root, "mine", &settings, &failure), 0);
	assert_string_equal(json_object_get_string(json_object_object_get(settings, "queues")),
			    "7");
	assert_true(bx_preset_read(&folder->root, "bad", &settings, &failure) < 0);
	assert_non_null(strstr(failure.message, "presets/bad.json: queues is 'x'"));
	assert_int_equal(bx_preset_read(&folder->root, "none", &settings, &failure), -ENOENT);
	assert_non_null(strstr(failure.message, "no preset 'none'"));
	assert_int_equal(bx_preset_read(&folder->root, "../mine", &settings, &failure), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(good_settings_are_taken),
		TEST(what_is_wrong_with_a_setting_is_named),
		TEST(names_are_what_configfs_and_a_file_can_have),
		TEST(what_is_written_is_read_back),
		TEST(a_file_that_is_no_definition_is_refused_whole),
		TEST(the_administrators_definition_counts),
		TEST(a_preset_gives_its_settings),
	};

	return cmocka_run_group_tests_name("definition", tests, NULL, NULL);
}
