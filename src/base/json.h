/*
 * JSON for configuration, the protocol and plans: cJSON behind strict helpers. NOT for evidence (cJSON rounds integers
 * over 2^53, cuts at \u0000, refuses lone surrogates: see evjson.h). A tree belongs to its caller: cJSON_Delete.
 */
#ifndef MW_JSON_H
#define MW_JSON_H

#include <cjson/cJSON.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/mwtime.h"

/* Parses exactly one value of at most max bytes and MW_JSON_DEPTH_MAX levels; refuses trailing bytes, duplicate keys and
 * \u0000. The error has the byte offset. */
cJSON *json_parse(struct slice text, size_t max, struct err *e) MW_USE_RESULT;
/* Compact text into b. Escapes nothing but what JSON needs; invalid UTF-8 becomes U+FFFD, and so does NUL, since no reader of
 * this house takes \u0000 (raw evidence travels as base64). */
void json_write(struct buf *b, const cJSON *v);
void json_write_string(struct buf *b, struct slice s); /* a quoted JSON string, as in json_write */
/* Case-sensitive members; NULL / false / the fallback when absent or of another type. */
cJSON *json_get(const cJSON *o, const char *key);
const char *json_str(const cJSON *o, const char *key, const char *fallback);
int64_t json_i64(const cJSON *o, const char *key, int64_t fallback); /* exact up to 2^53 */
bool json_bool(const cJSON *o, const char *key, bool fallback);
mw_time json_time(const cJSON *o,
                  const char *key); /* of text as mw_time_parse reads it; MW_TIME_NONE */
cJSON *json_arr(const cJSON *o, const char *key);
cJSON *json_obj(const cJSON *o, const char *key);
bool json_has_text(const cJSON *list, const char *text); /* one of its items; list may be NULL */
/* Adders that cannot fail; add_time writes RFC 3339 text, or null for MW_TIME_NONE. */
void json_add_str(cJSON *o, const char *key, const char *value); /* NULL adds null */
/* A string of any bytes: what is not UTF-8 is replaced, as json_write_string does. */
cJSON *json_slice(struct slice s);
void json_add_slice(cJSON *o, const char *key, struct slice s);
void json_add_i64(cJSON *o, const char *key, int64_t v);
void json_add_bool(cJSON *o, const char *key, bool v);
void json_add_time(cJSON *o, const char *key, mw_time t);
cJSON *json_add_arr(cJSON *o, const char *key);
cJSON *json_add_obj(cJSON *o, const char *key);
/* Refuses members that are not in the NULL-terminated list: an unknown key is an error, with "did you mean". */
int json_only(const cJSON *o, const char *const *keys, const char *where,
              struct err *e) MW_USE_RESULT;
/* The nearest of a NULL-terminated list by edit distance (<= 2, or a third of the length), or NULL. */
const char *mw_did_you_mean(const char *word, const char *const *list);
int mw_edit_distance(struct slice a, struct slice b,
                     int cap); /* Damerau-Levenshtein, ASCII case-blind; cap+1 when over */

#endif
