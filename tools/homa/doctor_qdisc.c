// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * doctor_qdisc.c - checks of what a device does with packets that leave: queueing
 * disciplines, and priorities by DSCP
 */
#include <linux/dcbnl.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

/**
 * struct qdisc_view - what is known while answers come
 * @d: findings
 * @dev: name of the device
 * @index: its number
 * @names: kinds that it has
 * @bad: something was found
 */
struct qdisc_view {
	struct doctor *d;
	const char *dev;
	int index;
	char names[128];
	bool bad;
};

static struct nl_sock *route_socket(void)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (sk && nl_connect(sk, NETLINK_ROUTE)) {
		nl_socket_free(sk);
		sk = NULL;
	}
	return sk;
}

static void on_netem(struct qdisc_view *v, struct nlattr *options)
{
	const struct tc_netem_qopt *netem = nla_data(options);
	struct doctor_finding *f;
	char name[64];

	if (nla_len(options) < (int)sizeof(*netem))
		return;
	snprintf(name, sizeof(name), "qdisc %s", v->dev);
	f = doctor_say(v->d, DOCTOR_PROBLEM, name,
		       "netem is set: it loses %.1f %% of the packets and delays others on purpose",
		       (double)netem->loss * 100 / 4294967295.0);
	doctor_why(f, "Somebody simulates a bad network here.");
	doctor_mend(f, "tc qdisc del dev %s root", v->dev);
	v->bad = true;
}

static void on_drops(struct qdisc_view *v, const char *kind, struct nlattr *stats)
{
	const struct gnet_stats_queue *queue;
	struct doctor_finding *f;
	struct nlattr *attr;
	char name[64];
	int rest;

	nla_for_each_nested(attr, stats, rest) {
		if (nla_type(attr) != TCA_STATS_QUEUE || nla_len(attr) < (int)sizeof(*queue))
			continue;
		queue = nla_data(attr);
		if (!queue->drops)
			continue;
		snprintf(name, sizeof(name), "qdisc %s", v->dev);
		f = doctor_say(v->d, DOCTOR_NOTE, name, "%s dropped %u packets that were to leave",
			       kind, queue->drops);
		doctor_why(f, "Its queue was full: other traffic fills it, or it is too short.");
		doctor_elsewhere(f, "tc -s qdisc show dev %s", v->dev);
		v->bad = true;
	}
}

static int on_qdisc(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[TCA_MAX + 1];
	struct qdisc_view *v = arg;
	struct tcmsg *tc = nlmsg_data(nlmsg_hdr(msg));
	const char *kind;
	size_t len;

	if (tc->tcm_ifindex != v->index ||
	    nlmsg_parse(nlmsg_hdr(msg), sizeof(*tc), a, TCA_MAX, NULL) < 0 || !a[TCA_KIND])
		return NL_OK;
	kind = nla_get_string(a[TCA_KIND]);
	len = strlen(v->names);
	if (!strstr(v->names, kind))
		snprintf(v->names + len, sizeof(v->names) - len, "%s%s", len ? ", " : "", kind);
	if (!strcmp(kind, "netem") && a[TCA_OPTIONS])
		on_netem(v, a[TCA_OPTIONS]);
	else if (a[TCA_STATS2])
		on_drops(v, kind, a[TCA_STATS2]);
	return NL_OK;
}

/**
 * doctor_qdisc() - check the queueing disciplines of a device
 * @d: findings
 * @dev: its name
 */
void doctor_qdisc(struct doctor *d, const char *dev)
{
	struct qdisc_view v = { .d = d, .dev = dev, .index = (int)if_nametoindex(dev) };
	struct tcmsg request = { .tcm_ifindex = v.index };
	struct nl_sock *sk = route_socket();
	char name[64];

	if (!sk)
		return;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_qdisc, &v);
	if (nl_send_simple(sk, RTM_GETQDISC, NLM_F_DUMP, &request, sizeof(request)) >= 0)
		nl_recvmsgs_default(sk);
	nl_socket_free(sk);
	snprintf(name, sizeof(name), "qdisc %s", dev);
	if (!v.bad)
		doctor_say(d, DOCTOR_OK, name, "%s", *v.names ? v.names : "none");
}

/**
 * struct dscp_view - what the device says about priorities
 * @answered: it answered at all
 * @entries: rules that turn DSCP into a priority
 */
struct dscp_view {
	bool answered;
	unsigned int entries;
};

static int on_dcb(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[DCB_ATTR_MAX + 1], *table, *attr;
	const struct dcb_app *app;
	struct dscp_view *v = arg;
	int rest, rest2;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct dcbmsg), a, DCB_ATTR_MAX, NULL) < 0 ||
	    !a[DCB_ATTR_IEEE])
		return NL_OK;
	v->answered = true;
	nla_for_each_nested(table, a[DCB_ATTR_IEEE], rest) {
		if (nla_type(table) != DCB_ATTR_IEEE_APP_TABLE)
			continue;
		nla_for_each_nested(attr, table, rest2) {
			app = nla_data(attr);
			if (nla_len(attr) >= (int)sizeof(*app) &&
			    app->selector == IEEE_8021QAZ_APP_SEL_DSCP)
				v->entries++;
		}
	}
	return NL_OK;
}

static void ask_dcb(struct nl_sock *sk, const char *dev)
{
	struct dcbmsg header = { .dcb_family = AF_UNSPEC, .cmd = DCB_CMD_IEEE_GET };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETDCB, NLM_F_REQUEST);

	if (msg && !nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) &&
	    !nla_put_string(msg, DCB_ATTR_IFNAME, dev) && nl_send_auto(sk, msg) >= 0)
		nl_recvmsgs_default(sk);
	nlmsg_free(msg);
}

/**
 * doctor_dscp() - does the device sort packets by the priority that Homa writes?
 * @d: findings
 * @dev: its name
 */
void doctor_dscp(struct doctor *d, const char *dev)
{
	struct nl_sock *sk = route_socket();
	struct dscp_view v = { 0 };
	struct doctor_finding *f;
	char name[64];

	if (!sk)
		return;
	nl_socket_disable_auto_ack(sk);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_dcb, &v);
	ask_dcb(sk, dev);
	nl_socket_free(sk);
	snprintf(name, sizeof(name), "dscp %s", dev);
	if (!v.answered) {
		doctor_say(d, DOCTOR_OK, name,
			   "this device does not sort by priority; switches have to (trust DSCP)");
		return;
	}
	if (v.entries) {
		doctor_say(d, DOCTOR_OK, name, "%u rules turn DSCP into priorities", v.entries);
		return;
	}
	f = doctor_say(d, DOCTOR_NOTE, name, "the device can sort by DSCP, and is not told to");
	doctor_why(f, "Short messages then wait behind long ones in its queues.");
	doctor_mend(f, "dcb app replace dev %s dscp-prio 0:0 8:1 16:2 24:3 32:4 40:5 48:6 56:7",
		    dev);
}
