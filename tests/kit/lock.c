// SPDX-License-Identifier: GPL-2.0-or-later
/* Locks of the stand-in kernel, and what a thread may do while it holds one. */
#include "private.h"

#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/smp.h>

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(((struct kit_lock *)0)->host), "");
_Static_assert(sizeof(pthread_rwlock_t) <= sizeof(((struct kit_lock *)0)->host), "");

#define USED_IN_IRQ  1u
#define USED_IRQS_ON 2u

__thread struct kit_self kit_self;

#ifdef __SANITIZE_THREAD__
int kit_fence;
#endif

/* In the thread sanitizer's runtime library only. */
__attribute__((__weak__)) void __tsan_mutex_destroy(void *lock, unsigned int flags);

static pthread_mutex_t *mutex_of(struct kit_lock *lock)
{
	return (pthread_mutex_t *)lock->host;
}

static pthread_rwlock_t *rwlock_of(struct kit_lock *lock)
{
	return (pthread_rwlock_t *)lock->host;
}

static int held_index(const struct kit_lock *lock)
{
	for (unsigned int i = 0; i < kit_self.held_count; i++)
		if (kit_self.held[i].lock == lock)
			return i;
	return -1;
}

const char *kit_held_within(const void *block, size_t size)
{
	for (unsigned int i = 0; i < kit_self.held_count; i++) {
		uintptr_t lock = (uintptr_t)kit_self.held[i].lock;

		if (lock >= (uintptr_t)block && lock - (uintptr_t)block < size)
			return kit_self.held[i].where;
	}
	return NULL;
}

void kit_context_reset(void)
{
	memset(&kit_self, 0, sizeof(kit_self));
}

void kit_lock_init(struct kit_lock *lock, enum kit_lock_kind kind, const char *name)
{
	if (held_index(lock) >= 0)
		kit_bug(name, "a lock is initialized while it is held");
	/* The memory may have held another lock; its history is not that of the new one. */
	if (__tsan_mutex_destroy)
		__tsan_mutex_destroy(lock->host, 0);
	memset(lock, 0, sizeof(*lock));
	lock->magic = KIT_LOCK_MAGIC;
	lock->kind = kind;
	lock->name = name;
	lock->initialized = true;
}

/* Where the linker puts what is static. */
extern char __data_start[], _end[];

static void check_lifetime(struct kit_lock *lock, const char *where)
{
	if (__atomic_exchange_n(&lock->initialized, true, __ATOMIC_RELAXED))
		return;
	if ((char *)lock < __data_start || (char *)lock >= _end)
		kit_warn(where, "%s is initialized as only a static lock can be, and is not static",
			 lock->name);
}

void kit_lock_destroy(struct kit_lock *lock)
{
	if (kit_lock_is_locked(lock))
		kit_warn(lock->name, "a lock is destroyed while it is held");
	lock->magic = 0;
}

static void check_irq_usage(struct kit_lock *lock, const char *where)
{
	unsigned int usage = kit_self.in_irq ? USED_IN_IRQ : kit_self.irqs_off ? 0 : USED_IRQS_ON;
	unsigned int before;

	if (!usage)
		return;
	before = __atomic_fetch_or(&lock->usage, usage, __ATOMIC_RELAXED);
	if ((before | usage) == (USED_IN_IRQ | USED_IRQS_ON) && before != (before | usage))
		kit_warn(where,
			 "%s is taken in interrupt handlers, and elsewhere with interrupts on",
			 lock->name);
}

bool kit_lock(struct kit_lock *lock, bool shared, bool try, const char *where)
{
	int error;

	if (lock->magic != KIT_LOCK_MAGIC)
		kit_bug(where, "the lock at %p is not initialized", (void *)lock);
	check_lifetime(lock, where);
	if (held_index(lock) >= 0 && !try)
		kit_bug(where, "deadlock: this thread holds %s since %s", lock->name,
			kit_self.held[held_index(lock)].where);
	if (lock->kind == KIT_SPINLOCK) {
		check_irq_usage(lock, where);
		kit_self.atomic++;
	} else if (kit_self.in_irq) {
		kit_warn(where, "%s is taken in an interrupt handler", lock->name);
	} else if (!try) {
		kit_might_sleep(where);
	}

	if (lock->kind != KIT_RWSEM)
		error = try ? pthread_mutex_trylock(mutex_of(lock))
			    : pthread_mutex_lock(mutex_of(lock));
	else if (shared)
		error = try ? pthread_rwlock_tryrdlock(rwlock_of(lock))
			    : pthread_rwlock_rdlock(rwlock_of(lock));
	else
		error = try ? pthread_rwlock_trywrlock(rwlock_of(lock))
			    : pthread_rwlock_wrlock(rwlock_of(lock));
	if (error) {
		if (!try)
			kit_bug(where, "the lock at %p is broken", (void *)lock);
		if (lock->kind == KIT_SPINLOCK)
			kit_self.atomic--;
		return false;
	}

	if (kit_self.held_count == ARRAY_SIZE(kit_self.held))
		kit_bug(where, "too many locks are held at once");
	kit_self.held[kit_self.held_count].lock = lock;
	kit_self.held[kit_self.held_count].where = where;
	kit_self.held[kit_self.held_count++].shared = shared;
	if (!shared)
		__atomic_store_n(&lock->owner, &kit_self, __ATOMIC_RELAXED);
	return true;
}

void kit_unlock(struct kit_lock *lock, bool shared, const char *where)
{
	int i = held_index(lock);
	bool spin;

	if (lock->magic != KIT_LOCK_MAGIC)
		kit_bug(where, "the lock at %p is not initialized", (void *)lock);
	if (i < 0)
		kit_bug(where, "%s is released by a thread that does not hold it", lock->name);
	if (kit_self.held[i].shared != shared)
		kit_bug(where, "%s was taken %s, and is released as if it were not", lock->name,
			shared ? "for writing" : "for reading");
	kit_self.held_count--;
	memmove(&kit_self.held[i], &kit_self.held[i + 1],
		(kit_self.held_count - i) * sizeof(kit_self.held[0]));
	if (!shared)
		__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);

	/* Behind the release the lock may be gone. */
	spin = lock->kind == KIT_SPINLOCK;
	if (lock->kind != KIT_RWSEM)
		pthread_mutex_unlock(mutex_of(lock));
	else
		pthread_rwlock_unlock(rwlock_of(lock));
	if (spin)
		kit_self.atomic--;
}

bool kit_lock_is_held(const struct kit_lock *lock)
{
	return held_index(lock) >= 0;
}

bool kit_lock_is_locked(const struct kit_lock *lock)
{
	struct kit_lock *l = (struct kit_lock *)lock;

	if (lock->kind != KIT_RWSEM)
		return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != NULL;
	if (kit_lock_is_held(lock) || pthread_rwlock_trywrlock(rwlock_of(l)))
		return true;
	pthread_rwlock_unlock(rwlock_of(l));
	return false;
}

void kit_lock_assert_held(const struct kit_lock *lock, const char *where)
{
	if (!kit_lock_is_held(lock))
		kit_warn(where, "%s should be held here", lock->name ? lock->name : "a lock");
}

/* ---------------------------------------------------------------- contexts */

void preempt_disable(void)
{
	kit_self.atomic++;
}

void preempt_enable(void)
{
	if (!kit_self.atomic)
		kit_bug("preempt_enable()", "preemption is on");
	kit_self.atomic--;
}

/* The flags say whether interrupts were off before. */
unsigned long kit_irq_save(void)
{
	unsigned long before = kit_self.irqs_off;

	kit_self.irqs_off = 1;
	return before;
}

void kit_irq_restore(unsigned long flags)
{
	kit_self.irqs_off = flags;
}

bool irqs_disabled(void)
{
	return kit_self.irqs_off || kit_self.in_irq;
}

bool kit_in_irq(void)
{
	return kit_self.in_irq;
}

bool kit_in_atomic(void)
{
	return kit_self.atomic || kit_self.irqs_off || kit_self.in_irq;
}

void kit_irq_enter(void)
{
	if (kit_self.irqs_off)
		kit_bug("kit_irq_enter()", "interrupts are off");
	kit_self.in_irq++;
}

void kit_irq_exit(void)
{
	kit_self.in_irq--;
}

int kit_smp_processor_id(void)
{
	if (!kit_in_atomic())
		kit_warn("smp_processor_id()", "this thread may move to another processor");
	return 0;
}

void kit_might_sleep(const char *where)
{
	const char *since = kit_held_within(NULL, SIZE_MAX);

	if (kit_in_atomic())
		kit_warn(where, "sleeping function called from invalid context (%s%s)",
			 kit_self.in_irq     ? "in an interrupt handler"
			 : since	     ? "a lock is held since "
			 : kit_self.irqs_off ? "interrupts are off"
					     : "preemption is off",
			 !kit_self.in_irq && since ? since : "");
	else if (READ_ONCE(current->__state) != TASK_RUNNING)
		kit_warn(where, "do not call blocking ops when !TASK_RUNNING");
}
