/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: reference counts. Use after the last reference, or past the last number, is reported. */
#ifndef KIT_LINUX_REFCOUNT_H
#define KIT_LINUX_REFCOUNT_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

/* A count that went wrong is parked here, where no ordinary number of steps frees anything. */
#define REFCOUNT_SATURATED (INT_MIN / 2)
#define REFCOUNT_INIT(n)               \
	{                              \
		.refs = ATOMIC_INIT(n) \
	}

static inline void refcount_set(refcount_t *count, int n)
{
	atomic_set(&count->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *count)
{
	return atomic_read(&count->refs);
}

/* The number before; a wrong one has been reported. */
static inline int kit_refcount_add(int n, refcount_t *count, bool from_zero)
{
	int old = atomic_read(&count->refs);
	int sum;

	do {
		if (!old && !from_zero)
			return 0;
		sum = old < 0 || __builtin_add_overflow(old, n, &sum) || !old ? REFCOUNT_SATURATED
									      : old + n;
	} while (!__atomic_compare_exchange_n(&count->refs.counter, &old, sum, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (sum == REFCOUNT_SATURATED)
		kit_warn_on_once(true, old ? "refcount_t: saturated; leaking memory"
					   : "refcount_t: addition on 0; use-after-free");
	return old;
}

static inline void refcount_add(int n, refcount_t *count)
{
	kit_refcount_add(n, count, true);
}

static inline void refcount_inc(refcount_t *count)
{
	kit_refcount_add(1, count, true);
}

static inline __must_check bool refcount_add_not_zero(int n, refcount_t *count)
{
	return kit_refcount_add(n, count, false);
}

static inline __must_check bool refcount_inc_not_zero(refcount_t *count)
{
	return kit_refcount_add(1, count, false);
}

/* Everything done before is visible to whoever sees the last one go. */
static inline __must_check bool refcount_sub_and_test(int n, refcount_t *count)
{
	int old = atomic_fetch_sub_release(n, &count->refs);

	if (old == n) {
		__atomic_load_n(&count->refs.counter, __ATOMIC_ACQUIRE);
		return true;
	}
	if (old < n) {
		refcount_set(count, REFCOUNT_SATURATED);
		kit_warn_on_once(true, "refcount_t: underflow; use-after-free");
	}
	return false;
}

static inline __must_check bool refcount_dec_and_test(refcount_t *count)
{
	return refcount_sub_and_test(1, count);
}

static inline void refcount_dec(refcount_t *count)
{
	if (atomic_fetch_sub_release(1, &count->refs) <= 1) {
		refcount_set(count, REFCOUNT_SATURATED);
		kit_warn_on_once(true, "refcount_t: decrement hit 0; leaking memory");
	}
}

static inline __must_check bool refcount_dec_not_one(refcount_t *count)
{
	return atomic_add_unless(&count->refs, -1, 1);
}

#define kit_refcount_dec_and(count, lock, take, give)            \
	({                                                       \
		bool kit_last = false;                           \
		if (!refcount_dec_not_one(count)) {              \
			take(lock);                              \
			kit_last = refcount_dec_and_test(count); \
			if (!kit_last)                           \
				give(lock);                      \
		}                                                \
		kit_last;                                        \
	})
#define refcount_dec_and_lock(count, lock) kit_refcount_dec_and(count, lock, spin_lock, spin_unlock)
#define refcount_dec_and_mutex_lock(count, lock) \
	kit_refcount_dec_and(count, lock, mutex_lock, mutex_unlock)

#endif
