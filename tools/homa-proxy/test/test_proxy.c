// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Frames, and their order: values at the borders, and all orders of a few frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../frame.h"
#include "../order.h"

static void frames_survive(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 0x0123456789abcdef, INT64_MAX - 1000 };
	unsigned char bytes[FRAME_BYTES + 10];
	unsigned int i, type;
	struct frame in, out;

	(void)state;
	for (type = FRAME_OPEN; type < FRAME_TYPES; type++) {
		for (i = 0; i < 4; i++) {
			size_t length = FRAME_BYTES + (type == FRAME_DATA ? 10 : 0);

			in = (struct frame){ .type = type, .session = ~numbers[i],
					     .offset = numbers[i] };
			frame_build(bytes, &in);
			assert_true(frame_parse(&out, bytes, length));
			assert_int_equal(out.type, in.type);
			assert_true(out.session == in.session && out.offset == in.offset);
		}
	}
}

static void layout_is_as_documented(void **state)
{
	static const unsigned char expected[FRAME_BYTES] = {
		'H', 'P', 'X', '1', 2, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 1, 0,
	};
	struct frame frame = { .type = FRAME_DATA, .session = 0x0102030405060708, .offset = 256 };
	unsigned char bytes[FRAME_BYTES];

	(void)state;
	frame_build(bytes, &frame);
	assert_memory_equal(bytes, expected, FRAME_BYTES);
}

static void strange_frames_are_refused(void **state)
{
	struct frame frame = { .type = FRAME_DATA, .session = 1 }, out;
	unsigned char good[FRAME_BYTES + 1] = { 0 }, bad[FRAME_BYTES + 1];
	unsigned int i;

	(void)state;
	frame_build(good, &frame);
	assert_true(frame_parse(&out, good, sizeof(good)));
	/* Only the header is read. A longer one would take the room of other sessions. */
	assert_true(frame_parse(&out, good, FRAME_BYTES + FRAME_DATA_MAX));
	assert_false(frame_parse(&out, good, FRAME_BYTES + FRAME_DATA_MAX + 1));
	assert_false(frame_parse(&out, good, FRAME_BYTES));	/* DATA without data */
	assert_false(frame_parse(&out, good, FRAME_BYTES - 1));
	assert_false(frame_parse(&out, good, 0));
	for (i = 0; i < 8; i++) {
		memcpy(bad, good, sizeof(bad));
		bad[i] ^= 0x40;
		assert_false(frame_parse(&out, bad, sizeof(bad)));
	}
	memcpy(bad, good, sizeof(bad));
	bad[4] = FRAME_END;
	assert_false(frame_parse(&out, bad, sizeof(bad)));	/* END with data */
	assert_true(frame_parse(&out, bad, FRAME_BYTES));
	bad[4] = 0;
	assert_false(frame_parse(&out, bad, FRAME_BYTES));
	bad[4] = FRAME_TYPES;
	assert_false(frame_parse(&out, bad, FRAME_BYTES));
	frame.offset = INT64_MAX;
	frame_build(bad, &frame);
	assert_false(frame_parse(&out, bad, sizeof(bad)));	/* beyond any stream */
}

static void replies_survive(void **state)
{
	unsigned char bytes[FRAME_REPLY_BYTES];
	unsigned int status;

	(void)state;
	for (status = FRAME_OK; status < FRAME_STATUSES; status++) {
		frame_reply_build(bytes, status);
		assert_int_equal(frame_reply_parse(bytes, sizeof(bytes)), status);
		assert_int_equal(frame_reply_parse(bytes, sizeof(bytes) - 1), FRAME_BAD);
	}
	bytes[4] = FRAME_STATUSES;
	assert_int_equal(frame_reply_parse(bytes, sizeof(bytes)), FRAME_BAD);
	frame_reply_build(bytes, FRAME_OK);
	bytes[0] = 'X';
	assert_int_equal(frame_reply_parse(bytes, sizeof(bytes)), FRAME_BAD);
}

static const struct order_item frames[] = {
	{ .offset = 0, .bytes = 10 }, { .offset = 10, .bytes = 1 }, { .offset = 11, .bytes = 100 },
	{ .offset = 111, .bytes = 9 }, { .offset = 120, .bytes = 0 },
};

/* Add the five frames in each of their 120 orders; they come out in theirs. */
static void every_order(unsigned int used, const unsigned int *way, unsigned int depth)
{
	struct order order = { 0 };
	struct order_item item;
	unsigned int taken = 0, i;
	unsigned int next[5];

	if (depth < 5) {
		memcpy(next, way, depth * sizeof(*way));
		for (i = 0; i < 5; i++) {
			next[depth] = i;
			if (!(used & 1u << i))
				every_order(used | 1u << i, next, depth + 1);
		}
		return;
	}
	for (i = 0; i < 5; i++) {
		assert_true(order_add(&order, &frames[way[i]]));
		while (order_take(&order, &item)) {
			assert_int_equal(item.offset, frames[taken].offset);
			assert_int_equal(item.bytes, frames[taken].bytes);
			taken++;
		}
	}
	assert_int_equal(taken, 5);
	assert_true(order.ended);
	assert_int_equal(order.next, 120);
	assert_false(order_add(&order, &(struct order_item){ .offset = 120, .bytes = 1 }));
}

static void frames_come_out_in_order(void **state)
{
	unsigned int way[5] = { 0 };

	(void)state;
	every_order(0, way, 0);
}

static bool add(struct order *order, uint64_t offset, size_t bytes)
{
	return order_add(order, &(struct order_item){ .offset = offset, .bytes = bytes });
}

static void contradictions_are_refused(void **state)
{
	struct order order = { .next = 100 };
	struct order_item item;

	(void)state;
	assert_false(add(&order, 99, 1));	/* before what is next */
	assert_true(add(&order, 110, 10));
	assert_false(add(&order, 110, 10));	/* twice */
	assert_false(add(&order, 105, 6));	/* into the one behind */
	assert_false(add(&order, 119, 1));	/* into the one before */
	assert_false(add(&order, 115, 0));	/* an end in the middle */
	assert_false(add(&order, 110, 0));
	assert_true(add(&order, 120, 0));
	assert_false(add(&order, 120, 0));	/* two ends */
	assert_false(add(&order, 120, 1));	/* behind the end */
	assert_false(add(&order, 130, 0));
	assert_false(order_take(&order, &item));
	assert_true(add(&order, 100, 10));
	assert_true(order_take(&order, &item) && order_take(&order, &item));
	assert_true(order_take(&order, &item));
	assert_true(order.ended);
	assert_false(order_take(&order, &item));
}

static void no_more_than_the_window(void **state)
{
	struct order order = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < ORDER_HELD; i++)
		assert_true(add(&order, 10 + i, 1));
	assert_false(add(&order, 100, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_survive),
		cmocka_unit_test(layout_is_as_documented),
		cmocka_unit_test(strange_frames_are_refused),
		cmocka_unit_test(replies_survive),
		cmocka_unit_test(frames_come_out_in_order),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(no_more_than_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
