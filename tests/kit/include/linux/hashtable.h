/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: hash tables of a fixed size. */
#ifndef KIT_LINUX_HASHTABLE_H
#define KIT_LINUX_HASHTABLE_H

#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>

#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define DEFINE_HASHTABLE(name, bits) \
	struct hlist_head name[1 << (bits)] = { [0 ...((1 << (bits)) - 1)] = HLIST_HEAD_INIT }

#define HASH_SIZE(table)    ARRAY_SIZE(table)
#define HASH_BITS(table)    ilog2(HASH_SIZE(table))
#define hash_min(key, bits) (sizeof(key) <= 4 ? hash_32(key, bits) : hash_long(key, bits))

static inline void kit_hash_init(struct hlist_head *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		INIT_HLIST_HEAD(&table[i]);
}

static inline bool kit_hash_empty(const struct hlist_head *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!hlist_empty(&table[i]))
			return false;
	return true;
}

#define hash_init(table)	   kit_hash_init(table, HASH_SIZE(table))
#define hash_empty(table)	   kit_hash_empty(table, HASH_SIZE(table))
#define hash_add(table, node, key) hlist_add_head(node, &(table)[hash_min(key, HASH_BITS(table))])
#define hash_hashed(node)	   (!hlist_unhashed(node))
#define hash_del(node)		   hlist_del_init(node)

#define hash_for_each(table, bucket, at, member)                                          \
	for ((bucket) = 0, (at) = NULL; (at) == NULL && (bucket) < (int)HASH_SIZE(table); \
	     (bucket)++)                                                                  \
	hlist_for_each_entry(at, &(table)[bucket], member)
#define hash_for_each_possible(table, at, member, key) \
	hlist_for_each_entry(at, &(table)[hash_min(key, HASH_BITS(table))], member)

#endif
