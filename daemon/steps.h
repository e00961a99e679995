/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a job can be, and the steps of which jobs are made, in tables: name, how far the job then is in per cent, meaning. Of
 * the steps a job takes those of its kind, in this order.
 * The journal, the job objects, the worker and the manual all use it.
 */
#ifndef BX_DAEMON_STEPS_H
#define BX_DAEMON_STEPS_H

/* clang-format off */
#define BX_STEPS(X) \
	X(INTENT, "intent", 0, \
	  "The operation is written down and nothing has begun.") \
	X(REHEARSE, "rehearse", 5, \
	  "What the steps of an operation would change is written down, and not done.") \
	X(LOAD_MODULE, "load-module", 5, \
	  "The module is loaded, if what is needed of it is not there yet.") \
	X(UNLOAD_MODULE, "unload-module", 5, \
	  "The module is unloaded.") \
	X(CHECK, "check", 15, \
	  "The device is there, what it is bound to is what was written down, and what is asked for can be done to it.") \
	X(CLAIM, "claim", 20, \
	  "Every whole namespace is claimed exclusively; refused while anything uses one.") \
	X(CHECK_USERS, "check-users", 25, \
	  "Users that a claim does not see: NVMe-oF exports, an open VFIO group, programs that have a device node open.") \
	X(CHECK_DATA, "check-data", 27, \
	  "No namespace has a file system or the like on it, unless that is to go with the device.") \
	X(OVERRIDE, "override", 30, \
	  "driver_override is written and read back.") \
	X(MAKE, "make", 30, \
	  "An emulated device and its namespaces are made in configfs, and given their attributes.") \
	X(POWER_ON, "power-on", 40, \
	  "An emulated device is powered on: memory is found for it, and the PCI function appears.") \
	X(UNBIND, "unbind", 40, \
	  "The old driver gives the device up.") \
	X(DETACH, "detach", 40, \
	  "The kernel lets the PCI function go, as if it were pulled out.") \
	X(POWER_OFF, "power-off", 40, \
	  "An emulated device is powered off: its PCI function and its data go.") \
	X(RESET, "reset", 40, \
	  "The controller is reset.") \
	X(RELEASE, "release", 60, \
	  "The claims are closed, so that the device can come back under its old name.") \
	X(BIND, "bind", 65, \
	  "The new driver is bound.") \
	X(RESCAN, "rescan", 65, \
	  "The kernel looks at the bus again, and a function that was let go is waited for.") \
	X(REMOVE, "remove", 70, \
	  "An emulated device is removed from configfs.") \
	X(VERIFY, "verify", 75, \
	  "The driver link is right, an nvme controller is live, and its first namespace is there or none came in two seconds.") \
	X(SETTLE, "settle", 95, \
	  "The driver_override that is to stay is written: none for the natural driver.") \
	X(RESTORE, "restore", 50, \
	  "Something failed, and what was changed is undone.") \
	X(COMMIT, "commit", 100, \
	  "The result is written down.")
/* clang-format on */

enum bx_step {
#define X(id, name, percent, doc) BX_STEP_##id,
	BX_STEPS(X)
#undef X
	BX_STEP_COUNT,
};

/* Kind, name, what it is done to, the first step that changes anything, whether it is undone if it is cancelled after that, meaning. */
/* clang-format off */
#define BX_KINDS(X) \
	X(BIND, "bind", FUNCTION, OVERRIDE, true, \
	  "A PCI function moves to another driver.") \
	X(UNBIND, "unbind", FUNCTION, OVERRIDE, true, \
	  "A PCI function is taken from its driver.") \
	X(RESET, "reset", FUNCTION, RESET, false, \
	  "A controller that nvme has is reset.") \
	X(REENUMERATE, "reenumerate", FUNCTION, DETACH, false, \
	  "A PCI function is let go and found again, as after its firmware was loaded.") \
	X(REMOVE, "remove", FUNCTION, DETACH, false, \
	  "A PCI function is let go, and stays away until the bus is looked at again.") \
	X(RESCAN, "rescan", BUS, COMMIT, false, \
	  "All PCI buses are looked at again.") \
	X(START, "start", EMULATED, MAKE, true, \
	  "An emulated device is made and powered on.") \
	X(STOP, "stop", EMULATED, POWER_OFF, false, \
	  "An emulated device is powered off and removed.") \
	X(LOAD_MODULE, "load-module", MODULE, COMMIT, false, \
	  "A module is loaded.") \
	X(UNLOAD_MODULE, "unload-module", MODULE, COMMIT, false, \
	  "A module is unloaded.") \
	X(PLAN, "plan", OPERATION, COMMIT, false, \
	  "What another operation would do is found out; nothing is changed.")
/* clang-format on */

enum bx_kind {
#define X(id, name, subject, change, undone, doc) BX_KIND_##id,
	BX_KINDS(X)
#undef X
	BX_KIND_COUNT,
};

/* What operations are done to. */
enum bx_subject {
	BX_OF_FUNCTION, /* a PCI function, known by its address and its inode */
	BX_OF_EMULATED, /* an emulated device, known by its name */
	BX_OF_MODULE,
	BX_OF_BUS, /* all of PCI */
	BX_OF_OPERATION, /* what another operation would be done to */
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
