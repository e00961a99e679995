/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of a rebind, in order, in one table: name, how far the job then is in per cent, whether
 * the record of it is made durable before the step begins, meaning. The journal, the job objects,
 * the worker and the manual all use it.
 */
#ifndef BX_DAEMON_STEPS_H
#define BX_DAEMON_STEPS_H

/* clang-format off */
#define BX_STEPS(X) \
	X(INTENT, "intent", 0, true, \
	  "The operation is written down and nothing has begun.") \
	X(LOAD_MODULE, "load-module", 5, false, \
	  "The driver's module is loaded, if there is no driver of that name yet.") \
	X(CHECK, "check", 15, false, \
	  "The device is there, what it is bound to is what was written down, and the driver can have it.") \
	X(CLAIM, "claim", 20, false, \
	  "Every whole namespace is claimed exclusively; refused while anything uses one.") \
	X(CHECK_USERS, "check-users", 25, false, \
	  "Users that a claim does not see: NVMe-oF exports, an open VFIO group.") \
	X(OVERRIDE, "override", 30, true, \
	  "driver_override is written and read back.") \
	X(UNBIND, "unbind", 40, true, \
	  "The old driver gives the device up.") \
	X(RELEASE, "release", 60, false, \
	  "The claims are closed, so that the device can come back under its old name.") \
	X(BIND, "bind", 65, true, \
	  "The new driver is bound.") \
	X(VERIFY, "verify", 75, false, \
	  "The driver link is right, an nvme controller is live, and its first namespace is there or none came in two seconds.") \
	X(SETTLE, "settle", 95, true, \
	  "The driver_override that is to stay is written: none for the natural driver.") \
	X(RESTORE, "restore", 50, true, \
	  "Something failed: override and driver are brought back to what they were.") \
	X(COMMIT, "commit", 100, true, \
	  "The result is written down.")
/* clang-format on */

enum bx_step {
#define X(id, name, percent, durable, doc) BX_STEP_##id,
	BX_STEPS(X)
#undef X
	BX_STEP_COUNT,
};

/* How an operation ended. */
/* clang-format off */
#define BX_RESULTS(X) \
	X(NONE, "", "It has not ended.") \
	X(DONE, "done", "The device is as it was asked for.") \
	X(REFUSED, "refused", "Nothing was changed.") \
	X(ROLLED_BACK, "rolled-back", "It failed and the device is as it was before.") \
	X(ROLLBACK_FAILED, "rollback-failed", "It failed and the device is not as it was before.") \
	X(GONE, "gone", "The device left the machine meanwhile.") \
	X(ABANDONED, "abandoned", "The worker could not be started or kept dying.")
/* clang-format on */

enum bx_result {
#define X(id, name, doc) BX_RESULT_##id,
	BX_RESULTS(X)
#undef X
	BX_RESULT_COUNT,
};

#endif
