/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What configfs says of bx_emu's devices, whoever made them. Reads only, and never waits for a device that is powered on. */
#ifndef BX_DAEMON_EMULATED_H
#define BX_DAEMON_EMULATED_H

#include "daemon/definition.h"
#include "daemon/pci.h"

#define BX_EMULATED_MODULE "bx_emu"
#define BX_EMULATED_DIR	   "sys/kernel/config/bx_emu"

struct bx_emulated {
	char name[BX_EMULATED_NAME_MAX];
	bool on;
	char address[BX_ADDRESS_MAX]; /* of the PCI function, "" while it is off; it may be pulled out */
};

/* To be freed; how many there are, 0 where bx_emu is not loaded. */
int bx_emulated_list(struct bx_root *root, struct bx_emulated **ret);

#endif
