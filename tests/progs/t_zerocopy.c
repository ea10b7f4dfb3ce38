// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * MSG_ZEROCOPY: contents, notifications on the error queue, and what happens when
 * a message is not sent, not answered, or its socket goes away.
 *
 *    t_zerocopy 127.0.0.1 10.9.9.9    the second address swallows everything
 */
#include <errno.h>
#include <time.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"

#define PORT 99
#define BYTES 300000
#define PAGE 4096
#define MANY_MAX 5000

static unsigned char *body;	/* page aligned */

static bool has_note(const struct t_sock *sock, int timeout_ms)
{
	struct pollfd pfd = { .fd = sock->fd };

	return poll(&pfd, 1, timeout_ms) == 1 && pfd.revents == POLLERR;
}

static int send_request(const struct t_sock *sock, const struct t_addr *to, size_t bytes,
			uint64_t *id)
{
	struct homa_sendmsg_args args = { .completion_cookie = 9 };
	int ret = t_sendmsg(sock, to, body, bytes, &args, MSG_ZEROCOPY);

	*id = args.id;
	return ret;
}

/* A request and its response, both from the application's pages. */
static void exchange(int family, const struct t_addr *to, size_t bytes)
{
	struct homa_sendmsg_args args = { 0 };
	struct t_msg request = { 0 }, response = { 0 };
	struct t_sock server, client;
	struct t_note note;
	uint64_t id;

	t_case("exchange of %zu bytes", bytes);
	t_open(&server, family, PORT);
	t_open(&client, family, 0);
	T_RET(t_getopt(&client, SOL_SOCKET, SO_ZEROCOPY), 0);
	t_fill(body, bytes, 5);

	/* Without the option the flag has no effect. */
	T_RET(send_request(&client, to, bytes, &id), 0);
	T_RET(t_recv(&server, &request, 0, 0), (int)bytes);
	T_RET(t_respond(&server, &request, 10, 6), 0);
	T_RET(t_recv(&client, &response, id, 0), -EINVAL);	/* not private */
	T_RET(t_recv(&client, &response, 0, 0), 10);
	T_RET(t_notified(&client, &note), -EAGAIN);

	T_RET(t_setopt(&client, SOL_SOCKET, SO_ZEROCOPY, 2), -EINVAL);
	T_RET(t_setopt(&client, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	T_RET(t_getopt(&client, SOL_SOCKET, SO_ZEROCOPY), 1);
	T_RET(t_setopt(&server, SOL_SOCKET, SO_ZEROCOPY, 1), 0);

	T_RET(send_request(&client, to, bytes, &id), 0);
	T_RET(t_recv(&server, &request, 0, 0), (int)bytes);
	T_OK(t_msg_is(&server, &request, 5));
	/* It may have to be sent again as long as there is no response. */
	T_OK(!has_note(&client, 20));
	args.id = request.args.id;
	T_RET(t_sendmsg(&server, &request.from, body, bytes, &args, MSG_ZEROCOPY), 0);
	T_RET(t_recv(&client, &response, 0, 0), (int)bytes);
	T_OK(t_msg_is(&client, &response, 5));
	T_OK(has_note(&client, 1000));
	T_RET(t_notified(&client, &note), 0);
	T_EQ(note.low, 0);
	T_EQ(note.high, 0);
	/* Whoever receives on the same host gets a copy, and what is tiny is copied. */
	T_EQ(note.copied, true);
	T_OK(!has_note(&client, 0));
	/* The client has said that it has the response. */
	T_OK(has_note(&server, 1000));
	T_RET(t_notified(&server, &note), 0);
	T_EQ(note.low, 0);
	T_EQ(note.high, 0);
	T_EQ(note.copied, true);

	/* Numbers go up, and a plain message has none. */
	t_request(&client, to, 100, 7, 0);
	T_RET(send_request(&client, to, bytes, &id), 0);
	T_RET(ioctl(client.fd, HOMAIOCABORT, &(struct homa_abort_args){ .id = id }) ? -errno : 0, 0);
	T_OK(has_note(&client, 1000));
	T_RET(t_notified(&client, &note), 0);
	T_EQ(note.low, 1);
	T_EQ(note.high, 1);
	t_close(&client);
	t_close(&server);
}

/* A response for a client that is gone is sent, as far as anybody can tell. */
static void nobody_waits(int family, const struct t_addr *to)
{
	struct homa_sendmsg_args args = { .id = 0x1235 };
	struct t_sock server;
	struct t_note note;

	t_case("response to nobody");
	t_open(&server, family, PORT);
	T_RET(t_setopt(&server, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	T_RET(t_sendmsg(&server, to, body, BYTES, &args, MSG_ZEROCOPY), 0);
	T_OK(has_note(&server, 1000));
	T_RET(t_notified(&server, &note), 0);
	T_EQ(note.low, 0);
	t_close(&server);
}

/* What fails has no number. */
static void failures(int family, const struct t_addr *to)
{
	struct t_addr no_route = t_addr(family, family == AF_INET6 ? "2001:db8::1" : "192.0.2.1",
					PORT);
	struct t_msg response = { 0 };
	struct t_sock client;
	struct t_note note;
	uint64_t id;

	t_case("memory that is not there");
	t_open(&client, family, 0);
	T_RET(t_setopt(&client, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	if (mprotect(body + 20 * PAGE, PAGE, PROT_NONE))
		t_die("mprotect");
	T_RET(send_request(&client, to, BYTES, &id), -EFAULT);
	if (mprotect(body + 20 * PAGE, PAGE, PROT_READ | PROT_WRITE))
		t_die("mprotect");
	T_RET(send_request(&client, &no_route, BYTES, &id), -ENETUNREACH);
	T_RET(send_request(&client, &no_route, 1, &id), -ENETUNREACH);
	T_OK(!has_note(&client, 20));
	T_RET(send_request(&client, to, BYTES, &id), 0);
	T_RET(t_recv(&client, &response, 0, 0), -ENOTCONN);
	T_OK(has_note(&client, 1000));
	T_RET(t_notified(&client, &note), 0);
	T_EQ(note.low, 0);
	T_EQ(note.high, 0);
	t_close(&client);
}

/* Notifications take memory, and there is one for each call that is accepted. */
static void many(int family, const struct t_addr *to)
{
	struct homa_sendmsg_args response = { .id = 0x1235 };
	uint32_t sent = 0, told = 0;
	struct t_sock sock;
	struct t_note note;
	uint64_t id;
	int ret;

	t_case("as many as there may be");
	t_open(&sock, family, PORT);
	T_RET(t_setopt(&sock, SOL_SOCKET, SO_SNDBUF, 4000000), 0);
	T_RET(t_setopt(&sock, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	while (!(ret = send_request(&sock, to, 1, &id)) && sent < MANY_MAX)
		sent++;
	T_RET(ret, -ENOBUFS);
	T_OK(sent > 1);
	T_RET(t_sendmsg(&sock, to, body, 1, &response, MSG_ZEROCOPY), -ENOBUFS);
	T_RET(t_abort(&sock, 0, 0), 0);
	while (told < sent && has_note(&sock, 1000)) {
		T_RET(t_notified(&sock, &note), 0);
		T_OK(note.low <= note.high && note.high < sent);
		told += note.high - note.low + 1;
	}
	T_EQ(told, sent);
	T_OK(!has_note(&sock, 20));
	T_RET(send_request(&sock, to, 1, &id), 0);
	T_RET(t_abort(&sock, 0, 0), 0);
	T_OK(has_note(&sock, 1000));
	T_RET(t_notified(&sock, &note), 0);
	T_EQ(note.low, sent);
	t_close(&sock);
}

/*
 * Nobody on this host looks at the packets: nothing is copied. What is in many
 * small pieces, and from pages that are gone by then, is sent all the same.
 */
static void swallowed(int family, const struct t_addr *to)
{
	struct homa_sendmsg_args args = { 0 };
	struct iovec pieces[400];
	struct msghdr msg = {
		.msg_name = (void *)&to->sa,
		.msg_namelen = to->len,
		.msg_iov = pieces,
		.msg_iovlen = sizeof(pieces) / sizeof(pieces[0]),
		.msg_control = &args,
	};
	struct t_msg response = { 0 };
	struct t_sock client;
	struct t_note note;
	uint64_t id;
	size_t i;

	t_case("to nowhere");
	t_open(&client, family, 0);
	T_RET(t_setopt(&client, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	T_RET(send_request(&client, to, BYTES, &id), 0);
	T_OK(!has_note(&client, 10));
	T_RET(t_recv(&client, &response, 0, 0), -ETIMEDOUT);
	T_OK(has_note(&client, 1000));
	T_RET(t_notified(&client, &note), 0);
	T_EQ(note.copied, false);

	for (i = 0; i < msg.msg_iovlen; i++) {
		pieces[i].iov_base = body + 700 * i;
		pieces[i].iov_len = 50;
	}
	T_RET((int)sendmsg(client.fd, &msg, MSG_ZEROCOPY) < 0 ? -errno : 0, 0);
	if (munmap(body, BYTES + PAGE))
		t_die("munmap");
	T_RET(t_recv(&client, &response, 0, 0), -ETIMEDOUT);
	T_OK(has_note(&client, 1000));
	body = mmap(NULL, BYTES + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (body == MAP_FAILED)
		t_die("mmap");

	/* Closed while the message is under way. */
	T_RET(send_request(&client, to, BYTES, &id), 0);
	t_close(&client);
}

int main(int argc, char **argv)
{
	struct t_addr here, nowhere;
	int family;

	if (argc != 3)
		return 2;
	t_begin("t_zerocopy", 60);
	family = strchr(argv[1], ':') ? AF_INET6 : AF_INET;
	here = t_addr(family, argv[1], PORT);
	nowhere = t_addr(family, argv[2], PORT);
	body = mmap(NULL, BYTES + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (body == MAP_FAILED)
		t_die("mmap");
	exchange(family, &here, 1);
	exchange(family, &here, 1500);
	exchange(family, &here, BYTES);
	nobody_waits(family, &here);
	failures(family, &here);
	many(family, &nowhere);
	swallowed(family, &nowhere);
	return t_end();
}
