/* The painter against an independent terminal: whatever is drawn, in whatever order, the terminal shows the surface. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <vterm.h>

#include "base/escape.h"
#include "term/paint.h"
#include "term/width.h"

struct rig {
	struct caps caps;
	struct painter p;
	struct surface s;
	VTerm *vt;
	VTermScreen *screen;
};

static void rig_open(struct rig *r, int h, int w, const char *term)
{
	struct err e;

	assert_int_equal(caps_load(&r->caps, term, COLOUR_AUTO, &e), 0);
	painter_init(&r->p, &r->caps);
	surface_init(&r->s, h, w);
	r->vt = vterm_new(h, w);
	vterm_set_utf8(r->vt, 1);
	r->screen = vterm_obtain_screen(r->vt);
	vterm_screen_reset(r->screen, 1);
}

static void rig_close(struct rig *r)
{
	vterm_free(r->vt);
	surface_release(&r->s);
	painter_release(&r->p);
	caps_release(&r->caps);
}

/* Paints and returns the bytes that it took. */
static size_t paint(struct rig *r)
{
	size_t n;

	painter_paint(&r->p, &r->s);
	n = r->p.out.len;
	vterm_input_write(r->vt, r->p.out.s, n);
	buf_reset(&r->p.out);
	return n;
}

static void assert_same(struct rig *r)
{
	for (int y = 0; y < r->s.h; y++)
		for (int x = 0; x < r->s.w; x++) {
			const struct cell *c = surface_at(&r->s, y, x);
			VTermScreenCell v;
			uint32_t cp = ' ';
			vterm_screen_get_cell(r->screen, (VTermPos){.row = y, .col = x}, &v);
			if (!c->width)
				continue;
			utf8_decode(c->s, c->len, &cp);
			if ((v.chars[0] ? v.chars[0] : ' ') != cp)
				fail_msg("row %d column %d: U+%04X on the terminal, U+%04X wanted",
				         y, x, (unsigned)v.chars[0], (unsigned)cp);
			assert_int_equal(v.attrs.reverse, (c->style & STYLE_REVERSE) != 0);
			assert_int_equal(v.attrs.bold, (c->style & STYLE_BOLD) != 0);
		}
}

static const char *const samples[] = {"plain text",
                                      "caf\xc3\xa9",
                                      "\xe4\xb8\xad\xe6\x96\x87",
                                      "e\xcc\x81",
                                      "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
                                      "\xf0\x9f\x9a\x80",
                                      "a",
                                      "  ",
                                      "\033[2J",
                                      "\xe2\x80\xae",
                                      "\xff\xfe"};
static const style_t styles[] = {STYLE_PLAIN, STYLE_REVERSE, STYLE_BOLD, STYLE_FG(C_RED),
                                 STYLE_FG(C_RED + C_BRIGHT) | STYLE_BOLD};

static void random_pictures(void **state)
{
	struct rig r;
	unsigned seed = 7;
	int rounds = getenv("MW_LONG") ? 20000 : 1500;

	(void)state;
	rig_open(&r, 12, 30, "xterm-256color");
	for (int i = 0; i < rounds; i++) {
		if (rand_r(&seed) % 20 == 0)
			surface_clear(&r.s);
		for (int k = rand_r(&seed) % 6; k >= 0; k--)
			surf_str(&r.s, rand_r(&seed) % 13, rand_r(&seed) % 31, rand_r(&seed) % 31,
			         styles[(size_t)rand_r(&seed) % ARRAY_LEN(styles)],
			         samples[(size_t)rand_r(&seed) % ARRAY_LEN(samples)]);
		r.s.cur_y = rand_r(&seed) % 12;
		r.s.cur_x = rand_r(&seed) % 30;
		paint(&r);
		assert_same(&r);
	}
	rig_close(&r);
}

static void draw_lines(struct surface *s, int from, int top, int bottom)
{
	surface_clear(s);
	surf_str(s, 0, 0, 80, STYLE_REVERSE, "status");
	for (int y = top; y < bottom; y++)
		surf_printf(s, y, 0, 80, STYLE_PLAIN,
		            "line %d of a long text that has about sixty columns in it", from + y);
}

static void scrolling_is_cheap_and_right(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 24, 80, "xterm-256color");
	draw_lines(&r.s, 0, 2, 21);
	paint(&r);
	for (int i = 1; i < 30; i++) {
		draw_lines(&r.s, i * (i % 3 ? 1 : 2), 2, 21);
		paint(&r);
		assert_same(&r);
	}
	draw_lines(&r.s, 100, 2, 21);
	paint(&r);
	draw_lines(&r.s, 101, 2, 21);
	assert_true(paint(&r) < 120);
	draw_lines(&r.s, 100, 2, 21);
	assert_true(paint(&r) < 120);
	assert_same(&r);
	rig_close(&r);
}

static void nothing_changed_costs_nothing(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 24, 80, "xterm-256color");
	draw_lines(&r.s, 0, 2, 21);
	r.s.cur_y = 21;
	r.s.cur_x = 5;
	paint(&r);
	assert_int_equal(paint(&r), 0);
	surf_str(&r.s, 21, 5, 10, STYLE_PLAIN, "x");
	r.s.cur_x = 6;
	assert_int_equal(paint(&r), 1);
	rig_close(&r);
}

static void every_terminal_gets_the_picture(void **state)
{
	static const char *const terms[] = {"xterm-256color", "tmux-256color", "screen",
	                                    "linux",          "vt100",         "xterm"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
		struct rig r;
		rig_open(&r, 24, 80, terms[i]);
		r.s.ascii = !strcmp(terms[i], "vt100");
		draw_lines(&r.s, 0, 2, 21);
		paint(&r);
		draw_lines(&r.s, 3, 2, 21);
		paint(&r);
		assert_same(&r);
		rig_close(&r);
	}
}

static void no_colour_means_none(void **state)
{
	struct rig r;

	(void)state;
	setenv("NO_COLOR", "1", 1);
	rig_open(&r, 5, 20, "xterm-256color");
	unsetenv("NO_COLOR");
	surf_str(&r.s, 0, 0, 20, STYLE_FG(C_RED) | STYLE_BOLD, "red");
	painter_paint(&r.p, &r.s);
	assert_null(strstr(r.p.out.s, "31"));
	assert_non_null(strstr(r.p.out.s, "1m"));
	rig_close(&r);
}

static void hostile_text_is_drawn_as_text(void **state)
{
	struct surface s;
	struct buf b = BUF_INIT;

	(void)state;
	surface_init(&s, 2, 60);
	surf_str(&s, 0, 0, 60, STYLE_PLAIN,
	         "a\033]52;c;ZWNobw==\007b\xc2\x9b\x31m\xe2\x80\xae"
	         "c\nd");
	surface_dump(&s, &b);
	for (size_t i = 0; i < b.len; i++)
		assert_true(b.s[i] == '\n' || (unsigned char)b.s[i] >= 0x20);
	assert_non_null(strstr(b.s, "\\x1b"));
	assert_null(strstr(b.s, "\xe2\x80\xae"));
	assert_null(strstr(b.s, "\xc2\x9b"));
	surf_str(&s, 1, 0, 60, STYLE_PLAIN, "next row is ours");
	buf_reset(&b);
	surface_row(&s, 1, &b);
	assert_string_equal(b.s, "next row is ours");
	buf_release(&b);
	surface_release(&s);
}

static void stacked_marks_never_overflow_a_cell(void **state)
{
	struct surface s;
	struct buf b = BUF_INIT;

	(void)state;
	surface_init(&s, 1, 300);
	buf_ch(&b, 'z');
	for (int i = 0; i < 60; i++)
		buf_str(&b, "\xcc\x81");
	surf_text(&s, 0, 0, 300, STYLE_PLAIN, (struct slice){b.s, b.len});
	assert_true(surface_at(&s, 0, 0)->len <= CELL_BYTES);
	buf_reset(&b);
	surface_row(&s, 0, &b);
	assert_non_null(strstr(b.s, "\\u0301"));
	buf_release(&b);
	surface_release(&s);
}

static void a_cut_is_marked(void **state)
{
	struct surface s;
	struct buf b = BUF_INIT;

	(void)state;
	surface_init(&s, 1, 20);
	surf_cut(&s, 0, 0, 10, STYLE_PLAIN, SLICE("a long text indeed"));
	surface_row(&s, 0, &b);
	assert_string_equal(b.s, "a long t..");
	buf_release(&b);
	surface_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(random_pictures),
	        cmocka_unit_test(scrolling_is_cheap_and_right),
	        cmocka_unit_test(nothing_changed_costs_nothing),
	        cmocka_unit_test(every_terminal_gets_the_picture),
	        cmocka_unit_test(no_colour_means_none),
	        cmocka_unit_test(hostile_text_is_drawn_as_text),
	        cmocka_unit_test(stacked_marks_never_overflow_a_cell),
	        cmocka_unit_test(a_cut_is_marked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
