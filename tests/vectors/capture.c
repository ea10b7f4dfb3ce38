// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The little of pcap, Ethernet and IP that the reference captures use.
 */
#include <stdio.h>
#include <stdlib.h>

#include "capture.h"

#define FILE_HDR_BYTES		24u
#define RECORD_HDR_BYTES	16u
#define PCAP_MAGIC_LE		0xa1b2c3d4u
#define LINKTYPE_ETHERNET	1u
#define FILE_BYTES_MAX		(64u << 20)

#define ETH_HDR_BYTES		14u
#define IPPROTO_NUMBER_HOMA	146

static u16 be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static u32 le32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

const char *capture_open(struct capture *c, const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t got;

	memset(c, 0, sizeof(*c));
	if (!f)
		return "cannot be opened";
	c->bytes = malloc(FILE_BYTES_MAX);
	got = c->bytes ? fread(c->bytes, 1, FILE_BYTES_MAX, f) : 0;
	fclose(f);
	if (got < FILE_HDR_BYTES || got == FILE_BYTES_MAX)
		return "is too short or too long";
	if (le32(c->bytes) != PCAP_MAGIC_LE)
		return "is not a little-endian pcap file";
	if (le32(c->bytes + 20) != LINKTYPE_ETHERNET)
		return "is not a capture of Ethernet";
	c->len = (u32)got;
	c->at = FILE_HDR_BYTES;
	return NULL;
}

void capture_close(struct capture *c)
{
	free(c->bytes);
	c->bytes = NULL;
}

static bool from_ipv4(struct capture_packet *p, const u8 *ip, u32 len)
{
	u32 hdr, total;

	if (len < 20 || ip[0] >> 4 != 4)
		return false;
	hdr = 4u * (ip[0] & 15);
	total = be16(ip + 2);
	if (ip[9] != IPPROTO_NUMBER_HOMA || hdr < 20 || total < hdr ||
	    total > len)
		return false;
	p->ip_version = 4;
	p->tos = ip[1];
	p->source = ip[15];
	p->dest = ip[19];
	p->bytes = ip + hdr;
	p->len = total - hdr;
	return true;
}

static bool from_ipv6(struct capture_packet *p, const u8 *ip, u32 len)
{
	if (len < 40 || ip[0] >> 4 != 6 || ip[6] != IPPROTO_NUMBER_HOMA ||
	    be16(ip + 4) > len - 40)
		return false;
	p->ip_version = 6;
	p->tos = (u8)(ip[0] << 4 | ip[1] >> 4);
	p->source = ip[23];
	p->dest = ip[39];
	p->bytes = ip + 40;
	p->len = be16(ip + 4);
	return true;
}

static bool from_frame(struct capture_packet *p, const u8 *frame, u32 len)
{
	if (len < ETH_HDR_BYTES)
		return false;
	switch (be16(frame + 12)) {
	case 0x0800:
		return from_ipv4(p, frame + ETH_HDR_BYTES,
				 len - ETH_HDR_BYTES);
	case 0x86dd:
		return from_ipv6(p, frame + ETH_HDR_BYTES,
				 len - ETH_HDR_BYTES);
	}
	return false;
}

bool capture_next(struct capture *c, struct capture_packet *p)
{
	const u8 *frame;
	u32 kept;

	while (c->len - c->at >= RECORD_HDR_BYTES) {
		kept = le32(c->bytes + c->at + 8);
		frame = c->bytes + c->at + RECORD_HDR_BYTES;
		if (kept > c->len - c->at - RECORD_HDR_BYTES)
			return false;
		c->at += RECORD_HDR_BYTES + kept;
		c->frame++;
		if (from_frame(p, frame, kept)) {
			p->frame = c->frame;
			return true;
		}
		c->others++;
	}
	return false;
}
