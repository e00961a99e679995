// SPDX-License-Identifier: GPL-2.0-or-later
/* Re-enumeration and removal against a model of the kernel, with a fault at every access: what was let go is found again, and what is said to be gone is. */
#include "daemon/util.h"
#include "daemon/work.h"
#include "tests/unit/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct run {
	struct model model;
	struct bx_journal journal;
	struct bx_work work;
};

static void run_begin_kind(struct run *run, enum bx_kind kind)
{
	struct bx_operation *operation = &run->work.operation;
	struct bx_pci pci;

	*run = (struct run){ 0 };
	model_begin(&run->model, "nvme", "");
	assert_int_equal(bx_journal_open(&run->journal, &run->model.root), 0);
	run->work = (struct bx_work){
		.root = &run->model.root,
		.journal = &run->journal,
		.find_openers = model_find_openers,
		.live_timeout_ms = 30,
		.return_timeout_ms = 60,
	};
	assert_int_equal(bx_pci_read(&run->model.root, MODEL_ADDRESS, &pci), 0);
	*operation = (struct bx_operation){
		.job = 1,
		.kind = kind,
		.boot_id = "boot",
		.device = "bxlab0",
		.address = MODEL_ADDRESS,
		.inode = pci.inode,
		.old_driver = "nvme",
	};
	bx_pci_done(&pci);
	assert_int_equal(bx_journal_write(&run->journal, operation), 0);
	run->model.accesses = 0;
}

static void run_begin(struct run *run)
{
	run_begin_kind(run, BX_KIND_REENUMERATE);
}

static void run_end(struct run *run)
{
	bx_journal_close(&run->journal);
	model_end(&run->model);
}

static bool has_function(struct run *run)
{
	return bx_root_exists(&run->model.root, BX_PCI_DEVICES "/" MODEL_ADDRESS);
}

static void it_comes_back_as_another_function(void **state)
{
	struct run run;
	uint64_t inode;

	run_begin(&run);
	inode = run.work.operation.inode;
	assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
	assert_true(has_function(&run));
	assert_int_not_equal(run.work.operation.inode, inode);
	run_end(&run);
}

static void one_failure_anywhere_does_not_lose_it(void **state)
{
	struct run run;
	unsigned int n;

	run_begin(&run);
	model_run(&run.work);
	n = run.model.accesses;
	run_end(&run);
	for (unsigned int at = 1; at <= n; at++) {
		run_begin(&run);
		run.model.fail_at[0] = at;
		model_run(&run.work);
		assert_true(has_function(&run));
		assert_int_not_equal(run.work.operation.result, BX_RESULT_ROLLBACK_FAILED);
		run_end(&run);
	}
}

static void a_worker_killed_anywhere_is_made_good_by_the_next(void **state)
{
	bool through = false;

	for (unsigned int at = 1; !through; at++) {
		struct run run;
		uint64_t inode;

		run_begin(&run);
		inode = run.work.operation.inode;
		through = model_run_until(&run.model, &run.work, at);
		assert_int_equal(bx_journal_read(&run.journal, 1, &run.work.operation), 0);
		/* It is there in any case, and only said to be found again if it was let go. */
		if (model_run(&run.work) != BX_RESULT_DONE)
			assert_int_equal(run.work.operation.result, BX_RESULT_ROLLED_BACK);
		assert_true(has_function(&run));
		assert_int_equal(run.work.operation.result == BX_RESULT_DONE,
				 run.work.operation.inode != inode);
		run_end(&run);
	}
}

static void one_that_stays_away_is_said_to(void **state)
{
	struct run run;

	run_begin(&run);
	run.model.lost = true;
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLBACK_FAILED);
	assert_int_equal(run.work.operation.error, BX_ERROR_NOT_BACK);
	assert_non_null(strstr(run.work.operation.message, "has not come back"));
	run_end(&run);
}

static void one_in_use_stays(void **state)
{
	static const char *const ways[][2] = { { "dev/nvme0n1", NULL }, { NULL, "ng0n1" } };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct run run;

		run_begin(&run);
		run.model.busy = ways[i][0];
		run.model.opener = ways[i][1];
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
		assert_true(has_function(&run));
		run_end(&run);
	}
}

static void one_that_is_removed_stays_away_until_a_rescan(void **state)
{
	struct run run;

	run_begin_kind(&run, BX_KIND_REMOVE);
	assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
	assert_false(has_function(&run));
	run.work.operation = (struct bx_operation){ .job = 2, .kind = BX_KIND_RESCAN };
	strcpy(run.work.operation.boot_id, "boot");
	assert_int_equal(bx_journal_write(&run.journal, &run.work.operation), 0);
	assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
	assert_true(has_function(&run));
	run_end(&run);
}

/* Done means gone, and anything else means that it is there. */
static void expect_the_truth(struct run *run)
{
	assert_int_equal(run->work.operation.result == BX_RESULT_DONE, !has_function(run));
	assert_int_not_equal(run->work.operation.result, BX_RESULT_ROLLBACK_FAILED);
}

static void one_failure_anywhere_in_a_removal_is_told(void **state)
{
	struct run run;
	unsigned int n;

	run_begin_kind(&run, BX_KIND_REMOVE);
	model_run(&run.work);
	n = run.model.accesses;
	run_end(&run);
	for (unsigned int at = 1; at <= n; at++) {
		run_begin_kind(&run, BX_KIND_REMOVE);
		run.model.fail_at[0] = at;
		model_run(&run.work);
		expect_the_truth(&run);
		run_end(&run);
	}
}

static void a_removal_killed_anywhere_is_judged_by_the_next(void **state)
{
	bool through = false;

	for (unsigned int at = 1; !through; at++) {
		struct run run;

		run_begin_kind(&run, BX_KIND_REMOVE);
		through = model_run_until(&run.model, &run.work, at);
		assert_int_equal(bx_journal_read(&run.journal, 1, &run.work.operation), 0);
		model_run(&run.work);
		expect_the_truth(&run);
		run_end(&run);
	}
}

static void one_in_use_is_not_removed(void **state)
{
	struct run run;

	run_begin_kind(&run, BX_KIND_REMOVE);
	run.model.busy = "dev/nvme0n1";
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
	assert_true(has_function(&run));
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_back_as_another_function),
		cmocka_unit_test(one_failure_anywhere_does_not_lose_it),
		cmocka_unit_test(a_worker_killed_anywhere_is_made_good_by_the_next),
		cmocka_unit_test(one_that_stays_away_is_said_to),
		cmocka_unit_test(one_in_use_stays),
		cmocka_unit_test(one_that_is_removed_stays_away_until_a_rescan),
		cmocka_unit_test(one_failure_anywhere_in_a_removal_is_told),
		cmocka_unit_test(a_removal_killed_anywhere_is_judged_by_the_next),
		cmocka_unit_test(one_in_use_is_not_removed),
	};

	return cmocka_run_group_tests_name("reenumerate", tests, NULL, NULL);
}
