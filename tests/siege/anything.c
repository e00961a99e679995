// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls everything that bxd offers with anything: every method and property that introspection shows on D-Bus and that the
 * interface description shows on varlink, with values of the right types and of wrong ones, and what is no message at all.
 *
 *   bx-anything [--seconds N] [--seed N]
 *
 * It must have root's rights to be let through to everything, and does whatever it comes upon: devices lose their drivers, others
 * are made. Exit status 0: all that wanted an answer had one in time; what bxd is like afterwards is for the case to see.
 */
#include "tests/siege/anything.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define TELL_SECONDS 20

static uint64_t seed;

void anything_broken(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\nagain with: --seed %llu\n", (unsigned long long)seed);
	exit(EXIT_FAILURE);
}

void *anything_memory(void *pointer)
{
	if (!pointer)
		anything_broken("there is no memory");
	return pointer;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ 0 },
	};
	double end = 10, begun, told;
	int c, r;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return EXIT_FAILURE;
	/* Short enough to be typed again. */
	seed >>= 32;
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 's') {
			end = strtod(optarg, NULL);
		} else if (c == 'r') {
			seed = strtoull(optarg, NULL, 0);
		} else {
			fprintf(stderr, "usage: bx-anything [--seconds N] [--seed N]\n");
			return 2;
		}
	}
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	anything_seed(seed);
	r = anything_bus_open();
	if (r < 0)
		anything_broken("the bus cannot be used: %s", strerror(-r));
	r = anything_varlink_open();
	if (r < 0)
		anything_broken("varlink cannot be used: %s", strerror(-r));
	begun = told = seconds();
	end += begun;
	/* On a slow machine until everything was called once. */
	while (seconds() < end || !anything_bus_complete() || !anything_varlink_complete()) {
		/* Whoever watches would take a long silence for a hang. */
		if (seconds() > told + TELL_SECONDS) {
			told = seconds();
			printf("%.0f s\n", told - begun);
			fflush(stdout);
		}
		anything_bus_turn();
		if (anything_one_in(3))
			anything_varlink_turn();
	}
	anything_bus_close();
	anything_varlink_close();
	return EXIT_SUCCESS;
}
