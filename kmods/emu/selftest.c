// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device Self-test. There is nothing to test, so a test is a time that passes, and what may end it before that is
 * what ends one on a drive.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "admin.h"

#define NSID_VALID BIT(0) /* of a result's valid fields */

void bx_self_test_create(struct bx_ctrl *ctrl)
{
	struct bx_self_test_log *log = &ctrl->admin->self_test.log;

	for (unsigned int i = 0; i < BX_SELF_TEST_RESULTS; i++)
		log->results[i].status = BX_SELF_TEST_UNUSED;
}

static void finish(struct bx_ctrl *ctrl, enum bx_self_test_end how, u64 when)
{
	struct bx_self_test *test = &ctrl->admin->self_test;
	struct bx_self_test_result *results = test->log.results;

	memmove(&results[1], &results[0], (BX_SELF_TEST_RESULTS - 1) * sizeof(results[0]));
	results[0] = (struct bx_self_test_result){
		.status = test->running << 4 | how,
		.valid = test->nsid ? NSID_VALID : 0,
		.power_on_hours = cpu_to_le64(bx_power_on_hours(ctrl, when)),
		.nsid = cpu_to_le32(test->nsid),
	};
	test->running = 0;
}

u64 bx_self_test_tick(struct bx_ctrl *ctrl, u64 now)
{
	struct bx_self_test *test = &ctrl->admin->self_test;

	if (!test->running)
		return U64_MAX;
	if (now < test->until)
		return test->until;
	finish(ctrl, BX_SELF_TEST_PASSED, test->until);
	return U64_MAX;
}

void bx_self_test_end(struct bx_ctrl *ctrl, u32 nsid, enum bx_self_test_end how)
{
	struct bx_self_test *test = &ctrl->admin->self_test;
	u64 now = ktime_get_ns();

	/* It may have come to its end, and nobody looked. */
	bx_self_test_tick(ctrl, now);
	if (test->running && (!nsid || test->nsid == nsid || test->nsid == NVME_NSID_ALL))
		finish(ctrl, how, now);
}

/* A long one goes on. */
void bx_self_test_reset(struct bx_ctrl *ctrl)
{
	if (ctrl->admin->self_test.running == BX_SELF_TEST_SHORT)
		bx_self_test_end(ctrl, 0, BX_SELF_TEST_BY_RESET);
}

void bx_self_test_show(struct bx_ctrl *ctrl, u64 now)
{
	struct bx_self_test *test = &ctrl->admin->self_test;

	bx_self_test_tick(ctrl, now);
	test->log.operation = test->running;
	test->log.completion = 0;
	if (test->running)
		test->log.completion =
			div64_u64((now - test->since) * 100, test->until - test->since);
}

static u16 start(struct bx_ctrl *ctrl, u8 code, u32 nsid)
{
	struct bx_self_test *test = &ctrl->admin->self_test;
	u64 now = ktime_get_ns();

	bx_self_test_tick(ctrl, now);
	if (test->running)
		return BX_SC_SELF_TEST_IN_PROGRESS | NVME_STATUS_DNR;
	test->running = code;
	test->nsid = nsid;
	test->since = now;
	test->until = now + (code == BX_SELF_TEST_SHORT ? BX_SELF_TEST_SHORT_NS
							: BX_SELF_TEST_EXTENDED_NS);
	return NVME_SC_SUCCESS;
}

u16 bx_start_self_test(struct bx_engine *engine, struct bx_request *request)
{
	u32 nsid = le32_to_cpu(request->cmd.common.nsid);
	u8 code = le32_to_cpu(request->cmd.common.cdw10) & 0xf;
	struct bx_ns *ns;
	u16 status;

	/* Without a namespace, the controller alone; all of them; or this one. */
	if (nsid && nsid != NVME_NSID_ALL) {
		status = bx_ns_find(engine->ctrl, request, &ns);
		if (status)
			return status;
	}
	switch (code) {
	case BX_SELF_TEST_SHORT:
	case BX_SELF_TEST_EXTENDED:
		return start(engine->ctrl, code, nsid);
	case BX_SELF_TEST_ABORT:
		bx_self_test_end(engine->ctrl, 0, BX_SELF_TEST_ABORTED);
		return NVME_SC_SUCCESS;
	default:
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.cdw10);
	}
}
