/*
 * What connectors share about calling a platform: one call within a run's deadline and cancel flag, the platform's own message out of
 * whatever shape its errors have, pages that must not come twice, lines of a stream. Inside src/source.
 */
#ifndef MW_CONNECTOR_CALL_H
#define MW_CONNECTOR_CALL_H

#include "base/map.h"
#include "source/connector.h"

#define CONNECTOR_RETRIES 4
#define CONNECTOR_LINE_MAX (64u * 1024 * 1024) /* one line of a stream of rows */

/* rq's deadline and cancel flag are taken from the run. 0 only for a status of 2xx; otherwise -1 with the platform's own message, the
 * response still to be looked at. Release rs either way. */
int call_do(struct http *h, const struct source_run *run, struct http_request *rq,
            struct http_response *rs, struct err *e) MW_USE_RESULT;
/* The same for an answer that is one JSON value: *out is the caller's; NULL where the body is empty (204). */
int call_json(struct http *h, const struct source_run *run, struct http_request *rq, cJSON **out,
              struct err *e) MW_USE_RESULT;
int call_parse(const char *name, const struct http_response *rs, cJSON **out,
               struct err *e) MW_USE_RESULT;
/* A body that begins like a JSON object or array; what else came (a login page) is told. name: of the source. */
int call_expect_json(const char *name, const struct http_response *rs, struct err *e);
/* The innermost message of an error body ({"error":{"innererror":{"message"}}}, {"messages":[{"text"}]}, {"description"} ...), else the
 * beginning of the body itself. */
void call_message(struct slice body, struct buf *out);
/* As http_status_err, with that message; r's body is replaced by it. */
int call_status_err(const struct http *h, struct http_response *r, struct err *e);

/* Sleeps, watching deadline and cancel flag: -1 with ERR_CANCELLED or ERR_DEADLINE. */
int call_wait(const struct source_run *run, int64_t us, const char *name, struct err *e);
/* The deadline of what is still to be said to the platform after a run has ended: its cancel. */
struct source_run call_last_words(void);

void call_escape(struct buf *b, struct slice s); /* percent-encoding */
void call_form(struct buf *b, const char *key,
               struct slice v); /* one more pair of a form or a query */
void call_form_str(struct buf *b, const char *key, const char *v);
void call_form_i64(struct buf *b, const char *key, int64_t v);
/* What a change leaves there as a comment: its text, "#tag" and the key of the intent, by which a repeat is told. malloc; NULL where it has
 * none of them. */
char *call_note(const struct source_update *u);
/* Whether a text stands anywhere in what the platform keeps of a thing (its log: a note's key). */
bool call_has(const cJSON *o, const char *text);
/* Whole seconds until the run's deadline, at least one: what a platform is told. */
int64_t call_seconds_left(const struct source_run *run);
/* An id for a request or job of ours: before + 16 hexadecimal digits. malloc. */
char *call_new_id(const char *before);
/* A number that may also come as text; the fallback where it is neither. Booleans likewise. */
int64_t call_i64(const cJSON *o, const char *key, int64_t fallback);
bool call_bool(const cJSON *o, const char *key);

/* Pages or cursors that were seen: -1 where one comes again, so that neither a loop nor a doubled page goes unseen. */
int call_once(struct map *seen, const char *name, const char *what, struct slice s, struct err *e);

/* Each value of a JSON array byte for byte; fn's result where it is not 0. A member's value, of an object. */
typedef int call_each_fn(void *ctx, struct slice value, struct err *e);
int call_elements(struct slice array, call_each_fn *fn, void *ctx, struct err *e);
bool call_member(struct slice object, const char *key, struct slice *value);
/* The text or number at "a.b.c" of an object. malloc; NULL where there is none, or an empty one. */
char *call_text(struct slice object, const char *path);

/* Splits a stream into lines; empty ones are left out. */
struct call_lines {
	struct buf b;
	int (*line)(void *ctx, struct slice line, struct err *e); /* -1 stops */
	void *ctx;
	const char *name;
};
void call_lines_init(struct call_lines *l, const char *name,
                     int (*line)(void *, struct slice, struct err *), void *ctx);
int call_lines_feed(struct call_lines *l, struct slice part, struct err *e);
int call_lines_end(struct call_lines *l,
                   struct err *e); /* the rest, where the last line has no end */
void call_lines_release(struct call_lines *l);

/* ---- checks of `source test` ---- */
void check_say(const struct check_sink *sink, const char *what, enum check_state state,
               const char *fix, const char *found, ...) MW_PRINTF(5, 6);
/* The outcome of one call as a check; its error where there was one. 0 where it went well. */
int check_result(const struct check_sink *sink, const char *what, int rc, const struct err *e,
                 const char *fix, const char *found);
/* Does one cheap authenticated call and says DNS, TLS, login, clock and latency from it. rs is released here; *out gets its JSON. */
int check_reach(struct http *h, const struct source_run *run, const struct check_sink *sink,
                struct http_request *rq, const char *rights, cJSON **out, struct err *e);

#endif
