/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: locks that several readers may share. */
#ifndef KIT_LINUX_RWSEM_H
#define KIT_LINUX_RWSEM_H

#include <linux/lockdep.h>

struct rw_semaphore {
	struct kit_lock dep_map;
};

#define __RWSEM_INITIALIZER(sem_name)                          \
	{                                                      \
		.dep_map = KIT_LOCK_INIT(KIT_RWSEM, #sem_name) \
	}
#define DECLARE_RWSEM(name)	struct rw_semaphore name = __RWSEM_INITIALIZER(name)
#define init_rwsem(sem)		kit_lock_init(&(sem)->dep_map, KIT_RWSEM, #sem)

#define down_read(sem)		((void)kit_lock(&(sem)->dep_map, true, false, KIT_HERE))
#define down_read_trylock(sem)	((int)kit_lock(&(sem)->dep_map, true, true, KIT_HERE))
#define up_read(sem)		kit_unlock(&(sem)->dep_map, true, KIT_HERE)
#define down_write(sem)		((void)kit_lock(&(sem)->dep_map, false, false, KIT_HERE))
#define down_write_trylock(sem) ((int)kit_lock(&(sem)->dep_map, false, true, KIT_HERE))
#define up_write(sem)		kit_unlock(&(sem)->dep_map, false, KIT_HERE)
#define rwsem_is_locked(sem)	kit_lock_is_locked(&(sem)->dep_map)

#endif
