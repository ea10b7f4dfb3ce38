#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock
#
# The parameters under net.homa that this module has, with their defaults,
# permissions and ranges, and the format of /proc/net/homa_metrics (uapi §13,
# §14). It has not all names of the reference, so this proves only a part of
# C27 and does not claim it.
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
cutoff_version 1 ro
defer_min_bytes 1000
fifo_grant_increment 50000
flags 0
grant_fifo_fraction 50
link_mbps 25000
max_incoming 400000
max_nic_est_backlog_usecs 5
max_overcommit 8
max_sched_prio 3 ro
num_priorities 8
pacer_fifo_fraction 50
peer_idle_secs_min 10
peer_net_max 10000
priority_map 0_1_2_3_4_5_6_7
request_ack_ticks 2
resend_interval 5
resend_ticks 5
timeout_ticks 100
unsched_bytes 40000
unsched_cutoffs 0_0_0_0_1000000_15000_2800_200
window 0
wmem_max 100000000
END
[ $wrong = 0 ] || die "$wrong parameters are wrong"
ok "parameters"

# Whatever is written, a parameter stays in its range (each by its own).
refused() {
	if echo "$2" >$dir/$1 2>/dev/null; then die "$1 takes $2"; fi
}
for bad in -1 99999999999 word; do
	for name in unsched_bytes max_incoming window max_overcommit link_mbps num_priorities \
		resend_ticks resend_interval timeout_ticks request_ack_ticks unsched_cutoffs priority_map; do
		refused $name $bad
	done
done
for name in unsched_bytes max_overcommit num_priorities resend_ticks resend_interval timeout_ticks link_mbps; do
	refused $name 0
done
refused num_priorities 9
refused timeout_ticks 5		# not behind the first RESEND
ok "ranges"
echo 6 >$dir/num_priorities || die "num_priorities does not take 6"
[ "$(cat $dir/cutoff_version)" = 2 ] || die "new cutoffs have the old version"
echo 8 >$dir/num_priorities

# Each namespace has its own.
new_host n
echo 12345 >$dir/unsched_bytes
[ "$(in_ns n cat $dir/unsched_bytes)" = 40000 ] || die "a namespace sees the settings of another"
echo 40000 >$dir/unsched_bytes
ok "namespaces"

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
		n = split("" \
			"client_requests_started " \
			"client_requests_done client_responses_done " \
			"server_requests_started server_requests_done server_responses_started " \
			"server_responses_done sent_msg_bytes packets_sent_DATA " \
			"packets_sent_GRANT packets_sent_RESEND packets_sent_RPC_UNKNOWN " \
			"packets_sent_BUSY packets_sent_CUTOFFS packets_sent_NEED_ACK " \
			"packets_sent_ACK packets_rcvd_DATA packets_rcvd_ACK priority0_bytes " \
			"priority7_packets " \
			"resent_packets unknown_rpcs " \
			"short_packets rpc_timeouts", name, " ")
		for (i = 1; i <= n; i++)
			if (!(name[i] in seen)) { print "no counter " name[i]; bad++ }
		if (cores < 1) { print "no core lines"; bad++ }
		exit bad ? 1 : 0
	}' $metrics || die "format of $metrics"
ok "metrics"
