/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: arrays of bits. */
#ifndef KIT_LINUX_BITMAP_H
#define KIT_LINUX_BITMAP_H

#include <linux/bitops.h>
#include <linux/string.h>

#define DECLARE_BITMAP(name, n) unsigned long name[BITS_TO_LONGS(n)]

unsigned long *kit_bitmap_alloc(unsigned int n, gfp_t gfp, const char *where);
#define bitmap_alloc(n, gfp)  kit_bitmap_alloc(n, gfp, KIT_HERE)
#define bitmap_zalloc(n, gfp) kit_bitmap_alloc(n, (gfp) | __GFP_ZERO, KIT_HERE)
void bitmap_free(const unsigned long *words);

void bitmap_set(unsigned long *words, unsigned int start, unsigned int count);
void bitmap_clear(unsigned long *words, unsigned int start, unsigned int count);
unsigned int kit_bitmap_weight(const unsigned long *words, unsigned int n);
#define bitmap_weight(words, n) kit_bitmap_weight(words, n)
bool kit_bitmap_combine(unsigned long *to, const unsigned long *a, const unsigned long *b,
			unsigned int n, char how);
bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int n);
bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned int n);
bool bitmap_subset(const unsigned long *inner, const unsigned long *outer, unsigned int n);
unsigned long bitmap_find_next_zero_area(unsigned long *words, unsigned long n, unsigned long start,
					 unsigned int count, unsigned long align_mask);
/* "0-3,8,10-20:2/5" (of every 5, the first 2), "all", "N" for the last: as `cpus=` is written. */
int bitmap_parselist(const char *text, unsigned long *words, int n);

static inline void bitmap_zero(unsigned long *words, unsigned int n)
{
	memset(words, 0, BITS_TO_LONGS(n) * sizeof(long));
}

static inline void bitmap_fill(unsigned long *words, unsigned int n)
{
	memset(words, 0xff, BITS_TO_LONGS(n) * sizeof(long));
}

static inline void bitmap_copy(unsigned long *to, const unsigned long *from, unsigned int n)
{
	memcpy(to, from, BITS_TO_LONGS(n) * sizeof(long));
}

static inline bool bitmap_empty(const unsigned long *words, unsigned int n)
{
	return find_first_bit(words, n) == n;
}

static inline bool bitmap_full(const unsigned long *words, unsigned int n)
{
	return find_first_zero_bit(words, n) == n;
}

static inline bool bitmap_and(unsigned long *to, const unsigned long *a, const unsigned long *b,
			      unsigned int n)
{
	return kit_bitmap_combine(to, a, b, n, '&');
}

static inline void bitmap_or(unsigned long *to, const unsigned long *a, const unsigned long *b,
			     unsigned int n)
{
	kit_bitmap_combine(to, a, b, n, '|');
}

static inline bool bitmap_andnot(unsigned long *to, const unsigned long *a, const unsigned long *b,
				 unsigned int n)
{
	return kit_bitmap_combine(to, a, b, n, '-');
}

#endif
