// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core asks of the kernel around it: where the host's memory is, interrupts, and being woken.
 *
 * An address in a command is a DMA address of the endpoint. It has no IOMMU as long as its PCI domain is one that
 * no IOMMU knows, and then that is a physical address but for memory encryption; if there is one after all, it is asked.
 * Only memory that the kernel manages and that is online is anybody's: never other devices' registers, nor holes.
 */
#include <linux/dma-direct.h>
#include <linux/iommu.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "device.h"

static void *host_memory(struct bx_ctrl *ctrl, u64 address, size_t length)
{
	struct bx_device *device = ctrl->config.host;
	struct pci_dev *endpoint = READ_ONCE(device->endpoint);
	struct iommu_domain *domain;
	phys_addr_t physical;
	struct page *page;

	if (!endpoint)
		return NULL;
	domain = iommu_get_domain_for_dev(&endpoint->dev);
	if (domain)
		physical = iommu_iova_to_phys(domain, address);
	else
		physical = dma_to_phys(&endpoint->dev, address);
	if (domain && !physical)
		return NULL;

	page = pfn_to_online_page(PHYS_PFN(physical));
	/* There are pages for holes beside memory, too, which are not mapped, or are a device's. */
	if (!page || (PageReserved(page) && !page_is_ram(PHYS_PFN(physical))))
		return NULL;
	return page_address(page) + offset_in_page(physical);
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
