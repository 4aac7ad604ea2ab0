/*
 * Text in a platform's own language that an analyst has edited by hand: may it be sent? Only where every command, function and
 * table in it is on that language's allow-list, within macros and subsearches too, and it is bounded in rows, and in time where
 * the language has a word for it (for RQL and LQL the request has both). What is not known is refused: a list of what is bad
 * would never be whole. This is the engine's own gate for plan_step.hand, in front of every send; `source test` also sees that the
 * account cannot write. Pure; any thread.
 */
#ifndef MW_PLAN_HAND_H
#define MW_PLAN_HAND_H

#include "plan/render.h"

/* 0, or ERR_DENIED with the place ("2:14: ...") and what may stand there instead. t: the configured table or index, which may be
 * named too; NULL: the known ones. */
int render_check_hand(enum render_lang lang, struct slice text, const struct render_target *t,
                      struct err *e) MW_USE_RESULT;

#endif
