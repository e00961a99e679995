/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a test can do to the stand-in kernel: hold its clock, starve it of memory, expect its
 * complaints. Tests in cmocka begin with kit/cmocka.h, which uses kit_begin() and kit_end().
 */
#ifndef KIT_KIT_H
#define KIT_KIT_H

#include <linux/types.h>

struct task_struct;

/* A test begins: nothing is expected, nothing fails, the clock is the machine's. */
void kit_begin(void);
/*
 * A test ends: NULL, or what is wrong with it. A WARN that nobody expected, one that was expected
 * and did not come, memory not freed, a thread not stopped, a lock not released.
 */
const char *kit_end(void);

/* One WARN with these words in it is due. */
void kit_expect_warn(const char *words);
/* WARNs since the beginning, expected or not. */
unsigned int kit_warnings(void);
/* What was printed since the beginning, the last 64 KiB of it. */
const char *kit_log(void);

/* The n-th allocation from now (0: the next) fails, and only that one. */
void kit_fail_allocation(unsigned int n);
/* Whether it has come to that. */
bool kit_allocation_failed(void);
/* How many blocks are allocated. */
size_t kit_allocated(void);

/*
 * The block that follows is run again and again: at first its first allocation fails, then its
 * second, and so on until it has no more of them; in the last round nothing fails, and
 * kit_allocation_failed() is false. Each round must free what it allocates.
 */
#define kit_for_each_allocation_failure() for (kit_walk_begin(); kit_walk_next(__FILE__, __LINE__);)
void kit_walk_begin(void);
bool kit_walk_next(const char *file, int line);

/*
 * The clock in the hands of the calling thread: time stands still while that thread runs, but for
 * what it advances. While it sleeps, or waits for others, time goes by itself to the next moment
 * that any thread sleeps for, as soon as all threads sleep. (One that spins holds each step up for
 * a real second.)
 */
void kit_clock_hold(u64 ns);
void kit_clock_advance(u64 ns);
void kit_clock_release(void);
/* Wait, without any time passing, until every thread sleeps. */
void kit_settle(void);

/* What is done in between is an interrupt handler. */
void kit_irq_enter(void);
void kit_irq_exit(void);

/* A signal for a thread that sleeps interruptibly, NULL: for the calling one; and none any more. */
void kit_signal(struct task_struct *task);
void kit_signal_clear(void);

void kit_random_seed(u64 seed);
void kit_set_cpus(unsigned int n);

#endif
