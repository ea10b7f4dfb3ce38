#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C27
# tier: uml stock
#
# The parameters under net.homa with their defaults and permissions, and the
# format of /proc/net/homa_metrics (uapi §13, §14).
. "$HOMA_TESTS/lib.sh"

dir=/proc/sys/net/homa
wrong=0

# NAME DEFAULT [ro]; "-" = the default is not specified
while read -r name default mode; do
	[ -n "$name" ] || continue
	if [ ! -e $dir/$name ]; then
		echo "no parameter $name"
		wrong=$((wrong + 1))
		continue
	fi
	want=644
	[ "$mode" = ro ] && want=444
	got=$(stat -c %a $dir/$name)
	[ "$got" = $want ] || { echo "$name: mode $got, expected $want"; wrong=$((wrong + 1)); }
	got=$(tr '\t' ' ' <$dir/$name)
	want=$(echo "$default" | tr _ ' ')
	[ "$want" = - ] || [ "$got" = "$want" ] ||
		{ echo "$name: $got, expected $want"; wrong=$((wrong + 1)); }
done <<END
accept_bits 0
action 0
bpage_lease_usecs 10000
busy_usecs 100
cutoff_version 1 ro
dead_buffs_limit 5000
defer_min_bytes 1000
drop_bits 0
fifo_grant_increment 50000
flags 0
freeze_type 0
gen3_softirq_cores -
grant_fifo_fraction 50
gro_busy_usecs 5
gro_policy 114
gso_force_software 0
hijack_tcp 0
homa_share 50
link_mbps 25000
max_dead_buffs 0
max_grantable_rpcs 0
max_gro_skbs 20
max_gso_size 0
max_incoming 400000
max_link_usage 99
max_nic_est_backlog_usecs 5
max_nic_queue_usecs 40
max_overcommit 8
max_sched_prio 3 ro
next_id 0
num_priorities 8
pacer_fifo_fraction 50
peer_gc_threshold 5000
peer_idle_secs_min 10
peer_idle_secs_max 120
peer_net_max 10000
poll_usecs 50
priority_map 0_1_2_3_4_5_6_7
reap_limit 10
request_ack_ticks 2
resend_interval 5
resend_ticks 5
skb_page_frees_per_sec 1000
skb_page_pool_min_kb 3000
temp 0_0_0_0
timeout_resends -
timeout_ticks 100
unsched_bytes 40000
unsched_cutoffs 0_0_0_0_1000000_15000_2800_200
verbose 0
window 0
wmem_max 100000000
END
[ $wrong = 0 ] || die "$wrong parameters are wrong"
ok "parameters"

metrics=/proc/net/homa_metrics
[ "$(stat -c %a $metrics)" = 444 ] || die "mode of $metrics"
awk '
	NR == 1 && $1 != "time_cycles" { print "line 1:", $0; bad++ }
	NR == 2 && $1 != "cpu_khz" { print "line 2:", $0; bad++ }
	$1 == "core" { cores++ }
	# name (30, left) space value (20, right) space description
	(substr($0, 1, 31) !~ /^[A-Za-z0-9_]+ +$/ ||
	 substr($0, 32, 20) !~ /^ *[0-9]+$/ || substr($0, 52, 1) != " " ||
	 length($0) < 54) { if (bad++ < 5) print "line " NR ":", $0 }
	{ seen[$1] = 1 }
	END {
		n = split("msg_bytes_64 msg_bytes_4096 msg_bytes_5120 msg_bytes_131072 " \
			"large_msg_count large_msg_bytes client_requests_started " \
			"client_requests_done client_responses_started client_responses_done " \
			"server_requests_started server_requests_done server_responses_started " \
			"server_responses_done sent_msg_bytes packets_sent_DATA " \
			"packets_sent_GRANT packets_sent_RESEND packets_sent_RPC_UNKNOWN " \
			"packets_sent_BUSY packets_sent_CUTOFFS packets_sent_NEED_ACK " \
			"packets_sent_ACK packets_rcvd_DATA packets_rcvd_ACK priority0_bytes " \
			"priority7_packets requests_received responses_received wait_none " \
			"wait_fast wait_block resent_packets packet_discards unknown_rpcs " \
			"short_packets rpc_timeouts", name, " ")
		for (i = 1; i <= n; i++)
			if (!(name[i] in seen)) { print "no counter " name[i]; bad++ }
		if (cores < 1) { print "no core lines"; bad++ }
		exit bad ? 1 : 0
	}' $metrics || die "format of $metrics"
ok "metrics"
