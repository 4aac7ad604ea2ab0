/* Cutting the files of an import into units. */
#include <sys/stat.h>
#include <unistd.h>

#include "intake/import_int.h"
#include "intake/utf16.h"

#define SPLIT_LEAST (8u * 1024 * 1024) /* shorter ranges cost more than they gain */
#define GZIP_RATIO 10                  /* guessed, for the size of a unit only */
#define PIECE (256 * 1024)

/* The start of the first line at or after `at`. */
static uint64_t line_start(int fd, uint64_t at, uint64_t size)
{
	char *piece = xmalloc(PIECE);
	ssize_t n;

	at--;
	while (at < size && (n = pread(fd, piece, PIECE, (off_t)at)) > 0) {
		const char *nl = memchr(piece, '\n', (size_t)n);
		if (nl) {
			at += (uint64_t)(nl - piece) + 1;
			break;
		}
		at += (uint64_t)n;
	}
	free(piece);
	return at < size ? at : size;
}

uint64_t import_count_lines(int fd, uint64_t from, uint64_t to)
{
	char *piece = xmalloc(PIECE);
	uint64_t lines = 0;
	ssize_t n = 1;

	while (from < to && n > 0) {
		n = pread(fd, piece, to - from < PIECE ? to - from : PIECE, (off_t)from);
		for (const char *p = piece; n > 0 && (p = memchr(p, '\n', (size_t)(piece + n - p)));
		     p++)
			lines++;
		from += n > 0 ? (uint64_t)n : 0;
	}
	free(piece);
	return lines;
}

static bool is_gzip(struct slice head)
{
	return head.n > 2 && memcmp(head.s, "\x1f\x8b", 2) == 0;
}

static bool is_utf16(struct slice head)
{
	struct utf16 u;

	return utf16_begin(&u, head);
}

static bool may_split(const struct import_file *f, uint64_t size)
{
	char *head = xmalloc(INTAKE_HEAD);
	ssize_t n = size > 2 * SPLIT_LEAST ? pread(f->fd, head, INTAKE_HEAD, 0) : 0;
	struct slice s = {head, n > 0 ? (size_t)n : 0};
	const struct intake_format *format =
	        s.n && !is_gzip(s) && !is_utf16(s)
	                ? intake_detect(s, import_base_name(f->name), NULL)
	                : NULL;

	free(head);
	return format && intake_format_splittable(format);
}

static void add_ranges(struct import_units *u, size_t file, int fd, uint64_t size, uint64_t target,
                       int parsers)
{
	uint64_t n = (size + target - 1) / target, from = 0;

	n = (n + (uint64_t)parsers - 1) / (uint64_t)parsers * (uint64_t)parsers;
	for (uint64_t i = 1; i <= n && from < size; i++) {
		uint64_t to = i == n ? size : line_start(fd, size / n * i, size);
		if (to <= from)
			continue;
		struct unit *unit = vec_push(u);
		*vec_push(&unit->files) = (struct unit_file){file, from, to, 0};
		unit->bytes = to - from;
		from = to;
	}
}

static void add_whole(struct import_units *u, size_t file, uint64_t first_line, uint64_t weight,
                      uint64_t target)
{
	struct unit *unit = u->n ? &u->v[u->n - 1] : NULL;

	/* Joins the unit before it, unless that is full or a range. */
	if (!unit || unit->bytes + weight > target || unit->files.v[0].to)
		// NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): vec_grow returns memory
		unit = vec_push(u);
	*vec_push(&unit->files) = (struct unit_file){file, 0, 0, first_line};
	unit->bytes += weight;
}

static uint64_t weight_of(int fd, uint64_t *size)
{
	struct stat st;
	char two[3] = "";

	*size = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return pread(fd, two, 3, 0) == 3 && is_gzip((struct slice){two, 3}) ? *size * GZIP_RATIO
	                                                                    : *size;
}

uint64_t import_cut(const struct import_file *files, size_t n, const uint64_t *lines, int parsers,
                    struct import_units *u)
{
	uint64_t total = 0, bytes = 0, size, target;

	for (size_t i = 0; i < n; i++) {
		total += weight_of(files[i].fd, &size);
		bytes += size;
	}
	target = total / (2 * (uint64_t)parsers);
	target = target < SPLIT_LEAST        ? SPLIT_LEAST
	         : target > LAKE_BATCH_BYTES ? LAKE_BATCH_BYTES
	                                     : target;
	for (size_t i = 0; i < n; i++) {
		uint64_t weight = weight_of(files[i].fd, &size);
		if (may_split(&files[i], size))
			add_ranges(u, i, files[i].fd, size, target, parsers);
		else
			add_whole(u, i, lines ? lines[i] : 0, weight + 1, target);
	}
	return bytes;
}
