/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: memory.
 *
 * Every block is libc's, so that the address sanitizer watches it, and is written down with the line
 * that asked for it: what a test leaves behind is named, and each kind of memory must be given back
 * by its own function. Memory that was not asked to be zero is filled with rubbish. Any allocation
 * can be made to fail (kit/kit.h).
 */
#ifndef KIT_LINUX_SLAB_H
#define KIT_LINUX_SLAB_H

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>

#define ZERO_SIZE_PTR	      ((void *)16)
#define ZERO_OR_NULL_PTR(p)   ((unsigned long)(p) <= 16)
#define KMALLOC_MAX_SIZE      (4ul << 20)
#define ARCH_KMALLOC_MINALIGN 8

#define kit_malloc_like	      __attribute__((__malloc__)) __must_check

void *kit_kmalloc(size_t size, gfp_t gfp, const char *where) kit_malloc_like;
void *kit_krealloc(const void *block, size_t size, gfp_t gfp, const char *where) __must_check;
void *kit_kvmalloc(size_t size, gfp_t gfp, const char *where) kit_malloc_like;

/* What does not fit a size_t is refused without a word, as in the kernel. */
static inline kit_malloc_like void *kit_kmalloc_array(size_t n, size_t size, gfp_t gfp,
						      const char *where)
{
	size_t bytes;

	return check_mul_overflow(n, size, &bytes) ? NULL : kit_kmalloc(bytes, gfp, where);
}

#define kmalloc(size, gfp)	      kit_kmalloc(size, gfp, KIT_HERE)
#define kzalloc(size, gfp)	      kit_kmalloc(size, (gfp) | __GFP_ZERO, KIT_HERE)
#define kmalloc_array(n, size, gfp)   kit_kmalloc_array(n, size, gfp, KIT_HERE)
#define kcalloc(n, size, gfp)	      kit_kmalloc_array(n, size, (gfp) | __GFP_ZERO, KIT_HERE)
#define kmalloc_node(size, gfp, node) ((void)(node), kit_kmalloc(size, gfp, KIT_HERE))
#define kzalloc_node(size, gfp, node) \
	((void)(node), kit_kmalloc(size, (gfp) | __GFP_ZERO, KIT_HERE))
#define kcalloc_node(n, size, gfp, node) \
	((void)(node), kit_kmalloc_array(n, size, (gfp) | __GFP_ZERO, KIT_HERE))
#define krealloc(block, size, gfp)	    kit_krealloc(block, size, gfp, KIT_HERE)
#define krealloc_array(block, n, size, gfp) kit_krealloc(block, size_mul(n, size), gfp, KIT_HERE)
#define kvmalloc(size, gfp)		    kit_kvmalloc(size, gfp, KIT_HERE)
#define kvzalloc(size, gfp)		    kit_kvmalloc(size, (gfp) | __GFP_ZERO, KIT_HERE)
#define kvmalloc_array(n, size, gfp)	    kit_kvmalloc(size_mul(n, size), gfp, KIT_HERE)
#define kvcalloc(n, size, gfp)		    kit_kvmalloc(size_mul(n, size), (gfp) | __GFP_ZERO, KIT_HERE)

void kfree(const void *block);
void kfree_sensitive(const void *block);
void kvfree(const void *block);

struct kmem_cache;

#define SLAB_HWCACHE_ALIGN   0x1u
#define SLAB_RECLAIM_ACCOUNT 0x2u
#define SLAB_PANIC	     0x4u

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     slab_flags_t flags, void (*construct)(void *object));
void kmem_cache_destroy(struct kmem_cache *cache);
void *kit_cache_alloc(struct kmem_cache *cache, gfp_t gfp, const char *where) kit_malloc_like;
void kmem_cache_free(struct kmem_cache *cache, void *object);

#define kmem_cache_alloc(cache, gfp)  kit_cache_alloc(cache, gfp, KIT_HERE)
#define kmem_cache_zalloc(cache, gfp) kit_cache_alloc(cache, (gfp) | __GFP_ZERO, KIT_HERE)
#define KMEM_CACHE(type, flags) \
	kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), flags, NULL)

#endif
