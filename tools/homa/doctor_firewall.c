// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * doctor_firewall.c - does nftables let Homa through?
 *
 * What `nft -j list ruleset` prints is read.  Rules made with iptables-nft are in
 * it.  A rule is understood as far as it tests the protocol; one that tests
 * anything else besides is taken for one that does not concern all of Homa.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define IPPROTO_HOMA	146

/**
 * struct rule_view - a rule, as far as it is understood
 * @homa: it matches Homa's protocol number
 * @others: it tests something else
 * @accept: verdict
 * @drop: verdict, also reject
 */
struct rule_view {
	bool homa;
	bool others;
	bool accept;
	bool drop;
};

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

static void look_at_match(const json_t *match, struct rule_view *v)
{
	const char *op = json_string_value(json_object_get(match, "op"));
	bool homa = means_homa(json_object_get(match, "right"));

	if (!is_protocol(json_object_get(match, "left")))
		v->others = true;
	else if (op && !strcmp(op, "!=") ? !homa : homa)
		v->homa = true;
	else
		v->others = true;
}

static struct rule_view look_at_rule(const json_t *rule)
{
	const json_t *expr = json_object_get(rule, "expr"), *statement;
	struct rule_view v = { 0 };
	size_t i;

	for (i = 0; i < json_array_size(expr); i++) {
		statement = json_array_get(expr, i);
		if (json_object_get(statement, "match"))
			look_at_match(json_object_get(statement, "match"), &v);
		else if (json_object_get(statement, "accept"))
			v.accept = true;
		else if (json_object_get(statement, "drop") ||
			 json_object_get(statement, "reject"))
			v.drop = true;
		else if (!json_object_get(statement, "counter") &&
			 !json_object_get(statement, "log"))
			v.others = true;
	}
	return v;
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static bool in_chain(const json_t *rule, const json_t *chain)
{
	return rule && !strcmp(text(rule, "family"), text(chain, "family")) &&
	       !strcmp(text(rule, "table"), text(chain, "table")) &&
	       !strcmp(text(rule, "chain"), text(chain, "name"));
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

/* Rules in order, as a packet meets them; the first that decides about all of Homa. */
static bool check_chain(struct doctor *d, const json_t *list, const json_t *chain)
{
	struct doctor_finding *f;
	struct rule_view v;
	char name[64];
	json_t *rule;
	size_t i;

	snprintf(name, sizeof(name), "firewall %.40s", text(chain, "hook"));
	for (i = 0; i < json_array_size(list); i++) {
		rule = json_object_get(json_array_get(list, i), "rule");
		if (!in_chain(rule, chain))
			continue;
		v = look_at_rule(rule);
		if (v.accept && !v.others)
			return true;
		if (!v.drop || (v.others && !v.homa))
			continue;
		f = doctor_say(d, v.others ? DOCTOR_NOTE : DOCTOR_PROBLEM, name,
			       "a rule of chain %s in table %s %s drops %s%s",
			       text(chain, "name"), text(chain, "family"), text(chain, "table"),
			       v.homa ? "Homa" : "everything", v.others ? ", partly" : "");
		say_mend(f, chain);
		return false;
	}
	if (strcmp(text(chain, "policy"), "drop"))
		return true;
	f = doctor_say(d, DOCTOR_PROBLEM, name,
		       "chain %s in table %s %s drops what no rule accepts, and none accepts Homa",
		       text(chain, "name"), text(chain, "family"), text(chain, "table"));
	say_mend(f, chain);
	return false;
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
