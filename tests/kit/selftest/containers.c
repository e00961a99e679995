// SPDX-License-Identifier: GPL-2.0-only
/* Lists, tables, arrays, counts and order. */
#include <asm/barrier.h>
#include <linux/atomic.h>
#include <linux/bsearch.h>
#include <linux/bug.h>
#include <linux/hashtable.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "selftest.h"

struct item {
	int n;
	struct list_head list;
	struct hlist_node node;
};

/* The numbers on a list as digits of one. */
static int list_digits(struct list_head *list)
{
	struct item *item;
	int digits = 0;

	list_for_each_entry(item, list, list)
		digits = digits * 10 + item->n;
	return digits;
}

static int lists(void)
{
	LIST_HEAD(list);
	LIST_HEAD(other);
	struct item items[5], *item, *next, replacement = { .n = 9 };
	struct list_head *at;
	int i, sum = 0;

	EXPECT(list_empty(&list) && !list_first_entry_or_null(&list, struct item, list));
	for (i = 0; i < 5; i++) {
		items[i].n = i + 1;
		list_add_tail(&items[i].list, &list);
	}
	EXPECT(list_digits(&list) == 12345 && !list_is_singular(&list));
	EXPECT(list_first_entry(&list, struct item, list)->n == 1);
	EXPECT(list_last_entry(&list, struct item, list)->n == 5);
	EXPECT(list_next_entry(&items[0], list) == &items[1]);
	EXPECT(list_prev_entry(&items[1], list) == &items[0]);
	EXPECT(list_is_first(&items[0].list, &list) && list_is_last(&items[4].list, &list));
	list_move(&items[4].list, &list);
	list_move_tail(&items[0].list, &list);
	EXPECT(list_digits(&list) == 52341);
	list_del(&items[2].list);
	list_add(&items[2].list, &list);
	EXPECT(list_digits(&list) == 35241);
	list_replace(&items[2].list, &replacement.list);
	EXPECT(list_digits(&list) == 95241);
	list_replace(&replacement.list, &items[2].list);

	list_for_each_entry_reverse(item, &list, list) sum = sum * 10 + item->n;
	EXPECT(sum == 14253);
	sum = 0;
	list_for_each(at, &list) sum += list_entry(at, struct item, list)->n;
	EXPECT(sum == 15);
	item = &items[1];
	sum = 0;
	list_for_each_entry_continue(item, &list, list) sum = sum * 10 + item->n;
	EXPECT(sum == 41);
	item = &items[1];
	sum = 0;
	list_for_each_entry_from(item, &list, list) sum = sum * 10 + item->n;
	EXPECT(sum == 241);

	list_splice_init(&list, &other);
	EXPECT(list_empty(&list) && list_digits(&other) == 35241);
	list_for_each_entry_safe(item, next, &other, list)
		if (item->n & 1)
			list_move_tail(&item->list, &list);
	EXPECT(list_digits(&list) == 351 && list_digits(&other) == 24);
	list_splice_tail_init(&other, &list);
	EXPECT(list_digits(&list) == 35124);
	list_del_init(&items[2].list);
	EXPECT(list_empty(&items[2].list) && list_digits(&list) == 5124);
	list_add(&items[2].list, &other);
	EXPECT(list_is_singular(&other));
	return 0;
}

static int hash_tables(void)
{
	static DEFINE_HASHTABLE(table, 3);
	static struct item items[20];
	struct item *item;
	struct hlist_node *after;
	int i, bucket, sum = 0;

	hash_init(table);
	EXPECT(hash_empty(table) && HASH_SIZE(table) == 8 && HASH_BITS(table) == 3);
	for (i = 0; i < 20; i++) {
		items[i].n = i;
		hash_add(table, &items[i].node, items[i].n);
	}
	EXPECT(!hash_empty(table) && hash_hashed(&items[3].node));
	for (i = 0; i < 20; i++) {
		struct item *found = NULL;

		hash_for_each_possible(table, item, node, i) if (item->n == i) found = item;
		EXPECT(found == &items[i]);
	}
	hash_for_each(table, bucket, item, node) sum += item->n;
	EXPECT(sum == 190);
	for (i = 0; i < 8; i++)
		hlist_for_each_entry_safe(item, after, &table[i], node) hash_del(&item->node);
	EXPECT(hash_empty(table) && !hash_hashed(&items[3].node));
	return 0;
}

static int short_lists(void)
{
	HLIST_HEAD(list);
	struct item a = { .n = 1 }, b = { .n = 2 }, *item;
	int digits = 0;

	INIT_HLIST_NODE(&a.node);
	EXPECT(hlist_empty(&list) && hlist_unhashed(&a.node));
	hlist_add_head(&a.node, &list);
	hlist_add_behind(&b.node, &a.node);
	hlist_for_each_entry(item, &list, node) digits = digits * 10 + item->n;
	EXPECT(digits == 12);
	hlist_del_init(&a.node);
	hlist_del_init(&a.node);
	EXPECT(hlist_unhashed(&a.node) && list.first == &b.node);
	hlist_del(&b.node);
	EXPECT(hlist_empty(&list));
	return 0;
}

static int arrays_of_pointers(void)
{
	static const unsigned long indices[] = {
		0, 1, 63, 64, 65, 4095, 4096, 1ul << 40, ULONG_MAX
	};
	static DEFINE_XARRAY(array);
	unsigned long index;
	void *entry;
	size_t i;

	EXPECT(xa_empty(&array) && !xa_load(&array, 5));
	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		entry = xa_store(&array, indices[i], xa_mk_value(i), GFP_KERNEL);
		EXPECT(!xa_err(entry) && !entry);
	}
	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		entry = xa_load(&array, indices[i]);
		EXPECT(xa_is_value(entry) && xa_to_value(entry) == i);
	}
	EXPECT(!xa_load(&array, 2) && !xa_load(&array, 1ul << 41));
	EXPECT(xa_store(&array, 64, &array, GFP_KERNEL) == xa_mk_value(3) &&
	       xa_load(&array, 64) == &array);
	EXPECT(xa_insert(&array, 64, xa_mk_value(1), GFP_KERNEL) == -EBUSY);
	EXPECT(!xa_insert(&array, 66, xa_mk_value(66), GFP_KERNEL));
	EXPECT(xa_erase(&array, 66) == xa_mk_value(66) && !xa_erase(&array, 66));

	i = 0;
	xa_for_each(&array, index, entry)
		EXPECT(index == indices[i++] && entry);
	EXPECT(i == ARRAY_SIZE(indices));
	i = 0;
	xa_for_each_range(&array, index, entry, 64, 4095)
		i++;
	EXPECT(i == 3);
	i = 0;
	xa_for_each_start(&array, index, entry, 4096) xa_erase(&array, index), i++;
	EXPECT(i == 3 && !xa_load(&array, 1ul << 40));
	EXPECT(!xa_store(&array, 7, NULL, GFP_KERNEL));
	xa_for_each(&array, index, entry)
		xa_erase(&array, index);
	EXPECT(xa_empty(&array));
	xa_destroy(&array);
	return 0;
}

static int arrays_that_give_numbers(void)
{
	struct xarray array;
	u32 id;

	xa_init_flags(&array, XA_FLAGS_ALLOC1);
	EXPECT(!xa_alloc(&array, &id, xa_mk_value(1), xa_limit_32b, GFP_KERNEL) && id == 1);
	EXPECT(!xa_alloc(&array, &id, xa_mk_value(2), xa_limit_16b, GFP_KERNEL) && id == 2);
	EXPECT(!xa_alloc(&array, &id, xa_mk_value(5), XA_LIMIT(5, 6), GFP_KERNEL) && id == 5);
	EXPECT(!xa_alloc(&array, &id, xa_mk_value(6), XA_LIMIT(5, 6), GFP_KERNEL) && id == 6);
	EXPECT(xa_alloc(&array, &id, xa_mk_value(7), XA_LIMIT(5, 6), GFP_KERNEL) == -EBUSY);
	xa_erase(&array, 2);
	EXPECT(!xa_alloc(&array, &id, xa_mk_value(2), xa_limit_31b, GFP_KERNEL) && id == 2);
	xa_destroy(&array);
	EXPECT(xa_empty(&array));
	xa_init(&array);
	EXPECT(xa_empty(&array));
	return 0;
}

static int atomic_numbers(void)
{
	atomic_t n = ATOMIC_INIT(5);
	atomic64_t wide = ATOMIC64_INIT(1ll << 40);
	int old = 6;

	atomic_inc(&n);
	EXPECT(atomic_read(&n) == 6 && atomic_inc_return(&n) == 7 && atomic_dec_return(&n) == 6);
	atomic_add(4, &n);
	atomic_sub(1, &n);
	atomic_dec(&n);
	EXPECT(atomic_read(&n) == 8 && atomic_fetch_add(2, &n) == 8 &&
	       atomic_fetch_sub(2, &n) == 10);
	EXPECT(atomic_fetch_inc(&n) == 8 && atomic_fetch_dec(&n) == 9 &&
	       atomic_read_acquire(&n) == 8);
	EXPECT(atomic_add_return(-8, &n) == 0 && atomic_inc_and_test(&n) == false);
	EXPECT(atomic_dec_and_test(&n) && !atomic_inc_not_zero(&n) && atomic_add_unless(&n, 3, 1));
	EXPECT(atomic_sub_and_test(3, &n) && atomic_dec_if_positive(&n) == -1 &&
	       atomic_read(&n) == 0);
	atomic_set(&n, 6);
	EXPECT(atomic_cmpxchg(&n, 5, 1) == 6 && atomic_cmpxchg(&n, 6, 1) == 6 &&
	       atomic_read(&n) == 1);
	EXPECT(!atomic_try_cmpxchg(&n, &old, 2) && old == 1 && atomic_try_cmpxchg(&n, &old, 2));
	EXPECT(atomic_xchg(&n, 12) == 2 && atomic_fetch_or(3, &n) == 12 &&
	       atomic_fetch_and(6, &n) == 15);
	atomic_or(8, &n);
	atomic_xor(2, &n);
	atomic_and(12, &n);
	EXPECT(atomic_read(&n) == 12 && atomic_fetch_xor(12, &n) == 12 && atomic_read(&n) == 0);
	atomic_set(&n, INT_MAX);
	EXPECT(atomic_inc_return(&n) == INT_MIN);
	atomic_set_release(&n, 1);
	EXPECT(atomic_add_return_relaxed(1, &n) == 2 && atomic_sub_return_release(1, &n) == 1);
	EXPECT(atomic_fetch_add_acquire(1, &n) == 1);

	atomic64_add(1, &wide);
	EXPECT(atomic64_read(&wide) == (1ll << 40) + 1 && atomic64_dec_return(&wide) == 1ll << 40);
	EXPECT(atomic64_xchg(&wide, 0) == 1ll << 40 && !atomic64_inc_not_zero(&wide));
	return 0;
}

static int exchanges(void)
{
	u32 word = 1, expected = 2;
	void *pointer = NULL;
	u8 byte = 3;

	EXPECT(xchg(&word, 2) == 1 && cmpxchg(&word, 1, 5) == 2 && cmpxchg(&word, 2, 5) == 2);
	EXPECT(word == 5 && !try_cmpxchg(&word, &expected, 6) && expected == 5);
	EXPECT(xchg(&pointer, &word) == NULL && pointer == &word);
	EXPECT(cmpxchg_relaxed(&byte, 3, 4) == 3 && xchg_release(&byte, 5) == 4 && byte == 5);
	EXPECT(xchg_acquire(&word, 9) == 5 && cmpxchg_acquire(&word, 9, 8) == 9);
	EXPECT(xchg_relaxed(&word, 7) == 8 && cmpxchg_release(&word, 7, 6) == 7);
	smp_store_release(&word, 10);
	EXPECT(smp_load_acquire(&word) == 10);
	smp_mb();
	smp_wmb();
	smp_rmb();
	dma_wmb();
	dma_rmb();
	smp_mb__before_atomic();
	smp_mb__after_atomic();
	smp_store_mb(word, 11);
	barrier();
	EXPECT(READ_ONCE(word) == 11);
	return 0;
}

static unsigned int released;

static void release(struct kref *ref)
{
	released++;
}

static int references(void)
{
	refcount_t count = REFCOUNT_INIT(1);
	static DEFINE_SPINLOCK(lock);
	struct mutex mutex;
	struct kref ref;

	mutex_init(&mutex);
	refcount_inc(&count);
	refcount_add(2, &count);
	EXPECT(refcount_read(&count) == 4 && !refcount_sub_and_test(2, &count));
	refcount_dec(&count);
	EXPECT(refcount_inc_not_zero(&count) && refcount_add_not_zero(1, &count));
	EXPECT(!refcount_sub_and_test(2, &count) && !refcount_dec_not_one(&count));
	EXPECT(refcount_dec_and_test(&count) && refcount_read(&count) == 0);
	EXPECT(!refcount_inc_not_zero(&count));
	refcount_set(&count, 2);
	EXPECT(!refcount_dec_and_lock(&count, &lock) && refcount_dec_and_lock(&count, &lock));
	spin_unlock(&lock);
	refcount_set(&count, 1);
	EXPECT(refcount_dec_and_mutex_lock(&count, &mutex));
	mutex_unlock(&mutex);

	kref_init(&ref);
	kref_get(&ref);
	EXPECT(kref_read(&ref) == 2 && kref_get_unless_zero(&ref));
	released = 0;
	EXPECT(!kref_put(&ref, release) && !kref_put(&ref, release) && !released);
	EXPECT(kref_put(&ref, release) && released == 1);
	EXPECT(!kref_get_unless_zero(&ref));
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static void swap_numbers(void *a, void *b, int size)
{
	swap(*(u32 *)a, *(u32 *)b);
}

static int sorting(void)
{
	u32 numbers[100], key;
	size_t i, n;

	for (n = 0; n <= 100; n += 25) {
		for (i = 0; i < n; i++)
			numbers[i] = i * 7919 % 101 / 2;
		sort(numbers, n, sizeof(u32), compare_numbers, n & 1 ? swap_numbers : NULL);
		for (i = 1; i < n; i++)
			EXPECT(numbers[i - 1] <= numbers[i]);
	}
	key = numbers[42];
	EXPECT(*(u32 *)bsearch(&key, numbers, 100, sizeof(u32), compare_numbers) == key);
	key = 1000;
	EXPECT(!bsearch(&key, numbers, 100, sizeof(u32), compare_numbers));
	return 0;
}

static int chance(void)
{
	u8 bytes[64] = {};

	get_random_bytes(bytes, sizeof(bytes));
	EXPECT(memchr_inv(bytes, 0, sizeof(bytes)));
	EXPECT(get_random_u64() != get_random_u64() || get_random_u32() != get_random_u32());
	return 0;
}

static int complaints_that_are_none(void)
{
	int zero = 0;

	EXPECT(!WARN_ON(zero) && !WARN_ON_ONCE(zero) && !WARN(zero, "%d\n", zero));
	EXPECT(!WARN_ONCE(zero, "never\n"));
	BUG_ON(zero);
	return 0;
}

const struct bx_check bx_checks_containers[] = {
	{ "lists", lists },
	{ "hash_tables", hash_tables },
	{ "short_lists", short_lists },
	{ "arrays_of_pointers", arrays_of_pointers },
	{ "arrays_that_give_numbers", arrays_that_give_numbers },
	{ "atomic_numbers", atomic_numbers },
	{ "exchanges", exchanges },
	{ "references", references },
	{ "sorting", sorting },
	{ "chance", chance },
	{ "complaints_that_are_none", complaints_that_are_none },
	{}
};
