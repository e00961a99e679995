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
	bool colour; /* standard output is a terminal that shows it */
};

/* ---- objects.c: D-Bus to JSON ---- */

/* The value at which @message stands, of whatever type. */
int bxctl_read_value(sd_bus_message *message, struct json_object **ret);

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

/* ---- monitor.c ---- */

enum bx_exit bxctl_monitor(struct bxctl *ctl);

#endif
