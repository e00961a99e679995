/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protection information: eight bytes of a block's metadata that say what its data is and where it belongs. What
 * a command asks for (PRINFO and the tags) against what a block has; where both come from is io.c's business.
 */
#ifndef BX_EMU_PI_H
#define BX_EMU_PI_H

#include "controller.h"

/* The command's side of it, for one row of blocks. */
struct bx_pi_tags {
	u16 info; /* NVME_RW_PRINFO_* */
	u16 apptag, appmask;
	u32 reftag; /* of the first block */
};

static inline bool bx_pi_acts(const struct bx_pi_tags *tags)
{
	return tags->info & NVME_RW_PRINFO_PRACT;
}

static inline bool bx_pi_checks(const struct bx_pi_tags *tags)
{
	return tags->info &
	       (NVME_RW_PRINFO_PRCHK_GUARD | NVME_RW_PRINFO_PRCHK_APP | NVME_RW_PRINFO_PRCHK_REF);
}

/* Whether the command may ask for that, of blocks from @lba on: a status. */
u16 bx_pi_validate(const struct bx_ns *ns, const struct bx_pi_tags *tags, u64 lba);
/* Checks the @index-th block of the row as the tags ask for: a status. */
u16 bx_pi_check(const struct bx_ns *ns, const struct bx_pi_tags *tags, u32 index, const u8 *data,
		const u8 *metadata);
/* Writes the protection information of the @index-th block into its metadata. */
void bx_pi_insert(const struct bx_ns *ns, const struct bx_pi_tags *tags, u32 index, const u8 *data,
		  u8 *metadata);
/* The same for a block of zeros with metadata of zeros, whose guard is known. */
void bx_pi_insert_zeros(const struct bx_ns *ns, const struct bx_pi_tags *tags, u32 index,
			u8 *metadata);
/*
 * From how it is stored to how it is seen, and back. A block that was never written has protection information of all
 * ones, which nobody checks, and the store gives zeros for it: so it is kept inverted.
 */
void bx_pi_invert(const struct bx_ns *ns, u8 *metadata);

/* Metadata that is not protection information lies in [*offset, *offset + *length). */
static inline void bx_pi_spare(const struct bx_ns *ns, u32 *offset, u32 *length)
{
	*offset = ns->pi_first ? sizeof(struct bx_pi) : 0;
	*length = bx_metadata_size(ns) - sizeof(struct bx_pi);
}

#endif
