/* SPDX-License-Identifier: MIT
 *
 * The seccomp filter of guest processes under the resident trap: what is left to a program that got past dispatch, or to somebody who
 * has taken the kernel over. Written by hand because libseccomp cannot match an instruction pointer.
 *
 * Every host call but those of HOST_ANYWHERE runs through it (for these the host finds out, when it takes the filter on, that the number alone
 * decides), so it is a balanced tree over the numbers: about seven comparisons, the rules of the one call, and the address it was made
 * at, which is the one syscall instruction meant for it. Jumps of a condition reach 255 instructions, so
 * far ones go by way of a plain jump.
 */
#include "trap/resident/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "trap/host.h"
#include "trap/remote/spawn.h"
#include "trap/resident/resident.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_futex_wake
#define SYS_futex_wake 454
#define SYS_futex_wait 455
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat	  463
#define SYS_getxattrat	  464
#define SYS_listxattrat	  465
#define SYS_removexattrat 466
#endif

#define RULES_MAX  4
#define VALUES_MAX 4

enum rule_kind { RULE_NONE, RULE_ONE_OF, RULE_WITHIN, RULE_NOT_ALL };

struct rule {
	enum rule_kind kind;
	unsigned int arg, n; /* n: values */
	uint32_t v[VALUES_MAX];
};

struct host_call_rules {
	unsigned short nr;
	enum { LISTED, ANYWHERE, WRITES } kind;
	struct rule rules[RULES_MAX];
};

#define NARGS(...)	       (sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
#define ONE_OF(a, ...)	       { RULE_ONE_OF, a, NARGS(__VA_ARGS__), { __VA_ARGS__ } }
#define WITHIN(a, mask)	       { RULE_WITHIN, a, 1, { mask } }
#define NOT_ALL(a, mask)       { RULE_NOT_ALL, a, 1, { mask } }
#define HOST_CALL(name, ...)   { SYS_##name, LISTED, { __VA_ARGS__ } },
#define HOST_ANYWHERE(name)    { SYS_##name, ANYWHERE, { { RULE_NONE, 0, 0, { 0 } } } },
#define HOST_WRITE(name)       { SYS_##name, WRITES, { { RULE_NONE, 0, 0, { 0 } } } },

static const struct host_call_rules calls[] = {
#include "trap/host-calls.h"
};

#define NCALLS (sizeof(calls) / sizeof(calls[0]))

struct builder {
	struct sock_filter *f;
	unsigned int n, max;
	bool keys, writable;
	struct host_call_rules sorted[NCALLS];
	unsigned int from_leaf[NCALLS]; /* the jump at each leaf of the tree, to its rules */
	unsigned int unknown[NCALLS];	/* and for other numbers */
	unsigned int misplaced;		/* getcpu's, made elsewhere */
};

static unsigned int
emit(struct builder *b, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (b->n < b->max)
		b->f[b->n] = (struct sock_filter){ code, jt, jf, k };
	return b->n++;
}

static void
emit_load(struct builder *b, size_t off)
{
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)off);
}

static void
emit_return(struct builder *b, uint32_t action)
{
	emit(b, BPF_RET | BPF_K, 0, 0, action);
}

/* A plain jump, whose target comes later. */
static unsigned int
emit_jump(struct builder *b)
{
	return emit(b, BPF_JMP | BPF_JA, 0, 0, 0);
}

static void
land_here(struct builder *b, unsigned int jump)
{
	if (jump < b->max)
		b->f[jump].k = b->n - jump - 1;
}

static void
emit_tree(struct builder *b, unsigned int lo, unsigned int hi)
{
	unsigned int mid = (lo + hi) / 2, right;

	if (lo + 1 == hi) {
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, b->sorted[lo].nr);
		b->unknown[lo] = emit_jump(b);
		b->from_leaf[lo] = emit_jump(b);
		return;
	}
	emit(b, BPF_JMP | BPF_JGE | BPF_K, 0, 1, b->sorted[mid].nr);
	right = emit_jump(b);
	emit_tree(b, lo, mid);
	land_here(b, right);
	emit_tree(b, mid, hi);
}

static void
emit_rule(struct builder *b, const struct rule *r)
{
	size_t at = offsetof(struct seccomp_data, args) + 8 * r->arg;

	emit_load(b, at + 4);
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
	emit_return(b, SECCOMP_RET_KILL_PROCESS);
	emit_load(b, at);
	switch (r->kind) {
	case RULE_ONE_OF:
		for (unsigned int i = 0; i < r->n; i++)
			emit(b, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(r->n - i), 0, r->v[i]);
		break;
	case RULE_WITHIN:
		emit(b, BPF_JMP | BPF_JSET | BPF_K, 0, 1, ~r->v[0]);
		break;
	case RULE_NOT_ALL:
		emit(b, BPF_ALU | BPF_AND | BPF_K, 0, 0, r->v[0]);
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, r->v[0]);
		break;
	case RULE_NONE:
		break;
	}
	emit_return(b, SECCOMP_RET_KILL_PROCESS);
}

/* Calls of the vsyscall page come from the host's emulation: to the kernel, as any other (resident_from_program()). */
static void
emit_vsyscalls(struct builder *b)
{
	static const struct {
		unsigned int nr;
		uint32_t ip;
	} v[] = { { SYS_gettimeofday, 0xff600000 }, { SYS_time, 0xff600400 }, { SYS_getcpu, 0xff600800 } };

	for (unsigned int i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		emit_load(b, offsetof(struct seccomp_data, nr));
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, v[i].nr);
		emit_load(b, offsetof(struct seccomp_data, instruction_pointer));
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, v[i].ip);
		emit_load(b, offsetof(struct seccomp_data, instruction_pointer) + 4);
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0xffffffff);
		emit_return(b, SECCOMP_RET_TRAP);
	}
}

static const char *
place_of(unsigned int nr)
{
	return nr == SYS_clone ? host_clone_insn : nr == SYS_rt_sigreturn ? resident_sigreturn_insn : host_syscall_insn;
}

static void
emit_place(struct builder *b, const char *insn)
{
	uint64_t ip = (uintptr_t)insn;

	emit_load(b, offsetof(struct seccomp_data, instruction_pointer));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, (uint32_t)ip);
	emit_load(b, offsetof(struct seccomp_data, instruction_pointer) + 4);
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)(ip >> 32));
	emit_return(b, SECCOMP_RET_ALLOW);
}

static void
emit_call(struct builder *b, const struct host_call_rules *c)
{
	if (c->kind == ANYWHERE) {
		emit_return(b, SECCOMP_RET_ALLOW);
		return;
	}
	if (c->kind == WRITES && !b->writable) {
		emit_return(b, SECCOMP_RET_ERRNO | EROFS);
		return;
	}
	for (unsigned int i = 0; i < RULES_MAX; i++)
		if (c->rules[i].kind != RULE_NONE && (c->rules[i].kind != RULE_NOT_ALL || b->keys))
			emit_rule(b, &c->rules[i]);
	emit_place(b, place_of(c->nr));
	if (c->nr == SYS_getcpu)
		b->misplaced = emit_jump(b);
	else
		emit_return(b, SECCOMP_RET_KILL_PROCESS);
}

static int
by_number(const void *a, const void *b)
{
	return (int)((const struct host_call_rules *)a)->nr - (int)((const struct host_call_rules *)b)->nr;
}

int
build_resident_filter(struct sock_filter *f, unsigned int max, bool keys, bool writable)
{
	struct builder b = { .f = f, .max = max, .keys = keys, .writable = writable };

	for (size_t i = 0; i < NCALLS; i++)
		b.sorted[i] = calls[i];
	qsort(b.sorted, NCALLS, sizeof(b.sorted[0]), by_number);
	emit_load(&b, offsetof(struct seccomp_data, arch));
	emit(&b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
	emit_return(&b, SECCOMP_RET_KILL_PROCESS);
	emit_load(&b, offsetof(struct seccomp_data, nr));
	emit_tree(&b, 0, NCALLS);
	for (unsigned int i = 0; i < NCALLS; i++) {
		land_here(&b, b.from_leaf[i]);
		emit_call(&b, &b.sorted[i]);
	}
	for (unsigned int i = 0; i < NCALLS; i++)
		land_here(&b, b.unknown[i]);
	land_here(&b, b.misplaced);
	emit_vsyscalls(&b);
	emit_return(&b, SECCOMP_RET_KILL_PROCESS);
	return b.n <= max ? (int)b.n : -E2BIG;
}
