/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the admin commands keep, and how they share it; see controller.h for what the rest of the core may use.
 *
 * Locking: what is not said to be otherwise is touched by engine 0, whose queue the admin commands come from, or with the
 * world held, which includes it. `lock' is for what any engine tells of: events, errors and health. It is a leaf.
 */
#ifndef BX_EMU_ADMIN_H
#define BX_EMU_ADMIN_H

#include <linux/bitmap.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "controller.h"

/* ---- events */

#define BX_EVENT_TYPES	 8
#define BX_EVENTS_QUEUED 32
#define BX_EVENTS_ASKED \
	16 /* that many before one that is only asked for; the rest is for what happens */

struct bx_queued_event {
	u8 type, info, log_page;
};

struct bx_events {
	u32 enabled; /* feature 0Bh */
	struct list_head held; /* the requests that wait, of engine 0 */
	u8 masked; /* a bit a type that has been told and whose log page has not been read */
	u8 log_page[BX_EVENT_TYPES]; /* which one that is */
	unsigned int queued;
	struct bx_queued_event queue[BX_EVENTS_QUEUED];
};

enum {
	BX_EVENT_SANITIZE_DONE = 1,
	BX_EVENT_SANITIZE_DEALLOCATED = 2
}; /* of BX_EVENT_IO */

/* An event of any kind that somebody wishes to be there. -ENOSPC when too many wait for a request, or for their page to be read. */
int bx_event_ask(struct bx_ctrl *ctrl, u8 type, u8 info, u8 log_page);
/* Told and queued events of this page may come again. */
void bx_event_seen(struct bx_ctrl *ctrl, u8 log_page);
void bx_events_enable(struct bx_ctrl *ctrl, u32 enabled);
void bx_events_forget(struct bx_ctrl *ctrl);
u16 bx_async_event(struct bx_engine *engine, struct bx_request *request);

/* ---- errors and health */

struct bx_errors {
	u64 count; /* ever */
	struct nvme_error_slot slots[BX_ERRORS_MAX]; /* that of error n is n % BX_ERRORS_MAX */
};

#define BX_KELVIN	   273
#define BX_TEMPERATURE	   (35 + BX_KELVIN)
#define BX_WARNING_KELVIN  (70 + BX_KELVIN)
#define BX_CRITICAL_KELVIN (80 + BX_KELVIN)
#define BX_SPARE_THRESHOLD 10

struct bx_health {
	u16 temperature, over, under; /* kelvin; the thresholds of feature 04h */
	u8 spare, used; /* per cent */
	u8 forced; /* critical warnings that somebody wishes to be there */
	u8 warnings;
	u64 media_errors;
	u64 power_losses, unsafe_shutdowns; /* the latter without a word from the host before */
	u64 warm_ns, critical_ns; /* how long it was as warm as that, until `since' */
	u64 since;
};

void bx_health_create(struct bx_ctrl *ctrl);
/* What is made to go wrong; from any context. */
void bx_health_force(struct bx_ctrl *ctrl, u8 warnings);
void bx_health_set_temperature(struct bx_ctrl *ctrl, u16 kelvin);
void bx_health_set_spare(struct bx_ctrl *ctrl, u8 percent);
void bx_health_set_used(struct bx_ctrl *ctrl, u8 percent);
struct bx_health bx_health_get(struct bx_ctrl *ctrl);
void bx_health_set_thresholds(struct bx_ctrl *ctrl, u16 over, u16 under);
/* The host may want to hear now of what is there already. */
void bx_health_remind(struct bx_ctrl *ctrl);

/* Fills the page, which is all zeros; the world is held. */
void bx_health_make_log(struct bx_ctrl *ctrl, void *page);
/* Blocks that a host has written, in bytes; the world is held. */
u64 bx_bytes_written(const struct bx_ctrl *ctrl);

u16 bx_get_log_page(struct bx_engine *engine, struct bx_request *request);
/* Whether there is such a page. */
bool bx_log_page_valid(u8 lid);
/* A namespace came, went or changed: the list says so, and the host is told. */
void bx_log_changed_namespace(struct bx_ctrl *ctrl, u32 id);

/* ---- features */

enum bx_feature_index {
	BX_F_ARBITRATION,
	BX_F_POWER,
	BX_F_WRITE_CACHE,
	BX_F_COALESCING,
	BX_F_ATOMICITY,
	BX_F_EVENTS,
	BX_F_SANITIZE,
	BX_F_PROFILE,
	BX_F_PROGRESS,
	BX_F_VALUES
};

struct bx_features {
	u32 current_value[BX_F_VALUES], saved[BX_F_VALUES];
	u32 error_recovery[BX_NS_MAX + 1];
	u32 keep_alive; /* ms, as rounded; 0: none */
	u64 alive_until;
	u64 timestamp, timestamp_taken; /* ms, and when it was that: ktime_get_ns() */
	bool timestamp_set;
	u8 retry_delays; /* the host understands them */
	u8 host_id[16];
};

#define BX_KEEP_ALIVE_UNIT 10 /* in 100 ms */

void bx_features_create(struct bx_ctrl *ctrl);
void bx_features_reset(struct bx_ctrl *ctrl, enum bx_reset kind);
/* When the host must have said that it lives, U64_MAX for never; or the controller fails. */
u64 bx_features_tick(struct bx_ctrl *ctrl, u64 now);
/* BX_SCOPE_*, and what log page 12h says of a feature besides; 0: it is not there. */
u32 bx_feature_effects(u8 id);
u16 bx_get_features(struct bx_engine *engine, struct bx_request *request);
u16 bx_set_features(struct bx_engine *engine, struct bx_request *request);
u16 bx_keep_alive(struct bx_engine *engine, struct bx_request *request);

/* ---- firmware */

#define BX_FIRMWARE_MAX	 (16u << 20)
#define BX_FIRMWARE_UNIT 4096u

struct bx_firmware {
	char revisions[BX_FIRMWARE_SLOTS + 1][8]; /* padded with spaces; from 1 */
	bool filled[BX_FIRMWARE_SLOTS + 1];
	char running[8]; /* of what runs, whatever its slot has been given since */
	u8 active, next; /* next: at the next reset, 0 if none */
	/* What is being downloaded. Of the image itself only the revision is kept, which is its head. */
	DECLARE_BITMAP(pieces, BX_FIRMWARE_MAX / BX_FIRMWARE_UNIT);
	u32 end; /* of the last piece */
	u32 ragged; /* the end of a piece that is no multiple of the unit, 0 if none is */
	bool committed; /* the next piece is of another image */
	char head[8];
};

void bx_firmware_create(struct bx_ctrl *ctrl);
void bx_firmware_reset(struct bx_ctrl *ctrl);
u16 bx_firmware_download(struct bx_engine *engine, struct bx_request *request);
u16 bx_firmware_commit(struct bx_engine *engine, struct bx_request *request);

/* ---- self-test */

#define BX_SELF_TEST_SHORT_NS	  (5ull * 1000000000)
#define BX_SELF_TEST_EXTENDED_MIN 1
#define BX_SELF_TEST_EXTENDED_NS  (BX_SELF_TEST_EXTENDED_MIN * 60ull * 1000000000)

enum bx_self_test_end {
	BX_SELF_TEST_PASSED = 0x0,
	BX_SELF_TEST_ABORTED = 0x1,
	BX_SELF_TEST_BY_RESET = 0x2,
	BX_SELF_TEST_NS_GONE = 0x3,
	BX_SELF_TEST_BY_FORMAT = 0x4,
	BX_SELF_TEST_BY_SANITIZE = 0x9,
	BX_SELF_TEST_UNUSED = 0xf,
};

struct bx_self_test {
	u8 running; /* BX_SELF_TEST_*, 0 if none */
	u32 nsid;
	u64 since, until;
	struct bx_self_test_log log; /* without what runs now */
};

void bx_self_test_create(struct bx_ctrl *ctrl);
void bx_self_test_reset(struct bx_ctrl *ctrl);
u64 bx_self_test_tick(struct bx_ctrl *ctrl, u64 now);
/* The test that runs ends thus, if it is one of this namespace (0: of whichever). */
void bx_self_test_end(struct bx_ctrl *ctrl, u32 nsid, enum bx_self_test_end how);
/* Puts what the log says now into its first two bytes. */
void bx_self_test_show(struct bx_ctrl *ctrl, u64 now);
u16 bx_start_self_test(struct bx_engine *engine, struct bx_request *request);

/* ---- erasing */

enum bx_erase_kind {
	BX_ERASE_NONE,
	BX_ERASE_FORMAT,
	BX_ERASE_SANITIZE
};
enum bx_sanitize_result { /* as the log says it */
	BX_SANITIZE_NEVER = 0,
	BX_SANITIZE_DONE = 1,
	BX_SANITIZE_RUNNING = 2,
	BX_SANITIZE_FAILED = 3,
	BX_SANITIZE_DEALLOCATED = 4, /* done, and it was asked not to */
};

/* What works its way through one or all namespaces in slices, each with the world held. */
struct bx_erase {
	struct delayed_work work;
	struct bx_ctrl *ctrl;
	enum bx_erase_kind kind;
	bool stopping;
	u32 first, last; /* namespaces */
	u32 nsid; /* where it is */
	u64 block;
	u64 done, total; /* bytes */
	/* Format */
	struct bx_request *request; /* whose end it is; NULL after a reset */
	struct bx_ns_options format;
	u16 status;
	/* Sanitize */
	unsigned int pass, passes; /* of writing; one of discarding may follow */
	u32 pattern;
	bool invert, discard;
	u8 *page; /* of the pattern, and another one of metadata */
};

struct bx_sanitize {
	enum bx_sanitize_result result;
	u32 cdw10;
	u8 passes; /* completed */
	bool failed; /* nothing else is done until it is dealt with */
	bool unrestricted; /* it may be dealt with without another sanitize */
	bool must_fail; /* the next one does; for whoever tests hosts */
	u64 written; /* by the host until it was done, for what was written since */
};

int bx_erase_create(struct bx_ctrl *ctrl);
void bx_erase_destroy(struct bx_ctrl *ctrl);
/* A reset has taken the request away. */
void bx_erase_reset(struct bx_ctrl *ctrl);
/* Per cent of the format of this namespace that are still to be done. */
u8 bx_format_remaining(const struct bx_ctrl *ctrl, const struct bx_ns *ns);
u16 bx_sanitize_progress(const struct bx_ctrl *ctrl);
u16 bx_format(struct bx_engine *engine, struct bx_request *request);
u16 bx_sanitize(struct bx_engine *engine, struct bx_request *request);

/* ---- namespaces */

/* Whether the format may have these. */
bool bx_ns_options_valid(const struct bx_ns_options *options);
/* Whether there is room for anything at all in this format. */
bool bx_ns_can_have(const struct bx_ctrl *ctrl, const struct bx_ns *ns,
		    const struct bx_ns_options *options);
/* Gives it a format, with nothing in it. Afterwards it is empty, even if that failed. */
int bx_ns_shape(struct bx_ctrl *ctrl, struct bx_ns *ns, const struct bx_ns_options *options);
/* The first half of names that are to be unique, as Identify Controller has it; and that of the subsystem. */
void bx_ns_oui(u8 *to);
void bx_subsystem_name(const struct bx_ctrl *ctrl, char *to, size_t size);
u16 bx_ns_manage(struct bx_engine *engine, struct bx_request *request);
u16 bx_ns_attach(struct bx_engine *engine, struct bx_request *request);
u16 bx_identify(struct bx_engine *engine, struct bx_request *request);

/* ---- all of it */

struct bx_admin_state {
	u64 since; /* when power came */
	struct workqueue_struct *workers;
	struct bx_store
		bitmaps; /* a sparse one: what a host never sees takes nothing of the device's */
	spinlock_t lock;
	struct bx_events events;
	struct bx_errors errors;
	struct bx_health health;
	struct bx_features features;
	struct bx_firmware firmware;
	struct bx_self_test self_test;
	struct bx_erase erase;
	struct bx_sanitize sanitize;
	DECLARE_BITMAP(changed, BX_NS_MAX + 1);
};

/* Text in a field that has no end but its length, and a number in one of 16 bytes. */
void bx_put_text(char *to, const char *from, size_t size);
void bx_put_wide(u8 *to, u64 n);
/* What log page 05h says of an admin command; 0: it is not there. */
u32 bx_admin_effects(const struct bx_ctrl *ctrl, u8 opcode);
u64 bx_power_on_hours(const struct bx_ctrl *ctrl, u64 now);
/* Whether there is such a command set. */
static inline bool bx_command_set_valid(u8 csi)
{
	return csi == NVME_CSI_NVM;
}

#endif
