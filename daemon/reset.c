// SPDX-License-Identifier: GPL-2.0-or-later
/* Resets a controller that nvme has, and waits until it is live. nvme repeats the commands under way, so it may be in use. */
#include "daemon/function.h"
#include "daemon/util.h"

static int step_check(struct bx_work *work)
{
	char driver[BX_NAME_MAX];
	int r;

	r = bx_function_driver(work, driver);
	if (r < 0)
		return r;
	if (!bx_streq(driver, BX_NATURAL_DRIVER))
		return bx_fail(&work->failure, -EINVAL, BX_ERROR_WRONG_STATE,
			       "%s is bound to %s, and only nvme resets it",
			       work->operation.address, *driver ? driver : "no driver");
	return 0;
}

static int step_reset(struct bx_work *work)
{
	const char *address = work->operation.address;
	char controller[BX_NAME_MAX];
	int r;

	r = bx_pci_controller(work->root, address, controller);
	if (r >= 0 && !*controller)
		r = -ENODEV;
	if (r >= 0)
		r = bx_root_write(work->root,
				  bx_path(BX_PCI_DEVICES "/%s/nvme/%s/reset_controller", address,
					  controller)
					  .s,
				  "1");
	return r < 0 ? bx_fail(&work->failure, r, BX_ERROR_RESET_FAILED,
			       "the reset cannot be begun: %s", strerror(-r))
		     : 0;
}

static int restore(struct bx_work *work)
{
	return bx_function_wait_live(work);
}

/* Nobody knows whether it was begun, and a second one does no harm, once the first is over. */
static int resume(struct bx_work *work)
{
	if (work->operation.step > BX_STEP_RESET)
		return BX_STEP_VERIFY;
	bx_function_wait_live(work);
	return BX_STEP_RESET;
}

static enum bx_error restored(const struct bx_work *work, char *words, size_t size)
{
	snprintf(words, size, "it is live all the same");
	return BX_ERROR_RESET_FAILED;
}

static const struct bx_stage stages[] = {
	{ BX_STEP_CHECK, step_check },
	{ BX_STEP_RESET, step_reset },
	{ BX_STEP_VERIFY, bx_function_wait_live },
	{ 0 },
};

const struct bx_procedure bx_reset_procedure = {
	.stages = stages,
	.of_function = true,
	.resume = resume,
	.restore = restore,
	.restored = restored,
	.not_restored = BX_ERROR_RESET_FAILED,
};
