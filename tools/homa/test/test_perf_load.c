// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The load generator with a transport that does what the test wants, and over TCP on
 * the loopback device.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "../perf_load.h"

#define MS	1000000ull

/*
 * struct fake - a transport whose answers come at once, but which stops the whole
 * client once, for @stall_ns, as a host that is out of breath does
 */
struct fake {
	struct perf_chan chan;
	struct perf_rpc *first;
	uint64_t stall_ns;
	unsigned int sends;
	unsigned int fail_every;
	unsigned int damage_every;
};

static struct fake fake;
static struct perf_result result;

static int fake_open(struct perf_chan **chan, const struct perf_chan_config *config,
		     struct perf_why *why)
{
	(void)config;
	(void)why;
	fake.chan.fd = eventfd(0, EFD_NONBLOCK);
	*chan = &fake.chan;
	return 0;
}

static int fake_send(struct perf_chan *chan, struct perf_rpc *rpc)
{
	(void)chan;
	if (++fake.sends == 10 && fake.stall_ns)
		nanosleep(&(struct timespec){ .tv_nsec = (long)fake.stall_ns }, NULL);
	rpc->error = fake.fail_every && fake.sends % fake.fail_every == 0 ? ETIMEDOUT : 0;
	rpc->wrong = fake.damage_every && fake.sends % fake.damage_every == 0;
	rpc->next = fake.first;
	fake.first = rpc;
	eventfd_write(fake.chan.fd, 1);
	return 0;
}

static int fake_receive(struct perf_chan *chan, struct perf_rpc **rpc)
{
	eventfd_t value;

	(void)chan;
	if (!fake.first) {
		eventfd_read(fake.chan.fd, &value);
		return 0;
	}
	*rpc = fake.first;
	fake.first = fake.first->next;
	return 1;
}

static void fake_close(struct perf_chan *chan)
{
	close(chan->fd);
}

static const struct perf_transport fake_transport = {
	.name = "fake", .open = fake_open, .send = fake_send, .receive = fake_receive,
	.close = fake_close,
};

static void run(struct perf_load *load, const char *sizes)
{
	static struct perf_addr nowhere;
	struct perf_client client = { .targets = &nowhere, .num_targets = 1 };
	struct perf_dist dist;
	struct perf_why why;

	assert_int_equal(perf_dist_parse(&dist, sizes, PERF_BYTES_MAX), 0);
	load->dist = &dist;
	if (!load->transport) {
		load->transport = &fake_transport;
		memset(&fake.first, 0, sizeof(fake) - offsetof(struct fake, first));
		fake.chan.ops = load->transport;
	}
	if (!load->clients) {
		load->clients = &client;
		load->num_clients = 1;
	}
	load->kind = PERF_ECHO;
	assert_int_equal(perf_load_run(load, &result, NULL, NULL, &why), 0);
}

/*
 * While the client is stopped, requests become due.  They have to count with the time
 * that they waited: of 100 ms at 1,000 requests per second about 100 wait, half of them
 * longer than 50 ms.
 */
static void open_loop__omits_nothing(void **state)
{
	struct perf_load load = { .rate = 1000, .depth = 1000, .measure_ns = 400 * MS,
				  .drain_ns = 60000 * MS, .seed = 1 };

	(void)state;
	load.transport = &fake_transport;
	memset(&fake, 0, sizeof(fake));
	fake.chan.ops = &fake_transport;
	fake.stall_ns = 100 * MS;
	run(&load, "100");
	assert_int_equal(result.unsent, 0);
	assert_int_equal(result.sent, result.answered);
	/* 400 are expected, with a deviation of 20. */
	assert_in_range(result.sent, 280, 520);
	assert_true(perf_hist_quantile(&result.latency, 0.92) > 30 * MS);
	assert_true(result.latency.max >= 90 * MS);
}

/* A number of requests is under way, whatever the answers do. */
static void closed_loop__depth(void **state)
{
	struct perf_load load = { .rate = 0, .depth = 4, .warmup_ns = 10 * MS,
				  .measure_ns = 50 * MS, .drain_ns = 60000 * MS, .seed = 1 };

	(void)state;
	run(&load, "100");
	assert_true(result.sent > 4);
	assert_int_equal(result.sent, result.answered);
	assert_int_equal(result.unfinished, 0);
	assert_int_equal(result.decile[0].min_bytes, 100);
	assert_int_equal(result.due_bytes, result.sent * 200);
	assert_int_equal(result.answered_bytes, result.due_bytes);
	assert_true(result.last_answer_ns > 0);
}

static void result__failures(void **state)
{
	struct perf_load load = { .rate = 2000, .depth = 1000, .measure_ns = 200 * MS,
				  .drain_ns = 60000 * MS, .seed = 2, .transport = &fake_transport };

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.chan.ops = &fake_transport;
	fake.fail_every = 10;
	fake.damage_every = 15;
	run(&load, "W2");
	assert_int_equal(result.sent, result.answered + result.failed + result.wrong);
	assert_true(result.answered_bytes < result.due_bytes);
	assert_true(result.failed >= result.sent / 10 - 1);
	assert_true(result.wrong > 0);
	assert_int_equal(result.first_error, ETIMEDOUT);
}

/* The same seed asks for the same, whatever the transport and the times are. */
static void seed__repeats(void **state)
{
	struct perf_load load = { .rate = 5000, .depth = 1000, .measure_ns = 100 * MS,
				  .drain_ns = 60000 * MS, .seed = 5 };
	uint32_t longest;
	uint64_t sent;

	(void)state;
	run(&load, "W4");
	sent = result.sent;
	longest = result.decile[PERF_DECILES - 1].max_bytes;
	load.transport = NULL;
	load.clients = NULL;
	run(&load, "W4");
	assert_int_equal(result.sent, sent);
	assert_int_equal(result.decile[PERF_DECILES - 1].max_bytes, longest);
	load.seed = 6;
	load.transport = NULL;
	load.clients = NULL;
	run(&load, "W4");
	assert_true(result.sent != sent || result.decile[PERF_DECILES - 1].max_bytes != longest);
}

static void *serve(void *context)
{
	struct perf_service *service = context;
	struct perf_why why;

	return (void *)(intptr_t)service->ops->serve(service, &why);
}

/* All sizes, many connections, more requests than connections, two server threads. */
static void tcp__loopback(void **state)
{
	struct perf_load load = { .transport = &perf_tcp, .connections = 3, .depth = 20,
				  .measure_ns = 300 * MS, .drain_ns = 60000 * MS, .seed = 1 };
	struct perf_service_config config = { .congestion = NULL };
	struct perf_service *service = NULL;
	struct perf_client clients[2];
	struct perf_addr server;
	struct perf_why why;
	pthread_t thread[2];
	uint16_t port = 20000;
	void *rc;
	int i;

	(void)state;
	for (; !service && port < 20100; port++) {
		perf_addr_any(&config.addr, AF_INET, port);
		perf_tcp.listen(&service, &config, &why);
	}
	assert_non_null(service);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, serve, service), 0);
	assert_int_equal(perf_addr_parse(&server, "127.0.0.1", port - 1, AF_INET, &why), 0);
	for (i = 0; i < 2; i++)
		clients[i] = (struct perf_client){ .targets = &server, .num_targets = 1,
						   .stream = (unsigned int)i };
	load.clients = clients;
	load.num_clients = 2;
	run(&load, "1,2,9,10,100,1456,65536,1000000");
	assert_true(result.sent >= 40);
	assert_int_equal(result.answered, result.sent);
	assert_true(service->requests >= result.sent);
	assert_int_equal(service->wrong, 0);
	perf_tcp.stop(service);
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], &rc);
		assert_null(rc);
	}
	perf_tcp.free(service);
}

static void tcp__nobody(void **state)
{
	struct perf_chan_config config = { .num_targets = 1, .connections = 1 };
	struct perf_addr server;
	struct perf_chan *chan;
	struct perf_why why;

	(void)state;
	assert_int_equal(perf_addr_parse(&server, "127.0.0.1:1", 1, AF_INET, &why), 0);
	config.targets = &server;
	assert_int_equal(perf_tcp.open(&chan, &config, &why), -ECONNREFUSED);
	assert_non_null(strstr(why.text, "127.0.0.1:1"));
}

static int setup(void **state)
{
	(void)state;
	perf_msg_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_loop__omits_nothing),
		cmocka_unit_test(closed_loop__depth),
		cmocka_unit_test(result__failures),
		cmocka_unit_test(seed__repeats),
		cmocka_unit_test(tcp__loopback),
		cmocka_unit_test(tcp__nobody),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
