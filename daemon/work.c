// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs procedures; see work.h. */
#include "daemon/work.h"
#include "daemon/function.h"
#include "daemon/rehearse.h"
#include "daemon/util.h"

static const struct bx_procedure *const procedures[BX_KIND_COUNT] = {
	[BX_KIND_BIND] = &bx_rebind_procedure,
	[BX_KIND_UNBIND] = &bx_rebind_procedure,
	[BX_KIND_RESET] = &bx_reset_procedure,
	[BX_KIND_REENUMERATE] = &bx_reenumerate_procedure,
	[BX_KIND_REMOVE] = &bx_remove_procedure,
	[BX_KIND_RESCAN] = &bx_rescan_procedure,
	[BX_KIND_START] = &bx_start_procedure,
	[BX_KIND_STOP] = &bx_stop_procedure,
	[BX_KIND_LOAD_MODULE] = &bx_load_procedure,
	[BX_KIND_UNLOAD_MODULE] = &bx_unload_procedure,
	[BX_KIND_PLAN] = &bx_plan_procedure,
};

const struct bx_procedure *bx_procedure_of(enum bx_kind kind)
{
	return procedures[kind];
}

static const struct bx_procedure *procedure_of(const struct bx_work *work)
{
	return bx_procedure_of(work->operation.kind);
}

/* ---------------------------------------------------------------- steps */

static int begin(struct bx_work *work, enum bx_step step)
{
	int r;

	work->operation.step = step;
	r = bx_journal_write(work->journal, &work->operation);
	if (r < 0)
		return bx_fail(&work->failure, r, BX_ERROR_INTERNAL,
			       "the journal cannot be written: %s", strerror(-r));
	return 0;
}

int bx_work_check_cancelled(struct bx_work *work)
{
	if (!work->cancelled || !bx_operation_cancelable(&work->operation) ||
	    !work->cancelled(work))
		return 0;
	return bx_fail(&work->failure, -ECANCELED, BX_ERROR_CANCELLED, "it was cancelled");
}

int bx_work_pause(struct bx_work *work, unsigned int ms)
{
	bx_pause_ms(ms);
	return bx_work_check_cancelled(work);
}

static int run_stages(struct bx_work *work, enum bx_step from)
{
	const struct bx_procedure *procedure = procedure_of(work);

	for (const struct bx_stage *stage = procedure->stages; stage->run; stage++) {
		int r;

		if (stage->step < from || (procedure->skips && procedure->skips(work, stage->step)))
			continue;
		r = bx_work_check_cancelled(work);
		if (r >= 0)
			r = begin(work, stage->step);
		if (r >= 0)
			r = stage->run(work);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---------------------------------------------------------------- the end */

static int commit(struct bx_work *work, enum bx_result result, enum bx_error error,
		  const char *message)
{
	struct bx_operation *operation = &work->operation;

	bx_claims_release(&work->claims);
	bx_follow_end(work);
	operation->result = result;
	operation->error = error;
	snprintf(operation->message, sizeof(operation->message), "%.*s", BX_MESSAGE_MAX - 1,
		 message);
	bx_clean_text(operation->message);
	return begin(work, BX_STEP_COMMIT);
}

static int restore(struct bx_work *work)
{
	int r = -EIO;

	bx_claims_release(&work->claims);
	/* To undo is in no plan. */
	bx_follow_end(work);
	work->failed_at = work->operation.step;
	/* Where the journal cannot be written the device still comes first. */
	begin(work, BX_STEP_RESTORE);
	for (int i = 0; i < BX_RESTORE_ATTEMPTS; i++) {
		if (i)
			bx_pause_ms(work->retry_pause_ms);
		r = procedure_of(work)->restore(work);
		if (r >= 0 || r == -ENODEV)
			break;
	}
	return r;
}

void bx_work_explain(struct bx_work *work, int r)
{
	struct bx_failure first;

	/* What was not in the plan did not fail, it was not done. */
	if (work->follower && work->follower->refused && r == -EPERM)
		work->failure = work->follower->failure;
	/* Whoever failed without a word had an errno. A failure without an error would pass for success. */
	if (work->failure.error == BX_ERROR_NONE)
		bx_fail(&work->failure, r, BX_ERROR_INTERNAL, "step %s: %s",
			bx_step_name(work->operation.step), strerror(-r));
	first = work->failure;
	/* Whatever failed, it failed because the device is not there any more. */
	if (!procedure_of(work)->of_function || bx_function_check_present(work) >= 0)
		work->failure = first;
}

static int conclude_failure(struct bx_work *work, int r, bool changed)
{
	const struct bx_procedure *procedure = procedure_of(work);
	char message[2 * BX_MESSAGE_MAX + 128], words[128];
	struct bx_failure first;
	enum bx_error error;

	bx_work_explain(work, r);
	first = work->failure;
	if (procedure->of_function && first.error == BX_ERROR_NO_SUCH_DEVICE)
		return commit(work, BX_RESULT_GONE, first.error, first.message);
	if (!changed)
		return commit(work, BX_RESULT_REFUSED, first.error, first.message);

	r = restore(work);
	if (r > 0)
		return commit(work, BX_RESULT_DONE, BX_ERROR_NONE, "");
	if (r == 0) {
		error = procedure->restored(work, words, sizeof(words));
		snprintf(message, sizeof(message), "%s; %s", first.message, words);
		return commit(work, BX_RESULT_ROLLED_BACK, error, message);
	}
	if (procedure->of_function && work->failure.error == BX_ERROR_NO_SUCH_DEVICE)
		return commit(work, BX_RESULT_GONE, BX_ERROR_NO_SUCH_DEVICE, work->failure.message);
	snprintf(message, sizeof(message),
		 "%s; and it could not be brought back to what it was: %s", first.message,
		 work->failure.message);
	return commit(work, BX_RESULT_ROLLBACK_FAILED, procedure->not_restored, message);
}

/* A worker died after it had begun to change things: forward if the procedure can, else back. */
static int resume(struct bx_work *work)
{
	enum bx_step died_at = work->operation.step;
	int r = -ECANCELED;

	if (died_at != BX_STEP_RESTORE) {
		r = work->operation.as_planned ? bx_follow_begin(work) : 0;
		if (r >= 0)
			r = procedure_of(work)->resume(work);
		if (r >= 0)
			r = run_stages(work, r);
		if (r >= 0)
			return commit(work, BX_RESULT_DONE, BX_ERROR_NONE, "");
	}
	if (work->failure.error != BX_ERROR_NO_SUCH_DEVICE)
		bx_fail(&work->failure, r, BX_ERROR_WORKER_FAILED, "the worker died at step %s",
			bx_step_name(died_at));
	return conclude_failure(work, r, true);
}

int bx_work_run(struct bx_work *work)
{
	struct bx_operation *operation = &work->operation;
	int r;

	work->failure = (struct bx_failure){ 0 };
	work->taken = false;
	if (operation->result != BX_RESULT_NONE)
		return 0;
	operation->attempts++;
	/* So that this worker's death is told from its not having begun. If it fails, a step will too. */
	bx_journal_write(work->journal, operation);
	if (bx_step_changes(operation->kind, operation->step))
		return resume(work);
	r = operation->as_planned ? bx_follow_check(work) : 0;
	if (r >= 0 && operation->as_planned)
		r = bx_follow_begin(work);
	if (r >= 0)
		r = run_stages(work, BX_STEP_INTENT);
	if (r < 0)
		return conclude_failure(work, r, bx_step_changes(operation->kind, operation->step));
	return commit(work, BX_RESULT_DONE, BX_ERROR_NONE, "");
}
