/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sysfs says about an NVMe PCI function right now, and the words of PCI: addresses, slot
 * paths, driver names. Reads only; remembers nothing.
 */
#ifndef BX_DAEMON_PCI_H
#define BX_DAEMON_PCI_H

#include "daemon/errors.h"
#include "daemon/root.h"

#include <stdbool.h>
#include <stdint.h>

#define BX_ADDRESS_MAX	  20 /* DDDDDDDD:BB:DD.F */
#define BX_NAME_MAX	  64 /* of a driver or controller */
#define BX_SERIAL_MAX	  64 /* NVMe has 20 bytes; vendors' sysfs attributes are not trusted */
#define BX_MODEL_MAX	  96
#define BX_NQN_MAX	  256 /* NVMe has 223 bytes */
#define BX_SLOT_MAX	  160

#define BX_PCI_DEVICES	  "sys/bus/pci/devices"
#define BX_PCI_DRIVERS	  "sys/bus/pci/drivers"

/* PCI class, subclass and interface of an NVMe I/O controller. */
#define BX_PCI_CLASS_NVME 0x010802

/*
 * The driver that the kernel gives such a function by itself. A function that is bound to it needs
 * no driver_override and, once bxd has bound it, has none.
 */
#define BX_NATURAL_DRIVER "nvme"

/* A driver of ours: its name in a driver_override is never taken for what was there before us. */
#define BX_OWN_DRIVER	  "bx_nvme"

struct bx_pci {
	char address[BX_ADDRESS_MAX];
	uint64_t inode; /* changes when the function leaves and comes back */
	char slot[BX_SLOT_MAX];
	char driver[BX_NAME_MAX]; /* "" without one */
	uint16_t vendor, device;
	int numa_node;
	int iommu_group; /* -1 without one */
	char controller[BX_NAME_MAX]; /* "nvme0", "" unless nvme has it */
	char controller_state[BX_NAME_MAX];
	char serial[BX_SERIAL_MAX];
	char model[BX_MODEL_MAX];
	char firmware[BX_SERIAL_MAX];
	char nqn[BX_NQN_MAX]; /* of the subsystem, which may have more controllers */
	char **blocks; /* whole namespaces: "nvme0n1" */
};

/* True for DDDD:BB:DD.F as the kernel writes it (lower case, 4 to 8 digits of domain). */
bool bx_pci_address_valid(const char *s);

/*
 * The drivers that know NVMe devices or leave whatever they are given alone, ended by NULL. An override makes any driver probe
 * the device, and one that is made for other hardware takes its registers for what they are not.
 */
extern const char *const bx_suitable_drivers[];
bool bx_driver_suitable(const char *driver);

/* DriverUnsuitable, with the names of those that are suitable. */
int bx_fail_unsuitable(const char *driver, struct bx_failure *failure);

/* True for what can be a driver's name: letters, digits, - and _, at most 55 bytes. */
bool bx_driver_name_valid(const char *s);

/*
 * From ../../../devices/pci0000:00/0000:00:03.0/0000:01:00.0 the path by which the function is
 * reached from its root bus, free of bus numbers, which firmware gives: 0000:00-03.0-00.0.
 */
int bx_pci_slot_from_link(const char *link, char *slot, size_t size);

/* The last PCI address in a path below /sys/devices; -ENOENT if there is none. */
int bx_pci_address_in_path(const char *path, char address[static BX_ADDRESS_MAX]);

/* 1 and the class if there is such a function, 0 if not. */
int bx_pci_is_nvme(struct bx_root *root, const char *address);

int bx_pci_driver(struct bx_root *root, const char *address, char driver[static BX_NAME_MAX]);
/*
 * Only for who may wait: some kernels hold the device's lock for reading it, which an unbind that hangs never gives back. So
 * the daemon does not.
 */
int bx_pci_override(struct bx_root *root, const char *address, char name[static BX_NAME_MAX]);

/* The nvme controller below the function; "" and 0 if there is none. */
int bx_pci_controller(struct bx_root *root, const char *address, char name[static BX_NAME_MAX]);

/*
 * 1 and the disk for an entry of a controller's folder that is a namespace, else 0: nvme0n1 is one,
 * nvme0c3n1 is a path to one. The first number is the subsystem's and need not be the controller's.
 */
int bx_nvme_disk_of(const char *name, char *disk, size_t size);

/* The whole namespaces of a controller, multipath heads instead of the hidden disks behind them. */
int bx_nvme_blocks(struct bx_root *root, const char *address, const char *controller, char ***ret);

/* Everything; -ENODEV if the function has left. To be released with bx_pci_done(). */
int bx_pci_read(struct bx_root *root, const char *address, struct bx_pci *pci);
void bx_pci_done(struct bx_pci *pci);

#endif
