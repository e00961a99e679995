/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: queues of threads that wait for a condition. */
#ifndef KIT_LINUX_WAIT_H
#define KIT_LINUX_WAIT_H

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int flags,
				 void *key);

struct wait_queue_entry {
	unsigned int flags;
	void *private;
	wait_queue_func_t func;
	struct list_head entry;
};

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
} wait_queue_head_t;

#define WQ_FLAG_EXCLUSIVE 0x01

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)                                                  \
	{                                                                                    \
		.lock = __SPIN_LOCK_UNLOCKED(name.lock), .head = LIST_HEAD_INIT((name).head) \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name) \
	struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define init_waitqueue_head(queue) kit_init_waitqueue(queue, #queue)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) \
	struct wait_queue_head name = ({      \
		init_waitqueue_head(&name);   \
		name;                         \
	})

#define DEFINE_WAIT(name)                              \
	struct wait_queue_entry name = {               \
		.private = current,                    \
		.func = autoremove_wake_function,      \
		.entry = LIST_HEAD_INIT((name).entry), \
	}

void kit_init_waitqueue(struct wait_queue_head *queue, const char *name);
int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);
int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags,
			     void *key);
void add_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry);
void remove_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry);
void prepare_to_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state);
bool prepare_to_wait_exclusive(struct wait_queue_head *queue, struct wait_queue_entry *entry,
			       int state);
void finish_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry);
int __wake_up(struct wait_queue_head *queue, unsigned int mode, int exclusive, void *key);

/* Look without the lock: only after a full barrier, which wq_has_sleeper() brings along. */
static inline int waitqueue_active(struct wait_queue_head *queue)
{
	return !list_empty(&queue->head);
}

static inline bool wq_has_sleeper(struct wait_queue_head *queue)
{
	smp_mb();
	return waitqueue_active(queue);
}

#define wake_up(queue)			 __wake_up(queue, TASK_NORMAL, 1, NULL)
#define wake_up_nr(queue, n)		 __wake_up(queue, TASK_NORMAL, n, NULL)
#define wake_up_all(queue)		 __wake_up(queue, TASK_NORMAL, 0, NULL)
#define wake_up_interruptible(queue)	 __wake_up(queue, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_all(queue) __wake_up(queue, TASK_INTERRUPTIBLE, 0, NULL)

/*
 * The ticks that are left: 0 if the time ran out with the condition false, at least 1 if it is
 * true, -ERESTARTSYS for a signal.
 */
#define kit_wait(queue, condition, state, ticks, exclusive)                                     \
	({                                                                                      \
		long kit_left = (ticks);                                                        \
		kit_might_sleep(KIT_HERE);                                                      \
		if (!(condition)) {                                                             \
			DEFINE_WAIT(kit_entry);                                                 \
			for (;;) {                                                              \
				if (exclusive)                                                  \
					prepare_to_wait_exclusive(&(queue), &kit_entry, state); \
				else                                                            \
					prepare_to_wait(&(queue), &kit_entry, state);           \
				if (condition) {                                                \
					kit_left = kit_left ? kit_left : 1;                     \
					break;                                                  \
				}                                                               \
				if (!kit_left)                                                  \
					break;                                                  \
				if (signal_pending_state(state, current)) {                     \
					kit_left = -ERESTARTSYS;                                \
					break;                                                  \
				}                                                               \
				kit_left = schedule_timeout(kit_left);                          \
			}                                                                       \
			finish_wait(&(queue), &kit_entry);                                      \
		} else if (!kit_left) {                                                         \
			kit_left = 1;                                                           \
		}                                                                               \
		kit_left;                                                                       \
	})
#define kit_wait_untimed(queue, condition, state, exclusive)                                \
	({                                                                                  \
		long kit_woken =                                                            \
			kit_wait(queue, condition, state, MAX_SCHEDULE_TIMEOUT, exclusive); \
		kit_woken < 0 ? (int)kit_woken : 0;                                         \
	})

#define wait_event(queue, condition) \
	((void)kit_wait_untimed(queue, condition, TASK_UNINTERRUPTIBLE, false))
#define wait_event_idle(queue, condition) \
	((void)kit_wait_untimed(queue, condition, TASK_IDLE, false))
#define wait_event_interruptible(queue, condition) \
	kit_wait_untimed(queue, condition, TASK_INTERRUPTIBLE, false)
#define wait_event_interruptible_exclusive(queue, condition) \
	kit_wait_untimed(queue, condition, TASK_INTERRUPTIBLE, true)
#define wait_event_killable(queue, condition) \
	kit_wait_untimed(queue, condition, TASK_KILLABLE, false)
#define wait_event_timeout(queue, condition, ticks) \
	kit_wait(queue, condition, TASK_UNINTERRUPTIBLE, ticks, false)
#define wait_event_interruptible_timeout(queue, condition, ticks) \
	kit_wait(queue, condition, TASK_INTERRUPTIBLE, ticks, false)

#endif
