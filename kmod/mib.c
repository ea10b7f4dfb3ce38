// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The counters of a namespace as one list, for procfs and netlink.
 */
#include "homa.h"

#define NUM_SIZES	(HOMA_SIZE_CLASSES + 2)
#define NUM_VALUES	(HOMA_CNT_COUNT + 2 * HOMA_PRIORITIES_MAX)

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

/** homa_mib_count() - how many counters there are */
u32 homa_mib_count(void)
{
	/* The reason NONE counts nothing. */
	return NUM_SIZES + NUM_VALUES + HOMA_REASON_COUNT - 1;
}

/**
 * homa_mib_name() - name of a counter
 * @i: below homa_mib_count()
 * @name: HOMA_MIB_NAME_MAX bytes of room
 *
 * Return: a text that explains it.
 */
const char *homa_mib_name(u32 i, char *name)
{
	if (i < HOMA_SIZE_CLASSES) {
		snprintf(name, HOMA_MIB_NAME_MAX, "msg_bytes_%u",
			 class_limit(i));
		return "bytes in incoming messages of up to this length";
	}
	i -= HOMA_SIZE_CLASSES;
	if (i < 2) {
		strscpy(name, i ? "large_msg_bytes" : "large_msg_count",
			HOMA_MIB_NAME_MAX);
		return i ? "bytes in longer incoming messages" :
			   "longer incoming messages";
	}
	i -= 2;
	if (i < HOMA_CNT_COUNT) {
		strscpy(name, counters[i].name, HOMA_MIB_NAME_MAX);
		return counters[i].text;
	}
	i -= HOMA_CNT_COUNT;
	if (i < HOMA_PRIORITIES_MAX) {
		snprintf(name, HOMA_MIB_NAME_MAX, "priority%u_packets", i);
		return "DATA packets sent at this level";
	}
	i -= HOMA_PRIORITIES_MAX;
	if (i < HOMA_PRIORITIES_MAX) {
		snprintf(name, HOMA_MIB_NAME_MAX, "priority%u_bytes", i);
		return "message bytes sent at this level";
	}
	i -= HOMA_PRIORITIES_MAX - 1;
	strscpy(name, drops[i].name, HOMA_MIB_NAME_MAX);
	return drops[i].text;
}

/**
 * homa_mib_read() - value of a counter on one CPU
 * @hn: namespace
 * @i: below homa_mib_count()
 * @cpu: a possible CPU
 *
 * Return: the value; it may change meanwhile.
 */
u64 homa_mib_read(struct homa_net *hn, u32 i, int cpu)
{
	const struct homa_mib *mib = per_cpu_ptr(hn->mib, cpu);
	const struct homa_sizes *sizes;
	const struct homa_tables *t;

	if (i < NUM_SIZES) {
		/* Pairs with homa_net_setup_tables(). */
		t = smp_load_acquire(&hn->tables);
		if (!t)
			return 0;	/* no socket was ever made here */
		sizes = per_cpu_ptr(t->sizes, cpu);
		if (i < HOMA_SIZE_CLASSES)
			return READ_ONCE(sizes->bytes[i]);
		return i == HOMA_SIZE_CLASSES ? READ_ONCE(sizes->large_count) :
						READ_ONCE(sizes->large_bytes);
	}
	i -= NUM_SIZES;
	if (i < HOMA_CNT_COUNT)
		return READ_ONCE(mib->value[i]);
	i -= HOMA_CNT_COUNT;
	if (i < HOMA_PRIORITIES_MAX)
		return READ_ONCE(mib->priority_packets[i]);
	i -= HOMA_PRIORITIES_MAX;
	if (i < HOMA_PRIORITIES_MAX)
		return READ_ONCE(mib->priority_bytes[i]);
	i -= HOMA_PRIORITIES_MAX - 1;
	return READ_ONCE(mib->drops[i]);
}

/**
 * homa_mib_sum() - value of a counter
 * @hn: namespace
 * @i: below homa_mib_count()
 *
 * Return: sum over all CPUs.
 */
u64 homa_mib_sum(struct homa_net *hn, u32 i)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += homa_mib_read(hn, i, cpu);
	return sum;
}
