#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""docs/socket-ops.md has every member of struct proto and struct proto_ops.

Usage: socket-ops.py SOURCE-ROOT

Reads the headers of Linux 6.1, 6.12 and the newest one. A member that a kernel has and
the page does not name fails, as does one that the page names and no kernel has, and
one that the page calls absent while the module sets it, or the reverse. A newer kernel
than those that were known when this was written does not fail; what it has is printed.
"""
import os
import re
import subprocess
import sys

NEWEST_KNOWN = (7, 3)


def run(*words):
    """Last line of what a command prints, or None if it says that it must be skipped."""
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 77:
        return None
    if done.returncode:
        sys.exit(f'{" ".join(words)} fails')
    return done.stdout.split('\n')[-2]


def headers(root, kernel):
    """The folder with linux/net.h and net/sock.h of a kernel, and whether it is known."""
    known = True
    if kernel == 'newest':
        build = run(f'{root}/tests/vm/newest.sh')
        if not build:
            return None
        release = re.search(r'/newest-(\d+)\.(\d+)', build)
        known = (int(release.group(1)), int(release.group(2))) <= NEWEST_KNOWN
        build += '/build'
    else:
        build = f'/lib/modules/{run(f"{root}/tests/vm/stock.sh", kernel, "headers")}/build'
    if not os.path.exists(f'{build}/include/net/sock.h'):
        # Debian keeps what all flavours share beside it.
        text = open(f'{build}/Makefile', encoding='utf-8').read()
        build = re.search(r'^include (.*)/Makefile$', text, re.M).group(1)
    return f'{build}/include', known


def body(text, struct):
    """What is between the braces of a structure, without comments."""
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    start = re.search(r'^struct ' + struct + r' \{$', text, re.M).end()
    return text[start:text.index('\n}', start)]


def members(text, struct):
    """Names of all members; those of nested structures and unions, too."""
    text = re.sub(r'^#.*$', '', body(text, struct), flags=re.M)
    found = set(re.findall(r'\}\s*(\w+);', text))
    for part in re.split(r'[;{}]', text):
        part = ' '.join(part.split())
        call = re.match(r'.*?\(\s*\*\s*(\w+)\s*\)\s*\(', part)
        name = re.search(r'(\w+)(\[[^]]*\])?$', part)
        if call:
            found.add(call.group(1))
        elif name and ' ' in part:
            found.add(name.group(1))
    return found


def named(page, heading):
    """Members in the first column of the table below a heading: {name: second column}."""
    found = {}
    section = page[page.index('## ' + heading + ' '):]
    section = section.split('\n## ')[0]
    for row in re.findall(r'^\| (.*?) \| (.*?) \|', section, re.M):
        for name in re.findall(r'`(\w+)`', row[0]):
            found[name] = row[1]
    return found


def initialised(code, pattern):
    """Members that an initialiser sets."""
    text = re.search(pattern + r' = \{\n(.*?)\n\};', code, re.S | re.M).group(1)
    text = text.replace('\tHOMA_PINFO_OFFSET(', '\t.ipv6_pinfo_offset = (')
    return set(re.findall(r'^\t\.(\w+) = ', text, re.M))


def main():
    root = sys.argv[1]
    kernels = {name: headers(root, name) for name in ('6.1', '6.12', 'newest')}
    kernels = {name: found for name, found in kernels.items() if found}
    page = open(root + '/docs/socket-ops.md', encoding='utf-8').read()
    code = {name: open(f'{root}/kmod/{name}.c', encoding='utf-8').read()
            for name in ('main', 'sock', 'mem')}
    bad = 0
    for struct, header, init in (
            ('proto_ops', 'linux/net.h',
             initialised(code['sock'], r'^const struct proto_ops homa_inet_ops')),
            ('proto', 'net/sock.h',
             initialised(code['main'], r'^struct proto homa_prot') |
             initialised(code['main'], r'^struct proto homav6_prot') |
             set(re.findall(r'\bprot->(\w+) = ', code['mem'])))):
        rows = named(page, 'struct ' + struct)
        exist = set()
        for kernel, (folder, known) in kernels.items():
            text = open(f'{folder}/{header}', encoding='utf-8').read()
            found = members(text, struct)
            if len(found) < 20:
                print(f'Linux {kernel}: only {len(found)} members of struct {struct} were found')
                bad = 1
            exist |= found
            for name in sorted(found - set(rows)):
                print(f'Linux {kernel}: struct {struct} has {name}, docs/socket-ops.md does not')
                bad |= known
        for name in sorted(set(rows) - exist):
            print(f'docs/socket-ops.md: no kernel has {name} in struct {struct}')
            bad = 1
        for name, what in rows.items():
            if ('absent' in what) == (name in init):
                print(f'docs/socket-ops.md: {name} of struct {struct}: "{what}", but the module '
                      + ('sets it' if name in init else 'does not set it'))
                bad = 1
        if not bad:
            print(f'struct {struct}: {len(rows)} members in Linux {", ".join(kernels)}')
    return bad


if __name__ == '__main__':
    sys.exit(main())
