/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For test_kit.c: things done in a process of their own, and how that process must end. */
#ifndef KIT_CASES_H
#define KIT_CASES_H

#include <linux/types.h>

#define ASAN 1u
#define TSAN 2u
#define BOTH (ASAN | TSAN)
/* Not in a test: no kit_begin() and kit_end() around it. */
#define BARE 4u

struct kit_child {
	const char *name;
	unsigned int flags;
	const char *words;
	void (*run)(void);
};

/* `words' is what must be said before it fails, with * for anything; NULL: it must not fail. */
#define CASE(case_name, case_flags, case_words)                                                 \
	static void case_##case_name(void);                                                     \
	static const struct kit_child child_##case_name = { #case_name, case_flags, case_words, \
							    case_##case_name };                 \
	static const struct kit_child *const pointer_to_##case_name                             \
		__attribute__((__used__, __section__("kit_children"))) = &child_##case_name;    \
	static void case_##case_name(void)

extern volatile long kit_cases_sink;
extern void *kit_cases_leaked;
void *kit_cases_fresh_object(void);

int kit_cases_main(int argc, char **argv, const struct CMUnitTest *tests, size_t n);

#endif
