/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels for the emulator's glue, settled by the probes. The core needs none of it. */
#ifndef BX_EMU_COMPAT_H
#define BX_EMU_COMPAT_H

#include <linux/mm.h>

#include <bx_compat.h>

static inline bool bx_reserve_mem_find(const char *name, phys_addr_t *start, phys_addr_t *size)
{
#if BX_HAVE_RESERVE_MEM
	return reserve_mem_find_by_name(name, start, size) > 0;
#else
	return false;
#endif
}

#endif
