/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Homa packets in a capture file: pcap, Ethernet, IPv4 or IPv6.
 */
#ifndef HOMA_TESTS_CAPTURE_H
#define HOMA_TESTS_CAPTURE_H

#include "core/port.h"

/**
 * struct capture_packet - one Homa packet
 * @frame: number of the frame in the file, from 1
 * @bytes: Homa header and data
 * @len: bytes according to the IP header
 * @tos: TOS or traffic class octet
 * @ip_version: 4 or 6
 * @source: last byte of the source address
 * @dest: last byte of the destination address
 */
struct capture_packet {
	u32 frame;
	const u8 *bytes;
	u32 len;
	u8 tos;
	u8 ip_version;
	u8 source;
	u8 dest;
};

/**
 * struct capture - an open file
 * @bytes: all of it
 * @len: its length
 * @at: offset of the next record
 * @frame: records read
 * @others: frames that were no Homa packets
 */
struct capture {
	u8 *bytes;
	u32 len;
	u32 at;
	u32 frame;
	u32 others;
};

/* Return: NULL, or what is wrong with the file. */
const char *capture_open(struct capture *c, const char *path);

/**
 * capture_next() - the next Homa packet
 * @c: file
 * @p: filled
 *
 * Return: false at the end of the file, or at a record that is cut short
 * (then @c->at is not @c->len).
 */
bool capture_next(struct capture *c, struct capture_packet *p);

void capture_close(struct capture *c);

#endif /* HOMA_TESTS_CAPTURE_H */
