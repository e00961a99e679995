/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of bx-anything share. All that is chosen by chance comes from one seed, so that a run can be repeated as far as
 * the timing of what it is run against allows.
 */
#ifndef BX_SIEGE_ANYTHING_H
#define BX_SIEGE_ANYTHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ANSWER_SECONDS 60

/* anything_value.c */
void anything_seed(uint64_t seed);
uint64_t anything_number(void);
uint32_t anything_below(uint32_t limit); /* of which 0 is none */
bool anything_one_in(uint32_t n);
/* UTF-8 without zero bytes: words that mean something here, such as never would, and long ones. To be freed. */
char *anything_text(void);
/* The name of a setting and a value that may or may not be one. To be freed. */
void anything_setting(char **name, char **value);
const char *anything_option(void);
double anything_fraction(void);

/* anything_bus.c: everything that the service offers on D-Bus, walked by introspection. */
int anything_bus_open(void);
void anything_bus_turn(void);
/* Whether all that there is has been called. */
bool anything_bus_complete(void);
/* Says how often what was called. */
void anything_bus_close(void);

/* anything_varlink.c: the same on varlink, and what is no varlink at all. */
int anything_varlink_open(void);
void anything_varlink_turn(void);
bool anything_varlink_complete(void);
void anything_varlink_close(void);

/* anything.c: says what was promised and did not happen, and ends. */
_Noreturn void anything_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For what cannot fail but for memory. */
void *anything_memory(void *pointer);

#endif
