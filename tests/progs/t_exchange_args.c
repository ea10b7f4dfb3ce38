// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* HOMAIOCEXCHANGE: arguments that are wrong, and memory that is not there. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_exchange.h"

#define PORT 99

static unsigned char sent[70000], got[70000];
static struct x x;

struct hosts {
	struct t_sock server, client;
	struct t_addr addr;		/* of the server */
	uint64_t avail;			/* free bytes of a region that nothing is in */
};

static void open_hosts(struct hosts *h, int family)
{
	memset(h, 0, sizeof(*h));
	t_open(&h->server, family, PORT);
	t_open(&h->client, family, 0);
	h->addr = t_loopback(family, PORT);
	h->avail = t_info(&h->server).bpool_avail_bytes;
	t_fill(sent, sizeof(sent), 5);
}

static void close_hosts(struct hosts *h)
{
	t_close(&h->server);
	t_close(&h->client);
}

/* A call with one message out and room for one, which would work. */
static void prepare(struct hosts *h)
{
	x_begin(&x);
	x_send(&x, &h->addr, 0, sent, 100, 7);
	x_room(&x, got, sizeof(got));
	x.args.flags = HOMA_EXCHANGE_CALL;
	x.args.timeout_ns = 0;
}

/* It is refused, for a reason that the socket can tell, and nothing has happened. */
static void refused(struct hosts *h, const char *why)
{
	T_RET(x_call(&h->client, &x), -EINVAL);
	T_EQ(x.args.num_sends, 0);
	T_EQ(x.args.num_recvs, 0);
	T_EQ(x.out[0].id & ~1ULL, 0);
	T_EQ(t_info(&h->client).num_rpcs, 0);
	if (!T_OK(strstr(t_info(&h->client).error_msg, why) != NULL))
		t_case("it says \"%s\" instead of \"%s\"", t_info(&h->client).error_msg, why);
}

static void test_invalid(int family)
{
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: unknown flags", family);
	prepare(&h);
	x.args.flags = 2;
	refused(&h, "flag");
	prepare(&h);
	x.args.flags = 0x80000001;
	refused(&h, "flag");

	t_case("family %d: counts", family);
	prepare(&h);
	x.args.flags = 0;
	x.args.num_sends = HOMA_EXCHANGE_MAX + 1;
	refused(&h, "1024");
	prepare(&h);
	x.args.flags = 0;
	x.args.num_sends = UINT32_MAX;
	refused(&h, "1024");
	prepare(&h);
	x.args.flags = 0;
	x.args.num_recvs = HOMA_EXCHANGE_MAX + 1;
	refused(&h, "1024");
	prepare(&h);
	x.args.flags = 0;
	x.args.num_recvs = UINT32_MAX;
	refused(&h, "1024");

	t_case("family %d: a call with other counts, or an id", family);
	prepare(&h);
	x.args.num_sends = 0;
	refused(&h, "CALL");
	prepare(&h);
	x.args.num_sends = 2;
	refused(&h, "CALL");
	prepare(&h);
	x.args.num_recvs = 0;
	refused(&h, "CALL");
	prepare(&h);
	x.args.num_recvs = 2;
	refused(&h, "CALL");
	prepare(&h);
	x.args.id = 2;
	refused(&h, "CALL");
	prepare(&h);
	x.out[0].id = 1;
	refused(&h, "CALL");

	t_case("family %d: a timeout below -1", family);
	prepare(&h);
	x.args.timeout_ns = -2;
	refused(&h, "timeout");
	prepare(&h);
	x.args.timeout_ns = INT64_MIN;
	refused(&h, "timeout");

	t_case("family %d: room for a message", family);
	x_begin(&x);
	x_room(&x, got, sizeof(got))->reserved = 1;
	x.args.timeout_ns = 0;
	T_RET(x_call(&h.server, &x), -EINVAL);
	T_EQ(x.args.num_recvs, 0);
	T_OK(strstr(t_info(&h.server).error_msg, "reserved") != NULL);

	t_case("family %d: a message", family);
	prepare(&h);
	x.out[0].reserved = 1;
	refused(&h, "reserved");
	prepare(&h);
	x.out[0].flags = 2;
	refused(&h, "flag");
	prepare(&h);
	x.out[0].flags = 0x80000001;
	refused(&h, "flag");
	prepare(&h);
	x.out[0].length = 0;
	refused(&h, "length");
	prepare(&h);
	x.out[0].length = HOMA_MAX_MESSAGE_LENGTH + 1;
	refused(&h, "length");
	prepare(&h);
	x.out[0].length = UINT32_MAX;
	T_OK(x_call(&h.client, &x) == -EINVAL || errno == EFAULT);
	prepare(&h);
	memset(&x.out[0].to, 0, sizeof(x.out[0].to));
	refused(&h, "destination");
	prepare(&h);
	x.args.flags = 0;
	x.out[0].id = 1;
	x.out[0].completion_cookie = 1;
	refused(&h, "completion_cookie");

	t_case("family %d: nothing out, nothing in", family);
	x_begin(&x);
	T_RET(x_call(&h.client, &x), 0);
	x_begin(&x);
	x.args.sends = 1;
	x.args.recvs = 1;
	x.args.returns = 1;
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(x.args.sends, 1);
	T_EQ(x.args.recvs, 1);
	T_EQ(x.args.returns, 1);

	t_case("family %d: another size of the structure", family);
	T_EQ(ioctl(h.client.fd, _IOWR('h', 0xa0, char[48]), &x.args), -1);
	T_RET(-errno, -EINVAL);
	T_EQ(ioctl(h.client.fd, _IOW('h', 0xa0, struct homa_exchange), &x.args), -1);
	T_RET(-errno, -EINVAL);

	t_case("family %d: private or not is one's own choice in a call", family);
	prepare(&h);
	x.out[0].flags = HOMA_SENDMSG_PRIVATE;
	T_RET(x_call(&h.client, &x), -EAGAIN);
	T_EQ(x.args.num_sends, 1);
	close_hosts(&h);
}

static void test_no_region(int family)
{
	struct t_addr addr = t_loopback(family, PORT);
	struct t_sock server, client;

	t_case("family %d: no receive region", family);
	t_open(&server, family, PORT);
	t_open_bare(&client, family);
	x_begin(&x);
	x_send(&x, &addr, 0, sent, 100, 7);
	T_RET(x_call(&client, &x), 0);
	T_EQ(x.args.num_sends, 1);
	x_begin(&x);
	x_room(&x, got, sizeof(got));
	T_RET(x_call(&client, &x), -EINVAL);
	T_EQ(x.args.num_recvs, 0);
	T_OK(strstr(t_info(&client).error_msg, "SO_HOMA_RCVBUF") != NULL);
	x_begin(&x);
	x.returns[0] = 0;
	x.args.num_returns = 1;
	T_RET(x_call(&client, &x), -EINVAL);
	T_EQ(x.args.num_returns, 1);
	t_close(&server);
	t_close(&client);
}

/* The region counts in memory that its maker might write, also if it is not needed. */
static void test_other_memory(int family)
{
	struct t_addr addr = t_loopback(family, PORT);
	struct t_sock server, client;
	int status;
	pid_t pid;

	t_case("family %d: a region that another user made", family);
	t_open(&client, family, 0);
	t_open_bare(&server, family);
	T_RET(t_bind(&server, PORT), 0);
	pid = fork();
	if (pid < 0)
		t_die("fork");
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(100);
		_exit(-t_set_region(&server, T_REGION_BYTES));
	}
	if (waitpid(pid, &status, 0) != pid || status)
		t_die("setting a region as another user: status %x", status);
	t_request(&client, &addr, 5000, 5, 0);
	T_OK(T_WAIT(t_arrived(&server, 0), 2000));
	x_begin(&x);
	x_room(&x, got, sizeof(got));
	x.returns[0] = 0;
	x.args.num_returns = 1;
	T_RET(x_call(&server, &x), -EPERM);
	T_EQ(x.args.num_recvs, 0);
	T_EQ(x.args.num_returns, 1);
	T_EQ(t_info(&server).num_rpcs, 1);
	T_OK(strstr(t_info(&server).error_msg, "for other memory") != NULL);
	t_close(&server);
	t_close(&client);
}

/* ---- memory that is not there, or cannot be written ---- */

/* Requests arrive at the server. Their client gives up, which the server does not learn:
 * it would ask again for those that the server has forgotten.
 */
static void deliver(struct hosts *h, unsigned int num)
{
	while (num--) {
		uint64_t id = t_request(&h->client, &h->addr, 5000, 5, 0);

		T_OK(T_WAIT(t_arrived(&h->server, id ^ 1), 2000));
		T_RET(t_abort(&h->client, id, 0), 0);
	}
}

/* A request was lost on its way to the application: its RPC ended and its buffers are free. */
static void forgotten(struct hosts *h)
{
	T_EQ(t_info(&h->server).num_rpcs, 0);
	T_EQ(t_info(&h->server).bpool_avail_bytes, h->avail);
}

static void test_structure(int family)
{
	unsigned char *hole = x_hole(), *constant = x_constant();
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: the structure", family);
	T_EQ(ioctl(h.client.fd, HOMAIOCEXCHANGE, NULL), -1);
	T_RET(-errno, -EFAULT);
	T_EQ(ioctl(h.client.fd, HOMAIOCEXCHANGE, hole), -1);
	T_RET(-errno, -EFAULT);
	T_EQ(ioctl(h.client.fd, HOMAIOCEXCHANGE, hole - 8), -1);
	T_RET(-errno, -EFAULT);
	/* Its counts cannot be written: an error, where they would be other ones. */
	prepare(&h);
	x.out[0].flags = 2;
	T_EQ(mprotect(constant, X_PAGE, PROT_READ | PROT_WRITE), 0);
	memcpy(constant, &x.args, sizeof(x.args));
	T_EQ(mprotect(constant, X_PAGE, PROT_READ), 0);
	T_EQ(ioctl(h.client.fd, HOMAIOCEXCHANGE, constant), -1);
	T_RET(-errno, -EFAULT);
	T_EQ(t_info(&h.client).num_rpcs, 0);
	close_hosts(&h);
}

static void test_sends(int family)
{
	unsigned char *hole = x_hole(), *constant = x_constant();
	struct homa_send *out;
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: messages to be sent that are not there", family);
	prepare(&h);
	x.args.sends = (uintptr_t)hole;
	T_RET(x_call(&h.client, &x), -EFAULT);
	T_EQ(x.args.num_sends, 0);
	prepare(&h);
	x.args.sends = UINT64_MAX - 15;
	T_RET(x_call(&h.client, &x), -EFAULT);
	T_EQ(x.args.num_sends, 0);
	T_EQ(t_info(&h.client).num_rpcs, 0);

	t_case("family %d: the array ends after two", family);
	prepare(&h);
	out = (struct homa_send *)hole - 2;
	out[0] = x.out[0];
	out[1] = x.out[0];
	x.args.flags = 0;
	x.args.sends = (uintptr_t)out;
	x.args.num_sends = 3;
	T_RET(x_call(&h.client, &x), -EFAULT);
	T_EQ(x.args.num_sends, 2);
	T_EQ(x.args.num_recvs, 0);
	T_EQ(t_info(&h.client).num_rpcs, 2);
	T_OK(out[0].id && out[1].id && out[0].id != out[1].id);
	T_RET(t_abort(&h.client, 0, 0), 0);

	t_case("family %d: an id that cannot be written", family);
	prepare(&h);
	T_EQ(mprotect(constant, X_PAGE, PROT_READ | PROT_WRITE), 0);
	memcpy(constant, x.out, sizeof(x.out[0]));
	T_EQ(mprotect(constant, X_PAGE, PROT_READ), 0);
	x.args.sends = (uintptr_t)constant;
	T_RET(x_call(&h.client, &x), -EFAULT);
	T_EQ(x.args.num_sends, 0);
	T_EQ(t_info(&h.client).num_rpcs, 0);

	t_case("family %d: contents that are not there", family);
	prepare(&h);
	x.out[0].data = (uintptr_t)hole;
	T_RET(x_call(&h.client, &x), -EFAULT);
	prepare(&h);
	x.out[0].data = (uintptr_t)hole - 50;
	T_RET(x_call(&h.client, &x), -EFAULT);
	prepare(&h);
	x.out[0].data = UINT64_MAX - 50;
	T_RET(x_call(&h.client, &x), -EFAULT);
	T_EQ(x.out[0].id, 0);
	T_EQ(x.args.num_sends, 0);
	T_EQ(t_info(&h.client).num_rpcs, 0);

	close_hosts(&h);

	t_case("family %d: a response whose contents are not there ends the RPC", family);
	open_hosts(&h, family);
	deliver(&h, 1);
	x_begin(&x);
	x_room(&x, got, sizeof(got));
	T_RET(x_call(&h.server, &x), 0);
	x.args.num_recvs = 0;
	x_answer(&x, &x.in[0], hole - 50, 100);
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_EQ(x.args.num_sends, 0);
	forgotten(&h);
	close_hosts(&h);
}

static void test_recvs(int family)
{
	unsigned char *hole = x_hole(), *constant = x_constant();
	struct homa_recv *in;
	struct t_msg msg = { 0 };
	struct hosts h;
	uint64_t id;
	uint32_t i;

	open_hosts(&h, family);
	t_case("family %d: room that is not there takes no message", family);
	deliver(&h, 1);
	x_begin(&x);
	x.args.num_recvs = 1;
	x.args.recvs = (uintptr_t)hole;
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_EQ(x.args.num_recvs, 0);
	T_EQ(t_info(&h.server).num_rpcs, 1);

	t_case("family %d: what was sent before counts", family);
	x_begin(&x);
	x_send(&x, &h.addr, 12345, sent, 100, 0);
	x.args.num_recvs = 1;
	x.args.recvs = (uintptr_t)hole;
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_EQ(x.args.num_sends, 1);
	T_EQ(x.args.num_recvs, 0);

	t_case("family %d: a message whose structure cannot be written is forgotten", family);
	x_begin(&x);
	x.args.num_recvs = 1;
	x.args.recvs = (uintptr_t)constant;
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_EQ(x.args.num_recvs, 0);
	forgotten(&h);
	close_hosts(&h);

	t_case("family %d: room for contents that cannot be written", family);
	open_hosts(&h, family);
	deliver(&h, 1);
	x_begin(&x);
	x_room(&x, constant - 2000, X_PAGE);
	T_RET(x_call(&h.server, &x), 0);
	/* Too little room, so that its contents do not matter. */
	T_EQ(x.in[0].num_bpages, 1);
	T_RET(x_release(&h.server, &x.in[0]), 0);
	close_hosts(&h);
	open_hosts(&h, family);
	deliver(&h, 1);
	x_begin(&x);
	x_room(&x, constant - 2000, 2 * X_PAGE);
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_EQ(x.args.num_recvs, 0);
	forgotten(&h);
	close_hosts(&h);

	t_case("family %d: the array ends after two", family);
	open_hosts(&h, family);
	deliver(&h, 3);
	in = (struct homa_recv *)hole - 2;
	for (i = 0; i < 2; i++) {
		in[i].data = (uintptr_t)got;
		in[i].room = 5000;
	}
	x_begin(&x);
	x.args.recvs = (uintptr_t)in;
	x.args.num_recvs = 3;
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_EQ(x.args.num_recvs, 2);
	for (i = 0; i < 2; i++) {
		T_OK(in[i].id & 1);
		T_OK(x_is(&h.server, &in[i], 5));
	}
	T_EQ(t_info(&h.server).num_rpcs, 3);
	T_RET(t_recv(&h.server, &msg, 0, MSG_DONTWAIT), 5000);
	T_OK(msg.args.id != in[0].id && msg.args.id != in[1].id);
	close_hosts(&h);

	t_case("family %d: a response that cannot be copied is gone", family);
	open_hosts(&h, family);
	id = t_request(&h.client, &h.addr, 5000, 5, HOMA_SENDMSG_PRIVATE);
	memset(&msg, 0, sizeof(msg));
	T_RET(t_recv(&h.server, &msg, 0, 0), 5000);
	T_RET(t_echo(&h.server, &msg), 0);
	x_begin(&x);
	x_room(&x, hole - 2000, 5000);
	x.args.id = id;
	T_RET(x_call(&h.client, &x), -EFAULT);
	T_EQ(x.args.num_recvs, 0);
	T_EQ(t_info(&h.client).num_rpcs, 0);
	T_EQ(t_info(&h.client).bpool_avail_bytes, h.avail);

	t_case("family %d: the region is not writable, and is not needed", family);
	t_release(&h.server, &msg);
	mprotect(h.server.region, h.server.region_bytes, PROT_READ);
	deliver(&h, 1);
	x_begin(&x);
	x_room(&x, got, sizeof(got));
	T_RET(x_call(&h.server, &x), 0);
	T_OK(x_is(&h.server, &x.in[0], 5));

	t_case("family %d: the region is not writable, and is needed", family);
	deliver(&h, 1);
	x_begin(&x);
	x_room(&x, NULL, 0);
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_EQ(x.args.num_recvs, 0);
	T_EQ(t_info(&h.server).bpool_avail_bytes, h.avail);
	close_hosts(&h);
}

static void test_returns(int family)
{
	unsigned char *hole = x_hole();
	uint32_t *returns = (uint32_t *)hole - 20;
	struct homa_recv kept[20];
	struct hosts h;
	int i, bad;

	open_hosts(&h, family);
	t_case("family %d: buffers that are given back beside a hole", family);
	for (i = 0; i < 20; i++) {
		deliver(&h, 1);
		x_begin(&x);
		x_room(&x, NULL, 0);
		T_RET(x_call(&h.server, &x), 0);
		kept[i] = x.in[0];
		T_EQ(kept[i].num_bpages, 1);
		returns[i] = kept[i].bpage_offsets[0];
	}
	x_begin(&x);
	x_send(&x, &h.addr, 12345, sent, 100, 0);
	x_room(&x, got, sizeof(got));
	x.args.returns = (uintptr_t)hole;
	x.args.num_returns = 1;
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_EQ(x.args.num_returns, 1);
	T_EQ(x.args.num_sends, 0);
	T_EQ(x.args.num_recvs, 0);
	x_begin(&x);
	x.args.returns = (uintptr_t)returns;
	x.args.num_returns = HOMA_EXCHANGE_RETURNS_MAX + 1;
	T_RET(x_call(&h.server, &x), -EINVAL);
	T_EQ(x.args.num_returns, HOMA_EXCHANGE_RETURNS_MAX + 1);
	x.args.num_returns = HOMA_EXCHANGE_RETURNS_MAX;
	T_RET(x_call(&h.server, &x), -EFAULT);
	T_OK(x.args.num_returns <= HOMA_EXCHANGE_RETURNS_MAX - 16);
	/* Those that were taken are no longer ours. */
	for (i = 0; i < 20; i++) {
		uint32_t taken = HOMA_EXCHANGE_RETURNS_MAX - x.args.num_returns;

		T_RET(x_release(&h.server, &kept[i]), (uint32_t)i < taken ? -EINVAL : 0);
	}
	T_EQ(t_info(&h.server).bpool_avail_bytes, h.avail);

	t_case("family %d: one of the buffers that are given back is not ours", family);
	for (bad = 0; bad < 20; bad += 3) {
		for (i = 0; i < 20; i++) {
			deliver(&h, 1);
			x_begin(&x);
			x_room(&x, NULL, 0);
			T_RET(x_call(&h.server, &x), 0);
			kept[i] = x.in[0];
			returns[i] = kept[i].bpage_offsets[0];
			x_begin(&x);
			x_answer(&x, &kept[i], sent, 1);
			T_RET(x_call(&h.server, &x), 0);
		}
		returns[bad] += 1;
		x_begin(&x);
		x.args.returns = (uintptr_t)returns;
		x.args.num_returns = 20;
		T_RET(x_call(&h.server, &x), -EINVAL);
		T_EQ(x.args.num_returns, 20 - (uint32_t)bad);
		/* Of the RPCs only those of above are left. */
		T_OK(T_WAIT(t_info(&h.server).num_rpcs <= 20, 5000));
		/* What is left, but for that one. */
		for (i = bad; i < 20; i++)
			T_RET(x_release(&h.server, &kept[i]), 0);
		T_EQ(t_info(&h.server).bpool_avail_bytes, h.avail);
	}
	T_EQ(t_info(&h.server).bpool_avail_bytes, h.avail);
	close_hosts(&h);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_exchange_args", 50);
	for (i = 0; i < 2; i++) {
		test_invalid(families[i]);
		test_no_region(families[i]);
		test_other_memory(families[i]);
		test_structure(families[i]);
		test_sends(families[i]);
		test_recvs(families[i]);
		test_returns(families[i]);
	}
	return t_end();
}
