/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An NVMe controller, without anything that is Linux's way of showing one: no PCI, no interrupts, no
 * threads, no configfs. This header is the contract between the rooms of the core:
 *
 *   controller.c  making and unmaking a controller; its life: enable, disable, reset, shutdown
 *   engine.c      one pass over an engine's queues: fetch, execute, complete when it is due
 *   queue.c       submission and completion queues at work: doorbells, fetch, post, interrupts
 *   queue_command.c   how queues come and go; abort, shadow doorbells
 *   dma.c         the host's memory, PRPs and SGLs
 *   admin.c       which admin command is whose
 *   identify.c log.c health.c feature.c feature_table.c event.c namespace.c erase.c firmware.c selftest.c   the admin commands
 *   io.c range.c copy.c pi.c   the NVM command set; protection information
 *   store.c       where the data is
 *   timing.c      when a command is done
 *   fault.c       what is made to go wrong
 *
 * The host writes to registers, doorbells and queues whenever it likes, and nobody is told: an engine
 * looks. What it has looked at is copied once and then checked; the copy is what is used.
 *
 * Locking. An engine's queues, their requests and the due times belong to whoever holds the engine's
 * lock, which is held for a pass. What all engines read (namespaces, the set of queues, the state of
 * the controller) may be read under any engine's lock and is changed by whoever holds all of them:
 * `the world'. They are taken in the order of the engines' numbers.
 */
#ifndef BX_EMU_CONTROLLER_H
#define BX_EMU_CONTROLLER_H

#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "spec.h"
#include "store.h"

#define BX_NS_MAX	  32
#define BX_QUEUES_MAX	  128 /* pairs for I/O */
#define BX_VECTORS_MAX	  (BX_QUEUES_MAX + 1)
#define BX_ENGINES_MAX	  32
#define BX_ROW_LOCKS	  64 /* of a namespace; more than engines, lest they often meet */
#define BX_ENTRIES_MIN	  2
#define BX_ENTRIES_MAX	  65536
#define BX_PAGE_SHIFT_MIN 12
#define BX_PAGE_SHIFT_MAX 16
#define BX_HOST_PAGE \
	(1u << BX_PAGE_SHIFT_MIN) /* the host's memory is found by these, and MDTS counts them */
#define BX_AER_MAX	    16 /* outstanding Asynchronous Event Requests */
#define BX_ABORT_MAX	    8
#define BX_ERRORS_MAX	    64 /* entries of the error log */
#define BX_FIRMWARE_SLOTS   3

/* Copy: ranges, blocks in one of them and in all of them; what Identify says and copy.c checks. */
#define BX_COPY_RANGES	    128
#define BX_COPY_BLOCKS	    1024
#define BX_COPY_TOTAL	    4096

/*
 * Dataset Management: blocks in one of its ranges and in all of them, the same way. The world waits for it, and giving back a
 * page of a sparse store takes about a tenth of a microsecond.
 */
#define BX_DSM_RANGE_BLOCKS (1u << 20)
#define BX_DSM_BLOCKS	    (1ull << 21)

/* ---- BAR 0. The vector table lies behind the doorbells of the most queues there can be. */

#define BX_BAR_SIZE	    0x4000
#define BX_BAR_TABLE	    0x2000
#define BX_BAR_PBA	    0x3000

#define BX_CMB_BAR	    2 /* which BAR the controller memory buffer is */

struct bx_ctrl;
struct bx_engine;
struct bx_request;

/* What the device means to do with memory. */
enum bx_access {
	BX_TO_READ,
	BX_TO_WRITE
};

/* What the core asks of the world around it. */
struct bx_host_ops {
	/*
	 * Where the CPU finds @length bytes of the host's memory at bus address @address, all within one page of
	 * BX_HOST_PAGE; NULL where there is no memory of which the device may do that. It stays valid during a pass, and
	 * for the memory of a queue until the queue is deleted.
	 */
	void *(*memory)(struct bx_ctrl *ctrl, u64 address, size_t length, enum bx_access access);
	/* Sends an interrupt; from a pass. */
	void (*interrupt)(struct bx_ctrl *ctrl, unsigned int vector);
	/* The device is pulled out, without a warning; from a pass, and it is done later. May be NULL. */
	void (*remove)(struct bx_ctrl *ctrl);
	/* There is something to do for @engine that it does not see by itself; from any context. */
	void (*wake)(struct bx_engine *engine);
};

/* What a controller is, from when it is made until it is gone. */
struct bx_config {
	char serial[21], model[41], firmware[9], subnqn[224];
	u16 vendor, subsystem_vendor;
	u16 controller_id;
	unsigned int queues; /* pairs for I/O, 1 to BX_QUEUES_MAX */
	unsigned int entries; /* of a queue, BX_ENTRIES_MIN to BX_ENTRIES_MAX */
	unsigned int mdts; /* largest transfer: BX_HOST_PAGE << mdts */
	unsigned int engines; /* 1 to BX_ENGINES_MAX */
	u64 cmb_size; /* of the controller memory buffer, 0 for none */
	bool shadow_doorbells; /* they are offered */
	void *host; /* for bx_host_ops */
};

/* ---- queues */

struct bx_cq {
	struct list_head entry; /* in its engine's cqs */
	struct bx_engine *engine;
	u16 id, vector;
	bool interrupts;
	u32 entries;
	struct nvme_completion **pages; /* of the ring, as the host's pages lie */
	u32 tail;
	u32 head; /* as the host last said */
	u32 refused; /* what it said that cannot be, said once; U32_MAX for nothing */
	u8 phase;
	__le32 *doorbell, *shadow, *event; /* the shadow counts where there is one */
	unsigned int users; /* SQs that complete to it */
	struct list_head full; /* requests that are done and found no room */
	unsigned int unsaid; /* posted since the last interrupt */
	u64 unsaid_since;
};

struct bx_sq {
	struct list_head entry; /* in its engine's sqs */
	struct bx_cq *cq;
	u16 id;
	u32 entries;
	struct nvme_command **pages;
	u32 head, tail;
	__le32 *doorbell, *shadow, *event;
	struct bx_request *requests;
	u32 room; /* of them: as many as entries, and more for the admin queue */
	struct list_head idle; /* those that are not in use */
	u32 taken; /* how many are */
	bool stopped; /* by a doorbell that made no sense */
};

/* ---- requests */

enum bx_request_state {
	BX_REQUEST_IDLE,
	BX_REQUEST_EXECUTING,
	BX_REQUEST_DUE, /* in its engine's heap until then */
	BX_REQUEST_FULL, /* waits for room in its completion queue */
	BX_REQUEST_HELD, /* by who said BX_LATER, such as an event that has not come */
};

enum bx_fault_action {
	BX_FAULT_NONE,
	BX_FAULT_STATUS, /* it is not executed and has this status */
	BX_FAULT_DROP, /* it is executed and never completed */
	BX_FAULT_DELAY, /* it is completed that much later */
	BX_FAULT_FLIP, /* bits of its data are not what they were */
	BX_FAULT_FAIL, /* the controller has a fatal status */
	BX_FAULT_REMOVE, /* the device is gone */
	BX_FAULT_DEFERRED, /* which of these, if any, is decided when it is known which blocks the command's list names */
};

/* What fault.c has in mind for a command. */
struct bx_fault {
	enum bx_fault_action action;
	bool drawn; /* it has been decided */
	u16 status;
	u32 bits;
	u64 delay_ns;
};

/* One command from when it was fetched until its completion is posted. */
struct bx_request {
	struct list_head entry; /* sq->idle, cq->full, or the list of whoever holds it */
	struct bx_sq *sq;
	struct nvme_command cmd; /* the copy */
	enum bx_request_state state;
	u16 status; /* SCT, SC, DNR: as NVME_SC_*; no phase */
	u16 error_byte; /* which byte of the command was wrong, BX_NO_BYTE if none; for the error log */
	u32 slot; /* in the heap */
	u64 lba; /* for the error log */
	u64 result; /* Dwords 0 and 1 of the completion */
	u64 fetched, due; /* ktime_get_ns() */
	struct bx_fault fault;
};

#define BX_NO_BYTE 0xffff

/* What a handler returns besides a status. */
#define BX_LATER   0xffff /* it keeps the request, and completes it by bx_request_complete() */
#define BX_WORLD   0xfffe /* call it again with the world held; it has done nothing yet */

/* The status of a command that is wrong at this byte. */
#define bx_invalid(request, status, member)                             \
	((request)->error_byte = offsetof(struct nvme_command, member), \
	 (u16)((status) | NVME_STATUS_DNR))

/* ---- namespaces */

struct bx_ns {
	u32 id;
	bool attached, write_protected;
	bool ready; /* false while it is formatted: commands get Format in Progress */
	u64 capacity; /* bytes of data that it was made for, whatever its format leaves of them */
	u8 format; /* index into bx_formats */
	bool extended; /* metadata follows each block in the same buffer */
	u8 pi_type; /* 0: no protection information */
	bool pi_first; /* in the first bytes of the metadata, not the last */
	u64 blocks;
	u8 eui64[8], nguid[16], uuid[16];
	struct bx_extent data, metadata;
	struct bx_extent
		uncorrectable; /* a bit a block, set by Write Uncorrectable; on pages of its own */
	bool has_uncorrectable;
	struct mutex row_locks[BX_ROW_LOCKS]; /* io.c's; see there */
};

struct bx_format {
	u8 block_shift;
	u8 metadata; /* bytes a block */
	u8 performance; /* NVME_LBAF_RP_* */
};
#define BX_FORMATS 7
extern const struct bx_format bx_formats[BX_FORMATS];

static inline u32 bx_block_size(const struct bx_ns *ns)
{
	return 1u << bx_formats[ns->format].block_shift;
}

static inline u32 bx_metadata_size(const struct bx_ns *ns)
{
	return bx_formats[ns->format].metadata;
}

/* ---- engines */

struct bx_segment {
	u8 *cpu;
	u32 length;
};

/* The host's side of a transfer, resolved and checked as a whole before the first byte moves. */
struct bx_data {
	struct bx_segment *segments;
	enum bx_access access;
	unsigned int count, room;
	size_t length;
};

struct bx_heap {
	struct bx_request **requests;
	u32 count, room;
};

struct bx_engine_stats {
	u64 passes, polls; /* polls: of the doorbell of a submission queue */
	u64 busy_ns; /* in passes in which there was something to do */
	u64 slept_ns; /* between passes; for who makes them */
	u64 commands[2][256]; /* admin, I/O */
	u64 errors[2][256];
	u64 bytes_read, bytes_written;
	u64 bytes_checked, bytes_copied; /* by Compare and Verify; by Copy. For the SMART log */
	u64 fua; /* commands that asked for it; nothing is ever held back */
	u64 interrupts, coalesced;
	u64 asked[32], delivered[32]; /* latencies, by the power of two of ns */
	u64 late[32]; /* what had to wait for its time, by how long after that it was done */
	u64 depths[17]; /* commands that a queue had on their way when one was taken, by the power of two */
};

struct bx_engine {
	struct bx_ctrl *ctrl;
	unsigned int number;
	struct mutex lock;
	struct list_head sqs, cqs;
	struct bx_heap due;
	struct bx_data data, metadata; /* of the command that is being executed */
	u8 *buffer; /* BX_BUFFER_SIZE, for the same */
	bool wants_world, has_world;
	bool reaching; /* this pass may read and write the host's memory; read from any context */
	struct bx_request *again; /* has to be executed with the world held */
	u64 now; /* of this pass, ktime_get_ns() */
	struct bx_engine_stats stats;
	void *thread; /* whose engine it is; for the glue */
};

#define BX_BUFFER_SIZE 16384

/* ---- the controller */

/* Each does what the one before it does, and more. */
enum bx_reset {
	BX_RESET_NONE,
	BX_RESET_CONTROLLER, /* CC.EN went to 0 */
	BX_RESET_FUNCTION,
	BX_RESET_SUBSYSTEM,
	BX_RESET_POWER, /* it was gone, and is back */
};

/* Features 08h and 09h: how interrupts are held back. */
struct bx_coalescing {
	u8 threshold; /* 0-based entries */
	u8 time; /* in 100 µs; 0: not at all */
	DECLARE_BITMAP(off, BX_VECTORS_MAX); /* vectors that are not held back */
};

struct bx_admin_state; /* what the admin commands keep; admin.h */
struct bx_timing;
struct bx_faults;

struct bx_ctrl {
	struct bx_config config;
	const struct bx_host_ops *ops;
	u8 *bar; /* BX_BAR_SIZE bytes that the host reads and writes */
	u8 *cmb;
	u64 cmb_bus; /* where commands find it; 0 while they may not use it */
	u64 cmb_control; /* CMBMSC as last acted upon */
	struct bx_store *store;

	bool ready, failed, shut_down, subsystem_was_reset; /* as CSTS says */
	bool bus_master; /* the host lets the device reach its memory */
	bool asleep; /* in a power state in which it has no registers: what is written to them waits */
	u32 cc, csts; /* as last acted upon, and as last shown */
	u32 aqa; /* with which it was enabled last, or could not be */
	u64 asq, acq;
	unsigned int page_shift;
	bool resetting; /* it is being done */
	atomic_t world_waiters;
	/* From any context: until it is done, no engine does anything else. */
	enum bx_reset wanted_reset;

	unsigned int vectors;
	struct bx_coalescing coalescing;
	u32 burst; /* commands of one queue before the next one has its turn */
	u64 shadow_bus, event_bus; /* shadow doorbells and their events, 0 while there are none */
	struct bx_sq *sqs[BX_QUEUES_MAX + 1]; /* 0 is the admin queue */
	struct bx_cq *cqs[BX_QUEUES_MAX + 1];
	struct bx_ns *namespaces[BX_NS_MAX + 1]; /* from 1 */
	u16 io_refused; /* what all I/O commands get while a sanitize runs or has failed; 0: they are executed */

	struct bx_admin_state *admin;
	struct bx_timing *timing;
	struct bx_faults *faults;

	unsigned int engine_count;
	struct bx_engine *engines;
};

/* ---- controller.c */

/*
 * @bar and @cmb stay the caller's. Destroying takes what a creation that failed half-way has left, too: bx_admin_destroy() and
 * bx_timing_destroy() do nothing where nothing was made.
 */
int bx_ctrl_create(const struct bx_config *config, const struct bx_host_ops *ops, void *bar,
		   void *cmb, struct bx_store *store, struct bx_ctrl **ret);
/* No engine may be in a pass any more. */
void bx_ctrl_destroy(struct bx_ctrl *ctrl);
/* Asks for a reset, from any context; done by the next pass of engine 0. If several are asked for, the furthest reaching. */
void bx_ctrl_reset(struct bx_ctrl *ctrl, enum bx_reset kind);
/* Sets CSTS.CFS: nothing goes on until the host resets it. With the world held, or engine 0's lock. */
void bx_ctrl_fail(struct bx_ctrl *ctrl, const char *why);
/* Whether one is asked for or being done. */
bool bx_ctrl_resetting(const struct bx_ctrl *ctrl);
/* Looks at the registers and acts on them, in a pass of engine 0. Whether there was something to do. */
bool bx_ctrl_poll(struct bx_engine *engine);
void bx_world_lock(struct bx_ctrl *ctrl);
void bx_world_unlock(struct bx_ctrl *ctrl);

static inline u32 bx_bar_read(const struct bx_ctrl *ctrl, unsigned int offset)
{
	return le32_to_cpu(READ_ONCE(*(__le32 *)(ctrl->bar + offset)));
}

static inline void bx_bar_write(struct bx_ctrl *ctrl, unsigned int offset, u32 value)
{
	WRITE_ONCE(*(__le32 *)(ctrl->bar + offset), cpu_to_le32(value));
}

/* ---- engine.c */

/*
 * One pass: looks at what the host wants, does it, and posts what is due. When to come again at the latest:
 * 0 for at once since there was something to do, U64_MAX for when the host has done something, else a time.
 */
u64 bx_engine_pass(struct bx_engine *engine);
/*
 * Whether it may be in the host's memory. Once bus_master is false, that ends with the command that is being executed. Afterwards
 * it looks for a moment whether it may, and does not: whoever waits for several engines waits for one after the other.
 */
static inline bool bx_engine_reaching(const struct bx_engine *engine)
{
	/* With the release in end_reaching(): what the engine did in that memory is done. */
	return smp_load_acquire(&engine->reaching);
}
int bx_engine_init(struct bx_engine *engine, struct bx_ctrl *ctrl, unsigned int number);
void bx_engine_done(struct bx_engine *engine);

/*
 * The request is finished with this status, and is posted once it is due. Its engine's lock is held. Outside of a pass nothing is
 * posted, since nobody has looked whether the host's queues are still there: the engine is woken afterwards, and does it.
 */
void bx_request_complete(struct bx_request *request, u16 status);
/* Room in the heap for so many more requests; the world is held. */
int bx_engine_make_room(struct bx_engine *engine, u32 requests);
/* Takes a request that waits for its time out of the heap. */
void bx_engine_forget(struct bx_engine *engine, struct bx_request *request);

/* ---- queue.c */

/* How many commands wait. A doorbell that makes no sense stops the queue, with an event. */
u32 bx_sq_waiting(struct bx_sq *sq);
/* Copies the next command. NULL if there is none, or nothing to keep it in. */
struct bx_request *bx_sq_fetch(struct bx_sq *sq);
/* Looks at the one after it, for fused commands; false if it is not there. */
bool bx_sq_peek(struct bx_sq *sq, struct nvme_command *cmd);
/* Posts, or keeps the request until there is room. */
void bx_cq_post(struct bx_request *request);
bool bx_cq_post_waiting(struct bx_cq *cq);
/* Sends the interrupt that is due; when the next one is that is held back, or U64_MAX. */
u64 bx_cq_interrupt(struct bx_cq *cq);
/* Tells the host up to where its shadow doorbell has been seen; @event is NULL where it has none. */
void bx_doorbell_hush(__le32 *event, u32 seen);

/* ---- queue_command.c */

int bx_queue_create_admin(struct bx_ctrl *ctrl, u64 sq, u32 sq_entries, u64 cq, u32 cq_entries);
/* Drops all queues and what is in them, without a completion; the world is held, or there is no engine any more. */
void bx_queues_drop(struct bx_ctrl *ctrl);
u16 bx_create_cq(struct bx_engine *engine, struct bx_request *request);
u16 bx_create_sq(struct bx_engine *engine, struct bx_request *request);
u16 bx_delete_cq(struct bx_engine *engine, struct bx_request *request);
u16 bx_delete_sq(struct bx_engine *engine, struct bx_request *request);
u16 bx_abort(struct bx_engine *engine, struct bx_request *request);
u16 bx_doorbell_buffer(struct bx_engine *engine, struct bx_request *request);

/* ---- dma.c */

/* The host's memory, or the controller memory buffer. NULL where there is none. */
void *bx_memory(struct bx_ctrl *ctrl, u64 address, size_t length, enum bx_access access);
int bx_data_init(struct bx_data *data, unsigned int room);
void bx_data_done(struct bx_data *data);
/* Resolves the command's data pointer for @length bytes: a status. */
u16 bx_data_map(struct bx_engine *engine, struct bx_request *request, size_t length);
/* The same for the metadata pointer. */
u16 bx_metadata_map(struct bx_engine *engine, struct bx_request *request, size_t length);
/* To and from the host's memory, @offset bytes into what was mapped. */
void bx_data_put(struct bx_data *data, size_t offset, const void *from, size_t length);
void bx_data_get(struct bx_data *data, size_t offset, void *to, size_t length);
void bx_data_zero(struct bx_data *data, size_t offset, size_t length);
/* Maps and answers with @have bytes and zeroes up to @wanted. */
u16 bx_reply(struct bx_engine *engine, struct bx_request *request, const void *from, size_t have,
	     size_t wanted);

/* ---- admin.c, io.c: a status, BX_LATER or BX_WORLD */

u16 bx_admin_execute(struct bx_engine *engine, struct bx_request *request);
u16 bx_io_execute(struct bx_engine *engine, struct bx_request *request);
/* Both halves of a fused pair, with the world held; the statuses of both. */
void bx_io_execute_fused(struct bx_engine *engine, struct bx_request *first,
			 struct bx_request *second, u16 status[2]);

int bx_admin_create(struct bx_ctrl *ctrl); /* makes ctrl->admin */
void bx_admin_destroy(struct bx_ctrl *ctrl);
/* What a reset of this kind makes the admin commands forget; the world is held, the queues are gone. */
void bx_admin_reset(struct bx_ctrl *ctrl, enum bx_reset kind);
/* Power was lost; for the SMART log. */
void bx_admin_lost_power(struct bx_ctrl *ctrl, bool unsafe);
/* What the clock has brought to its end (a self-test, a keep-alive); in a pass of engine 0. When to look again. */
u64 bx_admin_tick(struct bx_ctrl *ctrl, u64 now);

/* ---- namespace.c: also what configfs makes before power-on */

struct bx_ns_options {
	u64 size; /* bytes of data */
	u8 format;
	bool extended;
	u8 pi_type;
	bool pi_first;
	bool attached;
};

/* The world is held, or there is no host yet. @id 0: the first that is free. -ENOSPC, -EEXIST, -EINVAL, -ENOMEM. */
int bx_ns_create(struct bx_ctrl *ctrl, u32 id, const struct bx_ns_options *options,
		 struct bx_ns **ret);
/* The size of the largest that there is room for in this format. */
u64 bx_ns_largest(const struct bx_ctrl *ctrl, u8 format);
void bx_ns_destroy(struct bx_ns *ns, struct bx_ctrl *ctrl);
/*
 * The namespace that a command names. A status: invalid where there can be none of that number, an invalid field
 * where there is none or none attached.
 */
u16 bx_ns_find(struct bx_ctrl *ctrl, struct bx_request *request, struct bx_ns **ret);
/* These blocks and their metadata are zeros from now on, and not stored where they fill pages; the world is held. */
void bx_ns_discard(struct bx_ns *ns, u64 lba, u64 blocks);

/* ---- timing.c */

int bx_timing_create(struct bx_ctrl *ctrl);
void bx_timing_destroy(struct bx_ctrl *ctrl);
/* Times do not wrap: what is too late never comes. */
static inline u64 bx_later(u64 time, u64 span)
{
	return time + span < time ? U64_MAX : time + span;
}

/* When a command that has just been executed is done. */
u64 bx_timing_due(struct bx_engine *engine, const struct bx_request *request, u64 now);

/* ---- event.c, log.c: what other rooms tell them */

enum bx_event_type {
	BX_EVENT_ERROR = 0,
	BX_EVENT_HEALTH = 1,
	BX_EVENT_NOTICE = 2,
	BX_EVENT_IO = 6
};
/* Tells the host, if it listens; from any engine. */
void bx_event(struct bx_ctrl *ctrl, enum bx_event_type type, u8 info, u8 log_page);
/* Completes the Asynchronous Event Requests for which there is something now; in a pass of engine 0. */
bool bx_events_deliver(struct bx_ctrl *ctrl);
/* Writes a failed command into the error log; from any engine. */
void bx_log_error(struct bx_ctrl *ctrl, const struct bx_request *request);

#endif
