// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/params.c and info_parse.c: values, files, attributes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/homa_netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <cmocka.h>

#include "../info.h"
#include "../params.h"

static const struct info_param ticks = {
	.name = "timeout_ticks", .values = { 100 }, .num_values = 1, .min = 2, .max = 4000,
};
static const struct info_param map = {
	.name = "priority_map", .num_values = 8, .max = 7,
};

static void values_are_read(void **state)
{
	struct info_param out;
	char why[200];

	(void)state;
	assert_true(params_parse(&ticks, "200", &out, why, sizeof(why)));
	assert_int_equal(out.values[0], 200);
	assert_true(params_parse(&ticks, "0.2s", &out, why, sizeof(why)));
	assert_int_equal(out.values[0], 200);
	assert_false(params_parse(&ticks, "1us", &out, why, sizeof(why)));
	assert_string_equal(why, "\"1us\" is no number of ms");
	assert_false(params_parse(&ticks, "5s", &out, why, sizeof(why)));
	assert_string_equal(why, "5s is not from 2 to 4000 ms");
	assert_false(params_parse(&ticks, "3 4", &out, why, sizeof(why)));
	assert_string_equal(why, "it takes 1 value, not 2");
	assert_true(params_parse(&map, "7 6,5, 4 3 2 1 0", &out, why, sizeof(why)));
	assert_int_equal(out.values[0], 7);
	assert_int_equal(out.values[7], 0);
	assert_false(params_parse(&map, "1 2 3 4 5 6 7 7 7 7 7 7", &out, why, sizeof(why)));
	assert_false(params_parse(&map, "", &out, why, sizeof(why)));
	assert_false(params_parse(&map, "8 6 5 4 3 2 1 0", &out, why, sizeof(why)));
}

static void other_lines_of_the_file_stay(void **state)
{
	char path[] = "/tmp/homa-test.XXXXXX", text[400] = "";
	int fd = mkstemp(path);
	FILE *file;

	(void)state;
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "# mine\nnet.homa.timeout_ticks_x = 1\n"
				 "-net.homa.timeout_ticks=9\nvm.swappiness = 1\n") > 0);
	close(fd);
	assert_int_equal(params_save(path, &ticks, 1), 0);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	unlink(path);
	assert_string_equal(text, "# mine\nnet.homa.timeout_ticks_x = 1\nvm.swappiness = 1\n"
			    "net.homa.timeout_ticks = 100\n");
}

/* Attributes of an RPC, all but one that is @missing, one as short as a u8. */
static bool parse_rpc(int missing, int shortened, struct info_rpc *rpc)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct in6_addr peer = { .s6_addr = { 0xfd } };
	struct nlattr *attrs;
	bool good;

	nlmsg_put(msg, 0, 0, 0x20, 0, 0);
	attrs = nlmsg_data(nlmsg_hdr(msg));
	if (missing != HOMA_A_RPC_ID)
		nla_put_u64(msg, HOMA_A_RPC_ID, 77);
	if (missing != HOMA_A_RPC_PEER)
		nla_put(msg, HOMA_A_RPC_PEER, shortened == HOMA_A_RPC_PEER ? 4 : 16, &peer);
	nla_put_u16(msg, HOMA_A_RPC_PEER_PORT, 4000);
	if (shortened == HOMA_A_RPC_TX_LENGTH)
		nla_put_u8(msg, HOMA_A_RPC_TX_LENGTH, 1);
	else if (missing != HOMA_A_RPC_TX_LENGTH)
		nla_put_u32(msg, HOMA_A_RPC_TX_LENGTH, 5);
	/* One that a newer kernel may have. */
	nla_put_u32(msg, HOMA_A_RPC_MAX + 5, 1);
	memset(rpc, 0, sizeof(*rpc));
	good = info_parse_rpc(attrs, nlmsg_datalen(nlmsg_hdr(msg)), rpc);
	nlmsg_free(msg);
	return good;
}

static void attributes_are_checked(void **state)
{
	struct info_rpc rpc;

	(void)state;
	assert_true(parse_rpc(0, 0, &rpc));
	assert_int_equal(rpc.id, 77);
	assert_int_equal(rpc.peer.s6_addr[0], 0xfd);
	assert_int_equal(rpc.peer_port, 4000);
	assert_true(rpc.has_tx);
	assert_int_equal(rpc.tx_length, 5);
	assert_false(rpc.has_rx);
	assert_true(parse_rpc(HOMA_A_RPC_TX_LENGTH, 0, &rpc));
	assert_false(rpc.has_tx);
	assert_false(parse_rpc(HOMA_A_RPC_ID, 0, &rpc));
	assert_false(parse_rpc(HOMA_A_RPC_PEER, 0, &rpc));
	assert_false(parse_rpc(0, HOMA_A_RPC_PEER, &rpc));
	assert_false(parse_rpc(0, HOMA_A_RPC_TX_LENGTH, &rpc));
}

static void addresses_are_written(void **state)
{
	struct in6_addr address;
	char text[INFO_ADDRESS_MAX];

	(void)state;
	assert_true(info_parse_address("10.0.0.2", &address));
	assert_string_equal(info_endpoint(&address, 4000, text), "10.0.0.2:4000");
	assert_true(info_parse_address("::ffff:10.0.0.2", &address));
	assert_string_equal(info_address(&address, text), "10.0.0.2");
	assert_true(info_parse_address("fd00::2", &address));
	assert_string_equal(info_endpoint(&address, 4000, text), "[fd00::2]:4000");
	assert_false(info_parse_address("host", &address));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(other_lines_of_the_file_stay),
		cmocka_unit_test(attributes_are_checked),
		cmocka_unit_test(addresses_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
