/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every error that a caller can be given, in one table: D-Bus name (below
 * org.byteexpress.bx1.Error.), exit code of bxctl, meaning. Inside the daemon a failure travels
 * upwards as a negative errno with the name and the sentence beside it in struct bx_failure.
 */
#ifndef BX_DAEMON_ERRORS_H
#define BX_DAEMON_ERRORS_H

#include <stdbool.h>

/* Exit codes of bxctl, documented in bxctl(1). */
enum bx_exit {
	BX_EXIT_OK = 0,
	BX_EXIT_FAILED = 1, /* anything without a code of its own */
	BX_EXIT_USAGE = 2, /* the command line cannot be understood */
	BX_EXIT_NO_DEVICE = 3, /* no device, or more than one, answers to that name */
	BX_EXIT_REFUSED = 4, /* refused before anything was changed */
	BX_EXIT_ROLLED_BACK = 5, /* failed, and the device is as it was before */
	BX_EXIT_ROLLBACK_FAILED = 6, /* failed, and the device is not as it was before */
	BX_EXIT_NOT_AUTHORIZED = 7, /* the caller may not do that */
	BX_EXIT_NO_DAEMON = 8, /* bxd cannot be reached */
	BX_EXIT_UNWELL = 9, /* doctor has found a problem */
};

/* clang-format off */
#define BX_ERRORS(X) \
	X(NO_SUCH_DEVICE, NoSuchDevice, BX_EXIT_NO_DEVICE, \
	  "No device answers to that name, or it has left the machine.") \
	X(AMBIGUOUS_DEVICE, AmbiguousDevice, BX_EXIT_NO_DEVICE, \
	  "More than one device answers to that name; use the Id of one of them.") \
	X(INVALID_ARGUMENT, InvalidArgument, BX_EXIT_USAGE, \
	  "An argument cannot be what was meant; nothing was changed.") \
	X(NOT_AUTHORIZED, NotAuthorized, BX_EXIT_NOT_AUTHORIZED, \
	  "The caller may look but not act.") \
	X(WRONG_STATE, WrongState, BX_EXIT_REFUSED, \
	  "That cannot be done to a device in this state; the message says what can. Nothing was changed.") \
	X(NAME_TAKEN, NameTaken, BX_EXIT_REFUSED, \
	  "Another device has that name. Nothing was changed.") \
	X(NO_SUCH_JOB, NoSuchJob, BX_EXIT_NO_DEVICE, \
	  "There is no job of that number, or it ended more than 30 seconds ago.") \
	X(JOB_IN_PROGRESS, JobInProgress, BX_EXIT_REFUSED, \
	  "Another job is already at work on the device.") \
	X(CANCELLED, Cancelled, BX_EXIT_REFUSED, \
	  "Somebody has cancelled the job. Nothing was changed.") \
	X(PLAN_OUTDATED, PlanOutdated, BX_EXIT_REFUSED, \
	  "What the plan was made from has changed since; the message says what.") \
	X(DEVICE_BUSY, DeviceBusy, BX_EXIT_REFUSED, \
	  "Something uses the device; the message says what. Nothing was changed.") \
	X(DEVICE_HAS_DATA, DeviceHasData, BX_EXIT_REFUSED, \
	  "A disk of the device has something on it, such as a file system, that nobody uses now; the message says what. It can be moved all the same, with everything on it, if that is asked for. Nothing was changed.") \
	X(USERS_UNKNOWN, UsersUnknown, BX_EXIT_REFUSED, \
	  "It cannot be found out which programs have the device open; the message says why. Nothing was changed.") \
	X(DRIVER_NOT_FOUND, DriverNotFound, BX_EXIT_REFUSED, \
	  "The kernel has neither a PCI driver nor a module of that name. Nothing was changed.") \
	X(DRIVER_UNSUITABLE, DriverUnsuitable, BX_EXIT_REFUSED, \
	  "The driver is not made for NVMe devices and could bring the kernel down. Nothing was changed.") \
	X(MODULE_NOT_FOUND, ModuleNotFound, BX_EXIT_REFUSED, \
	  "There is no module of that name for this kernel. Nothing was changed.") \
	X(MODULE_FOR_OTHER_KERNEL, ModuleForOtherKernel, BX_EXIT_REFUSED, \
	  "The module was built for another kernel. Nothing was changed.") \
	X(MODULE_LACKS_SYMBOL, ModuleLacksSymbol, BX_EXIT_REFUSED, \
	  "The module, or one that it needs, uses a symbol that the kernel does not have. Nothing was changed.") \
	X(MODULE_NOT_SIGNED, ModuleNotSigned, BX_EXIT_REFUSED, \
	  "The module has no signature that the kernel trusts, and the kernel insists on one. Nothing was changed.") \
	X(LOCKED_DOWN, LockedDown, BX_EXIT_REFUSED, \
	  "The kernel is locked down, or takes no modules any more. Nothing was changed.") \
	X(MODULE_PARAMETER, ModuleParameter, BX_EXIT_REFUSED, \
	  "The module has no such parameter, or does not take that value. Nothing was changed.") \
	X(MODULE_IN_USE, ModuleInUse, BX_EXIT_REFUSED, \
	  "Something uses the module; the message says what. Nothing was changed.") \
	X(MODULE_REJECTED, ModuleRejected, BX_EXIT_REFUSED, \
	  "The module cannot be loaded or unloaded for another reason, which the message says. Nothing was changed.") \
	X(NO_IOMMU, NoIommu, BX_EXIT_REFUSED, \
	  "The driver needs an IOMMU group and the device has none. Nothing was changed.") \
	X(BIND_FAILED, BindFailed, BX_EXIT_ROLLED_BACK, \
	  "The driver did not take the device, which has no driver, as before.") \
	X(START_FAILED, StartFailed, BX_EXIT_ROLLED_BACK, \
	  "The emulated device could not be made or powered on; the message says why. Nothing of it is left.") \
	X(RESET_FAILED, ResetFailed, BX_EXIT_ROLLBACK_FAILED, \
	  "The controller did not come back from its reset.") \
	X(NOT_BACK, NotBack, BX_EXIT_ROLLBACK_FAILED, \
	  "The device did not come back from its re-enumeration.") \
	X(ROLLED_BACK, RolledBack, BX_EXIT_ROLLED_BACK, \
	  "The operation failed and the device is back at its old driver.") \
	X(ROLLBACK_FAILED, RollbackFailed, BX_EXIT_ROLLBACK_FAILED, \
	  "The operation failed and the device could not be brought back to what it was.") \
	X(WORKER_FAILED, WorkerFailed, BX_EXIT_FAILED, \
	  "The worker process could not be started or kept dying.") \
	X(INTERNAL, Internal, BX_EXIT_FAILED, \
	  "Something that should not happen; the system journal has more.")
/* clang-format on */

enum bx_error {
	BX_ERROR_NONE = 0,
#define X(id, name, code, doc) BX_ERROR_##id,
	BX_ERRORS(X)
#undef X
	BX_ERROR_COUNT,
};

#define BX_MESSAGE_MAX 512

struct bx_failure {
	enum bx_error error;
	char message[BX_MESSAGE_MAX];
};

/* "DeviceBusy", or "" for BX_ERROR_NONE. */
const char *bx_error_name(enum bx_error error);

/* "org.byteexpress.bx1.Error.DeviceBusy", or "" for BX_ERROR_NONE. */
const char *bx_error_bus_name(enum bx_error error);

/* From either form of the name; -EINVAL if there is no such error. "" is BX_ERROR_NONE. */
int bx_error_from_name(const char *name, enum bx_error *ret);

enum bx_exit bx_error_exit_code(enum bx_error error);
const char *bx_error_documentation(enum bx_error error);

/* Fills @failure (which may be NULL) and returns @r, a negative errno, for `return bx_fail(…)`. */
int bx_fail(struct bx_failure *failure, int r, enum bx_error error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
