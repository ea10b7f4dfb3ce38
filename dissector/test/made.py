# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Packets made for the purpose: uncut buffers, expert infos, ids that are used again, Homa in TCP
headers, statistics, handlers of applications."""

import os
import struct
import sys
import tempfile

from packets import (ACK, BUSY, CUTOFFS, FREEZE, GRANT, NEED_ACK, RESEND, RPC_UNKNOWN, common, data,
                     frame4, frame6, tshark, write_pcap)

MS = 10**6
BYTES = bytes((i * 7 + (i >> 8)) & 0xff for i in range(200000))
directory = tempfile.TemporaryDirectory()


def capture(*frames):
    """A file with these frames, 1 ms apart."""
    path = os.path.join(directory.name, "made.pcap")
    write_pcap(path, [(10**18 + i * MS, *(f if isinstance(f, tuple) else (f,)))
                      for i, f in enumerate(frames)])
    return path


def request(offset, size, length, **more):
    """Part of a request of client 10.0.0.1, id 2, to port 4000 of 10.0.0.2."""
    return frame4(1, 2, data(more.pop("id", 2), 32768, 4000, offset, BYTES[offset:offset + size],
                             length, **more))


def response(offset, size, length, **more):
    """Part of the response."""
    return frame4(2, 1, data(more.pop("id", 3), 4000, 32768, offset, BYTES[offset:offset + size],
                             length, **more))


def column(path, field, *args):
    """What tshark says of one field, packet by packet."""
    return [row[field] for row in tshark(path, *args, fields=[field])]


def experts(*frames):
    """The names of the expert infos of each packet."""
    names = ["short", "type", "beyond_end", "message_length", "no_data", "length_changed",
             "priority", "ack_count", "ack_odd", "role", "cut", "retransmission", "duplicate",
             "out_of_grant", "resend", "short_resend", "busy", "unknown_rpc", "need_ack",
             "no_request", "icmp", "freeze"]
    rows = tshark(capture(*frames), "-2", fields=["homa.expert." + name for name in names])
    return [{name for name in names if row["homa.expert." + name]} for row in rows]


def uncut_buffers():
    """A veth passes buffers of many packets on: one header, and all bytes."""
    path = capture(request(0, 60000, 100000, incoming=60000), request(60000, 40000, 100000))
    assert column(path, "homa.data.bytes") == ["60000", "40000"]
    assert column(path, "homa.message") == ["", BYTES[:100000].hex()]
    # The reference's: an offset before each packet's bytes.
    records = b"".join(
        (struct.pack(">I", at) if at else b"") + BYTES[at:min(at + 1424, 20000)]
        for at in range(0, 20000, 1424))
    path = capture(frame4(1, 2, data(2, 32768, 4000, 0, records, 20000, doff=0xd0)))
    assert column(path, "homa.data.segments") == ["15"]
    sizes = [1424] * 14 + [64]
    assert column(path, "homa.data.bytes") == [",".join(map(str, sizes))]
    assert column(path, "homa.data.offset") == [",".join(str(1424 * i) for i in range(15))]
    assert column(path, "homa.message") == [BYTES[:20000].hex()]
    # Two records, an unusual size; then one packet whose content looks like an offset.
    records = BYTES[:700] + struct.pack(">I", 700) + BYTES[700:1000]
    path = capture(frame6(1, 2, data(2, 32768, 4000, 0, records, 1000, doff=0xd0)))
    assert column(path, "homa.message") == [BYTES[:1000].hex()]
    words = b"".join(struct.pack(">I", at) for at in range(0, 1424, 4))
    path = capture(frame4(1, 2, data(2, 32768, 4000, 0, words, 1424, doff=0xd0)))
    assert column(path, "homa.data.segments") == [""]
    assert column(path, "homa.message") == [words.hex()]


def expert_infos():
    """Each of them appears where it should, and only there."""
    cut = data(2, 32768, 4000, 0, BYTES[:100], 100)
    control = {kind: frame4(1, 2, common(kind, 2, 32768, 4000)) for kind in (BUSY, FREEZE, ACK)}
    got = experts(
        request(0, 1000, 3000, incoming=1000),
        request(1000, 1000, 3000, incoming=1000),                       # not granted
        frame4(2, 1, common(GRANT, 3, 4000, 32768) + struct.pack(">IB", 3000, 9)),
        request(2000, 1000, 3000, incoming=1000),                       # granted
        request(0, 1000, 3000, incoming=1000, retransmit=1),
        request(0, 1000, 2999, incoming=1000),
        response(0, 10, 10), response(0, 10, 10, id=77),
        request(5, 20, 20, id=4), request(0, 0, 20, id=4), request(0, 1, 0, id=6),
        request(0, 1, 1000001, id=8),
        frame4(1, 2, common(RESEND, 2, 32768, 4000) + struct.pack(">IIB", 0, 0xffffffff, 7)),
        frame4(1, 2, common(RESEND, 2, 32768, 4000) + struct.pack(">II", 0, 5)),
        frame4(2, 1, common(RPC_UNKNOWN, 3, 4000, 32768)),
        control[BUSY], control[FREEZE], control[ACK],
        frame4(1, 2, common(ACK, 2, 32768, 4000) +
               struct.pack(">H", 6) + struct.pack(">QH", 3, 1) + bytes(40)),
        frame4(2, 1, common(NEED_ACK, 3, 4000, 32768)),
        frame4(1, 2, common(NEED_ACK, 2, 32768, 4000)),
        frame4(1, 2, common(0x19, 2, 32768, 4000)), frame4(1, 2, bytes(27)),
        frame4(2, 1, common(CUTOFFS, 3, 4000, 32768) + bytes(34)),
        (frame4(1, 2, cut[:70], wire_bytes=len(cut)), 34 + len(cut)),
        # A RESEND grants what it asks for; a packet may begin in the grant and end beyond.
        request(0, 1000, 50000, id=20, incoming=1000), request(1000, 1000, 50000, id=20, incoming=1000),
        frame4(2, 1, common(RESEND, 21, 4000, 32768) + struct.pack(">IIB", 1000, 1500, 7)),
        request(2000, 1000, 50000, id=20, incoming=1000),
        request(2400, 1000, 50000, id=20, incoming=1000),
        request(2450, 20000, 50000, id=20, incoming=1000),
    )
    want = [
        set(), {"out_of_grant"}, {"priority"}, set(), {"retransmission", "duplicate"},
        {"length_changed"}, set(), {"no_request"}, {"beyond_end"}, {"no_data"},
        {"message_length", "beyond_end"}, {"message_length"}, {"resend"},
        {"resend", "short_resend"}, {"unknown_rpc"}, {"busy"}, {"freeze"}, {"short"},
        {"ack_count", "ack_odd"}, {"need_ack"}, {"need_ack", "role"}, {"type"}, {"type", "short"},
        set(), {"cut"},
        set(), {"out_of_grant"}, {"resend"}, set(), set(), {"out_of_grant"},
    ]
    for number, (one, other) in enumerate(zip(got, want, strict=True), 1):
        assert one == other, "packet %d: %s, not %s" % (number, one, other)


def ids_again():
    """A client whose module was loaded again begins with the old ids."""
    path = os.path.join(directory.name, "again.pcap")
    first, then = 10**18, 10**18 + 5000 * MS
    write_pcap(path, [(first, request(0, 100, 100)), (first + MS, response(0, 50, 50)),
                      (first + 2 * MS, request(0, 100, 100)),           # a late copy
                      (then, request(0, 100, 100)), (then + 3 * MS, response(0, 50, 50))])
    assert column(path, "homa.rpc", "-2") == ["0", "0", "0", "1", "1"]
    assert column(path, "homa.time", "-2") == ["", "0.001000000", "", "", "0.003000000"]
    assert column(path, "homa.response_in", "-2") == ["2", "", "2", "5", ""]
    # The same id of another client is another RPC.
    other = frame4(3, 2, data(2, 32768, 4000, 0, BYTES[:100], 100))
    assert column(capture(request(0, 100, 100), other), "homa.rpc") == ["0", "1"]


def capture_of_one_side():
    """Messages out of order, with the capture's limit on packets, and over IPv6."""
    path = capture(request(2000, 1000, 3000), request(0, 1500, 3000), request(1000, 1000, 3000))
    assert column(path, "homa.message") == ["", "", BYTES[:3000].hex()]
    assert column(path, "homa.segment") == ["", "", "1,2,3"]
    assert column(path, "homa.message", "-o", "homa.reassemble:FALSE") == ["", "", ""]
    assert column(path, "homa.message.length", "-o", "homa.reassemble:FALSE")[2] == "3000"
    part = data(2, 32768, 4000, 0, BYTES[:1000], 2000)
    path = capture((frame4(1, 2, part[:100], wire_bytes=len(part)), 34 + len(part)),
                   request(1000, 1000, 2000))
    assert column(path, "homa.message.length") == ["", "2000"]
    assert column(path, "homa.message") == ["", ""]
    path = capture(frame6(1, 2, part), frame6(1, 2, data(2, 32768, 4000, 1000, BYTES[1000:2000], 2000)))
    assert column(path, "homa.message")[1] == BYTES[:2000].hex()
    assert column(path, "homa.message", "-Y", "homa.port == 4000 && ipv6.dst == fd00::2")[1]
    assert not column(path, "homa.message", "-Y", "homa.port == 4001")


def in_tcp_headers():
    """Only if asked; what is TCP stays TCP."""
    hidden = frame4(1, 2, data(2, 32768, 4000, 0, BYTES[:100], 100), protocol=6)
    plain = frame4(1, 2, struct.pack(">HHIIBBHHH", 1000, 80, 1, 0, 0x50, 2, 1000, 0, 0), protocol=6)
    path = capture(hidden, plain)
    ask = ["-o", "homa.in_tcp:TRUE"]
    assert column(path, "homa.message") == ["", ""]
    assert column(path, "homa.message", *ask) == [BYTES[:100].hex(), ""]
    assert column(path, "tcp.dstport", *ask) == ["", "80"]


def statistics():
    """The table: a line for each server, the one with most RPCs first."""
    more = [frame4(1, 3, data(10, 32768, 80, 0, BYTES[:300], 300))]
    for id_ in (2, 4, 6):
        more += [request(0, 100, 100, id=id_), response(0, 200, 200, id=id_ + 1)]
    more += [frame4(1, 2, common(RESEND, 2, 32768, 4000) + struct.pack(">IIB", 0, 0xffffffff, 7))]
    rows = [line.split() for line in
            tshark(capture(*more), "-q", "-o", "homa.rpc_statistics:TRUE").splitlines()[2:]]
    assert rows == [
        ["10.0.0.2", "port", "4000", "3", "3", "0", "300", "600", "0", "1", "0"] + ["1.000"] * 3,
        ["10.0.0.3", "port", "80", "1", "0", "0", "300", "0", "0", "0", "0", "-", "-", "-"],
        ["all", "servers", "4", "3", "0", "600", "600", "0", "1", "0"] + ["1.000"] * 3], rows


def response_limits():
    """What the client takes unasked is in its requests; a server has nothing to say there."""
    path = capture(request(0, 100, 100, limit=7), response(0, 50, 50, limit=7),
                   request(0, 100, 100, id=4))
    assert column(path, "homa.data.response_limit") == ["1792", "", "0"]
    assert column(path, "homa.data.pad") == ["0000", "070000", "0000"]
    assert column(path, "frame.number", "-Y", "homa.data.response_limit > 0") == ["1"]
    assert "without a grant: 0 (no limit named)" in tshark(path, "-V", "-Y", "frame.number == 3")


def applications():
    """A script of somebody else gets whole messages."""
    script = os.path.join(directory.name, "application.lua")
    with open(script, "w", encoding="ascii") as file:
        file.write('local app = Proto("someapp", "Some application")\n'
                   'local size = ProtoField.uint32("someapp.size", "Size")\n'
                   'app.fields = { size }\n'
                   'function app.dissector(tvb, pinfo, tree) tree:add(size, tvb:len()) end\n'
                   'DissectorTable.get("homa.port"):add(4000, app)\n')
    path = capture(request(0, 1000, 2000), request(1000, 1000, 2000), response(0, 50, 50))
    assert column(path, "someapp.size", "-X", "lua_script:" + script) == ["", "2000", "50"]


def main():
    for check in (uncut_buffers, expert_infos, ids_again, capture_of_one_side, in_tcp_headers,
                  statistics, response_limits, applications):
        check()
        print("ok: " + check.__name__.replace("_", " "))


sys.exit(main())
