/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of the kernel's side of driver binding, for tests: a temporary folder that looks like
 * sysfs, procfs and /dev, in which writes to bind, unbind, driver_override and drivers_probe do
 * what the kernel does. It can fail, end the process or lose the device at any access.
 */
#ifndef BX_TESTS_MODEL_H
#define BX_TESTS_MODEL_H

#include "daemon/journal.h"
#include "daemon/root.h"

#define MODEL_ADDRESS "0000:01:00.0"
#define MODEL_CRASH   42 /* the exit status of a process that the model ended */

struct model {
	struct bx_root root;
	char directory[64];
	const char *refuses; /* this driver's probe fails */
	const char *new_state; /* of a controller that nvme has just been bound to; "live" */
	unsigned int accesses; /* so far */
	unsigned int fail_at[2]; /* these accesses fail with EIO; 0 for none */
	unsigned int fail_from; /* all from this one on */
	unsigned int
		crash_at; /* the process ends before this access (writes count twice: before and after) */
	unsigned int vanish_at; /* the device leaves before this access */
	const char *busy; /* opening this path exclusively gives EBUSY */
	const char *appears; /* this namespace is there once driver_override has been written */
};

/* A machine with one NVMe function bound to @driver ("" for none), with this driver_override. */
void model_begin(struct model *model, const char *driver, const char *override);
void model_end(struct model *model);

void model_write(struct model *model, const char *path, const char *text);
void model_driver(struct model *model, char driver[static BX_NAME_MAX]);
void model_override(struct model *model, char override[static BX_NAME_MAX]);

/* A second NVMe function, bound to nvme, that has left its link out: only a folder and attributes. */
void model_add_function(struct model *model, const char *address, const char *serial);

#endif
