#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Where the instructions of a round trip go, by function: UDP, TCP and Homa.

Runs rounds of bench_rtt in an instruction-counted guest under a plugin of the
emulator that counts what is executed between the marks of each round. Every
instruction is counted, nothing is sampled, and the guest runs the same code as
in ./dev bench.
"""

import argparse
import bisect
import collections
import gzip
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../vm"))
from guest import BUILD, ICOUNT, ICOUNT_CPU, Guest, claim_build, end_on_signals, qemu_command
from session import boot_dir, prepare, watch

ROUNDS = 200        # as in profile.sh
PROTOS = ["udp", "tcp", "homa"]
USER = "(user space)"


class Symbols:
    """Functions of the guest's kernel and modules by address."""

    def __init__(self, text):
        table = {}
        for line in text.splitlines():
            words = line.split()
            module = " " + words[2] if len(words) > 2 else ""
            table.setdefault(int(words[0], 16), words[1].split(".")[0] + module)
        self.starts = sorted(table)
        self.names = [table[a] for a in self.starts]

    def name(self, address):
        if address < 1 << 63:
            return USER
        return self.names[bisect.bisect_right(self.starts, address) - 1]


def read(path, symbols):
    """Return ({function: instructions}, [(function, instructions, kind)])."""
    counts = collections.Counter()
    trace = []
    with open(path, encoding="ascii") as f:
        for line in f:
            what, _cpu, address, instructions, last = line.split()
            name = symbols.name(int(address, 16))
            if what == "count":
                counts[name] += int(instructions) * int(last)
            else:
                trace.append((name, int(instructions), last))
    return counts, trace


def table(profiles, rows):
    """Instructions per round of each function, the costliest first."""
    total = {p: sum(c.values()) for p, c in profiles.items()}
    names = set().union(*profiles.values())
    print("%-44s" % "instructions of a round trip" + "".join("%9s" % p for p in profiles))
    print("%-44s" % "all" + "".join("%9d" % (total[p] / ROUNDS) for p in profiles))
    for name in sorted(names, key=lambda n: -max(c[n] for c in profiles.values()))[:rows]:
        print("%-44s" % name + "".join("%9d" % (c[name] / ROUNDS) for c in profiles.values()))


def sequence(trace):
    """The functions of one round in the order of their execution, nested."""
    depth = 0
    name, spent = None, 0
    for function, instructions, kind in trace:
        if function != name:
            if name:
                print("%6d %s%s" % (spent, "  " * min(max(depth, 0), 40), name))
            name, spent = function, 0
        spent += instructions
        if kind != "-":
            print("%6d %s%s" % (spent, "  " * min(max(depth, 0), 40), name))
            name, spent = None, 0
            depth += 1 if kind == "c" else -1


def build_plugin():
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plugin.c")
    plugin = os.path.join(BUILD, "profile-plugin.so")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", plugin, source],
                   check=True)
    return plugin


def main():
    parser = argparse.ArgumentParser(prog="./dev profile", description=__doc__)
    parser.add_argument("--bytes", type=int, default=100, help="length of a message")
    parser.add_argument("--link", choices=["veth", "loopback"], default="veth")
    parser.add_argument("--rows", type=int, default=60, help="functions to show")
    parser.add_argument("--trace", choices=PROTOS,
                        help="show the last round trip of one protocol, call by call")
    args = parser.parse_args()
    end_on_signals()
    lock = claim_build()
    kernel, image = prepare("6.12")
    boot = boot_dir("profile")
    out = os.path.join(boot, "profile")
    command = qemu_command(kernel, image, "profile", "tcg", cpu=ICOUNT_CPU, machine=ICOUNT,
                           append=["HOMA_BYTES=%d" % args.bytes, "HOMA_LINK=" + args.link])
    command += ["-plugin", "%s,out=%s" % (build_plugin(), out)]
    guest = Guest(command, os.path.join(boot, "console.log"))
    try:
        status, files = watch(guest, 1800)
    finally:
        guest.stop()
    lock.close()
    if status:
        return status
    symbols = Symbols(gzip.decompress(files["kallsyms.gz"]).decode("ascii"))
    profiles = {}
    traces = {}
    for n, proto in enumerate(PROTOS):
        profiles[proto], traces[proto] = read("%s.%d" % (out, n), symbols)
    table(profiles, args.rows)
    if args.trace:
        print("\nThe last round trip of %s, call by call" % args.trace)
        sequence(traces[args.trace])
    return 0


if __name__ == "__main__":
    sys.exit(main())
