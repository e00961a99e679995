/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One emulated device, as its glue sees it: the core's controller, and the parts of the kernel that it is made of.
 * Each part has a file of its own, with a pair of functions below.
 */
#ifndef BX_EMU_DEVICE_H
#define BX_EMU_DEVICE_H

#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/smp.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "controller.h"
#include "memory.h"
#include "timing.h"

#define BX_NAME_MAX   32
#define BX_PCI_VENDOR 0x0c51 /* nobody's */

/* ---- what a device is to be; configfs and the module's parameters fill it in */

struct bx_device_ns {
	bool wanted;
	struct bx_ns_options options; /* size 0: all that is left */
	u32 lba_size, metadata_size;
};

/* How an engine that has nothing to do waits; may change at any time. In ns. */
struct bx_idle {
	u32 spin; /* looks all the time for so long */
	u32 step; /* then sleeps for so long, */
	u32 max; /* a quarter longer each time, but no longer than this */
};

struct bx_device_options {
	char name[BX_NAME_MAX];
	enum bx_memory_source source;
	char reserved[BX_MEMORY_NAME];
	u64 memory_start, memory_size;
	u64 capacity; /* of the data: 0 for what the memory holds; more than that makes it sparse */
	struct cpumask cpus; /* an engine each; none: one, wherever the scheduler likes */
	int node;
	unsigned int queues, queue_depth, mdts;
	u64 cmb_size; /* of the controller memory buffer */
	bool shadow_doorbells;
	char serial[21], model[41];
	struct bx_idle idle;
	struct bx_timing_values timing;
	struct bx_device_ns namespaces[BX_NS_MAX + 1]; /* from 1; none wanted: one with everything */
};

/* ---- parts */

/* One function's configuration space. */
struct bx_function {
	u8 value[PCI_CFG_SPACE_EXP_SIZE];
	u8 writable[PCI_CFG_SPACE_EXP_SIZE]; /* bits that the host may change */
	u8 clearable[PCI_CFG_SPACE_EXP_SIZE]; /* bits that a 1 written to them clears */
	u8 initial[PCI_CFG_SPACE_EXP_SIZE]; /* what a reset restores */
};

struct bx_vector {
	struct bx_device *device;
	unsigned int index;
	unsigned int virq; /* 0: the host does not use it */
	int cpu; /* where the host wants it */
	unsigned long sent; /* bit 0: on its way */
	call_single_data_t call; /* to another CPU */
	struct irq_work work; /* to this one */
};

struct bx_thread {
	struct bx_device *device;
	struct bx_engine *engine;
	struct task_struct *task;
	struct hlist_node node; /* of the state of CPU hotplug */
	int cpu; /* -1: any */
	bool woken;
};

struct bx_device {
	struct bx_device_options *options; /* stay the owner's */
	struct bx_memory memory;
	struct bx_store store;
	struct bx_ctrl *ctrl;
	struct mutex lock; /* unplugging and plugging in */
	bool plugged, leaving;
	bool lost_power; /* since it was plugged last */
	struct work_struct pull; /* a fault pulls it out */

	/* thread.c */
	struct bx_thread *threads;
	unsigned int thread_count;

	/* irq.c */
	struct fwnode_handle *irq_fwnode;
	struct irq_domain *irq_parent, *irq_msi;
	void (*irq_unmask)(struct irq_data *data); /* the kernel's, that ours calls */
	unsigned int (*irq_startup)(struct irq_data *data);
	struct bx_vector *vectors; /* of the endpoint, and after them the port's */
	unsigned int vector_count; /* without the port's */

	/* pci.c */
	struct pci_sysdata sysdata;
	struct resource buses;
	struct pci_bus *bus;
	bool making; /* the bus, with the rescan lock held */
	struct pci_dev *endpoint; /* as long as the host has one; NULL at other times */
	struct notifier_block notifier;

	/* pci_config.c */
	raw_spinlock_t config_lock;
	struct bx_function port_function, endpoint_function;
	bool present, link;
};

/* ---- device.c */

int bx_device_power_on(struct bx_device_options *options, struct bx_device **ret);
void bx_device_power_off(struct bx_device *device);
enum bx_plug {
	BX_PLUG_PRESENT,
	BX_PLUG_LINK
};

/*
 * As if somebody pulled it out of its slot, or its link went down, and back: -ENODEV when it is about to be powered off, -ETIMEDOUT
 * when an engine does not come to the reset.
 */
int bx_device_plug(struct bx_device *device, enum bx_plug what, bool on);
/* An event that is only asked for; -ENODEV when it is pulled out. */
int bx_device_event(struct bx_device *device, u8 type, u8 info, u8 log_page);
/* Fatal status. -ENODEV when it is pulled out. */
int bx_device_fail(struct bx_device *device, const char *why);

/* What a device is if nobody says otherwise. */
void bx_device_options_init(struct bx_device_options *options, const char *name);

/* The same as pulling it out, a little later; from a pass. */
void bx_device_pull_later(struct bx_device *device);

/* ---- pci.c: the bus, the root port and the endpoint */

int bx_pci_create(struct bx_device *device);
void bx_pci_destroy(struct bx_device *device);

/* ---- pci_config.c: their configuration space */

extern struct pci_ops bx_pci_config_ops;

/* As after power-on; the domain is known, and the host does not see it yet. */
void bx_pci_config_init(struct bx_device *device);
/* The port's slot and link become like this, and it tells the host. */
void bx_pci_plug(struct bx_device *device, bool present, bool link);
/* Whether the endpoint may send MSI-X now, and whether all of them are masked. */
bool bx_pci_msix(struct bx_device *device, bool *masked);

/* ---- pci_error.c */

/*
 * An error of the endpoint: bits of its correctable or uncorrectable status. -ENODEV when the link is down, -EINVAL when it has no
 * such error.
 */
int bx_pci_error(struct bx_device *device, bool correctable, u32 bits);

/* ---- irq.c */

int bx_irq_create(struct bx_device *device);
void bx_irq_destroy(struct bx_device *device);
/* All vectors masked, none pending: what a reset leaves. */
void bx_irq_reset(struct bx_device *device);
void bx_irq_interrupt(struct bx_device *device, unsigned int vector);
void bx_irq_port(struct bx_device *device);
/* Sends what waited for the function's mask. */
void bx_irq_unmasked(struct bx_device *device);

/* ---- host.c */

extern const struct bx_host_ops bx_host_ops;

/* ---- thread.c */

int bx_threads_init(void); /* once for the module */
void bx_threads_exit(void);
int bx_threads_create(struct bx_device *device);
void bx_threads_destroy(struct bx_device *device);
void bx_threads_pause(struct bx_device *device);
void bx_threads_resume(struct bx_device *device);
void bx_thread_wake(struct bx_engine *engine);
/* Whether its engine may be in the host's memory; one that has crashed is not. */
bool bx_thread_reaching(struct bx_engine *engine);

/* ---- configfs.c */

int bx_configfs_init(void);
void bx_configfs_exit(void);

#endif
