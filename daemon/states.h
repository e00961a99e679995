/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every state that a device can be in, in one table. A state is derived from what the kernel says at
 * that moment and from the jobs; it is stored nowhere, so that it cannot be out of date.
 */
#ifndef BX_DAEMON_STATES_H
#define BX_DAEMON_STATES_H

/* clang-format off */
#define BX_STATES(X) \
	X(READY, "ready", \
	  "nvme has the device and its controller is live.") \
	X(STARTING, "starting", \
	  "nvme has the device and is bringing its controller up, or a job is powering an emulated device on.") \
	X(RESETTING, "resetting", \
	  "nvme is resetting the controller, or a job is; I/O waits.") \
	X(REENUMERATING, "reenumerating", \
	  "A job has let the device go, and waits for it to be found again.") \
	X(REMOVING, "removing", \
	  "nvme is giving the controller up, or a job is letting the device go.") \
	X(DEAD, "dead", \
	  "nvme has the device but has given up on its controller.") \
	X(FOREIGN_DRIVER, "foreign-driver", \
	  "A driver other than nvme has the device; Driver says which.") \
	X(UNBOUND, "unbound", \
	  "No driver has the device.") \
	X(STOPPED, "stopped", \
	  "An emulated device is defined or made, and is not powered on.") \
	X(PULLED, "pulled", \
	  "An emulated device is on, and was pulled out of its slot or has no link.") \
	X(STOPPING, "stopping", \
	  "A job is powering an emulated device off.") \
	X(REBINDING, "rebinding", \
	  "A job is moving the device between drivers.") \
	X(STUCK, "stuck", \
	  "A job is at work on the device and its worker hangs in the kernel, past its deadline.") \
	X(GONE, "gone", \
	  "The device has left the machine; the object stays until its job has ended.") \
	X(UNKNOWN, "unknown", \
	  "The kernel says something that bxd does not know.")
/* clang-format on */

enum bx_state {
#define X(id, name, doc) BX_STATE_##id,
	BX_STATES(X)
#undef X
	BX_STATE_COUNT,
};

#endif
