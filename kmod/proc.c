// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * /proc/net/homa_metrics: the counters of a namespace as text (uapi §14).
 *
 * One seq_file record for the head and one for each CPU, so that memory does
 * not grow with the number of CPUs.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include "homa.h"

#define LINE "%-30s %20llu %s\n"

/* Position 0 is the head, position n + 1 is CPU n. */
static void *metrics_at(loff_t *pos)
{
	int cpu;

	if (!*pos)
		return SEQ_START_TOKEN;
	if (*pos > nr_cpu_ids)
		return NULL;
	cpu = cpumask_next(*pos - 2, cpu_possible_mask);
	if (cpu >= nr_cpu_ids)
		return NULL;
	*pos = cpu + 1;
	/* Any pointer but the token; metrics_show() goes by the position. */
	return pos;
}

static void *metrics_start(struct seq_file *seq, loff_t *pos)
{
	return metrics_at(pos);
}

static void *metrics_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return metrics_at(pos);
}

static void metrics_stop(struct seq_file *seq, void *v)
{
}

static int metrics_show(struct seq_file *seq, void *v)
{
	struct homa_net *hn = homa_net(seq_file_net(seq));
	char name[HOMA_MIB_NAME_MAX];
	const char *text;
	int cpu;
	u32 i;

	if (v == SEQ_START_TOKEN) {
		seq_printf(seq, LINE, "time_cycles", homa_cycles(),
			   "time in the unit of all counters of time");
		seq_printf(seq, LINE, "cpu_khz", homa_cycles_khz(),
			   "such units per millisecond");
		return 0;
	}
	cpu = *(loff_t *)v - 1;
	seq_printf(seq, LINE, "core", (u64)cpu,
		   "counters of this CPU follow");
	for (i = 0; i < homa_mib_count(); i++) {
		text = homa_mib_name(i, name);
		seq_printf(seq, LINE, name, homa_mib_read(hn, i, cpu), text);
	}
	return 0;
}

static const struct seq_operations metrics_ops = {
	.start = metrics_start,
	.next = metrics_next,
	.stop = metrics_stop,
	.show = metrics_show,
};

/**
 * homa_proc_init() - offer the counters of a namespace
 * @hn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int homa_proc_init(struct homa_net *hn)
{
	if (!proc_create_net("homa_metrics", 0444, hn->net->proc_net,
			     &metrics_ops, sizeof(struct seq_net_private)))
		return -ENOMEM;
	return 0;
}

/**
 * homa_proc_exit() - the reverse
 * @hn: namespace
 */
void homa_proc_exit(struct homa_net *hn)
{
	remove_proc_entry("homa_metrics", hn->net->proc_net);
}
