// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moves a PCI function from one driver to another, or brings it back to where it was.
 *
 * Overrides. A function bound to its natural driver ends without a driver_override, any other with the name of its driver, so
 * that nothing takes it away when drivers are probed again. Unbinding leaves the override as it is. What is put back after a
 * failure is the override that was there before, unless it names the driver asked for or one of our own: a kernel without our
 * modules must find its disk.
 */
#include "daemon/function.h"
#include "daemon/util.h"

#include <ctype.h>

/* ---------------------------------------------------------------- planning */

int bx_rebind_plan(const struct bx_pci *pci, const char *driver, struct bx_operation *operation,
		   struct bx_failure *failure)
{
	*operation = (struct bx_operation){
		.kind = driver ? BX_KIND_BIND : BX_KIND_UNBIND,
		.inode = pci->inode,
	};
	if (driver && !bx_driver_name_valid(driver))
		return bx_fail(
			failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			"'%.64s' cannot be the name of a driver: letters, digits, - and _ only",
			driver);
	bx_copy(operation->address, sizeof(operation->address), pci->address);
	bx_copy(operation->old_driver, sizeof(operation->old_driver), pci->driver);
	if (driver)
		bx_copy(operation->new_driver, sizeof(operation->new_driver), driver);
	return 0;
}

/* ---------------------------------------------------------------- the steps */

static int step_load_module(struct bx_work *work)
{
	const char *driver = work->operation.new_driver;

	if (!*driver)
		return 0;
	if (!bx_root_exists(work->root, bx_path(BX_PCI_DRIVERS "/%s", driver).s))
		return work->load_driver(work->root, driver, &work->failure);
	return bx_driver_suitable(driver) ? 0 : bx_fail_unsuitable(driver, &work->failure);
}

static bool printable(const char *s)
{
	while (*s && isprint((unsigned char)*s))
		s++;
	return !*s;
}

/* What a failure puts back; see the rules in the head of this file. The steps from here on write it down. */
static int note_old_override(struct bx_work *work)
{
	struct bx_operation *operation = &work->operation;
	char name[BX_NAME_MAX];
	int r;

	r = bx_pci_override(work->root, operation->address, name);
	if (r < 0)
		return bx_function_fail(work, r, "driver_override cannot be read");
	if (!printable(name))
		return bx_fail(
			&work->failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			"the driver_override of %s holds more than plain text: clear it first",
			operation->address);
	if (bx_streq(name, BX_OWN_DRIVER) || bx_streq(name, operation->new_driver))
		*name = 0;
	bx_copy(operation->old_override, sizeof(operation->old_override), name);
	return 0;
}

/* Not without one, even where vfio would let it: whoever had such a device open could not be seen. */
static int check_iommu(struct bx_work *work)
{
	if (!bx_streq(work->operation.new_driver, "vfio-pci") ||
	    bx_root_exists(work->root, bx_function_attribute(work, "iommu_group").s))
		return 0;
	return bx_fail(&work->failure, -EOPNOTSUPP, BX_ERROR_NO_IOMMU,
		       "vfio-pci needs an IOMMU and %s has none: switch it on in the firmware and "
		       "with intel_iommu=on (on Intel) on the kernel command line",
		       work->operation.address);
}

static int step_check(struct bx_work *work)
{
	const struct bx_operation *operation = &work->operation;
	char driver[BX_NAME_MAX];
	int r;

	r = bx_function_driver(work, driver);
	if (r < 0)
		return r;
	if (!bx_streq(driver, operation->old_driver))
		return bx_fail(&work->failure, -EBUSY, BX_ERROR_DEVICE_BUSY,
			       "somebody else moved %s from %s to %s meanwhile", operation->address,
			       *operation->old_driver ? operation->old_driver : "no driver",
			       *driver ? driver : "no driver");
	r = note_old_override(work);
	if (r < 0 || !*operation->new_driver)
		return r;
	if (!bx_root_exists(work->root, bx_path(BX_PCI_DRIVERS "/%s", operation->new_driver).s))
		return bx_fail(&work->failure, -ENOENT, BX_ERROR_DRIVER_NOT_FOUND,
			       "module %s is loaded but is no PCI driver", operation->new_driver);
	return check_iommu(work);
}

static int step_check_users(struct bx_work *work)
{
	return bx_function_check_users(work, work->operation.old_driver);
}

static int step_override(struct bx_work *work)
{
	const struct bx_operation *operation = &work->operation;

	return *operation->new_driver ? bx_function_set_override(work, operation->new_driver) : 0;
}

static int step_unbind(struct bx_work *work)
{
	const struct bx_operation *operation = &work->operation;
	int r;

	if (!*operation->old_driver)
		return 0;
	r = bx_function_check_claimed(work);
	return r < 0 ? r : bx_function_unbind(work, operation->old_driver);
}

static int step_release(struct bx_work *work)
{
	bx_claims_release(&work->claims);
	return 0;
}

static int step_bind(struct bx_work *work)
{
	const struct bx_operation *operation = &work->operation;

	return *operation->new_driver ? bx_function_bind(work, operation->new_driver) : 0;
}

static int step_verify(struct bx_work *work)
{
	return bx_function_verify(work, work->operation.new_driver);
}

static int step_settle(struct bx_work *work)
{
	const char *driver = work->operation.new_driver;

	if (!*driver)
		return 0;
	return bx_function_set_override(work, bx_streq(driver, BX_NATURAL_DRIVER) ? "" : driver);
}

static const struct bx_stage stages[] = {
	{ BX_STEP_LOAD_MODULE, step_load_module },
	{ BX_STEP_CHECK, step_check },
	{ BX_STEP_CLAIM, bx_function_claim },
	{ BX_STEP_CHECK_USERS, step_check_users },
	{ BX_STEP_CHECK_DATA, bx_function_check_data },
	{ BX_STEP_OVERRIDE, step_override },
	{ BX_STEP_UNBIND, step_unbind },
	{ BX_STEP_RELEASE, step_release },
	{ BX_STEP_BIND, step_bind },
	{ BX_STEP_VERIFY, step_verify },
	{ BX_STEP_SETTLE, step_settle },
	{ 0 },
};

/* A device that has the driver already is not moved. */
static bool skips(const struct bx_work *work, enum bx_step step)
{
	return step >= BX_STEP_CLAIM && step <= BX_STEP_BIND &&
	       bx_streq(work->operation.old_driver, work->operation.new_driver);
}

/* ---------------------------------------------------------------- bringing it back */

/*
 * A driver only takes a device whose override names it or is empty. The old one may have had the device under
 * an override that came later, or has lost its own to the rule in the head of this file: then it is named until it is back.
 */
static const char *restoring_override(const struct bx_operation *operation)
{
	bool natural = bx_streq(operation->old_driver, BX_NATURAL_DRIVER);

	if (!*operation->old_driver || bx_streq(operation->old_override, operation->old_driver) ||
	    (natural && !*operation->old_override))
		return operation->old_override;
	return operation->old_driver;
}

static int restore(struct bx_work *work)
{
	const struct bx_operation *operation = &work->operation;
	const char *old = operation->old_driver;
	char driver[BX_NAME_MAX];
	int r;

	work->taken |= work->failed_at > BX_STEP_UNBIND;
	r = bx_function_driver(work, driver);
	if (r < 0)
		return r;
	work->taken |= !bx_streq(driver, old);
	if (*driver && !bx_streq(driver, old)) {
		/* Whoever began to use it meanwhile keeps it. */
		r = bx_function_claim(work);
		if (r >= 0)
			r = bx_function_check_users(work, driver);
		if (r < 0) {
			bx_claims_release(&work->claims);
			return r;
		}
	}
	if (!work->taken) /* the old driver has it all the time, as it was */
		return bx_function_set_override(work, operation->old_override);
	r = bx_function_set_override(work, restoring_override(operation));
	if (r >= 0 && *driver && !bx_streq(driver, old)) {
		r = bx_function_check_claimed(work);
		if (r >= 0)
			r = bx_function_unbind(work, driver);
	}
	bx_claims_release(&work->claims);
	if (r < 0)
		return r;
	if (*old && !bx_streq(driver, old)) {
		r = bx_function_bind(work, old);
		if (r < 0)
			return r;
	}
	r = bx_function_verify(work, old);
	return r < 0 ? r : bx_function_set_override(work, operation->old_override);
}

static enum bx_error restored(const struct bx_work *work, char *words, size_t size)
{
	const char *old = work->operation.old_driver;

	snprintf(words, size, "it is back at %s", *old ? old : "no driver, as before");
	return *old ? BX_ERROR_ROLLED_BACK : BX_ERROR_BIND_FAILED;
}

/* Forward if all but the end was done. */
static int resume(struct bx_work *work)
{
	int r = bx_function_verify(work, work->operation.new_driver);

	return r < 0 ? r : (int)BX_STEP_SETTLE;
}

const struct bx_procedure bx_rebind_procedure = {
	.stages = stages,
	.of_function = true,
	.skips = skips,
	.resume = resume,
	.restore = restore,
	.restored = restored,
	.not_restored = BX_ERROR_ROLLBACK_FAILED,
};
