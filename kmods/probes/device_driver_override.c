// SPDX-License-Identifier: GPL-2.0-only
/* Any device has a driver_override, which before was the PCI device's. */
#include <linux/device.h>

int bx_probe(struct device *dev);

int bx_probe(struct device *dev)
{
	return device_set_driver_override(dev, NULL);
}
