/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What homa top shows at one moment.
 */
#ifndef HOMA_TOOL_TOP_FRAME_H
#define HOMA_TOOL_TOP_FRAME_H

#include <jansson.h>
#include <stdio.h>

#include "info.h"
#include "metrics.h"

/**
 * struct top_data - what is known at one moment
 * @metrics: counters
 * @rpcs: RPCs, oldest first
 * @num_rpcs: number of them
 * @num_socks: number of sockets
 */
struct top_data {
	struct metrics metrics;
	struct info_rpc *rpcs;
	size_t num_rpcs;
	size_t num_socks;
};

int top_read(struct info *info, struct top_data *data);
void top_free(struct top_data *data);
void top_print(FILE *out, const struct top_data *now, const struct top_data *before,
	       size_t rows, size_t width);
json_t *top_json(const struct top_data *now, const struct top_data *before);

#endif /* HOMA_TOOL_TOP_FRAME_H */
