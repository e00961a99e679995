// SPDX-License-Identifier: GPL-2.0-or-later
/* The metadata of blocks, and the protection information in it: passed on, checked, inserted and stripped. */
#include <kit/cmocka.h>

#include <linux/crc-t10dif.h>

#include "tests/unit/emu_io.h"

/* ---- metadata */

/* Data and metadata, in one buffer or in two. */
static u16 transfer(struct nvme_command cmd, unsigned int blocks, u8 *bytes, u8 *metadata,
		    u32 metadata_size)
{
	u32 size = bx_block_size(io_ns);
	size_t next = io_host.next;
	unsigned int allocations = io_host.allocations;
	u64 address, separate;
	u16 status;

	if (io_ns->extended) {
		u8 mixed[65536];

		for (unsigned int i = 0; i < blocks; i++) {
			memcpy(mixed + i * (size + metadata_size), bytes + i * size, size);
			memcpy(mixed + i * (size + metadata_size) + size,
			       metadata + i * metadata_size, metadata_size);
		}
		status = io_run(cmd, mixed, blocks * (size + metadata_size));
		for (unsigned int i = 0; i < blocks; i++) {
			memcpy(bytes + i * size, mixed + i * (size + metadata_size), size);
			memcpy(metadata + i * metadata_size,
			       mixed + i * (size + metadata_size) + size, metadata_size);
		}
		return status;
	}
	address = emu_alloc(&io_host, blocks * size);
	separate = emu_alloc(&io_host, blocks * metadata_size + 8);
	memcpy(emu_at(&io_host, address), bytes, blocks * size);
	memcpy(emu_at(&io_host, separate), metadata, blocks * metadata_size);
	emu_prps(&io_host, &cmd, address, blocks * size);
	cmd.rw.metadata = cpu_to_le64(separate);
	status = io_run(cmd, NULL, 0);
	memcpy(bytes, emu_at(&io_host, address), blocks * size);
	memcpy(metadata, emu_at(&io_host, separate), blocks * metadata_size);
	/* Behind it nothing was touched. */
	assert_true(
		!memcmp(emu_at(&io_host, separate + blocks * metadata_size), "\0\0\0\0\0\0\0", 8));
	memset(io_host.memory + next, 0xa5, io_host.next - next);
	io_host.next = next;
	io_host.allocations = allocations;
	return status;
}

static void metadata_goes_with_its_block(void **state)
{
	for (int extended = 0; extended < 2; extended++) {
		u8 metadata[256] = {}, back[256] = {};

		io_begin(F4096_64, 0);
		io_ns->extended = extended;
		io_fill(io_data, 3 * 4096, 1);
		io_fill(metadata, 192, 77);
		assert_int_equal(
			transfer(io_command(nvme_cmd_write, 9, 3), 3, io_data, metadata, 64), 0);
		assert_int_equal(transfer(io_command(nvme_cmd_read, 10, 1), 1, io_other, back, 64),
				 0);
		assert_memory_equal(io_other, io_data + 4096, 4096);
		assert_memory_equal(back, metadata + 64, 64);
		assert_int_equal(
			transfer(io_command(nvme_cmd_compare, 9, 3), 3, io_data, metadata, 64), 0);
		metadata[191] ^= 1;
		assert_int_equal(transfer(io_command(nvme_cmd_compare, 9, 3), 3, io_data, metadata,
					  64),
				 NVME_SC_COMPARE_FAILED | DNR);
		emu_end(&io_host);
	}
}

/* As Linux 7.2 does for merged requests: a last segment with a block of metadata for each piece. */
static void metadata_may_be_scattered(void **state)
{
	struct nvme_command cmd = io_command(nvme_cmd_write, 0, 2);
	struct nvme_sgl_desc *descriptors;
	u64 bytes, list, pieces;

	io_begin(F512_8, 0);
	bytes = emu_alloc(&io_host, 1024);
	list = emu_alloc(&io_host, 4096);
	pieces = emu_alloc(&io_host, 4096);
	descriptors = emu_at(&io_host, list);
	descriptors[0] = (struct nvme_sgl_desc){
		cpu_to_le64(list + 16), cpu_to_le32(32), {}, NVME_SGL_FMT_LAST_SEG_DESC << 4
	};
	descriptors[1] = (struct nvme_sgl_desc){
		cpu_to_le64(pieces + 100), cpu_to_le32(8), {}, NVME_SGL_FMT_DATA_DESC << 4
	};
	descriptors[2] = (struct nvme_sgl_desc){
		cpu_to_le64(pieces + 300), cpu_to_le32(8), {}, NVME_SGL_FMT_DATA_DESC << 4
	};
	memcpy(emu_at(&io_host, pieces + 100), "first...", 8);
	memcpy(emu_at(&io_host, pieces + 300), "second..", 8);
	cmd.rw.flags = NVME_CMD_SGL_METASEG;
	cmd.rw.metadata = cpu_to_le64(list);
	cmd.rw.dptr.sgl = (struct nvme_sgl_desc){
		cpu_to_le64(bytes), cpu_to_le32(1024), {}, NVME_SGL_FMT_DATA_DESC << 4
	};
	assert_int_equal(emu_run(&io_host, IO_QUEUE, &cmd, NULL, 0).status, 0);
	memset(emu_at(&io_host, pieces), 0, 4096);
	cmd.rw.opcode = nvme_cmd_read;
	assert_int_equal(emu_run(&io_host, IO_QUEUE, &cmd, NULL, 0).status, 0);
	assert_memory_equal(emu_at(&io_host, pieces + 100), "first...", 8);
	assert_memory_equal(emu_at(&io_host, pieces + 300), "second..", 8);
	/* More and less than there is metadata. */
	descriptors[2].length = cpu_to_le32(12);
	assert_int_equal(emu_run(&io_host, IO_QUEUE, &cmd, NULL, 0).status,
			 NVME_SC_SGL_INVALID_METADATA | DNR);
	descriptors[2].length = cpu_to_le32(4);
	assert_int_equal(emu_run(&io_host, IO_QUEUE, &cmd, NULL, 0).status,
			 NVME_SC_SGL_INVALID_METADATA | DNR);
	emu_end(&io_host);
}

/* ---- protection information */

#define CHECK_ALL (NVME_RW_PRINFO_PRCHK_GUARD | NVME_RW_PRINFO_PRCHK_APP | NVME_RW_PRINFO_PRCHK_REF)
#define CHECK_TWO (NVME_RW_PRINFO_PRCHK_GUARD | NVME_RW_PRINFO_PRCHK_APP)

static u16 checks_of(u8 type)
{
	return type == 3 ? CHECK_TWO : CHECK_ALL;
}

static struct nvme_command make_pi(u8 opcode, u64 lba, unsigned int blocks, u16 info, u32 reftag)
{
	struct nvme_command cmd = io_command(opcode, lba, blocks);

	cmd.rw.control = cpu_to_le16(info);
	cmd.rw.reftag = cpu_to_le32(reftag);
	cmd.rw.apptag = cpu_to_le16(0x1234);
	cmd.rw.appmask = cpu_to_le16(0xffff);
	return cmd;
}

static u32 reftag_of(u8 type, u64 lba)
{
	return type == 1 ? lba : 0xabc0;
}

/* What a host would put into its metadata. */
static void protect(u8 type, unsigned int blocks, u32 reftag, const u8 *bytes, u8 *metadata)
{
	u32 size = bx_block_size(io_ns), length = bx_metadata_size(io_ns);
	u32 offset = io_ns->pi_first ? 0 : length - 8;

	for (unsigned int i = 0; i < blocks; i++) {
		u16 crc = crc_t10dif(bytes + i * size, size);
		struct bx_pi pi = {
			.apptag = cpu_to_be16(0x1234),
			.reftag = cpu_to_be32(type == 3 ? reftag : reftag + i),
		};

		crc = crc_t10dif_update(crc, metadata + i * length, offset);
		pi.guard = cpu_to_be16(crc);
		memcpy(metadata + i * length + offset, &pi, sizeof(pi));
	}
}

/* For each type, both kinds of buffer, both places, and metadata that is nothing else or something else, too. */
struct shape {
	u8 type, format;
	bool extended, first;
};

static void for_each_shape(void (*try)(const struct shape *shape))
{
	static const u8 formats[] = { F512_8, F4096_16 };

	for (int i = 0; i < 24; i++) {
		struct shape shape = {
			.type = 1 + i / 8,
			.format = formats[i & 1],
			.extended = i & 2,
			.first = i & 4,
		};

		io_begin(shape.format, shape.type);
		io_ns->extended = shape.extended;
		io_ns->pi_first = shape.first;
		try(&shape);
		emu_end(&io_host);
	}
}

static void try_right(const struct shape *shape)
{
	u32 tag = reftag_of(shape->type, 20), length = bx_metadata_size(io_ns);
	u16 checks = checks_of(shape->type);
	u8 metadata[64] = {}, back[64] = {};

	io_fill(io_data, 3 * bx_block_size(io_ns), 5);
	io_fill(metadata, sizeof(metadata), 9);
	protect(shape->type, 3, tag, io_data, metadata);
	assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, checks, tag), 3, io_data, metadata,
				  length),
			 0);
	assert_int_equal(
		transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, io_other, back, length), 0);
	assert_memory_equal(io_other, io_data, 3 * bx_block_size(io_ns));
	assert_memory_equal(back, metadata, 3 * length);
	assert_int_equal(io_run(make_pi(nvme_cmd_verify, 20, 3, checks, tag), NULL, 0), 0);
	assert_int_equal(transfer(make_pi(nvme_cmd_compare, 20, 3, checks, tag), 3, io_data,
				  metadata, length),
			 0);
	/* Protection information is not compared; but the host's is checked, too. Here it is a byte of the first block's guard. */
	metadata[shape->first ? 0 : length - 8] ^= 1;
	assert_int_equal(transfer(make_pi(nvme_cmd_compare, 20, 3, 0, tag), 3, io_data, metadata,
				  length),
			 0);
	assert_int_equal(transfer(make_pi(nvme_cmd_compare, 20, 3, checks, tag), 3, io_data,
				  metadata, length),
			 NVME_SC_GUARD_CHECK | DNR);
	metadata[shape->first ? 0 : length - 8] ^= 1;
	if (length == 8)
		return;
	metadata[shape->first ? 15 : 0] ^= 1;
	assert_int_equal(transfer(make_pi(nvme_cmd_compare, 20, 3, 0, tag), 3, io_data, metadata,
				  length),
			 NVME_SC_COMPARE_FAILED | DNR);
}

static void right_protection_information_passes(void **state)
{
	for_each_shape(try_right);
}

static void try_wrong(const struct shape *shape)
{
	u32 tag = reftag_of(shape->type, 20), length = bx_metadata_size(io_ns);
	u16 checks = checks_of(shape->type);
	static const u16 expected[] = { NVME_SC_GUARD_CHECK, NVME_SC_APPTAG_CHECK,
					NVME_SC_REFTAG_CHECK };
	u8 metadata[64] = {}, back[64] = {};

	/* A byte of the guard, of the application tag and of the reference tag of the last block. */
	for (int i = 0; i < (shape->type == 3 ? 2 : 3); i++) {
		u8 *wrong = metadata + 2 * length + (shape->first ? 0 : length - 8) + 2 * i;

		io_fill(io_data, 3 * bx_block_size(io_ns), 5);
		io_fill(metadata, sizeof(metadata), 9);
		protect(shape->type, 3, tag, io_data, metadata);
		*wrong ^= 0x10;
		assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, checks, tag), 3, io_data,
					  metadata, length),
				 expected[i] | DNR);
		/* Nothing of it is stored: what was never written passes all checks. */
		assert_int_equal(io_run(make_pi(nvme_cmd_verify, 20, 3, checks, tag), NULL, 0), 0);
		memset(io_other, 0xcc, 3 * bx_block_size(io_ns));
		assert_int_equal(transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, io_other,
					  back, length),
				 0);
		assert_int_equal(io_other[0], 0);
		assert_int_equal(back[shape->first ? 0 : length - 8], 0xff);

		/* Without checks it is stored, and found when it is read with them. */
		assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, 0, tag), 3, io_data,
					  metadata, length),
				 0);
		memset(io_other, 0xcc, 3 * bx_block_size(io_ns));
		assert_int_equal(transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, io_other,
					  back, length),
				 expected[i] | DNR);
		/* And no block of it was delivered. */
		assert_int_equal(io_other[0], 0xcc);
		assert_int_equal(io_run(make_pi(nvme_cmd_verify, 20, 3, checks, tag), NULL, 0),
				 expected[i] | DNR);
		assert_int_equal(io_run_plain(nvme_cmd_write_zeroes, 20, 3), 0);
	}
}

static void wrong_protection_information_is_found_and_nothing_moves(void **state)
{
	for_each_shape(try_wrong);
}

static void try_inserting(const struct shape *shape)
{
	u32 tag = reftag_of(shape->type, 20), length = bx_metadata_size(io_ns);
	u16 checks = checks_of(shape->type);
	u32 given = length == 8 ? 0 : length;
	u8 metadata[64] = {}, expected[64], back[64] = {};

	io_fill(io_data, 3 * bx_block_size(io_ns), 5);
	io_fill(metadata, sizeof(metadata), 9);
	assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, NVME_RW_PRINFO_PRACT, tag), 3,
				  io_data, metadata, given),
			 0);
	memcpy(expected, metadata, sizeof(expected));
	protect(shape->type, 3, tag, io_data, expected);
	assert_int_equal(
		transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, io_other, back, length), 0);
	assert_memory_equal(back, expected, 3 * length);
	/* Stripped, if it is all there is. */
	memset(io_other, 0, 3 * bx_block_size(io_ns));
	assert_int_equal(transfer(make_pi(nvme_cmd_read, 20, 3, checks | NVME_RW_PRINFO_PRACT, tag),
				  3, io_other, back, given),
			 0);
	assert_memory_equal(io_other, io_data, 3 * bx_block_size(io_ns));
	assert_int_equal(io_run(make_pi(nvme_cmd_write_zeroes, 20, 3, NVME_RW_PRINFO_PRACT, tag),
				NULL, 0),
			 0);
	assert_int_equal(
		transfer(make_pi(nvme_cmd_read, 20, 3, checks, tag), 3, io_other, back, length), 0);
	assert_int_equal(io_other[0], 0);
	assert_int_equal(back[(shape->first ? 0 : length - 8) + 2], 0x12);
}

static void protection_information_is_inserted_and_stripped(void **state)
{
	for_each_shape(try_inserting);
}

static void impossible_checks_are_refused(void **state)
{
	u8 metadata[8] = {};

	io_begin(F512_8, 1);
	assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 1, NVME_RW_PRINFO_PRCHK_REF, 21), 1,
				  io_data, metadata, 8),
			 NVME_SC_INVALID_PI | DNR);
	assert_int_equal(io_run(make_pi(nvme_cmd_verify, 20, 1, NVME_RW_PRINFO_PRACT, 20), NULL, 0),
			 NVME_SC_INVALID_PI | DNR);
	emu_end(&io_host);
	io_begin(F512_8, 3);
	assert_int_equal(io_run(make_pi(nvme_cmd_verify, 20, 1, NVME_RW_PRINFO_PRCHK_REF, 20), NULL,
				0),
			 NVME_SC_INVALID_PI | DNR);
	emu_end(&io_host);
}

/* All ones in the application tag: nobody checks. In type 3 the reference tag has to say so, too. */
static void escape_values_turn_checks_off(void **state)
{
	for (u8 type = 1; type <= 3; type++) {
		u32 tag = reftag_of(type, 20);
		u8 metadata[8] = { 1, 2, 0xff, 0xff, 3, 4, 5, 6 };

		io_begin(F512_8, type);
		assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 1, checks_of(type), tag), 1,
					  io_data, metadata, 8),
				 type == 3 ? NVME_SC_GUARD_CHECK | DNR : 0);
		memset(metadata + 4, 0xff, 4);
		assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 1, checks_of(type), tag), 1,
					  io_data, metadata, 8),
				 0);
		assert_int_equal(
			io_run(make_pi(nvme_cmd_verify, 20, 1, checks_of(type), tag), NULL, 0), 0);
		emu_end(&io_host);
	}
}

static void copy_checks_and_renews_protection_information(void **state)
{
	struct bx_copy_range range = io_copy_source(20, 3);
	struct nvme_command cmd = make_pi(BX_CMD_COPY, 100, 1, NVME_RW_PRINFO_PRACT, 100);
	u8 metadata[64] = {};

	io_begin(F512_8, 1);
	io_fill(io_data, 3 * 512, 5);
	assert_int_equal(transfer(make_pi(nvme_cmd_write, 20, 3, NVME_RW_PRINFO_PRACT, 20), 3,
				  io_data, metadata, 0),
			 0);
	range.reftag = cpu_to_le32(20);
	range.apptag = cpu_to_le16(0x1234);
	range.appmask = cpu_to_le16(0xffff);
	/* Passed on as it is: it does not say where it is then. */
	cmd.rw.control = cpu_to_le16(CHECK_ALL);
	cmd.rw.length = cpu_to_le16(7 << 12);
	assert_int_equal(io_run(cmd, &range, sizeof(range)), NVME_SC_REFTAG_CHECK | DNR);
	/* Taken and made anew. */
	cmd.rw.control = cpu_to_le16(NVME_RW_PRINFO_PRACT);
	assert_int_equal(io_run(cmd, &range, sizeof(range)), NVME_SC_INVALID_FIELD | DNR);
	cmd.rw.length = cpu_to_le16(15 << 12);
	range.apptag = cpu_to_le16(0x1235);
	assert_int_equal(io_run(cmd, &range, sizeof(range)), NVME_SC_APPTAG_CHECK | DNR);
	range.apptag = cpu_to_le16(0x1234);
	assert_int_equal(io_run(cmd, &range, sizeof(range)), 0);
	assert_int_equal(io_run(make_pi(nvme_cmd_verify, 100, 3, CHECK_ALL, 100), NULL, 0), 0);
	assert_int_equal(transfer(make_pi(nvme_cmd_read, 100, 3, CHECK_ALL, 100), 3, io_other,
				  metadata, 8),
			 0);
	assert_memory_equal(io_data, io_other, 3 * 512);
	emu_end(&io_host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(metadata_goes_with_its_block),
		kit_test(metadata_may_be_scattered),
		kit_test(right_protection_information_passes),
		kit_test(wrong_protection_information_is_found_and_nothing_moves),
		kit_test(protection_information_is_inserted_and_stripped),
		kit_test(impossible_checks_are_refused),
		kit_test(escape_values_turn_checks_off),
		kit_test(copy_checks_and_renews_protection_information),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
