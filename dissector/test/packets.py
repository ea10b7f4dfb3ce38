# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A second reading of captures, in Python, for the tests of the dissector: pcap files, and the
fields of Homa packets as the description of the format (wire) has them."""

import os
import struct
import subprocess

DATA, GRANT, RESEND, RPC_UNKNOWN, BUSY, CUTOFFS, FREEZE, NEED_ACK, ACK = range(0x10, 0x19)
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "homa.lua")


def read_pcap(path):
    """[(time in ns, frame)] of a classic capture of Ethernet frames."""
    with open(path, "rb") as file:
        raw = file.read()
    order = "<" if raw[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    magic, linktype = struct.unpack(order + "I16xI", raw[:24])
    assert linktype == 1, path
    unit_ns = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[magic]
    frames = []
    at = 24
    while at < len(raw):
        sec, sub, kept, _ = struct.unpack_from(order + "4I", raw, at)
        frames.append((sec * 10**9 + sub * unit_ns, raw[at + 16:at + 16 + kept]))
        at += 16 + kept
    return frames


def write_pcap(path, frames):
    """frames: (time in ns, frame), or with the length on the wire as third."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 1 << 18, 1))
        for ns, frame, *wire in frames:
            file.write(struct.pack("<4I", ns // 10**9, ns % 10**9, len(frame),
                                   wire[0] if wire else len(frame)))
            file.write(frame)


def ip_payload(frame):
    """(source, destination, protocol, payload) of an Ethernet frame, without padding."""
    kind = frame[12:14]
    ip = frame[14:]
    if kind == b"\x08\x00":
        header = (ip[0] & 15) * 4
        total = struct.unpack_from(">H", ip, 2)[0]
        return ip[12:16], ip[16:20], ip[9], ip[header:total]
    if kind == b"\x86\xdd":
        length = struct.unpack_from(">H", ip, 4)[0]
        return ip[8:24], ip[24:40], ip[6], ip[40:40 + length]
    return None


def homa_fields(packet):
    """{field: value as tshark prints it}; the data itself is in `data`."""
    sport, dport, sequence = struct.unpack_from(">HHI", packet)
    kind = packet[11]
    sender_id, = struct.unpack_from(">Q", packet, 20)
    fields = {
        "homa.srcport": str(sport), "homa.dstport": str(dport), "homa.sequence": str(sequence),
        "homa.type": "0x%02x" % kind, "homa.doff": "0x%02x" % packet[12],
        "homa.flags": "0x%02x" % packet[13],
        "homa.window": str(struct.unpack_from(">H", packet, 14)[0]),
        "homa.checksum": "0x%04x" % struct.unpack_from(">H", packet, 16)[0],
        "homa.urgent": "0x%04x" % struct.unpack_from(">H", packet, 18)[0],
        "homa.id": str(sender_id), "homa.rpc.id": str(sender_id & ~1),
        "homa.rpc.from_client": "0" if sender_id & 1 else "1",
    }
    acks = []
    if kind == DATA:
        length, incoming, ack, port, version, again, limit, seg = struct.unpack_from(
            ">IIQHHBB2xI", packet, 28)
        offset = sequence if seg == 0xffffffff else seg
        if ack:
            acks.append((ack, port))
        fields.update({
            "homa.data.message_length": str(length), "homa.data.incoming": str(incoming),
            "homa.data.cutoff_version": str(version),
            "homa.data.retransmit": str(int(again != 0)),
            "homa.data.response_limit": "" if sender_id & 1 else str(256 * limit),
            "homa.data.seg_offset": str(seg), "homa.data.offset": str(offset),
            "homa.data.bytes": str(len(packet) - 56),
            "homa.data.payload": packet[56:].hex(),
        })
    elif kind == GRANT:
        offset, level = struct.unpack_from(">IB", packet, 28)
        fields.update({"homa.grant.offset": str(offset), "homa.grant.priority": str(level)})
    elif kind == RESEND:
        offset, length, level = struct.unpack_from(">IIB", packet, 28)
        fields.update({"homa.resend.offset": str(offset), "homa.resend.length": str(length),
                       "homa.resend.priority": str(level)})
    elif kind == CUTOFFS:
        *cutoffs, version = struct.unpack_from(">8IH", packet, 28)
        fields.update({"homa.cutoffs.length": ",".join(map(str, cutoffs)),
                       "homa.cutoffs.version": str(version)})
    elif kind == ACK:
        count, = struct.unpack_from(">H", packet, 28)
        fields["homa.ack.count"] = str(count)
        acks += [struct.unpack_from(">QH", packet, 30 + 10 * i) for i in range(min(count, 5))]
    if acks:
        fields["homa.ack.id"] = ",".join(str(a) for a, _ in acks)
        fields["homa.ack.port"] = ",".join(str(p) for _, p in acks)
    return fields


def tshark(path, *args, fields=()):
    """Run tshark with the dissector; rows of {field: text} if fields are named, else its output.
    A Lua error is a failure wherever it is reported."""
    command = ["tshark", "-n", "-X", "lua_script:" + SCRIPT, "-r", path, *args]
    if fields:
        command += ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]
        for name in fields:
            command += ["-e", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    said = [line for line in done.stderr.splitlines() if "Running as user" not in line]
    assert done.returncode == 0 and not said, "%s\n%s" % (" ".join(command), done.stderr)
    assert "Lua Error" not in done.stdout, done.stdout[done.stdout.find("Lua Error") - 200:][:1000]
    if not fields:
        return done.stdout
    return [dict(zip(fields, line.split("\t"))) for line in done.stdout.splitlines()]


# Making packets ---------------------------------------------------------------------------

def common(kind, sender_id, sport, dport, sequence=0, doff=0x50):
    """The 28 bytes that every packet begins with."""
    return struct.pack(">HHI3xBBBHHHQ", sport, dport, sequence, kind, doff, 6, 0, 0, 0xb97d,
                       sender_id)


def data(sender_id, sport, dport, offset, content, length, **more):
    """A DATA packet. more: incoming, retransmit, limit (of the response), doff."""
    return common(DATA, sender_id, sport, dport, offset, more.get("doff", 0xe0)) + struct.pack(
        ">IIQHHBB2xI", length, more.get("incoming", length), 0, 0, 0,
        more.get("retransmit", 0), more.get("limit", 0), offset) + content


def frame4(source, destination, packet, protocol=146, wire_bytes=None):
    """An Ethernet frame with an IPv4 packet between 10.0.0.source and 10.0.0.destination."""
    total = 20 + (len(packet) if wire_bytes is None else wire_bytes)
    return (bytes.fromhex("020000000002020000000001") + b"\x08\x00" +
            struct.pack(">BBHHHBBH", 0x45, 0, total, 0, 0x4000, 64, protocol, 0) +
            bytes([10, 0, 0, source, 10, 0, 0, destination]) + packet)


def frame6(source, destination, packet, protocol=146):
    """The same with IPv6 and fd00::."""
    return (bytes.fromhex("020000000002020000000001") + b"\x86\xdd" +
            struct.pack(">IHBB", 0x60000000, len(packet), protocol, 64) +
            b"\xfd" + bytes(14) + bytes([source]) + b"\xfd" + bytes(14) + bytes([destination]) +
            packet)
