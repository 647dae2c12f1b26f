/* SPDX-License-Identifier: MIT
 *
 * `stead run --root=ARCHIVE`: a tar archive becomes the files of the program's root.
 */
#ifndef STEAD_SRC_ARCHIVE_H
#define STEAD_SRC_ARCHIVE_H

struct task;

struct archive_job {
	int fd;		  /* the archive, read from where it stands */
	const char *name; /* for messages */
};

/**
 * archive_unpack() - make an archive's files below the task's root directory
 * @t: a task of the instance with all capabilities, whose root is empty and writable
 * @job: struct archive_job
 *
 * Owners, modes, times, hard links, devices and extended attributes are the archive's; ACLs are left out. A file that is
 * named twice is the last one. What is wrong is said in one line on stderr.
 *
 * Context: boot, in the supervisor.
 * Return: 0, or -ECANCELED after saying why.
 */
int archive_unpack(struct task *t, void *job);

#endif
