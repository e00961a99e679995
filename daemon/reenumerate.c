// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lets a PCI function go and finds it again, as is needed after its firmware was loaded. It is the same device by its address; to
 * the kernel it is a new one, with a new inode, and whatever driver it wants for it. Or only the one or the other.
 */
#include "daemon/function.h"
#include "daemon/util.h"

#define RESCAN_AGAIN_MS 2000
#define DRIVER_WAIT_MS	10000

static int fail(struct bx_work *work, int r, const char *what)
{
	return bx_fail(&work->failure, r, BX_ERROR_NOT_BACK, "%s: %s", what, strerror(-r));
}

/* Of the bridge that the function is behind, "" where it is on a root bus; known from now on, since it cannot be asked later. */
static int note_parent(struct bx_work *work)
{
	char link[512], *name;
	int r;

	*work->parent = 0;
	r = bx_root_readlink(work->root, bx_path(BX_PCI_DEVICES "/%s", work->operation.address).s,
			     link, sizeof(link));
	if (r < 0)
		return fail(work, r, "its place cannot be read");
	name = strrchr(link, '/');
	if (!name)
		return 0;
	*name = 0;
	name = strrchr(link, '/');
	if (name && bx_pci_address_valid(name + 1))
		bx_copy(work->parent, sizeof(work->parent), name + 1);
	return 0;
}

static int step_check(struct bx_work *work)
{
	int r = bx_function_check_present(work);

	return r < 0 ? r : note_parent(work);
}

static int step_claim(struct bx_work *work)
{
	char driver[BX_NAME_MAX];
	int r;

	r = bx_function_driver(work, driver);
	if (r >= 0)
		r = bx_function_claim(work);
	return r < 0 ? r : bx_function_check_users(work, driver);
}

static int step_detach(struct bx_work *work)
{
	int r;

	r = bx_function_check_claimed(work);
	if (r < 0)
		return r;
	r = bx_root_write(work->root, bx_function_attribute(work, "remove").s, "1");
	bx_claims_release(&work->claims);
	return r < 0 ? fail(work, r, "the kernel does not let it go") : 0;
}

static bool is_back(struct bx_work *work)
{
	uint64_t inode;

	if (bx_root_inode(work->root, bx_function_attribute(work, ".").s, &inode) < 0)
		return false;
	work->operation.inode = inode;
	return true;
}

static int rescan(struct bx_work *work)
{
	/* The bridge may have gone with it, as when somebody pulled out more than this. */
	struct bx_path path =
		*work->parent && bx_root_exists(work->root,
						bx_path(BX_PCI_DEVICES "/%s", work->parent).s)
			? bx_path(BX_PCI_DEVICES "/%s/rescan", work->parent)
			: bx_path("sys/bus/pci/rescan");

	return bx_root_write(work->root, path.s, "1");
}

static int step_rescan(struct bx_work *work)
{
	uint64_t now = bx_now_ms(), deadline = now + work->return_timeout_ms, next = now;
	int r = 0;

	while (!is_back(work)) {
		now = bx_now_ms();
		if (now >= deadline)
			return r < 0 ? fail(work, r, "the bus cannot be looked at again")
				     : bx_fail(&work->failure, -ETIMEDOUT, BX_ERROR_NOT_BACK,
					       "%s has not come back after %u s",
					       work->operation.address,
					       work->return_timeout_ms / 1000);
		if (now >= next) {
			r = rescan(work);
			next = now + RESCAN_AGAIN_MS;
		}
		bx_pause_ms(BX_POLL_MS);
	}
	return 0;
}

/* Which driver it gets is the kernel's choice, or that of whoever has made rules for it. */
static int step_verify(struct bx_work *work)
{
	uint64_t deadline = bx_now_ms() + DRIVER_WAIT_MS;
	char driver[BX_NAME_MAX];
	int r;

	while ((r = bx_function_driver(work, driver)) >= 0 && !*driver && bx_now_ms() < deadline &&
	       *work->operation.old_driver)
		bx_pause_ms(BX_POLL_MS);
	return r < 0 ? r : bx_function_verify(work, driver);
}

/* What was let go is to be found, whoever looks for it. But what was not even let go was not found again. */
static int resume(struct bx_work *work)
{
	if (work->operation.step == BX_STEP_DETACH && bx_function_check_present(work) >= 0)
		return -ECANCELED;
	return BX_STEP_RESCAN;
}

static int restore(struct bx_work *work)
{
	int r = step_rescan(work);

	return r < 0 ? r : step_verify(work);
}

static enum bx_error restored(const struct bx_work *work, char *words, size_t size)
{
	snprintf(words, size, "it is there");
	return BX_ERROR_ROLLED_BACK;
}

static const struct bx_stage stages[] = {
	{ BX_STEP_CHECK, step_check },	 { BX_STEP_CLAIM, step_claim },
	{ BX_STEP_DETACH, step_detach }, { BX_STEP_RESCAN, step_rescan },
	{ BX_STEP_VERIFY, step_verify }, { 0 },
};

/* ---------------------------------------------------------------- only the one or the other */

/* Let go or not, it is that wholly. */
static int resume_removal(struct bx_work *work)
{
	return -ECANCELED;
}

static int restore_removed(struct bx_work *work)
{
	return bx_function_check_present(work) < 0;
}

static int step_rescan_all(struct bx_work *work)
{
	int r = bx_root_write(work->root, "sys/bus/pci/rescan", "1");

	return r < 0 ? fail(work, r, "the buses cannot be looked at again") : 0;
}

static const struct bx_stage removal_stages[] = {
	{ BX_STEP_CHECK, step_check },
	{ BX_STEP_CLAIM, step_claim },
	{ BX_STEP_DETACH, step_detach },
	{ 0 },
};

static const struct bx_stage rescan_stages[] = {
	{ BX_STEP_RESCAN, step_rescan_all },
	{ 0 },
};

const struct bx_procedure bx_remove_procedure = {
	.stages = removal_stages,
	.resume = resume_removal,
	.restore = restore_removed,
	.restored = restored,
	.not_restored = BX_ERROR_NOT_BACK,
};

const struct bx_procedure bx_rescan_procedure = { .stages = rescan_stages };

const struct bx_procedure bx_reenumerate_procedure = {
	.stages = stages,
	.resume = resume,
	.restore = restore,
	.restored = restored,
	.not_restored = BX_ERROR_NOT_BACK,
};
