// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of the NVM command set, said briefly; see emu_io.h. */
#include <kit/cmocka.h>

#include "tests/unit/emu_io.h"

struct emu_host io_host;
struct bx_ns *io_ns;
u8 io_data[IO_BUFFER], io_other[IO_BUFFER];

void io_begin_with(const struct emu_options *options, u8 format, u8 pi_type)
{
	emu_begin(&io_host, options);
	io_ns = emu_namespace(&io_host, 8 * MIB, format, pi_type);
	emu_enable(&io_host);
	emu_make_queue(&io_host, IO_QUEUE, 64);
}

void io_begin(u8 format, u8 pi_type)
{
	io_begin_with(NULL, format, pi_type);
}

/* ---- commands */

struct nvme_command io_command(u8 opcode, u64 lba, unsigned int blocks)
{
	return (struct nvme_command){ .rw = {
					      .opcode = opcode,
					      .nsid = cpu_to_le32(1),
					      .slba = cpu_to_le64(lba),
					      .length = cpu_to_le16(blocks - 1),
				      } };
}

struct bx_copy_range io_copy_source(u64 lba, unsigned int blocks)
{
	return (struct bx_copy_range){ .slba = cpu_to_le64(lba), .nlb = cpu_to_le16(blocks - 1) };
}

u16 io_run(struct nvme_command cmd, void *bytes, size_t length)
{
	return emu_run(&io_host, IO_QUEUE, &cmd, bytes, length).status;
}

u16 io_run_plain(u8 opcode, u64 lba, unsigned int blocks)
{
	return io_run(io_command(opcode, lba, blocks), NULL, 0);
}

void io_make_pair(u64 lba, struct nvme_command *compare, struct nvme_command *write)
{
	u64 expected = emu_alloc(&io_host, 512), wanted = emu_alloc(&io_host, 512);

	io_write(lba, 1, 1);
	io_fill(emu_at(&io_host, expected), 512, 1);
	io_fill(emu_at(&io_host, wanted), 512, 2);
	*compare = io_command(nvme_cmd_compare, lba, 1);
	*write = io_command(nvme_cmd_write, lba, 1);
	emu_prps(&io_host, compare, expected, 512);
	emu_prps(&io_host, write, wanted, 512);
}

void io_submit_pair(struct nvme_command first, struct nvme_command second)
{
	first.rw.flags |= NVME_CMD_FUSE_FIRST;
	second.rw.flags |= NVME_CMD_FUSE_SECOND;
	emu_submit(&io_host, IO_QUEUE, &first);
	emu_submit(&io_host, IO_QUEUE, &second);
}

void io_run_pair(struct nvme_command first, struct nvme_command second, u16 *a, u16 *b)
{
	struct emu_result result;

	io_submit_pair(first, second);
	emu_pass(&io_host);
	assert_true(emu_reap(&io_host, IO_QUEUE, &result));
	*a = result.status;
	assert_true(emu_reap(&io_host, IO_QUEUE, &result));
	*b = result.status;
}

/* ---- contents */

void io_fill(u8 *to, size_t length, u8 seed)
{
	for (size_t i = 0; i < length; i++)
		to[i] = seed + i / 512 * 7 + i;
}

void io_write(u64 lba, unsigned int blocks, u8 seed)
{
	io_fill(io_data, blocks * bx_block_size(io_ns), seed);
	assert_int_equal(emu_write(&io_host, IO_QUEUE, 1, lba, blocks, io_data,
				   blocks * bx_block_size(io_ns)),
			 0);
}

void io_expect_blocks(u64 lba, unsigned int blocks, u8 seed)
{
	size_t length = blocks * bx_block_size(io_ns);

	io_fill(io_data, length, seed);
	memset(io_other, 0xcc, length);
	assert_int_equal(emu_read(&io_host, IO_QUEUE, 1, lba, blocks, io_other, length), 0);
	assert_memory_equal(io_data, io_other, length);
}

void io_expect_zeros(u64 lba, unsigned int blocks)
{
	size_t length = blocks * bx_block_size(io_ns);

	memset(io_other, 0xcc, length);
	assert_int_equal(emu_read(&io_host, IO_QUEUE, 1, lba, blocks, io_other, length), 0);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(io_other[i], 0);
}
