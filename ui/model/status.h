/*
 * Who we are to the engine, how it is, and the status row made of it. Pure.
 */
#ifndef MW_UI_STATUS_H
#define MW_UI_STATUS_H

#include "base/json.h"

enum link_state { LINK_CONNECTING, LINK_UP, LINK_LOST };
struct status {
	enum link_state link;
	char link_text[160]; /* why it is not up */
	char user[40], role[16], phase[24];
	bool readonly; /* this console was started so; the phase is the engine's word */
	bool private;
	cJSON *engine; /* engine.status */
	mw_time read_at;
	int watches;
};
void status_release(struct status *s);
void status_hello(struct status *s, const cJSON *reply);
void status_engine(struct status *s, cJSON *reply, mw_time now); /* takes it over */
void status_row(const struct status *s, mw_time now, struct buf *out);
/* The worst news about the data as one sentence, or nothing: what row 23 says when there is nothing newer. */
void status_trust(const struct status *s, struct buf *out);
int status_jobs(const struct status *s);
bool status_may(const struct status *s, int perm); /* an enum perm */

#endif
