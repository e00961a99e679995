// SPDX-License-Identifier: GPL-2.0-or-later
/* Work queues of the stand-in kernel, made of its threads. One lock serves them all. */
#include "private.h"

#include <linux/kthread.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define WORKERS 2

struct worker {
	struct workqueue_struct *queue;
	struct task_struct *thread;
	/* Only to be compared: the work may be freed by its own function. */
	const struct work_struct *running;
	u64 sequence;
};

struct workqueue_struct {
	char name[32];
	unsigned int worker_count;
	struct worker workers[WORKERS];
	struct list_head pending;
	struct list_head queues;
};

static DEFINE_SPINLOCK(works_lock);
static LIST_HEAD(all_queues);
static DECLARE_WAIT_QUEUE_HEAD(changed);
/* How many works were begun; it tells one run of a work from the next. */
static u64 sequence;

static struct worker *runner_of(const struct work_struct *work)
{
	struct workqueue_struct *queue;

	list_for_each_entry(queue, &all_queues, queues)
		for (unsigned int i = 0; i < queue->worker_count; i++)
			if (queue->workers[i].running == work)
				return &queue->workers[i];
	return NULL;
}

/* The work that is to be done now, or the time when there may be one. */
static struct work_struct *next_work(struct workqueue_struct *queue, u64 *due)
{
	struct work_struct *work;

	*due = KIT_NEVER;
	list_for_each_entry(work, &queue->pending, entry) {
		if (runner_of(work))
			continue;
		if (work->due <= ktime_get_ns())
			return work;
		if (work->due < *due)
			*due = work->due;
	}
	return NULL;
}

static void work_once(struct worker *worker, struct work_struct *work)
{
	work_func_t function = work->func;

	list_del_init(&work->entry);
	work->queue = NULL;
	worker->running = work;
	worker->sequence = ++sequence;
	spin_unlock(&works_lock);

	function(work);
	if (kit_in_atomic())
		kit_warn(worker->queue->name, "a work ended with a lock held or preemption off: %s",
			 kit_held_within(NULL, SIZE_MAX) ?: "");

	spin_lock(&works_lock);
	worker->running = NULL;
	wake_up_all(&changed);
}

static int worker_main(void *data)
{
	struct worker *worker = data;
	struct work_struct *work;
	u64 due;

	spin_lock(&works_lock);
	for (;;) {
		DEFINE_WAIT(entry);

		prepare_to_wait(&changed, &entry, TASK_IDLE);
		work = next_work(worker->queue, &due);
		if (work) {
			finish_wait(&changed, &entry);
			work_once(worker, work);
			continue;
		}
		if (kthread_should_stop()) {
			finish_wait(&changed, &entry);
			break;
		}
		spin_unlock(&works_lock);
		kit_sleep_until(due);
		finish_wait(&changed, &entry);
		spin_lock(&works_lock);
	}
	spin_unlock(&works_lock);
	return 0;
}

struct workqueue_struct *kit_alloc_workqueue(const char *where, const char *name,
					     unsigned int flags, int max_active, ...)
{
	struct workqueue_struct *queue;
	va_list args;

	queue = kit_new(sizeof(*queue), 8, GFP_KERNEL | __GFP_ZERO, KIT_OTHER, NULL, where);
	if (!queue)
		return NULL;
	va_start(args, max_active);
	kit_vsnprintf(queue->name, sizeof(queue->name), name, args);
	va_end(args);
	INIT_LIST_HEAD(&queue->pending);

	for (unsigned int i = 0; i < (flags & KIT_WQ_ORDERED || max_active == 1 ? 1 : WORKERS);
	     i++) {
		struct worker *worker = &queue->workers[i];

		worker->queue = queue;
		worker->thread =
			kit_kthread_create(worker_main, worker, where, "%s/%u", queue->name, i);
		if (IS_ERR(worker->thread))
			goto fail;
		queue->worker_count++;
	}
	spin_lock(&works_lock);
	list_add(&queue->queues, &all_queues);
	spin_unlock(&works_lock);
	for (unsigned int i = 0; i < queue->worker_count; i++)
		wake_up_process(queue->workers[i].thread);
	return queue;

fail:
	while (queue->worker_count)
		kthread_stop(queue->workers[--queue->worker_count].thread);
	kit_delete(queue, KIT_OTHER, NULL, "alloc_workqueue()");
	return NULL;
}

void destroy_workqueue(struct workqueue_struct *queue)
{
	struct work_struct *work;

	kit_flush_workqueue(queue);
	spin_lock(&works_lock);
	list_for_each_entry(work, &queue->pending, entry) {
		kit_warn(queue->name, "the queue is destroyed while a work waits for its time");
		break;
	}
	while ((work = list_first_entry_or_null(&queue->pending, struct work_struct, entry))) {
		list_del_init(&work->entry);
		work->queue = NULL;
	}
	spin_unlock(&works_lock);

	for (unsigned int i = 0; i < queue->worker_count; i++)
		kthread_stop(queue->workers[i].thread);
	spin_lock(&works_lock);
	list_del(&queue->queues);
	spin_unlock(&works_lock);
	kit_delete(queue, KIT_OTHER, NULL, "destroy_workqueue()");
}

void kit_init_work(struct work_struct *work, work_func_t function)
{
	work->func = function;
	INIT_LIST_HEAD(&work->entry);
	work->queue = NULL;
	work->due = 0;
	work->canceling = false;
	work->magic = KIT_WORK_MAGIC;
}

static void enqueue(struct workqueue_struct *queue, struct work_struct *work, u64 due)
{
	work->queue = queue;
	work->due = due;
	list_add_tail(&work->entry, &queue->pending);
	wake_up_all(&changed);
}

static bool queue_for(struct workqueue_struct *queue, struct work_struct *work, unsigned long ticks,
		      bool modify)
{
	u64 due = ticks ? ktime_get_ns() + ticks * (NSEC_PER_SEC / HZ) : 0;
	unsigned long flags;
	bool pending;

	if (work->magic != KIT_WORK_MAGIC) {
		kit_warn(queue->name, "a work that was not initialized is queued");
		return false;
	}
	spin_lock_irqsave(&works_lock, flags);
	pending = work->queue;
	if (pending && modify)
		list_del_init(&work->entry);
	if (!work->canceling && (!pending || modify))
		enqueue(queue, work, due);
	else if (!modify)
		pending = true;
	spin_unlock_irqrestore(&works_lock, flags);
	return modify ? pending : !pending;
}

bool queue_work(struct workqueue_struct *queue, struct work_struct *work)
{
	return queue_for(queue, work, 0, false);
}

bool queue_delayed_work(struct workqueue_struct *queue, struct delayed_work *delayed,
			unsigned long ticks)
{
	return queue_for(queue, &delayed->work, ticks, false);
}

bool mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *delayed,
		      unsigned long ticks)
{
	return queue_for(queue, &delayed->work, ticks, true);
}

/* Sleeps until something has changed; takes and leaves with the lock held. */
static void wait_for_change(void)
{
	DEFINE_WAIT(entry);

	prepare_to_wait(&changed, &entry, TASK_UNINTERRUPTIBLE);
	spin_unlock(&works_lock);
	schedule();
	finish_wait(&changed, &entry);
	spin_lock(&works_lock);
}

static bool wait_for_run(const struct work_struct *work)
{
	struct worker *worker = runner_of(work);
	u64 run;

	if (!worker)
		return false;
	if (worker->thread == current)
		kit_bug("flush_work()", "deadlock: a work waits for itself");
	run = worker->sequence;
	while ((worker = runner_of(work)) && worker->sequence == run)
		wait_for_change();
	return true;
}

bool kit_cancel_work(struct work_struct *work, bool wait)
{
	bool pending;

	if (wait)
		kit_might_sleep("cancel_work_sync()");
	spin_lock(&works_lock);
	pending = work->queue;
	if (pending) {
		list_del_init(&work->entry);
		work->queue = NULL;
	}
	if (wait) {
		work->canceling = true;
		wait_for_run(work);
		work->canceling = false;
	}
	spin_unlock(&works_lock);
	return pending;
}

bool kit_flush_work(struct work_struct *work, bool now)
{
	bool waited = false;

	kit_might_sleep("flush_work()");
	spin_lock(&works_lock);
	if (now && work->queue) {
		work->due = 0;
		wake_up_all(&changed);
	}
	while (work->queue && work->due <= ktime_get_ns()) {
		waited = true;
		wait_for_change();
	}
	waited |= wait_for_run(work);
	spin_unlock(&works_lock);
	return waited;
}

static bool busy(struct workqueue_struct *queue)
{
	u64 due;

	if (next_work(queue, &due))
		return true;
	for (unsigned int i = 0; i < queue->worker_count; i++)
		if (queue->workers[i].running)
			return true;
	return false;
}

void kit_flush_workqueue(struct workqueue_struct *queue)
{
	kit_might_sleep("flush_workqueue()");
	spin_lock(&works_lock);
	while (busy(queue))
		wait_for_change();
	spin_unlock(&works_lock);
}

bool kit_work_pending(const struct work_struct *work)
{
	unsigned long flags;
	bool pending;

	spin_lock_irqsave(&works_lock, flags);
	pending = work->queue;
	spin_unlock_irqrestore(&works_lock, flags);
	return pending;
}
