// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_fuzz_packets - malformed Homa packets for a host
 *
 *    t_fuzz_packets -i d0 -r 7 -n 100000 02:00:00:00:00:02 10.0.0.1 10.0.0.2
 *    t_fuzz_packets -i d0 -r 7 -n 100000 02:00:00:00:00:02 fd00::1 fd00::2
 *        100,000 packets, the 7th sequence of them, from the first address (and
 *        from its neighbours) to the second, out of device d0
 *
 * Every packet begins as a good one of a random type, for ports and ids that
 * exist, have existed or never will; then none, one or several things are done to
 * it: boundary values in fields, random bytes, cut or lengthened, wrong lengths and
 * fragments in the IP header, nothing but random bytes. What the host sends is
 * watched for ids and ports, so that many packets hit RPCs that are alive. The
 * sequence depends on the seed, but for what is learned. The seed is printed.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define FRAME_MAX 1514
#define BATCH 100		/* packets between two looks at what the host sends */
#define KNOWN 64		/* conversations remembered */
#define TYPE_DATA 0x10
#define TYPE_ICMP 0x19		/* after the last type of Homa: an ICMP error */

struct conversation {
	unsigned char ports[4];	/* in the order of a packet to the host */
	unsigned char id[8];	/* likewise */
};

static struct conversation known[KNOWN];
static unsigned int learned;
static uint32_t seed_state = 1;
static bool v6;
static struct in6_addr from6, to6;
static struct in_addr from4, to4;
static unsigned char to_mac[6];
static unsigned long count_by_type[TYPE_ICMP + 1 - TYPE_DATA], count_random;

static uint32_t any(uint32_t below)
{
	return t_random(&seed_state) % below;
}

static void put(unsigned char *at, unsigned int bytes, uint64_t value)
{
	while (bytes) {
		at[--bytes] = (unsigned char)value;
		value >>= 8;
	}
}

/* A number that is likely to be at some boundary. */
static uint64_t odd_number(void)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 3, 5, 6, 7, 8, 55, 56, 57, 1423, 1424, 1425, 39999, 40000, 65535,
		65536, 999999, 1000000, 1000001, 0x7fffffff, 0x80000000, 0xfffffffe,
		0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};

	if (any(4) == 0)
		return (uint64_t)t_random(&seed_state) << 32 | t_random(&seed_state);
	return numbers[any(sizeof(numbers) / sizeof(numbers[0]))];
}

/* The type's own fields (wire §6): a width for each, ends with 0. */
static const unsigned char *fields_of(unsigned int type, size_t *header)
{
	static const unsigned char data[] = { 4, 4, 8, 2, 2, 1, 3, 4, 0 };
	static const unsigned char grant[] = { 4, 1, 0 };
	static const unsigned char resend[] = { 4, 4, 1, 0 };
	static const unsigned char cutoffs[] = { 4, 4, 4, 4, 4, 4, 4, 4, 2, 0 };
	static const unsigned char ack[] = { 2, 8, 2, 8, 2, 8, 2, 8, 2, 8, 2, 0 };
	static const unsigned char none[] = { 0 };
	static const struct {
		const unsigned char *fields;
		size_t header;
	} types[] = {
		{ data, 56 }, { grant, 33 }, { resend, 37 }, { none, 28 }, { none, 28 },
		{ cutoffs, 62 }, { none, 28 }, { none, 28 }, { ack, 80 },
	};

	*header = types[type - TYPE_DATA].header;
	return types[type - TYPE_DATA].fields;
}

/* Ports and id of a packet that could be meant for an RPC. */
static void address(unsigned char *homa)
{
	const struct conversation *c = &known[any(KNOWN)];

	if (any(8) && learned) {
		memcpy(homa, c->ports, 4);
		memcpy(homa + 20, c->id, 8);
		if (any(8) == 0)
			homa[27] ^= (unsigned char)(1 << any(3));
		return;
	}
	put(homa, 2, 32768 + any(20));
	put(homa + 2, 2, any(4) ? 4000 : odd_number());
	put(homa + 20, 8, 1000 + 2 * any(200));
}

/* A packet as a good sender makes it, but for the values. */
static size_t make_homa(unsigned char *homa)
{
	unsigned int type = TYPE_DATA + any(9);
	const unsigned char *width;
	size_t header, bytes;

	if (any(3) == 0)
		type = TYPE_DATA;
	count_by_type[type - TYPE_DATA]++;
	memset(homa, 0, 80);
	address(homa);
	homa[11] = (unsigned char)type;
	homa[12] = 0x50;
	homa[13] = 0x06;
	put(homa + 18, 2, 0xb97d);
	width = fields_of(type, &header);
	if (type != TYPE_DATA) {
		for (bytes = 28; *width; bytes += *width++)
			put(homa + bytes, *width, any(2) ? odd_number() : any(8));
		return header;
	}
	/* Lengths that fit together, mostly; some messages become whole. */
	bytes = any(3) ? 1 + any(200) : any(1400);
	put(homa + 28, 4, any(2) ? bytes : any(4) ? bytes + any(60000) : odd_number());
	put(homa + 32, 4, any(2) ? 40000 : odd_number());
	put(homa + 36, 8, any(4) ? 0 : 1000 + 2 * any(200));
	put(homa + 44, 2, any(4) ? 0 : 4000);
	put(homa + 46, 2, any(2) ? 1 : odd_number());
	homa[48] = any(4) == 0;
	put(homa + 52, 4, any(2) ? 0xffffffff : any(2) ? 0 : odd_number());
	put(homa + 4, 4, any(2) ? 0 : any(60000));
	t_fill(homa + header, bytes, 1);
	return header + bytes;
}

/* An ICMP error that quotes such a packet. */
static size_t make_icmp(unsigned char *icmp)
{
	static const unsigned char v4[][2] = {
		{ 3, 0 }, { 3, 1 }, { 3, 2 }, { 3, 3 }, { 3, 4 }, { 5, 1 },
	};
	static const unsigned char codes6[][2] = {
		{ 1, 0 }, { 1, 3 }, { 1, 4 }, { 2, 0 }, { 4, 1 }, { 3, 0 },
	};
	const unsigned char *code = v6 ? codes6[any(6)] : v4[any(6)];
	unsigned char *quote = icmp + 8;
	size_t bytes;

	count_by_type[TYPE_ICMP - TYPE_DATA]++;
	memset(icmp, 0, 8 + 40);
	icmp[0] = code[0];
	icmp[1] = code[1];
	put(icmp + 4, 4, odd_number());
	if (v6) {
		struct ip6_hdr ip = { .ip6_src = to6, .ip6_dst = from6 };

		ip.ip6_vfc = 6 << 4;
		ip.ip6_nxt = IPPROTO_HOMA;
		bytes = sizeof(ip) + make_homa(quote + sizeof(ip));
		ip.ip6_plen = htons((uint16_t)(bytes - sizeof(ip)));
		memcpy(quote, &ip, sizeof(ip));
	} else {
		struct iphdr ip = { .version = 4, .ihl = 5, .protocol = IPPROTO_HOMA,
				    .saddr = to4.s_addr, .daddr = from4.s_addr };

		bytes = sizeof(ip) + make_homa(quote + sizeof(ip));
		ip.tot_len = htons((uint16_t)bytes);
		memcpy(quote, &ip, sizeof(ip));
	}
	/* Sender and receiver the other way round. */
	if (any(8)) {
		unsigned char *homa = quote + (v6 ? 40 : 20), ports[2];

		memcpy(ports, homa, 2);
		memmove(homa, homa + 2, 2);
		memcpy(homa + 2, ports, 2);
		homa[27] ^= 1;
	}
	return 8 + (any(4) && bytes > 100 ? 100 : bytes);
}

/* Damage: returns the new length. */
static size_t spoil(unsigned char *payload, size_t bytes, size_t room)
{
	unsigned int times = any(4), i;

	for (; times; times--) {
		switch (any(6)) {
		case 0:
			bytes = any((uint32_t)bytes + 1);
			break;
		case 1:
			i = any(60);
			if (bytes + i <= room) {
				t_fill(payload + bytes, i, times);
				bytes += i;
			}
			break;
		case 2:
			if (bytes >= 12)
				payload[11] = (unsigned char)(0x0f + any(12));
			break;
		case 3:
			for (i = any(8); i && bytes; i--)
				payload[any((uint32_t)bytes)] ^= (unsigned char)(1 << any(8));
			break;
		case 4:
			i = any(80);
			if (i + 8 <= bytes)
				put(payload + i, 1u << any(4), odd_number());
			break;
		default:
			if (bytes >= 28)
				put(payload + any(2) * 2, 2, odd_number());
			break;
		}
	}
	return bytes;
}

/* Hosts beside ours speak too; mostly it is us. */
static unsigned char neighbour(unsigned char last)
{
	return any(6) ? last : (unsigned char)(last + 2 + any(6));
}

static size_t put_v4(unsigned char *ip, unsigned char protocol, size_t payload)
{
	struct iphdr hdr = { .version = 4, .ihl = 5, .ttl = 64, .protocol = protocol,
			     .saddr = from4.s_addr, .daddr = to4.s_addr };
	unsigned char *last = (unsigned char *)&hdr.saddr + 3;

	*last = neighbour(*last);
	hdr.tot_len = htons((uint16_t)(sizeof(hdr) + payload));
	hdr.id = htons((uint16_t)any(4));
	if (any(30) == 0)
		hdr.tot_len = htons((uint16_t)odd_number());
	if (any(20) == 0)
		hdr.frag_off = htons((uint16_t)((any(2) << 13) | any(12) * 7));
	hdr.tos = (unsigned char)(any(8) << 5);
	hdr.check = t_checksum(t_sum(0, &hdr, sizeof(hdr)));
	memcpy(ip, &hdr, sizeof(hdr));
	return sizeof(hdr);
}

static size_t put_v6(unsigned char *ip, unsigned char protocol, size_t payload)
{
	struct ip6_hdr hdr = { .ip6_src = from6, .ip6_dst = to6 };
	size_t fragment = any(20) == 0 ? 8 : 0;

	hdr.ip6_src.s6_addr[15] = neighbour(hdr.ip6_src.s6_addr[15]);
	hdr.ip6_vfc = 6 << 4;
	hdr.ip6_hlim = 64;
	hdr.ip6_nxt = fragment ? 44 : protocol;
	hdr.ip6_plen = htons((uint16_t)(fragment + payload));
	if (any(30) == 0)
		hdr.ip6_plen = htons((uint16_t)odd_number());
	memcpy(ip, &hdr, sizeof(hdr));
	if (fragment) {
		memset(ip + sizeof(hdr), 0, fragment);
		ip[sizeof(hdr)] = protocol;
		put(ip + sizeof(hdr) + 2, 2, (any(12) * 7) << 3 | any(2));
		put(ip + sizeof(hdr) + 4, 4, any(4));
	}
	return sizeof(hdr) + fragment;
}

static size_t make_frame(unsigned char *frame)
{
	unsigned char payload[FRAME_MAX + 200];
	bool icmp = any(16) == 0;
	unsigned char protocol = IPPROTO_HOMA;
	size_t room = FRAME_MAX - 14 - 60, bytes, i;
	struct ether_header *eth = (void *)frame;
	uint32_t sum = 0;
	uint16_t check;

	if (any(16) == 0) {
		/* No packet at all. */
		bytes = any(200);
		for (i = 0; i < bytes; i++)
			payload[i] = (unsigned char)any(256);
		count_random++;
	} else if (icmp) {
		bytes = spoil(payload, make_icmp(payload), room);
		protocol = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		/* Only a right sum brings it to us. */
		if (bytes >= 4) {
			put(payload + 2, 2, 0);
			if (v6)
				sum = t_sum(t_sum((uint32_t)bytes + protocol, &from6, 16), &to6, 16);
			check = t_checksum(t_sum(sum, payload, bytes));
			memcpy(payload + 2, &check, 2);
		}
	} else {
		bytes = spoil(payload, make_homa(payload), room);
	}
	if (bytes > room)
		bytes = room;
	memcpy(eth->ether_dhost, to_mac, 6);
	memcpy(eth->ether_shost, "\2\0\0\0\0\1", 6);
	eth->ether_type = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);
	i = sizeof(*eth);
	i += v6 ? put_v6(frame + i, protocol, bytes) : put_v4(frame + i, protocol, bytes);
	memcpy(frame + i, payload, bytes);
	return i + bytes;
}

static void learn_one(const unsigned char *frame, size_t bytes)
{
	const unsigned char *homa = frame + 14 + (v6 ? 40 : 20);
	struct conversation *c = &known[learned % KNOWN];

	if (homa + 28 > frame + bytes || frame[14 + (v6 ? 6 : 9)] != IPPROTO_HOMA)
		return;
	memcpy(c->ports, homa + 2, 2);
	memcpy(c->ports + 2, homa, 2);
	memcpy(c->id, homa + 20, 8);
	c->id[7] ^= 1;
	if (!learned++)
		for (bytes = 1; bytes < KNOWN; bytes++)
			known[bytes] = known[0];
}

/* Learn from what the host sends: the mirror image is a packet for it. */
static void learn(int fd)
{
	static unsigned char frames[BATCH][100];
	struct sockaddr_ll from[BATCH];
	struct iovec pieces[BATCH];
	struct mmsghdr msgs[BATCH];
	int i, n;

	do {
		memset(msgs, 0, sizeof(msgs));
		for (i = 0; i < BATCH; i++) {
			pieces[i].iov_base = frames[i];
			pieces[i].iov_len = sizeof(frames[i]);
			msgs[i].msg_hdr.msg_iov = &pieces[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
			msgs[i].msg_hdr.msg_name = &from[i];
			msgs[i].msg_hdr.msg_namelen = sizeof(from[i]);
		}
		n = recvmmsg(fd, msgs, BATCH, MSG_DONTWAIT, NULL);
		for (i = 0; i < n; i++)
			if (from[i].sll_pkttype != PACKET_OUTGOING)
				learn_one(frames[i], msgs[i].msg_len);
	} while (n == BATCH);
}

/* Up to BATCH packets with one call. */
static unsigned int send_batch(int fd, unsigned int packets)
{
	static unsigned char frames[BATCH][2 * FRAME_MAX];
	struct iovec pieces[BATCH];
	struct mmsghdr msgs[BATCH];
	unsigned int i;

	memset(msgs, 0, sizeof(msgs));
	for (i = 0; i < packets; i++) {
		pieces[i].iov_base = frames[i];
		pieces[i].iov_len = make_frame(frames[i]);
		msgs[i].msg_hdr.msg_iov = &pieces[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	if (sendmmsg(fd, msgs, packets, 0) != (int)packets)
		err(1, "sendmmsg");
	return packets;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	unsigned long packets = 1000, i;
	struct ether_addr *mac;
	int seed = 1, fd, opt;

	while ((opt = getopt(argc, argv, "i:r:n:")) != -1) {
		if (opt == 'i')
			to.sll_ifindex = (int)if_nametoindex(optarg);
		else if (opt == 'r')
			seed = atoi(optarg);
		else if (opt == 'n')
			packets = strtoul(optarg, NULL, 10);
	}
	if (!to.sll_ifindex || optind + 3 != argc || !(mac = ether_aton(argv[optind])))
		errx(2, "usage: t_fuzz_packets -i DEVICE [-r SEED] [-n PACKETS] MAC FROM TO");
	memcpy(to_mac, mac, 6);
	v6 = strchr(argv[optind + 1], ':');
	if (v6 ? inet_pton(AF_INET6, argv[optind + 1], &from6) != 1 ||
		 inet_pton(AF_INET6, argv[optind + 2], &to6) != 1 :
		 inet_pton(AF_INET, argv[optind + 1], &from4) != 1 ||
		 inet_pton(AF_INET, argv[optind + 2], &to4) != 1)
		errx(2, "two addresses of one family are needed");
	seed_state = (uint32_t)seed * 2654435761u | 1;
	printf("t_fuzz_packets: seed %d\n", seed);
	fflush(stdout);

	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "packet socket");
	for (i = 0; i < packets;) {
		i += send_batch(fd, packets - i < BATCH ? (unsigned int)(packets - i) : BATCH);
		learn(fd);
		/* Where time is virtual, it passes only when all sleep. */
		t_sleep_ms(1);
	}
	printf("t_fuzz_packets: %lu packets, %lu of them random bytes; by type:", packets, count_random);
	for (i = 0; i <= TYPE_ICMP - TYPE_DATA; i++)
		printf(" %lu", count_by_type[i]);
	printf("; learned from %u packets\n", learned);
	return 0;
}
