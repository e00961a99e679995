/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: atomic integers and words, as C11 atomics.
 *
 * The kernel's rule decides about order: what returns nothing orders nothing, what returns a value
 * orders everything, a suffix says otherwise, a compare-and-exchange that fails orders nothing.
 */
#ifndef KIT_LINUX_ATOMIC_H
#define KIT_LINUX_ATOMIC_H

#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(n) \
	{              \
		(n)    \
	}
#define ATOMIC64_INIT(n) \
	{                \
		(n)      \
	}

#define KIT_ATOMIC_VOID(pre, type, value, op, builtin)                      \
	static inline void pre##_##op(value n, type *v)                     \
	{                                                                   \
		__atomic_fetch_##builtin(&v->counter, n, __ATOMIC_RELAXED); \
	}

#define KIT_ATOMIC_ORDERED(pre, type, value, name, builtin, order) \
	static inline value pre##_##name(value n, type *v)         \
	{                                                          \
		return __atomic_##builtin(&v->counter, n, order);  \
	}

#define KIT_ATOMIC_RETURN(pre, type, value, op)                                                 \
	KIT_ATOMIC_ORDERED(pre, type, value, op##_return, op##_fetch, __ATOMIC_SEQ_CST)         \
	KIT_ATOMIC_ORDERED(pre, type, value, op##_return_relaxed, op##_fetch, __ATOMIC_RELAXED) \
	KIT_ATOMIC_ORDERED(pre, type, value, op##_return_acquire, op##_fetch, __ATOMIC_ACQUIRE) \
	KIT_ATOMIC_ORDERED(pre, type, value, op##_return_release, op##_fetch, __ATOMIC_RELEASE)

#define KIT_ATOMIC_FETCH(pre, type, value, op)                                                   \
	KIT_ATOMIC_ORDERED(pre, type, value, fetch_##op, fetch_##op, __ATOMIC_SEQ_CST)           \
	KIT_ATOMIC_ORDERED(pre, type, value, fetch_##op##_relaxed, fetch_##op, __ATOMIC_RELAXED) \
	KIT_ATOMIC_ORDERED(pre, type, value, fetch_##op##_acquire, fetch_##op, __ATOMIC_ACQUIRE) \
	KIT_ATOMIC_ORDERED(pre, type, value, fetch_##op##_release, fetch_##op, __ATOMIC_RELEASE)

/* atomic_t */

static inline int atomic_read(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline int atomic_read_acquire(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);
}

static inline void atomic_set(atomic_t *v, int to)
{
	__atomic_store_n(&v->counter, to, __ATOMIC_RELAXED);
}

static inline void atomic_set_release(atomic_t *v, int to)
{
	__atomic_store_n(&v->counter, to, __ATOMIC_RELEASE);
}

KIT_ATOMIC_VOID(atomic, atomic_t, int, add, add)
KIT_ATOMIC_VOID(atomic, atomic_t, int, sub, sub)
KIT_ATOMIC_VOID(atomic, atomic_t, int, and, and)
KIT_ATOMIC_VOID(atomic, atomic_t, int, or, or)
KIT_ATOMIC_VOID(atomic, atomic_t, int, xor, xor)
KIT_ATOMIC_RETURN(atomic, atomic_t, int, add)
KIT_ATOMIC_RETURN(atomic, atomic_t, int, sub)
KIT_ATOMIC_FETCH(atomic, atomic_t, int, add)
KIT_ATOMIC_FETCH(atomic, atomic_t, int, sub)
KIT_ATOMIC_FETCH(atomic, atomic_t, int, and)
KIT_ATOMIC_FETCH(atomic, atomic_t, int, or)
KIT_ATOMIC_FETCH(atomic, atomic_t, int, xor)

static inline void atomic_inc(atomic_t *v)
{
	atomic_add(1, v);
}

static inline void atomic_dec(atomic_t *v)
{
	atomic_sub(1, v);
}

static inline int atomic_inc_return(atomic_t *v)
{
	return atomic_add_return(1, v);
}

static inline int atomic_dec_return(atomic_t *v)
{
	return atomic_sub_return(1, v);
}

static inline int atomic_fetch_inc(atomic_t *v)
{
	return atomic_fetch_add(1, v);
}

static inline int atomic_fetch_dec(atomic_t *v)
{
	return atomic_fetch_sub(1, v);
}

static inline bool atomic_inc_and_test(atomic_t *v)
{
	return atomic_add_return(1, v) == 0;
}

static inline bool atomic_dec_and_test(atomic_t *v)
{
	return atomic_sub_return(1, v) == 0;
}

static inline bool atomic_sub_and_test(int n, atomic_t *v)
{
	return atomic_sub_return(n, v) == 0;
}

static inline int atomic_xchg(atomic_t *v, int to)
{
	return __atomic_exchange_n(&v->counter, to, __ATOMIC_SEQ_CST);
}

static inline bool atomic_try_cmpxchg(atomic_t *v, int *old, int to)
{
	return __atomic_compare_exchange_n(&v->counter, old, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static inline int atomic_cmpxchg(atomic_t *v, int old, int to)
{
	atomic_try_cmpxchg(v, &old, to);
	return old;
}

static inline int atomic_fetch_add_unless(atomic_t *v, int n, int unless)
{
	int old = atomic_read(v);

	while (old != unless && !__atomic_compare_exchange_n(&v->counter, &old, old + n, false,
							     __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return old;
}

static inline bool atomic_add_unless(atomic_t *v, int n, int unless)
{
	return atomic_fetch_add_unless(v, n, unless) != unless;
}

static inline bool atomic_inc_not_zero(atomic_t *v)
{
	return atomic_add_unless(v, 1, 0);
}

/* The value that would be, even when that is negative and nothing was changed. */
static inline int atomic_dec_if_positive(atomic_t *v)
{
	int old = atomic_read(v);

	while (old > 0 && !__atomic_compare_exchange_n(&v->counter, &old, old - 1, false,
						       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return old - 1;
}

/* atomic64_t */

static inline s64 atomic64_read(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline s64 atomic64_read_acquire(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);
}

static inline void atomic64_set(atomic64_t *v, s64 to)
{
	__atomic_store_n(&v->counter, to, __ATOMIC_RELAXED);
}

static inline void atomic64_set_release(atomic64_t *v, s64 to)
{
	__atomic_store_n(&v->counter, to, __ATOMIC_RELEASE);
}

KIT_ATOMIC_VOID(atomic64, atomic64_t, s64, add, add)
KIT_ATOMIC_VOID(atomic64, atomic64_t, s64, sub, sub)
KIT_ATOMIC_VOID(atomic64, atomic64_t, s64, and, and)
KIT_ATOMIC_VOID(atomic64, atomic64_t, s64, or, or)
KIT_ATOMIC_VOID(atomic64, atomic64_t, s64, xor, xor)
KIT_ATOMIC_RETURN(atomic64, atomic64_t, s64, add)
KIT_ATOMIC_RETURN(atomic64, atomic64_t, s64, sub)
KIT_ATOMIC_FETCH(atomic64, atomic64_t, s64, add)
KIT_ATOMIC_FETCH(atomic64, atomic64_t, s64, sub)
KIT_ATOMIC_FETCH(atomic64, atomic64_t, s64, and)
KIT_ATOMIC_FETCH(atomic64, atomic64_t, s64, or)
KIT_ATOMIC_FETCH(atomic64, atomic64_t, s64, xor)

static inline void atomic64_inc(atomic64_t *v)
{
	atomic64_add(1, v);
}

static inline void atomic64_dec(atomic64_t *v)
{
	atomic64_sub(1, v);
}

static inline s64 atomic64_inc_return(atomic64_t *v)
{
	return atomic64_add_return(1, v);
}

static inline s64 atomic64_dec_return(atomic64_t *v)
{
	return atomic64_sub_return(1, v);
}

static inline s64 atomic64_fetch_inc(atomic64_t *v)
{
	return atomic64_fetch_add(1, v);
}

static inline s64 atomic64_fetch_dec(atomic64_t *v)
{
	return atomic64_fetch_sub(1, v);
}

static inline bool atomic64_inc_and_test(atomic64_t *v)
{
	return atomic64_add_return(1, v) == 0;
}

static inline bool atomic64_dec_and_test(atomic64_t *v)
{
	return atomic64_sub_return(1, v) == 0;
}

static inline bool atomic64_sub_and_test(s64 n, atomic64_t *v)
{
	return atomic64_sub_return(n, v) == 0;
}

static inline s64 atomic64_xchg(atomic64_t *v, s64 to)
{
	return __atomic_exchange_n(&v->counter, to, __ATOMIC_SEQ_CST);
}

static inline bool atomic64_try_cmpxchg(atomic64_t *v, s64 *old, s64 to)
{
	return __atomic_compare_exchange_n(&v->counter, old, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static inline s64 atomic64_cmpxchg(atomic64_t *v, s64 old, s64 to)
{
	atomic64_try_cmpxchg(v, &old, to);
	return old;
}

static inline s64 atomic64_fetch_add_unless(atomic64_t *v, s64 n, s64 unless)
{
	s64 old = atomic64_read(v);

	while (old != unless && !__atomic_compare_exchange_n(&v->counter, &old, old + n, false,
							     __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return old;
}

static inline bool atomic64_add_unless(atomic64_t *v, s64 n, s64 unless)
{
	return atomic64_fetch_add_unless(v, n, unless) != unless;
}

static inline bool atomic64_inc_not_zero(atomic64_t *v)
{
	return atomic64_add_unless(v, 1, 0);
}

/* The value that would be, even when that is negative and nothing was changed. */
static inline s64 atomic64_dec_if_positive(atomic64_t *v)
{
	s64 old = atomic64_read(v);

	while (old > 0 && !__atomic_compare_exchange_n(&v->counter, &old, old - 1, false,
						       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return old - 1;
}

/* On words of any type. */

#define xchg(p, to)	    __atomic_exchange_n(p, to, __ATOMIC_SEQ_CST)
#define xchg_relaxed(p, to) __atomic_exchange_n(p, to, __ATOMIC_RELAXED)
#define xchg_acquire(p, to) __atomic_exchange_n(p, to, __ATOMIC_ACQUIRE)
#define xchg_release(p, to) __atomic_exchange_n(p, to, __ATOMIC_RELEASE)

#define try_cmpxchg(p, old, to) \
	__atomic_compare_exchange_n(p, old, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#define kit_cmpxchg(p, old, to, order)                                                        \
	({                                                                                    \
		typeof(({ *(p); })) kit_old = (old);                                          \
		__atomic_compare_exchange_n(p, &kit_old, to, false, order, __ATOMIC_RELAXED); \
		kit_old;                                                                      \
	})
#define cmpxchg(p, old, to)	    kit_cmpxchg(p, old, to, __ATOMIC_SEQ_CST)
#define cmpxchg_relaxed(p, old, to) kit_cmpxchg(p, old, to, __ATOMIC_RELAXED)
#define cmpxchg_acquire(p, old, to) kit_cmpxchg(p, old, to, __ATOMIC_ACQUIRE)
#define cmpxchg_release(p, old, to) kit_cmpxchg(p, old, to, __ATOMIC_RELEASE)

#endif
