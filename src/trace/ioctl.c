/* SPDX-License-Identifier: MIT
 *
 * ioctl(2): terminals, and what every descriptor has. Commands without a name are taken apart as _IOC() puts them together.
 */
#include "src/trace/ioctl.h"

#include <asm/termbits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "src/abi.h"
#include "src/trace/names.h"

/* What the argument points to or is. */
enum shape { NOTHING, NUMBER, NUMBER_IN, NUMBER_OUT, TERMIOS_IN, TERMIOS_OUT, WINSIZE_IN, WINSIZE_OUT, FLUSH, FLOW, HEX };

static const struct {
	uint32_t cmd;
	const char *name;
	enum shape shape;
} ioctls[] = {
	{ TCGETS, "TCGETS", TERMIOS_OUT },
	{ TCSETS, "TCSETS", TERMIOS_IN },
	{ TCSETSW, "TCSETSW", TERMIOS_IN },
	{ TCSETSF, "TCSETSF", TERMIOS_IN },
	{ TCSBRK, "TCSBRK", NUMBER },
	{ TCSBRKP, "TCSBRKP", NUMBER },
	{ TCXONC, "TCXONC", FLOW },
	{ TCFLSH, "TCFLSH", FLUSH },
	{ TIOCEXCL, "TIOCEXCL", NOTHING },
	{ TIOCNXCL, "TIOCNXCL", NOTHING },
	{ TIOCSCTTY, "TIOCSCTTY", NUMBER },
	{ TIOCNOTTY, "TIOCNOTTY", NOTHING },
	{ TIOCGPGRP, "TIOCGPGRP", NUMBER_OUT },
	{ TIOCSPGRP, "TIOCSPGRP", NUMBER_IN },
	{ TIOCGSID, "TIOCGSID", NUMBER_OUT },
	{ TIOCOUTQ, "TIOCOUTQ", NUMBER_OUT },
	{ TIOCGWINSZ, "TIOCGWINSZ", WINSIZE_OUT },
	{ TIOCSWINSZ, "TIOCSWINSZ", WINSIZE_IN },
	{ TIOCGPTN, "TIOCGPTN", NUMBER_OUT },
	{ TIOCSPTLCK, "TIOCSPTLCK", NUMBER_IN },
	{ TIOCGPTLCK, "TIOCGPTLCK", NUMBER_OUT },
	{ TIOCGPTPEER, "TIOCGPTPEER", HEX },
	{ TIOCPKT, "TIOCPKT", NUMBER_IN },
	{ TIOCGPKT, "TIOCGPKT", NUMBER_OUT },
	{ TIOCSTI, "TIOCSTI", HEX },
	{ FIONREAD, "FIONREAD", NUMBER_OUT },
	{ FIONBIO, "FIONBIO", NUMBER_IN },
	{ FIOASYNC, "FIOASYNC", NUMBER_IN },
	{ FIOCLEX, "FIOCLEX", NOTHING },
	{ FIONCLEX, "FIONCLEX", NOTHING },
	{ FIOQSIZE, "FIOQSIZE", HEX },
	{ FS_IOC_GETFLAGS, "FS_IOC_GETFLAGS", HEX },
	{ FS_IOC_SETFLAGS, "FS_IOC_SETFLAGS", HEX },
	{ FICLONE, "BTRFS_IOC_CLONE or FICLONE", NUMBER },
	{ FICLONERANGE, "BTRFS_IOC_CLONE_RANGE or FICLONERANGE", HEX },
	{ FIFREEZE, "FIFREEZE", NOTHING },
	{ FITHAW, "FITHAW", NOTHING },
};
#define NIOCTLS (sizeof(ioctls) / sizeof(ioctls[0]))

static size_t
lookup(const struct trace_call *c)
{
	size_t k;

	for (k = 0; k < NIOCTLS; k++) {
		if (ioctls[k].cmd == (uint32_t)c->args[1])
			return k;
	}
	return NIOCTLS;
}

void
trace_print_ioctl_cmd(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	static const char *const dirs[] = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE" };
	uint32_t v = (uint32_t)c->args[i];
	size_t k = lookup(c);

	if (k < NIOCTLS)
		trace_printf(b, "%s", ioctls[k].name);
	else
		trace_printf(b, "_IOC(%s, %#x, %#x, %#x)", dirs[_IOC_DIR(v)], _IOC_TYPE(v), _IOC_NR(v), _IOC_SIZE(v));
}

enum trace_when
trace_ioctl_arg_when(const struct trace_call *c, unsigned int i)
{
	size_t k = lookup(c);

	if (k == NIOCTLS)
		return TRACE_AT_ENTER;
	switch (ioctls[k].shape) {
	case NOTHING:
		return TRACE_END;
	case NUMBER_OUT:
	case TERMIOS_OUT:
	case WINSIZE_OUT:
		return TRACE_AT_EXIT;
	default:
		return TRACE_AT_ENTER;
	}
}

/* Delays first, of which 0 has a name, too. */
static void
print_oflag(struct trace_buf *b, tcflag_t v)
{
	tcflag_t delays = NLDLY | CRDLY | TABDLY | BSDLY | VTDLY | FFDLY;

	trace_printf(b, "NL%u|CR%u|TAB%u|BS%u|VT%u|FF%u", (v & NLDLY) / NL1, (v & CRDLY) / CR1, (v & TABDLY) / TAB1,
		     (v & BSDLY) / BS1, (v & VTDLY) / VT1, (v & FFDLY) / FF1);
	if (v & ~delays) {
		trace_printf(b, "|");
		trace_print_flags(b, "OFLAG_*", v & ~delays);
	}
}

static void
print_termios(struct trace_buf *b, const struct trace_call *c, uint64_t addr)
{
	struct abi_termios t;

	if (!trace_peek(c, addr, &t, sizeof(t))) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "{c_iflag=");
	trace_print_flags(b, "IFLAG_*", t.iflag);
	trace_printf(b, ", c_oflag=");
	print_oflag(b, t.oflag);
	trace_printf(b, ", c_cflag=");
	trace_print_enum(b, "B", t.cflag & CBAUD);
	trace_printf(b, "|");
	trace_print_enum(b, "CS", t.cflag & CSIZE);
	if (t.cflag & ~(tcflag_t)(CBAUD | CSIZE)) {
		trace_printf(b, "|");
		trace_print_flags(b, "CFLAG_*", t.cflag & ~(tcflag_t)(CBAUD | CSIZE));
	}
	trace_printf(b, ", c_lflag=");
	trace_print_flags(b, "LFLAG_*", t.lflag);
	trace_printf(b, ", ...}");
}

static void
print_winsize(struct trace_buf *b, const struct trace_call *c, uint64_t addr)
{
	struct winsize ws;

	if (trace_peek(c, addr, &ws, sizeof(ws)))
		trace_printf(b, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}", ws.ws_row, ws.ws_col, ws.ws_xpixel,
			     ws.ws_ypixel);
	else
		trace_print_address(b, addr);
}

void
trace_print_ioctl_arg(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	size_t k = lookup(c);
	enum shape shape = k < NIOCTLS ? ioctls[k].shape : HEX;
	uint64_t v = c->args[i];

	if (c->done && c->result < 0) {
		trace_print_address(b, v);
		return;
	}
	switch (shape) {
	case NUMBER:
		trace_printf(b, "%d", (int)v);
		break;
	case NUMBER_IN:
	case NUMBER_OUT:
		trace_print_struct(b, c, "int", v);
		break;
	case TERMIOS_IN:
	case TERMIOS_OUT:
		print_termios(b, c, v);
		break;
	case WINSIZE_IN:
	case WINSIZE_OUT:
		print_winsize(b, c, v);
		break;
	case FLUSH:
		trace_print_enum(b, "TCFLSH_", v);
		break;
	case FLOW:
		trace_print_enum(b, "TCXONC_", v);
		break;
	default:
		trace_printf(b, "%#llx", (unsigned long long)v);
	}
}
