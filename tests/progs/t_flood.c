// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_flood - requests from hosts that do not exist
 *
 *    t_flood -i c0 -m 02:00:00:00:00:02 -d 10.0.0.2 -n 200000
 *        from c0, to the host with this MAC and IPv4 address: so many requests
 *        of 100 bytes, each from a random address and port, with a random id
 *
 * -p port (4000), -b frames between pauses (100), -w length of a pause in
 * microseconds (0 = only give other processes a chance), -s seed (1). Source
 * addresses are in 11.0.0.0/8 to 100.0.0.0/8. Builds packets by itself, on
 * purpose without the code under test. The last line is the number of frames
 * that the device took; exit status 0.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define DATA_HEADER_BYTES 56
#define BODY_BYTES 100
#define TYPE_DATA 0x10

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	unsigned char homa[DATA_HEADER_BYTES + BODY_BYTES];
} __attribute__((packed));

static void put16(unsigned char *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static void put32(unsigned char *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static uint16_t ip_checksum(const void *header, size_t bytes)
{
	const unsigned char *at = header;
	uint32_t sum = 0;

	for (; bytes; bytes -= 2, at += 2)
		sum += (uint32_t)at[0] << 8 | at[1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

/* wire §4, §6.1: one packet that is a whole request. */
static void prepare(struct frame *f, uint16_t port)
{
	unsigned char *h = f->homa;

	f->eth.ether_type = htons(ETHERTYPE_IP);
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.tot_len = htons(sizeof(f->ip) + sizeof(f->homa));
	f->ip.ttl = 64;
	f->ip.protocol = IPPROTO_HOMA;
	put16(h + 2, port);
	h[11] = TYPE_DATA;
	h[12] = 0xe0;
	h[13] = 0x06;
	put16(h + 18, 0xb97d);
	put32(h + 28, BODY_BYTES);	/* message_length */
	put32(h + 32, BODY_BYTES);	/* incoming */
}

static void forge(struct frame *f, uint32_t *random)
{
	uint32_t source = (11 + t_random(random) % 90) << 24 | (t_random(random) & 0xffffff);

	f->ip.saddr = htonl(source);
	f->ip.check = 0;
	f->ip.check = ip_checksum(&f->ip, sizeof(f->ip));
	put16(f->homa, 1 + t_random(random) % 65535);
	put32(f->homa + 20, t_random(random));
	put32(f->homa + 24, t_random(random) & ~1u);
}

int main(int argc, char **argv)
{
	unsigned long count = 1000, batch = 100, pause_us = 0, i, taken = 0;
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	const char *device = NULL;
	struct frame f = {};
	uint16_t port = 4000;
	uint32_t random = 1;
	int opt, fd;

	while ((opt = getopt(argc, argv, "i:m:d:p:n:b:w:s:")) != -1) {
		switch (opt) {
		case 'i':
			device = optarg;
			break;
		case 'm':
			if (!ether_aton_r(optarg, (struct ether_addr *)f.eth.ether_dhost))
				errx(2, "%s is not a MAC address", optarg);
			break;
		case 'd':
			if (inet_pton(AF_INET, optarg, &f.ip.daddr) != 1)
				errx(2, "%s is not an IPv4 address", optarg);
			break;
		case 'p':
			port = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			count = strtoul(optarg, NULL, 0);
			break;
		case 'b':
			batch = strtoul(optarg, NULL, 0);
			break;
		case 'w':
			pause_us = strtoul(optarg, NULL, 0);
			break;
		case 's':
			random = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	if (!device || !f.ip.daddr || !batch || !random)
		errx(2, "usage: t_flood -i DEVICE -m MAC -d ADDRESS [-p PORT] [-n COUNT] [-b BATCH] [-w USECS] [-s SEED]");
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		err(2, "socket");
	to.sll_ifindex = if_nametoindex(device);
	to.sll_halen = ETH_ALEN;
	memcpy(to.sll_addr, f.eth.ether_dhost, ETH_ALEN);

	prepare(&f, port);
	for (i = 0; i < count; i++) {
		forge(&f, &random);
		if (sendto(fd, &f, sizeof(f), 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
			taken++;
		else if (errno != ENOBUFS)
			err(2, "sendto");
		if ((i + 1) % batch)
			continue;
		if (pause_us)
			usleep(pause_us);
		else
			sched_yield();
	}
	printf("%lu\n", taken);
	return 0;
}
