# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Which tests exist, and what they last said."""

import dataclasses
import glob
import json
import os
import re
import subprocess
import time

from guest import BUILD, ROOT

NET = os.path.join(ROOT, "tests/net")


@dataclasses.dataclass
class NetTest:
    """One test that runs in a guest."""
    name: str
    file: str           # relative to tests/net
    tiers: set
    items: list
    timeout_s: int
    machines: int       # 1, or 2 joined by a cable
    clock: str          # of an emulated guest: instructions or wall
    virtual_s: int      # seconds of virtual time that it may take, 0 = as usual


@dataclasses.dataclass
class Result:
    """How one test ended in one tier."""
    tier: str
    name: str
    verdict: str        # pass, fail or skip
    seconds: float
    reason: str = ""


def header(path):
    """The `# word: value` comments at the top of a test."""
    fields = {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for number, line in enumerate(f):
            match = re.match(r"^[\s/*#;]*([a-z]+):\s*(.*?)\s*(?:\*/)?$", line)
            if match and match[1] in ("items", "tier", "timeout", "machines",
                                      "clock", "virtual", "longer"):
                value = match[2].split("#")[0].strip()
                fields[match[1]] = (fields.get(match[1], "") + " " + value).strip()
            if number > 60:
                break
    return fields


def seconds_asked(variable):
    """Seconds that the environment asks a test to last."""
    return int(os.environ.get(variable, "0")) if variable else 0


def net_tests():
    """Every test under tests/net, in a stable order."""
    tests = []
    names = {"uml": {"uml"}, "stock": {"6.1", "6.12"}, "stock612": {"6.12"}, "stock61": {"6.1"},
             "newest": {"newest"}, "smp": {"smp"}, "kcsan": {"kcsan"}}
    for path in sorted(glob.glob(NET + "/*.sh") + glob.glob(NET + "/drill/*.drill")):
        fields = header(path)
        tiers = set()
        for word in fields.get("tier", "").replace(",", " ").split():
            if word not in names:
                raise SystemExit("%s: unknown tier '%s'" % (path, word))
            tiers |= names[word]
        if not tiers:
            continue    # a library, not a test
        tests.append(NetTest(
            os.path.splitext(os.path.basename(path))[0], os.path.relpath(path, NET), tiers,
            fields.get("items", "").replace(",", " ").split(),
            int(fields.get("timeout", "60")) + seconds_asked(fields.get("longer", "")),
            int(fields.get("machines", "1")),
            fields.get("clock", "instructions"), int(fields.get("virtual", "0"))))
    seen = set()
    for test in tests:
        if test.name in seen:
            raise SystemExit("two tests are called '%s'" % test.name)
        seen.add(test.name)
    return tests


def meson_tests(names):
    """Run Meson's tests (all, or those named); yield (Result, log)."""
    listed = subprocess.run(["meson", "test", "-C", BUILD, "--no-rebuild", "--list"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    known = {line.split(" / ")[-1].strip() for line in listed.stdout.splitlines() if line.strip()}
    chosen = [n for n in names if n in known] if names else []
    if names and not chosen or not known:
        return
    logs = os.path.join(BUILD, "meson-logs")
    path = os.path.join(logs, "testlog.json")
    if os.path.exists(path):
        os.remove(path)
    subprocess.run(["meson", "test", "-C", BUILD, "--no-rebuild", *chosen],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    seen = set()
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for line in f:
                entry = json.loads(line)
                name = entry["name"].split(" / ")[-1]
                seen.add(name)
                verdict = {"OK": "pass", "EXPECTEDFAIL": "pass", "SKIP": "skip"}.get(
                    entry["result"], "fail")
                reason = "" if verdict == "pass" else entry["result"].lower()
                yield (Result("t0", name, verdict, entry["duration"], reason),
                       entry.get("stdout", "") + entry.get("stderr", ""))
    for name in sorted((set(chosen) or known) - seen):
        yield Result("t0", name, "fail", 0.0, "Meson reported no result"), ""


class Results:
    """The last result of each test, kept in build/test-results."""

    def __init__(self):
        self.root = os.path.join(BUILD, "test-results")
        os.makedirs(self.root, exist_ok=True)
        self.path = os.path.join(self.root, "results.json")

    def directory(self, tier):
        """Where the logs of a tier are."""
        path = os.path.join(self.root, tier)
        os.makedirs(path, exist_ok=True)
        return path

    def load(self):
        """{(tier, name): Result}"""
        try:
            with open(self.path, encoding="utf-8") as f:
                entries = json.load(f)
        except (OSError, ValueError):
            return {}
        return {(e["tier"], e["name"]): Result(e["tier"], e["name"], e["verdict"], e["seconds"],
                                               e["reason"]) for e in entries}

    def store(self, result, log):
        """Remember a result; return the path of its log."""
        path = os.path.join(self.directory(result.tier), result.name + ".log")
        with open(path, "w", encoding="utf-8") as f:
            f.write("%s %s %s %.1f s %s\n%s\n" % (
                time.strftime("%F %T"), result.verdict, result.name, result.seconds,
                result.reason, log))
        everything = self.load()
        everything[(result.tier, result.name)] = result
        new = self.path + ".new"
        with open(new, "w", encoding="utf-8") as f:
            json.dump([dataclasses.asdict(r) for r in everything.values()], f, indent=1)
        os.rename(new, self.path)
        return path
