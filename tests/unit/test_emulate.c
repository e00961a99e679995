// SPDX-License-Identifier: GPL-2.0-or-later
/* Start and stop of emulated devices against a model of the kernel, with a fault at every access. */
#include "daemon/emulated.h"
#include "daemon/json.h"
#include "daemon/util.h"
#include "daemon/work.h"
#include "tests/unit/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DEVICE BX_EMULATED_DIR "/demo"

struct run {
	struct model model;
	struct bx_journal journal;
	struct bx_work work;
};

static const enum bx_kind kinds[] = { BX_KIND_START, BX_KIND_STOP };

static struct model *machine; /* for load_module(), which is given none */

static int load_module(struct bx_root *root, const char *name, const char *parameters,
		       struct bx_failure *failure)
{
	if (!bx_streq(name, "bx_emu"))
		return 0;
	if (!machine)
		return bx_fail(failure, -ENOENT, BX_ERROR_DRIVER_NOT_FOUND,
			       "there is no module named %s", name);
	model_load_emu(machine);
	return 0;
}

static void define(struct run *run, const char *queues)
{
	_cleanup_(json_object_putp) struct json_object *settings = json_object_new_object();
	struct bx_definition *definition;
	struct bx_root quiet = { .fd = run->model.root.fd };

	json_object_object_add(settings, "queues", json_object_new_string(queues));
	json_object_object_add(settings, "namespaces/1/size", json_object_new_string("64M"));
	json_object_object_add(settings, "timing/read_latency_ns", json_object_new_string("1000"));
	definition = bx_definition_new("demo", BX_DEFINITION_TRANSIENT, false, settings);
	assert_int_equal(bx_definition_write(&quiet, definition), 0);
	bx_definition_free(definition);
}

static void plan(struct run *run, enum bx_kind kind)
{
	struct bx_operation *operation = &run->work.operation;
	struct bx_pci pci;

	*operation = (struct bx_operation){
		.job = 1,
		.kind = kind,
		.boot_id = "boot",
		.device = "demo",
		.name = "demo",
	};
	if (kind == BX_KIND_STOP) {
		assert_int_equal(bx_pci_read(&run->model.root, MODEL_ADDRESS, &pci), 0);
		strcpy(operation->address, MODEL_ADDRESS);
		operation->inode = pci.inode;
		bx_pci_done(&pci);
	}
	assert_int_equal(bx_journal_write(&run->journal, operation), 0);
	run->model.accesses = 0;
}

/* A machine on which the device is defined, and on as well if it is to be stopped. */
static void run_begin(struct run *run, enum bx_kind kind)
{
	*run = (struct run){ 0 };
	model_begin_unplugged(&run->model);
	machine = &run->model;
	assert_int_equal(bx_journal_open(&run->journal, &run->model.root), 0);
	run->work = (struct bx_work){
		.root = &run->model.root,
		.journal = &run->journal,
		.load_module = load_module,
		.find_openers = model_find_openers,
		.live_timeout_ms = 30,
	};
	define(run, "4");
	plan(run, BX_KIND_START);
	if (kind != BX_KIND_STOP)
		return;
	assert_int_equal(bx_work_run(&run->work), 0);
	assert_int_equal(run->work.operation.result, BX_RESULT_DONE);
	plan(run, BX_KIND_STOP);
}

static void run_end(struct run *run)
{
	bx_journal_close(&run->journal);
	model_end(&run->model);
}

static void expect_attribute(struct run *run, const char *name, const char *wanted)
{
	struct bx_root quiet = { .fd = run->model.root.fd };
	char value[64];

	assert_true(bx_root_read(&quiet, bx_path(DEVICE "/%s", name).s, value, sizeof(value)) >= 0);
	assert_string_equal(value, wanted);
}

static bool is_there(struct run *run)
{
	return bx_root_exists(&run->model.root, DEVICE);
}

static bool has_function(struct run *run)
{
	return bx_root_exists(&run->model.root, BX_PCI_DEVICES "/" MODEL_ADDRESS);
}

/* What the result says is how the machine is. */
static void check_truth(struct run *run, bool healed)
{
	struct bx_operation written;
	bool stop;

	assert_int_equal(bx_journal_read(&run->journal, 1, &written), 0);
	stop = written.kind == BX_KIND_STOP;
	assert_int_equal(written.error == BX_ERROR_NONE, written.result == BX_RESULT_DONE);
	assert_int_equal(*written.message != 0, written.result != BX_RESULT_DONE);
	switch (written.result) {
	case BX_RESULT_DONE:
		assert_int_equal(is_there(run), !stop);
		assert_int_equal(has_function(run), !stop);
		break;
	case BX_RESULT_REFUSED:
	case BX_RESULT_ROLLED_BACK:
		assert_int_equal(is_there(run), stop);
		assert_int_equal(has_function(run), stop);
		break;
	default:
		assert_int_equal(written.result, BX_RESULT_ROLLBACK_FAILED);
		assert_false(healed);
	}
}

static unsigned int count_accesses(enum bx_kind kind)
{
	struct run run;
	unsigned int n;

	run_begin(&run, kind);
	assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
	check_truth(&run, true);
	n = run.model.accesses;
	run_end(&run);
	return n;
}

static void a_device_is_made_as_it_is_defined(void **state)
{
	struct run run;

	run_begin(&run, BX_KIND_START);
	assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
	expect_attribute(&run, "power", "1");
	expect_attribute(&run, "queues", "4");
	expect_attribute(&run, "namespaces/1/size", "64M");
	expect_attribute(&run, "timing/read_latency_ns", "1000");
	/* It was not said, and is to be the same at every start. */
	expect_attribute(&run, "serial", "demo");
	assert_string_equal(run.work.operation.address, MODEL_ADDRESS);
	run_end(&run);
}

static void one_failure_anywhere_leaves_all_of_it_or_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned int n = count_accesses(kinds[i]);

		for (unsigned int at = 1; at <= n; at++) {
			struct run run;

			run_begin(&run, kinds[i]);
			run.model.fail_at[0] = at;
			model_run(&run.work);
			check_truth(&run, true);
			run_end(&run);
		}
	}
}

/* Asked before every step, and in every wait: what it had done is undone, or it is done after all. */
static void a_job_cancelled_anywhere_leaves_all_of_it_or_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		enum bx_result result = BX_RESULT_NONE;
		unsigned int at;

		for (at = 1; result != BX_RESULT_DONE; at++) {
			struct run run;

			run_begin(&run, kinds[i]);
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

static void when_nothing_works_any_more_the_result_says_so(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned int n = count_accesses(kinds[i]);

		for (unsigned int from = 1; from <= n; from++) {
			struct run run;

			run_begin(&run, kinds[i]);
			run.model.fail_from = from;
			model_run(&run.work);
			run.model.fail_from = 0;
			check_truth(&run, false);
			run_end(&run);
		}
	}
}

static void a_worker_killed_anywhere_is_made_good_by_the_next(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		bool through = false;

		for (unsigned int at = 1; !through; at++) {
			struct run run;

			run_begin(&run, kinds[i]);
			through = model_run_until(&run.model, &run.work, at);
			assert_int_equal(bx_journal_read(&run.journal, 1, &run.work.operation), 0);
			model_run(&run.work);
			check_truth(&run, true);
			run_end(&run);
		}
	}
}

static void what_the_kernel_refuses_is_named(void **state)
{
	struct run run;

	run_begin(&run, BX_KIND_START);
	define(&run, "500");
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLED_BACK);
	assert_int_equal(run.work.operation.error, BX_ERROR_START_FAILED);
	assert_non_null(strstr(run.work.operation.message, "queues=500 is out of range"));
	check_truth(&run, true);
	run_end(&run);
}

static void a_machine_without_memory_for_it_is_told_what_to_do(void **state)
{
	struct run run;

	run_begin(&run, BX_KIND_START);
	run.model.no_memory = true;
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLED_BACK);
	assert_non_null(strstr(run.work.operation.message, "memmap="));
	check_truth(&run, true);
	run_end(&run);
}

static void without_the_module_nothing_is_begun(void **state)
{
	struct run run;

	run_begin(&run, BX_KIND_START);
	machine = NULL;
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DRIVER_NOT_FOUND);
	check_truth(&run, true);
	run_end(&run);
}

static void what_somebody_else_has_made_is_left_alone(void **state)
{
	struct run run;

	run_begin(&run, BX_KIND_START);
	model_load_emu(&run.model);
	assert_int_equal(bx_root_make_folder(&run.model.root, DEVICE), 0);
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_NAME_TAKEN);
	assert_true(is_there(&run));
	run_end(&run);
}

static void a_device_in_use_is_not_stopped(void **state)
{
	static const char *const ways[][2] = { { "dev/nvme0n1", NULL }, { NULL, "nvme0" } };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct run run;

		run_begin(&run, BX_KIND_STOP);
		run.model.busy = ways[i][0];
		run.model.opener = ways[i][1];
		assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
		assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
		check_truth(&run, true);
		run_end(&run);
	}
}

static void what_is_mounted_after_a_worker_died_is_not_taken_away(void **state)
{
	bool through = false;

	for (unsigned int at = 1; !through; at++) {
		struct run run;

		run_begin(&run, BX_KIND_STOP);
		through = model_run_until(&run.model, &run.work, at);
		run.model.busy = "dev/nvme0n1";
		assert_int_equal(bx_journal_read(&run.journal, 1, &run.work.operation), 0);
		if (has_function(&run)) {
			model_run(&run.work);
			assert_true(has_function(&run));
			check_truth(&run, true);
		}
		run_end(&run);
	}
}

static void what_appears_between_check_and_make_is_left_alone(void **state)
{
	struct run run;

	run_begin(&run, BX_KIND_START);
	run.model.races = true;
	assert_int_equal(model_run(&run.work), BX_RESULT_ROLLED_BACK);
	assert_int_equal(run.work.operation.error, BX_ERROR_NAME_TAKEN);
	assert_true(is_there(&run));
	run_end(&run);
}

static void an_address_that_bxd_did_not_know_is_claimed_all_the_same(void **state)
{
	struct run run;

	run_begin(&run, BX_KIND_STOP);
	*run.work.operation.address = 0;
	run.work.operation.inode = 0;
	run.model.busy = "dev/nvme0n1";
	assert_int_equal(model_run(&run.work), BX_RESULT_REFUSED);
	assert_int_equal(run.work.operation.error, BX_ERROR_DEVICE_BUSY);
	check_truth(&run, true);
	run_end(&run);
}

static void a_device_that_is_pulled_out_can_be_stopped(void **state)
{
	struct run run;

	run_begin(&run, BX_KIND_STOP);
	*run.work.operation.address = 0;
	run.work.operation.inode = 0;
	run.model.vanish_at = 1;
	assert_int_equal(model_run(&run.work), BX_RESULT_DONE);
	assert_false(is_there(&run));
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_made_as_it_is_defined),
		cmocka_unit_test(one_failure_anywhere_leaves_all_of_it_or_nothing),
		cmocka_unit_test(a_job_cancelled_anywhere_leaves_all_of_it_or_nothing),
		cmocka_unit_test(when_nothing_works_any_more_the_result_says_so),
		cmocka_unit_test(a_worker_killed_anywhere_is_made_good_by_the_next),
		cmocka_unit_test(what_the_kernel_refuses_is_named),
		cmocka_unit_test(a_machine_without_memory_for_it_is_told_what_to_do),
		cmocka_unit_test(without_the_module_nothing_is_begun),
		cmocka_unit_test(what_somebody_else_has_made_is_left_alone),
		cmocka_unit_test(a_device_in_use_is_not_stopped),
		cmocka_unit_test(what_is_mounted_after_a_worker_died_is_not_taken_away),
		cmocka_unit_test(what_appears_between_check_and_make_is_left_alone),
		cmocka_unit_test(an_address_that_bxd_did_not_know_is_claimed_all_the_same),
		cmocka_unit_test(a_device_that_is_pulled_out_can_be_stopped),
	};

	return cmocka_run_group_tests_name("emulate", tests, NULL, NULL);
}
