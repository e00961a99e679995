// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes an emulated device as its definition says and powers it on; powers it off and removes it. Both through bx_emu's
 * configfs, which is in bx_emu(4).
 */
#include "daemon/emulated.h"
#include "daemon/function.h"
#include "daemon/kernel_log.h"
#include "daemon/util.h"

#define DRIVER_WAIT_MS 10000 /* for udev, where the function's driver is still to be loaded */
#define SERIAL_MAX     20

BX_DEFINE_CLEANUP(struct bx_definition *, bx_definition_free)

static struct bx_path attribute(const struct bx_work *work, const char *name)
{
	return bx_path(BX_EMULATED_DIR "/%s/%s", work->operation.name, name);
}

static int fail(struct bx_work *work, int r, const char *what)
{
	return bx_fail(&work->failure, r, BX_ERROR_START_FAILED, "%s: %s", what, strerror(-r));
}

static bool is_on(struct bx_work *work)
{
	char power[4];

	return bx_root_read(work->root, attribute(work, "power").s, power, sizeof(power)) >= 0 &&
	       bx_streq(power, "1");
}

static int power_off(struct bx_work *work)
{
	int r = bx_root_write(work->root, attribute(work, "power").s, "0");

	return r < 0 ? fail(work, r, "it cannot be powered off") : 0;
}

/* ---------------------------------------------------------------- start */

static int start_load_module(struct bx_work *work)
{
	int r;

	if (!bx_root_exists(work->root, "sys/kernel/config"))
		return bx_fail(&work->failure, -ENOENT, BX_ERROR_MODULE_REJECTED,
			       "the kernel has no configfs: type modprobe configfs");
	if (!bx_root_exists(work->root, BX_EMULATED_DIR)) {
		r = work->load_module(work->root, BX_EMULATED_MODULE, "", &work->failure);
		if (r < 0)
			return r;
	}
	if (!bx_root_exists(work->root, BX_EMULATED_DIR))
		return bx_fail(
			&work->failure, -ENOENT, BX_ERROR_MODULE_REJECTED,
			"bx_emu is loaded and not in /sys/kernel/config: type systemctl start sys-kernel-config.mount");
	return 0;
}

static int fail_foreign(struct bx_work *work)
{
	return bx_fail(&work->failure, -EEXIST, BX_ERROR_NAME_TAKEN,
		       "somebody else has made a device '%s' in /" BX_EMULATED_DIR
		       ": remove it there first",
		       work->operation.name);
}

static int start_check(struct bx_work *work)
{
	return bx_root_exists(work->root, attribute(work, ".").s) ? fail_foreign(work) : 0;
}

/* The folder of namespaces/1/size is made, unless it is one that the kernel has made. */
static int make_folder_of(struct bx_work *work, const char *setting)
{
	const char *slash = strrchr(setting, '/');
	struct bx_path folder;
	int r;

	if (!slash || !bx_startswith(setting, "namespaces/"))
		return 0;
	folder = attribute(work, bx_path("%.*s", (int)(slash - setting), setting).s);
	if (bx_root_exists(work->root, folder.s))
		return 0;
	r = bx_root_make_folder(work->root, folder.s);
	return r < 0 ? fail(work, r,
			    bx_path("%.*s cannot be made", (int)(slash - setting), setting).s)
		     : 0;
}

static int write_setting(struct bx_work *work, const char *name, const char *value)
{
	const char *why;
	int r;

	r = make_folder_of(work, name);
	if (r < 0)
		return r;
	r = bx_root_write(work->root, attribute(work, name).s, value);
	if (r >= 0)
		return 0;
	why = r == -ERANGE   ? "is out of range"
	      : r == -EINVAL ? "is not what it takes"
	      : r == -ENOENT ? "is an attribute that this bx_emu does not have"
			     : strerror(-r);
	return bx_fail(&work->failure, r, BX_ERROR_INVALID_ARGUMENT, "%s=%.64s %s: see bx_emu(4)",
		       name, value, why);
}

static int write_settings(struct bx_work *work, struct json_object *settings)
{
	int r = 0;

	/* Who refers to the device by what it says should find it after every start. */
	if (!json_object_object_get_ex(settings, "serial", NULL) &&
	    strlen(work->operation.name) <= SERIAL_MAX)
		r = write_setting(work, "serial", work->operation.name);
	json_object_object_foreach(settings, name, value) {
		if (r >= 0)
			r = write_setting(work, name, json_object_get_string(value));
	}
	return r;
}

static int start_make(struct bx_work *work)
{
	_cleanup_(bx_definition_freep) struct bx_definition *definition = NULL;
	int r = 0;

	if (!work->settings)
		r = bx_definition_read(work->root, work->operation.name, &definition,
				       &work->failure);
	if (r < 0)
		return r == -ENOENT ? bx_fail(&work->failure, r, BX_ERROR_NO_SUCH_DEVICE,
					      "its definition has gone")
				    : r;
	r = bx_root_make_folder(work->root, bx_path(BX_EMULATED_DIR "/%s", work->operation.name).s);
	if (r == -EEXIST) {
		work->foreign = true;
		return fail_foreign(work);
	}
	if (r < 0)
		return fail(work, r, "it cannot be made in configfs");
	return write_settings(work, definition ? definition->settings : work->settings);
}

/* The reason is in the kernel's log, and what can be done about the most frequent one here. */
static int fail_power(struct bx_work *work, int r, int log)
{
	struct bx_path begin = bx_path(BX_EMULATED_MODULE ": %s: ", work->operation.name);
	const char *const begins[] = { begin.s, NULL };
	char said[256];
	bool memory = r == -ENOMEM || r == -EBUSY || r == -ENOSPC;

	bx_kernel_log_said(log, begins, said, sizeof(said));
	return bx_fail(
		&work->failure, r, BX_ERROR_START_FAILED, "it cannot be powered on: %s%s%s%s",
		strerror(-r), *said ? "; the kernel says: " : "", said,
		memory ? "; memory that was reserved at boot, with memmap=, is always there: see bx_emu(4)"
		       : "");
}

static int start_power_on(struct bx_work *work)
{
	_cleanup_close_ int log = bx_kernel_log_open(work->root);
	int r;

	r = bx_root_write(work->root, attribute(work, "power").s, "1");
	return r < 0 ? fail_power(work, r, log) : 0;
}

/* The PCI function that it has now becomes the operation's; false if there is none, as when it is pulled out. */
static bool learn_function(struct bx_work *work)
{
	struct bx_operation *operation = &work->operation;
	char address[BX_ADDRESS_MAX];

	*operation->address = 0;
	operation->inode = 0;
	if (bx_root_read(work->root, attribute(work, "address").s, address, sizeof(address)) < 0 ||
	    !bx_pci_address_valid(address) ||
	    bx_root_inode(work->root, bx_path(BX_PCI_DEVICES "/%s/.", address).s,
			  &operation->inode) < 0)
		return false;
	return bx_copy(operation->address, sizeof(operation->address), address) >= 0;
}

/* Whoever has replaced nvme on this machine for such devices has the last word: then there is no disk to wait for. */
static int start_verify(struct bx_work *work)
{
	uint64_t deadline = bx_now_ms() + DRIVER_WAIT_MS;
	char driver[BX_NAME_MAX];
	int r;

	if (!learn_function(work))
		return bx_fail(&work->failure, -ENODEV, BX_ERROR_START_FAILED,
			       "its PCI function is not there");
	for (;;) {
		r = bx_function_driver(work, driver);
		if (r < 0 || *driver || bx_now_ms() >= deadline)
			break;
		r = bx_work_pause(work, BX_POLL_MS);
		if (r < 0)
			break;
	}
	return r < 0 ? r : bx_function_verify(work, driver);
}

static int start_resume(struct bx_work *work)
{
	return is_on(work) ? (int)BX_STEP_VERIFY : -ECANCELED;
}

/* ---------------------------------------------------------------- removal */

static int remove_folder(struct bx_work *work, const char *path)
{
	int r = bx_root_remove_folder(work->root, path);

	return r < 0 && r != -ENOENT ? fail(work, r, bx_path("/%s cannot be removed", path).s) : 0;
}

/* With its namespaces. It is off: removal would power it off, too, but with a folder locked that bxd looks at. */
static int remove_device(struct bx_work *work)
{
	_cleanup_strv_ char **namespaces = NULL;
	int r;

	r = bx_root_list(work->root, attribute(work, "namespaces").s, &namespaces);
	if (r < 0 && r != -ENOENT)
		return fail(work, r, "its namespaces cannot be listed");
	r = 0;
	for (size_t i = 0; r >= 0 && namespaces && namespaces[i]; i++)
		r = remove_folder(work,
				  attribute(work, bx_path("namespaces/%s", namespaces[i]).s).s);
	return r < 0 ? r
		     : remove_folder(work, bx_path(BX_EMULATED_DIR "/%s", work->operation.name).s);
}

/* The PCI function is there, and nobody uses it; nobody can begin to while the claims are held. */
static int claim_function(struct bx_work *work)
{
	char driver[BX_NAME_MAX];
	int r;

	r = bx_function_claim(work);
	if (r >= 0)
		r = bx_function_driver(work, driver);
	if (r >= 0)
		r = bx_function_check_users(work, driver);
	return r < 0 ? r : bx_function_check_claimed(work);
}

/* Whoever began to use it meanwhile keeps it. */
static int start_restore(struct bx_work *work)
{
	int r = 0;

	if (work->foreign)
		return 0;
	if (is_on(work)) {
		if (learn_function(work))
			r = claim_function(work);
		if (r >= 0)
			r = power_off(work);
		bx_claims_release(&work->claims);
	}
	return r < 0 ? r : remove_device(work);
}

static enum bx_error start_restored(const struct bx_work *work, char *words, size_t size)
{
	snprintf(words, size, work->foreign ? "that was left alone" : "nothing of it is left");
	return work->foreign ? BX_ERROR_NAME_TAKEN : BX_ERROR_START_FAILED;
}

static const struct bx_stage start_stages[] = {
	{ BX_STEP_LOAD_MODULE, start_load_module },
	{ BX_STEP_CHECK, start_check },
	{ BX_STEP_MAKE, start_make },
	{ BX_STEP_POWER_ON, start_power_on },
	{ BX_STEP_VERIFY, start_verify },
	{ 0 },
};

const struct bx_procedure bx_start_procedure = {
	.stages = start_stages,
	.resume = start_resume,
	.restore = start_restore,
	.restored = start_restored,
	.not_restored = BX_ERROR_ROLLBACK_FAILED,
};

/* ---------------------------------------------------------------- stop */

/* What it has now counts: it may have been pulled out, or plugged in, since bxd last looked. */
static int stop_check(struct bx_work *work)
{
	learn_function(work);
	return 0;
}

/* Nobody can use what is pulled out of its slot, or off. */
static bool stop_skips(const struct bx_work *work, enum bx_step step)
{
	return step == BX_STEP_CLAIM && !*work->operation.address;
}

static int stop_power_off(struct bx_work *work)
{
	int r = 0;

	if (*work->operation.address)
		r = bx_function_check_claimed(work);
	if (r >= 0 && bx_root_exists(work->root, attribute(work, ".").s))
		r = power_off(work);
	bx_claims_release(&work->claims);
	return r;
}

/* If it is still on, somebody may have begun to use it since the worker before this one died. */
static int stop_resume(struct bx_work *work)
{
	return is_on(work) ? BX_STEP_CHECK : BX_STEP_REMOVE;
}

static int stop_restore(struct bx_work *work)
{
	int r;

	if (is_on(work))
		return 0;
	r = remove_device(work);
	return r < 0 ? r : 1;
}

static enum bx_error stop_restored(const struct bx_work *work, char *words, size_t size)
{
	snprintf(words, size, "it is as it was");
	return BX_ERROR_ROLLED_BACK;
}

static const struct bx_stage stop_stages[] = {
	{ BX_STEP_CHECK, stop_check },
	{ BX_STEP_CLAIM, claim_function },
	{ BX_STEP_POWER_OFF, stop_power_off },
	{ BX_STEP_REMOVE, remove_device },
	{ 0 },
};

const struct bx_procedure bx_stop_procedure = {
	.stages = stop_stages,
	.skips = stop_skips,
	.resume = stop_resume,
	.restore = stop_restore,
	.restored = stop_restored,
	.not_restored = BX_ERROR_ROLLBACK_FAILED,
};
