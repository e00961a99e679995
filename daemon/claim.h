/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusive claims of whole namespaces. A claim is refused by the kernel while anything that
 * matters uses the disk or a partition of it: a mount in whatever mount namespace, swap, dm, md.
 * While it is held nobody can begin to. Always whole namespaces: claims of a whole and of a
 * partition refuse each other, also within one process.
 */
#ifndef BX_DAEMON_CLAIM_H
#define BX_DAEMON_CLAIM_H

#include "daemon/errors.h"
#include "daemon/root.h"

struct bx_claims {
	char **blocks;
	int *fds; /* one for each of them */
	size_t count;
};

/* All or nothing. DeviceBusy names the users; what was claimed until then is let go again. */
int bx_claims_take(struct bx_claims *claims, struct bx_root *root, char *const *blocks,
		   struct bx_failure *failure);
/* The first of @blocks that is not claimed, or NULL. */
const char *bx_claims_missing(const struct bx_claims *claims, char *const *blocks);
void bx_claims_release(struct bx_claims *claims);

#endif
