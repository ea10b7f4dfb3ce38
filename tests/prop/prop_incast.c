// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A client whose number of outstanding requests moves about: what all responses of
 * a burst may send unasked stays near incast_bytes, and a client with one request at
 * a time is limited by nothing in the end.
 */
#include "prop.h"
#include "core/incast.h"

#define STEPS 3000

void prop_run(struct prop *p)
{
	struct homa_config cfg = HOMA_CONFIG_DEFAULTS;
	u32 seg = prop_range(p, 8, 9000);
	u32 outstanding = 0;
	u32 peak = 0;
	u32 i;

	cfg.incast_bytes = prop_length(p, 1 << 20);
	cfg.unsched_bytes = prop_length(p, 1000000);
	while (prop_step(p, STEPS)) {
		u32 before = peak;
		u32 bytes;
		u8 limit;

		if (outstanding && prop_one_in(p, 2))
			outstanding -= prop_below(p, outstanding + 1);
		outstanding += 1 + (prop_one_in(p, 100) ? 500 : 0);
		peak = homa_incast_peak(peak, outstanding);
		PROP_CHECK(peak >= outstanding);
		PROP_CHECK(peak == outstanding || peak <= before);

		limit = homa_incast_limit(&cfg, peak);
		bytes = homa_incast_unsched(limit, seg, cfg.unsched_bytes);
		PROP_CHECK(bytes > 0 && bytes <= cfg.unsched_bytes);
		PROP_CHECK(!limit || limit >= 2);
		/* Whatever each host's limit is, a burst keeps to the budget. */
		if (limit && bytes > HOMA_INCAST_BYTES_MIN)
			PROP_CHECK((u64)bytes * peak <= cfg.incast_bytes);
		/* Never more for more requests. */
		PROP_CHECK(homa_incast_unsched(homa_incast_limit(&cfg, peak + 1),
					       seg, cfg.unsched_bytes) <=
			   bytes);
	}
	for (i = 0; i < 2000; i++)
		peak = homa_incast_peak(peak, 1);
	PROP_CHECK(peak == 1);
	PROP_CHECK(!homa_incast_limit(&cfg, peak));
}
