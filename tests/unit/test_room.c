// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Room for grants: what bytes take of it, and what one host may have.
 *
 * items: F4
 */
#include "unit.h"
#include "core/room.h"

static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;

static void test_bytes_and_room(void **unused)
{
	static const u32 windows[] = { 0, 1, 15000, 200000, 200001, 333333, 600000, 1 << 30 };
	struct homa_config cfg = defaults;
	u32 bytes, room, more, i;

	(void)unused;
	assert_int_equal(homa_room_limit(&cfg, 200000), 400000);
	assert_int_equal(homa_room_limit(&cfg, 600000), 1200000);
	/* A full window is half of the room. */
	assert_int_equal(homa_room_taken(&cfg, 0, 200000), 200000);
	assert_int_equal(homa_room_taken(&cfg, 600000, 600000), 200000);
	assert_int_equal(homa_room_bytes(&cfg, 600000, 200000), 600000);
	assert_int_equal(homa_room_taken(&cfg, 600000, 1), 1);
	assert_int_equal(homa_room_bytes(&cfg, 600000, 1), 3);
	for (i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		assert_int_equal(homa_room_taken(&cfg, windows[i], 0), 0);
		assert_int_equal(homa_room_bytes(&cfg, windows[i], 0), 0);
		/* What was given room takes no more than that, beside what was there. */
		for (bytes = 0; bytes < HOMA_MSG_BYTES_MAX; bytes += 9973) {
			room = homa_room_taken(&cfg, windows[i], bytes);
			assert_true(room <= bytes && !room == !bytes);
			for (more = 1; more < 200000; more += more / 2 + 1)
				assert_true(homa_room_taken(&cfg, windows[i], bytes +
							    homa_room_bytes(&cfg, windows[i],
									    more)) <=
					    room + more);
		}
	}
	/* Somebody set it: it is what it is. */
	cfg.max_incoming_set = true;
	assert_int_equal(homa_room_limit(&cfg, 600000), 400000);
	assert_int_equal(homa_room_taken(&cfg, 600000, 600000), 600000);
	assert_int_equal(homa_room_bytes(&cfg, 600000, 7), 7);
}

static void test_share(void **unused)
{
	struct homa_config cfg = defaults;
	u32 left, more, i;

	(void)unused;
	assert_int_equal(homa_room_share(&cfg, 0, 0), 200000);
	assert_int_equal(homa_room_share(&cfg, 100000, 100000), 100000);
	assert_int_equal(homa_room_share(&cfg, 200000, 200000), 0);
	assert_int_equal(homa_room_share(&cfg, 200000, 0), 100000);
	assert_int_equal(homa_room_share(&cfg, 399998, 0), 1);
	/* The last byte: for who has nothing. */
	assert_int_equal(homa_room_share(&cfg, 399999, 0), 1);
	assert_int_equal(homa_room_share(&cfg, 399999, 1), 0);
	/* A setting was lowered, or the oldest message got its share. */
	assert_int_equal(homa_room_share(&cfg, 400000, 0), 0);
	assert_int_equal(homa_room_share(&cfg, 1ull << 40, 0), 0);
	assert_int_equal(homa_room_share(&cfg, 300000, 300000), 0);
	cfg.max_incoming = 1;
	assert_int_equal(homa_room_share(&cfg, 0, 0), 1);
	assert_int_equal(homa_room_share(&cfg, 1, 0), 0);

	/* Each takes all that it may, and keeps it: 18 of them find something. */
	cfg = defaults;
	left = cfg.max_incoming;
	for (i = 0; i < 18; i++) {
		more = homa_room_share(&cfg, cfg.max_incoming - left, 0);
		assert_true(more > 0 && more <= max(left / 2, 1u));
		left -= more;
		assert_int_equal(homa_room_share(&cfg, cfg.max_incoming - left, more), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_and_room),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
