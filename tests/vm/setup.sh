#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Fetch and build everything that ./dev needs, so that later runs are quick.
#
# Usage: setup.sh [--no-uml]
set -euo pipefail
. "$(dirname "$0")/common.sh"

say "dev: user space"
"$VM/userspace.sh" >/dev/null
"$VM/stage.sh" >/dev/null
say "dev: accelerator: $("$VM/accel.sh")"
for kernel in 6.12 6.1; do
	say "dev: stock kernel $kernel: $("$VM/stock.sh" $kernel)"
	"$VM/stock.sh" $kernel headers >/dev/null
done
[ "${1:-}" = --no-uml ] || say "dev: debug kernel: $("$VM/build-kernel.sh")"
say "dev: ready"
