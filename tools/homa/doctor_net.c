// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * doctor_net.c - what the counters say, and whether other hosts can be reached
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "probe.h"
#include "units.h"
#include "waits.h"

/* Only so many hosts are probed: each may take a second. */
#define PROBES_MAX	8

/* Less than one in a thousand is not worth a word. */
#define LOSS_NOTED	0.001

/* An IP packet that passes everywhere. */
#define SMALL_BYTES	100

/* A packet that is not used costs little unless there are many; these mean something. */
static const struct {
	const char *counter;
	enum doctor_level level;
	const char *why;
	const char *mend;
} meanings[] = {
	{ "drop_NO_SOCKET", DOCTOR_PROBLEM,
	  "Another host sends to a port that no program here has open. (A few for clients that "
	  "have just ended are usual.)", "homa ss --sockets" },
	{ "drop_NOT_SERVER", DOCTOR_PROBLEM,
	  "Another host sends requests to a socket that is not a server (SO_HOMA_SERVER).",
	  "homa ss --sockets" },
	{ "drop_WRONG_FAMILY", DOCTOR_PROBLEM,
	  "A server here listens with AF_INET only and is asked over IPv6.", "homa ss --sockets" },
	{ "drop_POLICY", DOCTOR_PROBLEM, "An IPsec policy refuses the packets.", "ip xfrm policy" },
	{ "drop_FILTER", DOCTOR_PROBLEM, "A BPF program or a security module refuses the packets.",
	  "bpftool cgroup tree" },
	{ "drop_NO_MEMORY", DOCTOR_PROBLEM, "Memory for received packets is short or limited.",
	  "homa ss; sysctl net.homa.homa_mem" },
	{ "drop_GAPS_FULL", DOCTOR_NOTE, "So many packets get lost or overtake each other.",
	  "homa stat 'resent_*'" },
	{ "buffer_alloc_failures", DOCTOR_PROBLEM,
	  "A program here does not read its messages, or its receive region is too small.",
	  "homa ss" },
	{ "rx_mem_refused", DOCTOR_PROBLEM, "Sockets hold more memory than net.homa.homa_mem allows.",
	  "homa ss; sysctl net.homa.homa_mem" },
	{ "tx_mem_refused", DOCTOR_PROBLEM, "Sockets hold more memory than net.homa.homa_mem allows.",
	  "homa ss; sysctl net.homa.homa_mem" },
	{ "rpc_limit", DOCTOR_PROBLEM, "Requests come faster than a program here answers them.",
	  "homa ss; homa config rpc_sock_max rpc_net_max" },
	{ "peer_limit", DOCTOR_PROBLEM, "More hosts talk to this one than are remembered.",
	  "homa config peer_net_max" },
	{ "peer_route_errors", DOCTOR_PROBLEM, "There is no route to a host that a program sends to.",
	  "ip route" },
	{ "short_packets", DOCTOR_NOTE, "Somebody sends packets of protocol 146 that are not Homa's.",
	  "homa trace" },
};

static void check_meanings(struct doctor *d)
{
	struct doctor_finding *f;
	uint64_t total, fresh;
	const char *text;
	size_t i, j;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		total = metrics_value(&d->now, meanings[i].counter);
		fresh = metrics_since(&d->now, &d->before, meanings[i].counter);
		if (!total)
			continue;
		text = "";
		for (j = 0; j < d->now.count; j++)
			if (!strcmp(d->now.list[j].name, meanings[i].counter))
				text = d->now.list[j].text;
		/* What is over is a hint at most. */
		f = doctor_say(d, fresh ? meanings[i].level : DOCTOR_NOTE, "counters",
			       "%llu so far, %llu while looking: %s%s (%s)",
			       (unsigned long long)total, (unsigned long long)fresh,
			       strncmp(meanings[i].counter, "drop_", 5) ? "" : "packets dropped: ",
			       text, meanings[i].counter);
		doctor_why(f, meanings[i].why);
		doctor_elsewhere(f, "%s", meanings[i].mend);
	}
}

static void check_loss(struct doctor *d)
{
	uint64_t sent = metrics_value(&d->now, "packets_sent_DATA");
	uint64_t again = metrics_value(&d->now, "resent_packets");
	uint64_t fresh = metrics_since(&d->now, &d->before, "resent_packets") +
			 metrics_since(&d->now, &d->before, "packets_sent_RESEND");
	uint64_t asked = metrics_value(&d->now, "packets_sent_RESEND");
	uint64_t received = metrics_value(&d->now, "packets_rcvd_DATA");
	double lost_out = sent ? (double)again / (double)sent : 0;
	double lost_in = received ? (double)asked / (double)received : asked ? 1 : 0;
	struct doctor_finding *f;

	if (lost_out < LOSS_NOTED && lost_in < LOSS_NOTED) {
		doctor_say(d, DOCTOR_OK, "loss", "fewer than 1 of 1000 packets had to be sent again");
		return;
	}
	f = doctor_say(d, fresh ? DOCTOR_PROBLEM : DOCTOR_NOTE, "loss",
		       "packets get lost%s: %llu of %llu were sent again, %llu times missing data "
		       "was asked for", fresh ? "" : " (not just now)", (unsigned long long)again,
		       (unsigned long long)sent, (unsigned long long)asked);
	doctor_why(f, "Each loss costs an RPC at least net.homa.resend_ticks (5 ms). Look for a queue "
		   "that overflows, a bad cable, a wrong MTU or a firewall on the way.");
	doctor_elsewhere(f, "homa doctor (on the other host); homa trace --peer ADDRESS");
}

/**
 * doctor_counters() - what the counters say
 * @d: findings
 */
void doctor_counters(struct doctor *d)
{
	size_t count = d->count;
	uint64_t timeouts = metrics_value(&d->now, "rpc_timeouts");
	struct doctor_finding *f;

	check_loss(d);
	check_meanings(d);
	if (timeouts) {
		f = doctor_say(d, metrics_since(&d->now, &d->before, "rpc_timeouts") ?
			       DOCTOR_PROBLEM : DOCTOR_NOTE, "counters",
			       "%llu RPCs failed because the other host was silent (ETIMEDOUT)",
			       (unsigned long long)timeouts);
		doctor_why(f, "That host is down, has no Homa, or a firewall on the way drops "
			   "protocol 146.");
		doctor_elsewhere(f, "homa doctor (on the other host)");
	}
	if (d->count == count + 1)
		doctor_say(d, DOCTOR_OK, "counters", "no drops that mean something");
}

/* Is @used near @limit? Said once, with all that is not. */
static bool check_limit(struct doctor *d, const char *what, unsigned long long used,
			unsigned long long limit, const char *parameter)
{
	struct doctor_finding *f;

	if (used * 10 < limit * 9)
		return true;
	f = doctor_say(d, used >= limit ? DOCTOR_PROBLEM : DOCTOR_NOTE, "limits",
		       "%llu %s, and no more than %llu may be (net.homa.%s)", used, what, limit,
		       parameter);
	doctor_why(f, "What is beyond is refused: its RPCs fail, or wait.");
	doctor_elsewhere(f, "homa ss; homa peers; sysctl net.homa.%s", parameter);
	return false;
}

/* Pages that Homa's sockets hold, of the whole machine. */
static bool held_pages(unsigned long long *pages)
{
	FILE *file = fopen("/proc/net/protocols", "re");
	bool found = false;
	char line[256];
	long long held;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "HOMA %*d %*d %lld", &held) == 1 && held >= 0;
	if (file)
		fclose(file);
	*pages = found ? (unsigned long long)held : 0;
	return found;
}

/**
 * doctor_limits() - is something near a limit?
 * @d: findings
 */
void doctor_limits(struct doctor *d)
{
	unsigned long long pages, pages_max;
	long long rpcs, peers;
	char line[128];
	bool good = true;

	if (!doctor_read_number("/proc/sys/net/homa/rpc_net_max", &rpcs) ||
	    !doctor_read_number("/proc/sys/net/homa/peer_net_max", &peers))
		return;
	good &= check_limit(d, "RPCs exist", d->num_rpcs, (unsigned long long)rpcs, "rpc_net_max");
	good &= check_limit(d, "hosts are remembered", d->num_peers, (unsigned long long)peers,
			    "peer_net_max");
	if (held_pages(&pages) &&
	    doctor_read_line("/proc/sys/net/homa/homa_mem", line, sizeof(line)) &&
	    sscanf(line, "%*u %*u %llu", &pages_max) == 1)
		good &= check_limit(d, "pages are held by sockets of this machine", pages, pages_max,
				    "homa_mem");
	if (good)
		doctor_say(d, DOCTOR_OK, "limits", "%zu of %lld RPCs, %zu of %lld hosts", d->num_rpcs,
			   rpcs, d->num_peers, peers);
}

/* RPCs that wait for packets of a host in vain, and for how long. */
static size_t silent_rpcs(const struct doctor *d, const struct info_peer *peer, uint64_t *ns)
{
	size_t i, count = 0;

	*ns = 0;
	for (i = 0; i < d->num_rpcs; i++) {
		if (!d->rpcs[i].resends || !waits_for_peer(&d->rpcs[i]) ||
		    memcmp(&d->rpcs[i].peer, &peer->address, sizeof(peer->address)))
			continue;
		count++;
		if (d->rpcs[i].silent_ns > *ns)
			*ns = d->rpcs[i].silent_ns;
	}
	return count;
}

static void check_silence(struct doctor *d, const struct info_peer *peer, const char *name,
			  enum probe_result small)
{
	struct doctor_finding *f;
	char silent[UNITS_MAX];
	uint64_t ns;
	size_t count = silent_rpcs(d, peer, &ns);

	if (!count)
		return;
	f = doctor_say(d, DOCTOR_PROBLEM, name, "%zu RPCs wait for it in vain, the longest for %s",
		       count, units_duration(ns, silent));
	if (small == PROBE_ANSWERED) {
		doctor_why(f, "It answers ping: a firewall there or on the way drops protocol 146, or "
			   "many packets get lost.");
		doctor_elsewhere(f, "homa doctor (on that host)");
	} else {
		doctor_why(f, "It does not answer ping either: the host is down, or the way to it.");
		doctor_elsewhere(f, "ip neigh; ip route");
	}
}

/* The largest packet that arrives, by halving. */
static unsigned int largest(const struct info_peer *peer, unsigned int good, unsigned int bad)
{
	unsigned int middle;

	while (bad - good > 1) {
		middle = (good + bad) / 2;
		if (probe_host(&peer->address, peer->scope, middle) == PROBE_ANSWERED)
			good = middle;
		else
			bad = middle;
	}
	return good;
}

/*
 * The MTU that somebody meant, if devices let a few bytes more pass, as they do for
 * VLAN tags.
 */
static unsigned int meant(unsigned int bytes)
{
	static const unsigned int usual[] = {
		1280, 1400, 1420, 1450, 1480, 1492, 1500, 4000, 8900, 9000, 9216,
	};
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (bytes >= usual[i] && bytes <= usual[i] + 8)
			return usual[i];
	return bytes;
}

static void check_path(struct doctor *d, const struct info_peer *peer, const char *name)
{
	enum probe_result small, large;
	char dev[IF_NAMESIZE] = "DEV";
	struct doctor_finding *f;
	unsigned int best;

	small = probe_host(&peer->address, peer->scope, SMALL_BYTES);
	check_silence(d, peer, name, small);
	if (small != PROBE_ANSWERED || peer->mtu < 576)
		return;
	large = probe_host(&peer->address, peer->scope, peer->mtu);
	if (large == PROBE_ANSWERED) {
		doctor_say(d, DOCTOR_OK, name, "answers, also to packets of %u bytes", peer->mtu);
		return;
	}
	best = largest(peer, SMALL_BYTES, peer->mtu);
	f = doctor_say(d, DOCTOR_PROBLEM, name,
		       "packets of %u bytes, the MTU, do not arrive; the largest that do have %u",
		       peer->mtu, best);
	doctor_why(f, "Long messages use packets of the MTU; all of these get lost, so their RPCs "
		   "time out. The other host, or a switch, has a smaller MTU.");
	probe_device(&peer->address, peer->scope, dev);
	doctor_elsewhere(f, "ip link set %s mtu %u (or raise it on the other host)", dev,
			 meant(best));
}

/**
 * doctor_hosts() - can the hosts that are known be reached?
 * @d: findings
 */
void doctor_hosts(struct doctor *d)
{
	char address[INFO_ADDRESS_MAX], name[INFO_ADDRESS_MAX + 8];
	size_t i;

	if (!d->num_peers)
		return;
	if (geteuid()) {
		doctor_say(d, DOCTOR_NOTE, "hosts", "only root may probe them");
		return;
	}
	for (i = 0; i < d->num_peers && i < PROBES_MAX; i++) {
		snprintf(name, sizeof(name), "host %s",
			 info_address(&d->peers[i].address, address));
		check_path(d, &d->peers[i], name);
	}
}
