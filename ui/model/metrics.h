/* Metrics of models and of the queue as text, each with its formula, denominator and interval; for the command and the screen. Pure. */
#ifndef MW_UI_METRICS_H
#define MW_UI_METRICS_H

#include "base/buf.h"
#include "base/json.h"

void metrics_text(struct buf *b, const cJSON *metrics); /* of model.metrics; lines, not escaped */

#endif
