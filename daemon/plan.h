/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operation would do: the accesses that change something or keep others out, in their order, and what it would be refused
 * for. It says what it was made from, so that it can be told whether it still holds. How one is made and followed is in rehearse.h.
 *
 * A plan that comes back may have been written by anybody. It is never acted upon: an operation does what its own steps say, and
 * a plan can only forbid it to.
 */
#ifndef BX_DAEMON_PLAN_H
#define BX_DAEMON_PLAN_H

#include "daemon/errors.h"
#include "daemon/root.h"
#include "daemon/steps.h"

#include <json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bx_journal;

/* As text, and how many accesses it can have. */
#define BX_PLAN_SIZE_MAX     (1 << 20)
#define BX_PLAN_ACCESSES_MAX 4096

/* What a plan was made from: the member, and how it is called where it is not any more what it was. */
#define BX_PLAN_CREATE \
	"create" /* a kind that no operation has: it is a start of what is not defined yet */

/* clang-format off */
#define BX_PLAN_BASIS(X) \
	X(KIND, "kind", "kind") \
	X(DEVICE, "device", "device") \
	X(BOOT, "boot", "boot") \
	X(ADDRESS, "address", "PCI address") \
	X(INODE, "inode", "number in sysfs") \
	X(DRIVER, "driver", "driver") \
	X(OVERRIDE, "override", "driver_override") \
	X(NEW_DRIVER, "new_driver", "driver to be") \
	X(WITH_DATA, "with_data", "leave to move what has data on it")
/* clang-format on */

enum bx_basis {
#define X(id, name, words) BX_BASIS_##id,
	BX_PLAN_BASIS(X)
#undef X
	BX_BASIS_COUNT,
};

/* Objects and lists of json-c: what is shown, sent and written is this. */
struct bx_plan {
	struct json_object *basis; /* all of BX_PLAN_BASIS, as text */
	struct json_object *settings; /* of an emulated device that is to be made */
	struct json_object *accesses; /* each: step, access, path, value */
	struct json_object *refusals; /* each: error, message */
};

/* One that says nothing yet. */
int bx_plan_begin(struct bx_plan *plan);
void bx_plan_done(struct bx_plan *plan);

const char *bx_plan_basis(const struct bx_plan *plan, enum bx_basis member);
int bx_plan_set_basis(struct bx_plan *plan, enum bx_basis member, const char *value);
/* @path as struct bx_root has it, or the name of a module. */
int bx_plan_add_access(struct bx_plan *plan, enum bx_step step, enum bx_change change,
		       const char *path, const char *value);
/* Once, however often it comes. */
int bx_plan_add_refusal(struct bx_plan *plan, const struct bx_failure *failure);
/* The one that would come first, into @failure. */
bool bx_plan_refused(const struct bx_plan *plan, struct bx_failure *failure);

/* True if access @i of the plan is this one. */
bool bx_plan_has_access(const struct bx_plan *plan, size_t i, enum bx_change change,
			const char *path, const char *value);

/* Adds the members basis, settings, accesses and refusals to @object, which shares them. */
int bx_plan_show(const struct bx_plan *plan, struct json_object *object);

/*
 * From such members, of which refusals may be missing; others are none of its business. InvalidArgument, with what is wrong, for
 * all that bx_plan_show() would not say.
 */
int bx_plan_take(struct json_object *object, struct bx_plan *ret, struct bx_failure *failure);

/* The text of a file with nothing but a plan in it. -EBADMSG with InvalidArgument. */
int bx_plan_parse(const char *text, size_t length, struct bx_plan *ret, struct bx_failure *failure);

/* @given is what would be done @now; PlanOutdated says what is not. */
int bx_plan_compare(const struct bx_plan *given, const struct bx_plan *now,
		    struct bx_failure *failure);

/* Beside the operation: what is to be planned or followed, and then what was planned. */
int bx_plan_write(struct bx_journal *journal, uint64_t job, const struct bx_plan *plan);
int bx_plan_read(struct bx_journal *journal, uint64_t job, struct bx_plan *ret,
		 struct bx_failure *failure);

#endif
