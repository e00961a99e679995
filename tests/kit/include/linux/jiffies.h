/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: the kernel's ticks, which wrap five minutes after the start, as there. */
#ifndef KIT_LINUX_JIFFIES_H
#define KIT_LINUX_JIFFIES_H

#include <linux/limits.h>
#include <linux/math.h>
#include <linux/time64.h>
#include <linux/types.h>

#define HZ		 250
#define INITIAL_JIFFIES	 ((unsigned long)(unsigned int)(-300 * HZ))
#define MAX_JIFFY_OFFSET ((LONG_MAX >> 1) - 1)

unsigned long kit_jiffies(void);
#define jiffies kit_jiffies()

static inline u64 get_jiffies_64(void)
{
	return jiffies;
}

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return (int)ms < 0 ? (unsigned long)MAX_JIFFY_OFFSET
			   : DIV_ROUND_UP((u64)ms * HZ, MSEC_PER_SEC);
}

static inline unsigned long usecs_to_jiffies(unsigned int us)
{
	return DIV_ROUND_UP((u64)us * HZ, USEC_PER_SEC);
}

static inline unsigned int jiffies_to_msecs(unsigned long ticks)
{
	return ticks * (MSEC_PER_SEC / HZ);
}

static inline unsigned int jiffies_to_usecs(unsigned long ticks)
{
	return ticks * (USEC_PER_SEC / HZ);
}

static inline u64 nsecs_to_jiffies(u64 ns)
{
	return ns / (NSEC_PER_SEC / HZ);
}

#define time_after(a, b)	  ((long)((b) - (a)) < 0)
#define time_before(a, b)	  time_after(b, a)
#define time_after_eq(a, b)	  ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b)	  time_after_eq(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a)  time_before(jiffies, a)

#endif
