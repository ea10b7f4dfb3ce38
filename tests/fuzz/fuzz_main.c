// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Drives a fuzz target where libFuzzer is not installed.
 *
 * Usage: PROGRAM [-runs=N] [-seed=N] DIRECTORY...
 * Runs every file of the directories, then N mutations of them. It sees
 * nothing of the coverage; the sanitizers and the target's claims still count.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_BYTES_MAX	4096u
#define CORPUS_MAX	256u

struct input {
	u8 bytes[INPUT_BYTES_MAX];
	u32 len;
};

static struct input corpus[CORPUS_MAX];
static u32 num_inputs;
static u64 rng_state;

static u32 below(u32 n)
{
	u64 z = rng_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (u32)(((z ^ z >> 31) >> 32) * n >> 32);
}

/* From memory of just this size, so that reading past the end is seen. */
static void run(const struct input *in)
{
	u8 *exact = malloc(in->len + !in->len);

	if (!exact)
		abort();
	memcpy(exact, in->bytes, in->len);
	LLVMFuzzerTestOneInput(exact, in->len);
	free(exact);
}

static void load(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[4096];
	FILE *f;

	if (!dir) {
		perror(directory);
		exit(2);
	}
	while ((entry = readdir(dir)) && num_inputs < CORPUS_MAX) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory,
			 entry->d_name);
		f = fopen(path, "rb");
		if (!f) {
			perror(path);
			exit(2);
		}
		corpus[num_inputs].len = (u32)fread(corpus[num_inputs].bytes, 1,
						    INPUT_BYTES_MAX, f);
		num_inputs++;
		fclose(f);
	}
	closedir(dir);
}

static void mutate_once(struct input *in)
{
	static const u8 telling[] = { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff };
	u32 at = below(in->len + 1);
	const struct input *other;
	u32 bytes;

	switch (below(7)) {
	case 0:
		if (at < in->len)
			in->bytes[at] = (u8)below(256);
		break;
	case 1:
		if (at < in->len)
			in->bytes[at] ^= (u8)(1 << below(8));
		break;
	case 2:
		for (bytes = 1u << below(3); bytes && at < in->len; bytes--)
			in->bytes[at++] = telling[below(sizeof(telling))];
		break;
	case 3:
		in->len = at;
		break;
	case 4:	/* insert */
		bytes = min(below(16) + 1, INPUT_BYTES_MAX - in->len);
		memmove(in->bytes + at + bytes, in->bytes + at, in->len - at);
		in->len += bytes;
		while (bytes--)
			in->bytes[at + bytes] = (u8)below(256);
		break;
	case 5:	/* delete */
		bytes = min(below(16) + 1, in->len - at);
		in->len -= bytes;
		memmove(in->bytes + at, in->bytes + at + bytes, in->len - at);
		break;
	default:	/* go on as another input does */
		other = &corpus[below(num_inputs)];
		if (at < other->len) {
			memcpy(in->bytes + at, other->bytes + at,
			       other->len - at);
			in->len = other->len;
		}
	}
}

int main(int argc, char **argv)
{
	static struct input in;
	u32 runs = 0;
	u32 i, n;

	rng_state = 1;
	for (i = 1; i < (u32)argc; i++) {
		if (!strncmp(argv[i], "-runs=", 6))
			runs = (u32)strtoul(argv[i] + 6, NULL, 0);
		else if (!strncmp(argv[i], "-seed=", 6))
			rng_state = strtoull(argv[i] + 6, NULL, 0);
		else if (argv[i][0] != '-')
			load(argv[i]);
	}
	if (!num_inputs) {
		fprintf(stderr, "no inputs\n");
		return 2;
	}
	for (i = 0; i < num_inputs; i++)
		run(&corpus[i]);
	for (i = 0; i < runs; i++) {
		in = corpus[below(num_inputs)];
		for (n = below(8) + 1; n; n--)
			mutate_once(&in);
		run(&in);
	}
	printf("%u inputs, %u mutations\n", num_inputs, runs);
	return 0;
}
