// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * How much memory of received packets a socket holds (docs/memory.md): eight times its
 * region, or SO_RCVBUF if that is more. Runs outside of the namespaces s and d of
 * mem_rcvbuf.sh and enters them itself.
 *
 * A request comes in packets of one byte, each in a frame of 1,514 bytes: as much
 * memory for as few bytes as a sender can have taken.
 */
#include <linux/if_packet.h>
#include <linux/sock_diag.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 4000
#define MESSAGE_BYTES 200000
#define DATA_HEADER_BYTES 56
#define TYPE_DATA 0x10
#define BATCH 50
/* The limit is passed by what an RPC takes, and fallen short of by a packet. */
#define SLACK_BYTES 16384

static struct {
	struct ether_header eth;
	struct iphdr ip;
	unsigned char homa[DATA_HEADER_BYTES + 1];
	unsigned char padding[ETHER_MAX_LEN - ETHER_CRC_LEN - sizeof(struct ether_header) -
			      sizeof(struct iphdr) - DATA_HEADER_BYTES - 1];
} __attribute__((packed)) frame = {
	/* from host 1, which is silent, to host 2 */
	.eth.ether_dhost = { 2, 0, 0, 0, 0, 2 },
	.eth.ether_shost = { 2, 0, 0, 0, 0, 1 },
	.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_HOMA },
};

static struct t_sock server;
static unsigned int device;
static uint32_t id = 1000, sent;
static int fd;

static uint32_t held(void)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	T_RET(getsockopt(server.fd, SOL_SOCKET, SO_MEMINFO, info, &len), 0);
	return info[SK_MEMINFO_RMEM_ALLOC];
}

/* wire §4, §6.1: byte @offset of a request. */
static void prepare(uint32_t offset)
{
	unsigned char *h = frame.homa;

	frame.eth.ether_type = htons(ETHERTYPE_IP);
	frame.ip.tot_len = htons(sizeof(frame.ip) + sizeof(frame.homa));
	frame.ip.saddr = htonl(0x0a000001);
	frame.ip.daddr = htonl(0x0a000002);
	frame.ip.check = 0;
	frame.ip.check = t_checksum(t_sum(0, &frame.ip, sizeof(frame.ip)));
	t_put16(h, 32768);
	t_put16(h + 2, PORT);
	t_put32(h + 4, offset);
	h[11] = TYPE_DATA;
	h[12] = 0xe0;
	t_put32(h + 24, id);
	t_put32(h + 28, MESSAGE_BYTES);
	t_put32(h + 32, MESSAGE_BYTES);	/* incoming */
	t_put32(h + 52, offset);
}

static void send_one(uint32_t offset)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)device, .sll_halen = ETH_ALEN,
	};

	prepare(offset);
	memcpy(to.sll_addr, frame.eth.ether_dhost, ETH_ALEN);
	if (sendto(fd, &frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		t_die("sendto");
}

/*
 * Send on, from byte @offset, until packets are refused. They come in order, and from the first that
 * is refused no other is taken. Returns the offset of that.
 */
static uint32_t fill(uint32_t offset)
{
	uint64_t refused = t_counter("drop_NO_MEMORY");
	uint64_t now;

	do {
		uint64_t arrived = t_counter("packets_rcvd_DATA");
		uint32_t i;

		for (i = 0; i < BATCH; i++)
			send_one(offset++);
		T_OK(T_WAIT(t_counter("packets_rcvd_DATA") >= arrived + BATCH, 5000));
		sent += BATCH;
		now = t_counter("drop_NO_MEMORY") - refused;
	} while (!now && offset < MESSAGE_BYTES - BATCH);
	T_OK(now > 0);
	T_EQ(t_counter("rx_mem_refused"), 0);
	return offset - (uint32_t)now;
}

static void open_server(void)
{
	t_open_bare(&server, AF_INET);
	T_RET(t_bind(&server, PORT), 0);
	T_RET(t_set_region(&server, t_region_min()), 0);
	id += 2;
}

static void check_held(uint64_t limit)
{
	uint32_t bytes = held();

	printf("%u bytes are held, with a limit of %llu\n", bytes, (unsigned long long)limit);
	T_OK(bytes > limit - SLACK_BYTES);
	T_OK(bytes < limit + SLACK_BYTES);
}

int main(void)
{
	uint64_t limit = (uint64_t)(t_region_min() / HOMA_BPAGE_SIZE) * HOMA_BPAGE_SIZE * 8;
	uint32_t offset;
	int raised;

	t_begin("t_rcvlimit", 50);
	t_netns("d");
	device = if_nametoindex("d0");
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !device)
		t_die("d0");
	t_netns("s");

	t_case("without SO_RCVBUF");
	open_server();
	offset = fill(0);
	check_held(limit);

	t_case("SO_RCVBUF raises the limit of a socket that is full");
	T_RET(t_setopt(&server, SOL_SOCKET, SO_RCVBUFFORCE, (int)(limit / 2 + (1 << 20))), 0);
	raised = t_getopt(&server, SOL_SOCKET, SO_RCVBUF);
	T_EQ(raised, limit + (2 << 20));
	offset = fill(offset);
	check_held((uint64_t)raised);

	t_case("SO_RCVBUF cannot lower it below that of the region");
	T_RET(t_setopt(&server, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	fill(offset);
	check_held((uint64_t)raised);	/* what is there stays */
	t_close(&server);
	open_server();
	T_RET(t_setopt(&server, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	fill(0);
	check_held(limit);
	t_close(&server);
	printf("%u packets\n", sent);
	return t_end();
}
