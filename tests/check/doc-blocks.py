#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Blocks of the documents, and what becomes of the commands in them.

Usage: doc-blocks.py SOURCE-ROOT                 check all documents
       doc-blocks.py SOURCE-ROOT FILE PLACE      print the commands of a document that run at PLACE

Each indented or fenced block of a document has a comment before it:

    <!-- run: PLACE -->        commands; PLACE is who runs them, see RUNNERS
    <!-- not run: REASON -->   commands that cannot be run here
    <!-- output -->            no commands: output, code, a picture

Samples of code in a fence with a language need none; TESTED_CODE compiles them.
A line that ends with a backslash goes on in the next one; "$ " before a command is not part of it.
"""

import pathlib
import re
import sys

# Documents for those who use Homa. The others are for people who work on it: what they name is
# what CI, or its author, runs all the time.
DOCUMENTS = ["README.md", *("docs/%s.md" % name for name in (
    "comparison", "dissector", "install", "migration", "operations", "programming", "quickstart",
    "socket-ops", "troubleshooting", "tuning"))]

# Who runs the commands of a place. A test that takes them out of the document names the
# document, and calls for the place.
RUNNERS = {
    "c": "tests/net/doc_commands.sh",
    "faults": "tests/net/tool_faults.sh",       # has them as text, so that it can look at each
    "clean system": "packaging/test/in-root.sh",
    "both": "packaging/test/boot.sh",
    "server": "packaging/test/boot.sh",
    "client": "packaging/test/boot.sh",
    "checkout": "packaging/test/packages.sh",
    "dissector": "dissector/test/docs.py",
}
# So many commands were run at least: if blocks were not found, nothing would be missed.
RUN_MIN = 50
TESTED_CODE = {"docs/programming.md": "lib/test/guide.py"}

MARK = re.compile(r"<!-- (?:(run|not run): ([^>]+)|(output)|dissector: \w+|\w+: begin) -->$")


class Block:
    """A block: its first line, the mark before it, the language of its fence, its lines."""

    def __init__(self, number, mark, language):
        self.number, self.mark, self.language, self.lines = number, mark, language, []

    def commands(self):
        """What a shell is given, one command for each line."""
        text = "\n".join(line.removeprefix("$ ") for line in self.lines)
        joined = re.sub(r"\\\n\s*", " ", text)
        return [line for line in joined.split("\n") if line.strip()]


def blocks(path):
    """The blocks of a document."""
    found, mark, block, fence, before = [], None, None, False, ""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("```"):
            fence = not fence
            block = Block(number, mark, line[3:]) if fence else None
            if fence:
                found.append(block)
            mark = None
        elif fence:
            block.lines.append(line)
        elif MARK.match(line):
            mark, block = MARK.match(line), None
        elif line.startswith("    ") and (block or not before):
            if not block:
                block = Block(number, mark, "")
                found.append(block)
                mark = None
            block.lines.append(line[4:])
        elif line and not (line.startswith("<!--") and line.endswith("end -->")):
            block = mark = None
        before = line if not line.startswith("<!--") else ""
    # Lists are indented, too; their items are not blocks of commands.
    return [b for b in found if b.lines]


def check(root):
    """Print what is wrong, and the numbers; return the status."""
    bad, run, reasons, outputs = 0, 0, [], 0
    for name in DOCUMENTS:
        for block in blocks(root / name):
            where = "%s:%d" % (name, block.number)
            if block.language and name in TESTED_CODE and not block.mark:
                continue
            if not block.mark:
                print("%s: no mark before this block: %s" % (where, block.lines[0]))
                bad = 1
                continue
            kind, text = block.mark.group(1), block.mark.group(2)
            if kind == "not run":
                reasons += [(where, command, text) for command in block.commands()]
            elif kind == "run":
                runner = RUNNERS.get(text)
                if not runner or not (root / runner).exists():
                    print("%s: nobody runs commands in \"%s\"" % (where, text))
                    bad = 1
                    continue
                run += len(block.commands())
                test = (root / runner).read_text(encoding="utf-8")
                if text != "faults" and pathlib.Path(name).name not in test:
                    print("%s: %s does not read this document" % (where, runner))
                    bad = 1
                for command in block.commands() if text == "faults" else ():
                    # The test may add a file of its own.
                    if not re.search(r"""(['"])%s(\1| -f )""" % re.escape(command), test):
                        print("%s: not in %s: %s" % (where, runner, command))
                        bad = 1
            elif "dissector:" in block.mark.group(0):
                run += 1
            else:
                outputs += 1
    for where, command, reason in reasons:
        print("not run: %s: %s (%s)" % (where, command, reason))
    print("%d commands are run, %d are not, each with its reason; %d blocks have no commands" % (
        run, len(reasons), outputs))
    if run < RUN_MIN:
        print("they were %d once: are the blocks still found?" % RUN_MIN)
        bad = 1
    return bad


def main():
    root = pathlib.Path(sys.argv[1])
    if len(sys.argv) == 2:
        return check(root)
    for block in blocks(root / sys.argv[2]):
        if block.mark and block.mark.group(1) == "run" and block.mark.group(2) == sys.argv[3]:
            print("\n".join(block.commands()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
