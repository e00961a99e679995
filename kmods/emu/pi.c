// SPDX-License-Identifier: GPL-2.0-only
/* Protection information of types 1 to 3 with a guard of 16 bits; see pi.h. */
#include <linux/crc-t10dif.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "pi.h"

static u32 offset_of(const struct bx_ns *ns)
{
	return ns->pi_first ? 0 : bx_metadata_size(ns) - sizeof(struct bx_pi);
}

/* The guard is for the data and for the metadata that precedes it. */
static u16 guard_of(const struct bx_ns *ns, const u8 *data, const u8 *metadata)
{
	u16 crc = crc_t10dif(data, bx_block_size(ns));

	return crc_t10dif_update(crc, metadata, offset_of(ns));
}

/* In type 3 the reference tag is the host's own affair, and the same for all blocks. */
static u32 reftag_of(const struct bx_ns *ns, const struct bx_pi_tags *tags, u32 index)
{
	return ns->pi_type == NVME_NS_DPS_PI_TYPE3 ? tags->reftag : tags->reftag + index;
}

static bool is_exempt(const struct bx_ns *ns, const struct bx_pi *pi)
{
	if (be16_to_cpu(pi->apptag) != U16_MAX)
		return false;
	return ns->pi_type != NVME_NS_DPS_PI_TYPE3 || be32_to_cpu(pi->reftag) == U32_MAX;
}

u16 bx_pi_validate(const struct bx_ns *ns, const struct bx_pi_tags *tags, u64 lba)
{
	bool reference = tags->info & NVME_RW_PRINFO_PRCHK_REF;

	if (!reference)
		return NVME_SC_SUCCESS;
	/* In type 1 the reference tag is the block's address; in type 3 there is nothing to compare it with. */
	if (ns->pi_type == NVME_NS_DPS_PI_TYPE3 ||
	    (ns->pi_type == NVME_NS_DPS_PI_TYPE1 && tags->reftag != (u32)lba))
		return NVME_SC_INVALID_PI | NVME_STATUS_DNR;
	return NVME_SC_SUCCESS;
}

u16 bx_pi_check(const struct bx_ns *ns, const struct bx_pi_tags *tags, u32 index, const u8 *data,
		const u8 *metadata)
{
	struct bx_pi pi;

	memcpy(&pi, metadata + offset_of(ns), sizeof(pi));
	if (is_exempt(ns, &pi))
		return NVME_SC_SUCCESS;
	if (tags->info & NVME_RW_PRINFO_PRCHK_GUARD &&
	    be16_to_cpu(pi.guard) != guard_of(ns, data, metadata))
		return NVME_SC_GUARD_CHECK | NVME_STATUS_DNR;
	if (tags->info & NVME_RW_PRINFO_PRCHK_APP &&
	    (be16_to_cpu(pi.apptag) ^ tags->apptag) & tags->appmask)
		return NVME_SC_APPTAG_CHECK | NVME_STATUS_DNR;
	if (tags->info & NVME_RW_PRINFO_PRCHK_REF &&
	    be32_to_cpu(pi.reftag) != reftag_of(ns, tags, index))
		return NVME_SC_REFTAG_CHECK | NVME_STATUS_DNR;
	return NVME_SC_SUCCESS;
}

static void insert(const struct bx_ns *ns, const struct bx_pi_tags *tags, u32 index, u16 guard,
		   u8 *metadata)
{
	struct bx_pi pi = {
		.guard = cpu_to_be16(guard),
		.apptag = cpu_to_be16(tags->apptag),
		.reftag = cpu_to_be32(reftag_of(ns, tags, index)),
	};

	memcpy(metadata + offset_of(ns), &pi, sizeof(pi));
}

void bx_pi_insert(const struct bx_ns *ns, const struct bx_pi_tags *tags, u32 index, const u8 *data,
		  u8 *metadata)
{
	insert(ns, tags, index, guard_of(ns, data, metadata), metadata);
}

/* The sum starts with zero, and zeros leave it so. */
void bx_pi_insert_zeros(const struct bx_ns *ns, const struct bx_pi_tags *tags, u32 index,
			u8 *metadata)
{
	insert(ns, tags, index, 0, metadata);
}

void bx_pi_invert(const struct bx_ns *ns, u8 *metadata)
{
	u64 word;

	memcpy(&word, metadata + offset_of(ns), sizeof(word));
	word = ~word;
	memcpy(metadata + offset_of(ns), &word, sizeof(word));
}
