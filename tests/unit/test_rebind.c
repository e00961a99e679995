// SPDX-License-Identifier: GPL-2.0-or-later
/* The rebind sequence against a model of the kernel, with a fault at every access. */
#include "daemon/work.h"
#include "daemon/util.h"
#include "tests/unit/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

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
	struct bx_work work;
	const struct scenario *scenario;
	char plan_override[BX_NAME_MAX]; /* what a rollback has to put back */
};

static int no_module(struct bx_root *root, const char *driver, struct bx_failure *failure)
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
	run->work = (struct bx_work){
		.root = &run->model.root,
		.journal = &run->journal,
		.load_driver = no_module,
		.find_openers = model_find_openers,
		.find_contents = model_find_contents,
		.live_timeout_ms = 30,
	};
	assert_int_equal(bx_pci_read(&run->model.root, MODEL_ADDRESS, &pci), 0);
	assert_int_equal(bx_rebind_plan(&pci, scenario->new_driver, &run->work.operation, &failure),
			 0);
	bx_pci_done(&pci);
	run->work.operation.job = 1;
	strcpy(run->work.operation.boot_id, "boot");
	if (!bx_streq(scenario->old_override, BX_OWN_DRIVER) &&
	    !bx_streq(scenario->old_override, scenario->new_driver ?: ""))
		strcpy(run->plan_override, scenario->old_override);
	assert_int_equal(bx_journal_write(&run->journal, &run->work.operation), 0);
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

/* How many accesses a run without faults takes. */
static unsigned int count_accesses(const struct scenario *scenario)
{
	struct run run;
	unsigned int n;

	run_begin(&run, scenario);
	assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
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

/* Asked before every step, and in every wait: what it had done is undone, or it is done after all. */
static void a_job_cancelled_anywhere_leaves_the_old_driver(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		enum bx_result result = BX_RESULT_NONE;
		unsigned int at;

		for (at = 1; result != BX_RESULT_DONE; at++) {
			struct run run;

			run_begin(&run, &scenarios[i]);
			run.work.cancelled = model_cancelled;
			run.model.cancel_at = at;
			result = model_run(&run.work);
			if (result != BX_RESULT_DONE) {
				assert_true(result == BX_RESULT_REFUSED ||
					    result == BX_RESULT_ROLLED_BACK);
				assert_non_null(
					strstr(run.work.operation.message, "it was cancelled"));
			}
			if (result == BX_RESULT_REFUSED)
				assert_int_equal(run.work.operation.error, BX_ERROR_CANCELLED);
			check_truth(&run, true);
			run_end(&run);
		}
		assert_true(at > 3);
	}
}

static void one_failure_anywhere_leaves_the_old_driver_or_the_new_one(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		unsigned int n = count_accesses(&scenarios[i]);

		for (unsigned int at = 1; at <= n; at++) {
			struct run run;

			run_begin(&run, &scenarios[i]);
			run.model.fail_at[0] = at;
			model_run(&run.work);
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
			model_run(&run.work);
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
			model_run(&run.work);
			run.model.fail_from = 0;
			check_truth(&run, false);
			run_end(&run);
		}
	}
}

static void resume(struct run *run)
{
	assert_int_equal(bx_journal_read(&run->journal, 1, &run->work.operation), 0);
	run->model.accesses = 0;
	model_run(&run->work);
	check_truth(run, true);
}

static void a_worker_killed_anywhere_is_made_good_by_the_next(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		bool through = false;

		for (unsigned int at = 1; !through; at++) {
			struct run run;

			run_begin(&run, &scenarios[i]);
			through = model_run_until(&run.model, &run.work, at);
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
			model_run_until(&run.model, &run.work, first);
			model_run_until(&run.model, &run.work, second);
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
			result = model_run(&run.work);
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
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLED_BACK);
	check_truth(&run, true);
	assert_non_null(strstr(run.work.operation.message, "vfio-pci does not take the device"));
	run_end(&run);
}

static void a_controller_that_does_not_become_live_is_rolled_back(void **state)
{
	static const char *const states[] = { "dead", "connecting", "deleting" };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct run run;

		run_begin(&run, &scenarios[1]);
		run.model.new_state = states[i];
		assert_int_equal(model_run(&run.work), BX_RESULT_ROLLED_BACK);
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
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLBACK_FAILED);
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
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
	assert_string_equal(run.work.operation.message, "nvme0n1p1 is mounted at /mnt/my disk");
	check_truth(&run, true);
	run_end(&run);
}

static void a_busy_namespace_without_a_known_user_is_refused_all_the_same(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	run.model.busy = "dev/nvme0n1";
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
	check_truth(&run, true);
	run_end(&run);
}

static void a_namespace_that_nobody_claimed_keeps_the_device_where_it_is(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	run.model.appears = "nvme0n2";
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLED_BACK);
	assert_non_null(strstr(run.work.operation.message, "nvme0n2"));
	check_truth(&run, true);
	run_end(&run);
}

static const char *const nodes[] = { "nvme0n1", "nvme0n1p1", "nvme0", "ng0n1" };

static void a_program_with_any_node_open_is_refused_by_name(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		struct run run;

		run_begin(&run, &scenarios[0]);
		run.model.opener = nodes[i];
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
		assert_string_equal(
			run.work.operation.message,
			bx_path("/dev/%s is open in qemu-system-x86 (pid 812, unit vm.service)",
				nodes[i])
				.s);
		check_truth(&run, true);
		run_end(&run);
	}
}

static void a_program_that_only_looks_is_waited_for(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		struct run run;

		run_begin(&run, &scenarios[0]);
		run.model.opener = nodes[i];
		run.model.closes_after = 2;
		run.work.openers_patience_ms = 60000;
		assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
		assert_int_equal(run.model.inspections, 3);
		run_end(&run);
	}
}

static void one_that_stays_is_not_waited_for_longer_than_is_said(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	run.model.opener = "nvme0n1";
	run.work.openers_patience_ms = 150;
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
	assert_true(run.model.inspections > 1);
	run_end(&run);
}

static void what_the_inspector_does_not_say_is_not_taken_for_nobody(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	run.model.busy = "inspector";
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_USERS_UNKNOWN);
	check_truth(&run, true);
	run_end(&run);
}

static void a_vfio_group_in_use_is_refused_with_or_without_a_name(void **state)
{
	static const char *const openers[] = { "vfio/7", NULL };
	static const char *const messages[] = {
		"/dev/vfio/7 is open in qemu-system-x86 (pid 812, unit vm.service)",
		"a program, such as a virtual machine, has VFIO group 7 open",
	};

	for (size_t i = 0; i < ARRAY_SIZE(openers); i++) {
		struct run run;

		run_begin(&run, &scenarios[1]);
		model_make_folder(&run.model, "sys/class/vfio/7");
		model_write(&run.model, "sys/class/vfio/7/dev", "243:0\n");
		run.model.busy = "dev/vfio/7";
		run.model.opener = openers[i];
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
		assert_string_equal(run.work.operation.message, messages[i]);
		check_truth(&run, true);
		run_end(&run);
	}
}

static void a_disk_with_something_on_it_is_moved_only_if_that_is_asked_for(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		const struct scenario *scenario = &scenarios[i];
		bool moves = bx_streq(scenario->old_driver, "nvme") &&
			     !bx_streq(scenario->new_driver ?: "", "nvme");

		for (int with_data = 0; with_data < 2; with_data++) {
			struct run run;

			run_begin(&run, scenario);
			if (bx_streq(scenario->old_driver, "nvme"))
				model_write(&run.model, "dev/nvme0n1", "a file system (ext4)");
			run.work.operation.with_data = with_data;
			assert_int_equal(model_run(&run.work),
					 moves && !with_data ? BX_RESULT_REFUSED : BX_RESULT_DONE);
			if (moves && !with_data) {
				assert_int_equal(run.work.operation.error,
						 BX_ERROR_DEVICE_HAS_DATA);
				assert_non_null(strstr(run.work.operation.message,
						       "nvme0n1 has a file system (ext4) on it"));
			}
			check_truth(&run, true);
			run_end(&run);
		}
	}
}

/* A node that is a device in a folder of the function, or a VFIO group that no IOMMU stands behind. */
static void programs_that_drive_the_function_themselves_are_refused(void **state)
{
	static const char *const ways[][3] = {
		{ BX_PCI_DEVICES "/" MODEL_ADDRESS, "uio/uio0", "uio0" },
		{ BX_PCI_DEVICES "/" MODEL_ADDRESS, "vfio-dev/vfio0", "vfio/devices/vfio0" },
		{ "sys/class", "vfio/noiommu-7", "vfio/noiommu-7" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct bx_path folder = bx_path("%s/%s", ways[i][0], ways[i][1]);
		struct run run;

		run_begin(&run, &scenarios[1]);
		model_make_folder(&run.model, folder.s);
		model_write(&run.model, bx_path("%s/dev", folder.s).s, "243:0\n");
		run.model.opener = ways[i][2];
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
		assert_string_equal(
			run.work.operation.message,
			bx_path("/dev/%s is open in qemu-system-x86 (pid 812, unit vm.service)",
				ways[i][2])
				.s);
		check_truth(&run, true);
		run_end(&run);
	}
}

#define EXPORT "sys/kernel/config/nvmet/subsystems/shelf/namespaces/1"

static void make_export(struct run *run, const char *enable, const char *path)
{
	model_make_folder(&run->model, EXPORT);
	model_write(&run->model, EXPORT "/enable", enable);
	model_write(&run->model, EXPORT "/device_path", path);
}

static void an_export_over_fabrics_is_refused(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	make_export(&run, "1\n", "/dev/nvme0n1p1\n");
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
	assert_non_null(strstr(run.work.operation.message, "shelf"));
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
		assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
		run_end(&run);
	}
}

static void a_loop_device_on_a_disk_is_refused(void **state)
{
	static const char *const backings[] = { "/dev/nvme0n1p1\n", "/dev/nvme5n1\n" };

	for (size_t i = 0; i < ARRAY_SIZE(backings); i++) {
		struct run run;

		run_begin(&run, &scenarios[0]);
		model_make_folder(&run.model, "sys/class/block/loop0"); /* has no backing */
		model_make_folder(&run.model, "sys/class/block/loop1/loop");
		model_write(&run.model, "sys/class/block/loop1/loop/backing_file", backings[i]);
		assert_int_equal(model_run(&run.work), i ? BX_RESULT_DONE : BX_RESULT_REFUSED);
		if (!i)
			assert_string_equal(run.work.operation.message,
					    "nvme0n1p1 is the backing of loop1");
		run_end(&run);
	}
}

static void an_export_that_cannot_be_read_is_in_the_way(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	make_export(&run, "1\n", "/dev/nvme5n1\n");
	run.model.busy = EXPORT "/device_path";
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	check_truth(&run, true);
	run_end(&run);
}

static void an_unknown_driver_changes_nothing(void **state)
{
	static const struct scenario unknown = { "nvme", "", "nosuch" };
	struct run run;

	run_begin(&run, &unknown);
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DRIVER_NOT_FOUND);
	check_truth(&run, true);
	run_end(&run);
}

static void a_driver_for_other_hardware_is_refused_beforehand(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	assert_int_equal(mkdirat(run.model.root.fd, BX_PCI_DRIVERS "/e1000e", 0755), 0);
	strcpy(run.work.operation.new_driver, "e1000e");
	assert_int_equal(bx_journal_write(&run.journal, &run.work.operation), 0);
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DRIVER_UNSUITABLE);
	check_truth(&run, true);
	run_end(&run);
}

static void vfio_without_an_iommu_is_refused_beforehand(void **state)
{
	struct run run;

	run_begin(&run, &scenarios[0]);
	assert_int_equal(
		unlinkat(run.model.root.fd, BX_PCI_DEVICES "/" MODEL_ADDRESS "/iommu_group", 0), 0);
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_NO_IOMMU);
	check_truth(&run, true);
	run_end(&run);
}

static void a_driver_that_changed_since_the_intent_is_left_alone(void **state)
{
	struct run run;
	char driver[BX_NAME_MAX];

	run_begin(&run, &scenarios[0]);
	strcpy(run.work.operation.old_driver, "pciback");
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	model_driver(&run.model, driver);
	assert_string_equal(driver, "nvme");
	run_end(&run);
}

static void another_device_at_the_same_address_is_left_alone(void **state)
{
	struct run run;
	char driver[BX_NAME_MAX];

	run_begin(&run, &scenarios[0]);
	run.work.operation.inode++;
	assert_int_equal(model_run(&run.work), BX_RESULT_GONE);
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
	run.work.journal = &none;
	assert_true(bx_work_run(&run.work) < 0);
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
	run.work.operation.step = BX_STEP_BIND;
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
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLBACK_FAILED);
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
		model_run(&run.work);
		assert_string_equal(run.work.operation.old_override, noted[i]);
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
		cmocka_unit_test(a_job_cancelled_anywhere_leaves_the_old_driver),
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
		cmocka_unit_test(a_program_with_any_node_open_is_refused_by_name),
		cmocka_unit_test(a_program_that_only_looks_is_waited_for),
		cmocka_unit_test(one_that_stays_is_not_waited_for_longer_than_is_said),
		cmocka_unit_test(what_the_inspector_does_not_say_is_not_taken_for_nobody),
		cmocka_unit_test(a_vfio_group_in_use_is_refused_with_or_without_a_name),
		cmocka_unit_test(programs_that_drive_the_function_themselves_are_refused),
		cmocka_unit_test(a_disk_with_something_on_it_is_moved_only_if_that_is_asked_for),
		cmocka_unit_test(a_loop_device_on_a_disk_is_refused),
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
