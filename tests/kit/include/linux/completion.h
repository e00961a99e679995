/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: one event that others wait for. */
#ifndef KIT_LINUX_COMPLETION_H
#define KIT_LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done;
	struct wait_queue_head wait;
};

#define COMPLETION_INITIALIZER(name)                          \
	{                                                     \
		0, __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) \
	}
#define DECLARE_COMPLETION(name)	 struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) struct completion name = *kit_init_completion(&name)

static inline void init_completion(struct completion *event)
{
	event->done = 0;
	init_waitqueue_head(&event->wait);
}

/* A structure that is moved, when it is new, keeps its list: the address is the same. */
static inline struct completion *kit_init_completion(struct completion *event)
{
	init_completion(event);
	return event;
}

static inline void reinit_completion(struct completion *event)
{
	event->done = 0;
}

void complete(struct completion *event);
void complete_all(struct completion *event);
bool try_wait_for_completion(struct completion *event);
bool completion_done(struct completion *event);

long kit_wait_for_completion(struct completion *event, unsigned int state, long ticks,
			     const char *where);
#define wait_for_completion(event) \
	((void)kit_wait_for_completion(event, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT, KIT_HERE))
#define wait_for_completion_timeout(event, ticks) \
	((unsigned long)kit_wait_for_completion(event, TASK_UNINTERRUPTIBLE, ticks, KIT_HERE))
#define wait_for_completion_interruptible_timeout(event, ticks) \
	kit_wait_for_completion(event, TASK_INTERRUPTIBLE, ticks, KIT_HERE)
#define kit_wait_for(event, state)                                                             \
	({                                                                                     \
		long kit_woken =                                                               \
			kit_wait_for_completion(event, state, MAX_SCHEDULE_TIMEOUT, KIT_HERE); \
		kit_woken < 0 ? (int)kit_woken : 0;                                            \
	})
#define wait_for_completion_interruptible(event) kit_wait_for(event, TASK_INTERRUPTIBLE)
#define wait_for_completion_killable(event)	 kit_wait_for(event, TASK_KILLABLE)

#endif
