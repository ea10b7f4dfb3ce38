#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The netlink specification and the header of its numbers say the same.

Usage: netlink-spec.py SOURCE-ROOT

Reads netlink/homa.yaml by its indentation, for want of a YAML parser on every
machine, and compares names and order with include/uapi/linux/homa_netlink.h.
"""
import re
import sys


def of_spec(path):
    """The enumerators that the specification calls for, by group."""
    groups = {}
    section = None
    current = None
    item = 0
    for line in open(path, encoding='utf-8'):
        top = re.match(r'([a-z-]+):', line)
        if top:
            section = top.group(1)
        if re.match(r' *-$', line):
            item = line.index('-')
        name = re.match(r'( +)name: ([a-z0-9-]+)$', line)
        if not name or len(name.group(1)) != item + 2:
            continue
        word = name.group(2).upper().replace('-', '_')
        if section == 'attribute-sets' and item == 2:
            current = 'A_' + word
        elif section == 'attribute-sets' and item == 6:
            groups.setdefault(current, []).append(f'HOMA_{current}_{word}')
        elif section == 'definitions' and item == 6:
            groups.setdefault('RPC_STATE', []).append(f'HOMA_RPC_STATE_{word}')
        elif section == 'operations' and item == 4:
            groups.setdefault('CMD', []).append(f'HOMA_CMD_{word}')
    return groups


def of_header(path):
    """Lists of enumerators, one for each enum."""
    text = open(path, encoding='utf-8').read()
    for body in re.findall(r'enum[^{]*\{([^}]*)\}', text):
        names = re.findall(r'^\t(HOMA_\w+)(?: = [01])?,$', body, re.M)
        yield names


def main():
    root = sys.argv[1]
    spec = of_spec(root + '/netlink/homa.yaml')
    header = list(of_header(root + '/include/uapi/linux/homa_netlink.h'))
    bad = 0
    for group, names in spec.items():
        if names not in header:
            print(f'{group}: the specification says {" ".join(names)}')
            bad = 1
    if len(header) != len(spec):
        print(f'{len(spec)} groups in the specification, {len(header)} in the header')
        bad = 1
    if not bad:
        print(f'{sum(map(len, header))} names in {len(header)} groups')
    return bad


if __name__ == '__main__':
    sys.exit(main())
