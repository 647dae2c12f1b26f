/* SPDX-License-Identifier: MIT
 *
 * What a fault of program code was. A tracer learns a signal and an address; programs look at the trap number and at the page
 * fault's error code in their signal frame too (sanitizers, garbage collectors, emulators). They are worked out from the siginfo
 * and from the instruction: its opcode says whether its memory operand is written.
 *
 * Left out: a page that was never touched is taken to be present; a write is told wrongly for instructions newer than the tables.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "kernel/fault.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

#define MAX_INSN 15

#define X86_TRAP_DE 0
#define X86_TRAP_DB 1
#define X86_TRAP_BP 3
#define X86_TRAP_OF 4
#define X86_TRAP_UD 6
#define X86_TRAP_GP 13
#define X86_TRAP_PF 14
#define X86_TRAP_MF 16
#define X86_TRAP_AC 17
#define X86_TRAP_XF 19

#define X86_PF_PROT  0x1
#define X86_PF_WRITE 0x2
#define X86_PF_USER  0x4
#define X86_PF_INSTR 0x10
#define X86_PF_PK    0x20

struct insn {
	const uint8_t *p, *end;
	bool lock, opsize, rep, repne;
	unsigned int map; /* 0: one byte, 1: 0f, 2: 0f38, 3: 0f3a */
	bool vector;	  /* VEX or EVEX */
	uint8_t op, reg;  /* opcode, reg field of ModRM */
};

static uint8_t
next_byte(struct insn *i)
{
	return i->p < i->end ? *i->p++ : 0;
}

static void
set_vector_prefix(struct insn *i, unsigned int map, unsigned int pp)
{
	i->vector = true;
	i->map = map;
	i->opsize = pp == 1;
	i->rep = pp == 2;
	i->repne = pp == 3;
	i->op = next_byte(i);
}

static void
decode(struct insn *i, const uint8_t *bytes, size_t n)
{
	uint8_t b, b2;

	*i = (struct insn){ .p = bytes, .end = bytes + n };
	for (;;) {
		b = next_byte(i);
		if (b == 0xf0)
			i->lock = true;
		else if (b == 0x66)
			i->opsize = true;
		else if (b == 0xf3)
			i->rep = true;
		else if (b == 0xf2)
			i->repne = true;
		else if (b != 0x67 && b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26 && b != 0x64 && b != 0x65)
			break;
	}
	if ((b & 0xf0) == 0x40)
		b = next_byte(i); /* REX */
	i->op = b;
	if (b == 0xc5) {
		b2 = next_byte(i);
		set_vector_prefix(i, 1, b2 & 3);
	} else if (b == 0xc4) {
		b2 = next_byte(i);
		set_vector_prefix(i, b2 & 0x1f, next_byte(i) & 3);
	} else if (b == 0x62) {
		uint8_t p1;

		b2 = next_byte(i);
		p1 = next_byte(i);
		next_byte(i);
		set_vector_prefix(i, b2 & 7, p1 & 3);
	} else if (b == 0x0f) {
		i->op = next_byte(i);
		i->map = i->op == 0x38 ? 2 : i->op == 0x3a ? 3 : 1;
		if (i->map > 1)
			i->op = next_byte(i);
	}
	i->reg = next_byte(i) >> 3 & 7;
}

#define BIT(n) (1u << (n))

/* Does the x87 instruction store? By opcode d8..df, the values of reg that do. */
static bool
x87_writes(uint8_t op, uint8_t reg)
{
	static const uint8_t stores[8] = {
		[1] = BIT(2) | BIT(3) | BIT(6) | BIT(7),
		[3] = BIT(1) | BIT(2) | BIT(3) | BIT(7),
		[5] = BIT(1) | BIT(2) | BIT(3) | BIT(6) | BIT(7),
		[7] = BIT(1) | BIT(2) | BIT(3) | BIT(6) | BIT(7),
	};

	return stores[op & 7] & BIT(reg);
}

static bool
one_byte_writes(const struct insn *i)
{
	uint8_t op = i->op;

	if (op < 0x38 && (op & 7) < 2)
		return true; /* add or adc sbb and sub xor, to memory */
	switch (op) {
	case 0x80: case 0x81: case 0x83:
		return i->reg != 7; /* cmp */
	case 0x6c: case 0x6d: case 0x86: case 0x87: case 0x88: case 0x89: case 0x8c: case 0x8f: case 0xa2: case 0xa3:
	case 0xaa: case 0xab: case 0xc0: case 0xc1: case 0xc6: case 0xc7: case 0xd0: case 0xd1: case 0xd2: case 0xd3:
		return true;
	case 0xf6: case 0xf7:
		return i->reg == 2 || i->reg == 3; /* not, neg */
	case 0xfe: case 0xff:
		return i->reg < 2; /* inc, dec */
	default:
		return op >= 0xd8 && op <= 0xdf && x87_writes(op, i->reg);
	}
}

static bool
two_byte_writes(const struct insn *i)
{
	switch (i->op) {
	case 0x11: case 0x13: case 0x17: case 0x29: case 0x2b: case 0x7f: case 0xe7: case 0xc3: case 0xb0: case 0xb1:
	case 0xa4: case 0xa5: case 0xab: case 0xac: case 0xad: case 0xb3: case 0xbb: case 0xd6:
		return true;
	case 0x7e:
		return !i->rep;
	case 0xc0: case 0xc1: /* xadd */
		return !i->vector;
	case 0xba:
		return i->reg > 4;
	case 0xc7: /* cmpxchg8b, xsavec, xsaves */
		return i->reg == 1 || i->reg == 4 || i->reg == 5;
	case 0xae: /* fxsave, stmxcsr, xsave, xsaveopt */
		return i->reg == 0 || i->reg == 3 || i->reg == 4 || (i->reg == 6 && !i->opsize);
	case 0x90:
		return !i->vector; /* kmov is a load */
	default:
		return i->op > 0x90 && i->op <= 0x9f; /* setcc, kmov */
	}
}

static bool
three_byte_writes(const struct insn *i)
{
	if (i->map == 3)
		return (i->op >= 0x14 && i->op <= 0x17) || i->op == 0x19 || i->op == 0x1b || i->op == 0x1d || i->op == 0x39 ||
		       i->op == 0x3b;
	if (!i->vector)
		return (i->op == 0xf1 && !i->repne) || i->op == 0xf9; /* movbe, movdiri */
	if (i->op == 0x2e || i->op == 0x2f || i->op == 0x8e || i->op == 0x8a || i->op == 0x8b || i->op == 0x63)
		return true; /* masked and compressing stores */
	if (i->op >= 0xa0 && i->op <= 0xa3)
		return true; /* scatter */
	return i->rep && i->op >= 0x10 && i->op <= 0x35 && (i->op & 7) <= 5; /* narrowing stores */
}

/* Stack operands: what push and call write is below rsp, what movs writes is at rdi. */
static bool
implicit_write(const struct insn *i, const struct pt_regs *r, uint64_t addr)
{
	bool below = addr < r->rsp && r->rsp - addr <= 64;

	if (i->map != 0)
		return false;
	switch (i->op) {
	case 0xa4: case 0xa5: /* movs */
		return addr - (r->rdi - 8) < 16;
	case 0x68: case 0x6a: case 0x9c: case 0xe8: case 0xc8:
		return below;
	case 0xff:
		return below && (i->reg == 2 || i->reg == 3 || i->reg == 6);
	default:
		return below && i->op >= 0x50 && i->op <= 0x57;
	}
}

unsigned int
fault_access(struct task *t, uint64_t addr)
{
	uint8_t bytes[MAX_INSN];
	struct insn i;
	size_t n;
	bool w;

	n = copy_from_user_partial(t, bytes, UADDR(t->regs.rip), sizeof(bytes));
	/* a fetch: of the instruction itself, or of the page its end is on */
	if (addr == t->regs.rip || n == 0)
		return MM_FAULT_EXEC;
	if ((addr & ~PAGE_MASK) == 0 && addr > t->regs.rip && addr - t->regs.rip < MAX_INSN && n <= addr - t->regs.rip)
		return MM_FAULT_EXEC;
	decode(&i, bytes, n);
	if (i.map == 0)
		w = one_byte_writes(&i);
	else
		w = i.map == 1 ? two_byte_writes(&i) : three_byte_writes(&i);
	return i.lock || w || implicit_write(&i, &t->regs, addr) ? MM_FAULT_WRITE : MM_FAULT_READ;
}

/* PROT_NONE is a page that is not there; where something can be read there is taken to be a page. */
static bool
page_present(struct task *t, uint64_t addr)
{
	struct vma *v;
	mutex_guard(&t->mm->mmap_lock);

	v = addr < TASK_SIZE_MAX ? find_vma(t->mm, addr) : NULL;
	return v && v->start <= addr && (v->flags & (VM_READ | VM_WRITE | VM_EXEC));
}

static uint64_t
page_fault_error(struct task *t, const struct k_siginfo *info, unsigned int access)
{
	uint64_t err = X86_PF_USER;

	if (access == MM_FAULT_WRITE)
		err |= X86_PF_WRITE;
	if (access == MM_FAULT_EXEC)
		err |= X86_PF_INSTR;
	if (info->si_signo == SIGSEGV && info->si_code == SEGV_ACCERR && page_present(t, info->fault.addr))
		err |= X86_PF_PROT;
	if (info->fault.addr >= TASK_SIZE_MAX)
		err |= X86_PF_PROT; /* whatever the kernel has there, it does not say */
	if (info->si_signo == SIGSEGV && info->si_code == SEGV_PKUERR)
		err |= X86_PF_PROT | X86_PF_PK;
	return err;
}

/* x87 instructions complain about the one before: by which of the two units was it? */
static unsigned int
float_trap(struct task *t)
{
	uint8_t bytes[MAX_INSN];
	struct insn i;

	decode(&i, bytes, copy_from_user_partial(t, bytes, UADDR(t->regs.rip), sizeof(bytes)));
	return i.map == 0 && (i.op == 0x9b || (i.op >= 0xd8 && i.op <= 0xdf)) ? X86_TRAP_MF : X86_TRAP_XF;
}

/* General protection, if it was no software interrupt: the error code is its gate, but that for overflows is open to all. */
static void
note_protection(struct task *t)
{
	uint8_t insn[2];

	t->trapno = X86_TRAP_GP;
	if (copy_in(t, &insn, UADDR(t->regs.rip)) == 0 && insn[0] == 0xcd)
		t->err = insn[1] << 3 | 2u;
	else if (copy_in(t, &insn, UADDR(t->regs.rip - 2)) == 0 && insn[0] == 0xcd && insn[1] == X86_TRAP_OF)
		t->trapno = X86_TRAP_OF;
}

void
note_fault(struct task *t, const struct k_siginfo *info, unsigned int access)
{
	t->err = 0;
	switch (info->si_signo) {
	case SIGFPE:
		t->trapno = info->si_code == FPE_INTDIV ? X86_TRAP_DE : float_trap(t);
		return;
	case SIGILL:
		t->trapno = X86_TRAP_UD;
		return;
	case SIGTRAP:
		t->trapno = info->si_code == SI_KERNEL ? X86_TRAP_BP : X86_TRAP_DB;
		return;
	case SIGBUS:
		if (info->si_code == BUS_ADRALN) {
			t->trapno = X86_TRAP_AC;
			return;
		}
		break;
	case SIGSEGV:
		if (info->si_code == SI_KERNEL) {
			note_protection(t);
			return;
		}
		break;
	default:
		return;
	}
	t->trapno = X86_TRAP_PF;
	t->cr2 = info->fault.addr;
	t->err = page_fault_error(t, info, access);
}
