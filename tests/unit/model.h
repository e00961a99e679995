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
#include "daemon/work.h"

#define MODEL_ADDRESS "0000:01:00.0"
#define MODEL_CRASH   42 /* the exit status of a process that the model ended */

struct model_change {
	enum bx_change what;
	char path[384], value[64];
	bool watched; /* by whoever keeps it to a plan; not when something is undone */
};

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
	bool no_memory; /* for an emulated device that is powered on */
	bool races; /* somebody else makes an emulated device of the same name a moment before */
	bool lost; /* a device that was let go is not found again */
	const char *opener; /* a program has this node open, as the inspector says: "nvme0n1p1" */
	unsigned int closes_after; /* so many times that the inspector is asked; 0 for never */
	unsigned int inspections; /* so far */
	unsigned int
		cancel_at; /* the job is cancelled when it is asked for the so-manieth time; 0 for never */
	unsigned int asked_for_end; /* so far */
	struct model_change *changes; /* all that was written, made and removed, in order */
	size_t change_count;
	const char *appears; /* this namespace is there once driver_override has been written */
};

/* A machine with one NVMe function bound to @driver ("" for none), with this driver_override. */
void model_begin(struct model *model, const char *driver, const char *override);
/* One without any, and with configfs, in which bx_emu is not yet. */
void model_begin_unplugged(struct model *model);
void model_load_emu(struct model *model);
void model_end(struct model *model);

/* With what it is in. */
void model_make_folder(struct model *model, const char *path);
void model_write(struct model *model, const char *path, const char *text);
void model_driver(struct model *model, char driver[static BX_NAME_MAX]);
void model_override(struct model *model, char override[static BX_NAME_MAX]);
/* How often the controller was reset, by whatever process. */
unsigned int model_resets(struct model *model);

/* Stands for the inspector; a fault is that it does not answer. For find_openers of struct bx_work. */
int model_find_openers(struct bx_root *root, const struct bx_nodes *nodes, struct bx_openers *ret,
		       struct bx_failure *failure);

/* For find_contents of struct bx_work: what the model's disk has on it is the text in its file, "" for nothing. */
int model_find_contents(int fd, char *text, size_t size);

/* For cancelled of struct bx_work. */
bool model_cancelled(const struct bx_work *work);

/* Runs the operation to its end; the result. */
enum bx_result model_run(struct bx_work *work);
/*
 * Runs it in another process, from what the journal has, until the model ends that process before @access; whether it got
 * through instead.
 */
bool model_run_until(struct model *model, struct bx_work *work, unsigned int access);

/* A second NVMe function, bound to nvme, that has left its link out: only a folder and attributes. */
void model_add_function(struct model *model, const char *address, const char *serial);

#endif
