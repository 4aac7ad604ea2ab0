/*
 * Inside --plain: what its two files share. plain.c has the lines, the menus of every day and the loop; plain_more.c what is
 * asked for now and then, and the table that says how each action of the screen is done here.
 */
#ifndef MW_UI_PLAIN_INT_H
#define MW_UI_PLAIN_INT_H

#include "keys/keys.h"
#include "model/queue.h"
#include "model/session.h"
#include "plain.h"

struct plain {
	struct cli *cli;
	struct client cl;
	struct queue queue;
	struct session session; /* of the open incident, or "main" */
	char user[40], incident[24];
	bool readonly, quit;
	char *line;
	size_t cap;
};
struct choice {
	const char *label;
	void (*fn)(struct plain *p);
};
struct view_ops;

#define PLAIN_VERDICT                                                     \
	"verdict: true_positive, benign_positive, false_positive_logic, " \
	"false_positive_data, duplicate> "

void plain_say(const char *fmt, ...) MW_PRINTF(1, 2); /* one line, escaped */
const char *plain_ask(struct plain *p,
                      const char *prompt); /* borrowed until the next; NULL at the end of input */
cJSON *plain_call(struct plain *p, const char *method, cJSON *params); /* NULL: it was said why */
void plain_view(struct plain *p, const struct view_ops *ops, cJSON *data); /* takes data over */
/* Sends what makes a turn (ask, recipe.run, plan.run), waits and says it. Takes params over. */
void plain_turn(struct plain *p, const char *question, const char *method, cJSON *params);
void plain_question(struct plain *p, const char *question);
const char *plain_target(struct plain *p); /* the open incident, else the selected one, or NULL */
void plain_read_queue(struct plain *p);
void plain_list(struct plain *p); /* the queue, a line an incident or heading */

void plain_more(struct plain *p); /* the menu of everything else */
bool plain_more_named(struct plain *p,
                      const char *label); /* does an entry of it; false: there is none */
bool plain_more_has(const char *label);   /* an entry of it */
void plain_command(struct plain *p,
                   const char *line); /* words of the command line, "export INC-1" */

#endif
