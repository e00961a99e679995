// SPDX-License-Identifier: GPL-2.0-only
/* reserve_mem= reserves memory at boot and gives it a name; since 6.12. */
#include <linux/mm.h>

int bx_probe(phys_addr_t *start, phys_addr_t *size);

int bx_probe(phys_addr_t *start, phys_addr_t *size)
{
	return reserve_mem_find_by_name("bx", start, size);
}
