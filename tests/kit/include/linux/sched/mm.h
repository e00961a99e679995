/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: a thread says how it may allocate until it says otherwise. Memory here never waits for a disk, so it is only noted. */
#ifndef KIT_LINUX_SCHED_MM_H
#define KIT_LINUX_SCHED_MM_H

#include <linux/sched.h>

static inline unsigned int memalloc_noio_save(void)
{
	unsigned int before = current->flags & PF_MEMALLOC_NOIO;

	current->flags |= PF_MEMALLOC_NOIO;
	return before;
}

/* With what the save has said, so that one may be within another. */
static inline void memalloc_noio_restore(unsigned int before)
{
	current->flags = (current->flags & ~PF_MEMALLOC_NOIO) | before;
}

#endif
