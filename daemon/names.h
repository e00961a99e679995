/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names under which the daemon is found: bus, objects, interfaces, folders. The client and the
 * tests use the same ones. What objects offer stands with the code that serves them.
 */
#ifndef BX_DAEMON_NAMES_H
#define BX_DAEMON_NAMES_H

#define BX_BUS_NAME	 "org.byteexpress.bx1"

#define BX_PATH_ROOT	 "/org/byteexpress/bx1"
#define BX_PATH_DEVICES	 BX_PATH_ROOT "/device"
#define BX_PATH_JOBS	 BX_PATH_ROOT "/job"

#define BX_IFACE_MANAGER BX_BUS_NAME ".Manager"
#define BX_IFACE_DEVICE	 BX_BUS_NAME ".Device"
#define BX_IFACE_JOB	 BX_BUS_NAME ".Job"

/* Relative to the root directory, as everything that bx_root opens. */
#define BX_DIR_RUN	 "run/bxd"
#define BX_DIR_LOCK	 BX_DIR_RUN "/lock"
#define BX_DIR_STATE	 "var/lib/bxd"
#define BX_DIR_JOURNAL	 BX_DIR_RUN "/journal"

/* The unit in which the worker of job N runs. */
#define BX_WORKER_UNIT	 "bxd-worker@%llu.service"
/* And in which it finds out what another one would do, and cannot do it. */
#define BX_PLANNER_UNIT	 "bxd-planner@%llu.service"

#endif
