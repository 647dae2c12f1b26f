/* SPDX-License-Identifier: MIT
 *
 * Queues of messages of System V: msgget, msgsnd, msgrcv, msgctl, /proc/sysvipc/msg.
 */
#include <grp.h>
#include <limits.h>
#include <sys/msg.h>

#include "tests/guest/ipc.h"

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#define KEY ((int)guest_ipc_number())

struct message {
	long type;
	char text[8192];
};

static struct message m;

static int
private_queue(void)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return id;
}

static int
send(int id, long type, const char *text, int flags)
{
	m.type = type;
	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text) + 1, flags);
}

/* The text of the next message, "" if there is none. */
static const char *
next(int id, long type, int flags)
{
	memset(&m, 0, sizeof(m));
	return msgrcv(id, &m, sizeof(m.text), type, flags | IPC_NOWAIT) < 0 ? "" : m.text;
}

static struct msqid_ds
stat_of(int id)
{
	struct msqid_ds ds;

	memset(&ds, 0xff, sizeof(ds));
	CHECK_EQ(msgctl(id, IPC_STAT, &ds), 0);
	return ds;
}

static void
keys(void)
{
	int id;

	CHECK_ERR(msgget(KEY, 0600), ENOENT);
	id = msgget(KEY, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(id >= 0);
	CHECK_EQ(msgget(KEY, IPC_CREAT | 0600), id);
	CHECK_EQ(msgget(KEY, 0), id);
	CHECK_ERR(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
	CHECK_ERR(msgctl(id, IPC_RMID, NULL), EINVAL);
	CHECK_ERR(send(id, 1, "x", 0), EINVAL);
	CHECK_ERR(msgrcv(id, &m, 1, 0, 0), EINVAL);
}

static void
types(void)
{
	int id = private_queue();

	CHECK_EQ(send(id, 3, "three", 0), 0);
	CHECK_EQ(send(id, 2, "two", 0), 0);
	CHECK_EQ(send(id, 5, "five", 0), 0);
	CHECK_EQ(send(id, 2, "two again", 0), 0);
	CHECK_STR(next(id, 2, 0), "two");
	CHECK_EQ(m.type, 2);
	CHECK_STR(next(id, 7, 0), "");
	CHECK_EQ(errno, ENOMSG);
	CHECK_STR(next(id, -1, 0), "");
	CHECK_STR(next(id, -4, 0), "two again");
	CHECK_STR(next(id, 3, MSG_EXCEPT), "five");
	CHECK_STR(next(id, 3, MSG_EXCEPT), "");
	CHECK_EQ(send(id, 1, "one", 0), 0);
	CHECK_STR(next(id, 0, 0), "three");
	CHECK_STR(next(id, LONG_MIN, 0), "one");
	CHECK_EQ(send(id, LONG_MAX, "last", 0), 0);
	CHECK_STR(next(id, LONG_MIN, 0), "last");
	CHECK_ERR(send(id, 0, "x", 0), EINVAL);
	CHECK_ERR(send(id, -1, "x", 0), EINVAL);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static void
sizes(void)
{
	int id = private_queue();

	CHECK_EQ(send(id, 1, "too long", 0), 0);
	CHECK_ERR(msgrcv(id, &m, 3, 0, 0), E2BIG);
	memset(&m, 0, sizeof(m));
	CHECK_EQ(msgrcv(id, &m, 3, 0, MSG_NOERROR), 3);
	CHECK_STR(m.text, "too");
	CHECK_EQ(msgsnd(id, &m, 0, 0), 0);
	CHECK_EQ(msgrcv(id, &m, 0, 0, 0), 0);
	CHECK_ERR(msgsnd(id, &m, (size_t)-1, 0), EINVAL);
	CHECK_ERR(msgsnd(id, &m, 1 << 30, 0), EINVAL);
	CHECK_ERR(msgrcv(id, &m, (size_t)-1, 0, 0), EINVAL);
	CHECK_ERR(msgsnd(id, guest_bad_address(), 1, 0), EFAULT);
	CHECK_EQ(send(id, 1, "lost", 0), 0);
	CHECK_ERR(msgrcv(id, guest_bad_address(), 10, 0, 0), EFAULT);
	CHECK_EQ(stat_of(id).msg_qnum, 0);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static void
copies(void)
{
	int id = private_queue();

	if (msgrcv(id, &m, 10, 0, MSG_COPY | IPC_NOWAIT) < 0 && errno == ENOSYS) { /* an option of kernels */
		msgctl(id, IPC_RMID, NULL);
		return;
	}
	CHECK_EQ(send(id, 5, "first", 0), 0);
	CHECK_EQ(send(id, 6, "second", 0), 0);
	CHECK_STR(next(id, 1, MSG_COPY), "second");
	CHECK_EQ(m.type, 6);
	CHECK_STR(next(id, 0, MSG_COPY), "first");
	CHECK_STR(next(id, 2, MSG_COPY), "");
	CHECK_EQ(errno, ENOMSG);
	CHECK_EQ(stat_of(id).msg_qnum, 2);
	CHECK_EQ(stat_of(id).msg_lrpid, 0);
	CHECK_ERR(msgrcv(id, &m, 3, 0, MSG_COPY | IPC_NOWAIT), E2BIG);
	CHECK_ERR(msgrcv(id, &m, 3, 0, MSG_COPY | IPC_NOWAIT | MSG_NOERROR), EINVAL);
	CHECK_ERR(msgrcv(id, &m, 10, 0, MSG_COPY), EINVAL);
	CHECK_ERR(msgrcv(id, &m, 10, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), EINVAL);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static void
what_stat_says(void)
{
	int id = msgget(KEY, IPC_CREAT | 0640);
	time_t now = time(NULL);
	struct msqid_ds ds;

	CHECK(id >= 0);
	ds = stat_of(id);
	CHECK_EQ(ds.msg_perm.__key, KEY);
	CHECK_EQ(ds.msg_perm.mode, 0640);
	CHECK_EQ(ds.msg_stime, 0);
	CHECK_EQ(ds.msg_rtime, 0);
	CHECK(ds.msg_ctime >= now - 1 && ds.msg_ctime <= now + 100);
	CHECK_EQ(ds.msg_lspid, 0);
	CHECK(ds.msg_qbytes > 0);
	CHECK_EQ(send(id, 1, "four", 0), 0);
	ds = stat_of(id);
	CHECK_EQ(ds.msg_qnum, 1);
	CHECK_EQ(ds.__msg_cbytes, 5);
	CHECK_EQ(ds.msg_lspid, getpid());
	CHECK(ds.msg_stime >= now - 1);
	CHECK_STR(next(id, 0, 0), "four");
	CHECK_EQ(msgctl(id & 32767, MSG_STAT, &ds), id);
	CHECK_EQ(ds.msg_qnum, 0);
	CHECK_EQ(ds.__msg_cbytes, 0);
	CHECK_EQ(ds.msg_lrpid, getpid());
	ds.msg_qbytes = 100;
	ds.msg_perm.mode = 0111;
	CHECK_EQ(msgctl(id, IPC_SET, &ds), 0);
	CHECK_EQ(msgctl(id & 32767, MSG_STAT_ANY, &ds), id);
	CHECK_EQ(ds.msg_qbytes, 100);
	CHECK_EQ(ds.msg_perm.mode, 0111);
	CHECK_ERR(msgctl(id, IPC_SET, guest_bad_address()), EFAULT);
	CHECK_ERR(msgctl(id, 77, &ds), EINVAL);
	CHECK_ERR(msgctl(-1, IPC_STAT, &ds), EINVAL);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

/* Exit status: 0 and the text's first letter is that, else an errno. */
static pid_t
receiver(int id, size_t size, long type, char want)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		if (msgrcv(id, &m, size, type, 0) < 0)
			_exit(errno);
		_exit(m.text[0] == want ? 0 : 255);
	}
	guest_await_sleep(pid);
	return pid;
}

static void
receivers_wait(void)
{
	int id = private_queue();
	pid_t any = receiver(id, 100, 0, 'c'), two = receiver(id, 100, 2, 'b'), small = receiver(id, 2, 3, 'x');

	CHECK_EQ(stat_of(id).msg_qnum, 0);
	CHECK_EQ(send(id, 1, "c, for the first", 0), 0);
	CHECK_EQ(send(id, 2, "b", 0), 0);
	CHECK_EQ(stat_of(id).msg_qnum, 0);
	CHECK_EXITS(any, 0);
	CHECK_EQ(stat_of(id).msg_lrpid, two);
	CHECK_EXITS(two, 0);
	CHECK_EQ(send(id, 3, "larger than its room", 0), 0);
	CHECK_EXITS(small, E2BIG);
	CHECK_EQ(stat_of(id).msg_qnum, 1);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static pid_t
sender(int id, long type, const char *text)
{
	pid_t pid = guest_fork();

	if (pid == 0)
		_exit(send(id, type, text, 0) == 0 ? 0 : errno);
	guest_await_sleep(pid);
	return pid;
}

static void
senders_wait(void)
{
	int id = private_queue();
	struct msqid_ds ds = stat_of(id);
	pid_t large, small;

	ds.msg_qbytes = 10;
	CHECK_EQ(msgctl(id, IPC_SET, &ds), 0);
	CHECK_EQ(send(id, 1, "eight..", 0), 0);
	CHECK_ERR(send(id, 1, "four", IPC_NOWAIT), EAGAIN);
	CHECK_EQ(send(id, 1, "1", IPC_NOWAIT), 0);
	large = sender(id, 2, "10 bytes.");
	small = sender(id, 3, "four");
	CHECK_STR(next(id, 0, 0), "eight..");
	CHECK_EXITS(small, 0);
	CHECK_STR(next(id, 3, 0), "four");
	CHECK_STR(next(id, 0, 0), "1");
	CHECK_EXITS(large, 0);
	CHECK_STR(next(id, 0, 0), "10 bytes.");
	CHECK_EQ(send(id, 1, "12345678", 0), 0);
	large = sender(id, 2, "wait for room");
	ds.msg_qbytes = 100;
	CHECK_EQ(msgctl(id, IPC_SET, &ds), 0);
	CHECK_EXITS(large, 0);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

/* So many messages as bytes may be in a queue, though they have none. */
static void
empty_messages(void)
{
	int id = private_queue(), i;
	struct msqid_ds ds = stat_of(id);

	ds.msg_qbytes = 3;
	CHECK_EQ(msgctl(id, IPC_SET, &ds), 0);
	for (i = 0; i < 3; i++) {
		m.type = 1;
		CHECK_EQ(msgsnd(id, &m, 0, IPC_NOWAIT), 0);
	}
	CHECK_ERR(msgsnd(id, &m, 0, IPC_NOWAIT), EAGAIN);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static void
nothing(int sig)
{
	(void)sig;
}

static void
removed_and_interrupted(void)
{
	int id = private_queue();
	struct msqid_ds ds = stat_of(id);
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	pid_t r, s;

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	r = receiver(id, 10, 5, 'x');
	CHECK_EQ(kill(r, SIGUSR1), 0);
	CHECK_EXITS(r, EINTR);
	ds.msg_qbytes = 2;
	CHECK_EQ(msgctl(id, IPC_SET, &ds), 0);
	s = sender(id, 1, "long");
	CHECK_EQ(kill(s, SIGUSR1), 0);
	CHECK_EXITS(s, EINTR);
	/* stopped and continued, they go on */
	r = receiver(id, 10, 5, 'y');
	CHECK_EQ(kill(r, SIGSTOP), 0);
	CHECK_EQ(waitpid(r, NULL, WUNTRACED), r);
	CHECK_EQ(kill(r, SIGCONT), 0);
	guest_await_sleep(r);
	CHECK_EQ(send(id, 5, "y", 0), 0);
	CHECK_EXITS(r, 0);
	r = receiver(id, 10, 5, 'x');
	s = sender(id, 1, "long");
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
	CHECK_EXITS(r, EIDRM);
	CHECK_EXITS(s, EIDRM);
}

static void
permissions(void)
{
	int id = msgget(KEY + 1, IPC_CREAT | 0620);
	struct msqid_ds ds;
	pid_t pid;

	CHECK(id >= 0);
	if (geteuid() == 0) {
		pid = guest_fork();
		if (pid == 0) {
			CHECK_EQ(setgroups(0, NULL), 0);
			CHECK_EQ(setuid(4321), 0);
			CHECK_EQ(send(id, 1, "its group may write", 0), 0);
			CHECK_ERR(msgrcv(id, &m, 100, 0, 0), EACCES);
			CHECK_ERR(msgctl(id, IPC_STAT, &ds), EACCES);
			CHECK_ERR(msgctl(id, IPC_RMID, NULL), EPERM);
			CHECK_ERR(msgget(KEY + 1, 0400), EACCES);
			_exit(0);
		}
		CHECK_EXITS(pid, 0);
		ds = stat_of(id);
		ds.msg_perm.uid = 4321;
		CHECK_EQ(msgctl(id, IPC_SET, &ds), 0);
		pid = guest_fork();
		if (pid == 0) {
			CHECK_EQ(setgroups(0, NULL), 0);
			CHECK_EQ(setgid(4321), 0);
			CHECK_EQ(setuid(4321), 0);
			ds.msg_qbytes = INT_MAX;
			CHECK_ERR(msgctl(id, IPC_SET, &ds), EPERM);
			ds.msg_qbytes = 10;
			CHECK_EQ(msgctl(id, IPC_SET, &ds), 0);
			_exit(0);
		}
		CHECK_EXITS(pid, 0);
	}
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static void
what_info_says(void)
{
	struct msginfo info, before, after;
	int id, top;

	CHECK(msgctl(0, MSG_INFO, (struct msqid_ds *)&before) >= 0);
	id = private_queue();
	CHECK_EQ(send(id, 1, "counted", 0), 0);
	top = msgctl(0, IPC_INFO, (struct msqid_ds *)&info);
	CHECK(top >= (id & 32767));
	CHECK_EQ(info.msgssz, 16);
	CHECK_EQ(info.msgseg, 0xffff);
	CHECK(info.msgmni > 0 && info.msgmax > 0 && info.msgmnb > 0);
	if (guest_own_ipc()) {
		CHECK_EQ(msgctl(0, MSG_INFO, (struct msqid_ds *)&after), top);
		CHECK_EQ(after.msgpool - before.msgpool, 1);
		CHECK_EQ(after.msgmap - before.msgmap, 1);
		CHECK_EQ(after.msgtql - before.msgtql, 8);
	}
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static void
in_proc(void)
{
	int id = msgget(KEY + 2, IPC_CREAT | 0640), key, got, found = 0;
	FILE *f = fopen("/proc/sysvipc/msg", "r");
	unsigned long bytes, n;
	unsigned int perms;
	char line[200];

	CHECK(id >= 0);
	CHECK_EQ(send(id, 1, "counted", 0), 0);
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%d %d %o %lu %lu", &key, &got, &perms, &bytes, &n) != 5 || got != id)
			continue;
		CHECK_EQ(key, KEY + 2);
		CHECK_EQ(perms, 0640);
		CHECK_EQ(bytes, 8);
		CHECK_EQ(n, 1);
		found = 1;
	}
	CHECK(!f || found);
	if (f)
		fclose(f);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static void
limits(void)
{
	char old[100], text[20];
	struct msginfo info;
	int id;

	if (!guest_own_ipc() || guest_read_limit("kernel/msgmax", old, sizeof(old)) || guest_write_limit("kernel/msgmax", "10"))
		return;
	id = private_queue();
	m.type = 1;
	CHECK_ERR(msgsnd(id, &m, 11, 0), EINVAL);
	CHECK_EQ(guest_write_limit("kernel/msgmax", old), 0);
	CHECK_EQ(guest_read_limit("kernel/msgmni", old, sizeof(old)), 0);
	CHECK(msgctl(0, MSG_INFO, (struct msqid_ds *)&info) >= 0);
	snprintf(text, sizeof(text), "%d", info.msgpool);
	CHECK_EQ(guest_write_limit("kernel/msgmni", text), 0);
	CHECK_ERR(msgget(IPC_PRIVATE, 0600), ENOSPC);
	CHECK_EQ(guest_write_limit("kernel/msgmni", "32769"), -1);
	CHECK_EQ(guest_write_limit("kernel/msgmni", old), 0);
	CHECK_EQ(guest_read_limit("kernel/msgmnb", old, sizeof(old)), 0);
	CHECK_EQ(guest_write_limit("kernel/msgmnb", "77"), 0);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
	id = private_queue();
	CHECK_EQ(stat_of(id).msg_qbytes, 77);
	CHECK_EQ(guest_write_limit("kernel/msgmnb", old), 0);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

/* Senders and receivers, more than there is room for: every message comes once. */
static void
storm(void)
{
	int id = private_queue(), i, round;
	struct msqid_ds ds = stat_of(id);
	long sum = 0;
	pid_t pids[3];

	ds.msg_qbytes = 64;
	CHECK_EQ(msgctl(id, IPC_SET, &ds), 0);
	for (i = 0; i < 3; i++) {
		pids[i] = guest_fork();
		if (pids[i] != 0)
			continue;
		for (round = 1; round <= 200; round++) {
			m.type = i + 1;
			memcpy(m.text, &round, sizeof(round));
			CHECK_EQ(msgsnd(id, &m, (size_t)(4 + round % 20), 0), 0);
		}
		_exit(0);
	}
	for (i = 0; i < 600; i++) {
		CHECK(msgrcv(id, &m, sizeof(m.text), i % 2 ? 0 : -3, 0) >= 4);
		memcpy(&round, m.text, sizeof(round));
		sum += round;
	}
	CHECK_EQ(sum, 3 * 200 * 201 / 2);
	for (i = 0; i < 3; i++)
		CHECK_EXITS(pids[i], 0);
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(keys), T(types), T(sizes), T(copies), T(what_stat_says), T(receivers_wait), T(senders_wait), T(empty_messages),
		T(removed_and_interrupted), T(permissions), T(what_info_says), T(in_proc), T(limits), T(storm),
	};

	guest_ipc_number();
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
