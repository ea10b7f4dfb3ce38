// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * net.homa.*: settings of a namespace (uapi §13).
 *
 * sysctl writes to a raw copy, range-checked by the table; each write then
 * publishes a new snapshot, which is what everybody reads.  Ticks are shown as
 * ticks of 1 ms and kept in nanoseconds.
 */
#include <linux/slab.h>
#include <linux/sysctl.h>
#include "homa.h"

#define RAW(member) offsetof(struct homa_settings, member)

/* How a value is kept. */
enum kind {
	KIND_U32,	/* as it is */
	KIND_TICKS,	/* nanoseconds, shown in ms */
	KIND_USECS,	/* nanoseconds, shown in us */
	KIND_TUNE,	/* yes or no; yes forgets what was set by hand */
	KIND_U8,
	KIND_FLAGS,	/* uapi §1: HOMA_FLAG_DONT_THROTTLE */
};

/**
 * struct knob - one integer setting
 * @name: file name
 * @offset: in struct homa_settings
 * @kind: how it is kept there
 * @min: smallest value, in shown units
 * @max: largest
 * @set: where it is remembered that somebody wrote it, 0 = nowhere
 */
struct knob {
	const char *name;
	u32 offset;
	enum kind kind;
	int min;
	int max;
	u32 set;
};

static const struct knob knobs[] = {
	{ "unsched_bytes", RAW(core.unsched_bytes), KIND_U32, 1,
	  HOMA_MSG_BYTES_MAX, RAW(unsched_bytes_set) },
	{ "incast_bytes", RAW(core.incast_bytes), KIND_U32, 0, 1 << 30 },
	{ "max_incoming", RAW(core.max_incoming), KIND_U32, 1, 1 << 30,
	  RAW(core.max_incoming_set) },
	{ "window", RAW(core.window), KIND_U32, 0, 1 << 30 },
	{ "tune_windows", RAW(tune_windows), KIND_TUNE, 0, 1 },
	{ "max_overcommit", RAW(core.max_overcommit), KIND_U32, 1,
	  HOMA_OVERCOMMIT_MAX },
	{ "fifo_grant_increment", RAW(core.fifo_grant_increment), KIND_U32, 0,
	  HOMA_MSG_BYTES_MAX },
	{ "grant_fifo_fraction", RAW(core.grant_fifo_fraction), KIND_U32, 0,
	  500 },
	{ "link_mbps", RAW(core.link_mbps), KIND_U32, 1, 1 << 22,
	  RAW(link_mbps_set) },
	{ "num_priorities", RAW(core.num_priorities), KIND_U8, 1,
	  HOMA_PRIORITIES_MAX },
	{ "defer_min_bytes", RAW(core.defer_min_bytes), KIND_U32, 0,
	  HOMA_MSG_BYTES_MAX },
	{ "max_nic_est_backlog_usecs", RAW(core.max_nic_backlog_ns),
	  KIND_USECS, 1, 100000 },
	{ "pacer_fifo_fraction", RAW(core.pacer_fifo_fraction), KIND_U32, 0,
	  500 },
	{ "homa_share", RAW(homa_share), KIND_U32, 0, 100 },
	{ "max_link_usage", RAW(max_link_usage), KIND_U32, 5, 100 },
	{ "max_nic_queue_usecs", RAW(max_nic_queue_usecs), KIND_U32, 0,
	  1000000 },
	{ "resend_ticks", RAW(core.resend_ns), KIND_TICKS, 1, 1000 },
	{ "resend_interval", RAW(core.resend_interval_ns), KIND_TICKS, 1,
	  1000 },
	{ "timeout_ticks", RAW(core.timeout_ns), KIND_TICKS, 2, 4000 },
	{ "request_ack_ticks", RAW(core.request_ack_ns), KIND_TICKS, 1, 1000 },
	{ "wmem_max", RAW(wmem_max), KIND_U32, 4096, INT_MAX },
	{ "rpc_sock_max", RAW(rpc_sock_max), KIND_U32, 1, 1 << 24 },
	{ "rpc_net_max", RAW(rpc_net_max), KIND_U32, 1, 1 << 24 },
	{ "peer_net_max", RAW(peer_max), KIND_U32, 16, 1 << 24 },
	{ "peer_gc_threshold", RAW(peer_gc_threshold), KIND_U32, 0, 1 << 24 },
	{ "peer_idle_secs_min", RAW(peer_idle_secs), KIND_U32, 0, 86400 },
	{ "peer_idle_secs_max", RAW(peer_idle_max_secs), KIND_U32, 0, 86400 },
	{ "cutoffs_pinned", RAW(cutoffs_pinned), KIND_U8, 0, 1 },
	{ "privileged_ports", RAW(privileged_ports), KIND_U8, 0, 1 },
	{ "poll_usecs", RAW(poll_usecs), KIND_U32, 0, 1000000 },
	{ "flags", RAW(throttle), KIND_FLAGS, 0, HOMA_FLAG_DONT_THROTTLE },
};

/* Settings with a handler of their own, behind the knobs in the table. */
enum special {
	SPECIAL_CUTOFFS,
	SPECIAL_VERSION,
	SPECIAL_MAX_SCHED,
	SPECIAL_MAP,
	SPECIAL_NEXT_ID,
	SPECIAL_GRANTABLE,
	SPECIAL_MEM,
	SPECIAL_COUNT
};

/* Entries of the table with a meaning; those without follow. */
#define NUM_ENTRIES (ARRAY_SIZE(knobs) + SPECIAL_COUNT)

static int knob_get(const struct knob *k, const struct homa_settings *s)
{
	const void *p = (const char *)s + k->offset;

	switch (k->kind) {
	case KIND_TICKS:
		return *(const u32 *)p / NSEC_PER_MSEC;
	case KIND_USECS:
		return *(const u32 *)p / NSEC_PER_USEC;
	case KIND_U8:
		return *(const u8 *)p;
	case KIND_TUNE:
		return *(const bool *)p;
	case KIND_FLAGS:
		return *(const bool *)p ? 0 : HOMA_FLAG_DONT_THROTTLE;
	default:
		return *(const u32 *)p;
	}
}

static void knob_set(const struct knob *k, struct homa_settings *s, int value)
{
	void *p = (char *)s + k->offset;

	if (k->set)
		*(bool *)((char *)s + k->set) = true;
	switch (k->kind) {
	case KIND_TICKS:
		*(u32 *)p = value * NSEC_PER_MSEC;
		break;
	case KIND_USECS:
		*(u32 *)p = value * NSEC_PER_USEC;
		break;
	case KIND_U8:
		*(u8 *)p = value;
		break;
	case KIND_TUNE:
		*(bool *)p = value;
		if (value) {
			s->unsched_bytes_set = false;
			s->core.max_incoming_set = false;
		}
		break;
	case KIND_FLAGS:
		*(bool *)p = !(value & HOMA_FLAG_DONT_THROTTLE);
		break;
	default:
		*(u32 *)p = value;
		break;
	}
}

/* Does it matter that a value was written, even if it stays the same? */
static bool knob_remembers(const struct knob *k)
{
	return k->set || k->kind == KIND_TUNE;
}

/* Our own cutoffs changed (protocol §6). */
static void renumber(struct homa_settings *s)
{
	u32 i;

	for (i = s->core.num_priorities; i < HOMA_PRIORITIES_MAX; i++)
		s->cutoffs.max_len[i] = 0;
	s->cutoffs.max_len[0] = S32_MAX;
	s->cutoffs.version = s->cutoffs.version == U16_MAX ?
			     1 : s->cutoffs.version + 1;
	s->core.max_sched_prio = homa_prio_max_sched(&s->cutoffs,
						     s->core.num_priorities);
}

/**
 * homa_settings_init() - the defaults of uapi §13
 * @s: filled
 */
void homa_settings_init(struct homa_settings *s)
{
	u32 i;

	memset(s, 0, sizeof(*s));
	s->core = (struct homa_config)HOMA_CONFIG_DEFAULTS;
	homa_prio_defaults(&s->cutoffs, s->core.num_priorities);
	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		s->priority_map[i] = i;
	s->wmem_max = 100000000;
	s->peer_max = 10000;
	s->rpc_sock_max = 100000;
	s->rpc_net_max = 400000;
	s->peer_gc_threshold = 5000;
	s->peer_idle_secs = 10;
	s->peer_idle_max_secs = 120;
	s->poll_usecs = 50;
	s->privileged_ports = 1;
	s->throttle = true;
	s->tune_windows = true;
	s->homa_share = 50;
	s->max_link_usage = 99;
	s->max_nic_queue_usecs = 40;
}

/**
 * homa_settings_publish() - let everybody see changed settings
 * @hn: namespace; settings_lock held
 *
 * Return: 0 or -ENOMEM; then the old ones stay.
 */
int homa_settings_publish(struct homa_net *hn)
{
	struct homa_settings *old;
	struct homa_settings *s;

	lockdep_assert_held(&hn->settings_lock);
	s = kmemdup(&hn->settings_raw, sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	old = rcu_replace_pointer(hn->settings, s,
				  lockdep_is_held(&hn->settings_lock));
	kfree_rcu(old, rcu);
	return 0;
}

static int change(struct homa_net *hn, const struct knob *k, int value)
{
	struct homa_settings before = hn->settings_raw;
	int err;

	knob_set(k, &hn->settings_raw, value);
	if (k->offset == RAW(core.num_priorities))
		renumber(&hn->settings_raw);
	/* core/config.h: the time-out lies behind the first RESEND. */
	if (hn->settings_raw.core.timeout_ns <=
	    hn->settings_raw.core.resend_ns)
		err = -EINVAL;
	else
		err = homa_settings_publish(hn);
	if (err)
		hn->settings_raw = before;
	return err;
}

static int do_knob(HOMA_CTL_TABLE *table, int write, void *buffer,
		   size_t *lenp, loff_t *ppos)
{
	struct homa_net *hn = table->extra2;
	const struct knob *k = table->extra1;
	struct ctl_table tmp = *table;
	int min = k->min;
	int max = k->max;
	int value;
	int err;

	mutex_lock(&hn->settings_lock);
	value = knob_get(k, &hn->settings_raw);
	tmp.data = &value;
	tmp.extra1 = &min;
	tmp.extra2 = &max;
	err = proc_dointvec_minmax(&tmp, write, buffer, lenp, ppos);
	if (write && !err && (value != knob_get(k, &hn->settings_raw) ||
			      knob_remembers(k)))
		err = change(hn, k, value);
	mutex_unlock(&hn->settings_lock);
	return err;
}

/* Eight integers, one for each level. */
static int do_eight(HOMA_CTL_TABLE *table, int write, void *buffer,
		    size_t *lenp, loff_t *ppos, int *values, int max)
{
	struct ctl_table tmp = *table;

	tmp.data = values;
	tmp.maxlen = HOMA_PRIORITIES_MAX * sizeof(values[0]);
	tmp.extra1 = SYSCTL_ZERO;
	tmp.extra2 = &max;
	return proc_dointvec_minmax(&tmp, write, buffer, lenp, ppos);
}

/* A new table of our own; settings_lock held. */
static int set_cutoffs(struct homa_net *hn, const int *values)
{
	struct homa_settings before = hn->settings_raw;
	struct homa_settings *s = &hn->settings_raw;
	int err;
	u32 i;

	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		s->cutoffs.max_len[i] = values[i];
	if (!memcmp(&before.cutoffs, &s->cutoffs, sizeof(before.cutoffs)))
		return 0;
	renumber(s);
	/* Who chose a table wants to keep it. */
	s->cutoffs_pinned = 1;
	err = homa_settings_publish(hn);
	if (err)
		*s = before;
	return err;
}

static int set_map(struct homa_net *hn, const int *values)
{
	struct homa_settings before = hn->settings_raw;
	int err;
	u32 i;

	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		hn->settings_raw.priority_map[i] = values[i];
	err = homa_settings_publish(hn);
	if (err)
		hn->settings_raw = before;
	return err;
}

static int do_cutoffs(HOMA_CTL_TABLE *table, int write, void *buffer,
		      size_t *lenp, loff_t *ppos)
{
	struct homa_net *hn = table->extra2;
	int values[HOMA_PRIORITIES_MAX];
	int err;
	u32 i;

	mutex_lock(&hn->settings_lock);
	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		values[i] = hn->settings_raw.cutoffs.max_len[i];
	err = do_eight(table, write, buffer, lenp, ppos, values, S32_MAX);
	if (write && !err)
		err = set_cutoffs(hn, values);
	mutex_unlock(&hn->settings_lock);
	return err;
}

static int do_map(HOMA_CTL_TABLE *table, int write, void *buffer, size_t *lenp,
		  loff_t *ppos)
{
	struct homa_net *hn = table->extra2;
	int values[HOMA_PRIORITIES_MAX];
	int err;
	u32 i;

	mutex_lock(&hn->settings_lock);
	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		values[i] = hn->settings_raw.priority_map[i];
	err = do_eight(table, write, buffer, lenp, ppos, values,
		       HOMA_PRIORITIES_MAX - 1);
	if (write && !err)
		err = set_map(hn, values);
	mutex_unlock(&hn->settings_lock);
	return err;
}

/* Limits of the host, in pages, in the initial namespace (docs/memory.md). */
static int do_mem(HOMA_CTL_TABLE *table, int write, void *buffer, size_t *lenp,
		  loff_t *ppos)
{
	struct homa_net *hn = table->extra2;
	struct ctl_table tmp = *table;
	unsigned long max = LONG_MAX >> PAGE_SHIFT;
	unsigned long values[ARRAY_SIZE(homa_mem_limits)];
	unsigned long min = 1;
	int err;
	u32 i;

	mutex_lock(&hn->settings_lock);
	for (i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = homa_mem_limits[i];
	tmp.data = values;
	tmp.maxlen = sizeof(values);
	tmp.extra1 = &min;
	tmp.extra2 = &max;
	err = proc_doulongvec_minmax(&tmp, write, buffer, lenp, ppos);
	if (write && !err && (values[0] > values[1] || values[1] > values[2]))
		err = -EINVAL;
	if (write && !err)
		for (i = 0; i < ARRAY_SIZE(values); i++)
			WRITE_ONCE(homa_mem_limits[i], values[i]);
	mutex_unlock(&hn->settings_lock);
	return err;
}

/* Derived values, read-only. */
static int do_derived(HOMA_CTL_TABLE *table, int write, void *buffer,
		      size_t *lenp, loff_t *ppos)
{
	struct homa_net *hn = table->extra2;
	struct ctl_table tmp = *table;
	int value;

	mutex_lock(&hn->settings_lock);
	value = table->extra1 ? hn->settings_raw.cutoffs.version :
				hn->settings_raw.core.max_sched_prio;
	mutex_unlock(&hn->settings_lock);
	tmp.data = &value;
	tmp.extra1 = NULL;
	tmp.extra2 = NULL;
	return proc_dointvec(&tmp, write, buffer, lenp, ppos);
}

/*
 * The next id of a client RPC.  Reading it would tell what is being guarded
 * against (conformance H11), so it reads 0.  An id must not be given out twice
 * while the first RPC with it lives: no writing then.
 */
static int do_next_id(HOMA_CTL_TABLE *table, int write, void *buffer,
		      size_t *lenp, loff_t *ppos)
{
	struct homa_net *hn = table->extra2;
	struct ctl_table tmp = *table;
	int value = 0;
	int err;

	tmp.data = &value;
	tmp.extra1 = SYSCTL_ZERO;
	tmp.extra2 = SYSCTL_INT_MAX;
	err = proc_dointvec_minmax(&tmp, write, buffer, lenp, ppos);
	if (!write || err)
		return err;
	if (value & 1)
		return -EINVAL;	/* that would be a server's */
	if (atomic_read(&hn->rpc_count))
		return -EBUSY;
	/* homa_rpc_new_id() adds before it looks. */
	atomic64_set(&hn->next_id, (s64)value - 2);
	return 0;
}

/* High-water mark; whatever is written is what later marks have to exceed. */
static int do_grantable(HOMA_CTL_TABLE *table, int write, void *buffer,
			size_t *lenp, loff_t *ppos)
{
	struct homa_net *hn = table->extra2;
	struct ctl_table tmp = *table;
	int value = READ_ONCE(hn->max_grantable);
	int err;

	tmp.data = &value;
	tmp.extra1 = SYSCTL_ZERO;
	tmp.extra2 = SYSCTL_INT_MAX;
	err = proc_dointvec_minmax(&tmp, write, buffer, lenp, ppos);
	if (write && !err) {
		spin_lock_bh(&hn->grant_lock);
		hn->max_grantable = value;
		spin_unlock_bh(&hn->grant_lock);
	}
	return err;
}

/**
 * homa_param_get() - a parameter by number
 * @hn: namespace
 * @index: 0 and up
 * @p: filled
 *
 * Context: process.  Return: false if there are not so many.
 */
bool homa_param_get(struct homa_net *hn, u32 index, struct homa_param *p)
{
	const struct homa_settings *s = &hn->settings_raw;
	bool known = true;
	u32 i;

	memset(p, 0, sizeof(*p));
	p->count = 1;
	mutex_lock(&hn->settings_lock);
	if (index < ARRAY_SIZE(knobs)) {
		p->name = knobs[index].name;
		p->min = knobs[index].min;
		p->max = knobs[index].max;
		p->values[0] = knob_get(&knobs[index], s);
		goto out;
	}
	switch (index - ARRAY_SIZE(knobs)) {
	case SPECIAL_CUTOFFS:
		p->name = "unsched_cutoffs";
		p->max = S32_MAX;
		p->count = HOMA_PRIORITIES_MAX;
		for (i = 0; i < p->count; i++)
			p->values[i] = s->cutoffs.max_len[i];
		break;
	case SPECIAL_VERSION:
		p->name = "cutoff_version";
		p->read_only = true;
		p->values[0] = s->cutoffs.version;
		break;
	case SPECIAL_MAX_SCHED:
		p->name = "max_sched_prio";
		p->read_only = true;
		p->values[0] = s->core.max_sched_prio;
		break;
	case SPECIAL_MAP:
		p->name = "priority_map";
		p->max = HOMA_PRIORITIES_MAX - 1;
		p->count = HOMA_PRIORITIES_MAX;
		for (i = 0; i < p->count; i++)
			p->values[i] = s->priority_map[i];
		break;
	default:
		known = false;
	}
out:
	mutex_unlock(&hn->settings_lock);
	return known;
}

/**
 * homa_param_set() - change a parameter
 * @hn: namespace
 * @index: of homa_param_get(), not of a read-only one
 * @values: within the range, as many as it has
 *
 * Context: process.  Return: 0, -EINVAL if it contradicts another one, -ENOMEM.
 */
int homa_param_set(struct homa_net *hn, u32 index, const s32 *values)
{
	int err;

	mutex_lock(&hn->settings_lock);
	if (index < ARRAY_SIZE(knobs))
		err = change(hn, &knobs[index], values[0]);
	else if (index - ARRAY_SIZE(knobs) == SPECIAL_CUTOFFS)
		err = set_cutoffs(hn, values);
	else
		err = set_map(hn, values);
	mutex_unlock(&hn->settings_lock);
	return err;
}

/**
 * homa_sysctl_init() - offer the settings of a namespace
 * @hn: namespace with defaults in settings_raw
 *
 * Return: 0 or -ENOMEM.
 */
int homa_sysctl_init(struct homa_net *hn)
{
	u32 num = NUM_ENTRIES + homa_sysctl_inert_count();
	struct ctl_table *special;
	struct ctl_table *table;
	u32 i;

	table = kcalloc(num + HOMA_SYSCTL_SENTINEL, sizeof(*table),
			GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	hn->sysctl_inert = homa_sysctl_inert(&table[NUM_ENTRIES]);
	if (!hn->sysctl_inert)
		goto err_table;
	for (i = 0; i < NUM_ENTRIES; i++) {
		table[i].maxlen = sizeof(int);
		table[i].mode = 0644;
		table[i].extra2 = hn;
	}
	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		table[i].procname = knobs[i].name;
		table[i].proc_handler = do_knob;
		table[i].extra1 = (void *)&knobs[i];
	}
	special = &table[ARRAY_SIZE(knobs)];
	special[SPECIAL_CUTOFFS].procname = "unsched_cutoffs";
	special[SPECIAL_CUTOFFS].proc_handler = do_cutoffs;
	special[SPECIAL_MAP].procname = "priority_map";
	special[SPECIAL_MAP].proc_handler = do_map;
	special[SPECIAL_MEM].procname = "homa_mem";
	special[SPECIAL_MEM].proc_handler = do_mem;
	if (!net_eq(hn->net, &init_net))
		special[SPECIAL_MEM].mode = 0444;
	special[SPECIAL_VERSION].procname = "cutoff_version";
	special[SPECIAL_VERSION].proc_handler = do_derived;
	special[SPECIAL_VERSION].extra1 = hn;
	special[SPECIAL_VERSION].mode = 0444;
	special[SPECIAL_MAX_SCHED].procname = "max_sched_prio";
	special[SPECIAL_MAX_SCHED].proc_handler = do_derived;
	special[SPECIAL_MAX_SCHED].mode = 0444;
	special[SPECIAL_NEXT_ID].procname = "next_id";
	special[SPECIAL_NEXT_ID].proc_handler = do_next_id;
	special[SPECIAL_GRANTABLE].procname = "max_grantable_rpcs";
	special[SPECIAL_GRANTABLE].proc_handler = do_grantable;

	hn->sysctl = register_net_sysctl_sz(hn->net, "net/homa", table,
					    num);
	if (hn->sysctl)
		return 0;
	kfree(hn->sysctl_inert);
err_table:
	kfree(table);
	return -ENOMEM;
}

/**
 * homa_sysctl_exit() - the reverse
 * @hn: namespace
 */
void homa_sysctl_exit(struct homa_net *hn)
{
	HOMA_CTL_TABLE *table = hn->sysctl->ctl_table_arg;

	unregister_net_sysctl_table(hn->sysctl);
	kfree(hn->sysctl_inert);
	kfree(table);
}
