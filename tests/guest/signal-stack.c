/* SPDX-License-Identifier: MIT
 *
 * The stacks that handlers run on: sigaltstack(2), alignment, no room.
 */
#include <ucontext.h>

#include "tests/guest/guest.h"

static char altstack[64 << 10] __attribute__((aligned(16)));
static volatile uintptr_t handler_sp;
static stack_t stack_in_handler;

static void
note_stack(int sig)
{
	char here;

	handler_sp = (uintptr_t)&here;
	sigaltstack(NULL, &stack_in_handler);
}

static void
use_altstack(int flags)
{
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack), .ss_flags = flags };
	struct sigaction sa = { .sa_handler = note_stack, .sa_flags = SA_ONSTACK };

	CHECK_EQ(sigaltstack(&ss, NULL), 0);
	sigaction(SIGUSR1, &sa, NULL);
}

static bool
on_altstack(uintptr_t sp)
{
	return sp >= (uintptr_t)altstack && sp < (uintptr_t)altstack + sizeof(altstack);
}

static void
handlers_run_on_the_alternate_stack(void)
{
	stack_t ss;

	use_altstack(0);
	raise(SIGUSR1);
	CHECK(on_altstack(handler_sp));
	CHECK_EQ(stack_in_handler.ss_flags, SS_ONSTACK);
	CHECK_EQ(sigaltstack(NULL, &ss), 0);
	CHECK_EQ(ss.ss_flags, 0);
	CHECK(ss.ss_sp == altstack && ss.ss_size == sizeof(altstack));
	signal(SIGUSR1, note_stack); /* without SA_ONSTACK */
	raise(SIGUSR1);
	CHECK(!on_altstack(handler_sp));
}

static volatile int inner_error;

static void
change_stack(int sig)
{
	stack_t ss = { .ss_flags = SS_DISABLE };

	inner_error = sigaltstack(&ss, NULL) == 0 ? 0 : errno;
}

static void
altstack_errors(void)
{
	stack_t ss = { .ss_sp = altstack, .ss_size = 100 };
	struct sigaction sa = { .sa_handler = change_stack, .sa_flags = SA_ONSTACK };

	CHECK_EQ(sigaltstack(NULL, &ss), 0);
	CHECK_EQ(ss.ss_flags, SS_DISABLE);
	ss = (stack_t){ .ss_sp = altstack, .ss_size = 100 };
	CHECK_ERR(sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_flags = 0x40;
	CHECK_ERR(sigaltstack(&ss, NULL), EINVAL);
	use_altstack(0);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	CHECK_EQ(inner_error, EPERM); /* in use */
	ss = (stack_t){ .ss_flags = SS_DISABLE };
	CHECK_EQ(sigaltstack(&ss, NULL), 0);
}

static void
altstack_autodisarm(void)
{
	stack_t ss;

	use_altstack((int)(1u << 31) /* SS_AUTODISARM */);
	raise(SIGUSR1);
	CHECK(on_altstack(handler_sp));
	CHECK_EQ(stack_in_handler.ss_flags, SS_DISABLE);
	sigaltstack(NULL, &ss);
	CHECK_EQ(ss.ss_flags, (int)(1u << 31));
	CHECK(ss.ss_sp == altstack);
}

static void
no_room_for_a_frame_kills(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		stack_t ss = { .ss_size = 64 << 10 };
		struct sigaction sa = { .sa_handler = note_stack, .sa_flags = SA_ONSTACK };

		ss.ss_sp = mmap(NULL, ss.ss_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		sigaltstack(&ss, NULL);
		sigaction(SIGUSR1, &sa, NULL);
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

static void
altstack_after_fork_not_thread(void)
{
	stack_t ss;
	pid_t pid;

	use_altstack(0);
	pid = guest_fork();
	if (pid == 0)
		_exit(sigaltstack(NULL, &ss) == 0 && ss.ss_sp == altstack && ss.ss_flags == 0 ? 0 : 1);
	CHECK_EXITS(pid, 0);
}

static void
stack_is_aligned_in_handlers(void)
{
	use_altstack(0);
	raise(SIGUSR1);
	/* gcc's movaps in note_stack would have faulted; the frame's return address leaves 8 modulo 16 */
	CHECK(handler_sp != 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(handlers_run_on_the_alternate_stack), T(altstack_errors), T(altstack_autodisarm),
		T(no_room_for_a_frame_kills), T(altstack_after_fork_not_thread), T(stack_is_aligned_in_handlers),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
