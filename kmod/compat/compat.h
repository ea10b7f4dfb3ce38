/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Older kernels, adapted to the newest one.
 *
 * The module is written for the newest kernel it supports; whatever an older
 * one lacks is supplied here under its new name.  This is the only directory
 * with kernel version tests.
 */
#ifndef HOMA_COMPAT_H
#define HOMA_COMPAT_H

#include <linux/version.h>
#include <linux/hrtimer.h>
#include <linux/sysctl.h>
#include <net/sock.h>
#include <net/net_namespace.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "Homa needs Linux 6.1 or newer"
#endif

/* hrtimer_setup() came with 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void
homa_compat_hrtimer_setup(struct hrtimer *timer,
			  enum hrtimer_restart (*function)(struct hrtimer *),
			  clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}

#define hrtimer_setup homa_compat_hrtimer_setup
#endif

/*
 * Sized sysctl tables came with 6.6; before, and up to 6.10, a table ends
 * with an empty entry.  HOMA_SYSCTL_SENTINEL is that entry's count.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define HOMA_SYSCTL_SENTINEL 1
static inline struct ctl_table_header *
homa_compat_register_sysctl(struct net *net, const char *path,
			    struct ctl_table *table, size_t size)
{
	return register_net_sysctl(net, path, table);
}

#define register_net_sysctl_sz homa_compat_register_sysctl
#else
#define HOMA_SYSCTL_SENTINEL 0
#endif

/* From 6.11 on the table given to handlers is const. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define HOMA_CTL_TABLE struct ctl_table
#else
#define HOMA_CTL_TABLE const struct ctl_table
#endif

/* Since 6.6 a protocol says where its sockets keep their IPv6 part; before,
 * it was taken to be the last member.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define HOMA_PINFO_OFFSET(type, member)
#else
#define HOMA_PINFO_OFFSET(type, member) \
	.ipv6_pinfo_offset = offsetof(type, member),
#endif

#endif /* HOMA_COMPAT_H */
