// SPDX-License-Identifier: GPL-2.0-only
/*
 * How queues come and go, and what else admin commands do to them: create, delete, abort, and the shadow doorbells. The
 * admin queue is made here as well, and all of them are dropped. All of it is done with the world held; what
 * goes on all the time is in queue.c.
 */
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "controller.h"

/* ---- the host's memory */

/* The pages of a ring; NULL where a part of it is not memory. */
static void *map_ring(struct bx_ctrl *ctrl, u64 address, size_t bytes, enum bx_access access)
{
	size_t count = DIV_ROUND_UP(bytes, BX_HOST_PAGE);
	void **pages;

	pages = kvmalloc_array(count, sizeof(*pages), BX_GFP_COMMAND);
	if (!pages)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t n = min_t(size_t, BX_HOST_PAGE, bytes - i * BX_HOST_PAGE);

		pages[i] = bx_memory(ctrl, address + i * BX_HOST_PAGE, n, access);
		if (!pages[i]) {
			kvfree(pages);
			return NULL;
		}
	}
	return pages;
}

static __le32 *doorbell(struct bx_ctrl *ctrl, u16 id, bool completion)
{
	return (__le32 *)(ctrl->bar + NVME_REG_DBS) + 2 * id + completion;
}

/* One entry of a doorbell buffer. The admin queue has none: hosts go on to use its registers. */
static __le32 *buffer_entry(struct bx_ctrl *ctrl, u64 buffer, u16 id, bool completion)
{
	if (!buffer || !id)
		return NULL;
	return bx_memory(ctrl, buffer + (2 * id + completion) * sizeof(__le32), sizeof(__le32),
			 BX_TO_WRITE);
}

/* ---- submission queues */

static void free_sq(struct bx_ctrl *ctrl, struct bx_sq *sq)
{
	list_del(&sq->entry);
	sq->cq->users--;
	ctrl->sqs[sq->id] = NULL;
	kvfree(sq->requests);
	kvfree(sq->pages);
	kfree(sq);
}

static int make_sq(struct bx_ctrl *ctrl, u16 id, u64 address, u32 entries, struct bx_cq *cq)
{
	struct bx_engine *engine = cq->engine;
	struct bx_sq *sq;
	int r = -ENOMEM;

	sq = kzalloc(sizeof(*sq), BX_GFP_COMMAND);
	if (!sq)
		return -ENOMEM;
	/* What waits for events leaves all of the queue to other commands. */
	sq->room = entries + (id ? 0 : BX_AER_MAX);
	sq->requests = kvcalloc(sq->room, sizeof(*sq->requests), BX_GFP_COMMAND);
	if (!sq->requests)
		goto free;
	r = bx_engine_make_room(engine, sq->room);
	if (r < 0)
		goto free;
	r = -EFAULT;
	sq->pages =
		map_ring(ctrl, address, (size_t)entries * sizeof(struct nvme_command), BX_TO_READ);
	if (!sq->pages)
		goto free;
	INIT_LIST_HEAD(&sq->idle);
	for (u32 i = 0; i < sq->room; i++) {
		sq->requests[i].sq = sq;
		list_add_tail(&sq->requests[i].entry, &sq->idle);
	}
	sq->id = id;
	sq->entries = entries;
	sq->cq = cq;
	sq->doorbell = doorbell(ctrl, id, false);
	sq->shadow = buffer_entry(ctrl, ctrl->shadow_bus, id, false);
	sq->event = sq->shadow ? buffer_entry(ctrl, ctrl->event_bus, id, false) : NULL;
	WRITE_ONCE(*sq->doorbell, 0);
	cq->users++;
	ctrl->sqs[id] = sq;
	list_add_tail(&sq->entry, &engine->sqs);
	return 0;
free:
	kvfree(sq->requests);
	kfree(sq);
	return r;
}

/* ---- completion queues */

static void free_cq(struct bx_ctrl *ctrl, struct bx_cq *cq)
{
	list_del(&cq->entry);
	ctrl->cqs[cq->id] = NULL;
	kvfree(cq->pages);
	kfree(cq);
}

/* Queues are spread over the engines; the admin queue and what else looks at registers is engine 0's. */
static struct bx_engine *engine_of(struct bx_ctrl *ctrl, u16 id)
{
	return &ctrl->engines[id ? (id - 1) % ctrl->engine_count : 0];
}

static int make_cq(struct bx_ctrl *ctrl, u16 id, u64 address, u32 entries, bool interrupts,
		   u16 vector)
{
	struct bx_cq *cq;

	cq = kzalloc(sizeof(*cq), BX_GFP_COMMAND);
	if (!cq)
		return -ENOMEM;
	cq->pages = map_ring(ctrl, address, (size_t)entries * sizeof(struct nvme_completion),
			     BX_TO_WRITE);
	if (!cq->pages) {
		kfree(cq);
		return -EFAULT;
	}
	cq->engine = engine_of(ctrl, id);
	cq->id = id;
	cq->entries = entries;
	cq->interrupts = interrupts;
	cq->vector = vector;
	cq->phase = 1;
	cq->refused = U32_MAX;
	INIT_LIST_HEAD(&cq->full);
	cq->doorbell = doorbell(ctrl, id, true);
	cq->shadow = buffer_entry(ctrl, ctrl->shadow_bus, id, true);
	cq->event = cq->shadow ? buffer_entry(ctrl, ctrl->event_bus, id, true) : NULL;
	WRITE_ONCE(*cq->doorbell, 0);
	ctrl->cqs[id] = cq;
	list_add_tail(&cq->entry, &cq->engine->cqs);
	return 0;
}

/* ---- all of them */

int bx_queue_create_admin(struct bx_ctrl *ctrl, u64 sq, u32 sq_entries, u64 cq, u32 cq_entries)
{
	int r;

	r = make_cq(ctrl, 0, cq, cq_entries, true, 0);
	if (r < 0)
		return r;
	r = make_sq(ctrl, 0, sq, sq_entries, ctrl->cqs[0]);
	if (r < 0)
		free_cq(ctrl, ctrl->cqs[0]);
	return r;
}

void bx_queues_drop(struct bx_ctrl *ctrl)
{
	for (unsigned int i = 0; i < ctrl->engine_count; i++) {
		ctrl->engines[i].due.count = 0;
		ctrl->engines[i].again = NULL;
	}
	for (unsigned int id = 0; id <= BX_QUEUES_MAX; id++)
		if (ctrl->sqs[id])
			free_sq(ctrl, ctrl->sqs[id]);
	for (unsigned int id = 0; id <= BX_QUEUES_MAX; id++)
		if (ctrl->cqs[id])
			free_cq(ctrl, ctrl->cqs[id]);
}

/* ---- create and delete */

/* What both kinds of creation check. */
static u16 check_creation(struct bx_ctrl *ctrl, struct bx_request *request, u32 entries,
			  u32 entry_shift, u32 wanted_shift)
{
	u64 address = le64_to_cpu(request->cmd.create_sq.prp1);

	if (entries < BX_ENTRIES_MIN || entries > ctrl->config.entries ||
	    entry_shift != wanted_shift)
		return bx_invalid(request, NVME_SC_QUEUE_SIZE, create_sq.qsize);
	if (!(le16_to_cpu(request->cmd.create_sq.sq_flags) & NVME_QUEUE_PHYS_CONTIG))
		return bx_invalid(request, NVME_SC_INVALID_FIELD, create_sq.sq_flags);
	if (address & ((1ull << ctrl->page_shift) - 1))
		return bx_invalid(request, NVME_SC_PRP_INVALID_OFFSET, create_sq.prp1);
	return NVME_SC_SUCCESS;
}

static u16 made(int r)
{
	switch (r) {
	case 0:
		return NVME_SC_SUCCESS;
	case -EFAULT:
		return NVME_SC_DATA_XFER_ERROR;
	default:
		return NVME_SC_INTERNAL;
	}
}

u16 bx_create_cq(struct bx_engine *engine, struct bx_request *request)
{
	const struct nvme_create_cq *cmd = &request->cmd.create_cq;
	u16 id = le16_to_cpu(cmd->cqid), vector = le16_to_cpu(cmd->irq_vector);
	bool interrupts = le16_to_cpu(cmd->cq_flags) & NVME_CQ_IRQ_ENABLED;
	u32 entries = le16_to_cpu(cmd->qsize) + 1u;
	struct bx_ctrl *ctrl = engine->ctrl;
	u16 status;

	if (!engine->has_world)
		return BX_WORLD;
	if (!id || id > ctrl->config.queues || ctrl->cqs[id])
		return bx_invalid(request, NVME_SC_QID_INVALID, create_cq.cqid);
	status = check_creation(ctrl, request, entries, ctrl->cc >> NVME_CC_IOCQES_SHIFT & 0xf,
				NVME_NVM_IOCQES);
	if (status)
		return status;
	if (interrupts && vector >= ctrl->vectors)
		return bx_invalid(request, NVME_SC_INVALID_VECTOR, create_cq.irq_vector);
	return made(make_cq(ctrl, id, le64_to_cpu(cmd->prp1), entries, interrupts, vector));
}

u16 bx_create_sq(struct bx_engine *engine, struct bx_request *request)
{
	const struct nvme_create_sq *cmd = &request->cmd.create_sq;
	u16 id = le16_to_cpu(cmd->sqid), cqid = le16_to_cpu(cmd->cqid);
	u32 entries = le16_to_cpu(cmd->qsize) + 1u;
	struct bx_ctrl *ctrl = engine->ctrl;
	u16 status;

	if (!engine->has_world)
		return BX_WORLD;
	if (!id || id > ctrl->config.queues || ctrl->sqs[id])
		return bx_invalid(request, NVME_SC_QID_INVALID, create_sq.sqid);
	if (!cqid || cqid > ctrl->config.queues)
		return bx_invalid(request, NVME_SC_QID_INVALID, create_sq.cqid);
	if (!ctrl->cqs[cqid])
		return bx_invalid(request, NVME_SC_CQ_INVALID, create_sq.cqid);
	status = check_creation(ctrl, request, entries, ctrl->cc >> NVME_CC_IOSQES_SHIFT & 0xf,
				NVME_NVM_IOSQES);
	if (status)
		return status;
	return made(make_sq(ctrl, id, le64_to_cpu(cmd->prp1), entries, ctrl->cqs[cqid]));
}

/* Its commands that have not come to their end are aborted; their completions come before that of the deletion. */
static void abort_all(struct bx_sq *sq)
{
	struct bx_engine *engine = sq->cq->engine;

	if (engine->again && engine->again->sq == sq) {
		struct bx_request *request = engine->again;

		engine->again = NULL;
		request->status = NVME_SC_ABORT_QUEUE;
		bx_cq_post(request);
	}
	for (u32 i = 0; i < sq->room; i++) {
		struct bx_request *request = &sq->requests[i];

		if (request->state != BX_REQUEST_DUE)
			continue;
		bx_engine_forget(engine, request);
		request->status = NVME_SC_ABORT_QUEUE;
		bx_cq_post(request);
	}
}

/* Completions of a queue that goes, for which there was never room. */
static void drop_unposted(struct bx_sq *sq)
{
	struct bx_request *request, *following;

	list_for_each_entry_safe(request, following, &sq->cq->full, entry)
		if (request->sq == sq)
			list_del(&request->entry);
}

u16 bx_delete_sq(struct bx_engine *engine, struct bx_request *request)
{
	u16 id = le16_to_cpu(request->cmd.delete_queue.qid);
	struct bx_ctrl *ctrl = engine->ctrl;
	struct bx_engine *owner;

	if (!engine->has_world)
		return BX_WORLD;
	if (!id || id > ctrl->config.queues || !ctrl->sqs[id])
		return bx_invalid(request, NVME_SC_QID_INVALID, delete_queue.qid);
	owner = ctrl->sqs[id]->cq->engine;
	abort_all(ctrl->sqs[id]);
	drop_unposted(ctrl->sqs[id]);
	/* Interrupts are sent by whose queue it is. */
	if (owner != engine)
		ctrl->ops->wake(owner);
	free_sq(ctrl, ctrl->sqs[id]);
	return NVME_SC_SUCCESS;
}

u16 bx_delete_cq(struct bx_engine *engine, struct bx_request *request)
{
	u16 id = le16_to_cpu(request->cmd.delete_queue.qid);
	struct bx_ctrl *ctrl = engine->ctrl;

	if (!engine->has_world)
		return BX_WORLD;
	if (!id || id > ctrl->config.queues || !ctrl->cqs[id])
		return bx_invalid(request, NVME_SC_QID_INVALID, delete_queue.qid);
	if (ctrl->cqs[id]->users)
		return bx_invalid(request, NVME_SC_INVALID_QUEUE, delete_queue.qid);
	free_cq(ctrl, ctrl->cqs[id]);
	return NVME_SC_SUCCESS;
}

/* ---- abort */

static struct bx_request *find(struct bx_sq *sq, u16 cid)
{
	for (u32 i = 0; i < sq->room; i++)
		if (sq->requests[i].state != BX_REQUEST_IDLE &&
		    sq->requests[i].cmd.common.command_id == cid)
			return &sq->requests[i];
	return NULL;
}

/* A command that waits for its time or for an event; one whose effect goes on cannot be. */
static bool try_abort(struct bx_engine *engine, struct bx_request *victim)
{
	bool event = victim->state == BX_REQUEST_HELD && !victim->sq->id &&
		     victim->cmd.common.opcode == nvme_admin_async_event;

	if (victim->state == BX_REQUEST_DUE)
		bx_engine_forget(victim->sq->cq->engine, victim);
	else if (event)
		list_del(&victim->entry);
	else
		return false;
	victim->status = NVME_SC_ABORT_REQ;
	bx_cq_post(victim);
	if (victim->sq->cq->engine != engine)
		engine->ctrl->ops->wake(victim->sq->cq->engine);
	return true;
}

u16 bx_abort(struct bx_engine *engine, struct bx_request *request)
{
	u16 id = le16_to_cpu(request->cmd.abort.sqid), cid = request->cmd.abort.cid;
	struct bx_ctrl *ctrl = engine->ctrl;
	struct bx_request *victim;

	if (!engine->has_world)
		return BX_WORLD;
	if (id > ctrl->config.queues || !ctrl->sqs[id])
		return bx_invalid(request, NVME_SC_INVALID_FIELD, abort.sqid);
	victim = find(ctrl->sqs[id], cid);
	request->result = !(victim && victim != request && try_abort(engine, victim));
	return NVME_SC_SUCCESS;
}

/* ---- shadow doorbells */

static void use_shadow(struct bx_ctrl *ctrl, u16 id, bool completion, __le32 **shadow,
		       __le32 **event, u32 value)
{
	*shadow = buffer_entry(ctrl, ctrl->shadow_bus, id, completion);
	*event = buffer_entry(ctrl, ctrl->event_bus, id, completion);
	if (*shadow)
		WRITE_ONCE(**shadow, cpu_to_le32(value));
	bx_doorbell_hush(*event, value);
}

u16 bx_doorbell_buffer(struct bx_engine *engine, struct bx_request *request)
{
	u64 shadow = le64_to_cpu(request->cmd.dbbuf.prp1);
	u64 event = le64_to_cpu(request->cmd.dbbuf.prp2);
	struct bx_ctrl *ctrl = engine->ctrl;
	u64 offset = (1ull << ctrl->page_shift) - 1;

	if (!engine->has_world)
		return BX_WORLD;
	if (!shadow || shadow & offset)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, dbbuf.prp1);
	if (!event || event & offset)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, dbbuf.prp2);
	if (!bx_memory(ctrl, shadow, BX_HOST_PAGE, BX_TO_WRITE) ||
	    !bx_memory(ctrl, event, BX_HOST_PAGE, BX_TO_WRITE))
		return NVME_SC_DATA_XFER_ERROR;
	ctrl->shadow_bus = shadow;
	ctrl->event_bus = event;
	for (u16 id = 1; id <= ctrl->config.queues; id++) {
		struct bx_sq *sq = ctrl->sqs[id];
		struct bx_cq *cq = ctrl->cqs[id];

		if (sq)
			use_shadow(ctrl, id, false, &sq->shadow, &sq->event, sq->tail);
		if (cq)
			use_shadow(ctrl, id, true, &cq->shadow, &cq->event, cq->head);
	}
	return NVME_SC_SUCCESS;
}
