/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: order between processors.
 *
 * smp_store_release() and smp_load_acquire() are C11's, and the thread sanitizer follows them
 * exactly. It does not follow fences; under it each fence is an access to one variable, which
 * orders a little more than the kernel promises: a race between fences may go unseen, none is
 * invented. Prefer release and acquire.
 */
#ifndef KIT_ASM_BARRIER_H
#define KIT_ASM_BARRIER_H

#include <linux/compiler.h>

#define smp_load_acquire(p)	    __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, value) __atomic_store_n(p, value, __ATOMIC_RELEASE)
#define smp_store_mb(x, value)                                   \
	do {                                                     \
		__atomic_store_n(&(x), value, __ATOMIC_SEQ_CST); \
		smp_mb();                                        \
	} while (0)

#ifdef __SANITIZE_THREAD__
extern int kit_fence;
#define kit_fence(order) ((void)__atomic_fetch_add(&kit_fence, 0, order))
#else
#define kit_fence(order) __atomic_thread_fence(order)
#endif

#define smp_mb()		kit_fence(__ATOMIC_SEQ_CST)
#define smp_wmb()		kit_fence(__ATOMIC_RELEASE)
#define smp_rmb()		kit_fence(__ATOMIC_ACQUIRE)
#define mb()			smp_mb()
#define wmb()			smp_wmb()
#define rmb()			smp_rmb()
#define dma_wmb()		smp_wmb()
#define dma_rmb()		smp_rmb()

#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic()	smp_mb()

#endif
