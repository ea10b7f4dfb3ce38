// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_capture - write the Homa packets that pass a device to a file
 *
 *    t_capture -i c0 -d out -o /tmp/sent [-t]
 *        until it gets SIGTERM: packets that c0 transmits (or, with "in",
 *        receives), whole from the IP header on, one line of hexadecimal digits
 *        for each
 *
 * Two files, sorted, are equal if and only if the same packets passed. With -t the
 * hop count and the header checksum are written as 0, because routers have to change
 * them. Prints "watching" when it has begun; exit status 0: at least one packet was
 * seen and none was missed.
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

static volatile sig_atomic_t stopped;
static bool mask_hops;
static unsigned long packets;
static FILE *out;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void keep(unsigned char *packet, size_t bytes, int protocol)
{
	struct ip6_hdr *ip6 = (void *)packet;
	struct iphdr *ip4 = (void *)packet;
	size_t ip_bytes, i;

	if (protocol == ETH_P_IP && bytes >= sizeof(*ip4) && ip4->protocol == IPPROTO_HOMA) {
		ip_bytes = ntohs(ip4->tot_len);
		if (mask_hops) {
			ip4->ttl = 0;
			ip4->check = 0;
		}
	} else if (protocol == ETH_P_IPV6 && bytes >= sizeof(*ip6) && ip6->ip6_nxt == IPPROTO_HOMA) {
		ip_bytes = sizeof(*ip6) + ntohs(ip6->ip6_plen);
		if (mask_hops)
			ip6->ip6_hlim = 0;
	} else {
		return;
	}
	if (ip_bytes > bytes)
		errx(1, "a packet of %zu bytes in a frame of %zu", ip_bytes, bytes);
	for (i = 0; i < ip_bytes; i++) {
		putc_unlocked("0123456789abcdef"[packet[i] >> 4], out);
		putc_unlocked("0123456789abcdef"[packet[i] & 15], out);
	}
	putc_unlocked('\n', out);
	packets++;
}

/* One packet of any kind; false if none came before the socket's time-out. */
static bool receive(int fd, bool outgoing)
{
	static unsigned char packet[128 << 10];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	ssize_t bytes;

	bytes = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);
	if (bytes < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (bytes < 0)
		err(1, "recvfrom");
	if ((from.sll_pkttype == PACKET_OUTGOING) == outgoing)
		keep(packet, (size_t)bytes, ntohs(from.sll_protocol));
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll where = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	/* A signal that comes just before recvfrom does not end it; this does. */
	struct timeval timeout = { .tv_usec = 100000 };
	struct sigaction action = { .sa_handler = stop };
	struct tpacket_stats stats;
	socklen_t stats_len = sizeof(stats);
	const char *direction = "";
	int buffer = 64 << 20;
	int fd, opt;

	while ((opt = getopt(argc, argv, "i:d:o:t")) != -1) {
		if (opt == 'i')
			where.sll_ifindex = (int)if_nametoindex(optarg);
		else if (opt == 'd')
			direction = optarg;
		else if (opt == 'o')
			out = fopen(optarg, "w");
		else if (opt == 't')
			mask_hops = true;
	}
	if (!where.sll_ifindex || !out || (strcmp(direction, "in") && strcmp(direction, "out")))
		errx(2, "usage: t_capture -i DEVICE -d in|out -o FILE [-t]");
	sigaction(SIGTERM, &action, NULL);

	fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (struct sockaddr *)&where, sizeof(where)))
		err(1, "packet socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		err(1, "setsockopt");
	printf("watching\n");
	fflush(stdout);

	while (!stopped)
		receive(fd, !strcmp(direction, "out"));
	/* What has been captured before the signal counts too. */
	while (receive(fd, !strcmp(direction, "out")))
		;

	if (ferror(out) | fclose(out))
		err(1, "write");
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &stats_len))
		err(1, "PACKET_STATISTICS");
	printf("t_capture: %lu packets, %u missed\n", packets, stats.tp_drops);
	return packets && !stats.tp_drops ? 0 : 1;
}
