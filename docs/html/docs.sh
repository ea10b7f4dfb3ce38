#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C27
# The manual as HTML in build/docs (or in the directory that is given), every link
# followed. Also a test: a link that leads nowhere fails it.
set -euo pipefail
. "$(dirname "$0")/../../tests/vm/common.sh"

need_packages "rendering the manual" python3-markdown mandoc
# The system's Python has the package, another one in PATH may not.
/usr/bin/python3 "$ROOT/docs/html/render.py" "${1:-$BUILD/docs}"
