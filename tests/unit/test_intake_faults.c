/*
 * The lake under faults: its segment files and lake.db lose in a "power cut" what was not synced, and the disk runs full. The calls
 * that a file's fate depends on are this program's own, in front of the C library's.
 */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "fault_vfs.h"
#include "intake/import.h"

static char dir[64];

/* ---- files ---- */

struct seen { /* a file that was written to, by its inode */
	ino_t ino;
	bool dirty; /* since its last sync */
	char name[32];
	bool name_synced; /* its folder was synced since it got the name */
};
static VEC(struct seen) files;
static int calls_left; /* until the power goes; 0: it stays */
static unsigned chance;
static struct disk { /* shared with parse processes */
	atomic_llong left;
} * disk;

static struct seen *seen_of(ino_t ino)
{
	struct seen *s;

	vec_each (s, &files)
		if (s->ino == ino)
			return s;
	s = vec_push(&files);
	*s = (struct seen){.ino = ino};
	return s;
}

/* Names and contents that were not synced are there or not, by chance. */
static void files_after_cut(void)
{
	char path[128];
	struct stat st;
	struct seen *s;

	vec_each (s, &files) {
		snprintf(path, sizeof(path), "%s/lake/%s", dir, s->name);
		if (!s->name[0])
			continue;
		if (!s->name_synced && rand_r(&chance) % 2)
			unlink(path);
		else if (s->dirty && stat(path, &st) == 0)
			(void)!truncate(path, st.st_size ? rand_r(&chance) % st.st_size : 0);
	}
}

static void one_call(void)
{
	if (!calls_left || --calls_left)
		return;
	files_after_cut();
	power_cut(&chance);
	_exit(0);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	struct stat st;

	one_call();
	if (disk && atomic_fetch_sub(&disk->left, (long long)n) < (long long)n) {
		errno = ENOSPC;
		return -1;
	}
	if (calls_left && fstat(fd, &st) == 0)
		seen_of(st.st_ino)->dirty = true;
	return syscall(SYS_pwrite64, fd, p, n, at);
}

static int synced(int fd, long call)
{
	struct stat st;
	struct seen *s;
	int rc;

	one_call();
	rc = (int)syscall(call, fd);
	if (rc || !calls_left || fstat(fd, &st))
		return rc;
	vec_each (s, &files) {
		s->name_synced |= S_ISDIR(st.st_mode) && s->name[0];
		s->dirty &= s->ino != st.st_ino;
	}
	return 0;
}

int fsync(int fd)
{
	return synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return synced(fd, SYS_fdatasync);
}

int linkat(int from, const char *old, int to, const char *name, int flags)
{
	struct stat st;
	struct seen *s;

	one_call();
	if (syscall(SYS_linkat, from, old, to, name, flags))
		return -1;
	if (calls_left && fstatat(to, name, &st, 0) == 0) {
		s = seen_of(st.st_ino);
		s->name_synced = false;
		snprintf(s->name, sizeof(s->name), "%s", name);
	}
	return 0;
}

/* ---- set-up ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int make_dir(void **state)
{
	struct err e;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-faults.XXXXXX");
	assert_non_null(mkdtemp(dir));
	return fields_load(&e);
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the power goes ---- */

struct ack {
	int round, n;
};

static void name_of(const struct ack *a, char uid[32])
{
	snprintf(uid, 32, "r%d-%d", a->round, a->n);
}

static int append(struct lake *l, int64_t import, const struct ack *a, struct err *e)
{
	struct lake_builder *b = lake_builder_new();
	struct lake_appended out = {0};
	struct event ev = {0};
	char uid[32], raw[64];
	int fd = lake_batch_fd(l, e), rc;

	name_of(a, uid);
	snprintf(raw, sizeof(raw), "{\"uid\":\"%s\"}", uid);
	event_reset(&ev);
	ev.dataset = "cloudtrail";
	ev.basename = SLICE("f");
	ev.uid = slice_of(uid);
	ev.has_own_uid = true;
	ev.raw = slice_of(raw);
	rc = fd < 0 || lake_builder_add(b, &ev, e) || lake_builder_finish(b, fd, e) ||
	                     lake_append(l, import, fd, &out, e)
	             ? -1
	             : 0;
	close(fd);
	event_release(&ev);
	lake_builder_free(b);
	return rc;
}

/* Appends, and compacts now and then; says over a pipe what was acknowledged. */
static void store_until_cut(int round, int ack)
{
	struct lake *l;
	struct err e;
	int64_t import;
	bool more;

	chance = (unsigned)round * 7919u + 1;
	register_vfs(true);
	calls_left = 1 + rand_r(&chance) % 150;
	if (lake_open(&l, dir, LAKE_WRITE, &e) || lake_import_begin(l, NULL, &import, &e))
		_exit(2);
	for (struct ack a = {round, 0};; a.n++) {
		if (append(l, import, &a, &e))
			_exit(3);
		(void)!write(ack, &a, sizeof(a));
		if (rand_r(&chance) % 4 == 0 && lake_compact(l, NULL, NULL, &more, &e))
			_exit(4);
	}
}

static void assert_there(struct lake *l, const struct ack *a)
{
	struct arena arena = ARENA_INIT;
	struct event ev = {0};
	struct err e = {0};
	char uid[32];
	event_id id;
	size_t n = 0;

	name_of(a, uid);
	if (lake_find_uid(l, slice_of(uid), &id, 1, &n, &e) || n != 1 ||
	    lake_get(l, id, &arena, &ev, &e))
		fail_msg("%s, found %zu times: %s", uid, n, e.what);
	assert_non_null(memmem(ev.raw.s, ev.raw.n, uid, strlen(uid)));
	event_release(&ev);
	arena_release(&arena);
}

static void no_acknowledged_event_is_lost_by_a_power_cut(void **state)
{
	int rounds = getenv("MW_LONG") ? 1000 : 40;
	VEC(struct ack) acked = {0};

	(void)state;
	for (int i = 0; i < rounds; i++) {
		struct lake *l = NULL;
		struct err e = {0};
		struct ack a;
		int p[2], status;
		assert_int_equal(pipe(p), 0);
		pid_t pid = fork();
		if (pid == 0)
			store_until_cut(i, p[1]);
		close(p[1]);
		while (read(p[0], &a, sizeof(a)) == (ssize_t)sizeof(a))
			*vec_push(&acked) = a;
		close(p[0]);
		waitpid(pid, &status, 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		if (lake_open(&l, dir, LAKE_WRITE, &e))
			fail_msg("round %d: %s", i, e.what);
		for (size_t k = 0; k < acked.n; k++)
			assert_there(l, &acked.v[k]);
		lake_close(l);
	}
	assert_true(acked.n > (size_t)rounds / 4);
	vec_free(&acked);
}

/* ---- the disk is full ---- */

static struct import_file lines_file(const char *name, int n)
{
	char path[128];
	unsigned seed = 1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < n; i++)
		fprintf(f, "{\"file\":\"%s\",\"n\":%d,\"x\":\"%08x%08x%08x\",\"pad\":\"%0600d\"}\n",
		        name, i, (unsigned)rand_r(&seed), (unsigned)rand_r(&seed),
		        (unsigned)rand_r(&seed), i);
	fclose(f);
	return (struct import_file){open(path, O_RDONLY | O_CLOEXEC), name};
}

static int64_t events_in(struct lake *l)
{
	struct err e = {0};
	cJSON *st = lake_status(l, &e);
	int64_t n = json_i64(st, "events", -1);

	cJSON_Delete(st);
	return n;
}

/* It stops taking, keeps what it has, says so, and goes on when there is space. */
static void a_full_disk_keeps_what_it_has(void **state)
{
	struct import_file small = lines_file("small.json", 100),
	                   large = lines_file("large.json", 60000);
	struct import_opts o = {.parsers = 2};
	struct import_result r = {0};
	struct err e = {0};
	struct lake *l = NULL;
	int64_t before;

	(void)state;
	disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(disk != MAP_FAILED);
	atomic_store(&disk->left, 1LL << 40);
	assert_int_equal(lake_open(&l, dir, LAKE_WRITE, &e), 0);
	assert_int_equal(import_run(l, NULL, &small, 1, &o, &r, &e), 0);
	cJSON_Delete(r.files);
	atomic_store(&disk->left, 2000000);
	assert_int_equal(import_run(l, NULL, &large, 1, &o, &r, &e), -1);
	assert_int_equal(e.code, ERR_FULL);
	assert_non_null(strstr(e.what, "free some"));
	cJSON_Delete(r.files);
	before = events_in(l);
	assert_in_range(before, 100, 60099);
	atomic_store(&disk->left, 1LL << 40);
	assert_int_equal(import_run(l, NULL, &large, 1, &o, &r, &e), 0);
	assert_int_equal(r.total.events + r.total.duplicates, 60000);
	assert_int_equal(r.total.duplicates, before - 100);
	assert_int_equal(events_in(l), 60100);
	cJSON_Delete(r.files);
	lake_close(l);
	munmap(disk, sizeof(*disk));
	disk = NULL;
	close(small.fd);
	close(large.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(no_acknowledged_event_is_lost_by_a_power_cut,
	                                        make_dir, remove_dir),
	        cmocka_unit_test_setup_teardown(a_full_disk_keeps_what_it_has, make_dir,
	                                        remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
