// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * pcap.c - read and write classic pcap files with Ethernet frames
 */
#include "pcap.h"

#include <string.h>

#define MAGIC_US	0xa1b2c3d4u
#define MAGIC_NS	0xa1b23c4du
#define LINKTYPE_ETHERNET	1

static uint32_t word(const struct pcap_reader *reader, uint32_t value)
{
	return reader->swapped ? __builtin_bswap32(value) : value;
}

/**
 * pcap_open() - open a capture file
 * @reader: result
 * @path: file
 *
 * Return: true on success; else @reader says why.
 */
bool pcap_open(struct pcap_reader *reader, const char *path)
{
	uint32_t header[6];

	memset(reader, 0, sizeof(*reader));
	reader->file = fopen(path, "rb");
	if (!reader->file) {
		reader->why = "cannot open";
		return false;
	}
	reader->why = "not a pcap file";
	if (fread(header, sizeof(header), 1, reader->file) != 1)
		goto fail;
	reader->swapped = header[0] == __builtin_bswap32(MAGIC_US) ||
			  header[0] == __builtin_bswap32(MAGIC_NS);
	header[0] = word(reader, header[0]);
	if (header[0] != MAGIC_US && header[0] != MAGIC_NS)
		goto fail;
	reader->unit_ns = header[0] == MAGIC_NS ? 1 : 1000;
	reader->why = "not a capture of Ethernet frames";
	if ((word(reader, header[5]) & 0xffff) != LINKTYPE_ETHERNET)
		goto fail;
	reader->why = NULL;
	return true;
fail:
	fclose(reader->file);
	reader->file = NULL;
	return false;
}

/**
 * pcap_next() - read one frame
 * @reader: an open file
 * @buf: where to put it
 * @size: bytes in @buf
 * @len: its length
 * @ts_ns: its time
 *
 * Return: false at the end of the file, or on error with a reason in @reader.
 */
bool pcap_next(struct pcap_reader *reader, uint8_t *buf, size_t size,
	       size_t *len, int64_t *ts_ns)
{
	uint32_t header[4];
	size_t n;

	reader->why = NULL;
	n = fread(header, 1, sizeof(header), reader->file);
	if (!n)
		return false;
	reader->why = "the file ends in the middle of a packet";
	if (n != sizeof(header))
		return false;
	*len = word(reader, header[2]);
	if (*len > size) {
		reader->why = "a packet is too long";
		return false;
	}
	if (*len && fread(buf, *len, 1, reader->file) != 1)
		return false;
	*ts_ns = word(reader, header[0]) * 1000000000ll +
		 word(reader, header[1]) * reader->unit_ns;
	reader->why = NULL;
	return true;
}

/**
 * pcap_close() - close a capture file
 * @reader: the file
 */
void pcap_close(struct pcap_reader *reader)
{
	if (reader->file)
		fclose(reader->file);
	reader->file = NULL;
}

/**
 * pcap_create() - begin a capture file
 * @path: file, replaced if it exists
 *
 * Return: the file or NULL.
 */
FILE *pcap_create(const char *path)
{
	const uint32_t header[6] = {
		MAGIC_NS, 2 | 4 << 16, 0, 0, 262144, LINKTYPE_ETHERNET
	};
	FILE *file = fopen(path, "wb");

	if (!file)
		return NULL;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "the two version numbers above need the other order"
#endif
	if (fwrite(header, sizeof(header), 1, file) != 1) {
		fclose(file);
		return NULL;
	}
	return file;
}

/**
 * pcap_write() - add a frame to a capture file
 * @file: from pcap_create()
 * @frame: the frame
 * @len: bytes
 * @ts_ns: its time
 */
void pcap_write(FILE *file, const uint8_t *frame, size_t len, int64_t ts_ns)
{
	const uint32_t header[4] = {
		(uint32_t)(ts_ns / 1000000000), (uint32_t)(ts_ns % 1000000000),
		(uint32_t)len, (uint32_t)len
	};

	fwrite(header, sizeof(header), 1, file);
	fwrite(frame, len, 1, file);
	/* A crash of the tool or of the guest must not lose packets. */
	fflush(file);
}
