/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: from a member to what it is a member of. */
#ifndef KIT_LINUX_CONTAINER_OF_H
#define KIT_LINUX_CONTAINER_OF_H

#include <linux/build_bug.h>
#include <linux/stddef.h>

#define container_of(pointer, type, member)                                                       \
	({                                                                                        \
		_Static_assert(__same_type(*(pointer), ((type *)0)->member) ||                    \
				       __same_type(*(pointer), void),                             \
			       "container_of(): the pointer is of another type than the member"); \
		(type *)((char *)(pointer)-offsetof(type, member));                               \
	})

#endif
