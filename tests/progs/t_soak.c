// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_soak - truth under concurrency: traffic while everything changes
 *
 *    t_soak [-s SECONDS] [-r SEED] [-a]
 *        rounds, until the seconds are over. -a: fail if any trouble never came about
 *
 * A round: three hosts on a bridge, two processes that stay and three wild ones
 * (soak_traffic.c), some dozens of troubles (soak_trouble.c). Then whoever stays has
 * to get all that it asked for, and all hosts, processes and the module go at once.
 * The seed decides what happens, not when.
 */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "soak.h"
#include "t.h"

/* Seconds for what takes a moment on an idle machine. */
#define START_MS 120000
#define QUIET_MS 120000
#define GONE_MS 120000

static uint32_t seed = 1;
static bool traced;
static unsigned int round_number;
static unsigned long long all_requests, all_served, all_ended, all_troubles;
static unsigned int deeds[SOAK_DEEDS];

static void fail(const char *what)
{
	errx(1, "%s (seed %u, round %u)", what, seed, round_number);
}

static struct soak_shared *new_shared(void)
{
	struct soak_shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		err(1, "mmap");
	return shared;
}

static bool staying_are(const struct soak *soak, bool done)
{
	const struct soak_process *process = &soak->shared->processes[1];
	unsigned int i;

	for (i = 0; i < SOAK_STAYING; i++, process++) {
		if (!__atomic_load_n(done ? &process->done : &process->ready, __ATOMIC_ACQUIRE))
			return false;
	}
	return true;
}

static void fail_if_wrong(const struct soak *soak)
{
	if (__atomic_load_n(&soak->shared->complaints, __ATOMIC_RELAXED))
		fail("something is wrong");
}

/* Whoever stays has all that it asked for, or says what is missing. */
static void quiet(struct soak *soak)
{
	unsigned int i;

	if (T_WAIT(staying_are(soak, true), QUIET_MS))
		return;
	for (i = 0; i < SOAK_STAYING; i++) {
		kill(soak->places[i].pid, SIGUSR1);
		t_sleep_ms(1000);
	}
	fail("responses are missing");
}

static void begin(struct soak *soak)
{
	unsigned int i;

	soak->shared = new_shared();
	if (traced)
		soak_trace(true);
	soak->numbers = 0;
	soak_switch_new(&soak->sw);
	for (i = 0; i < SOAK_HOSTS; i++)
		soak_host_new(&soak->hosts[i], i + 1, &soak->sw);
	for (i = 0; i < SOAK_STAYING; i++)
		soak_start(soak, i);
	if (!T_WAIT(staying_are(soak, false), START_MS))
		fail("no start");
	for (; i < SOAK_PLACES; i++)
		soak_start(soak, i);
	__atomic_store_n(&soak->shared->begun, 1, __ATOMIC_SEQ_CST);
}

/* After the end: each request was served at most once, and its client told once. */
static void verdict(const struct soak *soak)
{
	const struct soak_shared *shared = soak->shared;
	unsigned int requests = 0, served = 0, ended = 0, bad = 0;
	unsigned int who, seq, i;

	for (who = 1; who <= soak->numbers; who++) {
		const struct soak_process *process = &shared->processes[who];

		for (seq = 0; seq < process->requests && seq < SOAK_REQUESTS_MAX; seq++) {
			uint8_t entry = shared->ledger[who][seq];
			unsigned int times = entry & SOAK_SERVED_MASK;
			unsigned int told = (entry & SOAK_ANSWERED_MASK) / SOAK_ANSWERED;

			requests += !!(entry & SOAK_SENT);
			served += times;
			ended += told;
			if (times > 1 || told > 1 || (entry && !(entry & SOAK_SENT)) ||
			    (who <= SOAK_STAYING && (times != 1 || told != 1))) {
				printf("request %u of %u: %#x\n", seq, who, entry);
				bad++;
			}
		}
	}
	if (bad)
		fail("requests with another fate");
	if (!requests || !served || !ended)
		fail("no traffic");
	printf("round %u: %u requests, %u served by who stays, %u ended, %u processes\n",
	       round_number, requests, served, ended, soak->numbers);
	for (i = 0; i < SOAK_DEEDS; i++)
		deeds[i] += shared->deeds[i];
	all_requests += requests;
	all_served += served;
	all_ended += ended;
}

static void run_round(struct soak *soak)
{
	unsigned int troubles, i;

	/* So a round can be repeated without those before it. */
	soak->random = (seed * 7919 + round_number * 104729) | 1;
	begin(soak);
	troubles = 15 + soak_random(soak, 25);
	for (i = 0; i < troubles; i++) {
		t_sleep_ms(soak_random(soak, 100));
		soak_trouble(soak);
		fail_if_wrong(soak);
	}
	all_troubles += troubles;
	__atomic_store_n(&soak->shared->stopped, 1, __ATOMIC_SEQ_CST);
	quiet(soak);
	/* While all that is known of it is still there. */
	fail_if_wrong(soak);
	soak_end(soak, seed + round_number);
	fail_if_wrong(soak);
	verdict(soak);
	munmap(soak->shared, sizeof(*soak->shared));
	if (!T_WAIT(!soak_hosts_alive(), GONE_MS))
		fail("deleted hosts do not go away");
}

int main(int argc, char **argv)
{
	struct soak soak = { .module = getenv("HOMA_KO") };
	unsigned int seconds = 20, i;
	bool all = false;
	uint64_t end_ms;
	int opt;

	while ((opt = getopt(argc, argv, "s:r:at")) != -1) {
		switch (opt) {
		case 's':
			seconds = (unsigned int)atoi(optarg);
			break;
		case 'r':
			seed = (uint32_t)atoi(optarg);
			break;
		case 'a':
			all = true;
			break;
		case 't':
			traced = true;
			break;
		default:
			errx(2, "usage: t_soak [-s SECONDS] [-r SEED] [-a] [-t]");
		}
	}
	if (!soak.module)
		errx(2, "HOMA_KO: which module?");
	/* Who makes trouble also ends it: no cable is out for longer than is meant. */
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK,
			       &(struct sched_param){ .sched_priority = 1 }))
		err(1, "sched_setscheduler");
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	soak.sw.ns_fd = -1;
	for (i = 0; i < SOAK_HOSTS; i++)
		soak.hosts[i].ns_fd = -1;
	soak_net_begin();
	end_ms = t_now_ms() + seconds * 1000ull;
	do {
		round_number++;
		run_round(&soak);
	} while (t_now_ms() < end_ms);
	all = soak_troubles_report(deeds) || !all;
	printf("seed %u: %u rounds, %llu troubles; %llu requests, %llu served by who stays, "
	       "%llu ended\n", seed, round_number, all_troubles, all_requests, all_served,
	       all_ended);
	if (!all)
		fail("some trouble never came about");
	return 0;
}
