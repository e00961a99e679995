/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: interrupts of the own processor on and off. Nothing interrupts; the kit keeps count. */
#ifndef KIT_LINUX_IRQFLAGS_H
#define KIT_LINUX_IRQFLAGS_H

#include <linux/types.h>

unsigned long kit_irq_save(void);
void kit_irq_restore(unsigned long flags);
bool irqs_disabled(void);

#define local_irq_save(flags)	 ((flags) = kit_irq_save())
#define local_irq_restore(flags) kit_irq_restore(flags)
#define local_irq_disable()	 ((void)kit_irq_save())
#define local_irq_enable()	 kit_irq_restore(0)

#endif
