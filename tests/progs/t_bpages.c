// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The contract about buffers: uapi §8. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

static struct t_sock server, client;
static struct t_addr addr;

static void open_hosts(int family, size_t server_region)
{
	t_open_bare(&server, family);
	if (t_bind(&server, PORT) || t_set_region(&server, server_region))
		t_die("server");
	t_open(&client, family, 0);
	addr = t_loopback(family, PORT);
}

static void close_hosts(void)
{
	t_close(&server);
	t_close(&client);
}

/* One request of @bytes, received and answered with one byte; its buffers
 * stay with us, in @msg.
 */
static void take(struct t_msg *msg, size_t bytes, uint32_t seed)
{
	struct t_msg answer = { 0 };

	memset(msg, 0, sizeof(*msg));
	t_request(&client, &addr, bytes, seed, 0);
	if (!T_RET(t_recv(&server, msg, 0, 0), bytes) || t_respond(&server, msg, 1, seed))
		t_die("request of %zu bytes", bytes);
	if (t_recv(&client, &answer, 0, 0) != 1)
		t_die("response to %zu bytes", bytes);
	t_release(&client, &answer);
}

static const size_t sizes[] = {
	1, 2, 100, 1424, 1425, 4096, 65535, 65536, 65537, 131071, 131072, 131073,
	200000, 999999, 1000000, 3, 65530, 7, 10, 60000, 5000, 1, 500000, 786432,
};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Check the layout of @msg and mark its bytes in @used, none twice. */
static void check_layout(const struct t_msg *msg, size_t bytes, unsigned char *used)
{
	uint32_t n = (uint32_t)((bytes + HOMA_BPAGE_SIZE - 1) / HOMA_BPAGE_SIZE);
	uint32_t i;

	if (!T_EQ(msg->args.num_bpages, n))
		return;
	for (i = 0; i < n; i++) {
		size_t piece = bytes < HOMA_BPAGE_SIZE ? bytes : HOMA_BPAGE_SIZE;
		size_t offset = msg->args.bpage_offsets[i];
		size_t byte;

		if (!T_OK(offset + piece <= server.region_bytes))
			return;
		if (piece == HOMA_BPAGE_SIZE)
			T_EQ(offset % HOMA_BPAGE_SIZE, 0);
		T_EQ(offset / HOMA_BPAGE_SIZE, (offset + piece - 1) / HOMA_BPAGE_SIZE);
		for (byte = offset; byte < offset + piece; byte++) {
			if (!used[byte])
				used[byte] = 1;
			else if (!T_OK(!"bytes belong to two messages"))
				return;
		}
		bytes -= piece;
	}
}

static void test_layout(int family)
{
	struct t_msg msgs[SIZES];
	unsigned char *used;
	uint64_t all;
	size_t i;

	open_hosts(family, T_REGION_BYTES);
	used = calloc(1, T_REGION_BYTES);
	if (!used)
		t_die("calloc");
	t_case("family %d: everything is free at first", family);
	all = t_info(&server).bpool_avail_bytes;
	T_EQ(all, T_REGION_BYTES);

	t_case("family %d: layout", family);
	for (i = 0; i < SIZES; i++) {
		t_case("family %d: layout of message %zu, %zu bytes", family, i, sizes[i]);
		take(&msgs[i], sizes[i], (uint32_t)i + 1);
		check_layout(&msgs[i], sizes[i], used);
	}
	for (i = 0; i < SIZES; i++) {
		t_case("family %d: message %zu is still there", family, i);
		T_OK(t_msg_is(&server, &msgs[i], (uint32_t)i + 1));
	}
	T_OK(t_info(&server).bpool_avail_bytes < all);

	t_case("family %d: returned, everything is free", family);
	for (i = SIZES; i-- > 0;)
		t_release(&server, &msgs[i]);
	T_EQ(t_info(&server).bpool_avail_bytes, all);
	free(used);
	close_hosts();
}

/* Return the buffers of many messages mixed, up to 16 in a call. */
static void test_returns(int family)
{
	uint32_t offsets[64], n = 0, i, random = 12345;
	struct t_msg msg;
	uint64_t all;

	open_hosts(family, T_REGION_BYTES);
	all = t_info(&server).bpool_avail_bytes;

	t_case("family %d: returns in any order, mixed", family);
	for (i = 0; i < 12; i++) {
		take(&msg, (size_t)(i + 1) * 20000, i + 1);
		memcpy(offsets + n, msg.args.bpage_offsets,
		       msg.args.num_bpages * sizeof(offsets[0]));
		n += msg.args.num_bpages;
	}
	for (i = n - 1; i > 0; i--) {
		uint32_t j = t_random(&random) % (i + 1);
		uint32_t swap = offsets[i];

		offsets[i] = offsets[j];
		offsets[j] = swap;
	}
	for (i = 0; i < n; i += msg.args.num_bpages) {
		uint32_t count = n - i < HOMA_MAX_BPAGES ? n - i : HOMA_MAX_BPAGES;

		msg.args.num_bpages = count;
		memcpy(msg.args.bpage_offsets, offsets + i, count * sizeof(offsets[0]));
		t_release(&server, &msg);
		T_EQ(msg.args.num_bpages, 0);
		msg.args.num_bpages = count;
	}
	T_EQ(t_info(&server).bpool_avail_bytes, all);

	t_case("family %d: a blocking receive returns buffers too", family);
	take(&msg, 300000, 1);
	t_request(&client, &addr, 10, 2, 0);
	T_RET(t_recv(&server, &msg, 0, 0), 10);
	T_EQ(msg.args.num_bpages, 1);
	t_release(&server, &msg);
	T_EQ(t_info(&server).bpool_avail_bytes, all);
	close_hosts();
}

static void test_bad_returns(int family)
{
	struct t_msg msg, again, other;
	uint64_t all;
	ssize_t ret;
	uint32_t i;

	open_hosts(family, T_REGION_BYTES);
	all = t_info(&server).bpool_avail_bytes;

	t_case("family %d: an offset outside of the region", family);
	memset(&msg, 0, sizeof(msg));
	msg.args.num_bpages = 1;
	msg.args.bpage_offsets[0] = (uint32_t)T_REGION_BYTES;
	T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EINVAL);
	T_EQ(msg.args.id, 0);
	T_EQ(msg.args.num_bpages, 0);
	msg.args.num_bpages = 1;
	msg.args.bpage_offsets[0] = UINT32_MAX;
	T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EINVAL);

	t_case("family %d: a buffer that we do not have", family);
	msg.args.num_bpages = 1;
	msg.args.bpage_offsets[0] = 100 * HOMA_BPAGE_SIZE;
	T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EINVAL);

	t_case("family %d: twice", family);
	take(&msg, 2 * HOMA_BPAGE_SIZE, 1);
	again = msg;
	t_release(&server, &msg);
	T_EQ(t_info(&server).bpool_avail_bytes, all);
	T_RET(t_recv(&server, &again, 0, MSG_DONTWAIT), -EINVAL);
	T_EQ(again.args.num_bpages, 0);
	T_EQ(t_info(&server).bpool_avail_bytes, all);

	t_case("family %d: twice in one call", family);
	take(&msg, HOMA_BPAGE_SIZE, 2);
	msg.args.num_bpages = 2;
	msg.args.bpage_offsets[1] = msg.args.bpage_offsets[0];
	T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EINVAL);

	t_case("family %d: what comes before the bad one is free", family);
	T_EQ(t_info(&server).bpool_avail_bytes, all);

	t_case("family %d: twice, while another message is in the same bpage", family);
	take(&msg, 1000, 4);
	take(&other, 1000, 5);
	T_EQ(msg.args.bpage_offsets[0] / HOMA_BPAGE_SIZE,
	     other.args.bpage_offsets[0] / HOMA_BPAGE_SIZE);
	again = msg;
	t_release(&server, &msg);
	for (i = 0; i < 3; i++) {
		msg = again;
		T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EINVAL);
	}
	T_OK(t_info(&server).bpool_avail_bytes < all);

	t_case("family %d: offsets that were never delivered", family);
	for (i = 1; i < 200; i += 9) {
		msg = other;
		msg.args.bpage_offsets[0] += i;
		T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EINVAL);
	}
	t_case("family %d: a message that has not been received yet", family);
	t_request(&client, &addr, 500, 6, 0);
	T_OK(T_WAIT(t_arrived(&server, 0), 1000));
	for (i = 0; i < 4096; i++) {
		msg = other;
		msg.args.bpage_offsets[0] &= ~(HOMA_BPAGE_SIZE - 1);
		msg.args.bpage_offsets[0] += i;
		if (msg.args.bpage_offsets[0] == other.args.bpage_offsets[0])
			continue;
		if (t_recv(&server, &msg, 0, MSG_DONTWAIT) != -EINVAL &&
		    !T_OK(!"a buffer that is not ours was taken back"))
			break;
	}
	memset(&msg, 0, sizeof(msg));
	T_RET(t_recv(&server, &msg, 0, 0), 500);
	T_OK(t_msg_is(&server, &msg, 6));
	T_OK(t_msg_is(&server, &other, 5));
	T_RET(t_respond(&server, &msg, 1, 6), 0);
	t_release(&server, &msg);
	t_release(&server, &other);
	T_EQ(t_info(&server).bpool_avail_bytes, all);
	memset(&msg, 0, sizeof(msg));
	T_RET(t_recv(&client, &msg, 0, 0), 1);
	t_release(&client, &msg);

	t_case("family %d: a bad return does not take a message away", family);
	t_request(&client, &addr, 100, 3, 0);
	T_OK(T_WAIT(t_arrived(&server, 0), 1000));
	memset(&msg, 0, sizeof(msg));
	msg.args.num_bpages = 1;
	msg.args.bpage_offsets[0] = (uint32_t)T_REGION_BYTES;
	T_RET(t_recv(&server, &msg, 0, 0), -EINVAL);
	ret = t_recv(&server, &msg, 0, 0);
	T_RET(ret, 100);
	T_OK(t_msg_is(&server, &msg, 3));
	close_hosts();
}

/* Buffers run out: messages wait without an error, the shortest first. */
static void test_exhaustion(int family)
{
	struct t_msg held[64], msg, answer = { 0 };
	uint64_t all, now_ms;
	uint64_t long_id, short_id;
	uint32_t n = 0, i;

	open_hosts(family, t_region_min());
	all = t_info(&server).bpool_avail_bytes;

	t_case("family %d: fill the region", family);
	take(&held[n++], 1000000, 1);
	while (t_info(&server).bpool_avail_bytes >= 4 * HOMA_BPAGE_SIZE && n < 64) {
		take(&held[n], HOMA_BPAGE_SIZE, n + 1);
		n++;
	}
	T_OK(n > 1 && n < 64);

	t_case("family %d: messages wait for space, for longer than a timeout", family);
	long_id = t_request(&client, &addr, 1000000, 100, 0);
	t_sleep_ms(50);
	short_id = t_request(&client, &addr, 990000, 101, 0);
	now_ms = t_now_ms();
	while (t_now_ms() < now_ms + 400) {
		memset(&msg, 0, sizeof(msg));
		T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EAGAIN);
		T_RET(t_recv(&client, &answer, 0, MSG_DONTWAIT), -EAGAIN);
		t_sleep_ms(20);
	}

	t_case("family %d: the shortest is served first when there is space", family);
	/* The call that gives buffers back may return what waited for them. */
	msg = held[0];
	T_RET(t_recv(&server, &msg, 0, 0), 990000);
	T_EQ(msg.args.id, short_id ^ 1);
	T_OK(t_msg_is(&server, &msg, 101));
	T_RET(t_echo(&server, &msg), 0);

	t_case("family %d: then the other", family);
	T_RET(t_recv(&server, &msg, 0, 0), 1000000);
	T_EQ(msg.args.id, long_id ^ 1);
	T_OK(t_msg_is(&server, &msg, 100));
	T_RET(t_echo(&server, &msg), 0);
	for (i = 0; i < 2; i++) {
		ssize_t length = t_recv(&client, &answer, 0, 0);

		T_OK(length == 990000 || length == 1000000);
		T_OK(t_msg_is(&client, &answer, length == 990000 ? 101 : 100));
	}

	t_case("family %d: all is returned", family);
	t_release(&server, &msg);
	for (i = 1; i < n; i++)
		t_release(&server, &held[i]);
	T_EQ(t_info(&server).bpool_avail_bytes, all);
	close_hosts();
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_bpages", 100);
	for (i = 0; i < 2; i++) {
		test_layout(families[i]);
		test_returns(families[i]);
		test_bad_returns(families[i]);
		test_exhaustion(families[i]);
	}
	return t_end();
}
