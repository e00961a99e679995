// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: rows of bytes on chunks of reserved memory or on pages of their own. Nothing here knows of blocks,
 * commands or the host.
 */
#include <asm/barrier.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "store.h"

#define STORE_PAGE_MASK (BX_STORE_PAGE_SIZE - 1)

int bx_store_init(struct bx_store *store, void *memory, u64 size)
{
	u64 chunks = size >> BX_CHUNK_SHIFT;

	*store = (struct bx_store){ .memory = memory, .size = chunks << BX_CHUNK_SHIFT };
	store->free = store->size;
	if (!memory || !chunks)
		return 0;
	store->taken = kvcalloc(BITS_TO_LONGS(chunks), sizeof(long), GFP_KERNEL);
	return store->taken ? 0 : -ENOMEM;
}

void bx_store_done(struct bx_store *store)
{
	kvfree(store->taken);
	store->taken = NULL;
}

static u64 chunks_of(const struct bx_extent *extent)
{
	return (extent->size + BX_CHUNK_SIZE - 1) >> BX_CHUNK_SHIFT;
}

static u64 pages_of(const struct bx_extent *extent)
{
	return (extent->size + STORE_PAGE_MASK) >> BX_STORE_PAGE_SHIFT;
}

/* There are enough of them: the caller has looked. */
static void take_chunks(struct bx_store *store, struct bx_extent *extent, u64 count)
{
	unsigned long chunk = 0, end = store->size >> BX_CHUNK_SHIFT;

	for (u64 i = 0; i < count; i++) {
		chunk = find_next_zero_bit(store->taken, end, chunk);
		__set_bit(chunk, store->taken);
		extent->chunks[i] = chunk;
	}
}

int bx_extent_create(struct bx_store *store, struct bx_extent *extent, u64 size)
{
	u64 count;

	*extent = (struct bx_extent){ .size = size };
	spin_lock_init(&extent->lock);
	xa_init(&extent->pages);
	if (size > store->free) {
		extent->size = 0;
		return -ENOSPC;
	}
	count = chunks_of(extent);
	if (!bx_store_sparse(store) && count) {
		extent->chunks = kvmalloc_array(count, sizeof(*extent->chunks), BX_GFP_COMMAND);
		extent->stored =
			kvcalloc(BITS_TO_LONGS(pages_of(extent)), sizeof(long), BX_GFP_COMMAND);
		if (!extent->chunks || !extent->stored) {
			kvfree(extent->chunks);
			kvfree(extent->stored);
			*extent = (struct bx_extent){};
			return -ENOMEM;
		}
		take_chunks(store, extent, count);
	}
	store->free -= count << BX_CHUNK_SHIFT;
	extent->store = store;
	return 0;
}

/* ---- one page of the extent */

/* Where it would be, stored or not. */
static u8 *place_of(const struct bx_extent *extent, u64 page)
{
	u64 chunk = extent->chunks[page >> (BX_CHUNK_SHIFT - BX_STORE_PAGE_SHIFT)];
	u64 within = (page << BX_STORE_PAGE_SHIFT) & (BX_CHUNK_SIZE - 1);

	return extent->store->memory + (chunk << BX_CHUNK_SHIFT) + within;
}

/* NULL if it is not stored. Whoever sees the bit sees the bytes; the xarray does the same for a sparse store. */
static u8 *find_page(struct bx_extent *extent, u64 page)
{
	if (bx_store_sparse(extent->store))
		return xa_load(&extent->pages, page);
	/* With the release in store_in_chunk(). */
	if (!(smp_load_acquire(&extent->stored[BIT_WORD(page)]) & BIT_MASK(page)))
		return NULL;
	return place_of(extent, page);
}

static void fill_page(u8 *page, unsigned long offset, const void *from, size_t length)
{
	memset(page, 0, offset);
	memcpy(page + offset, from, length);
	memset(page + offset + length, 0, BX_STORE_PAGE_SIZE - offset - length);
}

/*
 * Makes the page stored with these bytes in it. Two engines may come here with different parts of the same page: the
 * lock lets one of them zero what is not its own, and the other finds the page stored and writes into it. Even who
 * writes the whole of it takes the lock, lest the zeros of the other come after.
 */
static void store_in_chunk(struct bx_extent *extent, u64 page, unsigned long offset,
			   const void *from, size_t length)
{
	unsigned long *word = &extent->stored[BIT_WORD(page)];
	u8 *to = place_of(extent, page);

	spin_lock(&extent->lock);
	if (*word & BIT_MASK(page)) {
		memcpy(to + offset, from, length);
	} else {
		fill_page(to, offset, from, length);
		/* After the bytes; see find_page(). */
		smp_store_release(word, *word | BIT_MASK(page));
		extent->used += BX_STORE_PAGE_SIZE;
	}
	spin_unlock(&extent->lock);
}

/* The same, with a page that nobody else sees until it is complete. If another engine was faster, its page is used. */
static int store_in_page(struct bx_extent *extent, u64 page, unsigned long offset, const void *from,
			 size_t length)
{
	u8 *fresh = (u8 *)__get_free_page(BX_GFP_COMMAND), *to;
	int error;

	if (!fresh)
		return -ENOMEM;
	fill_page(fresh, offset, from, length);
	error = xa_insert(&extent->pages, page, fresh, BX_GFP_COMMAND);
	if (!error) {
		spin_lock(&extent->lock);
		extent->used += BX_STORE_PAGE_SIZE;
		spin_unlock(&extent->lock);
		return 0;
	}
	free_page((unsigned long)fresh);
	if (error != -EBUSY)
		return error;
	to = xa_load(&extent->pages, page);
	memcpy(to + offset, from, length);
	return 0;
}

static int store_page(struct bx_extent *extent, u64 page, unsigned long offset, const void *from,
		      size_t length)
{
	if (bx_store_sparse(extent->store))
		return store_in_page(extent, page, offset, from, length);
	store_in_chunk(extent, page, offset, from, length);
	return 0;
}

/* ---- rows of bytes */

void bx_extent_read(struct bx_extent *extent, u64 offset, void *to, size_t length)
{
	while (length) {
		unsigned long within = offset & STORE_PAGE_MASK;
		size_t part = min_t(size_t, length, BX_STORE_PAGE_SIZE - within);
		const u8 *page = find_page(extent, offset >> BX_STORE_PAGE_SHIFT);

		if (page)
			memcpy(to, page + within, part);
		else
			memset(to, 0, part);
		to += part;
		offset += part;
		length -= part;
	}
}

int bx_extent_write(struct bx_extent *extent, u64 offset, const void *from, size_t length)
{
	while (length) {
		unsigned long within = offset & STORE_PAGE_MASK;
		size_t part = min_t(size_t, length, BX_STORE_PAGE_SIZE - within);
		u8 *page = find_page(extent, offset >> BX_STORE_PAGE_SHIFT);

		if (page) {
			memcpy(page + within, from, part);
		} else {
			int error = store_page(extent, offset >> BX_STORE_PAGE_SHIFT, within, from,
					       part);

			if (error)
				return error;
		}
		from += part;
		offset += part;
		length -= part;
	}
	return 0;
}

/* A part of a page: it stays stored. */
static void zero_part(struct bx_extent *extent, u64 offset, size_t length)
{
	u8 *page = find_page(extent, offset >> BX_STORE_PAGE_SHIFT);

	if (page)
		memset(page + (offset & STORE_PAGE_MASK), 0, length);
}

static void drop_from_chunks(struct bx_extent *extent, u64 first, u64 end)
{
	while (first < end) {
		unsigned long *word = &extent->stored[BIT_WORD(first)];
		u64 next = min(end, round_down(first, BITS_PER_LONG) + BITS_PER_LONG);
		unsigned long mask = GENMASK((next - 1) % BITS_PER_LONG, first % BITS_PER_LONG);

		extent->used -= (u64)hweight_long(*word & mask) << BX_STORE_PAGE_SHIFT;
		*word &= ~mask;
		cond_resched();
		first = next;
	}
}

static void drop_pages(struct bx_extent *extent, u64 first, u64 end)
{
	unsigned long index;
	void *page;

	xa_for_each_range(&extent->pages, index, page, first, end - 1) {
		xa_erase(&extent->pages, index);
		free_page((unsigned long)page);
		extent->used -= BX_STORE_PAGE_SIZE;
		cond_resched();
	}
}

/* What was never created, or is all zeros, is destroyed already. */
void bx_extent_destroy(struct bx_extent *extent)
{
	struct bx_store *store = extent->store;
	u64 count = chunks_of(extent);

	if (!store)
		return;
	if (bx_store_sparse(store)) {
		if (extent->size)
			drop_pages(extent, 0, pages_of(extent));
		xa_destroy(&extent->pages);
	} else {
		for (u64 i = 0; i < count; i++)
			__clear_bit(extent->chunks[i], store->taken);
		kvfree(extent->chunks);
		kvfree(extent->stored);
	}
	store->free += count << BX_CHUNK_SHIFT;
	*extent = (struct bx_extent){};
}

void bx_extent_discard(struct bx_extent *extent, u64 offset, u64 length)
{
	u64 end = offset + length, first, last;

	/* The last page may be shorter than a page: nothing follows it. */
	if (end == extent->size)
		end = pages_of(extent) << BX_STORE_PAGE_SHIFT;
	first = (offset + STORE_PAGE_MASK) >> BX_STORE_PAGE_SHIFT;
	last = end >> BX_STORE_PAGE_SHIFT;
	if (first > last) {
		zero_part(extent, offset, length);
		return;
	}
	if (offset & STORE_PAGE_MASK)
		zero_part(extent, offset, BX_STORE_PAGE_SIZE - (offset & STORE_PAGE_MASK));
	if (end & STORE_PAGE_MASK)
		zero_part(extent, last << BX_STORE_PAGE_SHIFT, end & STORE_PAGE_MASK);
	if (first == last)
		return;
	if (bx_store_sparse(extent->store))
		drop_pages(extent, first, last);
	else
		drop_from_chunks(extent, first, last);
}

const void *bx_extent_peek(struct bx_extent *extent, u64 offset, size_t length)
{
	unsigned long within = offset & STORE_PAGE_MASK;
	u64 page = offset >> BX_STORE_PAGE_SHIFT,
	    last = (offset + length - 1) >> BX_STORE_PAGE_SHIFT;
	const u8 *at;

	if (!length)
		return NULL;
	at = find_page(extent, page);
	if (!at || page == last)
		return at ? at + within : NULL;
	/* Pages of a chunk lie side by side; those of a sparse store lie anywhere. */
	if (bx_store_sparse(extent->store) ||
	    offset >> BX_CHUNK_SHIFT != (offset + length - 1) >> BX_CHUNK_SHIFT)
		return NULL;
	while (++page <= last)
		if (!find_page(extent, page))
			return NULL;
	return at + within;
}
