/* SPDX-License-Identifier: MIT
 *
 * Ancillary data of unix sockets: SCM_RIGHTS and SCM_CREDENTIALS, unix(7), cmsg(3).
 *
 * Left out: SCM_PIDFD and SCM_SECURITY, as in a kernel before 6.5 without security modules.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/resource.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/unix.h"
#include "vfs/fdtable.h"

#define SOL_SOCKET	1
#define SCM_RIGHTS	1
#define SCM_CREDENTIALS 2
#define CONTROL_MAX	20480 /* net.core.optmem_max */

struct k_cmsghdr {
	uint64_t len;
	int32_t level, type;
};
_Static_assert(sizeof(struct k_cmsghdr) == 16, "ABI of cmsghdr");

struct scm_fp *
scm_fp_dup(struct kernel *k, const struct scm_fp *fp)
{
	struct scm_fp *copy;

	if (!fp)
		return NULL;
	copy = kmalloc(k, sizeof(*copy) + SCM_MAX_FD * sizeof(copy->files[0]));
	if (!copy)
		return NULL;
	copy->cred = NULL;
	copy->n = fp->n;
	for (unsigned int i = 0; i < fp->n; i++) {
		get_file(fp->files[i]);
		copy->files[i] = fp->files[i];
	}
	return copy;
}

void
scm_destroy(struct task *t, struct scm *scm)
{
	scm_fp_put(t, t->k, scm->fp);
	scm->fp = NULL;
}

static int
send_rights(struct task *t, struct scm *scm, const int32_t *fds, size_t n)
{
	if (n == 0)
		return 0;
	if (n > SCM_MAX_FD)
		return -EINVAL;
	if (!scm->fp) {
		scm->fp = kmalloc(t->k, sizeof(*scm->fp) + SCM_MAX_FD * sizeof(scm->fp->files[0]));
		if (!scm->fp)
			return -ENOMEM;
		scm->fp->cred = NULL;
		scm->fp->n = 0;
	}
	if (scm->fp->n + n > SCM_MAX_FD)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		struct file *file = fds[i] < 0 ? NULL : fget_raw(t, fds[i]);

		if (!file)
			return -EBADF;
		scm->fp->files[scm->fp->n++] = file;
	}
	return 0;
}

/* unix(7), "ETOOMANYREFS": a user may have as many files on their way as a process may have open, and one message more. */
static int
count_flight(struct task *t, struct scm_fp *fp)
{
	uint32_t *inflight = &t->cred->user->unix_inflight;

	if (__atomic_load_n(inflight, __ATOMIC_RELAXED) > rlimit(t, RLIMIT_NOFILE) && !capable(t, CAP_SYS_RESOURCE) &&
	    !capable(t, CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	fp->cred = get_cred(t->cred);
	__atomic_add_fetch(inflight, fp->n, __ATOMIC_RELAXED);
	return 0;
}

/* Who may claim to be whom. */
static int
send_credentials(struct task *t, struct scm *scm, const struct unix_creds *claim)
{
	const struct cred *c = t->cred;
	struct pid *pid;

	if (claim->pid != t->tgid && !capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	if (claim->uid != c->uid && claim->uid != c->euid && claim->uid != c->suid && !capable(t, CAP_SETUID))
		return -EPERM;
	if (claim->gid != c->gid && claim->gid != c->egid && claim->gid != c->sgid && !capable(t, CAP_SETGID))
		return -EPERM;
	if (claim->pid != t->tgid) {
		pid = find_get_pid(t->k, claim->pid);
		if (!pid)
			return -ESRCH;
		put_pid(t->k, pid);
	}
	scm->creds = *claim;
	return 0;
}

static int
send_one(struct task *t, struct scm *scm, const struct k_cmsghdr *h, const char *data)
{
	size_t n = h->len - sizeof(*h);

	if (h->level != SOL_SOCKET)
		return 0;
	switch (h->type) {
	case SCM_RIGHTS:
		return send_rights(t, scm, (const int32_t *)(const void *)data, n / sizeof(int32_t));
	case SCM_CREDENTIALS:
		if (n != sizeof(struct unix_creds))
			return -EINVAL;
		return send_credentials(t, scm, (const struct unix_creds *)(const void *)data);
	default:
		return -EINVAL;
	}
}

static int
parse_control(struct task *t, struct scm *scm, const char *buf, size_t len)
{
	size_t at = 0;
	int err;

	while (len - at >= sizeof(struct k_cmsghdr)) {
		struct k_cmsghdr h;

		memcpy(&h, buf + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > len - at)
			return -EINVAL;
		err = send_one(t, scm, &h, buf + at + sizeof(h));
		if (err)
			return err;
		if (ALIGN_UP(h.len, (uint64_t)8) > len - at)
			break;
		at += ALIGN_UP(h.len, (uint64_t)8);
	}
	return 0;
}

int
scm_send(struct task *t, struct sock_msg *msg, struct scm *scm)
{
	char *buf;
	int err = 0;

	/* Credentials that nobody claims: real ids, as getsockopt SO_PEERCRED has effective ones. */
	*scm = (struct scm){ .creds = { .pid = t->tgid, .uid = t->cred->uid, .gid = t->cred->gid } };
	if (msg->controllen == 0)
		return 0;
	if (msg->controllen > CONTROL_MAX)
		return -ENOBUFS;
	buf = kmalloc(t->k, ALIGN_UP(msg->controllen, 8ul));
	if (!buf)
		return -ENOMEM;
	if (copy_from_user(t, buf, msg->control, msg->controllen))
		err = -EFAULT;
	else
		err = parse_control(t, scm, buf, msg->controllen);
	if (!err && scm->fp)
		err = count_flight(t, scm->fp);
	kfree(t->k, buf);
	if (err)
		scm_destroy(t, scm);
	return err;
}

/* Write one header and its data as far as there is room. */
void
put_cmsg(struct task *t, struct sock_msg *msg, int level, int type, const void *data, size_t n)
{
	struct k_cmsghdr h = { .len = sizeof(h) + n, .level = level, .type = type };
	size_t space;

	if (uaddr_null(msg->control) || msg->controllen < sizeof(h)) {
		msg->flags |= MSG_CTRUNC;
		return;
	}
	if (msg->controllen < h.len) {
		msg->flags |= MSG_CTRUNC;
		h.len = msg->controllen;
	}
	if (copy_out(t, msg->control, &h) || copy_to_user(t, uaddr_add(msg->control, sizeof(h)), data, h.len - sizeof(h)))
		return;
	space = MIN(ALIGN_UP(h.len, (uint64_t)8), msg->controllen);
	msg->control = uaddr_add(msg->control, space);
	msg->controllen -= space;
}

/* As many descriptors as there is room for. */
static void
recv_rights(struct task *t, struct sock_msg *msg, struct scm_fp *fp, uint32_t flags)
{
	struct k_cmsghdr h = { .level = SOL_SOCKET, .type = SCM_RIGHTS };
	uint64_t room = 0;
	unsigned int i = 0;
	size_t space;

	if (!uaddr_null(msg->control) && msg->controllen > sizeof(h))
		room = (msg->controllen - sizeof(h)) / sizeof(int32_t);
	for (; i < fp->n && i < room; i++) {
		int32_t fd = get_unused_fd_flags(t, flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0);

		if (fd < 0)
			break;
		if (copy_out(t, uaddr_add(msg->control, sizeof(h) + i * sizeof(fd)), &fd)) {
			put_unused_fd(t, fd);
			break;
		}
		get_file(fp->files[i]);
		fd_install(t, fd, fp->files[i]);
	}
	if (i > 0) {
		h.len = sizeof(h) + i * sizeof(int32_t);
		if (!copy_out(t, msg->control, &h)) {
			space = MIN(ALIGN_UP(h.len, (uint64_t)8), msg->controllen);
			msg->control = uaddr_add(msg->control, space);
			msg->controllen -= space;
		}
	}
	if (i < fp->n)
		msg->flags |= MSG_CTRUNC;
}

void
scm_recv(struct task *t, struct unix_sock *u, struct sock_msg *msg, struct scm *scm, uint32_t flags)
{
	if (READ_ONCE(u->o.passcred))
		put_cmsg(t, msg, SOL_SOCKET, SCM_CREDENTIALS, &scm->creds, sizeof(scm->creds));
	if (scm->fp)
		recv_rights(t, msg, scm->fp, flags);
	scm_destroy(t, scm);
}
