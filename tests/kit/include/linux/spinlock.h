/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: spinlocks, made of mutexes, since there are more threads than processors here. */
#ifndef KIT_LINUX_SPINLOCK_H
#define KIT_LINUX_SPINLOCK_H

#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>

typedef struct spinlock {
	struct kit_lock dep_map;
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name)                            \
	{                                                     \
		.dep_map = KIT_LOCK_INIT(KIT_SPINLOCK, #name) \
	}
#define DEFINE_SPINLOCK(name)	 spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define spin_lock_init(lock)	 kit_lock_init(&(lock)->dep_map, KIT_SPINLOCK, #lock)

#define spin_lock(lock)		 ((void)kit_lock(&(lock)->dep_map, false, false, KIT_HERE))
#define spin_trylock(lock)	 kit_lock(&(lock)->dep_map, false, true, KIT_HERE)
#define spin_unlock(lock)	 kit_unlock(&(lock)->dep_map, false, KIT_HERE)
#define spin_is_locked(lock)	 kit_lock_is_locked(&(lock)->dep_map)
#define assert_spin_locked(lock) lockdep_assert_held(lock)

#define spin_lock_irqsave(lock, flags) \
	do {                           \
		local_irq_save(flags); \
		spin_lock(lock);       \
	} while (0)
#define spin_unlock_irqrestore(lock, flags) \
	do {                                \
		spin_unlock(lock);          \
		local_irq_restore(flags);   \
	} while (0)
#define spin_lock_irq(lock)          \
	do {                         \
		local_irq_disable(); \
		spin_lock(lock);     \
	} while (0)
#define spin_unlock_irq(lock)       \
	do {                        \
		spin_unlock(lock);  \
		local_irq_enable(); \
	} while (0)

#endif
