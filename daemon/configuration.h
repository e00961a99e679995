/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bxd.conf(5): /etc/bxd/bxd.conf and after it /etc/bxd/bxd.conf.d/NAME.conf in the order of their names. What is wrong there is said
 * and passed over: a daemon that does not start for a word that it does not know helps nobody.
 */
#ifndef BX_DAEMON_CONFIGURATION_H
#define BX_DAEMON_CONFIGURATION_H

#include "daemon/root.h"

#define BX_CONFIGURATION_FILE	"etc/bxd/bxd.conf"
#define BX_CONFIGURATION_FOLDER "etc/bxd/bxd.conf.d"
#define BX_TIME_INFINITE	UINT64_MAX

struct bx_configuration {
	int log_level; /* as of syslog(3) */
	/* In milliseconds. */
	uint64_t idle_exit; /* without work and without anybody who asks; BX_TIME_INFINITE: it stays */
	uint64_t live_timeout; /* for a controller to become live */
	uint64_t return_timeout; /* for a function that was let go to be found again */
};

/* @file and @line say where; @why is a sentence. */
typedef void (*bx_configuration_complain)(const char *file, unsigned int line, const char *why);

/* What holds where nothing is written. */
extern const struct bx_configuration bx_configuration_default;

/* What stands in the files, and the defaults for the rest. */
struct bx_configuration bx_configuration_read(struct bx_root *root,
					      bx_configuration_complain complain);

/* One file's text, which is changed, over what is in @configuration already. */
void bx_configuration_parse(struct bx_configuration *configuration, const char *file, char *text,
			    bx_configuration_complain complain);

#endif
