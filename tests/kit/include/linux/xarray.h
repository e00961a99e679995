/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: an array of pointers with an index of any size, empty at first.
 *
 * A tree of small tables as in the kernel, without its marks, its iteration state and RCU. One thing
 * is kinder than there: looking up takes the lock, so that it orders more than the entry alone.
 */
#ifndef KIT_LINUX_XARRAY_H
#define KIT_LINUX_XARRAY_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct kit_xa_node;

struct xarray {
	spinlock_t xa_lock;
	unsigned int xa_flags;
	unsigned int kit_height;
	struct kit_xa_node *kit_root;
};

#define XA_FLAGS_ALLOC	0x1u
#define XA_FLAGS_ALLOC1 0x3u

#define XARRAY_INIT(name, flags)                                                   \
	{                                                                          \
		.xa_lock = __SPIN_LOCK_UNLOCKED(name.xa_lock), .xa_flags = (flags) \
	}
#define DEFINE_XARRAY_FLAGS(name, flags) struct xarray name = XARRAY_INIT(name, flags)
#define DEFINE_XARRAY(name)		 DEFINE_XARRAY_FLAGS(name, 0)
#define DEFINE_XARRAY_ALLOC(name)	 DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC)

struct xa_limit {
	u32 max;
	u32 min;
};

#define XA_LIMIT(low, high) ((struct xa_limit){ .min = (low), .max = (high) })
#define xa_limit_32b	    XA_LIMIT(0, UINT_MAX)
#define xa_limit_31b	    XA_LIMIT(0, INT_MAX)
#define xa_limit_16b	    XA_LIMIT(0, USHRT_MAX)

/* Small integers in place of pointers; errors are entries of a third kind. */
static inline void *xa_mk_value(unsigned long value)
{
	return (void *)((value << 1) | 1);
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}

static inline void *kit_xa_mk_err(long error)
{
	return (void *)(((unsigned long)error << 2) | 2);
}

static inline bool xa_is_err(const void *entry)
{
	return ((unsigned long)entry & 3) == 2 &&
	       (unsigned long)entry >= (((unsigned long)-MAX_ERRNO << 2) | 2);
}

static inline int xa_err(void *entry)
{
	return xa_is_err(entry) ? (int)((long)entry >> 2) : 0;
}

void xa_init_flags(struct xarray *xa, gfp_t flags);
#define xa_init(xa) xa_init_flags(xa, 0)
void xa_destroy(struct xarray *xa);
bool xa_empty(const struct xarray *xa);

void *xa_load(struct xarray *xa, unsigned long index);
void *kit_xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp,
		   const char *where);
void *xa_erase(struct xarray *xa, unsigned long index);
int kit_xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp,
		  const char *where);
int kit_xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp,
		 const char *where);
/* The first entry at *index or above, but not above `max'. */
void *kit_xa_find(struct xarray *xa, unsigned long *index, unsigned long max);
void *kit_xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max);

#define xa_store(xa, index, entry, gfp)	    kit_xa_store(xa, index, entry, gfp, KIT_HERE)
#define xa_insert(xa, index, entry, gfp)    kit_xa_insert(xa, index, entry, gfp, KIT_HERE)
#define xa_alloc(xa, id, entry, limit, gfp) kit_xa_alloc(xa, id, entry, limit, gfp, KIT_HERE)

#define xa_for_each_range(xa, index, entry, first, last)                            \
	for ((index) = (first), (entry) = kit_xa_find(xa, &(index), last); (entry); \
	     (entry) = kit_xa_find_after(xa, &(index), last))
#define xa_for_each_start(xa, index, entry, first) \
	xa_for_each_range(xa, index, entry, first, ULONG_MAX)
#define xa_for_each(xa, index, entry) xa_for_each_range(xa, index, entry, 0, ULONG_MAX)

#endif
