/* SPDX-License-Identifier: MIT
 *
 * The tty core: files on terminals, reading, writing, waiting, hangup. See tty.h for pairs and locks.
 *
 * One reader and one writer at a time hold a *turn*, which a signal interrupts; the pair's lock is held only while bytes move.
 * A hangup makes all files opened before it dead: reads give 0, writes EIO.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/fcntl.h>

#include "devices/tty.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "kernel/tty-hooks.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

#define WAKEUP_CHARS	256
#define TTY_TIME_CYCLES (1ULL << 34)

const struct ktermios tty_std_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = { [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSTART] = 17,
		  [VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22 },
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

int
tty_init(struct kernel *k)
{
	struct tty_state *ts = kzalloc(k, sizeof(*ts));

	if (!ts)
		return -ENOMEM;
	mutex_init(&ts->lock, RANK_LEAF);
	ts->ptys = kzalloc(k, PTY_MAX * sizeof(*ts->ptys));
	if (!ts->ptys) {
		kfree(k, ts);
		return -ENOMEM;
	}
	ts->console_in = ts->console_out = HFD_NONE;
	k->tty = ts;
	return 0;
}

struct tty_pair *
tty_pair_alloc(struct kernel *k)
{
	struct tty_pair *pair = kzalloc(k, sizeof(*pair));

	if (!pair)
		return NULL;
	refcount_set(&pair->count, 1);
	pair->k = k;
	mutex_init(&pair->lock, RANK_PIPE);
	for (int i = 0; i < 2; i++) {
		struct tty *tty = &pair->tty[i];

		tty->k = k;
		tty->pair = pair;
		init_waitqueue_head(&tty->read_wait);
		init_waitqueue_head(&tty->write_wait);
		init_waitqueue_head(&tty->reader.wait);
		init_waitqueue_head(&tty->writer.wait);
		fasync_init(&tty->fasync);
	}
	return pair;
}

int
tty_setup(struct tty *tty, bool raw, uint32_t flip_size)
{
	tty->flip.size = flip_size;
	tty->flip.buf = kmalloc(tty->k, flip_size);
	tty->write_buf = kmalloc(tty->k, TTY_WRITE_CHUNK);
	if (!raw)
		tty->ld = n_tty_alloc(tty->k);
	return tty->flip.buf && tty->write_buf && (raw || tty->ld) ? 0 : -ENOMEM;
}

struct tty *
tty_kref_get(struct tty *tty)
{
	if (tty)
		refcount_inc(&tty->pair->count);
	return tty;
}

void
tty_kref_put(struct task *t, struct tty *tty)
{
	struct tty_pair *pair = tty ? tty->pair : NULL;

	if (!pair || !refcount_dec_and_test(&pair->count))
		return;
	for (int i = 0; i < 2; i++) {
		struct tty *end = &pair->tty[i];

		if (end->session)
			put_pid(pair->k, end->session);
		if (end->pgrp)
			put_pid(pair->k, end->pgrp);
		if (end->node)
			iput(end->node);
		kfree(pair->k, end->flip.buf);
		kfree(pair->k, end->write_buf);
		n_tty_free(pair->k, end->ld);
	}
	kfree(pair->k, pair);
}

uint64_t
tty_devnum(const struct tty *tty)
{
	if (!tty)
		return 0;
	if (tty->type == TTY_CONSOLE)
		return TTYAUX_MAJOR << 8 | 1;
	return UNIX98_PTY_MAJOR << 8 | ((unsigned int)tty->index & 0xff) | ((unsigned int)tty->index & ~0xffu) << 12;
}

struct tty *
file_tty(struct file *file)
{
	struct tty_file *tf;

	if (file->f_op != &tty_fops && file->f_op != &ptmx_fops && file->f_op != &console_fops)
		return NULL;
	tf = file->private_data;
	return tf ? tf->tty : NULL;
}

bool
tty_hung_up_p(const struct file *file)
{
	const struct tty_file *tf = file->private_data;

	return READ_ONCE(tf->tty->hangups) != tf->hangups;
}

int
tty_attach_file(struct task *t, struct tty *tty, struct file *file)
{
	struct tty_file *tf = kmalloc(t->k, sizeof(*tf));

	if (!tf)
		return -ENOMEM;
	tf->tty = tty_kref_get(tty);
	tty_lock(tty);
	tf->hangups = tty->hangups;
	tty->count++;
	tty_unlock(tty);
	file->private_data = tf;
	file->f_mode |= FMODE_STREAM;
	return 0;
}

static void
tty_release(struct task *t, struct inode *inode, struct file *file)
{
	struct tty_file *tf = file->private_data;
	struct tty *tty;
	bool last;

	if (!tf)
		return;
	tty = tf->tty;
	kfree(file->k, tf);
	file->private_data = NULL;
	tty_lock(tty);
	last = --tty->count == 0;
	tty_unlock(tty);
	if (last) {
		if (tty->ops->close)
			tty->ops->close(t, tty);
		session_clear_tty(t, tty->k, tty->session);
		if (tty->link)
			session_clear_tty(t, tty->k, tty->link->session);
	}
	tty_kref_put(t, tty);
}

/* The controlling terminal by its name /dev/tty. */
static struct tty *
open_current_tty(struct task *t)
{
	struct tty *tty = get_current_tty(t);

	return tty ? tty : ERR_PTR(-ENXIO);
}

static struct tty *
tty_lookup(struct task *t, uint64_t rdev)
{
	uint32_t major = (uint32_t)(rdev >> 8 & 0xfff), minor = (uint32_t)((rdev & 0xff) | (rdev >> 12 & ~0xffu));
	struct tty *tty;

	if (major == TTYAUX_MAJOR && minor == 0)
		return open_current_tty(t);
	if (major == TTYAUX_MAJOR && minor == 1)
		tty = t->k->tty->console ? tty_kref_get(&t->k->tty->console->tty[0]) : NULL;
	else
		tty = pty_lookup(t->k, minor);
	if (!tty)
		return ERR_PTR(major == TTYAUX_MAJOR ? -ENODEV : -EIO);
	return tty;
}

static int
tty_open(struct task *t, struct inode *inode, struct file *file)
{
	struct tty *tty = tty_lookup(t, inode->i_rdev);
	bool noctty = file->f_flags & O_NOCTTY;
	int err = 0;

	if (IS_ERR(tty))
		return (int)PTR_ERR(tty);
	if (tty->type == TTY_PTY_MASTER) {
		tty_kref_put(t, tty);
		return -EIO;
	}
	if (tty->exclusive && tty->count > 0 && t->cred->euid != 0)
		err = -EBUSY;
	if (!err && tty->ops->open)
		err = tty->ops->open(t, tty, file);
	if (!err)
		err = tty_attach_file(t, tty, file);
	if (!err && !noctty)
		tty_open_proc_set_tty(t, tty, file);
	tty_kref_put(t, tty);
	return err;
}

/* ---- turns ---- */

static int
take_turn(struct task *t, struct tty_turn *turn, bool nonblock)
{
	if (!__atomic_exchange_n(&turn->taken, 1, __ATOMIC_ACQUIRE))
		return 0;
	if (nonblock)
		return -EAGAIN;
	return wait_event_interruptible(t, &turn->wait, !__atomic_exchange_n(&turn->taken, 1, __ATOMIC_ACQUIRE));
}

static void
end_turn(struct tty_turn *turn)
{
	__atomic_store_n(&turn->taken, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wake_up(&turn->wait);
}

/* ---- flip buffer ---- */

size_t
tty_flip_insert(struct tty *tty, const char *buf, size_t n)
{
	struct tty_flip *f = &tty->flip;
	size_t at = f->head & (f->size - 1), first;

	n = MIN(n, tty_flip_room(tty));
	first = MIN(n, f->size - at);
	memcpy(f->buf + at, buf, first);
	memcpy(f->buf, buf + first, n - first);
	f->head += (uint32_t)n;
	return n;
}

void
tty_flip_push(struct tty *tty)
{
	struct tty_flip *f = &tty->flip;
	bool any = false;

	if (!tty->ld) {
		if (tty_flip_used(tty))
			tty_wake_readers(tty);
		return;
	}
	/* An echo that makes room at the other end may come back here. */
	if (tty->flushing_flip)
		return;
	tty->flushing_flip = true;
	while (f->tail != f->head && n_tty_receive_char(tty, (unsigned char)f->buf[f->tail & (f->size - 1)])) {
		if (f->tail != f->head) /* a signal character flushes the buffer under our feet */
			f->tail++;
		any = true;
	}
	tty->flushing_flip = false;
	if (any) {
		n_tty_receive_done(tty);
		if (tty->ops->unthrottle)
			tty->ops->unthrottle(tty);
	}
}

void
tty_flip_flush(struct tty *tty)
{
	tty->flip.tail = tty->flip.head;
	if (tty->ops->unthrottle)
		tty->ops->unthrottle(tty);
}

void
tty_wakeup(struct tty *tty)
{
	n_tty_process_echoes(tty);
	__wake_up(&tty->write_wait, 0, K_POLLOUT | K_POLLWRNORM);
	kill_fasync(tty->k, &tty->fasync, 2); /* POLL_OUT */
}

void
start_tty(struct tty *tty)
{
	if (!tty->stopped || tty->tco_stopped)
		return;
	tty->stopped = false;
	if (tty->ops->start)
		tty->ops->start(tty);
	tty_wakeup(tty);
}

void
stop_tty(struct tty *tty)
{
	if (tty->stopped)
		return;
	tty->stopped = true;
	if (tty->ops->stop)
		tty->ops->stop(tty);
}

/* ---- read ---- */

/* Times of terminals are coarse, as in Linux (8 seconds): by them nobody shall count key strokes. */
static void
tty_update_time(struct inode *inode, uint64_t *last, uint32_t which)
{
	uint64_t now = __builtin_ia32_rdtsc();

	if (now - READ_ONCE(*last) < TTY_TIME_CYCLES)
		return;
	WRITE_ONCE(*last, now);
	inode_update_times(inode, which);
}

static bool
tty_nonblock(const struct file *file)
{
	return READ_ONCE(file->f_flags) & O_NONBLOCK;
}

/* A raw end: what is in the flip buffer. Bytes or -EFAULT. */
static int64_t
copy_raw(struct tty *tty, struct iov_iter *to)
{
	struct tty_flip *f = &tty->flip;
	int64_t done = 0;

	while (f->tail != f->head && to->count > 0) {
		size_t at = f->tail & (f->size - 1), n = MIN(tty_flip_used(tty), f->size - at);

		n = MIN(n, to->count);
		if (copy_to_iter(f->buf + at, n, to) < n)
			return done ? done : -EFAULT;
		f->tail += (uint32_t)n;
		done += (int64_t)n;
	}
	if (done && tty->ops->unthrottle)
		tty->ops->unthrottle(tty);
	return done;
}

static bool
input_available(const struct tty *tty, bool poll)
{
	return tty->ld ? n_tty_input_available(tty, poll) : tty->flip.head != tty->flip.tail;
}

/* One byte of packet mode in front of data, or the status alone. 1, 0 (none), -EFAULT. */
static int64_t
packet_byte(struct tty *tty, struct iov_iter *to)
{
	unsigned char status = tty->link->pktstatus;

	if (copy_to_iter(&status, 1, to) < 1)
		return -EFAULT;
	tty->link->pktstatus = 0;
	return 1;
}

/* Deadline of the next wait by VMIN and VTIME; *@min is what the read is content with. */
static int64_t
read_timeout(const struct tty *tty, uint64_t *min, int64_t *interbyte)
{
	int64_t time = tty->ld ? tty->termios.c_cc[VTIME] * 100000000LL : 0;

	*min = 1;
	*interbyte = 0;
	if (!tty->ld || L_FLAG(tty, ICANON))
		return NO_DEADLINE;
	*min = tty->termios.c_cc[VMIN];
	if (*min) {
		*interbyte = time;
		return NO_DEADLINE;
	}
	*min = 1;
	return time ? deadline_after(time) : 0;
}

/*
 * Nothing to read now: 0 to look again after a wait, 1 to end the read with what it has, or an error. The lock is held, and
 * given up for the wait, whose entry was queued before the caller looked.
 */
static int
read_wait(struct task *t, struct tty *tty, struct file *file, int64_t deadline) __requires_lock(tty->pair->lock)
{
	int err;

	if (tty->other_closed)
		return -EIO;
	if (tty_hung_up_p(file))
		return 1;
	if (deadline == 0)
		return 1;
	if (tty_nonblock(file))
		return -EAGAIN;
	if (signal_pending(t))
		return -ERESTARTSYS;
	tty_unlock(tty);
	err = schedule_until(t, deadline);
	tty_lock(tty);
	return err == -ETIME ? 1 : 0;
}

/* The lock is held. */
static int64_t
read_locked(struct task *t, struct tty *tty, struct file *file, struct iov_iter *to) __requires_lock(tty->pair->lock)
{
	uint64_t min;
	int64_t interbyte, deadline = read_timeout(tty, &min, &interbyte), done = 0, n = 0;
	struct wait_queue_entry we;
	bool eol = false;

	init_wait(&we, t);
	while (to->count > 0) {
		prepare_to_wait(&tty->read_wait, &we, TASK_INTERRUPTIBLE);
		if (tty->packet && tty->link->pktstatus) {
			if (done == 0)
				n = packet_byte(tty, to);
			if (n > 0)
				done = n;
			break;
		}
		if (!input_available(tty, false)) {
			n = read_wait(t, tty, file, deadline);
			if (n)
				break;
			continue;
		}
		if (tty->packet && done == 0) {
			n = packet_byte(tty, to);
			if (n < 0)
				break;
			done = n;
		}
		n = tty->ld ? n_tty_copy_read(tty, to, &eol) : copy_raw(tty, to);
		if (n < 0)
			break;
		done += n;
		tty_flip_push(tty);
		if (eol || (uint64_t)done >= min || (tty->ld && L_FLAG(tty, ICANON)))
			break;
		if (interbyte)
			deadline = deadline_after(interbyte);
	}
	finish_wait(&tty->read_wait, &we);
	if (done > 0 || n >= 0)
		return done;
	return n;
}

static int64_t
tty_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct tty *tty = file_tty(file);
	int64_t ret;

	if (!tty)
		return -EIO;
	if (tty_hung_up_p(file))
		return 0;
	if (tty->ld) {
		ret = __tty_check_change(t, tty, SIGTTIN);
		if (ret)
			return ret;
	}
	ret = take_turn(t, &tty->reader, tty_nonblock(file));
	if (ret)
		return ret;
	tty_lock(tty);
	ret = read_locked(t, tty, file, to);
	tty_unlock(tty);
	end_turn(&tty->reader);
	if (ret > 0)
		tty_update_time(file->f_inode, &tty->atime_cycles, ATTR_ATIME);
	return ret;
}

/* ---- write ---- */

static size_t
output_some(struct tty *tty, const char *buf, size_t n)
{
	size_t room;

	if (tty->ld && O_FLAG(tty, OPOST))
		return n_tty_process_output(tty, buf, n);
	room = tty->stopped ? 0 : tty->ops->write_room(tty);
	n = MIN(n, room);
	return n ? tty->ops->write(tty, buf, n) : 0;
}

/* All of @buf, or as much as went before an error. */
static int64_t
write_chunk(struct task *t, struct tty *tty, struct file *file, const char *buf, size_t n)
{
	struct wait_queue_entry we;
	int64_t err = 0;
	size_t done = 0;

	init_wait(&we, t);
	tty_lock(tty);
	n_tty_process_echoes(tty);
	for (;;) {
		prepare_to_wait(&tty->write_wait, &we, TASK_INTERRUPTIBLE);
		if (signal_pending(t)) {
			err = -ERESTARTSYS;
			break;
		}
		if (tty_hung_up_p(file)) {
			err = -EIO;
			break;
		}
		done += output_some(tty, buf + done, n - done);
		if (done == n)
			break;
		if (tty_nonblock(file)) {
			err = -EAGAIN;
			break;
		}
		tty_unlock(tty);
		schedule(t);
		tty_lock(tty);
	}
	finish_wait(&tty->write_wait, &we);
	tty_unlock(tty);
	return done ? (int64_t)done : err;
}

static int64_t
tty_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	struct tty *tty = file_tty(file);
	int64_t done = 0, ret = 0;

	if (!tty || tty_hung_up_p(file))
		return -EIO;
	if (tty->ld && L_FLAG(tty, TOSTOP)) {
		ret = tty_check_change(t, tty);
		if (ret)
			return ret;
	}
	ret = take_turn(t, &tty->writer, tty_nonblock(file));
	if (ret)
		return ret;
	while (from->count > 0) {
		size_t n = MIN(from->count, (size_t)TTY_WRITE_CHUNK);

		if (copy_from_iter(tty->write_buf, n, from) < n) {
			ret = -EFAULT;
			break;
		}
		ret = write_chunk(t, tty, file, tty->write_buf, n);
		if (ret <= 0)
			break;
		done += ret;
		if ((size_t)ret < n)
			break;
		if (signal_pending(t)) {
			ret = -ERESTARTSYS;
			break;
		}
	}
	end_turn(&tty->writer);
	if (done > 0) {
		tty_update_time(file->f_inode, &tty->mtime_cycles, ATTR_MTIME);
		return done;
	}
	return ret;
}

static uint32_t
tty_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct tty *tty = file_tty(file);
	uint32_t mask = 0;

	if (!tty || tty_hung_up_p(file))
		return K_POLLIN | K_POLLOUT | K_POLLERR | K_POLLHUP | K_POLLRDNORM | K_POLLWRNORM;
	poll_wait(file, &tty->read_wait, pt);
	poll_wait(file, &tty->write_wait, pt);
	tty_lock(tty);
	if (input_available(tty, true))
		mask |= K_POLLIN | K_POLLRDNORM;
	if (tty->packet && tty->link->pktstatus)
		mask |= K_POLLPRI | K_POLLIN | K_POLLRDNORM;
	if (tty->other_closed || tty_hung_up_p(file))
		mask |= K_POLLHUP;
	if (!READ_ONCE(tty->writer.taken) && !tty->stopped && tty->ops->write_room(tty) > 0 &&
	    (!tty->ops->chars_in_buffer || tty->ops->chars_in_buffer(tty) < WAKEUP_CHARS))
		mask |= K_POLLOUT | K_POLLWRNORM;
	tty_unlock(tty);
	return mask;
}

/* ---- hangup ---- */

void
tty_hangup(struct task *t, struct tty *tty, bool exit_session)
{
	tty_lock(tty);
	tty->hangups++;
	if (tty->ld) {
		n_tty_flush_input(tty);
		tty_flip_flush(tty);
		if (tty->ops->flush_buffer)
			tty->ops->flush_buffer(tty);
	}
	if (tty->type != TTY_PTY_MASTER) {
		struct ktermios old = tty->termios;

		tty->termios = tty_std_termios;
		if (tty->type == TTY_PTY_SLAVE)
			tty->termios.c_cflag = B38400 | CS8 | CREAD;
		n_tty_set_termios(tty, &old);
	}
	tty->stopped = tty->tco_stopped = false;
	tty->pktstatus = 0;
	tty_unlock(tty);
	tty_signal_session_leader(t, tty, exit_session);
	__wake_up(&tty->write_wait, 0, K_POLLOUT | K_POLLWRNORM | K_POLLHUP | K_POLLERR);
	__wake_up(&tty->read_wait, 0, K_POLLIN | K_POLLRDNORM | K_POLLHUP | K_POLLERR);
}

static int
tty_fasync(struct task *t, int fd, struct file *file, bool on)
{
	struct tty *tty = file_tty(file);

	return tty ? fasync_helper(tty->k, fd, file, on, &tty->fasync) : 0;
}

static int64_t
tty_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	return -ESPIPE;
}

const struct file_operations tty_fops = {
	.open = tty_open,
	.release = tty_release,
	.read = tty_read,
	.write = tty_write,
	.llseek = tty_llseek,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.fasync = tty_fasync,
};

/* Like the others; O_NOCTTY is implied. */
static int
console_open(struct task *t, struct inode *inode, struct file *file)
{
	file->f_flags |= O_NOCTTY;
	return tty_open(t, inode, file);
}

const struct file_operations console_fops = {
	.open = console_open,
	.release = tty_release,
	.read = tty_read,
	.write = tty_write,
	.llseek = tty_llseek,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.fasync = tty_fasync,
};

const struct file_operations ptmx_fops = {
	.open = ptmx_open,
	.release = tty_release,
	.read = tty_read,
	.write = tty_write,
	.llseek = tty_llseek,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.fasync = tty_fasync,
};
