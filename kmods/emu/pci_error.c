// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of PCI Express, as Advanced Error Reporting has them: the endpoint notes them and sends a message, of which the port
 * tells the host. They happen only when they are asked for, and to nothing but these registers.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

#include "pci_config.h"

enum message {
	MESSAGE_NONE,
	MESSAGE_CORRECTABLE,
	MESSAGE_NONFATAL,
	MESSAGE_FATAL
};

/* ---- registers */

void bx_error_init(struct bx_function *f)
{
	u32 uncorrectable = PCI_ERR_UNC_DLP | PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_FCP |
			    PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT | PCI_ERR_UNC_UNX_COMP |
			    PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_ECRC |
			    PCI_ERR_UNC_UNSUP | PCI_ERR_UNC_INTN;
	u32 correctable = PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP |
			  PCI_ERR_COR_REP_ROLL | PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT |
			  PCI_ERR_COR_INTERNAL;
	int cap = BX_CAP_AER;

	/* These keep their values through any reset: see pci_config.c. */
	put(f, cap, 4, PCI_EXT_CAP_ID_ERR | 2 << 16);
	clears(f, cap + PCI_ERR_UNCOR_STATUS, 4, uncorrectable);
	allow(f, cap + PCI_ERR_UNCOR_MASK, 4, uncorrectable);
	put(f, cap + PCI_ERR_UNCOR_MASK, 4, PCI_ERR_UNC_INTN);
	allow(f, cap + PCI_ERR_UNCOR_SEVER, 4, uncorrectable);
	put(f, cap + PCI_ERR_UNCOR_SEVER, 4,
	    PCI_ERR_UNC_DLP | PCI_ERR_UNC_FCP | PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP |
		    PCI_ERR_UNC_INTN);
	clears(f, cap + PCI_ERR_COR_STATUS, 4, correctable);
	allow(f, cap + PCI_ERR_COR_MASK, 4, correctable);
	put(f, cap + PCI_ERR_COR_MASK, 4, PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL);
}

void bx_error_init_port(struct bx_function *f)
{
	int aer = BX_CAP_AER;

	allow(f, aer + PCI_ERR_ROOT_COMMAND, 4,
	      PCI_ERR_ROOT_CMD_COR_EN | PCI_ERR_ROOT_CMD_NONFATAL_EN | PCI_ERR_ROOT_CMD_FATAL_EN);
	clears(f, aer + PCI_ERR_ROOT_STATUS, 4,
	       PCI_ERR_ROOT_COR_RCV | PCI_ERR_ROOT_MULTI_COR_RCV | PCI_ERR_ROOT_UNCOR_RCV |
		       PCI_ERR_ROOT_MULTI_UNCOR_RCV | PCI_ERR_ROOT_FIRST_FATAL |
		       PCI_ERR_ROOT_NONFATAL_RCV | PCI_ERR_ROOT_FATAL_RCV);
}

/* ---- the port */

u32 bx_error_interrupts(const struct bx_function *port)
{
	u32 status = get(port, BX_CAP_AER + PCI_ERR_ROOT_STATUS, 4), errors = 0;
	u32 enabled = get(port, BX_CAP_AER + PCI_ERR_ROOT_COMMAND, 4);

	if (!(get(port, BX_CAP_MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE))
		return 0;
	if (enabled & PCI_ERR_ROOT_CMD_COR_EN)
		errors |= status & PCI_ERR_ROOT_COR_RCV;
	if (enabled & PCI_ERR_ROOT_CMD_NONFATAL_EN)
		errors |= status & PCI_ERR_ROOT_NONFATAL_RCV;
	if (enabled & PCI_ERR_ROOT_CMD_FATAL_EN)
		errors |= status & PCI_ERR_ROOT_FATAL_RCV;
	return errors;
}

/* Whose error it was is kept of the first one, until the host has cleared the status. */
static void receive_message(struct bx_function *port, enum message message)
{
	bool correctable = message == MESSAGE_CORRECTABLE;
	int status = BX_CAP_AER + PCI_ERR_ROOT_STATUS, source = BX_CAP_AER + PCI_ERR_ROOT_ERR_SRC;
	u32 received = correctable ? PCI_ERR_ROOT_COR_RCV : PCI_ERR_ROOT_UNCOR_RCV;
	u32 bits = received;

	if (!correctable) {
		if (get(port, PCI_COMMAND, 2) & PCI_COMMAND_SERR)
			change(port, PCI_STATUS, 2, 0, PCI_STATUS_SIG_SYSTEM_ERROR);
		bits |= message == MESSAGE_FATAL ? PCI_ERR_ROOT_FATAL_RCV
						 : PCI_ERR_ROOT_NONFATAL_RCV;
	}
	if (get(port, status, 4) & received) {
		bits |= correctable ? PCI_ERR_ROOT_MULTI_COR_RCV : PCI_ERR_ROOT_MULTI_UNCOR_RCV;
	} else {
		put(port, source + (correctable ? 0 : 2), 2, get(port, PCI_SECONDARY_BUS, 1) << 8);
		if (message == MESSAGE_FATAL)
			bits |= PCI_ERR_ROOT_FIRST_FATAL;
	}
	change(port, status, 4, 0, bits);
}

/* ---- the endpoint */

static enum message note_correctable(struct bx_function *f, u32 bits)
{
	change(f, BX_CAP_EXP + PCI_EXP_DEVSTA, 2, 0, PCI_EXP_DEVSTA_CED);
	change(f, BX_CAP_AER + PCI_ERR_COR_STATUS, 4, 0, bits);
	if (!(bits & ~get(f, BX_CAP_AER + PCI_ERR_COR_MASK, 4)))
		return MESSAGE_NONE;
	return get(f, BX_CAP_EXP + PCI_EXP_DEVCTL, 2) & PCI_EXP_DEVCTL_CERE ? MESSAGE_CORRECTABLE
									    : MESSAGE_NONE;
}

/* The first one that is not masked is pointed to until the host clears it. There is no header to keep with it. */
static void point_to_first(struct bx_function *f, u32 bits)
{
	u32 status = get(f, BX_CAP_AER + PCI_ERR_UNCOR_STATUS, 4);
	u32 first = PCI_ERR_CAP_FEP(get(f, BX_CAP_AER + PCI_ERR_CAP, 4));

	if (!(status & BIT(first)))
		change(f, BX_CAP_AER + PCI_ERR_CAP, 4, PCI_ERR_CAP_FEP(~0), __ffs(bits));
}

/* Of several at a time, the worst that is not masked is told. */
static enum message note_uncorrectable(struct bx_function *f, u32 bits)
{
	u32 severe = get(f, BX_CAP_AER + PCI_ERR_UNCOR_SEVER, 4);
	u32 told = bits & ~get(f, BX_CAP_AER + PCI_ERR_UNCOR_MASK, 4);
	bool fatal = told & severe, serr = get(f, PCI_COMMAND, 2) & PCI_COMMAND_SERR;

	change(f, BX_CAP_EXP + PCI_EXP_DEVSTA, 2, 0,
	       (bits & severe ? PCI_EXP_DEVSTA_FED : 0) |
		       (bits & ~severe ? PCI_EXP_DEVSTA_NFED : 0) |
		       (bits & PCI_ERR_UNC_UNSUP ? PCI_EXP_DEVSTA_URD : 0));
	if (told)
		point_to_first(f, told);
	change(f, BX_CAP_AER + PCI_ERR_UNCOR_STATUS, 4, 0, bits);
	if (!told)
		return MESSAGE_NONE;
	if (serr)
		change(f, PCI_STATUS, 2, 0, PCI_STATUS_SIG_SYSTEM_ERROR);
	else if (!(get(f, BX_CAP_EXP + PCI_EXP_DEVCTL, 2) &
		   (fatal ? PCI_EXP_DEVCTL_FERE : PCI_EXP_DEVCTL_NFERE)))
		return MESSAGE_NONE;
	return fatal ? MESSAGE_FATAL : MESSAGE_NONFATAL;
}

int bx_pci_error(struct bx_device *device, bool correctable, u32 bits)
{
	struct bx_function *f = &device->endpoint_function, *port = &device->port_function;
	int status = BX_CAP_AER + (correctable ? PCI_ERR_COR_STATUS : PCI_ERR_UNCOR_STATUS);
	enum message message;
	unsigned long flags;
	int ret = 0;
	u32 before;

	raw_spin_lock_irqsave(&device->config_lock, flags);
	before = bx_error_interrupts(port);
	if (!bx_pci_link_up(device)) {
		ret = -ENODEV;
	} else if (!bits || bits & ~read_space(f->clearable, status, 4)) {
		ret = -EINVAL;
	} else {
		message = correctable ? note_correctable(f, bits) : note_uncorrectable(f, bits);
		if (message == MESSAGE_NONFATAL || message == MESSAGE_FATAL)
			change(port, PCI_SEC_STATUS, 2, 0, PCI_STATUS_SIG_SYSTEM_ERROR);
		/* A bridge passes messages on where it is told so. */
		if (message != MESSAGE_NONE &&
		    get(port, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CTL_SERR)
			receive_message(port, message);
	}
	if (bx_error_interrupts(port) & ~before)
		bx_irq_port(device);
	raw_spin_unlock_irqrestore(&device->config_lock, flags);
	return ret;
}
