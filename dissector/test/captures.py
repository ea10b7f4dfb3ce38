# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Every packet of every capture: the dissector's fields, reassembled messages and response times
are those that Python finds.

Usage: captures.py CAPTURE...
"""

import sys

from packets import DATA, GRANT, RESEND, homa_fields, ip_payload, read_pcap, tshark

FIELDS = [
    "homa.srcport", "homa.dstport", "homa.sequence", "homa.type", "homa.doff", "homa.flags",
    "homa.window", "homa.checksum", "homa.urgent", "homa.id", "homa.rpc.id",
    "homa.rpc.from_client", "homa.data.message_length", "homa.data.incoming",
    "homa.data.cutoff_version", "homa.data.retransmit", "homa.data.response_limit",
    "homa.data.seg_offset",
    "homa.data.offset", "homa.data.bytes", "homa.data.payload", "homa.grant.offset",
    "homa.grant.priority", "homa.resend.offset", "homa.resend.length", "homa.resend.priority",
    "homa.cutoffs.length", "homa.cutoffs.version", "homa.ack.count", "homa.ack.id",
    "homa.ack.port",
]
MESSAGES = ["homa.message", "homa.message.length", "homa.reassembled_in", "homa.request_in",
            "homa.response_in", "homa.time", "homa.server_time"]
EXPERTS = ["homa.expert.retransmission", "homa.expert.duplicate", "homa.expert.out_of_grant"]


class Message:
    """What has come of a request or a response."""

    def __init__(self):
        self.content = None
        self.have = None
        self.first_ns = self.done_ns = self.done_in = None
        self.limit = 0


def follow(frames):
    """What the packets mean: {number of the frame: {field: value}}, with frames from 1."""
    wanted = {}
    rpcs = {}
    for number, (ns, frame) in enumerate(frames, 1):
        ip = ip_payload(frame)
        if not ip or ip[2] != 146:
            continue
        source, destination, _, packet = ip
        fields = homa_fields(packet)
        kind, sender_id = packet[11], int(fields["homa.id"])
        row = wanted[number] = {name: fields.get(name, "") for name in FIELDS}
        row.update(dict.fromkeys(MESSAGES + EXPERTS, ""))
        from_client = not sender_id & 1
        client, server = (source, destination) if from_client else (destination, source)
        rpc = rpcs.setdefault((client, server, sender_id & ~1), (Message(), Message(), []))
        if kind not in (DATA, GRANT, RESEND):
            continue
        message = rpc[int((kind == DATA) != from_client)]
        if kind == GRANT:
            message.limit = max(message.limit, int(fields["homa.grant.offset"]))
            continue
        if kind == RESEND:
            end = int(fields["homa.resend.offset"]) + int(fields["homa.resend.length"])
            if end < 0xffffffff:
                message.limit = max(message.limit, end)
            continue
        rpc[2].append((number, from_client, message))
        length, offset, size = (int(fields["homa.data." + name])
                                for name in ("message_length", "offset", "bytes"))
        if message.content is None:
            message.content, message.have = bytearray(length), bytearray(length)
            message.first_ns = ns
        again = fields["homa.data.retransmit"] == "1"
        message.limit = max(message.limit, int(fields["homa.data.incoming"]))
        row["homa.expert.retransmission"] = again
        row["homa.expert.out_of_grant"] = not again and offset >= message.limit
        row["homa.expert.duplicate"] = 0 not in message.have[offset:offset + size]
        message.content[offset:offset + size] = packet[56:]
        message.have[offset:offset + size] = b"\1" * size
        if message.done_in is None and 0 not in message.have:
            message.done_in, message.done_ns = number, ns
            row["homa.message"] = message.content.hex()
            row["homa.message.length"] = str(length)
            request = rpc[0]
            if not from_client and request.first_ns is not None:
                row["homa.time"] = ns - request.first_ns
                if request.done_ns is not None and message.first_ns >= request.done_ns:
                    row["homa.server_time"] = message.first_ns - request.done_ns
    for request, response, packets in rpcs.values():
        for number, from_client, message in packets:
            row = wanted[number]
            if message.done_in and message.done_in != number:
                row["homa.reassembled_in"] = str(message.done_in)
            if from_client and response.done_in:
                row["homa.response_in"] = str(response.done_in)
            if not from_client and request.done_in:
                row["homa.request_in"] = str(request.done_in)
    return wanted, rpcs


def check(path):
    """Compare one capture; return the number of packets, and of messages put together."""
    frames = read_pcap(path)
    wanted, rpcs = follow(frames)
    # Quoted packets, in ICMP errors, are not what this is about.
    rows = tshark(path, "-2", "-Y", "homa && !icmp && !icmpv6",
                  fields=["frame.number", *FIELDS, *MESSAGES, *EXPERTS])
    assert [int(row["frame.number"]) for row in rows] == sorted(wanted), "other frames"
    messages = 0
    for row in rows:
        want = wanted[int(row["frame.number"])]
        for name in FIELDS:
            assert row[name] == want[name], (path, row["frame.number"], name, row[name],
                                             want[name])
        is_data = row["homa.type"] == "0x10"
        for name in MESSAGES:
            got = row[name]
            if name in ("homa.request_in", "homa.response_in") and not is_data:
                continue
            if name in ("homa.time", "homa.server_time") and got:
                got = round(float(got) * 1e9)
            assert got == want[name], (path, row["frame.number"], name, got, want[name])
        for name in EXPERTS:
            assert bool(row[name]) == bool(want[name]), (path, row["frame.number"], name)
        messages += row["homa.message"] != ""
    complete = sum(message.done_in is not None for rpc in rpcs.values() for message in rpc[:2])
    assert messages == complete
    # The table of tshark: a line for each server, and the sum.
    table = tshark(path, "-q", "-o", "homa.rpc_statistics:TRUE")
    total = table.splitlines()[-1].removeprefix("all servers").split()
    counted = [rpc for rpc in rpcs.values() if rpc[2]]
    assert int(total[0]) == len(counted), (table, len(counted))
    assert int(total[1]) == sum(rpc[1].done_in is not None for rpc in counted), table
    return len(rows), messages


def main():
    total = [0, 0]
    assert len(sys.argv) > 1, "no captures"
    for path in sys.argv[1:]:
        packets, messages = check(path)
        print("%-40s %4d packets, %3d messages put together" % (
            path.rpartition("/")[2], packets, messages))
        assert packets, path
        total[0] += packets
        total[1] += messages
    print("all: %d packets, %d messages" % tuple(total))
    assert total[1], "no message at all"


main()
