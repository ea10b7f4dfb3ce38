# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# shellcheck shell=sh
#
# Many short RPCs at a time, as ./dev bench measures and ./dev profile takes apart.
# Sourced, after hosts_veth.

# many_hosts: s has the addresses 10.1.0.1 to 10.1.0.64
many_hosts() {
	ip -n c route add 10.1.0.0/16 via 10.0.0.2
	# Not a local route for all of them: packets to any address would be looked up
	# twice from then on, as on no usual host.
	seq 64 | sed 's,.*,address add 10.1.0.&/32 dev lo,' | ip -n s -batch - ||
		die "no addresses"
}

# many_options WORK PROTO: what bench_load is to do
many_options() {
	one="-c 1"
	[ "$(grep -c ^processor /proc/cpuinfo)" -gt 1 ] || one=
	batch=
	[ "$2" != exchange ] || batch="-b 16"
	case $1 in
	threads) echo "$one $batch -n 64 -t 4 10.0.0.2" ;;
	batches) echo "$one -n 64 -t 4 -b 16 10.0.0.2" ;;
	servers) echo "$one $batch -n 64 -s 64 10.1.0.1" ;;
	cpus)	echo "$batch -n 64 -t 16 10.0.0.2" ;;
	*)	die "no work with many RPCs is called $1" ;;
	esac
}
