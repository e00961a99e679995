/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The public headers on which nvme-core's private one leans. What they define is not generated. If
 * a type comes out twice, generated and in another public header, add that header.
 */
#ifndef NVME_CORE_PUBLIC_H
#define NVME_CORE_PUBLIC_H

#include <linux/blk-mq.h>
#include <linux/blk-integrity.h>
#include <linux/cdev.h>
#include <linux/fault-inject.h>
#include <linux/io_uring.h>
#include <linux/kref.h>
#include <linux/nvme.h>
#include <linux/nvme_ioctl.h>
#include <linux/pci.h>
#include <linux/pr.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/sed-opal.h>
#include <linux/srcu.h>
#include <linux/t10-pi.h>
#include <linux/wait.h>

/* Not in every kernel of the support matrix. (sparse knows neither these nor how to ask.) */
#ifdef __has_include
#if __has_include("linux/io_uring/cmd.h")
#include <linux/io_uring/cmd.h>
#endif
#if __has_include("linux/nvme-auth.h")
#include <linux/nvme-auth.h>
#endif
#if __has_include("linux/nvme-keyring.h")
#include <linux/nvme-keyring.h>
#endif
#endif

#endif
