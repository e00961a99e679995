// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core asks of the kernel around it: where the host's memory is, interrupts, and being woken.
 *
 * An address in a command is a DMA address of the endpoint. It has no IOMMU as long as its PCI domain is one that
 * no IOMMU knows, and then that is a physical address but for memory encryption; if there is one after all, it is asked.
 * Only memory that the kernel manages and that is online is anybody's: never other devices' registers, nor holes.
 */
#include <asm/pgtable_types.h>
#include <linux/dma-direct.h>
#include <linux/iommu.h>
#include <linux/irqflags.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pgtable.h>

#include "device.h"

/*
 * Not all of it is mapped for the kernel: what is secret, or has failed, is not there. And its own code and constants are not for
 * it to change, nor for a device on its behalf.
 */
static bool is_mapped(void *address, enum bx_access access)
{
	pteval_t wanted = _PAGE_PRESENT | (access == BX_TO_WRITE ? _PAGE_RW : 0), flags = 0;
	unsigned long irqs;
	unsigned int level;
	pte_t *entry;

	/*
	 * Tables of the mapping of memory that is online go only when that is taken out, which nothing that is in use can be. So
	 * the table of what somebody has for a device stays; interrupts are off for the others, since who frees those mostly waits
	 * for all CPUs.
	 */
	local_irq_save(irqs);
	entry = lookup_address((unsigned long)address, &level);
	if (entry)
		flags = pte_flags(READ_ONCE(*entry));
	local_irq_restore(irqs);
	return (flags & wanted) == wanted;
}

static void *host_memory(struct bx_ctrl *ctrl, u64 address, size_t length, enum bx_access access)
{
	struct bx_device *device = ctrl->config.host;
	struct pci_dev *endpoint = READ_ONCE(device->endpoint);
	struct iommu_domain *domain;
	phys_addr_t physical;
	struct page *page;
	void *found;

	if (!endpoint)
		return NULL;
	domain = iommu_get_domain_for_dev(&endpoint->dev);
	/* What a user maps there he may take back at any time, and a queue's place is looked up only once. */
	if (domain && domain->type == IOMMU_DOMAIN_UNMANAGED)
		return NULL;
	if (domain)
		physical = iommu_iova_to_phys(domain, address);
	else
		physical = dma_to_phys(&endpoint->dev, address);
	if (domain && !physical)
		return NULL;

	page = pfn_to_online_page(PHYS_PFN(physical));
	/* There are pages for holes beside memory, too, which are not mapped, or are a device's. */
	if (!page || PageHWPoison(page) || (PageReserved(page) && !page_is_ram(PHYS_PFN(physical))))
		return NULL;
	found = page_address(page) + offset_in_page(physical);
	return is_mapped(found, access) ? found : NULL;
}

static void host_interrupt(struct bx_ctrl *ctrl, unsigned int vector)
{
	bx_irq_interrupt(ctrl->config.host, vector);
}

static void host_remove(struct bx_ctrl *ctrl)
{
	bx_device_pull_later(ctrl->config.host);
}

static void host_wake(struct bx_engine *engine)
{
	bx_thread_wake(engine);
}

const struct bx_host_ops bx_host_ops = {
	.memory = host_memory,
	.interrupt = host_interrupt,
	.remove = host_remove,
	.wake = host_wake,
};
