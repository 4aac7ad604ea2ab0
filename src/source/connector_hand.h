/*
 * May a text written by hand be sent to a source whose entry limits what may be asked there? What render_check_hand does not know: the
 * entry. Strict rather than clever: a form that cannot be seen to stay inside is refused. Inside src/source.
 */
#ifndef MW_CONNECTOR_HAND_H
#define MW_CONNECTOR_HAND_H

#include "plan/render.h"
#include "source/connector.h"

/* 0, or ERR_DENIED with what the text would have to be like. */
int hand_scope(const cJSON *entry, enum render_lang lang, const char *text,
               struct err *e) MW_USE_RESULT;

#endif
