/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: doubly linked lists.
 *
 * Each step checks its neighbours, as a kernel with CONFIG_DEBUG_LIST does, and what leaves a list
 * by list_del() points to addresses that no access survives.
 */
#ifndef KIT_LINUX_LIST_H
#define KIT_LINUX_LIST_H

#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/types.h>

#define LIST_POISON1 ((void *)0x100)
#define LIST_POISON2 ((void *)0x122)

#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	list->prev = list;
}

static inline void kit_list_insert(struct list_head *entry, struct list_head *before,
				   struct list_head *after)
{
	if (before->next != after || after->prev != before || entry == before || entry == after)
		kit_bug(KIT_HERE, "list_add corruption: %p between %p and %p", (void *)entry,
			(void *)before, (void *)after);
	entry->next = after;
	entry->prev = before;
	after->prev = entry;
	WRITE_ONCE(before->next, entry);
}

static inline void list_add(struct list_head *entry, struct list_head *list)
{
	kit_list_insert(entry, list, list->next);
}

static inline void list_add_tail(struct list_head *entry, struct list_head *list)
{
	kit_list_insert(entry, list->prev, list);
}

static inline void kit_list_unlink(struct list_head *entry)
{
	if (entry->next == LIST_POISON1 || entry->prev == LIST_POISON2)
		kit_bug(KIT_HERE, "list_del corruption: %p was deleted before", (void *)entry);
	if (entry->next->prev != entry || entry->prev->next != entry)
		kit_bug(KIT_HERE, "list_del corruption: the neighbours do not know %p",
			(void *)entry);
	entry->next->prev = entry->prev;
	WRITE_ONCE(entry->prev->next, entry->next);
}

static inline void list_del(struct list_head *entry)
{
	kit_list_unlink(entry);
	entry->next = LIST_POISON1;
	entry->prev = LIST_POISON2;
}

static inline void list_del_init(struct list_head *entry)
{
	kit_list_unlink(entry);
	INIT_LIST_HEAD(entry);
}

static inline void list_replace(struct list_head *old, struct list_head *by)
{
	by->next = old->next;
	by->prev = old->prev;
	by->next->prev = by;
	by->prev->next = by;
}

static inline void list_move(struct list_head *entry, struct list_head *list)
{
	kit_list_unlink(entry);
	list_add(entry, list);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *list)
{
	kit_list_unlink(entry);
	list_add_tail(entry, list);
}

static inline int list_empty(const struct list_head *list)
{
	return READ_ONCE(list->next) == list;
}

static inline int list_is_singular(const struct list_head *list)
{
	return !list_empty(list) && list->next == list->prev;
}

static inline int list_is_first(const struct list_head *entry, const struct list_head *list)
{
	return entry->prev == list;
}

static inline int list_is_last(const struct list_head *entry, const struct list_head *list)
{
	return entry->next == list;
}

static inline void kit_list_splice(struct list_head *from, struct list_head *before,
				   struct list_head *after)
{
	if (list_empty(from))
		return;
	from->next->prev = before;
	before->next = from->next;
	from->prev->next = after;
	after->prev = from->prev;
}

static inline void list_splice(struct list_head *from, struct list_head *list)
{
	kit_list_splice(from, list, list->next);
}

static inline void list_splice_tail(struct list_head *from, struct list_head *list)
{
	kit_list_splice(from, list->prev, list);
}

static inline void list_splice_init(struct list_head *from, struct list_head *list)
{
	list_splice(from, list);
	INIT_LIST_HEAD(from);
}

static inline void list_splice_tail_init(struct list_head *from, struct list_head *list)
{
	list_splice_tail(from, list);
	INIT_LIST_HEAD(from);
}

#define list_entry(pointer, type, member)    container_of(pointer, type, member)
#define list_first_entry(list, type, member) list_entry((list)->next, type, member)
#define list_last_entry(list, type, member)  list_entry((list)->prev, type, member)
#define list_next_entry(at, member)	     list_entry((at)->member.next, typeof(*(at)), member)
#define list_prev_entry(at, member)	     list_entry((at)->member.prev, typeof(*(at)), member)
#define list_first_entry_or_null(list, type, member)                                \
	({                                                                          \
		struct list_head *kit_list = (list);                                \
		struct list_head *kit_first = READ_ONCE(kit_list->next);            \
		kit_first != kit_list ? list_entry(kit_first, type, member) : NULL; \
	})
#define list_entry_is_head(at, list, member) (&(at)->member == (list))

#define list_for_each(at, list)		     for ((at) = (list)->next; (at) != (list); (at) = (at)->next)
#define list_for_each_safe(at, after, list)                             \
	for ((at) = (list)->next, (after) = (at)->next; (at) != (list); \
	     (at) = (after), (after) = (at)->next)
#define list_for_each_entry(at, list, member)                      \
	for ((at) = list_first_entry(list, typeof(*(at)), member); \
	     !list_entry_is_head(at, list, member); (at) = list_next_entry(at, member))
#define list_for_each_entry_reverse(at, list, member)             \
	for ((at) = list_last_entry(list, typeof(*(at)), member); \
	     !list_entry_is_head(at, list, member); (at) = list_prev_entry(at, member))
#define list_for_each_entry_from(at, list, member) \
	for (; !list_entry_is_head(at, list, member); (at) = list_next_entry(at, member))
#define list_for_each_entry_continue(at, list, member)                                  \
	for ((at) = list_next_entry(at, member); !list_entry_is_head(at, list, member); \
	     (at) = list_next_entry(at, member))
#define list_for_each_entry_safe(at, after, list, member)          \
	for ((at) = list_first_entry(list, typeof(*(at)), member), \
	    (after) = list_next_entry(at, member);                 \
	     !list_entry_is_head(at, list, member);                \
	     (at) = (after), (after) = list_next_entry(after, member))

/* Lists whose head is one pointer, for hash tables. */

#define HLIST_HEAD_INIT       \
	{                     \
		.first = NULL \
	}
#define HLIST_HEAD(name)      struct hlist_head name = HLIST_HEAD_INIT
#define INIT_HLIST_HEAD(list) ((list)->first = NULL)

static inline void INIT_HLIST_NODE(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

static inline int hlist_unhashed(const struct hlist_node *node)
{
	return !node->pprev;
}

static inline int hlist_empty(const struct hlist_head *list)
{
	return !READ_ONCE(list->first);
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *list)
{
	node->next = list->first;
	if (node->next)
		node->next->pprev = &node->next;
	WRITE_ONCE(list->first, node);
	node->pprev = &list->first;
}

static inline void hlist_add_behind(struct hlist_node *node, struct hlist_node *behind)
{
	node->next = behind->next;
	if (node->next)
		node->next->pprev = &node->next;
	behind->next = node;
	node->pprev = &behind->next;
}

static inline void hlist_del(struct hlist_node *node)
{
	WRITE_ONCE(*node->pprev, node->next);
	if (node->next)
		node->next->pprev = node->pprev;
	node->next = LIST_POISON1;
	node->pprev = LIST_POISON2;
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	hlist_del(node);
	INIT_HLIST_NODE(node);
}

#define hlist_entry(pointer, type, member) container_of(pointer, type, member)
#define hlist_entry_safe(pointer, type, member)                        \
	({                                                             \
		struct hlist_node *kit_node = (pointer);               \
		kit_node ? hlist_entry(kit_node, type, member) : NULL; \
	})
#define hlist_for_each_entry(at, list, member)                                    \
	for ((at) = hlist_entry_safe((list)->first, typeof(*(at)), member); (at); \
	     (at) = hlist_entry_safe((at)->member.next, typeof(*(at)), member))
#define hlist_for_each_entry_safe(at, after, list, member)                  \
	for ((at) = hlist_entry_safe((list)->first, typeof(*(at)), member); \
	     (at) && ({                                                     \
		     (after) = (at)->member.next;                           \
		     1;                                                     \
	     });                                                            \
	     (at) = hlist_entry_safe(after, typeof(*(at)), member))

#endif
