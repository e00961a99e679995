// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the cases of test_kit.c, each by starting this program anew with --case NAME. */
#include <kit/cmocka.h>

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/kit_cases.h"

#ifdef __SANITIZE_THREAD__
#define THIS_VARIANT TSAN
#else
#define THIS_VARIANT ASAN
#endif

extern const struct kit_child *const __start_kit_children[];
extern const struct kit_child *const __stop_kit_children[];

volatile long kit_cases_sink;
void *kit_cases_leaked;

void *kit_cases_fresh_object(void)
{
	static long object[4];

	return &object[1];
}

/* The child's part. */
static int run_case(const char *name)
{
	const struct kit_child *const *child = __start_kit_children;
	const char *wrong = NULL;

	while (child != __stop_kit_children && strcmp((*child)->name, name))
		child++;
	if (child == __stop_kit_children)
		return 99;
	/* A deadlock must not outlive its test. */
	alarm(60);
	if ((*child)->flags & BARE) {
		(*child)->run();
		return 0;
	}
	kit_begin();
	(*child)->run();
	wrong = kit_end();
	if (wrong)
		fprintf(stderr, "kit: %s\n", wrong);
	/* The stray threads of some cases go down with the process. */
	return wrong ? 1 : 0;
}

static size_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t n;

	while ((n = read(fd, text + length, size - 1 - length)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		length += n > 0 ? n : 0;
		/* More than fits is of no interest, but must not block the child. */
		if (length == size - 1)
			length /= 2;
	}
	text[length] = '\0';
	return length;
}

static void run_child(void **state)
{
	static char output[1 << 18];
	const struct kit_child *child = *state;
	char pattern[300];
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/proc/self/exe", "test-kit", "--case", child->name, NULL);
		_exit(98);
	}
	close(ends[1]);
	read_all(ends[0], output, sizeof(output));
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);

	if (!child->words) {
		if (status)
			fail_msg("it failed (%#x), and should not have: %s", status, output);
		return;
	}
	snprintf(pattern, sizeof(pattern), "*%s*", child->words);
	for (char *c = pattern; *c; c++)
		if (*c == '[' || *c == '?')
			*c = '?';
	if (fnmatch(pattern, output, FNM_NOESCAPE))
		fail_msg("it did not say \"%s\" but: %s", child->words, output);
	if (!status)
		fail_msg("it said \"%s\", but did not fail", child->words);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		fail_msg("it hung");
}

int kit_cases_main(int argc, char **argv, const struct CMUnitTest *tests, size_t n)
{
	static struct CMUnitTest all[200];
	size_t count = 0;

	if (argc == 3 && !strcmp(argv[1], "--case"))
		return run_case(argv[2]);

	for (const struct kit_child *const *child = __start_kit_children;
	     child != __stop_kit_children; child++) {
		if (!((*child)->flags & THIS_VARIANT))
			continue;
		if (count + n == sizeof(all) / sizeof(all[0]))
			abort();
		all[count++] = (struct CMUnitTest){ (*child)->name, run_child, NULL, NULL,
						    (void *)*child };
	}
	memcpy(&all[count], tests, n * sizeof(*tests));
	return _cmocka_run_group_tests("kit", all, count + n, NULL, NULL);
}
