/*
 * The one place that opens a connection: HTTP over libcurl for one configured source, blocking, in that source's worker. One
 * struct http belongs to one thread; connections are reused, HTTP/2 where offered, gzip accepted.
 *
 * What it guarantees (issue "real platforms", section 4):
 *   - TLS >= 1.2, verified; a configuration that turns verification off is refused unless `insecure_why` says why, and that reason
 *     is shown wherever the source is shown.
 *   - No address that is link-local, a cloud metadata service or otherwise special is ever connected to; the check is at connect, on
 *     the resolved address, so that a name cannot lie. Loopback is allowed only where the configured host itself is loopback.
 *   - Redirects are followed on the same scheme, host and port only; credentials never leave for another host.
 *   - Retries (429, 502, 503, 504, reset, timeout before a byte came) with jittered back-off honouring Retry-After and the vendor's own
 *     header, only for requests marked idempotent, within the deadline.
 *   - A token is fetched before it expires and once more after a 401; a second 401 is an error.
 *   - The response is capped; over the cap is ERR_LIMIT. A body that ends early is ERR_REMOTE, never a short success.
 *   - Cancel is honoured within 100 ms.
 */
#ifndef MW_HTTP_H
#define MW_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mwtime.h"
#include "base/secret.h"

struct http_conf {
	const char *name;     /* of the source, for messages */
	const char *base_url; /* "https://host:port/prefix", no trailing slash */
	const char *proxy;    /* NULL: from the environment (https_proxy, no_proxy) */
	const char *ca_file;  /* NULL: the system's */
	const char *client_cert, *client_key; /* files, PEM; NULL: none */
	const char *pin;                      /* "sha256//base64" of the public key, or NULL */
	const char *
	        insecure_why; /* not NULL: certificates are not verified, and this is the stated reason */
	const char *user_agent; /* NULL: midwatch/VERSION */
	const char *
	        retry_header; /* vendor's own "try again after N seconds" or epoch header; NULL: only Retry-After */
	int max_retries;   /* 0: none; at most HTTP_RETRIES_MAX */
	double per_second; /* rate budget of requests; 0: none */
};
#define HTTP_RETRIES_MAX 6
#define HTTP_BODY_MAX (64u * 1024 * 1024)
#define HTTP_HEADERS_MAX 64

struct http;
/* A token source: fills header ("Authorization: Bearer ..." or the vendor's own) and when it ends; called when there is none, when it is about
 * to end, and after a 401 (force). NULL: no auth. The header is a secret. */
typedef int http_auth_fn(void *ctx, struct http *h, bool force, struct secret **header,
                         mw_time *expires, struct err *e);
int http_new(struct http **out, const struct http_conf *c, http_auth_fn *auth, void *auth_ctx,
             struct err *e) MW_USE_RESULT;
void http_free(struct http *h);
const char *http_name(const struct http *h); /* of the source */

struct http_request {
	const char *method; /* "GET" */
	const char *
	        path; /* below base_url, begins with "/"; or a full URL of the same host (next links) */
	const char *const *
	        headers; /* "Name: value", NULL-terminated; may be NULL. No credentials: those come from auth */
	struct slice body;
	const char *content_type; /* NULL: none */
	bool idempotent;          /* may be sent again */
	bool no_auth;             /* the token request itself */
	int64_t deadline_us;      /* mw_mono_us; 0: 60 s */
	size_t max_body;          /* 0: HTTP_BODY_MAX */
	const volatile bool *cancelled;
	/* Streaming: called with decoded body bytes as they come instead of collecting them, only for status 2xx. Returns -1 to stop. After its
	 * first call the request is not retried. */
	int (*on_body)(void *ctx, struct slice part, struct err *e);
	void (*on_header)(void *ctx,
	                  struct slice line); /* each header line as it comes; may be NULL */
	void *ctx;
};
struct http_response {
	int status;
	struct buf body;    /* of an error, or of a request without on_body */
	struct buf headers; /* raw header lines */
	int64_t elapsed_us;
	int tries;
	int64_t skew_us; /* the server's Date minus our clock, INT64_MIN where it sent none (resolution: a second) */
};
/* 0 for any HTTP status (look at it); -1 where no whole response came. Release the response either way. */
int http_do(struct http *h, const struct http_request *r, struct http_response *out,
            struct err *e) MW_USE_RESULT;
void http_response_release(struct http_response *r);
/* A header's value (first), case-blind; the empty slice when absent. */
struct slice http_header(const struct http_response *r, const char *name);
/* Turns a status that is no success into an error with the source's own message from the body, capped and without secrets. */
int http_status_err(const struct http *h, const struct http_response *r, struct err *e);

/* Bytes over a connection of their own to the same host and port, with the same TLS and address rules, then closed (syslog over TCP or TLS).
 * 0 where the connection took all of them and stood; there is no acknowledgement. */
int http_send_raw(struct http *h, struct slice data, int64_t deadline_us,
                  const volatile bool *cancelled, struct err *e);

/* Server-sent events: feed body parts, get whole events. Keeps at most SSE_EVENT_MAX bytes of one event. */
#define SSE_EVENT_MAX (1024 * 1024)
struct sse {
	struct buf line, data, event;
	bool cr, begun;
};
typedef int sse_fn(void *ctx, const char *event, struct slice data, struct err *e);
void sse_init(struct sse *s);
void sse_release(struct sse *s);
int sse_feed(struct sse *s, struct slice part, sse_fn *fn, void *ctx, struct err *e) MW_USE_RESULT;

#endif
