/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be wrong with a machine that has nothing to do with one device, each with a verdict, a sentence and what to type. Looks
 * only. bxd does it, since root sees more; and where bxd is what is wrong, bxctl does what it can of it itself.
 */
#ifndef BX_DAEMON_DIAGNOSE_H
#define BX_DAEMON_DIAGNOSE_H

#include "daemon/root.h"

#include <json.h>
#include <stdbool.h>

/* clang-format off */
#define BX_VERDICTS(X) \
	X(OK, "ok") \
	X(WARNING, "warning") \
	X(PROBLEM, "problem") \
	X(UNSEEN, "unseen")
/* clang-format on */

enum bx_verdict {
#define X(id, name) BX_VERDICT_##id,
	BX_VERDICTS(X)
#undef X
	BX_VERDICT_COUNT,
};

const char *bx_verdict_name(enum bx_verdict verdict);

/* Adds what was found to a list: an object with check, verdict, text and advice, which is what to type, or "". */
int bx_find(struct json_object *findings, const char *check, enum bx_verdict verdict,
	    const char *advice, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* All checks, in their order. Each finds something, good or bad. */
int bx_diagnose(struct bx_root *root, struct json_object *findings);

/* How far the kernel is locked down: none, integrity or confidentiality. */
int bx_lockdown(struct bx_root *root, char *word, size_t size);
/* Whether the firmware has started this kernel by Secure Boot. */
bool bx_secure_boot(struct bx_root *root);

/* Whether the kernel takes signed modules alone, and how that is called: "" where it does not. -EACCES and the like: who knows. */
int bx_signatures_wanted(struct bx_root *root, char *why, size_t size);

#endif
