#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The code in docs/programming.md compiles; programs in it are those in examples/.

Usage: guide.py SOURCE-ROOT
"""
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
guide = (root / "docs/programming.md").read_text()
names = re.search(r"assume the headers (.*?)\.\n\n", guide, re.S).group(1)
prelude = "".join(f"#include {header}\n" for header in re.findall(r"<[\w./]+>", names))
flags = ["-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I", str(root / "lib/include"), "-I",
         str(root / "include/uapi"), "-c"]
count = {}
bad = 0

with tempfile.TemporaryDirectory() as tmp:
    for before, language, code in re.findall(r"([^\n]*)\n\n```(\w+)\n(.*?)```", guide, re.S):
        count[language] = count.get(language, 0) + 1
        example = re.search(r"`(examples/\w+\.c)`:$", before)
        if example:
            text = (root / example.group(1)).read_text()
            if text[text.index("#include"):] != code:
                print(f"{example.group(1)} differs from the guide")
                bad += 1
        if language == "python":
            compile(code, "programming.md", "exec")
            continue
        source = pathlib.Path(tmp) / f"sample.{language}"
        if "#include" not in code:
            code = prelude + code
        source.write_text(code)
        command = {"c": ["gcc", "-std=gnu11"], "cpp": ["g++", "-std=c++11"]}[language]
        run = subprocess.run([*command, *flags, source, "-o", "/dev/null"], capture_output=True,
                             text=True)
        if run.returncode:
            print(f"a sample does not compile:\n{code}\n{run.stderr}")
            bad += 1

if set(count) != {"c", "cpp", "python"} or count["c"] < 8:
    print("samples are missing:", count)
    bad += 1
print(f"{sum(count.values())} samples, {bad} complaints")
sys.exit(1 if bad else 0)
