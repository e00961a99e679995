/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: sleeping for a time, and waiting it out. */
#ifndef KIT_LINUX_DELAY_H
#define KIT_LINUX_DELAY_H

#include <linux/sched.h>
#include <linux/types.h>

void kit_sleep_ns(u64 ns, const char *where);
void kit_spin_ns(u64 ns);

#define msleep(ms)		  kit_sleep_ns((ms)*1000000ull, KIT_HERE)
#define ssleep(s)		  kit_sleep_ns((s)*1000000000ull, KIT_HERE)
#define fsleep(us)		  kit_sleep_ns((us)*1000ull, KIT_HERE)
#define usleep_range(least, most) ((void)(most), kit_sleep_ns((least)*1000ull, KIT_HERE))

#define ndelay(ns)		  kit_spin_ns(ns)
#define udelay(us)		  kit_spin_ns((us)*1000ull)
#define mdelay(ms)		  kit_spin_ns((ms)*1000000ull)

#endif
