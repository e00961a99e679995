// SPDX-License-Identifier: GPL-2.0-only
/* Memory in all its kinds. */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "selftest.h"

static int small_blocks(void)
{
	size_t size;
	u8 *block, *more;

	for (size = 8; size <= PAGE_SIZE; size *= 2) {
		block = kmalloc(size, GFP_KERNEL);
		EXPECT(block && IS_ALIGNED((unsigned long)block, size));
		memset(block, 1, size);
		kfree(block);
	}
	block = kzalloc(100, GFP_KERNEL);
	EXPECT(block && !memchr_inv(block, 0, 100));
	block[99] = 7;
	more = krealloc(block, 5000, GFP_KERNEL);
	EXPECT(more && more[99] == 7 && more[0] == 0);
	kfree_sensitive(more);

	block = kmalloc(0, GFP_KERNEL);
	EXPECT(ZERO_OR_NULL_PTR(block) && block);
	kfree(block);
	kfree(NULL);
	block = kmalloc(1, GFP_ATOMIC);
	EXPECT(block);
	kfree(block);
	block = kmalloc(1, GFP_NOWAIT);
	EXPECT(block);
	kfree(block);
	EXPECT(gfpflags_allow_blocking(GFP_KERNEL) && gfpflags_allow_blocking(GFP_NOIO));
	EXPECT(!gfpflags_allow_blocking(GFP_ATOMIC) && !gfpflags_allow_blocking(GFP_NOWAIT));
	return 0;
}

static int arrays(void)
{
	/* Not a constant, so that the compiler does not warn about what is wanted. */
	volatile size_t huge = SIZE_MAX / 2;
	u32 *array = kcalloc(10, sizeof(*array), GFP_KERNEL);

	EXPECT(array && !memchr_inv(array, 0, 40));
	array = krealloc_array(array, 20, sizeof(*array), GFP_KERNEL);
	EXPECT(array && !array[9]);
	kfree(array);
	array = kmalloc_array(3, sizeof(*array), GFP_KERNEL);
	EXPECT(array);
	kfree(array);
	EXPECT(!kmalloc_array(huge, 4, GFP_KERNEL) && !kcalloc(huge, 4, GFP_KERNEL));
	array = kmalloc_node(8, GFP_KERNEL, 0);
	EXPECT(array);
	kfree(array);
	array = kzalloc_node(8, GFP_KERNEL, 0);
	EXPECT(array && !array[1]);
	kfree(array);
	array = kcalloc_node(2, 4, GFP_KERNEL, 0);
	EXPECT(array && !array[1]);
	kfree(array);
	return 0;
}

static int large_blocks(void)
{
	u8 *block = vmalloc(3 * PAGE_SIZE);

	EXPECT(block && PAGE_ALIGNED(block) && is_vmalloc_addr(block));
	vfree(block);
	block = vzalloc(PAGE_SIZE + 1);
	EXPECT(block && !memchr_inv(block, 0, PAGE_SIZE + 1));
	vfree(block);
	vfree(NULL);
	block = kvmalloc(16, GFP_KERNEL);
	EXPECT(block && !is_vmalloc_addr(block));
	kvfree(block);
	block = kvzalloc(8 << 20, GFP_KERNEL);
	EXPECT(block && is_vmalloc_addr(block) && !block[(8 << 20) - 1]);
	kvfree(block);
	block = kvcalloc(100, 100, GFP_KERNEL);
	EXPECT(block && !memchr_inv(block, 0, 10000));
	kvfree(block);
	block = kvmalloc_array(100, 100, GFP_KERNEL);
	EXPECT(block);
	kvfree(block);
	kvfree(NULL);
	return 0;
}

static int whole_pages(void)
{
	unsigned long page = get_zeroed_page(GFP_KERNEL);

	EXPECT(page && PAGE_ALIGNED(page) && !memchr_inv((void *)page, 0, PAGE_SIZE));
	free_page(page);
	page = __get_free_pages(GFP_KERNEL, 2);
	EXPECT(page && IS_ALIGNED(page, 4 * PAGE_SIZE));
	memset((void *)page, 1, 4 * PAGE_SIZE);
	free_pages(page, 2);
	page = __get_free_page(GFP_NOIO);
	EXPECT(page);
	free_page(page);
	free_page(0);
	return 0;
}

static int without_waiting_for_a_disk(void)
{
	unsigned int outer = memalloc_noio_save(), inner = memalloc_noio_save();
	u8 *block = kmalloc(64, GFP_KERNEL);

	EXPECT(block && current->flags & PF_MEMALLOC_NOIO);
	kfree(block);
	memalloc_noio_restore(inner);
	EXPECT(current->flags & PF_MEMALLOC_NOIO);
	memalloc_noio_restore(outer);
	EXPECT(!(current->flags & PF_MEMALLOC_NOIO));
	return 0;
}

struct object {
	u64 state;
	u8 name[20];
};

static void make_object(void *object)
{
	((struct object *)object)->state = 0x0b1ec7;
}

static int caches(void)
{
	struct kmem_cache *cache = KMEM_CACHE(object, SLAB_HWCACHE_ALIGN);
	struct object *a, *b;

	EXPECT(cache);
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	b = kmem_cache_zalloc(cache, GFP_KERNEL);
	EXPECT(a && b && a != b && !b->state && !b->name[19]);
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	kmem_cache_destroy(cache);

	cache = kmem_cache_create("bx_kit_objects", sizeof(struct object), 0, 0, make_object);
	EXPECT(cache);
	a = kmem_cache_alloc(cache, GFP_NOWAIT);
	EXPECT(a && a->state == 0x0b1ec7);
	kmem_cache_free(cache, a);
	kmem_cache_destroy(cache);
	kmem_cache_destroy(NULL);
	return 0;
}

const struct bx_check bx_checks_memory[] = { { "small_blocks", small_blocks },
					     { "arrays", arrays },
					     { "large_blocks", large_blocks },
					     { "whole_pages", whole_pages },
					     { "without_waiting_for_a_disk",
					       without_waiting_for_a_disk },
					     { "caches", caches },
					     {} };
