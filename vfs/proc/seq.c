/* SPDX-License-Identifier: MIT
 *
 * Text files of procfs: the whole text is made when a reader is at its beginning and kept until it comes there again or closes,
 * so that a text read in pieces is one text. Writes take one call, of less than a page.
 *
 * proc_text.lock is held over a copy to the reader, never while a text is made.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <asm/unistd.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "trap/host.h"
#include "vfs/namei.h"
#include "vfs/proc/proc.h"

#define TEXT_FIRST 1024u
#define TEXT_MAX   (64u << 20)

struct proc_text {
	struct mutex lock;
	char *buf; /* NULL: not made yet */
	size_t len;
};

static bool
seq_reserve(struct proc_seq *m, size_t more)
{
	struct kernel *k = m->t->k;
	size_t size = MAX(m->size, (size_t)TEXT_FIRST);
	char *p;

	if (m->err)
		return false;
	if (m->len + more <= m->size)
		return true;
	while (size < m->len + more)
		size *= 2;
	p = size <= TEXT_MAX ? kmalloc(k, size) : NULL;
	if (!p) {
		m->err = -ENOMEM;
		return false;
	}
	if (m->len)
		memcpy(p, m->buf, m->len);
	kfree(k, m->buf);
	m->buf = p;
	m->size = size;
	return true;
}

void
seq_write(struct proc_seq *m, const void *p, size_t n)
{
	if (!seq_reserve(m, n))
		return;
	memcpy(m->buf + m->len, p, n);
	m->len += n;
}

void
seq_puts(struct proc_seq *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void
seq_printf(struct proc_seq *m, const char *fmt, ...)
{
	__builtin_va_list ap;
	int n;

	for (;;) {
		size_t room = m->size - m->len;

		__builtin_va_start(ap, fmt);
		n = kvsnprintf(m->buf + m->len, room, fmt, ap);
		__builtin_va_end(ap);
		if (n < 0)
			return;
		if ((size_t)n < room) {
			m->len += (size_t)n;
			return;
		}
		if (!seq_reserve(m, (size_t)n + 1))
			return;
	}
}

void
seq_escape(struct proc_seq *m, const char *s, const char *chars)
{
	for (; *s; s++) {
		if (*s == '\\' || strchr(chars, *s))
			seq_printf(m, "\\%03o", (unsigned char)*s);
		else
			seq_write(m, s, 1);
	}
}

void
seq_path(struct proc_seq *m, const struct path *path, const char *chars)
{
	char *page = kmalloc(m->t->k, PAGE_SIZE), *p;

	if (!page) {
		m->err = -ENOMEM;
		return;
	}
	p = d_path(m->t, path, page, PAGE_SIZE);
	if (IS_ERR(p))
		seq_puts(m, "?");
	else
		seq_escape(m, p, chars);
	kfree(m->t->k, page);
}

void
seq_host_file(struct proc_seq *m, hfd_t fd)
{
	uint64_t pos = 0;

	if (fd.fd < 0)
		return;
	for (;;) {
		int64_t n;

		if (!seq_reserve(m, PAGE_SIZE))
			return;
		n = host_call4(__NR_pread64, fd.fd, m->buf + m->len, m->size - m->len, pos);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return;
		m->len += (size_t)n;
		pos += (uint64_t)n;
	}
}

static int
make_text(struct task *t, struct proc_inode *pi, struct proc_seq *m)
{
	*m = (struct proc_seq){ .t = t, .pi = pi };
	if (pi->pid) {
		m->task = proc_task(pi);
		if (!m->task)
			return -ESRCH;
	}
	if (pi->entry->text) {
		seq_puts(m, pi->entry->text);
		seq_puts(m, "\n");
	} else {
		int err = pi->entry->show(m);

		if (err && !m->err)
			m->err = err;
	}
	if (m->task)
		put_task_struct(m->task);
	if (m->err)
		kfree(t->k, m->buf);
	return m->err;
}

static int
text_open(struct task *t, struct inode *inode, struct file *file)
{
	struct proc_inode *pi = PROC_I(inode);
	struct proc_text *text;

	if (pi->entry->flags & PROC_PTRACE) {
		struct task *task = proc_task(pi);
		bool may;

		if (!task)
			return -ESRCH;
		may = ptrace_may_access(t, task, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS);
		put_task_struct(task);
		if (!may)
			return -EACCES;
	}
	text = kzalloc(t->k, sizeof(*text));
	if (!text)
		return -ENOMEM;
	mutex_init(&text->lock, RANK_NONE);
	file->private_data = text;
	if (pi->pid && !(pi->entry->flags & PROC_ITER))
		file->f_mode |= FMODE_OLD_READ | FMODE_OLD_WRITE;
	if (!(pi->entry->flags & (PROC_SYSCTL | PROC_PLAIN)))
		file->f_mode &= ~FMODE_PWRITE; /* as seq_open() */
	return 0;
}

static void
text_release(struct task *t __unused, struct inode *inode, struct file *file)
{
	struct proc_text *text = file->private_data;

	kfree(PROC_I(inode)->k, text->buf);
	kfree(PROC_I(inode)->k, text);
}

static int64_t
text_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf __unused)
{
	struct proc_text *text = file->private_data;
	struct proc_inode *pi = PROC_I(file->f_inode);
	size_t n = 0;
	char *old = NULL;

	if (!pi->entry->show && !pi->entry->text)
		return -EINVAL;
	if ((pi->entry->flags & PROC_SYSCTL) && !(pi->entry->flags & PROC_STRING) && *pos != 0)
		return 0; /* a number is read at once, or cut */
	if (*pos == 0 || !READ_ONCE(text->buf)) {
		struct proc_seq m;
		int err = make_text(t, pi, &m);

		if (err)
			return err;
		if (!m.buf)
			return 0;
		mutex_lock(&text->lock);
		old = text->buf;
		text->buf = m.buf;
		text->len = m.len;
	} else {
		mutex_lock(&text->lock);
	}
	if (*pos < (int64_t)text->len) {
		size_t want = MIN(to->count, text->len - (size_t)*pos);

		n = copy_to_iter(text->buf + *pos, want, to);
		if (n == 0 && want)
			n = (size_t)-EFAULT;
	}
	mutex_unlock(&text->lock);
	kfree(t->k, old);
	if ((int64_t)n > 0)
		*pos += (int64_t)n;
	return (int64_t)n;
}

/*
 * A number of /proc/sys as Linux takes it: blanks, a minus, digits to the base that they say, and then blanks or the end. What follows
 * is left, and is not a mistake. The text becomes the number alone; the result is how much was taken, or -EINVAL.
 */
static int64_t
take_number(char *text, size_t n)
{
	static const char blanks[] = " \t\n\v\f\r";
	char *p = text, *end = text + n;
	unsigned int base = 10, c;
	bool minus, overflow = false;
	uint64_t v = 0;
	char *digits;

	while (p < end && strchr(blanks, *p) && *p)
		p++;
	minus = p < end && *p == '-';
	p += minus;
	digits = p;
	if (p < end && *p == '0') {
		base = 8;
		if (end - p > 2 && (p[1] | 0x20) == 'x') {
			base = 16;
			p += 2;
		}
	}
	for (; p < end; p++) {
		c = (unsigned char)*p;
		c = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 99;
		if (c >= base)
			break;
		overflow |= __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, c, &v);
	}
	if (p == digits || p[-1] == 'x' || p[-1] == 'X' || (size_t)(p - digits) + minus >= 22 || overflow || v > INT64_MAX)
		return -EINVAL;
	if (p < end && *p != ' ' && *p != '\t' && *p != '\n')
		return -EINVAL;
	while (p < end && *p && strchr(blanks, *p))
		p++;
	n = (size_t)(p - text);
	(void)ksnprintf(text, 24, "%s%llu", minus && v ? "-" : "", (unsigned long long)v);
	return (int64_t)n;
}

static int64_t
text_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf __unused)
{
	const struct proc_inode *pi = PROC_I(file->f_inode);
	bool number = (pi->entry->flags & PROC_SYSCTL) && !(pi->entry->flags & PROC_STRING);
	int64_t taken = (int64_t)from->count, err;
	size_t n = from->count;
	char *buf;

	if (!pi->entry->store)
		return -EIO;
	if (n == 0)
		return 0;
	if ((pi->entry->flags & PROC_SYSCTL) && *pos != 0) { /* kernel.sysctl_writes_strict */
		*pos += taken;
		return taken;
	}
	if (pi->entry->flags & PROC_SYSCTL)
		n = MIN(n, PAGE_SIZE - 1);
	if (n >= PAGE_SIZE)
		return -EINVAL;
	buf = kmalloc(t->k, MAX(n + 1, (size_t)32));
	if (!buf)
		return -ENOMEM;
	if (copy_from_iter(buf, n, from) != n) {
		err = -EFAULT;
	} else if (number) {
		taken = take_number(buf, n);
		err = taken < 0 ? taken : pi->entry->store(t, pi, buf);
	} else {
		buf[n] = '\0';
		if (buf[n - 1] == '\n' && !(pi->entry->flags & PROC_WHOLE))
			buf[n - 1] = '\0';
		err = pi->entry->store(t, pi, buf);
	}
	kfree(t->k, buf);
	if (err)
		return err;
	*pos += taken;
	return taken;
}

/* A text has no end to seek from before it is made. */
int64_t
proc_text_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR && !(PROC_I(file->f_inode)->entry->flags & PROC_SYSCTL))
		return -EINVAL;
	return generic_file_llseek(t, file, off, whence);
}

const struct file_operations proc_text_fops = {
	.open = text_open,
	.release = text_release,
	.read = text_read,
	.write = text_write,
	.llseek = proc_text_llseek,
};
