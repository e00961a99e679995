// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts are moved in interrupt context unless they say otherwise; later only those that ask for it. */
#include <linux/irq.h>

void bx_probe(unsigned int irq);

void bx_probe(unsigned int irq)
{
	irq_set_status_flags(irq, IRQ_MOVE_PCNTXT);
}
