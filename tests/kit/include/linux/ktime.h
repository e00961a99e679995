/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: points in time and spans of it, in nanoseconds. */
#ifndef KIT_LINUX_KTIME_H
#define KIT_LINUX_KTIME_H

#include <linux/limits.h>
#include <linux/time64.h>
#include <linux/types.h>

typedef s64 ktime_t;

#define KTIME_MAX S64_MAX

/* The clock that a test may hold, set and advance (kit/kit.h). */
u64 ktime_get_ns(void);
u64 ktime_get_real_ns(void);
#define ktime_get_boottime_ns() ktime_get_ns()
#define ktime_get_raw_ns()	ktime_get_ns()

static inline ktime_t ktime_get(void)
{
	return ktime_get_ns();
}

static inline ktime_t ktime_set(s64 seconds, unsigned long ns)
{
	return seconds * NSEC_PER_SEC + (s64)ns;
}

static inline ktime_t ns_to_ktime(u64 ns)
{
	return ns;
}

static inline ktime_t ms_to_ktime(u64 ms)
{
	return ms * NSEC_PER_MSEC;
}

static inline s64 ktime_to_ns(ktime_t time)
{
	return time;
}

static inline s64 ktime_to_us(ktime_t time)
{
	return time / NSEC_PER_USEC;
}

static inline s64 ktime_to_ms(ktime_t time)
{
	return time / NSEC_PER_MSEC;
}

#define ktime_add(a, b)	      ((a) + (b))
#define ktime_sub(a, b)	      ((a) - (b))
#define ktime_add_ns(time, n) ((time) + (n))
#define ktime_sub_ns(time, n) ((time) - (n))
#define ktime_add_us(time, n) ktime_add_ns(time, (n)*NSEC_PER_USEC)
#define ktime_add_ms(time, n) ktime_add_ns(time, (n)*NSEC_PER_MSEC)

static inline int ktime_compare(ktime_t a, ktime_t b)
{
	return a < b ? -1 : a > b;
}

static inline bool ktime_after(ktime_t a, ktime_t b)
{
	return a > b;
}

static inline bool ktime_before(ktime_t a, ktime_t b)
{
	return a < b;
}

static inline s64 ktime_us_delta(ktime_t later, ktime_t earlier)
{
	return ktime_to_us(later - earlier);
}

static inline s64 ktime_ms_delta(ktime_t later, ktime_t earlier)
{
	return ktime_to_ms(later - earlier);
}

#endif
