// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* AF_INET and AF_INET6 sockets among each other: uapi §12. All message lengths. */
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

static const size_t lengths[] = {
	1, 100, 1404, 1405, 1424, 1425, 40000, 40001, 65535, 65536, 65537, 999999, 1000000,
};

#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

/* Every length there and back. What the server sees as our address is @seen. */
static void test_lengths(int client_family, int server_family, const char *to, const char *seen)
{
	struct t_addr addr = t_addr(client_family, to, PORT);
	struct t_addr expected = t_addr(server_family, seen, 0);
	struct t_msg request = { 0 }, response = { 0 };
	struct t_sock server, client;
	uint32_t i;

	t_open(&server, server_family, PORT);
	t_open(&client, client_family, 0);
	for (i = 0; i < LENGTHS; i++) {
		uint64_t id;

		t_case("from family %d to %s of family %d, %zu bytes", client_family, to,
		       server_family, lengths[i]);
		id = t_request(&client, &addr, lengths[i], i + 1, 0);
		T_RET(t_recv(&server, &request, 0, 0), lengths[i]);
		T_EQ(request.args.id, id ^ 1);
		T_OK(t_msg_is(&server, &request, i + 1));
		T_OK(t_same_host(&request.from, &expected));
		T_EQ(request.from.len, expected.len);
		T_EQ(t_port(&request.from), t_local_port(&client));

		T_RET(t_respond(&server, &request, lengths[LENGTHS - 1 - i], i + 50), 0);
		T_RET(t_recv(&client, &response, 0, 0), lengths[LENGTHS - 1 - i]);
		T_EQ(response.args.id, id);
		T_EQ(response.args.completion_cookie, i + 1);
		T_OK(t_msg_is(&client, &response, i + 50));
		T_OK(t_same_host(&response.from, &addr));
		T_EQ(response.from.len, addr.len);
		T_EQ(t_port(&response.from), PORT);
	}
	t_close(&server);
	t_close(&client);
}

/* IPv6 packets cannot be delivered to an AF_INET socket: the RPC fails. */
static void test_v6_to_v4_socket(void)
{
	struct t_addr addr = t_addr(AF_INET6, "::1", PORT);
	struct t_msg msg = { 0 };
	struct t_sock server, client;
	ssize_t ret;

	t_case("IPv6 to an AF_INET socket");
	t_open(&server, AF_INET, PORT);
	t_open(&client, AF_INET6, 0);
	t_request(&client, &addr, 100, 1, 0);
	ret = t_recv(&client, &msg, 0, 0);
	T_OK(ret == -ENOTCONN || ret == -ETIMEDOUT);
	memset(&msg, 0, sizeof(msg));
	T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EAGAIN);
	t_close(&server);
	t_close(&client);
}

int main(void)
{
	t_begin("t_family", 100);
	test_lengths(AF_INET, AF_INET, "127.0.0.1", "127.0.0.1");
	test_lengths(AF_INET6, AF_INET6, "::1", "::1");
	test_lengths(AF_INET, AF_INET6, "127.0.0.1", "::ffff:127.0.0.1");
	test_lengths(AF_INET6, AF_INET, "::ffff:127.0.0.1", "127.0.0.1");
	test_lengths(AF_INET6, AF_INET6, "::ffff:127.0.0.1", "::ffff:127.0.0.1");
	test_v6_to_v4_socket();
	return t_end();
}
