/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Frames of a stream arrive in any order, because each is an RPC of its own. This
 * puts them in order again.
 */
#ifndef HOMA_PROXY_ORDER_H
#define HOMA_PROXY_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* DATA frames of one stream that are under way at a time, and one END. */
#define ORDER_WINDOW 4
#define ORDER_HELD (ORDER_WINDOW + 1)

struct order_item {
	uint64_t offset;
	size_t bytes;		/* 0 = the end of the stream */
	void *what;		/* of the caller */
};

/**
 * struct order - frames that wait for those before them
 * @next: offset of the byte that comes next
 * @ended: the end was taken
 * @count: elements of @held
 * @held: ascending by offset
 */
struct order {
	uint64_t next;
	bool ended;
	unsigned int count;
	struct order_item held[ORDER_HELD];
};

/**
 * order_add() - a frame came
 * @order: of its stream
 * @item: the frame
 *
 * Return: false if it contradicts the others: bytes twice, bytes behind the end, two
 * ends, or more frames than may be under way.
 */
bool order_add(struct order *order, const struct order_item *item);

/**
 * order_take() - the frame that comes next
 * @order: of the stream
 * @item: the frame
 *
 * Return: false if it is not there yet.
 */
bool order_take(struct order *order, struct order_item *item);

#endif /* HOMA_PROXY_ORDER_H */
