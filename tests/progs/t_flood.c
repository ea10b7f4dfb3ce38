// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_flood - requests from hosts that do not exist
 *
 *    t_flood -i c0 -m 02:00:00:00:00:02 -d 10.0.0.2 -n 200000
 *        from c0, to the host with this MAC and IPv4 or IPv6 address: so many
 *        requests of 100 bytes, each from a random address and port, with a
 *        random id
 *    -u FILE
 *        after these go on until the file exists
 *
 * -p port (4000), -b frames between pauses (100), -w length of a pause in
 * microseconds (0 = only give other processes a chance), -s seed (1). Source
 * addresses are in 11.0.0.0/8 to 100.0.0.0/8, or in 2001:db8::/32. Builds
 * packets by itself, on purpose without the code under test. The last line is the
 * number of frames that the device took; exit status 0.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define DATA_HEADER_BYTES 56
#define BODY_BYTES 100
#define HOMA_BYTES (DATA_HEADER_BYTES + BODY_BYTES)
#define TYPE_DATA 0x10

static struct frame {
	struct ether_header eth;
	union {
		struct {
			struct iphdr ip;
			unsigned char homa[HOMA_BYTES];
		} __attribute__((packed)) v4;
		struct {
			struct ip6_hdr ip;
			unsigned char homa[HOMA_BYTES];
		} __attribute__((packed)) v6;
	};
} __attribute__((packed)) frame;

static bool v6;
static uint32_t state = 1;

static unsigned char *homa(void) { return v6 ? frame.v6.homa : frame.v4.homa; }

static size_t frame_bytes(void)
{
	return sizeof(frame.eth) + (v6 ? sizeof(frame.v6) : sizeof(frame.v4));
}

static bool set_destination(const char *text)
{
	v6 = strchr(text, ':');
	return inet_pton(v6 ? AF_INET6 : AF_INET, text,
			 v6 ? (void *)&frame.v6.ip.ip6_dst : (void *)&frame.v4.ip.daddr) == 1;
}

/* wire §4, §6.1: one packet that is a whole request. */
static void prepare(uint16_t port)
{
	unsigned char *h = homa();

	frame.eth.ether_type = htons(v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	if (v6) {
		frame.v6.ip.ip6_vfc = 6 << 4;
		frame.v6.ip.ip6_plen = htons(HOMA_BYTES);
		frame.v6.ip.ip6_hlim = 64;
		frame.v6.ip.ip6_nxt = IPPROTO_HOMA;
	} else {
		frame.v4.ip.version = 4;
		frame.v4.ip.ihl = 5;
		frame.v4.ip.tot_len = htons(sizeof(frame.v4));
		frame.v4.ip.ttl = 64;
		frame.v4.ip.protocol = IPPROTO_HOMA;
	}
	t_put16(h + 2, port);
	h[11] = TYPE_DATA;
	h[12] = 0xe0;
	h[13] = 0x06;
	t_put16(h + 18, 0xb97d);
	t_put32(h + 28, BODY_BYTES);	/* message_length */
	t_put32(h + 32, BODY_BYTES);	/* incoming */
}

static void forge(void)
{
	unsigned char *h = homa();
	struct in6_addr source = { .s6_addr = { 0x20, 0x01, 0x0d, 0xb8 } };
	unsigned int i;

	if (v6) {
		for (i = 4; i < 16; i += 4)
			t_put32(source.s6_addr + i, t_random(&state));
		frame.v6.ip.ip6_src = source;
	} else {
		frame.v4.ip.saddr = htonl((11 + t_random(&state) % 90) << 24 |
					  (t_random(&state) & 0xffffff));
		frame.v4.ip.check = 0;
		frame.v4.ip.check = t_checksum(t_sum(0, &frame.v4.ip, sizeof(frame.v4.ip)));
	}
	t_put16(h, 1 + t_random(&state) % 65535);
	t_put32(h + 20, t_random(&state));
	t_put32(h + 24, t_random(&state) & ~1u);
}

int main(int argc, char **argv)
{
	unsigned long count = 1000, batch = 100, pause_us = 0, i, taken = 0;
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	const char *device = NULL, *until = NULL;
	bool destination = false;
	uint16_t port = 4000;
	int opt, fd;

	while ((opt = getopt(argc, argv, "i:m:d:p:n:b:w:s:u:")) != -1) {
		switch (opt) {
		case 'i':
			device = optarg;
			break;
		case 'm':
			if (!ether_aton_r(optarg, (struct ether_addr *)frame.eth.ether_dhost))
				errx(2, "%s is not a MAC address", optarg);
			break;
		case 'd':
			destination = set_destination(optarg);
			if (!destination)
				errx(2, "%s is not an address", optarg);
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
			state = strtoul(optarg, NULL, 0);
			break;
		case 'u':
			until = optarg;
			break;
		default:
			return 2;
		}
	}
	if (!device || !destination || !batch || !state)
		errx(2, "usage: t_flood -i DEVICE -m MAC -d ADDRESS [-p PORT] [-n COUNT] [-u FILE] "
		     "[-b BATCH] [-w USECS] [-s SEED]");
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		err(2, "socket");
	to.sll_ifindex = if_nametoindex(device);
	to.sll_halen = ETH_ALEN;
	memcpy(to.sll_addr, frame.eth.ether_dhost, ETH_ALEN);

	prepare(port);
	for (i = 0; i < count || (until && access(until, F_OK)); i++) {
		forge();
		if (sendto(fd, &frame, frame_bytes(), 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
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
