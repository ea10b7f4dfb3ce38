#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Run a test of the dissector; it needs tshark.
#
# Usage: run.sh TEST.py [CAPTURE...]
set -euo pipefail
. "$(dirname "$0")/../../tests/vm/common.sh"
need_packages "tests of the dissector" tshark python3
# No settings and plugins of whoever runs this.
HOME=$(mktemp -d)
trap 'rm -rf "$HOME"' EXIT
export HOME XDG_CONFIG_HOME=$HOME
PYTHONDONTWRITEBYTECODE=1 python3 "$(dirname "$0")/$1" "${@:2}"
