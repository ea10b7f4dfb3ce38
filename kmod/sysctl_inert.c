// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Names under net.homa that configuration written for the reference sets and
 * that this module has no use for: they can be read and written within their
 * range, in each namespace, and change nothing (uapi §13).  man/homa.7 lists
 * them and says what takes their place.
 */
#include <linux/slab.h>
#include <linux/sysctl.h>
#include "homa.h"

/**
 * struct inert - a setting without effect
 * @name: file name
 * @count: number of integers
 * @value: default of each
 * @min: smallest value
 * @max: largest
 */
struct inert {
	const char *name;
	u32 count;
	int value;
	int min;
	int max;
};

static const struct inert inerts[] = {
	/* Test aids of the reference. */
	{ "accept_bits", 1, 0, 0, INT_MAX },
	{ "action", 1, 0, 0, INT_MAX },
	{ "drop_bits", 1, 0, 0, INT_MAX },
	{ "freeze_type", 1, 0, 0, INT_MAX },
	{ "temp", 4, 0, INT_MIN, INT_MAX },
	{ "timeout_resends", 1, 5, 0, INT_MAX },
	{ "verbose", 1, 0, 0, 1 },
	/* Parts of bpages are not owned by CPUs. */
	{ "bpage_lease_usecs", 1, 10000, 0, 1000000 },
	/* Nobody collects dead RPCs: the last user of one frees it. */
	{ "dead_buffs_limit", 1, 5000, 0, INT_MAX },
	{ "max_dead_buffs", 1, 0, 0, INT_MAX },
	{ "reap_limit", 1, 10, 0, INT_MAX },
	/* Packets are steered by the kernel's RSS and RPS. */
	{ "busy_usecs", 1, 100, 0, 1000000 },
	{ "gen3_softirq_cores", 4, -1, -1, INT_MAX },
	{ "gro_busy_usecs", 1, 5, 0, 1000000 },
	{ "gro_policy", 1, 0x72, 0, 0xff },
	{ "max_gro_skbs", 1, 20, 1, INT_MAX },
	/* Each packet is made in its final size, in one sort of IP packets. */
	{ "gso_force_software", 1, 0, 0, 1 },
	{ "hijack_tcp", 1, 0, 0, 0 },
	{ "max_gso_size", 1, 0, 0, INT_MAX },
	/* Message bytes lie in the kernel's page fragments. */
	{ "skb_page_frees_per_sec", 1, 1000, 0, INT_MAX },
	{ "skb_page_pool_min_kb", 1, 3000, 0, INT_MAX },
};

/** homa_sysctl_inert_count() - table entries that homa_sysctl_inert() fills */
u32 homa_sysctl_inert_count(void)
{
	return ARRAY_SIZE(inerts);
}

/**
 * homa_sysctl_inert() - describe the settings without effect
 * @table: homa_sysctl_inert_count() zeroed entries
 *
 * Return: storage of their values, to be freed after the table is gone; NULL
 * without memory.
 */
int *homa_sysctl_inert(struct ctl_table *table)
{
	u32 total = 0;
	int *values;
	int *at;
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(inerts); i++)
		total += inerts[i].count;
	values = kcalloc(total, sizeof(*values), GFP_KERNEL_ACCOUNT);
	if (!values)
		return NULL;

	at = values;
	for (i = 0; i < ARRAY_SIZE(inerts); i++) {
		table[i].procname = inerts[i].name;
		table[i].data = at;
		table[i].maxlen = inerts[i].count * sizeof(*at);
		table[i].mode = 0644;
		table[i].proc_handler = proc_dointvec_minmax;
		table[i].extra1 = (void *)&inerts[i].min;
		table[i].extra2 = (void *)&inerts[i].max;
		for (j = 0; j < inerts[i].count; j++)
			*at++ = inerts[i].value;
	}
	return values;
}
