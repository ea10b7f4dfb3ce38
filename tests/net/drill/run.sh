#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# run.sh SCRIPT: run one packet script against a fresh host. The script plays
# host 1 (and 3 to 9) on the other end of the link; see homa-drill(1).
. "$HOMA_TESTS/lib.sh"

host_drill
homa-drill -w "$HOMA_OUT/packets.pcap" "$1" || die "${1##*/}"
# Only the packets of a failure are worth the slow way out of the guest.
rm "$HOMA_OUT/packets.pcap"
ok "${1##*/}"
