// SPDX-License-Identifier: GPL-2.0-or-later
/* The rebind sequence; see rebind.h for the rules and steps.h for the steps. */
#include "daemon/rebind.h"
#include "daemon/usage.h"
#include "daemon/util.h"

#include <ctype.h>
#include <fcntl.h>
#include <time.h>

#define POLL_MS 10

static void pause_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

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

/* ---------------------------------------------------------------- what the kernel is asked to do */

static struct bx_path attribute(const struct bx_rebind *rebind, const char *name)
{
	return bx_path(BX_PCI_DEVICES "/%s/%s", rebind->operation.address, name);
}

static int fail(struct bx_rebind *rebind, int r, const char *what)
{
	return bx_fail(&rebind->failure, r, BX_ERROR_BIND_FAILED, "%s: %s", what, strerror(-r));
}

/* The device is still the one that the operation was written for. */
static int check_present(struct bx_rebind *rebind)
{
	uint64_t inode;

	if (bx_root_inode(rebind->root, attribute(rebind, ".").s, &inode) < 0 ||
	    inode != rebind->operation.inode)
		return bx_fail(&rebind->failure, -ENODEV, BX_ERROR_NO_SUCH_DEVICE,
			       "%s has left the machine", rebind->operation.address);
	return 0;
}

static int current_driver(struct bx_rebind *rebind, char driver[static BX_NAME_MAX])
{
	int r = check_present(rebind);

	if (r < 0)
		return r;
	r = bx_pci_driver(rebind->root, rebind->operation.address, driver);
	return r < 0 ? fail(rebind, r, "the driver cannot be read") : 0;
}

/* Only writes what is not there yet, and believes only what it reads back. */
static int set_override(struct bx_rebind *rebind, const char *name)
{
	const char *address = rebind->operation.address;
	char seen[BX_NAME_MAX];
	int r;

	r = bx_pci_override(rebind->root, address, seen);
	if (r >= 0 && bx_streq(seen, name))
		return 0;
	r = bx_root_write(rebind->root, attribute(rebind, "driver_override").s,
			  bx_path("%s\n", name).s);
	if (r < 0)
		return fail(rebind, r, "driver_override cannot be written");
	r = bx_pci_override(rebind->root, address, seen);
	if (r < 0)
		return fail(rebind, r, "driver_override cannot be read back");
	if (!bx_streq(seen, name))
		return bx_fail(&rebind->failure, -EIO, BX_ERROR_BIND_FAILED,
			       "driver_override reads '%s' after '%s' was written", seen, name);
	return 0;
}

static int unbind(struct bx_rebind *rebind, const char *driver)
{
	int r = bx_root_write(rebind->root, bx_path(BX_PCI_DRIVERS "/%s/unbind", driver).s,
			      rebind->operation.address);

	if (r < 0)
		return fail(rebind, r, bx_path("%s did not give the device up", driver).s);
	return 0;
}

/* Explicitly, else by probing, whose success means nothing: the driver link is what counts. */
static int bind(struct bx_rebind *rebind, const char *driver)
{
	const char *address = rebind->operation.address;
	char now[BX_NAME_MAX];
	int r, bound;

	bound = bx_root_write(rebind->root, bx_path(BX_PCI_DRIVERS "/%s/bind", driver).s, address);
	r = current_driver(rebind, now);
	if (r < 0)
		return r;
	if (bx_streq(now, driver))
		return 0;
	if (!*now) {
		bx_root_write(rebind->root, "sys/bus/pci/drivers_probe", address);
		r = current_driver(rebind, now);
		if (r < 0)
			return r;
	}
	if (bx_streq(now, driver))
		return 0;
	if (*now)
		return bx_fail(&rebind->failure, -EBUSY, BX_ERROR_BIND_FAILED,
			       "%s took the device instead of %s", now, driver);
	return fail(rebind, bound < 0 ? bound : -ENODEV,
		    bx_path("%s does not take the device", driver).s);
}

/* Waits until nvme has brought the controller up. */
static int wait_live(struct bx_rebind *rebind)
{
	uint64_t deadline = now_ms() + rebind->live_timeout_ms;
	const char *address = rebind->operation.address;
	char driver[BX_NAME_MAX], controller[BX_NAME_MAX], state[BX_NAME_MAX] = "";
	int r;

	for (;;) {
		r = current_driver(rebind, driver);
		if (r < 0)
			return r;
		if (!bx_streq(driver, BX_NATURAL_DRIVER))
			return bx_fail(
				&rebind->failure, -EIO, BX_ERROR_BIND_FAILED,
				"nvme let the device go again: the controller does not start");
		r = bx_pci_controller(rebind->root, address, controller);
		if (r >= 0 && *controller)
			r = bx_root_read(
				rebind->root,
				bx_path(BX_PCI_DEVICES "/%s/nvme/%s/state", address, controller).s,
				state, sizeof(state));
		if (r >= 0 && bx_streq(state, "live"))
			return 0;
		if (bx_streq(state, "dead") || bx_startswith(state, "deleting"))
			return bx_fail(&rebind->failure, -EIO, BX_ERROR_BIND_FAILED,
				       "the controller is %s", state);
		if (now_ms() >= deadline)
			return bx_fail(&rebind->failure, -ETIMEDOUT, BX_ERROR_BIND_FAILED,
				       "the controller is not live after %u s but '%s'",
				       rebind->live_timeout_ms / 1000, state);
		pause_ms(POLL_MS);
	}
}

static int list_blocks(struct bx_rebind *rebind, char ***blocks)
{
	const char *address = rebind->operation.address;
	char controller[BX_NAME_MAX];
	int r;

	r = bx_pci_controller(rebind->root, address, controller);
	if (r >= 0 && *controller)
		r = bx_nvme_blocks(rebind->root, address, controller, blocks);
	return r < 0 ? fail(rebind, r, "the namespaces cannot be listed") : 0;
}

/*
 * A live controller has its namespaces looked for in the background. Whoever asked for nvme wants to use a disk next, so the first of
 * them is waited for; a controller that has none costs the whole time, and that is no failure.
 */
static int wait_namespace(struct bx_rebind *rebind)
{
	uint64_t deadline = now_ms() + rebind->namespace_timeout_ms;
	int r;

	for (;;) {
		_cleanup_strv_ char **blocks = NULL;

		r = check_present(rebind);
		if (r >= 0)
			r = list_blocks(rebind, &blocks);
		if (r < 0 || blocks || now_ms() >= deadline)
			return r;
		pause_ms(POLL_MS);
	}
}

/* @driver has the device, or nothing has if it is "". */
static int verify(struct bx_rebind *rebind, const char *driver)
{
	char now[BX_NAME_MAX];
	int r;

	r = current_driver(rebind, now);
	if (r < 0)
		return r;
	if (!bx_streq(now, driver))
		return bx_fail(&rebind->failure, -EIO, BX_ERROR_BIND_FAILED,
			       "the device is bound to %s instead of %s", *now ? now : "nothing",
			       *driver ? driver : "nothing");
	if (!bx_streq(driver, BX_NATURAL_DRIVER))
		return 0;
	r = wait_live(rebind);
	return r < 0 ? r : wait_namespace(rebind);
}

static int claim(struct bx_rebind *rebind)
{
	_cleanup_strv_ char **blocks = NULL;
	int r = list_blocks(rebind, &blocks);

	return r < 0 ? r : bx_claims_take(&rebind->claims, rebind->root, blocks, &rebind->failure);
}

/* A namespace may have come since the others were claimed, and nobody knows whether it is in use already. */
static int check_all_claimed(struct bx_rebind *rebind)
{
	_cleanup_strv_ char **blocks = NULL;
	const char *missing;
	int r;

	r = list_blocks(rebind, &blocks);
	if (r < 0)
		return r;
	missing = bx_claims_missing(&rebind->claims, blocks);
	return missing ? bx_fail(&rebind->failure, -EBUSY, BX_ERROR_DEVICE_BUSY,
				 "%s has just appeared and is not claimed: try again", missing)
		       : 0;
}

/* ---------------------------------------------------------------- the steps */

static int step_load_module(struct bx_rebind *rebind)
{
	const char *driver = rebind->operation.new_driver;

	if (!*driver)
		return 0;
	if (!bx_root_exists(rebind->root, bx_path(BX_PCI_DRIVERS "/%s", driver).s))
		return rebind->load_module(driver, &rebind->failure);
	return bx_driver_suitable(driver) ? 0 : bx_fail_unsuitable(driver, &rebind->failure);
}

static bool printable(const char *s)
{
	while (*s && isprint((unsigned char)*s))
		s++;
	return !*s;
}

/* What a failure puts back; see the rules in rebind.h. The steps from here on write it down. */
static int note_old_override(struct bx_rebind *rebind)
{
	struct bx_operation *operation = &rebind->operation;
	char name[BX_NAME_MAX];
	int r;

	r = bx_pci_override(rebind->root, operation->address, name);
	if (r < 0)
		return fail(rebind, r, "driver_override cannot be read");
	if (!printable(name))
		return bx_fail(
			&rebind->failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			"the driver_override of %s holds more than plain text: clear it first",
			operation->address);
	if (bx_streq(name, BX_OWN_DRIVER) || bx_streq(name, operation->new_driver))
		*name = 0;
	bx_copy(operation->old_override, sizeof(operation->old_override), name);
	return 0;
}

/* Not without one, even where vfio would let it: whoever had such a device open could not be seen. */
static int check_iommu(struct bx_rebind *rebind)
{
	if (!bx_streq(rebind->operation.new_driver, "vfio-pci") ||
	    bx_root_exists(rebind->root, attribute(rebind, "iommu_group").s))
		return 0;
	return bx_fail(&rebind->failure, -EOPNOTSUPP, BX_ERROR_NO_IOMMU,
		       "vfio-pci needs an IOMMU and %s has none: switch it on in the firmware and "
		       "with intel_iommu=on (on Intel) on the kernel command line",
		       rebind->operation.address);
}

static int step_check(struct bx_rebind *rebind)
{
	const struct bx_operation *operation = &rebind->operation;
	char driver[BX_NAME_MAX];
	int r;

	r = current_driver(rebind, driver);
	if (r < 0)
		return r;
	if (!bx_streq(driver, operation->old_driver))
		return bx_fail(&rebind->failure, -EBUSY, BX_ERROR_DEVICE_BUSY,
			       "somebody else moved %s from %s to %s meanwhile", operation->address,
			       *operation->old_driver ? operation->old_driver : "no driver",
			       *driver ? driver : "no driver");
	r = note_old_override(rebind);
	if (r < 0 || !*operation->new_driver)
		return r;
	if (!bx_root_exists(rebind->root, bx_path(BX_PCI_DRIVERS "/%s", operation->new_driver).s))
		return bx_fail(&rebind->failure, -ENOENT, BX_ERROR_DRIVER_NOT_FOUND,
			       "module %s is loaded but is no PCI driver", operation->new_driver);
	return check_iommu(rebind);
}

static int step_claim(struct bx_rebind *rebind)
{
	return claim(rebind);
}

/* A VFIO group has one user at a time: whoever runs a virtual machine with the device in it has it open. */
static int check_vfio_group(struct bx_rebind *rebind, const char *driver)
{
	char group[BX_NAME_MAX];
	int r;

	if (!bx_streq(driver, "vfio-pci"))
		return 0;
	r = bx_root_link_name(rebind->root, attribute(rebind, "iommu_group").s, group,
			      sizeof(group));
	if (r == -ENOENT || (r >= 0 && !*group))
		return 0;
	if (r < 0)
		return fail(rebind, r, "the IOMMU group cannot be read");
	r = bx_root_open_file(rebind->root, bx_path("dev/vfio/%s", group).s, O_RDWR);
	if (r >= 0)
		close(r);
	if (r >= 0 || r == -ENOENT)
		return 0;
	if (r == -EBUSY)
		return bx_fail(&rebind->failure, -EBUSY, BX_ERROR_DEVICE_BUSY,
			       "a program, such as a virtual machine, has VFIO group %s open",
			       group);
	return fail(rebind, r, bx_path("VFIO group %s cannot be looked at", group).s);
}

/* Nobody uses it of whom a claim knows nothing. */
static int check_users(struct bx_rebind *rebind, const char *driver)
{
	const char *address = rebind->operation.address;
	_cleanup_strv_ char **blocks = NULL, **users = NULL;
	_cleanup_free_ char *text = NULL;
	char controller[BX_NAME_MAX];
	int r;

	r = check_vfio_group(rebind, driver);
	if (r < 0)
		return r;
	r = bx_pci_controller(rebind->root, address, controller);
	if (r < 0 || !*controller)
		return r;
	r = bx_nvme_blocks(rebind->root, address, controller, &blocks);
	if (r >= 0)
		r = bx_usage_find_exports(rebind->root, blocks, controller, &users);
	if (r < 0)
		return fail(rebind, r, "the users of the device cannot be listed");
	if (!users)
		return 0;
	text = bx_strv_join(users, "; ");
	return bx_fail(&rebind->failure, -EBUSY, BX_ERROR_DEVICE_BUSY, "%s", text ? text : "");
}

static int step_check_users(struct bx_rebind *rebind)
{
	return check_users(rebind, rebind->operation.old_driver);
}

static int step_override(struct bx_rebind *rebind)
{
	const struct bx_operation *operation = &rebind->operation;

	return *operation->new_driver ? set_override(rebind, operation->new_driver) : 0;
}

static int step_unbind(struct bx_rebind *rebind)
{
	const struct bx_operation *operation = &rebind->operation;
	int r;

	if (!*operation->old_driver)
		return 0;
	r = check_all_claimed(rebind);
	return r < 0 ? r : unbind(rebind, operation->old_driver);
}

static int step_release(struct bx_rebind *rebind)
{
	bx_claims_release(&rebind->claims);
	return 0;
}

static int step_bind(struct bx_rebind *rebind)
{
	const struct bx_operation *operation = &rebind->operation;

	return *operation->new_driver ? bind(rebind, operation->new_driver) : 0;
}

static int step_verify(struct bx_rebind *rebind)
{
	return verify(rebind, rebind->operation.new_driver);
}

static int step_settle(struct bx_rebind *rebind)
{
	const char *driver = rebind->operation.new_driver;

	if (!*driver)
		return 0;
	return set_override(rebind, bx_streq(driver, BX_NATURAL_DRIVER) ? "" : driver);
}

static const struct step {
	int (*run)(struct bx_rebind *rebind);
	bool moves; /* not taken when the device already has the driver */
} steps[BX_STEP_COUNT] = {
	[BX_STEP_LOAD_MODULE] = { step_load_module, false },
	[BX_STEP_CHECK] = { step_check, false },
	[BX_STEP_CLAIM] = { step_claim, true },
	[BX_STEP_CHECK_USERS] = { step_check_users, true },
	[BX_STEP_OVERRIDE] = { step_override, true },
	[BX_STEP_UNBIND] = { step_unbind, true },
	[BX_STEP_RELEASE] = { step_release, true },
	[BX_STEP_BIND] = { step_bind, true },
	[BX_STEP_VERIFY] = { step_verify, false },
	[BX_STEP_SETTLE] = { step_settle, false },
};

static const bool durable[BX_STEP_COUNT] = {
#define X(id, name, percent, is_durable, doc) [BX_STEP_##id] = is_durable,
	BX_STEPS(X)
#undef X
};

static int begin(struct bx_rebind *rebind, enum bx_step step)
{
	int r;

	rebind->operation.step = step;
	r = bx_journal_write(rebind->journal, &rebind->operation, durable[step]);
	if (r < 0)
		return bx_fail(&rebind->failure, r, BX_ERROR_INTERNAL,
			       "the journal cannot be written: %s", strerror(-r));
	return 0;
}

static int run_steps(struct bx_rebind *rebind, enum bx_step from)
{
	bool moved = !bx_streq(rebind->operation.old_driver, rebind->operation.new_driver);
	int r;

	for (enum bx_step step = from; step <= BX_STEP_SETTLE; step++) {
		if (steps[step].moves && !moved)
			continue;
		r = begin(rebind, step);
		if (r >= 0)
			r = steps[step].run(rebind);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---------------------------------------------------------------- bringing it back */

/*
 * A driver only takes a device whose override names it or is empty. The old one may have had the device under
 * an override that came later, or has lost its own to the rule in rebind.h: then it is named until it is back.
 */
static const char *restoring_override(const struct bx_operation *operation)
{
	bool natural = bx_streq(operation->old_driver, BX_NATURAL_DRIVER);

	if (!*operation->old_driver || bx_streq(operation->old_override, operation->old_driver) ||
	    (natural && !*operation->old_override))
		return operation->old_override;
	return operation->old_driver;
}

static int restore_once(struct bx_rebind *rebind, bool *taken)
{
	const struct bx_operation *operation = &rebind->operation;
	const char *old = operation->old_driver;
	char driver[BX_NAME_MAX];
	int r;

	r = current_driver(rebind, driver);
	if (r < 0)
		return r;
	*taken |= !bx_streq(driver, old);
	if (*driver && !bx_streq(driver, old)) {
		/* Whoever began to use it meanwhile keeps it. */
		r = claim(rebind);
		if (r >= 0)
			r = check_users(rebind, driver);
		if (r < 0) {
			bx_claims_release(&rebind->claims);
			return r;
		}
	}
	if (!*taken) /* the old driver has it all the time, as it was */
		return set_override(rebind, operation->old_override);
	r = set_override(rebind, restoring_override(operation));
	if (r >= 0 && *driver && !bx_streq(driver, old)) {
		r = check_all_claimed(rebind);
		if (r >= 0)
			r = unbind(rebind, driver);
	}
	bx_claims_release(&rebind->claims);
	if (r < 0)
		return r;
	if (*old && !bx_streq(driver, old)) {
		r = bind(rebind, old);
		if (r < 0)
			return r;
	}
	r = verify(rebind, old);
	return r < 0 ? r : set_override(rebind, operation->old_override);
}

static int restore(struct bx_rebind *rebind)
{
	bool taken = rebind->operation.step > BX_STEP_UNBIND;
	int r = -EIO;

	bx_claims_release(&rebind->claims);
	/* Where the journal cannot be written the device still comes first. */
	begin(rebind, BX_STEP_RESTORE);
	for (int i = 0; i < BX_RESTORE_ATTEMPTS; i++) {
		if (i)
			pause_ms(rebind->retry_pause_ms);
		r = restore_once(rebind, &taken);
		if (r >= 0 || r == -ENODEV)
			break;
	}
	return r;
}

/* ---------------------------------------------------------------- the whole */

static int commit(struct bx_rebind *rebind, enum bx_result result, enum bx_error error,
		  const char *message)
{
	struct bx_operation *operation = &rebind->operation;

	bx_claims_release(&rebind->claims);
	operation->result = result;
	operation->error = error;
	snprintf(operation->message, sizeof(operation->message), "%.*s", BX_MESSAGE_MAX - 1,
		 message);
	bx_clean_text(operation->message);
	return begin(rebind, BX_STEP_COMMIT);
}

static const char *or_none(const char *driver)
{
	return *driver ? driver : "no driver, as before";
}

static int conclude_failure(struct bx_rebind *rebind, int r, bool changed)
{
	struct bx_operation *operation = &rebind->operation;
	char message[2 * BX_MESSAGE_MAX + 2 * BX_NAME_MAX];
	struct bx_failure first;

	/* Whoever failed without a word had an errno. A failure without an error would pass for success. */
	if (rebind->failure.error == BX_ERROR_NONE)
		bx_fail(&rebind->failure, r, BX_ERROR_INTERNAL, "step %s: %s",
			bx_step_name(operation->step), strerror(-r));
	first = rebind->failure;
	/* Whatever failed, it failed because the device is not there any more. */
	if (check_present(rebind) < 0)
		first = rebind->failure;
	if (first.error == BX_ERROR_NO_SUCH_DEVICE)
		return commit(rebind, BX_RESULT_GONE, first.error, first.message);
	if (!changed)
		return commit(rebind, BX_RESULT_REFUSED, first.error, first.message);

	r = restore(rebind);
	if (r >= 0) {
		snprintf(message, sizeof(message), "%s; it is back at %s", first.message,
			 or_none(operation->old_driver));
		return commit(rebind, BX_RESULT_ROLLED_BACK,
			      *operation->old_driver ? BX_ERROR_ROLLED_BACK : BX_ERROR_BIND_FAILED,
			      message);
	}
	if (rebind->failure.error == BX_ERROR_NO_SUCH_DEVICE)
		return commit(rebind, BX_RESULT_GONE, BX_ERROR_NO_SUCH_DEVICE,
			      rebind->failure.message);
	snprintf(message, sizeof(message), "%s; and it could not be brought back to %s: %s",
		 first.message, or_none(operation->old_driver), rebind->failure.message);
	return commit(rebind, BX_RESULT_ROLLBACK_FAILED, BX_ERROR_ROLLBACK_FAILED, message);
}

/* A worker died after it had begun to change things: forward if all but the end was done, else back. */
static int resume(struct bx_rebind *rebind)
{
	struct bx_operation *operation = &rebind->operation;
	enum bx_step died_at = operation->step;
	int r = -ECANCELED;

	if (died_at != BX_STEP_RESTORE) {
		r = verify(rebind, operation->new_driver);
		if (r >= 0)
			r = run_steps(rebind, BX_STEP_SETTLE);
		if (r >= 0)
			return commit(rebind, BX_RESULT_DONE, BX_ERROR_NONE, "");
	}
	if (rebind->failure.error != BX_ERROR_NO_SUCH_DEVICE)
		bx_fail(&rebind->failure, r, BX_ERROR_WORKER_FAILED, "the worker died at step %s",
			bx_step_name(died_at));
	return conclude_failure(rebind, r, true);
}

int bx_rebind_run(struct bx_rebind *rebind)
{
	struct bx_operation *operation = &rebind->operation;
	int r;

	rebind->failure = (struct bx_failure){ 0 };
	if (operation->result != BX_RESULT_NONE)
		return 0;
	operation->attempts++;
	/* So that this worker's death is told from its not having begun. If it fails, a step will too. */
	bx_journal_write(rebind->journal, operation, false);
	if (operation->step >= BX_STEP_OVERRIDE)
		return resume(rebind);
	r = run_steps(rebind, BX_STEP_LOAD_MODULE);
	if (r < 0)
		return conclude_failure(rebind, r, operation->step >= BX_STEP_OVERRIDE);
	return commit(rebind, BX_RESULT_DONE, BX_ERROR_NONE, "");
}
