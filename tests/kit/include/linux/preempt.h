/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: where sleeping is forbidden, and where the code runs. */
#ifndef KIT_LINUX_PREEMPT_H
#define KIT_LINUX_PREEMPT_H

#include <linux/types.h>

void preempt_disable(void);
void preempt_enable(void);
/* An interrupt handler is what a test runs between kit_irq_enter() and kit_irq_exit(). */
bool kit_in_irq(void);
bool kit_in_atomic(void);

#define in_hardirq()   kit_in_irq()
#define in_interrupt() kit_in_irq()
#define in_task()      (!kit_in_irq())
#define in_atomic()    kit_in_atomic()

#endif
