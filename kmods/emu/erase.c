// SPDX-License-Identifier: GPL-2.0-only
/*
 * Format NVM and Sanitize: what goes through whole namespaces. They do so in slices with the world held, and let the
 * engines work in between; a format that is done with one slice is done with the command.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "admin.h"

#define SLICE_DISCARD	(64ull << 20) /* bytes of data */
#define SLICE_OVERWRITE (4ull << 20)
#define SLICE_TICKS	1 /* between two of them */
#define PATTERN_SIZE	4096u

/* ---- going through namespaces */

static unsigned int shift_of(const struct bx_ns *ns)
{
	return bx_formats[ns->format].block_shift;
}

static bool is_overwriting(const struct bx_erase *erase)
{
	return erase->pass < erase->passes;
}

/* The namespace that is worked at, or the next one that is to be. */
static struct bx_ns *current_namespace(struct bx_erase *erase)
{
	for (; erase->nsid <= erase->last; erase->nsid++, erase->block = 0) {
		struct bx_ns *ns = erase->ctrl->namespaces[erase->nsid];

		/* One that was made meanwhile by the administrator is not formatted. */
		if (ns && (erase->kind == BX_ERASE_SANITIZE || !ns->ready))
			return ns;
	}
	return NULL;
}

static void forget_uncorrectable(struct bx_ns *ns)
{
	if (ns->has_uncorrectable)
		bx_extent_discard(&ns->uncorrectable, 0, ns->uncorrectable.size);
	ns->has_uncorrectable = false;
}

/* ---- overwriting */

static bool is_inverted(const struct bx_erase *erase)
{
	/* The last one is the pattern as it was given. */
	return erase->invert && (erase->passes - 1 - erase->pass) & 1;
}

static void make_patterns(const struct bx_erase *erase, const struct bx_ns *ns)
{
	__le32 pattern = cpu_to_le32(is_inverted(erase) ? ~erase->pattern : erase->pattern);
	u32 metadata = bx_metadata_size(ns);
	u8 *page = erase->page;

	for (unsigned int i = 0; i < 2 * PATTERN_SIZE; i += sizeof(pattern))
		memcpy(page + i, &pattern, sizeof(pattern));
	if (!ns->pi_type)
		return;
	/* Ones are what makes a block unprotected, in every pass. */
	page += PATTERN_SIZE + (ns->pi_first ? 0 : metadata - sizeof(struct bx_pi));
	for (unsigned int i = 0; i < PATTERN_SIZE; i += metadata)
		memset(page + i, 0xff, sizeof(struct bx_pi));
}

/*
 * What is discarded in the end is overwritten where it is stored only: nothing comes into being just to be discarded. What
 * is to stay is written all of it.
 */
static int overwrite_extent(const struct bx_erase *erase, struct bx_extent *extent,
			    const u8 *pattern, u64 offset, u64 length)
{
	int r;

	while (length) {
		u32 n = min_t(u64, length, PATTERN_SIZE - (offset & (PATTERN_SIZE - 1)));

		if (!erase->discard || bx_extent_peek(extent, offset, n)) {
			r = bx_extent_write(extent, offset, pattern, n);
			if (r < 0)
				return r;
		}
		offset += n;
		length -= n;
	}
	return 0;
}

static int overwrite(const struct bx_erase *erase, struct bx_ns *ns, u64 block, u64 count)
{
	u32 metadata = bx_metadata_size(ns);
	int r;

	make_patterns(erase, ns);
	r = overwrite_extent(erase, &ns->data, erase->page, block << shift_of(ns),
			     count << shift_of(ns));
	if (r >= 0 && metadata)
		r = overwrite_extent(erase, &ns->metadata, erase->page + PATTERN_SIZE,
				     block * metadata, count * metadata);
	return r;
}

/* ---- slices */

static void finish_namespace(struct bx_erase *erase, struct bx_ns *ns)
{
	struct bx_ctrl *ctrl = erase->ctrl;

	if (erase->kind == BX_ERASE_FORMAT) {
		/* Without memory it is left empty, and may be formatted again. */
		if (bx_ns_shape(ctrl, ns, &erase->format) < 0)
			erase->status = NVME_SC_INTERNAL;
		ns->ready = true;
		bx_log_changed_namespace(ctrl, ns->id);
	} else {
		forget_uncorrectable(ns);
	}
	erase->nsid++;
	erase->block = 0;
}

static bool next_pass(struct bx_erase *erase)
{
	struct bx_sanitize *sanitize = &erase->ctrl->admin->sanitize;

	if (is_overwriting(erase))
		sanitize->passes++;
	erase->pass++;
	erase->nsid = erase->first;
	erase->block = 0;
	return is_overwriting(erase) || (erase->pass == erase->passes && erase->discard);
}

/* 0: there is more to do; 1: all is done; or an error. */
static int do_slice(struct bx_erase *erase)
{
	u64 budget = is_overwriting(erase) ? SLICE_OVERWRITE : SLICE_DISCARD;
	int r = 0;

	while (budget) {
		struct bx_ns *ns = current_namespace(erase);
		u64 count, bytes;

		if (!ns)
			return next_pass(erase) ? 0 : 1;
		if (erase->block >= ns->blocks) {
			finish_namespace(erase, ns);
			continue;
		}
		/* The budget is a multiple of any block. */
		count = min(ns->blocks - erase->block, budget >> shift_of(ns));
		bytes = count << shift_of(ns);
		if (is_overwriting(erase))
			r = overwrite(erase, ns, erase->block, count);
		else
			bx_ns_discard(ns, erase->block, count);
		if (r < 0)
			return r;
		erase->block += count;
		erase->done += bytes;
		budget -= min(budget, bytes);
		/* What is left of it is less than a block of another namespace. */
		if (budget < PATTERN_SIZE)
			break;
	}
	return 0;
}

static void finish_format(struct bx_erase *erase)
{
	struct bx_request *request = erase->request;

	erase->kind = BX_ERASE_NONE;
	erase->request = NULL;
	if (request)
		bx_request_complete(request, erase->status);
}

static void finish_sanitize(struct bx_erase *erase, bool failed)
{
	struct bx_ctrl *ctrl = erase->ctrl;
	struct bx_sanitize *sanitize = &ctrl->admin->sanitize;
	bool no_deallocate = sanitize->cdw10 & BIT(9);

	erase->kind = BX_ERASE_NONE;
	sanitize->must_fail = false;
	sanitize->failed = failed;
	if (failed)
		sanitize->result = BX_SANITIZE_FAILED;
	else if (no_deallocate && bx_store_sparse(ctrl->store))
		sanitize->result = BX_SANITIZE_DEALLOCATED;
	else
		sanitize->result = BX_SANITIZE_DONE;
	if (!failed)
		sanitize->written = bx_bytes_written(ctrl);
	ctrl->io_refused = failed ? NVME_SC_SANITIZE_FAILED | NVME_STATUS_DNR : 0;
	bx_event(ctrl, BX_EVENT_IO,
		 sanitize->result == BX_SANITIZE_DEALLOCATED ? BX_EVENT_SANITIZE_DEALLOCATED
							     : BX_EVENT_SANITIZE_DONE,
		 BX_LOG_SANITIZE);
}

/* Whether it is at its end. */
static bool go_on(struct bx_erase *erase)
{
	int r = do_slice(erase);

	if (erase->kind == BX_ERASE_SANITIZE && erase->ctrl->admin->sanitize.must_fail)
		r = -EIO;
	if (!r)
		return false;
	if (erase->kind == BX_ERASE_SANITIZE)
		finish_sanitize(erase, r < 0);
	else
		finish_format(erase);
	return true;
}

static void work(struct work_struct *work)
{
	struct bx_erase *erase = container_of(to_delayed_work(work), struct bx_erase, work);
	struct bx_ctrl *ctrl = erase->ctrl;
	bool stopping, done = false;
	unsigned int noio;

	bx_world_lock(ctrl);
	stopping = erase->stopping;
	/* As in a pass: what it allocates must not wait for a disk, which may be this one. */
	noio = memalloc_noio_save();
	if (!stopping)
		done = go_on(erase);
	memalloc_noio_restore(noio);
	bx_world_unlock(ctrl);
	if (stopping)
		return;
	if (done)
		ctrl->ops->wake(&ctrl->engines[0]);
	else
		queue_delayed_work(ctrl->admin->workers, &erase->work, SLICE_TICKS);
}

static void begin(struct bx_erase *erase, enum bx_erase_kind kind, u32 first, u32 last)
{
	erase->kind = kind;
	erase->first = erase->nsid = first;
	erase->last = last;
	erase->block = 0;
	erase->pass = erase->passes = 0;
	erase->done = erase->total = 0;
	erase->discard = true;
}

/* ---- Format NVM */

u8 bx_format_remaining(const struct bx_ctrl *ctrl, const struct bx_ns *ns)
{
	const struct bx_erase *erase = &ctrl->admin->erase;

	if (ns->ready || !ns->blocks)
		return 0;
	if (ns->id != erase->nsid)
		return 100;
	return 100 - div64_u64(erase->block * 100, ns->blocks);
}

/* The namespaces that a Format is for: one, or all that are attached. */
static bool is_meant(const struct bx_ns *ns, u32 nsid)
{
	return ns && (nsid == NVME_NSID_ALL ? ns->attached : ns->id == nsid);
}

static u16 check_format(struct bx_ctrl *ctrl, struct bx_request *request, u32 nsid,
			const struct bx_ns_options *options)
{
	for (u32 id = 1; id <= BX_NS_MAX; id++) {
		struct bx_ns *ns = ctrl->namespaces[id];

		if (!is_meant(ns, nsid))
			continue;
		if (ns->write_protected)
			return NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR;
		if (!bx_ns_can_have(ctrl, ns, options))
			return bx_invalid(request, NVME_SC_INVALID_FORMAT, format.cdw10);
	}
	return NVME_SC_SUCCESS;
}

static void begin_format(struct bx_ctrl *ctrl, u32 nsid, const struct bx_ns_options *options)
{
	struct bx_erase *erase = &ctrl->admin->erase;

	for (u32 id = 1; id <= BX_NS_MAX; id++)
		if (is_meant(ctrl->namespaces[id], nsid)) {
			bx_self_test_end(ctrl, id, BX_SELF_TEST_BY_FORMAT);
			ctrl->namespaces[id]->ready = false;
		}
	begin(erase, BX_ERASE_FORMAT, 1, BX_NS_MAX);
	erase->format = *options;
	erase->status = NVME_SC_SUCCESS;
}

u16 bx_format(struct bx_engine *engine, struct bx_request *request)
{
	u32 nsid = le32_to_cpu(request->cmd.format.nsid);
	u32 cdw10 = le32_to_cpu(request->cmd.format.cdw10);
	const struct bx_ns_options options = {
		.format = (cdw10 & 0xf) | (cdw10 >> 12 & 3) << 4,
		.extended = cdw10 & BIT(4),
		.pi_type = cdw10 >> 5 & 7,
		.pi_first = cdw10 & BIT(8),
	};
	struct bx_ctrl *ctrl = engine->ctrl;
	struct bx_erase *erase = &ctrl->admin->erase;
	struct bx_ns *ns;
	u16 status;

	if (nsid != NVME_NSID_ALL) {
		status = bx_ns_find(ctrl, request, &ns);
		if (status)
			return status;
	}
	/* All of them leave nothing: there is no other way to format here. */
	if ((cdw10 >> 9 & 7) > BX_FORMAT_SECURE_ERASE_MAX)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, format.cdw10);
	if (!bx_ns_options_valid(&options))
		return bx_invalid(request, NVME_SC_INVALID_FORMAT, format.cdw10);
	if (erase->kind != BX_ERASE_NONE)
		return NVME_SC_FORMAT_IN_PROGRESS;
	status = check_format(ctrl, request, nsid, &options);
	if (status)
		return status;
	begin_format(ctrl, nsid, &options);
	if (go_on(erase))
		return erase->status;
	erase->request = request;
	queue_delayed_work(ctrl->admin->workers, &erase->work, SLICE_TICKS);
	return BX_LATER;
}

/* ---- Sanitize */

u16 bx_sanitize_progress(const struct bx_ctrl *ctrl)
{
	const struct bx_erase *erase = &ctrl->admin->erase;

	if (erase->kind != BX_ERASE_SANITIZE)
		return 0xffff;
	if (!erase->total)
		return 0;
	/* All ones would say that nothing runs; and a namespace that has come meanwhile is not in the total. */
	return min(mul_u64_u64_div_u64(erase->done, 65536, erase->total), 0xfffeull);
}

/* What forbids a sanitize now. */
static u16 check_state(struct bx_ctrl *ctrl, bool restricted_only)
{
	const struct bx_admin_state *admin = ctrl->admin;

	if (admin->erase.kind == BX_ERASE_SANITIZE)
		return NVME_SC_SANITIZE_IN_PROGRESS;
	if (admin->sanitize.failed && !admin->sanitize.unrestricted && !restricted_only)
		return NVME_SC_SANITIZE_FAILED | NVME_STATUS_DNR;
	return NVME_SC_SUCCESS;
}

static u16 check_obstacles(struct bx_ctrl *ctrl)
{
	const struct bx_admin_state *admin = ctrl->admin;

	if (admin->firmware.next)
		return NVME_SC_FW_NEEDS_RESET | NVME_STATUS_DNR;
	if (admin->erase.kind == BX_ERASE_FORMAT)
		return NVME_SC_FORMAT_IN_PROGRESS;
	for (u32 id = 1; id <= BX_NS_MAX; id++)
		if (ctrl->namespaces[id] && ctrl->namespaces[id]->write_protected)
			return NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR;
	return NVME_SC_SUCCESS;
}

static u16 exit_failure(struct bx_ctrl *ctrl)
{
	ctrl->admin->sanitize.failed = false;
	ctrl->io_refused = 0;
	return NVME_SC_SUCCESS;
}

static void begin_sanitize(struct bx_ctrl *ctrl, u32 cdw10, u32 pattern)
{
	struct bx_sanitize *sanitize = &ctrl->admin->sanitize;
	struct bx_erase *erase = &ctrl->admin->erase;
	u64 bytes = 0;

	begin(erase, BX_ERASE_SANITIZE, 1, BX_NS_MAX);
	if ((cdw10 & 7) == BX_SANITIZE_OVERWRITE) {
		erase->passes = (cdw10 >> 4 & 0xf) ?: 16;
		erase->pattern = pattern;
		erase->invert = cdw10 & BIT(8);
		erase->discard = !(cdw10 & BIT(9)) || bx_store_sparse(ctrl->store);
	}
	for (u32 id = 1; id <= BX_NS_MAX; id++)
		if (ctrl->namespaces[id])
			bytes += ctrl->namespaces[id]->blocks << shift_of(ctrl->namespaces[id]);
	erase->total = bytes * (erase->passes + erase->discard);
	sanitize->result = BX_SANITIZE_RUNNING;
	sanitize->cdw10 = cdw10;
	sanitize->passes = 0;
	sanitize->failed = false;
	sanitize->unrestricted = cdw10 & BIT(3);
	ctrl->io_refused = NVME_SC_SANITIZE_IN_PROGRESS;
	bx_self_test_end(ctrl, 0, BX_SELF_TEST_BY_SANITIZE);
	queue_delayed_work(ctrl->admin->workers, &erase->work, SLICE_TICKS);
}

u16 bx_sanitize(struct bx_engine *engine, struct bx_request *request)
{
	u32 cdw10 = le32_to_cpu(request->cmd.common.cdw10);
	struct bx_ctrl *ctrl = engine->ctrl;
	const struct bx_features *features = &ctrl->admin->features;
	u8 action = cdw10 & 7;
	u16 status;

	if (action < BX_SANITIZE_EXIT_FAILURE || action > BX_SANITIZE_CRYPTO_ERASE)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.cdw10);
	status = check_state(ctrl, action != BX_SANITIZE_EXIT_FAILURE && !(cdw10 & BIT(3)));
	if (status)
		return status;
	if (action == BX_SANITIZE_EXIT_FAILURE)
		return exit_failure(ctrl);
	status = check_obstacles(ctrl);
	if (status)
		return status;
	/* Where blocks cannot stay allocated, feature 17h says whether that is an error or a warning. */
	if (cdw10 & BIT(9) && bx_store_sparse(ctrl->store) &&
	    !features->current_value[BX_F_SANITIZE])
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.cdw10);
	begin_sanitize(ctrl, cdw10, le32_to_cpu(request->cmd.common.cdw11));
	return NVME_SC_SUCCESS;
}

/* ---- its life */

int bx_erase_create(struct bx_ctrl *ctrl)
{
	struct bx_erase *erase = &ctrl->admin->erase;

	erase->page = kvmalloc(2 * PATTERN_SIZE, GFP_KERNEL);
	if (!erase->page)
		return -ENOMEM;
	erase->ctrl = ctrl;
	INIT_DELAYED_WORK(&erase->work, work);
	return 0;
}

void bx_erase_destroy(struct bx_ctrl *ctrl)
{
	struct bx_erase *erase = &ctrl->admin->erase;

	bx_world_lock(ctrl);
	erase->stopping = true;
	bx_world_unlock(ctrl);
	cancel_delayed_work_sync(&erase->work);
	kvfree(erase->page);
}

/* What was begun goes on, but nobody waits for it any more. */
void bx_erase_reset(struct bx_ctrl *ctrl)
{
	ctrl->admin->erase.request = NULL;
}
