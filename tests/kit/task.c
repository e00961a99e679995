// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads of the stand-in kernel: how they sleep and wake, and the clock that they sleep by.
 *
 * The clock is the machine's until a test holds it. Then it moves only by what the test advances it,
 * and, while that thread itself sleeps, from one moment to the next that any thread sleeps for.
 */
#include "private.h"

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/wait.h>

#define TICK	 (NSEC_PER_SEC / HZ)
/* How long, in real time, the clock waits for threads that do not sleep: the machine may be busy. */
#define PATIENCE NSEC_PER_SEC

/* `now' counts only while there is a holder; otherwise it is the machine's time plus an offset. */
static struct {
	pthread_mutex_t lock;
	struct kit_task *holder;
	struct kit_task *sleepers;
	u64 now;
	u64 offset;
} held_clock = { .lock = PTHREAD_MUTEX_INITIALIZER };

static unsigned int live_threads;
/* The same, and those that have ended but not yet let go of their memory. */
static unsigned int host_threads;
/* Kernel threads that do something. */
static unsigned int awake_threads;
static int last_pid = 1;

static __thread struct kit_task own_task;
static __thread struct kit_task *current_task;

static struct kit_task *self(void)
{
	if (!current_task) {
		pthread_mutex_init(&own_task.lock, NULL);
		pthread_cond_init(&own_task.wake, NULL);
		own_task.references = 1;
		own_task.task.pid = __atomic_add_fetch(&last_pid, 1, __ATOMIC_RELAXED);
		strcpy(own_task.task.comm, "test");
		current_task = &own_task;
	}
	return current_task;
}

static struct kit_task *to_kit(struct task_struct *task)
{
	return container_of(task, struct kit_task, task);
}

struct task_struct *kit_current(void)
{
	return &self()->task;
}

/* ---------------------------------------------------------------- time */

static u64 machine_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static struct kit_task *holder(void)
{
	return __atomic_load_n(&held_clock.holder, __ATOMIC_ACQUIRE);
}

static u64 clock_now(void)
{
	return __atomic_load_n(&held_clock.now, __ATOMIC_RELAXED);
}

u64 ktime_get_ns(void)
{
	if (holder())
		return clock_now();
	return machine_ns() + __atomic_load_n(&held_clock.offset, __ATOMIC_RELAXED);
}

/* A date that anybody can tell from the time since the start. */
u64 ktime_get_real_ns(void)
{
	return ktime_get_ns() + 1700000000ull * NSEC_PER_SEC;
}

unsigned long kit_jiffies(void)
{
	return INITIAL_JIFFIES + ktime_get_ns() / TICK;
}

void kit_yield(void)
{
	sched_yield();
}

void kit_settle(void)
{
	u64 end = machine_ns() + PATIENCE;

	while (__atomic_load_n(&awake_threads, __ATOMIC_ACQUIRE) && machine_ns() < end)
		usleep(20);
}

static bool wake(struct kit_task *task, unsigned int states)
{
	bool woken;

	pthread_mutex_lock(&task->lock);
	woken = __atomic_load_n(&task->task.__state, __ATOMIC_SEQ_CST) & states;
	if (woken) {
		WRITE_ONCE(task->task.__state, TASK_RUNNING);
		if (task->asleep) {
			task->asleep = false;
			if (task->is_thread)
				__atomic_fetch_add(&awake_threads, 1, __ATOMIC_RELAXED);
		}
		pthread_cond_signal(&task->wake);
	}
	pthread_mutex_unlock(&task->lock);
	return woken;
}

/* The next moment that somebody sleeps for; the clock's lock is held. */
static u64 next_deadline(void)
{
	u64 next = KIT_NEVER;

	for (struct kit_task *task = held_clock.sleepers; task; task = task->next_sleeper)
		if (task->deadline < next)
			next = task->deadline;
	return next;
}

/* Wakes those whose moment has come; the clock's lock is held. */
static void move_clock(u64 now)
{
	struct kit_task **link = &held_clock.sleepers, *task;

	__atomic_store_n(&held_clock.now, now, __ATOMIC_RELAXED);
	while ((task = *link) != NULL) {
		if (task->deadline > now) {
			link = &task->next_sleeper;
			continue;
		}
		*link = task->next_sleeper;
		task->deadline = KIT_NEVER;
		wake(task, ~0u);
	}
}

static void add_sleeper(struct kit_task *task, u64 deadline)
{
	pthread_mutex_lock(&held_clock.lock);
	task->deadline = deadline;
	task->next_sleeper = held_clock.sleepers;
	held_clock.sleepers = task;
	if (deadline <= clock_now())
		move_clock(clock_now());
	pthread_mutex_unlock(&held_clock.lock);
}

static void remove_sleeper(struct kit_task *task)
{
	pthread_mutex_lock(&held_clock.lock);
	for (struct kit_task **link = &held_clock.sleepers; *link; link = &(*link)->next_sleeper) {
		if (*link == task) {
			*link = task->next_sleeper;
			break;
		}
	}
	pthread_mutex_unlock(&held_clock.lock);
}

/* The lock of the task is held; waits for its condition, until a moment of the machine's clock. */
static void wait_for_wake(struct kit_task *me, u64 machine_end)
{
	struct timespec end = { .tv_sec = machine_end / NSEC_PER_SEC,
				.tv_nsec = machine_end % NSEC_PER_SEC };

	if (!me->asleep && me->task.__state != TASK_RUNNING) {
		me->asleep = true;
		if (me->is_thread)
			__atomic_fetch_sub(&awake_threads, 1, __ATOMIC_RELEASE);
	}
	if (machine_end == KIT_NEVER)
		pthread_cond_wait(&me->wake, &me->lock);
	else
		pthread_cond_clockwait(&me->wake, &me->lock, CLOCK_MONOTONIC, &end);
}

static bool is_asleep(struct kit_task *me)
{
	return __atomic_load_n(&me->task.__state, __ATOMIC_SEQ_CST) != TASK_RUNNING;
}

/* The clock's holder sleeps, so the clock runs: step by step, whenever nobody has anything to do. */
static void sleep_and_move(struct kit_task *me, u64 deadline)
{
	pthread_mutex_lock(&me->lock);
	while (is_asleep(me) && holder() == me && clock_now() < deadline) {
		u64 next;

		pthread_mutex_unlock(&me->lock);
		kit_settle();
		pthread_mutex_lock(&me->lock);
		if (!is_asleep(me))
			break;
		pthread_mutex_unlock(&me->lock);

		pthread_mutex_lock(&held_clock.lock);
		next = next_deadline();
		if (next > deadline)
			next = deadline;
		if (next != KIT_NEVER)
			move_clock(next > clock_now() ? next : clock_now());
		pthread_mutex_unlock(&held_clock.lock);

		pthread_mutex_lock(&me->lock);
		if (next == KIT_NEVER && is_asleep(me))
			wait_for_wake(me, machine_ns() + NSEC_PER_MSEC);
	}
	pthread_mutex_unlock(&me->lock);
}

static void sleep_by_clock(struct kit_task *me, u64 deadline)
{
	struct kit_task *owner = holder();
	u64 machine_end = KIT_NEVER;

	if (owner == me) {
		sleep_and_move(me, deadline);
		return;
	}
	if (owner && deadline != KIT_NEVER)
		add_sleeper(me, deadline);
	else if (deadline != KIT_NEVER)
		machine_end = deadline - __atomic_load_n(&held_clock.offset, __ATOMIC_RELAXED);

	pthread_mutex_lock(&me->lock);
	while (is_asleep(me) && (machine_end == KIT_NEVER || machine_ns() < machine_end))
		wait_for_wake(me, machine_end);
	pthread_mutex_unlock(&me->lock);
	if (owner && deadline != KIT_NEVER)
		remove_sleeper(me);
}

void kit_sleep_until(u64 deadline)
{
	struct kit_task *me = self();

	sleep_by_clock(me, deadline);
	pthread_mutex_lock(&me->lock);
	WRITE_ONCE(me->task.__state, TASK_RUNNING);
	if (me->asleep && me->is_thread)
		__atomic_fetch_add(&awake_threads, 1, __ATOMIC_RELAXED);
	me->asleep = false;
	pthread_mutex_unlock(&me->lock);
}

void kit_clock_hold(u64 ns)
{
	if (kit_threads())
		kit_bug("kit_clock_hold()", "hold the clock before any thread is started");
	__atomic_store_n(&held_clock.now, ns, __ATOMIC_RELAXED);
	__atomic_store_n(&held_clock.holder, self(), __ATOMIC_RELEASE);
}

void kit_clock_advance(u64 ns)
{
	u64 end = clock_now() + ns;

	if (holder() != self())
		kit_bug("kit_clock_advance()", "the clock is not held by this thread");
	for (;;) {
		u64 next;

		kit_settle();
		pthread_mutex_lock(&held_clock.lock);
		next = next_deadline();
		move_clock(next < end ? next : end);
		pthread_mutex_unlock(&held_clock.lock);
		if (next >= end)
			break;
	}
	kit_settle();
}

/* Time goes on from where it stands. Who sleeps by the held clock is woken, to look again. */
void kit_clock_release(void)
{
	if (holder() != self())
		return;
	pthread_mutex_lock(&held_clock.lock);
	__atomic_store_n(&held_clock.offset, clock_now() - machine_ns(), __ATOMIC_RELAXED);
	__atomic_store_n(&held_clock.holder, NULL, __ATOMIC_RELEASE);
	move_clock(KIT_NEVER - 1);
	pthread_mutex_unlock(&held_clock.lock);
}

/* ---------------------------------------------------------------- sleeping */

long kit_schedule_timeout(long ticks, const char *where)
{
	u64 now = ktime_get_ns(), end = KIT_NEVER, left;

	if (kit_in_atomic())
		kit_warn(where, "scheduling while atomic");
	if (ticks != MAX_SCHEDULE_TIMEOUT)
		end = now + ticks * TICK;
	kit_sleep_until(end);
	if (end == KIT_NEVER)
		return ticks;
	now = ktime_get_ns();
	left = end > now ? DIV_ROUND_UP(end - now, TICK) : 0;
	return left;
}

void kit_schedule(const char *where)
{
	kit_schedule_timeout(MAX_SCHEDULE_TIMEOUT, where);
}

static void sleep_fully(u64 ns)
{
	u64 end = ktime_get_ns() + ns;

	while (ktime_get_ns() < end) {
		__set_current_state(TASK_UNINTERRUPTIBLE);
		kit_sleep_until(end);
	}
}

void kit_sleep_ns(u64 ns, const char *where)
{
	kit_might_sleep(where);
	sleep_fully(ns);
}

/* Allowed everywhere; with the clock held there is nothing to watch, so it sleeps after all. */
void kit_spin_ns(u64 ns)
{
	u64 end = ktime_get_ns() + ns;

	if (holder()) {
		sleep_fully(ns);
		return;
	}
	while (ktime_get_ns() < end)
		;
}

int wake_up_state(struct task_struct *task, unsigned int states)
{
	return wake(to_kit(task), states);
}

int wake_up_process(struct task_struct *task)
{
	return wake(to_kit(task), ~0u);
}

int signal_pending(struct task_struct *task)
{
	return __atomic_load_n(&to_kit(task)->signaled, __ATOMIC_RELAXED);
}

int kit_signal_pending_state(unsigned int state, struct task_struct *task)
{
	return state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL) && signal_pending(task);
}

void kit_signal(struct task_struct *task)
{
	struct kit_task *to = task ? to_kit(task) : self();

	__atomic_store_n(&to->signaled, true, __ATOMIC_SEQ_CST);
	wake(to, TASK_INTERRUPTIBLE | TASK_WAKEKILL);
}

void kit_signal_clear(void)
{
	__atomic_store_n(&self()->signaled, false, __ATOMIC_RELAXED);
}

/* ---------------------------------------------------------------- queues of sleepers */

void kit_init_waitqueue(struct wait_queue_head *queue, const char *name)
{
	kit_lock_init(&queue->lock.dep_map, KIT_SPINLOCK, name);
	INIT_LIST_HEAD(&queue->head);
}

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	return wake_up_state(entry->private, mode);
}

int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags,
			     void *key)
{
	int woken = default_wake_function(entry, mode, flags, key);

	if (woken)
		list_del_init(&entry->entry);
	return woken;
}

static void enqueue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	if (entry->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&entry->entry, &queue->head);
	else
		list_add(&entry->entry, &queue->head);
}

void add_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	enqueue(queue, entry);
	spin_unlock_irqrestore(&queue->lock, flags);
}

void remove_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	list_del(&entry->entry);
	spin_unlock_irqrestore(&queue->lock, flags);
}

static bool prepare(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state,
		    unsigned int kind)
{
	bool first = false;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (list_empty(&entry->entry)) {
		first = list_empty(&queue->head);
		entry->flags = kind;
		enqueue(queue, entry);
	}
	set_current_state(state);
	spin_unlock_irqrestore(&queue->lock, flags);
	return first;
}

void prepare_to_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state)
{
	prepare(queue, entry, state, 0);
}

bool prepare_to_wait_exclusive(struct wait_queue_head *queue, struct wait_queue_entry *entry,
			       int state)
{
	return prepare(queue, entry, state, WQ_FLAG_EXCLUSIVE);
}

void finish_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	unsigned long flags;

	__set_current_state(TASK_RUNNING);
	spin_lock_irqsave(&queue->lock, flags);
	if (!list_empty(&entry->entry))
		list_del_init(&entry->entry);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/* The lock of the queue is held. */
static int wake_queue(struct wait_queue_head *queue, unsigned int mode, int exclusive, void *key)
{
	struct wait_queue_entry *entry, *next;
	int left = exclusive;

	list_for_each_entry_safe(entry, next, &queue->head, entry) {
		bool counts = entry->flags & WQ_FLAG_EXCLUSIVE;

		if (entry->func(entry, mode, 0, key) && counts && !--left)
			break;
	}
	return exclusive - left;
}

int __wake_up(struct wait_queue_head *queue, unsigned int mode, int exclusive, void *key)
{
	unsigned long flags;
	int woken;

	spin_lock_irqsave(&queue->lock, flags);
	woken = wake_queue(queue, mode, exclusive, key);
	spin_unlock_irqrestore(&queue->lock, flags);
	return woken;
}

void complete(struct completion *event)
{
	unsigned long flags;

	spin_lock_irqsave(&event->wait.lock, flags);
	if (event->done != UINT_MAX)
		event->done++;
	wake_queue(&event->wait, TASK_NORMAL | TASK_WAKEKILL, 1, NULL);
	spin_unlock_irqrestore(&event->wait.lock, flags);
}

void complete_all(struct completion *event)
{
	unsigned long flags;

	spin_lock_irqsave(&event->wait.lock, flags);
	event->done = UINT_MAX;
	wake_queue(&event->wait, TASK_NORMAL | TASK_WAKEKILL, 0, NULL);
	spin_unlock_irqrestore(&event->wait.lock, flags);
}

bool try_wait_for_completion(struct completion *event)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&event->wait.lock, flags);
	done = event->done;
	if (done && event->done != UINT_MAX)
		event->done--;
	spin_unlock_irqrestore(&event->wait.lock, flags);
	return done;
}

bool completion_done(struct completion *event)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&event->wait.lock, flags);
	done = event->done;
	spin_unlock_irqrestore(&event->wait.lock, flags);
	return done;
}

long kit_wait_for_completion(struct completion *event, unsigned int state, long ticks,
			     const char *where)
{
	DEFINE_WAIT(entry);
	long left = ticks;

	kit_might_sleep(where);
	for (;;) {
		prepare_to_wait_exclusive(&event->wait, &entry, state);
		if (try_wait_for_completion(event)) {
			left = left ? left : 1;
			break;
		}
		if (!left)
			break;
		if (signal_pending_state(state, current)) {
			left = -ERESTARTSYS;
			break;
		}
		left = schedule_timeout(left);
	}
	finish_wait(&event->wait, &entry);
	return left;
}

/* ---------------------------------------------------------------- kernel threads */

unsigned int kit_threads(void)
{
	return __atomic_load_n(&live_threads, __ATOMIC_ACQUIRE);
}

struct task_struct *get_task_struct(struct task_struct *task)
{
	__atomic_fetch_add(&to_kit(task)->references, 1, __ATOMIC_RELAXED);
	return task;
}

void put_task_struct(struct task_struct *task)
{
	if (__atomic_sub_fetch(&to_kit(task)->references, 1, __ATOMIC_ACQ_REL) == 0)
		kit_delete(to_kit(task), KIT_OTHER, NULL, "put_task_struct()");
}

static void *thread_main(void *data)
{
	struct kit_task *me = data;
	const char *lock;

	current_task = me;
	/* It is born asleep, and is not counted before somebody wakes it. */
	pthread_mutex_lock(&me->lock);
	while (is_asleep(me))
		pthread_cond_wait(&me->wake, &me->lock);
	pthread_mutex_unlock(&me->lock);

	me->result = -EINTR;
	if (!kthread_should_stop())
		me->result = me->run(me->data);

	lock = kit_held_within(NULL, SIZE_MAX);
	if (lock)
		kit_warn(me->task.comm, "the thread ended with a lock held: %s", lock);
	else if (kit_in_atomic())
		kit_warn(me->task.comm, "the thread ended with preemption or interrupts off");
	__atomic_fetch_sub(&live_threads, 1, __ATOMIC_RELEASE);
	complete_all(&me->exited);
	__atomic_fetch_sub(&awake_threads, 1, __ATOMIC_RELEASE);
	put_task_struct(&me->task);
	__atomic_fetch_sub(&host_threads, 1, __ATOMIC_RELAXED);
	return NULL;
}

void kit_reap_threads(void)
{
	while (__atomic_load_n(&host_threads, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&live_threads, __ATOMIC_RELAXED))
		usleep(20);
}

struct task_struct *kit_kthread_create(int (*run)(void *data), void *data, const char *where,
				       const char *name, ...)
{
	struct kit_task *thread;
	pthread_attr_t attributes;
	pthread_t host;
	va_list args;
	int error;

	thread = kit_new(sizeof(*thread), 64, GFP_KERNEL | __GFP_ZERO, KIT_OTHER, NULL, where);
	if (!thread)
		return ERR_PTR(-ENOMEM);
	va_start(args, name);
	kit_vsnprintf(thread->task.comm, sizeof(thread->task.comm), name, args);
	va_end(args);
	thread->task.pid = __atomic_add_fetch(&last_pid, 1, __ATOMIC_RELAXED);
	thread->task.__state = TASK_UNINTERRUPTIBLE;
	thread->references = 1;
	thread->is_thread = true;
	thread->asleep = true;
	thread->run = run;
	thread->data = data;
	pthread_mutex_init(&thread->lock, NULL);
	pthread_cond_init(&thread->wake, NULL);
	init_completion(&thread->exited);

	__atomic_fetch_add(&host_threads, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&live_threads, 1, __ATOMIC_RELAXED);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&host, &attributes, thread_main, thread);
	pthread_attr_destroy(&attributes);
	if (error)
		kit_bug(where, "the machine has no thread left");
	return &thread->task;
}

bool kthread_should_stop(void)
{
	struct kit_task *me = self();

	return me->is_thread && __atomic_load_n(&me->should_stop, __ATOMIC_ACQUIRE);
}

int kthread_stop(struct task_struct *task)
{
	struct kit_task *thread = to_kit(task);
	int result;

	get_task_struct(task);
	__atomic_store_n(&thread->should_stop, true, __ATOMIC_SEQ_CST);
	wake_up_process(task);
	wait_for_completion(&thread->exited);
	result = thread->result;
	put_task_struct(task);
	kit_reap_threads();
	return result;
}

/* There is one processor, as far as anybody can see. */
void kthread_bind(struct task_struct *thread, unsigned int cpu)
{
	if (!(READ_ONCE(thread->__state) & TASK_UNINTERRUPTIBLE))
		kit_warn("kthread_bind()", "the thread runs already");
}

void kit_task_begin(void)
{
	struct kit_task *me = self();

	kit_clock_release();
	__atomic_store_n(&held_clock.offset, 0, __ATOMIC_RELAXED);
	me->signaled = false;
	WRITE_ONCE(me->task.__state, TASK_RUNNING);
}
