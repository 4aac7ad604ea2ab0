/* Keys from bytes, and the one table of actions. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <math.h>

#include "keys/keys.h"
#include "term/key.h"
#include "term/theme.h"

static void one(struct decoder *d, const char *bytes, bool expired, uint32_t code)
{
	struct key k = {0};

	decoder_feed(d, bytes, strlen(bytes));
	assert_true(decoder_next(d, expired, &k));
	if (k.code != code)
		fail_msg("\"%s\" gave 0x%x, not 0x%x", bytes, k.code, code);
	assert_false(decoder_next(d, expired, &k));
}

static void keys_of_terminals(void **state)
{
	struct decoder d;

	(void)state;
	decoder_init(&d);
	one(&d, "a", false, 'a');
	one(&d, "\xc3\xa9", false, 0xe9);
	one(&d, "\033[A", false, KEY_UP);
	one(&d, "\033OA", false, KEY_UP);
	one(&d, "\033[5~", false, KEY_PGUP);
	one(&d, "\033[1;5C", false, KEY_RIGHT | KEY_CTRL);
	one(&d, "\033f", false, KEY_ALT | 'f');
	one(&d, "\033\r", false, KEY_ALT | KEY_ENTER);
	one(&d, "\020", false, KEY_CTRL | 'p');
	one(&d, "\n", false, KEY_CTRL | 'j');
	one(&d, "\033", true, KEY_ESC);
	one(&d, "\033[<65;10;5M", false, KEY_WHEEL_DOWN);
	one(&d, "\033[999z", false, KEY_UNKNOWN);
	one(&d, "\033]11;rgb:ffff/ffff/ffff\033\\", false, KEY_LIGHT);
	one(&d, "\033]11;rgb:00/00/00\007", false, KEY_DARK);
	decoder_release(&d);
}

static void a_sequence_may_come_in_pieces(void **state)
{
	struct decoder d;
	struct key k;

	(void)state;
	decoder_init(&d);
	decoder_feed(&d, "\033", 1);
	assert_false(decoder_next(&d, false, &k));
	assert_true(decoder_waiting(&d));
	decoder_feed(&d, "[6", 2);
	assert_false(decoder_next(&d, false, &k));
	decoder_feed(&d, "~", 1);
	assert_true(decoder_next(&d, false, &k));
	assert_int_equal(k.code, KEY_PGDN);
	decoder_release(&d);
}

static void a_paste_is_one_event(void **state)
{
	struct decoder d;
	struct key k;
	static const char bytes[] = "\033[200~one\r\ntwo\033[Ax\rthree\033[201~q";

	(void)state;
	decoder_init(&d);
	for (size_t i = 0; i < sizeof(bytes) - 2; i++) { /* a byte at a time */
		decoder_feed(&d, bytes + i, 1);
		if (i < sizeof(bytes) - 3)
			assert_false(decoder_next(&d, false, &k));
	}
	assert_true(decoder_next(&d, false, &k));
	assert_int_equal(k.code, KEY_PASTE);
	assert_int_equal(k.text.n, strlen("one\ntwo\033[Ax\nthree"));
	assert_memory_equal(k.text.s, "one\ntwo\033[Ax\nthree", k.text.n);
	decoder_feed(&d, "q", 1);
	assert_true(decoder_next(&d, false, &k));
	assert_int_equal(k.code, 'q');
	decoder_release(&d);
}

static void random_bytes_end(void **state)
{
	struct decoder d;
	struct key k;
	unsigned seed = 3;

	(void)state;
	decoder_init(&d);
	for (int i = 0; i < 20000; i++) {
		char c = (char)(rand_r(&seed) % 7 ? rand_r(&seed) : "\033[O]~;"[rand_r(&seed) % 6]);
		decoder_feed(&d, &c, 1);
		while (decoder_next(&d, rand_r(&seed) % 9 == 0, &k))
			;
	}
	decoder_release(&d);
}

static void names_and_back(void **state)
{
	static const char *const names[] = {"Enter", "Esc",   "Ctrl-P", "Alt-Enter", "PgDn",
	                                    "j",     "Space", "F1",     "?",         "Ctrl-Space"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		uint32_t code;
		char back[24];
		assert_true(key_parse(slice_of(names[i]), &code));
		key_name(code, back);
		assert_string_equal(back, names[i]);
	}
}

/* Every key of the table can be read, nothing is on two keys of one screen, and nothing needs a function key. */
static void the_table_is_sound(void **state)
{
	struct keymap m;

	(void)state;
	keymap_default(&m);
	for (int a = 1; a < ACT_COUNT; a++) {
		struct slice rest = slice_of(actions[a].keys), key;
		bool only_f = rest.n > 0;
		assert_true(actions[a].name[0] && actions[a].effect[0] && actions[a].contexts);
		for (int i = 0; rest.n && slice_split(&rest, ' ', &key); i++) {
			uint32_t code;
			assert_true(key_parse(key, &code));
			assert_int_equal(m.key[a][i], code);
			only_f = only_f && code >= KEY_F1 && code <= KEY_F12;
			for (int b = 1; b < a; b++)
				for (int k = 0; k < ACTION_KEYS_MAX; k++)
					if (m.key[b][k] == code &&
					    actions[a].contexts == actions[b].contexts)
						fail_msg("%s and %s share a key", actions[a].name,
						         actions[b].name);
		}
		assert_false(only_f);
	}
	for (unsigned c = 1; c < CX_ANY; c <<= 1) {
		assert_int_equal(keymap_find(&m, c, '?'), ACT_HELP);
		assert_int_equal(keymap_find(&m, c, ':'), ACT_PALETTE);
		assert_int_equal(keymap_find(&m, c, KEY_ESC), ACT_BACK);
	}
}

static void hints_fit_and_keep_palette_and_help(void **state)
{
	struct keymap m;

	(void)state;
	keymap_default(&m);
	for (unsigned c = 1; c < CX_ANY; c <<= 1)
		for (int w = 60; w <= 200; w += 20) {
			struct buf b = BUF_INIT;
			keys_hints(&m, c, w, NULL, NULL, &b);
			assert_true(b.len <= (size_t)w);
			assert_non_null(strstr(b.s, ": palette"));
			assert_non_null(strstr(b.s, "? help"));
			buf_release(&b);
		}
}

static void a_keymap_file(void **state)
{
	struct keymap m;
	struct err e;

	(void)state;
	keymap_default(&m);
	assert_int_equal(
	        keymap_load(&m, SLICE("timeline: F5\nquit: [\"Ctrl-Q\", Q]\n"), "k.yaml", &e), 0);
	assert_int_equal(keymap_find(&m, CX_CARD, KEY_F1 + 4), ACT_TIMELINE);
	assert_int_equal(keymap_find(&m, CX_CARD, 't'), ACT_NONE);
	assert_int_equal(keymap_load(&m, SLICE("timelime: x\n"), "k.yaml", &e), -1);
	assert_non_null(strstr(e.what, "k.yaml:1"));
	assert_non_null(strstr(e.what, "timeline"));
	assert_int_equal(keymap_load(&m, SLICE("quit: nokey\n"), "k.yaml", &e), -1);
	assert_int_equal(keymap_load(&m, SLICE("help: j\n"), "k.yaml", &e), -1);
}

static void texts_name_every_action(void **state)
{
	struct buf man = BUF_INIT, sample = BUF_INIT;
	struct keymap m;
	struct err e;

	(void)state;
	keys_man(&man);
	keys_sample(&sample);
	for (int a = 1; a < ACT_COUNT; a++) {
		assert_non_null(strstr(man.s, actions[a].name));
		assert_non_null(strstr(sample.s, actions[a].name));
	}
	keymap_default(&m);
	assert_int_equal(keymap_load(&m, (struct slice){sample.s, sample.len}, "sample", &e), 0);
	buf_release(&man);
	buf_release(&sample);
}

/* --- themes: WCAG contrast of each named colour in the palettes of xterm and the Linux console -------------------------- */

static const unsigned palettes[2][16] = {
        {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5, 0x7f7f7f,
         0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff},
        {0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa, 0x555555,
         0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff}};

static double channel(unsigned v)
{
	double c = v / 255.0;
	return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(unsigned rgb)
{
	return 0.2126 * channel(rgb >> 16) + 0.7152 * channel(rgb >> 8 & 255) +
	       0.0722 * channel(rgb & 255);
}

static double contrast(unsigned a, unsigned b)
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
	return x > y ? x / y : y / x;
}

static void themes_have_contrast(void **state)
{
	(void)state;
	for (int t = 0; t < THEME_COUNT; t++)
		for (int r = 0; r < R_COUNT_; r++)
			for (int p = 0; p < 2; p++) {
				style_t st = themes[t].role[r];
				unsigned paper = t == THEME_LIGHT ? 0xffffff : 0x000000,
				         ink = paper ^ 0xffffff;
				unsigned fg = style_fg(st) >= 0 ? palettes[p][style_fg(st)] : ink;
				unsigned bg = style_bg(st) >= 0 ? palettes[p][style_bg(st)] : paper;
				if (contrast(fg, bg) < 4.5)
					fail_msg("theme %s, role %d, palette %d: contrast %.2f",
					         themes[t].name, r, p, contrast(fg, bg));
			}
}

static void mono_has_no_colour(void **state)
{
	(void)state;
	for (int r = 0; r < R_COUNT_; r++)
		assert_int_equal(themes[THEME_MONO].role[r] & STYLE_COLOURS, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(keys_of_terminals),
	        cmocka_unit_test(a_sequence_may_come_in_pieces),
	        cmocka_unit_test(a_paste_is_one_event),
	        cmocka_unit_test(random_bytes_end),
	        cmocka_unit_test(names_and_back),
	        cmocka_unit_test(the_table_is_sound),
	        cmocka_unit_test(hints_fit_and_keep_palette_and_help),
	        cmocka_unit_test(a_keymap_file),
	        cmocka_unit_test(texts_name_every_action),
	        cmocka_unit_test(themes_have_contrast),
	        cmocka_unit_test(mono_has_no_colour),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
