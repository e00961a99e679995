// SPDX-License-Identifier: GPL-2.0-or-later
/* The rebind sequence against a model of the kernel, with a fault at every access. */
#include "daemon/rebind.h"
#include "daemon/util.h"
#include "tests/unit/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

/* One way to use it: from where to where. */
struct scenario {
	const char *old_driver, *old_override, *new_driver; /* NULL: unbind */
};

static const struct scenario scenarios[] = {
	{ "nvme", "", "vfio-pci" },
	{ "vfio-pci", "vfio-pci", "nvme" },
	{ "nvme", "vfio-pci", "vfio-pci" },
	{ "nvme", "nvme", "vfio-pci" },
	{ "nvme", "pci-stub", "vfio-pci" },
	{ "vfio-pci", "", NULL },
	{ "", "", "nvme" },
	{ "", "", "vfio-pci" },
	{ "nvme", "", "nvme" },
	{ "nvme", "", NULL },
	{ "vfio-pci", "vfio-pci", NULL },
};

struct run {
	struct model model;
	struct bx_journal journal;
	struct bx_rebind rebind;
	const struct scenario *scenario;
	char plan_override[BX_NAME_MAX]; /* what a rollback has to put back */
};

static int no_module(const char *driver, struct bx_failure *failure)
{
	return bx_fail(failure, -ENOENT, BX_ERROR_DRIVER_NOT_FOUND, "no module %s", driver);
}

static void run_begin(struct run *run, const struct scenario *scenario)
{
	struct bx_failure failure = { 0 };
	struct bx_pci pci;

	*run = (struct run){ .scenario = scenario };
	model_begin(&run->model, scenario->old_driver, scenario->old_override);
	assert_int_equal(bx_journal_open(&run->journal, &run->model.root), 0);
	run->rebind = (struct bx_rebind){
		.root = &run->model.root,
		.journal = &run->journal,
		.load_module = no_module,
		.live_timeout_ms = 30,
	};
	assert_int_equal(bx_pci_read(&run->model.root, MODEL_ADDRESS, &pci), 0);
	assert_int_equal(
		bx_rebind_plan(&pci, scenario->new_driver, &run->rebind.operation, &failure), 0);
	bx_pci_done(&pci);
	run->rebind.operation.job = 1;
	strcpy(run->rebind.operation.boot_id, "boot");
	if (!bx_streq(scenario->old_override, BX_OWN_DRIVER) &&
	    !bx_streq(scenario->old_override, scenario->new_driver ?: ""))
		strcpy(run->plan_override, scenario->old_override);
	assert_int_equal(bx_journal_write(&run->journal, &run->rebind.operation, true), 0);
	run->model.accesses = 0;
}

static void run_end(struct run *run)
{
	bx_journal_close(&run->journal);
	model_end(&run->model);
}

/* What the result says is how the machine is. */
static void check_truth(struct run *run, bool healed)
{
	const struct scenario *scenario = run->scenario;
	const char *new_driver = scenario->new_driver ?: "", *stays;
	char driver[BX_NAME_MAX], override[BX_NAME_MAX];
	struct bx_operation written;

	assert_int_equal(bx_journal_read(&run->journal, 1, &written), 0);
	assert_int_not_equal(written.result, BX_RESULT_NONE);
	assert_int_equal(written.error == BX_ERROR_NONE, written.result == BX_RESULT_DONE);
	assert_int_equal(*written.message != 0, written.result != BX_RESULT_DONE);
	if (written.result == BX_RESULT_GONE)
		return;
	model_driver(&run->model, driver);
	model_override(&run->model, override);
	switch (written.result) {
	case BX_RESULT_DONE:
		stays = !*new_driver		       ? scenario->old_override
			: bx_streq(new_driver, "nvme") ? ""
						       : new_driver;
		assert_string_equal(driver, new_driver);
		assert_string_equal(override, stays);
		assert_int_equal(written.error, BX_ERROR_NONE);
		break;
	case BX_RESULT_REFUSED:
		assert_string_equal(driver, scenario->old_driver);
		assert_string_equal(override, scenario->old_override);
		break;
	case BX_RESULT_ROLLED_BACK:
		assert_string_equal(driver, scenario->old_driver);
		assert_string_equal(override, run->plan_override);
		assert_int_equal(written.error, *scenario->old_driver ? BX_ERROR_ROLLED_BACK
								      : BX_ERROR_BIND_FAILED);
		break;
	default:
		assert_false(healed);
		assert_int_equal(written.error, BX_ERROR_ROLLBACK_FAILED);
	}
}

static enum bx_result run_whole(struct run *run)
{
	assert_int_equal(bx_rebind_run(&run->rebind), 0);
	return run->rebind.operation.result;
}

/* How many accesses a run without faults takes. */
static unsigned int count_accesses(const struct scenario *scenario)
{
	struct run run;
	unsigned int n;

	run_begin(&run, scenario);
	assert_int_equal(run_whole(&run), BX_RESULT_DONE);
	check_truth(&run, true);
	n = run.model.accesses;
	run_end(&run);
	return n;
}

static void every_way_ends_at_the_new_driver_with_the_right_override(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		assert_true(count_accesses(&scenarios[i]) > 0);
}

static void one_failure_anywhere_leaves_the_old_driver_or_the_new_one(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		unsigned int n = count_accesses(&scenarios[i]);

		for (unsigned int at = 1; at <= n; at++) {
			struct run run;

			run_begin(&run, &scenarios[i]);
			run.model.fail_at[0] = at;
			run_whole(&run);
			check_truth(&run, true);
			run_end(&run);
		}
	}
}

static void a_second_failure_while_it_is_brought_back_is_healed_too(void **state)
{
	unsigned int n = count_accesses(&scenarios[0]);

	for (unsigned int first = 1; first <= n; first++) {
		for (unsigned int second = first + 1; second <= first + 16; second++) {
			struct run run;

			run_begin(&run, &scenarios[0]);
			run.model.fail_at[0] = first;
			run.model.fail_at[1] = second;
			run_whole(&run);
			check_truth(&run, true);
			run_end(&run);
		}
	}
}

static void when_nothing_works_any_more_the_result_says_so(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		unsigned int n = count_accesses(&scenarios[i]);

		for (unsigned int from = 1; from <= n; from++) {
			struct run run;

			run_begin(&run, &scenarios[i]);
			run.model.fail_from = from;
			run_whole(&run);
			run.model.fail_from = 0;
			check_truth(&run, false);
			run_end(&run);
		}
	}
}

/* Runs until the model ends the process; 0 if it did, 1 if it got through. */
static int crash_at(struct run *run, unsigned int access)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		assert_int_equal(bx_journal_read(&run->journal, 1, &run->rebind.operation), 0);
		run->model.accesses = 0;
		run->model.crash_at = access;
		_exit(bx_rebind_run(&run->rebind) < 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == MODEL_CRASH || WEXITSTATUS(status) == 0);
	return WEXITSTATUS(status) == 0;
}

static void resume(struct run *run)
{
	assert_int_equal(bx_journal_read(&run->journal, 1, &run->rebind.operation), 0);
	run->model.accesses = 0;
	run_whole(run);
	check_truth(run, true);
}

static void a_worker_killed_anywhere_is_made_good_by_the_next(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		bool through = false;

		for (unsigned int at = 1; !through; at++) {
			struct run run;

			run_begin(&run, &scenarios[i]);
			through = crash_at(&run, at);
			resume(&run);
			run_end(&run);
		}
	}
}

static void the_second_worker_may_be_killed_as_well(void **state)
{
	for (unsigned int first = 8; first <= 40; first += 2) {
		for (unsigned int second = 1; second <= 20; second += 2) {
			struct run run;

			run_begin(&run, &scenarios[0]);
			crash_at(&run, first);
			crash_at(&run, second);
			resume(&run);
			run_end(&run);
		}
	}
}

static void a_device_that_leaves_at_any_point_is_reported_gone(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		unsigned int n = count_accesses(&scenarios[i]);

		for (unsigned int at = 1; at <= n; at++) {
			struct run run;
			enum bx_result result;

			run_begin(&run, &scenarios[i]);
			run.model.vanish_at = at;
			result = run_whole(&run);
			/* In the very last accesses the work was done before it left. */
			assert_true(result == BX_RESULT_GONE ||
				    (result == BX_RESULT_DONE && at > n - 3));
			run_end(&run);
		}
	}
}

static void a_driver_that_refuses_is_rolled_back(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	run.model.refuses = "vfio-pci";
	assert_int_equal(run_whole(&run), BX_RESULT_ROLLED_BACK);
	check_truth(&run, true);
	assert_non_null(strstr(run.rebind.operation.message, "vfio-pci does not take the device"));
	run_end(&run);
}

static void a_controller_that_does_not_become_live_is_rolled_back(void **state)
{
	static const char *const states[] = { "dead", "connecting", "deleting" };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct run run;

		run_begin(&run, &scenarios[1]);
		run.model.new_state = states[i];
		assert_int_equal(run_whole(&run), BX_RESULT_ROLLED_BACK);
		check_truth(&run, true);
		run_end(&run);
	}
}

static void an_old_driver_that_refuses_too_is_reported(void **state)
{
	struct run run;
	char driver[BX_NAME_MAX];

	run_begin(&run, &scenarios[0]);
	run.model.refuses = "vfio-pci";
	run.model.new_state = "dead";
	assert_int_equal(run_whole(&run), BX_RESULT_ROLLBACK_FAILED);
	check_truth(&run, false);
	model_driver(&run.model, driver);
	run_end(&run);
}

static void a_busy_namespace_is_refused_with_its_users(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	run.model.busy = "dev/nvme0n1";
	model_write(&run.model, "proc/1/mountinfo",
		    "30 1 259:1 / /mnt/my\\040disk rw - ext4 /dev/nvme0n1p1 rw\n");
	assert_int_equal(run_whole(&run), BX_RESULT_REFUSED);
	assert_int_equal(run.rebind.operation.error, BX_ERROR_DEVICE_BUSY);
	assert_string_equal(run.rebind.operation.message, "nvme0n1p1 is mounted at /mnt/my disk");
	check_truth(&run, true);
	run_end(&run);
}

static void a_busy_namespace_without_a_known_user_is_refused_all_the_same(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	run.model.busy = "dev/nvme0n1";
	assert_int_equal(run_whole(&run), BX_RESULT_REFUSED);
	assert_int_equal(run.rebind.operation.error, BX_ERROR_DEVICE_BUSY);
	check_truth(&run, true);
	run_end(&run);
}

static void a_namespace_that_nobody_claimed_keeps_the_device_where_it_is(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	run.model.appears = "nvme0n2";
	assert_int_equal(run_whole(&run), BX_RESULT_ROLLED_BACK);
	assert_non_null(strstr(run.rebind.operation.message, "nvme0n2"));
	check_truth(&run, true);
	run_end(&run);
}

static void make_export(struct run *run, const char *enable, const char *path)
{
	static const char *const folders[] = {
		"sys/kernel/config",
		"sys/kernel/config/nvmet",
		"sys/kernel/config/nvmet/subsystems",
		"sys/kernel/config/nvmet/subsystems/shelf",
		"sys/kernel/config/nvmet/subsystems/shelf/namespaces",
		"sys/kernel/config/nvmet/subsystems/shelf/namespaces/1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		mkdirat(run->model.root.fd, folders[i], 0755);
	model_write(&run->model, "sys/kernel/config/nvmet/subsystems/shelf/namespaces/1/enable",
		    enable);
	model_write(&run->model,
		    "sys/kernel/config/nvmet/subsystems/shelf/namespaces/1/device_path", path);
}

static void an_export_over_fabrics_is_refused(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	make_export(&run, "1\n", "/dev/nvme0n1p1\n");
	assert_int_equal(run_whole(&run), BX_RESULT_REFUSED);
	assert_int_equal(run.rebind.operation.error, BX_ERROR_DEVICE_BUSY);
	assert_non_null(strstr(run.rebind.operation.message, "shelf"));
	check_truth(&run, true);
	run_end(&run);
}

static void an_export_that_is_off_or_of_another_disk_is_not_in_the_way(void **state)
{
	static const char *const exports[][2] = { { "0\n", "/dev/nvme0n1\n" },
						  { "1\n", "/dev/nvme5n1\n" } };

	for (size_t i = 0; i < ARRAY_SIZE(exports); i++) {
		struct run run;

		run_begin(&run, &scenarios[0]);
		make_export(&run, exports[i][0], exports[i][1]);
		assert_int_equal(run_whole(&run), BX_RESULT_DONE);
		run_end(&run);
	}
}

static void an_export_that_cannot_be_read_is_in_the_way(void **state)
{
	const char *path = "sys/kernel/config/nvmet/subsystems/shelf/namespaces/1/device_path";
	struct run run;

	run_begin(&run, &scenarios[0]);
	make_export(&run, "1\n", "/dev/nvme5n1\n");
	run.model.busy = path;
	assert_int_equal(run_whole(&run), BX_RESULT_REFUSED);
	check_truth(&run, true);
	run_end(&run);
}

static void an_unknown_driver_changes_nothing(void **state)
{
	static const struct scenario unknown = { "nvme", "", "nosuch" };
	struct run run;

	run_begin(&run, &unknown);
	assert_int_equal(run_whole(&run), BX_RESULT_REFUSED);
	assert_int_equal(run.rebind.operation.error, BX_ERROR_DRIVER_NOT_FOUND);
	check_truth(&run, true);
	run_end(&run);
}

static void a_driver_for_other_hardware_is_refused_beforehand(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	assert_int_equal(mkdirat(run.model.root.fd, BX_PCI_DRIVERS "/e1000e", 0755), 0);
	strcpy(run.rebind.operation.new_driver, "e1000e");
	assert_int_equal(bx_journal_write(&run.journal, &run.rebind.operation, true), 0);
	assert_int_equal(run_whole(&run), BX_RESULT_REFUSED);
	assert_int_equal(run.rebind.operation.error, BX_ERROR_DRIVER_UNSUITABLE);
	check_truth(&run, true);
	run_end(&run);
}

static void vfio_without_an_iommu_is_refused_beforehand(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	assert_int_equal(
		unlinkat(run.model.root.fd, BX_PCI_DEVICES "/" MODEL_ADDRESS "/iommu_group", 0), 0);
	assert_int_equal(run_whole(&run), BX_RESULT_REFUSED);
	assert_int_equal(run.rebind.operation.error, BX_ERROR_NO_IOMMU);
	check_truth(&run, true);
	run_end(&run);
}

static void a_driver_that_changed_since_the_intent_is_left_alone(void **state)
{
	struct run run;
	char driver[BX_NAME_MAX];

	run_begin(&run, &scenarios[0]);
	strcpy(run.rebind.operation.old_driver, "pciback");
	assert_int_equal(run_whole(&run), BX_RESULT_REFUSED);
	model_driver(&run.model, driver);
	assert_string_equal(driver, "nvme");
	run_end(&run);
}

static void another_device_at_the_same_address_is_left_alone(void **state)
{
	struct run run;
	char driver[BX_NAME_MAX];

	run_begin(&run, &scenarios[0]);
	run.rebind.operation.inode++;
	assert_int_equal(run_whole(&run), BX_RESULT_GONE);
	model_driver(&run.model, driver);
	assert_string_equal(driver, "nvme");
	run_end(&run);
}

static void without_a_journal_nothing_is_touched(void **state)
{
	struct bx_journal none = { .fd = -1 };
	struct run run;
	char driver[BX_NAME_MAX], override[BX_NAME_MAX];

	run_begin(&run, &scenarios[0]);
	run.rebind.journal = &none;
	assert_true(bx_rebind_run(&run.rebind) < 0);
	model_driver(&run.model, driver);
	model_override(&run.model, override);
	assert_string_equal(driver, "nvme");
	assert_string_equal(override, "");
	run_end(&run);
}

static void somebody_who_began_to_use_it_keeps_it(void **state)
{
	struct run run;
	char driver[BX_NAME_MAX];

	/* The worker dies after nvme took the device; then it is mounted, and the controller dies. */
	run_begin(&run, &scenarios[1]);
	run.rebind.operation.step = BX_STEP_BIND;
	assert_int_equal(bx_root_write(&run.model.root, BX_PCI_DRIVERS "/vfio-pci/unbind",
				       MODEL_ADDRESS),
			 0);
	assert_int_equal(bx_root_write(&run.model.root,
				       BX_PCI_DEVICES "/" MODEL_ADDRESS "/driver_override",
				       "nvme\n"),
			 0);
	run.model.new_state = "dead";
	assert_int_equal(bx_root_write(&run.model.root, BX_PCI_DRIVERS "/nvme/bind", MODEL_ADDRESS),
			 0);
	run.model.busy = "dev/nvme0n1";
	assert_int_equal(run_whole(&run), BX_RESULT_ROLLBACK_FAILED);
	model_driver(&run.model, driver);
	assert_string_equal(driver, "nvme");
	run_end(&run);
}

static void our_own_driver_or_the_target_is_never_what_was_there_before(void **state)
{
	static const struct scenario cases[] = {
		{ "nvme", BX_OWN_DRIVER, "vfio-pci" },
		{ "nvme", "vfio-pci", "vfio-pci" },
		{ "nvme", "pci-stub", "vfio-pci" },
	};
	static const char *const noted[] = { "", "", "pci-stub" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run run;

		run_begin(&run, &cases[i]);
		run_whole(&run);
		assert_string_equal(run.rebind.operation.old_override, noted[i]);
		run_end(&run);
	}
}

static void names_that_are_no_drivers_are_refused(void **state)
{
	static const char *const names[] = {
		"",    "../nvme",
		"a b", "x\n",
		"-x",  "nvme/",
		".",   "0123456789012345678901234567890123456789012345678901234567890123456789"
	};
	struct bx_pci pci = { .address = MODEL_ADDRESS, .driver = "nvme" };
	struct bx_operation operation;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct bx_failure failure = { 0 };

		assert_int_equal(bx_rebind_plan(&pci, names[i], &operation, &failure), -EINVAL);
		assert_int_equal(failure.error, BX_ERROR_INVALID_ARGUMENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_ends_at_the_new_driver_with_the_right_override),
		cmocka_unit_test(one_failure_anywhere_leaves_the_old_driver_or_the_new_one),
		cmocka_unit_test(a_second_failure_while_it_is_brought_back_is_healed_too),
		cmocka_unit_test(when_nothing_works_any_more_the_result_says_so),
		cmocka_unit_test(a_worker_killed_anywhere_is_made_good_by_the_next),
		cmocka_unit_test(the_second_worker_may_be_killed_as_well),
		cmocka_unit_test(a_device_that_leaves_at_any_point_is_reported_gone),
		cmocka_unit_test(a_driver_that_refuses_is_rolled_back),
		cmocka_unit_test(a_controller_that_does_not_become_live_is_rolled_back),
		cmocka_unit_test(an_old_driver_that_refuses_too_is_reported),
		cmocka_unit_test(a_busy_namespace_is_refused_with_its_users),
		cmocka_unit_test(a_busy_namespace_without_a_known_user_is_refused_all_the_same),
		cmocka_unit_test(an_export_over_fabrics_is_refused),
		cmocka_unit_test(an_export_that_is_off_or_of_another_disk_is_not_in_the_way),
		cmocka_unit_test(an_export_that_cannot_be_read_is_in_the_way),
		cmocka_unit_test(a_namespace_that_nobody_claimed_keeps_the_device_where_it_is),
		cmocka_unit_test(an_unknown_driver_changes_nothing),
		cmocka_unit_test(a_driver_for_other_hardware_is_refused_beforehand),
		cmocka_unit_test(vfio_without_an_iommu_is_refused_beforehand),
		cmocka_unit_test(a_driver_that_changed_since_the_intent_is_left_alone),
		cmocka_unit_test(another_device_at_the_same_address_is_left_alone),
		cmocka_unit_test(without_a_journal_nothing_is_touched),
		cmocka_unit_test(somebody_who_began_to_use_it_keeps_it),
		cmocka_unit_test(our_own_driver_or_the_target_is_never_what_was_there_before),
		cmocka_unit_test(names_that_are_no_drivers_are_refused),
	};

	return cmocka_run_group_tests_name("rebind", tests, NULL, NULL);
}
