/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: sets of processors. There are as many as a test says (kit_set_cpus(), 4). */
#ifndef KIT_LINUX_CPUMASK_H
#define KIT_LINUX_CPUMASK_H

#include <linux/bitmap.h>

#define NR_CPUS 64

typedef struct cpumask {
	unsigned long bits[BITS_TO_LONGS(NR_CPUS)];
} cpumask_t;
typedef struct cpumask *cpumask_var_t;

extern unsigned int nr_cpu_ids;
extern struct cpumask kit_online;

#define cpu_online_mask	   ((const struct cpumask *)&kit_online)
#define num_online_cpus()  cpumask_weight(cpu_online_mask)
#define cpu_online(cpu)	   cpumask_test_cpu(cpu, cpu_online_mask)
#define cpumask_bits(mask) ((mask)->bits)

static inline void cpumask_set_cpu(unsigned int cpu, struct cpumask *mask)
{
	set_bit(cpu, mask->bits);
}

static inline void cpumask_clear_cpu(int cpu, struct cpumask *mask)
{
	clear_bit(cpu, mask->bits);
}

static inline bool cpumask_test_cpu(int cpu, const struct cpumask *mask)
{
	return test_bit(cpu, mask->bits);
}

static inline void cpumask_clear(struct cpumask *mask)
{
	bitmap_zero(mask->bits, NR_CPUS);
}

static inline void cpumask_copy(struct cpumask *to, const struct cpumask *from)
{
	*to = *from;
}

static inline bool cpumask_empty(const struct cpumask *mask)
{
	return bitmap_empty(mask->bits, nr_cpu_ids);
}

static inline bool cpumask_and(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_and(to->bits, a->bits, b->bits, nr_cpu_ids);
}

static inline bool cpumask_subset(const struct cpumask *inner, const struct cpumask *outer)
{
	return bitmap_subset(inner->bits, outer->bits, nr_cpu_ids);
}

static inline unsigned int cpumask_weight(const struct cpumask *mask)
{
	return bitmap_weight(mask->bits, nr_cpu_ids);
}

/* nr_cpu_ids or more: there is none. */
static inline unsigned int cpumask_first(const struct cpumask *mask)
{
	return find_first_bit(mask->bits, nr_cpu_ids);
}

static inline unsigned int cpumask_next(int cpu, const struct cpumask *mask)
{
	return find_next_bit(mask->bits, nr_cpu_ids, cpu + 1);
}

static inline int cpulist_parse(const char *text, struct cpumask *mask)
{
	return bitmap_parselist(text, mask->bits, nr_cpu_ids);
}

#define for_each_cpu(cpu, mask) \
	for ((cpu) = cpumask_first(mask); (cpu) < nr_cpu_ids; (cpu) = cpumask_next((cpu), (mask)))
#define for_each_online_cpu(cpu) for_each_cpu(cpu, cpu_online_mask)

bool kit_alloc_cpumask(cpumask_var_t *mask, gfp_t gfp, const char *where);
#define alloc_cpumask_var(mask, gfp)  kit_alloc_cpumask(mask, gfp, KIT_HERE)
#define zalloc_cpumask_var(mask, gfp) kit_alloc_cpumask(mask, (gfp) | __GFP_ZERO, KIT_HERE)
void free_cpumask_var(cpumask_var_t mask);

#endif
