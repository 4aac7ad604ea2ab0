/*
 * Selection and scrolling of a list whose rows come and go: the selection follows an id, never a row number, and the view
 * does not move by itself. Pure.
 */
#ifndef MW_UI_LIST_H
#define MW_UI_LIST_H

#define LIST_ID_MAX 96

struct list {
	size_t sel, top;
	char id[LIST_ID_MAX]; /* of the selected row; "" : none yet */
};
typedef const char *(*list_id_fn)(const void *rows, size_t i);

/* After the rows changed: finds the selected id again; where it is gone the row number stays. */
void list_sync(struct list *l, const void *rows, size_t n, list_id_fn id);
/* Moves by `delta` rows, stopping at the ends. */
void list_move(struct list *l, const void *rows, size_t n, list_id_fn id, long delta);
bool list_select(struct list *l, const void *rows, size_t n, list_id_fn id, const char *wanted);
/* Brings the selection into a window of `height` rows. jump: rows that come into view with it; 0 where the terminal scrolls
 * them, more where each move would draw the window anew. */
void list_show(struct list *l, size_t n, int height, int jump);

#endif
