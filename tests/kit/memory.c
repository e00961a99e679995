// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of the stand-in kernel: every block written down, any allocation made to fail on demand. */
#include "private.h"

#include <sys/mman.h>
#include <linux/mm.h>
#include <linux/cpumask.h>

#define BUCKETS (1u << 14)

/* Blocks are known by entries that live outside the heap, so that a leak stays one. */
struct entry {
	const void *block;
	size_t size;
	const void *owner;
	const char *where;
	enum kit_memory kind;
	struct entry *next;
};

static struct entry *table[BUCKETS];
static struct entry *spare;
static size_t allocated;

/* Counts down to the allocation that fails; below zero nothing does. */
static long countdown = -1;
static bool has_failed;

static const char *const kind_names[] = {
	[KIT_KMALLOC] = "kmalloc", [KIT_VMALLOC] = "vmalloc",	  [KIT_PAGES] = "page",
	[KIT_CACHE] = "cache",	   [KIT_OBJECT] = "cache object", [KIT_OTHER] = "kernel object",
};

static KIT_HIDDEN struct entry **bucket_of(const void *block)
{
	uintptr_t x = (uintptr_t)block;

	return &table[(x >> 4 ^ x >> 18) % BUCKETS];
}

static KIT_HIDDEN bool write_down(const struct entry *what)
{
	struct entry *entry, **bucket = bucket_of(what->block);

	kit_books_lock();
	if (!spare) {
		const size_t n = 4096;
		struct entry *more = mmap(NULL, n * sizeof(*more), PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (more == MAP_FAILED)
			abort();
		for (size_t i = 0; i < n; i++) {
			more[i].next = spare;
			spare = &more[i];
		}
	}
	entry = spare;
	spare = entry->next;
	entry->block = what->block;
	entry->size = what->size;
	entry->owner = what->owner;
	entry->where = what->where;
	entry->kind = what->kind;
	entry->next = *bucket;
	*bucket = entry;
	allocated++;
	kit_books_unlock();
	return true;
}

/* Looks the block up, and with `strike' also strikes it out if it is of that kind and owner. */
static KIT_HIDDEN bool look_up(struct entry *found, const void *block, bool strike,
			       enum kit_memory kind, const void *owner)
{
	struct entry **link, *entry;

	kit_books_lock();
	for (link = bucket_of(block); (entry = *link) != NULL; link = &entry->next)
		if (entry->block == block)
			break;
	if (entry) {
		found->block = entry->block;
		found->size = entry->size;
		found->owner = entry->owner;
		found->where = entry->where;
		found->kind = entry->kind;
		if (strike && entry->kind == kind && entry->owner == owner) {
			*link = entry->next;
			entry->next = spare;
			spare = entry;
			allocated--;
		}
	}
	kit_books_unlock();
	return entry != NULL;
}

static KIT_HIDDEN bool must_fail(void)
{
	bool fail;

	kit_books_lock();
	fail = countdown == 0;
	if (countdown >= 0)
		countdown--;
	if (fail)
		has_failed = true;
	kit_books_unlock();
	return fail;
}

void *kit_new(size_t size, size_t align, gfp_t gfp, enum kit_memory kind, const void *owner,
	      const char *where)
{
	struct entry entry = { .size = size, .owner = owner, .where = where, .kind = kind };
	void *block;

	if (gfpflags_allow_blocking(gfp))
		kit_might_sleep(where);
	if (!(gfp & __GFP_NOFAIL) && must_fail())
		return NULL;
	if (posix_memalign(&block, align < sizeof(void *) ? sizeof(void *) : align, size))
		return NULL;
	memset(block, gfp & __GFP_ZERO ? 0 : 0xa5, size);
	entry.block = block;
	write_down(&entry);
	return block;
}

void kit_delete(const void *block, enum kit_memory kind, const void *owner, const char *what)
{
	struct entry entry;
	const char *lock;

	if (!look_up(&entry, block, true, kind, owner)) {
		/* The address sanitizer knows more about it than we do. */
#ifdef __SANITIZE_ADDRESS__
		free((void *)block);
#endif
		kit_bug(what, "the block is not allocated");
	}
	if (entry.kind != kind)
		kit_bug(what, "%p is not its own but a %s of %s", block, kind_names[entry.kind],
			entry.where);
	if (entry.owner != owner)
		kit_bug(what, "%p belongs to another cache", block);
	lock = kit_held_within(block, entry.size);
	if (lock)
		kit_warn(what, "memory is freed with a lock held in it: %s", lock);
	free((void *)block);
}

/* ---------------------------------------------------------------- the kernel's functions */

void *kit_kmalloc(size_t size, gfp_t gfp, const char *where)
{
	size_t align = 8;

	if (!size)
		return ZERO_SIZE_PTR;
	if (size > KMALLOC_MAX_SIZE) {
		if (!(gfp & __GFP_NOWARN))
			kit_warn(where, "kmalloc() of %zu bytes, which it never gives", size);
		return NULL;
	}
	/* Powers of two are aligned to their size. */
	if ((size & (size - 1)) == 0)
		align = size < PAGE_SIZE ? size : PAGE_SIZE;
	return kit_new(size, align, gfp, KIT_KMALLOC, NULL, where);
}

void kfree(const void *block)
{
	if (!ZERO_OR_NULL_PTR(block))
		kit_delete(block, KIT_KMALLOC, NULL, "kfree()");
}

void kfree_sensitive(const void *block)
{
	struct entry entry;

	if (ZERO_OR_NULL_PTR(block))
		return;
	if (look_up(&entry, block, false, KIT_KMALLOC, NULL))
		memset((void *)block, 0, entry.size);
	kfree(block);
}

/* Always moves, so that whoever keeps the old address is found out. */
void *kit_krealloc(const void *block, size_t size, gfp_t gfp, const char *where)
{
	struct entry entry;
	void *moved;

	if (!size) {
		kfree(block);
		return ZERO_SIZE_PTR;
	}
	moved = kit_kmalloc(size, gfp, where);
	if (!moved || ZERO_OR_NULL_PTR(block))
		return moved;
	if (look_up(&entry, block, false, KIT_KMALLOC, NULL))
		memcpy(moved, block, entry.size < size ? entry.size : size);
	kfree(block);
	return moved;
}

void *kit_vmalloc(size_t size, bool zero, const char *where)
{
	if (!size)
		return NULL;
	return kit_new(size, PAGE_SIZE, GFP_KERNEL | (zero ? __GFP_ZERO : 0), KIT_VMALLOC, NULL,
		       where);
}

void vfree(const void *block)
{
	if (kit_in_irq())
		kit_warn("vfree()", "in an interrupt handler");
	if (block)
		kit_delete(block, KIT_VMALLOC, NULL, "vfree()");
}

/* The kit knows the beginnings of blocks only. */
bool is_vmalloc_addr(const void *address)
{
	struct entry entry;

	return look_up(&entry, address, false, KIT_VMALLOC, NULL) && entry.kind == KIT_VMALLOC;
}

void *kit_kvmalloc(size_t size, gfp_t gfp, const char *where)
{
	if (size <= PAGE_SIZE)
		return kit_kmalloc(size, gfp, where);
	if (size > INT_MAX) {
		if (!(gfp & __GFP_NOWARN))
			kit_warn(where, "kvmalloc() of %zu bytes, which it never gives", size);
		return NULL;
	}
	return kit_new(size, PAGE_SIZE, gfp, KIT_VMALLOC, NULL, where);
}

void kvfree(const void *block)
{
	if (is_vmalloc_addr(block))
		vfree(block);
	else
		kfree(block);
}

unsigned long kit_get_pages(gfp_t gfp, unsigned int order, const char *where)
{
	return (unsigned long)kit_new(PAGE_SIZE << order, PAGE_SIZE << order, gfp, KIT_PAGES,
				      (void *)(uintptr_t)order, where);
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address)
		kit_delete((void *)address, KIT_PAGES, (void *)(uintptr_t)order, "free_pages()");
}

struct kmem_cache {
	const char *name;
	size_t size;
	size_t align;
	void (*construct)(void *object);
	unsigned int objects;
};

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     slab_flags_t flags, void (*construct)(void *object))
{
	struct kmem_cache *cache;

	cache = kit_new(sizeof(*cache), 8, GFP_KERNEL, KIT_CACHE, NULL, name);
	if (!cache)
		return NULL;
	cache->name = name;
	cache->size = size;
	cache->align = flags & SLAB_HWCACHE_ALIGN && align < 64 ? 64 : align;
	cache->construct = construct;
	cache->objects = 0;
	return cache;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	unsigned int objects;

	if (!cache)
		return;
	kit_might_sleep("kmem_cache_destroy()");
	objects = __atomic_load_n(&cache->objects, __ATOMIC_ACQUIRE);
	if (objects)
		kit_warn("kmem_cache_destroy()", "cache %s still has %u objects", cache->name,
			 objects);
	kit_delete(cache, KIT_CACHE, NULL, "kmem_cache_destroy()");
}

void *kit_cache_alloc(struct kmem_cache *cache, gfp_t gfp, const char *where)
{
	void *object = kit_new(cache->size, cache->align, gfp, KIT_OBJECT, cache, where);

	if (!object)
		return NULL;
	if (cache->construct)
		cache->construct(object);
	__atomic_fetch_add(&cache->objects, 1, __ATOMIC_RELAXED);
	return object;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (!object)
		return;
	kit_delete(object, KIT_OBJECT, cache, "kmem_cache_free()");
	__atomic_fetch_sub(&cache->objects, 1, __ATOMIC_RELEASE);
}

void *kit_memdup(const void *from, size_t n, gfp_t gfp, const char *where)
{
	void *copy = kit_kmalloc(n, gfp, where);

	return copy && n ? memcpy(copy, from, n) : copy;
}

char *kit_strndup(const char *from, size_t max, gfp_t gfp, const char *where)
{
	size_t n;
	char *copy;

	if (!from)
		return NULL;
	n = strnlen(from, max);
	copy = kit_kmalloc(n + 1, gfp, where);
	if (copy) {
		memcpy(copy, from, n);
		copy[n] = '\0';
	}
	return copy;
}

unsigned long *kit_bitmap_alloc(unsigned int n, gfp_t gfp, const char *where)
{
	return kit_kmalloc(BITS_TO_LONGS((size_t)n) * sizeof(long), gfp, where);
}

void bitmap_free(const unsigned long *words)
{
	kfree(words);
}

bool kit_alloc_cpumask(cpumask_var_t *mask, gfp_t gfp, const char *where)
{
	*mask = kit_kmalloc(sizeof(**mask), gfp, where);
	return *mask != NULL;
}

void free_cpumask_var(cpumask_var_t mask)
{
	kfree(mask);
}

/* ---------------------------------------------------------------- for tests */

KIT_HIDDEN void kit_fail_allocation(unsigned int n)
{
	kit_books_lock();
	countdown = n;
	has_failed = false;
	kit_books_unlock();
}

KIT_HIDDEN bool kit_allocation_failed(void)
{
	return __atomic_load_n(&has_failed, __ATOMIC_RELAXED);
}

KIT_HIDDEN size_t kit_allocated(void)
{
	return __atomic_load_n(&allocated, __ATOMIC_RELAXED);
}

/* What an earlier test has left was its failure, and is not that of the next. */
static size_t left_before;

static KIT_HIDDEN void memory_begin(void)
{
	kit_books_lock();
	countdown = -1;
	has_failed = false;
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct entry *entry = table[i]; entry; entry = entry->next)
			entry->where = NULL;
	left_before = allocated;
	kit_books_unlock();
}

void kit_memory_begin(void)
{
	memory_begin();
}

/* A copy of the n-th block that this test has not freed. */
static KIT_HIDDEN bool leftover(unsigned int n, struct entry *found)
{
	bool there = false;

	kit_books_lock();
	for (unsigned int i = 0; i < BUCKETS && !there; i++)
		for (struct entry *entry = table[i]; entry && !there; entry = entry->next)
			if (entry->where && n-- == 0) {
				found->size = entry->size;
				found->where = entry->where;
				found->kind = entry->kind;
				there = true;
			}
	kit_books_unlock();
	return there;
}

size_t kit_leftovers(char *text, size_t size)
{
	struct entry entry;
	unsigned int n;

	for (n = 0; leftover(n, &entry); n++) {
		int used;

		if (n >= 8)
			continue;
		used = snprintf(text, size, "%s %zu bytes (%s) of %s", n ? "," : "", entry.size,
				kind_names[entry.kind], entry.where);
		if (used > 0 && (size_t)used < size) {
			text += used;
			size -= used;
		}
	}
	return n;
}

static struct {
	long round;
	size_t before;
} walk;

void kit_walk_begin(void)
{
	walk.round = -1;
	walk.before = kit_allocated();
}

bool kit_walk_next(const char *file, int line)
{
	char where[200], left[600] = "";
	size_t now;

	kit_reap_threads();
	now = kit_allocated();
	if (walk.round >= 0 && now != walk.before) {
		snprintf(where, sizeof(where), "%s:%d", file, line);
		kit_leftovers(left, sizeof(left));
		kit_warn(where, "with allocation %ld failing, %ld blocks are left:%s", walk.round,
			 (long)(now - walk.before), left);
		walk.before = now;
	}
	if (walk.round >= 0 && !kit_allocation_failed()) {
		kit_books_lock();
		countdown = -1;
		kit_books_unlock();
		return false;
	}
	kit_fail_allocation(++walk.round);
	return true;
}
