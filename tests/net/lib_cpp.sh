#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock
# timeout: 60
#
# libhoma's header for C++.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_lib_cpp || die "t_lib_cpp"
