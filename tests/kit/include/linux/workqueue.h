/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: work that is done later by a thread of its own.
 *
 * An ordered queue has one worker, every other two, whatever it asked for: enough for two works to
 * meet, which is what the thread sanitizer needs. One work never runs twice at a time.
 */
#ifndef KIT_LINUX_WORKQUEUE_H
#define KIT_LINUX_WORKQUEUE_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/stringify.h>
#include <linux/types.h>

struct work_struct;
struct workqueue_struct;
typedef void (*work_func_t)(struct work_struct *work);

/* `queue' is set while the work is pending, and `magic' once it was initialized. */
struct work_struct {
	work_func_t func;
	struct list_head entry;
	struct workqueue_struct *queue;
	u64 due;
	unsigned int magic;
	bool canceling;
};

struct delayed_work {
	struct work_struct work;
};

#define KIT_WORK_MAGIC 0x30b0330bu
#define __WORK_INITIALIZER(name, function)                                                         \
	{                                                                                          \
		.func = (function), .entry = LIST_HEAD_INIT((name).entry), .magic = KIT_WORK_MAGIC \
	}
#define DECLARE_WORK(name, function) struct work_struct name = __WORK_INITIALIZER(name, function)
#define DECLARE_DELAYED_WORK(name, function) \
	struct delayed_work name = { .work = __WORK_INITIALIZER((name).work, function) }

void kit_init_work(struct work_struct *work, work_func_t function);
#define INIT_WORK(work, function)	     kit_init_work(work, function)
#define INIT_DELAYED_WORK(delayed, function) kit_init_work(&(delayed)->work, function)
#define to_delayed_work(pointer)	     container_of(pointer, struct delayed_work, work)

#define WQ_UNBOUND			     BIT(1)
#define WQ_FREEZABLE			     BIT(2)
#define WQ_MEM_RECLAIM			     BIT(3)
#define WQ_HIGHPRI			     BIT(4)
#define WQ_CPU_INTENSIVE		     BIT(5)
#define WQ_SYSFS			     BIT(6)
#define KIT_WQ_ORDERED			     BIT(17)

struct workqueue_struct *kit_alloc_workqueue(const char *where, const char *name,
					     unsigned int flags, int max_active, ...)
	__printf(2, 5) __must_check;
#define alloc_workqueue(name, ...) kit_alloc_workqueue(KIT_HERE, name, __VA_ARGS__)
#define alloc_ordered_workqueue(name, flags, ...) \
	kit_alloc_workqueue(KIT_HERE, name, WQ_UNBOUND | KIT_WQ_ORDERED | (flags), 1, ##__VA_ARGS__)

/* Everything that is queued runs first. */
void destroy_workqueue(struct workqueue_struct *queue);
void kit_flush_workqueue(struct workqueue_struct *queue);
#define flush_workqueue(queue) kit_flush_workqueue(queue)
#define drain_workqueue(queue) kit_flush_workqueue(queue)

/* False: it was pending already. */
bool queue_work(struct workqueue_struct *queue, struct work_struct *work);
bool queue_delayed_work(struct workqueue_struct *queue, struct delayed_work *delayed,
			unsigned long ticks);
/* True: it was pending, and now is with the new delay. */
bool mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *delayed,
		      unsigned long ticks);

/* True: it was pending (cancel), or there was something to wait for (flush). */
bool kit_cancel_work(struct work_struct *work, bool wait);
bool kit_flush_work(struct work_struct *work, bool now);
bool kit_work_pending(const struct work_struct *work);
#define cancel_work_sync(work)		  kit_cancel_work(work, true)
#define cancel_work(work)		  kit_cancel_work(work, false)
#define cancel_delayed_work(delayed)	  kit_cancel_work(&(delayed)->work, false)
#define cancel_delayed_work_sync(delayed) kit_cancel_work(&(delayed)->work, true)
#define flush_work(work)		  kit_flush_work(work, false)
#define flush_delayed_work(delayed)	  kit_flush_work(&(delayed)->work, true)
#define work_pending(work)		  kit_work_pending(work)
#define delayed_work_pending(delayed)	  kit_work_pending(&(delayed)->work)

#endif
