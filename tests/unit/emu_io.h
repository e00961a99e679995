/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NVM command set as the tests of it say it: a host that is always the same one, its namespace 1, its queue 1, and two buffers,
 * one for what is written and one for what is read.
 */
#ifndef BX_TESTS_EMU_IO_H
#define BX_TESTS_EMU_IO_H

#include "kmods/emu/io.h"
#include "tests/unit/emu_host.h"

#define IO_QUEUE  1
#define IO_BUFFER (256 * 1024)

/* Formats, by block and metadata. */
enum {
	F512 = 0,
	F512_8 = 1,
	F4096 = 3,
	F4096_8 = 4,
	F4096_16 = 5,
	F4096_64 = 6,
};

extern struct emu_host io_host;
extern struct bx_ns *io_ns;
extern u8 io_data[IO_BUFFER], io_other[IO_BUFFER];

/* A controller that is enabled, with a namespace of 8 MiB; emu_end() ends it. */
void io_begin(u8 format, u8 pi_type);
void io_begin_with(const struct emu_options *options, u8 format, u8 pi_type);

struct nvme_command io_command(u8 opcode, u64 lba, unsigned int blocks);
struct bx_copy_range io_copy_source(u64 lba, unsigned int blocks);
/* A status each; the second is of a command without data. */
u16 io_run(struct nvme_command cmd, void *bytes, size_t length);
u16 io_run_plain(u8 opcode, u64 lba, unsigned int blocks);

/* A block of 512 bytes is written with seed 1: commands to compare it with just that, and to write seed 2. */
void io_make_pair(u64 lba, struct nvme_command *compare, struct nvme_command *write);
/* The two of them as a fused pair; the second runs it, too, and returns what each has come to. */
void io_submit_pair(struct nvme_command first, struct nvme_command second);
void io_run_pair(struct nvme_command first, struct nvme_command second, u16 *a, u16 *b);

/* Bytes that say where they are, others for each seed; in io_data when blocks are written or expected. */
void io_fill(u8 *to, size_t length, u8 seed);
void io_write(u64 lba, unsigned int blocks, u8 seed);
void io_expect_blocks(u64 lba, unsigned int blocks, u8 seed);
void io_expect_zeros(u64 lba, unsigned int blocks);

#endif
