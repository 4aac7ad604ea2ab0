/*
 * How a cell looks: 16 named colours or the terminal's own, and three attributes, packed into one number that can be
 * compared. No curses here; caps.c turns it into bytes.
 */
#ifndef MW_UI_STYLE_H
#define MW_UI_STYLE_H

typedef uint16_t style_t;
/* bits 0-4 foreground, 5-9 background: 0 the terminal's own, else colour number + 1 (0-7 normal, 8-15 bright) */
#define STYLE_FG(c) ((style_t)((c) + 1))
#define STYLE_BG(c) ((style_t)(((c) + 1) << 5))
#define STYLE_BOLD ((style_t)1 << 10)
#define STYLE_REVERSE ((style_t)1 << 11)
#define STYLE_UNDERLINE ((style_t)1 << 12)
#define STYLE_PLAIN ((style_t)0)
#define style_fg(s) ((int)((s)&31) - 1) /* -1: the terminal's own */
#define style_bg(s) ((int)(((s) >> 5) & 31) - 1)
#define STYLE_COLOURS ((style_t)0x3ff)

enum colour { C_BLACK, C_RED, C_GREEN, C_YELLOW, C_BLUE, C_MAGENTA, C_CYAN, C_WHITE, C_BRIGHT };

#endif
