// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_load.c - the load generator: threads, times, and what becomes of the requests
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "perf_live.h"
#include "perf_load.h"
#include "perf_rng.h"

/* A thread looks at the clock and at perf_load.stop this often. */
#define GLANCE_NS		50000000u
#define PROGRESS_NS		1000000000ull
/* After a request that could not even be sent, a closed loop waits. */
#define BACKOFF_NS		1000000u
/* Requests that are allocated at a time. */
#define SLAB			256

/* Words that one thread writes and others read. */
#define bump(word, by)	__atomic_store_n(&(word), (word) + (by), __ATOMIC_RELAXED)
#define peek(word)	__atomic_load_n(&(word), __ATOMIC_RELAXED)

struct slab {
	struct slab *next;
	struct perf_rpc rpcs[SLAB];
};

/**
 * struct shared - what all threads know
 * @load: what is measured
 * @start_ns: beginning of the warm-up
 * @measure_ns: beginning of the measured time
 * @end_ns: its end
 * @give_up_ns: end of the drain time
 * @num_drained: threads without a counted request
 * @num_finished: threads that have ended
 * @barrier: all clients are open; then: the times are set
 * @lock: for @changed
 * @changed: a thread has ended
 */
struct shared {
	const struct perf_load *load;
	uint64_t start_ns;
	uint64_t measure_ns;
	uint64_t end_ns;
	uint64_t give_up_ns;
	unsigned int num_drained;
	unsigned int num_finished;
	pthread_barrier_t barrier;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/**
 * struct worker - a client
 * @shared: what all know
 * @client: what it does
 * @thread: its thread
 * @rc: 0, or -errno: it could not begin
 * @why: reason of that
 * @chan: its sockets
 * @rng: its random numbers
 * @due_ns: when @draw is due
 * @draw: the next request, not sent yet
 * @share: its place in the distribution of sizes
 * @spare: requests that are not in use
 * @slabs: all that were allocated
 * @sequence: requests so far
 * @counted: sent, counted and not answered
 * @under_way: sent and not answered
 * @requests: answered
 * @bytes: carried by these
 * @failed: ended with an error
 * @drained: is in shared.num_drained
 * @live: times of all, for the display
 * @result: its part of the result
 */
struct worker {
	struct shared *shared;
	const struct perf_client *client;
	pthread_t thread;
	int rc;
	struct perf_why why;
	struct perf_chan *chan;
	struct perf_rng rng;
	double due_ns;
	struct perf_rpc draw;
	double share;
	struct perf_rpc *spare;
	struct slab *slabs;
	uint64_t sequence;
	unsigned int counted;
	uint64_t under_way;
	uint64_t requests;
	uint64_t bytes;
	uint64_t failed;
	bool drained;
	struct perf_hist live;
	struct perf_result result;
};

/**
 * perf_now_ns() - the clock of all times here
 *
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
uint64_t perf_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct perf_rpc *rpc_get(struct worker *w)
{
	struct perf_rpc *rpc = w->spare;
	struct slab *slab;
	int i;

	if (!rpc) {
		slab = calloc(1, sizeof(*slab));
		if (!slab)
			return NULL;
		slab->next = w->slabs;
		w->slabs = slab;
		for (i = 0; i < SLAB; i++) {
			slab->rpcs[i].next = w->spare;
			w->spare = &slab->rpcs[i];
		}
		rpc = w->spare;
	}
	w->spare = rpc->next;
	return rpc;
}

static void rpc_put(struct worker *w, struct perf_rpc *rpc)
{
	rpc->counted = false;
	rpc->next = w->spare;
	w->spare = rpc;
}

/* Decide about the next request.  The same draws in the same order for each protocol. */
static void draw(struct worker *w, uint64_t now_ns)
{
	const struct perf_load *load = w->shared->load;

	w->share = perf_rng_unit(&w->rng);
	w->draw.msg.number = (uint64_t)w->client->stream << 40 | ++w->sequence;
	w->draw.msg.bytes = perf_dist_quantile(load->dist, w->share);
	w->draw.msg.kind = (uint8_t)load->kind;
	w->draw.target = perf_rng_below(&w->rng, w->client->num_targets);
	/* One size has no tenths. */
	w->draw.decile = load->dist->num_points == 1 ? 0 : (uint8_t)(w->share * PERF_DECILES);
	if (load->rate > 0)
		w->due_ns += perf_rng_exponential(&w->rng, 1e9 / load->rate);
	else
		w->due_ns = (double)now_ns;
}

static void note_size(struct perf_decile *decile, uint32_t bytes)
{
	if (!decile->min_bytes || bytes < decile->min_bytes)
		decile->min_bytes = bytes;
	if (bytes > decile->max_bytes)
		decile->max_bytes = bytes;
}

/* A request that counts has its time. */
static void record(struct worker *w, const struct perf_rpc *rpc, uint64_t now_ns)
{
	struct perf_decile *decile = &w->result.decile[rpc->decile];
	const struct perf_base *base = w->shared->load->base;
	uint64_t took_ns = now_ns - rpc->due_ns;
	uint64_t slowdown;

	perf_hist_add(&w->result.latency, took_ns);
	perf_hist_add(&decile->latency, took_ns);
	if (!base)
		return;
	slowdown = (uint64_t)((double)took_ns * PERF_SLOWDOWN_UNIT /
			      perf_base_ns(base, rpc->msg.bytes));
	perf_hist_add(&w->result.slowdown, slowdown);
	perf_hist_add(&decile->slowdown, slowdown);
	if (rpc->decile < PERF_DECILES / 2)
		perf_hist_add(&w->result.shorter_half, slowdown);
}

static void note_answer(struct perf_result *result, uint64_t bytes, uint64_t since_ns)
{
	result->answered++;
	result->answered_bytes += bytes;
	/* Answers come in the order of time. */
	result->last_answer_ns = since_ns;
}

static uint64_t both_bytes(const struct perf_msg *msg)
{
	return msg->bytes + perf_msg_answer_bytes(msg);
}

static void fail(struct worker *w, const struct perf_rpc *rpc, int error)
{
	bump(w->failed, 1);
	if (!rpc->counted)
		return;
	w->result.failed++;
	if (!w->result.first_error)
		w->result.first_error = error;
}

static void finish(struct worker *w, struct perf_rpc *rpc, uint64_t now_ns)
{
	const struct shared *sh = w->shared;
	uint64_t bytes = both_bytes(&rpc->msg);

	bump(w->under_way, -1);
	if (rpc->counted)
		w->counted--;
	if (rpc->error) {
		fail(w, rpc, rpc->error);
		rpc_put(w, rpc);
		return;
	}
	bump(w->requests, 1);
	bump(w->bytes, bytes);
	perf_hist_add(&w->live, now_ns - rpc->due_ns);
	if (now_ns >= sh->measure_ns && now_ns < sh->end_ns) {
		uint64_t took_ns = now_ns - rpc->due_ns;
		struct perf_slice *slice;

		slice = &w->result.slice[(now_ns - sh->measure_ns) * PERF_SLICES /
					 (sh->end_ns - sh->measure_ns)];
		slice->requests++;
		slice->bytes += bytes;
		slice->latency_sum_ns += took_ns;
		if (took_ns > slice->latency_max_ns)
			slice->latency_max_ns = took_ns;
		w->result.bytes += bytes;
	}
	if (rpc->counted) {
		if (rpc->wrong)
			w->result.wrong++;
		else
			note_answer(&w->result, bytes, now_ns - sh->measure_ns);
		record(w, rpc, now_ns);
	}
	rpc_put(w, rpc);
}

/* Send what is due.  False: the socket takes no more for now. */
static bool send_due(struct worker *w, uint64_t now_ns)
{
	const struct perf_load *load = w->shared->load;
	const struct shared *sh = w->shared;

	while (w->due_ns <= (double)now_ns && w->under_way < load->depth) {
		struct perf_rpc *rpc = rpc_get(w);
		int rc;

		if (!rpc)
			return false;
		*rpc = w->draw;
		rpc->due_ns = load->rate > 0 ? (uint64_t)w->due_ns : now_ns;
		rpc->counted = rpc->due_ns >= sh->measure_ns && rpc->due_ns < sh->end_ns;
		rc = load->transport->send(w->chan, rpc);
		if (rc == -EAGAIN) {
			rpc_put(w, rpc);
			return false;
		}
		if (rpc->counted) {
			w->result.sent++;
			w->result.due_bytes += both_bytes(&rpc->msg);
			perf_hist_add(&w->result.late, now_ns - rpc->due_ns);
			note_size(&w->result.decile[rpc->decile], rpc->msg.bytes);
		}
		draw(w, now_ns);
		if (rc) {
			fail(w, rpc, -rc);
			rpc_put(w, rpc);
			if (load->rate <= 0)
				w->due_ns += BACKOFF_NS;
			continue;
		}
		bump(w->under_way, 1);
		w->counted += rpc->counted;
	}
	return true;
}

static int receive_all(struct worker *w)
{
	struct perf_rpc *rpc;
	int rc;

	while (w->under_way) {
		rc = w->shared->load->transport->receive(w->chan, &rpc);
		if (rc <= 0)
			return rc;
		finish(w, rpc, perf_now_ns());
	}
	return 0;
}

/* Until when may the thread sleep, if no answer comes? */
static struct timespec sleep_time(struct worker *w, uint64_t now_ns, bool can_send)
{
	uint64_t left_ns = GLANCE_NS;

	if (!can_send)
		left_ns = BACKOFF_NS;
	else if (w->under_way < w->shared->load->depth && w->due_ns < (double)(now_ns + GLANCE_NS))
		/* Rounded up: where time stands still while anything runs, it has to pass. */
		left_ns = w->due_ns > (double)now_ns ? (uint64_t)w->due_ns - now_ns + 1 : 0;
	return (struct timespec){ .tv_nsec = (long)left_ns };
}

/* Has everything that counts been answered, here and in the other threads? */
static bool over(struct worker *w, uint64_t now_ns)
{
	struct shared *sh = w->shared;

	if (now_ns < sh->end_ns)
		return false;
	if (!w->drained && !w->counted && w->due_ns >= (double)sh->end_ns) {
		w->drained = true;
		__atomic_fetch_add(&sh->num_drained, 1, __ATOMIC_RELAXED);
	}
	return now_ns >= sh->give_up_ns || peek(sh->num_drained) == sh->load->num_clients;
}

static void loop(struct worker *w)
{
	struct pollfd fd = { .fd = w->chan->fd, .events = POLLIN };
	const struct perf_load *load = w->shared->load;
	struct timespec timeout;
	uint64_t now_ns;
	bool can_send;
	int rc = 0;

	for (;;) {
		now_ns = perf_now_ns();
		can_send = send_due(w, now_ns);
		if (over(w, now_ns) || (load->stop && *load->stop))
			return;
		timeout = sleep_time(w, perf_now_ns(), can_send);
		if (ppoll(&fd, 1, &timeout, NULL) > 0)
			rc = receive_all(w);
		if (rc < 0) {
			w->rc = perf_fail(&w->why, rc, "receiving an answer");
			return;
		}
	}
}

/* What did not get an answer, and what was never sent. */
static void count_rest(struct worker *w)
{
	const struct shared *sh = w->shared;
	uint64_t now_ns = perf_now_ns();
	struct slab *slab;
	int i;

	for (slab = w->slabs; slab; slab = slab->next) {
		for (i = 0; i < SLAB; i++) {
			if (!slab->rpcs[i].counted)
				continue;
			w->result.unfinished++;
			record(w, &slab->rpcs[i], now_ns);
		}
	}
	if (sh->load->rate <= 0)
		return;
	while (w->due_ns < (double)sh->end_ns && w->due_ns < (double)now_ns) {
		if (w->due_ns >= (double)sh->measure_ns) {
			w->result.unsent++;
			w->result.due_bytes += both_bytes(&w->draw.msg);
		}
		draw(w, now_ns);
	}
}

static void *work(void *context)
{
	struct worker *w = context;
	const struct perf_load *load = w->shared->load;
	struct perf_chan_config config = {
		.targets = w->client->targets,
		.num_targets = w->client->num_targets,
		.connections = load->connections,
		.congestion = load->congestion,
	};
	struct shared *sh = w->shared;

	/* Requests are to be sent when they are due, not 50 us later. */
	prctl(PR_SET_TIMERSLACK, 1);
	perf_rng_seed(&w->rng, load->seed, w->client->stream);
	w->rc = perf_netns_enter(w->client->netns, &w->why);
	if (!w->rc)
		w->rc = load->transport->open(&w->chan, &config, &w->why);
	pthread_barrier_wait(&sh->barrier);
	pthread_barrier_wait(&sh->barrier);
	if (sh->start_ns) {
		w->due_ns = (double)sh->start_ns;
		draw(w, sh->start_ns);
		loop(w);
		count_rest(w);
	}
	if (w->chan)
		w->chan->ops->close(w->chan);
	pthread_mutex_lock(&sh->lock);
	sh->num_finished++;
	pthread_cond_signal(&sh->changed);
	pthread_mutex_unlock(&sh->lock);
	return NULL;
}

static void merge(struct perf_result *into, const struct perf_result *from)
{
	unsigned int i;

	into->sent += from->sent;
	into->unsent += from->unsent;
	into->answered += from->answered;
	into->failed += from->failed;
	into->wrong += from->wrong;
	into->unfinished += from->unfinished;
	into->bytes += from->bytes;
	into->due_bytes += from->due_bytes;
	into->answered_bytes += from->answered_bytes;
	if (from->last_answer_ns > into->last_answer_ns)
		into->last_answer_ns = from->last_answer_ns;
	if (!into->first_error)
		into->first_error = from->first_error;
	perf_hist_merge(&into->late, &from->late);
	perf_hist_merge(&into->latency, &from->latency);
	perf_hist_merge(&into->slowdown, &from->slowdown);
	perf_hist_merge(&into->shorter_half, &from->shorter_half);
	for (i = 0; i < PERF_DECILES; i++) {
		if (from->decile[i].max_bytes) {
			note_size(&into->decile[i], from->decile[i].min_bytes);
			note_size(&into->decile[i], from->decile[i].max_bytes);
		}
		perf_hist_merge(&into->decile[i].latency, &from->decile[i].latency);
		perf_hist_merge(&into->decile[i].slowdown, &from->decile[i].slowdown);
	}
	for (i = 0; i < PERF_SLICES; i++) {
		into->slice[i].requests += from->slice[i].requests;
		into->slice[i].bytes += from->slice[i].bytes;
		into->slice[i].latency_sum_ns += from->slice[i].latency_sum_ns;
		if (from->slice[i].latency_max_ns > into->slice[i].latency_max_ns)
			into->slice[i].latency_max_ns = from->slice[i].latency_max_ns;
	}
}

/* Tell who waits how it goes.  @live is what was told before. */
static void tell(struct worker *workers, const struct shared *sh, struct perf_live *live,
		 perf_progress_fn *progress, void *context)
{
	const struct perf_load *load = sh->load;
	struct perf_progress p = {
		.elapsed_ns = perf_now_ns() - sh->start_ns,
		.total_ns = load->warmup_ns + load->measure_ns,
	};
	unsigned int i;

	perf_live_begin(live);
	for (i = 0; i < load->num_clients; i++) {
		p.requests += peek(workers[i].requests);
		p.bytes += peek(workers[i].bytes);
		p.under_way += peek(workers[i].under_way);
		p.failed += peek(workers[i].failed);
		perf_live_add(live, &workers[i].live);
	}
	p.measuring = p.elapsed_ns >= load->warmup_ns;
	perf_live_end(live, &p);
	progress(&p, context);
}

static void wait_for_workers(struct worker *workers, struct shared *sh,
			     perf_progress_fn *progress, void *context)
{
	struct perf_live *live = progress ? calloc(1, sizeof(*live)) : NULL;
	uint64_t next_ns = sh->start_ns;
	struct timespec when;

	pthread_mutex_lock(&sh->lock);
	while (sh->num_finished < sh->load->num_clients) {
		next_ns += PROGRESS_NS;
		when.tv_sec = (time_t)(next_ns / 1000000000);
		when.tv_nsec = (long)(next_ns % 1000000000);
		while (sh->num_finished < sh->load->num_clients &&
		       pthread_cond_timedwait(&sh->changed, &sh->lock, &when) != ETIMEDOUT)
			;
		pthread_mutex_unlock(&sh->lock);
		if (live && sh->num_finished < sh->load->num_clients)
			tell(workers, sh, live, progress, context);
		pthread_mutex_lock(&sh->lock);
	}
	pthread_mutex_unlock(&sh->lock);
	free(live);
}

static void set_times(struct shared *sh)
{
	const struct perf_load *load = sh->load;

	sh->start_ns = perf_now_ns();
	sh->measure_ns = sh->start_ns + load->warmup_ns;
	sh->end_ns = sh->measure_ns + load->measure_ns;
	sh->give_up_ns = sh->end_ns + load->drain_ns;
}

static int start_threads(struct worker *workers, struct shared *sh)
{
	unsigned int i;

	for (i = 0; i < sh->load->num_clients; i++) {
		workers[i].shared = sh;
		workers[i].client = &sh->load->clients[i];
		/* The barrier waits for all of them: there is no way back. */
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			abort();
	}
	pthread_barrier_wait(&sh->barrier);
	for (i = 0; i < sh->load->num_clients; i++)
		if (workers[i].rc)
			return workers[i].rc;
	return 0;
}

static void collect(struct worker *workers, struct shared *sh, struct perf_result *result,
		    int *rc, struct perf_why *why)
{
	struct slab *slab;
	unsigned int i;

	for (i = 0; i < sh->load->num_clients; i++) {
		struct worker *w = &workers[i];

		pthread_join(w->thread, NULL);
		merge(result, &w->result);
		if (w->rc && why) {
			*rc = w->rc;
			*why = w->why;
			why = NULL;
		}
		while (w->slabs) {
			slab = w->slabs;
			w->slabs = slab->next;
			free(slab);
		}
	}
}

/**
 * perf_load_run() - measure
 * @load: what
 * @result: what came out; large, so not on the stack
 * @progress: called each second; may be NULL
 * @context: for it
 * @why: reason of a failure
 *
 * Return: 0, or -errno: a client could not begin, or its socket failed.  Requests that
 * fail are in the result.
 */
int perf_load_run(const struct perf_load *load, struct perf_result *result,
		  perf_progress_fn *progress, void *context, struct perf_why *why)
{
	struct shared sh = { .load = load, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct worker *workers = calloc(load->num_clients, sizeof(*workers));
	pthread_condattr_t attr;
	int rc;

	memset(result, 0, sizeof(*result));
	if (!workers)
		return perf_fail(why, -ENOMEM, "%u clients", load->num_clients);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sh.changed, &attr);
	pthread_barrier_init(&sh.barrier, NULL, load->num_clients + 1);

	rc = start_threads(workers, &sh);
	if (!rc)
		set_times(&sh);
	pthread_barrier_wait(&sh.barrier);
	if (!rc)
		wait_for_workers(workers, &sh, progress, context);
	collect(workers, &sh, result, &rc, why);
	result->measured_ns = load->measure_ns;
	if (load->stop && *load->stop && perf_now_ns() < sh.end_ns)
		result->measured_ns = perf_now_ns() > sh.measure_ns ?
				      perf_now_ns() - sh.measure_ns : 1;

	pthread_barrier_destroy(&sh.barrier);
	pthread_cond_destroy(&sh.changed);
	pthread_condattr_destroy(&attr);
	free(workers);
	return rc;
}
