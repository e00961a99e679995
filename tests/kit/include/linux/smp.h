/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: which processor this is. There is one, and which one a test does not care. */
#ifndef KIT_LINUX_SMP_H
#define KIT_LINUX_SMP_H

#include <linux/preempt.h>

#define raw_smp_processor_id() 0
/* Only where the thread cannot be moved to another. */
#define smp_processor_id()     kit_smp_processor_id()
int kit_smp_processor_id(void);
#define get_cpu() (preempt_disable(), 0)
#define put_cpu() preempt_enable()

#endif
