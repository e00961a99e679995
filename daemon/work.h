/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the worker does: one operation of the journal, step by step, forth and, if it fails, back. Every step is in the
 * journal before it is taken, so that the next worker can tell where this one died. Talks to nobody but the kernel and the
 * journal.
 *
 *   work.c      runs a procedure, resumes it, brings its end into the journal
 *   rebind.c    bind and unbind      reset.c  reset      reenumerate.c  and remove, rescan
 *   emulate.c  start and stop      modules.c  load and unload
 *   function.c  what they do to a PCI function      rehearse.c  plans, made and followed
 */
#ifndef BX_DAEMON_WORK_H
#define BX_DAEMON_WORK_H

#include "daemon/claim.h"
#include "daemon/journal.h"
#include "daemon/openers.h"

/* Memory is looked for block by block, seconds for each. */
#define BX_POWER_TIMEOUT_MS    (180 * 1000)
#define BX_RESTORE_ATTEMPTS    3
/* udev, blkid, smartd or a scan of lvm have a disk open for a moment; who has it open for longer uses it. */
#define BX_OPENERS_PATIENCE_MS 3000

struct bx_follower;

struct bx_work {
	struct bx_root *root;
	struct bx_journal *journal;
	struct bx_operation operation;
	/* See module.h. */
	int (*load_driver)(struct bx_root *root, const char *driver, struct bx_failure *failure);
	int (*load_module)(struct bx_root *root, const char *module, const char *parameters,
			   struct bx_failure *failure);
	int (*unload_module)(struct bx_root *root, const char *module, struct bx_failure *failure);
	/* See inspector.h. */
	int (*find_openers)(struct bx_root *root, const struct bx_nodes *nodes,
			    struct bx_openers *ret, struct bx_failure *failure);
	/* See contents.h. */
	int (*find_contents)(int fd, char *text, size_t size);
	/* Whether somebody wants it ended; asked before every step, and while something is waited for. May be NULL. */
	bool (*cancelled)(const struct bx_work *work);
	unsigned int openers_patience_ms; /* for programs that have it open to close it */
	unsigned int live_timeout_ms; /* for a controller to become live */
	unsigned int namespace_timeout_ms; /* and for its first namespace to appear */
	unsigned int return_timeout_ms; /* for a function that was let go to be found again */
	unsigned int retry_pause_ms; /* between the attempts to bring a device back */

	/* Private. */
	struct bx_claims claims;
	struct bx_failure failure;
	enum bx_step failed_at; /* while it is brought back */
	bool taken; /* the old driver did not have it all the time */
	char parent[BX_ADDRESS_MAX]; /* the bridge that the function is behind */
	struct bx_follower *follower; /* of a plan; NULL where there is none */
	struct json_object *settings; /* of what is to be defined, while that is planned; else NULL */
	bool foreign; /* an emulated device of that name is somebody else's */
};

struct bx_stage {
	enum bx_step step;
	int (*run)(struct bx_work *work);
};

/* How operations of a kind are done. */
struct bx_procedure {
	const struct bx_stage *stages; /* ended by one without a function */
	bool of_function; /* it is for a PCI function, and over when that leaves */
	/* Whether a stage has nothing to do. May be NULL. */
	bool (*skips)(const struct bx_work *work, enum bx_step step);
	/*
	 * A worker has died after something was changed: the step to go on with, or negative to go back.
	 */
	int (*resume)(struct bx_work *work);
	/* Undoes what was changed; 0 if all is as it was before, 1 if it is done after all. Tried several times. */
	int (*restore)(struct bx_work *work);
	/* Once all is as it was: the error that says so, and how it is now, in words that follow the reason. */
	enum bx_error (*restored)(const struct bx_work *work, char *words, size_t size);
	enum bx_error not_restored; /* the error where it could not be undone */
};

extern const struct bx_procedure bx_rebind_procedure, bx_reset_procedure, bx_reenumerate_procedure,
	bx_remove_procedure, bx_rescan_procedure, bx_start_procedure, bx_stop_procedure,
	bx_load_procedure, bx_unload_procedure, bx_plan_procedure;

const struct bx_procedure *bx_procedure_of(enum bx_kind kind);

/* -ECANCELED if it is to be ended, and can be. */
int bx_work_check_cancelled(struct bx_work *work);
/* So long a wait; the same. */
int bx_work_pause(struct bx_work *work, unsigned int ms);

/* A step has failed with @r: from here on work->failure says why, and that the device is gone if that is why. */
void bx_work_explain(struct bx_work *work, int r);

/*
 * Runs or resumes the operation until there is a result, and writes that down. 0 whatever the result is; negative only if
 * the result could not be written, and then another worker has to try again.
 */
int bx_work_run(struct bx_work *work);

/*
 * The operation that would move @pci to @driver (NULL: to none) as it stands now, for the journal. InvalidArgument if it
 * cannot be written down. See rebind.c for what becomes of overrides.
 */
int bx_rebind_plan(const struct bx_pci *pci, const char *driver, struct bx_operation *operation,
		   struct bx_failure *failure);

#endif
