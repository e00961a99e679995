// SPDX-License-Identifier: GPL-2.0-only
/*
 * The admin commands: which is whose, what is checked of all of them, and what they have in common with the life of the
 * controller. What they do is in the files that admin.h names.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "admin.h"

#define BITMAPS_SIZE (1ull << 50) /* a sparse store costs nothing until it is used */

enum {
	WORLD = BIT(0), /* changes, or adds up, what is other engines' too */
	WHEN_SANITIZING = BIT(1), /* may be executed while a sanitize runs or has failed */
};

struct admin_command {
	u16 (*execute)(struct bx_engine *engine, struct bx_request *request);
	unsigned int flags;
	u32 effects; /* besides that it is supported */
};

static const struct admin_command commands[256] = {
	[nvme_admin_delete_sq] = { bx_delete_sq, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	[nvme_admin_create_sq] = { bx_create_sq, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	/* Which log pages is for itself to say. */
	[nvme_admin_get_log_page] = { bx_get_log_page, WORLD | WHEN_SANITIZING,
				      BX_SCOPE_CONTROLLER },
	[nvme_admin_delete_cq] = { bx_delete_cq, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	[nvme_admin_create_cq] = { bx_create_cq, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	[nvme_admin_identify] = { bx_identify, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	[nvme_admin_abort_cmd] = { bx_abort, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	[nvme_admin_set_features] = { bx_set_features, WORLD | WHEN_SANITIZING,
				      NVME_CMD_EFFECTS_NCC | BX_SCOPE_CONTROLLER },
	[nvme_admin_get_features] = { bx_get_features, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	[nvme_admin_async_event] = { bx_async_event, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	[nvme_admin_ns_mgmt] = { bx_ns_manage, WORLD,
				 NVME_CMD_EFFECTS_LBCC | NVME_CMD_EFFECTS_NIC |
					 BX_SCOPE_SUBSYSTEM },
	[nvme_admin_activate_fw] = { bx_firmware_commit, 0,
				     NVME_CMD_EFFECTS_CCC | BX_SCOPE_SUBSYSTEM },
	[nvme_admin_download_fw] = { bx_firmware_download, 0, BX_SCOPE_SUBSYSTEM },
	[nvme_admin_dev_self_test] = { bx_start_self_test, 0, BX_SCOPE_SUBSYSTEM },
	[nvme_admin_ns_attach] = { bx_ns_attach, WORLD, NVME_CMD_EFFECTS_NIC | BX_SCOPE_SUBSYSTEM },
	[nvme_admin_keep_alive] = { bx_keep_alive, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	[nvme_admin_dbbuf] = { bx_doorbell_buffer, WHEN_SANITIZING, BX_SCOPE_CONTROLLER },
	/* No other command of the namespace at the same time: the first of the values above 0. */
	[nvme_admin_format_nvm] = { bx_format, WORLD,
				    NVME_CMD_EFFECTS_LBCC | NVME_CMD_EFFECTS_NCC | 1 << 16 |
					    BX_SCOPE_NAMESPACE },
	/* It has a rule of its own for when there is another one. */
	[nvme_admin_sanitize_nvm] = { bx_sanitize, WORLD | WHEN_SANITIZING,
				      NVME_CMD_EFFECTS_LBCC | 2 << 16 | BX_SCOPE_SUBSYSTEM },
};

void bx_put_text(char *to, const char *from, size_t size)
{
	size_t length = strnlen(from, size);

	memcpy(to, from, length);
	memset(to + length, ' ', size - length);
}

void bx_put_wide(u8 *to, u64 n)
{
	__le64 value = cpu_to_le64(n);

	memcpy(to, &value, sizeof(value));
}

static const struct admin_command *find_command(const struct bx_ctrl *ctrl, u8 opcode)
{
	const struct admin_command *command = &commands[opcode];

	if (!command->execute || (opcode == nvme_admin_dbbuf && !ctrl->config.shadow_doorbells))
		return NULL;
	return command;
}

u32 bx_admin_effects(const struct bx_ctrl *ctrl, u8 opcode)
{
	const struct admin_command *command = find_command(ctrl, opcode);

	return command ? NVME_CMD_EFFECTS_CSUPP | command->effects : 0;
}

u16 bx_admin_execute(struct bx_engine *engine, struct bx_request *request)
{
	const struct admin_command *command =
		find_command(engine->ctrl, request->cmd.common.opcode);
	u16 refused = engine->ctrl->io_refused;

	if (!command)
		return bx_invalid(request, NVME_SC_INVALID_OPCODE, common.opcode);
	/* Nothing is fused here, and admin commands have PRPs only. */
	if (request->cmd.common.flags)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, common.flags);
	if (refused && !(command->flags & WHEN_SANITIZING))
		return refused;
	if (command->flags & WORLD && !engine->has_world)
		return BX_WORLD;
	return command->execute(engine, request);
}

u64 bx_power_on_hours(const struct bx_ctrl *ctrl, u64 now)
{
	return div64_u64(now - ctrl->admin->since, 3600ull * NSEC_PER_SEC);
}

u64 bx_admin_tick(struct bx_ctrl *ctrl, u64 now)
{
	u64 test = bx_self_test_tick(ctrl, now);
	u64 alive = bx_features_tick(ctrl, now);

	return min(test, alive);
}

void bx_admin_reset(struct bx_ctrl *ctrl, enum bx_reset kind)
{
	struct bx_admin_state *admin = ctrl->admin;

	bx_erase_reset(ctrl);
	bx_events_forget(ctrl);
	bx_features_reset(ctrl, kind);
	bx_firmware_reset(ctrl);
	bx_self_test_reset(ctrl);
	bitmap_zero(admin->changed, BX_NS_MAX + 1);
}

void bx_admin_lost_power(struct bx_ctrl *ctrl, bool unsafe)
{
	struct bx_admin_state *admin = ctrl->admin;

	spin_lock(&admin->lock);
	admin->health.power_losses++;
	admin->health.unsafe_shutdowns += unsafe;
	spin_unlock(&admin->lock);
}

int bx_admin_create(struct bx_ctrl *ctrl)
{
	struct bx_admin_state *admin;
	int r;

	admin = kvzalloc(sizeof(*admin), GFP_KERNEL);
	if (!admin)
		return -ENOMEM;
	admin->since = ktime_get_ns();
	spin_lock_init(&admin->lock);
	INIT_LIST_HEAD(&admin->events.held);
	r = bx_store_init(&admin->bitmaps, NULL, BITMAPS_SIZE);
	if (r < 0)
		goto free;
	admin->workers = alloc_workqueue("bx_emu", WQ_UNBOUND, 1);
	if (!admin->workers) {
		r = -ENOMEM;
		goto drop_bitmaps;
	}
	ctrl->admin = admin;
	r = bx_erase_create(ctrl);
	if (r < 0)
		goto destroy_workers;
	bx_health_create(ctrl);
	bx_features_create(ctrl);
	bx_firmware_create(ctrl);
	bx_self_test_create(ctrl);
	return 0;

destroy_workers:
	ctrl->admin = NULL;
	destroy_workqueue(admin->workers);
drop_bitmaps:
	bx_store_done(&admin->bitmaps);
free:
	kvfree(admin);
	return r;
}

void bx_admin_destroy(struct bx_ctrl *ctrl)
{
	struct bx_admin_state *admin = ctrl->admin;

	if (!admin)
		return;
	bx_erase_destroy(ctrl);
	/* Nobody is there to be told what goes. */
	ctrl->ready = false;
	/* They have bitmaps that are ours. */
	for (u32 id = 1; id <= BX_NS_MAX; id++)
		if (ctrl->namespaces[id])
			bx_ns_destroy(ctrl->namespaces[id], ctrl);
	destroy_workqueue(admin->workers);
	bx_store_done(&admin->bitmaps);
	ctrl->admin = NULL;
	kvfree(admin);
}
