// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Linux sees on the PCI side: a bus of its own in a domain of its own, a root port, and below it the endpoint
 * that is the NVMe controller. Here they are made, found and removed; what their registers say is pci_config.c's.
 *
 * The domain's number has 16 bits, for which both IOMMU drivers find no unit, and so leave the device alone; they
 * truncate larger ones, and then take it for somebody else.
 *
 * The endpoint's BARs cannot move: they are where our memory is. So they are claimed as soon as the endpoint appears,
 * also after a rescan or hot plug, before the PCI core looks for a place by itself. They lie in the port's prefetchable
 * window, the only one that reaches above 4 GiB; BAR 0 is not prefetchable, as the NVMe specification
 * wants, and behind a PCI Express port that makes no difference.
 */
#define pr_fmt(format) "bx_emu: " format

#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/pci.h>

#include "compat.h"
#include "device.h"

#define BX_FIRST_DOMAIN 0x1000 /* beyond any firmware's */
#define BX_LAST_DOMAIN	0xffff

/* ---- the host's devices come and go */

static void claim_bar(struct pci_dev *endpoint, int index, struct resource *window, u64 start,
		      u64 size)
{
	struct resource *bar = &endpoint->resource[index];

	if (bar->parent)
		return;
	bar->start = start;
	bar->end = start + size - 1;
	bar->flags &= ~IORESOURCE_UNSET;
	bar->flags |= IORESOURCE_PCI_FIXED;
	if (request_resource(window, bar))
		pci_warn(endpoint, "no place for BAR %d %pR\n", index, bar);
}

/* The window is the port's, and the BARs in it, whatever the PCI core would have made of them. */
static void claim_bars(struct bx_device *device, struct pci_dev *endpoint)
{
	struct resource *window = &endpoint->bus->self->resource[PCI_BRIDGE_PREF_MEM_WINDOW];
	struct bx_memory *memory = &device->memory;

	if (!window->parent) {
		window->start = memory->window.start;
		window->end = memory->window.end;
		window->flags = IORESOURCE_MEM | IORESOURCE_PREFETCH | IORESOURCE_MEM_64 |
				PCI_PREF_RANGE_TYPE_64;
		window->name = endpoint->bus->name;
		if (request_resource(&memory->window, window))
			pci_warn(endpoint, "no place for its port's window %pR\n", window);
	}
	claim_bar(endpoint, 0, window, memory->window.start, BX_BAR_SIZE);
	if (memory->cmb)
		claim_bar(endpoint, BX_CMB_BAR, window, memory->cmb_start, memory->cmb_size);
}

/* Engines look at it in a pass, with their locks held. */
static void set_endpoint(struct bx_device *device, struct pci_dev *endpoint)
{
	struct pci_dev *old = device->endpoint;

	WRITE_ONCE(device->endpoint, endpoint ? pci_dev_get(endpoint) : NULL);
	if (!old)
		return;
	bx_world_lock(device->ctrl);
	bx_world_unlock(device->ctrl);
	pci_dev_put(old);
}

/*
 * Once the port's driver has seen that it has a slot: below such a port the PCI core wants room to grow at every hot
 * plug, there is none, and since 7.x it then releases the BAR to try again. Nothing else asks after that.
 */
static void port_bound(struct pci_dev *port)
{
	port->is_hotplug_bridge = 0;
}

/*
 * The port's driver takes a lock of its slot when it begins, under which its hot-plug thread later takes the rescan lock. So it
 * begins without that; and it goes without it, since it waits for that thread, which may be at what somebody has just
 * written to the slot's `power'.
 */
static void hold_port(struct bx_device *device, struct pci_dev *port)
{
	if (device->making && bx_set_driver_override(port, "nobody"))
		pr_warn("%s: its port's driver begins under the rescan lock\n",
			device->options->name);
}

static void bind_port(struct bx_device *device)
{
	struct pci_dev *port = pci_get_slot(device->bus, PCI_DEVFN(0, 0));

	if (!port)
		return;
	bx_set_driver_override(port, "");
	if (device_attach(&port->dev) < 0)
		pr_warn("%s: its port's driver does not begin\n", device->options->name);
	pci_dev_put(port);
}

static void release_port(struct bx_device *device)
{
	struct pci_dev *port = pci_get_slot(device->bus, PCI_DEVFN(0, 0));

	if (!port)
		return;
	device_release_driver(&port->dev);
	pci_dev_put(port);
}

static int notify(struct notifier_block *block, unsigned long action, void *data)
{
	struct bx_device *device = container_of(block, struct bx_device, notifier);
	struct pci_dev *pdev = to_pci_dev(data);

	if (pdev->bus->sysdata != &device->sysdata)
		return NOTIFY_DONE;
	if (pci_is_root_bus(pdev->bus)) {
		if (action == BUS_NOTIFY_ADD_DEVICE)
			hold_port(device, pdev);
		else if (action == BUS_NOTIFY_BOUND_DRIVER)
			port_bound(pdev);
	} else if (action == BUS_NOTIFY_ADD_DEVICE) {
		claim_bars(device, pdev);
		set_endpoint(device, pdev);
	} else if (action == BUS_NOTIFY_DEL_DEVICE) {
		set_endpoint(device, NULL);
	}
	return NOTIFY_DONE;
}

/* ---- making and unmaking it */

static bool domain_in_use(int domain)
{
	struct pci_bus *bus = NULL;

	while ((bus = pci_find_next_bus(bus)))
		if (pci_domain_nr(bus) == domain)
			return true;
	return false;
}

/* With the rescan lock held, nobody else takes it between this and making the bus. */
static int find_domain(void)
{
	int domain;

	for (domain = BX_FIRST_DOMAIN; domain <= BX_LAST_DOMAIN; domain++)
		if (!domain_in_use(domain))
			return domain;
	return -ENOSPC;
}

static int create_bus(struct bx_device *device)
{
	LIST_HEAD(windows);
	int domain;

	domain = find_domain();
	if (domain < 0)
		return domain;
	device->sysdata.domain = domain;
	device->sysdata.node = device->options->node;
	bx_pci_config_init(device);

	device->buses = (struct resource)DEFINE_RES_NAMED(0, 2, "bx_emu", IORESOURCE_BUS);
	pci_add_resource(&windows, &device->memory.window);
	pci_add_resource(&windows, &device->buses);
	device->bus = pci_create_root_bus(NULL, 0, &bx_pci_config_ops, &device->sysdata, &windows);
	if (device->bus)
		return 0;
	pci_free_resource_list(&windows);
	return -ENOMEM;
}

int bx_pci_create(struct bx_device *device)
{
	struct pci_bus *child;
	int ret;

	device->notifier.notifier_call = notify;
	ret = bus_register_notifier(&pci_bus_type, &device->notifier);
	if (ret)
		return ret;

	pci_lock_rescan_remove();
	device->making = true;
	ret = create_bus(device);
	if (ret)
		goto err_unlock;
	dev_set_msi_domain(&device->bus->dev, device->irq_msi);
	pci_scan_child_bus(device->bus);
	list_for_each_entry(child, &device->bus->children, node)
		pcie_bus_configure_settings(child);
	pci_bus_add_devices(device->bus);
	device->making = false;
	pci_unlock_rescan_remove();
	bind_port(device);
	return 0;

err_unlock:
	pci_unlock_rescan_remove();
	bus_unregister_notifier(&pci_bus_type, &device->notifier);
	return ret;
}

void bx_pci_destroy(struct bx_device *device)
{
	struct pci_host_bridge *bridge = to_pci_host_bridge(device->bus->bridge);

	release_port(device);
	pci_lock_rescan_remove();
	pci_stop_root_bus(device->bus);
	pci_remove_root_bus(device->bus);
	/* Removing it has only taken it out of sight: what pci_create_root_bus() made of it is still held. */
	pci_free_host_bridge(bridge);
	pci_unlock_rescan_remove();
	bus_unregister_notifier(&pci_bus_type, &device->notifier);
}
