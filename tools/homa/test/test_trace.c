// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/trace_line.c: lines as tracefs prints them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../info.h"
#include "../trace_line.h"

#define AT	"  homa_echo_cli-42      [000] b.s1.    12.345678: "
#define PAIR	"from ::ffff:10.0.0.1 port 32768 to ::ffff:10.0.0.2 port 4000 "

static struct trace_event event(const char *line)
{
	struct trace_event e;

	if (!trace_parse(line, &e))
		fail_msg("not understood: %s", line);
	return e;
}

static void packets_are_read(void **state)
{
	struct trace_event e;
	struct in6_addr host;

	(void)state;
	e = event(AT "homa_tx: DATA " PAIR
		  "sender_id=5000 offset=1424 bytes=1424 msg_len=200000 retransmit=1 priority=6");
	assert_string_equal(e.name, "tx");
	assert_string_equal(e.type, "DATA");
	assert_int_equal(e.when_ns, 12345678000);
	assert_int_equal(e.id, 5000);
	assert_true(e.client);
	assert_int_equal(e.offset, 1424);
	assert_int_equal(e.bytes, 1424);
	assert_int_equal(e.msg_len, 200000);
	assert_true(e.retransmit);
	assert_int_equal(e.priority, 6);
	info_parse_address("10.0.0.2", &host);
	assert_true(trace_concerns(&e, &host));
	info_parse_address("10.0.0.3", &host);
	assert_false(trace_concerns(&e, &host));
	/* What the server sent arrives at the client. */
	e = event(AT "homa_rx: GRANT " PAIR "sender_id=5001 offset=9 bytes=0 msg_len=0");
	assert_int_equal(e.id, 5000);
	assert_true(e.client);
}

static void words_are_right(void **state)
{
	static const struct {
		const char *line;
		const char *text;
	} cases[] = {
		{ AT "homa_tx: DATA " PAIR "sender_id=8 offset=0 bytes=100 msg_len=100 "
		  "retransmit=0 priority=7", "sends bytes 0-100 of 100, priority 7" },
		{ AT "homa_rx: DATA " PAIR "sender_id=8 offset=10 bytes=90 msg_len=100 "
		  "retransmit=1 skbaddr=0", "gets bytes 10-100 of 100, AGAIN" },
		{ AT "homa_tx: GRANT " PAIR "sender_id=8 offset=400 bytes=0",
		  "lets the other host send up to byte 400" },
		{ AT "homa_rx: RPC_UNKNOWN " PAIR "sender_id=8",
		  "hears that the other host knows no such RPC" },
		{ AT "homa_rpc_start: id=8 port=1 peer=::ffff:10.0.0.2 dport=4000 "
		  "state=OUTGOING error=0 tx=0/40000/200000 rx=0/0/0",
		  "begins: 200000 bytes to 10.0.0.2" },
		{ AT "homa_rpc_start: id=9 port=1 peer=fd00::1 dport=1 state=INCOMING error=0 "
		  "tx=0/0/0 rx=0/0/0", "begins: a request from fd00::1" },
		{ AT "homa_rpc_complete: id=8 port=1 peer=fd00::1 dport=1 state=INCOMING error=0 "
		  "tx=1/1/1 rx=77/77/77", "has all 77 bytes" },
		{ AT "homa_rpc_fail: id=8 port=1 peer=fd00::1 dport=1 state=INCOMING error=110 "
		  "tx=1/1/1 rx=0/0/0", "FAILS: Connection timed out" },
		{ AT "homa_rpc_end: why=UNACKED id=9 port=1 peer=fd00::1 dport=1 state=DEAD error=0 "
		  "tx=1/1/1 rx=0/0/0", "ends: the client never acknowledged" },
		{ AT "homa_resend: id=8 start=1424 end=4294967295 rounds=3",
		  "MISSES bytes 1424-end, asks for them (round 3)" },
		{ AT "homa_drop: from fd00::1 to fd00::2 len=60 reason=NO_SOCKET skbaddr=0",
		  "DROPS a packet of 60 bytes from fd00::1: NO_SOCKET" },
	};
	char text[TRACE_TEXT_MAX];
	struct trace_event e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e = event(cases[i].line);
		assert_string_equal(trace_text(&e, text), cases[i].text);
		assert_true(trace_shown(&e));
	}
	e = event(AT "homa_grant: id=8 offset=1 priority=0");
	assert_false(trace_shown(&e));
}

static void runs_of_data_merge(void **state)
{
	struct trace_event a, b;
	char text[TRACE_TEXT_MAX];

	(void)state;
	a = event(AT "homa_tx: DATA " PAIR "sender_id=8 offset=0 bytes=100 msg_len=500 "
		  "retransmit=0 priority=7");
	b = event(AT "homa_tx: DATA " PAIR "sender_id=8 offset=100 bytes=100 msg_len=500 "
		  "retransmit=0 priority=7");
	assert_true(trace_merge(&a, &b));
	assert_string_equal(trace_text(&a, text), "sends bytes 0-200 of 500 in 2 buffers, priority 7");
	/* A hole, another level, another RPC. */
	assert_false(trace_merge(&a, &b));
	b.offset = 200;
	b.priority = 3;
	assert_false(trace_merge(&a, &b));
	b.priority = 7;
	b.id = 10;
	assert_false(trace_merge(&a, &b));
}

static void nonsense_is_refused(void **state)
{
	static const char * const cases[] = {
		"", "CPU:0 [LOST 12 EVENTS]", "x: homa_tx", AT "homa_", ": homa_tx: DATA",
		"12.5: homa_this_name_is_much_too_long_for_a_tracepoint: id=1",
		AT "kfree_skb: skbaddr=0",
	};
	struct trace_event e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(trace_parse(cases[i], &e));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_read),
		cmocka_unit_test(words_are_right),
		cmocka_unit_test(runs_of_data_merge),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
