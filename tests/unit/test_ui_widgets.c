/* Documents, menus, fields and the input line. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <locale.h>

#include "widget/doc.h"
#include "widget/field.h"
#include "widget/input.h"
#include "widget/menu.h"

static void fill(struct doc *d, int n)
{
	doc_reset(d, 40);
	for (int i = 0; i < n; i++) {
		char id[16];
		doc_printf(&d[0], R_TEXT, "line %d", i);
		snprintf(id, sizeof(id), "r%d", i);
		if (i % 3 == 0)
			doc_mean(d, d->lines.n - 1, id, NULL, 0);
	}
}

/* Acceptance item 19: reading up while text streams in, the view does not move; at the end it follows. */
static void follows_only_at_the_end(void **state)
{
	struct doc d = {0};
	struct doc_pos p = {.follow = true};

	(void)state;
	fill(&d, 30);
	doc_sync(&d, &p, 10);
	assert_int_equal(p.top, 20);
	fill(&d, 40);
	doc_sync(&d, &p, 10);
	assert_int_equal(p.top, 30);
	doc_page(&d, &p, -1);
	assert_false(p.follow);
	assert_int_equal(p.top, 25);
	fill(&d, 400);
	doc_sync(&d, &p, 10);
	assert_int_equal(p.top, 25);
	assert_int_equal(p.below, 365);
	doc_end(&d, &p);
	fill(&d, 500);
	doc_sync(&d, &p, 10);
	assert_int_equal(p.top, 490);
	doc_release(&d);
}

static void selection_goes_from_meaning_to_meaning(void **state)
{
	struct doc d = {0};
	struct doc_pos p = {0};

	(void)state;
	fill(&d, 30);
	doc_sync(&d, &p, 10);
	assert_string_equal(doc_selected(&d, &p)->text, "line 0");
	doc_move(&d, &p, 1);
	assert_string_equal(doc_selected(&d, &p)->text, "line 3");
	doc_move(&d, &p, -1);
	assert_string_equal(doc_selected(&d, &p)->text, "line 0");
	doc_reset(&d, 40);
	for (int i = 0; i < 5; i++)
		doc_printf(&d, R_TEXT, "before");
	for (int i = 0; i < 10; i++) {
		char id[16];
		snprintf(id, sizeof(id), "r%d", i * 3);
		doc_printf(&d, R_TEXT, "new text of %s", id);
		doc_mean(&d, d.lines.n - 1, id, NULL, 0);
	}
	doc_move(&d, &p, 1);
	doc_sync(&d, &p, 10);
	assert_non_null(doc_selected(&d, &p));
	doc_release(&d);
}

static void selection_follows_its_id(void **state)
{
	struct doc d = {0};
	struct doc_pos p = {0};

	(void)state;
	fill(&d, 30);
	doc_sync(&d, &p, 10);
	doc_move(&d, &p, 1);
	doc_move(&d, &p, 1);
	assert_string_equal(p.id, "r6");
	doc_reset(&d, 40);
	for (int i = 0; i < 20; i++)
		doc_printf(&d, R_TEXT, "inserted");
	doc_printf(&d, R_TEXT, "line 6");
	doc_mean(&d, d.lines.n - 1, "r6", NULL, 0);
	doc_sync(&d, &p, 10);
	assert_string_equal(doc_selected(&d, &p)->text, "line 6");
	doc_release(&d);
}

static void find_goes_round(void **state)
{
	struct doc d = {0};
	struct doc_pos p = {0};

	(void)state;
	fill(&d, 30);
	doc_sync(&d, &p, 10);
	assert_true(doc_find(&d, &p, SLICE("LINE 25"), 1));
	assert_int_equal(p.sel, 25);
	assert_true(p.top <= 25 && p.top + 10 > 25);
	assert_true(doc_find(&d, &p, SLICE("line 25"), 1));
	assert_false(doc_find(&d, &p, SLICE("nothing"), 1));
	doc_release(&d);
}

static void press(struct field *f, const char *text)
{
	for (; *text; text++) {
		struct key k = {.code = (unsigned char)*text, .raw = {text, 1}};
		field_key(f, &k);
	}
}

static void fields(void **state)
{
	struct field f;
	struct key left = {.code = KEY_LEFT}, paste = {.code = KEY_PASTE, .text = SLICE("a\nb")};
	struct key word = {.code = KEY_CTRL | 'w'};

	(void)state;
	field_init(&f);
	press(&f, "helo");
	field_key(&f, &left);
	press(&f, "l");
	assert_string_equal(f.text.s, "hello");
	field_key(&f, &paste);
	assert_string_equal(f.text.s, "hella bo");
	field_key(&f, &word);
	assert_string_equal(f.text.s, "hella o");
	f.no_paste = true;
	field_key(&f, &paste);
	assert_string_equal(f.text.s, "hella o");
	field_release(&f);
}

static void menus(void **state)
{
	struct menu m = {0};
	struct key two = {.code = '2', .raw = SLICE("2")}, enter = {.code = KEY_ENTER},
	           esc = {.code = KEY_ESC};
	struct key d = {.code = 'd', .raw = SLICE("d")};
	const char *why;

	(void)state;
	menu_open(&m, "t", true);
	menu_add(&m, 10, "alpha", "a", NULL);
	menu_add(&m, 11, "beta", "b", "not for your role");
	menu_add(&m, 12, "delta", "d", NULL);
	menu_ready(&m);
	assert_int_equal(menu_key(&m, &two, &why), MENU_NOTHING);
	assert_string_equal(why, "not for your role");
	assert_int_equal(menu_key(&m, &d, &why), MENU_NOTHING);
	assert_int_equal(m.shown.n, 1);
	assert_int_equal(menu_key(&m, &enter, &why), 12);
	assert_int_equal(menu_key(&m, &esc, &why), MENU_CLOSED);
	menu_close(&m);
}

/* --- the input line ---------------------------------------------------------------------------------------------------- */

static void complete(void *ctx, const char *line, const char *word, void (*add)(const char *word))
{
	(void)ctx;
	(void)line;
	if (!strncmp("203.0.113.77", word, strlen(word)))
		add("203.0.113.77");
}

static enum input_result type(const char *bytes, uint32_t code)
{
	struct key k = {.code = code, .raw = slice_of(bytes)};
	return input_key(&k);
}

static void type_text(const char *s)
{
	for (; *s; s++)
		type((char[]){*s, '\0'}, (unsigned char)*s);
}

static void readline_edits_and_never_writes(void **state)
{
	struct key paste = {.code = KEY_PASTE, .text = SLICE("one\ntwo\nthree")};
	char *line;

	(void)state;
	type_text("hello world");
	type("\027", KEY_CTRL | 'w');
	assert_string_equal(input_text(), "hello ");
	type("\001", KEY_CTRL | 'a');
	type_text(">");
	assert_string_equal(input_text(), ">hello ");
	assert_int_equal(type("\n", KEY_CTRL | 'j'), INPUT_TAKEN); /* a new line, not the end */
	assert_string_equal(input_text(), ">\nhello ");
	input_set("");
	assert_int_equal(input_key(&paste), INPUT_TAKEN); /* one edit, nothing is sent */
	assert_string_equal(input_text(), "one\ntwo\nthree");
	assert_int_equal(input_rows("ask> ", 80, 6), 3);
	type("\037", KEY_CTRL | '_'); /* undo takes it back whole */
	assert_string_equal(input_text(), "");
	type_text("show it");
	assert_int_equal(type("\r", KEY_ENTER), INPUT_SUBMIT);
	line = input_take();
	assert_string_equal(line, "show it");
	free(line);
	assert_string_equal(input_text(), "");
	type("\033OA", KEY_UP);
	assert_string_equal(input_text(), "show it");
	input_set("");
}

static void completion_is_ours(void **state)
{
	(void)state;
	type_text("who used 203");
	type("\t", KEY_TAB);
	assert_string_equal(input_text(), "who used 203.0.113.77 ");
	assert_false(input_rang());
	type_text("zzz");
	type("\t", KEY_TAB);
	assert_true(input_rang());
	input_set("");
}

static void each_case_has_its_line(void **state)
{
	(void)state;
	type_text("draft of none");
	input_switch("INC-1");
	assert_string_equal(input_text(), "");
	type_text("first");
	type("\r", KEY_ENTER);
	free(input_take());
	type_text("draft of 1");
	input_switch("INC-2");
	type("\033OA", KEY_UP);
	assert_string_equal(input_text(), ""); /* its own history is empty */
	input_switch("INC-1");
	assert_string_equal(input_text(), "draft of 1");
	input_set("");
	type("\033OA", KEY_UP);
	assert_string_equal(input_text(), "first");
	input_switch("");
	assert_string_equal(input_text(), "draft of none");
	input_set("");
}

static void the_cursor_is_drawn_where_it_is(void **state)
{
	struct surface s;
	struct buf b = BUF_INIT;

	(void)state;
	surface_init(&s, 3, 20);
	type_text("a");
	type("\n", KEY_CTRL | 'j');
	type("\xe4\xb8\xad", 0x4e2d);
	type_text("bc");
	type("\002", KEY_CTRL | 'b');
	input_draw(&s, (struct rect){0, 0, 2, 20}, "ask> ", STYLE_PLAIN, STYLE_PLAIN, true);
	assert_int_equal(s.cur_y, 1);
	assert_int_equal(s.cur_x, 5 + 2 + 1);
	surface_row(&s, 0, &b);
	assert_string_equal(b.s, "ask> a");
	buf_release(&b);
	surface_release(&s);
	input_set("");
}

static int open_input(void **state)
{
	(void)state;
	setenv("INPUTRC", "/dev/null", 1);
	input_open(complete, NULL);
	return 0;
}

static int close_input(void **state)
{
	(void)state;
	input_close();
	return 0;
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8"); /* as the console does: the line holds wide characters */
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(follows_only_at_the_end),
	        cmocka_unit_test(selection_goes_from_meaning_to_meaning),
	        cmocka_unit_test(selection_follows_its_id),
	        cmocka_unit_test(find_goes_round),
	        cmocka_unit_test(fields),
	        cmocka_unit_test(menus),
	        cmocka_unit_test(readline_edits_and_never_writes),
	        cmocka_unit_test(completion_is_ours),
	        cmocka_unit_test(each_case_has_its_line),
	        cmocka_unit_test(the_cursor_is_drawn_where_it_is),
	};
	return cmocka_run_group_tests(tests, open_input, close_input);
}
