/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of bxctl share. bxctl holds no knowledge of devices: it asks bxd, shows the answer
 * and turns errors into a sentence and an exit code.
 */
#ifndef BX_CLIENT_BXCTL_H
#define BX_CLIENT_BXCTL_H

#include "daemon/errors.h"

#include <json.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

struct bxctl {
	sd_bus *bus;
	bool json;
	bool no_wait;
	unsigned int count; /* of tables of top; 0: until it is interrupted */
	bool colour; /* standard output is a terminal that shows it */
	/* Of create and define; NULL where they are not given. */
	const char *type, *size, *preset, *from;
	bool autostart;
	bool with_data; /* of bind and unbind */
	const char *host; /* whose bus it is; NULL for ours */
	const char *bus_error; /* why there is none, "" if there is one */
};

/* ---- objects.c: D-Bus to JSON ---- */

/* A member as text, "" if there is none. */
const char *bxctl_text(struct json_object *object, const char *name);

/* All objects of an interface as an array, each with its properties and, under "Object", its path. */
int bxctl_get_objects(struct bxctl *ctl, const char *interface, struct json_object **ret);

/* All properties of one object. @error is the caller's. */
int bxctl_get_all(struct bxctl *ctl, const char *path, const char *interface,
		  struct json_object **ret, sd_bus_error *error);

/* By id, serial, PCI address, controller or block device, with a sentence and an exit code if that fails. */
enum bx_exit bxctl_find_device(struct bxctl *ctl, const char *name, struct json_object **ret);

/* The same on a list that is already there. More than one match gives -ENOTUNIQ, none -ENODEV. */
int bxctl_match_device(struct json_object *devices, const char *name, struct json_object **ret);

/* Prints the block devices of a device object, a line each. */
void bxctl_tell_disks(struct bxctl *ctl, const char *path);

/* ---- output.c ---- */

void bxctl_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why a call failed; the exit code that goes with it. */
/* Nobody answers: bxd, or the bus itself. */
bool bxctl_no_answer(const sd_bus_error *error);
enum bx_exit bxctl_call_failed(const char *what, int r, const sd_bus_error *error);

void bxctl_print_json(struct json_object *object, bool one_line);
void bxctl_print_devices(struct bxctl *ctl, struct json_object *devices);
void bxctl_print_device(struct bxctl *ctl, struct json_object *device);

/* @text in the colour of a device's or job's state, to be used before the next call. */
const char *bxctl_colour_of_state(struct bxctl *ctl, const char *state);
const char *bxctl_colour_off(struct bxctl *ctl);

/* ---- jobs.c ---- */

/* Waits for the end, shows progress on a terminal and says how it ended. */
enum bx_exit bxctl_wait_job(struct bxctl *ctl, const char *path, const char *what);

/* The same, or only its name where nobody wants to wait. */
enum bx_exit bxctl_cancel(struct bxctl *ctl, const char *job);
enum bx_exit bxctl_follow_job(struct bxctl *ctl, const char *path, const char *what);

/*
 * Sends @call, whose reply is the job that it begins, and follows that. @r is what became of making the call: negative, and it is
 * not sent.
 */
enum bx_exit bxctl_call_job(struct bxctl *ctl, sd_bus_message *call, int r, const char *what);

/* Begins a job by a method of a device, with an argument or NULL, and waits for it. @cannot: what to say if it cannot be. */
enum bx_exit bxctl_act(struct bxctl *ctl, const char *name, const char *method,
		       const char *argument, const char *cannot);

/* ---- definitions.c ---- */

/* Adds words NAME=VALUE, which NULL ends, to an object; -EINVAL, with a sentence that names it, for another word. */
int bxctl_add_words(struct json_object *object, char **words);

/* @settings are words NAME=VALUE, ended by NULL. */
enum bx_exit bxctl_create(struct bxctl *ctl, const char *name, char **settings);
enum bx_exit bxctl_define(struct bxctl *ctl, const char *name, char **settings);
enum bx_exit bxctl_forget(struct bxctl *ctl, const char *name);

/* The settings that --from, --type, --size and words say, to be put. */
enum bx_exit bxctl_gather_settings(struct bxctl *ctl, char **words, struct json_object **ret);
/* A whole file, "-" for the standard input; to be freed. NULL after a sentence where that fails. */
char *bxctl_read_file(const char *path, size_t most, size_t *length);

/* ---- plans.c ---- */

/* KIND DEVICE, as the command would have them. */
enum bx_exit bxctl_plan(struct bxctl *ctl, char **words);
enum bx_exit bxctl_apply(struct bxctl *ctl, const char *path);

/* The commands that there are, for who completes the first word. Ended by NULL. */
const char *bxctl_verb_name(size_t i);

/* ---- modules.c ---- */

/* No words: lists them. load NAME PARAMETER=VALUE..., unload NAME. */
enum bx_exit bxctl_module(struct bxctl *ctl, char **words);

/* ---- top.c ---- */

enum bx_exit bxctl_top(struct bxctl *ctl);

/* ---- complete.c ---- */

/* What can stand where the last of @words is, a line each, for a shell. */
enum bx_exit bxctl_complete(struct bxctl *ctl, char **words);

/* ---- doctor.c ---- */

/* @device is a name, or NULL for all; @bus_error says why there is no bus, where ctl->bus is NULL. */
enum bx_exit bxctl_doctor(struct bxctl *ctl, const char *device, const char *bus_error);

/* ---- monitor.c ---- */

enum bx_exit bxctl_monitor(struct bxctl *ctl);

#endif
