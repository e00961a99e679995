// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine: takes commands from its queues, has them executed and posts their completions when they are due. A pass never
 * waits for anything; who calls it, and how often, is another file's business.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "controller.h"
#include "fault.h"

#define FUSE_MASK (NVME_CMD_FUSE_FIRST | NVME_CMD_FUSE_SECOND)

/* ---- the heap: what is due first is at its top */

static bool earlier(const struct bx_request *a, const struct bx_request *b)
{
	return a->due < b->due;
}

static void put(struct bx_heap *heap, u32 slot, struct bx_request *request)
{
	heap->requests[slot] = request;
	request->slot = slot;
}

static void sift_up(struct bx_heap *heap, u32 slot, struct bx_request *request)
{
	for (; slot && earlier(request, heap->requests[(slot - 1) / 2]); slot = (slot - 1) / 2)
		put(heap, slot, heap->requests[(slot - 1) / 2]);
	put(heap, slot, request);
}

static void sift_down(struct bx_heap *heap, u32 slot, struct bx_request *request)
{
	for (u32 child; (child = 2 * slot + 1) < heap->count; slot = child) {
		if (child + 1 < heap->count &&
		    earlier(heap->requests[child + 1], heap->requests[child]))
			child++;
		if (!earlier(heap->requests[child], request))
			break;
		put(heap, slot, heap->requests[child]);
	}
	put(heap, slot, request);
}

static void heap_push(struct bx_heap *heap, struct bx_request *request)
{
	sift_up(heap, heap->count++, request);
}

static void heap_remove(struct bx_heap *heap, u32 slot)
{
	struct bx_request *last = heap->requests[--heap->count];

	if (slot == heap->count)
		return;
	if (slot && earlier(last, heap->requests[(slot - 1) / 2]))
		sift_up(heap, slot, last);
	else
		sift_down(heap, slot, last);
}

int bx_engine_make_room(struct bx_engine *engine, u32 requests)
{
	struct bx_heap *heap = &engine->due, grown = *heap;
	struct bx_sq *sq;

	grown.room = requests;
	list_for_each_entry(sq, &engine->sqs, entry)
		grown.room += sq->room;
	if (grown.room <= heap->room)
		return 0;
	grown.requests = kvmalloc_array(grown.room, sizeof(*grown.requests), BX_GFP_COMMAND);
	if (!grown.requests)
		return -ENOMEM;
	if (heap->count)
		memcpy(grown.requests, heap->requests, heap->count * sizeof(*grown.requests));
	kvfree(heap->requests);
	*heap = grown;
	return 0;
}

void bx_engine_forget(struct bx_engine *engine, struct bx_request *request)
{
	heap_remove(&engine->due, request->slot);
	request->state = BX_REQUEST_EXECUTING;
}

/* ---- when to stop */

/*
 * The host can take its memory away at any time. It says so by a bit in the command register; by resets of the function, each of
 * which clears that bit before it is asked for, and after which the host sets it again; and by disabling the controller.
 */
static bool may_go_on(const struct bx_engine *engine)
{
	const struct bx_ctrl *ctrl = engine->ctrl;

	/* With the release in wrote_endpoint(): a reset that came before is seen as well. */
	return smp_load_acquire(&ctrl->bus_master) &&
	       READ_ONCE(ctrl->wanted_reset) == BX_RESET_NONE && !READ_ONCE(ctrl->failed) &&
	       bx_bar_read(ctrl, NVME_REG_CC) & NVME_CC_ENABLE;
}

/* Somebody waits for the world. */
static bool must_yield(const struct bx_engine *engine)
{
	return unlikely(atomic_read(&engine->ctrl->world_waiters)) && !engine->has_world;
}

/* ---- completing */

static unsigned int latency_class(u64 ns)
{
	return min(ns ? ilog2(ns) : 0, 31);
}

static void finish(struct bx_engine *engine, struct bx_request *request)
{
	if (request->sq->id)
		engine->stats.delivered[latency_class(engine->now - request->fetched)]++;
	bx_cq_post(request);
}

void bx_request_complete(struct bx_request *request, u16 status)
{
	struct bx_engine *engine = request->sq->cq->engine;
	bool io = request->sq->id;

	if (bx_fault_drops(request)) {
		request->state = BX_REQUEST_HELD;
		return;
	}
	request->status = status;
	request->due = engine->now;
	if (status) {
		engine->stats.errors[io][request->cmd.common.opcode]++;
		bx_log_error(engine->ctrl, request);
	} else if (io) {
		request->due = bx_timing_due(engine, request, engine->now);
		engine->stats.asked[latency_class(request->due - request->fetched)]++;
	}
	request->due = bx_later(request->due, bx_fault_delay(request));
	/* The host may have taken its memory back while the command was executed. */
	if (request->due <= engine->now && engine->reaching && may_go_on(engine))
		return finish(engine, request);
	request->state = BX_REQUEST_DUE;
	heap_push(&engine->due, request);
}

static bool complete_due(struct bx_engine *engine)
{
	struct bx_heap *heap = &engine->due;
	bool any = false;

	while (heap->count && heap->requests[0]->due <= engine->now && may_go_on(engine) &&
	       !must_yield(engine)) {
		struct bx_request *request = heap->requests[0];

		heap_remove(heap, 0);
		if (request->sq->id)
			engine->stats.late[latency_class(engine->now - request->due)]++;
		finish(engine, request);
		any = true;
	}
	return any;
}

/* ---- executing */

static bool is_fused_pair(const struct nvme_command *first, const struct nvme_command *second)
{
	return (first->common.flags & FUSE_MASK) == NVME_CMD_FUSE_FIRST &&
	       (second->common.flags & FUSE_MASK) == NVME_CMD_FUSE_SECOND;
}

static void conclude(struct bx_engine *engine, struct bx_request *request, u16 status)
{
	switch (status) {
	case BX_LATER:
		request->state = BX_REQUEST_HELD;
		break;
	case BX_WORLD:
		engine->again = request;
		break;
	default:
		bx_request_complete(request, status);
	}
}

/* A fault of one half undoes the other. With the world held, so none of them asks for it. */
static void execute_pair(struct bx_engine *engine, struct bx_request *first,
			 struct bx_request *second)
{
	u16 status[2] = { NVME_SC_FUSED_FAIL, NVME_SC_FUSED_FAIL };

	if (!bx_fault_before(engine, first, &status[0]) &&
	    !bx_fault_before(engine, second, &status[1]))
		bx_io_execute_fused(engine, first, second, status);
	conclude(engine, first, bx_fault_after(engine, first, status[0]));
	conclude(engine, second, bx_fault_after(engine, second, status[1]));
}

/* A first half that its second does not follow at once, or a second half alone, fails. */
static void execute_fused(struct bx_engine *engine, struct bx_request *first)
{
	struct nvme_command following;
	struct bx_request *second;

	if ((first->cmd.common.flags & FUSE_MASK) == FUSE_MASK) {
		bx_request_complete(first, bx_invalid(first, NVME_SC_INVALID_FIELD, common.flags));
		return;
	}
	if (!bx_sq_peek(first->sq, &following) || !is_fused_pair(&first->cmd, &following)) {
		bx_request_complete(first, NVME_SC_FUSED_MISSING | NVME_STATUS_DNR);
		return;
	}
	if (!engine->has_world)
		return conclude(engine, first, BX_WORLD);
	second = bx_sq_fetch(first->sq);
	if (!second) {
		bx_request_complete(first, NVME_SC_INTERNAL);
		return;
	}
	second->fetched = engine->now;
	engine->stats.commands[1][second->cmd.common.opcode]++;
	execute_pair(engine, first, second);
}

static void execute(struct bx_engine *engine, struct bx_request *request)
{
	u16 status;

	if (request->cmd.common.flags & FUSE_MASK && request->sq->id)
		return execute_fused(engine, request);
	if (!bx_fault_before(engine, request, &status)) {
		if (request->sq->id)
			status = bx_io_execute(engine, request);
		else
			status = bx_admin_execute(engine, request);
		status = bx_fault_after(engine, request, status);
	}
	conclude(engine, request, status);
}

static bool serve(struct bx_engine *engine, struct bx_sq *sq)
{
	u32 burst = READ_ONCE(engine->ctrl->burst);
	bool any = false;

	engine->stats.polls++;
	while (burst-- && !engine->again && may_go_on(engine) && !must_yield(engine)) {
		struct bx_request *request = bx_sq_fetch(sq);

		if (!request)
			break;
		request->fetched = engine->now;
		engine->stats.commands[!!sq->id][request->cmd.common.opcode]++;
		execute(engine, request);
		any = true;
		/* Each may be a large transfer. */
		if (need_resched())
			cond_resched();
	}
	return any;
}

static bool serve_all(struct bx_engine *engine)
{
	struct bx_request *again = engine->again;
	bool any = false;
	struct bx_sq *sq;

	if (again) {
		engine->again = NULL;
		execute(engine, again);
		any = true;
	}
	/* A command of the admin queue may take queues out of this list, but never the one that is being served. */
	list_for_each_entry(sq, &engine->sqs, entry) {
		if (engine->again)
			return true;
		if (!serve(engine, sq))
			continue;
		any = true;
		/* The queues that come next may take long, and nobody is to wait for them. */
		engine->now = ktime_get_ns();
		complete_due(engine);
		if (may_go_on(engine))
			bx_cq_interrupt(sq->cq);
	}
	return any;
}

/* ---- the pass */

static u64 interrupt_all(struct bx_engine *engine)
{
	u64 soonest = U64_MAX;
	struct bx_cq *cq;

	list_for_each_entry(cq, &engine->cqs, entry)
		soonest = min(soonest, bx_cq_interrupt(cq));
	return soonest;
}

static bool post_waiting(struct bx_engine *engine)
{
	struct bx_cq *cq;
	bool any = false;

	list_for_each_entry(cq, &engine->cqs, entry)
		if (may_go_on(engine))
			any |= bx_cq_post_waiting(cq);
	return any;
}

/* Looks whether the host's queues are there. After a shutdown they may be gone, long before the host resets the controller. */
static bool begin_reaching(struct bx_engine *engine)
{
	const struct bx_ctrl *ctrl = engine->ctrl;

	if (!ctrl->ready || ctrl->shut_down)
		return false;
	WRITE_ONCE(engine->reaching, true);
	/* Who takes bus mastering away looks at that afterwards: see bx_engine_reaching(). */
	smp_mb();
	return may_go_on(engine);
}

static void end_reaching(struct bx_engine *engine)
{
	/* All that was done in the host's memory comes before. */
	smp_store_release(&engine->reaching, false);
}

static u64 pass(struct bx_engine *engine)
{
	struct bx_ctrl *ctrl = engine->ctrl;
	u64 soonest = U64_MAX, began, interrupts;
	bool any = false;

	engine->now = began = ktime_get_ns();
	if (engine->number == 0) {
		any |= bx_ctrl_poll(engine);
		if (engine->wants_world)
			return 0;
	}
	if (!begin_reaching(engine))
		return any ? 0 : U64_MAX;
	if (engine->number == 0) {
		soonest = bx_admin_tick(ctrl, engine->now);
		any |= bx_events_deliver(ctrl);
	}
	any |= complete_due(engine);
	any |= post_waiting(engine);
	any |= serve_all(engine);
	interrupts = engine->stats.interrupts;
	soonest = min(soonest, interrupt_all(engine));
	any |= engine->stats.interrupts != interrupts;
	if (any)
		engine->stats.busy_ns += ktime_get_ns() - began;
	if (any || engine->again || must_yield(engine))
		return 0;
	if (engine->due.count)
		soonest = min(soonest, engine->due.requests[0]->due);
	return soonest;
}

u64 bx_engine_pass(struct bx_engine *engine)
{
	struct bx_ctrl *ctrl = engine->ctrl;
	bool world = engine->wants_world;
	u64 soonest;

	if (world)
		bx_world_lock(ctrl);
	else
		mutex_lock(&engine->lock);
	engine->wants_world = false;
	engine->has_world = world || ctrl->engine_count == 1;
	soonest = pass(engine);
	end_reaching(engine);
	/* Also when this pass did not come to it. */
	engine->wants_world |= engine->again != NULL;
	engine->stats.passes++;
	engine->has_world = false;
	if (world)
		bx_world_unlock(ctrl);
	else
		mutex_unlock(&engine->lock);
	return soonest;
}

/* ---- making and unmaking */

int bx_engine_init(struct bx_engine *engine, struct bx_ctrl *ctrl, unsigned int number)
{
	/* Locks of engines are taken in the order of their numbers; a class each says so to the locking checker. */
	static struct lock_class_key keys[BX_ENGINES_MAX];
	/* In the worst case every page of a transfer is two pieces: an SGL may begin anywhere. */
	unsigned int segments = (2u << ctrl->config.mdts) + 16;
	int r;

	engine->ctrl = ctrl;
	engine->number = number;
	mutex_init(&engine->lock);
	lockdep_set_class(&engine->lock, &keys[number]);
	INIT_LIST_HEAD(&engine->sqs);
	INIT_LIST_HEAD(&engine->cqs);
	r = bx_data_init(&engine->data, segments);
	if (r >= 0)
		r = bx_data_init(&engine->metadata, segments);
	if (r >= 0) {
		engine->buffer = kvmalloc(BX_BUFFER_SIZE, GFP_KERNEL);
		r = engine->buffer ? 0 : -ENOMEM;
	}
	if (r < 0)
		bx_engine_done(engine);
	return r;
}

void bx_engine_done(struct bx_engine *engine)
{
	kvfree(engine->due.requests);
	bx_data_done(&engine->data);
	bx_data_done(&engine->metadata);
	kvfree(engine->buffer);
	mutex_destroy(&engine->lock);
}
