// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread for each engine: when it looks, where it runs, and how it waits. Not what it does.
 *
 * Nobody tells an engine that a doorbell was written, so it looks: all the time while there was something to do a
 * moment ago, then in sleeps that grow by a quarter each, up to a bound. So it notices a doorbell after a fifth of the time
 * that it was idle before, and never later than the bound. A command whose time is known to come is not slept through.
 *
 * An engine is bound to its CPU while that is online. When the CPU goes, it runs elsewhere until it returns.
 */
#include <linux/cpuhotplug.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "device.h"

/* Waking up takes about so long; less is not worth sleeping for. In ns. */
#define BX_SLEEP_LEAST 20000

static enum cpuhp_state hotplug_state;

static void sleep_for(struct bx_thread *thread, u64 ns)
{
	struct bx_engine_stats *stats = &thread->engine->stats;
	ktime_t timeout = ns_to_ktime(ns);
	u64 from = ktime_get_ns();

	/* Who wakes sets `woken' first; setting the state is a full barrier, so either it is seen or the state is. */
	set_current_state(TASK_IDLE);
	if (!READ_ONCE(thread->woken) && !kthread_should_stop() && !kthread_should_park())
		schedule_hrtimeout_range(&timeout, ns / 16, HRTIMER_MODE_REL);
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(stats->slept_ns, stats->slept_ns + ktime_get_ns() - from);
}

/* Waits, until @next at the latest; how long the last sleep was is in *step, 0 if it was none. */
static void wait_for(struct bx_thread *thread, u64 busy, u64 next, u64 *step)
{
	const struct bx_idle *idle = &thread->device->options->idle;
	u64 now = ktime_get_ns(), most = READ_ONCE(idle->max), ns;

	if (now - busy < READ_ONCE(idle->spin) || next <= now + BX_SLEEP_LEAST) {
		cpu_relax();
		return;
	}
	ns = *step ? *step + *step / 4 + 1 : READ_ONCE(idle->step);
	ns = clamp_t(u64, ns, 1, max_t(u64, most, 1));
	*step = ns;
	if (next != U64_MAX)
		ns = min(ns, next - now - BX_SLEEP_LEAST);
	sleep_for(thread, ns);
}

static int thread_main(void *data)
{
	struct bx_thread *thread = data;
	u64 busy = ktime_get_ns(), step = 0, next;

	/* What a pass allocates must not wait for a disk: that may be this one. Nor is it frozen before its driver has suspended. */
	memalloc_noio_save();
	while (!kthread_should_stop()) {
		if (kthread_should_park()) {
			kthread_parkme();
			continue; /* perhaps to stop: the host has its memory back by then */
		}

		WRITE_ONCE(thread->woken, false);
		smp_mb(); /* what was there to be woken for is seen in the pass */
		next = bx_engine_pass(thread->engine);
		if (next) {
			wait_for(thread, busy, next, &step);
		} else {
			busy = ktime_get_ns();
			step = 0;
		}
		cond_resched_tasks_rcu_qs();
	}
	return 0;
}

void bx_thread_wake(struct bx_engine *engine)
{
	struct bx_thread *thread;

	rcu_read_lock(); /* as long as this is held, the thread is not stopped */
	thread = READ_ONCE(engine->thread);
	if (thread) {
		WRITE_ONCE(thread->woken, true);
		smp_mb(); /* pairs with the one of set_current_state() */
		wake_up_process(thread->task);
	}
	rcu_read_unlock();
}

bool bx_thread_reaching(struct bx_engine *engine)
{
	struct bx_thread *thread;
	bool alive;

	if (!bx_engine_reaching(engine))
		return false;
	rcu_read_lock();
	thread = READ_ONCE(engine->thread);
	alive = thread && !(READ_ONCE(thread->task->flags) & PF_EXITING);
	rcu_read_unlock();
	return alive;
}

/* ---- CPUs come and go */

static int cpu_came(unsigned int cpu, struct hlist_node *node)
{
	struct bx_thread *thread = hlist_entry(node, struct bx_thread, node);

	if (thread->cpu == cpu)
		set_cpus_allowed_ptr(thread->task, cpumask_of(cpu));
	return 0;
}

static int cpu_goes(unsigned int cpu, struct hlist_node *node)
{
	struct bx_thread *thread = hlist_entry(node, struct bx_thread, node);

	if (thread->cpu == cpu)
		set_cpus_allowed_ptr(thread->task, cpu_possible_mask);
	return 0;
}

int bx_threads_init(void)
{
	int ret = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "bx_emu:online", cpu_came, cpu_goes);

	if (ret < 0)
		return ret;
	hotplug_state = ret;
	return 0;
}

void bx_threads_exit(void)
{
	cpuhp_remove_multi_state(hotplug_state);
}

/* ---- making and unmaking them */

static int thread_create(struct bx_device *device, struct bx_thread *thread, unsigned int number,
			 int cpu)
{
	int node = cpu >= 0 ? cpu_to_node(cpu) : device->options->node;
	int ret;

	thread->device = device;
	thread->engine = &device->ctrl->engines[number];
	thread->cpu = cpu;
	thread->task = kthread_create_on_node(thread_main, thread, node, "bx_%s/%u",
					      device->options->name, number);
	if (IS_ERR(thread->task))
		return PTR_ERR(thread->task);
	/* It is there for who wakes or stops it, even if it has crashed. */
	get_task_struct(thread->task);
	if (cpu >= 0) {
		/* Before it has run: else it may choose for itself when it begins. */
		kthread_bind(thread->task, cpu);
		ret = cpuhp_state_add_instance(hotplug_state, &thread->node);
		if (ret) {
			kthread_stop(thread->task);
			put_task_struct(thread->task);
			return ret;
		}
	}
	WRITE_ONCE(thread->engine->thread, thread);
	wake_up_process(thread->task);
	return 0;
}

static void thread_destroy(struct bx_thread *thread)
{
	if (thread->cpu >= 0)
		cpuhp_state_remove_instance(hotplug_state, &thread->node);
	WRITE_ONCE(thread->engine->thread, NULL);
	synchronize_rcu(); /* for who is waking it */
	kthread_stop(thread->task);
	put_task_struct(thread->task);
}

int bx_threads_create(struct bx_device *device)
{
	unsigned int i, count = device->ctrl->engine_count;
	int cpu = -1, ret;

	device->threads = kcalloc(count, sizeof(*device->threads), GFP_KERNEL);
	if (!device->threads)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		if (!cpumask_empty(&device->options->cpus))
			cpu = cpumask_next(cpu, &device->options->cpus);
		ret = thread_create(device, &device->threads[i], i, cpu);
		if (ret)
			goto err_threads;
		device->thread_count = i + 1;
	}
	return 0;

err_threads:
	bx_threads_destroy(device);
	return ret;
}

void bx_threads_destroy(struct bx_device *device)
{
	while (device->thread_count)
		thread_destroy(&device->threads[--device->thread_count]);
	kfree(device->threads);
	device->threads = NULL;
}

void bx_threads_pause(struct bx_device *device)
{
	unsigned int i;

	for (i = 0; i < device->thread_count; i++)
		kthread_park(device->threads[i].task);
}

void bx_threads_resume(struct bx_device *device)
{
	unsigned int i;

	for (i = 0; i < device->thread_count; i++)
		kthread_unpark(device->threads[i].task);
}
