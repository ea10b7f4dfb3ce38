#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Conformance item -> level -> tests -> last result: ./dev test --list.

A test proves the items that its `items:` line names. Net tests have one in
their header; a test on this machine has one anywhere in its first comment.
"""

import glob
import os
import sys

from suite import Results, header, net_tests
from guest import ROOT

# Where tests other than net tests live, and the name that Meson knows a file by.
PLACES = ["tests/unit/test_*.c", "tests/prop/*.c", "tests/fuzz/*.c", "tests/vectors/*.c",
          "tests/vectors/*.py", "tests/vectors/*.sh", "tests/harness/*.c", "tests/check/*.sh",
          "tools/homa-drill/test/*.c", "tools/homa-drill/test/*.sh"]


def items_table():
    """[(id, level, what, why it does not apply or "")] in the order of the list."""
    rows = []
    with open(os.path.join(ROOT, "tests/conformance.tsv"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                rows.append(tuple((line.rstrip("\n") + "\t").split("\t")[:4]))
    return rows


def host_tests():
    """{item: {stem of the file}} for tests on this machine."""
    found = {}
    for pattern in PLACES:
        for path in glob.glob(os.path.join(ROOT, pattern)):
            for item in header(path).get("items", "").replace(",", " ").split():
                found.setdefault(item, set()).add(os.path.splitext(os.path.basename(path))[0])
    return found


def matches(test_name, stem):
    """Whether Meson's name of a test comes from the file `stem`."""
    def plain(text):
        return text.replace("-", "_").removeprefix("test_")
    return plain(test_name).endswith(plain(stem))


def main():
    results = Results().load()
    net = net_tests()
    host = host_tests()
    known = {row[0] for row in items_table()}
    counts = {"missing": 0, "pass": 0, "fail": 0, "skip": 0, "not run": 0, "n/a": 0}
    mark = {"pass": "ok", "fail": "FAIL", "skip": "skip", None: "-"}
    for item, level, what, why_not in items_table():
        tests, verdicts = [], []
        for test in [t for t in net if item in t.items]:
            said = []
            for tier in sorted(test.tiers):
                result = results.get((tier, test.name))
                verdicts.append(result.verdict if result else None)
                said.append("%s:%s" % (tier, mark[result.verdict if result else None]))
            tests.append("%s (%s)" % (test.name, " ".join(said)))
        for stem in sorted(host.get(item, ())):
            last = [r.verdict for (tier, name), r in results.items()
                    if tier == "t0" and matches(name, stem)]
            verdict = ("fail" if "fail" in last else last[0]) if last else None
            verdicts.append(verdict)
            tests.append("%s (t0:%s)" % (stem, mark[verdict]))
        if why_not and tests:
            print("%s has tests, so it does apply" % item, file=sys.stderr)
        if why_not and not tests:
            state = "n/a"
            tests.append("does not apply: " + why_not)
        elif not tests:
            state = "missing"
        elif "fail" in verdicts:
            state = "fail"
        elif "pass" in verdicts:
            state = "pass"
        else:
            state = "skip" if "skip" in verdicts else "not run"
        counts[state] += 1
        print("%-4s %s  %-8s %-68s %s" % (item, level, state, what, ", ".join(tests)))
    for test in net:
        for item in set(test.items) - known:
            print("%s names '%s', which is not an item" % (test.file, item), file=sys.stderr)
    print("%d items: %d pass, %d fail, %d skipped, %d not run, %d missing, "
          "%d do not apply" % (
        sum(counts.values()), counts["pass"], counts["fail"], counts["skip"],
        counts["not run"], counts["missing"], counts["n/a"]))


if __name__ == "__main__":
    main()
