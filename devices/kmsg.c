/* SPDX-License-Identifier: MIT
 *
 * /dev/kmsg: records that programs write and read, the last KMSG_RECORDS of them. What the kernel itself has to say goes to the
 * operator (printk()), not here.
 *
 * Locks: dev->kmsg_lock is a leaf.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "devices/mem.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "mm/uaccess.h"
#include "vfs/poll.h"

#define KMSG_RECORDS  256u
#define KMSG_LINE_MAX 992u
#define KMSG_PRIO_DEFAULT 12u /* LOG_USER, warning */

struct kmsg_record {
	int64_t ts_us;
	unsigned int prio;
	char *text;
};

struct dev_state {
	struct mutex lock; /* RANK_LEAF */
	uint64_t first, next; /* sequence numbers kept */
	struct wait_queue_head wait;
	struct kmsg_record records[KMSG_RECORDS];
};

/* A reader's place. */
struct kmsg_reader {
	struct mutex lock; /* RANK_PIPE: over copies */
	uint64_t seq;
	char line[KMSG_LINE_MAX + 64];
};

int
kmsg_init(struct kernel *k)
{
	struct dev_state *d = kzalloc(k, sizeof(*d));

	if (!d)
		return -ENOMEM;
	mutex_init(&d->lock, RANK_LEAF);
	init_waitqueue_head(&d->wait);
	k->dev = d;
	return 0;
}

static int
kmsg_open(struct task *t, struct inode *inode, struct file *file)
{
	struct kmsg_reader *r;

	if (!(file->f_mode & FMODE_READ))
		return 0;
	if (!capable(t, CAP_SYSLOG))
		return -EPERM;
	r = kzalloc(t->k, sizeof(*r));
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock, RANK_PIPE);
	r->seq = READ_ONCE(t->k->dev->first);
	file->private_data = r;
	return 0;
}

static void
kmsg_release(struct task *t, struct inode *inode, struct file *file)
{
	kfree(file->k, file->private_data);
}

/* The record at @r->seq as text in r->line. Its length; 0: none yet; -EPIPE: it was overwritten. */
static int
format_record(struct kernel *k, struct kmsg_reader *r)
{
	struct dev_state *d = k->dev;
	const struct kmsg_record *rec;
	mutex_guard(&d->lock);

	if (r->seq < d->first) {
		r->seq = d->first;
		return -EPIPE;
	}
	if (r->seq >= d->next)
		return 0;
	rec = &d->records[r->seq % KMSG_RECORDS];
	return ksnprintf(r->line, sizeof(r->line), "%u,%lu,%ld,-;%s\n", rec->prio, (unsigned long)r->seq, (long)rec->ts_us,
			 rec->text);
}

static int64_t
kmsg_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct kmsg_reader *r = file->private_data;
	struct dev_state *d = t->k->dev;
	int64_t n, err;

	if (!r)
		return -EBADF;
	mutex_lock(&r->lock);
	while ((n = format_record(t->k, r)) == 0) {
		mutex_unlock(&r->lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(t, &d->wait, READ_ONCE(d->next) > READ_ONCE(r->seq));
		if (err)
			return err;
		mutex_lock(&r->lock);
	}
	if (n > 0) {
		if ((size_t)n > to->count)
			n = -EINVAL;
		else if (copy_to_iter(r->line, (size_t)n, to) < (size_t)n)
			n = -EFAULT;
		else
			r->seq++;
	}
	mutex_unlock(&r->lock);
	return n;
}

/* "<30>" in front: facility and level. */
static const char *
parse_prio(const char *line, unsigned int *prio)
{
	const char *p = line;
	unsigned int v = 0;

	if (*p++ != '<' || *p < '0' || *p > '9')
		return line;
	while (*p >= '0' && *p <= '9' && v < 10000)
		v = v * 10 + (unsigned int)(*p++ - '0');
	if (*p != '>')
		return line;
	*prio = v < 8 ? v | 8 : v; /* programs cannot speak as the kernel */
	return p + 1;
}

static void
add_record(struct dev_state *d, struct kernel *k, char *text, unsigned int prio)
{
	char *old = NULL;

	mutex_lock(&d->lock);
	if (d->next - d->first == KMSG_RECORDS)
		old = d->records[d->first++ % KMSG_RECORDS].text;
	d->records[d->next++ % KMSG_RECORDS] =
		(struct kmsg_record){ .ts_us = (ktime_get() - k->boot_time_ns) / NSEC_PER_USEC, .prio = prio, .text = text };
	mutex_unlock(&d->lock);
	kfree(k, old);
	__wake_up(&d->wait, 0, K_POLLIN | K_POLLRDNORM);
}

static int64_t
kmsg_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	unsigned int prio = KMSG_PRIO_DEFAULT;
	size_t n = from->count;
	char line[KMSG_LINE_MAX + 1];
	const char *text;
	char *copy;

	if (n > KMSG_LINE_MAX)
		return -EINVAL;
	if (copy_from_iter(line, n, from) < n)
		return -EFAULT;
	line[n] = '\0';
	text = parse_prio(line, &prio);
	copy = kstrndup(t->k, text, strlen(text));
	if (!copy)
		return -ENOMEM;
	for (size_t len = strlen(copy); len > 0 && copy[len - 1] == '\n'; len--)
		copy[len - 1] = '\0';
	/* A line break or control character in the middle must not look like a record of its own. */
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' ';
	add_record(t->k->dev, t->k, copy, prio);
	return (int64_t)n;
}

static int64_t
kmsg_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	struct kmsg_reader *r = file->private_data;
	struct dev_state *d = t->k->dev;

	if (!r)
		return -EBADF;
	if (off)
		return -ESPIPE;
	if (whence != SEEK_SET && whence != SEEK_END && whence != SEEK_DATA)
		return -EINVAL;
	mutex_lock(&r->lock);
	r->seq = whence == SEEK_END ? READ_ONCE(d->next) : READ_ONCE(d->first);
	mutex_unlock(&r->lock);
	return 0;
}

static uint32_t
kmsg_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct kmsg_reader *r = file->private_data;
	struct dev_state *d = t->k->dev;

	if (!r)
		return K_POLLERR | K_POLLNVAL;
	poll_wait(file, &d->wait, pt);
	if (READ_ONCE(r->seq) >= READ_ONCE(d->next))
		return 0;
	return K_POLLIN | K_POLLRDNORM | (READ_ONCE(r->seq) < READ_ONCE(d->first) ? K_POLLERR | K_POLLPRI : 0);
}

const struct file_operations kmsg_fops = {
	.open = kmsg_open,
	.release = kmsg_release,
	.read = kmsg_read,
	.write = kmsg_write,
	.llseek = kmsg_llseek,
	.poll = kmsg_poll,
};
