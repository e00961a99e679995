/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of api.h and of errors, states and steps, in words for machines and for people. */
#ifndef BX_DAEMON_DESCRIBE_H
#define BX_DAEMON_DESCRIBE_H

#include <stdio.h>

/* The interface in varlink's definition language, to be freed. */
char *bx_describe_varlink(void);

/* @what is xml, D-Bus's introspection format, varlink, or manual, a page of section 5; -EINVAL for anything else. */
int bx_describe(const char *what, FILE *to);

#endif
