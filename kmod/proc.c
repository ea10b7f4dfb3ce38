// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * /proc/net/homa_metrics: the counters of a namespace as text (uapi §14).
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
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

static void show_cpu(struct seq_file *seq, const struct homa_mib *mib)
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

static int metrics_show(struct seq_file *seq, void *v)
{
	struct homa_net *hn = homa_net(seq_file_single_net(seq));
	int cpu;

	seq_printf(seq, LINE, "time_cycles", ktime_get_ns(),
		   "monotonic time in cpu_khz units");
	seq_printf(seq, LINE, "cpu_khz", 1000000ULL,
		   "units of time per millisecond");
	for_each_possible_cpu(cpu) {
		seq_printf(seq, LINE, "core", (u64)cpu,
			   "counters of this CPU follow");
		show_cpu(seq, per_cpu_ptr(hn->mib, cpu));
	}
	return 0;
}

/**
 * homa_proc_init() - offer the counters of a namespace
 * @hn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int homa_proc_init(struct homa_net *hn)
{
	if (!proc_create_net_single("homa_metrics", 0444, hn->net->proc_net,
				    metrics_show, NULL))
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
