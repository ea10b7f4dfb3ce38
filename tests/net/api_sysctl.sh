#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C27
# tier: uml stock newest
#
# All parameters under net.homa with their defaults, permissions and ranges, and
# the format of /proc/net/homa_metrics (uapi §13, §14).
. "$HOMA_TESTS/lib.sh"

dir=/proc/sys/net/homa
wrong=0
: >/tmp/names

# NAME DEFAULT MIN MAX; "-" is not specified, a list has "_" between its values. man/homa.7
# says the same (tests/check/manual.py).
cat >/tmp/table <<END
accept_bits 0 0 2147483647
action 0 0 2147483647
bpage_lease_usecs 10000 0 1000000
busy_usecs 100 0 1000000
cutoff_version 1 ro
cutoffs_pinned 0 0 1
dead_buffs_limit 5000 0 2147483647
defer_min_bytes 1000 0 1000000
drop_bits 0 0 2147483647
fifo_grant_increment 50000 0 1000000
flags 0 0 2
freeze_type 0 0 2147483647
gen3_softirq_cores -1_-1_-1_-1 -1 2147483647
grant_fifo_fraction 50 0 500
gro_busy_usecs 5 0 1000000
gro_policy 114 0 255
gso_force_software 0 0 1
hijack_tcp 0 0 0
homa_mem - - -
homa_share 50 0 100
incast_bytes 100000 0 1073741824
link_mbps 25000 1 4194304
max_dead_buffs 0 0 2147483647
max_grantable_rpcs 0 0 2147483647
max_gro_skbs 20 1 2147483647
max_gso_size 0 0 2147483647
max_incoming 400000 1 1073741824
max_link_usage 99 5 100
max_nic_est_backlog_usecs 5 1 100000
max_nic_queue_usecs 40 0 1000000
max_overcommit 8 1 8
max_sched_prio 3 ro
next_id 0 0 2147483646
num_priorities 8 1 8
pacer_fifo_fraction 50 0 500
peer_gc_threshold 5000 0 16777216
peer_idle_secs_max 120 0 86400
peer_idle_secs_min 10 0 86400
peer_net_max 10000 16 16777216
poll_usecs 50 0 1000000
priority_map 0_1_2_3_4_5_6_7 0 7
privileged_ports 1 0 1
reap_limit 10 0 2147483647
request_ack_ticks 2 1 1000
resend_interval 5 1 1000
resend_ticks 5 1 1000
rpc_net_max 400000 1 16777216
rpc_sock_max 100000 1 16777216
skb_page_frees_per_sec 1000 0 2147483647
skb_page_pool_min_kb 3000 0 2147483647
temp 0_0_0_0 -2147483648 2147483647
timeout_resends 5 0 2147483647
timeout_ticks 100 2 4000
tune_windows 1 0 1
unsched_bytes 40000 1 1000000
unsched_cutoffs 0_0_0_0_1000000_15000_2800_200 0 2147483647
verbose 0 0 1
window 0 0 1073741824
wmem_max 100000000 4096 2147483647
END
while read -r name default min max; do
	[ -n "$name" ] || continue
	echo "$name" >>/tmp/names
	if [ ! -e $dir/$name ]; then
		echo "no parameter $name"
		wrong=$((wrong + 1))
		continue
	fi
	want=644
	[ "$min" = ro ] && want=444
	got=$(stat -c %a $dir/$name)
	[ "$got" = $want ] || { echo "$name: mode $got, expected $want"; wrong=$((wrong + 1)); }
	got=$(tr '\t' ' ' <$dir/$name)
	want=$(echo "$default" | tr _ ' ')
	[ "$want" = - ] || [ "$got" = "$want" ] ||
		{ echo "$name: $got, expected $want"; wrong=$((wrong + 1)); }
done </tmp/table
for file in $dir/*; do
	grep -qx "${file##*/}" /tmp/names && continue
	echo "$file is not in the table"
	wrong=$((wrong + 1))
done
[ $wrong = 0 ] || die "$wrong parameters are wrong"
ok "parameters"

# Whatever is written, a parameter stays in its range (each by its own).
refused() {
	if echo "$2" >$dir/$1 2>/dev/null; then die "$1 takes $2"; fi
}
for bad in -1 99999999999 word; do
	for file in $dir/*; do
		name=${file##*/}
		[ $bad = -1 ] && [ $name = temp -o $name = gen3_softirq_cores ] && continue
		refused $name $bad
	done
done
for name in unsched_bytes max_overcommit num_priorities resend_ticks resend_interval timeout_ticks \
	link_mbps; do
	refused $name 0
done
refused num_priorities 9
refused timeout_ticks 5		# not behind the first RESEND
refused hijack_tcp 1		# Homa inside TCP is not spoken here
refused next_id 1001		# a server's
refused cutoffs_pinned 2
ok "refused"

# bounds: in its namespace, each parameter takes the ends of its range, and nothing beyond
# (without other programs: the debug kernel takes its time to start them)
cat >/tmp/bounds <<'END'
cd /proc/sys/net/homa || exit 1
wrong=0 all=0

complain() { echo "$*"; wrong=$((wrong + 1)); }

# look NAME: its value is in $now, the number of its values in $count
look()
{
	read -r now <"$1"
	set -- $now
	now="$*" count=$#
}

# list COUNT VALUE: in $list
list()
{
	list=$2
	left=$1
	while [ $((left -= 1)) -gt 0 ]; do
		list="$list $2"
	done
}

# holds NAME VALUE: whether it was taken and is there now
holds()
{
	echo "$2" 2>/dev/null >"$1" || return 1
	case $1 in
	next_id) return 0 ;;	# reads 0
	unsched_cutoffs) set -- "$1" "2147483647 ${2#* }" ;;
	esac
	look "$1"
	[ "$now" = "$2" ]
}

while read -r name default min max; do
	case $min in ro|-) continue ;; esac
	# A time-out is longer than what comes before it.
	case $name in
	resend_ticks) echo 4000 >timeout_ticks ;;
	timeout_ticks) echo 1 >resend_ticks ;;
	esac
	for value in $min $max; do
		look $name
		list $count $value
		holds $name "$list" || complain "$name refuses $value, its boundary"
	done
	look $name
	before=$now
	for value in $((min - 1)) $((max + 1)); do
		list $count $value
		if echo "$list" 2>/dev/null >$name; then complain "$name takes $value"; fi
	done
	look $name
	[ "$now" = "$before" ] || complain "$name changed although a value was refused"
	IFS=_
	set -- $default
	unset IFS
	echo "$*" >$name || complain "$name does not take its default"
	echo 100 >timeout_ticks
	echo 5 >resend_ticks
	all=$((all + 1))
done </tmp/table
echo "$all parameters at both ends of their ranges, $wrong wrong"
[ $wrong = 0 ] && [ $all -ge 50 ]
END
new_host b
in_ns b sh /tmp/bounds || die "ranges"
ok "ranges"

echo 6 >$dir/num_priorities || die "num_priorities does not take 6"
[ "$(cat $dir/cutoff_version)" = 2 ] || die "new cutoffs have the old version"
echo 8 >$dir/num_priorities

# Those without effect remember what was written.
echo 1234 >$dir/reap_limit || die "reap_limit is not writable"
[ "$(cat $dir/reap_limit)" = 1234 ] || die "reap_limit forgets"
echo "1 2 3 4" >$dir/temp || die "temp is not writable"
[ "$(tr '\t' ' ' <$dir/temp)" = "1 2 3 4" ] || die "temp forgets"
echo 1000 >$dir/next_id || die "next_id is not writable"
[ "$(cat $dir/next_id)" = 0 ] || die "next_id tells the next id"

# A table chosen by hand stays; it says so.
echo "0 0 0 0 0 0 1000000 500" >$dir/unsched_cutoffs || die "unsched_cutoffs"
[ "$(cat $dir/cutoffs_pinned)" = 1 ] || die "a table chosen by hand is not pinned"
[ "$(cat $dir/max_sched_prio)" = 5 ] || die "max_sched_prio does not follow"

# Each namespace has its own.
new_host n
echo 12345 >$dir/unsched_bytes
for name in unsched_bytes:40000 reap_limit:10 cutoffs_pinned:0 cutoff_version:1; do
	[ "$(in_ns n cat $dir/${name%:*})" = ${name#*:} ] || die "${name%:*} is shared by namespaces"
done
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
			"msg_bytes_64 msg_bytes_4096 msg_bytes_5120 msg_bytes_131072 " \
			"large_msg_count large_msg_bytes " \
			"client_requests_started client_requests_done " \
			"client_request_bytes_started client_request_bytes_done " \
			"client_responses_started client_responses_done " \
			"client_response_bytes_started client_response_bytes_done " \
			"server_requests_started server_requests_done " \
			"server_request_bytes_started server_request_bytes_done " \
			"server_responses_started server_responses_done " \
			"server_response_bytes_started server_response_bytes_done " \
			"sent_msg_bytes requests_received responses_received gaps_created " \
			"wait_none wait_fast wait_block handoffs_thread_waiting handoffs_alt_thread " \
			"poll_cycles blocked_cycles softirq_cycles send_cycles recv_cycles reply_cycles " \
			"resent_packets resent_packets_used resent_discards packet_discards " \
			"unknown_rpcs unknown_packet_types short_packets server_cant_create_rpcs " \
			"rpc_timeouts server_rpc_discards server_rpcs_unknown " \
			"control_xmit_errors data_xmit_errors peer_allocs peer_kmalloc_errors " \
			"peer_route_errors peer_dst_refreshes pacer_homa_bytes pacer_tcp_bytes " \
			"pacer_fifo_bytes pacer_help_bytes nic_backlog_cycles fifo_grant_bytes " \
			"needy_grants grant_check_calls grantable_rpcs_integral throttle_list_adds " \
			"reaper_calls reaper_dead_skbs disabled_reaps deferred_rpc_reaps " \
			"ack_overflows bpage_reuses buffer_alloc_failures dropped_data_no_bufs " \
			"gro_data_bypasses gro_grant_bypasses", name, " ")
		types = split("DATA GRANT RESEND RPC_UNKNOWN BUSY CUTOFFS FREEZE NEED_ACK ACK", type, " ")
		for (i = 1; i <= types; i++) {
			name[++n] = "packets_sent_" type[i]
			name[++n] = "packets_rcvd_" type[i]
		}
		for (i = 0; i < 8; i++) {
			name[++n] = "priority" i "_bytes"
			name[++n] = "priority" i "_packets"
		}
		for (i = 1; i <= n; i++)
			if (!(name[i] in seen)) { print "no counter " name[i]; bad++ }
		if (cores < 1) { print "no core lines"; bad++ }
		exit bad ? 1 : 0
	}' $metrics || die "format of $metrics"
ok "metrics"
