// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine: takes commands from its queues, has them executed and posts their completions when they are due. A pass never
 * waits for anything; who calls it, and how often, is another file's business.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "controller.h"
#include "fault.h"

#define BURST 32 /* commands of one queue before the next one has its turn */

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
		grown.room += sq->entries;
	if (grown.room <= heap->room)
		return 0;
	grown.requests = kvmalloc_array(grown.room, sizeof(*grown.requests), GFP_KERNEL);
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

	request->status = status;
	request->due = engine->now;
	if (status) {
		engine->stats.errors[io][request->cmd.common.opcode]++;
		bx_log_error(engine->ctrl, request);
	} else if (io) {
		request->due = bx_timing_due(engine, request, engine->now);
		engine->stats.asked[latency_class(request->due - request->fetched)]++;
	}
	request->due += bx_fault_delay(request);
	if (request->due <= engine->now)
		return finish(engine, request);
	request->state = BX_REQUEST_DUE;
	heap_push(&engine->due, request);
}

static bool complete_due(struct bx_engine *engine)
{
	struct bx_heap *heap = &engine->due;
	bool any = false;

	while (heap->count && heap->requests[0]->due <= engine->now) {
		struct bx_request *request = heap->requests[0];

		heap_remove(heap, 0);
		finish(engine, request);
		any = true;
	}
	return any;
}

/* ---- executing */

static bool is_fused_pair(const struct nvme_command *first, const struct nvme_command *second)
{
	return (first->common.flags & 3) == NVME_CMD_FUSE_FIRST &&
	       (second->common.flags & 3) == NVME_CMD_FUSE_SECOND;
}

/* A first half that its second does not follow at once, or a second half alone, fails. */
static void execute_fused(struct bx_engine *engine, struct bx_request *first)
{
	struct nvme_command following;
	struct bx_request *second;
	u16 status[2];

	if (!bx_sq_peek(first->sq, &following) || !is_fused_pair(&first->cmd, &following)) {
		bx_request_complete(first, NVME_SC_FUSED_MISSING | NVME_STATUS_DNR);
		return;
	}
	if (!engine->has_world) {
		engine->again = first;
		engine->wants_world = true;
		return;
	}
	second = bx_sq_fetch(first->sq);
	if (!second) {
		bx_request_complete(first, NVME_SC_INTERNAL);
		return;
	}
	second->fetched = engine->now;
	engine->stats.commands[1][second->cmd.common.opcode]++;
	bx_io_execute_fused(engine, first, second, status);
	bx_request_complete(first, status[0]);
	bx_request_complete(second, status[1]);
}

static void execute(struct bx_engine *engine, struct bx_request *request)
{
	u16 status;

	if (request->cmd.common.flags & 3 && request->sq->id)
		return execute_fused(engine, request);
	if (!bx_fault_before(engine, request, &status)) {
		if (request->sq->id)
			status = bx_io_execute(engine, request);
		else
			status = bx_admin_execute(engine, request);
		status = bx_fault_after(engine, request, status);
	}
	switch (status) {
	case BX_LATER:
		request->state = BX_REQUEST_HELD;
		break;
	case BX_WORLD:
		engine->again = request;
		engine->wants_world = true;
		break;
	default:
		bx_request_complete(request, status);
	}
}

static bool serve(struct bx_engine *engine, struct bx_sq *sq)
{
	bool any = false;

	for (int i = 0; i < BURST && !engine->again && !engine->ctrl->failed; i++) {
		struct bx_request *request = bx_sq_fetch(sq);

		if (!request)
			break;
		request->fetched = engine->now;
		engine->stats.commands[!!sq->id][request->cmd.common.opcode]++;
		execute(engine, request);
		any = true;
	}
	return any;
}

static bool serve_all(struct bx_engine *engine)
{
	struct bx_request *again = engine->again;
	bool any = false;
	struct bx_sq *sq;

	if (again) {
		/* There is no other way to have come here than with the world held. */
		engine->again = NULL;
		execute(engine, again);
		any = true;
	}
	/* A command of the admin queue may take queues out of this list, but never the one that is being served. */
	list_for_each_entry(sq, &engine->sqs, entry) {
		if (engine->again)
			return true;
		any |= serve(engine, sq);
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
		any |= bx_cq_post_waiting(cq);
	return any;
}

static u64 pass(struct bx_engine *engine)
{
	struct bx_ctrl *ctrl = engine->ctrl;
	u64 soonest = U64_MAX;
	bool any = false;

	engine->now = ktime_get_ns();
	if (engine->number == 0) {
		any |= bx_ctrl_poll(engine);
		if (engine->wants_world)
			return 0;
	}
	/* After a shutdown the host may have taken its queues back, long before it resets the controller. */
	if (!ctrl->ready || ctrl->failed || ctrl->shut_down || !READ_ONCE(ctrl->bus_master))
		return any ? 0 : U64_MAX;
	if (engine->number == 0) {
		soonest = bx_admin_tick(ctrl, engine->now);
		any |= bx_events_deliver(ctrl);
	}
	any |= complete_due(engine);
	any |= post_waiting(engine);
	any |= serve_all(engine);
	soonest = min(soonest, interrupt_all(engine));
	if (any || engine->wants_world)
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
