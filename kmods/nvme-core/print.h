/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types as C text. Nothing is printed of what a type depends upon: that must stand before.
 */
#ifndef BX_PRINT_H
#define BX_PRINT_H

#include <stdio.h>

/* "const int *inner[3]"; inner may be empty. Nameless structures are spelled out. */
char *declare(unsigned int id, const char *inner, unsigned int indent);
void print_composite(FILE *definitions, FILE *layout, unsigned int id);
void print_enumeration(FILE *definitions, FILE *layout, unsigned int id);

extern unsigned int composites_printed, members_printed;

#endif
