/*
 * A connector: one vendor's platform behind source.h and the calls besides searching. One file a vendor (splunk.c ... lacework.c); each
 * exports one struct connector, and connector.c lists them. Runs in that source's own worker process ("source" kind of serve/), blocking,
 * one thread, after the sandbox has closed: opening is done before, with the secret in hand.
 *
 * Rules for all:
 *   - Facts come from the vendor's documents (the fact sheets' confirmed rows); where a fact is unconfirmed both ways are handled and the
 *     file's head says so.
 *   - Plans are rendered by plan/ only; no query text is made here. Bounded in time and rows; read-only.
 *   - An event row's `raw` is the vendor's record byte for byte; `vals` are its normalised fields; `uid` the identity by which the same event
 *     of two platforms is one (a CloudTrail eventID, not the index's own id), else the platform's own id, else "sha256:" of raw.
 *   - A status that is no success, an error in a 200 (GraphQL errors, PartialError, a late exception) and an early end of a body are errors
 *     or `partial` with the vendor's own message; never a short success.
 *   - The remote job is cancelled when the run is (cancelled, deadline, any early return), within 2 s.
 *   - What is out of the entry's scope (indexes, accounts, severities, classes) is refused with ERR_DENIED before anything is sent.
 */
#ifndef MW_CONNECTOR_H
#define MW_CONNECTOR_H

#include "base/json.h"
#include "base/secret.h"
#include "net/http.h"
#include "source/source.h"
#include "store/catalog_rows.h"
#include "store/lake_batch.h"

/* Tells what a record is and fills ev (dataset, uid, time, vals) as an importer would: intake's, handed in by serve/, since this room stands
 * above intake. -1: no known record. The slices hold until the next call. */
typedef int connector_normalise_fn(void *ctx, struct slice raw, struct event *ev);

/* Field and table names that the platform itself knows, by which a plan is checked before it is sent. */
struct source_catalog {
	cJSON *tables; /* {"table": {"field": "type", ...}, ...}; NULL: not known */
	mw_time at;
	bool sample; /* fields are those of some events: another may exist */
};

/* What a connector is opened with. All of it outlives the source. */
struct connector_env {
	const cJSON *
	        entry; /* its entry of the configuration's `sources`, checked (base/sections.def) */
	struct secret *secret;       /* of "credential"; NULL where none is configured */
	struct secret *write_secret; /* of "write_credential" */
	const volatile bool *cancelled;
	connector_normalise_fn *normalise; /* NULL: a row has the values of its columns only */
	void *normalise_ctx;
	const struct source_catalog
	        *catalog; /* looked at by each search; NULL: none is to be had */
};

/* One thing that `source test` looked at. */
enum check_state { CHECK_OK, CHECK_WARN, CHECK_FAILED, CHECK_SKIPPED };
struct source_check {
	const char *
	        what; /* "DNS", "TLS", "login", "may search", "may not write", "quota", "clock", "latency", "newest event", "catalogue" */
	enum check_state state;
	const char *
	        found; /* "as svc-midwatch, role user"; the platform's own message where it failed */
	const char *fix; /* what to do; NULL where state is OK */
};
struct check_sink {
	void *ctx;
	void (*check)(void *ctx, const struct source_check *c);
};

/* A finding, alert, issue, notable, offense or incident of the platform, on its way to intake. */
struct source_finding {
	const char *
	        dataset; /* "wiz.issue", "splunk.notable": what intake's mapping for it is called */
	struct slice id; /* the platform's */
	mw_time updated;
	struct slice raw; /* one JSON object byte for byte */
	const char *etag; /* version for an update; NULL where the platform has none */
};
struct finding_sink {
	void *ctx;
	int (*finding)(void *ctx, const struct source_finding *f, struct err *e); /* -1 stops */
};

/* A change to be written to the platform's own finding or incident. NULL members are left alone. */
struct source_update {
	const char *id, *etag;
	const char *status; /* ours: new, work, wait, closed */
	const char *owner, *severity, *comment, *tag;
	const char *verdict,
	        *reason; /* of a close: true_positive, benign_positive, false_positive_logic, false_positive_data, duplicate */
	const char *idempotency; /* key of the intent: a repeat is not done twice */
};

struct connector;
struct connected { /* what open returns: a source with more calls. First member, so that it is one. */
	struct source source;
	const struct connector *connector;
};
struct connector {
	const char *kind; /* as in sections.def */
	const char *
	        language; /* of texts written by hand, as in render_lang_words; NULL: it takes none */
	const char *
	        rights; /* narrowest role and permissions it needs, for `source add` and messages; several lines */
	/* Opens nothing remote. */
	int (*open)(struct connected **out, const struct connector_env *env, struct err *e);
	int (*test)(struct connected *c, const struct source_run *run,
	            const struct check_sink *sink, struct err *e);
	/* NULL members: the platform has none of it. */
	int (*catalog)(struct connected *c, const struct source_run *run,
	               struct source_catalog *out, struct err *e);
	/* Findings and incidents changed since the cursor, oldest change first; *cursor (malloc, NULL at first) moves only past what the sink took. */
	int (*findings)(struct connected *c, const struct source_run *run, char **cursor,
	                const struct finding_sink *sink, struct err *e);
	/* findings() gives no addresses, users or hosts: whoever takes them in calls finding() for each. */
	bool thin_findings;
	/* One with full context (asset, configuration, tags, owner, vulnerabilities, attack path, compliance): {"finding":{..},"asset":{..},...}. */
	int (*finding)(struct connected *c, const struct source_run *run, const char *id,
	               cJSON **out, struct err *e);
	/* Events behind a finding, offense or notable, as rows. */
	int (*finding_events)(struct connected *c, const struct source_run *run, const char *id,
	                      const struct source_sink *sink, struct source_done *done,
	                      struct err *e);
	int (*asset)(struct connected *c, const struct source_run *run, const char *any_id,
	             cJSON **out, struct err *e);
	/* The version of what finding() gave as "finding", as findings() gives it as etag; malloc. NULL member: it has no versions. */
	char *(*version)(const cJSON *finding);
	/* ERR_CONFLICT with the present state in e where the etag is old. */
	int (*update)(struct connected *c, const struct source_run *run,
	              const struct source_update *u, struct err *e);
	int (*create)(struct connected *c, const struct source_run *run, const cJSON *incident,
	              char **id, struct err *e);
	/* The platform as the store of events in place of the lake: takes a batch of the importer into our own table (made where it is missing).
	 * Rows that are there already are dropped from b; 0 only where all others are acknowledged. key: of this batch of this run, so that
	 * nothing that is sent twice is stored twice. */
	int (*load)(struct connected *c, const struct source_run *run, struct lake_batch *b,
	            const char *key, struct err *e);
	/* What was ever loaded, as rows of store/catalog_rows.h. stamp: in: that of the rows the caller has, or NULL; out: today's, malloc'd.
	 * Where they are the same no row is given. */
	int (*holdings)(struct connected *c, const struct source_run *run, char **stamp,
	                catalog_row_fn *row, void *ctx, struct err *e);
	/* Events for the platform to keep, one JSON object a slice; *taken gets how many of them, from the front, it has acknowledged. A batch key that was
	 * sent before must not be stored twice where the platform can tell. */
	int (*ingest)(struct connected *c, const struct source_run *run, const struct slice *events,
	              size_t n, const char *batch_key, size_t *taken, struct err *e);
};
extern const struct connector connector_splunk, connector_sentinel, connector_qradar,
        connector_opensearch, connector_clickhouse, connector_wiz, connector_prisma, connector_orca,
        connector_lacework;
extern const struct connector *const connectors[]; /* ends with NULL */
const struct connector *connector_find(const char *kind);

/* Shared by the vendors' files. */
/* http over the entry's url, ca_file, client_cert, client_key, pin, proxy, insecure_why, per_second; the other members of *more as they are. */
int connector_http(struct http **out, const struct connector_env *env, const struct http_conf *more,
                   http_auth_fn *auth, void *auth_ctx, struct err *e) MW_USE_RESULT;
/* "Name: value" with the secret in it. */
struct secret *connector_header(const char *before, const struct secret *s);
/* Credentials that do not change: Basic where the entry has a user, else `before` and the secret ("Authorization: Bearer "). NULL without a
 * secret. Give it to connector_fixed_auth as its ctx. */
struct secret *connector_login(const cJSON *entry, const char *before, const struct secret *s);
http_auth_fn connector_fixed_auth; /* ctx: a struct secret with the whole header */
/* An array of texts of the entry as a check: NULL list means all. */
bool connector_in_scope(const cJSON *entry, const char *key, const char *value);
/* Refuses a table or index that is not among the entry's `indexes`. what: "the table ". */
int connector_index_scope(const cJSON *entry, const char *what, const char *index,
                          struct err *e) MW_USE_RESULT;
/* Refuses a step that is out of the entry's scope. */
int connector_scope(const cJSON *entry, const struct plan *p, size_t step,
                    struct err *e) MW_USE_RESULT;
/* A copy of the plan whose step asks for the entry's accounts only; what a language cannot say of that is left to connector_row_in_scope. */
struct plan *connector_narrow(const cJSON *entry, const struct plan *p, size_t step);
/* Whether an event is of the entry's accounts: one without an account is not. */
bool connector_row_in_scope(const cJSON *entry, const struct event *ev);

#endif
