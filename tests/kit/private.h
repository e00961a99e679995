/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kit's own parts share. Nothing of it is for tests. */
#ifndef KIT_PRIVATE_H
#define KIT_PRIVATE_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sched.h>

#include <kit/kit.h>
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/sched.h>

/*
 * The kit keeps books of its own. Were their locks visible to the thread sanitizer, each allocation
 * and each message would order the threads, and hide the races that are looked for. So these
 * functions are hidden from it, and so is the lock that they share; they call nothing in libc.
 */
#define KIT_HIDDEN __attribute__((__no_sanitize__("thread"), __noinline__))

void kit_books_lock(void);
void kit_books_unlock(void);

/* Memory that the kit was asked for, by the way it has to be given back. */
enum kit_memory {
	KIT_KMALLOC,
	KIT_VMALLOC,
	KIT_PAGES,
	KIT_CACHE,
	KIT_OBJECT,
	KIT_OTHER,
};

void *kit_new(size_t size, size_t align, gfp_t gfp, enum kit_memory kind, const void *owner,
	      const char *where);
void kit_delete(const void *block, enum kit_memory kind, const void *owner, const char *what);
/* Writes what is left into `text', at most a few blocks by name; 0: nothing is left. */
size_t kit_leftovers(char *text, size_t size);
void kit_memory_begin(void);

/* What a thread is in the middle of. */
struct kit_self {
	unsigned int atomic;
	unsigned int irqs_off;
	unsigned int in_irq;
	unsigned int held_count;
	struct {
		struct kit_lock *lock;
		const char *where;
		bool shared;
	} held[32];
};
extern __thread struct kit_self kit_self;

/* The first lock that this thread holds within the block, or anywhere (NULL, SIZE_MAX). */
const char *kit_held_within(const void *block, size_t size);
void kit_context_reset(void);

struct kit_task {
	struct task_struct task;
	unsigned int references;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool asleep;
	bool signaled;

	/* Only while the clock is held, and under its lock. */
	u64 deadline;
	struct kit_task *next_sleeper;

	/* Only of kernel threads. */
	bool is_thread;
	bool should_stop;
	int (*run)(void *data);
	void *data;
	int result;
	struct completion exited;
};

#define KIT_NEVER U64_MAX

/* Sleeps until somebody wakes the thread, which must have said that it sleeps, or until then. */
void kit_sleep_until(u64 deadline);
unsigned int kit_threads(void);
/* Until threads that have ended are gone altogether. */
void kit_reap_threads(void);
void kit_task_begin(void);

void kit_stack_trace(void);

#endif
