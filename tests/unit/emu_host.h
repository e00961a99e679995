/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host for a controller of bx_emu's core: memory, queues, and a driver that polls. Single-threaded: a command is done
 * when the passes that emu_pass() makes have done it. Every byte of memory outside what a command names is
 * watched: a controller that writes there fails the test in emu_end().
 */
#ifndef BX_TESTS_EMU_HOST_H
#define BX_TESTS_EMU_HOST_H

#include "kmods/emu/controller.h"

#define EMU_MEMORY	0x100000000ull /* bus address of the first byte of memory */
#define EMU_MEMORY_SIZE (16u << 20)
#define EMU_QUEUES	8
#define EMU_ALLOCATIONS 1024

#define PAGE		4096u
#define MIB		(1ull << 20)
#define DNR		NVME_STATUS_DNR

struct emu_queue {
	u64 sq, cq; /* bus addresses */
	u32 sq_entries, cq_entries, tail, head;
	u8 phase;
};

struct emu_host {
	struct bx_ctrl *ctrl;
	struct bx_store store;
	u8 *store_memory, *bar, *cmb, *memory;
	size_t next; /* the first free byte of memory */
	size_t allocated[EMU_ALLOCATIONS][2]; /* from, to */
	unsigned int allocations;
	struct emu_queue queues[EMU_QUEUES + 1];
	unsigned int interrupts[BX_VECTORS_MAX];
	u32 admin_entries;
	u64 constant; /* an address in a page that nobody may write to; 0: there is none */
	unsigned int
		master_for; /* so many more accesses to memory, and then not any more; 0: for ever */
	u16 next_cid;
};

struct emu_result {
	u16 status; /* SCT and SC, without phase; EMU_NO_COMPLETION if none came */
	u64 result;
	u16 cid, sq_head;
};
#define EMU_NO_COMPLETION 0xffff

struct emu_options {
	unsigned int queues, entries, mdts, engines, cmb_size, admin_entries;
	u64 store_size; /* 64 MiB unless set */
	bool sparse, no_shadow_doorbells;
};

/* A controller that is powered and not yet enabled, without namespaces. NULL: usual options. */
void emu_begin(struct emu_host *host, const struct emu_options *options);
void emu_end(struct emu_host *host);
/* A namespace, before or after enabling. */
struct bx_ns *emu_namespace(struct emu_host *host, u64 size, u8 format, u8 pi_type);
/* Registers and admin queue, until CSTS.RDY. */
void emu_enable(struct emu_host *host);
void emu_disable(struct emu_host *host);
/* One that is enabled, with usual options, a namespace of 1 MiB and queue 1 of that many entries. */
void emu_begin_with_queue(struct emu_host *host, u32 entries);
/* I/O queue pair @id with that many entries, by the admin commands; interrupts to vector @id. */
void emu_make_queue(struct emu_host *host, u16 id, u32 entries);
/* One queue of a pair: which, the opcode says. The status, without DNR. */
u16 emu_delete_queue(struct emu_host *host, u8 opcode, u16 id);

/* Memory: its bus address, zeroed, aligned to a page and with room before the next. */
u64 emu_alloc(struct emu_host *host, size_t size);
void *emu_at(struct emu_host *host, u64 address);

/* Passes of all engines until there is nothing to do. */
void emu_pass(struct emu_host *host);
/* Puts a command into a queue and rings, without a pass; the command identifier. */
u16 emu_submit(struct emu_host *host, u16 queue, const struct nvme_command *cmd);
/* The next completion of a queue, if there is one; tells the controller that it was taken. */
bool emu_reap(struct emu_host *host, u16 queue, struct emu_result *ret);
/* After some passes, the next completion of a queue must be there and have this status; or there must be none. */
struct emu_result emu_expect(struct emu_host *host, u16 queue, u16 status);
void emu_expect_none(struct emu_host *host, u16 queue);
/* Submits, passes and reaps. @data of @length bytes goes there and comes back through PRPs. */
struct emu_result emu_run(struct emu_host *host, u16 queue, struct nvme_command *cmd, void *data,
			  size_t length);
/* The same without data: the status, without DNR. */
u16 emu_status(struct emu_host *host, u16 queue, struct nvme_command cmd);
/* Fills the PRPs of a command for @length bytes at a bus address. */
void emu_prps(struct emu_host *host, struct nvme_command *cmd, u64 address, size_t length);

/* Commands of the admin queue, without the memory that they may need. A queue is at a bus address; a CQ has the vector of its number. */
struct nvme_command emu_identify_command(u8 cns, u32 nsid);
struct nvme_command emu_create_cq_command(u16 id, u32 entries, u64 at);
struct nvme_command emu_create_sq_command(u16 id, u32 entries, u16 cqid, u64 at);
struct nvme_command emu_abort_command(u16 queue, u16 cid);

/* Shorthands: a status each. Blocks are of the namespace's format, @metadata may be NULL. */
u16 emu_read(struct emu_host *host, u16 queue, u32 nsid, u64 lba, unsigned int blocks, void *data,
	     size_t length);
u16 emu_write(struct emu_host *host, u16 queue, u32 nsid, u64 lba, unsigned int blocks,
	      const void *data, size_t length);
u16 emu_identify(struct emu_host *host, u8 cns, u32 nsid, void *data);

#endif
