/* SPDX-License-Identifier: MIT
 *
 * The files an instance begins with: the root, its upper layer and the mounts that options ask for, the working directory
 * and the descriptors that the first program inherits.
 */
#include "src/boot-files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "src/archive.h"
#include "src/inherit.h"
#include "src/options.h"
#include "src/run-errors.h"
#include "trap/resident/boot.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

#define UPPER_TRIES   50    /* for another run's processes to be gone */
#define UPPER_WAIT_US 20000 /* each time */

/* A directory of the host, or an archive to be unpacked. */
static int
root_request(const struct run_options *opt, struct archive_job *job, struct mount_request *req)
{
	struct stat st;
	int fd;

	*req = (struct mount_request){
		.kind = MOUNT_ROOT_HOST, .dst = "/", .read_only = true, .upper = HFD_NONE, .seal_root = opt->read_only
	};
	if (stat(opt->root, &st) < 0)
		return run_error_path("--root", opt->root, errno);
	fd = open(opt->root, (S_ISDIR(st.st_mode) ? O_PATH | O_DIRECTORY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return run_error_path("--root", opt->root, errno);
	req->host_root = HFD(fd);
	if (S_ISDIR(st.st_mode))
		return 0;
	*job = (struct archive_job){ fd, opt->root };
	req->kind = MOUNT_ROOT_NEW;
	req->host_root = HFD_NONE;
	req->fill = archive_unpack;
	req->fill_arg = job;
	return 0;
}

static int
fail_upper(const char *dir, const char *why)
{
	fprintf(stderr, "stead run: --upper=%s: %s\n", dir, why);
	return -EXIT_STEAD_FAILED;
}

/* The directory that keeps the upper layer: ours alone for this run, and on a file system that can hold what an overlay
 * notes. */
static int
upper_request(const struct run_options *opt, struct mount_request *req)
{
	static const char *const probes[] = { "trusted.overlay.stead", "user.overlay.stead" };
	int fd, i;

	if (!opt->upper)
		return 0;
	if (mkdir(opt->upper, 0700) < 0 && errno != EEXIST)
		return fail_upper(opt->upper, strerror(errno));
	fd = open(opt->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_upper(opt->upper, strerror(errno));
	req->upper = HFD(fd);
	for (i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK && i < UPPER_TRIES; i++)
		usleep(UPPER_WAIT_US); /* the processes of a run that was killed may still be dying */
	if (i == UPPER_TRIES)
		return fail_upper(opt->upper, "another run uses it; wait for its end");
	for (i = 0; i < 2 && fsetxattr(fd, probes[i], "", 0, 0) < 0; i++)
		if (errno != EPERM && errno != EOPNOTSUPP)
			return fail_upper(opt->upper, strerror(errno));
	if (i == 2)
		return fail_upper(opt->upper, "its file system has no extended attributes; name a directory of another one");
	fremovexattr(fd, probes[i]);
	req->userxattr = i == 1;
	return 0;
}

static int
mount_requests(const struct run_options *opt, struct archive_job *job, struct mount_request *req)
{
	unsigned int n = 1;
	int err = root_request(opt, job, &req[0]);

	if (err == 0)
		err = upper_request(opt, &req[0]);
	if (err < 0)
		return err;
	for (size_t i = 0; i < opt->nmounts; i++) {
		const struct run_mount *m = &opt->mounts[i];

		req[n] = (struct mount_request){ .kind = m->kind == RUN_MOUNT_BIND ? MOUNT_BIND : MOUNT_TMPFS,
						 .dst = m->dst,
						 .read_only = m->read_only,
						 .size = m->size,
						 .host_root = HFD_NONE };
		if (m->kind == RUN_MOUNT_BIND) {
			req[n].host_root = HFD(open(m->src, O_PATH | O_CLOEXEC));
			if (req[n].host_root.fd < 0)
				return run_error_path("--bind", m->src, errno);
		}
		n++;
	}
	return (int)n;
}

static int
set_cwd(struct task *t, const struct run_options *opt)
{
	char here[PATH_MAX];
	const char *cwd = opt->cwd ? opt->cwd : getcwd(here, sizeof(here));
	struct path path, old;
	int err;

	if (!cwd)
		return 0;
	err = kern_path(t, cwd, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (err < 0)
		return opt->cwd ? err : 0;
	old = t->fs->pwd;
	t->fs->pwd = path;
	path_put(t, &old);
	return 0;
}

/* What the mounts show of the host, and /sys, is what guest processes may open. */
static int
start_behind_walls(struct kernel *k, const struct mount_request *req, unsigned int n)
{
	struct wall_root *roots = calloc(n + 2, sizeof(*roots));
	int sys = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC), err;
	unsigned int nroots = 0;

	if (!roots)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		if (req[i].host_root.fd >= 0)
			roots[nroots++] = (struct wall_root){ req[i].host_root.fd, !req[i].read_only };
	if (req[0].upper.fd >= 0)
		roots[nroots++] = (struct wall_root){ req[0].upper.fd, true };
	if (sys >= 0)
		roots[nroots++] = (struct wall_root){ sys, false };
	err = resident_start(k, roots, nroots);
	if (sys >= 0)
		close(sys);
	free(roots);
	return err;
}

int
boot_files(struct kernel *k, const struct run_options *opt)
{
	struct mount_request *req = calloc(opt->nmounts + 1, sizeof(*req));
	struct archive_job job = { -1, NULL };
	struct task *t = k->main_task;
	int n, err;

	if (!req)
		return -ENOMEM;
	n = mount_requests(opt, &job, req);
	if (n > 0 && k->resident && req[0].host_root.fd >= 0)
		resident_prepare_text(k, req[0].host_root.fd);
	err = n < 0 ? n : vfs_boot(k, t, req, (unsigned int)n);
	if (err == 0 && k->resident)
		err = start_behind_walls(k, req, (unsigned int)n);
	free(req);
	if (job.fd >= 0)
		close(job.fd);
	if (err == -ECANCELED)
		return -EXIT_STEAD_FAILED; /* likewise */
	if (n < 0)
		return n; /* and it was said why */
	if (err < 0)
		return run_error("set up the file system", err);
	err = set_cwd(t, opt);
	if (err < 0) {
		fprintf(stderr, "stead run: --cwd=%s: %s: name a directory that the program sees\n", opt->cwd,
			strerror(-err));
		return -EXIT_STEAD_FAILED;
	}
	err = inherit_fds(t, opt->fds);
	if (err < 0)
		return run_error("pass on open descriptors", err);
	return 0;
}
