/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One log line at the edge: to the journal with its fields when the process runs under it, else to
 * the standard error output. Nothing is logged on the way up.
 */
#ifndef BX_DAEMON_LOG_H
#define BX_DAEMON_LOG_H

#include <stdbool.h>
#include <syslog.h>

/* MESSAGE_ID fields: each stands for one kind of event and never changes its meaning. */
#define BX_MESSAGE_DEVICE_ADDED	       "4f6c1f0e9d3e4b7a8a51c4de0b1a7701" /* a function was found */
#define BX_MESSAGE_DEVICE_REMOVED      "4f6c1f0e9d3e4b7a8a51c4de0b1a7702" /* it left */
#define BX_MESSAGE_DEVICE_STATE	       "4f6c1f0e9d3e4b7a8a51c4de0b1a7703" /* State changed */
#define BX_MESSAGE_JOB_STARTED	       "4f6c1f0e9d3e4b7a8a51c4de0b1a7704"
#define BX_MESSAGE_JOB_ENDED	       "4f6c1f0e9d3e4b7a8a51c4de0b1a7705"
#define BX_MESSAGE_JOB_STUCK	       "4f6c1f0e9d3e4b7a8a51c4de0b1a7706" /* past its deadline */
#define BX_MESSAGE_JOB_RESUMED	       "4f6c1f0e9d3e4b7a8a51c4de0b1a7707" /* found in the journal */
#define BX_MESSAGE_JOURNAL_DAMAGED     "4f6c1f0e9d3e4b7a8a51c4de0b1a7708" /* a file was set aside */
#define BX_MESSAGE_SERIAL_SHARED       "4f6c1f0e9d3e4b7a8a51c4de0b1a7709" /* an ambiguous identity */
#define BX_MESSAGE_DEFINITION_DAMAGED  "4f6c1f0e9d3e4b7a8a51c4de0b1a770a" /* a file was left out */
#define BX_MESSAGE_CONFIGURATION_WRONG "4f6c1f0e9d3e4b7a8a51c4de0b1a770b" /* a line of it */
#define BX_MESSAGE_JOB_CANCELLED       "4f6c1f0e9d3e4b7a8a51c4de0b1a770c" /* it was asked for */

/* From the environment: under the journal or not. */
void bx_log_open(void);

/* Messages above @priority (LOG_DEBUG is the highest) are dropped. */
void bx_log_set_level(int priority);
int bx_log_level(void);
/* "emerg" to "debug"; -EINVAL for any other word. */
const char *bx_log_level_name(int priority);
int bx_log_level_from_name(const char *name);

/* "journal" or "console"; false if it is something else. */
bool bx_log_set_target(const char *target);
const char *bx_log_target(void);

/* @message_id and @device may be NULL. */
void bx_log_event(int priority, const char *message_id, const char *device, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define bx_log(priority, ...) bx_log_event(priority, NULL, NULL, __VA_ARGS__)

#endif
