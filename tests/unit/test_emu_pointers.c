// SPDX-License-Identifier: GPL-2.0-or-later
/* What a command's pointers may mean: pages and lists of them, scattered data, and the controller's own memory buffer. */
#include <kit/cmocka.h>

#include "tests/unit/emu_host.h"

static void pages_that_a_command_names_wrongly_get_nothing(void **state)
{
	struct nvme_command good = emu_identify_command(NVME_ID_CNS_CTRL, 0), cmd;
	struct emu_host host;
	u64 page;

	emu_begin(&host, NULL);
	emu_enable(&host);
	page = emu_alloc(&host, 2 * PAGE);
	good.common.dptr.prp1 = cpu_to_le64(page);

	cmd = good, cmd.common.dptr.prp1 = cpu_to_le64(page + 2);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_PRP_INVALID_OFFSET);
	/* The second page is not one. */
	cmd = good, cmd.common.dptr.prp1 = cpu_to_le64(page + 64);
	cmd.common.dptr.prp2 = cpu_to_le64(page + PAGE + 64);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_PRP_INVALID_OFFSET);
	cmd.common.dptr.prp2 = cpu_to_le64(0x1000);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_DATA_XFER_ERROR);
	cmd = good, cmd.common.dptr.prp1 = cpu_to_le64(EMU_MEMORY + EMU_MEMORY_SIZE);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_DATA_XFER_ERROR);
	cmd = good, cmd.common.flags = NVME_CMD_SGL_METABUF;
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_INVALID_FIELD);
	for (size_t i = 0; i < 2 * PAGE; i++)
		assert_int_equal(((u8 *)emu_at(&host, page))[i], 0);
	assert_int_equal(emu_status(&host, 0, good), 0);
	emu_end(&host);
}

static void a_page_to_be_read_is_not_written(void **state)
{
	struct nvme_command cmd = emu_identify_command(NVME_ID_CNS_CTRL, 0);
	struct emu_host host;

	emu_begin_with_queue(&host, 16);
	host.constant = emu_alloc(&host, PAGE);
	cmd.common.dptr.prp1 = cpu_to_le64(host.constant);
	assert_int_equal(emu_status(&host, 0, cmd), NVME_SC_DATA_XFER_ERROR);
	assert_int_equal(emu_status(&host, 0, emu_create_cq_command(2, 16, host.constant)),
			 NVME_SC_DATA_XFER_ERROR);
	cmd = (struct nvme_command){ .rw = { .opcode = nvme_cmd_read, .nsid = cpu_to_le32(1) } };
	cmd.rw.dptr.prp1 = cpu_to_le64(host.constant);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_DATA_XFER_ERROR);
	cmd.rw.opcode = nvme_cmd_write;
	assert_int_equal(emu_status(&host, 1, cmd), 0);
	emu_end(&host);
}

static struct nvme_command read_blocks(unsigned int blocks)
{
	return (struct nvme_command){
		.rw = { .opcode = nvme_cmd_read,
			.nsid = cpu_to_le32(1),
			.length = cpu_to_le16(blocks - 1) },
	};
}

static void begin_with_pattern(struct emu_host *host, u8 *pattern, size_t length)
{
	emu_begin_with_queue(host, 16);
	for (size_t i = 0; i < length; i++)
		pattern[i] = i * 7 + i / 512;
	assert_int_equal(emu_write(host, 1, 1, 0, length / 512, pattern, length), 0);
}

static void lists_of_pages_go_on_in_further_lists(void **state)
{
	static u8 pattern[16 * PAGE];
	struct nvme_command cmd = read_blocks(sizeof(pattern) / 512);
	struct emu_host host;
	u64 data, lists;
	__le64 *entries;

	begin_with_pattern(&host, pattern, sizeof(pattern));
	data = emu_alloc(&host, 17 * PAGE);
	lists = emu_alloc(&host, 3 * PAGE);
	/* Four entries at the end of the first page, then as many pages of lists as it takes. */
	entries = emu_at(&host, lists + PAGE - 32);
	for (int i = 0; i < 3; i++)
		entries[i] = cpu_to_le64(data + (1 + i) * PAGE);
	entries[3] = cpu_to_le64(lists + PAGE);
	entries = emu_at(&host, lists + PAGE);
	for (int i = 0; i < 13; i++)
		entries[i] = cpu_to_le64(data + (4 + i) * PAGE);
	cmd.rw.dptr.prp1 = cpu_to_le64(data + 512);
	cmd.rw.dptr.prp2 = cpu_to_le64(lists + PAGE - 32);
	assert_int_equal(emu_status(&host, 1, cmd), 0);
	assert_memory_equal(emu_at(&host, data + 512), pattern, sizeof(pattern));

	/* One entry is wrong, the last: nothing is moved. */
	memset(emu_at(&host, data), 0, 17 * PAGE);
	entries[12] = cpu_to_le64(data + 16 * PAGE + 8);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_PRP_INVALID_OFFSET);
	for (size_t i = 0; i < 17 * PAGE; i++)
		assert_int_equal(((u8 *)emu_at(&host, data))[i], 0);
	cmd.rw.dptr.prp2 = cpu_to_le64(lists + PAGE - 28);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_PRP_INVALID_OFFSET);
	emu_end(&host);
}

static struct nvme_sgl_desc descriptor(u64 address, u32 length, u8 type)
{
	return (struct nvme_sgl_desc){
		.addr = cpu_to_le64(address),
		.length = cpu_to_le32(length),
		.type = type << 4,
	};
}

static void scattered_data_is_gathered_from_segments(void **state)
{
	static u8 pattern[2048];
	struct nvme_command cmd = read_blocks(4);
	struct nvme_sgl_desc *first, *last;
	struct emu_host host;
	u64 data, lists;

	begin_with_pattern(&host, pattern, sizeof(pattern));
	data = emu_alloc(&host, 3 * PAGE);
	lists = emu_alloc(&host, 2 * PAGE);
	first = emu_at(&host, lists);
	last = emu_at(&host, lists + PAGE);
	cmd.rw.flags = NVME_CMD_SGL_METABUF;

	/* One block of data. */
	cmd.rw.dptr.sgl = descriptor(data + 5, 2048, NVME_SGL_FMT_DATA_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), 0);
	assert_memory_equal(emu_at(&host, data + 5), pattern, 2048);

	/* A segment that leads to the last one. */
	memset(emu_at(&host, data), 0, 3 * PAGE);
	first[0] = descriptor(data + 1, 100, NVME_SGL_FMT_DATA_DESC);
	first[1] = descriptor(data + 4000, 1000, NVME_SGL_FMT_DATA_DESC);
	first[2] = descriptor(lists + PAGE, 32, NVME_SGL_FMT_LAST_SEG_DESC);
	last[0] = descriptor(0, 0, NVME_SGL_FMT_DATA_DESC);
	last[1] = descriptor(data + 2 * PAGE, 948, NVME_SGL_FMT_DATA_DESC);
	cmd.rw.dptr.sgl = descriptor(lists, 48, NVME_SGL_FMT_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), 0);
	assert_memory_equal(emu_at(&host, data + 1), pattern, 100);
	assert_memory_equal(emu_at(&host, data + 4000), pattern + 100, 1000);
	assert_memory_equal(emu_at(&host, data + 2 * PAGE), pattern + 1100, 948);
	emu_end(&host);
}

static void a_list_that_is_wrong_anywhere_moves_nothing(void **state)
{
	static u8 pattern[2048];
	struct nvme_command good = read_blocks(4), cmd;
	struct nvme_sgl_desc *list;
	struct emu_host host;
	u64 data, lists;

	begin_with_pattern(&host, pattern, sizeof(pattern));
	data = emu_alloc(&host, PAGE);
	lists = emu_alloc(&host, PAGE);
	list = emu_at(&host, lists);
	good.rw.flags = NVME_CMD_SGL_METABUF;

	cmd = good, cmd.rw.dptr.sgl = descriptor(data, 2047, NVME_SGL_FMT_DATA_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_DATA);
	cmd = good, cmd.rw.dptr.sgl = descriptor(data, 2049, NVME_SGL_FMT_DATA_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_DATA);
	cmd = good, cmd.rw.dptr.sgl = descriptor(data, 2048, NVME_KEY_SGL_FMT_DATA_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_TYPE);
	cmd = good, cmd.rw.dptr.sgl = descriptor(data, 2048, NVME_SGL_FMT_DATA_DESC);
	cmd.rw.dptr.sgl.type |= NVME_SGL_FMT_OFFSET;
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_TYPE);
	cmd = good, cmd.rw.flags = NVME_CMD_SGL_ALL;
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_INVALID_FIELD);

	/* A segment whose length is no number of descriptors. */
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 17, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_LAST);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 0, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_LAST);
	/* One that is not the last and leads nowhere. */
	list[0] = descriptor(data, 2048, NVME_SGL_FMT_DATA_DESC);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 16, NVME_SGL_FMT_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_LAST);
	/* One behind the last, one in the middle, and one that leads to itself. */
	list[0] = descriptor(lists, 16, NVME_SGL_FMT_LAST_SEG_DESC);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 16, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_LAST);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 32, NVME_SGL_FMT_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_LAST);
	list[0] = descriptor(lists, 16, NVME_SGL_FMT_SEG_DESC);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 16, NVME_SGL_FMT_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_SGL_INVALID_COUNT);
	/* Where there is no memory. */
	cmd = good, cmd.rw.dptr.sgl = descriptor(0x1000, 16, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_DATA_XFER_ERROR);
	list[0] = descriptor(data, 1024, NVME_SGL_FMT_DATA_DESC);
	list[1] = descriptor(~0ull - 100, 1024, NVME_SGL_FMT_DATA_DESC);
	cmd = good, cmd.rw.dptr.sgl = descriptor(lists, 32, NVME_SGL_FMT_LAST_SEG_DESC);
	assert_int_equal(emu_status(&host, 1, cmd), NVME_SC_DATA_XFER_ERROR);

	for (size_t i = 0; i < PAGE; i++)
		assert_int_equal(((u8 *)emu_at(&host, data))[i], 0);
	emu_end(&host);
}

static void the_memory_buffer_holds_queues_and_data_once_it_is_opened(void **state)
{
	const struct emu_options options = { .cmb_size = 64 << 10 };
	const u64 bus = 0xfe000000;
	struct nvme_command cmd = read_blocks(1);
	struct nvme_completion *entry;
	u8 data[512] = "data";
	struct emu_host host;

	emu_begin(&host, &options);
	emu_namespace(&host, MIB, 0, 0);
	emu_enable(&host);
	/* A host reads that right after asking for it. */
	bx_bar_write(host.ctrl, NVME_REG_CMBMSC, NVME_CMBMSC_CRE);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CMBSZ) >> 12, 16);
	assert_int_equal(bx_bar_read(host.ctrl, NVME_REG_CMBLOC), BX_CMB_BAR | 0xe8);
	emu_pass(&host);
	bx_bar_write(host.ctrl, NVME_REG_CMBMSC, (u32)bus | NVME_CMBMSC_CRE | NVME_CMBMSC_CMSE);
	emu_pass(&host);

	emu_make_queue(&host, 2, 16);
	assert_int_equal(emu_write(&host, 2, 1, 0, 1, data, sizeof(data)), 0);
	assert_int_equal(emu_status(&host, 0, emu_create_cq_command(1, 4, bus + 0x1000)), 0);
	assert_int_equal(emu_status(&host, 0, emu_create_sq_command(1, 4, 1, bus)), 0);
	cmd.rw.dptr.prp1 = cpu_to_le64(bus + 0x2000);
	memcpy(host.cmb, &cmd, sizeof(cmd));
	bx_bar_write(host.ctrl, NVME_REG_DBS + 8, 1);
	emu_pass(&host);
	entry = (struct nvme_completion *)(host.cmb + 0x1000);
	assert_int_equal(le16_to_cpu(entry->status), 1);
	assert_memory_equal(host.cmb + 0x2000, data, sizeof(data));
	/* Its end is its end. */
	cmd.rw.dptr.prp1 = cpu_to_le64(bus + (64 << 10) - 256);
	cmd.rw.dptr.prp2 = cpu_to_le64(bus + (64 << 10));
	assert_int_equal(emu_run(&host, 2, &cmd, NULL, 0).status, NVME_SC_DATA_XFER_ERROR);
	emu_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(pages_that_a_command_names_wrongly_get_nothing),
		kit_test(a_page_to_be_read_is_not_written),
		kit_test(lists_of_pages_go_on_in_further_lists),
		kit_test(scattered_data_is_gathered_from_segments),
		kit_test(a_list_that_is_wrong_anywhere_moves_nothing),
		kit_test(the_memory_buffer_holds_queues_and_data_once_it_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
