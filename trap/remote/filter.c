/* SPDX-License-Identifier: MIT
 *
 * The seccomp filter of guest processes. Written by hand because libseccomp cannot match an instruction pointer, and this one lets
 * through exactly the calls made at three instructions of the kernel image, which no program can map or reach: they are there only
 * while a new process sets itself up.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "syscalls/gen/classes.h"
#include "trap/host.h"
#include "trap/remote/filter.h"

struct builder {
	struct sock_filter *f;
	unsigned int n, max;
};

static void
emit(struct builder *b, struct sock_filter insn)
{
	if (b->n < b->max)
		b->f[b->n] = insn;
	b->n++;
}

static void
emit_load(struct builder *b, size_t off)
{
	emit(b, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)off));
}

static void
emit_allow_at(struct builder *b, uint64_t ip)
{
	emit_load(b, offsetof(struct seccomp_data, instruction_pointer));
	emit(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)ip, 0, 3));
	emit_load(b, offsetof(struct seccomp_data, instruction_pointer) + 4);
	emit(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(ip >> 32), 0, 1));
	emit(b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

int
build_filter(struct sock_filter *f, unsigned int max, const uint64_t *allowed, unsigned int nallowed)
{
	struct builder b = { f, 0, max };

	emit_load(&b, offsetof(struct seccomp_data, arch));
	emit(&b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	emit(&b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
	for (unsigned int i = 0; i < nallowed; i++)
		emit_allow_at(&b, allowed[i]);
	emit_load(&b, offsetof(struct seccomp_data, nr));
	for (unsigned int nr = 0; nr < nr_syscall_is_trace; nr++)
		if (syscall_is_trace[nr]) {
			emit(&b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1));
			emit(&b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
		}
	emit(&b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
	return b.n <= max ? (int)b.n : -E2BIG;
}
