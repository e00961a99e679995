/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of operations: a JSON file for each, /run/bxd/journal/N.json, replaced atomically
 * at every step. It is the only thing that bxd and its worker share and the only thing that a
 * restarted bxd believes. Writing is handed over with the device's lock: bxd writes the intent,
 * then only the worker writes, until it has written a result or is dead. That a job is cancelled is a file
 * beside it, which only bxd makes.
 *
 * It is in memory: what it is about, overrides and bindings, outlives the kernel as little, and nothing waits for a disk.
 */
#ifndef BX_DAEMON_JOURNAL_H
#define BX_DAEMON_JOURNAL_H

#include "daemon/definition.h"
#include "daemon/errors.h"
#include "daemon/module.h"
#include "daemon/pci.h"
#include "daemon/steps.h"

#include <stdint.h>

#define BX_JOURNAL_VERSION  5
#define BX_JOURNAL_SIZE_MAX 16384
#define BX_ID_MAX	    240
#define BX_BOOT_ID_MAX	    40

struct bx_operation {
	uint64_t job;
	enum bx_kind kind;
	enum bx_kind planned; /* what it is that a plan is made of */
	bool as_planned; /* nothing but what a plan has is to be done */
	char boot_id[BX_BOOT_ID_MAX]; /* of another boot: the kernel has forgotten all of it */
	char device[BX_ID_MAX];
	char name[BX_EMULATED_NAME_MAX]; /* of an emulated device, else "" */
	char module[BX_MODULE_NAME_MAX]; /* to be loaded or unloaded, else "" */
	char parameters[BX_MODULE_PARAMETERS_MAX]; /* for it */
	bool with_data; /* also if there is something on its disks */
	bool forget; /* its definition goes, too: of what could not be started, of what was stopped */
	char address[BX_ADDRESS_MAX]; /* "" for what has no function yet */
	uint64_t inode; /* of the function in sysfs: another one is another device */
	char old_driver[BX_NAME_MAX];
	char old_override[BX_NAME_MAX];
	char new_driver[BX_NAME_MAX]; /* "" to leave it without one */
	unsigned int attempts; /* how many workers have begun */
	enum bx_step step;
	enum bx_result result;
	enum bx_error error;
	char message[BX_MESSAGE_MAX];
};

const char *bx_kind_name(enum bx_kind kind);
enum bx_subject bx_kind_subject(enum bx_kind kind);
/* Whether an operation of this kind has changed something by then. */
bool bx_step_changes(enum bx_kind kind, enum bx_step step);
const char *bx_step_name(enum bx_step step);
unsigned int bx_step_percent(enum bx_step step);
const char *bx_result_name(enum bx_result result);

/* What it is done to, or would be if it is a plan. */
enum bx_subject bx_operation_subject(const struct bx_operation *operation);

/* Whether it still can be: while nothing is changed, or while that can be undone. */
bool bx_operation_cancelable(const struct bx_operation *operation);

/* The lock of that; see lock.h. */
struct bx_path bx_operation_lock(const struct bx_operation *operation);

/* JSON text, to be freed. */
int bx_operation_format(const struct bx_operation *operation, char **ret);

/* Takes exactly what bx_operation_format() gives; anything else is -EBADMSG, never half an operation. */
int bx_operation_parse(const char *text, size_t length, struct bx_operation *ret);

struct bx_journal {
	int fd; /* of the folder */
};

/* Makes the folder if it is not there. */
int bx_journal_open(struct bx_journal *journal, struct bx_root *root);
void bx_journal_close(struct bx_journal *journal);

/* The name in that folder of the plan of an operation, if it has one. */
struct bx_path bx_plan_file(uint64_t job);

int bx_journal_write(struct bx_journal *journal, const struct bx_operation *operation);
int bx_journal_read(struct bx_journal *journal, uint64_t job, struct bx_operation *ret);
/* Says to whatever worker there is or will be that it is to end, if it still can. */
int bx_journal_cancel(struct bx_journal *journal, uint64_t job);
bool bx_journal_cancelled(const struct bx_journal *journal, uint64_t job);
/* With its plan, and whether it is cancelled. */
int bx_journal_remove(struct bx_journal *journal, uint64_t job);

/* Moves a file that cannot be read out of the way, to N.json.damaged. */
int bx_journal_set_aside(struct bx_journal *journal, uint64_t job);

/* The numbers of all operations in the folder, ascending, to be freed; how many, or an errno. */
int bx_journal_list(struct bx_journal *journal, uint64_t **ret);

#endif
