/*
 * What the builders of some screens keep beside their data, for a view that is built without a screen (--plain).
 */
#ifndef MW_UI_PLAIN_VIEW_H
#define MW_UI_PLAIN_VIEW_H

struct view;
void plain_view_open(struct view *v); /* after v->data is set */
void plain_view_close(struct view *v);

#endif
