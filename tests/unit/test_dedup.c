// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The memory of finished requests: what it keeps, forgets and never invents.
 */
#include "unit.h"
#include "core/dedup.h"

#define MS	1000000ULL
#define LIFE_NS	(HOMA_DEDUP_LIFE_MS * MS)

static void empty_knows_nothing(void **state)
{
	struct homa_dedup d = { 0 };

	(void)state;
	assert_false(homa_dedup_seen(&d, 0, 0));
	assert_false(homa_dedup_seen(&d, 1, 0));
	assert_false(homa_dedup_seen(&d, U64_MAX, U64_MAX));
}

static void life_of_an_entry(void **state)
{
	static const u64 births[] = { 0, 1, 5 * MS, 123456789012ULL,
				      /* either side of the wrap of the ms */
				      ((u64)U32_MAX - 3) * MS,
				      ((u64)U32_MAX + 1) * MS };
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(births); i++) {
		struct homa_dedup d = { 0 };
		u64 birth_ns = births[i];

		homa_dedup_add(&d, 77, birth_ns);
		assert_true(homa_dedup_seen(&d, 77, birth_ns));
		assert_true(homa_dedup_seen(&d, 77, birth_ns + LIFE_NS));
		assert_false(homa_dedup_seen(&d, 77, birth_ns + LIFE_NS + MS));
		assert_false(homa_dedup_seen(&d, 78, birth_ns));
		assert_false(homa_dedup_seen(&d, 76, birth_ns));
	}
}

/* Two CPUs that read the clock before they took the lock. */
static void clock_read_early(void **state)
{
	struct homa_dedup d = { 0 };

	(void)state;
	homa_dedup_add(&d, 77, 50000 * MS);
	assert_true(homa_dedup_seen(&d, 77, 50000 * MS - 1));
	assert_true(homa_dedup_seen(&d, 77, 49999 * MS));
}

static void key_zero_is_key_one(void **state)
{
	struct homa_dedup d = { 0 };

	(void)state;
	homa_dedup_add(&d, 0, 0);
	assert_true(homa_dedup_seen(&d, 0, 0));
	assert_true(homa_dedup_seen(&d, 1, 0));
	assert_false(homa_dedup_seen(&d, 2, 0));
}

static void oldest_makes_room(void **state)
{
	struct homa_dedup d = { 0 };
	u64 key;

	(void)state;
	for (key = 1; key <= HOMA_DEDUP_SLOTS; key++)
		homa_dedup_add(&d, 100 + key, key);
	for (key = 1; key <= HOMA_DEDUP_SLOTS; key++)
		assert_true(homa_dedup_seen(&d, 100 + key, 100));
	for (key = 1; key <= 3 * HOMA_DEDUP_SLOTS; key++) {
		homa_dedup_add(&d, 200 + key, 100);
		assert_true(homa_dedup_seen(&d, 200 + key, 100));
		if (key > HOMA_DEDUP_SLOTS)
			assert_false(homa_dedup_seen(&d, 200 + key -
						     HOMA_DEDUP_SLOTS, 100));
		else
			assert_false(homa_dedup_seen(&d, 100 + key, 100));
	}
}

/* Adding a request again prolongs its life and costs nobody else's slot. */
static void again(void **state)
{
	struct homa_dedup d = { 0 };
	u32 i;

	(void)state;
	homa_dedup_add(&d, 1000, 0);
	for (i = 0; i < 5 * HOMA_DEDUP_SLOTS; i++)
		homa_dedup_add(&d, 7, i * MS);
	assert_true(homa_dedup_seen(&d, 1000, LIFE_NS));
	assert_true(homa_dedup_seen(&d, 7, LIFE_NS + (i - 1) * MS));
	assert_false(homa_dedup_seen(&d, 7, LIFE_NS + i * MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_knows_nothing),
		cmocka_unit_test(life_of_an_entry),
		cmocka_unit_test(clock_read_early),
		cmocka_unit_test(key_zero_is_key_one),
		cmocka_unit_test(oldest_makes_room),
		cmocka_unit_test(again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
