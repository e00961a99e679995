/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is made to go wrong: rules that say for which commands, how often and how. They are for testing other people's
 * software, so a fault looks from outside exactly like the real thing.
 */
#ifndef BX_EMU_FAULT_H
#define BX_EMU_FAULT_H

#include "controller.h"

#define BX_FAULTS_MAX	    16 /* rules at a time, so that all of them fit a page of text */
#define BX_FAULT_CERTAIN    1000000 /* a probability, in millionths */
#define BX_FAULT_ANY_OPCODE 0x100
#define BX_FAULT_DELAY_MAX  1000000000000ull

/* Which commands: all that it says must fit. The first rule that fits and whose turn it is counts. */
struct bx_fault_rule {
	bool admin, io; /* from which queues */
	u16 opcode; /* or BX_FAULT_ANY_OPCODE */
	u32 nsid; /* 0: any */
	bool ranged; /* only commands that name some of these blocks: */
	u64 first, last;
	u32 skip; /* so many that fit are let through first */
	u32 count; /* and so many are hit, 0: all from then on */
	u32 probability; /* of each to be hit, in millionths */

	enum bx_fault_action action;
	u16 status; /* BX_FAULT_STATUS: SCT, SC and DNR as NVME_SC_* */
	u64 delay_ns; /* BX_FAULT_DELAY */
	u32 bits; /* BX_FAULT_FLIP: how many */
};

struct bx_fault_info {
	struct bx_fault_rule rule;
	u64 fitted, hit;
};

/*
 * `count' is written under the lock and read without it for every command: one that comes while a rule is added may
 * find it or not.
 */
struct bx_faults {
	spinlock_t lock;
	unsigned int count;
	struct bx_fault_slot {
		bool used;
		struct bx_fault_info info;
	} slots[BX_FAULTS_MAX];
};

int bx_faults_create(struct bx_ctrl *ctrl);
void bx_faults_destroy(struct bx_ctrl *ctrl);

/* From any context that may take a spinlock, while the controller runs. The rule's number, -EINVAL or -ENOSPC. */
int bx_fault_add(struct bx_ctrl *ctrl, const struct bx_fault_rule *rule);
/* -ENOENT */
int bx_fault_remove(struct bx_ctrl *ctrl, unsigned int number);
int bx_fault_get(struct bx_ctrl *ctrl, unsigned int number, struct bx_fault_info *ret);
void bx_fault_clear(struct bx_ctrl *ctrl);

/* ---- for engine.c */

/* Whether a command, of which @what is what its handler knows, names a block of [first, last]. */
typedef bool bx_fault_names(const void *what, u64 first, u64 last);

bool bx_fault_strike(struct bx_engine *engine, struct bx_request *request, u16 *status);
u16 bx_fault_strike_list(struct bx_engine *engine, struct bx_request *request,
			 bx_fault_names *names, const void *what);
u16 bx_fault_follow(struct bx_engine *engine, struct bx_request *request, u16 status);

/* Before a command is executed. True: it is not, and this is what its execution would have returned. */
static inline bool bx_fault_before(struct bx_engine *engine, struct bx_request *request,
				   u16 *status)
{
	return unlikely(READ_ONCE(engine->ctrl->faults->count)) &&
	       bx_fault_strike(engine, request, status);
}

/*
 * For copy.c and range.c: a command that has a list of its blocks has been found good, and has done nothing yet. What is not
 * success is returned by its handler.
 */
static inline u16 bx_fault_listed(struct bx_engine *engine, struct bx_request *request,
				  bx_fault_names *names, const void *what)
{
	if (likely(request->fault.action != BX_FAULT_DEFERRED))
		return NVME_SC_SUCCESS;
	return bx_fault_strike_list(engine, request, names, what);
}

/* After it was executed, with what that returned: what counts instead. */
static inline u16 bx_fault_after(struct bx_engine *engine, struct bx_request *request, u16 status)
{
	if (likely(request->fault.action == BX_FAULT_NONE))
		return status;
	return bx_fault_follow(engine, request, status);
}

/* Whether it is never completed, however long it was at work. */
static inline bool bx_fault_drops(const struct bx_request *request)
{
	return unlikely(request->fault.action == BX_FAULT_DROP);
}

/* How much later than the model says the completion comes. */
static inline u64 bx_fault_delay(const struct bx_request *request)
{
	return unlikely(request->fault.action == BX_FAULT_DELAY) ? request->fault.delay_ns : 0;
}

#endif
