#include "proc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(MW_COVERAGE)
#define SANDBOX_FILTERS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_FILTERS 0
#endif
#endif
#ifndef SANDBOX_FILTERS
#define SANDBOX_FILTERS 1
#endif

#define WORKER_FILES_MAX 512

/* One table a permission; a name that this architecture does not have is skipped. */
static const char *const calls_always[] = {
        "read",
        "readv",
        "pread64",
        "preadv",
        "write",
        "writev",
        "pwrite64",
        "pwritev",
        "lseek",
        "close",
        "fstat",
        "newfstatat",
        "statx",
        "fstatfs",
        "fsync",
        "fdatasync",
        "sync_file_range",
        "ftruncate",
        "fallocate",
        "fadvise64",
        "fcntl",
        "flock",
        "dup",
        "dup2",
        "dup3",
        "memfd_create",
        "pipe",
        "pipe2",
        "eventfd2",
        "mmap",
        "munmap",
        "mremap",
        "madvise",
        "brk",
        "msync",
        "mincore",
        "futex",
        "set_robust_list",
        "get_robust_list",
        "rseq",
        "membarrier",
        "sched_yield",
        "sched_getaffinity",
        "getcpu",
        "poll",
        "ppoll",
        "select",
        "pselect6",
        "epoll_create1",
        "epoll_ctl",
        "epoll_wait",
        "epoll_pwait",
        "sendmsg",
        "recvmsg",
        "sendto",
        "recvfrom",
        "shutdown",
        "getsockopt",
        "exit",
        "exit_group",
        "rt_sigaction",
        "rt_sigprocmask",
        "rt_sigreturn",
        "sigaltstack",
        "restart_syscall",
        "tgkill",
        "getpid",
        "gettid",
        "getppid",
        "getuid",
        "geteuid",
        "getgid",
        "getegid",
        "getrandom",
        "clock_gettime",
        "clock_getres",
        "clock_nanosleep",
        "nanosleep",
        "gettimeofday",
        "time",
        "times",
        "getrusage",
        "sysinfo",
        "uname",
        "sendfile",
        "copy_file_range",
        "splice",
};
static const char *const calls_files[] = {
        "open",       "openat",   "openat2",   "access",     "faccessat", "faccessat2",
        "stat",       "lstat",    "readlink",  "readlinkat", "unlink",    "unlinkat",
        "rename",     "renameat", "renameat2", "mkdir",      "mkdirat",   "rmdir",
        "getdents64", "getcwd",   "fchmod",    "linkat",     "utimensat", "statfs",
};
static const char *const calls_fork[] = {
        "fork",
        "vfork",
        "wait4",
        "waitid",
        "kill",
        "prctl",
        "seccomp",
        "pidfd_open",
        "pidfd_send_signal",
        "socketpair",
        "landlock_create_ruleset",
        "landlock_add_rule",
        "landlock_restrict_self",
};
static const char *const calls_net[] = {
        "connect",     "bind",       "listen",   "accept4",  "getsockname",
        "getpeername", "setsockopt", "sendmmsg", "recvmmsg", "ioctl",
};

static int allow(scmp_filter_ctx f, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		int rc = nr < 0 ? 0 : seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0);
		if (rc < 0 && rc != -EEXIST)
			return rc;
	}
	return 0;
}

/* Memory that is both written and executed has no use here. */
static int allow_mprotect(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	                        SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));
}

/* Threads, not processes. glibc asks clone3 first, whose flags a filter cannot see: it is told that
 * there is none. */
static int allow_clone(scmp_filter_ctx f, bool fork)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (rc)
		return rc;
	if (fork)
		return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0);
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	                        SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

/* Only its own limits may be read, none raised. */
static int allow_prlimit(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
}

static int allow_net(scmp_filter_ctx f)
{
	static const int families[] = {AF_INET, AF_INET6, AF_NETLINK};
	int rc = allow(f, calls_net, ARRAY_LEN(calls_net));

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(families); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		                      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return rc;
}

static int enter_seccomp(unsigned flags, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (!f)
		return err_set(e, ERR_INTERNAL, "sandbox: no seccomp filter could be made");
	rc = allow(f, calls_always, ARRAY_LEN(calls_always));
	if (rc == 0)
		rc = allow_mprotect(f);
	if (rc == 0)
		rc = allow_clone(f, flags & SB_FORK);
	if (rc == 0)
		rc = allow_prlimit(f);
	if (rc == 0 && (flags & SB_FILES))
		rc = allow(f, calls_files, ARRAY_LEN(calls_files));
	if (rc == 0 && (flags & SB_FORK))
		rc = allow(f, calls_fork, ARRAY_LEN(calls_fork));
	if (rc == 0 && (flags & SB_NET))
		rc = allow_net(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	errno = -rc;
	return rc ? err_errno(e, "sandbox: seccomp") : 0;
}

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int allow_below(int ruleset, const char *dir, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	int rc;

	rule.parent_fd = open(dir, O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (rule.parent_fd < 0)
		return -1;
	rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return rc;
}

/* The file rights of Landlock's first version: what later ones add (truncate, ioctl) needs an open
 * file first. */
static int enter_landlock(unsigned flags, const char *dir, struct err *e)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs =
	                                             (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
	uint64_t below = attr.handled_access_fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	int fd, rc = 0;

	if (landlock_abi() < 1)
		return 0; /* doctor says so */
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return err_errno(e, "sandbox: Landlock");
	if ((flags & SB_FILES) && dir)
		rc = allow_below(fd, dir, below);
	if (rc == 0)
		rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	if (rc)
		err_errno(e, "sandbox: Landlock");
	close(fd);
	return rc ? -1 : 0;
}

static void set_limit(int what, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(what, &r) == 0 && (r.rlim_max == RLIM_INFINITY || r.rlim_max > most)) {
		r.rlim_cur = r.rlim_max = most;
		setrlimit(what, &r);
	}
}

void sandbox_no_dumps(void)
{
	set_limit(RLIMIT_CORE, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int sandbox_enter(unsigned flags, const char *dir, struct err *e)
{
	sandbox_no_dumps();
	set_limit(RLIMIT_NOFILE, WORKER_FILES_MAX);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_errno(e, "sandbox: no_new_privs");
	if (!SANDBOX_FILTERS)
		return 0;
	if (enter_landlock(flags, dir, e))
		return -1;
	return enter_seccomp(flags, e);
}

void sandbox_describe(struct buf *b)
{
	long abi = landlock_abi();

	if (!SANDBOX_FILTERS)
		buf_str(b, "off in this build (sanitizer or coverage)");
	else if (abi >= 1)
		buf_printf(b, "seccomp, Landlock ABI %ld", abi);
	else
		buf_str(b, "seccomp; the kernel has no Landlock, or it is off");
}
