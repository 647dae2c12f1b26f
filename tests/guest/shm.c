/* SPDX-License-Identifier: MIT
 *
 * Shared memory of System V: shmget, shmat, shmdt, shmctl, /proc/sysvipc/shm.
 */
#include <grp.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "tests/guest/ipc.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#define KEY ((int)guest_ipc_number())

static int
private_segment(size_t size)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return id;
}

static struct shmid_ds
stat_of(int id)
{
	struct shmid_ds ds;

	memset(&ds, 0xff, sizeof(ds));
	CHECK_EQ(shmctl(id, IPC_STAT, &ds), 0);
	return ds;
}

/* Attached once, gone when that ends. */
static char *
attach_and_remove(int id)
{
	char *p = shmat(id, NULL, 0);

	CHECK(p != (void *)-1);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	return p;
}

static void
keys(void)
{
	int id;

	CHECK_ERR(shmget(KEY, 100, 0600), ENOENT);
	id = shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(id >= 0);
	CHECK_EQ(shmget(KEY, 5000, IPC_CREAT | 0600), id);
	CHECK_EQ(shmget(KEY, 5000, 0), id);
	CHECK_EQ(shmget(KEY, 0, 0), id);
	CHECK_ERR(shmget(KEY, 5001, 0), EINVAL);
	CHECK_ERR(shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	CHECK_ERR(shmget(KEY, 5000, 0), ENOENT);
	CHECK_ERR(shmctl(id, IPC_RMID, NULL), EINVAL);
	CHECK_ERR(shmat(id, NULL, 0), EINVAL);
	CHECK_ERR(shmget(KEY, 0, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
}

static void
what_stat_says(void)
{
	struct shmid_ds ds;
	int id = shmget(KEY, 5000, IPC_CREAT | 0640);
	time_t now = time(NULL);

	CHECK(id >= 0);
	ds = stat_of(id);
	CHECK_EQ(ds.shm_perm.__key, KEY);
	CHECK_EQ(ds.shm_perm.mode, 0640);
	CHECK_EQ(ds.shm_perm.uid, geteuid());
	CHECK_EQ(ds.shm_perm.cgid, getegid());
	CHECK_EQ(ds.shm_segsz, 5000);
	CHECK_EQ(ds.shm_nattch, 0);
	CHECK_EQ(ds.shm_cpid, getpid());
	CHECK_EQ(ds.shm_lpid, 0);
	CHECK_EQ(ds.shm_atime, 0);
	CHECK_EQ(ds.shm_dtime, 0);
	CHECK(ds.shm_ctime >= now - 1 && ds.shm_ctime <= now + 100);
	ds.shm_perm.mode = 07604;
	CHECK_EQ(shmctl(id, IPC_SET, &ds), 0);
	CHECK_EQ(stat_of(id).shm_perm.mode, 0604);
	ds.shm_perm.uid = (uid_t)-1;
	CHECK_ERR(shmctl(id, IPC_SET, &ds), EINVAL);
	CHECK_ERR(shmctl(id, IPC_SET, guest_bad_address()), EFAULT);
	CHECK_ERR(shmctl(id, IPC_STAT, guest_bad_address()), EFAULT);
	CHECK_ERR(shmctl(id, 77, &ds), EINVAL);
	CHECK_ERR(shmctl(-1, IPC_STAT, &ds), EINVAL);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
}

static void
shared_by_fork(void)
{
	int id = private_segment(10000);
	char *p = attach_and_remove(id);
	pid_t pid = guest_fork();

	if (pid == 0) {
		strcpy(p + 5000, "from the child");
		CHECK_EQ(stat_of(id).shm_nattch, 2);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_STR(p + 5000, "from the child");
	CHECK_EQ(stat_of(id).shm_nattch, 1);
	CHECK_EQ(stat_of(id).shm_lpid, pid);
	CHECK(stat_of(id).shm_dtime != 0);
	CHECK_EQ(shmdt(p), 0);
	CHECK_ERR(shmctl(id, IPC_STAT, guest_bad_address()), EINVAL);
	CHECK_ERR(shmdt(p), EINVAL);
	CHECK_ERR(shmdt(p + 1), EINVAL);
}

static void
detached_by_exec(void)
{
	int id = private_segment(4096), p[2];
	char *a = attach_and_remove(id), c;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	pid = guest_fork();
	if (pid == 0) {
		close(p[1]);
		dup2(p[0], 0);
		execl("/bin/cat", "cat", (char *)NULL);
		_exit(1);
	}
	close(p[0]);
	while (stat_of(id).shm_nattch != 1)
		guest_sleep_ms(1);
	CHECK_EQ(stat_of(id).shm_lpid, pid);
	close(p[1]);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(shmdt(a), 0);
	CHECK_EQ(read(p[0], &c, 1), -1);
}

static void
removal_waits_for_the_last(void)
{
	int id = shmget(KEY + 1, 4096, IPC_CREAT | 0600);
	char *p = shmat(id, NULL, 0), *q;
	struct shmid_ds ds;

	CHECK(p != (void *)-1);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	ds = stat_of(id);
	CHECK_EQ(ds.shm_perm.mode, 01600);
	CHECK_EQ(ds.shm_perm.__key, 0);
	CHECK_ERR(shmget(KEY + 1, 4096, 0600), ENOENT);
	q = shmat(id, NULL, 0);
	CHECK(q != (void *)-1 && q != p);
	CHECK_EQ(stat_of(id).shm_nattch, 2);
	strcpy(p, "both");
	CHECK_STR(q, "both");
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	CHECK_EQ(shmdt(p), 0);
	CHECK_EQ(munmap(q, 4096), 0);
	CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
}

static void
addresses(void)
{
	int id = private_segment(8192);
	char *room = mmap(NULL, 16 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

	CHECK(room != MAP_FAILED);
	CHECK_ERR(shmat(id, room, 0), EINVAL);
	CHECK_ERR(shmat(id, room - 4096, 0), EINVAL);
	CHECK(shmat(id, room, SHM_REMAP) == room);
	CHECK_EQ(munmap(room, 8192), 0);
	CHECK_EQ(stat_of(id).shm_nattch, 0);
	CHECK_ERR(shmat(id, room + 1, 0), EINVAL);
	CHECK(shmat(id, room + 1, SHM_RND) == room);
	CHECK(shmat(id, room + 8192 + 5, SHM_RND | SHM_REMAP) == room + 8192);
	CHECK_ERR(shmat(id, NULL, SHM_REMAP), EINVAL);
	CHECK_ERR(shmat(id, (void *)5, SHM_REMAP | SHM_RND), EINVAL);
	CHECK_EQ(stat_of(id).shm_nattch, 2);
	((volatile char *)room)[4096] = 'x';
	CHECK_EQ(((volatile char *)room)[8192 + 4096], 'x');
	p = mmap(room, 16 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(p == room);
	CHECK_EQ(stat_of(id).shm_nattch, 0);
	CHECK_ERR(shmdt(room), EINVAL);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
}

static void
parts_of_an_attach(void)
{
	int id = private_segment(5 * 4096);
	char *p = attach_and_remove(id), *q;

	CHECK_EQ(munmap(p + 4096, 4096), 0);
	CHECK_EQ(stat_of(id).shm_nattch, 2);
	CHECK_EQ(mprotect(p + 3 * 4096, 4096, PROT_READ), 0);
	CHECK_EQ(stat_of(id).shm_nattch, 4);
	CHECK_EQ(mprotect(p + 3 * 4096, 4096, PROT_READ | PROT_WRITE), 0);
	q = mmap(p + 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(q == p + 4096);
	strcpy(q, "stays");
	CHECK_ERR(shmdt(p + 4096), EINVAL);
	CHECK_EQ(shmdt(p), 0);
	CHECK_STR(q, "stays");
	CHECK_ERR(shmctl(id, IPC_RMID, NULL), EINVAL);
}

static void
moved_by_mremap(void)
{
	int id = private_segment(2 * 4096);
	char *p = attach_and_remove(id), *q, *room = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	strcpy(p + 4096, "here");
	q = mremap(p, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	CHECK(q == room);
	CHECK_STR(q + 4096, "here");
	CHECK_EQ(stat_of(id).shm_nattch, 1);
	CHECK_ERR(shmdt(p), EINVAL);
	CHECK_EQ(shmdt(q), 0);
}

/* That takes away what was there first, so that the last attach of a removed segment is its end. */
static void
remapped_in_place(void)
{
	int id = private_segment(2 * 4096);
	char *p = shmat(id, NULL, 0);

	CHECK(p != (void *)-1);
	strcpy(p + 4096, "second page");
	CHECK_EQ(remap_file_pages(p, 4096, 0, 1, 0), 0);
	CHECK_STR(p, "second page");
	CHECK_EQ(stat_of(id).shm_nattch, 2);
	CHECK_EQ(munmap(p + 4096, 4096), 0);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	errno = 0;
	CHECK_EQ(remap_file_pages(p, 4096, 0, 1, 0), -1);
	CHECK(errno == EINVAL || errno == EIDRM);
	CHECK_ERR(shmctl(id, IPC_RMID, NULL), EINVAL);
}

static void
read_only(void)
{
	int id = private_segment(4096);
	char *p = shmat(id, NULL, 0), *r = shmat(id, NULL, SHM_RDONLY);
	pid_t pid;

	CHECK(p != (void *)-1 && r != (void *)-1);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	strcpy(p, "text");
	CHECK_STR(r, "text");
	CHECK_ERR(mprotect(r, 4096, PROT_READ | PROT_WRITE), EACCES);
	pid = guest_fork();
	if (pid == 0)
		*(volatile char *)r = 1;
	CHECK_KILLED(pid, SIGSEGV);
}

static void
executable(void)
{
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov $42,%eax; ret */
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	char *p = shmat(id, NULL, 0);
	int (*fn)(void) = shmat(id, NULL, SHM_RDONLY | SHM_EXEC);

	CHECK(p != (void *)-1 && fn != (void *)-1);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	memcpy(p, code, sizeof(code));
	CHECK_EQ(fn(), 42);
}

/* As somebody else; root alone can be that. */
static void
permissions(void)
{
	int id = shmget(KEY + 2, 4096, IPC_CREAT | 0640);
	struct shmid_ds ds;
	pid_t pid;

	CHECK(id >= 0);
	if (geteuid() == 0) {
		pid = guest_fork();
		if (pid == 0) {
			CHECK_EQ(setgid(4321), 0);
			CHECK_EQ(setgroups(0, NULL), 0);
			CHECK_EQ(setuid(4321), 0);
			CHECK_ERR(shmget(KEY + 2, 4096, 0400), EACCES);
			CHECK_EQ(shmget(KEY + 2, 4096, 0), id);
			CHECK_ERR(shmat(id, NULL, SHM_RDONLY), EACCES);
			CHECK_ERR(shmctl(id, IPC_STAT, &ds), EACCES);
			CHECK_ERR(shmctl(id, IPC_RMID, NULL), EPERM);
			CHECK_ERR(shmctl(id, IPC_SET, &ds), EPERM);
			CHECK_ERR(shmctl(id, SHM_LOCK, NULL), EPERM);
			_exit(0);
		}
		CHECK_EXITS(pid, 0);
		ds = stat_of(id);
		ds.shm_perm.uid = 4321;
		ds.shm_perm.mode = 0400;
		CHECK_EQ(shmctl(id, IPC_SET, &ds), 0);
		pid = guest_fork();
		if (pid == 0) {
			CHECK_EQ(setgid(4321), 0);
			CHECK_EQ(setuid(4321), 0);
			CHECK(shmat(id, NULL, SHM_RDONLY) != (void *)-1);
			CHECK_ERR(shmat(id, NULL, 0), EACCES);
			CHECK_ERR(shmat(id, NULL, SHM_RDONLY | SHM_EXEC), EACCES);
			CHECK_EQ(shmctl(id, IPC_STAT, &ds), 0);
			_exit(0);
		}
		CHECK_EXITS(pid, 0);
	}
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
}

/* The line of a file that has a word as one of its first two. */
static int
line_of(const char *file, const char *word, char *line, size_t n)
{
	FILE *f = fopen(file, "r");
	char a[200], b[200];
	int found = 0;

	if (!f)
		return 0;
	while (!found && fgets(line, (int)n, f))
		found = sscanf(line, "%199s %199s", a, b) == 2 && (strcmp(a, word) == 0 || strcmp(b, word) == 0);
	fclose(f);
	return found;
}

static void
in_proc(void)
{
	int id = shmget(KEY + 3, 5000, IPC_CREAT | 0600), key, perms, cpid, lpid, nattch;
	char *p = shmat(id, NULL, 0), line[400], want[100];
	unsigned long size, start, inode;
	FILE *f;

	CHECK(p != (void *)-1);
	p[0] = 1;
	snprintf(want, sizeof(want), "%d", id);
	if (line_of("/proc/sysvipc/shm", want, line, sizeof(line))) {
		CHECK_EQ(sscanf(line, "%d %*d %o %lu %d %d %d", &key, (unsigned int *)&perms, &size, &cpid, &lpid, &nattch), 6);
		CHECK_EQ(key, KEY + 3);
		CHECK_EQ(perms, 0600);
		CHECK_EQ(size, 5000);
		CHECK_EQ(nattch, 1);
		CHECK(strlen(line) >= 170);
	}
	f = fopen("/proc/self/maps", "r");
	CHECK(f != NULL);
	snprintf(want, sizeof(want), "/SYSV%08x (deleted)\n", KEY + 3);
	while (fgets(line, sizeof(line), f) && !strstr(line, want))
		;
	fclose(f);
	CHECK(strstr(line, want) != NULL);
	CHECK_EQ(sscanf(line, "%lx-%*x rw-s 00000000 %*s %lu", &start, &inode), 2);
	CHECK_EQ(start, (unsigned long)p);
	CHECK_EQ(inode, id);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
}

static struct shm_info
all_segments(void)
{
	struct shm_info info;

	memset(&info, 0xff, sizeof(info));
	CHECK(shmctl(0, SHM_INFO, (struct shmid_ds *)&info) >= 0);
	return info;
}

static void
what_info_says(void)
{
	int id, id2, own = guest_own_ipc(), top;
	struct shm_info before = all_segments(), after;
	struct shminfo limits;
	struct shmid_ds ds;
	char *p;

	id = private_segment(3 * 4096);
	id2 = private_segment(1);
	p = shmat(id, NULL, 0);
	CHECK(p != (void *)-1);
	memset(p, 1, 2 * 4096);
	top = shmctl(0, IPC_INFO, (struct shmid_ds *)&limits);
	CHECK(top >= (id2 & 32767));
	CHECK_EQ(limits.shmmin, 1);
	CHECK(limits.shmmni > 1 && limits.shmmni == limits.shmseg);
	if (own) {
		after = all_segments();
		CHECK_EQ(after.used_ids - before.used_ids, 2);
		CHECK_EQ(after.shm_tot - before.shm_tot, 4);
		CHECK(after.shm_rss - before.shm_rss >= 2 && after.shm_rss - before.shm_rss <= 4);
		CHECK_EQ(after.shm_swp, 0);
		CHECK_ERR(shmctl(top + 1, SHM_STAT, &ds), EINVAL);
	}
	CHECK_EQ(shmctl(id & 32767, SHM_STAT, &ds), id);
	CHECK_EQ(ds.shm_segsz, 3 * 4096);
	CHECK_EQ(shmctl(id2 & 32767, SHM_STAT_ANY, &ds), id2);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	CHECK_EQ(shmctl(id2, IPC_RMID, NULL), 0);
}

/* Ids are given out in order, and tell the uses of a place apart. */
static void
ids(void)
{
	int i, id, last, wrapped = 0;

	if (!guest_own_ipc())
		return;
	last = private_segment(1);
	CHECK_EQ(shmctl(last, IPC_RMID, NULL), 0);
	for (i = 0; i < 64; i++) {
		id = private_segment(1);
		CHECK_ERR(shmctl(last, IPC_RMID, NULL), EINVAL);
		if (id != last + 1) {
			CHECK_EQ(id >> 15, (last >> 15) + 1);
			CHECK((id & 32767) < (last & 32767));
			wrapped++;
		}
		last = id;
		CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	}
	CHECK_EQ(wrapped, 1);
}

static void
locked(void)
{
	int id = private_segment(4096);

	CHECK_EQ(shmctl(id, SHM_LOCK, NULL), 0);
	CHECK_EQ(stat_of(id).shm_perm.mode, 02600);
	CHECK_EQ(shmctl(id, SHM_LOCK, NULL), 0);
	CHECK_EQ(shmctl(id, SHM_UNLOCK, NULL), 0);
	CHECK_EQ(stat_of(id).shm_perm.mode, 0600);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
	CHECK_ERR(shmctl(id, SHM_LOCK, NULL), EINVAL);
}

static void
limits(void)
{
	char old[100], one[20];
	int id;

	if (!guest_own_ipc())
		return;
	snprintf(one, sizeof(one), "%d", all_segments().used_ids + 1);
	if (guest_read_limit("kernel/shmmni", old, sizeof(old)) || guest_write_limit("kernel/shmmni", one))
		return;
	id = private_segment(4096);
	CHECK_ERR(shmget(IPC_PRIVATE, 4096, 0600), ENOSPC);
	CHECK_EQ(guest_write_limit("kernel/shmmni", old), 0);
	CHECK_EQ(guest_read_limit("kernel/shmmax", old, sizeof(old)), 0);
	CHECK_EQ(guest_write_limit("kernel/shmmax", "4096"), 0);
	CHECK_ERR(shmget(IPC_PRIVATE, 4097, 0600), EINVAL);
	CHECK_EQ(guest_write_limit("kernel/shmmax", old), 0);
	CHECK_EQ(guest_read_limit("kernel/shmall", old, sizeof(old)), 0);
	snprintf(one, sizeof(one), "%lu", all_segments().shm_tot + 1);
	CHECK_EQ(guest_write_limit("kernel/shmall", one), 0);
	CHECK_ERR(shmget(IPC_PRIVATE, 4097, 0600), ENOSPC);
	CHECK_EQ(guest_write_limit("kernel/shmall", old), 0);
	CHECK_EQ(guest_write_limit("kernel/shmmni", "32769"), -1);
	CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
}

/* Many processes attach, detach and remove at once: every page and segment is gone in the end. */
static void
storm(void)
{
	pid_t pids[4];
	int i, round;

	for (i = 0; i < 4; i++) {
		pids[i] = guest_fork();
		if (pids[i] != 0)
			continue;
		for (round = 0; round < 100; round++) {
			int id = shmget(KEY + 4, 8192, IPC_CREAT | 0600);
			char *p = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

			if (p != (void *)-1)
				p[4096] = 1;
			if (round % 3 == i % 3)
				shmctl(id, IPC_RMID, NULL);
			if (p != (void *)-1)
				CHECK_EQ(shmdt(p), 0);
		}
		_exit(0);
	}
	for (i = 0; i < 4; i++)
		CHECK_EXITS(pids[i], 0);
	i = shmget(KEY + 4, 8192, 0600);
	if (i >= 0) {
		CHECK_EQ(stat_of(i).shm_nattch, 0);
		CHECK_EQ(shmctl(i, IPC_RMID, NULL), 0);
	}
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(keys), T(what_stat_says), T(shared_by_fork), T(detached_by_exec), T(removal_waits_for_the_last), T(addresses),
		T(parts_of_an_attach), T(moved_by_mremap), T(remapped_in_place), T(read_only), T(executable), T(permissions), T(in_proc), T(what_info_says), T(ids),
		T(locked), T(limits), T(storm),
	};

	guest_ipc_number();
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
