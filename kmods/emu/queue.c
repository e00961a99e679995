// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submission and completion queues at work: rings in the host's memory, and the doorbells that say how far the host is.
 * Which entry is next is ours to know; a doorbell is a wish that is checked. How queues come and go is in
 * queue_command.c.
 */
#include <asm/barrier.h>
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/log2.h>

#include "controller.h"

#define SQES_PER_PAGE	       (BX_HOST_PAGE / sizeof(struct nvme_command))
#define CQES_PER_PAGE	       (BX_HOST_PAGE / sizeof(struct nvme_completion))

/* Information of an error event. */
#define INVALID_DOORBELL_VALUE 1

/* ---- doorbells */

static u32 read_doorbell(const __le32 *doorbell, const __le32 *shadow)
{
	return le32_to_cpu(READ_ONCE(*(shadow ?: doorbell)));
}

/*
 * Tells the host up to where its shadow doorbells need no ringing of the real one. Since we look at them anyway, that is
 * always: an event one behind is never passed by a doorbell that moves on from here.
 */
void bx_doorbell_hush(__le32 *event, u32 seen)
{
	if (event)
		WRITE_ONCE(*event, cpu_to_le32(seen - 1));
}

/* ---- submission queues */

u32 bx_sq_waiting(struct bx_sq *sq)
{
	u32 tail;

	if (sq->stopped)
		return 0;
	tail = read_doorbell(sq->doorbell, sq->shadow);
	if (tail != sq->tail) {
		if (tail >= sq->entries) {
			sq->stopped = true;
			bx_event(sq->cq->engine->ctrl, BX_EVENT_ERROR, INVALID_DOORBELL_VALUE,
				 NVME_LOG_ERROR);
			return 0;
		}
		bx_doorbell_hush(sq->event, tail);
		sq->tail = tail;
		/* What the host wrote before it rang is read after the doorbell. */
		smp_rmb();
	}
	return tail >= sq->head ? tail - sq->head : tail + sq->entries - sq->head;
}

static u32 next(u32 index, u32 entries)
{
	return index + 1 == entries ? 0 : index + 1;
}

static void copy_command(const struct bx_sq *sq, u32 index, struct nvme_command *to)
{
	const u64 *from = (const u64 *)&sq->pages[index / SQES_PER_PAGE][index % SQES_PER_PAGE];
	u64 *words = (u64 *)to;

	/* Once: what is checked is what is used, whatever the host writes there meanwhile. */
	for (size_t i = 0; i < sizeof(*to) / sizeof(*words); i++)
		words[i] = READ_ONCE(from[i]);
}

struct bx_request *bx_sq_fetch(struct bx_sq *sq)
{
	struct bx_engine_stats *stats = &sq->cq->engine->stats;
	struct bx_request *request;
	u32 waiting;

	if (list_empty(&sq->idle))
		return NULL;
	waiting = bx_sq_waiting(sq);
	if (!waiting)
		return NULL;
	if (sq->id)
		stats->depths[ilog2(sq->taken + waiting)]++;
	sq->taken++;
	request = list_first_entry(&sq->idle, struct bx_request, entry);
	list_del_init(&request->entry);
	copy_command(sq, sq->head, &request->cmd);
	sq->head = next(sq->head, sq->entries);
	request->state = BX_REQUEST_EXECUTING;
	request->status = 0;
	request->error_byte = BX_NO_BYTE;
	request->lba = 0;
	request->result = 0;
	request->fault.action = BX_FAULT_NONE;
	request->fault.drawn = false;
	return request;
}

bool bx_sq_peek(struct bx_sq *sq, struct nvme_command *cmd)
{
	if (!bx_sq_waiting(sq))
		return false;
	copy_command(sq, sq->head, cmd);
	return true;
}

/* ---- completion queues */

/* Where the host is. A head that claims more than was posted is not believed. */
static void look_at_head(struct bx_cq *cq)
{
	u32 head = read_doorbell(cq->doorbell, cq->shadow);
	u32 taken, posted;

	if (head == cq->head)
		return;
	posted = cq->tail >= cq->head ? cq->tail - cq->head : cq->tail + cq->entries - cq->head;
	taken = head >= cq->head ? head - cq->head : head + cq->entries - cq->head;
	if (head >= cq->entries || taken > posted) {
		if (head != cq->refused)
			bx_event(cq->engine->ctrl, BX_EVENT_ERROR, INVALID_DOORBELL_VALUE,
				 NVME_LOG_ERROR);
		cq->refused = head;
		return;
	}
	cq->refused = U32_MAX;
	cq->head = head;
	bx_doorbell_hush(cq->event, head);
}

static bool has_room(struct bx_cq *cq)
{
	if (next(cq->tail, cq->entries) != cq->head)
		return true;
	look_at_head(cq);
	return next(cq->tail, cq->entries) != cq->head;
}

static void write_entry(struct bx_cq *cq, const struct bx_request *request)
{
	struct nvme_completion *entry =
		&cq->pages[cq->tail / CQES_PER_PAGE][cq->tail % CQES_PER_PAGE];
	const struct bx_sq *sq = request->sq;

	WRITE_ONCE(entry->result.u64, cpu_to_le64(request->result));
	WRITE_ONCE(entry->sq_head, cpu_to_le16(sq->head));
	WRITE_ONCE(entry->sq_id, cpu_to_le16(sq->id));
	WRITE_ONCE(entry->command_id, request->cmd.common.command_id);
	/* The phase is what the host waits for: all else, data too, is there before it. */
	smp_store_release(&entry->status, cpu_to_le16(request->status << 1 | cq->phase));
	cq->tail = next(cq->tail, cq->entries);
	if (!cq->tail)
		cq->phase ^= 1;
}

static void post(struct bx_cq *cq, struct bx_request *request)
{
	write_entry(cq, request);
	if (!cq->unsaid++)
		cq->unsaid_since = cq->engine->now;
	request->state = BX_REQUEST_IDLE;
	/* At the front: what was used last is still in the cache. */
	list_add(&request->entry, &request->sq->idle);
	request->sq->taken--;
}

void bx_cq_post(struct bx_request *request)
{
	struct bx_cq *cq = request->sq->cq;

	if (list_empty(&cq->full) && has_room(cq)) {
		post(cq, request);
	} else {
		request->state = BX_REQUEST_FULL;
		list_add_tail(&request->entry, &cq->full);
	}
}

bool bx_cq_post_waiting(struct bx_cq *cq)
{
	bool posted = false;

	while (!list_empty(&cq->full) && has_room(cq)) {
		struct bx_request *request = list_first_entry(&cq->full, struct bx_request, entry);

		list_del(&request->entry);
		post(cq, request);
		posted = true;
	}
	return posted;
}

/* How long an interrupt may still be held back; 0: not at all. */
static u64 held_back(const struct bx_cq *cq)
{
	const struct bx_coalescing *coalescing = &cq->engine->ctrl->coalescing;
	u64 until = cq->unsaid_since + coalescing->time * 100000ull;

	/* The admin queue's are never held back. */
	if (!coalescing->time || cq->id == 0 || test_bit(cq->vector, coalescing->off) ||
	    cq->unsaid > coalescing->threshold || until <= cq->engine->now)
		return 0;
	return until;
}

u64 bx_cq_interrupt(struct bx_cq *cq)
{
	struct bx_engine *engine = cq->engine;
	u64 until;

	if (!cq->unsaid || !cq->interrupts)
		return U64_MAX;
	until = held_back(cq);
	if (until)
		return until;
	engine->stats.interrupts++;
	engine->stats.coalesced += cq->unsaid - 1;
	cq->unsaid = 0;
	engine->ctrl->ops->interrupt(engine->ctrl, cq->vector);
	return U64_MAX;
}
