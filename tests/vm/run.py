#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run the tests: ./dev test.

Tiers: t0 (Meson tests on this machine), 6.1 and 6.12 (stock kernels in QEMU),
newest (the same with the newest kernel of the registry, a few tests), uml (the
debug kernel, in virtual time), smp and kcsan (the newest kernel with checks and
several CPUs, for races), bench (the ratios to UDP and TCP that are on record). A
net test passes only when its guest said so on the report channel; silence, a
crash or a hang is a failure, and the tests that were still to come run in a fresh
boot.

Two tiers run at a time: a guest that counts instructions, or whose time is virtual,
uses one processor.
"""

import argparse
import base64
import collections
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import traceback

from guest import (BUILD, ICOUNT, ICOUNT_CPU, ROOT, Guest, add_file_to_initramfs, claim_build, end_on_signals,
                   qemu_command, script, uml_command)
import bench
from suite import Result, Results, meson_tests, net_tests

# Wall seconds that the host allows beyond a test's own guard, for booting and
# for what the runner does around a test.
BOOT_S = 120
AROUND_S = 90
# A guest second is free in virtual time, so the guard inside is generous
# there; the host's guard, in wall time, is the real one.
VIRTUAL_FACTOR = 20
# A test's `timeout:` is for a machine of its own; shared ones can be this much slower.
SLACK = 2
# Tiers in User-Mode Linux; tiers whose kernel we build.
UML = ("uml", "smp")
DEBUG = UML + ("kcsan",)
# Tiers that run at the same time.
LANES = 2
# Here all time is real.
REAL_TIME = ("smp", "kcsan")


def guard_s(tier, test):
    """Seconds of the guest's time after which it ends a test."""
    if tier != "uml":
        return test.timeout_s * SLACK
    return test.virtual_s or test.timeout_s * VIRTUAL_FACTOR


class Runner:
    """Runs tests and keeps count."""

    def __init__(self, results, clock=None):
        self.results = results
        self.clock = clock
        self.count = {"pass": 0, "fail": 0, "skip": 0}
        self.boots = collections.Counter()
        self.failed = []
        self.lock = threading.Lock()

    def report(self, tier, name, verdict, seconds, reason="", log=""):
        """One progress line, and on failure the end of what the test said."""
        with self.lock:
            self.count[verdict] += 1
            path = self.results.store(Result(tier, name, verdict, seconds, reason), log)
            note = " " + reason if reason else ""
            print("%-4s %-4s %s (%.1f s)%s" % (verdict.upper(), tier, name, seconds, note),
                  flush=True)
            if verdict == "fail":
                self.failed.append("%s %s: %s" % (tier, name, reason))
                for line in log.rstrip().splitlines()[-40:]:
                    print("     " + line)
                print("     log: " + os.path.relpath(path, ROOT), flush=True)

    def boot_dir(self, tier):
        """A fresh directory for the files of one boot."""
        self.boots[tier] += 1
        path = os.path.join(BUILD, "boot", "%s-%d" % (tier, self.boots[tier]))
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    # Net tests.

    def run_net(self, tier, tests):
        """Run net tests in as few boots as they allow."""
        bed = Bed(tier)
        only = "wall" if tier in REAL_TIME else self.clock
        for clock in ("instructions", "wall"):
            singles = [t for t in tests
                       if t.machines == 1 and (only or t.clock) == clock]
            while singles:
                singles = self.one_boot(bed, singles, clock)
        # Two machines cannot share a clock that counts instructions.
        for test in tests:
            if test.machines == 2:
                self.two_machines(bed, test)

    def one_boot(self, bed, tests, clock):
        """Boot once; run what can be run; return the tests that remain."""
        boot = self.boot_dir(bed.tier)
        plan = "".join("%s %d %s\n" % (t.name, guard_s(bed.tier, t), t.file) for t in tests)
        guest = bed.start(boot, "tests", plan, clock)
        try:
            return self.follow(bed, boot, guest, list(tests))
        finally:
            guest.stop()

    def follow(self, bed, boot, guest, tests):
        """Read the reports of one boot; return the tests that remain."""
        current, last, log, start = None, None, [], time.monotonic()
        deadline = start + BOOT_S * SLACK
        while True:
            line = guest.line(deadline)
            if not line:
                why = "the guest died" if line is None else "nothing heard within the time limit"
                break
            word = line.split(" ", 3)
            if line.startswith(("| ", "k| ")):
                log.append(line[2:] if line[0] == "|" else "kernel: " + line[3:])
            elif line.startswith("f| "):
                log_artefact(boot, line[3:])
            elif word[0] == "@start":
                current = next(t for t in tests if t.name == word[1])
                log, start = [], time.monotonic()
                deadline = start + current.timeout_s * SLACK + AROUND_S
            elif word[0] == "@result" and current and word[1] == current.name:
                save_artefacts(boot, self.results.directory(bed.tier), current.name)
                if bed.tier in REAL_TIME:
                    log.append(guest.starved())
                self.report(bed.tier, current.name, word[2], time.monotonic() - start,
                            word[3] if len(word) > 3 else "", "\n".join(log))
                tests.remove(current)
                current, last = None, current
                deadline = time.monotonic() + AROUND_S
            elif word[0] == "@fatal":
                why = line[7:]
                break
            elif word[0] == "@reboot" or (word[0] == "@end" and not tests):
                return tests

        # The guest ended in some way that it should not have.
        text = "\n".join(log + [guest.starved()]) + "\n" + guest.console_tail()
        seconds = time.monotonic() - start
        if current:
            self.report(bed.tier, current.name, "fail", seconds, why, text)
            tests.remove(current)
        elif last:
            # Its result was in, but what it left behind took the guest down.
            self.report(bed.tier, "after-" + last.name, "fail", seconds, why, text)
        else:
            # Not one test was reached; another boot would end the same way.
            for test in tests:
                self.report(bed.tier, test.name, "fail", seconds, "no boot: " + why, text)
            tests = []
        return tests

    def two_machines(self, bed, test):
        """One test in two guests with a cable between them; both must pass."""
        boot = self.boot_dir(bed.tier)
        start = time.monotonic()
        plan = "%s %d %s\n" % (test.name, guard_s(bed.tier, test), test.file)
        guests = [bed.start(os.path.join(boot, "machine%d" % vm), "tests", plan, "wall", vm, boot)
                  for vm in (1, 2)]
        deadline = start + (BOOT_S + test.timeout_s) * SLACK
        verdicts, log = [], []
        try:
            for vm, guest in enumerate(guests, 1):
                verdict, reason = "fail", "machine %d: no result" % vm
                while True:
                    line = guest.line(deadline)
                    if not line:
                        log += ["vm%d: %s" % (vm, l) for l in guest.console_tail().splitlines()]
                        break
                    word = line.split(" ", 3)
                    if line.startswith(("| ", "k| ")):
                        log.append("vm%d: %s" % (vm, line))
                    elif word[0] == "@result":
                        verdict = word[2]
                        reason = "machine %d: %s" % (vm, word[3]) if len(word) > 3 and word[3] else ""
                        break
                    elif word[0] == "@fatal":
                        reason = "machine %d: %s" % (vm, line)
                        break
                verdicts.append((verdict, reason))
        finally:
            for guest in guests:
                guest.stop()
        verdict = next((v for v in ("fail", "skip", "pass") if v in [x[0] for x in verdicts]), "fail")
        reason = "; ".join(r for v, r in verdicts if r)
        self.report(bed.tier, test.name, verdict, time.monotonic() - start, reason, "\n".join(log))


class Bed:
    """What the boots of one tier share: kernel, module, initramfs.

    User space is built and staged before; guests of other tiers may be using it.
    """

    def __init__(self, tier):
        self.tier = tier
        self.kernel = script("build-kernel.sh", tier) if tier in DEBUG else script("stock.sh", tier)
        ko = script("module.sh", tier)
        if tier not in UML:
            self.accel = script("accel.sh")
            self.base = os.path.join(BUILD, "initramfs-%s.cpio.gz" % tier)
            subprocess.run([os.path.join(ROOT, "tests/vm/initramfs.sh"), self.kernel, ko,
                            self.base], check=True)

    def start(self, boot, mode, plan, clock="wall", vm=None, link=None):
        """Start a guest with `plan`."""
        os.makedirs(boot, exist_ok=True)
        console = os.path.join(boot, "console.log")
        if self.tier in UML:
            path = os.path.join(boot, "plan")
            with open(path, "w", encoding="utf-8") as f:
                f.write(plan)
            return Guest(uml_command(self.tier, self.kernel, boot, mode, path), console)
        image = os.path.join(boot, "initramfs.cpio.gz")
        add_file_to_initramfs(self.base, image, {"homa/plan": plan})
        if clock == "instructions" and self.accel == "tcg":
            # While instructions are counted Linux 6.1 cannot start its second CPU.
            command = qemu_command(self.kernel, image, mode, "tcg", vm, link, ICOUNT_CPU, ICOUNT,
                                   cpus=1 if self.tier == "6.1" else 2)
        else:
            command = qemu_command(self.kernel, image, mode, self.accel, vm, link,
                                   tier="kcsan" if self.tier == "kcsan" else "stock")
        return Guest(command, console)


def log_artefact(boot, text):
    """Collect one base64 line of the artefacts that a stock guest sends."""
    with open(os.path.join(boot, "artefacts.b64"), "a", encoding="ascii") as f:
        f.write(text + "\n")


def save_artefacts(boot, directory, name):
    """Put what the test left in HOMA_OUT beside its log."""
    source = os.path.join(boot, "out", name)
    target = os.path.join(directory, name + ".out")
    sent = os.path.join(boot, "artefacts.b64")
    shutil.rmtree(target, ignore_errors=True)
    if os.path.isdir(source):
        shutil.move(source, target)
    elif os.path.exists(sent):
        with open(sent, encoding="ascii") as f:
            data = base64.b64decode(f.read())
        os.remove(sent)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar.getmembers():
                parts = member.name.split("/")
                if member.isfile() and ".." not in parts:
                    member.name = "/".join(parts[2:]) or parts[-1]
                    tar.extract(member, target)


def run_tier(runner, tier, wanted, found):
    """Run what is wanted of one tier (nothing named: all of it); add to `found`."""
    try:
        if tier == "t0":
            for result, log in meson_tests(sorted(wanted)):
                found.add(result.name)
                runner.report("t0", result.name, result.verdict, result.seconds, result.reason, log)
            return
        if tier == "bench":
            start = time.monotonic()
            log, worse = bench.check()
            runner.report(tier, "ratios", "fail" if worse else "pass", time.monotonic() - start,
                          "", log)
            return
        tests = [t for t in net_tests() if tier in t.tiers or
                 wanted and tier == "newest" and "6.12" in t.tiers]
        if wanted:
            tests = [t for t in tests if t.name in wanted]
            found |= {t.name for t in tests}
        if tests:
            runner.run_net(tier, tests)
    except subprocess.CalledProcessError as error:
        # The other tiers still have something to say.
        if error.returncode == 77:
            runner.report(tier, "preparation", "skip", 0.0, (error.output or "").strip())
        else:
            runner.report(tier, "preparation", "fail", 0.0, str(error))
    except Exception:       # a fault of the runner is one of the run, not of one thread
        runner.report(tier, "runner", "fail", 0.0, "", traceback.format_exc())


def run_lanes(tiers, run):
    """Call `run` for each tier, LANES of them at a time."""
    waiting = collections.deque(tiers)

    def lane():
        while waiting:
            try:
                tier = waiting.popleft()
            except IndexError:
                return
            run(tier)

    # Daemons: whoever interrupts the run does not wait for them. Guests die with the
    # thread that started them.
    lanes = [threading.Thread(target=lane, daemon=True) for _ in range(LANES)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()


def main():
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only these tests")
    parser.add_argument("--tier", default="",
                        help="t0, stock (both kernels), 6.1, 6.12, newest, uml, smp, "
                             "bench, all (of these), kcsan; default: t0 and stock, or "
                             "wherever a named test runs")
    parser.add_argument("--clock", choices=["wall", "instructions"],
                        help="stock, emulated: override what each test asks for")
    parser.add_argument("--list", action="store_true",
                        help="conformance items, their tests and last results")
    args = parser.parse_args()

    if args.list:
        os.execv(sys.executable, [sys.executable, os.path.join(ROOT, "tests/vm/list.py")])
    # The longest first: what comes last has the machine to itself.
    expand = {"stock": ["6.1", "6.12"],
              "all": ["t0", "uml", "6.12", "6.1", "bench", "newest", "smp"],
              "": ["t0", "6.12", "6.1"] + (["uml"] if args.names else [])}
    tiers = [t for word in args.tier.split(",") for t in expand.get(word, [word])]
    for tier in tiers:
        if tier not in expand["all"] + ["kcsan"]:
            parser.error("no tier is called '%s'" % tier)

    end_on_signals()
    lock = claim_build()
    runner = Runner(Results(), args.clock)
    wanted, found = set(args.names), set()
    script("userspace.sh")
    if set(tiers) - {"t0"}:
        script("stage.sh")
    run_lanes(tiers, lambda tier: run_tier(runner, tier, wanted, found))
    for name in sorted(wanted - found):
        runner.report("-", name, "fail", 0.0, "no such test here")
    lock.close()
    count = runner.count
    for line in runner.failed:
        print("FAILED " + line)
    print("%d passed, %d failed, %d skipped" % (count["pass"], count["fail"], count["skip"]))
    return 1 if count["fail"] or not sum(count.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
