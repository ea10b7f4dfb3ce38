// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * doctor_firewall.c - does nftables let Homa through?
 *
 * What `nft -j list ruleset` prints is read.  Rules made with iptables-nft are in
 * it.  Jumps are followed.  A rule is understood as far as it tests the protocol; one
 * that tests anything else besides is taken for one that does not concern all of Homa.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define IPPROTO_HOMA	146

/* Chains that jump to each other further than this are not followed. */
#define JUMPS_MAX	16

/**
 * struct rule_view - a rule, as far as it is understood
 * @homa: it matches Homa's protocol number
 * @never: it matches none of the packets that begin an RPC
 * @others: it tests something else
 * @accept: verdict
 * @drop: verdict, also reject
 * @leave: verdict, return
 * @jump: verdict, also goto: the chain that is next
 * @final: goto, and so what follows the rule does not matter
 */
struct rule_view {
	bool homa;
	bool never;
	bool others;
	bool accept;
	bool drop;
	bool leave;
	const char *jump;
	bool final;
};

/**
 * struct walk - a packet's way through the rules of a hook
 * @d: findings
 * @list: chains and rules
 * @base: the chain at the hook
 * @jumps: how deep we are
 * @partly: the way here has conditions
 * @maybe: rules before may have let it through
 * @quiet: nothing is to be said
 */
struct walk {
	struct doctor *d;
	const json_t *list;
	const json_t *base;
	unsigned int jumps;
	bool partly;
	bool maybe;
	bool quiet;
};

/* What a chain decides. */
enum fate { FATE_NONE, FATE_ACCEPT, FATE_DROP };

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* 146, "homa", or a set or range that has it. */
static bool means_homa(const json_t *value)
{
	const json_t *set, *range;
	size_t i;

	if (json_is_integer(value))
		return json_integer_value(value) == IPPROTO_HOMA;
	if (json_is_string(value))
		return !strcmp(json_string_value(value), "homa");
	range = json_object_get(value, "range");
	if (json_array_size(range) == 2)
		return json_integer_value(json_array_get(range, 0)) <= IPPROTO_HOMA &&
		       json_integer_value(json_array_get(range, 1)) >= IPPROTO_HOMA;
	set = json_object_get(value, "set");
	for (i = 0; i < json_array_size(set); i++)
		if (means_homa(json_array_get(set, i)))
			return true;
	return false;
}

/* "meta l4proto", "ip protocol", "ip6 nexthdr" */
static bool is_protocol(const json_t *left)
{
	const char *key = json_string_value(json_object_get(json_object_get(left, "meta"), "key"));
	const char *field = json_string_value(json_object_get(json_object_get(left, "payload"),
							      "field"));

	return (key && !strcmp(key, "l4proto")) ||
	       (field && (!strcmp(field, "protocol") || !strcmp(field, "nexthdr")));
}

/* A value, or a set or list that has it. */
static bool has_text(const json_t *value, const char *text)
{
	const json_t *list = json_object_get(value, "set");
	size_t i;

	if (!list)
		list = value;
	if (json_is_string(list))
		return !strcmp(json_string_value(list), text);
	for (i = 0; i < json_array_size(list); i++)
		if (has_text(json_array_get(list, i), text))
			return true;
	return false;
}

/* Does no packet that begins an RPC with another host match this? */
static bool is_foreign(const json_t *left, const json_t *right, bool negated)
{
	const char *meta = text(json_object_get(left, "meta"), "key");
	const char *header = text(json_object_get(left, "payload"), "protocol");
	const char *ct = text(json_object_get(left, "ct"), "key");

	if (negated)
		return false;
	if (!strncmp(meta, "iif", 3) || !strncmp(meta, "oif", 3))
		return has_text(right, "lo");
	if (!strcmp(ct, "state"))
		return !has_text(right, "new") && !has_text(right, "untracked");
	/* Not "th": Homa has its ports where all transports have them. */
	return !strcmp(header, "tcp") || !strcmp(header, "udp") || !strcmp(header, "icmp") ||
	       !strcmp(header, "icmpv6");
}

static void look_at_match(const json_t *match, struct rule_view *v)
{
	const json_t *left = json_object_get(match, "left");
	const json_t *right = json_object_get(match, "right");
	bool negated = !strcmp(text(match, "op"), "!=");

	if (is_protocol(left)) {
		if (means_homa(right) != negated)
			v->homa = true;
		else
			v->never = true;
	} else if (is_foreign(left, right, negated)) {
		v->never = true;
	} else {
		v->others = true;
	}
}

static void look_at_statement(const json_t *statement, struct rule_view *v)
{
	if (json_object_get(statement, "match")) {
		look_at_match(json_object_get(statement, "match"), v);
	} else if (json_object_get(statement, "accept")) {
		v->accept = true;
	} else if (json_object_get(statement, "drop") || json_object_get(statement, "reject")) {
		v->drop = true;
	} else if (json_object_get(statement, "return")) {
		v->leave = true;
	} else if (json_object_get(statement, "jump")) {
		v->jump = text(json_object_get(statement, "jump"), "target");
	} else if (json_object_get(statement, "goto")) {
		v->jump = text(json_object_get(statement, "goto"), "target");
		v->final = true;
	} else if (!json_object_get(statement, "counter") && !json_object_get(statement, "log")) {
		v->others = true;
	}
}

static struct rule_view look_at_rule(const json_t *rule)
{
	const json_t *expr = json_object_get(rule, "expr");
	struct rule_view v = { 0 };
	size_t i;

	for (i = 0; i < json_array_size(expr); i++)
		look_at_statement(json_array_get(expr, i), &v);
	return v;
}

static bool in_chain(const json_t *rule, const json_t *base, const char *name)
{
	return rule && !strcmp(text(rule, "family"), text(base, "family")) &&
	       !strcmp(text(rule, "table"), text(base, "table")) &&
	       !strcmp(text(rule, "chain"), name);
}

static void say_mend(struct doctor_finding *f, const json_t *chain)
{
	doctor_why(f, "Homa is IP protocol 146; its packets vanish here without a word, and RPCs "
		   "time out.");
	doctor_mend(f, "nft insert rule %s %s %s meta l4proto 146 accept", text(chain, "family"),
		    text(chain, "table"), text(chain, "name"));
	if (!doctor_plain(text(chain, "table")) || !doctor_plain(text(chain, "name")))
		f->here = false;
}

/* @what: the finding, which says the rest */
static void say(struct walk *w, const char *chain, bool partly, const char *before,
		const char *what, const char *after)
{
	enum doctor_level level = partly || w->maybe ? DOCTOR_NOTE : DOCTOR_PROBLEM;
	char name[64];

	if (w->quiet)
		return;
	snprintf(name, sizeof(name), "firewall %.40s", text(w->base, "hook"));
	say_mend(doctor_say(w->d, level, name, "%schain %s in table %s %s drops %s%s%s", before, chain,
			    text(w->base, "family"), text(w->base, "table"), what,
			    partly ? ", partly" : "", after), w->base);
}

static void say_drop(struct walk *w, const char *chain, const struct rule_view *v)
{
	say(w, chain, v->others || w->partly, "a rule of ", v->homa ? "Homa" : "everything",
	    w->maybe ? ", but for what rules before it let through" : "");
}

static void say_policy(struct walk *w)
{
	say(w, text(w->base, "name"), false, "", "what no rule accepts, and ",
	    w->maybe ? "none accepts all of Homa" : "none accepts Homa");
}

static enum fate follow(struct walk *w, const struct rule_view *v);

/* Rules in order, as a packet meets them; the first that decides about all of Homa. */
static enum fate walk_chain(struct walk *w, const char *chain)
{
	struct rule_view v;
	enum fate fate;
	json_t *rule;
	size_t i;

	for (i = 0; i < json_array_size(w->list); i++) {
		rule = json_object_get(json_array_get(w->list, i), "rule");
		if (!in_chain(rule, w->base, chain))
			continue;
		v = look_at_rule(rule);
		if (v.never)
			continue;
		if (v.accept || v.leave) {
			if (!v.others)
				return v.accept ? FATE_ACCEPT : FATE_NONE;
			w->maybe = true;
		} else if (v.drop && (v.homa || !v.others)) {
			say_drop(w, chain, &v);
			return FATE_DROP;
		} else if (v.jump) {
			fate = follow(w, &v);
			if (fate == FATE_ACCEPT && v.others)
				w->maybe = true;
			else if (!v.others ? fate != FATE_NONE || v.final :
				 v.homa && fate == FATE_DROP)
				return fate;
		}
	}
	return FATE_NONE;
}

/* The chain that a rule leads to. What it does with packets that are not all of Homa's is of
 * interest only if it may let them through.
 */
static enum fate follow(struct walk *w, const struct rule_view *v)
{
	bool partly = w->partly, quiet = w->quiet;
	enum fate fate;

	if (w->jumps == JUMPS_MAX) {
		w->maybe = true;
		return FATE_NONE;
	}
	w->jumps++;
	w->partly |= v->others;
	w->quiet |= v->others && !v->homa;
	fate = walk_chain(w, v->jump);
	w->partly = partly;
	w->quiet = quiet;
	w->jumps--;
	return fate;
}

static bool check_chain(struct doctor *d, const json_t *list, const json_t *chain)
{
	struct walk w = { .d = d, .list = list, .base = chain };
	enum fate fate = walk_chain(&w, text(chain, "name"));

	if (fate == FATE_NONE && !strcmp(text(chain, "policy"), "drop")) {
		say_policy(&w);
		return false;
	}
	return fate != FATE_DROP;
}

/* Families "arp", "bridge" and "netdev" have hooks of the same names, which are not on our way. */
static bool is_ip(const char *family)
{
	return !strcmp(family, "inet") || !strcmp(family, "ip") || !strcmp(family, "ip6");
}

/**
 * doctor_ruleset() - check a set of rules
 * @d: findings
 * @json: as nft prints it
 */
void doctor_ruleset(struct doctor *d, const char *json)
{
	json_t *root = json_loads(json, 0, NULL), *chain;
	const json_t *list = json_object_get(root, "nftables");
	bool good = true;
	const char *hook;
	size_t i;

	if (!list) {
		doctor_say(d, DOCTOR_NOTE, "firewall", "what nft prints is not understood");
		json_decref(root);
		return;
	}
	for (i = 0; i < json_array_size(list); i++) {
		chain = json_object_get(json_array_get(list, i), "chain");
		hook = text(chain, "hook");
		if (is_ip(text(chain, "family")) &&
		    (!strcmp(hook, "input") || !strcmp(hook, "output") ||
		     !strcmp(hook, "prerouting")))
			good &= check_chain(d, list, chain);
	}
	if (good)
		doctor_say(d, DOCTOR_OK, "firewall", "nftables lets protocol 146 through");
	json_decref(root);
}

static char *read_all(FILE *file)
{
	char *all = NULL;
	size_t used = 0, room = 0, len;

	do {
		if (room - used < 2) {
			room = room ? 2 * room : 65536;
			all = realloc(all, room);
			if (!all)
				return NULL;
		}
		len = fread(all + used, 1, room - used - 1, file);
		used += len;
	} while (len);
	all[used] = 0;
	return all;
}

/**
 * doctor_firewall() - check the rules of this network namespace
 * @d: findings
 */
void doctor_firewall(struct doctor *d)
{
	FILE *file;
	char *all;
	int status;

	if (geteuid()) {
		doctor_say(d, DOCTOR_NOTE, "firewall", "only root may look at the rules");
		return;
	}
	file = popen("nft -j list ruleset 2>/dev/null", "re");
	all = file ? read_all(file) : NULL;
	status = file ? pclose(file) : -1;
	if (all && !status)
		doctor_ruleset(d, all);
	else if (!access("/proc/net/ip_tables_names", F_OK))
		doctor_elsewhere(doctor_say(d, DOCTOR_NOTE, "firewall",
					    "there are old iptables, which are not looked at"),
				 "iptables-legacy -S | grep -e DROP -e REJECT");
	else
		doctor_say(d, DOCTOR_OK, "firewall", "nft is not installed or not in this kernel");
	free(all);
}
