// SPDX-License-Identifier: GPL-2.0-or-later
/* Data structures and arithmetic of the stand-in kernel. */
#include "private.h"

#include <ctype.h>
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/xarray.h>

unsigned long int_sqrt(unsigned long x)
{
	unsigned long root = 0;

	for (unsigned long bit = 1ul << 31; bit; bit >>= 1) {
		unsigned long next = root | bit;

		if (next <= x / next)
			root = next;
	}
	return root;
}

/* ---------------------------------------------------------------- bits */

/* Others may set and clear bits meanwhile, as in the kernel. */
static unsigned long word_of(const unsigned long *words, unsigned long bit)
{
	return READ_ONCE(words[BIT_WORD(bit)]);
}

static unsigned long find_bit(const unsigned long *words, unsigned long n, unsigned long from,
			      unsigned long invert)
{
	for (unsigned long bit = from; bit < n;
	     bit = round_down(bit, BITS_PER_LONG) + BITS_PER_LONG) {
		unsigned long word = (word_of(words, bit) ^ invert) >> bit % BITS_PER_LONG;

		if (word)
			return min(bit + __ffs(word), n);
	}
	return n;
}

unsigned long find_next_bit(const unsigned long *words, unsigned long n, unsigned long from)
{
	return find_bit(words, n, from, 0);
}

unsigned long find_next_zero_bit(const unsigned long *words, unsigned long n, unsigned long from)
{
	return find_bit(words, n, from, ~0ul);
}

unsigned long find_last_bit(const unsigned long *words, unsigned long n)
{
	for (unsigned long bit = n; bit-- > 0;)
		if (test_bit(bit, words))
			return bit;
	return n;
}

void bitmap_set(unsigned long *words, unsigned int start, unsigned int count)
{
	while (count--)
		__set_bit(start++, words);
}

void bitmap_clear(unsigned long *words, unsigned int start, unsigned int count)
{
	while (count--)
		__clear_bit(start++, words);
}

unsigned int kit_bitmap_weight(const unsigned long *words, unsigned int n)
{
	unsigned long bit;
	unsigned int weight = 0;

	for_each_set_bit(bit, words, n)
		weight++;
	return weight;
}

bool kit_bitmap_combine(unsigned long *to, const unsigned long *a, const unsigned long *b,
			unsigned int n, char how)
{
	for (unsigned int i = 0; i < BITS_TO_LONGS(n); i++)
		to[i] = how == '&' ? a[i] & b[i] : how == '|' ? a[i] | b[i] : a[i] & ~b[i];
	return !bitmap_empty(to, n);
}

bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int n)
{
	for (unsigned int bit = 0; bit < n; bit++)
		if (test_bit(bit, a) != test_bit(bit, b))
			return false;
	return true;
}

bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned int n)
{
	unsigned long bit;

	for_each_set_bit(bit, a, n)
		if (test_bit(bit, b))
			return true;
	return false;
}

bool bitmap_subset(const unsigned long *inner, const unsigned long *outer, unsigned int n)
{
	unsigned long bit;

	for_each_set_bit(bit, inner, n)
		if (!test_bit(bit, outer))
			return false;
	return true;
}

/* Past the end, if there is no such gap. */
unsigned long bitmap_find_next_zero_area(unsigned long *words, unsigned long n, unsigned long start,
					 unsigned int count, unsigned long align_mask)
{
	for (;;) {
		unsigned long first = find_next_zero_bit(words, n, start), taken;

		first = (first + align_mask) & ~align_mask;
		if (first + count > n)
			return first + count;
		taken = find_next_bit(words, first + count, first);
		if (taken >= first + count)
			return first;
		start = taken + 1;
	}
}

/* A bit by number, or the last by name. */
static int parse_bit(const char **text, unsigned int last, unsigned int *bit)
{
	unsigned long long value = 0;
	const char *start = *text;

	if (*start == 'N') {
		*bit = last;
		++*text;
		return 0;
	}
	for (; isdigit((unsigned char)**text); ++*text) {
		value = value * 10 + (**text - '0');
		if (value > UINT_MAX)
			return -EOVERFLOW;
	}
	if (*text == start)
		return -EINVAL;
	*bit = value;
	return 0;
}

static bool ends_region(char c)
{
	return !c || c == '\n' || c == ',' || isspace((unsigned char)c);
}

static int parse_region(const char **text, unsigned long *words, int n)
{
	unsigned int first = 0, end = n - 1, used = 1, group = 1;
	int error;

	if (!strncasecmp(*text, "all", 3)) {
		*text += 3;
	} else {
		error = parse_bit(text, n - 1, &first);
		if (error)
			return error;
		end = first;
		if (ends_region(**text))
			goto set;
		if (**text != '-')
			return -EINVAL;
		++*text;
		error = parse_bit(text, n - 1, &end);
		if (error)
			return error;
	}
	if (**text == ':') {
		++*text;
		error = parse_bit(text, n - 1, &used);
		if (!error && **text != '/')
			error = -EINVAL;
		if (error)
			return error;
		++*text;
		error = parse_bit(text, n - 1, &group);
		if (error)
			return error;
	}
	if (!ends_region(**text) || first > end || !group || used > group)
		return -EINVAL;
set:
	if (end >= (unsigned int)n)
		return -ERANGE;
	for (unsigned int bit = first; bit <= end; bit++)
		if ((bit - first) % group < used)
			__set_bit(bit, words);
	return 0;
}

int bitmap_parselist(const char *text, unsigned long *words, int n)
{
	bitmap_zero(words, n);
	for (;;) {
		int error;

		while (*text == ',' || isspace((unsigned char)*text))
			text++;
		if (!*text)
			return 0;
		error = parse_region(&text, words, n);
		if (error)
			return error;
	}
}

unsigned int nr_cpu_ids = 4;
struct cpumask kit_online = { .bits = { 0xf } };

void kit_set_cpus(unsigned int n)
{
	nr_cpu_ids = n;
	cpumask_clear(&kit_online);
	bitmap_set(kit_online.bits, 0, n);
}

/* ---------------------------------------------------------------- order and chance */

static void exchange(char *a, char *b, size_t size, void (*swap_them)(void *, void *, int))
{
	if (swap_them) {
		swap_them(a, b, size);
		return;
	}
	for (size_t i = 0; i < size; i++)
		swap(a[i], b[i]);
}

/* A heap: nothing is allocated, and no order of the elements is a bad one. */
void sort(void *base, size_t n, size_t size, int (*compare)(const void *a, const void *b),
	  void (*swap_them)(void *a, void *b, int size))
{
	char *element = base;

	for (size_t root = n / 2, end = n; end > 1;) {
		size_t i, child;

		if (root)
			root--;
		else
			exchange(element, element + --end * size, size, swap_them);
		for (i = root; (child = 2 * i + 1) < end; i = child) {
			if (child + 1 < end &&
			    compare(element + child * size, element + (child + 1) * size) < 0)
				child++;
			if (compare(element + i * size, element + child * size) >= 0)
				break;
			exchange(element + i * size, element + child * size, size, swap_them);
		}
	}
}

static u64 random_state;

void kit_random_seed(u64 seed)
{
	__atomic_store_n(&random_state, seed, __ATOMIC_RELAXED);
}

/* A counter, well stirred. */
u64 get_random_u64(void)
{
	u64 x = __atomic_add_fetch(&random_state, 0x9e3779b97f4a7c15, __ATOMIC_RELAXED);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

u32 get_random_u32(void)
{
	return get_random_u64();
}

void get_random_bytes(void *to, size_t n)
{
	for (u8 *p = to; n; n--)
		*p++ = get_random_u64();
}

/* ---------------------------------------------------------------- arrays of pointers */

#define XA_SHIFT 6
#define XA_SLOTS (1u << XA_SHIFT)

struct kit_xa_node {
	unsigned int used;
	void *slots[XA_SLOTS];
};

static unsigned int slot_of(unsigned long index, unsigned int level)
{
	return index >> level * XA_SHIFT & (XA_SLOTS - 1);
}

/* Whether a tree of this height has a place for the index. */
static bool is_within(unsigned int height, unsigned long index)
{
	return height && (height * XA_SHIFT >= BITS_PER_LONG || !(index >> height * XA_SHIFT));
}

void xa_init_flags(struct xarray *xa, gfp_t flags)
{
	kit_lock_init(&xa->xa_lock.dep_map, KIT_SPINLOCK, "xa_lock");
	xa->xa_flags = flags;
	xa->kit_height = 0;
	xa->kit_root = NULL;
}

static void free_tree(struct kit_xa_node *node, unsigned int height)
{
	if (!node)
		return;
	for (unsigned int i = 0; i < XA_SLOTS && height > 1; i++)
		free_tree(node->slots[i], height - 1);
	kit_delete(node, KIT_OTHER, NULL, "xa_destroy()");
}

void xa_destroy(struct xarray *xa)
{
	unsigned long flags;

	spin_lock_irqsave(&xa->xa_lock, flags);
	free_tree(xa->kit_root, xa->kit_height);
	xa->kit_root = NULL;
	xa->kit_height = 0;
	spin_unlock_irqrestore(&xa->xa_lock, flags);
}

bool xa_empty(const struct xarray *xa)
{
	return !READ_ONCE(xa->kit_root);
}

static void *load(struct xarray *xa, unsigned long index)
{
	void *node = xa->kit_root;

	if (!is_within(xa->kit_height, index))
		return NULL;
	for (unsigned int level = xa->kit_height; node && level--;)
		node = ((struct kit_xa_node *)node)->slots[slot_of(index, level)];
	return node;
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	unsigned long flags;
	void *entry;

	spin_lock_irqsave(&xa->xa_lock, flags);
	entry = load(xa, index);
	spin_unlock_irqrestore(&xa->xa_lock, flags);
	return entry;
}

/* Puts the entry, taking what nodes it needs from `spare'; false: one more is needed. */
static bool place(struct xarray *xa, unsigned long index, void *entry, struct kit_xa_node **spare)
{
	struct kit_xa_node *node;

	while (!is_within(xa->kit_height, index)) {
		node = *spare;
		if (!node)
			return false;
		*spare = NULL;
		node->slots[0] = xa->kit_root;
		node->used = xa->kit_root ? 1 : 0;
		/* The first node stands as high as it must; one above another is one higher. */
		do
			xa->kit_height++;
		while (!xa->kit_root && !is_within(xa->kit_height, index));
		WRITE_ONCE(xa->kit_root, node);
	}
	node = xa->kit_root;
	for (unsigned int level = xa->kit_height - 1; level; level--) {
		void **slot = &node->slots[slot_of(index, level)];

		if (!*slot) {
			if (!*spare)
				return false;
			*slot = *spare;
			*spare = NULL;
			node->used++;
		}
		node = *slot;
	}
	node->used += !node->slots[slot_of(index, 0)];
	node->slots[slot_of(index, 0)] = entry;
	return true;
}

/* Takes the entry out, and the nodes that are empty then. */
static void *take(struct xarray *xa, unsigned long index)
{
	struct kit_xa_node *path[BITS_PER_LONG / XA_SHIFT + 1];
	void *entry = load(xa, index), *node = xa->kit_root;

	for (unsigned int level = xa->kit_height; node && level--;) {
		path[level] = node;
		node = path[level]->slots[slot_of(index, level)];
	}
	for (unsigned int level = 0; level < xa->kit_height; level++) {
		if (level == 0 && !entry)
			break;
		path[level]->slots[slot_of(index, level)] = NULL;
		if (--path[level]->used)
			return entry;
		kit_delete(path[level], KIT_OTHER, NULL, "xa_erase()");
		if (level + 1 == xa->kit_height) {
			WRITE_ONCE(xa->kit_root, NULL);
			xa->kit_height = 0;
		}
	}
	return entry;
}

/* A tree that grew for an entry that then found no memory stays without one: cut it back. */
static void prune(struct xarray *xa, struct kit_xa_node **node, unsigned int height)
{
	if (!*node)
		return;
	for (unsigned int i = 0; i < XA_SLOTS && height > 1; i++) {
		struct kit_xa_node *child = (*node)->slots[i];

		if (!child)
			continue;
		prune(xa, &child, height - 1);
		if (!child) {
			(*node)->slots[i] = NULL;
			(*node)->used--;
		}
	}
	if (!(*node)->used) {
		kit_delete(*node, KIT_OTHER, NULL, "xa_store()");
		*node = NULL;
	}
}

enum how {
	REPLACE,
	INSERT
};

/* The entry before, or an error as an entry. */
static void *store(struct xarray *xa, unsigned long index, void *entry, enum how how, gfp_t gfp,
		   const char *where)
{
	struct kit_xa_node *spare = NULL, *root;
	unsigned long flags;
	void *before;

	if (xa_is_err(entry) || ((unsigned long)entry & 3) == 2)
		return kit_xa_mk_err(-EINVAL);
	for (;;) {
		spin_lock_irqsave(&xa->xa_lock, flags);
		before = load(xa, index);
		if (how == INSERT && before) {
			before = kit_xa_mk_err(-EBUSY);
			break;
		}
		if (!entry) {
			take(xa, index);
			break;
		}
		if (place(xa, index, entry, &spare))
			break;
		spin_unlock_irqrestore(&xa->xa_lock, flags);

		spare = kit_new(sizeof(*spare), 8, gfp | __GFP_ZERO, KIT_OTHER, NULL, where);
		if (spare)
			continue;
		spin_lock_irqsave(&xa->xa_lock, flags);
		root = xa->kit_root;
		prune(xa, &root, xa->kit_height);
		WRITE_ONCE(xa->kit_root, root);
		if (!root)
			xa->kit_height = 0;
		before = kit_xa_mk_err(-ENOMEM);
		break;
	}
	spin_unlock_irqrestore(&xa->xa_lock, flags);
	if (spare)
		kit_delete(spare, KIT_OTHER, NULL, "xa_store()");
	return before;
}

void *kit_xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp,
		   const char *where)
{
	return store(xa, index, entry, REPLACE, gfp, where);
}

int kit_xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp, const char *where)
{
	return xa_err(store(xa, index, entry, INSERT, gfp, where));
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	unsigned long flags;
	void *entry;

	spin_lock_irqsave(&xa->xa_lock, flags);
	entry = take(xa, index);
	spin_unlock_irqrestore(&xa->xa_lock, flags);
	return entry;
}

int kit_xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp,
		 const char *where)
{
	u32 index = limit.min;

	if (!(xa->xa_flags & XA_FLAGS_ALLOC)) {
		kit_warn(where, "xa_alloc() from an array that is not for it");
		return -EINVAL;
	}
	if (!index && (xa->xa_flags & XA_FLAGS_ALLOC1) == XA_FLAGS_ALLOC1)
		index = 1;
	for (;; index++) {
		int error;

		if (index > limit.max)
			return -EBUSY;
		error = kit_xa_insert(xa, index, entry, gfp, where);
		if (error != -EBUSY) {
			if (!error)
				*id = index;
			return error;
		}
		if (index == limit.max)
			return -EBUSY;
	}
}

/* The lowest entry at `from' or above; `base' is the index of the node's first. */
static void *find(const struct kit_xa_node *node, unsigned int height, unsigned long base,
		  unsigned long from, unsigned long *index)
{
	for (unsigned int i = from > base ? slot_of(from, height - 1) : 0; i < XA_SLOTS; i++) {
		unsigned long at = base + ((unsigned long)i << (height - 1) * XA_SHIFT);
		void *found = node->slots[i];

		if (found && height > 1)
			found = find(found, height - 1, at, from, index);
		else if (found)
			*index = at;
		if (found)
			return found;
	}
	return NULL;
}

void *kit_xa_find(struct xarray *xa, unsigned long *index, unsigned long max)
{
	unsigned long flags, at = *index;
	void *entry = NULL;

	spin_lock_irqsave(&xa->xa_lock, flags);
	if (is_within(xa->kit_height, at))
		entry = find(xa->kit_root, xa->kit_height, 0, at, &at);
	spin_unlock_irqrestore(&xa->xa_lock, flags);
	if (!entry || at > max)
		return NULL;
	*index = at;
	return entry;
}

void *kit_xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max)
{
	unsigned long after = *index + 1;
	void *entry;

	if (!after)
		return NULL;
	entry = kit_xa_find(xa, &after, max);
	if (entry)
		*index = after;
	return entry;
}
