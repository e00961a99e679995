/* SPDX-License-Identifier: GPL-2.0-only */
/* Where things are in configuration space, and how it is read and changed; for pci_config.c and pci_error.c, with the lock held. */
#ifndef BX_EMU_PCI_CONFIG_H
#define BX_EMU_PCI_CONFIG_H

#include <linux/types.h>

#include "device.h"

/* Where the capabilities are. */
#define BX_CAP_PM   0x40
#define BX_CAP_MSIX 0x50 /* of the endpoint */
#define BX_CAP_MSI  0x50 /* of the port */
#define BX_CAP_EXP  0x70
#define BX_CAP_AER  0x100

static inline u32 read_space(const u8 *space, int where, int size)
{
	u32 value = 0;

	while (size--)
		value = value << 8 | space[where + size];
	return value;
}

static inline u32 get(const struct bx_function *function, int where, int size)
{
	return read_space(function->value, where, size);
}

static inline void set(u8 *space, int where, int size, u32 value)
{
	for (; size; size--, value >>= 8)
		space[where++] = value;
}

static inline void put(struct bx_function *function, int where, int size, u32 value)
{
	set(function->value, where, size, value);
}

static inline void allow(struct bx_function *function, int where, int size, u32 mask)
{
	set(function->writable, where, size, mask);
}

static inline void clears(struct bx_function *function, int where, int size, u32 mask)
{
	set(function->clearable, where, size, mask);
}

static inline void change(struct bx_function *function, int where, int size, u32 clear_bits,
			  u32 set_bits)
{
	put(function, where, size, (get(function, where, size) & ~clear_bits) | set_bits);
}

/* The link is up and nobody holds it down. */
bool bx_pci_link_up(struct bx_device *device);

/* ---- pci_error.c */

/* The AER capability of any function, and what a root port has besides. */
void bx_error_init(struct bx_function *f);
void bx_error_init_port(struct bx_function *port);
/* What the port has been told of and the host wants to be interrupted for. */
u32 bx_error_interrupts(const struct bx_function *port);

#endif
