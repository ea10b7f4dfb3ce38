// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Contents of messages, addresses, and the times on the idle network.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../perf_base.h"
#include "../perf_msg.h"
#include "../perf_rng.h"

static uint8_t data[20000];

/* Write all of a message but its first @skip bytes. */
static size_t flatten(const struct perf_msg *msg, size_t skip, uint8_t *out)
{
	uint8_t head[PERF_HEAD_BYTES];
	struct iovec iov[PERF_IOVS];
	int i, n = perf_msg_iov(msg, head, skip, iov);
	size_t bytes = 0;

	for (i = 0; i < n; i++) {
		memcpy(out + bytes, iov[i].iov_base, iov[i].iov_len);
		bytes += iov[i].iov_len;
	}
	return bytes;
}

static void message__round_trip(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 8, 9, 10, 73, 74, 1000, 1033, 1034, 20000 };
	static uint8_t rest[sizeof(data)];
	struct perf_msg msg = { .kind = PERF_ECHO, .number = 0x123456789abcdef1 }, read;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		msg.bytes = sizes[i];
		assert_int_equal(flatten(&msg, 0, data), msg.bytes);
		assert_true(perf_msg_same(&msg, 0, data, msg.bytes));
		assert_true(perf_msg_read(&read, data, msg.bytes));
		assert_int_equal(read.bytes, msg.bytes);
		if (msg.bytes >= PERF_HEAD_BYTES)
			assert_true(read.number == msg.number);
		/* Any part is the same as in the whole. */
		for (size_t skip = 0; skip < msg.bytes; skip += 1 + skip / 2) {
			assert_int_equal(flatten(&msg, skip, rest), msg.bytes - skip);
			assert_memory_equal(rest, data + skip, msg.bytes - skip);
			assert_true(perf_msg_same(&msg, skip, rest, msg.bytes - skip));
		}
	}
}

/* What the check looks at: the head, both ends, the beginning of each KiB. */
static void message__damage(void **state)
{
	static const size_t places[] = { 0, 1, 8, 9, 72, 1033, 1034 + 62, 19936, 19999 };
	struct perf_msg msg = { .kind = PERF_SINK, .number = 99, .bytes = sizeof(data) }, other;
	unsigned int i;

	(void)state;
	flatten(&msg, 0, data);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		data[places[i]] ^= 0x10;
		assert_false(perf_msg_same(&msg, 0, data, msg.bytes));
		data[places[i]] ^= 0x10;
	}
	assert_true(perf_msg_same(&msg, 0, data, msg.bytes));
	other = msg;
	other.number++;
	assert_false(perf_msg_same(&other, 100, data + 100, 1000));
	/* Beyond its end there is nothing that could be the same. */
	assert_false(perf_msg_same(&msg, 1, data, msg.bytes));
	assert_false(perf_msg_same(&msg, msg.bytes + 1, data, 0));
	data[0] = PERF_WRONG;
	assert_false(perf_msg_read(&other, data, msg.bytes));
}

static void answer__length(void **state)
{
	struct perf_msg msg = { .kind = PERF_ECHO, .bytes = 500 };

	(void)state;
	assert_int_equal(perf_msg_answer_bytes(&msg), 500);
	msg.kind = PERF_SINK;
	assert_int_equal(perf_msg_answer_bytes(&msg), PERF_HEAD_BYTES);
	msg.bytes = 3;
	assert_int_equal(perf_msg_answer_bytes(&msg), 3);
}

static void address__forms(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
	} good[] = {
		{ "10.0.0.2", "10.0.0.2:4100" },
		{ "10.0.0.2:99", "10.0.0.2:99" },
		{ "fd00::2", "[fd00::2]:4100" },
		{ "[fd00::2]", "[fd00::2]:4100" },
		{ "[fd00::2]:99", "[fd00::2]:99" },
	};
	static const char * const bad[] = { "", ":99", "10.0.0.2:", "10.0.0.2:0", "10.0.0.2:65536",
					    "10.0.0.2:9x", "[fd00::2", "[fd00::2]99", "[]" };
	struct perf_addr addr;
	struct perf_why why;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(perf_addr_parse(&addr, good[i].text, 4100, AF_UNSPEC, &why), 0);
		assert_string_equal(addr.text, good[i].shown);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(perf_addr_parse(&addr, bad[i], 4100, AF_UNSPEC, &why), -EINVAL);
}

static void base__line(void **state)
{
	struct perf_base base = { .bytes = { 1, 101, 1000 }, .ns = { 1000, 2000, 20000 }, .num = 3 };
	char path[] = "/tmp/perf-base.XXXXXX";
	struct perf_base again;
	struct perf_why why;
	FILE *file;
	int fd;

	(void)state;
	assert_true(perf_base_ns(&base, 1) == 1000);
	assert_true(perf_base_ns(&base, 51) == 1500);
	assert_true(perf_base_ns(&base, 101) == 2000);
	assert_true(perf_base_ns(&base, 1000) == 20000);
	/* Longer than what was measured: the last line goes on. */
	assert_true(perf_base_ns(&base, 1899) == 38000);

	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(perf_base_save(&base, path, &why), 0);
	assert_int_equal(perf_base_load(&again, path, &why), 0);
	assert_int_equal(again.num, 3);
	assert_memory_equal(again.ns, base.ns, 3 * sizeof(base.ns[0]));
	file = fopen(path, "w");
	fputs("[{\"bytes\":5,\"ns\":1},{\"bytes\":5,\"ns\":1}]", file);
	fclose(file);
	assert_int_equal(perf_base_load(&again, path, &why), -EINVAL);
	unlink(path);
	assert_true(perf_base_load(&again, path, &why) < 0);
}

static int setup(void **state)
{
	(void)state;
	perf_msg_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message__round_trip),
		cmocka_unit_test(message__damage),
		cmocka_unit_test(answer__length),
		cmocka_unit_test(address__forms),
		cmocka_unit_test(base__line),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
