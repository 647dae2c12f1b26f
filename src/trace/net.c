/* SPDX-License-Identifier: MIT
 *
 * Addresses, messages and options of sockets as text.
 */
#include "src/trace/net.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "src/decode.h"
#include "src/trace/names.h"

static void
print_unix(struct trace_buf *b, const struct sockaddr_un *un, size_t len)
{
	size_t n = len - offsetof(struct sockaddr_un, sun_path);

	if (n == 0)
		return;
	trace_printf(b, ", sun_path=");
	if (un->sun_path[0] == '\0' && n > 1) {
		trace_printf(b, "@");
		trace_print_quoted(b, un->sun_path + 1, n - 1);
	} else {
		trace_print_quoted(b, un->sun_path, strnlen(un->sun_path, n));
	}
}

static void
print_in6(struct trace_buf *b, const struct sockaddr_in6 *in6, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	trace_printf(b, ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, \"%s\", &sin6_addr)",
		     ntohs(in6->sin6_port), ntohl(in6->sin6_flowinfo),
		     inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text)));
	if (len >= sizeof(*in6))
		trace_printf(b, ", sin6_scope_id=%u", in6->sin6_scope_id);
}

static void
print_address_of(struct trace_buf *b, const struct sockaddr_storage *ss, size_t len)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_nl *nl = (const void *)ss;

	trace_printf(b, "{sa_family=");
	trace_print_enum(b, "AF_", ss->ss_family);
	if (ss->ss_family == AF_UNIX) {
		print_unix(b, (const void *)ss, len);
	} else if (ss->ss_family == AF_INET && len >= sizeof(*in)) {
		trace_printf(b, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", ntohs(in->sin_port),
			     inet_ntoa(in->sin_addr));
	} else if (ss->ss_family == AF_INET6 && len >= 24) {
		print_in6(b, (const void *)ss, len);
	} else if (ss->ss_family == AF_NETLINK && len >= sizeof(*nl)) {
		if (nl->nl_pad)
			trace_printf(b, ", nl_pad=%#x", nl->nl_pad);
		trace_printf(b, ", nl_pid=%d, nl_groups=%#08x", nl->nl_pid, nl->nl_groups);
	} else if (len > 2) {
		trace_printf(b, ", sa_data=");
		trace_print_quoted(b, (const char *)ss + 2, len - 2);
	}
	trace_printf(b, "}");
}

static void
print_sockaddr_at(struct trace_buf *b, const struct trace_call *c, uint64_t addr, uint64_t len)
{
	struct sockaddr_storage ss;

	memset(&ss, 0, sizeof(ss));
	if (len > sizeof(ss))
		len = sizeof(ss);
	if (len < 2 || !trace_peek(c, addr, &ss, len))
		trace_print_address(b, addr);
	else
		print_address_of(b, &ss, len);
}

static bool
fills_in(const struct trace_call *c, unsigned int i)
{
	return strncmp(c->d->args[i].type, "out", 3) == 0 || strncmp(c->d->args[i].type, "inout", 5) == 0;
}

enum trace_when
trace_sockaddr_when(const struct trace_call *c, unsigned int i)
{
	return fills_in(c, i) ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

void
trace_print_sockaddr(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint32_t len;

	if (!fills_in(c, i)) {
		print_sockaddr_at(b, c, c->args[i], c->args[i + 1]);
		return;
	}
	if (c->result < 0 || !trace_peek(c, c->args[i + 1], &len, 4))
		trace_print_address(b, c->args[i]);
	else
		print_sockaddr_at(b, c, c->args[i], len < c->saved[i + 1] ? len : c->saved[i + 1]);
}

/* The length is what there was room for, and then what there is. */
void
trace_print_addrlen(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	int was = (int)c->saved[i], is;

	if (!c->args[i - 1] || !trace_peek(c, c->args[i], &is, 4))
		trace_print_address(b, c->args[i]);
	else if (c->result >= 0 && is != was)
		trace_printf(b, "[%d => %d]", was, is);
	else
		trace_printf(b, "[%d]", was);
}

/* Options */

static const char *
level_options(const struct trace_call *c)
{
	switch ((int)c->args[1]) {
	case SOL_SOCKET:
		return "SO_";
	case IPPROTO_IP:
		return "IP_";
	case IPPROTO_IPV6:
		return "IPV6_";
	case IPPROTO_TCP:
		return "TCP_";
	case SOL_NETLINK:
		return "NETLINK_OPT_";
	}
	return NULL;
}

void
trace_print_sockopt_name(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	const char *decode = level_options(c);

	if (decode)
		trace_print_enum(b, decode, (uint32_t)c->args[i]);
	else
		trace_printf(b, "%d", (int)c->args[i]);
}

enum trace_when
trace_optval_when(const struct trace_call *c, unsigned int i)
{
	return strcmp(c->d->name, "getsockopt") == 0 ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

static void
print_ucred(struct trace_buf *b, const struct trace_call *c, uint64_t addr)
{
	struct ucred uc;

	if (trace_peek(c, addr, &uc, sizeof(uc)))
		trace_printf(b, "{pid=%d, uid=%u, gid=%u}", uc.pid, uc.uid, uc.gid);
	else
		trace_print_address(b, addr);
}

static void
print_optval_of(struct trace_buf *b, const struct trace_call *c, uint64_t addr, int len)
{
	int option = c->args[1] == SOL_SOCKET ? (int)c->args[2] : -1;
	bool membership = c->args[1] == IPPROTO_IP && (c->args[2] == IP_ADD_MEMBERSHIP || c->args[2] == IP_DROP_MEMBERSHIP);
	struct ip_mreq group;
	struct linger l;

	if (membership && len == sizeof(group) && trace_peek(c, addr, &group, sizeof(group))) {
		trace_printf(b, "{imr_multiaddr=inet_addr(\"%s\")", inet_ntoa(group.imr_multiaddr));
		trace_printf(b, ", imr_interface=inet_addr(\"%s\")}", inet_ntoa(group.imr_interface));
		return;
	}
	if (option == SO_LINGER && len == sizeof(l) && trace_peek(c, addr, &l, sizeof(l)))
		trace_printf(b, "{l_onoff=%d, l_linger=%d}", l.l_onoff, l.l_linger);
	else if (option == SO_PEERCRED && len == sizeof(struct ucred))
		print_ucred(b, c, addr);
	else if (option == SO_BINDTODEVICE || option == SO_ATTACH_FILTER)
		trace_print_bytes(b, c, addr, (uint64_t)len);
	else if (len == 4)
		trace_print_struct(b, c, "int", addr);
	else
		trace_print_bytes(b, c, addr, (uint64_t)len);
}

void
trace_print_optval(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	int len = (int)c->args[i + 1];
	bool output = trace_optval_when(c, i) == TRACE_AT_EXIT;

	if (output && (c->result < 0 || !trace_peek(c, c->args[i + 1], &len, 4)))
		trace_print_address(b, c->args[i]);
	else if (len <= 0 || !c->args[i])
		trace_print_address(b, c->args[i]);
	else
		print_optval_of(b, c, c->args[i], len);
}

/* Messages */

static void
print_rights(struct trace_buf *b, const int *fds, size_t n)
{
	size_t k;

	trace_printf(b, "[");
	for (k = 0; k < n; k++)
		trace_printf(b, "%s%d", k ? ", " : "", fds[k]);
	trace_printf(b, "]");
}

static void
print_pktinfo(struct trace_buf *b, const struct in_pktinfo *info)
{
	char name[IF_NAMESIZE];

	if (info->ipi_ifindex == 1) /* the one stead has, and `lo` wherever the host is not odd */
		trace_printf(b, "{ipi_ifindex=if_nametoindex(\"lo\")");
	else if (if_indextoname((unsigned int)info->ipi_ifindex, name))
		trace_printf(b, "{ipi_ifindex=if_nametoindex(\"%s\")", name);
	else
		trace_printf(b, "{ipi_ifindex=%d", info->ipi_ifindex);
	trace_printf(b, ", ipi_spec_dst=inet_addr(\"%s\")", inet_ntoa(info->ipi_spec_dst));
	trace_printf(b, ", ipi_addr=inet_addr(\"%s\")}", inet_ntoa(info->ipi_addr));
}

static void
print_cmsg(struct trace_buf *b, const struct cmsghdr *h, size_t room)
{
	size_t len = h->cmsg_len < room ? h->cmsg_len : room;
	const void *data = (const char *)h + sizeof(*h);
	size_t n = len > sizeof(*h) ? len - sizeof(*h) : 0;
	const struct ucred *uc = data;
	bool ip = h->cmsg_level == IPPROTO_IP;

	trace_printf(b, "{cmsg_len=%zu, cmsg_level=", (size_t)h->cmsg_len);
	trace_print_enum(b, "SOL_", (uint32_t)h->cmsg_level);
	trace_printf(b, ", cmsg_type=");
	if (h->cmsg_level == SOL_SOCKET)
		trace_print_enum(b, "SCM_", (uint32_t)h->cmsg_type);
	else if (ip)
		trace_print_enum(b, "IP_", (uint32_t)h->cmsg_type);
	else
		trace_printf(b, "%#x", h->cmsg_type);
	if (n > 0)
		trace_printf(b, ", cmsg_data=");
	if (n > 0 && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		print_rights(b, data, n / 4);
	else if (n >= sizeof(*uc) && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_CREDENTIALS)
		trace_printf(b, "{pid=%d, uid=%u, gid=%u}", uc->pid, uc->uid, uc->gid);
	else if (n >= sizeof(struct in_pktinfo) && ip && h->cmsg_type == IP_PKTINFO)
		print_pktinfo(b, data);
	else if (n >= 4 && ip && h->cmsg_type == IP_TTL)
		trace_printf(b, "[%d]", *(const int *)data);
	else if (n >= 1 && ip && h->cmsg_type == IP_TOS)
		trace_printf(b, "[%#x]", *(const uint8_t *)data);
	else if (n > 0)
		trace_print_quoted(b, data, n);
	trace_printf(b, "}");
}

static void
print_control(struct trace_buf *b, const struct trace_call *c, uint64_t addr, uint64_t len)
{
	char buf[2048] __attribute__((aligned(8)));
	const struct cmsghdr *h;
	size_t at = 0;

	if (len > sizeof(buf) || len < sizeof(*h) || !trace_peek(c, addr, buf, len)) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "[");
	while (len - at >= sizeof(*h)) {
		h = (const void *)(buf + at);
		trace_printf(b, at ? ", " : "");
		print_cmsg(b, h, len - at);
		if (h->cmsg_len < sizeof(*h) || CMSG_ALIGN(h->cmsg_len) > len - at)
			break;
		at += CMSG_ALIGN(h->cmsg_len);
	}
	trace_printf(b, "]");
}

/* @namelen: what msg_namelen was before, when it is a result now. */
static void
print_message(struct trace_buf *b, const struct trace_call *c, const struct msghdr *m, const int *namelen, uint64_t total)
{
	int len = (int)m->msg_namelen;

	trace_printf(b, "{msg_name=");
	print_sockaddr_at(b, c, (uintptr_t)m->msg_name,
			  namelen && *namelen < len ? (unsigned int)*namelen : (unsigned int)len);
	if (namelen && *namelen != len)
		trace_printf(b, ", msg_namelen=%d => %d, msg_iov=", *namelen, len);
	else
		trace_printf(b, ", msg_namelen=%d, msg_iov=", len);
	trace_print_iov(b, c, (uintptr_t)m->msg_iov, m->msg_iovlen, total);
	trace_printf(b, ", msg_iovlen=%zu", m->msg_iovlen);
	if (m->msg_controllen) {
		trace_printf(b, ", msg_control=");
		print_control(b, c, (uintptr_t)m->msg_control, m->msg_controllen);
	}
	trace_printf(b, ", msg_controllen=%zu, msg_flags=", m->msg_controllen);
	trace_print_flags(b, "MSG_*", (uint32_t)m->msg_flags);
	trace_printf(b, "}");
}

enum trace_when
trace_msghdr_when(const struct trace_call *c, unsigned int i)
{
	return strncmp(c->d->name, "recv", 4) == 0 ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

void
trace_print_msghdr(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	bool output = trace_msghdr_when(c, i) == TRACE_AT_EXIT;
	int namelen = (int)c->saved[i];
	struct msghdr m;

	if (!trace_peek(c, c->args[i], &m, sizeof(m)))
		trace_print_address(b, c->args[i]);
	else if (output && c->result < 0)
		trace_printf(b, "{msg_namelen=%d}", namelen);
	else
		print_message(b, c, &m, output ? &namelen : NULL, output ? (uint64_t)c->result : UINT64_MAX);
}

void
trace_print_mmsghdr(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	bool output = trace_msghdr_when(c, i) == TRACE_AT_EXIT;
	uint64_t n = c->result > 0 ? (uint64_t)c->result : 0, k;
	struct mmsghdr m;

	if (c->result < 0 || n > 1024 || (n && !trace_peek(c, c->args[i], &m, sizeof(m)))) {
		trace_print_address(b, c->args[i]);
		return;
	}
	trace_printf(b, "[");
	for (k = 0; k < n && k < 32; k++) {
		if (!trace_peek(c, c->args[i] + k * sizeof(m), &m, sizeof(m)))
			break;
		trace_printf(b, "%s{msg_hdr=", k ? ", " : "");
		print_message(b, c, &m.msg_hdr, NULL, output ? m.msg_len : UINT64_MAX);
		trace_printf(b, ", msg_len=%u}", m.msg_len);
	}
	trace_printf(b, n > 32 ? ", ...]" : "]");
}
