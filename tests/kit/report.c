// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the stand-in kernel says, and what a test makes of it: the log, WARN and BUG, and the
 * beginning and end of a test.
 */
#include "private.h"

#include <linux/spinlock.h>

static struct {
	bool in_test;
	unsigned int warnings;
	unsigned int unexpected;
	char first[512];
	unsigned int expected_count;
	struct {
		char words[120];
		bool came;
	} expected[16];
	char log[64 << 10];
	size_t log_length;
} books;

static int books_word;
static char verdict[2048];

KIT_HIDDEN void kit_books_lock(void)
{
	while (__atomic_exchange_n(&books_word, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

KIT_HIDDEN void kit_books_unlock(void)
{
	__atomic_store_n(&books_word, 0, __ATOMIC_RELEASE);
}

/* In every sanitizer's runtime library, and nowhere else. */
__attribute__((__weak__)) void __sanitizer_print_stack_trace(void);

void kit_stack_trace(void)
{
	if (__sanitizer_print_stack_trace)
		__sanitizer_print_stack_trace();
}

/* strlen(), strstr() and their like belong to the sanitizer; these do not. */
static KIT_HIDDEN bool has_words(const char *text, const char *words)
{
	for (; *text; text++) {
		const char *t = text, *w = words;

		while (*w && *t == *w)
			t++, w++;
		if (!*w)
			return true;
	}
	return !*words;
}

static KIT_HIDDEN void copy_text(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i]; i++)
		to[i] = from[i];
	to[i] = '\0';
}

static KIT_HIDDEN void write_log(const char *text)
{
	kit_books_lock();
	if (books.log_length > sizeof(books.log) - 2048) {
		size_t kept = sizeof(books.log) / 2;

		for (size_t i = 0; i < kept; i++)
			books.log[i] = books.log[books.log_length - kept + i];
		books.log_length = kept;
	}
	for (size_t i = 0; i < 1024 && text[i]; i++)
		books.log[books.log_length++] = text[i];
	books.log[books.log_length] = '\0';
	kit_books_unlock();
}

int vprintk(const char *format, va_list args)
{
	char text[1024];
	char *start = text;
	int n = kit_vsnprintf(text, sizeof(text), format, args);

	if (text[0] == KERN_SOH[0] && text[1])
		start += 2;
	write_log(start);
	fputs(start, stderr);
	return n;
}

int kit_printk(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vprintk(format, args);
	va_end(args);
	return n;
}

static KIT_HIDDEN bool note_warning(const char *text)
{
	bool expected = false;

	kit_books_lock();
	books.warnings++;
	for (unsigned int i = 0; i < books.expected_count && !expected; i++) {
		if (!books.expected[i].came && has_words(text, books.expected[i].words))
			expected = books.expected[i].came = true;
	}
	if (!expected && books.unexpected++ == 0)
		copy_text(books.first, text, sizeof(books.first));
	kit_books_unlock();
	return expected;
}

void kit_warn(const char *where, const char *format, ...)
{
	char text[400], line[512];
	bool expected;
	va_list args;

	va_start(args, format);
	kit_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kit_snprintf(line, sizeof(line), "%s: %s", where, text);

	expected = note_warning(line);
	kit_printk("WARNING%s: %s\n", expected ? " (expected)" : "", line);
	if (expected)
		return;
	kit_stack_trace();
	if (!books.in_test)
		abort();
}

void kit_bug(const char *where, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	kit_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kit_printk("BUG: %s: %s\n", where, text);
	kit_stack_trace();
	abort();
}

/* Where the linker put what is done once. */
extern bool __start_kit_once[] __attribute__((__weak__));
extern bool __stop_kit_once[] __attribute__((__weak__));

static KIT_HIDDEN void forget(void)
{
	kit_books_lock();
	books.in_test = true;
	books.warnings = books.unexpected = books.expected_count = 0;
	books.log_length = 0;
	books.log[0] = '\0';
	for (bool *once = __start_kit_once; once != __stop_kit_once; once++)
		*once = false;
	kit_books_unlock();
}

void kit_begin(void)
{
	forget();
	kit_context_reset();
	kit_task_begin();
	kit_memory_begin();
	kit_random_seed(1);
	kit_set_cpus(4);
}

void kit_expect_warn(const char *words)
{
	kit_books_lock();
	if (books.expected_count == ARRAY_SIZE(books.expected))
		abort();
	copy_text(books.expected[books.expected_count].words, words,
		  sizeof(books.expected[0].words));
	books.expected[books.expected_count++].came = false;
	kit_books_unlock();
}

unsigned int kit_warnings(void)
{
	return __atomic_load_n(&books.warnings, __ATOMIC_RELAXED);
}

const char *kit_log(void)
{
	return books.log;
}

const char *kit_end(void)
{
	const char *lock = kit_held_within(NULL, SIZE_MAX);
	unsigned int threads = kit_threads();
	size_t left;

	kit_clock_release();
	kit_reap_threads();
	books.in_test = false;
	if (books.unexpected) {
		snprintf(verdict, sizeof(verdict), "%u unexpected WARN, first %s", books.unexpected,
			 books.first);
		return verdict;
	}
	for (unsigned int i = 0; i < books.expected_count; i++) {
		if (books.expected[i].came)
			continue;
		snprintf(verdict, sizeof(verdict), "an expected WARN did not come: %s",
			 books.expected[i].words);
		return verdict;
	}
	if (lock) {
		snprintf(verdict, sizeof(verdict), "a lock is still held: %s", lock);
		return verdict;
	}
	if (kit_self.atomic || kit_self.irqs_off || kit_self.in_irq)
		return "preemption or interrupts are still off";
	if (threads) {
		snprintf(verdict, sizeof(verdict), "%u kernel threads were not stopped", threads);
		return verdict;
	}
	left = snprintf(verdict, sizeof(verdict), "memory was not freed:");
	return kit_leftovers(verdict + left, sizeof(verdict) - left) ? verdict : NULL;
}
