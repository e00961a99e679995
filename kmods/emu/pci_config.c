// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration space of the root port and of the endpoint. It is memory with three masks: what the host may write,
 * what a written 1 clears, and what a reset restores; a few registers do something when they are written.
 * The slot and the link are registers of the port, so plugging is here, too. Errors are pci_error.c's.
 */
#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "pci_config.h"

#define BX_PCI_ENDPOINT	    0x0b01
#define BX_PCI_PORT	    0x0b00

/* So long a write of a register waits for an engine where it may not sleep; where it may, that is told after so many seconds. */
#define BX_TRANSFER_US	    100
#define BX_TRANSFER_SECONDS 10

/* Power states, as the PM capability counts them. */
#define BX_D0		    0
#define BX_D3HOT	    3

#define BX_LINK_SPEED	    4 /* 16 GT/s */
#define BX_LINK_WIDTH	    4

#define BX_LINK_NO_ASPM	    BIT(22) /* ASPM Optionality Compliance: since 3.0 the bit must be set */

/* ---- registers */

/* Whether an access of @size bytes at @where is one of any of these. */
static bool covers(int where, int size, int first, int length)
{
	return where < first + length && first < where + size;
}

/* ---- what both functions have */

static void init_head(struct bx_function *f, u16 device, u32 class, u8 header)
{
	put(f, PCI_VENDOR_ID, 2, BX_PCI_VENDOR);
	put(f, PCI_DEVICE_ID, 2, device);
	put(f, PCI_CLASS_REVISION, 4, class << 8 | 1);
	put(f, PCI_HEADER_TYPE, 1, header);
	put(f, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	put(f, PCI_CAPABILITY_LIST, 1, BX_CAP_PM);
	allow(f, PCI_COMMAND, 2,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		      PCI_COMMAND_INTX_DISABLE);
	clears(f, PCI_STATUS, 2,
	       PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
		       PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |
		       PCI_STATUS_DETECTED_PARITY);
	allow(f, PCI_CACHE_LINE_SIZE, 1, 0xff);
	allow(f, PCI_INTERRUPT_LINE, 1, 0xff);
}

/*
 * D0 and D3hot. The function does not reset itself on its way back: it says No_Soft_Reset, and all of it is as it was. What
 * goes to a state that there is not has no effect.
 */
static void init_pm(struct bx_function *f, int next)
{
	put(f, BX_CAP_PM, 1, PCI_CAP_ID_PM);
	put(f, BX_CAP_PM + PCI_CAP_LIST_NEXT, 1, next);
	put(f, BX_CAP_PM + PCI_PM_PMC, 2, 3);
	put(f, BX_CAP_PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET);
	allow(f, BX_CAP_PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_STATE_MASK);
}

static u8 power_state(const struct bx_function *f)
{
	return READ_ONCE(f->value[BX_CAP_PM + PCI_PM_CTRL]) & PCI_PM_CTRL_STATE_MASK;
}

static bool is_awake(const struct bx_function *f)
{
	return power_state(f) == BX_D0;
}

static void keep_power_state(struct bx_function *f, u8 old)
{
	u8 state = power_state(f);

	if (state != BX_D0 && state != BX_D3HOT)
		change(f, BX_CAP_PM + PCI_PM_CTRL, 1, PCI_PM_CTRL_STATE_MASK, old);
}

static void init_exp(struct bx_function *f, u16 flags, u32 devcap, u32 lnkcap, u16 lnksta)
{
	int cap = BX_CAP_EXP;

	put(f, cap, 1, PCI_CAP_ID_EXP);
	put(f, cap + PCI_EXP_FLAGS, 2, flags | 2);
	put(f, cap + PCI_EXP_DEVCAP, 4, devcap | PCI_EXP_DEVCAP_RBER | 1);
	put(f, cap + PCI_EXP_DEVCTL, 2,
	    PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | 0x2000);
	allow(f, cap + PCI_EXP_DEVCTL, 2, 0x78ff | PCI_EXP_DEVCTL_NOSNOOP_EN);
	clears(f, cap + PCI_EXP_DEVSTA, 2,
	       PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD);
	put(f, cap + PCI_EXP_LNKCAP, 4,
	    lnkcap | BX_LINK_NO_ASPM | BX_LINK_WIDTH << 4 | BX_LINK_SPEED);
	put(f, cap + PCI_EXP_LNKSTA, 2,
	    lnksta | PCI_EXP_LNKSTA_SLC | BX_LINK_WIDTH << PCI_EXP_LNKSTA_NLW_SHIFT |
		    BX_LINK_SPEED);
	allow(f, cap + PCI_EXP_LNKCTL, 2,
	      PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
	put(f, cap + PCI_EXP_DEVCAP2, 4, PCI_EXP_DEVCAP2_COMP_TMOUT_DIS);
	allow(f, cap + PCI_EXP_DEVCTL2, 2,
	      PCI_EXP_DEVCTL2_COMP_TIMEOUT | PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
	put(f, cap + PCI_EXP_LNKCAP2, 4,
	    PCI_EXP_LNKCAP2_SLS_2_5GB | PCI_EXP_LNKCAP2_SLS_5_0GB | PCI_EXP_LNKCAP2_SLS_8_0GB |
		    PCI_EXP_LNKCAP2_SLS_16_0GB);
	put(f, cap + PCI_EXP_LNKCTL2, 2, BX_LINK_SPEED);
	allow(f, cap + PCI_EXP_LNKCTL2, 2, PCI_EXP_LNKCTL2_TLS);
}

/* ---- the endpoint */

static void init_cmb_bar(struct bx_function *f, const struct bx_memory *memory)
{
	int at = PCI_BASE_ADDRESS_0 + 4 * BX_CMB_BAR;
	u64 mask = -memory->cmb_size;

	put(f, at, 4,
	    lower_32_bits(memory->cmb_start) | PCI_BASE_ADDRESS_MEM_TYPE_64 |
		    PCI_BASE_ADDRESS_MEM_PREFETCH);
	put(f, at + 4, 4, upper_32_bits(memory->cmb_start));
	allow(f, at, 4, lower_32_bits(mask));
	allow(f, at + 4, 4, upper_32_bits(mask));
}

static void init_endpoint(struct bx_device *device)
{
	struct bx_function *f = &device->endpoint_function;
	u64 bar = device->memory.window.start;

	init_head(f, BX_PCI_ENDPOINT, PCI_CLASS_STORAGE_EXPRESS, PCI_HEADER_TYPE_NORMAL);
	put(f, PCI_SUBSYSTEM_VENDOR_ID, 2, BX_PCI_VENDOR);
	put(f, PCI_SUBSYSTEM_ID, 2, BX_PCI_ENDPOINT);
	put(f, PCI_BASE_ADDRESS_0, 4, lower_32_bits(bar) | PCI_BASE_ADDRESS_MEM_TYPE_64);
	put(f, PCI_BASE_ADDRESS_1, 4, upper_32_bits(bar));
	allow(f, PCI_BASE_ADDRESS_0, 4, -(u32)BX_BAR_SIZE);
	allow(f, PCI_BASE_ADDRESS_1, 4, U32_MAX);
	if (device->memory.cmb)
		init_cmb_bar(f, &device->memory);

	init_pm(f, BX_CAP_MSIX);
	put(f, BX_CAP_MSIX, 1, PCI_CAP_ID_MSIX);
	put(f, BX_CAP_MSIX + PCI_CAP_LIST_NEXT, 1, BX_CAP_EXP);
	put(f, BX_CAP_MSIX + PCI_MSIX_FLAGS, 2, device->vector_count - 1);
	allow(f, BX_CAP_MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	put(f, BX_CAP_MSIX + PCI_MSIX_TABLE, 4, BX_BAR_TABLE);
	put(f, BX_CAP_MSIX + PCI_MSIX_PBA, 4, BX_BAR_PBA);
	init_exp(f, PCI_EXP_TYPE_ENDPOINT << 4, PCI_EXP_DEVCAP_FLR, 0, 0);
	bx_error_init(f);
	memcpy(f->initial, f->value, sizeof(f->initial));
}

/* What is above PCI's own space is AER alone, of which only a loss of power makes an end. */
static void restore(struct bx_function *f, bool power)
{
	memcpy(f->value, f->initial, power ? PCI_CFG_SPACE_EXP_SIZE : BX_CAP_AER);
}

/* The function's registers as after power-on; the controller's follow in an engine's next pass. */
static void reset_endpoint(struct bx_device *device, enum bx_reset kind)
{
	struct bx_function *f = &device->endpoint_function;

	restore(f, false);
	WRITE_ONCE(device->ctrl->bus_master, false);
	WRITE_ONCE(device->ctrl->asleep, false);
	bx_irq_reset(device);
	bx_ctrl_reset(device->ctrl, kind);
}

static void wrote_endpoint(struct bx_device *device, int where, int size, u32 value)
{
	struct bx_function *f = &device->endpoint_function;
	int flr = BX_CAP_EXP + PCI_EXP_DEVCTL + 1; /* the byte with that bit */

	if (covers(where, size, flr, 1) &&
	    (value >> (8 * (flr - where))) & (PCI_EXP_DEVCTL_BCR_FLR >> 8))
		reset_endpoint(device, BX_RESET_FUNCTION);
	/* Asleep, it sends nothing to the host, and does not see what it is told. */
	WRITE_ONCE(device->ctrl->asleep, !is_awake(f));
	/* After all that the host wants of the device before: see may_go_on(). */
	smp_store_release(&device->ctrl->bus_master,
			  is_awake(f) && get(f, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	if (covers(where, size, BX_CAP_MSIX + PCI_MSIX_FLAGS, 2) ||
	    covers(where, size, BX_CAP_PM + PCI_PM_CTRL, 1))
		bx_irq_unmasked(device);
}

bool bx_pci_msix(struct bx_device *device, bool *masked)
{
	u8 flags = READ_ONCE(device->endpoint_function.value[BX_CAP_MSIX + PCI_MSIX_FLAGS + 1]);

	*masked = flags & (PCI_MSIX_FLAGS_MASKALL >> 8);
	return flags & (PCI_MSIX_FLAGS_ENABLE >> 8) && is_awake(&device->endpoint_function);
}

/* ---- the root port */

static void init_port(struct bx_device *device)
{
	struct bx_function *f = &device->port_function;
	u64 base = device->memory.window.start, limit = device->memory.window.end;
	int exp = BX_CAP_EXP;

	init_head(f, BX_PCI_PORT, PCI_CLASS_BRIDGE_PCI << 8, PCI_HEADER_TYPE_BRIDGE);
	put(f, PCI_SECONDARY_BUS, 1, 1);
	put(f, PCI_SUBORDINATE_BUS, 1, 1);
	allow(f, PCI_PRIMARY_BUS, 3, 0xffffff);
	/* Base above limit is off. */
	put(f, PCI_IO_BASE, 2, 0x00f0);
	allow(f, PCI_IO_BASE, 2, 0xf0f0);
	f->writable[PCI_COMMAND] |= PCI_COMMAND_IO;
	clears(f, PCI_SEC_STATUS, 2,
	       PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
		       PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |
		       PCI_STATUS_DETECTED_PARITY);
	put(f, PCI_MEMORY_BASE, 4, 0x0000fff0);
	allow(f, PCI_MEMORY_BASE, 4, 0xfff0fff0);
	put(f, PCI_PREF_MEMORY_BASE, 2, (base >> 16 & 0xfff0) | PCI_PREF_RANGE_TYPE_64);
	put(f, PCI_PREF_MEMORY_LIMIT, 2, (limit >> 16 & 0xfff0) | PCI_PREF_RANGE_TYPE_64);
	put(f, PCI_PREF_BASE_UPPER32, 4, upper_32_bits(base));
	put(f, PCI_PREF_LIMIT_UPPER32, 4, upper_32_bits(limit));
	allow(f, PCI_PREF_MEMORY_BASE, 4, 0xfff0fff0);
	allow(f, PCI_PREF_BASE_UPPER32, 4, U32_MAX);
	allow(f, PCI_PREF_LIMIT_UPPER32, 4, U32_MAX);
	allow(f, PCI_BRIDGE_CONTROL, 2,
	      PCI_BRIDGE_CTL_PARITY | PCI_BRIDGE_CTL_SERR | PCI_BRIDGE_CTL_BUS_RESET);

	init_pm(f, BX_CAP_MSI);
	put(f, BX_CAP_MSI, 1, PCI_CAP_ID_MSI);
	put(f, BX_CAP_MSI + PCI_CAP_LIST_NEXT, 1, BX_CAP_EXP);
	put(f, BX_CAP_MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT);
	allow(f, BX_CAP_MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	allow(f, BX_CAP_MSI + PCI_MSI_ADDRESS_LO, 4, 0xfffffffc);
	allow(f, BX_CAP_MSI + PCI_MSI_ADDRESS_HI, 4, U32_MAX);
	allow(f, BX_CAP_MSI + PCI_MSI_DATA_64, 2, U16_MAX);

	init_exp(f, PCI_EXP_TYPE_ROOT_PORT << 4 | PCI_EXP_FLAGS_SLOT, 0, PCI_EXP_LNKCAP_DLLLARC,
		 PCI_EXP_LNKSTA_DLLLA);
	allow(f, exp + PCI_EXP_LNKCTL, 2,
	      PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_LD | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
	put(f, exp + PCI_EXP_SLTCAP, 4,
	    PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_HPS | PCI_EXP_SLTCAP_NCCS |
		    (device->sysdata.domain & 0x1fff) << 19);
	allow(f, exp + PCI_EXP_SLTCTL, 2,
	      PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_DLLSCE);
	put(f, exp + PCI_EXP_SLTSTA, 2, PCI_EXP_SLTSTA_PDS);
	clears(f, exp + PCI_EXP_SLTSTA, 2, PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC);
	allow(f, exp + PCI_EXP_RTCTL, 2,
	      PCI_EXP_RTCTL_SECEE | PCI_EXP_RTCTL_SENFEE | PCI_EXP_RTCTL_SEFEE |
		      PCI_EXP_RTCTL_PMEIE);
	clears(f, exp + PCI_EXP_RTSTA, 4, PCI_EXP_RTSTA_PME);

	bx_error_init(f);
	bx_error_init_port(f);
}

bool bx_pci_link_up(struct bx_device *device)
{
	struct bx_function *f = &device->port_function;

	return device->present && device->link &&
	       !(get(f, BX_CAP_EXP + PCI_EXP_LNKCTL, 2) & PCI_EXP_LNKCTL_LD) &&
	       !(get(f, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CTL_BUS_RESET);
}

/* What the link and the slot have become is in the registers; whether the host is told is up to it. */
static void update_port(struct bx_device *device)
{
	struct bx_function *f = &device->port_function;
	int sta = BX_CAP_EXP + PCI_EXP_SLTSTA, lnk = BX_CAP_EXP + PCI_EXP_LNKSTA;
	bool was_up = get(f, lnk, 2) & PCI_EXP_LNKSTA_DLLLA, up = bx_pci_link_up(device);
	bool was_present = get(f, sta, 2) & PCI_EXP_SLTSTA_PDS;
	u16 events = 0, enabled = get(f, BX_CAP_EXP + PCI_EXP_SLTCTL, 2);

	if (was_present != device->present)
		events |= PCI_EXP_SLTSTA_PDC;
	if (was_up != up)
		events |= PCI_EXP_SLTSTA_DLLSC;
	change(f, sta, 2, PCI_EXP_SLTSTA_PDS, events | (device->present ? PCI_EXP_SLTSTA_PDS : 0));
	change(f, lnk, 2, PCI_EXP_LNKSTA_DLLLA, up ? PCI_EXP_LNKSTA_DLLLA : 0);
	/* Nothing reaches the host over a link that is down. */
	if (!up) {
		WRITE_ONCE(device->ctrl->bus_master, false);
		WRITE_ONCE(device->ctrl->asleep, false);
	}

	if (!(enabled & PCI_EXP_SLTCTL_HPIE) ||
	    !(get(f, BX_CAP_MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE))
		return;
	if (((events & PCI_EXP_SLTSTA_PDC) && (enabled & PCI_EXP_SLTCTL_PDCE)) ||
	    ((events & PCI_EXP_SLTSTA_DLLSC) && (enabled & PCI_EXP_SLTCTL_DLLSCE)))
		bx_irq_port(device);
}

/* The end of a reset or of a disabled link is when the endpoint starts anew. */
static void wrote_port(struct bx_device *device)
{
	bool was_up =
		get(&device->port_function, BX_CAP_EXP + PCI_EXP_LNKSTA, 2) & PCI_EXP_LNKSTA_DLLLA;

	update_port(device);
	if (!was_up && bx_pci_link_up(device))
		reset_endpoint(device, BX_RESET_FUNCTION);
}

void bx_pci_plug(struct bx_device *device, bool present, bool link)
{
	unsigned long flags;
	bool was_up;

	raw_spin_lock_irqsave(&device->config_lock, flags);
	was_up = bx_pci_link_up(device);
	device->present = present;
	device->link = link;
	if (!present || (!was_up && bx_pci_link_up(device)))
		restore(&device->endpoint_function, !present);
	update_port(device);
	raw_spin_unlock_irqrestore(&device->config_lock, flags);
}

/* ---- access by the host */

static struct bx_device *bus_device(struct pci_bus *bus)
{
	return container_of((struct pci_sysdata *)bus->sysdata, struct bx_device, sysdata);
}

static struct bx_function *find_function(struct bx_device *device, struct pci_bus *bus,
					 unsigned int devfn)
{
	if (devfn)
		return NULL;
	if (pci_is_root_bus(bus))
		return &device->port_function;
	/* One that is being reset does not answer, lest the host sets up what the reset then clears. */
	if (!bx_pci_link_up(device) || bx_ctrl_resetting(device->ctrl))
		return NULL;
	return &device->endpoint_function;
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *value)
{
	struct bx_device *device = bus_device(bus);
	struct bx_function *function;
	unsigned long flags;

	if (where < 0 || where + size > PCI_CFG_SPACE_EXP_SIZE)
		return PCIBIOS_BAD_REGISTER_NUMBER;
	raw_spin_lock_irqsave(&device->config_lock, flags);
	function = find_function(device, bus, devfn);
	*value = function ? get(function, where, size) : ~0u;
	raw_spin_unlock_irqrestore(&device->config_lock, flags);
	return function ? PCIBIOS_SUCCESSFUL : PCIBIOS_DEVICE_NOT_FOUND;
}

static void write_function(struct bx_function *f, int where, int size, u32 value)
{
	u8 byte, state = power_state(f);

	for (; size; size--, where++, value >>= 8) {
		byte = (f->value[where] & ~f->writable[where]) | (value & f->writable[where]);
		WRITE_ONCE(f->value[where], byte & ~(value & f->clearable[where]));
	}
	keep_power_state(f, state);
}

/*
 * A real device has sent what it had to send when such a write has been answered; what an engine is at takes as long as one command.
 * All of the kernel's paths that take bus mastering away may sleep, and are not told that it is over before it is: what they free
 * next would be written to. Only a user's write to configuration space comes with interrupts off; an engine that it has preempted
 * then goes on afterwards.
 */
static void wait_for_transfers(struct bx_device *device)
{
	bool may_sleep = IS_ENABLED(CONFIG_PREEMPT_COUNT) ? preemptible()
							  : !irqs_disabled() && !in_interrupt();
	unsigned long until = jiffies + BX_TRANSFER_SECONDS * HZ;
	unsigned int us = 0;
	bool told = false;

	/* Pairs with the one in begin_reaching(): either it sees that it may not, or we see that it does. */
	smp_mb();
	for (unsigned int i = 0; i < device->ctrl->engine_count; i++) {
		struct bx_engine *engine = &device->ctrl->engines[i];

		for (; us < BX_TRANSFER_US && bx_thread_reaching(engine); us++)
			udelay(1);
		while (may_sleep && bx_thread_reaching(engine)) {
			if (!told && time_after(jiffies, until)) {
				pr_err("bx_emu: %s: a command still runs in the host's memory\n",
				       device->options->name);
				told = true;
			}
			usleep_range(50, 200);
		}
	}
}

static void write_port(struct bx_device *device, int where, int size, u32 value)
{
	struct bx_function *f = &device->port_function;
	u32 before = bx_error_interrupts(f);

	write_function(f, where, size, value);
	wrote_port(device);
	/* Errors that are there already interrupt when they are enabled. */
	if (bx_error_interrupts(f) & ~before)
		bx_irq_port(device);
}

static void write_endpoint(struct bx_device *device, int where, int size, u32 value)
{
	write_function(&device->endpoint_function, where, size, value);
	wrote_endpoint(device, where, size, value);
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 value)
{
	struct bx_device *device = bus_device(bus);
	struct bx_function *function;
	unsigned long flags;

	if (where < 0 || where + size > PCI_CFG_SPACE_EXP_SIZE)
		return PCIBIOS_BAD_REGISTER_NUMBER;
	raw_spin_lock_irqsave(&device->config_lock, flags);
	function = find_function(device, bus, devfn);
	if (function == &device->port_function)
		write_port(device, where, size, value);
	else if (function)
		write_endpoint(device, where, size, value);
	raw_spin_unlock_irqrestore(&device->config_lock, flags);
	/* Whoever took it away: who finds that done may rely on it as much. */
	if (!READ_ONCE(device->ctrl->bus_master))
		wait_for_transfers(device);
	return function ? PCIBIOS_SUCCESSFUL : PCIBIOS_DEVICE_NOT_FOUND;
}

struct pci_ops bx_pci_config_ops = {
	.read = config_read,
	.write = config_write,
};

/* ---- making it */

void bx_pci_config_init(struct bx_device *device)
{
	raw_spin_lock_init(&device->config_lock);
	device->present = true;
	device->link = true;
	init_endpoint(device);
	init_port(device);
}
