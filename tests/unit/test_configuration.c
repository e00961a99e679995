// SPDX-License-Identifier: GPL-2.0-or-later
/* bxd.conf: what is written counts, what is wrong is named with its line and changes nothing, and the manual tells the truth. */
#include "daemon/configuration.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <syslog.h>

#include <cmocka.h>

#define S 1000ULL

static char said[4096];

static void note(const char *file, unsigned int line, const char *why)
{
	size_t n = strlen(said);

	snprintf(said + n, sizeof(said) - n, "%s:%u: %s\n", file, line, why);
}

static struct bx_configuration parse(const char *text)
{
	struct bx_configuration configuration = bx_configuration_default;
	_cleanup_free_ char *copy = strdup(text);

	*said = 0;
	bx_configuration_parse(&configuration, "f", copy, note);
	return configuration;
}

static void what_is_written_counts(void **state)
{
	struct bx_configuration c = parse(
		"# a comment\n\n [Jobs] \n LiveTimeoutSec = 2min 5s\n;x\nReturnTimeoutSec=1500ms\n"
		"[Daemon]\nLogLevel=debug\nIdleExitSec=1h\nIdleExitSec=20");

	assert_string_equal(said, "");
	assert_int_equal(c.live_timeout, 125 * S);
	assert_int_equal(c.return_timeout, 1500);
	assert_int_equal(c.log_level, LOG_DEBUG);
	assert_int_equal(c.idle_exit, 20 * S);
	assert_true(parse("[Daemon]\nIdleExitSec=infinity\n").idle_exit == BX_TIME_INFINITE);
}

static void what_is_wrong_is_named_and_changes_nothing(void **state)
{
	static const struct {
		const char *text, *word;
	} wrong[] = {
		{ "LogLevel=info\n", "f:1: 'LogLevel=info' stands before any section" },
		{ "[Demon]\nLogLevel=debug\n", "f:1: there is no section [Demon]" },
		{ "[Daemon]\nLoglevel=debug\n", "f:2: there is no setting 'Loglevel' in [Daemon]" },
		{ "[Daemon]\nLiveTimeoutSec=1\n",
		  "f:2: there is no setting 'LiveTimeoutSec' in [Daemon]" },
		{ "[Daemon]\n\nLogLevel\n", "f:3: 'LogLevel' is neither [Section] nor Name=value" },
		{ "[Daemon]\nLogLevel=loud\n", "f:2: LogLevel=loud is wrong: it is one of emerg" },
		{ "[Daemon]\nLogLevel=\n", "f:2: LogLevel= is wrong" },
		{ "[Daemon]\nIdleExitSec=0\n",
		  "f:2: IdleExitSec=0 is wrong: it is 1s at least, or infinity" },
		{ "[Daemon]\nIdleExitSec=-5\n", "IdleExitSec=-5 is wrong" },
		{ "[Daemon]\nIdleExitSec=5 parsecs\n", "IdleExitSec=5 parsecs is wrong" },
		{ "[Daemon]\nIdleExitSec=1s2\t3\n", "is wrong" },
		{ "[Daemon]\nIdleExitSec=999999999h 999999999h\n", "is wrong" },
		{ "[Daemon]\nIdleExitSec=18446744073709551617\n", "is wrong" },
		{ "[Jobs]\nLiveTimeoutSec=301\n", "LiveTimeoutSec=301 is wrong: it is 1s to 5min" },
		{ "[Jobs]\nReturnTimeoutSec=infinity\n", "is wrong: it is 1s to 5min" },
		{ "[Daemon\nLogLevel=debug\n", "f:1: '[Daemon' stands before any section" },
		{ "[Daemon]\n\xff\xfe=1\n", "f:2: there is no setting '?" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct bx_configuration c = parse(wrong[i].text);

		if (!strstr(said, wrong[i].word))
			fail_msg("no '%s' in '%s'", wrong[i].word, said);
		assert_memory_equal(&c, &bx_configuration_default, sizeof(c));
	}
}

static void one_mistake_leaves_the_rest(void **state)
{
	struct bx_configuration c = parse(
		"[Jobs]\nLiveTimeoutSec=never\nReturnTimeoutSec=2\n[Later]\nRings=5\n[Daemon]\nIdleExitSec=3\n");

	assert_string_equal(said, "f:2: LiveTimeoutSec=never is wrong: it is 1s to 5min\n"
				  "f:4: there is no section [Later]\n");
	assert_int_equal(c.return_timeout, 2 * S);
	assert_int_equal(c.idle_exit, 3 * S);
}

/* ---------------------------------------------------------------- files */

static void put(struct bx_root *root, const char *path, const char *text, size_t size)
{
	int fd = openat(root->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void files_are_read_in_their_order(void **state)
{
	char name[] = "/tmp/bx-configuration-XXXXXX";
	struct bx_configuration c;
	struct bx_root root;

	assert_non_null(mkdtemp(name));
	assert_int_equal(bx_root_open(&root, name), 0);
	*said = 0;
	c = bx_configuration_read(&root, note);
	assert_string_equal(said, "");
	assert_memory_equal(&c, &bx_configuration_default, sizeof(c));

	mkdirat(root.fd, "etc", 0755);
	mkdirat(root.fd, "etc/bxd", 0755);
	mkdirat(root.fd, "etc/bxd/bxd.conf.d", 0755);
#define PUT(path, text) put(&root, path, text, strlen(text))
	PUT("etc/bxd/bxd.conf.d/20-b.conf", "[Jobs]\nLiveTimeoutSec=20\n");
	PUT("etc/bxd/bxd.conf.d/10-a.conf", "[Jobs]\nLiveTimeoutSec=10\nReturnTimeoutSec=10\n");
	PUT("etc/bxd/bxd.conf.d/30-c.conf~", "[Jobs]\nLiveTimeoutSec=30\n");
	PUT("etc/bxd/bxd.conf", "[Jobs]\nLiveTimeoutSec=1\n[Daemon]\nIdleExitSec=1\n");
	c = bx_configuration_read(&root, note);
	assert_string_equal(said, "");
	assert_int_equal(c.live_timeout, 20 * S);
	assert_int_equal(c.return_timeout, 10 * S);
	assert_int_equal(c.idle_exit, 1 * S);

	/* What cannot be read leaves the others. */
	put(&root, "etc/bxd/bxd.conf", "[Daemon]\0IdleExitSec=9", 22);
	mkdirat(root.fd, "etc/bxd/bxd.conf.d/15.conf", 0755);
	c = bx_configuration_read(&root, note);
	assert_non_null(strstr(said, "etc/bxd/bxd.conf:0: it is no text"));
	assert_non_null(strstr(said, "etc/bxd/bxd.conf.d/15.conf:0: it cannot be read: "));
	assert_int_equal(c.live_timeout, 20 * S);
	assert_int_equal(c.idle_exit, bx_configuration_default.idle_exit);

	bx_root_close(&root);
	nftw(name, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Every `.It Va Name Ns = Ns value` is a setting, with its default. */
static void the_manual_has_the_defaults(void **state)
{
	FILE *page = fopen("man/bxd.conf.5", "re");
	struct bx_configuration configuration;
	char line[256], section[64] = "", name[64], value[64], text[256];
	int found = 0;

	assert_non_null(page);
	memset(&configuration, 0, sizeof(configuration));
	while (fgets(line, sizeof(line), page)) {
		sscanf(line, ".Ss %63s", section);
		if (sscanf(line, ".It Va %63s Ns = Ns %63s", name, value) != 2)
			continue;
		snprintf(text, sizeof(text), "%s\n%s=%s\n", section, name, value);
		*said = 0;
		bx_configuration_parse(&configuration, "man", text, note);
		assert_string_equal(said, "");
		found++;
	}
	fclose(page);
	assert_int_equal(found, 4);
	assert_memory_equal(&configuration, &bx_configuration_default, sizeof(configuration));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_counts),
		cmocka_unit_test(what_is_wrong_is_named_and_changes_nothing),
		cmocka_unit_test(one_mistake_leaves_the_rest),
		cmocka_unit_test(files_are_read_in_their_order),
		cmocka_unit_test(the_manual_has_the_defaults),
	};

	return cmocka_run_group_tests_name("configuration", tests, NULL, NULL);
}
