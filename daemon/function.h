/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the worker does to the PCI function of its operation. All of them return 0, or a negative errno with the reason in
 * work->failure; -ENODEV with NoSuchDevice if the function has left the machine.
 */
#ifndef BX_DAEMON_FUNCTION_H
#define BX_DAEMON_FUNCTION_H

#include "daemon/work.h"

#define BX_POLL_MS 10

void bx_pause_ms(unsigned int ms);
uint64_t bx_now_ms(void);

/* Below the function's folder in sysfs. */
struct bx_path bx_function_attribute(const struct bx_work *work, const char *name);

/* BindFailed: @what, and the errno in words. */
int bx_function_fail(struct bx_work *work, int r, const char *what);

/* The device is still the one that the operation was written for. */
int bx_function_check_present(struct bx_work *work);
int bx_function_driver(struct bx_work *work, char driver[static BX_NAME_MAX]);

/* Only writes what is not there yet, and believes only what it reads back. */
int bx_function_set_override(struct bx_work *work, const char *name);
int bx_function_unbind(struct bx_work *work, const char *driver);
/* Explicitly, else by probing, whose success means nothing: the driver link is what counts. */
int bx_function_bind(struct bx_work *work, const char *driver);

/* Waits until nvme has brought the controller up. */
int bx_function_wait_live(struct bx_work *work);
/* @driver has the device, or nothing has if it is ""; with nvme its controller is live, and a namespace there if one comes. */
int bx_function_verify(struct bx_work *work, const char *driver);

/* Of nvme's whole namespaces: all or none. */
int bx_function_claim(struct bx_work *work);
/* What is claimed has nothing on it, or that is to go with it. */
int bx_function_check_data(struct bx_work *work);
/* A namespace may have come since the others were claimed, and nobody knows whether it is in use already. */
int bx_function_check_claimed(struct bx_work *work);
/* Nobody uses it, while it is bound to @driver, of whom a claim knows nothing. */
int bx_function_check_users(struct bx_work *work, const char *driver);

#endif
