/* SPDX-License-Identifier: MIT
 *
 * Thousands of random file operations from a seed: fileops --dir=DIR --seed=N [--count=N] [--ops=FILE] [--without=WORD,...]
 *
 * Two processes work in DIR/jail/root, as the superuser confined to DIR/jail, the second one as an ordinary user. Each operation is a
 * line of output, and from time to time the whole tree is. --ops has the numbers of the operations to run, a line each.
 * --prepare makes the first content of DIR and ends.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "random.h"

#define ORDINARY_USER 1000

static const struct op_kind *const kinds[] = { name_ops, data_ops, map_ops, lock_ops };
const char *without = "";

struct run {
	struct proc proc;
	uint64_t seed;
	unsigned int count, digest_every;
	unsigned int *ops, nops;
	int to, from; /* the second process's commands and answers */
	pid_t child;
	char *line;
};

uint64_t
draw(struct op *o)
{
	uint64_t z = (o->rng += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

bool
lacks(const char *word)
{
	size_t n = strlen(word);

	for (const char *p = without; n && (p = strstr(p, word)); p += n)
		if ((p == without || p[-1] == ',') && (p[n] == ',' || !p[n]))
			return true;
	return false;
}

void
say(struct op *o, const char *fmt, ...)
{
	__builtin_va_list ap;
	int n;

	__builtin_va_start(ap, fmt);
	n = vsnprintf(o->line + o->len, o->size - o->len, fmt, ap);
	__builtin_va_end(ap);
	o->len = (size_t)n < o->size - o->len ? o->len + (size_t)n : o->size - 1;
}

long
say_result(struct op *o, long ret)
{
	if (ret < 0)
		say(o, " = %s", strerrorname_np(errno));
	else
		say(o, " = %ld", ret);
	return ret;
}

static void
die(const char *what)
{
	printf("cannot go on: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* The operation that a number stands for. */
static void
run_op(struct run *r, struct proc *p, unsigned int nr, char *line, size_t size)
{
	struct op o = { .rng = r->seed * 0x2545f4914f6cdd1dull + nr * 0xd1342543de82ef95ull, .nr = nr, .line = line, .size = size,
			.maps = r->seed & 1 };
	unsigned int total = 0, at;

	draw(&o);
	draw(&o); /* who */
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (const struct op_kind *k = kinds[i]; k->name; k++)
			total += k->weight;
	at = pick(&o, total);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (const struct op_kind *k = kinds[i]; k->name; k++) {
			if (at < k->weight) {
				say(&o, "%u %c %s", nr, "AB"[p->who], k->name);
				k->fn(p, &o);
				return;
			}
			at -= k->weight;
		}
}

static int
who_runs(const struct run *r, unsigned int nr)
{
	struct op o = { .rng = r->seed * 0x2545f4914f6cdd1dull + nr * 0xd1342543de82ef95ull };

	draw(&o);
	return pick(&o, 3) == 0;
}

static void
second_process(struct run *r, int from, int to)
{
	struct proc *p = &r->proc;
	unsigned int nr;

	p->who = 1;
	p->shared->pid[1] = getpid();
	if (geteuid() == 0 && (setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) || setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)))
		_exit(3);
	while (read(from, &nr, sizeof(nr)) == sizeof(nr)) {
		run_op(r, p, nr, p->shared->line, sizeof(p->shared->line));
		if (write(to, &nr, sizeof(nr)) != sizeof(nr))
			break;
	}
	_exit(0);
}

/* The second process anew: it gets the descriptors and mappings of the first. */
static void
start_second(struct run *r)
{
	int to[2], from[2];

	if (r->child > 0) {
		close(r->to);
		close(r->from);
		if (waitpid(r->child, NULL, 0) < 0)
			die("waitpid");
	}
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		die("pipe2");
	fflush(stdout);
	r->child = fork();
	if (r->child < 0)
		die("fork");
	if (r->child == 0) {
		close(to[1]);
		close(from[0]);
		second_process(r, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	r->to = to[1];
	r->from = from[0];
}

static void
one(struct run *r, unsigned int nr)
{
	unsigned int answer;

	if (!who_runs(r, nr)) {
		run_op(r, &r->proc, nr, r->line, 8192);
		printf("%s\n", r->line);
		return;
	}
	if (write(r->to, &nr, sizeof(nr)) != sizeof(nr) || read(r->from, &answer, sizeof(answer)) != sizeof(answer)) {
		printf("%u B: the process is gone\n", nr);
		exit(1);
	}
	printf("%s\n", r->proc.shared->line);
}

static void
run_all(struct run *r)
{
	struct op o = { .line = malloc(4 << 20), .size = 4 << 20, .maps = r->seed & 1 };
	unsigned int n = r->ops ? r->nops : r->count;

	r->line = malloc(8192);
	if (!o.line || !r->line)
		die("malloc");
	start_second(r);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int nr = r->ops ? r->ops[i] : i;

		if (nr % 500 == 499)
			start_second(r);
		one(r, nr);
		if (r->digest_every && (nr + 1) % r->digest_every == 0) {
			o.len = 0;
			digest_tree(&r->proc, &o);
			fputs(o.line, stdout);
		}
	}
	o.len = 0;
	digest_tree(&r->proc, &o);
	fputs(o.line, stdout);
	close(r->to);
	waitpid(r->child, NULL, 0);
}

static void
put_file(const char *path, unsigned int mode, unsigned int size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		die(path);
	for (unsigned int i = 0; i < size; i++) {
		char c = (char)('a' + i % 23);

		if (write(fd, &c, 1) != 1)
			die(path);
	}
	if (fchmod(fd, mode))
		die(path);
	close(fd);
}

/* What is there before the first operation. */
static void
prepare(void)
{
	static const char *const dirs[] = { "jail", "jail/x", "jail/x/root", "jail/x/root/d", "jail/x/root/d/d", "jail/x/root/e", "jail/x/root/e/d" };

	umask(0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(dirs[i], i == 4 ? 0755 : 0777) && errno != EEXIST)
			die(dirs[i]);
	if (chdir("jail/x/root"))
		die("jail/x/root");
	put_file("a", 0666, 10);
	put_file("b", 0644, 5000);
	put_file("d/a", 0666, 4096);
	put_file("d/b", 0600, 9000);
	put_file("d/d/a", 0666, 1);
	put_file("e/a", 04755, 100);
	if (symlink("a", "l") || symlink("../d", "e/l") || (!lacks("lower-links") && link("b", "e/b")) || symlink("nothing", "d/l") || mkfifo("p", 0666))
		die("prepare");
}

static void
setup(struct run *r)
{
	struct proc *p = &r->proc;

	p->shared = mmap(NULL, sizeof(*p->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	p->buf = malloc(BUF_SIZE);
	p->buf2 = malloc(BUF_SIZE);
	if (p->shared == MAP_FAILED || !p->buf || !p->buf2)
		die("memory");
	p->shared->pid[0] = getpid();
	for (int i = 0; i < N_SLOTS; i++)
		p->slot[i] = -1;
	if (access("jail/x/root", F_OK) != 0)
		prepare();
	else if (chdir("jail/x/root"))
		die("jail/x/root");
	if (geteuid() == 0 && (chdir("../..") || chroot(".") || chdir("x/root")))
		die("chroot");
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	if (pipe2(p->pipe, O_NONBLOCK | O_CLOEXEC))
		die("pipe2");
	p->shared->root = open(".", O_RDONLY | O_DIRECTORY);
	if (p->shared->root < 0)
		die("open");
}

static void
read_ops(struct run *r, const char *file)
{
	FILE *f = fopen(file, "r");
	unsigned int nr;

	if (!f)
		die(file);
	r->ops = malloc(sizeof(*r->ops) << 20);
	while (r->nops < 1 << 20 && fscanf(f, "%u", &nr) == 1)
		r->ops[r->nops++] = nr;
	fclose(f);
}

/* fs.protected_fifos, _hardlinks, _regular and _symlinks, a digit each; who may not set them has no files of other users. */
static void
protect(const char *digits)
{
	static const char *const names[] = { "fifos", "hardlinks", "regular", "symlinks" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names) && digits[i]; i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/sys/fs/protected_%s", names[i]);
		fd = open(path, O_WRONLY);
		if (fd >= 0 && write(fd, digits + i, 1) != 1)
			die(path);
		close(fd);
	}
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },  { "seed", required_argument, NULL, 's' }, { "count", required_argument, NULL, 'n' },
		{ "ops", required_argument, NULL, 'o' },  { "without", required_argument, NULL, 'w' }, { "digest", required_argument, NULL, 'D' },
		{ "prepare", no_argument, NULL, 'p' },	  { "protected", required_argument, NULL, 'P' }, { NULL, 0, NULL, 0 },
	};
	static struct run r = { .seed = 1, .count = 1000, .digest_every = 100 };
	const char *dir = NULL;
	bool only_prepare = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd': dir = optarg; break;
		case 's': r.seed = strtoull(optarg, NULL, 0); break;
		case 'n': r.count = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'o': read_ops(&r, optarg); break;
		case 'w': without = optarg; break;
		case 'D': r.digest_every = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'p': only_prepare = true; break;
		case 'P': protect(optarg); break;
		default: return 2;
		}
	}
	if (!dir || chdir(dir))
		die("--dir");
	if (only_prepare) {
		prepare();
		return 0;
	}
	setup(&r);
	run_all(&r);
	return 0;
}
