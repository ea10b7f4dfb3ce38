// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_defer - how long messages wait while a long one occupies the link
 *
 *    t_defer -c c -s s -i s0 -m 10 10.0.0.2
 *        from namespace c to the host 10.0.0.2, which is s, with device s0; c
 *        believes that its link carries 10 Mbit/s
 *    t_defer -t 300000 ...
 *        instructions take time, and the way from call to device no more than this
 *    t_defer -l ...
 *        the link is really that slow, so what is on it counts as waiting
 *    t_defer -q 2 ...
 *        nobody told c how slow its link is: it finds out with a first long message,
 *        and has up to 2 packets in the queue of its device from then on
 *    t_defer -e ...
 *        some of the messages have to be late: shows that this would be seen
 *
 * A request of 1,000,000 bytes is under way, held back by pacing. Meanwhile others
 * of fewer bytes are sent, one at a time. When their packets arrive at s0 is
 * compared with what can be computed: those of at most defer_min_bytes (1,000)
 * leave in the moment of the call, longer ones when the link is (or is taken to
 * be) idle, before any other packet of the long one. The settings of c have to be
 * unsched_bytes=1000000 (no grants) and pacer_fifo_fraction=0 (SRPT alone).
 */
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "t.h"

#define PORT 4000
#define LONG_BYTES 1000000u
#define LONG_SEED 1
#define DEFER_MIN_BYTES 1000u
#define BACKLOG_NS 5000u	/* max_nic_est_backlog_usecs */
#define SEG_BYTES 1424u		/* message bytes in a packet of 1500 over IPv4 */
#define HEADERS_BYTES 96u	/* what pacing takes IP's and Homa's headers for */
#define LINK_BYTES 42u
#define SEEN_MAX 2000

struct seen {
	uint64_t at_ns;
	uint64_t id;
	uint32_t bytes;		/* of the message */
};

static struct t_sock client, server;
static struct t_addr addr;
static struct seen seen[SEEN_MAX];
static unsigned int seen_count, late;
static unsigned long link_mbps = 10;
static uint64_t slack_ns = 1000;	/* a clock in virtual time moves when it is read */
static unsigned int queue_packets;	/* 0: the estimate is right */
static bool real_link, slow_calls;
static int tap;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void sleep_us(unsigned int us)
{
	struct timespec time = { .tv_nsec = (long)us * 1000 };

	nanosleep(&time, NULL);
}

/* How long the link takes for a message (protocol §4.1). */
static uint64_t wire_ns(uint32_t bytes)
{
	uint32_t packets = (bytes + SEG_BYTES - 1) / SEG_BYTES;

	return (bytes + packets * (HEADERS_BYTES + LINK_BYTES)) * 8080ull / link_mbps;
}

static uint64_t field(const unsigned char *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *at++;
	return value;
}

static void open_tap(const char *device)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex(device),
	};
	int buffer = 16 << 20, on = 1;

	tap = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	if (tap < 0 || !where.sll_ifindex ||
	    bind(tap, (struct sockaddr *)&where, sizeof(where)) ||
	    setsockopt(tap, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) ||
	    setsockopt(tap, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		t_die("packet socket on %s", device);
}

/* Note all DATA packets that came in. */
static void look(void)
{
	unsigned char packet[2000], control[256];
	struct sockaddr_ll from;
	struct iovec piece = { packet, sizeof(packet) };

	for (;;) {
		struct msghdr msg = {
			.msg_name = &from, .msg_namelen = sizeof(from),
			.msg_iov = &piece, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};
		const struct iphdr *ip = (void *)packet;
		const unsigned char *homa = packet + sizeof(*ip);
		struct cmsghdr *cmsg;
		struct timespec at;

		if (recvmsg(tap, &msg, MSG_DONTWAIT) < 0)
			return;
		if (from.sll_pkttype == PACKET_OUTGOING || ip->protocol != IPPROTO_HOMA ||
		    homa[11] != 0x10)
			continue;
		cmsg = CMSG_FIRSTHDR(&msg);
		if (!cmsg || cmsg->cmsg_type != SO_TIMESTAMPNS || seen_count == SEEN_MAX)
			t_die("no time stamp, or %u packets", seen_count);
		memcpy(&at, CMSG_DATA(cmsg), sizeof(at));
		seen[seen_count].at_ns = (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
		seen[seen_count].id = field(homa + 20, 8);
		seen[seen_count].bytes = ntohs(ip->tot_len) - (uint32_t)sizeof(*ip) - 56;
		seen_count++;
	}
}

static uint32_t bytes_of(uint64_t id)
{
	uint32_t bytes = 0;
	unsigned int i;

	for (i = 0; i < seen_count; i++)
		bytes += seen[i].id == id ? seen[i].bytes : 0;
	return bytes;
}

/* When the last packet so far of a message arrived. */
static uint64_t last_of(uint64_t id)
{
	uint64_t at_ns = 0;
	unsigned int i;

	for (i = 0; i < seen_count; i++)
		at_ns = seen[i].id == id ? seen[i].at_ns : at_ns;
	return at_ns;
}

/* Packets of @other that arrived behind @after_ns and before @id was complete. */
static unsigned int between(uint64_t other, uint64_t after_ns, uint64_t id)
{
	unsigned int i, last = 0, packets = 0;

	for (i = 0; i < seen_count; i++)
		last = seen[i].id == id ? i : last;
	for (i = 0; i < last; i++)
		packets += seen[i].id == other && seen[i].at_ns > after_ns;
	return packets;
}

/* Take a request at the server and answer it. */
static void serve(size_t bytes, uint32_t seed)
{
	struct t_msg msg = { 0 };

	T_RET(t_recv(&server, &msg, 0, 0), bytes);
	T_OK(t_msg_is(&server, &msg, seed));
	T_RET(t_respond(&server, &msg, 10, seed), 0);
	t_release(&server, &msg);
}

static void take_response(uint64_t id, uint32_t seed)
{
	struct t_msg msg = { 0 };

	T_RET(t_recv(&client, &msg, 0, 0), 10);
	T_EQ(msg.args.id, id);
	T_OK(t_msg_is(&client, &msg, seed));
	t_release(&client, &msg);
}

/* One message while @long_id is under way. */
static void pass(uint64_t long_id, uint32_t bytes, uint32_t seed)
{
	uint64_t id, sent_ns, waited_ns, allowed_ns;
	unsigned int overtook, tries;

	t_case("%u bytes, number %u", bytes, seed);
	look();
	T_OK(bytes_of(long_id) < LONG_BYTES - 100 * SEG_BYTES);
	sent_ns = now_ns();
	id = t_request(&client, &addr, bytes, seed, 0);
	serve(bytes, seed);
	/* Homa gets a packet before the packet socket does. */
	for (tries = 0; tries < 100; tries++) {
		look();
		if (bytes_of(id) == bytes)
			break;
		sleep_us(50);
	}
	T_EQ(bytes_of(id), bytes);

	/* The estimate of what is on the link never exceeds this by more. */
	allowed_ns = BACKLOG_NS + wire_ns(SEG_BYTES);
	if (queue_packets)
		allowed_ns = wire_ns(bytes) + queue_packets * wire_ns(SEG_BYTES);
	else if (real_link)
		allowed_ns += wire_ns(bytes);
	else if (bytes <= DEFER_MIN_BYTES)
		allowed_ns = 0;
	else if (bytes > SEG_BYTES)
		allowed_ns += wire_ns(bytes - SEG_BYTES);
	/* Where a call takes time, a packet of the long one can go meanwhile. */
	if (slow_calls && bytes > DEFER_MIN_BYTES)
		allowed_ns += wire_ns(SEG_BYTES);
	allowed_ns += slack_ns;
	waited_ns = last_of(id) - sent_ns;
	overtook = between(long_id, sent_ns, id);
	if (waited_ns > allowed_ns || overtook > (queue_packets ? queue_packets : real_link ? 2u : 0) + slow_calls) {
		late++;
		printf("%u bytes: %llu ns, allowed %llu; %u packets of the long one came first\n",
		       bytes, (unsigned long long)waited_ns, (unsigned long long)allowed_ns,
		       overtook);
	}
	take_response(id, seed);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {
		1, 100, DEFER_MIN_BYTES, DEFER_MIN_BYTES + 1, SEG_BYTES, 5 * SEG_BYTES,
	};
	const char *from = NULL, *to = NULL, *device = NULL;
	bool expect_late = false;
	uint64_t long_id, began_ns;
	unsigned int i;
	int opt;

	while ((opt = getopt(argc, argv, "c:s:i:m:t:q:le")) != -1) {
		switch (opt) {
		case 'c':
			from = optarg;
			break;
		case 's':
			to = optarg;
			break;
		case 'i':
			device = optarg;
			break;
		case 'm':
			link_mbps = strtoul(optarg, NULL, 10);
			break;
		case 't':
			slack_ns = strtoul(optarg, NULL, 10);
			slow_calls = true;
			break;
		case 'q':
			queue_packets = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'l':
			real_link = true;
			break;
		case 'e':
			expect_late = true;
			break;
		default:
			from = NULL;
		}
	}
	if (!from || !to || !device || !link_mbps || optind + 1 != argc)
		errx(2, "usage: t_defer [-l] [-e] [-q PACKETS] [-m MBPS] [-t SLACK_NS] -c NS -s NS -i DEVICE HOST");
	t_begin("t_defer", 60);
	t_case("preparation");
	addr = t_addr(AF_INET, argv[optind], PORT);
	t_netns(to);
	t_open(&server, AF_INET, PORT);
	open_tap(device);
	t_netns(from);
	t_open(&client, AF_INET, 0);

	/* Neighbours and routes are known, the link is idle. */
	t_exchange(&client, &addr, &server, 100, NULL);
	if (queue_packets)
		t_exchange(&client, &addr, &server, LONG_BYTES, NULL);
	sleep_us(50000);
	look();

	began_ns = now_ns();
	long_id = t_request(&client, &addr, LONG_BYTES, LONG_SEED, 0);
	for (i = 0; i < 5 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		/* At no particular moment of the packets on the link. */
		sleep_us(queue_packets ? 500 + 37 * i : 3000 + 377 * i);
		pass(long_id, sizes[i % (sizeof(sizes) / sizeof(sizes[0]))], 10 + i);
	}
	t_case("the long one");
	serve(LONG_BYTES, LONG_SEED);
	look();
	T_EQ(bytes_of(long_id), LONG_BYTES);
	if (!expect_late && !queue_packets)
		T_OK(last_of(long_id) - began_ns >= wire_ns(LONG_BYTES - SEG_BYTES) / 101 * 100);
	take_response(long_id, LONG_SEED);

	t_case("%u late messages", late);
	T_OK(!late == !expect_late);
	printf("%u messages of 1 to %u bytes beside one of %u, which took %llu us: %u late\n", i,
	       5 * SEG_BYTES, LONG_BYTES,
	       (unsigned long long)(last_of(long_id) - began_ns) / 1000, late);
	t_close(&client);
	t_close(&server);
	return t_end();
}
