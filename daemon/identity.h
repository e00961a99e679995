/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device said about itself when it last could: serial, model, firmware, NQN. They cannot be read
 * while a driver other than nvme has it, and the device must keep its name then. Kept in
 * /run/bxd/identity, so that a restart of bxd does not lose it; a record is only believed for the very
 * same function object of the kernel (address and inode), so a device that was exchanged is not mistaken.
 */
#ifndef BX_DAEMON_IDENTITY_H
#define BX_DAEMON_IDENTITY_H

#include "daemon/pci.h"

struct bx_identity {
	char address[BX_ADDRESS_MAX];
	uint64_t inode;
	char serial[BX_SERIAL_MAX];
	char model[BX_MODEL_MAX];
	char firmware[BX_SERIAL_MAX];
	char nqn[BX_NQN_MAX];
};

struct bx_identities {
	struct bx_identity *list;
	size_t count;
	bool changed;
};

/* Lines of tab-separated fields; a line that is not one of ours is left out. */
int bx_identities_parse(struct bx_identities *identities, const char *text);

int bx_identities_load(struct bx_identities *identities, struct bx_root *root);
/* Writes the file if anything changed. */
int bx_identities_save(struct bx_identities *identities, struct bx_root *root);
void bx_identities_done(struct bx_identities *identities);

const struct bx_identity *bx_identities_find(const struct bx_identities *identities,
					     const char *address, uint64_t inode);

/* What one function said is true of another one, by which it was replaced without another device having come. */
void bx_identities_follow(struct bx_identities *identities, const char *address, uint64_t from,
			  uint64_t to);

/* Remembers what @pci says, if it says something, and forgets what another function at its address said. */
int bx_identities_learn(struct bx_identities *identities, const struct bx_pci *pci);

#endif
