/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pcap.h - capture files
 */
#ifndef DRILL_PCAP_H
#define DRILL_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct pcap_reader - an open capture file
 * @file: the file
 * @swapped: written on a machine of the other byte order
 * @unit_ns: unit of the fractions in time stamps
 * @why: reason of the last error, NULL at the end of the file
 */
struct pcap_reader {
	FILE *file;
	bool swapped;
	int64_t unit_ns;
	const char *why;
};

bool pcap_open(struct pcap_reader *reader, const char *path);
bool pcap_next(struct pcap_reader *reader, uint8_t *buf, size_t size,
	       size_t *len, int64_t *ts_ns);
void pcap_close(struct pcap_reader *reader);

FILE *pcap_create(const char *path);
void pcap_write(FILE *file, const uint8_t *frame, size_t len, int64_t ts_ns);

#endif
