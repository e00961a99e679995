/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: mutexes. */
#ifndef KIT_LINUX_MUTEX_H
#define KIT_LINUX_MUTEX_H

#include <linux/lockdep.h>

struct mutex {
	struct kit_lock dep_map;
};

#define __MUTEX_INITIALIZER(mutex_name)                          \
	{                                                        \
		.dep_map = KIT_LOCK_INIT(KIT_MUTEX, #mutex_name) \
	}
#define DEFINE_MUTEX(name)	       struct mutex name = __MUTEX_INITIALIZER(name)
#define mutex_init(lock)	       kit_lock_init(&(lock)->dep_map, KIT_MUTEX, #lock)
#define mutex_destroy(lock)	       kit_lock_destroy(&(lock)->dep_map)

#define mutex_lock(lock)	       ((void)kit_lock(&(lock)->dep_map, false, false, KIT_HERE))
#define mutex_trylock(lock)	       ((int)kit_lock(&(lock)->dep_map, false, true, KIT_HERE))
#define mutex_unlock(lock)	       kit_unlock(&(lock)->dep_map, false, KIT_HERE)
#define mutex_is_locked(lock)	       kit_lock_is_locked(&(lock)->dep_map)

/* No signal comes while a lock is waited for here. */
#define mutex_lock_interruptible(lock) (mutex_lock(lock), 0)
#define mutex_lock_killable(lock)      (mutex_lock(lock), 0)

#endif
