#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Round trip times of Homa, UDP and TCP, side by side in one boot. Runs inside a
# guest (./dev bench). Prints tables; $HOMA_OUT/bench.json has the same numbers.
#
#    bench.sh                 times are wall time
#    bench.sh instructions    the guest runs under qemu -icount shift=0, where
#                             a nanosecond is one executed instruction
#
#   +--------- c ---------+            +--------- s ---------+
#   | client   10.0.0.1 c0|----veth----|s0 10.0.0.2   server |
#   +---------------------+            +---------------------+
#   loopback: client and server both in c, 127.0.0.1
. "$HOMA_TESTS/lib.sh"

case "${1:-time}" in
instructions) unit="thousand instructions" pin="-c 1" ;;
*) unit="microseconds" pin= ;;
esac

json="${HOMA_OUT:-/tmp}/bench.json"
lines="${HOMA_OUT:-/tmp}/bench.lines"

# measure LINK PROTO BYTES ROUNDS WARMUP ADDRESS NETNS-OF-SERVER
measure() {
	# shellcheck disable=SC2086 # $pin is two words or none
	bench_rtt -j $pin -L "$1" -P "$2" -l "$3" -r "$4" -w "$5" -C c -S "$7" "$6" >>"$lines" ||
		die "bench_rtt of $2, $3 bytes over $1 failed"
}

# Rounds are chosen so that all of it takes under five minutes in emulation;
# fewer for long messages, whose times vary less.
all_of() {
	for proto in udp tcp homa; do
		measure "$1" $proto 100 1000 200 "$2" "$3"
		measure "$1" $proto 20000 300 50 "$2" "$3"
		[ $proto = udp ] || measure "$1" $proto 500000 50 10 "$2" "$3"
	done
}

table() {
	awk -v link="$1" -v unit="$unit" '
	function field(name,   text) {
		if (!match($0, "\"" name "\":\"?[^,\"}]*"))
			return ""
		text = substr($0, RSTART, RLENGTH)
		sub(/^[^:]*:"?/, "", text)
		return text
	}
	function ratio(of, to) {
		return to ? sprintf("%.2f", of / to) : "-"
	}
	field("link") == link {
		key = field("proto") " " field("bytes")
		median[key] = field("median_ns") / 1000
		p99[key] = field("p99_ns") / 1000
		lost += field("lost")
	}
	END {
		printf "\nRound trips over %s, in %s\n", link, unit
		printf "%9s %-5s %11s %11s %9s %9s\n", "bytes", "", "median", "p99", "to TCP", "to UDP"
		sizes = split("100 20000 500000", size, " ")
		protos = split("homa udp tcp", proto, " ")
		for (i = 1; i <= sizes; i++)
			for (j = 1; j <= protos; j++) {
				key = proto[j] " " size[i]
				if (!median[key])
					continue
				printf "%9d %-5s %11.1f %11.1f %9s %9s\n", size[i], proto[j],
					median[key], p99[key],
					ratio(median[key], median["tcp " size[i]]),
					ratio(median[key], median["udp " size[i]])
			}
		if (lost)
			printf "%d UDP answers were lost and repeated\n", lost
	}' "$lines"
}

hosts_veth
ip -n c link set lo up
: >"$lines"
all_of veth 10.0.0.2 s
all_of loopback 127.0.0.1 c

{
	printf '{"kernel":"%s","unit":"%s","results":[\n' "$(uname -r)" \
		"$([ "$unit" = microseconds ] && echo ns || echo instructions)"
	sed '$!s/$/,/' "$lines"
	printf ']}\n'
} >"$json"
table veth
table loopback
rm "$lines"
echo
echo '"to TCP" and "to UDP" compare medians; under 1 is faster. Client and server exchange'
echo "as many bytes each way${pin:+, both on one of two processors}. UDP is shown where a datagram"
echo "can hold the message."
