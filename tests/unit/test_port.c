// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The twins of the kernel's helpers: arithmetic, and lists step by step.
 */
#include "unit.h"
#include "core/port.h"

struct item {
	u32 value;
	struct list_head link;
};

static void integer_limits(void **state)
{
	(void)state;
	assert_true(U8_MAX == 255 && U16_MAX == 65535);
	assert_true(U32_MAX == 4294967295u);
	assert_true(U64_MAX == 18446744073709551615ull);
	assert_true(S32_MAX == 2147483647);
	assert_true(S64_MAX == 9223372036854775807ll);
	assert_int_equal(sizeof(u8) + sizeof(s8), 2);
	assert_int_equal(sizeof(u64) + sizeof(s64), 16);
	assert_true((s32)-1 < 0 && (s64)-1 < 0);
	assert_true(BIT(0) == 1 && BIT(31) == 0x80000000ul);
	assert_true(BIT_ULL(63) == 1ull << 63);
}

static void smaller_and_larger(void **state)
{
	u32 calls = 0;

	(void)state;
	assert_int_equal(min(3u, 4u), 3);
	assert_int_equal(max(3u, 4u), 4);
	assert_int_equal(min(4u, 3u), 3);
	assert_int_equal(max(4u, 3u), 4);
	assert_int_equal(min(-1, 1), -1);
	assert_int_equal(min_t(u8, 256, 5), 0);
	assert_int_equal(max_t(u64, 1, U64_MAX), U64_MAX);
	assert_int_equal(clamp(5u, 1u, 4u), 4);
	assert_int_equal(clamp(0u, 1u, 4u), 1);
	assert_int_equal(clamp(2u, 1u, 4u), 2);
	assert_int_equal(clamp_t(u32, 9, 1, 4), 4);

	/* Operands are evaluated once, nested calls do not mix names. */
	assert_int_equal(min(++calls, 5u), 1);
	assert_int_equal(calls, 1);
	assert_int_equal(min(max(2u, 7u), max(3u, 5u)), 5);
}

static void swapped(void **state)
{
	u32 a = 1, b = 2;

	(void)state;
	swap(a, b);
	assert_int_equal(a, 2);
	assert_int_equal(b, 1);
}

static void division(void **state)
{
	static const u64 dividends[] = {
		0, 1, 2, 999, 1000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x100000001, 0xfffffffe00000001,
		0x7fffffffffffffff, 0x8000000000000000, U64_MAX - 1, U64_MAX,
	};
	static const u32 divisors[] = {
		1, 2, 3, 7, 1000, 25000, 1000000, 0x7fffffff, 0x80000000,
		0x80000001, 0xfffffffe, 0xffffffff,
	};
	u32 i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(dividends); i++) {
		for (j = 0; j < ARRAY_LEN(divisors); j++) {
			u64 expected = dividends[i] / divisors[j];

			assert_int_equal(div_u64(dividends[i], divisors[j]),
					 expected);
			assert_int_equal(homa_port_long_div(dividends[i],
							    divisors[j]),
					 expected);
		}
	}
}

static void from_member_to_object(void **state)
{
	struct item item = { .value = 42 };
	struct list_head *link = &item.link;

	(void)state;
	assert_ptr_equal(container_of(link, struct item, link), &item);
	assert_ptr_equal(list_entry(link, struct item, link), &item);
}

static void list_order(void **state)
{
	struct item a = { .value = 1 }, b = { .value = 2 };
	struct item c = { .value = 3 };
	struct item *pos, *next;
	struct list_head *raw;
	LIST_HEAD(head);
	u32 seen = 0;

	(void)state;
	assert_true(list_empty(&head));
	assert_null(list_first_entry_or_null(&head, struct item, link));
	list_for_each_entry(pos, &head, link)
		fail();

	list_add(&b.link, &head);
	list_add(&a.link, &head);
	list_add_tail(&c.link, &head);
	list_for_each_entry(pos, &head, link)
		seen = 10 * seen + pos->value;
	assert_int_equal(seen, 123);
	seen = 0;
	list_for_each_entry_reverse(pos, &head, link)
		seen = 10 * seen + pos->value;
	assert_int_equal(seen, 321);
	seen = 0;
	list_for_each(raw, &head)
		seen++;
	assert_int_equal(seen, 3);
	assert_ptr_equal(list_first_entry(&head, struct item, link), &a);
	assert_ptr_equal(list_last_entry(&head, struct item, link), &c);
	assert_ptr_equal(list_next_entry(&a, link), &b);
	assert_ptr_equal(list_prev_entry(&c, link), &b);
	assert_true(list_is_first(&a.link, &head));
	assert_true(list_is_last(&c.link, &head));
	assert_false(list_is_first(&c.link, &head));
	assert_false(list_is_last(&a.link, &head));

	list_move(&c.link, &head);
	list_move_tail(&a.link, &head);
	seen = 0;
	list_for_each_entry(pos, &head, link)
		seen = 10 * seen + pos->value;
	assert_int_equal(seen, 321);

	list_del_init(&b.link);
	assert_true(list_empty(&b.link));
	list_for_each_entry_safe(pos, next, &head, link)
		list_del(&pos->link);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integer_limits),
		cmocka_unit_test(smaller_and_larger),
		cmocka_unit_test(swapped),
		cmocka_unit_test(division),
		cmocka_unit_test(from_member_to_object),
		cmocka_unit_test(list_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
