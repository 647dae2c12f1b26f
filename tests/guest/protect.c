/* SPDX-License-Identifier: MIT
 *
 * fs.protected_symlinks, _hardlinks, _regular and _fifos of proc_sys_fs(5), whatever they are set to. Root only: the files of
 * several users are needed.
 */
#include <grp.h>

#include "tests/guest/guest.h"

#define ALICE 65533
#define BOB   65532

static int
setting(const char *name)
{
	char path[64], c = '0';
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/protected_%s", name);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		CHECK_EQ(read(fd, &c, 1), 1);
		close(fd);
	}
	return c - '0';
}

/* A directory with this owner and these bits, the working directory; false: there is but one user. */
static bool
shared_dir(uid_t owner, mode_t mode)
{
	struct stat st;

	guest_tmpdir();
	CHECK_EQ(chmod(".", 0755), 0);
	if (geteuid() != 0 || mkdir("s", 0700) != 0 || chown("s", owner, owner) != 0 || chmod("s", mode) != 0)
		return false;
	if (stat("s", &st) != 0 || st.st_uid != owner)
		return false;
	umask(0);
	return chdir("s") == 0;
}

/* A child that is @who. */
static pid_t
fork_as(uid_t who)
{
	pid_t pid = guest_fork();

	if (pid == 0 && (setgroups(0, NULL) != 0 || setresgid(who, who, who) != 0 || setresuid(who, who, who) != 0))
		_exit(255);
	return pid;
}

static int
errno_of(pid_t pid)
{
	int status = guest_wait(pid);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 255);
	return WEXITSTATUS(status);
}

/* open(2) and link(2) as a user: 0 or errno. */
static int
open_as(uid_t who, const char *path, int flags)
{
	pid_t pid = fork_as(who);

	if (pid == 0)
		_exit(open(path, flags | O_NONBLOCK, 0666) < 0 ? errno : 0);
	return errno_of(pid);
}

static int
link_as(uid_t who, const char *from, const char *to)
{
	pid_t pid = fork_as(who);

	if (pid == 0)
		_exit(link(from, to) < 0 ? errno : 0);
	return errno_of(pid);
}

static void
make(const char *name, uid_t owner, bool fifo)
{
	if (fifo)
		CHECK_EQ(mkfifo(name, 0666), 0);
	else
		guest_write_file(name, "x", 1, 0666);
	CHECK_EQ(chown(name, owner, owner), 0);
}

static void
existing_files(bool fifo)
{
	int level = setting(fifo ? "fifos" : "regular"), refused = level ? EACCES : 0, flags = O_RDWR | O_CREAT;

	if (!shared_dir(0, 01777))
		return;
	make("alice", ALICE, fifo);
	make("root", 0, fifo);
	CHECK_EQ(open_as(BOB, "alice", flags), refused);
	CHECK_EQ(open_as(0, "alice", flags), refused);
	CHECK_EQ(open_as(ALICE, "alice", flags), 0);
	CHECK_EQ(open_as(BOB, "root", flags), 0);
	CHECK_EQ(open_as(BOB, "alice", O_RDWR), 0);
	if (!fifo)
		CHECK_EQ(open_as(BOB, "alice", O_RDWR | O_TRUNC), 0);
	CHECK_EQ(open_as(BOB, "alice", flags | O_EXCL), EEXIST);
	CHECK_EQ(open_as(BOB, "new", flags), 0);
	CHECK_EQ(open_as(BOB, "new", flags), 0);
	CHECK_EQ(chmod(".", 01775), 0);
	CHECK_EQ(open_as(0, "alice", flags), level >= 2 ? EACCES : 0);
	CHECK_EQ(chmod(".", 01755), 0);
	CHECK_EQ(open_as(0, "alice", flags), 0);
	CHECK_EQ(chmod(".", 0777), 0);
	CHECK_EQ(open_as(BOB, "alice", flags), 0);
	CHECK_EQ(chmod(".", 01777), 0);
	CHECK_EQ(chown(".", ALICE, ALICE), 0);
	CHECK_EQ(open_as(BOB, "alice", flags), 0);
}

static void
regular_files(void)
{
	existing_files(false);
}

static void
fifos(void)
{
	existing_files(true);
}

static void
symbolic_links(void)
{
	int refused = setting("symlinks") ? EACCES : 0;

	if (!shared_dir(0, 01777))
		return;
	CHECK_EQ(mkdir("d", 0755), 0);
	make("target", 0, false);
	make("d/target", 0, false);
	CHECK_EQ(symlink("target", "l"), 0);
	CHECK_EQ(lchown("l", ALICE, ALICE), 0);
	CHECK_EQ(symlink("d", "dl"), 0);
	CHECK_EQ(lchown("dl", ALICE, ALICE), 0);
	CHECK_EQ(symlink("l", "d/through"), 0);
	CHECK_EQ(open_as(BOB, "l", O_RDONLY), refused);
	CHECK_EQ(open_as(0, "l", O_RDONLY), refused);
	CHECK_EQ(open_as(ALICE, "l", O_RDONLY), 0);
	CHECK_EQ(open_as(BOB, "l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_EQ(open_as(BOB, "l", O_PATH | O_NOFOLLOW), 0);
	CHECK_EQ(open_as(BOB, "dl/target", O_RDONLY), 0); /* only the last component counts */
	CHECK_EQ(open_as(BOB, "dl", O_RDONLY), refused);
	CHECK_EQ(chmod(".", 01775), 0);
	CHECK_EQ(open_as(BOB, "l", O_RDONLY), 0);
	CHECK_EQ(chmod(".", 0777), 0);
	CHECK_EQ(open_as(BOB, "l", O_RDONLY), 0);
	CHECK_EQ(chmod(".", 01777), 0);
	CHECK_EQ(chown(".", ALICE, ALICE), 0);
	CHECK_EQ(open_as(BOB, "l", O_RDONLY), 0);
}

static void
hard_links(void)
{
	int refused = setting("hardlinks") ? EPERM : 0;

	if (!shared_dir(0, 0777))
		return;
	make("f", ALICE, false);
	make("p", ALICE, true);
	CHECK_EQ(link_as(BOB, "f", "f1"), 0); /* it could be written */
	CHECK_EQ(chmod("f", 0644), 0);
	CHECK_EQ(link_as(BOB, "f", "f2"), refused);
	CHECK_EQ(link_as(ALICE, "f", "f3"), 0);
	CHECK_EQ(link_as(0, "f", "f4"), 0);
	CHECK_EQ(chmod("f", 0622), 0);
	CHECK_EQ(link_as(BOB, "f", "f5"), refused);
	CHECK_EQ(chmod("f", 04666), 0);
	CHECK_EQ(link_as(BOB, "f", "f6"), refused);
	CHECK_EQ(chmod("f", 02676), 0);
	CHECK_EQ(link_as(BOB, "f", "f7"), refused);
	CHECK_EQ(chmod("f", 02666), 0);
	CHECK_EQ(link_as(BOB, "f", "f8"), 0);
	CHECK_EQ(link_as(BOB, "p", "p1"), refused);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = { T(regular_files), T(fifos), T(symbolic_links), T(hard_links) };

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
