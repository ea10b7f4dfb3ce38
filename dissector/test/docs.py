# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""What docs/dissector.md shows is what tshark prints, its commands install the dissector, its
filters are filters, and it names all expert infos and preferences.

Usage: docs.py DOCUMENT CAPTURE...
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

from packets import SCRIPT, tshark


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()

    # In the clone, with a home of its own. tshark then finds the dissector by itself.
    commands = re.findall(r"<!-- run: dissector -->\n((?:    .*\n)+)", text)
    assert commands, "no commands"
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "HOME": home}
        for command in commands:
            subprocess.run(["sh", "-ec", command], check=True, env=env,
                           cwd=os.path.join(os.path.dirname(SCRIPT), ".."))
        protocols = subprocess.run(["tshark", "-G", "protocols"], check=True, text=True, env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    assert "Homa Transport Protocol" in protocols
    print("ok: installed as it says")

    os.chdir(os.path.dirname(sys.argv[2]))

    examples = re.findall(r"<!-- dissector: (\w+) -->\n    \$ (tshark .*)\n((?:    .*\n)*)", text)
    assert len(examples) == text.count("<!-- dissector:") > 0
    for name, command, shown in examples:
        args = shlex.split(command)
        path = args.pop(args.index("-r") + 1)
        args = [arg for arg in args[1:] if arg not in ("-n", "-r")]
        got = tshark(path, *args)
        want = "".join(line[4:] + "\n" for line in shown.splitlines())
        assert [line.rstrip() for line in got.splitlines()] == want.splitlines(), (name, got)
        print("ok: example " + name)

    table = text[text.index("## Display filters"):text.index("## Large buffers")]
    filters = [f for row in table.splitlines() if row.startswith("| `")
               for f in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    filters += re.findall(r"`(ip[^`]+)`", table)
    assert len(filters) > 30, filters
    for filter_ in filters:
        tshark(sys.argv[2], "-Y", filter_)
    print("ok: %d filters" % len(filters))

    with open(SCRIPT, encoding="utf-8") as file:
        code = file.read()
    experts = re.findall(r'expert\("(\w+)"', code)
    prefs = re.findall(r"homa\.prefs\.(\w+) = ", code)
    assert experts and prefs
    missing = [n for n in ["homa.expert." + n for n in experts] + ["homa." + n for n in prefs]
               if "`%s`" % n not in text]
    assert not missing, missing
    print("ok: %d expert infos and %d preferences are documented" % (len(experts), len(prefs)))


main()
