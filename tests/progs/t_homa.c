// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Homa calls in short form, for the guest test programs. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "t.h"

struct t_addr t_addr(int family, const char *ip, uint16_t port)
{
	struct t_addr addr = { .len = 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr.sa;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&addr.sa;
	char mapped[INET6_ADDRSTRLEN];

	if (family == AF_INET) {
		if (inet_pton(AF_INET, ip, &in4->sin_addr) != 1)
			t_die("%s is not an IPv4 address", ip);
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		addr.len = sizeof(*in4);
		return addr;
	}
	snprintf(mapped, sizeof(mapped), "%s%s", strchr(ip, ':') ? "" : "::ffff:", ip);
	if (inet_pton(AF_INET6, mapped, &in6->sin6_addr) != 1)
		t_die("%s is not an IP address", ip);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	addr.len = sizeof(*in6);
	return addr;
}

struct t_addr t_loopback(int family, uint16_t port)
{
	return t_addr(family, family == AF_INET ? "127.0.0.1" : "::1", port);
}

bool t_same_host(const struct t_addr *left, const struct t_addr *right)
{
	const struct sockaddr_in6 *l6 = (const struct sockaddr_in6 *)&left->sa;
	const struct sockaddr_in6 *r6 = (const struct sockaddr_in6 *)&right->sa;
	const struct sockaddr_in *l4 = (const struct sockaddr_in *)&left->sa;
	const struct sockaddr_in *r4 = (const struct sockaddr_in *)&right->sa;

	if (left->sa.ss_family != right->sa.ss_family)
		return false;
	if (left->sa.ss_family == AF_INET)
		return l4->sin_addr.s_addr == r4->sin_addr.s_addr;
	return !memcmp(&l6->sin6_addr, &r6->sin6_addr, sizeof(l6->sin6_addr));
}

uint16_t t_port(const struct t_addr *addr)
{
	if (addr->sa.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&addr->sa)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)&addr->sa)->sin6_port);
}

void t_open_bare(struct t_sock *sock, int family)
{
	memset(sock, 0, sizeof(*sock));
	sock->family = family;
	sock->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_HOMA);
	if (sock->fd < 0)
		t_die("socket");
}

int t_set_region(struct t_sock *sock, size_t bytes)
{
	struct homa_rcvbuf_args args = { .length = bytes };
	void *region;

	region = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED)
		return -errno;
	args.start = (uintptr_t)region;
	if (setsockopt(sock->fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, sizeof(args))) {
		int error = errno;

		munmap(region, bytes);
		return -error;
	}
	sock->region = region;
	sock->region_bytes = bytes;
	return 0;
}

int t_bind(const struct t_sock *sock, uint16_t port)
{
	struct t_addr any = t_addr(sock->family, sock->family == AF_INET ? "0.0.0.0" : "::", port);

	return bind(sock->fd, (struct sockaddr *)&any.sa, any.len) ? -errno : 0;
}

int t_bind_addr(const struct t_sock *sock, const struct t_addr *addr)
{
	return bind(sock->fd, (const struct sockaddr *)&addr->sa, addr->len) ? -errno : 0;
}

void t_netns(const char *name)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		t_die("entering %s", path);
	close(fd);
}

struct t_addr t_scoped(struct t_addr addr, const char *device)
{
	unsigned int scope = if_nametoindex(device);

	if (!scope)
		t_die("no device %s", device);
	((struct sockaddr_in6 *)&addr.sa)->sin6_scope_id = scope;
	return addr;
}

int t_setopt(const struct t_sock *sock, int level, int name, int value)
{
	return setsockopt(sock->fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

int t_getopt(const struct t_sock *sock, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = 0;

	return getsockopt(sock->fd, level, name, &value, &len) ? -errno : value;
}

void t_sysctl(const char *path, const char *value)
{
	char name[200];
	int fd;

	snprintf(name, sizeof(name), "/proc/sys/%s", path);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		t_die("writing %s to %s", value, name);
	close(fd);
}

void t_open(struct t_sock *sock, int family, uint16_t port)
{
	int ret;

	t_open_bare(sock, family);
	ret = port ? t_bind(sock, port) : 0;
	if (!ret)
		ret = t_set_region(sock, T_REGION_BYTES);
	if (ret) {
		errno = -ret;
		t_die("opening a socket with port %u", port);
	}
}

void t_close(struct t_sock *sock)
{
	if (close(sock->fd))
		t_die("close");
	if (sock->region)
		munmap(sock->region, sock->region_bytes);
	memset(sock, 0, sizeof(*sock));
	sock->fd = -1;
}

uint16_t t_local_port(const struct t_sock *sock)
{
	struct t_addr addr = { .len = sizeof(addr.sa) };

	if (getsockname(sock->fd, (struct sockaddr *)&addr.sa, &addr.len))
		t_die("getsockname");
	return t_port(&addr);
}

size_t t_region_min(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "r");
	unsigned int first = 0, last = 0;
	int n = file ? fscanf(file, "%u-%u", &first, &last) : 0;

	if (n < 1)
		n = sysconf(_SC_NPROCESSORS_CONF) == 1 ? 1 : -1;	/* no sysfs CPUs: UML */
	if (n < 0)
		t_die("number of possible CPUs");
	if (n == 1)
		last = first;
	if (file)
		fclose(file);
	return (size_t)(last + 1) * HOMA_BPAGE_SIZE + 2000000;
}

int t_sendmsg(const struct t_sock *sock, const struct t_addr *to, const void *data, size_t bytes,
	      struct homa_sendmsg_args *args, int flags)
{
	struct iovec piece = { .iov_base = (void *)data, .iov_len = bytes };
	struct msghdr msg = {
		.msg_name = (void *)&to->sa,
		.msg_namelen = to->len,
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = args,
	};
	ssize_t ret = sendmsg(sock->fd, &msg, flags);

	return ret < 0 ? -errno : (int)ret;
}

uint64_t t_request(const struct t_sock *sock, const struct t_addr *to, size_t bytes,
		   uint32_t seed, uint32_t flags)
{
	struct homa_sendmsg_args args = { .completion_cookie = seed, .flags = flags };
	unsigned char *data = malloc(bytes ? bytes : 1);
	int ret;

	if (!data)
		t_die("malloc");
	t_fill(data, bytes, seed);
	ret = t_sendmsg(sock, to, data, bytes, &args, 0);
	free(data);
	if (ret) {
		errno = ret < 0 ? -ret : 0;
		t_die("sending a request of %zu bytes returned %d", bytes, ret);
	}
	if (!args.id || args.id & 1)
		t_die("sending a request returned the id %llu", (unsigned long long)args.id);
	return args.id;
}

ssize_t t_recv(const struct t_sock *sock, struct t_msg *msg, uint64_t id, int flags)
{
	struct msghdr hdr = {
		.msg_name = &msg->from.sa,
		.msg_namelen = sizeof(msg->from.sa),
		.msg_control = &msg->args,
		.msg_controllen = sizeof(msg->args),
	};

	msg->args.id = id;
	msg->args.reserved = 0;
	msg->args.completion_cookie = 0;
	memset(&msg->from, 0, sizeof(msg->from));
	msg->length = recvmsg(sock->fd, &hdr, flags);
	if (msg->length < 0)
		return -errno;
	msg->from.len = hdr.msg_namelen;
	return msg->length;
}

void t_release(const struct t_sock *sock, struct t_msg *msg)
{
	ssize_t ret = t_recv(sock, msg, 0, MSG_DONTWAIT);

	if (ret == -EAGAIN)
		return;
	errno = ret < 0 ? (int)-ret : 0;
	t_die("giving buffers back returned %zd", ret);
}

bool t_msg_is(const struct t_sock *sock, const struct t_msg *msg, uint32_t seed)
{
	size_t left = (size_t)msg->length;
	unsigned char *data;
	size_t done = 0;
	bool same;
	uint32_t i;

	if (msg->length <= 0 ||
	    msg->args.num_bpages != (left + HOMA_BPAGE_SIZE - 1) >> HOMA_BPAGE_SHIFT)
		return false;
	data = malloc(left);
	if (!data)
		t_die("malloc");
	t_fill(data, left, seed);
	for (i = 0, same = true; same && i < msg->args.num_bpages; i++) {
		size_t piece = left < HOMA_BPAGE_SIZE ? left : HOMA_BPAGE_SIZE;
		uint32_t offset = msg->args.bpage_offsets[i];

		if (offset > sock->region_bytes - piece)
			t_die("bpage offset %u is outside of the region", offset);
		same = !memcmp(sock->region + offset, data + done, piece);
		done += piece;
		left -= piece;
	}
	free(data);
	return same;
}

int t_echo(const struct t_sock *sock, const struct t_msg *msg)
{
	struct homa_sendmsg_args args = { .id = msg->args.id };
	struct iovec pieces[HOMA_MAX_BPAGES];
	struct msghdr hdr = {
		.msg_name = (void *)&msg->from.sa,
		.msg_namelen = msg->from.len,
		.msg_iov = pieces,
		.msg_iovlen = msg->args.num_bpages,
		.msg_control = &args,
	};
	size_t left = (size_t)msg->length;
	ssize_t ret;
	uint32_t i;

	for (i = 0; i < msg->args.num_bpages; i++) {
		pieces[i].iov_base = sock->region + msg->args.bpage_offsets[i];
		pieces[i].iov_len = left < HOMA_BPAGE_SIZE ? left : HOMA_BPAGE_SIZE;
		left -= pieces[i].iov_len;
	}
	ret = sendmsg(sock->fd, &hdr, 0);
	return ret < 0 ? -errno : (int)ret;
}

int t_respond(const struct t_sock *sock, const struct t_msg *msg, size_t bytes, uint32_t seed)
{
	struct homa_sendmsg_args args = { .id = msg->args.id };
	unsigned char *data = malloc(bytes);
	int ret;

	if (!data)
		t_die("malloc");
	t_fill(data, bytes, seed);
	ret = t_sendmsg(sock, &msg->from, data, bytes, &args, 0);
	free(data);
	return ret;
}

struct homa_info t_info(const struct t_sock *sock)
{
	struct homa_info info = { 0 };

	if (ioctl(sock->fd, HOMAIOCINFO, &info))
		t_die("HOMAIOCINFO");
	return info;
}

uint32_t t_rpcs(const struct t_sock *sock, struct homa_rpc_info *rpcs, uint32_t max)
{
	struct homa_info info = {
		.rpc_info = (uintptr_t)rpcs,
		.rpc_info_length = max * sizeof(*rpcs),
	};

	if (ioctl(sock->fd, HOMAIOCINFO, &info))
		t_die("HOMAIOCINFO");
	return info.num_rpcs;
}

int t_abort(const struct t_sock *sock, uint64_t id, int error)
{
	struct homa_abort_args args = { .id = id, .error = error };

	return ioctl(sock->fd, HOMAIOCABORT, &args) ? -errno : 0;
}

bool t_arrived(const struct t_sock *sock, uint64_t id)
{
	struct homa_rpc_info rpcs[64];
	uint32_t i, n = t_rpcs(sock, rpcs, 64);

	if (n > 64)
		n = 64;
	for (i = 0; i < n; i++)
		if (!id || rpcs[i].id == id)
			return rpcs[i].rx_length > 0 && !rpcs[i].rx_remaining;
	return false;
}

bool t_exchange(const struct t_sock *client, const struct t_addr *to,
		const struct t_sock *server, size_t bytes, struct t_msg *request)
{
	struct t_msg in = { 0 }, out = { 0 };
	uint64_t id;
	bool ok;

	id = t_request(client, to, bytes, (uint32_t)bytes, 0);
	ok = T_RET(t_recv(server, &in, 0, 0), bytes) &&
	     T_OK(t_msg_is(server, &in, (uint32_t)bytes)) &&
	     T_RET(t_echo(server, &in), 0) &&
	     T_RET(t_recv(client, &out, 0, 0), bytes) &&
	     T_EQ(out.args.id, id) &&
	     T_OK(t_msg_is(client, &out, (uint32_t)bytes));
	if (request)
		*request = in;
	t_release(server, &in);
	t_release(client, &out);
	return ok;
}

int t_refused(const struct t_sock *client, const struct t_addr *to)
{
	struct t_msg answer = { 0 };
	uint64_t id = t_request(client, to, 100, 1, 0);
	ssize_t ret = t_recv(client, &answer, 0, 0);

	T_EQ(answer.args.id, id);
	return (int)ret;
}

uint64_t t_counter(const char *which)
{
	FILE *file = fopen("/proc/thread-self/net/homa_metrics", "r");
	unsigned long long value;
	char line[300], name[64];
	uint64_t sum = 0;

	if (!file)
		t_die("homa_metrics");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %llu", name, &value) == 2 && !strcmp(name, which))
			sum += value;
	fclose(file);
	return sum;
}

int t_notified(const struct t_sock *sock, struct t_note *note)
{
	char control[256];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	const struct sock_extended_err *error;
	struct cmsghdr *cmsg;

	if (recvmsg(sock->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return -errno;
	T_OK(msg.msg_flags & MSG_ERRQUEUE);
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg)
		t_die("a notification without a control message");
	T_OK((cmsg->cmsg_level == SOL_IP && cmsg->cmsg_type == IP_RECVERR) ||
	     (cmsg->cmsg_level == SOL_IPV6 && cmsg->cmsg_type == IPV6_RECVERR));
	error = (const void *)CMSG_DATA(cmsg);
	T_EQ(error->ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	T_EQ(error->ee_errno, 0);
	note->low = error->ee_info;
	note->high = error->ee_data;
	note->copied = error->ee_code == SO_EE_CODE_ZEROCOPY_COPIED;
	return 0;
}
