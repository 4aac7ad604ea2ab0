/*
 * How an incident stands on the platforms that it came from, and what is on its way to them, as words. Raw text stays raw. Pure.
 */
#ifndef MW_UI_PLATFORM_H
#define MW_UI_PLATFORM_H

#include "base/json.h"

/* "spl (splunk) notable 5E6D..: In Progress, owner alice, urgency high; written back 12:03:10; there: status New -> Closed, 12:10:00". Of CARD.platforms. */
void say_platform(struct buf *b, const cJSON *record);
/* "#12 spl waiting: status closed, verdict duplicate; next try 12:05:00 (2 tries): spl answered 503 ...". Of outbox.list. */
void say_intent(struct buf *b, const cJSON *intent);
/* "outbox 3 waiting, 1 conflict" of counts, or nothing. */
void say_outbox(struct buf *b, const cJSON *counts);

#endif
