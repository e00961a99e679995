/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: bits in words and in arrays of words.
 *
 * Names without underscores are atomic. Those that return the old value order everything around
 * them; the others order nothing, as the kernel's documentation has it (and less than x86 gives).
 */
#ifndef KIT_LINUX_BITOPS_H
#define KIT_LINUX_BITOPS_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

static inline void set_bit(long nr, volatile unsigned long *words)
{
	__atomic_fetch_or(&words[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_RELAXED);
}

static inline void clear_bit(long nr, volatile unsigned long *words)
{
	__atomic_fetch_and(&words[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELAXED);
}

static inline void change_bit(long nr, volatile unsigned long *words)
{
	__atomic_fetch_xor(&words[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_RELAXED);
}

static inline bool test_bit(long nr, const volatile unsigned long *words)
{
	return __atomic_load_n(&words[BIT_WORD(nr)], __ATOMIC_RELAXED) & BIT_MASK(nr);
}

static inline bool test_and_set_bit(long nr, volatile unsigned long *words)
{
	return __atomic_fetch_or(&words[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) &
	       BIT_MASK(nr);
}

static inline bool test_and_clear_bit(long nr, volatile unsigned long *words)
{
	return __atomic_fetch_and(&words[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST) &
	       BIT_MASK(nr);
}

static inline bool test_and_change_bit(long nr, volatile unsigned long *words)
{
	return __atomic_fetch_xor(&words[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) &
	       BIT_MASK(nr);
}

/* A bit as a lock: what is done between the two stays between them. */
static inline bool test_and_set_bit_lock(long nr, volatile unsigned long *words)
{
	return __atomic_fetch_or(&words[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_ACQUIRE) &
	       BIT_MASK(nr);
}

static inline void clear_bit_unlock(long nr, volatile unsigned long *words)
{
	__atomic_fetch_and(&words[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELEASE);
}

static inline void __set_bit(long nr, volatile unsigned long *words)
{
	words[BIT_WORD(nr)] |= BIT_MASK(nr);
}

static inline void __clear_bit(long nr, volatile unsigned long *words)
{
	words[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

static inline bool __test_and_set_bit(long nr, volatile unsigned long *words)
{
	bool was = words[BIT_WORD(nr)] & BIT_MASK(nr);

	__set_bit(nr, words);
	return was;
}

static inline bool __test_and_clear_bit(long nr, volatile unsigned long *words)
{
	bool was = words[BIT_WORD(nr)] & BIT_MASK(nr);

	__clear_bit(nr, words);
	return was;
}

#define hweight8(x)	((unsigned int)__builtin_popcount((u8)(x)))
#define hweight16(x)	((unsigned int)__builtin_popcount((u16)(x)))
#define hweight32(x)	((unsigned int)__builtin_popcount((u32)(x)))
#define hweight64(x)	((unsigned long)__builtin_popcountll((u64)(x)))
#define hweight_long(x) hweight64(x)

/* Counted from 1, and 0 says that no bit is set. */
static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline unsigned int fls_long(unsigned long x)
{
	return fls64(x);
}

/* Counted from 0, and x must have the bit that is looked for. */
static inline unsigned long __ffs(unsigned long x)
{
	return __builtin_ctzl(x);
}

static inline unsigned long __fls(unsigned long x)
{
	return BITS_PER_LONG - 1 - __builtin_clzl(x);
}

static inline unsigned long ffz(unsigned long x)
{
	return __ffs(~x);
}

static inline u32 rol32(u32 x, unsigned int n)
{
	return (x << (n & 31)) | (x >> (-n & 31));
}

static inline u32 ror32(u32 x, unsigned int n)
{
	return (x >> (n & 31)) | (x << (-n & 31));
}

static inline u64 rol64(u64 x, unsigned int n)
{
	return (x << (n & 63)) | (x >> (-n & 63));
}

/* n if there is none. */
unsigned long find_next_bit(const unsigned long *words, unsigned long n, unsigned long from);
unsigned long find_next_zero_bit(const unsigned long *words, unsigned long n, unsigned long from);
unsigned long find_last_bit(const unsigned long *words, unsigned long n);

static inline unsigned long find_first_bit(const unsigned long *words, unsigned long n)
{
	return find_next_bit(words, n, 0);
}

static inline unsigned long find_first_zero_bit(const unsigned long *words, unsigned long n)
{
	return find_next_zero_bit(words, n, 0);
}

#define for_each_set_bit(bit, words, n)                         \
	for ((bit) = find_first_bit((words), (n)); (bit) < (n); \
	     (bit) = find_next_bit((words), (n), (bit) + 1))
#define for_each_clear_bit(bit, words, n)                            \
	for ((bit) = find_first_zero_bit((words), (n)); (bit) < (n); \
	     (bit) = find_next_zero_bit((words), (n), (bit) + 1))

#endif
