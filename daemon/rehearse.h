/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a plan is made, and how it is followed. It is made by the very steps that would do the operation, run on a root that
 * keeps every change to itself and shows them what would then be there; and it is followed by the same steps, run for real, with
 * every change compared to the plan before it is made. What the plan does not have is not done, except to undo.
 */
#ifndef BX_DAEMON_REHEARSE_H
#define BX_DAEMON_REHEARSE_H

#include "daemon/plan.h"
#include "daemon/work.h"

/* Follows a plan. */
struct bx_follower {
	struct bx_watch watch;
	struct bx_plan plan;
	size_t next; /* no access before this one is to come */
	bool refused; /* one that the plan does not have */
	struct bx_failure failure; /* which */
};

/*
 * What an operation of @kind would do with the rest of work->operation as it is. @request says how it was asked for and, for a
 * device that is not defined yet, its settings. Nothing is changed; disks are claimed, and let go again.
 */
int bx_rehearse(const struct bx_work *work, enum bx_kind kind, const struct bx_plan *request,
		struct bx_plan *ret);

/* The plan that is beside the operation still holds, or PlanOutdated and the like. */
int bx_follow_check(struct bx_work *work);
/* From now on nothing is changed but what that plan has. */
int bx_follow_begin(struct bx_work *work);
void bx_follow_end(struct bx_work *work);

#endif
