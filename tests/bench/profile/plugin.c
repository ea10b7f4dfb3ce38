// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Counts the instructions of a guest between two marks, by the address of each
 * translated block: a plugin of QEMU's translator (./dev profile).
 *
 * Marks are no-ops that do nothing on any processor; bench_rtt -m executes them
 * before and after each measured round and when it is finished, bench_load -m before
 * the first and after the last RPC that it times:
 *
 *	0f 1f 80 KK 6d 6f 68	nopl 0x686f6dKK(%rax)
 *
 * with KK = 'b' (begin), 'e' (end), 'w' (write). The last one makes the plugin
 * write its figures to the file out=PATH.N, N = 0, 1, ..., and begin anew: lines
 * "count CPU ADDRESS INSTRUCTIONS TIMES" over all rounds, then, with the option
 * trace=on, "trace CPU ADDRESS INSTRUCTIONS KIND" for each block of the last round
 * in the order of their execution; KIND is c if the block ends in a call, r if in a
 * return, else -.
 *
 * The interface's header is in no Debian package; this is what we use of it
 * (version 1, QEMU 4.2 and later).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*exec_cb)(unsigned int cpu, void *data);
typedef void (*tb_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_cb cb,
					  enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_cb cb,
					    enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = 1;

#define CPUS_MAX 8
#define TRACE_MAX 1000000

struct block {
	struct block *next;
	uint64_t address;
	uint32_t instructions;
	char kind;
	uint64_t times[CPUS_MAX];
};

static struct block *blocks;
static struct {
	const struct block *block;
	unsigned int cpu;
} trace[TRACE_MAX];
static size_t trace_len;
static const char *path;
static unsigned int files;
static bool counting;
static bool tracing;

static void executed(unsigned int cpu, void *data)
{
	struct block *block = data;

	if (!counting || cpu >= CPUS_MAX)
		return;
	block->times[cpu]++;
	if (tracing && trace_len < TRACE_MAX) {
		trace[trace_len].block = block;
		trace[trace_len++].cpu = cpu;
	}
}

static void write_figures(void)
{
	struct block *block;
	char name[4096];
	unsigned int cpu;
	FILE *out;
	size_t i;

	snprintf(name, sizeof(name), "%s.%u", path, files++);
	out = fopen(name, "w");
	if (!out) {
		perror(name);
		return;
	}
	for (block = blocks; block; block = block->next)
		for (cpu = 0; cpu < CPUS_MAX; cpu++)
			if (block->times[cpu])
				fprintf(out, "count %u %llx %u %llu\n", cpu,
					(unsigned long long)block->address, block->instructions,
					(unsigned long long)block->times[cpu]);
	for (i = 0; i < trace_len; i++)
		fprintf(out, "trace %u %llx %u %c\n", trace[i].cpu,
			(unsigned long long)trace[i].block->address,
			trace[i].block->instructions, trace[i].block->kind);
	fclose(out);
	for (block = blocks; block; block = block->next)
		memset(block->times, 0, sizeof(block->times));
}

static void marked(unsigned int cpu, void *data)
{
	(void)cpu;
	switch ((char)(uintptr_t)data) {
	case 'b':
		trace_len = 0;
		counting = true;
		break;
	case 'e':
		counting = false;
		break;
	case 'w':
		write_figures();
		break;
	}
}

static char kind_of(const uint8_t *code, size_t bytes)
{
	if (code[0] == 0xe8 || (bytes > 1 && code[0] == 0xff && (code[1] & 0x38) == 0x10))
		return 'c';
	return code[0] == 0xc3 ? 'r' : '-';
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const uint8_t mark[] = { 0x0f, 0x1f, 0x80, 0, 'm', 'o', 'h' };
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn = NULL;
	struct block *block;
	size_t i;

	(void)id;
	block = calloc(1, sizeof(*block));
	if (!block)
		abort();
	for (i = 0; i < n; i++) {
		const uint8_t *code;

		insn = qemu_plugin_tb_get_insn(tb, i);
		code = qemu_plugin_insn_data(insn);
		if (qemu_plugin_insn_size(insn) == sizeof(mark) && !memcmp(code, mark, 3) &&
		    !memcmp(code + 4, mark + 4, 3))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked,
							       QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)code[3]);
	}
	block->address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	block->instructions = (uint32_t)n;
	block->kind = kind_of(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			path = strdup(argv[i] + 4);
		else if (!strcmp(argv[i], "trace=on"))
			tracing = true;
	}
	if (!path) {
		fprintf(stderr, "profile plugin: out=PATH is missing\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
