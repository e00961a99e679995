// SPDX-License-Identifier: GPL-2.0-only
/*
 * A controller's life: its registers, and what the host makes it do by writing to them. Nobody tells us of a write, so
 * the registers are looked at; what we believe about ourselves is never read back from there.
 */
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "controller.h"
#include "fault.h"

#define TIMEOUT_500MS	30 /* CAP.TO: an engine may be kept from running */
#define PAGE_SHIFT_SPAN (BX_PAGE_SHIFT_MAX - BX_PAGE_SHIFT_MIN)

/* ---- registers */

static void write64(struct bx_ctrl *ctrl, unsigned int offset, u64 value)
{
	bx_bar_write(ctrl, offset, value);
	bx_bar_write(ctrl, offset + 4, value >> 32);
}

static u64 read64(struct bx_ctrl *ctrl, unsigned int offset)
{
	return bx_bar_read(ctrl, offset) | (u64)bx_bar_read(ctrl, offset + 4) << 32;
}

/* Only where it differs: the host may be reading. */
static void show(struct bx_ctrl *ctrl, unsigned int offset, u32 value)
{
	if (bx_bar_read(ctrl, offset) != value)
		bx_bar_write(ctrl, offset, value);
}

static u64 capabilities(const struct bx_ctrl *ctrl)
{
	u64 cap = (ctrl->config.entries - 1) | BX_CAP_CQR | (u64)TIMEOUT_500MS << BX_CAP_TO_SHIFT |
		  BX_CAP_NSSRS | (u64)(NVME_CAP_CSS_NVM | NVME_CAP_CSS_CSI) << BX_CAP_CSS_SHIFT |
		  (u64)PAGE_SHIFT_SPAN << BX_CAP_MPSMAX_SHIFT | NVME_CAP_CRMS_CRWMS;

	return ctrl->cmb ? cap | BX_CAP_CMBS : cap;
}

static void show_status(struct bx_ctrl *ctrl)
{
	u32 csts = 0;

	if (ctrl->ready)
		csts |= NVME_CSTS_RDY;
	if (ctrl->failed)
		csts |= NVME_CSTS_CFS;
	if (ctrl->shut_down)
		csts |= NVME_CSTS_SHST_CMPLT;
	if (ctrl->subsystem_was_reset)
		csts |= NVME_CSTS_NSSRO;
	ctrl->csts = csts;
	/* A host that reads it believes that what was done in its memory before is over. */
	smp_store_release((__le32 *)(ctrl->bar + NVME_REG_CSTS), cpu_to_le32(csts));
}

/*
 * Where and how large the controller memory buffer is. It ought to be shown from when the host asks for it on; but hosts read it
 * at once, before any engine could look.
 */
static void show_cmb(struct bx_ctrl *ctrl)
{
	const u32 units = ctrl->config.cmb_size >> 12; /* of 4 KiB, which is unit 0 */

	if (!ctrl->cmb)
		return;
	show(ctrl, NVME_REG_CMBLOC, BX_CMB_BAR | BX_CMBLOC_ANY_USE);
	show(ctrl, NVME_REG_CMBSZ,
	     NVME_CMBSZ_SQS | NVME_CMBSZ_CQS | NVME_CMBSZ_LISTS | NVME_CMBSZ_RDS | NVME_CMBSZ_WDS |
		     units << NVME_CMBSZ_SZ_SHIFT);
}

/* What the host can only read: so it is again what it was, whatever was written there. */
static void show_constants(struct bx_ctrl *ctrl)
{
	u64 cap = capabilities(ctrl);

	show(ctrl, NVME_REG_CAP, cap);
	show(ctrl, NVME_REG_CAP + 4, cap >> 32);
	show(ctrl, NVME_REG_VS, NVME_VS(2, 0, 0));
	show(ctrl, NVME_REG_INTMS, 0);
	show(ctrl, NVME_REG_INTMC, 0);
	show(ctrl, NVME_REG_CRTO, TIMEOUT_500MS);
	show_cmb(ctrl);
}

/* At once, so that an address is not half of one and half of another. */
static u64 read_cmb_control(const struct bx_ctrl *ctrl)
{
	return le64_to_cpu(READ_ONCE(*(__le64 *)(ctrl->bar + NVME_REG_CMBMSC)));
}

static bool cmb_changed(const struct bx_ctrl *ctrl)
{
	return ctrl->cmb && read_cmb_control(ctrl) != ctrl->cmb_control;
}

/*
 * It has no address for commands until the host says so: before that the host's own memory may have the same. All engines
 * look there: the world is held.
 */
static void apply_cmb(struct bx_ctrl *ctrl)
{
	u64 control, bus;
	bool wraps;

	if (!cmb_changed(ctrl))
		return;
	control = read_cmb_control(ctrl);
	bus = control & ~0xfffull;
	wraps = bus + ctrl->config.cmb_size < bus;
	ctrl->cmb_control = control;
	ctrl->cmb_bus = 0;
	if (control & NVME_CMBMSC_CRE && control & NVME_CMBMSC_CMSE && !wraps)
		ctrl->cmb_bus = bus;
	bx_bar_write(ctrl, BX_REG_CMBSTS, control & NVME_CMBMSC_CMSE && wraps ? BX_CMBSTS_CBAI : 0);
}

/* ---- life */

void bx_ctrl_fail(struct bx_ctrl *ctrl, const char *why)
{
	if (ctrl->failed)
		return;
	pr_warn("bx_emu: %s: controller fatal status: %s\n", ctrl->config.serial, why);
	WRITE_ONCE(ctrl->failed, true);
	show_status(ctrl);
}

static const char *enable(struct bx_ctrl *ctrl, u32 cc)
{
	u32 css = cc & NVME_CC_CSS_MASK, sq_entries, cq_entries;
	u32 page_shift = BX_PAGE_SHIFT_MIN + (cc >> NVME_CC_MPS_SHIFT & 0xf);

	ctrl->aqa = bx_bar_read(ctrl, NVME_REG_AQA);
	ctrl->asq = read64(ctrl, NVME_REG_ASQ);
	ctrl->acq = read64(ctrl, NVME_REG_ACQ);
	sq_entries = (ctrl->aqa & 0xfff) + 1;
	cq_entries = (ctrl->aqa >> 16 & 0xfff) + 1;
	if (css != NVME_CC_CSS_NVM && css != NVME_CC_CSS_CSI)
		return "CC.CSS selects command sets that there are not";
	if (page_shift > BX_PAGE_SHIFT_MAX)
		return "CC.MPS is a page size above CAP.MPSMAX";
	if (cc >> NVME_CC_AMS_SHIFT & 7)
		return "CC.AMS selects an arbitration that there is not";
	if (sq_entries < BX_ENTRIES_MIN || cq_entries < BX_ENTRIES_MIN)
		return "AQA has an admin queue of less than two entries";
	if ((ctrl->asq | ctrl->acq) & ((1ull << page_shift) - 1))
		return "ASQ or ACQ is not aligned to a page";
	ctrl->page_shift = page_shift;
	if (bx_queue_create_admin(ctrl, ctrl->asq, sq_entries, ctrl->acq, cq_entries) < 0)
		return "ASQ or ACQ is not where there is memory";
	return NULL;
}

static void reset(struct bx_ctrl *ctrl, enum bx_reset kind)
{
	bx_queues_drop(ctrl);
	if (kind == BX_RESET_POWER)
		bx_admin_lost_power(ctrl, ctrl->ready && !ctrl->shut_down);
	ctrl->ready = ctrl->shut_down = false;
	WRITE_ONCE(ctrl->failed, false);
	ctrl->shadow_bus = ctrl->event_bus = 0;
	ctrl->subsystem_was_reset |= kind == BX_RESET_SUBSYSTEM;
	if (kind == BX_RESET_POWER)
		ctrl->subsystem_was_reset = false;
	bx_admin_reset(ctrl, kind);
	show_constants(ctrl);
	if (kind != BX_RESET_CONTROLLER) {
		/* A reset by CC.EN leaves the admin queue's attributes and the memory buffer as they are. */
		bx_bar_write(ctrl, NVME_REG_CC, 0);
		bx_bar_write(ctrl, NVME_REG_AQA, 0);
		write64(ctrl, NVME_REG_ASQ, 0);
		write64(ctrl, NVME_REG_ACQ, 0);
		write64(ctrl, NVME_REG_CMBMSC, 0);
		apply_cmb(ctrl);
		ctrl->cc = 0;
	}
	show_status(ctrl);
}

/*
 * Where enabling fails, CSTS.RDY stays 0, and a host that disables it then has nothing to wait for: that it did is perhaps not seen
 * when it is enabled again. If it says the same as before, it fails as before; else it is another try.
 */
static bool is_tried_again(struct bx_ctrl *ctrl, u32 cc)
{
	if (likely(!ctrl->failed) || ctrl->ready || !(cc & ctrl->cc & NVME_CC_ENABLE))
		return false;
	return cc != ctrl->cc || bx_bar_read(ctrl, NVME_REG_AQA) != ctrl->aqa ||
	       read64(ctrl, NVME_REG_ASQ) != ctrl->asq || read64(ctrl, NVME_REG_ACQ) != ctrl->acq;
}

static void apply_cc(struct bx_ctrl *ctrl, u32 cc)
{
	const char *wrong;
	u32 old;

	if (is_tried_again(ctrl, cc)) {
		reset(ctrl, BX_RESET_CONTROLLER);
		ctrl->cc = 0;
	}
	old = ctrl->cc;
	ctrl->cc = cc;
	if (old & NVME_CC_ENABLE && !(cc & NVME_CC_ENABLE)) {
		reset(ctrl, BX_RESET_CONTROLLER);
	} else if (!(old & NVME_CC_ENABLE) && cc & NVME_CC_ENABLE) {
		wrong = enable(ctrl, cc);
		if (wrong)
			return bx_ctrl_fail(ctrl, wrong);
		ctrl->ready = true;
		/* There may have been a shutdown while it was not enabled. */
		ctrl->shut_down = false;
		ctrl->subsystem_was_reset = false;
	}
	if (cc & NVME_CC_SHN_MASK && !(old & NVME_CC_SHN_MASK))
		ctrl->shut_down = true;
	show_status(ctrl);
}

/*
 * The host can only read it, and what it wrote there was not meant: but for NSSRO, which a written 1 clears. Where that is all there
 * is, the write cannot be seen; so enabling clears it, too.
 */
static void check_status(struct bx_ctrl *ctrl)
{
	if (bx_bar_read(ctrl, NVME_REG_CSTS) != ctrl->csts)
		show_status(ctrl);
	show_constants(ctrl);
}

static void ask_for(struct bx_ctrl *ctrl, enum bx_reset kind)
{
	enum bx_reset wanted = READ_ONCE(ctrl->wanted_reset);

	while (wanted < kind && !try_cmpxchg(&ctrl->wanted_reset, &wanted, kind))
		;
}

/* One that is asked for while it goes on is another one. */
static void do_wanted_reset(struct bx_ctrl *ctrl)
{
	WRITE_ONCE(ctrl->resetting, true);
	reset(ctrl, xchg(&ctrl->wanted_reset, BX_RESET_NONE));
	/* Who sees it over sees what it has made of the registers. */
	smp_store_release(&ctrl->resetting, false);
}

bool bx_ctrl_poll(struct bx_engine *engine)
{
	struct bx_ctrl *ctrl = engine->ctrl;
	u32 cc = bx_bar_read(ctrl, NVME_REG_CC);
	u32 nssr = bx_bar_read(ctrl, NVME_REG_NSSR);

	check_status(ctrl);
	if (READ_ONCE(ctrl->wanted_reset) == BX_RESET_NONE &&
	    (READ_ONCE(ctrl->asleep) ||
	     (cc == ctrl->cc && !nssr && !cmb_changed(ctrl) && !is_tried_again(ctrl, cc))))
		return false;
	if (!engine->has_world) {
		engine->wants_world = true;
		return true;
	}
	if (nssr) {
		bx_bar_write(ctrl, NVME_REG_NSSR, 0);
		if (nssr == BX_NSSR_MAGIC)
			ask_for(ctrl, BX_RESET_SUBSYSTEM);
	}
	/* Before a queue may be said to be in it. */
	apply_cmb(ctrl);
	if (READ_ONCE(ctrl->wanted_reset) != BX_RESET_NONE)
		do_wanted_reset(ctrl);
	else if (cc != ctrl->cc || is_tried_again(ctrl, cc))
		apply_cc(ctrl, cc);
	return true;
}

bool bx_ctrl_resetting(const struct bx_ctrl *ctrl)
{
	if (READ_ONCE(ctrl->wanted_reset) != BX_RESET_NONE)
		return true;
	smp_rmb(); /* pairs with xchg() in do_wanted_reset() */
	return smp_load_acquire(&ctrl->resetting);
}

void bx_ctrl_reset(struct bx_ctrl *ctrl, enum bx_reset kind)
{
	ask_for(ctrl, kind);
	ctrl->ops->wake(&ctrl->engines[0]);
}

/* ---- the world */

/* Who is in a pass ends it after the command that it is at, so this takes no longer than the longest of them. */
void bx_world_lock(struct bx_ctrl *ctrl)
{
	atomic_inc(&ctrl->world_waiters);
	for (unsigned int i = 0; i < ctrl->engine_count; i++)
		mutex_lock(&ctrl->engines[i].lock);
	atomic_dec(&ctrl->world_waiters);
}

void bx_world_unlock(struct bx_ctrl *ctrl)
{
	for (unsigned int i = ctrl->engine_count; i-- > 0;)
		mutex_unlock(&ctrl->engines[i].lock);
}

/* ---- making and unmaking */

static int make_engines(struct bx_ctrl *ctrl)
{
	unsigned int count = ctrl->config.engines;
	int r;

	ctrl->engines = kvcalloc(count, sizeof(*ctrl->engines), GFP_KERNEL);
	if (!ctrl->engines)
		return -ENOMEM;
	for (; ctrl->engine_count < count; ctrl->engine_count++) {
		r = bx_engine_init(&ctrl->engines[ctrl->engine_count], ctrl, ctrl->engine_count);
		if (r < 0)
			return r;
	}
	return 0;
}

int bx_ctrl_create(const struct bx_config *config, const struct bx_host_ops *ops, void *bar,
		   void *cmb, struct bx_store *store, struct bx_ctrl **ret)
{
	struct bx_ctrl *ctrl;
	int r;

	ctrl = kvzalloc(sizeof(*ctrl), GFP_KERNEL);
	if (!ctrl)
		return -ENOMEM;
	ctrl->config = *config;
	ctrl->ops = ops;
	ctrl->bar = bar;
	ctrl->cmb = config->cmb_size ? cmb : NULL;
	ctrl->store = store;
	ctrl->vectors = config->queues + 1;
	ctrl->page_shift = BX_PAGE_SHIFT_MIN;
	r = make_engines(ctrl);
	if (r >= 0)
		r = bx_timing_create(ctrl);
	if (r >= 0)
		r = bx_faults_create(ctrl);
	if (r >= 0)
		r = bx_admin_create(ctrl);
	if (r < 0) {
		bx_ctrl_destroy(ctrl);
		return r;
	}
	memset(bar, 0, BX_BAR_SIZE);
	show_constants(ctrl);
	show_status(ctrl);
	*ret = ctrl;
	return 0;
}

void bx_ctrl_destroy(struct bx_ctrl *ctrl)
{
	/* First: what works in the background completes requests. */
	bx_admin_destroy(ctrl);
	if (ctrl->engines)
		bx_queues_drop(ctrl);
	for (u32 id = 1; id <= BX_NS_MAX; id++)
		if (ctrl->namespaces[id])
			bx_ns_destroy(ctrl->namespaces[id], ctrl);
	bx_faults_destroy(ctrl);
	bx_timing_destroy(ctrl);
	while (ctrl->engine_count)
		bx_engine_done(&ctrl->engines[--ctrl->engine_count]);
	kvfree(ctrl->engines);
	kvfree(ctrl);
}
