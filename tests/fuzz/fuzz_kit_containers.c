// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stand-ins of xarray and of bitmaps, driven by a program of three bytes a step, against arrays
 * that are searched from end to end. Memory may run out at any allocation.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kit/kit.h>
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/xarray.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                \
	do {                                                           \
		if (!(condition)) {                                    \
			fprintf(stderr, "not true: %s\n", #condition); \
			abort();                                       \
		}                                                      \
	} while (0)

enum {
	SLOTS = 64,
	BITS = 200
};

/* What the array must hold: pairs in no order; an entry of NULL is a free place. */
static struct {
	unsigned long index;
	void *entry;
} model[SLOTS];

static void **model_find(unsigned long index)
{
	for (int i = 0; i < SLOTS; i++)
		if (model[i].entry && model[i].index == index)
			return &model[i].entry;
	return NULL;
}

static void model_set(unsigned long index, void *entry)
{
	void **found = model_find(index);

	for (int i = 0; !found && i < SLOTS; i++) {
		if (!model[i].entry) {
			model[i].index = index;
			found = &model[i].entry;
		}
	}
	*found = entry;
}

/* The first at `index' or above. */
static void *model_next(unsigned long *index)
{
	void *entry = NULL;
	unsigned long best = 0;

	for (int i = 0; i < SLOTS; i++) {
		if (model[i].entry && model[i].index >= *index &&
		    (!entry || model[i].index < best)) {
			entry = model[i].entry;
			best = model[i].index;
		}
	}
	if (entry)
		*index = best;
	return entry;
}

/* Near the beginning, near the borders of nodes, and near the end. */
static unsigned long make_index(u8 byte)
{
	unsigned long low = byte & 7, shift = (byte >> 3 & 15) * 6;
	unsigned long base = shift < 64 ? 1ul << shift : 0;

	return byte & 128 ? base - 4 + low : base + low;
}

static void check_all(struct xarray *array)
{
	unsigned long index, from = 0;
	void *entry, *must;

	xa_for_each(array, index, entry) {
		must = model_next(&from);
		MUST(must == entry && from == index);
		MUST(xa_load(array, index) == entry);
		if (from == ULONG_MAX)
			return;
		from++;
	}
	MUST(!model_next(&from));
}

static void step_array(struct xarray *array, u8 how, unsigned long index, int count)
{
	void **found = model_find(index), *entry = xa_mk_value(count), *was = found ? *found : NULL;
	int error;
	u32 id;

	switch (how % 5) {
	case 0:
		MUST(xa_load(array, index) == was);
		break;
	case 1:
		was = xa_store(array, index, entry, GFP_KERNEL);
		if (xa_is_err(was)) {
			MUST(xa_err(was) == -ENOMEM && kit_allocation_failed());
			MUST(xa_load(array, index) == (found ? *found : NULL));
			break;
		}
		MUST(was == (found ? *found : NULL));
		model_set(index, entry);
		break;
	case 2:
		MUST(xa_erase(array, index) == was);
		if (found)
			*found = NULL;
		break;
	case 3:
		error = xa_insert(array, index, entry, GFP_KERNEL);
		MUST(found ? error == -EBUSY
			   : !error || (error == -ENOMEM && kit_allocation_failed()));
		if (!error)
			model_set(index, entry);
		break;
	case 4:
		error = xa_alloc(array, &id, entry, XA_LIMIT(index & 0xff, (index & 0xff) + 3),
				 GFP_KERNEL);
		if (error)
			break;
		for (u32 i = index & 0xff; i < id; i++)
			MUST(model_find(i));
		MUST(!model_find(id) && id - (index & 0xff) <= 3);
		model_set(id, entry);
	}
}

static void step_bits(unsigned long *map, bool *must, u8 how, unsigned int a, unsigned int b)
{
	unsigned int bit;

	switch (how % 4) {
	case 0:
	case 1:
		if (a > b)
			swap(a, b);
		if (how % 4)
			bitmap_set(map, a, b - a);
		else
			bitmap_clear(map, a, b - a);
		for (bit = a; bit < b; bit++)
			must[bit] = how % 4;
		break;
	case 2:
		for (bit = a; bit < BITS && !must[bit]; bit++)
			;
		MUST(find_next_bit(map, BITS, a) == bit);
		for (bit = a; bit < BITS && must[bit]; bit++)
			;
		MUST(find_next_zero_bit(map, BITS, a) == bit);
		break;
	case 3:
		MUST(test_and_change_bit(a, map) == must[a]);
		must[a] = !must[a];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xarray array;
	DECLARE_BITMAP(map, BITS) = {};
	bool must[BITS] = {};
	unsigned int weight = 0;

	xa_init_flags(&array, XA_FLAGS_ALLOC);
	memset(model, 0, sizeof(model));
	/* The model holds one entry a step. */
	for (int step = 0; step < SLOTS && size >= 3; step++, data += 3, size -= 3) {
		if (data[0] & 64)
			kit_fail_allocation(data[0] >> 4 & 3);
		if (data[0] & 128)
			step_bits(map, must, data[0], data[1] % BITS, data[2] % BITS);
		else
			step_array(&array, data[0] & 7, make_index(data[1]), step + 1);
		check_all(&array);
	}
	for (int bit = 0; bit < BITS; bit++) {
		MUST(test_bit(bit, map) == must[bit]);
		weight += must[bit];
	}
	MUST(bitmap_weight(map, BITS) == weight);
	MUST(xa_empty(&array) == !model_next(&(unsigned long){ 0 }));
	xa_destroy(&array);
	MUST(kit_allocated() == 0);
	return 0;
}
