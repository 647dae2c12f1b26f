/* SPDX-License-Identifier: MIT
 *
 * Terminals: the tty core (tty_io.c, tty_ioctl.c, tty_jobctrl.c), the line discipline (n_tty.c), pseudo terminals (pty.c) and the
 * console (console.c).
 *
 * A *pair* is what is allocated and counted: the two ends of a pseudo terminal, or the console alone. Both ends share the
 * pair's lock (RANK_PIPE), so bytes cross from one end to the other under one lock. Bytes that arrive at a tty wait in its
 * flip buffer until the line discipline has room for them; a pty master has no line discipline, its reader takes the flip
 * buffer's bytes as they are.
 *
 * Locks: pair->lock, then tasklist_lock (session and pgrp), siglock (signal->tty), wait queues.
 */
#ifndef STEAD_DEVICES_TTY_H
#define STEAD_DEVICES_TTY_H

#include <asm/termbits.h>
#include <asm/termios.h>

#include "kernel/lock.h"
#include "kernel/refcount.h"
#include "kernel/waitq.h"
#include "vfs/fcntl.h"
#include "vfs/fs.h"
#include "vfs/poll.h"

#define TTYAUX_MAJOR	 5u
#define UNIX98_PTY_MAJOR 136u
#define PTY_MAX		 4096
#define N_TTY_BUF_SIZE	 4096u
#define ECHO_BUF_SIZE	 4096u
#define TTY_WRITE_CHUNK	 2048u

struct tty;
struct n_tty;

/* All run under the pair's lock. Any may be NULL but write and write_room. */
struct tty_operations {
	size_t (*write)(struct tty *tty, const char *buf, size_t n); /* bytes taken, as many as write_room() at least */
	size_t (*write_room)(struct tty *tty);
	size_t (*chars_in_buffer)(struct tty *tty);
	void (*flush_buffer)(struct tty *tty); /* drop output not yet taken */
	void (*set_termios)(struct tty *tty, const struct ktermios *old);
	void (*start)(struct tty *tty);
	void (*stop)(struct tty *tty);
	void (*unthrottle)(struct tty *tty); /* the flip buffer has room again */
	int (*open)(struct task *t, struct tty *tty, struct file *file);
	void (*close)(struct task *t, struct tty *tty); /* the last file went; called without the lock */
	int64_t (*ioctl)(struct task *t, struct tty *tty, unsigned int cmd, uint64_t arg); /* called without the lock */
};

struct tty_flip {
	char *buf;
	uint32_t size; /* a power of two */
	uint32_t head, tail;
};

/* A lock that a signal interrupts: one reader, one writer at a time. */
struct tty_turn {
	uint32_t taken;
	struct wait_queue_head wait;
};

enum tty_type { TTY_CONSOLE, TTY_PTY_MASTER, TTY_PTY_SLAVE };

struct tty {
	struct kernel *k;
	struct tty_pair *pair;
	struct tty *link; /* the other end, or NULL */
	const struct tty_operations *ops;
	enum tty_type type;
	int index;
	uint32_t count;	  /* open files */
	uint32_t hangups; /* a file opened before the last one is hung up */
	bool stopped, tco_stopped;
	bool packet;	    /* master: TIOCPKT */
	uint8_t pktstatus;  /* what the other end's packet reader has not heard of yet */
	bool other_closed;  /* the other end was open and is not any more */
	bool locked;	    /* slave: TIOCSPTLCK */
	bool exclusive;	    /* TIOCEXCL */
	bool closing;	    /* master: went */
	bool flushing_flip; /* the line discipline is at work on the flip buffer */
	struct ktermios termios, termios_locked;
	struct winsize winsize;
	struct pid *session, *pgrp; /* tasklist_lock */
	struct wait_queue_head read_wait, write_wait;
	struct fasync_queue fasync;
	struct tty_turn reader, writer;
	char *write_buf; /* TTY_WRITE_CHUNK bytes, the writer's */
	struct tty_flip flip;
	struct n_tty *ld; /* NULL: raw */
	uint64_t atime_cycles, mtime_cycles; /* when the inode's times were last set, by the time stamp counter */
	struct inode *node; /* slave: its devpts inode */
};

struct tty_pair {
	refcount_t count;
	struct kernel *k;
	struct mutex lock; /* RANK_PIPE */
	struct tty tty[2]; /* master or console; slave */
};

struct tty_state {
	struct mutex lock;	 /* RANK_LEAF: ptys, console */
	struct tty_pair **ptys;	 /* PTY_MAX */
	uint32_t nr_ptys;
	struct tty_pair *console;
	struct super_block *devpts;
	hfd_t console_out; /* host terminal */
	hfd_t console_in;
};

/* What a file has of its tty: file->private_data. */
struct tty_file {
	struct tty *tty;
	uint32_t hangups;
};

static inline void
tty_lock(struct tty *tty) __acquires_lock(tty->pair->lock)
{
	mutex_lock(&tty->pair->lock);
}

static inline void
tty_unlock(struct tty *tty) __releases_lock(tty->pair->lock)
{
	mutex_unlock(&tty->pair->lock);
}

#define I_FLAG(tty, f) ((tty)->termios.c_iflag & (f))
#define O_FLAG(tty, f) ((tty)->termios.c_oflag & (f))
#define L_FLAG(tty, f) ((tty)->termios.c_lflag & (f))

extern const struct file_operations tty_fops, ptmx_fops, console_fops;
extern const struct ktermios tty_std_termios;

/* ---- tty_io.c ---- */

/**
 * tty_init() - make k->tty
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int tty_init(struct kernel *k) __must_check;

/**
 * tty_pair_alloc() - memory of a pair, with waiting queues and locks ready; types, ops and termios are the driver's to set
 * @k: the instance
 *
 * Return: with one reference, or NULL.
 */
struct tty_pair *tty_pair_alloc(struct kernel *k) __must_check;

/**
 * tty_setup() - make one end ready: flip buffer and, unless @raw, the line discipline
 * @tty: of a new pair
 * @raw: no line discipline
 * @flip_size: a power of two
 *
 * Return: 0, -ENOMEM (what was made goes with the pair).
 */
int tty_setup(struct tty *tty, bool raw, uint32_t flip_size) __must_check;

/**
 * tty_attach_file() - make @file one of @tty's
 * @t: the current task
 * @tty: the lock is not held; a reference is taken for the file
 * @file: without private_data
 *
 * Return: 0, -ENOMEM.
 */
int tty_attach_file(struct task *t, struct tty *tty, struct file *file) __must_check;

/**
 * file_tty() - the tty of a file
 * @file: any file
 *
 * Return: the tty, or NULL if it is none.
 */
struct tty *file_tty(struct file *file);

/**
 * tty_hung_up_p() - was the file opened before a hangup?
 * @file: a tty's
 */
bool tty_hung_up_p(const struct file *file);

/**
 * __tty_hangup() - the terminal is gone: files are dead, the session leader gets SIGHUP and SIGCONT
 * @t: the current task, or NULL
 * @tty: the lock is not held
 * @exit_session: also SIGHUP to the foreground group (the session leader exits)
 */
void tty_hangup(struct task *t, struct tty *tty, bool exit_session);

/**
 * tty_flip_insert() - bytes arrive
 * @tty: the lock is held
 * @buf: bytes
 * @n: how many
 *
 * Return: bytes taken.
 */
size_t tty_flip_insert(struct tty *tty, const char *buf, size_t n);

/**
 * tty_flip_push() - give what is in the flip buffer to the line discipline, or wake the raw reader
 * @tty: the lock is held
 */
void tty_flip_push(struct tty *tty);

/**
 * tty_flip_flush() - drop what is in the flip buffer
 * @tty: the lock is held
 */
void tty_flip_flush(struct tty *tty);

/* Somebody can read; the lock is held. */
static inline void
tty_wake_readers(struct tty *tty)
{
	__wake_up(&tty->read_wait, 0, K_POLLIN | K_POLLRDNORM);
	kill_fasync(tty->k, &tty->fasync, 1); /* POLL_IN */
}

static inline size_t
tty_flip_used(const struct tty *tty)
{
	return tty->flip.head - tty->flip.tail;
}

static inline size_t
tty_flip_room(const struct tty *tty)
{
	return tty->flip.size - tty_flip_used(tty);
}

/**
 * tty_wakeup() - output room: echoes go on, writers wake
 * @tty: the lock is held
 */
void tty_wakeup(struct tty *tty);

/**
 * start_tty(), stop_tty() - flow control of output
 * @tty: the lock is held
 */
void start_tty(struct tty *tty);
void stop_tty(struct tty *tty);

/**
 * tty_devnum() - device number of a process's terminal, for /proc/PID/stat
 * @tty: or NULL
 *
 * Return: in the old 16/20-bit encoding of the kernel's new_encode_dev(), 0 for none.
 */
uint64_t tty_devnum(const struct tty *tty);

/* ---- tty_ioctl.c ---- */
int64_t tty_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg);

/* ---- tty_jobctrl.c ---- */

/**
 * __tty_check_change() - may the current task touch the terminal from the background?
 * @t: the current task
 * @tty: the tty, not locked or locked
 * @sig: SIGTTIN or SIGTTOU
 *
 * Return: 0, -EIO, -ERESTARTSYS (the group was sent @sig).
 */
int __tty_check_change(struct task *t, struct tty *tty, int sig) __must_check;
#define tty_check_change(t, tty) __tty_check_change((t), (tty), SIGTTOU)

/**
 * proc_set_tty() - make @tty the controlling terminal of the current task, a session leader without one
 * @t: the current task
 * @tty: the tty
 */
void proc_set_tty(struct task *t, struct tty *tty);

/**
 * tty_open_proc_set_tty() - the same if the rules of open(2) allow it
 * @t: the current task
 * @tty: the tty
 * @file: being opened
 */
void tty_open_proc_set_tty(struct task *t, struct tty *tty, struct file *file);

/**
 * get_current_tty() - the current task's controlling terminal
 * @t: the current task
 *
 * Return: with a reference, or NULL.
 */
struct tty *get_current_tty(struct task *t) __must_check;

/**
 * session_clear_tty() - no process of a session has a terminal any more
 * @t: the current task, or NULL
 * @k: the instance
 * @session: the session, or NULL
 */
void session_clear_tty(struct task *t, struct kernel *k, struct pid *session);

/**
 * tty_get_pgrp() - the foreground group
 * @tty: the tty
 *
 * Context: takes tasklist_lock.
 * Return: with a reference, or NULL.
 */
struct pid *tty_get_pgrp(struct tty *tty) __must_check;

/**
 * tty_signal_session_leader() - SIGHUP and SIGCONT to the leader, everybody loses the terminal
 * @t: the current task, or NULL
 * @tty: hanging up
 * @exit_session: see tty_hangup()
 */
void tty_signal_session_leader(struct task *t, struct tty *tty, bool exit_session);

/**
 * tty_kill_pgrp() - a signal to the foreground group
 * @tty: the tty
 * @sig: the signal
 */
void tty_kill_pgrp(struct tty *tty, int sig);

/**
 * tty_jobctrl_ioctl() - TIOCNOTTY TIOCSCTTY TIOCGPGRP TIOCSPGRP TIOCGSID
 *
 * Return: the result, or -ENOIOCTLCMD.
 */
int64_t tty_jobctrl_ioctl(struct task *t, struct tty *tty, struct tty *real_tty, struct file *file, unsigned int cmd,
			  uint64_t arg) __must_check;

/* ---- n_tty.c, n_tty_echo.c: all under the lock ---- */
struct n_tty *n_tty_alloc(struct kernel *k) __must_check;
void n_tty_free(struct kernel *k, struct n_tty *ld);
/* One more byte arrives. False: no room, it stays in the flip buffer. */
bool n_tty_receive_char(struct tty *tty, unsigned char c);
/* After a run of bytes: echoes out, readers woken. */
void n_tty_receive_done(struct tty *tty);
bool n_tty_input_available(const struct tty *tty, bool poll);
/* Copies what a read may take now. Bytes, -EFAULT; *@eol: a line (or EOF) ended it. */
int64_t n_tty_copy_read(struct tty *tty, struct iov_iter *to, bool *eol);
void n_tty_flush_input(struct tty *tty);
void n_tty_set_termios(struct tty *tty, const struct ktermios *old);
uint32_t n_tty_inq(const struct tty *tty);
/* Output with OPOST. Bytes of @buf taken. */
size_t n_tty_process_output(struct tty *tty, const char *buf, size_t n);
void n_tty_process_echoes(struct tty *tty);

/* ---- pty.c ---- */

/**
 * ptmx_open() - open /dev/ptmx: a new pair, the file is its master
 * @t: the current task
 * @inode: the device node
 * @file: being opened
 *
 * Return: 0, -ENOSPC, -ENOMEM, -ENODEV (no devpts).
 */
int ptmx_open(struct task *t, struct inode *inode, struct file *file);

/**
 * pty_lookup() - the slave with a number
 * @k: the instance
 * @index: the number
 *
 * Return: with a reference, or NULL.
 */
struct tty *pty_lookup(struct kernel *k, unsigned int index) __must_check;
struct file *pty_open_peer(struct task *t, struct tty *master, int flags) __must_check; /* or ERR_PTR */

/* ---- vfs/dev/devpts.c ---- */
struct inode *devpts_pty_new(struct task *t, struct tty *slave) __must_check; /* its node, or NULL */
void devpts_pty_kill(struct tty *slave);

#endif
