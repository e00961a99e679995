// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has MSIs of his own makes a parent domain, above which each device gets one of its own; the library
 * for that is in include/linux since 6.15, and this maker came with 6.16. Until then there is
 * pci_msi_create_irq_domain(), which went later.
 */
#include <linux/irqchip/irq-msi-lib.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>

struct irq_domain *bx_probe(struct irq_domain_info *info, struct msi_parent_ops *ops);

struct irq_domain *bx_probe(struct irq_domain_info *info, struct msi_parent_ops *ops)
{
	ops->init_dev_msi_info = msi_lib_init_dev_msi_info;
	return msi_create_parent_irq_domain(info, ops);
}
