// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_sniff - watch what a device transmits, and check each Homa packet
 *
 *    t_sniff -i c0 -m 1500 -f 4
 *        until it gets SIGTERM: every Homa packet that leaves c0 fits in 1500
 *        bytes, is not fragmented and must not be (DF), and is of IPv4
 *    -p 50
 *        the same of packets of another protocol, whatever is in them
 *    -r
 *        what c0 receives instead
 *
 * Prints "watching" when it has begun. Exit status 0: at least one Homa packet
 * was seen, and all were right. It reads headers by itself, on purpose without
 * the code under test.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define TYPE_OFFSET 11		/* wire §2: common header */
#define TYPE_DATA 0x10
#define DATA_HEADER_BYTES 56

static volatile sig_atomic_t stopped;
static unsigned int wanted = IPPROTO_HOMA;
static unsigned long packets, wrong, largest;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void complain(const char *what, size_t bytes)
{
	if (wrong++ < 10)
		fprintf(stderr, "t_sniff: packet of %zu bytes: %s\n", bytes, what);
}

static void check_common(const unsigned char *homa, size_t homa_bytes, size_t ip_bytes, size_t mtu)
{
	packets++;
	if (ip_bytes > largest)
		largest = ip_bytes;
	if (ip_bytes > mtu)
		complain("larger than the MTU", ip_bytes);
	if (wanted != IPPROTO_HOMA)
		return;
	if (homa_bytes <= TYPE_OFFSET)
		complain("no Homa header", ip_bytes);
	else if (homa[TYPE_OFFSET] == TYPE_DATA && homa_bytes <= DATA_HEADER_BYTES)
		complain("a DATA packet without data", ip_bytes);
}

static void check(const unsigned char *packet, size_t bytes, int protocol, size_t mtu, int family)
{
	const struct ip6_hdr *ip6 = (const void *)packet;
	const struct iphdr *ip4 = (const void *)packet;
	size_t ip_bytes, header_bytes;

	if (protocol == ETH_P_IP && bytes >= sizeof(*ip4) && ip4->protocol == wanted) {
		header_bytes = (size_t)ip4->ihl * 4;
		ip_bytes = ntohs(ip4->tot_len);
		if (family == 6)
			complain("IPv4, expected IPv6", ip_bytes);
		if (!(ntohs(ip4->frag_off) & IP_DF))
			complain("DF is not set", ip_bytes);
		if (ntohs(ip4->frag_off) & (IP_MF | IP_OFFMASK))
			complain("a fragment", ip_bytes);
	} else if (protocol == ETH_P_IPV6 && bytes >= sizeof(*ip6) && ip6->ip6_nxt == wanted) {
		header_bytes = sizeof(*ip6);
		ip_bytes = header_bytes + ntohs(ip6->ip6_plen);
		if (family == 4)
			complain("IPv6, expected IPv4", ip_bytes);
	} else if (protocol == ETH_P_IPV6 && bytes >= sizeof(*ip6) + 1 && ip6->ip6_nxt == 44 &&
		   packet[sizeof(*ip6)] == wanted) {
		complain("a fragment", bytes);
		return;
	} else {
		return;
	}
	if (ip_bytes > bytes || header_bytes > ip_bytes) {
		complain("longer than the frame", ip_bytes);
		return;
	}
	check_common(packet + header_bytes, ip_bytes - header_bytes, ip_bytes, mtu);
}

int main(int argc, char **argv)
{
	static unsigned char packet[128 << 10];
	struct sigaction action = { .sa_handler = stop };
	struct sockaddr_ll from = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	/* A signal that comes just before recvfrom does not end it; this does. */
	struct timeval timeout = { .tv_usec = 100000 };
	int buffer = 64 << 20;
	socklen_t from_len;
	size_t mtu = 1500;
	bool outgoing = true;
	int family = 0;
	ssize_t bytes;
	int fd, opt;

	while ((opt = getopt(argc, argv, "i:m:f:p:r")) != -1) {
		switch (opt) {
		case 'i':
			from.sll_ifindex = (int)if_nametoindex(optarg);
			break;
		case 'm':
			mtu = (size_t)atol(optarg);
			break;
		case 'f':
			family = atoi(optarg);
			break;
		case 'p':
			wanted = (unsigned int)atoi(optarg);
			break;
		case 'r':
			outgoing = false;
			break;
		default:
			from.sll_ifindex = 0;
		}
	}
	if (optind != argc || !from.sll_ifindex)
		errx(2, "usage: t_sniff -i DEVICE [-m MTU] [-f 4|6] [-p PROTOCOL] [-r]");

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)))
		err(1, "packet socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		err(1, "SO_RCVBUFFORCE");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		err(1, "SO_RCVTIMEO");
	printf("watching\n");
	fflush(stdout);

	while (!stopped) {
		from_len = sizeof(from);
		bytes = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);
		if (bytes < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (bytes < 0)
			err(1, "recvfrom");
		if ((from.sll_pkttype == PACKET_OUTGOING) == outgoing)
			check(packet, (size_t)bytes, ntohs(from.sll_protocol), mtu, family);
	}
	/* What has been captured before the signal counts too. */
	while ((bytes = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT,
				 (struct sockaddr *)&from, &(socklen_t){ sizeof(from) })) >= 0)
		if ((from.sll_pkttype == PACKET_OUTGOING) == outgoing)
			check(packet, (size_t)bytes, ntohs(from.sll_protocol), mtu, family);
	printf("t_sniff: %lu packets, largest %lu bytes, %lu wrong\n", packets, largest, wrong);
	return packets && !wrong ? 0 : 1;
}
