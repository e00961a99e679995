// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kit gives to tests: memory that runs out, a clock that can be held, signals and chance.
 * That it catches what it is there to catch is in test_kit_catches.c, _locks.c and _races.c.
 */
#include <kit/cmocka.h>

#include <unistd.h>

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "tests/unit/kit_cases.h"

static int idle(void *data)
{
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

/* ---------------------------------------------------------------- starving */

struct pair {
	char *name;
	struct kmem_cache *cache;
	void *block;
	void *large;
	struct xarray array;
};

static int pair_make(struct pair *pair, bool forget)
{
	xa_init(&pair->array);
	pair->name = kstrdup("pair", GFP_KERNEL);
	if (!pair->name)
		return -ENOMEM;
	pair->cache = kmem_cache_create("pair", 8, 0, 0, NULL);
	if (!pair->cache)
		goto free_name;
	pair->block = kmem_cache_alloc(pair->cache, GFP_KERNEL);
	if (!pair->block)
		goto destroy_cache;
	pair->large = kvmalloc(100000, GFP_KERNEL);
	if (!pair->large)
		goto free_block;
	if (xa_err(xa_store(&pair->array, 1000000, pair, GFP_KERNEL)))
		goto free_large;
	return 0;

free_large:
	if (!forget)
		kvfree(pair->large);
free_block:
	kmem_cache_free(pair->cache, pair->block);
destroy_cache:
	kmem_cache_destroy(pair->cache);
free_name:
	kfree(pair->name);
	return -ENOMEM;
}

static void pair_drop(struct pair *pair)
{
	xa_destroy(&pair->array);
	kvfree(pair->large);
	kmem_cache_free(pair->cache, pair->block);
	kmem_cache_destroy(pair->cache);
	kfree(pair->name);
}

static void each_allocation_fails_in_turn(void **state)
{
	unsigned int rounds = 0, failures = 0;
	struct pair pair;

	kit_for_each_allocation_failure()
	{
		int error = pair_make(&pair, false);

		rounds++;
		failures += kit_allocation_failed();
		assert_int_equal(error, kit_allocation_failed() ? -ENOMEM : 0);
		if (!error)
			pair_drop(&pair);
	}
	/* A name, a cache, a block, a large block, four levels of an array; and one that succeeds. */
	assert_int_equal(rounds, 9);
	assert_int_equal(failures, 8);
	assert_int_equal(kit_allocated(), 0);
}

CASE(leak_on_an_error_path, BOTH,
     "with allocation 4 failing, 1 blocks are left: 100000 bytes (vmalloc) of tests/")
{
	struct pair pair;

	kit_for_each_allocation_failure()
	{
		if (!pair_make(&pair, true))
			pair_drop(&pair);
	}
}

static void one_allocation_fails(void **state)
{
	void *block;

	kit_fail_allocation(1);
	block = kmalloc(1, GFP_KERNEL);
	assert_non_null(block);
	assert_false(kit_allocation_failed());
	assert_null(kmalloc(1, GFP_KERNEL));
	assert_true(kit_allocation_failed());
	kfree(block);
	block = kmalloc(1, GFP_KERNEL);
	assert_non_null(block);
	kfree(block);

	kit_fail_allocation(0);
	block = kmalloc(1, GFP_KERNEL | __GFP_NOFAIL);
	assert_non_null(block);
	kfree(block);
	assert_false(kit_allocation_failed());
	assert_true(IS_ERR(kthread_create(idle, NULL, "idle")));
}

/* ---------------------------------------------------------------- time */

static void time_stands_still(void **state)
{
	unsigned long ticks;

	kit_clock_hold(1000);
	ticks = jiffies;
	assert_int_equal(ktime_get_ns(), 1000);
	usleep(2000);
	assert_int_equal(ktime_get_ns(), 1000);
	kit_clock_advance(NSEC_PER_SEC);
	assert_int_equal(ktime_get_ns(), 1000 + NSEC_PER_SEC);
	assert_int_equal(jiffies - ticks, HZ);
	kit_clock_release();
	usleep(1000);
	assert_true(ktime_get_ns() > 1000 + NSEC_PER_SEC);
}

/* An hour takes no time, and not a nanosecond more than an hour. */
static void the_holder_sleeps_at_no_cost(void **state)
{
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(queue);

	kit_clock_hold(0);
	msleep(3600 * 1000);
	assert_int_equal(ktime_get_ns(), 3600 * NSEC_PER_SEC);
	udelay(7);
	assert_int_equal(ktime_get_ns(), 3600 * NSEC_PER_SEC + 7000);
	assert_int_equal(wait_event_timeout(queue, false, HZ), 0);
	assert_int_equal(ktime_get_ns(), 3601 * NSEC_PER_SEC + 7000);
}

static int tick(void *data)
{
	while (!kthread_should_stop()) {
		usleep_range(1000, 1000);
		++*(int *)data;
	}
	return 0;
}

static void threads_sleep_by_the_held_clock(void **state)
{
	struct task_struct *thread;
	int ticks = 0;

	kit_clock_hold(0);
	thread = kthread_run(tick, &ticks, "tick");
	usleep(5000);
	kit_settle();
	assert_int_equal(ticks, 0);
	kit_clock_advance(999999);
	assert_int_equal(ticks, 0);
	kit_clock_advance(1);
	assert_int_equal(ticks, 1);
	kit_clock_advance(10 * NSEC_PER_MSEC);
	assert_int_equal(ticks, 11);
	/* While the holder sleeps, time goes on for the others. */
	msleep(5);
	kit_settle();
	assert_int_equal(ticks, 16);
	kthread_stop(thread);
}

static int finish_late(void *data)
{
	msleep(60000);
	complete(data);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static void waiting_for_a_sleeper_moves_the_clock(void **state)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct task_struct *thread;

	kit_clock_hold(0);
	thread = kthread_run(finish_late, &done, "late");
	assert_int_equal(wait_for_completion_timeout(&done, 59 * HZ), 0);
	assert_int_equal(ktime_get_ns(), 59 * NSEC_PER_SEC);
	wait_for_completion(&done);
	assert_int_equal(ktime_get_ns(), 60 * NSEC_PER_SEC);
	kthread_stop(thread);
}

struct late_work {
	struct delayed_work work;
	u64 when;
};

static void note_the_time(struct work_struct *work)
{
	WRITE_ONCE(container_of(to_delayed_work(work), struct late_work, work)->when,
		   ktime_get_ns());
}

static void delayed_work_runs_to_the_nanosecond(void **state)
{
	struct workqueue_struct *queue;
	struct late_work late = {};

	kit_clock_hold(0);
	queue = alloc_workqueue("late", WQ_UNBOUND, 0);
	INIT_DELAYED_WORK(&late.work, note_the_time);
	queue_delayed_work(queue, &late.work, 10 * HZ);
	kit_clock_advance(10 * NSEC_PER_SEC - 1);
	assert_int_equal(READ_ONCE(late.when), 0);
	kit_clock_advance(NSEC_PER_SEC);
	assert_int_equal(READ_ONCE(late.when), 10 * NSEC_PER_SEC);
	destroy_workqueue(queue);
}

CASE(clock_held_too_late, BOTH, "hold the clock before any thread is started")
{
	kthread_run(idle, NULL, "idle");
	kit_clock_hold(0);
}

/* ---------------------------------------------------------------- signals, chance, the log */

static int wait_for_signal(void *data)
{
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(queue);
	int error = wait_event_interruptible(queue, kthread_should_stop());

	complete(data);
	kit_signal_clear();
	while (!kthread_should_stop())
		msleep(1);
	return error;
}

static void a_signal_ends_a_wait(void **state)
{
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(queue);
	DECLARE_COMPLETION_ONSTACK(done);
	struct task_struct *thread = kthread_run(wait_for_signal, &done, "waiting");

	while (READ_ONCE(thread->__state) != TASK_INTERRUPTIBLE)
		usleep(100);
	kit_signal(thread);
	wait_for_completion(&done);
	assert_int_equal(kthread_stop(thread), -ERESTARTSYS);

	kit_signal(NULL);
	assert_int_equal(wait_event_interruptible(queue, false), -ERESTARTSYS);
	assert_int_equal(wait_event_timeout(queue, false, 1), 0);
	assert_int_equal(wait_for_completion_interruptible(&done), -ERESTARTSYS);
	kit_signal_clear();
	assert_int_equal(wait_event_interruptible_timeout(queue, false, 1), 0);
}

static void the_log_can_be_read(void **state)
{
	pr_info("queue %d: %s\n", 7, "ready");
	pr_debug("nothing of this\n");
	pr_warn("");
	for (int i = 0; i < 3; i++)
		pr_info_once("once\n");
	assert_string_equal(kit_log(), "queue 7: ready\nonce\n");
}

static void chance_repeats_itself(void **state)
{
	u64 a, b;

	kit_random_seed(5);
	a = get_random_u64();
	b = get_random_u64();
	assert_true(a != b);
	kit_random_seed(5);
	assert_true(get_random_u64() == a && get_random_u64() == b);
}

static void processors_are_as_many_as_wanted(void **state)
{
	assert_int_equal(num_online_cpus(), 4);
	kit_set_cpus(2);
	assert_int_equal(num_online_cpus(), 2);
	assert_false(cpu_online(2));
}

/* ---------------------------------------------------------------- */

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		kit_test(each_allocation_fails_in_turn),
		kit_test(one_allocation_fails),
		kit_test(time_stands_still),
		kit_test(the_holder_sleeps_at_no_cost),
		kit_test(threads_sleep_by_the_held_clock),
		kit_test(waiting_for_a_sleeper_moves_the_clock),
		kit_test(delayed_work_runs_to_the_nanosecond),
		kit_test(a_signal_ends_a_wait),
		kit_test(the_log_can_be_read),
		kit_test(chance_repeats_itself),
		kit_test(processors_are_as_many_as_wanted),
	};

	return kit_cases_main(argc, argv, tests, ARRAY_SIZE(tests));
}
