#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Where the instructions of an RPC go, by function: UDP, TCP, Homa, and Homa with HOMAIOCEXCHANGE.

Runs rounds of bench_rtt, or many RPCs of bench_load at a time, in an
instruction-counted guest under a plugin of the emulator that counts what is
executed between their marks. Every instruction is counted, nothing is sampled,
and the guest runs the same code as in ./dev bench.
"""

import argparse
import bisect
import collections
import gzip
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../vm"))
from guest import BUILD, ICOUNT, ICOUNT_CPU, Guest, claim_build, end_on_signals, qemu_command
from session import boot_dir, prepare, watch

# Work of ./dev profile: (how often, what one of them is called).
WORK = {
    "rtt": (200, "a round trip"),
    "threads": (5000, "an RPC, 64 at a time, 4 threads on each side"),
    "batches": (5000, "an RPC, 64 at a time, 4 threads on each side, recvmmsg() and sendmmsg()"),
    "servers": (5000, "an RPC, 64 at a time, to 64 servers"),
    "cpus": (5000, "an RPC, 64 at a time, 16 threads on each side, two processors"),
}
LOAD_BYTES_MAX = 1400
PROTOS = ["udp", "tcp", "homa", "exchange"]
# Round trips only, and if asked for.
MORE_PROTOS = ["libhoma"]
UDP_BYTES_MAX = 65507
USER = "(user space)"

# What a function is there for, by its name; the first that matches.
PARTS = [(part, re.compile(names)) for part, names in (
    ("idle", r"idle|^tick_nohz|^acpi_safe_halt|^menu_|^haltpoll|^ct_kernel|^ct_nmi|safe_halt"),
    ("spinning on locks", r"slowpath|_spin_on_owner|^osq_|^csd_lock"),
    ("epoll", r"epoll|^_*ep_"),
    ("the protocol", r" \[homa\]$|^(_*tcp|_*udp|__skb_recv_udp|__skb_(try|wait)|__ip_append_data|"
                     r"__ip_make_skb|ip_(append|make|send_skb|generic|setup_cork|cmsg)|sk_stream|"
                     r"__skb_datagram|skb_consume_udp|__ip_flush|csum|__sk_mem|sk_reset|mod_timer|"
                     r"__mod_timer|bictcp|cubictcp|inet_csk|release_sock|lock_sock|__lock_sock|"
                     r"__release_sock|skb_(split|clone$|__skb_clone)|sk_forced|first_packet)"),
    ("scheduler, wake-up", r"sched|psi_|^update_(curr|load|rq|entity|deadline|sd)|^__update_load|"
                           r"^pick_|^put_prev|^_*set_next|^__?(en|de)queue_entity|^(en|de)queue_|"
                           r"vruntime|wake|^try_to_wake|switch|^finish_task|^native_load_tls|"
                           r"^__task_rq|^place_entity|^requeue|cpuacct|_wait|^__rb_|fpregs|xfd_|"
                           r"^dl_server|^mm_cid|^__(rd|wr)gsbase|^record_times|sock_def_readable|"
                           r"^cr4_|rseq|arch_scale|^ttwu|_min_v|available_idle"),
    ("system call, security", r"syscall|SYSCALL|sys_|^(sock|inet)_(send|recv)|security_|apparmor|"
                              r"^aa_|tomoyo|bpf_lsm|msghdr|import_|iovec|move_addr|fdget|sockfd|"
                              r"^arch_exit|__cgroup_bpf|srcu|hook_"),
    ("copying", r"copy|rep_movs|check_object|check_stack|check_heap|virt_addr|memcpy|_user|"
                r"is_vmalloc|_iter"),
    ("memory", r"kmem|kmalloc|kfree|alloc_skb|build_skb|skb_(release|free|page)|memset|slab|"
               r"cmpxchg16b|consume_skb|sock_wfree|sock_alloc|skb_set_owner|sock_rfree|kfree_skb|"
               r"memcg|mem_cgroup"),
    ("IP, device, softirq", r"^_*(ip|ipv4|fib|eth|netif|dev|nf|neigh|net|napi|inet|skb|raw)_|veth|"
                            r"process_backlog|backlog|softirq|arp|loopback|xmit|make_kuid|"
                            r"map_id|usecs_to_jiffies|passthru|sk_filter|dst_"),
    ("locks, RCU, lists, clock", r"spin|rcu|local_bh|ktime|hpet|_list_|timespec|refcount"),
)]


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

    def is_start(self, address):
        """Is it where a function begins? Who executes that was called."""
        at = bisect.bisect_left(self.starts, address)
        return at < len(self.starts) and self.starts[at] == address


class Profile:
    """What was executed on behalf of one protocol."""

    def __init__(self, path, symbols):
        self.instructions = collections.Counter()   # by function
        self.calls = collections.Counter()          # by function
        self.cpus = collections.Counter()           # instructions by processor
        self.trace = []                             # (function, instructions, kind)
        with open(path, encoding="ascii") as f:
            for line in f:
                what, cpu, address, instructions, last = line.split()
                address = int(address, 16)
                name = symbols.name(address)
                if what == "trace":
                    self.trace.append((name, int(instructions), last))
                    continue
                self.instructions[name] += int(instructions) * int(last)
                self.cpus[int(cpu)] += int(instructions) * int(last)
                if symbols.is_start(address):
                    self.calls[name] += int(last)


def heading(column, profiles):
    return "%-44s" % column + "".join("%9s" % p for p in profiles)


def table(profiles, rounds, rows):
    """Instructions and calls per round of each function, the costliest first."""
    names = set().union(*(p.instructions for p in profiles.values()))
    print(heading("function", profiles) + "   calls" + "".join("%9s" % p for p in profiles))
    costliest = sorted(names, key=lambda n: -max(p.instructions[n] for p in profiles.values()))
    for name in costliest[:rows]:
        print("%-44s" % name +
              "".join("%9d" % (p.instructions[name] / rounds) for p in profiles.values()) + " " * 8 +
              "".join("%9.2f" % (p.calls[name] / rounds) for p in profiles.values()))


def part_of(name):
    """What a function is there for."""
    if name == USER:
        return name
    return next((part for part, names in PARTS if names.search(name)), "the rest")


def parts(profiles, rounds):
    """Instructions per round of each part of the kernel."""
    sums = {p: collections.Counter() for p in profiles}
    for proto, profile in profiles.items():
        for name, instructions in profile.instructions.items():
            sums[proto][part_of(name)] += instructions
    print(heading("part", profiles))
    for name in [part for part, _ in PARTS] + ["the rest", USER]:
        print("%-44s" % name + "".join("%9d" % (c[name] / rounds) for c in sums.values()))
    print("%-44s" % "all" + "".join("%9d" % (sum(c.values()) / rounds) for c in sums.values()))
    for cpu in sorted(set().union(*(p.cpus for p in profiles.values()))):
        print("%-44s" % ("of these on processor %d" % cpu) +
              "".join("%9d" % (p.cpus[cpu] / rounds) for p in profiles.values()))
    print()


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


def parse_args():
    parser = argparse.ArgumentParser(prog="./dev profile", description=__doc__)
    parser.add_argument("--work", choices=list(WORK), default="rtt",
                        help="rtt: one round trip after the other; the others are those of ./dev "
                             "bench with 64 RPCs at a time, of TCP and Homa")
    parser.add_argument("--proto", default=",".join(PROTOS),
                        help="which of them, separated by commas; exchange: Homa with "
                             "HOMAIOCEXCHANGE, up to 16 messages a call if --work has many RPCs; "
                             "also libhoma, round trips only")
    parser.add_argument("--bytes", type=int, default=100, help="length of a message")
    parser.add_argument("--link", choices=["veth", "cut", "loopback"], default="veth",
                        help="of round trips; cut: a veth with an MTU of 1500, none joined")
    parser.add_argument("--rows", type=int, default=60, help="functions to show")
    parser.add_argument("--trace", choices=PROTOS + MORE_PROTOS,
                        help="show the last round trip of one protocol, call by call")
    args = parser.parse_args()
    args.protos = args.proto.split(",")
    if not set(args.protos) <= set(PROTOS + MORE_PROTOS):
        parser.error("--proto knows %s" % ", ".join(PROTOS + MORE_PROTOS))
    if args.work != "rtt" and set(args.protos) & set(MORE_PROTOS):
        parser.error("%s: only with --work rtt" % ", ".join(MORE_PROTOS))
    if args.trace and args.trace not in args.protos:
        parser.error("--trace %s needs it in --proto" % args.trace)
    if args.work != "rtt":
        if args.trace or args.link != "veth":
            parser.error("--trace and --link are for round trips, --work rtt")
        if not 9 <= args.bytes <= LOAD_BYTES_MAX:
            parser.error("messages of --work %s have 9 to %d bytes" % (args.work, LOAD_BYTES_MAX))
    return args


def main():
    args = parse_args()
    rounds, what = WORK[args.work]
    protos = [p for p in args.protos
              if (p != "udp" or args.work == "rtt" and args.bytes <= UDP_BYTES_MAX) and
              (p != "exchange" or args.work != "batches")]
    end_on_signals()
    lock = claim_build()
    kernel, image = prepare("6.12")
    boot = boot_dir("profile")
    out = os.path.join(boot, "profile")
    command = qemu_command(kernel, image, "profile", "tcg", cpu=ICOUNT_CPU, machine=ICOUNT,
                           append=["HOMA_BYTES=%d" % args.bytes, "HOMA_LINK=" + args.link,
                                   "HOMA_PROTOS=" + ",".join(protos), "HOMA_WORK=" + args.work,
                                   "HOMA_ROUNDS=%d" % rounds])
    command += ["-plugin", "%s,out=%s%s" % (build_plugin(), out, ",trace=on" if args.trace else "")]
    guest = Guest(command, os.path.join(boot, "console.log"))
    try:
        status, files = watch(guest, 1800)
    finally:
        guest.stop()
    lock.close()
    if status:
        return status
    symbols = Symbols(gzip.decompress(files["kallsyms.gz"]).decode("ascii"))
    profiles = {proto: Profile("%s.%d" % (out, n), symbols) for n, proto in enumerate(protos)}
    print("\nInstructions of %s" % what)
    parts(profiles, rounds)
    table(profiles, rounds, args.rows)
    if args.trace:
        print("\nThe last round trip of %s, call by call" % args.trace)
        sequence(profiles[args.trace].trace)
    return 0


if __name__ == "__main__":
    sys.exit(main())
