#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Tail latency of Homa, TCP and DCTCP under load in a small cluster: ./dev bench cluster.

Eight hosts on a switch in one virtual machine: either a User-Mode Linux whose time
is virtual, so that only the network takes time, or stock Linux on an emulator that
counts instructions, on slow links. tests/bench/cluster.sh says how the network is
made. Figures go to build/cluster.json, a plot to build/cluster.svg.
"""

import argparse
import json
import os
import subprocess
import sys
import time

from guest import (BUILD, ICOUNT, ICOUNT_CPU, ROOT, Guest, claim_build, end_on_signals,
                   qemu_command, uml_command)
from session import boot_dir, prepare, watch

# Rate of the links where software takes no time, Mbit/s.
NETWORK_MBPS = 100
# And for each workload where it does: so that the processor, which is all hosts' and the switch's,
# is busy for less than half of the time. Short messages cost more of it for each byte.
LINK_MBPS = {"W2": 3, "W3": 10, "W4": 20}
# Requests that are measured: quick, full.
NETWORK_REQUESTS = {"W2": (20000, 200000), "W3": (10000, 100000), "W4": (2000, 20000)}
REQUESTS = {"W2": (3000, 30000), "W3": (2000, 20000), "W4": (400, 4000)}
# TCP connections from each host to each other; docs/performance.md compares.
CONNECTIONS = {"homa": 1, "tcp": 32, "dctcp": 16}
PROTOS = ("homa", "tcp", "dctcp")
# Targets at 80 % load.
SHORT_P99, TIMES_LOWER, LONG_TIMES = 2.5, 10, 2


def plan(args):
    """The runs, as words for cluster.sh."""
    runs = []
    mbps = LINK_MBPS if args.software else {w: NETWORK_MBPS for w in LINK_MBPS}
    requests = REQUESTS if args.software else NETWORK_REQUESTS
    count = {w: args.requests or requests[w][args.full] for w in requests}
    for workload in args.workload.split(","):
        for load in args.load.split(","):
            for proto in args.proto.split(","):
                runs.append("%s:%d:%s:%s:%d:%d" % (
                    workload, mbps[workload], load, proto, args.connections or CONNECTIONS[proto],
                    count[workload]))
    if args.beside:
        runs += ["%s:%d:%s:homa:1:%d:%s" % (w, mbps[w], load, count[w], args.beside)
                 for w in args.workload.split(",") for load in args.load.split(",")]
    return runs


def save(rows):
    """Keep the figures."""
    with open(os.path.join(BUILD, "cluster.json"), "w", encoding="ascii") as f:
        json.dump({"results": rows}, f, indent=1)


class Progress:
    """A bar on a terminal, lines elsewhere."""

    def __init__(self, total):
        self.total, self.begin, self.terminal = total, time.monotonic(), sys.stderr.isatty()

    def show(self, done, text):
        """So many runs are done; the last one is told."""
        took = time.monotonic() - self.begin
        if self.terminal:
            bar = "#" * (30 * done // self.total)
            print("\r\033[K[%-30s] %d/%d  %d min  %s" % (bar, done, self.total, took / 60, text),
                  end="\n" if done == self.total else "", file=sys.stderr, flush=True)
        else:
            print("dev: %d/%d after %d s: %s" % (done, self.total, took, text), file=sys.stderr,
                  flush=True)


class ClusterGuest(Guest):
    """Shows what is done of a long measurement, and keeps the figures as they come."""

    def __init__(self, command, console, total):
        super().__init__(command, console)
        self.progress, self.rows = Progress(total), []

    def line(self, deadline):
        while True:
            line = super().line(deadline)
            if not line or not line.startswith("| @run "):
                return line
            self.rows.append(json.loads(line[7:]))
            # An interrupted measurement has what was measured.
            save(self.rows)
            self.progress.show(len(self.rows), describe(self.rows[-1]))


def describe(row):
    """One run in some words."""
    return "%s at %d %%, %s%s" % (row["load"]["workload"], row["load_percent"], row["proto"],
                                  " beside TCP" if row["beside"] else "")


def quantile(row, decile, name):
    """Slowdown of a tenth of the messages."""
    return row["deciles"][decile]["slowdown"].get(name, 0)


def goodput(row):
    """How much of what was asked for in the measured time was answered, by bytes."""
    return row["answered_bytes"] / row["due_bytes"]


def late_s(row):
    """When the last of these answers came, after the measured time."""
    return max(row["last_answer_ns"] - row["measured_ns"], 0) / 1e9


def table(rows):
    """Print what one workload at one load was like."""
    first = rows[0]
    print("\n%s at %d %% load, links of %d Mbit/s, %d requests in %.2f s: %.1f Mbit/s" % (
        first["load"]["workload"], first["load_percent"], first["link_mbps"], first["sent"],
        first["measured_ns"] / 1e9, first["due_bytes"] * 8e3 / first["measured_ns"]))
    print("%-14s%17s%17s%8s%9s%8s%8s%9s%6s" % ("slowdown of", "shorter half", "longest tenth",
                                              "Mbit/s", "answered", "last", "queue", "lost",
                                              "CPU"))
    print("%-14s%8s%9s%8s%9s%8s%9s%8s%8s%9s%6s" % ("", "median", "p99", "median", "p99", "",
                                                  "of bytes", "after", "kB", "packets", "busy"))
    for row in rows:
        name = row["proto"] + (" + TCP" if row["beside"] else "")
        half = row["slowdown_shorter_half"]
        print("%-14s%8.2f%9.2f%8.2f%9.2f%8.1f%8.2f%%%7.2fs%8.0f%9d%5.0f%%" % (
            name, half["p50"], half["p99"], quantile(row, 9, "p50"), quantile(row, 9, "p99"),
            row["bits_per_s"] / 1e6, 100 * goodput(row), late_s(row), row["queue_max_bytes"] / 1e3,
            row["switch_drops"] + row["uplink_drops"], 100 * row["cpu_busy"]))
        lost = {key: row[key] for key in ("failed", "wrong", "unfinished", "unsent") if row[key]}
        if lost:
            print("%14s%s" % ("", ", ".join("%d %s" % (n, key) for key, n in lost.items())))
        if row["beside"]:
            print("%14sTCP beside it: %.1f Mbit/s" % ("", row["tcp_beside_bits_per_s"] / 1e6))
    print("%-14s%s" % ("p99 by size", "".join(
        "%8d" % d["max_bytes"] for d in first["deciles"])))
    for row in rows:
        print("%-14s%s" % (row["proto"], "".join("%8.1f" % quantile(row, i, "p99")
                                                for i in range(10))))


def judge(rows):
    """Compare with the targets; print a line for each."""
    found = {row["proto"]: row for row in rows if not row["beside"]}
    if rows[0]["load_percent"] < 80 or len(found) < 2 or "homa" not in found:
        return
    homa = found["homa"]
    short = homa["slowdown_shorter_half"]["p99"]
    lines = [("p99 of the shorter half at most %.1f" % SHORT_P99, short, short <= SHORT_P99)]
    for proto in ("tcp", "dctcp"):
        if proto in found:
            times = found[proto]["slowdown_shorter_half"]["p99"] / short
            lines.append(("%s's is %d times that" % (proto, TIMES_LOWER), times,
                          times >= TIMES_LOWER))
    if "tcp" in found:
        ratio = goodput(homa) / goodput(found["tcp"])
        lines.append(("bytes answered in the end, times TCP's", ratio, ratio >= 0.995))
        long = quantile(homa, 9, "p99") / max(quantile(found["tcp"], 9, "p99"), 1e-9)
        lines.append(("p99 of the longest tenth at most %d times TCP's" % LONG_TIMES, long,
                      long <= LONG_TIMES))
    for what, value, good in lines:
        print("  target: %-52s%8.2f   %s" % (what, value, "reached" if good else "MISSED"))


def groups(rows):
    """Rows of the same workload and load together."""
    found = {}
    for row in rows:
        found.setdefault((row["load"]["workload"], row["load_percent"]), []).append(row)
    return found


def plot(rows, path):
    """All slowdowns by size, as SVG."""
    data = {key: {row["proto"] + (" + TCP" if row["beside"] else ""): row for row in group}
            for key, group in groups(rows).items()}
    script = ["set terminal svg size %d,%d background rgb 'white' font 'sans,12'" % (
        460 * min(len(data), 3), 340 * ((len(data) + 2) // 3)),
              "set output '%s'" % path,
              "set multiplot layout %d,%d" % ((len(data) + 2) // 3, min(len(data), 3)),
              "set logscale y", "set grid ytics lc rgb '#dddddd'", "set key top left",
              "set ylabel 'slowdown'", "set xlabel 'longest message of the tenth, bytes'",
              "set yrange [0.8:*]", "set xrange [0.5:10.5]", "set xtics rotate by -40"]
    colours = ("#2563eb", "#c2410c", "#15803d", "#7c3aed")
    for (workload, load), protos in data.items():
        first = next(iter(protos.values()))
        ticks = ", ".join("'%d' %d" % (d["max_bytes"], i + 1)
                          for i, d in enumerate(first["deciles"]))
        script.append("set title '%s at %d %% load: p99, and median dotted'" % (workload, load))
        script.append("set xtics (%s)" % ticks)
        lines, values = [], []
        for i, (proto, row) in enumerate(protos.items()):
            for name, dash, title in (("p99", 1, "title '%s'" % proto), ("p50", 3, "notitle")):
                lines.append("'-' with linespoints pt 7 ps 0.4 lw 2 dt %d lc rgb '%s' %s" %
                             (dash, colours[i % 4], title))
                values += ["%d %g" % (d + 1, quantile(row, d, name)) for d in range(10)] + ["e"]
        script += ["plot " + ", ".join(lines), *values]
    script.append("unset multiplot")
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def show(rows):
    """Tables and targets."""
    for group in groups(rows).values():
        table(group)
        judge(group)
    print("\nSlowdown: the time of a request and its answer, both of the same size, divided by that on "
          "the\nidle network over Homa. The shorter half: messages up to the median size. Mbit/s: what "
          "was\nanswered in the measured time. Answered: of the bytes that were asked for in it (and the "
          "last\nof these answers came so long after it). Queue: the longest seen at a port of the "
          "switch. CPU:\nof the one processor that is all hosts and the switch.")


def measure(runs, limit_s, software, sysctl):
    """Boot, run all of it; return the rows and the exit status."""
    kernel, image = prepare("6.12" if software else "net")
    words = ["HOMA_CLUSTER=" + ",".join(runs), "HOMA_SYSCTL=" + sysctl]
    boot = boot_dir("cluster")
    if software:
        command = qemu_command(kernel, image, "cluster", "tcg", cpu=ICOUNT_CPU, machine=ICOUNT,
                               cpus=1, append=words)
    else:
        command = uml_command("net", kernel, boot, "cluster", os.devnull, words)
    print("dev: %d measurements in a virtual machine" % len(runs), file=sys.stderr, flush=True)
    guest = ClusterGuest(command, os.path.join(boot, "console.log"), len(runs))
    try:
        status, _ = watch(guest, limit_s)
    finally:
        guest.stop()
    if status or len(guest.rows) < len(runs):
        print("dev: %d of %d measurements were made" % (len(guest.rows), len(runs)),
              file=sys.stderr)
    return guest.rows, status


def main():
    parser = argparse.ArgumentParser(prog="./dev bench cluster", description=__doc__)
    parser.add_argument("--full", action="store_true",
                        help="both loads and longer: up to an hour")
    parser.add_argument("--workload", help="W2,W3,W4", default="W2,W3,W4")
    parser.add_argument("--load", help="percent, with commas; default 80, with --full 50,80")
    parser.add_argument("--proto", help="homa,tcp,dctcp", default=",".join(PROTOS))
    parser.add_argument("--connections", type=int,
                        help="TCP connections from each host to each other")
    parser.add_argument("--requests", type=int, help="measured requests of each run")
    parser.add_argument("--software", action="store_true",
                        help="stock Linux on slow links, with the time that software takes")
    parser.add_argument("--beside", choices=["tcp", "tcp+homa"],
                        help="also Homa with bulk TCP on the same links, without or with the "
                             "homa qdisc")
    parser.add_argument("--sysctl", metavar="NAME=VALUE", default="",
                        help="a parameter that is set in each host, for experiments")
    parser.add_argument("--show", metavar="FILE", help="only print the tables of this cluster.json")
    args = parser.parse_args()
    args.load = args.load or ("50,80" if args.full else "80")
    if args.show:
        with open(args.show, encoding="ascii") as f:
            show(json.load(f)["results"])
        return 0
    end_on_signals()
    subprocess.run(["bash", "-c", ". tests/vm/common.sh; need_packages plots gnuplot-nox"],
                   cwd=ROOT, check=True)
    lock = claim_build()
    rows, status = measure(plan(args), 7200 if args.full else 2400, args.software, args.sysctl)
    lock.close()
    if not rows:
        return 1
    show(rows)
    plot(rows, os.path.join(BUILD, "cluster.svg"))
    print("dev: figures in build/cluster.json, plot in build/cluster.svg", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
