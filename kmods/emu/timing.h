/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a command is done: a model of a device that consists of so many units that work in parallel, behind a link for each
 * direction. It knows nothing of data; the store has that done before anybody asks.
 */
#ifndef BX_EMU_TIMING_H
#define BX_EMU_TIMING_H

#include "controller.h"

/*
 * A read or write is cut into pieces of io_unit_size bytes, and the n-th piece of the device belongs to unit n modulo
 * nr_io_units. A unit is busy with a piece for the latency, and does one after the other. With no units everything is
 * done in parallel. The bytes of all commands of a direction cross its link one after the other; a command is done when
 * both its last piece and its last byte are. So a single small command takes the latency, and many get the bandwidth.
 */
struct bx_timing_values {
	u64 read_latency_ns, write_latency_ns; /* of a piece */
	u64 other_latency_ns; /* of a command that moves no data of the host's */
	u64 read_bandwidth, write_bandwidth; /* bytes a second; 0: without limit */
	u32 io_unit_size; /* a power of two from 512 up; 0: 4096 */
	u32 nr_io_units; /* 0: as many as it takes */
};

#define BX_TIMING_LATENCY_MAX 1000000000000ull
#define BX_TIMING_UNITS_MAX   4096

/* From now on, also while commands are under way: those keep the time that they were given. -EINVAL, -ENOMEM. */
int bx_timing_set(struct bx_ctrl *ctrl, const struct bx_timing_values *values);
void bx_timing_get(struct bx_ctrl *ctrl, struct bx_timing_values *values);

#endif
