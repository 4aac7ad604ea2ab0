#include "term/key.h"

#include <ctype.h>

#include "base/escape.h"

struct named {
	const char *name;
	uint32_t code;
};
/* The first name of a code is the one that is shown. */
static const struct named names[] = {
        {"Enter", KEY_ENTER},
        {"Esc", KEY_ESC},
        {"Tab", KEY_TAB},
        {"Space", KEY_SPACE},
        {"Backspace", KEY_BACKSPACE},
        {"Up", KEY_UP},
        {"Down", KEY_DOWN},
        {"Left", KEY_LEFT},
        {"Right", KEY_RIGHT},
        {"Home", KEY_HOME},
        {"End", KEY_END},
        {"PgUp", KEY_PGUP},
        {"PgDn", KEY_PGDN},
        {"Ins", KEY_INS},
        {"Del", KEY_DEL},
        {"Shift-Tab", KEY_BACKTAB},
        {"F1", KEY_F1},
        {"F2", KEY_F1 + 1},
        {"F3", KEY_F1 + 2},
        {"F4", KEY_F1 + 3},
        {"F5", KEY_F1 + 4},
        {"F6", KEY_F1 + 5},
        {"F7", KEY_F1 + 6},
        {"F8", KEY_F1 + 7},
        {"F9", KEY_F1 + 8},
        {"F10", KEY_F1 + 9},
        {"F11", KEY_F1 + 10},
        {"F12", KEY_F12},
        {"Return", KEY_ENTER},
        {"Escape", KEY_ESC},
        {"PageUp", KEY_PGUP},
        {"PageDown", KEY_PGDN},
};

void decoder_init(struct decoder *d)
{
	*d = (struct decoder){.in = BUF_INIT, .paste = BUF_INIT};
}

void decoder_release(struct decoder *d)
{
	buf_release(&d->in);
	buf_release(&d->paste);
}

void decoder_feed(struct decoder *d, const void *p, size_t n)
{
	buf_add(&d->in, p, n);
}

bool decoder_waiting(const struct decoder *d)
{
	return d->in.len > d->taken;
}

static uint32_t with_mods(uint32_t code, int mod)
{
	if (mod > 1)
		code |= (uint32_t)((((mod - 1) & 4) ? KEY_CTRL : 0) |
		                   (((mod - 1) & 2) ? KEY_ALT : 0));
	return code;
}

static uint32_t csi_letter(char c)
{
	static const struct {
		char c;
		uint32_t code;
	} map[] = {{'A', KEY_UP},     {'B', KEY_DOWN},   {'C', KEY_RIGHT},   {'D', KEY_LEFT},
	           {'H', KEY_HOME},   {'F', KEY_END},    {'Z', KEY_BACKTAB}, {'P', KEY_F1},
	           {'Q', KEY_F1 + 1}, {'R', KEY_F1 + 2}, {'S', KEY_F1 + 3},  {'M', KEY_ENTER}};
	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].c == c)
			return map[i].code;
	return KEY_UNKNOWN;
}

static uint32_t csi_tilde(int n)
{
	static const uint32_t map[] = {
	        [1] = KEY_HOME,    [2] = KEY_INS,     [3] = KEY_DEL,      [4] = KEY_END,
	        [5] = KEY_PGUP,    [6] = KEY_PGDN,    [7] = KEY_HOME,     [8] = KEY_END,
	        [11] = KEY_F1,     [12] = KEY_F1 + 1, [13] = KEY_F1 + 2,  [14] = KEY_F1 + 3,
	        [15] = KEY_F1 + 4, [17] = KEY_F1 + 5, [18] = KEY_F1 + 6,  [19] = KEY_F1 + 7,
	        [20] = KEY_F1 + 8, [21] = KEY_F1 + 9, [23] = KEY_F1 + 10, [24] = KEY_F12};
	return n > 0 && (size_t)n < ARRAY_LEN(map) && map[n] ? map[n] : KEY_UNKNOWN;
}

static void mouse_key(struct key *k, const int *arg, char final)
{
	k->code = KEY_UNKNOWN;
	k->x = arg[1] - 1;
	k->y = arg[2] - 1;
	if (final == 'M' && arg[0] == 0)
		k->code = KEY_CLICK;
	else if (final == 'M' && (arg[0] == 64 || arg[0] == 65))
		k->code = arg[0] == 64 ? KEY_WHEEL_UP : KEY_WHEEL_DOWN;
}

static void csi_key(struct decoder *d, struct key *k, const char *p, size_t n)
{
	int arg[4] = {0}, at = 0;
	char final = p[n - 1];
	bool private = n > 2 && strchr("<=>?", p[2]);

	for (size_t i = 2 + private; i + 1 < n; i++) {
		if (isdigit((unsigned char)p[i]) && arg[at] < 10000)
			arg[at] = arg[at] * 10 + (p[i] - '0');
		else if (p[i] == ';' && at < 3)
			at++;
	}
	k->code = KEY_UNKNOWN;
	if (private && p[2] == '<') {
		mouse_key(k, arg, final);
	} else if (!private && final == '~') {
		d->pasting = arg[0] == 200;
		k->code = with_mods(csi_tilde(arg[0]), arg[1]);
	} else if (!private && final == 'u') {
		k->code = with_mods((uint32_t)arg[0], arg[1]);
	} else if (!private) {
		k->code = with_mods(csi_letter(final), arg[1]);
	}
}

/* "\033]11;rgb:RRRR/GGGG/BBBB": the answer to our one question, what the background is. */
static void osc_key(struct key *k, const char *p, size_t n)
{
	unsigned rgb[3];
	char text[48];
	size_t len = n - 2 < sizeof(text) - 1 ? n - 2 : sizeof(text) - 1;

	k->code = KEY_UNKNOWN;
	memcpy(text, p + 2, len);
	text[len] = '\0';
	if (sscanf(text, "11;rgb:%4x/%4x/%4x", &rgb[0], &rgb[1], &rgb[2]) != 3)
		return;
	/* one to four hex digits a channel; two and four are what terminals send */
	if (strlen(text) < 18)
		for (int i = 0; i < 3; i++)
			rgb[i] *= 257;
	k->code = 2 * rgb[0] + 5 * rgb[1] + rgb[2] > 4 * 65535 ? KEY_LIGHT : KEY_DARK;
}

/* The length of a control sequence at p, 0 when it is not complete. */
static size_t sequence_len(const char *p, size_t n)
{
	size_t i = 2;

	if (n < 2)
		return 0;
	if (p[1] == 'O')
		return n < 3 ? 0 : 3;
	if (p[1] == '[') {
		while (i < n && ((unsigned char)p[i] < 0x40 || (unsigned char)p[i] > 0x7e))
			i++;
		return i < n ? i + 1 : 0;
	}
	/* OSC, DCS, APC, PM: to BEL or ST */
	for (; i < n; i++) {
		if (p[i] == '\a')
			return i + 1;
		if (p[i] == '\033' && i + 1 < n)
			return i + 2;
	}
	return n > 4096 ? n : 0;
}

static size_t plain_key(struct key *k, const char *p, size_t n, bool expired)
{
	unsigned char c = (unsigned char)p[0];
	uint32_t cp;
	size_t len;

	if (c < 0x20 || c == 0x7f) {
		bool named = c == KEY_TAB || c == KEY_ENTER || c == KEY_ESC || c == KEY_BACKSPACE;
		k->code = named    ? c
		          : c == 0 ? KEY_CTRL | KEY_SPACE
		                   : KEY_CTRL | (uint32_t)(c < 27 ? c + 96 : c + 64);
		return 1;
	}
	len = utf8_decode(p, n, &cp);
	k->code = len ? cp : KEY_UNKNOWN;
	if (!len && c >= 0xc2 && n < 4 && !expired)
		return 0; /* the rest may be on its way */
	return len ? len : 1;
}

static size_t escape_key(struct decoder *d, struct key *k, const char *p, size_t n, bool expired)
{
	size_t len;

	if (n == 1 || p[1] == '\033') {
		k->code = KEY_ESC;
		return n > 1 || expired ? 1 : 0;
	}
	if (strchr("[O]P_^", p[1])) {
		len = sequence_len(p, n);
		if (!len && expired && n == 2) { /* Alt-[ and friends */
			k->code = KEY_ALT | (uint32_t)p[1];
			return 2;
		}
		if (!len)
			return expired ? (k->code = KEY_UNKNOWN, n) : 0;
		if (p[1] == '[')
			csi_key(d, k, p, len);
		else if (p[1] == 'O')
			k->code = csi_letter(p[2]);
		else
			osc_key(k, p, len);
		return len;
	}
	len = plain_key(k, p + 1, n - 1, expired);
	k->code |= KEY_ALT;
	return len ? len + 1 : 0;
}

static void paste_add(struct decoder *d, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (d->paste.len >= PASTE_MAX) {
			d->paste_over = true;
			return;
		}
		if (p[i] == '\r')
			buf_ch(&d->paste, '\n');
		else if (p[i] != '\n' || i == 0 || p[i - 1] != '\r')
			buf_ch(&d->paste, p[i]);
	}
}

/* Inside a paste nothing is a key until its end mark. */
static bool paste_next(struct decoder *d, struct key *k)
{
	static const char end[] = "\033[201~";
	const size_t mark = sizeof(end) - 1;
	char *at = memmem(d->in.s, d->in.len, end, mark);
	size_t n = at ? (size_t)(at - d->in.s) : d->in.len > mark ? d->in.len - mark : 0;

	if (!at && n && d->in.s[n - 1] == '\r')
		n--; /* its \n may follow */
	paste_add(d, d->in.s, n);
	buf_consume(&d->in, n);
	if (!at)
		return false;
	buf_consume(&d->in, mark);
	d->pasting = false;
	*k = (struct key){.code = KEY_PASTE, .text = {d->paste.s, d->paste.len}};
	return true;
}

bool decoder_next(struct decoder *d, bool expired, struct key *k)
{
	size_t n;

	buf_consume(&d->in, d->taken);
	d->taken = 0;
	while (d->in.len) {
		*k = (struct key){0};
		if (d->pasting)
			return paste_next(d, k);
		n = d->in.s[0] == '\033' ? escape_key(d, k, d->in.s, d->in.len, expired)
		                         : plain_key(k, d->in.s, d->in.len, expired);
		if (!n)
			return false;
		if (d->pasting) {
			buf_reset(&d->paste);
			d->paste_over = false;
			buf_consume(&d->in, n);
			continue;
		}
		k->raw = (struct slice){d->in.s, n};
		d->taken = n;
		return true;
	}
	return false;
}

bool key_printable(const struct key *k)
{
	return k->code >= 0x20 && k->code != 0x7f && k->code < 0x110000;
}

void key_name(uint32_t code, char out[24])
{
	uint32_t base = code & ~(uint32_t)KEY_MODS;
	char tail[12];
	const char *name = tail;

	if (base < 0x80)
		snprintf(tail, sizeof(tail), "%c",
		         (code & KEY_CTRL) ? toupper((int)base) : (int)base);
	else
		snprintf(tail, sizeof(tail), "U+%04X", (unsigned)base);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].code == base) {
			name = names[i].name;
			break;
		}
	snprintf(out, 24, "%s%s%s", (code & KEY_CTRL) ? "Ctrl-" : "",
	         (code & KEY_ALT) ? "Alt-" : "", name);
}

static bool strip(struct slice *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n <= n || strncasecmp(s->s, prefix, n))
		return false;
	s->s += n;
	s->n -= n;
	return true;
}

bool key_parse(struct slice name, uint32_t *code)
{
	uint32_t mods = 0, cp;
	size_t n;

	for (;;) {
		if (strip(&name, "Ctrl-"))
			mods |= KEY_CTRL;
		else if (strip(&name, "Alt-"))
			mods |= KEY_ALT;
		else
			break;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_ieq(name, slice_of(names[i].name))) {
			*code = names[i].code | mods;
			return true;
		}
	n = name.n ? utf8_decode(name.s, name.n, &cp) : 0;
	if (!n || n != name.n)
		return false;
	*code = ((mods & KEY_CTRL) && cp < 0x80 ? (uint32_t)tolower((int)cp) : cp) | mods;
	return true;
}
