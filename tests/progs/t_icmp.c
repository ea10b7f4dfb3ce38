// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_icmp - answer one Homa packet with "host unreachable", in several places
 *
 *    t_icmp -w da -i db -i da
 *        wait for a DATA packet from da; then send an ICMP error that quotes it
 *        out of db, and then out of da
 *    -g GO
 *        send it when the file GO exists
 *
 * The receiver gets it with the addresses of the quoted packet, from its
 * destination. Prints "watching" when it has begun, and "seen".
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PLACES_MAX 4
#define TYPE_OFFSET 11		/* wire §2: common header */
#define TYPE_DATA 0x10
#define QUOTE_BYTES 100

/* "Host unreachable" about @quoted, from its destination to its source. */
static size_t answer_v4(unsigned char *out, const unsigned char *quoted)
{
	const struct iphdr *was = (const void *)quoted;
	size_t icmp_bytes = sizeof(struct icmphdr) + QUOTE_BYTES;
	struct icmphdr icmp = { .type = ICMP_DEST_UNREACH, .code = ICMP_HOST_UNREACH };
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_ICMP,
		.tot_len = htons((uint16_t)(sizeof(ip) + icmp_bytes)),
		.saddr = was->daddr, .daddr = was->saddr,
	};

	ip.check = t_checksum(t_sum(0, &ip, sizeof(ip)));
	icmp.checksum = t_checksum(t_sum(t_sum(0, &icmp, sizeof(icmp)), quoted, QUOTE_BYTES));
	memcpy(out, &ip, sizeof(ip));
	memcpy(out + sizeof(ip), &icmp, sizeof(icmp));
	memcpy(out + sizeof(ip) + sizeof(icmp), quoted, QUOTE_BYTES);
	return sizeof(ip) + icmp_bytes;
}

static size_t answer_v6(unsigned char *out, const unsigned char *quoted)
{
	const struct ip6_hdr *was = (const void *)quoted;
	size_t icmp_bytes = sizeof(struct icmp6_hdr) + QUOTE_BYTES;
	struct icmp6_hdr icmp = { .icmp6_type = ICMP6_DST_UNREACH,
				  .icmp6_code = ICMP6_DST_UNREACH_ADDR };
	struct ip6_hdr ip = { .ip6_src = was->ip6_dst, .ip6_dst = was->ip6_src };
	uint32_t sum;

	ip.ip6_vfc = 6 << 4;
	ip.ip6_plen = htons((uint16_t)icmp_bytes);
	ip.ip6_nxt = IPPROTO_ICMPV6;
	ip.ip6_hlim = 64;
	/* The pseudo-header counts in. */
	sum = t_sum((uint32_t)icmp_bytes + IPPROTO_ICMPV6, &ip.ip6_src, 32);
	sum = t_sum(sum, &icmp, sizeof(icmp));
	icmp.icmp6_cksum = t_checksum(t_sum(sum, quoted, QUOTE_BYTES));
	memcpy(out, &ip, sizeof(ip));
	memcpy(out + sizeof(ip), &icmp, sizeof(icmp));
	memcpy(out + sizeof(ip) + sizeof(icmp), quoted, QUOTE_BYTES);
	return sizeof(ip) + icmp_bytes;
}

/* Is this a DATA packet of Homa that is long enough for the quote? */
static bool is_data(const unsigned char *packet, size_t bytes, int protocol)
{
	const struct ip6_hdr *ip6 = (const void *)packet;
	const struct iphdr *ip4 = (const void *)packet;

	if (bytes < QUOTE_BYTES)
		return false;
	if (protocol == ETH_P_IP && ip4->protocol == IPPROTO_HOMA)
		return packet[ip4->ihl * 4 + TYPE_OFFSET] == TYPE_DATA;
	if (protocol == ETH_P_IPV6 && ip6->ip6_nxt == IPPROTO_HOMA)
		return packet[sizeof(*ip6) + TYPE_OFFSET] == TYPE_DATA;
	return false;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll watch = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int places[PLACES_MAX], count = 0, protocol, fd, opt, i;
	unsigned char packet[65536], out[2048];
	struct sockaddr_ll from;
	const char *go = NULL;
	socklen_t from_len;
	ssize_t bytes;
	size_t length;

	while ((opt = getopt(argc, argv, "w:i:g:")) != -1) {
		int index = opt == '?' ? 0 : (int)if_nametoindex(optarg);

		if (opt == 'g') {
			go = optarg;
			continue;
		}
		if (!index || count == PLACES_MAX)
			errx(2, "usage: t_icmp -w DEVICE -i DEVICE... [-g GO]");
		if (opt == 'w')
			watch.sll_ifindex = index;
		else
			places[count++] = index;
	}
	if (!watch.sll_ifindex || !count)
		errx(2, "usage: t_icmp -w DEVICE -i DEVICE... [-g GO]");
	alarm(60);

	fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (struct sockaddr *)&watch, sizeof(watch)))
		err(1, "packet socket");
	printf("watching\n");
	fflush(stdout);
	do {
		from_len = sizeof(from);
		bytes = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
				 &from_len);
		if (bytes < 0)
			err(1, "recvfrom");
		protocol = ntohs(from.sll_protocol);
	} while (!is_data(packet, (size_t)bytes, protocol));

	printf("seen\n");
	fflush(stdout);
	while (go && access(go, F_OK))
		t_sleep_ms(5);
	length = protocol == ETH_P_IP ? answer_v4(out, packet) : answer_v6(out, packet);
	for (i = 0; i < count; i++) {
		from.sll_ifindex = places[i];
		if (sendto(fd, out, length, 0, (struct sockaddr *)&from, sizeof(from)) < 0)
			err(1, "sendto");
	}
	return 0;
}
