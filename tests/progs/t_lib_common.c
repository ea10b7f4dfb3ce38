// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The server inside of the test programs of libhoma, and checks. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t_lib.h"

struct later {
	struct t_server *server;
	struct homa_msg *request;
};

static void echo(struct homa_msg *request)
{
	const struct iovec *iov;
	int count = homa_msg_iov(request, &iov);

	T_RET(homa_replyv(request, iov, count, 0), 0);
	homa_msg_free(request);
}

static void *echo_later(void *arg)
{
	struct later *later = arg;

	t_sleep_ms(later->server->delay_ms);
	echo(later->request);
	free(later);
	return NULL;
}

static void start_later(struct t_server *server, struct homa_msg *request)
{
	struct later *later = malloc(sizeof(*later));
	pthread_attr_t attr;
	pthread_t thread;

	if (!later)
		t_die("no memory");
	*later = (struct later){ server, request };
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, echo_later, later))
		t_die("no thread");
	pthread_attr_destroy(&attr);
}

/* As many bytes as were asked for. */
static void answer_size(struct homa_msg *request)
{
	unsigned char *data;
	uint32_t bytes;
	int ret;

	T_EQ(homa_msg_copy(request, 1, &bytes, sizeof(bytes)), sizeof(bytes));
	data = malloc(bytes);
	if (!data)
		t_die("no memory");
	t_fill(data, bytes, bytes);
	ret = homa_reply(request, data, bytes, 0);
	if (ret) {
		T_OK(homa_explain()[0]);
		T_RET(homa_reply(request, &ret, sizeof(ret), 0), 0);
	}
	free(data);
	homa_msg_free(request);
}

static void handle(struct homa_msg *request, void *arg)
{
	struct t_server *server = arg;
	char op = 0;

	homa_msg_copy(request, 0, &op, 1);
	switch (op) {
	case 'd':
		start_later(server, request);
		break;
	case 'n':
		__atomic_add_fetch(&server->never, 1, __ATOMIC_SEQ_CST);
		homa_msg_free(request);
		break;
	case 'k':
		server->keep[__atomic_fetch_add(&server->kept, 1, __ATOMIC_SEQ_CST)] = request;
		break;
	case 'r':
		homa_msg_release(request);
		T_OK(!homa_msg_data(request));
		T_RET(homa_reply(request, "released", 8, 0), 0);
		homa_msg_free(request);
		break;
	case 's':
		answer_size(request);
		break;
	default:
		echo(request);
	}
}

static void *serve(void *arg)
{
	struct t_server *server = arg;

	server->result = homa_serve(server->homa, server->threads, handle, server);
	return NULL;
}

struct homa *t_homa(int family, const struct homa_options *options)
{
	struct homa *homa;
	int ret = homa_open(&homa, family, options);

	if (ret)
		t_die("homa_open: %s: %s", strerror(-ret), homa_explain());
	return homa;
}

void t_serve(struct t_server *server, int family, uint16_t port, unsigned int threads,
	     const struct homa_options *options)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int ret;

	*server = (struct t_server){ .threads = threads, .delay_ms = 20 };
	server->homa = t_homa(family, options);
	ret = family == AF_INET ?
		homa_bind(server->homa, (struct sockaddr *)&any4, sizeof(any4)) :
		homa_bind(server->homa, (struct sockaddr *)&any6, sizeof(any6));
	if (ret)
		t_die("homa_bind: %s: %s", strerror(-ret), homa_explain());
	if (pthread_create(&server->thread, NULL, serve, server))
		t_die("no thread");
}

void t_serve_stop(struct t_server *server)
{
	unsigned int i;

	homa_stop(server->homa);
	pthread_join(server->thread, NULL);
	T_RET(server->result, 0);
	for (i = 0; i < server->kept; i++)
		homa_msg_free(server->keep[i]);
	homa_close(server->homa);
}

void t_lib_fill(unsigned char *data, size_t bytes, char op, uint32_t seed)
{
	t_fill(data, bytes, seed);
	data[0] = (unsigned char)op;
}

bool t_lib_is(const struct homa_msg *msg, const void *data, size_t bytes)
{
	const unsigned char *at = data;
	const struct iovec *iov;
	size_t sum = 0;
	int i, count;

	count = homa_msg_iov(msg, &iov);
	for (i = 0; i < count; i++) {
		if (sum + iov[i].iov_len > bytes ||
		    memcmp(iov[i].iov_base, at + sum, iov[i].iov_len))
			return false;
		sum += iov[i].iov_len;
	}
	return sum == bytes && homa_msg_length(msg) == bytes;
}

int t_lib_echo(struct homa *homa, const struct t_addr *to, size_t bytes, char op, uint32_t seed,
	       uint32_t flags, int64_t timeout_ns)
{
	unsigned char *data = malloc(bytes);
	struct iovec piece = { data, bytes };
	struct homa_msg *response;
	int ret;

	if (!data)
		t_die("no memory");
	t_lib_fill(data, bytes, op, seed);
	ret = homa_callv(homa, T_SA(to), to->len, &piece, 1, flags, timeout_ns, &response);
	if (!ret) {
		T_OK(t_lib_is(response, data, bytes));
		homa_msg_free(response);
	}
	free(data);
	return ret;
}

uint64_t t_lib_small_region(void)
{
	return (t_region_min() / HOMA_BPAGE_SIZE + 9) * HOMA_BPAGE_SIZE;
}

bool t_lib_limit_sends(struct homa *homa)
{
	int fd = homa_socket(homa), bytes = 1 << 20;
	struct stat stat;

	if (fstat(fd, &stat))
		t_die("fstat");
	if (!S_ISSOCK(stat.st_mode))
		return false;
	T_RET(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
	return true;
}

uint64_t t_lib_avail(struct homa *homa)
{
	struct homa_info info = { 0 };

	if (ioctl(homa_socket(homa), HOMAIOCINFO, &info))
		t_die("HOMAIOCINFO");
	return info.bpool_avail_bytes;
}

uint32_t t_lib_num_rpcs(struct homa *homa)
{
	struct homa_info info = { 0 };

	if (ioctl(homa_socket(homa), HOMAIOCINFO, &info))
		t_die("HOMAIOCINFO");
	return info.num_rpcs;
}
