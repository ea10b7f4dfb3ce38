// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * run_expect.c - the statements that receive: `expect`, `seek`,
 * `maybe`, `drain`
 *
 * By default the script must mention every packet: one that does not match
 * the current statement, and is not of an ignored type, fails the script.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

/** How long to wait for an expected packet unless told otherwise. */
#define PATIENCE_NS	5000000000ll

enum got { GOT_PACKET, GOT_NOTHING, GOT_FAILURE };

/*
 * Next packet that is not of an ignored type, with a time stamp up to
 * @deadline_ns. It stays in run->pkt, and is seen again unless the caller
 * clears run->pkt_waiting.
 */
static enum got next_packet(struct run *run, const struct stmt *s,
			    int64_t deadline_ns)
{
	struct drill_pkt *pkt = &run->pkt;
	enum drill_verdict verdict;
	char lint[120];
	const char *why;
	int64_t ts_ns;
	size_t len;
	int n;

	while (!run->pkt_waiting) {
		n = link_recv(&run->link, deadline_ns, run->frame,
			      sizeof(run->frame), &len, &ts_ns);
		if (!n)
			return GOT_NOTHING;
		if (n < 0) {
			report_failure(run, s, "cannot receive: %m");
			return GOT_FAILURE;
		}
		verdict = drill_pkt_decode(run->frame, len, pkt, &why);
		pkt->ts_ns = ts_ns;
		/* The other IP version is left over from the run before. */
		if (verdict == DRILL_PKT_OTHER ||
		    pkt->ip_version != run->config->ip_version)
			continue;
		if (verdict == DRILL_PKT_BAD && run->lint) {
			report_packet(run, pkt, "< (malformed)");
			report_failure(run, s, "malformed packet: %s", why);
			return GOT_FAILURE;
		}
		if (run->lint && !drill_pkt_lint(pkt, lint, sizeof(lint))) {
			report_packet(run, pkt, "< (breaks a rule)");
			report_failure(run, s, "rule for senders broken: %s",
				       lint);
			return GOT_FAILURE;
		}
		if (run->ignored & DRILL_BIT(pkt->type)) {
			report_packet(run, pkt, "< (ignored)");
			continue;
		}
		report_packet(run, pkt, "<");
		run->pkt_waiting = true;
	}
	return pkt->ts_ns <= deadline_ns ? GOT_PACKET : GOT_NOTHING;
}

static bool flow_value(const struct flow *flow, const char *name,
		       uint64_t *value)
{
	int i = drill_field_find(name, DRILL_DATA);

	*value = flow->value[i];
	return flow->set[i];
}

/* The host's packets of a flow have what ours have, the other way round. */
static bool match_flow(const struct stmt *s, const struct drill_pkt *pkt,
		       const struct flow *flow, char *why, size_t size)
{
	static const struct {
		const char *theirs, *ours;
		uint64_t flip;
	} pairs[] = {
		{ "from", "to", 0 }, { "to", "from", 0 },
		{ "sport", "dport", 0 }, { "dport", "sport", 0 },
		{ "id", "id", 1 },
		/* An ICMP error quotes our own packet. */
		{ "qsport", "sport", 0 }, { "qdport", "dport", 0 },
		{ "qid", "id", 0 },
	};
	uint64_t want, got;
	size_t i;
	int field;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		field = drill_field_find(pairs[i].theirs, pkt->type);
		if (field < 0 || !flow_value(flow, pairs[i].ours, &want) ||
		    stmt_arg(s, pairs[i].theirs))
			continue;
		/* CUTOFFS belong to the host, not to an RPC (wire §6.6). */
		if (pkt->type == DRILL_CUTOFFS && i > 1)
			continue;
		want ^= pairs[i].flip;
		if (!drill_pkt_get(pkt, field, &got) ||
		    got != (want & drill_field_mask(field))) {
			snprintf(why, size, "%s is %llu, not %llu of flow %s",
				 pairs[i].theirs, (unsigned long long)got,
				 (unsigned long long)want, flow->name);
			return false;
		}
	}
	return true;
}

static bool match_contents(struct run *run, const struct stmt *s,
			   const struct drill_pkt *pkt, char *why, size_t size)
{
	int64_t seed = 0;
	long wrong;

	if (pkt->type != DRILL_DATA)
		return true;
	if (!run_arg(run, s, "seed", &seed))
		return false;
	if (seed == 0xffffffff)
		return true;
	wrong = drill_pkt_data_differs(pkt, (uint32_t)seed);
	if (wrong < 0)
		return true;
	snprintf(why, size, "wrong data at byte %ld of the message", wrong);
	return false;
}

static bool is_statement_arg(const char *name)
{
	static const char * const names[] = {
		"", "after", "within", "since", "for", "seed", "dups",
		"overshoot",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Does the packet fulfil the statement? Times are checked elsewhere. */
static bool match(struct run *run, const struct stmt *s, enum drill_type type,
		  const struct flow *flow, char *why, size_t size)
{
	const struct drill_pkt *pkt = &run->pkt;
	const struct arg *arg;
	uint64_t value;
	int field;

	if (pkt->type != type) {
		snprintf(why, size, "%s instead of %s",
			 pkt->fragment ? "a fragment" :
			 drill_type_name(pkt->type), drill_type_name(type));
		return false;
	}
	if (flow && !match_flow(s, pkt, flow, why, size))
		return false;
	for (arg = s->args; arg; arg = arg->next) {
		if (is_statement_arg(arg->name))
			continue;
		field = drill_field_find(arg->name, type);
		if (!drill_pkt_get(pkt, field, &value)) {
			snprintf(why, size, "there is no %s", arg->name);
			return false;
		}
		if (!run_compare(run, s, arg, arg->name,
				 value & drill_field_mask(field),
				 drill_field_mask(field), why, size))
			return false;
	}
	return match_contents(run, s, pkt, why, size);
}

static bool capture_fields(struct run *run, const struct stmt *s)
{
	const struct arg *arg;
	uint64_t value;
	int field;

	for (arg = s->args; arg; arg = arg->next) {
		if (arg->op != ARG_CAPTURE)
			continue;
		field = drill_field_find(arg->name, run->pkt.type);
		if (field < 0 || !drill_pkt_get(&run->pkt, field, &value))
			continue;
		if (!vars_set(&run->vars, arg->text, (int64_t)value))
			return report_failure(run, s, "too many variables");
	}
	return true;
}

/* The packet is what the statement wanted. */
static bool consume(struct run *run, const struct stmt *s)
{
	const char *why;

	run->pkt_waiting = false;
	run->last_ns = run->pkt.ts_ns;
	/* ICMP errors are never about ICMP errors or later fragments. */
	if (run->pkt.type != DRILL_ICMP && !run->pkt.fragment) {
		memcpy(run->quote_frame, run->frame, run->pkt.frame_len);
		drill_pkt_decode(run->quote_frame, run->pkt.frame_len,
				 &run->quote, &why);
	}
	return capture_fields(run, s);
}

static bool expect_none(struct run *run, const struct stmt *s)
{
	struct window window;
	int64_t for_ns = 0;
	uint32_t types = 0;
	int i;

	if (!run_arg(run, s, "for", &for_ns) ||
	    !run_window(run, s, for_ns, &window))
		return false;
	for (i = 1; i < s->words; i++)
		types |= DRILL_BIT(drill_type_find(s->word[i]));
	for (;;) {
		switch (next_packet(run, s, window.last_ns)) {
		case GOT_FAILURE:
			return false;
		case GOT_NOTHING:
			run->last_ns = window.last_ns;
			return true;
		case GOT_PACKET:
			break;
		}
		if (!types || types & DRILL_BIT(run->pkt.type))
			return report_failure(run, s, "unexpected %s",
					      drill_type_name(run->pkt.type));
		run->pkt_waiting = false;
	}
}

static bool expect_packet(struct run *run, const struct stmt *s,
			  enum drill_type type, const struct flow *flow)
{
	bool maybe = s->verb == VERB_MAYBE;
	struct window window;
	char why[200];

	/* What `maybe` does not find now it does not wait for. */
	if (!run_window(run, s, maybe ? now_ns() - run->last_ns : PATIENCE_NS,
			&window))
		return false;
	for (;;) {
		switch (next_packet(run, s, window.last_ns)) {
		case GOT_FAILURE:
			return false;
		case GOT_NOTHING:
			if (maybe)
				return vars_set(&run->vars, "got", 0);
			return report_failure(run, s, "no %s came in time",
					      drill_type_name(type));
		case GOT_PACKET:
			break;
		}
		if (match(run, s, type, flow, why, sizeof(why)))
			break;
		if (run->failed)
			return false;
		if (maybe)
			return vars_set(&run->vars, "got", 0);
		if (s->verb != VERB_SEEK)
			return report_failure(run, s, "unexpected packet: %s",
					      why);
		run->pkt_waiting = false;
	}
	if (!run_in_window(&window, run->pkt.ts_ns, why, sizeof(why)))
		return report_failure(run, s, "%s", why);
	if (maybe && !vars_set(&run->vars, "got", 1))
		return false;
	return consume(run, s);
}

/* What `expect data` has seen of its range. */
struct coverage {
	uint8_t *seen;
	int64_t low;
	int64_t high;
	int64_t missing;
	int64_t packets;
	bool dups;
	bool overshoot;
};

static bool cover(struct coverage *cov, const struct drill_pkt *pkt,
		  char *why, size_t size)
{
	int64_t start = drill_pkt_offset(pkt);
	int64_t end = start + (int64_t)pkt->data_len;
	int64_t i;

	if (!cov->overshoot && (start < cov->low || end > cov->high)) {
		snprintf(why, size, "bytes %lld..%lld lie outside the range",
			 (long long)start, (long long)end);
		return false;
	}
	for (i = start; i < end; i++) {
		if (i < cov->low || i >= cov->high)
			continue;
		if (!cov->seen[i - cov->low]) {
			cov->seen[i - cov->low] = 1;
			cov->missing--;
		} else if (!cov->dups) {
			snprintf(why, size, "byte %lld came twice",
				 (long long)i);
			return false;
		}
	}
	cov->packets++;
	return true;
}

static bool expect_range(struct run *run, const struct stmt *s,
			 const struct flow *flow)
{
	const struct arg *range = stmt_arg(s, "");
	int64_t dups = 0, overshoot = 0;
	struct coverage cov = { 0 };
	struct window window;
	bool ok = false;
	char why[200];

	if (!run_window(run, s, PATIENCE_NS, &window) ||
	    !run_eval(run, s, range->low, &cov.low) ||
	    !run_eval(run, s, range->high, &cov.high) ||
	    !run_arg(run, s, "dups", &dups) ||
	    !run_arg(run, s, "overshoot", &overshoot))
		return false;
	if (cov.low < 0 || cov.high < cov.low || cov.high > 2000000)
		return report_failure(run, s, "the range makes no sense");
	cov.missing = cov.high - cov.low;
	cov.dups = dups;
	cov.overshoot = overshoot;
	cov.seen = calloc(1, (size_t)cov.missing + 1);
	if (!cov.seen)
		return report_failure(run, s, "no memory");
	while (cov.missing) {
		switch (next_packet(run, s, window.last_ns)) {
		case GOT_FAILURE:
			goto out;
		case GOT_NOTHING:
			report_failure(run, s, "%lld bytes did not come in time",
				       (long long)cov.missing);
			goto out;
		case GOT_PACKET:
			break;
		}
		if (!match(run, s, DRILL_DATA, flow, why, sizeof(why)) ||
		    !run_in_window(&window, run->pkt.ts_ns, why,
				   sizeof(why)) ||
		    !cover(&cov, &run->pkt, why, sizeof(why))) {
			report_failure(run, s, "unexpected packet: %s", why);
			goto out;
		}
		if (!consume(run, s))
			goto out;
	}
	ok = vars_set(&run->vars, "count", cov.packets);
out:
	free(cov.seen);
	return ok;
}

/**
 * run_expect() - wait for what the script says must come
 * @run: the run
 * @s: an `expect` or `seek` statement
 *
 * Return: true if it came.
 */
bool run_expect(struct run *run, const struct stmt *s)
{
	const char *type_name = s->word[s->words - 1];
	const struct flow *flow = NULL;

	if (!strcmp(s->word[0], "none"))
		return expect_none(run, s);
	if (s->words == 2) {
		flow = run_flow(run, s->word[0]);
		if (!flow)
			return report_failure(run, s, "there is no flow %s",
					      s->word[0]);
	}
	if (!strcmp(type_name, "data"))
		return expect_range(run, s, flow);
	return expect_packet(run, s, drill_type_find(type_name), flow);
}

/**
 * run_flush() - drop the packets of ignored types that came so far
 * @run: the run
 * @s: the statement that asks for it
 *
 * Return: true on success.
 */
bool run_flush(struct run *run, const struct stmt *s)
{
	return next_packet(run, s, now_ns()) != GOT_FAILURE;
}

/**
 * run_drain() - drop all packets that came, or come in some time
 * @run: the run
 * @s: a `drain` statement
 *
 * Return: true on success.
 */
bool run_drain(struct run *run, const struct stmt *s)
{
	int64_t for_ns = 0, until_ns = now_ns();
	enum got got;

	if (!run_arg(run, s, "for", &for_ns))
		return false;
	until_ns += for_ns;
	for (;;) {
		got = next_packet(run, s, until_ns);
		if (got == GOT_FAILURE)
			return false;
		if (got == GOT_NOTHING)
			break;
		run->pkt_waiting = false;
	}
	run->last_ns = until_ns;
	return true;
}
