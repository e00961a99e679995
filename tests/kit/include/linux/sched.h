/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: threads that sleep and are woken.
 *
 * The kernel's protocol, with a condition variable behind it: a thread says that it sleeps, looks at
 * its condition once more, and calls schedule(), which returns at once if it was woken in between.
 */
#ifndef KIT_LINUX_SCHED_H
#define KIT_LINUX_SCHED_H

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/stringify.h>
#include <linux/types.h>
#include <asm/barrier.h>

#define TASK_COMM_LEN	     16
#define TASK_RUNNING	     0x0
#define TASK_INTERRUPTIBLE   0x1
#define TASK_UNINTERRUPTIBLE 0x2
#define TASK_WAKEKILL	     0x100
#define TASK_KILLABLE	     (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_IDLE	     (TASK_UNINTERRUPTIBLE | 0x400)
#define TASK_NORMAL	     (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

#define MAX_SCHEDULE_TIMEOUT LONG_MAX

/* Of a task's flags. */
#define PF_MEMALLOC_NOIO     0x1

struct task_struct {
	unsigned int __state;
	unsigned int flags;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

struct task_struct *kit_current(void);
#define current			   kit_current()

#define __set_current_state(state) WRITE_ONCE(current->__state, (state))
#define set_current_state(state)   smp_store_mb(current->__state, (state))

void kit_schedule(const char *where);
long kit_schedule_timeout(long ticks, const char *where);
#define schedule()		kit_schedule(KIT_HERE)
#define schedule_timeout(ticks) kit_schedule_timeout(ticks, KIT_HERE)
#define schedule_timeout_interruptible(ticks)            \
	({                                               \
		__set_current_state(TASK_INTERRUPTIBLE); \
		schedule_timeout(ticks);                 \
	})
#define schedule_timeout_uninterruptible(ticks)            \
	({                                                 \
		__set_current_state(TASK_UNINTERRUPTIBLE); \
		schedule_timeout(ticks);                   \
	})

int wake_up_process(struct task_struct *task);
int wake_up_state(struct task_struct *task, unsigned int states);

void kit_might_sleep(const char *where);
void kit_yield(void);
#define cond_resched()                     \
	({                                 \
		kit_might_sleep(KIT_HERE); \
		kit_yield();               \
		0;                         \
	})
#define yield()	       kit_yield()
#define need_resched() false

#endif
