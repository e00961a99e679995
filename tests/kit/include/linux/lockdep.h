/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: what every lock knows about itself.
 *
 * Reported are a lock that is not initialized, or that is initialized as only a static one can be
 * without being static; one that a thread takes twice, releases without holding it, or frees while
 * it is held; and a spinlock that is taken in an interrupt handler, and elsewhere with interrupts on.
 * Locks taken in two orders are left to the thread sanitizer.
 */
#ifndef KIT_LINUX_LOCKDEP_H
#define KIT_LINUX_LOCKDEP_H

#include <linux/stringify.h>
#include <linux/types.h>

enum kit_lock_kind {
	KIT_SPINLOCK,
	KIT_MUTEX,
	KIT_RWSEM,
};

/* `host' is a pthread_mutex_t or a pthread_rwlock_t, which are all zero when they are new. */
struct kit_lock {
	unsigned int magic;
	unsigned int kind;
	unsigned int usage;
	bool initialized;
	const char *name;
	void *owner;
	unsigned long host[7];
};

#define KIT_LOCK_MAGIC 0x10c4ed5fu
#define KIT_LOCK_INIT(lock_kind, lock_name)                                       \
	{                                                                         \
		.magic = KIT_LOCK_MAGIC, .kind = (lock_kind), .name = (lock_name) \
	}

void kit_lock_init(struct kit_lock *lock, enum kit_lock_kind kind, const char *name);
void kit_lock_destroy(struct kit_lock *lock);
/* `shared' is for rwsems only; with `try' the answer says whether it was taken. */
bool kit_lock(struct kit_lock *lock, bool shared, bool try, const char *where);
void kit_unlock(struct kit_lock *lock, bool shared, const char *where);
bool kit_lock_is_held(const struct kit_lock *lock);
bool kit_lock_is_locked(const struct kit_lock *lock);
void kit_lock_assert_held(const struct kit_lock *lock, const char *where);

/* Classes of locks are the real checker's business. */
struct lock_class_key {
	char kit_unused;
};
#define lockdep_set_class(lock, key) ((void)(lock), (void)(key))

#define lockdep_assert_held(lock)    kit_lock_assert_held(&(lock)->dep_map, KIT_HERE)
#define lockdep_is_held(lock)	     kit_lock_is_held(&(lock)->dep_map)

#endif
