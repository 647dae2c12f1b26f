/* SPDX-License-Identifier: MIT
 *
 * Calls that strace does not write argument by argument in their order: clone(2), clone3(2), rt_sigreturn(2),
 * restart_syscall(2).
 */
#include "src/trace/whole.h"

#include <linux/sched.h>
#include <string.h>

#include "src/decode.h"
#include "src/trace/structs.h"

/* clone(2): stack before flags, and of the pointers those that flags ask for */

#define CLONE_POINTERS (CLONE_PARENT_SETTID | CLONE_PIDFD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS)

static void
print_clone_flags(struct trace_buf *b, uint64_t v)
{
	int sig = v & 0xff;

	v &= ~0xffull;
	if (v)
		trace_print_flags(b, "CLONE_*", v);
	if (sig) {
		trace_printf(b, v ? "|" : "");
		trace_format_signal(b, sig);
	} else if (!v) {
		trace_printf(b, "0");
	}
}

static bool
clone_enter(struct trace_buf *b, struct trace_call *c)
{
	trace_printf(b, "child_stack=");
	trace_print_address(b, c->args[1]);
	trace_printf(b, ", flags=");
	print_clone_flags(b, c->args[0]);
	return (c->args[0] & CLONE_POINTERS) != 0;
}

static void
print_tid_pointer(struct trace_buf *b, const struct trace_call *c, const char *name, uint64_t addr)
{
	trace_printf(b, ", %s=", name);
	if (c->result < 0)
		trace_print_address(b, addr);
	else
		trace_print_struct(b, c, "int", addr);
}

static void
clone_exit(struct trace_buf *b, const struct trace_call *c)
{
	uint64_t flags = c->args[0];

	if (flags & CLONE_PARENT_SETTID)
		print_tid_pointer(b, c, "parent_tid", c->args[2]);
	else if (flags & CLONE_PIDFD)
		print_tid_pointer(b, c, "parent_tid", c->args[2]); /* strace has no other name for it */
	if (flags & CLONE_SETTLS)
		trace_printf(b, ", tls=%#llx", (unsigned long long)c->args[4]);
	if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
		trace_printf(b, ", child_tidptr=");
		trace_print_address(b, c->args[3]);
	}
}

/* clone3(2): what is filled in follows an arrow. */
static bool
clone3_enter(struct trace_buf *b, struct trace_call *c)
{
	struct clone_args a = { .flags = 0 };
	uint64_t size = c->args[1] < sizeof(a) ? c->args[1] : sizeof(a);

	if (size < CLONE_ARGS_SIZE_VER0 || !trace_peek(c, c->args[0], &a, size)) {
		trace_print_address(b, c->args[0]);
		trace_printf(b, ", %llu", (unsigned long long)c->args[1]);
		return false;
	}
	trace_struct("clone_args")->print(b, c->m, &a);
	if (a.flags & (CLONE_PARENT_SETTID | CLONE_PIDFD))
		return true;
	trace_printf(b, ", %llu", (unsigned long long)c->args[1]);
	return false;
}

static void
clone3_exit(struct trace_buf *b, const struct trace_call *c)
{
	struct clone_args a = { .flags = 0 };
	uint64_t size = c->args[1] < sizeof(a) ? c->args[1] : sizeof(a);
	const char *sep = " => {";

	if (size < CLONE_ARGS_SIZE_VER0 || !trace_peek(c, c->args[0], &a, size) ||
	    !(a.flags & (CLONE_PARENT_SETTID | CLONE_PIDFD)))
		return;
	if (c->result >= 0) {
		if (a.flags & CLONE_PIDFD) {
			trace_printf(b, "%spidfd=", sep);
			trace_print_struct(b, c, "int", a.pidfd);
			sep = ", ";
		}
		if (a.flags & CLONE_PARENT_SETTID) {
			trace_printf(b, "%sparent_tid=", sep);
			trace_print_struct(b, c, "int", a.parent_tid);
		}
		trace_printf(b, "}");
	}
	trace_printf(b, ", %llu", (unsigned long long)c->args[1]);
}

/* The mask that is restored lies in the frame on the stack: the return address is gone, then come struct ucontext's five
 * words of flags, link and stack, 32 words of registers, and the mask. */
static bool
sigreturn_enter(struct trace_buf *b, struct trace_call *c)
{
	if (!c->sp)
		return false;
	trace_printf(b, "{mask=");
	trace_print_struct(b, c, "sigset", c->sp + 5 * 8 + 32 * 8);
	trace_printf(b, "}");
	return false;
}

static bool
restart_enter(struct trace_buf *b, struct trace_call *c)
{
	if (c->before)
		trace_printf(b, "<... resuming interrupted %s ...>", c->before->name);
	return false;
}

static const struct trace_whole wholes[] = {
	{ "clone", clone_enter, clone_exit },
	{ "clone3", clone3_enter, clone3_exit },
	{ "rt_sigreturn", sigreturn_enter, NULL },
	{ "restart_syscall", restart_enter, NULL },
};

const struct trace_whole *
trace_whole(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
		if (strcmp(wholes[i].name, name) == 0)
			return &wholes[i];
	}
	return NULL;
}
