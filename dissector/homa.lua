-- SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
--
-- homa.lua - Homa in Wireshark and tshark (docs/dissector.md)
--
-- One file: copy it into the personal plugin folder of Wireshark, or
--    tshark -X lua_script:homa.lua -r capture.pcap
-- Written from the description of the packets ("wire" in comments), not from the
-- code that sends them. Every read is checked against what was captured: packets
-- may be malformed, cut short by the capture, or quoted by an ICMP error.

if pcall(Dissector.get, "homa") and Dissector.get("homa") then
	print("homa.lua: a dissector for Homa is there already; this one is not loaded")
	return
end

local IP_PROTOCOL = 146
local MAX_MESSAGE_BYTES = 1000000
local COMMON_BYTES = 28
local DATA_BYTES = 56
local NO_OFFSET = 0xffffffff
local MAX_ACKS = 5
local MAX_PRIORITY = 7
-- Senders may fill the packet in which a grant ends; none is larger than this.
local MAX_PACKET_BYTES = 9000
-- A client's ids begin anew when its module is loaded again (see rpc_of).
local REUSE_S = 1

local DATA, GRANT, RESEND, RPC_UNKNOWN, BUSY = 0x10, 0x11, 0x12, 0x13, 0x14
local CUTOFFS, FREEZE, NEED_ACK, ACK = 0x15, 0x16, 0x17, 0x18

local type_names = {
	[DATA] = "DATA", [GRANT] = "GRANT", [RESEND] = "RESEND",
	[RPC_UNKNOWN] = "RPC_UNKNOWN", [BUSY] = "BUSY", [CUTOFFS] = "CUTOFFS",
	[FREEZE] = "FREEZE", [NEED_ACK] = "NEED_ACK", [ACK] = "ACK",
}
local header_bytes = {
	[DATA] = DATA_BYTES, [GRANT] = 33, [RESEND] = 37, [RPC_UNKNOWN] = 28,
	[BUSY] = 28, [CUTOFFS] = 62, [FREEZE] = 28, [NEED_ACK] = 28, [ACK] = 80,
}

local homa = Proto("homa", "Homa Transport Protocol")

-- Fields ---------------------------------------------------------------------

local f = {
	srcport = ProtoField.uint16("homa.srcport", "Source port"),
	dstport = ProtoField.uint16("homa.dstport", "Destination port"),
	port = ProtoField.uint16("homa.port", "Source or destination port"),
	sequence = ProtoField.uint32("homa.sequence", "Sequence"),
	ack_field = ProtoField.uint24("homa.tcp.ack", "Unused (TCP acknowledgement)", base.HEX),
	type = ProtoField.uint8("homa.type", "Type", base.HEX, type_names),
	doff = ProtoField.uint8("homa.doff", "TCP data offset", base.HEX),
	flags = ProtoField.uint8("homa.flags", "TCP flags", base.HEX),
	window = ProtoField.uint16("homa.window", "Unused (TCP window)"),
	checksum = ProtoField.uint16("homa.checksum", "Checksum (nobody verifies it)", base.HEX),
	urgent = ProtoField.uint16("homa.urgent", "TCP urgent pointer", base.HEX),
	id = ProtoField.uint64("homa.id", "RPC id of the sender"),

	message_length = ProtoField.uint32("homa.data.message_length", "Message length"),
	incoming = ProtoField.uint32("homa.data.incoming", "Bytes that come without a grant"),
	cutoff_version = ProtoField.uint16("homa.data.cutoff_version", "Version of the cutoffs in use"),
	retransmit = ProtoField.bool("homa.data.retransmit", "Retransmission"),
	response_limit = ProtoField.uint32("homa.data.response_limit",
		"Bytes of the response that may come without a grant"),
	pad = ProtoField.bytes("homa.data.pad", "Padding"),
	seg_offset = ProtoField.uint32("homa.data.seg_offset", "Segment offset", base.DEC_HEX),
	offset = ProtoField.uint32("homa.data.offset", "Offset in the message"),
	bytes = ProtoField.uint32("homa.data.bytes", "Message bytes in this packet"),
	segments = ProtoField.uint32("homa.data.segments", "Packets in this uncut buffer"),
	payload = ProtoField.bytes("homa.data.payload", "Part of the message"),

	grant_offset = ProtoField.uint32("homa.grant.offset", "Granted up to"),
	grant_priority = ProtoField.uint8("homa.grant.priority", "Priority of granted bytes"),
	resend_offset = ProtoField.uint32("homa.resend.offset", "First byte wanted"),
	resend_length = ProtoField.uint32("homa.resend.length", "Bytes wanted"),
	resend_all = ProtoField.bool("homa.resend.all", "Everything sent so far"),
	resend_priority = ProtoField.uint8("homa.resend.priority", "Priority of the retransmission"),
	cutoff = ProtoField.uint32("homa.cutoffs.length", "Longest message"),
	cutoffs_version = ProtoField.uint16("homa.cutoffs.version", "Version"),
	ack_count = ProtoField.uint16("homa.ack.count", "Further acknowledged RPCs"),
	ack_id = ProtoField.uint64("homa.ack.id", "Acknowledged RPC"),
	ack_port = ProtoField.uint16("homa.ack.port", "Server port of that RPC"),
	trailer = ProtoField.bytes("homa.trailer", "Bytes after the header"),

	client_id = ProtoField.uint64("homa.rpc.id", "RPC id of the client"),
	from_client = ProtoField.bool("homa.rpc.from_client", "Sent by the client"),
	stream = ProtoField.uint32("homa.rpc", "Number of the RPC in this capture"),
	kind = ProtoField.string("homa.message.kind", "Message"),
	message = ProtoField.bytes("homa.message", "Message"),
	reassembled = ProtoField.uint32("homa.message.length", "Reassembled length"),
	segment = ProtoField.framenum("homa.segment", "Part in frame", base.NONE),
	reassembled_in = ProtoField.framenum("homa.reassembled_in", "Message is complete in frame", base.NONE),
	request_in = ProtoField.framenum("homa.request_in", "Request is complete in frame",
		base.NONE, frametype.REQUEST),
	response_in = ProtoField.framenum("homa.response_in", "Response is complete in frame",
		base.NONE, frametype.RESPONSE),
	time = ProtoField.relative_time("homa.time", "Response time"),
	server_time = ProtoField.relative_time("homa.server_time", "Time in the server"),
}
homa.fields = f

local function expert(name, text, group, severity)
	return ProtoExpert.new("homa.expert." .. name, text, group, severity)
end

local chat, note, warn, err = PI_CHAT, PI_NOTE, PI_WARN, PI_ERROR
local sequence = PI_SEQUENCE
local e = {
	short = expert("short", "Shorter than the header of its type", PI_MALFORMED, err),
	type = expert("type", "Unknown packet type", PI_MALFORMED, err),
	beyond = expert("beyond_end", "Data beyond the end of the message", PI_MALFORMED, err),
	length = expert("message_length", "A message has 1 to 1,000,000 bytes", PI_MALFORMED, err),
	empty = expert("no_data", "No data in a DATA packet", PI_MALFORMED, warn),
	changed = expert("length_changed", "Not the length that earlier packets had", PI_PROTOCOL, warn),
	priority = expert("priority", "Priorities are 0 to 7", PI_PROTOCOL, warn),
	acks = expert("ack_count", "More acks than there is room for", PI_PROTOCOL, warn),
	ack_odd = expert("ack_odd", "Acks carry the client's id, which is even", PI_PROTOCOL, warn),
	role = expert("role", "Sent by the wrong side", PI_PROTOCOL, warn),
	cut = expert("cut", "The capture does not have all of this packet", PI_UNDECODED, note),
	retransmission = expert("retransmission", "Retransmission", sequence, note),
	duplicate = expert("duplicate", "These bytes have been seen before", sequence, note),
	out_of_grant = expert("out_of_grant", "Data that was not granted", sequence, warn),
	resend = expert("resend", "Asks for a retransmission", sequence, note),
	short_resend = expert("short_resend", "RESEND without priority (reduced variant)",
		PI_PROTOCOL, chat),
	busy = expert("busy", "Sender has more urgent messages", sequence, chat),
	unknown = expert("unknown_rpc", "The RPC does not exist at the sender", sequence, warn),
	need_ack = expert("need_ack", "Server asks for an acknowledgement", sequence, chat),
	no_request = expert("no_request", "The request is not in this capture", sequence, chat),
	icmp = expert("icmp", "Quoted by an ICMP error", PI_RESPONSE_CODE, warn),
	freeze = expert("freeze", "Asks to stop a debugging trace", PI_REQUEST_CODE, note),
}
homa.experts = e

homa.prefs.reassemble = Pref.bool("Put messages together", true,
	"Keep the bytes of all messages in memory and show each message where it is complete")
homa.prefs.in_tcp = Pref.bool("Look for Homa in TCP headers", false,
	"Take TCP segments with SYN, RST and the urgent pointer 0xb97d for Homa packets")
homa.prefs.rpc_statistics = Pref.bool("tshark: RPC statistics", false,
	"tshark prints a table of servers and response times at the end")

-- Handlers for the messages of an application: DissectorTable.get("homa.port"):add(4000, mine)
local port_table = DissectorTable.new("homa.port", "Homa server port", ftypes.UINT16, base.DEC, homa)

-- What the capture has shown so far --------------------------------------------

local rpcs          -- by key
local rpc_list      -- in order of appearance
local records       -- what the first pass found, by frame and place in it
local hosts_by_name -- small numbers for addresses
local hosts

local function forget()
	rpcs, rpc_list, records, hosts_by_name, hosts = {}, {}, {}, {}, {}
end
homa.init = forget
forget()

-- Addresses can only be compared and printed, and how they are printed changes
-- when a name has been looked up.
local function host_number(address)
	local name = tostring(address)
	local number = hosts_by_name[name]
	if number and hosts[number] == address then return number end
	for i, known in ipairs(hosts) do
		if known == address then
			hosts_by_name[name] = i
			return i
		end
	end
	hosts[#hosts + 1] = address
	hosts_by_name[name] = #hosts
	return #hosts
end

local function new_message(kind)
	return { kind = kind, ranges = {}, parts = {}, frames = {}, limit = 0, bytes = 0,
		retransmitted = 0 }
end

local function new_rpc(key, pkt)
	local rpc = {
		number = #rpc_list, server = pkt.server_name, resends = 0, busy = 0,
		server_port = pkt.from_client and pkt.dport or pkt.sport,
		request = new_message("request"), response = new_message("response"),
	}
	rpcs[key] = rpc
	rpc_list[#rpc_list + 1] = rpc
	return rpc
end

-- The RPC of a packet. Ids are unique for a client (wire 3), until its counter
-- begins anew: a new request with the id of an RPC that ended a while ago is another RPC.
local function rpc_of(pkt)
	local rpc = rpcs[pkt.key]
	if not rpc then return new_rpc(pkt.key, pkt) end
	local ended = rpc.response.done_s
	if ended and pkt.type == DATA and pkt.from_client and not pkt.retransmit and
	   (pkt.now_s > ended + REUSE_S or pkt.message_length ~= rpc.request.length) then
		return new_rpc(pkt.key, pkt)
	end
	return rpc
end

-- Bytes [first, last) of a message have come; the number of those that are new.
local function add_range(ranges, first, last)
	local low, high = 1, #ranges + 1
	-- The first range that ends at or after `first`.
	while low < high do
		local middle = math.floor((low + high) / 2)
		if ranges[middle][2] < first then low = middle + 1 else high = middle end
	end
	local from, to, held = first, last, 0
	while ranges[low] and ranges[low][1] <= last do
		local range = table.remove(ranges, low)
		held = held + math.max(0, math.min(range[2], last) - math.max(range[1], first))
		from, to = math.min(from, range[1]), math.max(to, range[2])
	end
	table.insert(ranges, low, { from, to })
	return last - first - held
end

local function put_together(msg)
	table.sort(msg.parts, function(a, b) return a.offset < b.offset end)
	local pieces, at = {}, 0
	for _, part in ipairs(msg.parts) do
		local skip = at - part.offset
		if skip < #part.bytes then
			pieces[#pieces + 1] = skip > 0 and part.bytes:sub(skip + 1) or part.bytes
			at = part.offset + #part.bytes
		end
	end
	msg.parts = {}
	msg.text = table.concat(pieces):sub(1, msg.length)
end

-- A DATA packet, in the first pass. Experts that it causes go to `rec`.
local function learn_data(pkt, rec)
	local rpc, msg = rec.rpc, rec.msg
	local length = pkt.message_length
	if not msg.first_s then msg.first_s = pkt.now_s end
	if pkt.retransmit then msg.retransmitted = msg.retransmitted + 1 end
	if length < 1 or length > MAX_MESSAGE_BYTES then return end
	if not msg.length then msg.length = length end
	if length ~= msg.length then
		rec[#rec + 1] = e.changed
		return
	end
	-- The reduced variant announces nothing and waits for nothing (wire 13).
	msg.limit = math.max(msg.limit, pkt.incoming > 0 and pkt.incoming or length)
	local fresh, total = 0, 0
	for _, part in ipairs(pkt.parts) do
		local last = part.offset + part.bytes
		if part.bytes > 0 and last <= length then
			total = total + part.bytes
			if part.offset == 0 then msg.has_start = true end
			if not pkt.retransmit and msg.has_start and (part.offset >= msg.limit or
			   last >= msg.limit + MAX_PACKET_BYTES) then
				rec.out_of_grant = true
			end
			local new = add_range(msg.ranges, part.offset, last)
			fresh = fresh + new
			if new > 0 then
				if not part.text then
					msg.incomplete = true
				elseif homa.prefs.reassemble and not msg.incomplete then
					msg.parts[#msg.parts + 1] = { offset = part.offset, bytes = part.text }
				end
			end
		end
	end
	if rec.out_of_grant then rec[#rec + 1] = e.out_of_grant end
	if total > 0 and fresh == 0 then rec[#rec + 1] = e.duplicate end
	if fresh == 0 then return end
	msg.frames[#msg.frames + 1] = pkt.frame
	msg.bytes = msg.bytes + fresh
	if msg.bytes < length then return end
	msg.done_s, msg.done_in = pkt.now_s, pkt.frame
	rec.completes = true
	if homa.prefs.reassemble and not msg.incomplete then
		put_together(msg)
	else
		msg.parts = {}
	end
end

-- The first pass over a packet: what it changes, and what is remarkable about it.
local function learn(pkt)
	local rec = {}
	-- FREEZE, and an ACK or CUTOFFS for nothing in particular, belong to no RPC.
	if not pkt.key or pkt.type == FREEZE or pkt.type == CUTOFFS then return rec end
	if pkt.type == ACK or pkt.quoted then
		rec.rpc = rpcs[pkt.key]
		return rec
	end
	local rpc = rpc_of(pkt)
	rec.rpc = rpc
	-- DATA and BUSY come from the sender of a message, GRANT and RESEND go to it.
	if pkt.type ~= NEED_ACK and pkt.type ~= RPC_UNKNOWN then
		local from_sender = pkt.type == DATA or pkt.type == BUSY
		rec.msg = from_sender == pkt.from_client and rpc.request or rpc.response
	end
	if pkt.type == DATA and pkt.parts then
		learn_data(pkt, rec)
		if not pkt.from_client and not rpc.request.first_s then rec[#rec + 1] = e.no_request end
	elseif pkt.type == GRANT and pkt.grant then
		rec.msg.limit = math.max(rec.msg.limit, pkt.grant)
	elseif pkt.type == RESEND then
		rpc.resends = rpc.resends + 1
		-- Who asks for bytes again believes that they were granted.
		if pkt.wanted and pkt.wanted ~= NO_OFFSET then
			rec.msg.limit = math.max(rec.msg.limit, pkt.first + pkt.wanted)
		end
	elseif pkt.type == BUSY then
		rpc.busy = rpc.busy + 1
	elseif pkt.type == RPC_UNKNOWN then
		rpc.unknown = true
	end
	return rec
end

-- Packets ------------------------------------------------------------------------

-- A field of `size` bytes, if that much was captured.
-- Returns its tree item and the range, or nothing.
local function add(tree, field, tvb, at, size)
	if at + size > tvb:len() then return nil end
	local range = tvb:range(at, size)
	return tree:add(field, range), range
end

local function number(tree, field, tvb, at, size)
	local item, range = add(tree, field, tvb, at, size)
	if item then return range:uint(), item end
end

local function priority(tree, field, tvb, at)
	local level, item = number(tree, field, tvb, at, 1)
	if level and level > MAX_PRIORITY then item:add_proto_expert_info(e.priority) end
	return level
end

local function acked(tree, tvb, at, what)
	local item, range = add(tree, f.ack_id, tvb, at, 8)
	if not item then return end
	if what then item:append_text(what) end
	if range:range(7, 1):uint() % 2 == 1 then item:add_proto_expert_info(e.ack_odd) end
	add(tree, f.ack_port, tvb, at + 8, 2)
end

-- Big buffers of the reference, seen before they were cut (wire 7.1): after the
-- first 52 bytes come records of an offset and `size` bytes. How many bytes is not
-- said, but the second offset is the first one plus as many.
local function record_bytes(tvb, offset, message_length)
	local total = tvb:reported_len() - DATA_BYTES
	local raw = tvb:raw(DATA_BYTES)
	local function offset_at(at)
		local a, b, c, d = raw:byte(at + 1, at + 4)
		return d and ((a * 256 + b) * 256 + c) * 256 + d
	end
	for size = 1, math.min(total - 5, #raw - 4) do
		if offset_at(size) == offset + size then
			local count, at = 1, size
			while at + 4 < total do
				local found = offset_at(at)
				if found and found ~= offset + count * size then break end
				count, at = count + 1, at + 4 + size
			end
			-- One repetition alone could be the content of the message, unless all
			-- of it is more than a packet has with an MTU of 1500 or 9000 bytes.
			local uncut = (size == 1424 or size == 1404) and total > 1424 or
				(size == 8924 or size == 8904) and total > 8924
			if at + 4 >= total and
			   (count > 2 or uncut or offset + total > message_length) then
				return size
			end
		end
	end
end

local function parts_of(tvb, offset, message_length, doff)
	local total = math.max(tvb:reported_len() - DATA_BYTES, 0)
	local parts = {}
	local size
	if doff == 0xd0 and total > 5 and tvb:len() > DATA_BYTES then
		size = record_bytes(tvb, offset, message_length)
	end
	local at = 0
	repeat
		local part = { at = DATA_BYTES + at, bytes = math.min(size or total, total - at) }
		part.offset = offset
		if part.at + part.bytes <= tvb:len() and part.bytes > 0 then
			part.text = tvb:raw(part.at, part.bytes)
		end
		parts[#parts + 1] = part
		offset = offset + part.bytes
		at = at + part.bytes + 4
	until not size or at >= total
	return parts
end

-- Reserved, but a client may write there how much of the response it takes unasked, in units of
-- 256 bytes; 0 says nothing.
local function show_response_limit(tree, tvb, pkt)
	if not pkt.from_client or tvb:len() < 50 then
		add(tree, f.pad, tvb, 49, 3)
		return
	end
	local units = tvb:range(49, 1):uint()
	local item = tree:add(f.response_limit, tvb:range(49, 1), units * 256)
	if units == 0 then item:append_text(" (no limit named)") end
	add(tree, f.pad, tvb, 50, 2)
end

local function show_data(tree, tvb, pkt)
	local length_item
	pkt.message_length, length_item = number(tree, f.message_length, tvb, 28, 4)
	pkt.incoming = number(tree, f.incoming, tvb, 32, 4)
	-- 0 in place of an id: no ack.
	if tvb:len() >= 46 and tvb:raw(36, 8) ~= ("\0"):rep(8) then acked(tree, tvb, 36) end
	number(tree, f.cutoff_version, tvb, 46, 2)
	local again, item = number(tree, f.retransmit, tvb, 48, 1)
	pkt.retransmit = again and again ~= 0
	if pkt.retransmit then item:add_proto_expert_info(e.retransmission) end
	show_response_limit(tree, tvb, pkt)
	local seg_offset = number(tree, f.seg_offset, tvb, 52, 4)
	if pkt.message_length and
	   (pkt.message_length < 1 or pkt.message_length > MAX_MESSAGE_BYTES) then
		length_item:add_proto_expert_info(e.length)
	end
	if not seg_offset then return end

	local offset = seg_offset ~= NO_OFFSET and seg_offset or pkt.sequence
	pkt.parts = parts_of(tvb, offset, pkt.message_length, pkt.doff)
	if #pkt.parts > 1 then
		tree:add(f.segments, tvb:range(DATA_BYTES), #pkt.parts):set_generated()
	end
	pkt.bytes = 0
	for _, part in ipairs(pkt.parts) do
		local here = tree
		local have = math.min(part.bytes, math.max(tvb:len() - part.at, 0))
		if #pkt.parts > 1 and part.at <= tvb:len() then
			here = tree:add(homa, tvb:range(part.at - 4, 4 + have), ("Packet at %d, %d bytes"):format(
				part.offset, part.bytes))
		end
		local offset_item = here:add(f.offset, part.offset):set_generated()
		local bytes_item = here:add(f.bytes, part.bytes):set_generated()
		if part.offset + part.bytes > pkt.message_length then
			offset_item:add_proto_expert_info(e.beyond)
		end
		if part.bytes == 0 then bytes_item:add_proto_expert_info(e.empty) end
		if have > 0 then here:add(f.payload, tvb:range(part.at, have)) end
		pkt.bytes = pkt.bytes + part.bytes
	end
	pkt.offset = offset
end

local show = {
	[DATA] = show_data,
	[GRANT] = function(tree, tvb, pkt)
		pkt.grant = number(tree, f.grant_offset, tvb, 28, 4)
		pkt.priority = priority(tree, f.grant_priority, tvb, 32)
	end,
	[RESEND] = function(tree, tvb, pkt)
		pkt.first = number(tree, f.resend_offset, tvb, 28, 4)
		local length, item = number(tree, f.resend_length, tvb, 32, 4)
		pkt.wanted = length
		if length == NO_OFFSET then
			item:append_text(" (everything sent so far)")
			tree:add(f.resend_all, tvb:range(32, 4), true):set_generated()
		end
		if tvb:reported_len() >= 37 then
			pkt.priority = priority(tree, f.resend_priority, tvb, 36)
		else
			tree:add_proto_expert_info(e.short_resend)
		end
		tree:add_proto_expert_info(e.resend)
	end,
	[RPC_UNKNOWN] = function(tree) tree:add_proto_expert_info(e.unknown) end,
	[BUSY] = function(tree) tree:add_proto_expert_info(e.busy) end,
	[CUTOFFS] = function(tree, tvb)
		for level = 0, 7 do
			local item = add(tree, f.cutoff, tvb, 28 + 4 * level, 4)
			if item then item:prepend_text(("Priority %d: "):format(level)) end
		end
		number(tree, f.cutoffs_version, tvb, 60, 2)
	end,
	[FREEZE] = function(tree) tree:add_proto_expert_info(e.freeze) end,
	[NEED_ACK] = function(tree) tree:add_proto_expert_info(e.need_ack) end,
	[ACK] = function(tree, tvb, pkt)
		local count, item = number(tree, f.ack_count, tvb, 28, 2)
		if not count then return end
		if count > MAX_ACKS then item:add_proto_expert_info(e.acks) end
		pkt.acks = math.min(count, MAX_ACKS)
		for i = 0, pkt.acks - 1 do
			acked(tree, tvb, 30 + 10 * i)
		end
	end,
}

-- NEED_ACK is the server's, ACK the client's.
local function wrong_side(pkt)
	return pkt.type == ACK and not pkt.from_client or pkt.type == NEED_ACK and pkt.from_client
end

-- The header that all packets have; false if not even the type is there.
local function show_common(tree, tvb, pkt, pinfo)
	pkt.sport = number(tree, f.srcport, tvb, 0, 2)
	pkt.dport = number(tree, f.dstport, tvb, 2, 2)
	for at = 0, 2, 2 do
		local item = add(tree, f.port, tvb, at, 2)
		if item then item:set_hidden() end
	end
	pkt.sequence = number(tree, f.sequence, tvb, 4, 4)
	add(tree, f.ack_field, tvb, 8, 3)
	local item
	pkt.type, item = number(tree, f.type, tvb, 11, 1)
	pkt.doff = number(tree, f.doff, tvb, 12, 1)
	add(tree, f.flags, tvb, 13, 1)
	add(tree, f.window, tvb, 14, 2)
	add(tree, f.checksum, tvb, 16, 2)
	add(tree, f.urgent, tvb, 18, 2)
	if pkt.type and not type_names[pkt.type] then
		item:add_proto_expert_info(e.type)
		return false
	end
	if not add(tree, f.id, tvb, 20, 8) then return pkt.type ~= nil end

	-- The client's id is even, the server's is that plus one (wire 3).
	local high, low = tvb:range(20, 4):uint(), tvb:range(24, 4):uint()
	pkt.from_client = low % 2 == 0
	pkt.client_id = UInt64.new(low - low % 2, high)
	tree:add(f.client_id, tvb:range(20, 8), pkt.client_id):set_generated()
	tree:add(f.from_client, tvb:range(27, 1), pkt.from_client):set_generated()
	local from, to = host_number(pinfo.src), host_number(pinfo.dst)
	local client, server = from, to
	if not pkt.from_client then client, server = to, from end
	pkt.server_name = tostring(hosts[server])
	pkt.key = ("%d %d %d %d"):format(client, server, high, low - low % 2)
	return true
end

local function seconds(value)
	local whole = math.floor(value)
	return NSTime.new(whole, math.floor((value - whole) * 1e9 + 0.5))
end

-- The message that this packet completes, and what its application makes of it.
local function show_message(tree, tvb, pkt, pinfo, rec, root)
	local msg, rpc = rec.msg, rec.rpc
	tree:add(f.reassembled, msg.length):set_generated()
	if #msg.frames > 1 then
		local list = tree:add(homa, ("Put together from %d packets"):format(#msg.frames))
		list:set_generated()
		for _, frame in ipairs(msg.frames) do
			list:add(f.segment, frame):set_generated()
		end
	end
	local whole
	if #pkt.parts == 1 and pkt.bytes == msg.length and pkt.parts[1].text then
		whole = tvb:range(DATA_BYTES, msg.length):tvb()
	elseif msg.text then
		whole = ByteArray.new(msg.text, true):tvb("Homa " .. msg.kind)
	else
		return
	end
	tree:add(f.message, whole:range()):prepend_text("Whole ")
	port_table:try(rpc.server_port, whole, pinfo, root)
end

-- What the capture says about the RPC of this packet.
local function show_rpc(tree, tvb, pkt, pinfo, rec, root)
	local rpc, msg = rec.rpc, rec.msg
	if not rpc then return end
	tree:add(f.stream, rpc.number):set_generated()
	if msg then tree:add(f.kind, msg.kind):set_generated() end
	if pkt.type == DATA and msg then
		if rec.completes then
			show_message(tree, tvb, pkt, pinfo, rec, root)
		elseif msg.done_in then
			tree:add(f.reassembled_in, msg.done_in):set_generated()
		end
	end
	local request, response = rpc.request, rpc.response
	if pkt.quoted then return end
	if pkt.from_client then
		if response.done_in then tree:add(f.response_in, response.done_in):set_generated() end
	elseif request.done_in then
		tree:add(f.request_in, request.done_in):set_generated()
	end
	if rec.completes and msg == response and request.first_s then
		tree:add(f.time, seconds(response.done_s - request.first_s)):set_generated()
		if request.done_s and response.first_s >= request.done_s then
			tree:add(f.server_time, seconds(response.first_s - request.done_s)):set_generated()
		end
	end
end

local function summary(pkt, rec)
	local text = { ("%s → %s %s"):format(pkt.sport or "?", pkt.dport or "?",
		type_names[pkt.type] or (pkt.type and ("type 0x%02x"):format(pkt.type) or "(cut short)")) }
	local function say(...) text[#text + 1] = string.format(...) end
	if pkt.client_id then say("id=%s", tostring(pkt.client_id)) end
	if rec and rec.msg then say("%s", rec.msg.kind) end
	if pkt.offset then
		say("%d..%d of %d", pkt.offset, pkt.offset + pkt.bytes, pkt.message_length)
		if #pkt.parts > 1 then say("in %d packets", #pkt.parts) end
		if pkt.retransmit then say("[retransmission]") end
	elseif pkt.grant then
		say("up to %d", pkt.grant)
	elseif pkt.wanted == NO_OFFSET then
		say("everything")
	elseif pkt.first and pkt.wanted then
		say("%d..%d", pkt.first, pkt.first + pkt.wanted)
	elseif pkt.acks then
		say("and %d more", pkt.acks)
	end
	if pkt.priority then say("priority %d", pkt.priority) end
	if rec and rec.out_of_grant then say("[out of grant]") end
	if rec and rec.completes then say("[complete]") end
	return table.concat(text, " ")
end

function homa.dissector(tvb, pinfo, root)
	local pkt = { frame = pinfo.number, now_s = pinfo.rel_ts, quoted = pinfo.in_error_pkt }
	local tree = root:add(homa, tvb:range())
	local known = show_common(tree, tvb, pkt, pinfo)
	local need = header_bytes[pkt.type] or COMMON_BYTES
	-- The reduced variant's RESEND has no priority (wire 13).
	if pkt.type == RESEND then need = 36 end
	if tvb:reported_len() < need and not pkt.quoted then
		tree:add_proto_expert_info(e.short)
		known = false
	elseif tvb:len() < tvb:reported_len() and not pkt.quoted then
		tree:add_proto_expert_info(e.cut)
	end
	local rec
	if known then
		show[pkt.type](tree, tvb, pkt)
		if pkt.type ~= DATA and tvb:len() > header_bytes[pkt.type] then
			tree:add(f.trailer, tvb:range(header_bytes[pkt.type]))
		end
		if wrong_side(pkt) then tree:add_proto_expert_info(e.role) end
		-- A frame may carry several: by tunnels, by ICMP errors.
		local place = pkt.frame .. " " .. tvb:offset()
		rec = pinfo.visited and records[place]
		if not rec then
			rec = learn(pkt)
			records[place] = rec
		end
		for _, found in ipairs(rec) do
			tree:add_proto_expert_info(found)
		end
		show_rpc(tree, tvb, pkt, pinfo, rec, root)
	end
	if pkt.quoted then tree:add_proto_expert_info(e.icmp) end
	local text = summary(pkt, rec)
	tree:append_text(", " .. text)
	if not pkt.quoted then
		pinfo.cols.protocol = "Homa"
		pinfo.cols.info = text
	end
	return tvb:len()
end

-- Homa with the protocol number of TCP (wire 10).
local in_tcp = Proto("homa_tcp", "Homa in TCP headers")
function in_tcp.dissector(tvb, pinfo, root)
	if tvb:len() >= 20 and tvb:range(13, 1):uint() == 0x06 and tvb:range(18, 2):uint() == 0xb97d then
		return homa.dissector(tvb, pinfo, root)
	end
	return Dissector.get("tcp"):call(tvb, pinfo, root)
end

local ip_table = DissectorTable.get("ip.proto")
ip_table:add(IP_PROTOCOL, homa)

-- Statistics ---------------------------------------------------------------------

local function ms(value) return value and ("%.3f"):format(value * 1000) or "-" end

-- A table with a line for each server, and one for all.
local function statistics()
	local servers, order, all = {}, {}, nil
	local function line(name)
		local row = { name = name, rpcs = 0, complete = 0, unknown = 0, out = 0, back = 0,
			again = 0, resends = 0, busy = 0, times = {} }
		order[#order + 1] = row
		return row
	end
	local function count(row, rpc, time)
		row.rpcs = row.rpcs + 1
		if rpc.response.done_in then row.complete = row.complete + 1 end
		if rpc.unknown then row.unknown = row.unknown + 1 end
		row.out, row.back = row.out + rpc.request.bytes, row.back + rpc.response.bytes
		row.again = row.again + rpc.request.retransmitted + rpc.response.retransmitted
		row.resends, row.busy = row.resends + rpc.resends, row.busy + rpc.busy
		if time then row.times[#row.times + 1] = time end
	end
	all = line("all servers")
	for _, rpc in ipairs(rpc_list) do
		local time
		if rpc.response.done_s and rpc.request.first_s then
			time = rpc.response.done_s - rpc.request.first_s
		end
		local name = ("%s port %d"):format(rpc.server, rpc.server_port)
		servers[name] = servers[name] or line(name)
		count(servers[name], rpc, time)
		count(all, rpc, time)
	end
	table.remove(order, 1)
	table.sort(order, function(a, b)
		if a.rpcs ~= b.rpcs then return a.rpcs > b.rpcs end
		return a.name < b.name
	end)
	order[#order + 1] = all
	local format = "%-32s %8s %8s %8s %12s %12s %8s %8s %8s %10s %10s %10s"
	local text = { "Homa RPCs; response times in ms, from the first packet of the request to the " ..
		"last of the response", format:format("server", "RPCs", "complete", "unknown", "requests",
		"responses", "retrans", "RESEND", "BUSY", "min", "median", "max") }
	for _, row in ipairs(order) do
		table.sort(row.times)
		text[#text + 1] = format:format(row.name, row.rpcs, row.complete, row.unknown, row.out,
			row.back, row.again, row.resends, row.busy, ms(row.times[1]),
			ms(row.times[math.floor((#row.times + 1) / 2)]), ms(row.times[#row.times]))
	end
	return table.concat(text, "\n") .. "\n"
end

-- The dissector itself keeps the accounts; a tap is there to be asked for them.
local tap

function homa.prefs_changed()
	ip_table:set(6, homa.prefs.in_tcp and in_tcp or Dissector.get("tcp"))
	if homa.prefs.rpc_statistics and not tap and not gui_enabled() then
		tap = Listener.new("frame", "homa")
		function tap.packet() end
		function tap.draw() io.stdout:write(statistics()) end
	end
end

if gui_enabled() then
	register_menu("Homa RPCs", function()
		local window = TextWindow.new("Homa RPCs")
		local listener = Listener.new("frame", "homa")
		function listener.packet() end
		function listener.draw() window:set(statistics()) end
		window:set_atclose(function() listener:remove() end)
		retap_packets()
	end, MENU_STAT_GENERIC)
end
