/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the NVM command set share: io.c, range.c and copy.c. */
#ifndef BX_EMU_IO_H
#define BX_EMU_IO_H

#include "controller.h"
#include "pi.h"

#define BX_PRINFO_MASK                                                                  \
	(NVME_RW_PRINFO_PRACT | NVME_RW_PRINFO_PRCHK_GUARD | NVME_RW_PRINFO_PRCHK_APP | \
	 NVME_RW_PRINFO_PRCHK_REF)

/* A command while it is executed. */
struct bx_io {
	struct bx_engine *engine;
	struct bx_request *request;
	struct bx_ns *ns;
	u64 lba;
	u32 blocks;
	struct bx_pi_tags tags; /* if the namespace has protection information */
};

/* ---- which commands there are: io.c's table */

enum {
	BX_IO_RANGE = BIT(0), /* it names its blocks as a Read does */
	BX_IO_LIST = BIT(1), /* in a list, which its handler fetches */
	BX_IO_CHANGES = BIT(2), /* what is in blocks */
	BX_IO_MEDIA = BIT(3), /* it moves blocks, and does not only say something about them */
	BX_IO_LINK = BIT(4), /* and their data crosses the link */
	BX_IO_HOST_READ = BIT(5), /* the health log counts it as a host's read */
	BX_IO_HOST_WRITE = BIT(6),
	BX_IO_ALWAYS =
		BIT(7), /* also of all namespaces at once, or while a sanitize runs or has failed */
};

struct bx_io_command {
	u16 (*execute)(struct bx_io *io);
	unsigned int flags;
};

/* By opcode; without a handler, there is none. */
extern const struct bx_io_command bx_io_commands[256];

/* ---- io.c. What returns a u16 returns a status, and BX_WORLD where that is said. */

static inline bool bx_io_within(const struct bx_ns *ns, u64 lba, u64 blocks)
{
	return lba <= ns->blocks && blocks <= ns->blocks - lba;
}

/* Reads lba, blocks and tags out of a command that looks like a Read, and checks them. */
u16 bx_io_parse(struct bx_io *io);
/* The same for the tags alone, which go with io->lba. */
u16 bx_io_parse_tags(struct bx_io *io);
/* Whether the namespace may be written to, by a command that looks like a Write. */
u16 bx_io_may_write(struct bx_io *io);
u16 bx_io_error(int error);

/* Nobody else moves this block, nor those of its page of the store, until it is unlocked. NULL, for unlocking, with the world held. */
struct mutex *bx_row_lock(const struct bx_engine *engine, struct bx_ns *ns, u64 lba);
void bx_row_unlock(struct mutex *lock);

/*
 * One block and its metadata, one after the other in @buffer, with protection information as it is seen. Storing may
 * spoil the metadata in the buffer.
 */
void bx_block_load(const struct bx_io *io, u64 lba, u8 *buffer);
int bx_block_store(const struct bx_io *io, u64 lba, u8 *buffer);

/* ---- range.c */

u16 bx_write_zeroes(struct bx_io *io);
u16 bx_dataset_management(struct bx_io *io);
u16 bx_write_uncorrectable(struct bx_io *io);
/* Whether there is a block that may not be read; request->lba is then the first of them. */
u16 bx_io_check_readable(struct bx_io *io, u64 lba, u32 blocks);
/*
 * Blocks that were written are good again. Before the first is, it is asked whether they may be, which wants the world:
 * BX_WORLD.
 */
u16 bx_io_may_heal(struct bx_io *io, u64 lba, u32 blocks);
u16 bx_io_heal(struct bx_io *io, u64 lba, u32 blocks);

/* ---- copy.c */

u16 bx_copy(struct bx_io *io);

#endif
