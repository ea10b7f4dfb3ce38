#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The descriptions for syzkaller know the whole interface, with the sizes of its header.

Usage: syzkaller.py SOURCE-ROOT

Every option, ioctl and flag of include/uapi/linux/homa.h is used in tests/syzkaller/homa.txt;
each structure there has the size that the header asserts, each packet the size of its
header on the wire (core/wire.h); and no type is used that is not defined there, in the
language, or in the files of syzkaller that come with it.
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
text = (root / 'tests/syzkaller/homa.txt').read_text(encoding='utf-8')
text = re.sub(r'#.*$', '', text, flags=re.M)
uapi = (root / 'include/uapi/linux/homa.h').read_text(encoding='utf-8')
wire = (root / 'core/wire.h').read_text(encoding='utf-8')
bad = 0

# Types of the language with their sizes; those of syzkaller's own files have none here.
SIZES = {'int8': 1, 'int16': 2, 'int32': 4, 'int64': 8, 'int16be': 2, 'int32be': 4, 'int64be': 8,
         'bool8': 1, 'ptr64': 8, 'vma64': 8, 'intptr': 8, 'ipv4_addr': 4, 'ipv6_addr': 16,
         'mac_addr': 6}
FOREIGN = {'sock', 'iovec_in', 'ipv4_packet_t', 'ipv6_packet_t', 'vnet_fragmentation'}
# Their argument at the end is the type that holds the value.
WRAPPERS = {'const', 'flags', 'len', 'bytesize'}
# Structures of the interface, by the names that the header asserts sizes for, and packets
# by the name of the constant with their size.
UAPI = {'homa_rcvbuf_args': ['homa_rcvbuf_args', 'homa_rcvbuf_args_out'],
        'homa_sendmsg_args': ['homa_sendmsg_new', 'homa_sendmsg_answer'],
        'homa_recvmsg_args': ['homa_recvmsg_args'], 'homa_abort_args': ['homa_abort_args'],
        'homa_info': ['homa_info'], 'homa_send': ['homa_send_new', 'homa_send_answer'],
        'homa_recv': ['homa_recv'], 'homa_exchange': ['homa_exchange']}
PACKETS = {'homa_common': 'HOMA_COMMON_HDR_BYTES', 'homa_data': 'HOMA_DATA_HDR_BYTES',
           'homa_grant': 'HOMA_GRANT_HDR_BYTES', 'homa_resend': 'HOMA_RESEND_HDR_BYTES',
           'homa_cutoffs': 'HOMA_CUTOFFS_HDR_BYTES', 'homa_ack': 'HOMA_ACK_HDR_BYTES'}


def complain(what):
    global bad
    bad += 1
    print(what)


def value(word):
    found = re.search(rf'#define {word}\s+(0x[0-9a-f]+|\d+)', uapi + wire)
    return int(found.group(1) if found else word, 0)


structs = dict(re.findall(r'^(?:type )?(\w+)(?:\[[A-Z]+\])? [{\[]\n(.*?)^[}\]]', text, re.M | re.S))
unions = set(re.findall(r'^(\w+) \[$', text, re.M))
aliases = dict(re.findall(r'^type (\w+) (\w+)(?:\[[^\]]*\])?$', text, re.M))
aliases.update(re.findall(r'^resource (\w+)\[(\w+)\]', text, re.M))


def split(args):
    """Arguments of a type, at commas outside of brackets."""
    parts, depth = [''], 0
    for c in args:
        depth += (c == '[') - (c == ']')
        if c == ',' and not depth:
            parts.append('')
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def size(what):
    """Bytes of a type; arrays without a fixed length count as nothing."""
    name, args = re.match(r'(\w+)(?:\[(.*)\])?$', what.strip(), re.S).groups()
    args = split(args or '')
    if name in WRAPPERS:
        return size(args[-1])
    if name == 'array':
        fixed = len(args) > 1 and ':' not in args[1]
        return size(args[0]) * value(args[1]) if fixed else 0
    if name in SIZES:
        return SIZES[name]
    if name in aliases:
        return size(aliases[name])
    if name in structs:
        return (max if name in unions else sum)(size(field) for field in fields(name))
    if name not in FOREIGN:
        complain(f'unknown type {what}')
    return 0


def fields(name):
    for line in structs[name].strip().split('\n'):
        # name, type, and perhaps a direction in parentheses
        yield re.match(r'\s*\w+\s+(.*?)(\s+\((in|out|inout)\))?$', line).group(1)


def main():
    used = set(re.findall(r'\w+', text))
    asked = set(re.findall(r'#define ((?:SO_HOMA|HOMAIOC|HOMA_SENDMSG|HOMA_EXCHANGE)_?\w+)', uapi))
    asked -= {'HOMA_SENDMSG_VALID_FLAGS', 'HOMA_EXCHANGE_MAX', 'HOMA_EXCHANGE_RETURNS_MAX'}
    for name in sorted(asked - used):
        complain(f'{name} is not described')
    for option in re.findall(r'#define (SO_HOMA_\w+)', uapi):
        for call in ('setsockopt', 'getsockopt'):
            if not re.search(rf'^{call}\$.*const\[{option}\]', text, re.M):
                complain(f'no {call} of {option}')
    for name in sorted(w for w in used if re.match(r'(SO_HOMA|HOMAIOC|HOMA)_?[A-Z]', w)):
        if not re.search(rf'#define {name}\b', uapi):
            complain(f'{name} is not in homa.h')
    sizes = {name: int(n) for name, n in re.findall(r'^_HOMA_SIZE\((\w+), (\d+)\);', uapi, re.M)}
    sizes.pop('homa_rpc_info')
    if set(sizes) != set(UAPI):
        complain(f'structures of homa.h: {sorted(sizes)}')
    for name, want in sizes.items():
        for ours in UAPI.get(name, []):
            if size(ours) != want:
                complain(f'{ours} has {size(ours)} bytes, homa.h says {want}')
    for name, want in PACKETS.items():
        want = value(want)
        if size(name) != want:
            complain(f'{name} has {size(name)} bytes, on the wire it is {want}')
    # Types that only calls use, or other files know.
    for name in structs:
        size(name)
    for name in set(re.findall(r'(?:ptr\w*\[\w+, |\[)(\w+)(?=[\[\],])', text)):
        if re.match(r'homa_|msghdr_homa|sockaddr_homa', name) and not (
                name in structs or name in aliases or re.search(rf'^{name} = ', text, re.M)):
            complain(f'{name} is not defined')
    if not bad:
        print(f'{len(structs)} structures, {len(asked)} names of homa.h')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
