/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels for the emulator's glue, settled by the probes. The core needs none of it. */
#ifndef BX_EMU_COMPAT_H
#define BX_EMU_COMPAT_H

#include <linux/device.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/version.h>

#include <bx_compat.h>

/*
 * Before 6.8, nvme begins to use its shadow doorbells after a reset and only later tells the controller where they are. A command
 * that it rings for in between is never seen, and when that has timed out the disk is given up. Not for a probe: it is what
 * nvme does, not what it offers.
 */
#if KERNEL_VERSION(6, 8, 0) <= LINUX_VERSION_CODE
#define BX_SHADOW_DOORBELLS_SURVIVE_RESETS true
#else
#define BX_SHADOW_DOORBELLS_SURVIVE_RESETS false
#endif

static inline bool bx_reserve_mem_find(const char *name, phys_addr_t *start, phys_addr_t *size)
{
#if BX_HAVE_RESERVE_MEM
	return reserve_mem_find_by_name(name, start, size) > 0;
#else
	return false;
#endif
}

/* Only a driver of this name binds to it; any that fits, if that is empty. */
static inline int bx_set_driver_override(struct pci_dev *pdev, const char *name)
{
#if BX_HAVE_DEVICE_DRIVER_OVERRIDE
	return device_set_driver_override(&pdev->dev, name);
#else
	return driver_set_override(&pdev->dev, &pdev->driver_override, name, strlen(name));
#endif
}

#endif
