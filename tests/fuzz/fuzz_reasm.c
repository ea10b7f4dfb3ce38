// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The input is a message length and packets; core/reasm and the model with
 * one flag per byte agree about each.
 */
#include "fuzz.h"
#include "../prop/reasm_model.h"

/* Room for more holes than fit, small enough to try very often. */
#define LENGTH_MAX 200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	static struct reasm_model m;
	u32 length = 1 + (u32)fuzz_take(&in, 2) % LENGTH_MAX;
	u32 start, end, bytes;

	reasm_model_init(&m, length);
	while (in.size) {
		start = (u32)fuzz_take(&in, 2);
		bytes = (u32)fuzz_take(&in, 1);
		/* Mostly inside the message, now and then anywhere. */
		if (start < 0xff00)
			start %= length;
		end = start + bytes;
		if (bytes == 0xff)
			end = (u32)fuzz_take(&in, 4);
		FUZZ_CHECK(!reasm_model_offer(&m, start, end));
	}
	FUZZ_CHECK(!reasm_model_check(&m, U32_MAX));
	FUZZ_CHECK(!reasm_model_check(&m, length / 2));
	return 0;
}
