#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""man/homa.7 is complete: what the sources have, the manual names.

Usage: manual.py SOURCE-ROOT

- sockets: every option of the interface header, every option that kmod/sockopt.c and
  docs/socket-ops.md name, every ioctl, flag and constant;
- errnos: each that a system call's files return is in the section about that call;
- sysctls: the same names, defaults and ranges as the table of tests/net/api_sysctl.sh,
  which is compared with the module whenever that test runs;
- counters: each, with the text that /proc/net/homa_metrics has for it;
- tracepoints.

A name that the manual has and the sources have not fails as well, for sysctls and counters.
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
bad = 0


def complain(text):
    global bad
    bad += 1
    print(text)


def read(name):
    return (root / name).read_text(encoding='utf-8')


def plain(roff):
    """Text without macros, fonts and quotes."""
    roff = re.sub(r'^\.(?:TP|TQ|PP|IP|EX|EE|in|nf|fi|TS|TE)\b.*$', '', roff, flags=re.M)
    roff = re.sub(r'^\.[A-Z]+ ', '', roff, flags=re.M)
    roff = re.sub(r'\\f[A-Z]|"|T\{|T\}', '', roff)
    return roff.replace('\\-', '-')


page = read('man/homa.7')


def section(name, kind='SH'):
    """The text under a heading, to the next one."""
    found = re.search(rf'^\.{kind} {re.escape(name)}\n(.*?)(?=^\.S[HS] |\Z)' if kind == 'SS' else
                      rf'^\.{kind} {re.escape(name)}\n(.*?)(?=^\.SH |\Z)', page, re.M | re.S)
    if not found:
        complain(f'no section {name}')
        return ''
    return plain(found.group(1))


def has(text, word):
    return re.search(rf'(?<![A-Za-z0-9_]){re.escape(word)}(?![A-Za-z0-9_])', text)


def check_interface():
    text = plain(page)
    header = read('include/uapi/linux/homa.h')
    # What programs do not use: guards, and a mask that follows from the flags.
    names = set(re.findall(r'^#define (\w+) ', header, re.M)) - {'HOMA_SENDMSG_VALID_FLAGS'}
    names |= set(re.findall(r'^struct (\w+) \{', header, re.M))
    names = {name for name in names if not name.startswith('_')}
    for name in sorted(names):
        if not has(text, name):
            complain(f'homa.h has {name}, the manual does not')
    return len(names)


def check_options():
    text = section('SOCKET OPTIONS')
    names = set()
    for name in re.findall(r'\b(?:SO|IP|IPV6)_[A-Z0-9_]+\b', read('kmod/sockopt.c')):
        # Variants of one option for old and new layouts of time.
        names.add(re.sub(r'_(OLD|NEW)$', '', name))
    page = read('docs/socket-ops.md')
    names |= set(re.findall(r'`((?:SO|IP|IPV6)_[A-Z0-9_]+)`', page[page.index('## Options'):]))
    names -= {'SO_EE_CODE_ZEROCOPY_COPIED'}
    for name in sorted(names):
        # Values of an option, rather than options.
        if name.startswith(('IP_PMTUDISC_', 'IPV6_PMTUDISC_')):
            continue
        if not has(text, name):
            complain(f'SOCKET OPTIONS has no {name}')
    return len(names)


# Which files a call's errors come from, and those errors that a caller does not see:
# they are translated, or say something to other parts of the module.
CALLS = {
    ('bind', 'SS'): (['bind', 'ports'], {'ENETUNREACH'}),
    ('connect', 'SS'): (['addr'], set()),
    ('setsockopt and getsockopt', 'SS'): (['sockopt', 'region'], {'EPERM'}),
    ('sendmsg', 'SS'): (['sendmsg', 'msgout', 'zerocopy', 'route', 'peer', 'addr'],
                        {'EMSGSIZE'}),
    ('recvmsg', 'SS'): (['recvmsg', 'ready', 'pool', 'region', 'icmp'], {'ENOENT', 'ENOMEM'}),
    ('ioctl', 'SS'): (['ioctl'], {'ENOIOCTLCMD'}),
    ('SYSCTLS', 'SH'): (['sysctl'], {'ENOMEM'}),
    ('NETLINK', 'SH'): (['netlink'], {'EMSGSIZE', 'ENOMEM', 'EAGAIN'}),
    ('SOCK_DIAG', 'SH'): (['diag'], {'EMSGSIZE', 'ENOMEM', 'EINVAL'}),
}


def check_errors():
    count = 0
    for (name, kind), (files, unseen) in CALLS.items():
        text = section(name, kind)
        for file in files:
            path = root / f'kmod/{file}.c'
            if not path.exists():
                complain(f'{path} does not exist')
                continue
            code = re.sub(r'/\*.*?\*/', '', path.read_text(encoding='utf-8'), flags=re.S)
            for error in sorted(set(re.findall(r'-(E[A-Z0-9]{3,})\b', code)) - unseen):
                count += 1
                if not has(text, error):
                    complain(f'kmod/{file}.c returns {error}, the section {name} does not say so')
    # No errno of the module is forgotten because its file is not in the list above.
    text = plain(page)
    for path in sorted((root / 'kmod').glob('*.c')):
        for error in set(re.findall(r'-(E[A-Z0-9]{3,})\b', path.read_text(encoding='utf-8'))):
            if error not in ('EMSGSIZE', 'ENOIOCTLCMD') and not has(text, error):
                complain(f'{path.name} has {error}, the manual does not')
    return count


def check_sysctls():
    table = read('tests/net/api_sysctl.sh')
    table = table[table.index('<<END\n') + 6:]
    table = table[:table.index('\nEND\n')]
    text = ' '.join(section('SYSCTLS').split())
    # name (range; default values): the range may be missing or followed by a remark.
    told = {name: what for name, what in re.findall(r'\b([a-z][a-z0-9_]+) \(([^()]*)\)', text)
            if re.search(r'\d to |\d or |read-only|from 1', what)}
    names = set()
    for line in table.split('\n'):
        name, default, low, *high = line.split()
        names.add(name)
        what = told.get(name)
        if what is None:
            complain(f'SYSCTLS: no {name} with its range')
            continue
        if low == 'ro':
            want = 'read-only'
        elif low == '-':
            want = ''
        else:
            want = f'{low} or {high[0]}' if (low, high[0]) == ('0', '1') else f'{low} to {high[0]}'
        if not re.search(rf'(?<![\d-]){want}(?!\d)', what):
            complain(f'SYSCTLS: {name} is {want}, the manual says "{what}"')
        if default != '-' and not re.search(rf'default {default.replace("_", " ")}(?![\d ])', what):
            complain(f'SYSCTLS: default of {name} is {default}, the manual says "{what}"')
    for name in sorted(set(told) - names):
        complain(f'SYSCTLS: {name} does not exist')
    return len(names)


def check_counters():
    exist = dict(re.findall(r'^\tX\((\w+), "(.*?)"\)', read('kmod/mib.h'), re.M))
    for name, text in re.findall(r'^\tX\((\w+), "(.*?)"\)', read('core/reason.h'), re.M):
        if name != 'NONE':
            exist['drop_' + name] = text
    found = re.search(r'^\.SH COUNTERS\n(.*?)^\.SH ', page, re.M | re.S).group(1)
    told = dict(re.findall(r'^(\w+)\|T\{\n(.*?)\nT\}$', found, re.M))
    for name, text in exist.items():
        if told.get(name, '').replace('\\-', '-') != text:
            complain(f'COUNTERS lacks\n{name}|T{{\n{text}\nT}}')
    for name in sorted(set(told) - set(exist)):
        complain(f'COUNTERS: {name} does not exist')
    return len(exist)


def check_traces():
    text = section('TRACING')
    names = set(re.findall(r'^(?:TRACE_EVENT|DEFINE_EVENT)\(\s*(?:\w+,\s*)?(homa_\w+)',
                           read('kmod/trace.h'), re.M))
    for name in sorted(names):
        if not has(text, name):
            complain(f'TRACING has no {name}')
    return len(names)


def main():
    counts = {what.__name__[6:]: what() for what in (
        check_interface, check_options, check_errors, check_sysctls, check_counters,
        check_traces)}
    # None of the patterns above has ceased to find things.
    least = {'interface': 20, 'options': 30, 'errors': 45, 'sysctls': 50, 'counters': 120,
             'traces': 15}
    for what, count in counts.items():
        if count < least[what]:
            complain(f'only {count} {what} were found in the sources')
    if not bad:
        print('man/homa.7: ' + ', '.join(f'{count} {what}' for what, count in counts.items()))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
