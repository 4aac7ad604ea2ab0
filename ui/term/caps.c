#include "term/caps.h"

/* clang-format off */
#include <curses.h>
#include <term.h>
/* clang-format on */
#undef lines
#undef columns

#include "base/mem.h"

/* A capability without its $<..> padding; no terminal of today needs it, and a pty never did. */
static char *take_string(const char *raw)
{
	struct buf b = BUF_INIT;

	if (!raw || raw == (char *)-1)
		return NULL;
	while (*raw) {
		if (raw[0] == '$' && raw[1] == '<' && strchr(raw, '>')) {
			raw = strchr(raw, '>') + 1;
			continue;
		}
		buf_ch(&b, *raw++);
	}
	return buf_take(&b, NULL);
}

static char *cap(const char *name)
{
	return take_string(tigetstr(name));
}

static bool wants_no_colour(void)
{
	const char *v = getenv("NO_COLOR");
	return v && *v;
}

static int pick_colours(enum colour_mode mode)
{
	int n = tigetnum("colors");

	if (mode == COLOUR_NEVER || (mode == COLOUR_AUTO && wants_no_colour()))
		return 0;
	if (mode != COLOUR_AUTO)
		return 16;
	return n >= 16 ? 16 : n >= 8 ? 8 : 0;
}

static bool has_paste(const char *term)
{
	static const char *const known[] = {"xterm",     "tmux", "screen", "rxvt",
	                                    "alacritty", "foot", "kitty",  "st-"};

	if (tigetstr("BE") && tigetstr("BE") != (char *)-1)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strncmp(term, known[i], strlen(known[i])))
			return true;
	return false;
}

static bool cup_missing(void)
{
	const char *cup = tigetstr("cup");
	return !cup || cup == (char *)-1;
}

int caps_load(struct caps *c, const char *term, enum colour_mode colour, struct err *e)
{
	int rc;

	*c = (struct caps){0};
	term = term ? term : getenv("TERM");
	if (!term || !*term)
		return err_set(e, ERR_INVALID, "TERM is not set; use midwatch --plain");
	if (setupterm(term, -1, &rc) != OK)
		return err_set(
		        e, ERR_INVALID,
		        "terminal type \"%s\" is unknown here; set TERM, or use midwatch --plain",
		        term);
	if (cup_missing())
		return err_set(e, ERR_INVALID,
		               "terminal type \"%s\" cannot move the cursor; use midwatch --plain",
		               term);
	*c = (struct caps){.clear = cap("clear"),
	                   .el = cap("el"),
	                   .smcup = cap("smcup"),
	                   .rmcup = cap("rmcup"),
	                   .civis = cap("civis"),
	                   .cnorm = cap("cnorm"),
	                   .sgr0 = cap("sgr0"),
	                   .bold = cap("bold"),
	                   .rev = cap("rev"),
	                   .smul = cap("smul"),
	                   .bel = cap("bel"),
	                   .ind = cap("ind"),
	                   .ri = cap("ri"),
	                   .smkx = cap("smkx"),
	                   .rmkx = cap("rmkx"),
	                   .cup = cap("cup")};
	c->csr = c->ind && c->ri ? cap("csr") : NULL;
	c->ansi = c->bold && !strncmp(c->bold, "\033[1m", 4);
	c->edge_safe = tigetflag("am") <= 0 || tigetflag("xenl") > 0;
	c->paste = has_paste(term);
	c->colours = pick_colours(colour);
	if (c->colours && !c->ansi)
		c->colours = 0;
	return 0;
}

void caps_release(struct caps *c)
{
	char **all[] = {&c->clear, &c->el,   &c->smcup, &c->rmcup, &c->civis, &c->cnorm,
	                &c->sgr0,  &c->bold, &c->rev,   &c->smul,  &c->bel,   &c->ind,
	                &c->ri,    &c->smkx, &c->rmkx,  &c->cup,   &c->csr};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		free(*all[i]);
		*all[i] = NULL;
	}
}

void caps_move(const struct caps *c, struct buf *out, int y, int x)
{
	if (c->ansi) {
		if (x == 0 && y == 0)
			buf_str(out, "\033[H");
		else if (x == 0)
			buf_printf(out, "\033[%dH", y + 1);
		else
			buf_printf(out, "\033[%d;%dH", y + 1, x + 1);
		return;
	}
	buf_str(out, tiparm(c->cup, y, x));
}

void caps_region(const struct caps *c, struct buf *out, int top, int bottom)
{
	buf_str(out, tiparm(c->csr, top, bottom));
}

static void add_colour(const struct caps *c, struct buf *out, int n, int base)
{
	if (n < 0 || !c->colours)
		return;
	if (n < C_BRIGHT)
		buf_printf(out, ";%d", base + n);
	else if (c->colours >= 16)
		buf_printf(out, ";%d", base + 60 + n - C_BRIGHT);
	else
		buf_printf(out, ";%d", base + n - C_BRIGHT);
}

static void ansi_style(const struct caps *c, struct buf *out, style_t st)
{
	bool as_bold = c->colours == 8 && style_fg(st) >= C_BRIGHT;

	if (!c->colours)
		st = (style_t)(st & ~STYLE_COLOURS);
	if (st == STYLE_PLAIN) {
		buf_str(out, "\033[m");
		return;
	}
	buf_str(out, "\033[");
	if ((st & STYLE_BOLD) || as_bold)
		buf_str(out, ";1");
	if (st & STYLE_UNDERLINE)
		buf_str(out, ";4");
	if (st & STYLE_REVERSE)
		buf_str(out, ";7");
	add_colour(c, out, style_fg(st), 30);
	add_colour(c, out, style_bg(st), 40);
	buf_ch(out, 'm');
}

void caps_style(const struct caps *c, struct buf *out, style_t st)
{
	if (c->ansi) {
		ansi_style(c, out, st);
		return;
	}
	if (c->sgr0)
		buf_str(out, c->sgr0);
	if ((st & STYLE_BOLD) && c->bold)
		buf_str(out, c->bold);
	if ((st & STYLE_UNDERLINE) && c->smul)
		buf_str(out, c->smul);
	if ((st & STYLE_REVERSE) && c->rev)
		buf_str(out, c->rev);
}
