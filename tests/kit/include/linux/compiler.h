/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: hints and attributes, and the marked accesses READ_ONCE() and WRITE_ONCE().
 *
 * A marked access is a relaxed C11 atomic, so the thread sanitizer takes it for what it is: no data
 * race, and no order for anything beside it.
 */
#ifndef KIT_LINUX_COMPILER_H
#define KIT_LINUX_COMPILER_H

#include <linux/types.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier()   __asm__ __volatile__("" : : : "memory")

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#define noinline	      __attribute__((__noinline__))
#define __packed	      __attribute__((__packed__))
#define __aligned(x)	      __attribute__((__aligned__(x)))
#define __printf(a, b)	      __attribute__((__format__(printf, a, b)))
#define __maybe_unused	      __attribute__((__unused__))
#define __always_unused	      __attribute__((__unused__))
#define __used		      __attribute__((__used__))
#define __must_check	      __attribute__((__warn_unused_result__))
#define __noreturn	      __attribute__((__noreturn__))
#define __pure		      __attribute__((__pure__))
#define __section(s)	      __attribute__((__section__(s)))
#define __weak		      __attribute__((__weak__))
#define __cold		      __attribute__((__cold__))
#define fallthrough	      __attribute__((__fallthrough__))
#define __same_type(a, b)     __builtin_types_compatible_p(typeof(a), typeof(b))
#define OPTIMIZER_HIDE_VAR(v) __asm__("" : "=r"(v) : "0"(v))

#define kit_assert_word(x)                                                                   \
	_Static_assert(sizeof(x) == 1 || sizeof(x) == 2 || sizeof(x) == 4 || sizeof(x) == 8, \
		       "READ_ONCE and WRITE_ONCE take what the machine accesses at once")

#define READ_ONCE(x)                                     \
	({                                               \
		kit_assert_word(x);                      \
		__atomic_load_n(&(x), __ATOMIC_RELAXED); \
	})
#define WRITE_ONCE(x, value)                                       \
	do {                                                       \
		kit_assert_word(x);                                \
		__atomic_store_n(&(x), (value), __ATOMIC_RELAXED); \
	} while (0)

#endif
