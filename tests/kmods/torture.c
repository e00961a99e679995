// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Structures that are hard to write again from their BTF, in which attributes have left no trace
 * but offsets. tests/kmods/check-types lets the generator of nvme-core's types do it. What gcc 12 puts
 * wrongly into BTF is not here: negative and large enumerators, the order of two dimensions.
 */
#include <stdbool.h>
#include <stdint.h>

#define aligned(n) __attribute__((aligned(n)))
#define packed	   __attribute__((packed))

struct request_queue;
struct never_defined;

/* The generator insists on seeing nvme-core's. */
struct nvme_ctrl {
	struct request_queue *admin_q;
};

struct bits {
	bool first;
	uint32_t one : 1;
	uint32_t three : 3;
	uint32_t : 5;
	uint32_t seven : 7;
	uint8_t byte;
	uint16_t nine : 9, nine_more : 9;
	uint64_t forty : 40;
	uint64_t thirty : 30;
	int : 0;
	int negative : 2;
};

struct hole_before_bits {
	uint8_t a;
	uint32_t : 12;
	uint32_t late : 4;
	uint8_t b;
};

struct packed_plain {
	uint8_t a;
	uint64_t b;
	uint16_t c;
} packed;

struct packed_bits {
	uint8_t a;
	uint32_t b : 20;
	uint32_t c : 4;
	uint64_t d;
} packed;

struct padded_packed {
	uint8_t a;
	uint32_t b;
	uint16_t c;
} packed aligned(4);

struct cache_lines {
	uint32_t a;
	uint32_t b aligned(64);
	uint8_t c aligned(64);
};

struct end_aligned {
	uint32_t a;
} aligned(128);

struct holds_aligned {
	uint8_t a;
	struct cache_lines lines;
	struct end_aligned end[2];
	struct packed_plain inner;
	uint8_t tail;
};

struct nameless {
	int a;
	union {
		struct {
			uint8_t low, high;
			union {
				uint64_t deep;
				void (*call)(struct nameless *me, int (*table[3])(void));
			};
		};
		uint16_t both;
	};
	struct {
		uint16_t x, y[3];
	} point[4], *pointer;
	enum {
		NAMELESS_ONE = 1,
		NAMELESS_BIG = 0x7fffffff
	} kind;
};

enum small {
	SMALL_A,
	SMALL_B = 200
} packed;
enum plain {
	PLAIN_A = 3,
	PLAIN_B = 5
};
typedef enum plain plain_t;
typedef int (*callback_t)(const struct nameless *const *list, plain_t n, ...);
typedef struct {
	callback_t call;
	volatile const char *const text[2];
} nameless_t;

struct pointers {
	struct never_defined *nothing;
	struct pointers *me;
	struct only_pointed_at *other;
	int (*(*returns_pointer_to_array)(void))[4];
	void (*(*returns_function)(int))(long);
	const volatile int *const restrict qualified;
	const uint8_t constant[5];
	int matrix[3][3];
	nameless_t by_typedef;
	enum small small;
	enum plain plain;
};

struct only_pointed_at {
	struct pointers by_value;
};

struct empty {
};

struct nameless_sizes {
	enum {
		TINY_ONE = 1,
		TINY_BIG = 200
	} packed tiny;
	enum {
		SHORT_ONE = 1,
		SHORT_BIG = 60000
	} packed two_bytes[3];
	uint8_t next;
};

/* So many names that turn up only while this is written must not move what is known already. */
/* clang-format off */
#define FAR(n)	    struct far_##n *to_##n;
#define FAR_10(n)   FAR(n##0) FAR(n##1) FAR(n##2) FAR(n##3) FAR(n##4) \
		    FAR(n##5) FAR(n##6) FAR(n##7) FAR(n##8) FAR(n##9)
#define FAR_100(n)  FAR_10(n##0) FAR_10(n##1) FAR_10(n##2) FAR_10(n##3) FAR_10(n##4) \
		    FAR_10(n##5) FAR_10(n##6) FAR_10(n##7) FAR_10(n##8) FAR_10(n##9)

struct many_undeclared {
	FAR_100(1) FAR_100(2) FAR_100(3) FAR_100(4)
};
/* clang-format on */

struct flexible {
	uint32_t count;
	struct empty empty;
	struct pointers *tail[];
};

struct flexible_inside {
	int a;
	uint64_t none[0];
	int b;
	union {
		struct {
			struct empty e;
			uint16_t flex[];
		};
	};
};

/* Variables of all of these, and one function, follow: see check-types. */
