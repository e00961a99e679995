// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bxd-worker: does one operation of the journal and ends. It is a process of its own, in a unit of
 * its own, because a write to sysfs can block for ever and must then hold nobody up. It holds the
 * device's lock while it lives and says everything else through the journal.
 */
#include "daemon/configuration.h"
#include "daemon/contents.h"
#include "daemon/inspector.h"
#include "daemon/lock.h"
#include "daemon/log.h"
#include "daemon/module.h"
#include "daemon/names.h"
#include "daemon/util.h"
#include "daemon/work.h"

#include <time.h>

#define NAMESPACE_TIMEOUT_MS 2000
#define RETRY_PAUSE_MS	     500
/* The worker before this one may still be busy with ending. */
#define LOCK_TRIES	     100
#define LOCK_PAUSE_NS	     (50 * 1000 * 1000)

BX_DEFINE_CLEANUP(struct bx_root *, bx_root_close)
BX_DEFINE_CLEANUP(struct bx_journal *, bx_journal_close)

static int take_lock(struct bx_root *root, const char *name)
{
	int r = -EWOULDBLOCK;

	for (int i = 0; i < LOCK_TRIES && r == -EWOULDBLOCK; i++) {
		if (i)
			nanosleep(&(struct timespec){ .tv_nsec = LOCK_PAUSE_NS }, NULL);
		r = bx_lock_take(root, name);
	}
	return r;
}

/* bxd has complained of what is wrong in there. */
static void say_nothing(const char *file, unsigned int line, const char *why)
{
}

static bool cancelled(const struct bx_work *work)
{
	return bx_journal_cancelled(work->journal, work->operation.job);
}

static int run(uint64_t job)
{
	struct bx_root root = { .fd = -1 };
	struct bx_journal journal = { .fd = -1 };
	_cleanup_(bx_root_closep) struct bx_root *close_root = &root;
	_cleanup_(bx_journal_closep) struct bx_journal *close_journal = &journal;
	struct bx_work work = {
		.root = &root,
		.journal = &journal,
		.load_driver = bx_driver_load,
		.load_module = bx_module_load,
		.unload_module = bx_module_unload,
		.find_openers = bx_inspector_find_openers,
		.find_contents = bx_contents_find,
		.cancelled = cancelled,
		.openers_patience_ms = BX_OPENERS_PATIENCE_MS,
		.namespace_timeout_ms = NAMESPACE_TIMEOUT_MS,
		.retry_pause_ms = RETRY_PAUSE_MS,
	};
	_cleanup_close_ int lock = -1;
	struct bx_configuration configuration;
	char boot_id[BX_BOOT_ID_MAX];
	int r;

	r = bx_root_open(&root, "/");
	if (r >= 0)
		r = bx_journal_open(&journal, &root);
	if (r >= 0)
		r = bx_journal_read(&journal, job, &work.operation);
	if (r >= 0)
		r = bx_root_read(&root, "proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	if (r < 0)
		return r;
	if (!bx_streq(boot_id, work.operation.boot_id))
		return -ESTALE;
	configuration = bx_configuration_read(&root, say_nothing);
	work.live_timeout_ms = configuration.live_timeout;
	work.return_timeout_ms = configuration.return_timeout;
	r = lock = take_lock(&root, bx_operation_lock(&work.operation).s);
	if (r < 0)
		return r;
	/* Only what is read under the lock counts: another worker may have just ended. */
	r = bx_journal_read(&journal, job, &work.operation);
	return r < 0 ? r : bx_work_run(&work);
}

int main(int argc, char **argv)
{
	unsigned long long job;
	char *end;
	int r;

	bx_log_open();
	if (argc != 2 || (job = strtoull(argv[1], &end, 10)) == 0 || *end) {
		fprintf(stderr, "bxd-worker is started by bxd, with the number of a job\n");
		return EXIT_FAILURE;
	}
	r = run(job);
	if (r < 0) {
		bx_log(LOG_ERR, "Job %llu: %s", job, strerror(-r));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
