// SPDX-License-Identifier: GPL-2.0-or-later
/* A reset against a model of the kernel: what is said to have been reset was, and what was not is said to be. */
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

static void run_begin(struct run *run, const char *driver)
{
	struct bx_operation *operation = &run->work.operation;
	struct bx_pci pci;

	*run = (struct run){ 0 };
	model_begin(&run->model, driver, "");
	assert_int_equal(bx_journal_open(&run->journal, &run->model.root), 0);
	run->work = (struct bx_work){
		.root = &run->model.root,
		.journal = &run->journal,
		.live_timeout_ms = 30,
	};
	assert_int_equal(bx_pci_read(&run->model.root, MODEL_ADDRESS, &pci), 0);
	*operation = (struct bx_operation){
		.job = 1,
		.kind = BX_KIND_RESET,
		.boot_id = "boot",
		.device = "bxlab0",
		.address = MODEL_ADDRESS,
		.inode = pci.inode,
	};
	bx_pci_done(&pci);
	assert_int_equal(bx_journal_write(&run->journal, operation), 0);
	run->model.accesses = 0;
}

static void run_end(struct run *run)
{
	bx_journal_close(&run->journal);
	model_end(&run->model);
}

static void a_controller_is_reset_once(void **state)
{
	struct run run;

	run_begin(&run, "nvme");
	assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
	assert_int_equal(model_resets(&run.model), 1);
	run_end(&run);
}

static void only_nvme_resets(void **state)
{
	static const char *const drivers[] = { "vfio-pci", "" };

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		struct run run;

		run_begin(&run, drivers[i]);
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_int_equal(run.work.operation.error, BX_ERROR_WRONG_STATE);
		run_end(&run);
	}
}

static void one_failure_anywhere_is_told(void **state)
{
	struct run run;
	unsigned int n;

	run_begin(&run, "nvme");
	model_run(&run.work);
	n = run.model.accesses;
	run_end(&run);
	for (unsigned int at = 1; at <= n; at++) {
		run_begin(&run, "nvme");
		run.model.fail_at[0] = at;
		if (model_run(&run.work) == BX_RESULT_DONE)
			assert_int_equal(model_resets(&run.model), 1);
		assert_int_not_equal(run.work.operation.result, BX_RESULT_ROLLBACK_FAILED);
		run_end(&run);
	}
}

static void a_worker_killed_anywhere_does_not_leave_it_undone(void **state)
{
	bool through = false;

	for (unsigned int at = 1; !through; at++) {
		struct run run;

		run_begin(&run, "nvme");
		through = model_run_until(&run.model, &run.work, at);
		assert_int_equal(bx_journal_read(&run.journal, 1, &run.work.operation), 0);
		assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
		assert_true(model_resets(&run.model) >= 1);
		run_end(&run);
	}
}

static void a_controller_that_stays_dead_is_told(void **state)
{
	struct run run;

	run_begin(&run, "nvme");
	model_write(&run.model, BX_PCI_DEVICES "/" MODEL_ADDRESS "/nvme/nvme0/state", "dead\n");
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLBACK_FAILED);
	assert_int_equal(run.work.operation.error, BX_ERROR_RESET_FAILED);
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_controller_is_reset_once),
		cmocka_unit_test(only_nvme_resets),
		cmocka_unit_test(one_failure_anywhere_is_told),
		cmocka_unit_test(a_worker_killed_anywhere_does_not_leave_it_undone),
		cmocka_unit_test(a_controller_that_stays_dead_is_told),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
