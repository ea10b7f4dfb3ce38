#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Inside a guest: run each test of the plan and report on fd 3.
#
# The plan ($HOMA_BASE/plan or $HOMA_PLAN) has one line per test:
#   NAME GUARD_SECONDS FILE
# Verdicts are "@start NAME", "@result NAME pass|fail|skip REASON", "@reboot",
# "@fatal WHY" and "@end". No @result means that the test failed.

plan=${HOMA_PLAN:-$HOMA_BASE/plan}
. "$HOMA_BASE/guest/report.sh"

# What no test may leave in the kernel log.
splat='WARNING:|BUG:|BUG |Oops|KASAN|kernel BUG|possible (circular|recursive|irq)|inconsistent lock'
splat="$splat|suspicious RCU|INFO: |UBSAN|unregister_netdevice: waiting|ref_tracker|refcount_t:"
splat="$splat|leaked|rcu.*stall|soft lockup|hard LOCKUP|general protection"
splat="$splat|Call Trace|ODEBUG"
# What looks like one and is none. The tracker of references says the last one when an
# allocation of its own was made to fail.
no_splat='kmemleak: '	# see scan_leaks
no_splat="$no_splat|ref_tracker: memory allocation failure, unreliable"

# Reports of KCSAN (stdin) but those without a function of ours among the first
# five of any stack: Linux has data races of its own, which no other kernel of ours
# would tell of. Our own calls may race in functions that they call.
our_races()
{
	awk '
		function end_of_report() {
			if (ours)
				printf "%s", report
			else
				others++
			inside = 0
		}
		/={50,}$/ {
			if (inside) {
				report = report $0 "\n"
				end_of_report()
			} else {
				inside = 1
				ours = 0
				depth = 0
				report = $0 "\n"
			}
			next
		}
		!inside	{ print; next }
		{ report = report $0 "\n" }
		/ (by (task|interrupt)|cpu [0-9]+:$)/ { depth = 0; next }
		{ depth++ }
		/\[homa/ && depth <= 5 { ours = 1 }
		END {
			if (inside)
				end_of_report()
			if (others)
				print "Data races in Linux, not in Homa: " others
		}'
}

scan_log() # sets reason when the kernel complained since the last call
{
	if [ "$HOMA_TIER" = kcsan ]; then
		dmesg -c | our_races >/run/dmesg
		# A checker that is off would find nothing, too.
		grep -E '^(setup_watchpoints|data_races):' /sys/kernel/debug/kcsan >/run/kcsan
		relay 'k| KCSAN so far: ' </run/kcsan
		watched_now=$(sed -n 's/^setup_watchpoints: //p' /run/kcsan)
		[ "${watched_now:-0}" -gt "${watched:-0}" ] || reason=${reason:-"KCSAN is off"}
		watched=$watched_now
	else
		dmesg -c >/run/dmesg
	fi
	relay 'k| ' </run/dmesg
	bad=$(grep -E "$splat" /run/dmesg | grep -v -E "$no_splat" | head -n 1)
	[ -z "$bad" ] || reason=${reason:-"kernel log: $bad"}
}

# finds_a_race: KCSAN reports a race that was made for it, and we see it. One that
# finds nothing because it cannot would otherwise look like one that has nothing to find.
finds_a_race()
{
	insmod "$HOMA_BASE/homa_race.ko" || return
	until_ok 300 race_is_reported
	found=$?
	rmmod homa_race || return
	[ $found = 0 ] || return
	emit "k| KCSAN found the race that was put there: $(grep -E '^(setup_watchpoints|data_races):' \
		/sys/kernel/debug/kcsan | tr '\n' ' ')"
	dmesg -c >/dev/null
}
race_is_reported() { dmesg | our_races | grep -q 'BUG: KCSAN: data-race in race \[homa_race\]'; }

leak=/sys/kernel/debug/kmemleak
[ -w $leak ] || leak=

# Leaks (stdin) but those of SLUB, which forgets the name of a cache whose directory in
# /sys it cannot make: faults_load lets that happen.
our_leaks()
{
	awk '
		function end_of_leak() {
			if (ours)
				printf "%s", text
			text = ""
		}
		/^unreferenced/ { end_of_leak(); ours = 1 }
		/sysfs_slab_add/ { ours = 0 }
		{ text = text $0 "\n" }
		END { end_of_leak() }'
}

scan_leaks()
{
	[ -n "$leak" ] || return 0
	# kmemleak ignores objects younger than 5 s; virtual seconds are free.
	# Real ones are not, and what leaks is still there after unloading.
	[ "$HOMA_TIER" != smp ] || [ "$1" != "module loaded" ] || return 0
	# The second sleep gives RCU time to free what is left of the first.
	sleep 6
	sleep 1
	echo scan >$leak
	echo scan >$leak
	our_leaks <$leak >/run/leaks
	if [ -s /run/leaks ]; then
		relay 'k| ' </run/leaks
		reason=${reason:-"kmemleak: $(grep -c '^unreferenced' /run/leaks) leaked objects ($1)"}
		echo clear >$leak
	fi
}

until_ok() # TRIES CMD...: poll, 10 tries per second
{
	tries=$1
	shift
	while ! "$@" 2>/run/until_err; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

no_namespaces() { [ -z "$(ip netns list-id 2>/dev/null)" ]; }

emit "@boot $(uname -r)"
reason=
# What booting left behind is not a test's doing.
scan_leaks boot
reason=
dmesg -c >/dev/null
if [ "$HOMA_TIER" = kcsan ]; then
	# Off until here, because booting takes long enough.
	echo on >/sys/kernel/debug/kcsan
	finds_a_race || { dmesg | relay 'k| '; emit "@fatal KCSAN did not find the race that was put there"; exit 1; }
fi
insert_module || { dmesg | relay 'k| '; emit "@fatal insmod failed"; exit 1; }
scan_log
[ -z "$reason" ] || { emit "@fatal loading the module: $reason"; exit 1; }

while read -r name guard file; do
	emit "@start $name"
	reason=
	rm -f /run/rc
	# A private mount and PID namespace: when the wrapper ends, every
	# process and every named network namespace of the test ends with it.
	# The log is relayed while the test runs, so a hang shows its last words.
	# TEST_GUARD is guest time; the host has its own guard in wall time.
	TEST_NAME=$name TEST_GUARD=$guard TEST_FILE=$file \
		unshare -m -p -f --kill-child bash "$HOMA_BASE/guest/one-test.sh" </dev/null 2>&1 | relay '| '
	rc=$(cat /run/rc 2>/dev/null)
	case $rc in
	0)	verdict=pass ;;
	77)	verdict=skip; reason= ;;
	'')	verdict=fail; reason="the test was killed" ;;
	124|137|143) verdict=fail; reason="timed out after $guard s of guest time" ;;
	*)	verdict=fail; reason="exit status $rc" ;;
	esac
	skip_why=$(cat /run/skip 2>/dev/null)
	rm -f /run/skip

	until_ok 150 no_namespaces ||
		reason=${reason:-"a network namespace outlives the test"}
	for dev in $(ls /sys/class/net); do
		case $dev in
		lo|eth*|sit0|tunl0|dummy0|ifb*|bonding_masters|ip6tnl0) ;;
		*) ip link del "$dev" 2>/dev/null ;;
		esac
	done
	scan_log
	scan_leaks "module loaded"
	stuck=
	until_ok 100 remove_module || {
		stuck=1
		reason=${reason:-"the module cannot be unloaded: $(cat /run/until_err)"}
	}
	[ -n "$stuck" ] || scan_leaks "after unload"
	[ -n "$stuck" ] || insert_module || {
		stuck=1
		reason=${reason:-"the module cannot be loaded again"}
	}
	scan_log

	[ -z "$reason" ] || verdict=fail
	[ "$verdict" = skip ] && reason=$skip_why
	send_artefacts
	emit "@result $name $verdict $reason"
	# A module that is stuck, or a kernel that complained, is no place for
	# the next test; the host boots afresh for the rest of the plan.
	if [ "$verdict" = fail ] && { [ -n "$stuck" ] || [ -n "$bad" ]; }; then
		emit "@reboot"
		exit 0
	fi
done <"$plan"
emit "@end"
