// SPDX-License-Identifier: GPL-2.0-or-later
/* Asynchronous events: which are told, when, and to which request. */
#include <kit/cmocka.h>

#include "tests/unit/emu_admin.h"

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/time64.h>

static void an_event_is_told_once_until_its_page_is_read(void **state)
{
	u8 page[512];
	struct emu_host host;

	admin_begin(&host);
	admin_ask_for_event(&host);
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0);
	bx_event(host.ctrl, BX_EVENT_ERROR, 3, NVME_LOG_ERROR);
	bx_event(host.ctrl, BX_EVENT_ERROR, 3, NVME_LOG_ERROR);
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0x010300);
	/* The next of this type waits; reading another page, or this one with RAE, does not help it. */
	assert_int_equal(admin_event(&host), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, page, 512), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_ERROR, RETAIN, 0, page, 512), 0);
	assert_int_equal(admin_event(&host), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_ERROR, 0, 0, page, 512), 0);
	assert_int_equal(admin_event(&host), 0x010100);
	assert_int_equal(admin_event(&host), 0);
	emu_end(&host);
}

static void an_event_waits_for_a_request(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0);
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0x010100);
	emu_end(&host);
}

/* Of each there would be none after the first, since nobody can read a page that the device does not have. */
static void an_event_without_a_page_keeps_nobody_waiting(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	for (unsigned int i = 0; i < 3; i++) {
		admin_ask_for_event(&host);
		assert_int_equal(bx_event_ask(host.ctrl, BX_EVENT_IO, 0, 0x80), 0);
		assert_int_equal(admin_event(&host), 0x800006);
	}
	emu_end(&host);
}

/* Several of them share an event. */
static void of_warnings_only_those_enabled_are_told(void **state)
{
	struct emu_host host;

	admin_begin(&host);
	assert_int_equal(admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_RELIABILITY), 0);
	admin_ask_for_event(&host);
	bx_health_force(host.ctrl, NVME_SMART_CRIT_MEDIA);
	assert_int_equal(admin_event(&host), 0);
	bx_health_force(host.ctrl, NVME_SMART_CRIT_MEDIA | NVME_SMART_CRIT_RELIABILITY);
	assert_int_equal(admin_event(&host), 0x020001);
	emu_end(&host);
}

static void events_that_the_host_does_not_want_are_not_told(void **state)
{
	struct emu_host host;
	u8 page[512];

	admin_begin(&host);
	admin_ask_for_event(&host);
	bx_health_force(host.ctrl, NVME_SMART_CRIT_SPARE);
	bx_event(host.ctrl, BX_EVENT_NOTICE, NVME_AER_NOTICE_NS_CHANGED, NVME_LOG_CHANGED_NS);
	assert_int_equal(admin_event(&host), 0);
	/* A warning that is there already is told when the host begins to listen. */
	assert_int_equal(admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_SPARE), 0);
	assert_int_equal(admin_event(&host), 0x020201);
	/* And what it does not want any more is not told after all. */
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, page, sizeof(page)), 0);
	bx_health_force(host.ctrl, 0);
	bx_health_force(host.ctrl, NVME_SMART_CRIT_SPARE);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, 0);
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0);
	emu_end(&host);
}

static void there_is_a_limit_to_requests_for_events(void **state)
{
	/* However many wait, there is room for other commands. */
	const struct emu_options options = { .admin_entries = 4 };
	struct emu_host host;

	admin_begin_with(&host, &options);
	for (unsigned int i = 0; i < BX_AER_MAX; i++)
		admin_ask_for_event(&host);
	emu_expect_none(&host, 0);
	assert_int_equal(admin_run(&host, nvme_admin_async_event, 0, 0, 0, NULL, 0).status,
			 NVME_SC_ASYNC_LIMIT);
	/* A reset takes them all, and what was told before it may be told again. */
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0x010100);
	emu_disable(&host);
	emu_enable(&host);
	admin_ask_for_event(&host);
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0x010100);
	emu_end(&host);
}

static void a_request_for_events_that_was_aborted_is_not_used(void **state)
{
	struct nvme_command cmd = admin_command(nvme_admin_async_event, 0, 0, 0);
	struct emu_host host;
	u16 cid;

	admin_begin(&host);
	cid = emu_submit(&host, 0, &cmd);
	emu_pass(&host);
	cmd = emu_abort_command(0, cid);
	emu_submit(&host, 0, &cmd);
	assert_int_equal(emu_expect(&host, 0, NVME_SC_ABORT_REQ).cid, cid);
	assert_int_equal(emu_expect(&host, 0, 0).result, 0);
	bx_event(host.ctrl, BX_EVENT_ERROR, 1, NVME_LOG_ERROR);
	assert_int_equal(admin_event(&host), 0);
	emu_end(&host);
}

static void a_temperature_beyond_its_threshold_is_an_event_and_a_warning(void **state)
{
	struct nvme_smart_log log;
	struct emu_host host;

	admin_begin(&host);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_TEMPERATURE);
	admin_ask_for_event(&host);
	assert_int_equal(admin_set(&host, NVME_FEAT_TEMP_THRESH, 309), 0);
	assert_int_equal(admin_event(&host), 0);
	bx_health_set_temperature(host.ctrl, 309);
	assert_int_equal(admin_event(&host), 0x020101);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &log, sizeof(log)), 0);
	assert_int_equal(log.critical_warning, NVME_SMART_CRIT_TEMPERATURE);
	/* Below the other one, too. */
	bx_health_set_temperature(host.ctrl, 300);
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0);
	assert_int_equal(admin_set(&host, NVME_FEAT_TEMP_THRESH, 0x100000 | 301), 0);
	assert_int_equal(admin_event(&host), 0x020101);
	assert_int_equal(admin_get(&host, NVME_FEAT_TEMP_THRESH, 0x100000).result, 301);
	assert_int_equal(admin_get(&host, NVME_FEAT_TEMP_THRESH, 0).result, 309);
	assert_int_equal(admin_get(&host, NVME_FEAT_TEMP_THRESH | 1 << 8, 0).result, 343);
	assert_int_equal(admin_set(&host, NVME_FEAT_TEMP_THRESH, 0x10000 | 300),
			 NVME_SC_INVALID_FIELD | DNR);
	assert_int_equal(admin_set(&host, NVME_FEAT_TEMP_THRESH, 0x200000 | 300),
			 NVME_SC_INVALID_FIELD | DNR);
	emu_end(&host);
}

static void an_event_that_is_asked_for_is_like_any_other(void **state)
{
	struct emu_host host;
	u8 page[512];

	admin_begin(&host);
	admin_ask_for_event(&host);
	assert_int_equal(bx_event_ask(host.ctrl, BX_EVENT_NOTICE, NVME_AER_NOTICE_FW_ACT_STARTING,
				      NVME_LOG_FW_SLOT),
			 0);
	assert_int_equal(bx_event_ask(host.ctrl, BX_EVENT_HEALTH, 1, NVME_LOG_SMART), 0);
	assert_int_equal(admin_event(&host), 0);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_TEMPERATURE);
	assert_int_equal(bx_event_ask(host.ctrl, BX_EVENT_HEALTH, 1, NVME_LOG_SMART), 0);
	assert_int_equal(admin_event(&host), 0x020101);
	/* Of its type there is no other until its page has been read. */
	admin_ask_for_event(&host);
	assert_int_equal(bx_event_ask(host.ctrl, BX_EVENT_HEALTH, 1, NVME_LOG_SMART), 0);
	assert_int_equal(admin_event(&host), 0);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, page, sizeof(page)), 0);
	assert_int_equal(admin_event(&host), 0x020101);
	/* The log itself does not say what is not so. */
	assert_int_equal(((struct nvme_smart_log *)page)->critical_warning, 0);
	admin_ask_for_event(&host);
	assert_int_equal(bx_event_ask(host.ctrl, 7, 0x55, 0xc0), 0);
	assert_int_equal(admin_event(&host), 0xc05507);
	emu_end(&host);
}

static void events_that_are_asked_for_leave_room_for_those_that_happen(void **state)
{
	struct emu_host host;
	u8 page[512];

	admin_begin(&host);
	for (unsigned int i = 0; i < BX_EVENTS_ASKED; i++)
		assert_int_equal(bx_event_ask(host.ctrl, BX_EVENT_ERROR, 0x80 + i, NVME_LOG_ERROR),
				 0);
	assert_int_equal(bx_event_ask(host.ctrl, BX_EVENT_ERROR, 0xff, NVME_LOG_ERROR), -ENOSPC);
	bx_event(host.ctrl, BX_EVENT_ERROR, 3, NVME_LOG_ERROR);
	for (unsigned int i = 0; i < BX_EVENTS_ASKED; i++) {
		admin_ask_for_event(&host);
		assert_int_equal(admin_event(&host), 0x018000 + (i << 8));
		assert_int_equal(admin_log(&host, NVME_LOG_ERROR, 0, 0, page, sizeof(page)), 0);
	}
	admin_ask_for_event(&host);
	assert_int_equal(admin_event(&host), 0x010300);
	emu_end(&host);
}

static void too_little_spare_is_a_warning_and_wear_is_none(void **state)
{
	struct nvme_smart_log log;
	struct emu_host host;

	admin_begin(&host);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_SPARE);
	admin_ask_for_event(&host);
	bx_health_set_spare(host.ctrl, BX_SPARE_THRESHOLD);
	bx_health_set_used(host.ctrl, 120);
	assert_int_equal(admin_event(&host), 0);
	bx_health_set_spare(host.ctrl, BX_SPARE_THRESHOLD - 1);
	assert_int_equal(admin_event(&host), 0x020201);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &log, sizeof(log)), 0);
	assert_int_equal(log.critical_warning, NVME_SMART_CRIT_SPARE);
	assert_int_equal(log.avail_spare, BX_SPARE_THRESHOLD - 1);
	assert_int_equal(log.spare_thresh, BX_SPARE_THRESHOLD);
	assert_int_equal(log.percent_used, 120);
	assert_int_equal(bx_health_get(host.ctrl).used, 120);
	/* And all is well again. */
	bx_health_set_spare(host.ctrl, 100);
	assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, &log, sizeof(log)), 0);
	assert_int_equal(log.critical_warning, 0);
	emu_end(&host);
}

#define EVENTS 50

/* Another engine, or the administrator: warnings come and go. */
static int disturb(void *data)
{
	struct emu_host *host = data;

	for (unsigned int i = 0; !kthread_should_stop(); i++) {
		bx_health_set_temperature(host->ctrl, i & 1 ? 400 : 300);
		bx_event(host->ctrl, BX_EVENT_ERROR, i & 3, NVME_LOG_ERROR);
		usleep_range(1, 2);
	}
	return 0;
}

/* Asks for an event and waits for it, but not for ever. */
static bool event_comes(struct emu_host *host)
{
	const u64 deadline = ktime_get_ns() + 20 * NSEC_PER_SEC;

	admin_ask_for_event(host);
	while (!admin_event(host))
		if (ktime_get_ns() > deadline)
			return false;
	return true;
}

static void events_come_from_anywhere_at_any_time(void **state)
{
	struct task_struct *task;
	struct emu_host host;
	unsigned int told = 0;
	u8 page[512];

	emu_begin(&host, NULL);
	emu_enable(&host);
	admin_set(&host, NVME_FEAT_ASYNC_EVENT, NVME_SMART_CRIT_TEMPERATURE);
	task = kthread_run(disturb, &host, "disturb");
	assert_false(IS_ERR(task));
	for (; told < EVENTS && event_comes(&host); told++) {
		assert_int_equal(admin_log(&host, NVME_LOG_ERROR, 0, 0, page, 512), 0);
		assert_int_equal(admin_log(&host, NVME_LOG_SMART, 0, 0, page, 512), 0);
	}
	kthread_stop(task);
	if (told < EVENTS)
		fail_msg("after %u events none came any more", told);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(an_event_is_told_once_until_its_page_is_read),
		kit_test(an_event_waits_for_a_request),
		kit_test(an_event_without_a_page_keeps_nobody_waiting),
		kit_test(of_warnings_only_those_enabled_are_told),
		kit_test(events_that_the_host_does_not_want_are_not_told),
		kit_test(there_is_a_limit_to_requests_for_events),
		kit_test(a_request_for_events_that_was_aborted_is_not_used),
		kit_test(a_temperature_beyond_its_threshold_is_an_event_and_a_warning),
		kit_test(an_event_that_is_asked_for_is_like_any_other),
		kit_test(events_that_are_asked_for_leave_room_for_those_that_happen),
		kit_test(too_little_spare_is_a_warning_and_wear_is_none),
		kit_test(events_come_from_anywhere_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
