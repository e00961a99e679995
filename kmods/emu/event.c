// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asynchronous events: what happens without a command, and the requests that wait to carry it to the host. Of each type
 * one event is told, and no other until the host has read the log page that belongs to it.
 */
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/string.h>

#include "admin.h"

/* Whether the host wants to hear of it: feature 0Bh, whose lower bits are those of the critical warnings. */
static bool wanted(u32 enabled, enum bx_event_type type, u8 info)
{
	static const u8 warnings[] = {
		NVME_SMART_CRIT_RELIABILITY | NVME_SMART_CRIT_MEDIA |
			NVME_SMART_CRIT_VOLATILE_MEMORY,
		NVME_SMART_CRIT_TEMPERATURE,
		NVME_SMART_CRIT_SPARE,
	};

	switch (type) {
	case BX_EVENT_HEALTH:
		return info < sizeof(warnings) && enabled & warnings[info];
	case BX_EVENT_NOTICE:
		return info == NVME_AER_NOTICE_NS_CHANGED	 ? enabled & NVME_AEN_CFG_NS_ATTR
		       : info == NVME_AER_NOTICE_FW_ACT_STARTING ? enabled & NVME_AEN_CFG_FW_ACT
								 : false;
	default:
		/* Errors, and the end of a sanitize, are not for the host to refuse. */
		return true;
	}
}

static bool is_queued(const struct bx_events *events, const struct bx_queued_event *event)
{
	for (unsigned int i = 0; i < events->queued; i++)
		if (!memcmp(&events->queue[i], event, sizeof(*event)))
			return true;
	return false;
}

void bx_event(struct bx_ctrl *ctrl, enum bx_event_type type, u8 info, u8 log_page)
{
	const struct bx_queued_event event = { type, info, log_page };
	struct bx_admin_state *admin = ctrl->admin;
	struct bx_events *events = &admin->events;
	bool queued = false;

	spin_lock(&admin->lock);
	/* More than there is room for cannot be anything new: of what happens there are fewer kinds. */
	if (wanted(events->enabled, type, info) && events->queued < BX_EVENTS_QUEUED &&
	    !is_queued(events, &event)) {
		events->queue[events->queued++] = event;
		queued = true;
	}
	spin_unlock(&admin->lock);
	if (queued)
		ctrl->ops->wake(&ctrl->engines[0]);
}

int bx_event_ask(struct bx_ctrl *ctrl, u8 type, u8 info, u8 log_page)
{
	struct bx_admin_state *admin = ctrl->admin;
	bool room;

	spin_lock(&admin->lock);
	room = admin->events.queued < BX_EVENTS_ASKED;
	spin_unlock(&admin->lock);
	if (!room)
		return -ENOSPC;
	bx_event(ctrl, type, info, log_page);
	return 0;
}

static void remove_event(struct bx_events *events, unsigned int i)
{
	events->queued--;
	memmove(&events->queue[i], &events->queue[i + 1],
		(events->queued - i) * sizeof(events->queue[0]));
}

/* The first event that may be told now. The lock is held. */
static bool next_event(struct bx_events *events, struct bx_queued_event *ret)
{
	for (unsigned int i = 0; i < events->queued; i++) {
		*ret = events->queue[i];
		if (events->masked & BIT(ret->type))
			continue;
		remove_event(events, i);
		/* What nobody can read is no reason to wait until it has been. */
		if (bx_log_page_valid(ret->log_page)) {
			events->masked |= BIT(ret->type);
			events->log_page[ret->type] = ret->log_page;
		}
		return true;
	}
	return false;
}

bool bx_events_deliver(struct bx_ctrl *ctrl)
{
	struct bx_admin_state *admin = ctrl->admin;
	struct bx_events *events = &admin->events;
	struct bx_queued_event event;
	struct bx_request *request;
	bool any = false, found;

	while (!list_empty(&events->held)) {
		spin_lock(&admin->lock);
		found = next_event(events, &event);
		spin_unlock(&admin->lock);
		if (!found)
			break;
		request = list_first_entry(&events->held, struct bx_request, entry);
		list_del_init(&request->entry);
		request->result = event.type | event.info << 8 | event.log_page << 16;
		bx_request_complete(request, NVME_SC_SUCCESS);
		any = true;
	}
	return any;
}

void bx_event_seen(struct bx_ctrl *ctrl, u8 log_page)
{
	struct bx_admin_state *admin = ctrl->admin;
	struct bx_events *events = &admin->events;

	spin_lock(&admin->lock);
	for (unsigned int type = 0; type < BX_EVENT_TYPES; type++)
		if (events->masked & BIT(type) && events->log_page[type] == log_page)
			events->masked &= ~BIT(type);
	spin_unlock(&admin->lock);
}

void bx_events_enable(struct bx_ctrl *ctrl, u32 enabled)
{
	struct bx_admin_state *admin = ctrl->admin;
	struct bx_events *events = &admin->events;

	spin_lock(&admin->lock);
	WRITE_ONCE(events->enabled, enabled);
	/* What waits and is not wanted any more is not told. */
	for (unsigned int i = events->queued; i-- > 0;)
		if (!wanted(enabled, events->queue[i].type, events->queue[i].info))
			remove_event(events, i);
	spin_unlock(&admin->lock);
}

/* After a reset. The requests are gone with their queue. */
void bx_events_forget(struct bx_ctrl *ctrl)
{
	struct bx_admin_state *admin = ctrl->admin;
	struct bx_events *events = &admin->events;

	INIT_LIST_HEAD(&events->held);
	spin_lock(&admin->lock);
	events->masked = 0;
	events->queued = 0;
	spin_unlock(&admin->lock);
}

u16 bx_async_event(struct bx_engine *engine, struct bx_request *request)
{
	struct bx_events *events = &engine->ctrl->admin->events;
	struct list_head *at;
	unsigned int held = 0;

	/* Counted, since an Abort takes them out of the list without a word. */
	list_for_each(at, &events->held) held++;
	if (held >= BX_AER_MAX)
		return NVME_SC_ASYNC_LIMIT;
	list_add_tail(&request->entry, &events->held);
	return BX_LATER;
}
