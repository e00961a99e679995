// SPDX-License-Identifier: GPL-2.0-only
/* Locks, threads, work and time. */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "selftest.h"

static DEFINE_SPINLOCK(a_spinlock);
static DEFINE_MUTEX(a_mutex);
static DECLARE_RWSEM(a_rwsem);

static int locks(void)
{
	spinlock_t spin;
	struct mutex mutex;
	struct rw_semaphore sem;
	unsigned long flags;

	spin_lock_init(&spin);
	mutex_init(&mutex);
	init_rwsem(&sem);

	spin_lock(&spin);
	lockdep_assert_held(&spin);
	assert_spin_locked(&spin);
	EXPECT(spin_is_locked(&spin) && !spin_trylock(&spin));
	spin_unlock(&spin);
	EXPECT(spin_trylock(&spin));
	spin_unlock(&spin);
	spin_lock_irqsave(&a_spinlock, flags);
	EXPECT(irqs_disabled());
	spin_unlock_irqrestore(&a_spinlock, flags);
	EXPECT(!irqs_disabled());
	spin_lock_irq(&a_spinlock);
	EXPECT(irqs_disabled());
	spin_unlock_irq(&a_spinlock);
	EXPECT(!irqs_disabled());

	mutex_lock(&a_mutex);
	EXPECT(mutex_is_locked(&a_mutex) && !mutex_trylock(&a_mutex));
	mutex_unlock(&a_mutex);
	EXPECT(mutex_trylock(&mutex));
	lockdep_assert_held(&mutex);
	mutex_unlock(&mutex);
	EXPECT(!mutex_lock_interruptible(&mutex));
	mutex_unlock(&mutex);
	EXPECT(!mutex_lock_killable(&mutex));
	mutex_unlock(&mutex);
	mutex_destroy(&mutex);

	down_read(&a_rwsem);
	EXPECT(rwsem_is_locked(&a_rwsem) && !down_write_trylock(&a_rwsem));
	up_read(&a_rwsem);
	down_write(&sem);
	EXPECT(!down_read_trylock(&sem));
	up_write(&sem);
	EXPECT(down_read_trylock(&sem));
	up_read(&sem);
	EXPECT(down_write_trylock(&sem));
	up_write(&sem);
	EXPECT(!rwsem_is_locked(&sem));
	return 0;
}

static int contexts(void)
{
	unsigned long flags;
	int cpu;

	EXPECT(in_task() && !in_hardirq() && !in_interrupt() && !irqs_disabled());
	might_sleep();
	cond_resched();
	local_irq_save(flags);
	EXPECT(irqs_disabled() && smp_processor_id() == raw_smp_processor_id());
	local_irq_restore(flags);
	EXPECT(!irqs_disabled());
	local_irq_disable();
	EXPECT(irqs_disabled());
	local_irq_enable();
	EXPECT(!irqs_disabled());
	cpu = get_cpu();
	EXPECT(cpu == smp_processor_id());
	put_cpu();
	preempt_disable();
	preempt_enable();
	EXPECT(current->pid > 0 && strnlen(current->comm, TASK_COMM_LEN) < TASK_COMM_LEN);
	EXPECT(!signal_pending(current) && !fatal_signal_pending(current));
	return 0;
}

static int time_units(void)
{
	ktime_t time = ktime_set(2, 5);

	EXPECT(ktime_to_ns(time) == 2 * NSEC_PER_SEC + 5 && ktime_to_us(time) == 2 * USEC_PER_SEC);
	EXPECT(ktime_to_ms(time) == 2 * MSEC_PER_SEC && ns_to_ktime(7) == 7);
	EXPECT(ms_to_ktime(3) == 3 * NSEC_PER_MSEC);
	EXPECT(ktime_add(time, 1) == time + 1 && ktime_sub(time, 1) == time - 1);
	EXPECT(ktime_add_ns(time, 5) - time == 5 && ktime_sub_ns(time, 5) == ktime_set(2, 0));
	EXPECT(ktime_add_us(0, 2) == 2000 && ktime_add_ms(0, 2) == 2000000);
	EXPECT(ktime_compare(1, 2) < 0 && ktime_after(2, 1) && ktime_before(1, 2));
	EXPECT(ktime_us_delta(5000, 1000) == 4 && ktime_ms_delta(5000000, 1000000) == 4);
	EXPECT(msecs_to_jiffies(1000) == HZ && msecs_to_jiffies(1) == 1 &&
	       usecs_to_jiffies(1) == 1);
	EXPECT(jiffies_to_msecs(HZ) == 1000 && jiffies_to_usecs(HZ) == 1000000);
	EXPECT(nsecs_to_jiffies(NSEC_PER_SEC) == HZ && msecs_to_jiffies(0) == 0);
	EXPECT(time_after(1ul, ULONG_MAX) && time_before(ULONG_MAX, 1ul));
	EXPECT(time_after_eq(1ul, 1ul) && time_before_eq(1ul, 1ul) && !time_after(1ul, 1ul));
	EXPECT(get_jiffies_64() > 0 && time_is_before_jiffies(jiffies - 1));
	EXPECT(time_is_after_jiffies(jiffies + HZ));
	EXPECT(NSEC_PER_MSEC == USEC_PER_MSEC * NSEC_PER_USEC);
	return 0;
}

static int time_passes(void)
{
	u64 start = ktime_get_ns(), real = ktime_get_real_ns(), boot = ktime_get_boottime_ns();
	unsigned long ticks = jiffies;

	msleep(20);
	/* It counts ticks, and those of a processor that was held back come late and all at once. */
	EXPECT(time_after_eq(jiffies, ticks + msecs_to_jiffies(20)));
	EXPECT(ktime_get_ns() - start >= NSEC_PER_MSEC);
	EXPECT(ktime_to_ns(ktime_get()) - start < 10 * NSEC_PER_SEC);
	EXPECT(time_after(jiffies, ticks));
	EXPECT(ktime_get_real_ns() > real && ktime_get_boottime_ns() > boot);
	start = ktime_get_ns();
	usleep_range(500, 1000);
	EXPECT(ktime_get_ns() - start >= 500 * NSEC_PER_USEC);
	start = ktime_get_ns();
	/* For how long depends on how busy the host of an emulated processor was when that counted its loops at boot. */
	udelay(200);
	mdelay(1);
	ndelay(100);
	EXPECT(ktime_get_ns() > start);
	start = ktime_get_ns();
	fsleep(10);
	EXPECT(ktime_get_ns() > start);
	EXPECT(ktime_get_raw_ns() > 0);
	start = ktime_get_ns();
	EXPECT(schedule_timeout_uninterruptible(3) == 0);
	EXPECT(ktime_get_ns() - start >= 2 * (NSEC_PER_SEC / HZ));
	EXPECT(schedule_timeout_interruptible(1) == 0);
	return 0;
}

/* ---------------------------------------------------------------- threads */

struct counter {
	atomic_t rounds;
	struct completion begun;
};

static int count_until_stopped(void *data)
{
	struct counter *counter = data;

	complete(&counter->begun);
	while (!kthread_should_stop()) {
		atomic_inc(&counter->rounds);
		usleep_range(100, 200);
	}
	return 42;
}

static int sleep_until_stopped(void *data)
{
	struct counter *counter = data;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		atomic_inc(&counter->rounds);
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int return_at_once(void *data)
{
	complete(data);
	return 3;
}

/* However busy the machine is: within ten seconds and more. */
static bool comes_to(atomic_t *number, int n)
{
	int i;

	for (i = 0; i < 10000 && atomic_read(number) < n; i++)
		msleep(1);
	return atomic_read(number) >= n;
}

static int threads(void)
{
	struct counter counter = {};
	struct completion begun;
	struct task_struct *thread;
	int i;

	init_completion(&counter.begun);
	thread = kthread_run(count_until_stopped, &counter, "bx_kit/%d", 7);
	EXPECT(!IS_ERR(thread) && !strcmp(thread->comm, "bx_kit/7"));
	wait_for_completion(&counter.begun);
	EXPECT(comes_to(&counter.rounds, 1));
	EXPECT(kthread_stop(thread) == 42);

	atomic_set(&counter.rounds, 0);
	thread = kthread_create(sleep_until_stopped, &counter, "bx_kit");
	EXPECT(!IS_ERR(thread));
	kthread_bind(thread, 0);
	EXPECT(wake_up_process(thread) == 1);
	EXPECT(comes_to(&counter.rounds, 1) && atomic_read(&counter.rounds) == 1);
	for (i = 0; i < 10000 && !wake_up_process(thread); i++)
		msleep(1);
	EXPECT(comes_to(&counter.rounds, 2) && atomic_read(&counter.rounds) == 2);
	EXPECT(kthread_stop(thread) == 0);

	/* One that never ran. */
	thread = kthread_create(sleep_until_stopped, &counter, "bx_kit");
	EXPECT(!IS_ERR(thread) && kthread_stop(thread) == -EINTR);

	/* One that is gone before it is stopped. */
	init_completion(&begun);
	thread = kthread_create_on_node(return_at_once, &begun, 0, "bx_kit");
	EXPECT(!IS_ERR(thread));
	get_task_struct(thread);
	wake_up_process(thread);
	wait_for_completion(&begun);
	EXPECT(kthread_stop(thread) == 3);
	put_task_struct(thread);
	return 0;
}

struct totals {
	int by_spinlock;
	int by_mutex;
	int by_rwsem;
	struct completion done;
};

static int add_under_locks(void *data)
{
	struct totals *totals = data;
	int i;

	for (i = 0; i < 1000; i++) {
		spin_lock(&a_spinlock);
		totals->by_spinlock++;
		spin_unlock(&a_spinlock);
		mutex_lock(&a_mutex);
		totals->by_mutex++;
		mutex_unlock(&a_mutex);
		down_write(&a_rwsem);
		totals->by_rwsem++;
		up_write(&a_rwsem);
	}
	complete(&totals->done);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static int threads_and_locks(void)
{
	struct totals totals = {};
	struct task_struct *a, *b;

	init_completion(&totals.done);
	a = kthread_run(add_under_locks, &totals, "bx_kit/a");
	b = kthread_run(add_under_locks, &totals, "bx_kit/b");
	EXPECT(!IS_ERR(a) && !IS_ERR(b));
	wait_for_completion(&totals.done);
	wait_for_completion(&totals.done);
	EXPECT(kthread_stop(a) == 0 && kthread_stop(b) == 0);
	EXPECT(totals.by_spinlock == 2000 && totals.by_mutex == 2000 && totals.by_rwsem == 2000);
	return 0;
}

/* ---------------------------------------------------------------- waiting */

struct baton {
	wait_queue_head_t queue;
	int turn;
	struct completion done;
};

static int take_turns(void *data)
{
	struct baton *baton = data;
	int i;

	for (i = 0; i < 100; i++) {
		wait_event(baton->queue, READ_ONCE(baton->turn) == 1);
		WRITE_ONCE(baton->turn, 0);
		wake_up(&baton->queue);
	}
	complete_all(&baton->done);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static DECLARE_WAIT_QUEUE_HEAD(nobody);

static int waiting(void)
{
	struct baton baton = { .turn = 0 };
	struct task_struct *thread;
	u64 start;
	int i;

	init_waitqueue_head(&baton.queue);
	init_completion(&baton.done);
	thread = kthread_run(take_turns, &baton, "bx_kit");
	EXPECT(!IS_ERR(thread));
	for (i = 0; i < 100; i++) {
		WRITE_ONCE(baton.turn, 1);
		wake_up_interruptible(&baton.queue);
		wake_up_all(&baton.queue);
		EXPECT(!wait_event_interruptible(baton.queue, READ_ONCE(baton.turn) == 0));
	}
	EXPECT(wait_for_completion_timeout(&baton.done, 10 * HZ) > 0);
	EXPECT(completion_done(&baton.done) && try_wait_for_completion(&baton.done));
	EXPECT(kthread_stop(thread) == 0);

	EXPECT(!waitqueue_active(&nobody) && !wq_has_sleeper(&nobody));
	start = ktime_get_ns();
	EXPECT(wait_event_timeout(nobody, false, 2) == 0);
	EXPECT(ktime_get_ns() - start >= NSEC_PER_SEC / HZ);
	EXPECT(wait_event_timeout(nobody, true, 5) == 5 &&
	       wait_event_timeout(nobody, true, 0) == 1);
	EXPECT(wait_event_interruptible_timeout(nobody, false, 1) == 0);
	EXPECT(!wait_event_killable(nobody, true));
	wait_event_idle(nobody, true);
	EXPECT(!wait_event_interruptible_exclusive(nobody, true));
	return 0;
}

static int waiting_by_hand(void)
{
	DEFINE_WAIT(entry);
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(queue);

	prepare_to_wait(&queue, &entry, TASK_UNINTERRUPTIBLE);
	EXPECT(waitqueue_active(&queue));
	wake_up(&queue);
	/* Woken before it slept: it does not sleep. */
	schedule();
	EXPECT(!waitqueue_active(&queue));
	finish_wait(&queue, &entry);
	EXPECT(prepare_to_wait_exclusive(&queue, &entry, TASK_INTERRUPTIBLE) || true);
	wake_up_nr(&queue, 1);
	schedule();
	finish_wait(&queue, &entry);
	wake_up_interruptible_all(&queue);
	EXPECT(!waitqueue_active(&queue));
	return 0;
}

static int completions(void)
{
	DECLARE_COMPLETION_ONSTACK(event);
	struct completion other;

	init_completion(&other);
	EXPECT(!completion_done(&event) && !try_wait_for_completion(&event));
	complete(&event);
	complete(&event);
	wait_for_completion(&event);
	EXPECT(completion_done(&event) && !wait_for_completion_interruptible(&event));
	EXPECT(!completion_done(&event) && wait_for_completion_timeout(&event, 1) == 0);
	complete_all(&event);
	EXPECT(!wait_for_completion_killable(&event));
	EXPECT(wait_for_completion_interruptible_timeout(&event, 1) > 0);
	reinit_completion(&event);
	EXPECT(!completion_done(&event) && !completion_done(&other));
	return 0;
}

/* ---------------------------------------------------------------- work */

struct job {
	struct work_struct work;
	struct delayed_work later;
	struct completion proceed;
	atomic_t runs;
	u64 when;
};

static void do_job(struct work_struct *work)
{
	atomic_inc(&container_of(work, struct job, work)->runs);
}

static void do_job_and_wait(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	atomic_inc(&job->runs);
	wait_for_completion(&job->proceed);
}

static void do_job_later(struct work_struct *work)
{
	struct job *job = container_of(to_delayed_work(work), struct job, later);

	WRITE_ONCE(job->when, ktime_get_ns());
	atomic_inc(&job->runs);
}

static int work(void)
{
	struct workqueue_struct *queue =
		alloc_workqueue("bx_kit_%s", WQ_UNBOUND | WQ_MEM_RECLAIM, 0, "w");
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	EXPECT(queue && job);
	INIT_WORK(&job->work, do_job);
	EXPECT(queue_work(queue, &job->work));
	flush_work(&job->work);
	EXPECT(atomic_read(&job->runs) == 1 && !work_pending(&job->work));
	EXPECT(!cancel_work_sync(&job->work) && !flush_work(&job->work));

	/* While it runs it can be queued once more, and only once. */
	init_completion(&job->proceed);
	INIT_WORK(&job->work, do_job_and_wait);
	queue_work(queue, &job->work);
	EXPECT(comes_to(&job->runs, 2));
	EXPECT(queue_work(queue, &job->work) && !queue_work(queue, &job->work));
	EXPECT(work_pending(&job->work) && cancel_work(&job->work) && !work_pending(&job->work));
	EXPECT(queue_work(queue, &job->work));
	complete_all(&job->proceed);
	flush_workqueue(queue);
	EXPECT(atomic_read(&job->runs) == 3);
	queue_work(queue, &job->work);
	drain_workqueue(queue);
	EXPECT(atomic_read(&job->runs) == 4);
	queue_work(queue, &job->work);
	destroy_workqueue(queue);
	EXPECT(atomic_read(&job->runs) == 5);
	kfree(job);
	return 0;
}

static int delayed_work(void)
{
	struct workqueue_struct *queue = alloc_ordered_workqueue("bx_kit", 0);
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	u64 start = ktime_get_ns();

	EXPECT(queue && job);
	INIT_DELAYED_WORK(&job->later, do_job_later);
	EXPECT(queue_delayed_work(queue, &job->later, msecs_to_jiffies(200)));
	EXPECT(delayed_work_pending(&job->later));
	EXPECT(!queue_delayed_work(queue, &job->later, 0) && !atomic_read(&job->runs));
	EXPECT(comes_to(&job->runs, 1) && READ_ONCE(job->when) - start >= 50 * NSEC_PER_MSEC);
	queue_delayed_work(queue, &job->later, 1000 * HZ);
	EXPECT(flush_delayed_work(&job->later) && atomic_read(&job->runs) == 2);
	queue_delayed_work(queue, &job->later, 1000 * HZ);
	EXPECT(mod_delayed_work(queue, &job->later, 1));
	EXPECT(comes_to(&job->runs, 3));
	EXPECT(!mod_delayed_work(queue, &job->later, 1000 * HZ));
	EXPECT(cancel_delayed_work_sync(&job->later) && !delayed_work_pending(&job->later));
	EXPECT(!cancel_delayed_work(&job->later) && atomic_read(&job->runs) == 3);
	destroy_workqueue(queue);
	kfree(job);
	return 0;
}

const struct bx_check bx_checks_threads[] = { { "locks", locks },
					      { "contexts", contexts },
					      { "time_units", time_units },
					      { "time_passes", time_passes },
					      { "threads", threads },
					      { "threads_and_locks", threads_and_locks },
					      { "waiting", waiting },
					      { "waiting_by_hand", waiting_by_hand },
					      { "completions", completions },
					      { "work", work },
					      { "delayed_work", delayed_work },
					      {} };
