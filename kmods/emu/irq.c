// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts without hardware: a domain of MSIs of our own, and a way to run the host's handler on the CPU that it
 * wants, in hard-irq context. No local APIC and no interrupt remapping is involved. What the vectors mean is the
 * core's; whether the host has masked them is looked up here, in the vector table in the BAR.
 *
 * A vector that is sent twice before its handler began is sent once: bit 0 of `sent' is set by who sends and
 * cleared just before the handler runs. Whoever finds it set may rely on a handler that has yet to look at the queue:
 * test_and_set_bit() orders the sender's entry before its look at the bit, and the barrier after clear_bit()
 * orders the clearing before the handler's look at the entry, so one of the two sees the other. As only the
 * one who set the bit queues, neither the call nor the work can be queued twice.
 */
#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/msi.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "compat.h"
#include "device.h"

#if BX_HAVE_MSI_PARENT_DOMAIN
#include <linux/irqchip/irq-msi-lib.h>
#endif

#define BX_VECTOR_SENT 0

/* ---- sending */

/* On the right CPU, in hard-irq context. */
static void vector_handle(struct bx_vector *vector)
{
	unsigned int virq;

	clear_bit(BX_VECTOR_SENT, &vector->sent);
	smp_mb__after_atomic(); /* see the file's head */
	virq = READ_ONCE(vector->virq);
	if (virq)
		generic_handle_irq(virq);
}

static void vector_work(struct irq_work *work)
{
	vector_handle(container_of(work, struct bx_vector, work));
}

/* An idle CPU that polls is not interrupted, but calls this from its idle loop. */
static void vector_call(void *data)
{
	struct bx_vector *vector = data;

	if (in_hardirq())
		vector_handle(vector);
	else
		irq_work_queue(&vector->work);
}

static void vector_send(struct bx_vector *vector)
{
	int cpu;

	if (test_and_set_bit(BX_VECTOR_SENT, &vector->sent))
		return;
	/*
	 * To oneself, the call would be made at once and not as an interrupt. And a CPU that has just gone offline
	 * takes no calls: this one handles it then, until the host has moved the vector.
	 */
	cpu = READ_ONCE(vector->cpu);
	if (cpu == get_cpu() || smp_call_function_single_async(cpu, &vector->call))
		irq_work_queue(&vector->work);
	put_cpu();
}

/* ---- the endpoint's vector table and its pending bits */

static __le32 *table_control(struct bx_device *device, unsigned int vector)
{
	return (__le32 *)((u8 *)device->memory.bar + BX_BAR_TABLE + vector * PCI_MSIX_ENTRY_SIZE +
			  PCI_MSIX_ENTRY_VECTOR_CTRL);
}

static unsigned long *pending_bits(struct bx_device *device)
{
	return (unsigned long *)((u8 *)device->memory.bar + BX_BAR_PBA);
}

static bool vector_masked(struct bx_device *device, unsigned int vector)
{
	bool all;

	if (!bx_pci_msix(device, &all) || all)
		return true;
	return le32_to_cpu(READ_ONCE(*table_control(device, vector))) & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static void send_pending(struct bx_device *device, unsigned int vector)
{
	if (!vector_masked(device, vector) && test_and_clear_bit(vector, pending_bits(device)))
		vector_send(&device->vectors[vector]);
}

void bx_irq_interrupt(struct bx_device *device, unsigned int vector)
{
	if (vector >= device->vector_count)
		return;
	if (!vector_masked(device, vector)) {
		vector_send(&device->vectors[vector]);
		return;
	}
	set_bit(vector, pending_bits(device));
	/* Who unmasks looks at the pending bit after that, and this at the mask after setting the bit. */
	smp_mb__after_atomic();
	send_pending(device, vector);
}

void bx_irq_unmasked(struct bx_device *device)
{
	unsigned int i;

	smp_mb(); /* what unmasked them is seen before the bits are looked at: see bx_irq_interrupt() */
	for_each_set_bit(i, pending_bits(device), device->vector_count)
		send_pending(device, i);
}

void bx_irq_reset(struct bx_device *device)
{
	unsigned int i;

	memset((u8 *)device->memory.bar + BX_BAR_TABLE, 0, BX_BAR_SIZE - BX_BAR_TABLE);
	for (i = 0; i < device->vector_count; i++)
		WRITE_ONCE(*table_control(device, i), cpu_to_le32(PCI_MSIX_ENTRY_CTRL_MASKBIT));
}

void bx_irq_port(struct bx_device *device)
{
	vector_send(&device->vectors[device->vector_count]);
}

/* ---- the lower domain, which has the vectors */

static void chip_ack(struct irq_data *data)
{
	/* An edge leaves nothing to acknowledge. */
}

static void chip_ignore_mask(struct irq_data *data)
{
	/* The vector table has the masks. */
}

static int chip_retrigger(struct irq_data *data)
{
	vector_send(irq_data_get_irq_chip_data(data));
	return 1;
}

static int chip_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	struct bx_vector *vector = irq_data_get_irq_chip_data(data);
	unsigned int cpu =
		force ? cpumask_first(mask) : cpumask_any_and_distribute(mask, cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		return -EINVAL;
	WRITE_ONCE(vector->cpu, cpu);
	irq_data_update_effective_affinity(data, cpumask_of(cpu));
	return IRQ_SET_MASK_OK_DONE;
}

/* Nobody reads it, but a device that has been given none counts as one without an interrupt. */
static void chip_compose_msg(struct irq_data *data, struct msi_msg *msg)
{
	msg->address_lo = 0xfee00000;
	msg->address_hi = 0;
	msg->data = data->hwirq;
}

static struct irq_chip vector_chip = {
	.name = "bx-emu",
	.irq_ack = chip_ack,
	.irq_mask = chip_ignore_mask,
	.irq_unmask = chip_ignore_mask,
	.irq_retrigger = chip_retrigger,
	.irq_set_affinity = chip_set_affinity,
	.irq_compose_msi_msg = chip_compose_msg,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static struct bx_vector *vector_of(struct bx_device *device, const struct msi_desc *desc,
				   unsigned int i)
{
	unsigned int index = desc->msi_index + i;

	if (pci_is_root_bus(to_pci_dev(desc->dev)->bus))
		return index ? NULL : &device->vectors[device->vector_count];
	return index < device->vector_count ? &device->vectors[index] : NULL;
}

static int domain_alloc(struct irq_domain *domain, unsigned int virq, unsigned int count,
			void *data)
{
	struct bx_device *device = domain->host_data;
	msi_alloc_info_t *info = data;
	struct bx_vector *vector;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!vector_of(device, info->desc, i))
			return -ENOSPC;
	for (i = 0; i < count; i++) {
		vector = vector_of(device, info->desc, i);
		irq_domain_set_info(domain, virq + i, vector->index, &vector_chip, vector,
				    handle_edge_irq, NULL, "edge");
#if BX_HAVE_IRQ_MOVE_PCNTXT
		/* Else it would be moved by the next one's acknowledgement, as an interrupt controller has to do it. */
		irq_set_status_flags(virq + i, IRQ_MOVE_PCNTXT);
#endif
		vector->cpu = cpumask_first(cpu_online_mask);
		WRITE_ONCE(vector->virq, virq + i);
	}
	return 0;
}

static void domain_free(struct irq_domain *domain, unsigned int virq, unsigned int count)
{
	struct bx_vector *vector;
	struct irq_data *data;
	unsigned int i;

	for (i = 0; i < count; i++) {
		data = irq_domain_get_irq_data(domain, virq + i);
		vector = irq_data_get_irq_chip_data(data);
		WRITE_ONCE(vector->virq, 0);
		irq_domain_reset_irq_data(data);
	}
}

static const struct irq_domain_ops domain_ops = {
	.alloc = domain_alloc,
	.free = domain_free,
};

/* ---- the upper domain, which knows about PCI. A vector that was unmasked may have waited for that. */

static void unmasked(struct irq_data *data)
{
	struct bx_vector *vector = irq_data_get_irq_chip_data(data->parent_data);
	struct bx_device *device = vector->device;

	smp_mb(); /* pairs with the one in bx_irq_interrupt() */
	if (vector->index < device->vector_count)
		send_pending(device, vector->index);
}

#if BX_HAVE_MSI_PARENT_DOMAIN

static struct bx_device *chip_device(struct irq_data *data)
{
	struct bx_vector *vector = irq_data_get_irq_chip_data(data->parent_data);

	return vector->device;
}

static void chip_unmask(struct irq_data *data)
{
	chip_device(data)->irq_unmask(data);
	unmasked(data);
}

static unsigned int chip_startup(struct irq_data *data)
{
	unsigned int ret = chip_device(data)->irq_startup(data);

	unmasked(data);
	return ret;
}

/* The chip is this PCI device's own. The port has no masks that matter. */
static bool init_dev_msi_info(struct device *dev, struct irq_domain *domain,
			      struct irq_domain *real_parent, struct msi_domain_info *info)
{
	struct bx_device *device = real_parent->host_data;

	if (!msi_lib_init_dev_msi_info(dev, domain, real_parent, info))
		return false;
	info->chip->irq_retrigger = irq_chip_retrigger_hierarchy;
	if (pci_is_root_bus(to_pci_dev(dev)->bus))
		return true;
	if (info->chip->irq_unmask) {
		device->irq_unmask = info->chip->irq_unmask;
		info->chip->irq_unmask = chip_unmask;
	}
	if (info->chip->irq_startup) {
		device->irq_startup = info->chip->irq_startup;
		info->chip->irq_startup = chip_startup;
	}
	return true;
}

static const struct msi_parent_ops msi_ops = {
	.supported_flags = MSI_GENERIC_FLAGS_MASK | MSI_FLAG_PCI_MSIX,
	.required_flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS,
	.chip_flags = MSI_CHIP_FLAG_SET_ACK,
	.bus_select_token = DOMAIN_BUS_NEXUS,
	.bus_select_mask = MATCH_PCI_MSI,
	.prefix = "bx-",
	.init_dev_msi_info = init_dev_msi_info,
};

static int domains_create(struct bx_device *device)
{
	struct irq_domain_info info = {
		.fwnode = device->irq_fwnode,
		.size = device->vector_count + 1,
		.ops = &domain_ops,
		.host_data = device,
	};

	device->irq_parent = msi_create_parent_irq_domain(&info, &msi_ops);
	if (!device->irq_parent)
		return -ENOMEM;
	device->irq_msi = device->irq_parent;
	return 0;
}

static void domains_destroy(struct bx_device *device)
{
	irq_domain_remove(device->irq_parent);
}

#else

static void chip_unmask(struct irq_data *data)
{
	pci_msi_unmask_irq(data);
	unmasked(data);
}

static struct irq_chip msi_chip = {
	.name = "bx-emu-msi",
	.irq_ack = irq_chip_ack_parent,
	.irq_mask = pci_msi_mask_irq,
	.irq_unmask = chip_unmask,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static struct msi_domain_info msi_info = {
	.flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS | MSI_FLAG_PCI_MSIX,
	.chip = &msi_chip,
};

static int domains_create(struct bx_device *device)
{
	device->irq_parent = irq_domain_create_hierarchy(NULL, 0, device->vector_count + 1,
							 device->irq_fwnode, &domain_ops, device);
	if (!device->irq_parent)
		return -ENOMEM;
	device->irq_msi =
		pci_msi_create_irq_domain(device->irq_fwnode, &msi_info, device->irq_parent);
	if (!device->irq_msi) {
		irq_domain_remove(device->irq_parent);
		return -ENOMEM;
	}
	/* Interrupt remapping gives any device whose domain is an ordinary one that of its own, and there is none for this bus. */
	irq_domain_update_bus_token(device->irq_msi, DOMAIN_BUS_VMD_MSI);
	return 0;
}

static void domains_destroy(struct bx_device *device)
{
	irq_domain_remove(device->irq_msi);
	irq_domain_remove(device->irq_parent);
}

#endif

static void vector_init(struct bx_vector *vector, struct bx_device *device, unsigned int index)
{
	vector->device = device;
	vector->index = index;
	INIT_CSD(&vector->call, vector_call, vector);
	vector->work = IRQ_WORK_INIT_HARD(vector_work);
}

int bx_irq_create(struct bx_device *device)
{
	char name[BX_NAME_MAX + 8];
	int ret = -ENOMEM;
	unsigned int i;

	device->vector_count = device->options->queues + 1;
	device->vectors = kvcalloc(device->vector_count + 1, sizeof(*device->vectors), GFP_KERNEL);
	if (!device->vectors)
		return -ENOMEM;
	for (i = 0; i <= device->vector_count; i++)
		vector_init(&device->vectors[i], device, i);

	snprintf(name, sizeof(name), "bx_emu-%s", device->options->name);
	device->irq_fwnode = irq_domain_alloc_named_fwnode(name);
	if (!device->irq_fwnode)
		goto err_vectors;
	ret = domains_create(device);
	if (ret)
		goto err_fwnode;
	bx_irq_reset(device);
	return 0;

err_fwnode:
	irq_domain_free_fwnode(device->irq_fwnode);
err_vectors:
	kvfree(device->vectors);
	return ret;
}

/* Nobody sends any more. What is on its way arrives first: its code and its vectors must still be there. */
void bx_irq_destroy(struct bx_device *device)
{
	unsigned int i;

	for (i = 0; i <= device->vector_count; i++) {
		while (READ_ONCE(device->vectors[i].sent))
			cond_resched();
		irq_work_sync(&device->vectors[i].work);
	}
	synchronize_rcu(); /* those that are in a handler have interrupts off */
	domains_destroy(device);
	irq_domain_free_fwnode(device->irq_fwnode);
	kvfree(device->vectors);
}
