/* SPDX-License-Identifier: MIT
 *
 * Random arguments. There are few names and few descriptors, so that operations meet.
 */
#include "random.h"
#include "rules.h"

static const char *const top[] = { "a", "b", "c", "d", "e", "f", "l", "m", "p", "d", "e" };
static const char *const below[] = { "a", "b", "c", "d", "l", "m" };

static const char *
strange_path(struct op *o, char *buf)
{
	switch (pick(o, 9)) {
	case 0: return strcpy(buf, "");
	case 1: return strcpy(buf, ".");
	case 2: return strcpy(buf, "d/..");
	case 3: return strcpy(buf, "d/.");
	case 4: return strcpy(buf, "a/");
	case 5: return strcpy(buf, "l/");
	case 6: return strcpy(buf, "d//d/");
	case 7:
		memset(buf, 'n', 300);
		buf[254 + pick(o, 3)] = '\0';
		return buf;
	default: return strcpy(buf, "nothing/a");
	}
}

const char *
pick_path(struct op *o, char *buf)
{
	unsigned int depth = pick(o, 8);

	if (pick(o, 40) == 0) {
		strange_path(o, buf);
	} else {
		strcpy(buf, top[pick(o, ARRAY_SIZE(top))]);
		if (depth < 3) { /* names below a file fail too often to be worth it */
			buf[0] = "dddeel"[pick(o, 6)];
			buf[1] = '\0';
			sprintf(buf + 1, "/%s", below[pick(o, ARRAY_SIZE(below))]);
		}
		if (depth == 0)
			sprintf(buf + strlen(buf), "/%s", below[pick(o, ARRAY_SIZE(below))]);
		if (pick(o, 60) == 0)
			strcat(buf, "/");
	}
	say(o, strlen(buf) > 100 ? " %.3s..." : " \"%s\"", buf);
	return buf;
}

int
pick_slot(struct proc *p, struct op *o)
{
	int n = (int)pick(o, N_SLOTS);

	say(o, " #%d", n);
	return n;
}

/* Mostly one that is open. */
int
pick_fd(struct proc *p, struct op *o)
{
	int n = (int)pick(o, N_SLOTS), end = n + N_SLOTS;

	if (pick(o, 20) != 0)
		while (n < end && p->slot[n % N_SLOTS] < 0)
			n++;
	n %= N_SLOTS;
	say(o, " #%d", n);
	return p->slot[n];
}

int
pick_dirfd(struct proc *p, struct op *o)
{
	return pick(o, 4) ? AT_FDCWD : pick_fd(p, o);
}

off_t
pick_offset(struct op *o)
{
	static const off_t at[] = { 0, 0, 1, 100, 511, 4000, 4095, 4096, 4097, 8191, 8192, 12288, 12300, 20000, 40960, 65535, 65536, 131072, 0x1ff000, 0x200000,
				    0x200005, 0x140000001ll };
	off_t off = at[pick(o, pick(o, 4) ? 15 : ARRAY_SIZE(at))];

	if (pick(o, 5) == 0)
		off += pick(o, 5000);
	say(o, " @%lld", (long long)off);
	return off;
}

size_t
pick_length(struct op *o)
{
	static const size_t len[] = { 0, 1, 10, 100, 511, 512, 4095, 4096, 4097, 8192, 10000, 16384, 65536, 70000, BUF_SIZE };
	size_t n = len[pick(o, pick(o, 4) ? 11 : ARRAY_SIZE(len))];

	say(o, " n=%zu", n);
	return n;
}

unsigned int
pick_flags(struct op *o, const unsigned int *flags, unsigned int n, unsigned int chance)
{
	unsigned int f = 0;

	for (unsigned int i = 0; i < n; i++)
		if (pick(o, chance) == 0)
			f |= flags[i];
	return f;
}

void
fill(struct op *o, char *buf, size_t n)
{
	unsigned int x = o->nr * 7 + 1;

	for (size_t i = 0; i < n; i++)
		buf[i] = (char)('!' + (x + i + (i >> 12)) % 90);
}

uint32_t
hash(const void *p, size_t n)
{
	const unsigned char *c = p;
	uint32_t h = 0x811c9dc5;

	for (size_t i = 0; i < n; i++)
		h = (h ^ c[i]) * 0x01000193;
	return h;
}

/* Pages on their way from a file to itself, or that wait in a FIFO, change with the file on Linux, or not. */
bool
to_itself(struct op *o, int in, int out)
{
	struct stat a, b;

	if (!rule(RULE_TO_ITSELF) || fstat(in, &a) || fstat(out, &b) || !S_ISREG(a.st_mode))
		return false;
	if (!S_ISFIFO(b.st_mode) && (a.st_ino != b.st_ino || !S_ISREG(b.st_mode)))
		return false;
	say(o, " not done");
	return true;
}
