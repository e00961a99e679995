// SPDX-License-Identifier: GPL-2.0-or-later
/* The kit catches misuse of memory, of numbers and of counts, and says so. See kit_cases.h. */
#include <kit/cmocka.h>

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "tests/unit/kit_cases.h"

/* ---------------------------------------------------------------- memory */

CASE(use_after_kfree, ASAN, "heap-use-after-free")
{
	volatile u8 *block = kmalloc(10, GFP_KERNEL);

	kfree((void *)block);
	block[3] = 1;
}

CASE(write_past_a_block, ASAN, "heap-buffer-overflow")
{
	volatile u8 *block = kmalloc(10, GFP_KERNEL);

	block[10] = 1;
	kfree((void *)block);
}

CASE(read_before_a_block, ASAN, "heap-buffer-overflow")
{
	volatile u8 *block = vmalloc(4096);

	kit_cases_sink = block[-1];
	vfree((void *)block);
}

CASE(use_after_cache_free, ASAN, "heap-use-after-free")
{
	struct kmem_cache *cache = kmem_cache_create("things", 64, 0, 0, NULL);
	volatile u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, (void *)object);
	kit_cases_sink = object[0];
	kmem_cache_destroy(cache);
}

CASE(use_of_the_old_block_after_krealloc, ASAN, "heap-use-after-free")
{
	volatile u8 *block = kmalloc(10, GFP_KERNEL),
		    *more = krealloc((void *)block, 9, GFP_KERNEL);

	block[0] = 1;
	kfree((void *)more);
}

CASE(kfree_twice, ASAN, "attempting double-free")
{
	void *block = kmalloc(10, GFP_KERNEL);

	kfree(block);
	kfree(block);
}

CASE(kfree_of_something_else, TSAN, "kfree(): the block is not allocated")
{
	kfree(kit_cases_fresh_object());
}

CASE(kfree_of_vmalloc, BOTH, "kfree(): 0x* is not its own but a vmalloc of tests/unit/test_kit*:")
{
	kfree(vmalloc(10));
}

CASE(vfree_of_kmalloc, BOTH, "vfree(): 0x* is not its own but a kmalloc of")
{
	vfree(kmalloc(10, GFP_KERNEL));
}

CASE(object_to_another_cache, BOTH, "belongs to another cache")
{
	struct kmem_cache *a = kmem_cache_create("a", 8, 0, 0, NULL);
	struct kmem_cache *b = kmem_cache_create("b", 8, 0, 0, NULL);

	kmem_cache_free(b, kmem_cache_alloc(a, GFP_KERNEL));
}

CASE(cache_destroyed_with_objects, BOTH, "cache things still has 1 objects")
{
	struct kmem_cache *cache = kmem_cache_create("things", 8, 0, 0, NULL);

	kit_cases_leaked = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_destroy(cache);
}

CASE(leak_seen_by_the_kit, BOTH,
     "memory was not freed: 100 bytes (kmalloc) of tests/unit/test_kit*:")
{
	kit_cases_leaked = kmalloc(100, GFP_KERNEL);
}

/* Without a test around it only the sanitizer is left to see it. */
CASE(leak_seen_by_the_sanitizer, ASAN | BARE, "LeakSanitizer: detected memory leaks")
{
	void *volatile block = kmalloc(100, GFP_KERNEL);

	block = NULL;
	kit_cases_sink = block != NULL;
}

CASE(lock_in_freed_memory, BOTH, "memory is freed with a lock held in it: tests/unit/test_kit*:")
{
	spinlock_t *lock = kmalloc(sizeof(*lock), GFP_KERNEL);

	spin_lock_init(lock);
	spin_lock(lock);
	kfree(lock);
}

CASE(kmalloc_of_too_much, BOTH, "kmalloc() of 5000000 bytes, which it never gives")
{
	kfree(kmalloc(5000000, GFP_KERNEL));
}

CASE(uninitialized_memory_is_rubbish, BOTH, NULL)
{
	u8 *block = kmalloc(5000, GFP_KERNEL);

	assert_true(block[0] == 0xa5 && block[4999] == 0xa5);
	kfree(block);
}

/* ---------------------------------------------------------------- arithmetic */

CASE(shift_too_far, ASAN, "shift exponent 32 is too large")
{
	volatile unsigned int n = 32;

	kit_cases_sink = 1 << n;
}

CASE(signed_overflow, ASAN, "signed integer overflow")
{
	volatile int n = INT_MAX;

	kit_cases_sink = n + 1;
}

CASE(bit_out_of_the_word, ASAN, "shift exponent 64 is too large")
{
	volatile unsigned int n = 64;

	kit_cases_sink = BIT(n);
}

CASE(logarithm_of_nothing, ASAN, "passing zero to clz()")
{
	volatile unsigned int n = 0;

	kit_cases_sink = ilog2(n);
}

/* ---------------------------------------------------------------- complaints */

CASE(warn_on, BOTH, "1 unexpected WARN, first tests/unit/test_kit*:*: kit_cases_sink == 0")
{
	kit_cases_sink = 0;
	assert_true(WARN_ON(kit_cases_sink == 0));
}

CASE(warn_with_words, BOTH, "unexpected WARN, first tests/unit/test_kit*:*: queue 7 is gone")
{
	WARN(true, "queue %d is gone\n", 7);
}

CASE(warn_outside_a_test_aborts, BOTH | BARE, "WARNING: tests/unit/test_kit*:*: true")
{
	WARN_ON(true);
	printf("still here\n");
}

CASE(warn_expected, BOTH, NULL)
{
	kit_expect_warn("queue 7");
	kit_expect_warn("once");
	WARN(true, "queue %d is gone\n", 7);
	for (int i = 0; i < 3; i++)
		assert_true(WARN_ONCE(true, "once\n"));
	assert_int_equal(kit_warnings(), 2);
}

CASE(warn_expected_once_but_twice, BOTH, "1 unexpected WARN, first tests/unit/test_kit*:*: queue 7")
{
	kit_expect_warn("queue 7");
	WARN(true, "queue 7\n");
	WARN(true, "queue 7\n");
}

CASE(warn_expected_in_vain, BOTH, "an expected WARN did not come: queue 7")
{
	kit_expect_warn("queue 7");
}

CASE(bug, BOTH, "BUG: tests/unit/test_kit*:*: BUG_ON(kit_cases_sink == 0)")
{
	kit_cases_sink = 0;
	BUG_ON(kit_cases_sink == 0);
}

CASE(list_deleted_twice, BOTH, "list_del corruption")
{
	LIST_HEAD(list);
	LIST_HEAD(entry);

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

CASE(list_added_twice, BOTH, "list_add corruption")
{
	LIST_HEAD(list);
	LIST_HEAD(entry);

	list_add(&entry, &list);
	list_add(&entry, &list);
}

CASE(message_with_an_unknown_conversion, BOTH, "the kit does not know %pS")
{
	pr_info("%pS\n", NULL);
}

CASE(refcount_underflow, BOTH, "refcount_t: underflow; use-after-free")
{
	refcount_t count = REFCOUNT_INIT(1);

	assert_true(refcount_dec_and_test(&count));
	assert_false(refcount_dec_and_test(&count));
}

CASE(refcount_from_zero, BOTH, "refcount_t: addition on 0; use-after-free")
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

CASE(refcount_saturates, BOTH, "refcount_t: saturated; leaking memory")
{
	refcount_t count = REFCOUNT_INIT(INT_MAX);

	refcount_inc(&count);
}

CASE(refcount_dec_to_zero, BOTH, "refcount_t: decrement hit 0; leaking memory")
{
	refcount_t count = REFCOUNT_INIT(1);

	refcount_dec(&count);
}
