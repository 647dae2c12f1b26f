/* SPDX-License-Identifier: MIT
 *
 * execve(2). Phase one (prepare) finds and checks everything that a program may be told about: the file, "#!" lines, strings,
 * the load plans. begin_new_exec() is the point of no return: the other threads die and what does not survive exec goes. Phase
 * two, exec_load(), runs in the new address space; a failure there kills with SIGSEGV, as in Linux.
 *
 * Locks: signal->cred_guard (RANK_EXEC) around phase one, so that one thread of a group execs at a time and a tracer's attach
 * sees old or new credentials. It is waited for interruptibly, because de_thread() of the winner waits for the losers to die, and
 * it is not held over de_thread(), which waits for other threads and their tracers.
 *
 * Left out: binfmt_misc, i386 and a.out formats.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/resource.h>

#include "kernel/binprm.h"
#include "kernel/cred.h"
#include "kernel/entry.h"
#include "kernel/errno.h"
#include "mm/mm.h"
#include "syscalls/proto.h"
#include "trap/host.h"
#include "trap/request.h"
#include "trap/trap.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

#define BINPRM_DEPTH	   5		  /* scripts that name scripts */
#define IMAGE_MAX	   (16UL << 20) /* how far into a file without host descriptor headers are looked for */
#define STK_LIM		   (8UL << 20)
#define READ_IMPLIES_EXEC  0x0400000u
#define K_SIGSEGV	   11

static void
put_exec_file(struct task *t, struct file *file)
{
	if (!file)
		return;
	allow_write_access(file);
	fput(t, file);
}

void
bprm_release(struct task *t)
{
	struct linux_binprm *bprm = t->bprm;

	if (!bprm)
		return;
	t->bprm = NULL;
	put_exec_file(t, bprm->file);
	put_exec_file(t, bprm->interpreter);
	if (bprm->cred)
		put_cred(bprm->cred);
	if (bprm->mm)
		mmput(bprm->mm);
	if (bprm->interp_name != bprm->filename)
		kfree(t->k, bprm->interp_name);
	kfree(t->k, bprm->filename);
	kfree(t->k, bprm->strings);
	kfree(t->k, bprm);
}

/* What the program, and a script's interpreter, see as the name of the file: a descriptor shows as /dev/fd/N. */
static char *
exec_filename(struct task *t, int dirfd, const char *name)
{
	size_t n = strlen(name) + sizeof("/dev/fd/-2147483648/");
	char *s;

	if (dirfd == AT_FDCWD || name[0] == '/')
		return kstrndup(t->k, name, strlen(name));
	s = kmalloc(t->k, n);
	if (s)
		(void)ksnprintf(s, n, name[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd, name);
	return s;
}

static int
alloc_bprm(struct task *t, int dirfd, const char *name)
{
	struct linux_binprm *bprm = kmalloc(t->k, sizeof(*bprm));

	if (!bprm)
		return -ENOMEM;
	memset(bprm, 0, offsetof(struct linux_binprm, plan));
	bprm->t = t;
	bprm->rlim_stack = rlimit(t, RLIMIT_STACK);
	t->bprm = bprm;
	bprm->filename = bprm->interp_name = exec_filename(t, dirfd, name);
	if (!bprm->filename)
		return -ENOMEM;
	bprm->path_inaccessible = dirfd != AT_FDCWD && name[0] != '/' && get_close_on_exec(t, dirfd);
	return 0;
}

/* One call for all that has to be unpredictable. */
static int
get_random(struct linux_binprm *bprm)
{
	struct {
		uint8_t at_random[16];
		uint64_t load, stack;
	} r;
	int64_t n;

	do
		n = host_call3(__NR_getrandom, &r, sizeof(r), 0);
	while (n == -EINTR);
	if (n != sizeof(r))
		return -EIO;
	memcpy(bprm->random, r.at_random, sizeof(bprm->random));
	bprm->load_random = r.load;
	bprm->stack_random = r.stack;
	return 0;
}

/* A program that cannot be read must not be dumped or looked at through /proc either. */
static void
would_dump(struct linux_binprm *bprm, struct file *file)
{
	if (inode_permission(bprm->t, file->f_inode, MAY_READ))
		bprm->nondump = true;
}

/* An interpreter. An empty name is the working directory here, which cannot be executed: only names of programs may not be empty. */
static struct file *
open_exec(struct task *t, const char *path)
{
	struct filename *name = getname_kernel(t, path);
	struct file *file;

	if (IS_ERR(name))
		return (struct file *)name;
	file = do_open_execat(t, AT_FDCWD, name, AT_EMPTY_PATH);
	putname(name);
	return file;
}

static int
read_head(struct linux_binprm *bprm)
{
	int64_t pos = 0, n;

	memset(bprm->buf, 0, sizeof(bprm->buf));
	n = kernel_read(bprm->t, bprm->file, bprm->buf, sizeof(bprm->buf), &pos);
	return n < 0 ? (int)n : 0;
}

/* The first @n bytes of a file that the supervisor cannot read by itself. */
static int
plan_from_image(struct task *t, struct file *file, size_t n, struct load_plan *plan)
{
	char *image = kmalloc(t->k, n);
	int64_t pos = 0, got = 0, r;
	int err;

	if (!image)
		return -ENOMEM;
	do {
		r = kernel_read(t, file, image + got, n - (size_t)got, &pos);
		got += r > 0 ? r : 0;
	} while (r > 0 && (size_t)got < n);
	err = r < 0 ? (int)r : t->k->super->load_plan(t->k, HFD_NONE, 0, image, (size_t)got, plan);
	kfree(t->k, image);
	if (err == -EAGAIN && ((size_t)got < n || plan->need > IMAGE_MAX))
		err = plan->need_error;
	return err;
}

static int
load_plan_of(struct task *t, struct file *file, struct load_plan *plan)
{
	hfd_t fd = file_host_fd(file);
	size_t n = PAGE_SIZE;
	int err;

	if (fd.fd >= 0)
		return t->k->super->load_plan(t->k, fd, 0, NULL, 0, plan);
	do {
		err = plan_from_image(t, file, n, plan);
		if (err != -EAGAIN || plan->need <= n)
			break;
		n = plan->need;
	} while (true);
	return err == -EAGAIN ? -ENOEXEC : err;
}

/* The path in PT_INTERP, in memory of its own if it is a long one. */
static int
open_interpreter(struct linux_binprm *bprm)
{
	const struct load_plan *plan = &bprm->plan;
	struct task *t = bprm->t;
	char *path = NULL;
	struct file *file;
	int64_t pos, n;

	if (plan->interp_len > sizeof(plan->interp)) {
		path = kmalloc(t->k, plan->interp_len);
		if (!path)
			return -ENOMEM;
		pos = (int64_t)plan->interp_off;
		n = kernel_read(t, bprm->file, path, plan->interp_len, &pos);
		if (n != (int64_t)plan->interp_len || path[plan->interp_len - 1]) {
			kfree(t->k, path);
			return -EIO;
		}
	}
	file = open_exec(t, path ? path : plan->interp);
	kfree(t->k, path);
	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	bprm->interpreter = file;
	would_dump(bprm, file);
	return 0;
}

static int
load_elf_plans(struct linux_binprm *bprm)
{
	struct task *t = bprm->t;
	int err = load_plan_of(t, bprm->file, &bprm->plan);

	if (!err && bprm->plan.wrong_type)
		err = -ENOEXEC;
	if (err || !bprm->plan.has_interp)
		return err;
	err = open_interpreter(bprm);
	if (err)
		return err;
	err = load_plan_of(t, bprm->interpreter, &bprm->interp_plan);
	if (err == -ENOEXEC)
		err = bprm->interpreter->f_inode->i_size < 64 ? -EIO : -ELIBBAD;
	return err;
}

/* The script's interpreter takes its place: "interp [arg] script", then the script's own arguments. */
static int
enter_script(struct linux_binprm *bprm)
{
	struct task *t = bprm->t;
	const char *strings[3];
	char *name, *arg, *copy;
	struct file *file;
	int n = 0, err = bprm_parse_script(bprm->buf, &name, &arg);

	if (err)
		return err;
	if (bprm->path_inaccessible)
		return -ENOENT;
	strings[n++] = name;
	if (arg)
		strings[n++] = arg;
	strings[n++] = bprm->interp_name;
	err = bprm_replace_arg0(bprm, strings, n);
	if (err)
		return err;
	copy = kstrndup(t->k, name, strlen(name));
	if (!copy)
		return -ENOMEM;
	if (bprm->interp_name != bprm->filename)
		kfree(t->k, bprm->interp_name);
	bprm->interp_name = copy;
	file = open_exec(t, copy);
	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	would_dump(bprm, bprm->file);
	put_exec_file(t, bprm->file);
	bprm->file = file;
	return 0;
}

static int
search_binary_handler(struct linux_binprm *bprm)
{
	for (int depth = 0;; depth++) {
		int err;

		if (depth > BINPRM_DEPTH)
			return -ELOOP;
		err = read_head(bprm);
		if (err)
			return err;
		if (bprm->buf[0] != '#' || bprm->buf[1] != '!')
			return load_elf_plans(bprm);
		err = enter_script(bprm);
		if (err)
			return err;
	}
}

/* cred_guard, given up for a signal: whoever holds it may be waiting for us to die. */
static int
lock_cred_guard(struct task *t) __no_thread_safety
{
	struct signal_struct *sig = t->signal;

	if (mutex_trylock(&sig->cred_guard))
		return 0;
	return wait_event_interruptible(t, &sig->wait_chldexit, mutex_trylock(&sig->cred_guard)) ? -ERESTARTNOINTR : 0;
}

static void
unlock_cred_guard(struct task *t) __no_thread_safety
{
	mutex_unlock(&t->signal->cred_guard);
	wake_up_all(&t->signal->wait_chldexit);
}

static int
prepare(struct task *t, int dirfd, struct filename *name, const struct user_arg_ptr *argv, const struct user_arg_ptr *envp,
	int flags)
{
	struct linux_binprm *bprm;
	struct file *file;
	int err = alloc_bprm(t, dirfd, name->name);

	if (err)
		return err;
	bprm = t->bprm;
	err = bprm_copy_strings(bprm, argv, envp);
	if (err)
		return err;
	file = do_open_execat(t, dirfd, name, flags);
	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	bprm->file = file;
	err = search_binary_handler(bprm);
	if (err)
		return err;
	would_dump(bprm, bprm->file);
	err = bprm_make_creds(bprm);
	if (err)
		return err;
	bprm->mm = mm_alloc(t->k);
	return bprm->mm ? get_random(bprm) : -ENOMEM;
}

/* The new, empty address space. The old one's last words (robust futexes, a vfork parent) are said while it is still there. */
static void
exec_mmap(struct linux_binprm *bprm)
{
	struct task *t = bprm->t;
	struct mm *old = t->mm;

	mm_release(t);
	bprm->host_mm_reusable = old && mm_host_reusable(old);
	set_mm_exe_file(bprm->mm, bprm->file);
	bprm->mm->dumpable = !bprm->nondump && bprm->cred->euid == bprm->cred->uid && bprm->cred->egid == bprm->cred->gid;
	bprm->mm->mdwe = old ? inherited_mdwe(old) : 0;
	mutex_lock(&t->alloc_lock);
	t->mm = bprm->mm;
	mutex_unlock(&t->alloc_lock);
	bprm->mm = NULL;
	if (old)
		mmput(old);
	t->clear_child_tid = UNULL;
	t->robust_list = UNULL;
}

static int
install_exec_creds(struct linux_binprm *bprm) __no_thread_safety
{
	struct task *t = bprm->t;
	int err;

	mutex_lock(&t->signal->cred_guard);
	err = bprm_make_creds(bprm); /* a tracer may have come since */
	if (!err) {
		struct cred *cred = bprm->cred;

		bprm->cred = NULL;
		if (bprm->secureexec) {
			t->pdeath_signal = 0;
			t->signal->rlim[RLIMIT_STACK].cur = MIN(t->signal->rlim[RLIMIT_STACK].cur, STK_LIM);
		}
		commit_creds(t, cred);
	}
	unlock_cred_guard(t);
	return err;
}

static const char *
kbasename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int
begin_new_exec(struct linux_binprm *bprm)
{
	struct task *t = bprm->t;
	int err = unshare_files(t);

	if (err)
		return err;
	exec_mmap(bprm);
	note_own_usage(t); /* another host thread may take over, whose clock counts from zero */
	exit_itimers(t);
	t->flags &= ~PF_FORKNOEXEC;
	t->personality &= ~(bprm->per_clear | READ_IMPLIES_EXEC);
	do_close_on_exec(t);
	t->sas_ss_sp = t->sas_ss_size = 0;
	set_task_comm(t, kbasename(bprm->filename));
	t->self_exec_id++;
	flush_signal_handlers(t);
	return install_exec_creds(bprm);
}

/* From here on the old program is gone: errors kill. */
static void
commit_exec(struct task *t)
{
	struct linux_binprm *bprm = t->bprm;
	int err = begin_new_exec(bprm);

	if (!err)
		err = t->k->trap->exec(t, bprm);
	if (!err && memcmp(t->cpu_affinity, t->k->params.affinity, sizeof(t->cpu_affinity)) != 0)
		ignore_err(t->k->super->set_affinity(t->k, t->host_tid, t->cpu_affinity, sizeof(t->cpu_affinity)),
			   "it has a new host thread; the CPUs may have been taken from the instance");
	if (err)
		force_fatal_sig(t, K_SIGSEGV);
}

static int64_t
do_execveat_common(struct task *t, int dirfd, struct filename *name, const struct user_arg_ptr *argv,
		   const struct user_arg_ptr *envp, int flags)
{
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) {
		putname(name);
		return -EINVAL;
	}
	/* setrlimit(2): set*uid does not fail for too many processes, but running another program then does. */
	err = (t->flags & PF_NPROC_EXCEEDED) && nproc_exceeded(t, t->cred) ? -EAGAIN : 0;
	if (!err)
		t->flags &= ~PF_NPROC_EXCEEDED;
	if (!err)
		err = lock_cred_guard(t);
	if (!err) {
		err = prepare(t, dirfd, name, argv, envp, flags);
		unlock_cred_guard(t);
	}
	putname(name);
	if (!err)
		err = de_thread(t);
	if (!err)
		commit_exec(t);
	bprm_release(t);
	return err ? err : SYSCALL_REGS_SET;
}

int64_t
do_execve(struct task *t, int dirfd, uaddr_t path, uaddr_t argv, uaddr_t envp, int flags)
{
	struct user_arg_ptr a = { .user = argv }, e = { .user = envp };

	return do_execveat_common(t, dirfd, getname_flags(t, path, (flags & AT_EMPTY_PATH) != 0), &a, &e, flags);
}

int64_t
do_execve_kernel(struct task *t, const char *path, const char *const *argv, const char *const *envp)
{
	struct user_arg_ptr a = { .kernel = argv, .is_kernel = true }, e = { .kernel = envp, .is_kernel = true };

	return do_execveat_common(t, AT_FDCWD, getname_kernel(t, path), &a, &e, 0);
}
