/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * When to copy part of a message to the application while the rest is still on its
 * way (docs/decisions/0091-overlap.md).
 */
#ifndef HOMA_CORE_EARLY_H
#define HOMA_CORE_EARLY_H

#include "port.h"
#include "reasm.h"

/* Waking a thread costs about as much as copying half of this. */
#define HOMA_EARLY_BYTES_MIN	65536

/*
 * A thread is woken when there is so many times as much to copy as is still missing.
 * What is missing then takes as long to arrive as copying takes, if copying is so
 * many times as fast as the link; two or three times are enough for a message, and
 * little is left for when it is complete.
 */
#define HOMA_EARLY_RATIO	2

/**
 * homa_early_due() - is it time to copy what is here of a message?
 * @rx: message of which bytes are missing
 * @offered: bytes that had been received when this was last true, or 0
 *
 * Return: true if there is enough new to copy, compared with what is missing.
 */
static inline bool homa_early_due(const struct homa_reasm *rx, u32 offered)
{
	u32 fresh = homa_reasm_received(rx) - offered;

	return fresh >= HOMA_EARLY_BYTES_MIN &&
	       fresh / HOMA_EARLY_RATIO >= rx->remaining;
}

#endif /* HOMA_CORE_EARLY_H */
