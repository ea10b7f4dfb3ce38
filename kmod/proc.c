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

static const struct {
	const char *name;
	const char *text;
} counters[] = {
#define HOMA_COUNTER_NAME(name, text) { #name, text },
	HOMA_COUNTERS(HOMA_COUNTER_NAME)
#undef HOMA_COUNTER_NAME
}, drops[] = {
#define HOMA_REASON_NAME(name, text) { "drop_" #name, text },
	HOMA_REASONS(HOMA_REASON_NAME)
#undef HOMA_REASON_NAME
};

/* Longest message of a class. */
static u32 class_limit(u32 class)
{
	if (class < HOMA_SIZE_NARROW)
		return (class + 1) * 64;
	return (class - HOMA_SIZE_NARROW + 5) * 1024;
}

static void show_sizes(struct seq_file *seq, const struct homa_sizes *sizes)
{
	static const struct homa_sizes none;
	char name[32];
	u32 i;

	if (!sizes)
		sizes = &none;	/* no socket was ever made here */
	for (i = 0; i < HOMA_SIZE_CLASSES; i++) {
		snprintf(name, sizeof(name), "msg_bytes_%u", class_limit(i));
		seq_printf(seq, LINE, name, READ_ONCE(sizes->bytes[i]),
			   "bytes in incoming messages of up to this length");
	}
	seq_printf(seq, LINE, "large_msg_count", READ_ONCE(sizes->large_count),
		   "longer incoming messages");
	seq_printf(seq, LINE, "large_msg_bytes", READ_ONCE(sizes->large_bytes),
		   "bytes in them");
}

static void show_counters(struct seq_file *seq, const struct homa_mib *mib)
{
	char name[32];
	u32 i;

	for (i = 0; i < HOMA_CNT_COUNT; i++)
		seq_printf(seq, LINE, counters[i].name,
			   READ_ONCE(mib->value[i]), counters[i].text);
	for (i = 0; i < HOMA_PRIORITIES_MAX; i++) {
		snprintf(name, sizeof(name), "priority%u_packets", i);
		seq_printf(seq, LINE, name, READ_ONCE(mib->priority_packets[i]),
			   "DATA packets sent at this level");
		snprintf(name, sizeof(name), "priority%u_bytes", i);
		seq_printf(seq, LINE, name, READ_ONCE(mib->priority_bytes[i]),
			   "message bytes sent at this level");
	}
	for (i = HOMA_REASON_NONE + 1; i < HOMA_REASON_COUNT; i++)
		seq_printf(seq, LINE, drops[i].name, READ_ONCE(mib->drops[i]),
			   drops[i].text);
}

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
	const struct homa_tables *t;
	int cpu;

	if (v == SEQ_START_TOKEN) {
		seq_printf(seq, LINE, "time_cycles", homa_cycles(),
			   "time in the unit of all counters of time");
		seq_printf(seq, LINE, "cpu_khz", homa_cycles_khz(),
			   "such units per millisecond");
		return 0;
	}
	cpu = *(loff_t *)v - 1;
	seq_printf(seq, LINE, "core", (u64)cpu, "counters of this CPU follow");
	/* Pairs with homa_net_setup_tables(). */
	t = smp_load_acquire(&hn->tables);
	show_sizes(seq, t ? per_cpu_ptr(t->sizes, cpu) : NULL);
	show_counters(seq, per_cpu_ptr(hn->mib, cpu));
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
