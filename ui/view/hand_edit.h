/* Texts in a source's own language, edited by hand. */
#ifndef MW_UI_HAND_EDIT_H
#define MW_UI_HAND_EDIT_H

#include "view/app.h"

/* In $VISUAL or $EDITOR, as a file whose name ends so; the caller frees it. NULL, said why: it was not edited. */
char *hand_text(struct app *a, const char *text, const char *ending);
/* A configured source of that language, the one called `own` before others; of engine.status. NULL: there is none. */
const cJSON *hand_source(struct app *a, const char *language, const char *own);
/* Edits text and runs it at the source in v's session; nothing is sent where it was emptied. */
void hand_run(struct app *a, struct view *v, const char *source, const char *text,
              app_reply_fn ran);

#endif
