#include "view/table_lines.h"

#include "base/json.h"
#include "model/say.h"
#include "term/width.h"

#define COLUMNS_MAX 16
#define COLUMN_LEAST 6
#define GAP 2
#define BAR_LEAST 8
#define BAR_MOST 40

struct layout {
	int w[COLUMNS_MAX];
	bool number[COLUMNS_MAX];
	int n, ids;  /* ids: columns of " [e123]" at the right */
	int bar;     /* columns of the longest bar, 0: none */
	double peak; /* that it stands for */
};

static void say_cell(struct buf *b, const cJSON *cell)
{
	mw_time t;

	if (cJSON_IsString(cell) && mw_time_parse(slice_of(cell->valuestring), &t) &&
	    strchr(cell->valuestring, 'T'))
		say_day_clock(b, t);
	else if (cJSON_IsArray(cell) && cell->child && !cell->child->next)
		say_cell(b, cell->child);
	else if (cJSON_IsArray(cell) && !cell->child)
		buf_ch(b, '-');
	else
		say_value(b, cell);
}

static void measure(struct layout *l, const cJSON *row)
{
	struct buf b = BUF_INIT;
	const cJSON *cell;
	int i = 0;

	cJSON_ArrayForEach(cell, json_arr(row, "cells"))
	{
		int w;
		if (i == l->n)
			break;
		buf_reset(&b);
		say_cell(&b, cell);
		w = text_width((struct slice){b.s, b.len});
		l->w[i] = w > l->w[i] ? w : l->w[i];
		l->number[i] = cJSON_IsNumber(cell);
		if (l->number[i] && cell->valuedouble > l->peak)
			l->peak = cell->valuedouble;
		i++;
	}
	if (row_evidence(row)) {
		buf_reset(&b);
		say_ids(&b, row_evidence(row), 1);
		l->ids = (int)b.len - 1 > l->ids ? (int)b.len - 1
		                                 : l->ids; /* its blank is of the gap */
	}
	buf_release(&b);
}

static int total(const struct layout *l)
{
	int sum = GAP * (l->n - 1) + (l->ids ? GAP + l->ids : 0);

	for (int i = 0; i < l->n; i++)
		sum += l->w[i];
	return sum;
}

static void shrink(struct layout *l, int room)
{
	for (int over = total(l) - room; over > 0; over--) {
		int widest = 0;
		for (int i = 1; i < l->n; i++)
			if (l->w[i] > l->w[widest])
				widest = i;
		if (l->n == 0 || l->w[widest] <= COLUMN_LEAST)
			return;
		l->w[widest]--;
	}
}

static bool by_time(const cJSON *table)
{
	const cJSON *columns = json_arr(table, "columns");

	return !strcmp(json_str(cJSON_GetArrayItem(columns, 0), "name", ""), "time");
}

static void lay_out(struct layout *l, const cJSON *table, size_t most, int room)
{
	const cJSON *c, *row;
	size_t n = 0;

	cJSON_ArrayForEach(c, json_arr(table, "columns"))
	{
		if (l->n < COLUMNS_MAX)
			l->w[l->n++] = text_width(slice_of(json_str(c, "label", "?")));
	}
	cJSON_ArrayForEach(row, json_arr(table, "rows"))
	{
		if (n++ == most)
			break;
		measure(l, row);
	}
	shrink(l, room);
	if (l->n == 2 && l->number[1] && by_time(table) && room - total(l) >= BAR_LEAST)
		l->bar = room - total(l) - GAP > BAR_MOST ? BAR_MOST : room - total(l) - GAP;
}

/* Names tell by their ends as well as by their beginnings, so the middle goes. */
static void put_cut(struct buf *b, struct slice s, int w)
{
	int tail = (w - 2) / 2, used, have = text_width(s);
	size_t n;

	if (have <= w) {
		buf_add(b, s.s, s.n);
		return;
	}
	n = text_prefix(s, w - 2 - tail, &used);
	buf_add(b, s.s, n);
	buf_str(b, "..");
	n = text_prefix(s, have - tail, NULL);
	buf_add(b, s.s + n, s.n - n);
}

static void put_cell(struct buf *b, struct slice s, int w, bool right, bool last)
{
	int pad = w - text_width(s);

	for (; right && pad > 0; pad--)
		buf_ch(b, ' ');
	put_cut(b, s, w);
	for (; !last && pad > 0; pad--)
		buf_ch(b, ' ');
	for (int i = 0; !last && i < GAP; i++)
		buf_ch(b, ' ');
}

static void header_line(struct doc *d, int indent, const struct layout *l, const cJSON *table)
{
	struct buf b = BUF_INIT;
	const cJSON *c;
	int i = 0;

	buf_printf(&b, "%*s", indent, "");
	cJSON_ArrayForEach(c, json_arr(table, "columns"))
	{
		if (i == l->n)
			break;
		put_cell(&b, slice_of(json_str(c, "label", "?")), l->w[i], l->number[i],
		         i + 1 == l->n);
		i++;
	}
	doc_add(d, R_HEAD, (struct slice){b.s, b.len});
	buf_release(&b);
}

static void put_bar(struct buf *b, const struct layout *l, double count)
{
	int n = l->peak > 0 && count > 0 ? (int)(count * l->bar / l->peak + 0.5) : 0;

	for (int i = 0; i < n; i++)
		buf_str(b, i ? "#" : "  #");
}

static void row_line(struct doc *d, int indent, const struct layout *l, const cJSON *row)
{
	struct buf b = BUF_INIT, cell = BUF_INIT;
	const cJSON *c;
	int i = 0;

	buf_printf(&b, "%*s", indent, "");
	cJSON_ArrayForEach(c, json_arr(row, "cells"))
	{
		if (i == l->n)
			break;
		buf_reset(&cell);
		say_cell(&cell, c);
		put_cell(&b, (struct slice){cell.s, cell.len}, l->w[i], l->number[i],
		         i + 1 == l->n && !l->ids);
		i++;
	}
	if (l->ids && b.len && b.s[b.len - 1] == ' ') /* say_ids begins with one */
		b.len--;
	if (l->bar && i == 2)
		put_bar(&b, l, cJSON_GetArrayItem(json_arr(row, "cells"), 1)->valuedouble);
	say_ids(&b, row_evidence(row), 1);
	doc_add(d, R_TEXT, (struct slice){b.s, b.len});
	buf_release(&cell);
	buf_release(&b);
}

size_t table_lines(struct doc *d, int indent, const cJSON *table, size_t most, int kind)
{
	struct layout l = {0};
	const cJSON *row;
	size_t n = 0;

	lay_out(&l, table, most, d->width - indent);
	header_line(d, indent, &l, table);
	cJSON_ArrayForEach(row, json_arr(table, "rows"))
	{
		if (n == most)
			break;
		row_line(d, indent, &l, row);
		doc_mean(d, d->lines.n - 1, json_str(row, "id", NULL), row, kind);
		n++;
	}
	return n;
}
