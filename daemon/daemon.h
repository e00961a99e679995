/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's own structures and what its files offer each other. Nothing of this is seen by the
 * worker or the client.
 *
 *   inventory.c   which devices there are, how they are called, in what state they are
 *   device.c      definitions of emulated devices, and when they begin and end
 *   job.c         what is being done to devices      launch.c  starts the worker in its unit
 *   events.c      what makes the daemon look again
 *   api.c         a call from its arguments to its answer; the tables are in api_*.c
 *   authorize.c   who may act
 *   bus.c         all of it on D-Bus
 *   idle.c        when bxd ends by itself
 */
#ifndef BX_DAEMON_DAEMON_H
#define BX_DAEMON_DAEMON_H

#include "daemon/configuration.h"
#include "daemon/definition.h"
#include "daemon/errors.h"
#include "daemon/identity.h"
#include "daemon/journal.h"
#include "daemon/pci.h"
#include "daemon/plan.h"
#include "daemon/states.h"

#include <libudev.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct bx_bus_interface;
struct bx_call;
struct bx_idle;
struct bx_job;

/* What configfs says of an emulated device. */
enum bx_emulation {
	BX_EMULATION_NONE, /* it is not there */
	BX_EMULATION_OFF,
	BX_EMULATION_ON, /* its PCI function may be pulled out all the same */
};

struct bx_device {
	struct bx_device *next;
	struct bx_daemon *daemon;
	char name[BX_EMULATED_NAME_MAX]; /* of an emulated device, else "" */
	enum bx_emulation emulation;
	const struct bx_definition *definition; /* NULL for what is not bxd's */
	struct bx_pci pci; /* no address: there is no PCI function */
	char base_id[BX_ID_MAX]; /* the Id, but for what tells two of one serial apart */
	char id[BX_ID_MAX];
	char serial[BX_SERIAL_MAX], model[BX_MODEL_MAX], firmware[BX_SERIAL_MAX], nqn[BX_NQN_MAX];
	char last_error[BX_MESSAGE_MAX + 64];
	struct bx_job *job; /* at work on it */
	uint64_t hold_until; /* not shown before, since its serial may come yet */
	bool gone;
	bool seen; /* its PCI function, by the last look */
	bool shown; /* there is an object of it */
	char shown_id[BX_ID_MAX];
	struct json_object *properties; /* as last shown */
};

struct bx_job {
	struct bx_job *next;
	struct bx_daemon *daemon;
	struct bx_operation operation; /* as last read from the journal */
	char key[24]; /* its number */
	char device_key[BX_ID_MAX]; /* of the object that there was when it began, or "" */
	bool ended, stuck, lock_seen, launch_failed;
	unsigned int launches, attempts_before; /* the last launch */
	uint64_t launched, step_began; /* CLOCK_MONOTONIC, µs */
	sd_bus_slot *call, *unit_started; /* StartUnit on its way, and what becomes of it then */
	struct bx_call *asker; /* who waits for the plan that it makes */
	sd_event_source *timer;
};

struct bx_daemon {
	struct bx_root root;
	struct bx_configuration configuration;
	struct bx_journal journal;
	struct bx_identities identities;
	sd_event *event;
	sd_bus *bus;
	char boot_id[BX_BOOT_ID_MAX];
	char kernel_release[72];
	struct bx_definition *definitions; /* sorted by name */
	struct bx_device *devices;
	struct bx_job *jobs;
	struct bx_call *asked; /* that polkit thinks about */
	struct bx_bus_interface *bus_interfaces;
	struct json_object *properties; /* of the Manager */
	struct bx_varlink_api *varlink; /* NULL where nobody has given it a socket */
	struct bx_idle *idle;
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

/* main.c: reads the configuration and the definitions and looks at all devices again. */
int bx_reload(struct bx_daemon *daemon);

/* inventory.c */
int bx_inventory_refresh(struct bx_daemon *daemon);
/* A device of that name, shown or not, or NULL. */
struct bx_device *bx_inventory_by_name(struct bx_daemon *daemon, const char *name);
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

/* api_device.c: brings the object in line with the device; it appears, changes or disappears with the signals due. */
int bx_device_show(struct bx_device *device);
void bx_device_hide(struct bx_device *device);

/* device.c */
int bx_definitions_reload(struct bx_daemon *daemon);
/*
 * What a device of this name would be, if it was defined now: to be put. NameTaken, InvalidArgument, JobInProgress.
 */
int bx_device_settle(struct bx_daemon *daemon, const char *name, struct json_object *given,
		     const char *preset, enum bx_definition_kind kind, struct json_object **ret,
		     struct bx_failure *failure);
/*
 * A device of this name is written down, or what is written is changed. NameTaken, InvalidArgument, JobInProgress.
 */
int bx_device_define(struct bx_daemon *daemon, const char *name, struct json_object *settings,
		     const char *preset, enum bx_definition_kind kind, bool autostart,
		     struct bx_device **ret, struct bx_failure *failure);
/* What is written down is forgotten. WrongState, JobInProgress. */
int bx_device_forget(struct bx_device *device, struct bx_failure *failure);
/* What was to be there only while it is on is forgotten. */
void bx_device_drop(struct bx_daemon *daemon, const char *name);
/* Starts those that are to be started with bxd, once in a boot. */
void bx_devices_autostart(struct bx_daemon *daemon);

/* job.c */
/* What is to be done to a device. */
struct bx_wish {
	enum bx_kind kind;
	const char *driver; /* for BX_KIND_BIND */
	bool with_data, forget; /* see struct bx_operation */
	const struct bx_plan *plan; /* what must not be departed from, or NULL */
};
int bx_job_start(struct bx_device *device, const struct bx_wish *wish, struct bx_job **ret,
		 struct bx_failure *failure);
/* Has it planned how that would be done: the plan has what only the worker needs to know. The job's asker is then for the caller to set. */
int bx_job_start_plan(struct bx_device *device, const struct bx_wish *wish, struct bx_job **ret,
		      struct bx_failure *failure);
/* The same for the start of an emulated device of that name, which is not defined yet. */
int bx_job_start_plan_creation(struct bx_daemon *daemon, const char *name,
			       const struct bx_plan *request, struct bx_job **ret,
			       struct bx_failure *failure);
int bx_job_start_module(struct bx_daemon *daemon, enum bx_kind kind, const char *module,
			const char *parameters, struct bx_job **ret, struct bx_failure *failure);
int bx_job_start_rescan(struct bx_daemon *daemon, struct bx_job **ret, struct bx_failure *failure);
/* It ends as soon as it can, and what it had changed is undone; WrongState if it cannot any more. */
int bx_job_cancel(struct bx_job *job, struct bx_failure *failure);
/* Takes up what the journal says was under way. */
int bx_jobs_resume(struct bx_daemon *daemon);
/* Looks at the journal and the lock of every job that has not ended. */
void bx_jobs_check(struct bx_daemon *daemon);
/* The worker could not be started. */
void bx_job_launch_failed(struct bx_job *job, const char *why);
struct bx_job *bx_job_of_device(struct bx_daemon *daemon, const struct bx_device *device);
void bx_jobs_free(struct bx_daemon *daemon);

/* api_job.c */
void bx_job_say_added(struct bx_job *job);
void bx_job_say_changed(struct bx_job *job);
void bx_job_say_ended(struct bx_job *job);
void bx_job_say_removed(struct bx_job *job);

/* api_plan.c: the plan is there, or cannot be had. */
void bx_plan_answer(struct bx_job *job);

/* launch.c */
int bx_launch_worker(struct bx_daemon *daemon, struct bx_job *job);

/* events.c */
int bx_events_start(struct bx_daemon *daemon);
/* Looks every quarter of a second while a device is on its way from one state to another. */
void bx_events_poll(struct bx_daemon *daemon, bool wanted);
void bx_events_stop(struct bx_daemon *daemon);

/* log_control.c */
int bx_log_control_register(sd_bus *bus);

#endif
