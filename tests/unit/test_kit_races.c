// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread sanitizer sees through the stand-ins: it finds each race, and takes none for one that the
 * kernel's rules exclude. See kit_cases.h.
 */
#include <kit/cmocka.h>

#include <unistd.h>

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "tests/unit/kit_cases.h"

/* ---------------------------------------------------------------- races */

/*
 * Two threads: the first does its part at once, the second some time later. Nothing but what the
 * parts themselves do orders them.
 */
struct shared {
	int plain;
	int marked;
	void *pointer;
	spinlock_t lock;
	struct mutex mutex;
	struct rw_semaphore sem;
	struct completion done;
	wait_queue_head_t queue;
	refcount_t count;
	struct xarray array;
	unsigned long bits;
	atomic_t atomic;
	unsigned int finished;
	struct task_struct *threads[2];
	void (*parts[2])(struct shared *shared);
};

static int first_part(void *data)
{
	struct shared *shared = data;

	shared->parts[0](shared);
	__atomic_fetch_add(&shared->finished, 1, __ATOMIC_RELAXED);
	while (!kthread_should_stop())
		usleep(100);
	return 0;
}

static int second_part(void *data)
{
	struct shared *shared = data;

	usleep(50000);
	shared->parts[1](shared);
	__atomic_fetch_add(&shared->finished, 1, __ATOMIC_RELAXED);
	while (!kthread_should_stop())
		usleep(100);
	return 0;
}

static void run_parts(void (*first)(struct shared *shared), void (*second)(struct shared *shared))
{
	struct shared *shared = kzalloc(sizeof(*shared), GFP_KERNEL);

	spin_lock_init(&shared->lock);
	mutex_init(&shared->mutex);
	init_rwsem(&shared->sem);
	init_completion(&shared->done);
	init_waitqueue_head(&shared->queue);
	refcount_set(&shared->count, 2);
	xa_init(&shared->array);
	shared->parts[0] = first;
	shared->parts[1] = second;
	shared->threads[0] = kthread_create(first_part, shared, "first");
	shared->threads[1] = kthread_create(second_part, shared, "second");
	wake_up_process(shared->threads[1]);
	wake_up_process(shared->threads[0]);
	while (READ_ONCE(shared->finished) < 2)
		usleep(1000);
	kthread_stop(shared->threads[0]);
	kthread_stop(shared->threads[1]);
	xa_destroy(&shared->array);
	kfree(shared);
}

#define PARTS(name, words, first, second)                \
	static void name##_first(struct shared *shared)  \
	{                                                \
		first;                                   \
	}                                                \
	static void name##_second(struct shared *shared) \
	{                                                \
		second;                                  \
	}                                                \
	CASE(name, TSAN, words)                          \
	{                                                \
		run_parts(name##_first, name##_second);  \
	}

#define RACE "ThreadSanitizer: data race"

PARTS(plain_accesses, RACE, shared->plain = 1, shared->plain = 2)
PARTS(plain_and_marked, RACE, shared->plain = 1, WRITE_ONCE(shared->plain, 2))
PARTS(marked_accesses, NULL, WRITE_ONCE(shared->plain, 1),
      kit_cases_sink = READ_ONCE(shared->plain))
PARTS(
	marked_accesses_order_nothing, RACE,
	{
		shared->plain = 1;
		WRITE_ONCE(shared->marked, 1);
	},
	{
		while (!READ_ONCE(shared->marked))
			usleep(1);
		kit_cases_sink = shared->plain;
	})
PARTS(
	release_and_acquire, NULL,
	{
		shared->plain = 1;
		smp_store_release(&shared->marked, 1);
	},
	{
		while (!smp_load_acquire(&shared->marked))
			usleep(1);
		kit_cases_sink = shared->plain;
	})
PARTS(
	release_without_acquire, RACE,
	{
		shared->plain = 1;
		smp_store_release(&shared->marked, 1);
	},
	{
		while (!READ_ONCE(shared->marked))
			usleep(1);
		kit_cases_sink = shared->plain;
	})
PARTS(
	fences, NULL,
	{
		shared->plain = 1;
		smp_wmb();
		WRITE_ONCE(shared->marked, 1);
	},
	{
		while (!READ_ONCE(shared->marked))
			usleep(1);
		smp_rmb();
		kit_cases_sink = shared->plain;
	})
PARTS(
	relaxed_atomics_order_nothing, RACE,
	{
		shared->plain = 1;
		atomic_inc(&shared->atomic);
	},
	{
		while (!atomic_read(&shared->atomic))
			usleep(1);
		kit_cases_sink = shared->plain;
	})
PARTS(
	atomics_that_return_order_all, NULL,
	{
		shared->plain = 1;
		atomic_inc_return(&shared->atomic);
	},
	{
		while (!atomic_add_return(0, &shared->atomic))
			usleep(1);
		kit_cases_sink = shared->plain;
	})
PARTS(
	bits_order_nothing, RACE,
	{
		shared->plain = 1;
		set_bit(0, &shared->bits);
	},
	{
		while (!test_bit(0, &shared->bits))
			usleep(1);
		kit_cases_sink = shared->plain;
	})
PARTS(
	setting_a_bit_releases_nothing, RACE,
	{
		shared->plain = 1;
		set_bit(0, &shared->bits);
	},
	{
		while (!test_and_clear_bit(0, &shared->bits))
			usleep(1);
		kit_cases_sink = shared->plain;
	})
PARTS(
	counting_releases_nothing, RACE,
	{
		shared->plain = 1;
		atomic_inc(&shared->atomic);
	},
	{
		while (!atomic_add_return(0, &shared->atomic))
			usleep(1);
		kit_cases_sink = shared->plain;
	})
PARTS(
	bit_locks, NULL,
	{
		while (test_and_set_bit_lock(0, &shared->bits))
			;
		shared->plain = 1;
		clear_bit_unlock(0, &shared->bits);
	},
	{
		while (test_and_set_bit_lock(0, &shared->bits))
			;
		shared->plain = 2;
		clear_bit_unlock(0, &shared->bits);
	})
PARTS(
	spinlocks, NULL,
	{
		spin_lock(&shared->lock);
		shared->plain = 1;
		spin_unlock(&shared->lock);
	},
	{
		spin_lock(&shared->lock);
		shared->plain = 2;
		spin_unlock(&shared->lock);
	})
PARTS(
	spinlock_on_one_side, RACE,
	{
		spin_lock(&shared->lock);
		shared->plain = 1;
		spin_unlock(&shared->lock);
	},
	shared->plain = 2)
PARTS(
	mutexes, NULL,
	{
		mutex_lock(&shared->mutex);
		shared->plain = 1;
		mutex_unlock(&shared->mutex);
	},
	{
		mutex_lock(&shared->mutex);
		shared->plain = 2;
		mutex_unlock(&shared->mutex);
	})
PARTS(
	readers_and_writers, NULL,
	{
		down_write(&shared->sem);
		shared->plain = 1;
		up_write(&shared->sem);
	},
	{
		down_read(&shared->sem);
		kit_cases_sink = shared->plain;
		up_read(&shared->sem);
	})
PARTS(
	readers_that_write, RACE,
	{
		down_read(&shared->sem);
		shared->plain = 1;
		up_read(&shared->sem);
	},
	{
		down_read(&shared->sem);
		shared->plain = 2;
		up_read(&shared->sem);
	})
PARTS(
	completions, NULL,
	{
		shared->plain = 1;
		complete(&shared->done);
	},
	{
		wait_for_completion(&shared->done);
		shared->plain = 2;
	})
PARTS(
	wait_queues, NULL,
	{
		usleep(70000);
		shared->plain = 1;
		smp_store_release(&shared->marked, 1);
		wake_up(&shared->queue);
	},
	{
		wait_event(shared->queue, smp_load_acquire(&shared->marked));
		shared->plain = 2;
	})
PARTS(
	last_reference, NULL,
	{
		shared->plain = 1;
		kit_cases_sink = refcount_dec_and_test(&shared->count);
	},
	{
		if (refcount_dec_and_test(&shared->count))
			shared->plain = 2;
	})
PARTS(
	arrays_publish_their_entries, NULL,
	{
		shared->plain = 1;
		xa_store(&shared->array, 7, &shared->plain, GFP_KERNEL);
	},
	*(int *)xa_load(&shared->array, 7) = 2)
/* The kit writes down each allocation and each message; that must not hide anything. */
PARTS(
	the_books_order_nothing, RACE,
	{
		shared->plain = 1;
		kfree(kmalloc(1, GFP_KERNEL));
		pr_info("first\n");
	},
	{
		kfree(kmalloc(1, GFP_KERNEL));
		pr_info("second\n");
		shared->plain = 2;
	})
PARTS(
	freed_by_another_thread, "ThreadSanitizer: *kfree",
	{
		smp_store_release(&shared->pointer, kzalloc(8, GFP_KERNEL));
		*(volatile int *)shared->pointer = 1;
	},
	{
		while (!smp_load_acquire(&shared->pointer))
			usleep(1);
		usleep(20000);
		kfree(shared->pointer);
	})

struct counted_work {
	struct work_struct work;
	int *plain;
};

static void count_up(struct work_struct *work)
{
	(*container_of(work, struct counted_work, work)->plain)++;
	usleep(200000);
}

static void race_in_works(unsigned int flags, bool ordered)
{
	struct workqueue_struct *queue =
		ordered ? alloc_ordered_workqueue("queue", 0) : alloc_workqueue("queue", flags, 0);
	int plain = 0;
	struct counted_work works[2] = { { .plain = &plain }, { .plain = &plain } };

	for (int i = 0; i < 2; i++) {
		INIT_WORK(&works[i].work, count_up);
		queue_work(queue, &works[i].work);
	}
	destroy_workqueue(queue);
	assert_int_equal(plain, 2);
}

CASE(works_that_meet, TSAN, RACE)
{
	race_in_works(WQ_UNBOUND, false);
}

CASE(works_in_order, TSAN, NULL)
{
	race_in_works(0, true);
}
