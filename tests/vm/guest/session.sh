#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Inside a guest: run the demo, the benchmark or the profile, output and all, and report.

. "$HOMA_BASE/guest/report.sh"

case $HOMA_MODE in
demo)	set -- demo.sh ;;
bench)	set -- bench.sh "${HOMA_BENCH:-all}" ;;
profile) set -- profile.sh ;;
cluster) set -- cluster.sh "$HOMA_CLUSTER" ;;
esac
insert_module || { dmesg | tail -n 20 | relay 'k| '; emit "@fatal insmod failed"; exit 1; }
dmesg -c >/dev/null
{
	bash "$HOMA_BASE/bin/$1" ${2:+"$2"} 3>&- </dev/null
	echo $? >/run/rc
} 2>&1 | relay '| '
dmesg | grep -E 'WARNING:|BUG:|Oops|general protection|INFO: ' | relay 'k| '
send_artefacts
emit "@result $HOMA_MODE $(cat /run/rc)"
