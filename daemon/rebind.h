/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves a PCI function from one driver to another, or brings it back to where it was: the heart of
 * the worker. Every step is in the journal before it is taken, so that the next worker can tell
 * where this one died. Talks to nobody but the kernel and the journal.
 *
 * Overrides. A function bound to its natural driver ends without a driver_override, any other with
 * the name of its driver, so that nothing takes it away when drivers are probed again. Unbinding leaves the
 * override as it is. What is put back after a failure is the override that was there before, unless it names the driver
 * asked for or one of our own: a kernel without our modules must find its disk.
 */
#ifndef BX_DAEMON_REBIND_H
#define BX_DAEMON_REBIND_H

#include "daemon/claim.h"
#include "daemon/journal.h"

/* A controller may take CAP.TO to become ready, which is 127.5 s at most. */
#define BX_LIVE_TIMEOUT_MS  (150 * 1000)
#define BX_RESTORE_ATTEMPTS 3

struct bx_rebind {
	struct bx_root *root;
	struct bx_journal *journal;
	struct bx_operation operation;
	int (*load_module)(const char *driver, struct bx_failure *failure);
	unsigned int live_timeout_ms; /* for a controller to become live */
	unsigned int namespace_timeout_ms; /* and for its first namespace to appear */
	unsigned int retry_pause_ms; /* between the attempts to bring a device back */

	/* Private. */
	struct bx_claims claims;
	struct bx_failure failure;
};

/*
 * The operation that would move @pci to @driver (NULL: to none) as it stands now, for the journal.
 * InvalidArgument if it cannot be written down.
 */
int bx_rebind_plan(const struct bx_pci *pci, const char *driver, struct bx_operation *operation,
		   struct bx_failure *failure);

/*
 * Runs or resumes @operation until there is a result, and writes that down. 0 whatever the result
 * is; negative only if the result could not be written, and then another worker has to try again.
 */
int bx_rebind_run(struct bx_rebind *rebind);

#endif
