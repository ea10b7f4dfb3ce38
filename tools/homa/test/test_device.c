// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa doctor and devices that delay interrupts, have several queues, and sort by
 * priority: no machine of the tests has one, so the answers of the kernel are made
 * here (the linker puts __wrap_ functions in the place of the real ones).
 */
#include <linux/dcbnl.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "../doctor.h"

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_nl_recvmsgs_default(struct nl_sock *sk);
int __wrap_nl_socket_modify_cb(struct nl_sock *sk, enum nl_cb_type type, enum nl_cb_kind kind,
			       nl_recvmsg_msg_cb_t func, void *arg);

/* What the device is like. */
static struct {
	bool coalesces;
	bool adaptive;
	unsigned int usecs;
	unsigned int queues, queues_max;	/* 0 = it does not say */
	bool has_dcb;
	unsigned int num_dscp;
} device;

static nl_recvmsg_msg_cb_t on_message;
static void *on_message_arg;

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct ethtool_coalesce *coalesce;
	struct ethtool_channels *channels;
	struct ifreq *ifr = arg;

	if (request != SIOCETHTOOL)
		return __real_ioctl(fd, request, arg);
	switch (*(uint32_t *)ifr->ifr_data) {
	case ETHTOOL_GCOALESCE:
		coalesce = (struct ethtool_coalesce *)ifr->ifr_data;
		coalesce->use_adaptive_rx_coalesce = device.adaptive;
		coalesce->rx_coalesce_usecs = device.usecs;
		return device.coalesces ? 0 : -1;
	case ETHTOOL_GCHANNELS:
		channels = (struct ethtool_channels *)ifr->ifr_data;
		channels->combined_count = device.queues;
		channels->max_combined = device.queues_max;
		return device.queues_max ? 0 : -1;
	}
	return -1;
}

int __wrap_nl_socket_modify_cb(struct nl_sock *sk, enum nl_cb_type type, enum nl_cb_kind kind,
			       nl_recvmsg_msg_cb_t func, void *arg)
{
	(void)sk;
	(void)type;
	(void)kind;
	on_message = func;
	on_message_arg = arg;
	return 0;
}

/* The answer of a device that has priorities, as dcbnl_ieee_fill() of Linux writes it. */
int __wrap_nl_recvmsgs_default(struct nl_sock *sk)
{
	struct dcbmsg header = { .dcb_family = AF_UNSPEC, .cmd = DCB_CMD_IEEE_GET };
	struct dcb_app app = { .selector = IEEE_8021QAZ_APP_SEL_DSCP };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETDCB, 0);
	struct nlattr *ieee, *table;
	unsigned int i;

	(void)sk;
	if (device.has_dcb) {
		assert_int_equal(nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO), 0);
		nla_put_string(msg, DCB_ATTR_IFNAME, "lo");
		ieee = nla_nest_start(msg, DCB_ATTR_IEEE);
		table = nla_nest_start(msg, DCB_ATTR_IEEE_APP_TABLE);
		for (i = 0; i < device.num_dscp; i++) {
			app.protocol = (uint16_t)(8 * i);
			nla_put(msg, DCB_ATTR_IEEE_APP, sizeof(app), &app);
		}
		nla_nest_end_keep_empty(msg, table);
		nla_nest_end_keep_empty(msg, ieee);
		on_message(msg, on_message_arg);
	}
	nlmsg_free(msg);
	return 0;
}

/* What doctor says of @check; its command is in @mend. */
static enum doctor_level level_of(const char *check, char *mend, size_t size)
{
	enum doctor_level level = DOCTOR_OK;
	struct doctor d = { 0 };
	bool found = false;
	size_t i;

	doctor_dev(&d, "lo");
	mend[0] = 0;
	for (i = 0; i < d.count; i++) {
		if (!strcmp(d.findings[i].check, check)) {
			found = true;
			level = d.findings[i].level;
			snprintf(mend, size, "%s", d.findings[i].mend ? d.findings[i].mend : "");
		}
		free(d.findings[i].check);
		free(d.findings[i].what);
		free(d.findings[i].mend);
	}
	free(d.findings);
	assert_true(found);
	return level;
}

static void interrupts_are_judged(void **state)
{
	char mend[200];

	(void)state;
	memset(&device, 0, sizeof(device));
	assert_int_equal(level_of("interrupts lo", mend, sizeof(mend)), DOCTOR_OK);
	device.coalesces = true;
	device.usecs = 5;
	assert_int_equal(level_of("interrupts lo", mend, sizeof(mend)), DOCTOR_OK);
	device.usecs = 50;
	assert_int_equal(level_of("interrupts lo", mend, sizeof(mend)), DOCTOR_NOTE);
	assert_string_equal(mend, "ethtool -C lo adaptive-rx off rx-usecs 5");
	device.usecs = 0;
	device.adaptive = true;
	assert_int_equal(level_of("interrupts lo", mend, sizeof(mend)), DOCTOR_NOTE);
	assert_string_equal(mend, "ethtool -C lo adaptive-rx off rx-usecs 5");
}

static void queues_are_judged(void **state)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	char mend[200], want[200];

	(void)state;
	memset(&device, 0, sizeof(device));
	device.queues_max = 4 * cpus;
	assert_int_equal(level_of("queues lo", mend, sizeof(mend)), DOCTOR_NOTE);
	snprintf(want, sizeof(want), "ethtool -L lo combined %u", cpus);
	assert_string_equal(mend, want);
	device.queues = cpus;
	level_of("queues lo", mend, sizeof(mend));
	assert_null(strstr(mend, "ethtool -L"));
	/* All that it can have. */
	device.queues_max = device.queues = 1;
	level_of("queues lo", mend, sizeof(mend));
	assert_null(strstr(mend, "ethtool -L"));
}

static void priorities_are_judged(void **state)
{
	char mend[200];

	(void)state;
	memset(&device, 0, sizeof(device));
	assert_int_equal(level_of("dscp lo", mend, sizeof(mend)), DOCTOR_OK);
	device.has_dcb = true;
	assert_int_equal(level_of("dscp lo", mend, sizeof(mend)), DOCTOR_NOTE);
	assert_string_equal(mend, "dcb app replace dev lo dscp-prio 0:0 8:1 16:2 24:3 32:4 40:5 "
			    "48:6 56:7");
	device.num_dscp = 8;
	assert_int_equal(level_of("dscp lo", mend, sizeof(mend)), DOCTOR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interrupts_are_judged),
		cmocka_unit_test(queues_are_judged),
		cmocka_unit_test(priorities_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
