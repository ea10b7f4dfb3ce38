// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * main.c - command line of homa-drill
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "run.h"

enum {
	OPT_NS = 256, OPT_DEV, OPT_SELF, OPT_HOST_NS, OPT_HOST_DEV, OPT_HOST,
	OPT_DECODE, OPT_CHECK,
};

static const struct option options[] = {
	{ "ns", required_argument, NULL, OPT_NS },
	{ "dev", required_argument, NULL, OPT_DEV },
	{ "self", required_argument, NULL, OPT_SELF },
	{ "host-ns", required_argument, NULL, OPT_HOST_NS },
	{ "host-dev", required_argument, NULL, OPT_HOST_DEV },
	{ "host", required_argument, NULL, OPT_HOST },
	{ "decode", no_argument, NULL, OPT_DECODE },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "ipv4", no_argument, NULL, '4' },
	{ "ipv6", no_argument, NULL, '6' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "write", required_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static void usage(FILE *out)
{
	fprintf(out,
		"usage: homa-drill [options] SCRIPT...\n"
		"       homa-drill --decode FILE.pcap...\n"
		"       homa-drill --check SCRIPT...\n"
		"Play one side of Homa conversations packet by packet.\n\n"
		"  -4, -6           only over IPv4, only over IPv6 (default: both)\n"
		"  -v               print every statement and packet\n"
		"  -w FILE          write all packets to a pcap file\n"
		"  --ns NAME        namespace of our device (d; - is this one)\n"
		"  --dev NAME       our device (d0)\n"
		"  --self N         our host number (1)\n"
		"  --host-ns NAME   namespace of the host under test (s)\n"
		"  --host-dev NAME  its device (s0)\n"
		"  --host N         its host number (2)\n"
		"  --decode         print the packets of capture files\n"
		"  --check          only parse the scripts\n"
		"Exit status: 0 all came true, 1 it did not, 2 wrong usage.\n");
}

/* Every packet must decode; what is not Homa's is counted and skipped. */
static bool decode_file(const char *path)
{
	static uint8_t frame[262144];
	unsigned int good = 0, other = 0, bad = 0;
	struct pcap_reader reader;
	struct drill_pkt pkt;
	int64_t ts_ns, first_ns = 0;
	const char *why;
	char text[600];
	size_t len;

	if (!pcap_open(&reader, path)) {
		fprintf(stderr, "%s: %s\n", path, reader.why);
		return false;
	}
	while (pcap_next(&reader, frame, sizeof(frame), &len, &ts_ns)) {
		if (!first_ns)
			first_ns = ts_ns;
		switch (drill_pkt_decode(frame, len, &pkt, &why)) {
		case DRILL_PKT_OTHER:
			other++;
			break;
		case DRILL_PKT_BAD:
			bad++;
			fprintf(stderr, "%s: packet %u: %s\n", path,
				good + other + bad, why);
			break;
		case DRILL_PKT_OK:
			good++;
			drill_pkt_print(&pkt, text, sizeof(text));
			printf("%12.6f ms  %s\n",
			       (double)(ts_ns - first_ns) / 1e6, text);
			break;
		}
	}
	if (reader.why)
		fprintf(stderr, "%s: %s\n", path, reader.why);
	printf("%s: %u decoded, %u of other protocols, %u bad\n", path, good,
	       other, bad);
	pcap_close(&reader);
	return good && !bad && !reader.why;
}

static bool run_file(const char *path, struct config *config, int families,
		     bool only_check)
{
	struct script script;
	int version;

	if (!script_load(&script, path)) {
		fprintf(stderr, "%s\n", script.error);
		return false;
	}
	if (only_check)
		return true;
	families &= script.families;
	if (!families)
		printf("%s: not for this IP version\n", path);
	for (version = 4; version <= 6; version += 2) {
		if (!(families & (version == 4 ? 1 : 2)))
			continue;
		config->ip_version = version;
		if (!run_script(&script, config))
			return false;
		printf("ok: %s over IPv%d\n", path, version);
	}
	return true;
}

/**
 * main() - entry point
 * @argc: number of arguments
 * @argv: arguments
 *
 * Return: exit status, see usage().
 */
int main(int argc, char **argv)
{
	struct config config = {
		.ns = "d", .dev = "d0", .self = 1,
		.host_ns = "s", .host_dev = "s0", .host = 2,
	};
	bool decode = false, check = false, ok = true;
	int families = 3, opt;

	while ((opt = getopt_long(argc, argv, "46vw:h", options, NULL)) >= 0) {
		switch (opt) {
		case '4':
			families = 1;
			break;
		case '6':
			families = 2;
			break;
		case 'v':
			config.verbose = true;
			break;
		case 'w':
			config.pcap = pcap_create(optarg);
			if (!config.pcap) {
				perror(optarg);
				return 2;
			}
			break;
		case OPT_NS:
			config.ns = optarg;
			break;
		case OPT_DEV:
			config.dev = optarg;
			break;
		case OPT_SELF:
			config.self = (unsigned int)atoi(optarg);
			break;
		case OPT_HOST_NS:
			config.host_ns = optarg;
			break;
		case OPT_HOST_DEV:
			config.host_dev = optarg;
			break;
		case OPT_HOST:
			config.host = (unsigned int)atoi(optarg);
			break;
		case OPT_DECODE:
			decode = true;
			break;
		case OPT_CHECK:
			check = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Sleeps are exact, not 50 us longer to save energy. */
	prctl(PR_SET_TIMERSLACK, 1);
	for (; optind < argc; optind++) {
		if (decode)
			ok &= decode_file(argv[optind]);
		else
			ok &= run_file(argv[optind], &config, families, check);
	}
	return ok ? 0 : 1;
}
