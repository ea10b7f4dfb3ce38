// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Frames of a stream, in order. */
#include <string.h>

#include "order.h"

bool order_add(struct order *order, const struct order_item *item)
{
	const struct order_item *before = NULL, *after = NULL;
	unsigned int at = order->count;

	if (order->ended || order->count == ORDER_HELD || item->offset < order->next)
		return false;
	while (at > 0 && order->held[at - 1].offset > item->offset)
		at--;
	if (at > 0)
		before = &order->held[at - 1];
	if (at < order->count)
		after = &order->held[at];
	if (before && (!before->bytes || before->offset + before->bytes > item->offset))
		return false;
	if (after && (!item->bytes || item->offset + item->bytes > after->offset))
		return false;
	memmove(&order->held[at + 1], &order->held[at],
		(order->count - at) * sizeof(order->held[0]));
	order->held[at] = *item;
	order->count++;
	return true;
}

bool order_take(struct order *order, struct order_item *item)
{
	if (!order->count || order->held[0].offset != order->next)
		return false;
	*item = order->held[0];
	order->next += item->bytes;
	order->ended = !item->bytes;
	order->count--;
	memmove(&order->held[0], &order->held[1], order->count * sizeof(order->held[0]));
	return true;
}
