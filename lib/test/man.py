#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Every function of libhoma has a manual page that agrees with the header, and
whose example compiles.

Usage: man.py SOURCE-ROOT
"""
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
header = (root / "lib/include/homa/homa.h").read_text()
bad = 0


def complain(text):
    global bad
    bad += 1
    print(text)


def words(text):
    """Tokens, so that line breaks and blanks do not matter."""
    return re.findall(r"\w+|[^\w\s]", text)


def section(page, name):
    match = re.search(rf"^\.SH {name}\n(.*?)(?=^\.SH |\Z)", page, re.M | re.S)
    return match.group(1) if match else ""


def plain(text):
    """Roff of a synopsis as plain text."""
    text = re.sub(r"^\.(nf|fi|PP).*$", "", text, flags=re.M)
    return re.sub(r'^\.B "?(.*?)"?$', r"\1", text, flags=re.M).replace("\\-", "-")


def prototype(name):
    match = re.search(rf"^[a-z][^;{{}}\n]*?\b{name}\([^;]*?\);", header, re.M)
    return match.group(0)


def compile_example(page, name):
    code = re.search(r"^\.EX\n(.*?)^\.EE", section(page, "EXAMPLES"), re.M | re.S)
    if not code:
        complain(f"{name}.3 has no example")
        return
    code = code.group(1).replace("\\e", "\\")
    if name + "(" not in code:
        complain(f"{name}.3: the example does not use it")
    with tempfile.TemporaryDirectory() as tmp:
        source = pathlib.Path(tmp) / "example.c"
        source.write_text(code)
        run = subprocess.run(
            ["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", root / "lib/include", "-c", source, "-o", source.with_suffix(".o")],
            capture_output=True, text=True)
        if run.returncode:
            complain(f"{name}.3: the example does not compile\n{run.stderr}")


exported = re.findall(r"^\t\t(homa_\w+);", (root / "lib/libhoma.map").read_text(), re.M)
declared = re.findall(r"^[a-z][^;{}\n(]*?\b(homa_\w+)\([^;]*?\);", header, re.M)
if sorted(exported) != sorted(set(declared)):
    complain(f"map and header differ: {set(exported) ^ set(declared)}")

for name in exported:
    path = root / f"man/{name}.3"
    if not path.exists():
        complain(f"man/{name}.3 is missing")
        continue
    page = path.read_text()
    alias = re.search(r"^\.so man3/(\w+)\.3$", page, re.M)
    if alias:
        path = root / f"man/{alias.group(1)}.3"
        page = path.read_text()
    if not re.search(rf"\b{name}\b", section(page, "NAME")):
        complain(f"{path.name}: {name} is not in NAME")
    want = " ".join(words(prototype(name)))
    if want not in " ".join(words(plain(section(page, "SYNOPSIS")))):
        complain(f"{path.name}: SYNOPSIS differs from the header for {name}:\n  {want}")
    for needed in ("DESCRIPTION", "RETURN VALUE", "THREADS", "SEE ALSO"):
        if not section(page, needed).strip():
            complain(f"{path.name} has no {needed}")
    for other in re.findall(r"^\.BR (homa\w*) \((\d)\)", section(page, "SEE ALSO"), re.M):
        if not (root / f"man/{other[0]}.{other[1]}").exists():
            complain(f"{path.name} refers to {other[0]}({other[1]}), which does not exist")
    compile_example(page, name)

print(f"{len(exported)} functions, {bad} complaints")
sys.exit(1 if bad else 0)
