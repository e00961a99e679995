/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of its own for the daemon as it is installed: a root of which only the programs and procfs are the machine's, a
 * sysfs with as many NVMe devices as are asked for, a bus, a varlink socket and somebody who is told of readiness. Mounts and
 * network are those of this process, and are gone with it. What goes wrong ends the program.
 */
#ifndef BX_BENCH_BXD_WORLD_H
#define BX_BENCH_BXD_WORLD_H

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

struct world {
	const char *directory;
	unsigned int devices;
	pid_t bus_daemon, bxd;
	int notify_fd, listen_fd;
};

struct run {
	uint64_t ready_ns; /* from the fork to READY=1, on the wall */
	uint64_t cpu_ns; /* that it has had by then */
};

_Noreturn void die(const char *what, int error);
uint64_t wall_ns(void);
/* That a process has had so far. */
uint64_t cpu_ns(pid_t pid);

/* @bxd is the program, which is copied. */
void world_begin(struct world *world, const char *bxd, unsigned int devices);
void world_end(struct world *world);

/* @prefix is the head of a command line, ended by NULL, or NULL; paths are those of the world. */
struct run world_start_bxd(struct world *world, const char *const *prefix);
void world_stop_bxd(struct world *world);
/* Runs it to its end with this argument; how long that took. */
struct run world_run_bxd(struct world *world, const char *const *prefix, const char *argument);

sd_bus *world_bus(struct world *world);
int world_varlink(struct world *world);

void world_set_state(struct world *world, unsigned int device, const char *state);
/* Of a file in the world, to be freed. */
char *world_read(struct world *world, const char *path);

#endif
