#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The netlink specification, the header of its numbers and the code say the same.

Usage: netlink-spec.py SOURCE-ROOT

Reads netlink/homa.yaml by its indentation, for want of a YAML parser on every
machine, and compares

- names and order with include/uapi/linux/homa_netlink.h;
- the type of each attribute with the functions that put it into a message in
  kmod/netlink.c, and with the policy for those in requests;
- for each operation, who may ask and what a request may contain with the table
  of operations there.
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


# How a type of the specification is put into a message, and what a policy calls it.
PUT = {'string': ['string'], 'u8': ['u8'], 'u16': ['u16'], 'u32': ['u32'], 's32': ['s32'],
       'u64': ['u64_64bit'], 'binary': ['in6_addr'], 'flag': ['flag'], 'pad': []}
POLICY = {'string': 'NLA_NUL_STRING', 'u16': 'NLA_U16', 's32': 'NLA_S32'}


def attributes(path):
    """What the specification says about each attribute: type, len (a check)."""
    found = {}
    section = group = attr = None
    for line in open(path, encoding='utf-8'):
        top = re.match(r'([a-z-]+):', line)
        if top:
            section = top.group(1)
        if section != 'attribute-sets':
            continue
        field = re.match(r'( +)([a-z-]+): +(\S+)$', line)
        if not field:
            continue
        depth, key, value = len(field.group(1)), field.group(2), field.group(3)
        word = value.upper().replace('-', '_')
        if depth == 4 and key == 'name':
            group = word
        elif depth == 8 and key == 'name':
            attr = found.setdefault(f'HOMA_A_{group}_{word}', {})
        elif key in ('type', 'max-len', 'exact-len'):
            attr[key] = value
    return found


def operations(path):
    """For each command: privileged or not, its modes, attributes of its requests."""
    found = {}
    section = op = group = part = None
    for line in open(path, encoding='utf-8'):
        top = re.match(r'([a-z-]+):', line)
        if top:
            section = top.group(1)
        field = re.match(r'( +)([a-z-]+):(?: (.*))?$', line)
        if section != 'operations' or not field:
            continue
        depth, key, value = len(field.group(1)), field.group(2), field.group(3) or ''
        if depth == 6 and key == 'name':
            op = {'admin': False, 'modes': set(), 'request': set()}
            found['HOMA_CMD_' + value.upper().replace('-', '_')] = op
        elif depth == 6 and key == 'attribute-set':
            group = value.upper()
        elif depth == 6 and key == 'flags':
            op['admin'] = 'uns-admin-perm' in value
        elif depth == 6 and key in ('do', 'dump'):
            op['modes'].add(key)
        elif depth == 8:
            part = key
        elif depth == 10 and key == 'attributes' and part == 'request':
            for name in value.strip('[]').split(', '):
                op['request'].add(f'HOMA_A_{group}_' + name.upper().replace('-', '_'))
    return found


def compare_attributes(spec, code):
    """Complaints about types: of what is put into messages, and of policies."""
    for name, attr in spec.items():
        puts = set(re.findall(r'nla_put_(\w+)\(\s*skb,\s*' + name + r'\b', code))
        want = PUT.get(attr.get('type'))
        if want is None:
            yield f'{name}: type {attr.get("type")} is not known here'
        elif want and puts != set(want):
            yield f'{name}: {attr["type"]} in the specification, put as {sorted(puts)}'
        if attr.get('type') == 'binary' and attr.get('exact-len') != '16':
            yield f'{name}: an address has 16 bytes'
    for name in set(re.findall(r'nla_put_\w+\(\s*skb,\s*(HOMA_A_\w+)', code)) - set(spec):
        yield f'{name}: not in the specification'


def policies(code):
    """The policy tables: {table: {attribute: its text}}."""
    return {table: dict(re.findall(r'\[(\w+)\] = (.*?),\n', body + '\n'))
            for table, body in
            re.findall(r'struct nla_policy (\w+)\[[^]]*\] = \{\n(.*?)\n\};', code, re.S)}


def compare_operations(spec, attrs, code):
    """Complaints about operations: rights, modes, policies."""
    table = re.search(r'struct genl_ops ops\[\] = \{(.*?)\n\};', code, re.S).group(1)
    tables = policies(code)
    seen = set()
    for entry in re.findall(r'\{\n(.*?)\n\t\}', table, re.S):
        fields = dict(re.findall(r'\.(\w+) = ([^,]+),', entry + ','))
        name = fields['cmd']
        seen.add(name)
        op = spec.get(name)
        if op is None:
            yield f'{name}: not in the specification'
            continue
        if op['admin'] != ('GENL_UNS_ADMIN_PERM' in fields.get('flags', '')):
            yield f'{name}: the specification and the code differ in uns-admin-perm'
        modes = {mode for mode, key in (('do', 'doit'), ('dump', 'dumpit')) if key in fields}
        if modes != op['modes']:
            yield f'{name}: {sorted(op["modes"])} in the specification, {sorted(modes)} in the code'
        policy = tables.get(fields.get('policy'), {})
        if set(policy) != op['request']:
            yield (f'{name}: requests have {sorted(op["request"])} in the specification, '
                   f'{sorted(policy)} in the policy')
        for attr, text in policy.items():
            kind = attrs.get(attr, {})
            if not re.search(r'\b' + POLICY.get(kind.get('type'), 'nothing') + r'\b', text):
                yield f'{attr}: {kind.get("type")} in the specification, {text} in the policy'
            length = re.search(r'\.len = (\d+)', text)
            if (length and length.group(1)) != kind.get('max-len'):
                yield f'{attr}: max-len {kind.get("max-len")} in the specification, {text}'
    for name in set(spec) - seen:
        yield f'{name}: no such operation in the code'


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
    code = open(root + '/kmod/netlink.c', encoding='utf-8').read()
    attrs = attributes(root + '/netlink/homa.yaml')
    ops = operations(root + '/netlink/homa.yaml')
    for text in [*compare_attributes(attrs, code), *compare_operations(ops, attrs, code)]:
        print(text)
        bad = 1
    if not bad:
        print(f'{len(attrs)} attributes, {len(ops)} operations, '
              f'{sum(map(len, header))} names in {len(header)} groups')
    return bad


if __name__ == '__main__':
    sys.exit(main())
