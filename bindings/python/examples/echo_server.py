#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Answer every request with itself.

    echo_server.py [PORT]        default 4000; Ctrl-C ends it
"""
import signal
import sys

import homa

with homa.Socket() as server:
    server.bind(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, lambda *_: server.stop())
    print(f"ready on port {server.port}", flush=True)
    server.serve(bytes)
