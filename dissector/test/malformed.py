# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Packets that are cut short, damaged or random never raise an error of Lua, and each of them is
dissected. HOMA_FUZZ_SEED and HOMA_FUZZ_PACKETS make other ones, and more.

Usage: malformed.py CAPTURE...
"""

import os
import random
import struct
import sys
import tempfile

from packets import (common, data, frame4, frame6, homa_fields, ip_payload, read_pcap, tshark,
                     write_pcap)


def originals(paths):
    """A packet of each type and each length from the captures, and large buffers."""
    found = {}
    for path in paths:
        for _, frame in read_pcap(path):
            ip = ip_payload(frame)
            if ip and ip[2] == 146:
                found.setdefault((ip[3][11], len(ip[3]), len(ip[0])), ip[3])
    records = b"".join(struct.pack(">I", at) + bytes(700) for at in range(0, 7000, 700))[4:]
    return list(found.values()) + [
        data(2, 32768, 4000, 0, records, 7000, doff=0xd0), data(2, 32768, 4000, 0, bytes(30000), 40000),
        *(common(kind, 2, 1, 2) + bytes(60) for kind in range(0x0f, 0x1a))]


def quote(packet):
    """An ICMP error that quotes a packet."""
    ip = frame4(2, 1, packet)[14:]
    return frame4(1, 2, struct.pack(">BBHI", 3, 3, 0, 0) + ip, protocol=1)


def cut_short(packets):
    """Each packet at each length up to 100: as sent, as captured, and as quoted."""
    for packet in packets:
        for size in range(min(len(packet), 100) + 1):
            yield frame4(1, 2, packet[:size])
            yield frame6(1, 2, packet[:size])
            yield frame4(1, 2, packet[:size], wire_bytes=len(packet)), 34 + len(packet)
            yield quote(packet[:size])


def damaged(packets, count, rng):
    """Some bytes of the header changed, often to the ends of their ranges; now and then noise."""
    for _ in range(count):
        packet = bytearray(rng.choice(packets))
        if rng.random() < 0.05:
            packet = bytearray(rng.randbytes(rng.randrange(200)))
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(max(min(len(packet), 90), 1))
            new = rng.choice([b"\0", b"\xff", b"\x7f", b"\x80", b"\xff" * 4, b"\0" * 4,
                              rng.randbytes(1), rng.randbytes(4)])
            packet[at:at + len(new)] = new
        if rng.random() < 0.5 and len(packet) > 11:
            packet[11] = rng.randrange(0x10, 0x19)
        packet = bytes(packet[:rng.choice([len(packet), rng.randrange(len(packet) + 1)])])
        yield rng.choice([frame4, frame6])(rng.choice([1, 2]), rng.choice([1, 2]), packet)


def check(what, frames):
    """Everything that tshark can be asked to do with these frames; returns their number."""
    frames = [f if isinstance(f, tuple) else (f,) for f in frames]
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        write_pcap(file.name, [(10**18 + i * 10**5, *f) for i, f in enumerate(frames)])
        tshark(file.name, "-q", "-z", "expert", "-o", "homa.rpc_statistics:TRUE")
        # With all text; that of other protocols is not what takes the time here.
        text = tshark(file.name, "-2", "-V", "-O", "homa")
        headers = sum(line.lstrip().startswith("Homa Transport Protocol")
                      for line in text.splitlines())
        wanted = sum(1 for _, frame in read_pcap(file.name) if dissectable(frame))
        assert headers >= wanted, (what, headers, wanted)
    print("ok: %s: %d packets" % (what, len(frames)))
    return len(frames)



def dissectable(frame):
    """There is at least a byte of Homa in it, not in a quotation."""
    ip = ip_payload(frame)
    return ip and ip[2] == 146 and len(ip[3]) > 0


def main():
    seed = int(os.environ.get("HOMA_FUZZ_SEED", "1"))
    count = int(os.environ.get("HOMA_FUZZ_PACKETS", "10000"))
    rng = random.Random(seed)
    print("seed %d" % seed)
    packets = originals(sys.argv[1:])
    kinds = {homa_fields(p)["homa.type"] for p in packets}
    assert len(kinds) >= 9, kinds
    check("cut short", cut_short(packets[:40] + packets[-13:]))
    check("damaged", damaged(packets, count, rng))


main()
