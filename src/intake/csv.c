#include "intake/csv.h"

#define NAME_MAX_LEN 128

bool csv_balanced(struct slice text)
{
	size_t quotes = 0;

	for (const char *at = text.s, *end = text.s + text.n;
	     (at = memchr(at, '"', (size_t)(end - at))); at++)
		quotes++;
	return quotes % 2 == 0;
}

/* Takes one cell off the row; false when there is none left. *more: a comma followed. The text may go to the arena. */
static bool take_cell(struct arena *a, struct slice *row, struct slice *cell, bool *more)
{
	size_t n = 0;

	if (!*more)
		return false;
	if (row->n && *row->s == '"') {
		char *out = arena_alloc(a, row->n + 1);
		size_t len = 0, i = 1;

		for (; i < row->n; i++) {
			if (row->s[i] == '"' && (i + 1 >= row->n || row->s[i + 1] != '"'))
				break;
			i += row->s[i] == '"';
			out[len++] = row->s[i];
		}
		*cell = (struct slice){out, len};
		n = i < row->n ? i + 1 : i;
	} else {
		const char *comma = row->n ? memchr(row->s, ',', row->n) : NULL;

		n = comma ? (size_t)(comma - row->s) : row->n;
		*cell = slice_trim((struct slice){row->s, n});
	}
	while (n < row->n && row->s[n] != ',')
		n++;
	*more = n < row->n;
	n += *more;
	*row = (struct slice){row->s + n, row->n - n};
	return true;
}

static bool is_name(struct slice s)
{
	bool letter = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];

		letter = letter || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (c == '{' || c == '=' || c == '|')
			return false;
	}
	return letter && s.n <= NAME_MAX_LEN;
}

static size_t count_cells(struct slice row, bool names)
{
	struct arena a = ARENA_INIT;
	struct slice cell;
	bool more = true;
	size_t n = 0;

	while (take_cell(&a, &row, &cell, &more)) {
		if (names && !is_name(cell)) {
			n = 0;
			break;
		}
		n++;
	}
	arena_release(&a);
	return n;
}

bool csv_looks_like(struct slice head)
{
	struct slice header, row = SLICE("");

	slice_split(&head, '\n', &header);
	const char *from = head.s;
	for (struct slice line; slice_split(&head, '\n', &line);) {
		row = (struct slice){from, (size_t)(line.s + line.n - from)};
		if (csv_balanced(row))
			break;
	}
	size_t n = count_cells(slice_trim(header), true);
	return n >= 3 && slice_trim(row).n && count_cells(slice_trim(row), false) == n;
}

void csv_header(struct text_columns *c, struct leafset *s, struct slice line)
{
	struct slice cell;
	bool more = true;

	c->paths.n = 0;
	c->sep = ',';
	while (take_cell(&s->arena, &line, &cell, &more))
		*vec_push(&c->paths) = leaves_path(s, cell);
}

bool csv_row(struct leafset *s, const struct text_columns *c, struct slice row)
{
	struct slice cell;
	bool more = true;
	size_t i = 0;

	for (; i < c->paths.n && take_cell(&s->arena, &row, &cell, &more); i++)
		leaves_add(s,
		           &(struct leaf){.path = c->paths.v[i], .type = EV_STRING, .value = cell});
	return i == c->paths.n && !more;
}
