/* SPDX-License-Identifier: MIT
 *
 * prctl(2): how many arguments there are, and what they mean, depends on the first.
 */
#include "src/trace/prctl.h"

#include <string.h>
#include <sys/prctl.h>

/* prctl(2): one letter an argument: d number, x hexadecimal, s signal, n name, p number to be filled in, S signal to be
 * filled in, N name to be filled in, c capability, D dumpable, A ambient */
static const struct {
	int option;
	const char *args;
} prctls[] = {
	{ PR_SET_PDEATHSIG, "s" },
	{ PR_GET_PDEATHSIG, "S" },
	{ PR_GET_DUMPABLE, "" },
	{ PR_SET_DUMPABLE, "D" },
	{ PR_GET_KEEPCAPS, "" },
	{ PR_SET_KEEPCAPS, "d" },
	{ PR_SET_NAME, "n" },
	{ PR_GET_NAME, "N" },
	{ PR_GET_SECCOMP, "" },
	{ PR_SET_SECCOMP, "xx" },
	{ PR_CAPBSET_READ, "c" },
	{ PR_CAPBSET_DROP, "c" },
	{ PR_GET_SECUREBITS, "" },
	{ PR_SET_TIMERSLACK, "d" },
	{ PR_GET_TIMERSLACK, "" },
	{ PR_SET_CHILD_SUBREAPER, "d" },
	{ PR_GET_CHILD_SUBREAPER, "p" },
	{ PR_SET_NO_NEW_PRIVS, "ddxx" },
	{ PR_GET_NO_NEW_PRIVS, "xxxx" },
	{ PR_SET_THP_DISABLE, "dxxx" },
	{ PR_GET_THP_DISABLE, "xxxx" },
	{ PR_CAP_AMBIENT, "Acxx" },
};

static const char *
prctl_args(const struct trace_call *c)
{
	size_t k;

	for (k = 0; k < sizeof(prctls) / sizeof(prctls[0]); k++) {
		if (prctls[k].option == (int)c->args[0])
			return prctls[k].args;
	}
	return "xxxx";
}

enum trace_when
trace_prctl_when(const struct trace_call *c, unsigned int i)
{
	const char *args = prctl_args(c);

	if (i > strlen(args))
		return TRACE_END;
	return strchr("pSN", args[i - 1]) ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

static void
print_prctl_out(struct trace_buf *b, const struct trace_call *c, uint64_t addr, char how)
{
	int v;

	if (c->result < 0 || (how != 'N' && !trace_peek(c, addr, &v, 4))) {
		trace_print_address(b, addr);
	} else if (how == 'N') {
		trace_print_string(b, c, addr, 15);
	} else if (how == 'S') {
		trace_printf(b, "[");
		trace_format_signal(b, v);
		trace_printf(b, "]");
	} else {
		trace_printf(b, "[%d]", v);
	}
}

void
trace_print_prctl(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	static const char *const dumpables[] = { "SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT" };
	char how = prctl_args(c)[i - 1];
	uint64_t v = c->args[i];

	switch (how) {
	case 'd':
		trace_printf(b, "%llu", (unsigned long long)v);
		break;
	case 's':
		trace_format_signal(b, (int)v);
		break;
	case 'n':
		trace_print_string(b, c, v, 15);
		break;
	case 'c':
		trace_print_enum(b, "CAP_", v);
		break;
	case 'D':
		if (v <= 2)
			trace_printf(b, "%s", dumpables[v]);
		else
			trace_printf(b, "%#llx /* SUID_DUMP_??? */", (unsigned long long)v);
		break;
	case 'A':
		trace_print_enum(b, "PR_CAP_AMBIENT_", v);
		break;
	case 'p':
	case 'S':
	case 'N':
		print_prctl_out(b, c, v, how);
		break;
	default:
		trace_printf(b, "%#llx", (unsigned long long)v);
	}
}
