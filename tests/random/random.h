/* SPDX-License-Identifier: MIT
 *
 * Random file operations: what the files of tests/random/ need of each other.
 *
 * A seed and a number make an operation, whatever happened before, so that any subset of a list can be run again. Each
 * operation prints one line that must be the same on every file system; what may differ is left out by the rules in rules.h.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define N_SLOTS 10 /* descriptors of a process */
#define N_MAPS	4
#define BUF_SIZE (160 << 10)
#define PATHS_SIZE 2048

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* One operation while it runs. */
struct op {
	uint64_t rng;
	unsigned int nr;
	char *line; /* what it prints */
	size_t len, size;
	bool maps; /* does this run map files? Holes are not looked for then */
};

/* Memory of both processes. */
struct shared {
	char line[8192];
	pid_t pid[2];
	int root; /* the directory of the run */
};

struct mapping {
	char *p;
	size_t len;
	off_t off;
	int fd; /* a descriptor of its own, for the size */
	bool writable, readable;
};

/* A process. */
struct proc {
	int who; /* 0 or 1 */
	int slot[N_SLOTS];
	struct mapping map[N_MAPS];
	int pipe[2];
	struct shared *shared;
	char *buf, *buf2;
};

typedef void op_fn(struct proc *p, struct op *o);

struct op_kind {
	const char *name;
	unsigned int weight;
	op_fn *fn;
};

extern const struct op_kind name_ops[], data_ops[], map_ops[], lock_ops[]; /* until the one without a name */
extern const char *without; /* words of --without: what some file system of a comparison has not got */

/* random.c: drawing */
uint64_t draw(struct op *o);
static inline unsigned int
pick(struct op *o, unsigned int n)
{
	return (unsigned int)(draw(o) % n);
}
bool lacks(const char *word); /* is it in --without? */

/* Appends to the line. */
__attribute__((format(printf, 2, 3))) void say(struct op *o, const char *fmt, ...);
/* " = 3" or " = -1 ENOENT"; as it is. */
long say_result(struct op *o, long ret);

/* args.c */
const char *pick_path(struct op *o, char *buf);	    /* and says it */
int pick_slot(struct proc *p, struct op *o);	    /* and says it; a number below N_SLOTS */
int pick_fd(struct proc *p, struct op *o);	    /* the descriptor there, which may be -1 */
int pick_dirfd(struct proc *p, struct op *o);	    /* AT_FDCWD or a descriptor */
off_t pick_offset(struct op *o);
size_t pick_length(struct op *o);
unsigned int pick_flags(struct op *o, const unsigned int *flags, unsigned int n, unsigned int chance); /* one in @chance each */
void fill(struct op *o, char *buf, size_t n);
bool to_itself(struct op *o, int in, int out); /* and says so */
uint32_t hash(const void *p, size_t n);

/* digest.c */
void digest_tree(struct proc *p, struct op *o);
void say_stat(struct op *o, const struct stat *st);
void say_listing(struct op *o, int fd);

#endif
