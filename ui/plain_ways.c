/* How each action of the screen is done in --plain: the entry of a menu, or why nothing has to be done. */
#include "plain_int.h"

static const struct {
	const char *entry; /* of a menu, or NULL */
	const char *why;   /* there is none */
} ways[ACT_COUNT] = {
        [ACT_OPEN] = {"open", NULL},
        [ACT_BACK] = {"back", NULL},
        [ACT_DOWN] = {"next incident", NULL},
        [ACT_UP] = {"previous", NULL},
        [ACT_PAGE_DOWN] = {NULL, "lines are not paged"},
        [ACT_PAGE_UP] = {NULL, "lines are not paged"},
        [ACT_HOME] = {NULL, "lines are not paged"},
        [ACT_END] = {NULL, "lines are not paged"},
        [ACT_CLAIM] = {"claim", NULL},
        [ACT_ASK] = {"ask", NULL},
        [ACT_PANE] = {NULL, "there is one side only"},
        [ACT_FILTER] = {"filter", NULL},
        [ACT_TICK] = {"close many", NULL},
        [ACT_MORE] = {"more", NULL},
        [ACT_SORT] = {"sort", NULL},
        [ACT_GROUP] = {"group", NULL},
        [ACT_REFRESH] = {"list", NULL},
        [ACT_HIDDEN] = {"what is hidden", NULL},
        [ACT_TIMELINE] = {"timeline", NULL},
        [ACT_PATH] = {"paths", NULL},
        [ACT_PIVOT] = {"pivot", NULL},
        [ACT_EVIDENCE] = {"evidence", NULL},
        [ACT_EDIT] = {"edit the plan", NULL},
        [ACT_SENT] = {"the query as it was sent", NULL},
        [ACT_NOTE] = {"note", NULL},
        [ACT_PIN] = {"pin", NULL},
        [ACT_WATCH] = {"watch", NULL},
        [ACT_BEFORE] = {"events after a time", NULL},
        [ACT_AFTER] = {"events after a time", NULL},
        [ACT_UNFOLD] = {"unfold", NULL},
        [ACT_PREV] = {"evidence", NULL},
        [ACT_NEXT] = {"evidence", NULL},
        [ACT_BLAST] = {"blast radius", NULL},
        [ACT_COVER] = {"log cover", NULL},
        [ACT_FOLD] = {NULL, "a graph is said path by path, nothing is folded"},
        [ACT_WEB] = {"vendor page", NULL},
        [ACT_COPY] = {NULL, "what was said stands in the terminal's own scrollback"},
        [ACT_EXPORT] = {"export the timeline", NULL},
        [ACT_ZONE] = {"zone", NULL},
        [ACT_PROPOSAL] = {"response", NULL},
        [ACT_REQUEST] = {"response", NULL},
        [ACT_WHY] = {"response", NULL},
        [ACT_DENY] = {"response", NULL},
        [ACT_REVERSE] = {"reverse a step", NULL},
        [ACT_DRAFT] = {"report", NULL},
        [ACT_SIGN] = {"sign a handoff", NULL},
        [ACT_ACCEPT] = {"accept of a handoff", NULL},
        [ACT_HANDOFF] = {"handoff", NULL},
        [ACT_JOBS] = {"jobs", NULL},
        [ACT_SOURCES] = {"sources", NULL},
        [ACT_WATCHES] = {"watches", NULL},
        [ACT_IMPORTS] = {"import", NULL},
        [ACT_STORY] = {"write the story", NULL},
        [ACT_NEXT_STEP] = {"propose the next query", NULL},
        [ACT_MODELS] = {"models", NULL},
        [ACT_METRICS] = {"metrics", NULL},
        [ACT_PALETTE] = {"more", NULL},
        [ACT_HELP] = {"every command", NULL},
        [ACT_THEME] = {NULL, "nothing is coloured"},
        [ACT_MOUSE] = {NULL, "nothing is clicked"},
        [ACT_BELL] = {NULL, "news are lines of their own"},
        [ACT_EDITOR] = {NULL, "a question is a line of the terminal's own editing"},
        [ACT_REDRAW] = {NULL, "nothing is drawn"},
        [ACT_SUSPEND] = {NULL, "the terminal's own Ctrl-Z does it"},
        [ACT_CANCEL] = {NULL, "Ctrl-C stops what runs"},
        [ACT_QUIT] = {"quit", NULL},
};

const char *plain_way(enum action a)
{
	return ways[a].entry;
}

const char *plain_no_way(enum action a)
{
	return ways[a].why;
}
