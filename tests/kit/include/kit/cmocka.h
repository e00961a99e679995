/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests in cmocka that use the kit: kit_test(name) in place of cmocka_unit_test(name). */
#ifndef KIT_CMOCKA_H
#define KIT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <kit/kit.h>

/* A test that failed left its traces; only of one that did not they say something. */
static inline void kit_run_case(void **state)
{
	CMUnitTestFunction run = (CMUnitTestFunction)*state;
	const char *wrong;

	kit_begin();
	*state = NULL;
	run(state);
	wrong = kit_end();
	if (wrong)
		fail_msg("%s", wrong);
}

#define kit_test(function)                                              \
	{                                                               \
#function, kit_run_case, NULL, NULL, (void *)(function) \
	}

#endif
