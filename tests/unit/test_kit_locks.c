// SPDX-License-Identifier: GPL-2.0-or-later
/* The kit catches what threads do wrong with locks, with sleeping, and with each other. See kit_cases.h. */
#include <kit/cmocka.h>

#include <unistd.h>

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "tests/unit/kit_cases.h"

/* ---------------------------------------------------------------- locks */

static DEFINE_SPINLOCK(spin);
static DEFINE_SPINLOCK(other_spin);
static DEFINE_MUTEX(mutex);
static DECLARE_RWSEM(sem);

CASE(sleep_with_a_spinlock, BOTH,
     "sleeping function called from invalid context (a lock is held since tests/unit/")
{
	spin_lock(&spin);
	msleep(1);
	spin_unlock(&spin);
}

CASE(blocking_allocation_with_a_spinlock, BOTH, "sleeping function called from invalid context")
{
	spin_lock(&spin);
	kfree(kmalloc(1, GFP_KERNEL));
	spin_unlock(&spin);
}

CASE(atomic_allocation_with_a_spinlock, BOTH, NULL)
{
	spin_lock(&spin);
	kfree(kmalloc(1, GFP_ATOMIC));
	kfree(kmalloc(1, GFP_NOWAIT));
	spin_unlock(&spin);
}

CASE(mutex_under_a_spinlock, BOTH, "sleeping function called from invalid context")
{
	spin_lock(&spin);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	spin_unlock(&spin);
}

CASE(sleep_without_preemption, BOTH,
     "sleeping function called from invalid context (preemption is off")
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

CASE(sleep_with_interrupts_off, BOTH,
     "sleeping function called from invalid context (interrupts are off")
{
	local_irq_disable();
	cond_resched();
	local_irq_enable();
}

CASE(sleep_in_an_interrupt, BOTH,
     "sleeping function called from invalid context (in an interrupt handler")
{
	kit_irq_enter();
	msleep(1);
	kit_irq_exit();
}

CASE(mutex_in_an_interrupt, BOTH, "mutex is taken in an interrupt handler")
{
	kit_irq_enter();
	if (mutex_trylock(&mutex))
		mutex_unlock(&mutex);
	kit_irq_exit();
}

CASE(wait_with_a_spinlock, BOTH, "sleeping function called from invalid context")
{
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(queue);

	spin_lock(&spin);
	wait_event(queue, true);
	spin_unlock(&spin);
}

CASE(sleep_while_about_to_sleep, BOTH, "do not call blocking ops when !TASK_RUNNING")
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	__set_current_state(TASK_RUNNING);
}

CASE(lock_twice, BOTH, "deadlock: this thread holds spin since tests/unit/test_kit*:")
{
	spin_lock(&spin);
	spin_lock(&spin);
}

CASE(mutex_twice, BOTH, "deadlock: this thread holds mutex since tests/unit/test_kit*:")
{
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}

CASE(read_and_then_write, BOTH, "deadlock: this thread holds sem since")
{
	down_read(&sem);
	down_write(&sem);
}

CASE(unlock_of_what_is_not_locked, BOTH, "spin is released by a thread that does not hold it")
{
	spin_unlock(&spin);
}

static int unlock_it(void *data)
{
	mutex_unlock(&mutex);
	return 0;
}

CASE(unlock_by_another_thread, BOTH, "mutex is released by a thread that does not hold it")
{
	mutex_lock(&mutex);
	kthread_run(unlock_it, NULL, "thief");
	msleep(1000);
}

CASE(write_lock_released_as_read_lock, BOTH, "sem was taken for writing, and is released")
{
	down_write(&sem);
	up_read(&sem);
}

CASE(lock_never_initialized, BOTH, "is not initialized")
{
	struct mutex *lock = kzalloc(sizeof(*lock), GFP_KERNEL);

	mutex_lock(lock);
}

CASE(lock_on_the_stack_as_if_static, BOTH, "on_stack is initialized as only a static lock can be")
{
	DEFINE_SPINLOCK(on_stack);

	spin_lock(&on_stack);
	spin_unlock(&on_stack);
}

CASE(lock_still_held, BOTH, "a lock is still held: tests/unit/test_kit*:")
{
	mutex_lock(&mutex);
}

CASE(lock_that_should_be_held, BOTH, "spin should be held here")
{
	lockdep_assert_held(&spin);
}

static int leave_with_a_lock(void *data)
{
	mutex_lock(&mutex);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

CASE(thread_ends_with_a_lock, BOTH, "the thread ended with a lock held: tests/unit/test_kit*:")
{
	struct task_struct *thread = kthread_run(leave_with_a_lock, NULL, "forgetful");

	while (!mutex_is_locked(&mutex))
		usleep(100);
	kthread_stop(thread);
}

CASE(interrupt_and_thread_share_a_lock, BOTH,
     "spin is taken in interrupt handlers, and elsewhere with")
{
	spin_lock(&spin);
	spin_unlock(&spin);
	kit_irq_enter();
	spin_lock(&spin);
	spin_unlock(&spin);
	kit_irq_exit();
}

CASE(interrupt_and_thread_share_a_lock_properly, BOTH, NULL)
{
	unsigned long flags;

	spin_lock_irqsave(&spin, flags);
	spin_unlock_irqrestore(&spin, flags);
	kit_irq_enter();
	assert_true(in_hardirq());
	spin_lock(&spin);
	spin_unlock(&spin);
	kit_irq_exit();
}

CASE(preemption_left_off, BOTH, "preemption or interrupts are still off")
{
	preempt_disable();
}

CASE(processor_that_may_change, BOTH, "this thread may move to another processor")
{
	kit_cases_sink = smp_processor_id();
}

CASE(locks_in_two_orders, TSAN, "ThreadSanitizer: lock-order-inversion")
{
	spin_lock(&spin);
	spin_lock(&other_spin);
	spin_unlock(&other_spin);
	spin_unlock(&spin);
	spin_lock(&other_spin);
	spin_lock(&spin);
	spin_unlock(&spin);
	spin_unlock(&other_spin);
}

/* ---------------------------------------------------------------- threads */

static int idle(void *data)
{
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static bool has_run;

static int return_at_once(void *data)
{
	WRITE_ONCE(has_run, true);
	return 0;
}

CASE(thread_not_stopped, BOTH, "1 kernel threads were not stopped")
{
	kthread_run(idle, NULL, "idle");
	msleep(10);
}

CASE(thread_stopped_that_is_gone, ASAN, "heap-use-after-free")
{
	struct task_struct *thread = kthread_run(return_at_once, NULL, "brief");

	while (!READ_ONCE(has_run))
		usleep(100);
	usleep(300000);
	kthread_stop(thread);
}

static void wait_for_oneself(struct work_struct *work)
{
	flush_work(work);
}

CASE(work_waits_for_itself, BOTH, "deadlock: a work waits for itself")
{
	struct workqueue_struct *queue = alloc_workqueue("queue", WQ_UNBOUND, 0);
	struct work_struct work;

	INIT_WORK(&work, wait_for_oneself);
	queue_work(queue, &work);
	msleep(1000);
}

static void do_nothing(struct work_struct *work)
{
}

CASE(queue_destroyed_with_delayed_work, BOTH,
     "the queue is destroyed while a work waits for its time")
{
	struct workqueue_struct *queue = alloc_workqueue("queue", WQ_UNBOUND, 0);
	struct delayed_work work;

	INIT_DELAYED_WORK(&work, do_nothing);
	queue_delayed_work(queue, &work, 1000);
	destroy_workqueue(queue);
}

CASE(work_not_initialized, BOTH, "a work that was not initialized is queued")
{
	struct workqueue_struct *queue = alloc_workqueue("queue", WQ_UNBOUND, 0);
	struct work_struct work = {};

	queue_work(queue, &work);
	destroy_workqueue(queue);
}

CASE(queue_not_destroyed, BOTH, "kernel threads were not stopped")
{
	struct workqueue_struct *queue = alloc_workqueue("queue", WQ_UNBOUND, 0);

	kit_cases_leaked = queue;
}
