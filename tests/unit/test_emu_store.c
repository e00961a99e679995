// SPDX-License-Identifier: GPL-2.0-or-later
/* The emulator's store: rows of bytes on reserved memory or on pages of their own. Every promise is tried on both. */
#include <kit/cmocka.h>

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "kmods/emu/store.h"

#define CHUNKS 8
#define SIZE   (CHUNKS * BX_CHUNK_SIZE)
#define PAGE   4096u

static u8 *memory;
static struct bx_store store;

static void begin(bool sparse)
{
	memory = sparse ? NULL : aligned_alloc(PAGE, SIZE);
	/* What lay there before must never be seen. */
	if (memory)
		memset(memory, 0xee, SIZE);
	assert_int_equal(bx_store_init(&store, memory, SIZE), 0);
}

static void end(void)
{
	assert_int_equal(store.free, SIZE);
	bx_store_done(&store);
	free(memory);
}

/* Each promise once for memory and once for pages. */
#define ON_BOTH(name)                         \
	static void name##_on(bool sparse);   \
	static void name(void **state)        \
	{                                     \
		for (int i = 0; i < 2; i++) { \
			begin(i);             \
			name##_on(i);         \
			end();                \
		}                             \
	}                                     \
	static void name##_on(bool sparse)

static void expect_bytes(struct bx_extent *extent, u64 offset, size_t length, u8 byte)
{
	u8 *bytes = malloc(length);

	memset(bytes, ~byte, length);
	bx_extent_read(extent, offset, bytes, length);
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != byte)
			fail_msg("byte %llx is %02x, not %02x", offset + i, bytes[i], byte);
	free(bytes);
}

static void write_bytes(struct bx_extent *extent, u64 offset, size_t length, u8 byte)
{
	u8 *bytes = malloc(length);

	memset(bytes, byte, length);
	assert_int_equal(bx_extent_write(extent, offset, bytes, length), 0);
	free(bytes);
}

ON_BOTH(what_was_never_written_reads_as_zeros)
{
	struct bx_extent extent;

	assert_int_equal(bx_extent_create(&store, &extent, 3 * BX_CHUNK_SIZE), 0);
	expect_bytes(&extent, 0, 3 * BX_CHUNK_SIZE, 0);
	assert_int_equal(extent.used, 0);
	bx_extent_destroy(&extent);
}

ON_BOTH(what_was_written_is_read_and_nothing_else_changed)
{
	struct bx_extent extent;

	assert_int_equal(bx_extent_create(&store, &extent, 2 * BX_CHUNK_SIZE), 0);
	/* From within one page to within another, across a chunk's end. */
	write_bytes(&extent, BX_CHUNK_SIZE - 5000, 10000, 7);
	expect_bytes(&extent, BX_CHUNK_SIZE - 5000, 10000, 7);
	expect_bytes(&extent, 0, BX_CHUNK_SIZE - 5000, 0);
	expect_bytes(&extent, BX_CHUNK_SIZE + 5000, BX_CHUNK_SIZE - 5000, 0);
	assert_int_equal(extent.used, 4 * PAGE);
	bx_extent_destroy(&extent);
}

ON_BOTH(a_page_is_stored_once)
{
	struct bx_extent extent;

	assert_int_equal(bx_extent_create(&store, &extent, BX_CHUNK_SIZE), 0);
	for (u64 offset = 0; offset < PAGE; offset += 512)
		write_bytes(&extent, offset, 512, offset / 512 + 1);
	for (u64 offset = 0; offset < PAGE; offset += 512)
		expect_bytes(&extent, offset, 512, offset / 512 + 1);
	assert_int_equal(extent.used, PAGE);
	bx_extent_destroy(&extent);
}

ON_BOTH(discarded_bytes_read_as_zeros_and_their_neighbours_stay)
{
	struct bx_extent extent;
	static const u64 cases[][2] = {
		{ 0, 1 },
		{ 0, PAGE },
		{ 1, PAGE - 2 },
		{ PAGE - 1, 2 },
		{ PAGE, PAGE },
		{ 5, 10 * PAGE },
		{ PAGE, 100 * PAGE },
		{ 63 * PAGE, 2 * PAGE },
		{ 100, 0 },
		{ PAGE, 0 },
		{ 3 * PAGE + 1, PAGE },
		{ 0, 256 * PAGE },
		{ PAGE, 63 * PAGE },
		{ 64 * PAGE, 64 * PAGE },
		{ 64 * PAGE - 1, 64 * PAGE + 2 },
	};

	assert_int_equal(bx_extent_create(&store, &extent, BX_CHUNK_SIZE), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		u64 from = cases[i][0], length = cases[i][1];

		write_bytes(&extent, 0, BX_CHUNK_SIZE, 9);
		assert_int_equal(extent.used, BX_CHUNK_SIZE);
		bx_extent_discard(&extent, from, length);
		expect_bytes(&extent, 0, from, 9);
		expect_bytes(&extent, from, length, 0);
		expect_bytes(&extent, from + length, BX_CHUNK_SIZE - from - length, 9);
	}
	bx_extent_destroy(&extent);
}

ON_BOTH(whole_pages_that_are_discarded_are_not_stored_any_more)
{
	struct bx_extent extent;

	assert_int_equal(bx_extent_create(&store, &extent, 2 * BX_CHUNK_SIZE - 100), 0);
	write_bytes(&extent, 0, 2 * BX_CHUNK_SIZE - 100, 9);
	assert_int_equal(extent.used, 2 * BX_CHUNK_SIZE);
	bx_extent_discard(&extent, 1, 2 * PAGE);
	assert_int_equal(extent.used, 2 * BX_CHUNK_SIZE - PAGE);
	/* The last page of the extent is a whole one, though there is nothing behind it. */
	bx_extent_discard(&extent, PAGE, 2 * BX_CHUNK_SIZE - 100 - PAGE);
	assert_int_equal(extent.used, PAGE);
	bx_extent_discard(&extent, 0, 2 * BX_CHUNK_SIZE - 100);
	assert_int_equal(extent.used, 0);
	bx_extent_destroy(&extent);
}

ON_BOTH(after_discarding_a_part_that_is_written_has_zeros_around_it)
{
	struct bx_extent extent;

	assert_int_equal(bx_extent_create(&store, &extent, BX_CHUNK_SIZE), 0);
	write_bytes(&extent, 0, 2 * PAGE, 9);
	bx_extent_discard(&extent, 0, 2 * PAGE);
	write_bytes(&extent, 100, 5000, 3);
	expect_bytes(&extent, 0, 100, 0);
	expect_bytes(&extent, 100, 5000, 3);
	expect_bytes(&extent, 5100, 2 * PAGE - 5100, 0);
	bx_extent_destroy(&extent);
}

ON_BOTH(extents_come_and_go_in_any_order_and_never_meet)
{
	struct bx_extent extents[4];

	for (int i = 0; i < 4; i++) {
		assert_int_equal(bx_extent_create(&store, &extents[i], 2 * BX_CHUNK_SIZE), 0);
		write_bytes(&extents[i], 0, 2 * BX_CHUNK_SIZE, i + 1);
	}
	assert_int_equal(store.free, 0);
	bx_extent_destroy(&extents[0]);
	bx_extent_destroy(&extents[2]);
	/* Three chunks out of two gaps, with what others have left in them. */
	assert_int_equal(bx_extent_create(&store, &extents[0], 3 * BX_CHUNK_SIZE), 0);
	expect_bytes(&extents[0], 0, 3 * BX_CHUNK_SIZE, 0);
	write_bytes(&extents[0], 0, 3 * BX_CHUNK_SIZE, 9);
	expect_bytes(&extents[1], 0, 2 * BX_CHUNK_SIZE, 2);
	expect_bytes(&extents[3], 0, 2 * BX_CHUNK_SIZE, 4);
	expect_bytes(&extents[0], 0, 3 * BX_CHUNK_SIZE, 9);
	bx_extent_destroy(&extents[0]);
	bx_extent_destroy(&extents[1]);
	bx_extent_destroy(&extents[3]);
}

ON_BOTH(there_is_no_more_than_there_is)
{
	struct bx_extent first, second;

	assert_int_equal(bx_extent_create(&store, &first, SIZE + 1), -ENOSPC);
	assert_int_equal(bx_extent_create(&store, &first, U64_MAX), -ENOSPC);
	/* A byte more than a chunk costs a chunk more. */
	assert_int_equal(bx_extent_create(&store, &first, BX_CHUNK_SIZE + 1), 0);
	assert_int_equal(store.free, SIZE - 2 * BX_CHUNK_SIZE);
	assert_int_equal(bx_extent_create(&store, &second, SIZE - 2 * BX_CHUNK_SIZE + 1), -ENOSPC);
	bx_extent_destroy(&second);
	assert_int_equal(bx_extent_create(&store, &second, SIZE - 2 * BX_CHUNK_SIZE), 0);
	assert_int_equal(store.free, 0);
	bx_extent_destroy(&second);
	bx_extent_destroy(&first);
}

ON_BOTH(an_extent_of_nothing_is_one)
{
	struct bx_extent extent;

	assert_int_equal(bx_extent_create(&store, &extent, 0), 0);
	assert_int_equal(store.free, SIZE);
	bx_extent_destroy(&extent);
	/* And destroying what is destroyed does nothing. */
	bx_extent_destroy(&extent);
}

ON_BOTH(each_failure_to_make_one_leaves_nothing_behind)
{
	struct bx_extent extent;

	kit_for_each_allocation_failure()
	{
		int error = bx_extent_create(&store, &extent, 2 * BX_CHUNK_SIZE);

		assert_int_equal(error, kit_allocation_failed() ? -ENOMEM : 0);
		bx_extent_destroy(&extent);
		assert_int_equal(store.free, SIZE);
	}
}

static void a_store_without_memory_for_its_books_is_not_made(void **state)
{
	struct bx_store second;

	begin(false);
	kit_fail_allocation(0);
	assert_int_equal(bx_store_init(&second, memory, SIZE), -ENOMEM);
	end();
}

static void a_page_for_which_there_is_no_memory_stays_as_it_was(void **state)
{
	struct bx_extent extent;
	u8 byte = 1;

	begin(true);
	assert_int_equal(bx_extent_create(&store, &extent, BX_CHUNK_SIZE), 0);
	kit_for_each_allocation_failure()
	{
		int error = bx_extent_write(&extent, 5 * PAGE + 17, &byte, 1);

		assert_int_equal(error, kit_allocation_failed() ? -ENOMEM : 0);
		expect_bytes(&extent, 5 * PAGE + 17, 1, !error);
		assert_int_equal(extent.used, error ? 0 : PAGE);
		bx_extent_discard(&extent, 0, BX_CHUNK_SIZE);
	}
	bx_extent_destroy(&extent);
	end();
}

/* ---- peeking */

ON_BOTH(what_is_stored_in_one_piece_can_be_looked_at)
{
	struct bx_extent extent;
	const u8 *at;

	assert_int_equal(bx_extent_create(&store, &extent, 2 * BX_CHUNK_SIZE), 0);
	assert_null(bx_extent_peek(&extent, 0, 1));
	write_bytes(&extent, 0, 2 * BX_CHUNK_SIZE, 5);
	at = bx_extent_peek(&extent, PAGE + 512, 512);
	assert_non_null(at);
	assert_int_equal(at[0], 5);
	assert_int_equal(at[511], 5);
	/* Pages of a sparse store lie anywhere; chunks do as well. */
	assert_int_equal(!bx_extent_peek(&extent, 0, 2 * PAGE), sparse);
	assert_null(bx_extent_peek(&extent, BX_CHUNK_SIZE - PAGE, 2 * PAGE));
	bx_extent_discard(&extent, 2 * PAGE, PAGE);
	assert_null(bx_extent_peek(&extent, PAGE, 3 * PAGE));
	assert_null(bx_extent_peek(&extent, 0, 0));
	bx_extent_destroy(&extent);
}

/* ---- several engines at once */

#define RACE_PAGES 64
#define RACERS	   4

struct racer {
	struct bx_extent *extent;
	u8 number;
	int error;
	struct completion done;
};

/* Its own part of every page: nobody's bytes may be lost, whoever stores the page first. */
static int write_parts(void *data)
{
	struct racer *racer = data;
	u8 bytes[PAGE / RACERS];

	memset(bytes, racer->number + 1, sizeof(bytes));
	for (unsigned int page = 0; page < RACE_PAGES; page++)
		racer->error |=
			bx_extent_write(racer->extent, page * PAGE + racer->number * sizeof(bytes),
					bytes, sizeof(bytes));
	complete(&racer->done);
	while (!kthread_should_stop())
		schedule();
	return 0;
}

/* Waits for each page to be stored. It must be seen with all its bytes. */
static int await_pages(void *data)
{
	struct racer *racer = data;
	u8 bytes[PAGE];

	for (unsigned int page = 0; page < RACE_PAGES; page++) {
		/* Nothing in this loop may order what the store must order itself. */
		do {
			bx_extent_read(racer->extent, page * PAGE, bytes, 1);
		} while (!bytes[0]);
		bx_extent_read(racer->extent, page * PAGE, bytes, PAGE);
		for (unsigned int i = 0; i < PAGE; i++)
			racer->error |= bytes[i] != 6;
	}
	complete(&racer->done);
	while (!kthread_should_stop())
		schedule();
	return 0;
}

static struct task_struct *start(int (*run)(void *), struct racer *racer)
{
	struct task_struct *task = kthread_run(run, racer, "racer");

	assert_false(IS_ERR(task));
	return task;
}

ON_BOTH(engines_that_store_the_same_page_lose_nothing)
{
	struct task_struct *tasks[RACERS];
	struct racer racers[RACERS];
	struct bx_extent extent;

	assert_int_equal(bx_extent_create(&store, &extent, BX_CHUNK_SIZE), 0);
	for (int i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ .extent = &extent, .number = i };
		init_completion(&racers[i].done);
		tasks[i] = start(write_parts, &racers[i]);
	}
	for (int i = 0; i < RACERS; i++) {
		wait_for_completion(&racers[i].done);
		kthread_stop(tasks[i]);
		assert_int_equal(racers[i].error, 0);
	}
	for (unsigned int page = 0; page < RACE_PAGES; page++)
		for (int i = 0; i < RACERS; i++)
			expect_bytes(&extent, page * PAGE + i * (PAGE / RACERS), PAGE / RACERS,
				     i + 1);
	assert_int_equal(extent.used, RACE_PAGES * PAGE);
	bx_extent_destroy(&extent);
}

ON_BOTH(a_page_is_seen_with_all_its_bytes_or_not_at_all)
{
	struct racer racer = {};
	struct task_struct *task;
	struct bx_extent extent;

	assert_int_equal(bx_extent_create(&store, &extent, BX_CHUNK_SIZE), 0);
	racer.extent = &extent;
	init_completion(&racer.done);
	task = start(await_pages, &racer);
	for (unsigned int page = 0; page < RACE_PAGES; page++) {
		write_bytes(&extent, page * PAGE, PAGE, 6);
		schedule();
	}
	wait_for_completion(&racer.done);
	kthread_stop(task);
	assert_int_equal(racer.error, 0);
	bx_extent_destroy(&extent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(what_was_never_written_reads_as_zeros),
		kit_test(what_was_written_is_read_and_nothing_else_changed),
		kit_test(a_page_is_stored_once),
		kit_test(discarded_bytes_read_as_zeros_and_their_neighbours_stay),
		kit_test(whole_pages_that_are_discarded_are_not_stored_any_more),
		kit_test(after_discarding_a_part_that_is_written_has_zeros_around_it),
		kit_test(extents_come_and_go_in_any_order_and_never_meet),
		kit_test(there_is_no_more_than_there_is),
		kit_test(an_extent_of_nothing_is_one),
		kit_test(each_failure_to_make_one_leaves_nothing_behind),
		kit_test(a_store_without_memory_for_its_books_is_not_made),
		kit_test(a_page_for_which_there_is_no_memory_stays_as_it_was),
		kit_test(what_is_stored_in_one_piece_can_be_looked_at),
		kit_test(engines_that_store_the_same_page_lose_nothing),
		kit_test(a_page_is_seen_with_all_its_bytes_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
