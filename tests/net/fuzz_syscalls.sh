#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml smp stock612
# timeout: 120
#
# Random calls, valid and not, from threads, forked processes and in namespaces that
# end, while RPCs with checked contents run. More calls, and other sequences of
# them: HOMA_FUZZ_CALLS and HOMA_FUZZ_SEED in the environment of ./dev.
. "$HOMA_TESTS/lib.sh"

new_host c
in_ns c t_fuzz_syscalls -r "${HOMA_FUZZ_SEED:-1}" -n "${HOMA_FUZZ_CALLS:-20000}" ||
	die "seed ${HOMA_FUZZ_SEED:-1}"
