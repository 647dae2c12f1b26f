/* SPDX-License-Identifier: MIT
 *
 * ioctls about interfaces: netdevice(7). There is one, `lo`, and nothing about it can be changed: what would needs CAP_NET_ADMIN
 * and is then -EOPNOTSUPP.
 */
#include <asm/sockios.h>
#include <linux/capability.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/inet.h"

#define IFNAMSIZ 16
#define LO_FLAGS 0x49 /* UP, LOOPBACK, RUNNING */
#define LO_TXQLEN 1000
#define ARPHRD_LOOPBACK 772

#define SIOCADDRT	0x890b
#define SIOCDELRT	0x890c
#define SIOCGIFNAME	0x8910
#define SIOCGIFCONF	0x8912
#define SIOCGIFFLAGS	0x8913
#define SIOCSIFFLAGS	0x8914
#define SIOCGIFADDR	0x8915
#define SIOCSIFADDR	0x8916
#define SIOCGIFDSTADDR	0x8917
#define SIOCSIFDSTADDR	0x8918
#define SIOCGIFBRDADDR	0x8919
#define SIOCSIFBRDADDR	0x891a
#define SIOCGIFNETMASK	0x891b
#define SIOCSIFNETMASK	0x891c
#define SIOCGIFMETRIC	0x891d
#define SIOCSIFMETRIC	0x891e
#define SIOCGIFMTU	0x8921
#define SIOCSIFMTU	0x8922
#define SIOCSIFNAME	0x8923
#define SIOCSIFHWADDR	0x8924
#define SIOCGIFHWADDR	0x8927
#define SIOCGIFINDEX	0x8933
#define SIOCETHTOOL	0x8946
#define SIOCGIFTXQLEN	0x8942
#define SIOCSIFTXQLEN	0x8943
#define SIOCGIFMAP	0x8970
#define SIOCGIFCOUNT	0x8938

struct k_ifreq {
	char name[IFNAMSIZ];
	union {
		int32_t num;
		int16_t flags;
		struct {
			uint16_t family, port;
			uint32_t in;
		} addr;
		uint8_t data[24];
	};
};
_Static_assert(sizeof(struct k_ifreq) == 40, "ABI of ifreq");

struct k_ifconf {
	int32_t len, pad;
	uint64_t req;
};
_Static_assert(sizeof(struct k_ifconf) == 16, "ABI of ifconf");

static int64_t
get_conf(struct task *t, uaddr_t arg)
{
	struct k_ifreq r = { .name = "lo", .addr = { .family = AF_INET, .in = 0x0100007f } };
	struct k_ifconf c;

	if (copy_in(t, &c, arg))
		return -EFAULT;
	if (c.req == 0) {
		c.len = sizeof(r);
	} else if (c.len >= (int32_t)sizeof(r)) {
		if (copy_out(t, UADDR(c.req), &r))
			return -EFAULT;
		c.len = sizeof(r);
	} else {
		c.len = 0;
	}
	return copy_out(t, arg, &c);
}

static void
set_addr(struct k_ifreq *r, uint32_t addr)
{
	memset(r->data, 0, sizeof(r->data));
	r->addr.family = AF_INET;
	r->addr.in = addr;
}

static int64_t
get_one(struct k_ifreq *r, unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFFLAGS:
		r->flags = LO_FLAGS;
		return 0;
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
		set_addr(r, 0x0100007f);
		return 0;
	case SIOCGIFBRDADDR:
		set_addr(r, 0);
		return 0;
	case SIOCGIFNETMASK:
		set_addr(r, 0x000000ff);
		return 0;
	case SIOCGIFMETRIC:
		r->num = 0;
		return 0;
	case SIOCGIFMTU:
		r->num = LO_MTU;
		return 0;
	case SIOCGIFTXQLEN:
		r->num = LO_TXQLEN;
		return 0;
	case SIOCGIFINDEX:
		r->num = LO_IFINDEX;
		return 0;
	case SIOCGIFHWADDR:
		memset(r->data, 0, sizeof(r->data));
		r->addr.family = ARPHRD_LOOPBACK;
		return 0;
	case SIOCGIFMAP:
		memset(r->data, 0, sizeof(r->data));
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int64_t
inet_ioctl(struct task *t, unsigned int cmd, uint64_t arg)
{
	struct k_ifreq r;
	int64_t err;

	switch (cmd) {
	case SIOCGSTAMP_OLD:
	case SIOCGSTAMPNS_OLD:
		return -ENOENT; /* nothing was stamped unless SO_TIMESTAMP asked for it, and then it was told */
	case SIOCGIFCONF:
		return get_conf(t, UADDR(arg));
	case SIOCGIFNAME:
		if (copy_in(t, &r, UADDR(arg)))
			return -EFAULT;
		if (r.num != LO_IFINDEX)
			return -ENODEV;
		memset(r.name, 0, sizeof(r.name));
		memcpy(r.name, "lo", 2);
		return copy_out(t, UADDR(arg), &r);
	case SIOCSIFFLAGS:
	case SIOCSIFADDR:
	case SIOCSIFDSTADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFNETMASK:
	case SIOCSIFMETRIC:
	case SIOCSIFMTU:
	case SIOCSIFNAME:
	case SIOCSIFHWADDR:
	case SIOCSIFTXQLEN:
	case SIOCADDRT:
	case SIOCDELRT:
		return capable(t, CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
	case SIOCGIFFLAGS:
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCGIFTXQLEN:
	case SIOCGIFINDEX:
	case SIOCGIFHWADDR:
	case SIOCGIFMAP:
	case SIOCETHTOOL:
		if (copy_in(t, &r, UADDR(arg)))
			return -EFAULT;
		r.name[IFNAMSIZ - 1] = '\0';
		if (strcmp(r.name, "lo") != 0)
			return -ENODEV;
		err = get_one(&r, cmd);
		return err ? err : copy_out(t, UADDR(arg), &r);
	default:
		return -ENOIOCTLCMD;
	}
}
