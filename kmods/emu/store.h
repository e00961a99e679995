/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a device's data is: either one range of reserved memory, or ordinary pages that come into being when they are
 * written (a sparse store, of which there can be more than there is memory). Both are handed out in chunks, so
 * that namespaces may come and go in any order.
 *
 * What was never written, or was discarded, reads as zeros and is not stored: one bit for each page of 4 KiB says
 * whether it is. So discarding, and making a namespace, cost no writing of zeros.
 *
 * Any number of engines may read and write at once; what they read where another one is writing is one or
 * the other, byte by byte. For creating, discarding and destroying nobody else may be in the extent: the world is held.
 */
#ifndef BX_EMU_STORE_H
#define BX_EMU_STORE_H

#include <linux/gfp.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

#define BX_CHUNK_SHIFT	    20
#define BX_CHUNK_SIZE	    (1ul << BX_CHUNK_SHIFT)
#define BX_STORE_PAGE_SHIFT 12
#define BX_STORE_PAGE_SIZE  (1ul << BX_STORE_PAGE_SHIFT)

/* How memory is had for a command: without waiting for a disk, which may be this one; and there may be none. */
#define BX_GFP_COMMAND	    (GFP_NOIO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

struct bx_store {
	u8 *memory; /* NULL: sparse */
	u64 size, free; /* in bytes, multiples of BX_CHUNK_SIZE */
	unsigned long *taken; /* a bit a chunk; not for a sparse one */
};

/* A row of bytes. Its fields are store.c's own. */
struct bx_extent {
	struct bx_store *store;
	u64 size;
	u32 *chunks; /* of a store with memory: which chunk holds the n-th MiB */
	unsigned long *stored; /* and a bit for each of its pages */
	struct xarray pages; /* of a sparse store */
	spinlock_t lock; /* a page comes into being */
	u64 used; /* bytes in pages that are stored */
};

/* @size is rounded down to whole chunks; @memory stays the caller's. */
int bx_store_init(struct bx_store *store, void *memory, u64 size);
void bx_store_done(struct bx_store *store);

static inline bool bx_store_sparse(const struct bx_store *store)
{
	return !store->memory;
}

/* -ENOSPC when the store has not as many chunks left, -ENOMEM. All of it reads as zeros. */
int bx_extent_create(struct bx_store *store, struct bx_extent *extent, u64 size);
void bx_extent_destroy(struct bx_extent *extent);

/* The caller has checked that offset and length lie within. */
void bx_extent_read(struct bx_extent *extent, u64 offset, void *to, size_t length);
/* -ENOMEM (sparse only), and then a part of it may be written. */
int bx_extent_write(struct bx_extent *extent, u64 offset, const void *from, size_t length);
/* Reads as zeros from now on; whole pages are not stored any more. */
void bx_extent_discard(struct bx_extent *extent, u64 offset, u64 length);

/* The CPU's address of @length bytes that are stored in one piece, or NULL; for comparing without a copy. */
const void *bx_extent_peek(struct bx_extent *extent, u64 offset, size_t length);

#endif
