// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/waits.c: what an RPC waits for, case by case.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "../waits.h"

#define CLIENT	100
#define SERVER	101

static void each_case_has_its_word(void **state)
{
	static const struct {
		struct info_rpc rpc;
		enum waits waits;
		bool peer;
	} cases[] = {
		/* Sending, held back, out of grants, sent. */
		{ { .id = CLIENT, .has_tx = true, .tx_length = 9, .tx_sent = 3, .tx_granted = 5 },
		  WAITS_SENDING, false },
		{ { .id = CLIENT, .has_tx = true, .tx_length = 9, .tx_sent = 3, .tx_granted = 5,
		    .paced = true }, WAITS_LINK, false },
		{ { .id = CLIENT, .has_tx = true, .tx_length = 9, .tx_sent = 5, .tx_granted = 5,
		    .paced = true }, WAITS_GRANTS, true },
		{ { .id = CLIENT, .has_tx = true, .tx_length = 9, .tx_sent = 9, .tx_granted = 9 },
		  WAITS_RESPONSE, true },
		{ { .id = SERVER, .has_tx = true, .tx_length = 9, .tx_sent = 9, .tx_granted = 9 },
		  WAITS_ACK, true },
		/* Incoming: nothing yet, some, all that was granted, no room, all. */
		{ { .id = CLIENT, .state = WAITS_INCOMING }, WAITS_RESPONSE, true },
		{ { .id = SERVER, .state = WAITS_INCOMING }, WAITS_DATA, true },
		{ { .id = SERVER, .state = WAITS_INCOMING, .has_rx = true, .rx_length = 9,
		    .rx_received = 3, .rx_granted = 5 }, WAITS_DATA, true },
		{ { .id = SERVER, .state = WAITS_INCOMING, .has_rx = true, .rx_length = 9,
		    .rx_received = 5, .rx_granted = 5 }, WAITS_OUR_GRANTS, false },
		{ { .id = SERVER, .state = WAITS_INCOMING, .has_rx = true, .rx_length = 9,
		    .stalled = true }, WAITS_BUFFERS, false },
		{ { .id = SERVER, .state = WAITS_INCOMING, .has_rx = true, .rx_length = 9,
		    .rx_received = 9, .rx_granted = 9 }, WAITS_READER, false },
		{ { .id = SERVER, .state = WAITS_IN_SERVICE, .has_rx = true, .rx_length = 9,
		    .rx_received = 9 }, WAITS_APPLICATION, false },
		/* An error comes before all. */
		{ { .id = CLIENT, .state = WAITS_INCOMING, .error = ETIMEDOUT }, WAITS_READER,
		  false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (waits_for(&cases[i].rpc) != cases[i].waits ||
		    waits_for_peer(&cases[i].rpc) != cases[i].peer)
			fail_msg("case %zu: %s", i, waits_word(waits_for(&cases[i].rpc)));
	}
}

static void words_tell_of_silence_and_errors(void **state)
{
	struct info_rpc rpc = { .id = CLIENT, .state = WAITS_INCOMING, .silent_ns = 35000000 };
	char text[WAITS_MAX];

	(void)state;
	assert_string_equal(waits_text(&rpc, text), "response");
	rpc.resends = 1;
	assert_string_equal(waits_text(&rpc, text), "response (silent 35.0ms, asked 1 time)");
	rpc.resends = 6;
	assert_string_equal(waits_text(&rpc, text), "response (silent 35.0ms, asked 6 times)");
	rpc.error = ETIMEDOUT;
	assert_string_equal(waits_text(&rpc, text), "reader (error: Connection timed out)");
	assert_string_equal(waits_state(WAITS_IN_SERVICE), "in_service");
	assert_string_equal(waits_state(77), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case_has_its_word),
		cmocka_unit_test(words_tell_of_silence_and_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
