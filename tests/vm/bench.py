#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Homa beside UDP and TCP in one boot: ./dev bench.

The guest is emulated and counts instructions, so the figures do not depend on
what else this machine does. tests/bench/bench.sh says what is measured.
"""

import argparse
import json
import os
import platform
import sys

from guest import BUILD, ROOT, claim_build, end_on_signals, script, uml_command
from session import boot_dir, run, run_guest

# What CI compares: the ratio of Homa to another protocol for each kind of work.
RECORDED = os.path.join(ROOT, "tests/bench/recorded.json")
# More than the figures of two boots differ, by far.
WORSE = 1.05

# Two processors take turns in another way in each boot.
UNSTEADY = [("cpus", 100, "tcp")]

# section of bench.sh: (heading, columns that are compared)
ROUND_TRIPS = {
    "veth": "Round trips over veth",
    "loopback": "Round trips over loopback",
    "one-way": "One way over veth, answers of 100 bytes",
    "cut-1500": "Packets cut by software before the device, MTU 1500, no GRO",
    "cut-9000": "Packets cut by software before the device, MTU 9000, no GRO",
    "gro-1500": "The same with MTU 1500, and GRO",
}
LOADS = {
    "threads": "64 RPCs of 100 bytes at a time, 4 threads on each side, one processor",
    "batches": "The same, Homa with recvmmsg() and sendmmsg(), up to 16 messages with one call",
    "servers": "64 RPCs of 100 bytes at a time, to 64 servers, one processor",
    "cpus": "64 RPCs of 100 bytes at a time, 16 threads on each side, two processors",
}
# (section, bytes, compared with): what issue and README promise, of both ways to use Homa.
TARGETS = {
    ("veth", 100, "udp"): 1.0, ("veth", 100, "tcp"): 0.87, ("loopback", 100, "udp"): 1.0,
    ("veth", 20000, "tcp"): 1.0, ("veth", 500000, "tcp"): 1.0,
    ("one-way", 1000000, "tcp"): 1.0,
    ("cut-1500", 20000, "tcp"): 1.2, ("cut-1500", 500000, "tcp"): 1.2,
    ("cut-9000", 20000, "tcp"): 1.2, ("cut-9000", 500000, "tcp"): 1.2,
    ("gro-1500", 20000, "tcp"): 1.2, ("gro-1500", 500000, "tcp"): 1.2,
    ("threads", 100, "tcp"): 0.8, ("servers", 100, "tcp"): 1.0, ("cpus", 100, "tcp"): 1.0,
}


# Homa by sendmsg() and recvmsg(), and by HOMAIOCEXCHANGE.
OURS = ("homa", "exchange")


def cost(row):
    """The figure of a row that is compared, in nanoseconds or instructions."""
    return row.get("median_ns") or row.get("per_rpc_ns")


def ratios(rows, ours="homa"):
    """{(section, bytes, other protocol): the cost of ours divided by the other's}."""
    found = {(r["work"], r.get("bytes"), r["proto"]): r for r in rows if "proto" in r and cost(r)}
    return {(work, size, other): cost(row) / cost(found[work, size, other])
            for (work, size, proto), row in found.items() if proto == ours
            for other in ("tcp", "udp") if (work, size, other) in found}


def steady_ratios(rows):
    """The same with the cheapest round of the other protocol: {"section bytes protocol": ratio}.

    Those of HOMAIOCEXCHANGE are "exchange section bytes protocol".
    With long messages TCP is in one of two states, 12 % apart, in most rounds of a boot or in
    few; its cheapest round is the same to 0.2 % in each boot, as Homa's median is.
    """
    cheapest = [dict(r, median_ns=r["min_ns"]) if r.get("proto") not in OURS and "min_ns" in r else r
                for r in rows]
    return {" ".join(map(str, key if ours == "homa" else (ours,) + key)): value
            for ours in OURS for key, value in ratios(cheapest, ours).items() if key not in UNSTEADY}


def table(rows, section, heading, unit):
    """Print the rows of one section."""
    rows = [r for r in rows if r["work"] == section]
    if not rows:
        return
    ratio = {ours: ratios(rows, ours) for ours in OURS}
    trips = section in ROUND_TRIPS
    print("\n%s, in %s%s" % (heading, unit, "" if trips else " for each RPC"))
    print("%10s %-8s%12s%12s%10s%10s   %s" % ("bytes", "", "median" if trips else "mean",
                                              "p99" if trips else "", "to TCP", "to UDP", "target"))
    found = {(r["bytes"], r["proto"]): r for r in rows}
    for size in sorted({r["bytes"] for r in rows}):
        for proto in (*OURS, "udp", "tcp"):
            row = found.get((size, proto))
            if not row:
                continue
            line = "%10d %-8s%12.1f" % (size, proto, cost(row) / 1000)
            line += "%12.1f" % (row["p99_ns"] / 1000) if trips else "%12s" % ""
            for other in ("tcp", "udp"):
                base = found.get((size, other))
                line += "%10.2f" % (cost(row) / cost(base)) if base else "%10s" % "-"
            if proto in OURS:
                wanted = ["%.2f x %s: %s" % (limit, other.upper(),
                                             "reached" if ratio[proto][work, length, other] <= limit
                                             else "missed")
                          for (work, length, other), limit in TARGETS.items()
                          if (work, length) == (section, size) and (work, length, other) in ratio[proto]]
                line += "   " + ", ".join(wanted)
            print(line.rstrip())
    lost = sum(r.get("lost", 0) for r in rows)
    if lost:
        print("%d UDP answers were lost and repeated" % lost)


def idle(rows):
    """Print what a peer costs when nothing happens."""
    peers = {r["proto"]: r for r in rows if r["work"] == "idle peer"}
    if peers:
        print("\nKernel memory of %d idle peers, in bytes for each (target: 512)" %
              peers["homa"]["peers"])
        for proto in ("homa", "tcp"):
            print("%17s%12d" % (proto, peers[proto]["bytes_per_peer"]))
    for row in rows:
        if row["work"] == "idle wake-ups":
            print("\nTimers and work items of an idle kernel in %d s, with sockets open and peers "
                  "known: %d.\nOf them of homa.ko: %s (target: none)" %
                  (row["seconds"], row["kernel"], row["homa"].rstrip(";") or "none"))


def show(figures):
    """Print all tables."""
    rows, unit = figures["results"], "thousand " + figures["unit"]
    for section, heading in (ROUND_TRIPS | LOADS).items():
        table(rows, section, heading, unit)
    idle(rows)
    print("\n\"to TCP\" and \"to UDP\" compare with the line of that protocol; under 1 is less. "
          "Client and\nserver share one of two processors where nothing else is said. UDP is shown "
          "where a\ndatagram can hold the message. \"exchange\" is Homa with HOMAIOCEXCHANGE, up to 16 messages out "
          "and\n16 in with one call where many RPCs are under way.")


def show_library(figures):
    """What libhoma adds to the system calls."""
    found = {(r["bytes"], r["proto"]): r for r in figures["results"]}
    print("\nRound trips over veth, client and server with bare sockets or with libhoma, in thousand "
          "instructions")
    print("%10s%14s%14s%10s" % ("bytes", "sockets", "libhoma", "ratio"))
    for size in sorted({size for size, _ in found}):
        bare, lib = (cost(found[size, proto]) / 1000 for proto in ("homa", "libhoma"))
        print("%10d%14.1f%14.1f%10.2f" % (size, bare, lib, lib / bare))


def compare(figures):
    """Compare with what was recorded; return (lines that say how, is anything worse?)."""
    with open(RECORDED, encoding="ascii") as f:
        recorded = json.load(f)
    now = steady_ratios(figures["results"])
    worse = [key for key, value in now.items() if key in recorded and value > recorded[key] * WORSE]
    missing = sorted(set(recorded) - set(now))
    lines = ["WORSE: %s: %.3f times, recorded was %.3f" % (key, now[key], recorded[key])
             for key in worse]
    lines += ["MISSING: " + key for key in missing]
    lines.append("%d ratios compared with those on record, %d of them worse by more than %.0f %%" %
                 (len(recorded) - len(missing), len(worse), (WORSE - 1) * 100))
    return lines, bool(worse or missing or not recorded)


def check():
    """Measure and compare, with user space staged; return (log, is anything worse?)."""
    figures = measure("all", True)
    if not figures:
        return "the benchmark did not end well", True
    lines, worse = compare(figures)
    return "\n".join(lines), worse


def record(figures):
    """Put these ratios on record, but for those that differ from boot to boot."""
    now = {key: round(value, 3) for key, value in sorted(steady_ratios(figures["results"]).items())}
    with open(RECORDED, "w", encoding="ascii") as f:
        json.dump(now, f, indent=1)
        f.write("\n")


def measure(which, staged=False):
    """Run bench.sh in a guest; return the figures, or None."""
    status, files = run("bench", 3000, "tcg", ["HOMA_BENCH=" + which], staged)
    if status or "bench.lines" not in files:
        print("dev: the benchmark did not end well", file=sys.stderr)
        return None
    figures = {"unit": "instructions", "machine": platform.machine(), "mode": which,
               "results": [json.loads(line) for line in files["bench.lines"].splitlines()]}
    path = os.path.join(BUILD, "bench.json")
    with open(path, "w", encoding="ascii") as f:
        json.dump(figures, f, indent=1)
    print("dev: figures in " + os.path.relpath(path, ROOT), file=sys.stderr)
    return figures


def wall():
    """Long messages in wall time, one CPU, kernel code at the speed of this machine."""
    for name in ("userspace.sh", "stage.sh"):
        script(name)
    kernel = script("build-kernel.sh", "plain")
    script("module.sh", "plain")
    boot = boot_dir("bench-wall")
    command = uml_command("plain", kernel, boot, "bench", os.devnull, ["HOMA_BENCH=wall"])
    status, _ = run_guest(command, boot, 900)
    if status:
        return status
    with open(os.path.join(boot, "out/bench.lines"), encoding="ascii") as f:
        rows = [json.loads(line) for line in f]
    print("\n500,000 bytes and back, or answered with 100 bytes (one-way); Gbit/s both ways together,\n"
          "from the median of %d rounds, in wall time; best of three turns that alternate" %
          rows[0]["rounds"])
    print("%10s%12s%12s%10s" % ("", "homa", "tcp", "to TCP"))
    for kind in ("echo", "one-way"):
        best = {}
        for row in rows:
            if row["work"].startswith(kind):
                speed = (row["bytes"] + row["answer_bytes"]) * 8 / row["median_ns"]
                best[row["proto"]] = max(speed, best.get(row["proto"], 0))
        print("%10s%12.2f%12.2f%10.2f" % (kind, best["homa"], best["tcp"],
                                          best["homa"] / best["tcp"]))
    return 0


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("what", nargs="?", default="all", choices=["all", "library", "wall"],
                        help="library: libhoma beside bare sockets; wall: long messages in wall "
                             "time, in User-Mode Linux")
    parser.add_argument("--check", action="store_true",
                        help="fail if a ratio is worse than the one on record")
    parser.add_argument("--record", action="store_true",
                        help="put the ratios on record (tests/bench/recorded.json)")
    args = parser.parse_args()
    end_on_signals()
    lock = claim_build()
    if args.what == "wall":
        return wall()
    figures = measure(args.what)
    lock.close()
    if not figures:
        return 1
    if args.what == "library":
        show_library(figures)
        return 0
    show(figures)
    if args.record:
        record(figures)
    if not args.check:
        return 0
    lines, worse = compare(figures)
    print("\n".join(lines))
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
