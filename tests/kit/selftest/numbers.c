// SPDX-License-Identifier: GPL-2.0-only
/* Types, bits and arithmetic. linux/unaligned.h has two names in the matrix; the build includes it. */
#include <asm/byteorder.h>
#include <asm/page.h>
#include <linux/align.h>
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/const.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/crc-t10dif.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/stringify.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "selftest.h"

static_assert(sizeof(u8) == 1 && sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8);
static_assert(sizeof(__le16) == 2 && sizeof(__le32) == 4 && sizeof(__le64) == 8);
static_assert(sizeof(dma_addr_t) == 8 && sizeof(phys_addr_t) == 8 && sizeof(sector_t) == 8);
static_assert((s8)-1 < 0 && (s16)-1 < 0 && (s32)-1 < 0 && (s64)-1 < 0);
static_assert(sizeof(size_t) == sizeof(long) && sizeof(loff_t) == 8, "the machine is x86-64");
static_assert(GENMASK(7, 4) == 0xf0 && GENMASK_ULL(63, 0) == U64_MAX);
static_assert(ilog2(4096) == 12, "logarithms of constants are constants");

static unsigned int a_number = 7;
module_param(a_number, uint, 0444);
MODULE_PARM_DESC(a_number, "not used");

struct sample {
	u8 first;
	__le32 second;
	u16 third;
} __packed;

struct flexible {
	u32 n;
	u64 items[];
};

static int types_and_limits(void)
{
	struct sample sample = {};
	u16 *third = &sample.third;

	BUILD_BUG_ON(sizeof(struct sample) != 7);
	BUILD_BUG_ON(offsetof(struct sample, second) != 1);
	BUILD_BUG_ON(offsetofend(struct sample, second) != 5);
	BUILD_BUG_ON(sizeof_field(struct sample, third) != 2);
	EXPECT(container_of(third, struct sample, third) == &sample);
	EXPECT(U8_MAX == 255 && U16_MAX == 65535 && U32_MAX == 4294967295u && U64_MAX == ~0ull);
	EXPECT(S8_MIN == -128 && S16_MIN == -32768 && S32_MAX == INT_MAX && S64_MAX == LLONG_MAX);
	EXPECT(SIZE_MAX == ULONG_MAX);
	EXPECT(ARRAY_SIZE(((u16[]){ 1, 2, 3 })) == 3);
	EXPECT(SZ_4K == PAGE_SIZE && SZ_1G == 1u << 30 && PAGE_SIZE == 1ul << PAGE_SHIFT);
	EXPECT(upper_32_bits(0x123456789abcdef0ull) == 0x12345678);
	EXPECT(lower_32_bits(0x123456789abcdef0ull) == 0x9abcdef0);
	EXPECT(upper_16_bits(0x12345678u) == 0x1234 && lower_16_bits(0x12345678u) == 0x5678);
	EXPECT(!strcmp(__stringify(PAGE_SHIFT), "12"));
	EXPECT(L1_CACHE_ALIGN(1) == SMP_CACHE_BYTES && SMP_CACHE_BYTES == 64);
	WRITE_ONCE(a_number, 7);
	EXPECT(READ_ONCE(a_number) == 7);
	WRITE_ONCE(a_number, 8);
	EXPECT(a_number == 8 && likely(a_number) && !unlikely(!a_number));
	EXPECT(UL(1) << 40 == 0x10000000000 && ULL(3) == 3);
	return 0;
}

static int byte_order(void)
{
	u8 bytes[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	__le32 le = cpu_to_le32(0x01020304);
	__be32 be = cpu_to_be32(0x01020304);

	EXPECT(*(u8 *)&le == 4 && *(u8 *)&be == 1);
	EXPECT(le32_to_cpu(le) == 0x01020304 && be32_to_cpu(be) == 0x01020304);
	EXPECT(le16_to_cpu(cpu_to_le16(0x0102)) == 0x0102);
	EXPECT(le64_to_cpu(cpu_to_le64(0x0102030405060708)) == 0x0102030405060708);
	EXPECT(be64_to_cpu(cpu_to_be64(1)) == 1 && be16_to_cpu(cpu_to_be16(1)) == 1);
	EXPECT(swab16(0x0102) == 0x0201 && swab32(1) == 0x01000000 && swab64(1) == 1ull << 56);
	le32_add_cpu(&le, 1);
	EXPECT(le32_to_cpup(&le) == 0x01020305);

	EXPECT(get_unaligned_le16(bytes + 1) == 0x0201);
	EXPECT(get_unaligned_le32(bytes + 1) == 0x04030201);
	EXPECT(get_unaligned_le64(bytes + 1) == 0x0807060504030201);
	EXPECT(get_unaligned_be16(bytes + 1) == 0x0102);
	EXPECT(get_unaligned_be32(bytes + 1) == 0x01020304);
	EXPECT(get_unaligned_be64(bytes + 1) == 0x0102030405060708);
	EXPECT(get_unaligned((u32 *)(bytes + 3)) == 0x06050403);
	put_unaligned_le32(0xa0b0c0d0, bytes + 3);
	EXPECT(bytes[2] == 2 && bytes[3] == 0xd0 && bytes[6] == 0xa0 && bytes[7] == 7);
	put_unaligned_be16(0x1122, bytes + 1);
	EXPECT(bytes[1] == 0x11 && bytes[2] == 0x22);
	put_unaligned_le64(5, bytes + 1);
	EXPECT(get_unaligned_le64(bytes + 1) == 5 && bytes[0] == 0);
	put_unaligned((u16)0x3344, (u16 *)(bytes + 5));
	EXPECT(bytes[5] == 0x44 && bytes[6] == 0x33);
	return 0;
}

static int rounding(void)
{
	u32 x = 4097;
	int negative = -7;

	EXPECT(round_up(x, 4096) == 8192 && round_down(x, 4096) == 4096 &&
	       round_up(8192, 4096) == 8192);
	EXPECT(roundup(10, 3) == 12 && rounddown(10, 3) == 9 && roundup(9, 3) == 9);
	EXPECT(ALIGN(x, 8) == 4104 && ALIGN_DOWN(x, 8) == 4096);
	EXPECT(IS_ALIGNED(4096ul, 512) && !IS_ALIGNED(x, 2));
	EXPECT(ALIGN(5ull, 1u << 31) == 1ull << 31);
	EXPECT(PTR_ALIGN((u8 *)9, 8) == (u8 *)16);
	EXPECT(DIV_ROUND_UP(10, 3) == 4 && DIV_ROUND_UP(9, 3) == 3);
	EXPECT(DIV_ROUND_UP_ULL(10ull, 3) == 4);
	EXPECT(DIV_ROUND_CLOSEST(10, 4) == 3 && DIV_ROUND_CLOSEST(9, 4) == 2);
	EXPECT(DIV_ROUND_CLOSEST(negative, 2) == -4 && DIV_ROUND_CLOSEST(7u, 2u) == 4);
	EXPECT(mult_frac(1000000007u, 3, 7) == 428571431);
	EXPECT(abs(negative) == 7 && abs(-5ll) == 5);
	EXPECT(int_sqrt(0) == 0 && int_sqrt(15) == 3 && int_sqrt(16) == 4 &&
	       int_sqrt(1ul << 40) == 1 << 20);
	EXPECT(PAGE_ALIGN(1ul) == PAGE_SIZE && PAGE_ALIGNED(PAGE_SIZE) &&
	       offset_in_page(4099ul) == 3);
	EXPECT(get_order(1) == 0 && get_order(PAGE_SIZE) == 0 && get_order(PAGE_SIZE + 1) == 1);
	return 0;
}

static int smaller_and_larger(void)
{
	u32 a = 3, b = 5, zero = 0, large = 256;
	u8 evaluated = 0;

	EXPECT(min(a, b) == 3 && max(a, b) == 5 && min3(b, a, 4u) == 3 && max3(a, 4u, b) == 5);
	EXPECT(min_t(u8, large, 3) == 0 && max_t(s64, -1, a) == 3);
	EXPECT(clamp(7u, a, b) == 5 && clamp(1u, a, b) == 3 && clamp(4u, a, b) == 4);
	EXPECT(clamp_t(int, -1, 0, 9) == 0 && clamp_val(a, 4, 9) == 4);
	EXPECT(min_not_zero(zero, a) == 3 && min_not_zero(b, a) == 3);
	EXPECT(min(a, 4) == 3 && max(2, a) == 3 && min((size_t)7, b) == 5 && max((u8)3, 4) == 4);
	EXPECT(min(ULLONG_MAX, a) == 3 && max(a, U64_MAX) == U64_MAX);
	EXPECT(max(evaluated++, (u8)0) == 0 && evaluated == 1);
	swap(a, b);
	EXPECT(a == 5 && b == 3);
	return 0;
}

static int long_division(void)
{
	u64 n = 1000000000000000003ull, rest64;
	u32 rest;

	EXPECT(div_u64(n, 1000) == 1000000000000000ull);
	EXPECT(div_u64_rem(n, 1000, &rest) == 1000000000000000ull && rest == 3);
	EXPECT(div64_u64(n, n - 1) == 1 && div64_u64_rem(n, n - 1, &rest64) == 1 && rest64 == 1);
	EXPECT(div_s64(-7, 2) == -3 && div64_s64(7, -2) == -3);
	EXPECT(do_div(n, 10) == 3 && n == 100000000000000000ull);
	EXPECT(DIV64_U64_ROUND_UP(10ull, 3) == 4);
	EXPECT(mul_u32_u32(U32_MAX, U32_MAX) == 0xfffffffe00000001ull);
	EXPECT(mul_u64_u32_shr(1ull << 40, 1u << 31, 32) == 1ull << 39);
	EXPECT(mul_u64_u64_shr(1ull << 60, 1ull << 60, 64) == 1ull << 56);
	EXPECT(mul_u64_u32_div(1ull << 62, 6, 3) == 1ull << 63);
	EXPECT(mul_u64_u64_div_u64(1ull << 62, 1000, 2000) == 1ull << 61);
	return 0;
}

static int overflow(void)
{
	struct flexible *p = NULL;
	size_t huge = SIZE_MAX / 4, n;
	u8 small;
	int i;

	EXPECT(!check_add_overflow((u8)200, (u8)55, &small) && small == 255);
	EXPECT(check_add_overflow((u8)200, (u8)56, &small) && small == 0);
	EXPECT(check_sub_overflow((u8)1, (u8)2, &small));
	EXPECT(check_mul_overflow(1 << 20, 1 << 20, &i));
	EXPECT(!check_mul_overflow((size_t)6, (size_t)7, &n) && n == 42);
	EXPECT(size_add(1, 2) == 3 && size_add(SIZE_MAX, 1) == SIZE_MAX);
	EXPECT(size_mul(3, 4) == 12 && size_mul(huge, 8) == SIZE_MAX);
	EXPECT(size_sub(5, 3) == 2 && size_sub(3, 5) == SIZE_MAX);
	EXPECT(array_size(huge, 5) == SIZE_MAX && array3_size(2, 3, 4) == 24);
	n = 3;
	EXPECT(struct_size(p, items, n) == 32 && flex_array_size(p, items, n) == 24);
	EXPECT(struct_size(p, items, huge) == SIZE_MAX);
	return 0;
}

static int fields(void)
{
	u32 reg = 0;

	EXPECT(FIELD_GET(GENMASK(11, 4), 0xabcdu) == 0xbc);
	reg |= FIELD_PREP(GENMASK(19, 16), 5);
	EXPECT(reg == 0x50000 && FIELD_MAX(GENMASK(19, 16)) == 15);
	EXPECT(FIELD_FIT(GENMASK(19, 16), 15) && !FIELD_FIT(GENMASK(19, 16), 16));
	EXPECT(FIELD_GET(GENMASK_ULL(47, 32), 0x123456789abcull << 16) == 0x5678);
	EXPECT(BIT(3) == 8 && BIT_ULL(40) == 1ull << 40 && BIT_MASK(65) == 2 && BIT_WORD(65) == 1);
	EXPECT(BITS_TO_LONGS(65) == 2 && BITS_PER_TYPE(u16) == 16);
	return 0;
}

static int logarithms(void)
{
	volatile unsigned long n = 5;

	EXPECT(ilog2(n) == 2 && ilog2(1ull << 40) == 40);
	EXPECT(is_power_of_2(64) && !is_power_of_2(65) && !is_power_of_2(0));
	EXPECT(roundup_pow_of_two(n) == 8 && rounddown_pow_of_two(n) == 4);
	EXPECT(roundup_pow_of_two(1) == 1 && roundup_pow_of_two(64) == 64);
	EXPECT(order_base_2(1) == 0 && order_base_2(n) == 3 && order_base_2(8) == 3);
	EXPECT(fls(0) == 0 && fls(1) == 1 && fls(0x80000000) == 32 && fls64(1ull << 63) == 64);
	EXPECT(__ffs(8) == 3 && __fls(9) == 3 && ffz(7) == 3);
	EXPECT(hweight8(0xff) == 8 && hweight16(0x101) == 2 && hweight32(U32_MAX) == 32);
	EXPECT(hweight64(U64_MAX) == 64 && hweight_long(5) == 2 && fls_long(4) == 3);
	EXPECT(rol32(0x80000001, 1) == 3 && ror32(3, 1) == 0x80000001 && rol64(1, 64) == 1);
	return 0;
}

static int bits_in_words(void)
{
	DECLARE_BITMAP(map, 130);
	unsigned long bit, count = 0;

	bitmap_zero(map, 130);
	EXPECT(bitmap_empty(map, 130) && find_first_bit(map, 130) == 130);
	set_bit(0, map);
	__set_bit(129, map);
	EXPECT(test_bit(0, map) && test_bit(129, map) && !test_bit(64, map));
	EXPECT(find_first_bit(map, 130) == 0 && find_next_bit(map, 130, 1) == 129);
	EXPECT(find_next_bit(map, 129, 1) == 129 && find_last_bit(map, 130) == 129);
	EXPECT(find_first_zero_bit(map, 130) == 1 && find_next_zero_bit(map, 130, 129) == 130);
	EXPECT(test_and_set_bit(0, map) && !test_and_set_bit(1, map));
	EXPECT(test_and_clear_bit(1, map) && !test_and_clear_bit(1, map));
	EXPECT(__test_and_set_bit(0, map) && __test_and_clear_bit(0, map) && !test_bit(0, map));
	EXPECT(!test_and_change_bit(7, map) && test_bit(7, map));
	change_bit(7, map);
	EXPECT(!test_and_set_bit_lock(9, map));
	clear_bit_unlock(9, map);
	clear_bit(129, map);
	__clear_bit(5, map);
	EXPECT(bitmap_empty(map, 130));

	/* What lies behind the end, in the same word, is nobody's. */
	set_bit(110, map);
	EXPECT(find_next_bit(map, 100, 64) == 100 && find_first_bit(map, 100) == 100);
	bitmap_fill(map, 130);
	clear_bit(110, map);
	EXPECT(find_next_zero_bit(map, 100, 64) == 100 && find_first_zero_bit(map, 130) == 110);
	bitmap_zero(map, 130);

	bitmap_set(map, 60, 10);
	EXPECT(bitmap_weight(map, 130) == 10);
	for_each_set_bit(bit, map, 130)
		count += bit;
	EXPECT(count == 645);
	count = 0;
	for_each_clear_bit(bit, map, 130) count++;
	EXPECT(count == 120);
	bitmap_clear(map, 62, 6);
	EXPECT(bitmap_weight(map, 130) == 4 && test_bit(68, map));
	bitmap_fill(map, 130);
	EXPECT(bitmap_full(map, 130) && find_first_zero_bit(map, 130) == 130);
	return 0;
}

static int sets_of_bits(void)
{
	DECLARE_BITMAP(a, 100);
	DECLARE_BITMAP(b, 100);
	DECLARE_BITMAP(c, 100);
	unsigned long *words;

	bitmap_zero(a, 100);
	bitmap_zero(b, 100);
	bitmap_set(a, 10, 20);
	bitmap_set(b, 20, 20);
	EXPECT(bitmap_and(c, a, b, 100) && bitmap_weight(c, 100) == 10);
	EXPECT(bitmap_subset(c, a, 100) && !bitmap_subset(a, c, 100));
	bitmap_or(c, a, b, 100);
	EXPECT(bitmap_weight(c, 100) == 30);
	EXPECT(bitmap_andnot(c, a, b, 100) && bitmap_weight(c, 100) == 10 && test_bit(10, c));
	EXPECT(!bitmap_intersects(c, b, 100) && bitmap_intersects(a, b, 100));
	bitmap_copy(c, a, 100);
	EXPECT(bitmap_equal(a, c, 100) && !bitmap_equal(a, b, 100));
	EXPECT(bitmap_find_next_zero_area(a, 100, 0, 10, 0) == 0);
	EXPECT(bitmap_find_next_zero_area(a, 100, 0, 11, 0) == 30);
	EXPECT(bitmap_find_next_zero_area(a, 100, 0, 11, 15) == 32);
	EXPECT(bitmap_find_next_zero_area(a, 100, 0, 71, 0) > 100);
	words = bitmap_zalloc(1000, GFP_KERNEL);
	EXPECT(words && bitmap_empty(words, 1000));
	bitmap_free(words);
	words = bitmap_alloc(1, GFP_KERNEL);
	EXPECT(words);
	bitmap_free(words);
	return 0;
}

static int lists_of_numbers(void)
{
	DECLARE_BITMAP(map, 64);
	static const struct {
		const char *text;
		int error;
		u64 bits;
	} cases[] = {
		{ "", 0, 0 },
		{ "0", 0, 1 },
		{ "0-3", 0, 0xf },
		{ "1,3,5-6\n", 0, 0x6a },
		{ " 1 , 2", 0, 6 },
		{ "0-9:2/5", 0, 0x63 },
		{ "N", 0, 1ull << 63 },
		{ "62-N", 0, 3ull << 62 },
		{ "all", 0, ~0ull },
		{ "all:1/2", 0, 0x5555555555555555 },
		{ "64", -ERANGE, 0 },
		{ "0-64", -ERANGE, 0 },
		{ "3-1", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
		{ "1-", -EINVAL, 0 },
		{ "1-2-3", -EINVAL, 0 },
		{ "0-3:0/0", -EINVAL, 0 },
		{ "0-3:3/2", -EINVAL, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int error = bitmap_parselist(cases[i].text, map, 64);

		if (error != cases[i].error || (!error && map[0] != cases[i].bits)) {
			pr_err("bx_kit_selftest: list \"%s\" gives %d, %lx\n", cases[i].text, error,
			       map[0]);
			return -EINVAL;
		}
	}
	return 0;
}

static int sets_of_processors(void)
{
	cpumask_var_t mask;
	unsigned int cpu, n = 0;

	EXPECT(zalloc_cpumask_var(&mask, GFP_KERNEL));
	EXPECT(cpumask_empty(mask) && cpumask_first(mask) >= nr_cpu_ids);
	EXPECT(cpu_online(0) || num_online_cpus() > 0);
	for_each_online_cpu(cpu)
		n++;
	EXPECT(n == num_online_cpus());
	EXPECT(!cpulist_parse("0", mask) && cpumask_weight(mask) == 1 && cpumask_test_cpu(0, mask));
	EXPECT(cpumask_next(0, mask) >= nr_cpu_ids);
	EXPECT(cpumask_and(mask, mask, cpu_online_mask) == cpu_online(0));
	EXPECT(cpumask_subset(mask, cpu_online_mask));
	cpumask_clear_cpu(0, mask);
	cpumask_set_cpu(0, mask);
	n = 0;
	for_each_cpu(cpu, mask) n++;
	EXPECT(n == 1);
	cpumask_clear(mask);
	cpumask_copy(mask, cpu_online_mask);
	EXPECT(cpumask_weight(mask) == num_online_cpus());
	free_cpumask_var(mask);
	EXPECT(alloc_cpumask_var(&mask, GFP_KERNEL));
	free_cpumask_var(mask);
	return 0;
}

static int hashes(void)
{
	EXPECT(hash_32(1, 8) == 0x61 && hash_64(1, 16) == 0x61c8 && hash_long(0, 4) == 0);
	return 0;
}

static int sums_of_blocks(void)
{
	static const u8 digits[] = "123456789";
	static const u8 zeros[512];

	EXPECT(crc_t10dif(digits, 9) == 0xd0db && crc_t10dif(zeros, sizeof(zeros)) == 0);
	EXPECT(crc_t10dif_update(crc_t10dif(digits, 4), digits + 4, 5) == 0xd0db);
	return 0;
}

static int names_of_16_bytes(void)
{
	struct {
		u32 before;
		struct_group(both, u16 first; u16 second;);
	} grouped = {};
	uuid_t one = { { 1 } }, other;

	uuid_copy(&other, &one);
	EXPECT(uuid_equal(&one, &other) && !uuid_is_null(&one));
	other.b[15] = 1;
	EXPECT(!uuid_equal(&one, &other));
	memset(&other, 0, sizeof(other));
	EXPECT(uuid_is_null(&other));
	EXPECT(sizeof(grouped.both) == 4 && (void *)&grouped.both == (void *)&grouped.first);
	return 0;
}

const struct bx_check bx_checks_numbers[] = { { "types_and_limits", types_and_limits },
					      { "byte_order", byte_order },
					      { "rounding", rounding },
					      { "smaller_and_larger", smaller_and_larger },
					      { "long_division", long_division },
					      { "overflow", overflow },
					      { "fields", fields },
					      { "logarithms", logarithms },
					      { "bits_in_words", bits_in_words },
					      { "sets_of_bits", sets_of_bits },
					      { "lists_of_numbers", lists_of_numbers },
					      { "sets_of_processors", sets_of_processors },
					      { "hashes", hashes },
					      { "sums_of_blocks", sums_of_blocks },
					      { "names_of_16_bytes", names_of_16_bytes },
					      {} };
