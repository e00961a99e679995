/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's own structures and what its files offer each other. Nothing of this is seen by the
 * worker or the client.
 *
 *   inventory.c   which devices there are, how they are called, in what state they are
 *   device_bus.c  the device objects
 *   job.c         what is being done to them        job_bus.c  the job objects
 *   launch.c      starts the worker in its unit
 *   events.c      what makes the daemon look again
 *   manager_bus.c the Manager object                authorize.c  who may act
 */
#ifndef BX_DAEMON_DAEMON_H
#define BX_DAEMON_DAEMON_H

#include "daemon/errors.h"
#include "daemon/identity.h"
#include "daemon/journal.h"
#include "daemon/pci.h"
#include "daemon/states.h"

#include <libudev.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct bx_job;

/* What a device object shows. Comparing two of them tells which properties changed. */
struct bx_view {
	char *id, *address, *slot, *serial, *model, *firmware;
	char *driver, *state, *controller, *last_error, *job;
	int numa_node, iommu_group;
	char **block_devices, **in_use_by;
};

struct bx_device {
	struct bx_device *next;
	struct bx_daemon *daemon;
	struct bx_pci pci;
	char id[BX_ID_MAX];
	char serial[BX_SERIAL_MAX], model[BX_MODEL_MAX], firmware[BX_SERIAL_MAX];
	char last_error[BX_MESSAGE_MAX + 64];
	struct bx_job *job; /* at work on it */
	uint64_t hold_until; /* not shown before, since its serial may come yet */
	bool gone;
	char *path; /* of the object; NULL while it is not shown */
	struct bx_view view; /* as last shown */
};

struct bx_job {
	struct bx_job *next;
	struct bx_daemon *daemon;
	struct bx_operation operation; /* as last read from the journal */
	char *path, *device_path;
	bool ended, stuck, lock_seen, launch_failed;
	unsigned int launches, attempts_before; /* the last launch */
	uint64_t launched, step_began; /* CLOCK_MONOTONIC, µs */
	sd_bus_slot *call; /* StartTransientUnit on its way */
	sd_event_source *timer;
};

struct bx_daemon {
	struct bx_root root;
	struct bx_journal journal;
	struct bx_identities identities;
	sd_event *event;
	sd_bus *bus;
	char boot_id[BX_BOOT_ID_MAX];
	char kernel_release[72];
	struct bx_device *devices;
	struct bx_job *jobs;
	uint64_t next_job;
	struct udev *udev;
	struct udev_monitor *monitor;
	sd_event_source *refresh_source, *poll_source;
	bool started;
	/* Starts the worker of a job; tests put another one here. */
	int (*launch)(struct bx_daemon *daemon, struct bx_job *job);
};

/* Of timers: what sd-event takes for nothing is a quarter of a second. */
#define BX_TIMER_ACCURACY_US 1000

uint64_t bx_now(void); /* CLOCK_MONOTONIC, µs */

/* inventory.c */
int bx_inventory_refresh(struct bx_daemon *daemon);
/* Looks again soon, once, however often it is asked. */
void bx_inventory_refresh_later(struct bx_daemon *daemon);
enum bx_state bx_device_state(const struct bx_device *device);
const char *bx_state_name(enum bx_state state);
struct bx_device *bx_inventory_by_address(struct bx_daemon *daemon, const char *address,
					  uint64_t inode);
/* By id or serial: NoSuchDevice or AmbiguousDevice. */
int bx_inventory_find(struct bx_daemon *daemon, const char *name, struct bx_device **ret,
		      struct bx_failure *failure);
void bx_inventory_free(struct bx_daemon *daemon);

/* device_bus.c */
int bx_device_bus_register(struct bx_daemon *daemon);
/* Brings the object in line with the device: appears, changes or disappears with the signals due. */
int bx_device_show(struct bx_device *device);
void bx_device_hide(struct bx_device *device);

/* job.c */
int bx_job_start(struct bx_device *device, const char *driver, struct bx_job **ret,
		 struct bx_failure *failure);
/* Takes up what the journal says was under way. */
int bx_jobs_resume(struct bx_daemon *daemon);
/* Looks at the journal and the lock of every job that has not ended. */
void bx_jobs_check(struct bx_daemon *daemon);
/* The worker could not be started; @again: it may well be in a moment. */
void bx_job_launch_failed(struct bx_job *job, const char *why, bool again);
struct bx_job *bx_job_of_device(struct bx_daemon *daemon, const struct bx_device *device);
void bx_jobs_free(struct bx_daemon *daemon);

/* job_bus.c */
int bx_job_bus_register(struct bx_daemon *daemon);
void bx_job_bus_added(struct bx_job *job);
void bx_job_bus_changed(struct bx_job *job);
void bx_job_bus_ended(struct bx_job *job);
void bx_job_bus_removed(struct bx_job *job);

/* launch.c */
int bx_launch_worker(struct bx_daemon *daemon, struct bx_job *job);

/* events.c */
int bx_events_start(struct bx_daemon *daemon);
/* Looks every quarter of a second while a device is on its way from one state to another. */
void bx_events_poll(struct bx_daemon *daemon, bool wanted);
void bx_events_stop(struct bx_daemon *daemon);

/* manager_bus.c */
int bx_manager_bus_register(struct bx_daemon *daemon);
/* Sets @error from @failure and returns what a method handler returns then. */
int bx_reply_failure(sd_bus_error *error, int r, const struct bx_failure *failure);

/* authorize.c: 0 if the sender of @message may do @action (a polkit action's last word). */
int bx_authorize(sd_bus_message *message, const char *action, sd_bus_error *error);

/* log_control.c */
int bx_log_control_register(sd_bus *bus);

#endif
