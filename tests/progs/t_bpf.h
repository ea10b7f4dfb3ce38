/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * BPF programs of a few instructions, without a library. What cannot be loaded ends
 * the program.
 */
#ifndef T_BPF_H
#define T_BPF_H

#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t.h"

static inline int sys_bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static inline int bpf_load_code(enum bpf_prog_type type, const struct bpf_insn *code,
				unsigned int count, uint32_t attach_type, uint32_t btf_id)
{
	union bpf_attr attr = {
		.prog_type = type,
		.expected_attach_type = attach_type,
		.attach_btf_id = btf_id,
		.insns = (uintptr_t)code,
		.insn_cnt = count,
		.license = (uintptr_t)"Dual BSD/GPL",
	};
	int fd = sys_bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		t_die("BPF_PROG_LOAD");
	return fd;
}

/* A program that returns @verdict for everything. */
static inline int bpf_load(enum bpf_prog_type type, int verdict, uint32_t attach_type,
			   uint32_t btf_id)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_load_code(type, code, 2, attach_type, btf_id);
}

/* @cmd: BPF_PROG_ATTACH or BPF_PROG_DETACH, for a control group. */
static inline int bpf_attach(int group, int program, enum bpf_attach_type type, int cmd)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)group;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = type;
	return sys_bpf(cmd, &attr);
}

#endif /* T_BPF_H */
