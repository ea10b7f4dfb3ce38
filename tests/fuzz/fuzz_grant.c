// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The input is settings and events of messages; the grantor and the model of
 * the property test agree about each.
 */
#include "fuzz.h"
#include "../prop/grant_world.h"

static void holds(const char *wrong)
{
	if (!wrong)
		return;
	fprintf(stderr, "not true: %s\n", wrong);
	abort();
}

static void configure(struct homa_config *cfg, struct fuzz_input *in)
{
	static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;
	u32 flags = (u32)fuzz_take(in, 1);

	*cfg = defaults;
	cfg->max_overcommit = 1 + flags % HOMA_OVERCOMMIT_MAX;
	if (flags & 0x80)
		cfg->window = (u32)fuzz_take(in, 2) * 4;
	if (flags & 0x40)
		cfg->max_incoming = 1 + (u32)fuzz_take(in, 2) * 16;
	if (flags & 0x20)
		cfg->grant_fifo_fraction = (u32)fuzz_take(in, 2) % 501;
	if (flags & 0x10)
		cfg->num_priorities = 1 + fuzz_take(in, 1) % 8;
	cfg->max_sched_prio = min_t(u8, cfg->max_sched_prio,
				    cfg->num_priorities - 1);
}

static void event(struct grant_world *w, struct fuzz_input *in)
{
	u32 what = (u32)fuzz_take(in, 1);
	u32 i = what % GRANT_MODEL_MSGS;
	u32 peer, length, received;

	switch (what / GRANT_MODEL_MSGS % 8) {
	case 0:
	case 1:
	case 2:
		peer = (u32)fuzz_take(in, 1) % GRANT_MODEL_PEERS;
		length = 1 + (u32)fuzz_take(in, 3) % HOMA_MSG_BYTES_MAX;
		received = (u32)fuzz_take(in, 1) * length / 256;
		holds(grant_world_add(w, i, peer, length, received,
				      min(length, (u32)fuzz_take(in, 3))));
		break;
	case 3:
		holds(grant_world_remove(w, i));
		break;
	case 4:
		w->now_ns += fuzz_take(in, 2) * 100;
		break;
	default:
		received = w->msg[i].length - w->msg[i].remaining;
		holds(grant_world_progress(w, i, received +
					   (u32)fuzz_take(in, 2)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	static struct grant_world w;
	struct homa_config cfg;

	configure(&cfg, &in);
	grant_world_init(&w, &cfg);
	while (in.size)
		event(&w, &in);
	holds(grant_world_end(&w));
	return 0;
}
