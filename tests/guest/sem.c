/* SPDX-License-Identifier: MIT
 *
 * Semaphores of System V: semget, semop, semtimedop, semctl, what is undone at exit, /proc/sysvipc/sem.
 */
#include <grp.h>
#include <pthread.h>
#include <sys/sem.h>

#include "tests/guest/ipc.h"

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#define KEY ((int)guest_ipc_number())

static int
private_set(int n)
{
	int id = semget(IPC_PRIVATE, n, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return id;
}

static int
op(int id, int num, int by, int flags)
{
	struct sembuf s = { .sem_num = (unsigned short)num, .sem_op = (short)by, .sem_flg = (short)flags };

	return semop(id, &s, 1);
}

static int
value(int id, int num)
{
	return semctl(id, num, GETVAL);
}

/* Until so many tasks wait at a semaphore. */
static void
await_waiters(int id, int num, int cmd, int n)
{
	while (semctl(id, num, cmd) != n)
		guest_sleep_ms(1);
}

static void
keys(void)
{
	int id;

	CHECK_ERR(semget(KEY, 1, 0600), ENOENT);
	id = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(id >= 0);
	CHECK_EQ(semget(KEY, 3, IPC_CREAT | 0600), id);
	CHECK_EQ(semget(KEY, 0, 0), id);
	CHECK_ERR(semget(KEY, 4, 0), EINVAL);
	CHECK_ERR(semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
	CHECK_ERR(semctl(id, 0, IPC_RMID), EINVAL);
	CHECK_ERR(op(id, 0, 1, 0), EINVAL);
	CHECK_ERR(semget(KEY, 0, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(semget(KEY, -1, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(semget(IPC_PRIVATE, 1 << 30, 0600), EINVAL);
}

static void
values(void)
{
	unsigned short v[3] = { 1, 2, 32767 };
	int id = private_set(3);

	CHECK_EQ(value(id, 0), 0);
	CHECK_EQ(semctl(id, 0, SETALL, v), 0);
	CHECK_EQ(value(id, 1), 2);
	CHECK_EQ(semctl(id, 2, GETPID), getpid());
	CHECK_EQ(semctl(id, 1, SETVAL, 7), 0);
	memset(v, 0xff, sizeof(v));
	CHECK_EQ(semctl(id, 99, GETALL, v), 0);
	CHECK(v[0] == 1 && v[1] == 7 && v[2] == 32767);
	CHECK_ERR(semctl(id, 3, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, -1, GETPID), EINVAL);
	CHECK_ERR(semctl(id, 3, SETVAL, 0), EINVAL);
	CHECK_ERR(semctl(id, 0, SETVAL, 32768), ERANGE);
	CHECK_ERR(semctl(id, 0, SETVAL, -1), ERANGE);
	v[1] = 32768;
	CHECK_ERR(semctl(id, 0, SETALL, v), ERANGE);
	CHECK_ERR(semctl(id, 0, SETALL, guest_bad_address()), EFAULT);
	CHECK_ERR(semctl(id, 0, GETALL, guest_bad_address()), EFAULT);
	CHECK_EQ(value(id, 0), 1);
	CHECK_ERR(semctl(id, 0, 77), EINVAL);
	CHECK_ERR(semctl(-1, 0, GETVAL), EINVAL);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
operations(void)
{
	int id = private_set(2);
	struct sembuf two[] = { { 0, 2, 0 }, { 1, -1, IPC_NOWAIT } }, many[3] = { { 0, 3, 0 }, { 0, -1, 0 }, { 0, -2, 0 } };
	struct sembuf zero[] = { { 0, 0, IPC_NOWAIT }, { 0, 1, 0 } };

	CHECK_ERR(semop(id, two, 2), EAGAIN);
	CHECK_EQ(value(id, 0), 0);
	CHECK_EQ(op(id, 1, 1, 0), 0);
	CHECK_EQ(semop(id, two, 2), 0);
	CHECK_EQ(value(id, 0), 2);
	CHECK_EQ(value(id, 1), 0);
	CHECK_EQ(semop(id, many, 3), 0);
	CHECK_EQ(value(id, 0), 2);
	CHECK_ERR(semop(id, zero, 2), EAGAIN);
	CHECK_EQ(op(id, 0, -2, IPC_NOWAIT), 0);
	CHECK_EQ(semop(id, zero, 2), 0);
	CHECK_EQ(value(id, 0), 1);
	CHECK_EQ(op(id, 0, 32766, 0), 0);
	CHECK_ERR(op(id, 0, 1, 0), ERANGE);
	CHECK_ERR(op(id, 2, 1, 0), EFBIG);
	CHECK_ERR(semop(id, two, 0), EINVAL);
	CHECK_ERR(semop(id, two, 501), E2BIG);
	CHECK_ERR(semop(id, guest_bad_address(), 1), EFAULT);
	CHECK_ERR(semop(-1, two, 1), EINVAL);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
many_operations(void)
{
	struct sembuf s[500];
	int id = private_set(500), i;

	for (i = 0; i < 500; i++)
		s[i] = (struct sembuf){ (unsigned short)i, (short)(i + 1), 0 };
	CHECK_EQ(semop(id, s, 500), 0);
	CHECK_EQ(value(id, 499), 500);
	for (i = 0; i < 500; i++)
		s[i].sem_op = (short)-s[i].sem_op;
	s[499].sem_op--;
	s[499].sem_flg = IPC_NOWAIT;
	CHECK_ERR(semop(id, s, 500), EAGAIN);
	CHECK_EQ(value(id, 0), 1);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static pid_t
waiter(int id, int num, int by, int result)
{
	pid_t pid = guest_fork();

	if (pid == 0)
		_exit(op(id, num, by, 0) == 0 ? 0 : errno == result ? 1 : 2);
	await_waiters(id, num, by ? GETNCNT : GETZCNT, 1);
	return pid;
}

static void
waiting(void)
{
	int id = private_set(2);
	pid_t pid = waiter(id, 0, -2, 0);

	CHECK_EQ(op(id, 0, 1, 0), 0);
	CHECK_EQ(semctl(id, 0, GETNCNT), 1);
	CHECK_EQ(op(id, 0, 1, 0), 0);
	CHECK_EQ(value(id, 0), 0);
	CHECK_EQ(semctl(id, 0, GETPID), pid);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(op(id, 1, 1, 0), 0);
	pid = waiter(id, 1, 0, 0);
	CHECK_EQ(semctl(id, 1, GETZCNT), 1);
	CHECK_EQ(semctl(id, 1, GETNCNT), 0);
	CHECK_EQ(semctl(id, 1, SETVAL, 0), 0);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
nothing(int sig)
{
	(void)sig;
}

static void
removed_and_interrupted(void)
{
	int id = private_set(1);
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	pid_t pid;

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	pid = waiter(id, 0, -1, EINTR);
	CHECK_EQ(kill(pid, SIGUSR1), 0);
	CHECK_EXITS(pid, 1);
	CHECK_EQ(semctl(id, 0, GETNCNT), 0);
	pid = waiter(id, 0, -1, 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(semctl(id, 0, GETNCNT), 0);
	pid = waiter(id, 0, -1, EIDRM);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
	CHECK_EXITS(pid, 1);
}

static void
timeouts(void)
{
	struct timespec ts = { 0, 20000000 }, bad = { 0, 1000000000 }, negative = { -1, 0 }, none = { 0, 0 }, year = { 31000000, 0 };
	struct sembuf s = { 0, -1, 0 };
	int id = private_set(1);
	long before = guest_ms();

	CHECK_ERR(semtimedop(id, &s, 1, &ts), EAGAIN);
	CHECK(guest_ms() - before >= 19);
	CHECK_ERR(semtimedop(id, &s, 1, &none), EAGAIN);
	CHECK_ERR(semtimedop(id, &s, 1, &bad), EINVAL);
	CHECK_ERR(semtimedop(id, &s, 1, &negative), EINVAL);
	CHECK_ERR(semtimedop(id, &s, 1, guest_bad_address()), EFAULT);
	CHECK_EQ(op(id, 0, 1, 0), 0);
	CHECK_EQ(semtimedop(id, &s, 1, &year), 0);
	CHECK_EQ(semctl(id, 0, GETNCNT), 0);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

/* Who came first goes first, if it can; who cannot does not hold up others. */
static void
order(void)
{
	int id = private_set(2), i;
	pid_t big, small[3];

	big = guest_fork();
	if (big == 0)
		_exit(op(id, 0, -10, 0) != 0);
	await_waiters(id, 0, GETNCNT, 1);
	for (i = 0; i < 3; i++) {
		small[i] = guest_fork();
		if (small[i] == 0)
			_exit(op(id, 0, -1, 0) != 0);
		await_waiters(id, 0, GETNCNT, 2 + i);
	}
	for (i = 0; i < 3; i++) {
		CHECK_EQ(op(id, 0, 1, 0), 0);
		CHECK_EQ(semctl(id, 0, GETPID), small[i]);
		CHECK_EXITS(small[i], 0);
	}
	CHECK_EQ(op(id, 0, 10, 0), 0);
	CHECK_EXITS(big, 0);
	CHECK_EQ(value(id, 0), 0);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

/* One sleeper's operations let another go on. */
static void
chain(void)
{
	int id = private_set(4), i;
	pid_t pids[3];

	for (i = 2; i >= 0; i--) {
		pids[i] = guest_fork();
		if (pids[i] == 0) {
			struct sembuf s[] = { { (unsigned short)i, -1, 0 }, { (unsigned short)(i + 1), 1, 0 } };

			_exit(semop(id, s, 2) != 0);
		}
		await_waiters(id, i, GETNCNT, 1);
	}
	CHECK_EQ(op(id, 0, 1, 0), 0);
	CHECK_EQ(value(id, 3), 1);
	for (i = 0; i < 3; i++)
		CHECK_EXITS(pids[i], 0);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
undone_at_exit(void)
{
	int id = private_set(3);
	struct sembuf s[] = { { 0, 5, SEM_UNDO }, { 1, -3, SEM_UNDO }, { 2, 1, 0 } };
	unsigned short v[] = { 0, 10, 0 };
	pid_t pid;

	CHECK_EQ(semctl(id, 0, SETALL, v), 0);
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(semop(id, s, 3), 0);
		CHECK_EQ(value(id, 0), 5);
		CHECK_EQ(op(id, 0, -1, SEM_UNDO), 0);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(value(id, 0), 0);
	CHECK_EQ(value(id, 1), 10);
	CHECK_EQ(value(id, 2), 1);
	CHECK_EQ(semctl(id, 1, GETPID), pid);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

/* What is undone wakes, too; a process that is killed undoes as well, and exec does not. */
static void
undo_wakes(void)
{
	int id = private_set(1);
	pid_t holder, sleeper;

	CHECK_EQ(semctl(id, 0, SETVAL, 1), 0);
	holder = guest_fork();
	if (holder == 0) {
		if (op(id, 0, -1, SEM_UNDO) == 0)
			execl("/bin/sleep", "sleep", "1000", (char *)NULL);
		_exit(1);
	}
	while (value(id, 0) != 0)
		guest_sleep_ms(1);
	sleeper = waiter(id, 0, -1, 0);
	CHECK_EQ(kill(holder, SIGKILL), 0);
	CHECK_KILLED(holder, SIGKILL);
	CHECK_EXITS(sleeper, 0);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
undo_limits(void)
{
	int id = private_set(2);
	pid_t pid = guest_fork();

	if (pid == 0) {
		CHECK_EQ(op(id, 0, 32767, SEM_UNDO), 0);
		CHECK_EQ(op(id, 0, -32767, 0), 0);
		CHECK_EQ(op(id, 0, 1, SEM_UNDO), 0);
		CHECK_ERR(op(id, 0, 1, SEM_UNDO), ERANGE);
		CHECK_EQ(value(id, 0), 1);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(value(id, 0), 0); /* not below */
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(op(id, 1, 5, SEM_UNDO), 0);
		CHECK_EQ(semctl(id, 1, SETVAL, 9), 0); /* forgets what was to be undone */
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(value(id, 1), 9);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void *
add_and_end(void *arg)
{
	CHECK_EQ(op(*(int *)arg, 0, 1, SEM_UNDO), 0);
	return NULL;
}

/* Threads have one list, which ends with the last, or with unshare(2). */
static void
shared_undo(void)
{
	int id = private_set(1);
	pid_t pid = guest_fork();
	pthread_t th;

	if (pid == 0) {
		CHECK_EQ(pthread_create(&th, NULL, add_and_end, &id), 0);
		CHECK_EQ(pthread_join(th, NULL), 0);
		CHECK_EQ(value(id, 0), 1);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(value(id, 0), 0);
	CHECK_EQ(op(id, 0, 3, SEM_UNDO), 0);
	CHECK_EQ(unshare(CLONE_SYSVSEM), 0);
	CHECK_EQ(value(id, 0), 0);
	CHECK_EQ(op(id, 0, 3, SEM_UNDO), 0);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
what_stat_says(void)
{
	int id = semget(KEY, 5, IPC_CREAT | 0640);
	struct semid_ds ds;
	time_t now = time(NULL);

	CHECK(id >= 0);
	CHECK_EQ(semctl(id, 0, IPC_STAT, &ds), 0);
	CHECK_EQ(ds.sem_perm.__key, KEY);
	CHECK_EQ(ds.sem_perm.mode, 0640);
	CHECK_EQ(ds.sem_perm.cuid, geteuid());
	CHECK_EQ(ds.sem_nsems, 5);
	CHECK_EQ(ds.sem_otime, 0);
	CHECK(ds.sem_ctime >= now - 1 && ds.sem_ctime <= now + 100);
	CHECK_EQ(op(id, 0, 0, 0), 0);
	CHECK_EQ(semctl(id & 32767, 0, SEM_STAT, &ds), id);
	CHECK(ds.sem_otime >= now - 1);
	CHECK_EQ(semctl(id & 32767, 0, SEM_STAT_ANY, &ds), id);
	ds.sem_perm.mode = 0111;
	CHECK_EQ(semctl(id, 0, IPC_SET, &ds), 0);
	CHECK_EQ(semctl(id & 32767, 0, SEM_STAT_ANY, &ds), id);
	CHECK_EQ(ds.sem_perm.mode, 0111);
	CHECK_ERR(semctl(id, 0, IPC_SET, guest_bad_address()), EFAULT);
	CHECK_ERR(semctl(id & 32767, 0, SEM_STAT_ANY, guest_bad_address()), EFAULT);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
what_info_says(void)
{
	struct seminfo info, before, after;
	int id, top;

	CHECK(semctl(0, 0, SEM_INFO, &before) >= 0);
	id = private_set(7);
	top = semctl(0, 0, IPC_INFO, &info);
	CHECK(top >= (id & 32767));
	CHECK_EQ(info.semvmx, 32767);
	CHECK_EQ(info.semaem, 32767);
	CHECK_EQ(info.semusz, 20);
	CHECK(info.semmni > 0 && info.semmsl > 0 && info.semmns > 0 && info.semopm > 0);
	CHECK_EQ(info.semume, 500);
	if (guest_own_ipc()) {
		CHECK_EQ(semctl(0, 0, SEM_INFO, &after), top);
		CHECK_EQ(after.semusz - before.semusz, 1);
		CHECK_EQ(after.semaem - before.semaem, 7);
	}
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
permissions(void)
{
	int id = semget(KEY + 1, 1, IPC_CREAT | 0640);
	unsigned short v[1];
	struct semid_ds ds;
	pid_t pid;

	CHECK(id >= 0);
	if (geteuid() == 0) {
		pid = guest_fork();
		if (pid == 0) {
			CHECK_EQ(setgroups(0, NULL), 0);
			CHECK_EQ(setuid(4321), 0);
			/* its group may still read */
			CHECK_EQ(value(id, 0), 0);
			CHECK_EQ(op(id, 0, 0, 0), 0);
			CHECK_ERR(op(id, 0, 1, 0), EACCES);
			CHECK_ERR(semctl(id, 0, SETVAL, 1), EACCES);
			CHECK_ERR(semctl(id, 0, SETALL, v), EACCES);
			CHECK_ERR(semctl(id, 0, IPC_RMID), EPERM);
			CHECK_ERR(semget(KEY + 1, 1, 0200), EACCES);
			CHECK_EQ(semget(KEY + 1, 1, 0400), id);
			CHECK_EQ(setregid(4321, 4321), -1);
			_exit(0);
		}
		CHECK_EXITS(pid, 0);
		pid = guest_fork();
		if (pid == 0) {
			CHECK_EQ(setgroups(0, NULL), 0);
			CHECK_EQ(setgid(4321), 0);
			CHECK_EQ(setuid(4321), 0);
			CHECK_ERR(value(id, 0), EACCES);
			CHECK_ERR(semctl(id, 0, IPC_STAT, &ds), EACCES);
			CHECK_ERR(op(id, 0, 0, 0), EACCES);
			_exit(0);
		}
		CHECK_EXITS(pid, 0);
	}
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
in_proc(void)
{
	int id = semget(KEY + 2, 6, IPC_CREAT | 0640), key, got, n, found = 0;
	FILE *f = fopen("/proc/sysvipc/sem", "r");
	unsigned int perms;
	char line[200];

	CHECK(id >= 0);
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%d %d %o %d", &key, &got, &perms, &n) != 4 || got != id)
			continue;
		CHECK_EQ(key, KEY + 2);
		CHECK_EQ(perms, 0640);
		CHECK_EQ(n, 6);
		CHECK(strlen(line) >= 85);
		found = 1;
	}
	CHECK(!f || found);
	if (f)
		fclose(f);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

static void
limits(void)
{
	char old[100];
	int a, b, c, d;

	if (!guest_own_ipc() || guest_read_limit("kernel/sem", old, sizeof(old)) || guest_write_limit("kernel/sem", "5 1000 3 2000"))
		return;
	CHECK_ERR(semget(IPC_PRIVATE, 6, 0600), EINVAL);
	CHECK_EQ(guest_write_limit("kernel/sem", "4 3"), 0);
	CHECK_ERR(semget(IPC_PRIVATE, 4, 0600), ENOSPC);
	CHECK_EQ(guest_write_limit("kernel/sem", "1 1 1 40000"), -1);
	CHECK_EQ(errno, ERANGE);
	CHECK_EQ(guest_write_limit("kernel/sem", old), 0);
	CHECK_EQ(guest_read_limit("kernel/sem", old, sizeof(old)), 0);
	CHECK_EQ(sscanf(old, "%d\t%d\t%d\t%d\n", &a, &b, &c, &d), 4);
}

/* Processes take and give two semaphores at once, in opposite orders; nothing is lost, and nobody waits for ever. */
static void
storm(void)
{
	int id = private_set(3), i, round;
	unsigned short v[] = { 1, 1, 0 };
	pid_t pids[4];

	CHECK_EQ(semctl(id, 0, SETALL, v), 0);
	for (i = 0; i < 4; i++) {
		pids[i] = guest_fork();
		if (pids[i] != 0)
			continue;
		for (round = 0; round < 300; round++) {
			struct sembuf take[] = { { (unsigned short)(i & 1), -1, SEM_UNDO }, { (unsigned short)(~i & 1), -1, SEM_UNDO } };
			struct sembuf give[] = { { 0, 1, SEM_UNDO }, { 1, 1, SEM_UNDO }, { 2, 1, 0 } };

			CHECK_EQ(semop(id, take, 2), 0);
			if (round != 299)
				CHECK_EQ(semop(id, give, 3), 0);
		}
		_exit(0);
	}
	for (i = 0; i < 4; i++)
		CHECK_EXITS(pids[i], 0);
	CHECK_EQ(value(id, 0), 1);
	CHECK_EQ(value(id, 1), 1);
	CHECK_EQ(value(id, 2), 4 * 299);
	CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(keys), T(values), T(operations), T(many_operations), T(waiting), T(removed_and_interrupted), T(timeouts), T(order),
		T(chain), T(undone_at_exit), T(undo_wakes), T(undo_limits), T(shared_undo), T(what_stat_says), T(what_info_says),
		T(permissions), T(in_proc), T(limits), T(storm),
	};

	guest_ipc_number();
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
