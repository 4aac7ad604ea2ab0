#include "net/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/warm.h"

#define DEFAULT_DEADLINE_US (60 * MW_SECOND)
#define BACKOFF_FIRST_US (MW_SECOND / 2)
#define BACKOFF_MAX_US (30 * MW_SECOND)
#define RENEW_BEFORE (60 * MW_SECOND)
#define REASON_MAX 200 /* bytes of a source's own message that an error quotes */

struct http {
	struct http_conf c;
	char *name, *base, *host_key; /* scheme://host:port of base */
	char *agent;
	CURL *curl;
	bool loopback;
	http_auth_fn *auth;
	void *auth_ctx;
	struct secret *header;
	mw_time expires;
	int64_t next_at;     /* mw_mono_us at which the rate budget lets the next request go */
	const char *refused; /* why the last connect was refused by us */
	struct curl_slist *resolved;
	struct certificates certificates;
};

/* ---- making ---- */

static bool is_loopback_name(const char *host)
{
	return !strcasecmp(host, "localhost") || !strncmp(host, "127.", 4) ||
	       !strcmp(host, "::1") || !strcmp(host, "[::1]");
}

static char *url_part(const char *url, CURLUPart part)
{
	CURLU *u = curl_url();
	char *text = NULL, *copy = NULL;
	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
	    !curl_url_get(u, part, &text, CURLU_DEFAULT_PORT))
		copy = xstrdup(text);
	curl_free(text);
	curl_url_cleanup(u);
	return copy;
}

static char *origin_of(const char *url)
{
	char *scheme = url_part(url, CURLUPART_SCHEME), *host = url_part(url, CURLUPART_HOST),
	     *port = url_part(url, CURLUPART_PORT);
	char *key = scheme && host && port ? xasprintf("%s://%s:%s", scheme, host, port) : NULL;
	free(scheme);
	free(host);
	free(port);
	return key;
}

static int check_conf(const struct http_conf *c, const char *host, struct err *e)
{
	bool plain = !strncmp(c->base_url, "http://", 7);
	if (strncmp(c->base_url, "https://", 8) && !plain)
		return err_set(e, ERR_INVALID, "%s: the address \"%s\" is no https:// URL", c->name,
		               c->base_url);
	if (plain && !is_loopback_name(host) && !c->insecure_why)
		return err_set(e, ERR_DENIED,
		               "%s: plain http:// would send the credential in clear; use "
		               "https://, or state insecure_why",
		               c->name);
	return 0;
}

/* The last word on where a connection goes: libcurl hands us the resolved address. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http *h = ctx;
	(void)purpose;
	h->refused = address_refused(&a->addr, h->loopback);
	return h->refused ? CURL_SOCKET_BAD
	                  : socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set_tls(struct http *h)
{
	curl_easy_setopt(h->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYPEER, h->c.insecure_why ? 0L : 1L);
	curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYHOST, h->c.insecure_why ? 0L : 2L);
	certificates_set(&h->certificates, h->curl);
	if (h->c.pin)
		curl_easy_setopt(h->curl, CURLOPT_PINNEDPUBLICKEY, h->c.pin);
}

/* What is connected to: the proxy where there is one. */
static const char *proxy_of(const struct http_conf *c)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"};
	const char *v = c->proxy;

	for (size_t i = 0; !v && i < ARRAY_LEN(names); i++)
		v = getenv(names[i]);
	return v && *v ? v : c->base_url;
}

int http_new(struct http **out, const struct http_conf *c, http_auth_fn *auth, void *auth_ctx,
             struct err *e)
{
	char *host = url_part(c->base_url, CURLUPART_HOST);
	struct http *h;
	if (!host)
		return err_set(e, ERR_INVALID, "%s: the address \"%s\" is no URL", c->name,
		               c->base_url);
	if (check_conf(c, host, e)) {
		free(host);
		return -1;
	}
	h = xcalloc(1, sizeof(*h));
	h->c = *c;
	h->c.name = h->name = xstrdup(c->name);
	h->c.base_url = h->base = xstrdup(c->base_url);
	h->agent = xstrdup(c->user_agent ? c->user_agent : "midwatch/" MW_VERSION);
	h->host_key = origin_of(c->base_url);
	h->loopback = is_loopback_name(host);
	h->auth = auth;
	h->auth_ctx = auth_ctx;
	h->curl = curl_easy_init();
	free(host);
	*out = h;
	if (!h->curl)
		return err_set(e, ERR_INTERNAL, "libcurl cannot start");
	warm_name(&h->resolved, proxy_of(c));
	return certificates_read(&h->certificates, c, e);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_slist_free_all(h->resolved);
	certificates_release(&h->certificates);
	secret_free(h->header);
	free(h->name);
	free(h->base);
	free(h->host_key);
	free(h->agent);
	free(h);
}

const char *http_name(const struct http *h)
{
	return h->name;
}

/* ---- one try ---- */

struct attempt {
	struct http *h;
	const struct http_request *r;
	struct http_response *out;
	int64_t deadline;
	struct err *e;
	bool stopped, streamed;
	char curl_err[CURL_ERROR_SIZE];
};

static size_t on_write(char *p, size_t size, size_t n, void *ctx)
{
	struct attempt *a = ctx;
	long status = 0;
	curl_easy_getinfo(a->h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (a->r->on_body && status / 100 == 2) {
		a->streamed = true;
		a->stopped = a->r->on_body(a->r->ctx, (struct slice){p, size * n}, a->e) != 0;
		return a->stopped ? 0 : size * n;
	}
	buf_add(&a->out->body, p, size * n);
	return a->out->body.over ? 0 : size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct attempt *a = ctx;
	if (size * n > 5 && !strncmp(p, "HTTP/", 5))
		buf_reset(&a->out->headers);
	buf_add(&a->out->headers, p, size * n);
	if (a->r->on_header)
		a->r->on_header(a->r->ctx, (struct slice){p, size * n});
	return size * n;
}

static int on_progress(void *ctx, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	const struct attempt *a = ctx;
	(void)dt, (void)dn, (void)ut, (void)un;
	return (a->r->cancelled && *a->r->cancelled) || mw_mono_us() > a->deadline;
}

static struct curl_slist *headers_of(struct http *h, const struct http_request *r)
{
	struct curl_slist *list = NULL;
	for (const char *const *x = r->headers; x && *x; x++)
		list = curl_slist_append(list, *x);
	if (r->content_type) {
		char *line = xasprintf("Content-Type: %s", r->content_type);
		list = curl_slist_append(list, line);
		free(line);
	}
	if (!r->content_type)
		list = curl_slist_append(
		        list, "Content-Type:"); /* none, where libcurl would add its own */
	if (h->header && !r->no_auth) {
		struct slice s = secret_bytes(h->header);
		char *line = xstrndup(s.s, s.n);
		list = curl_slist_append(list, line);
		secret_wipe(line, s.n);
		free(line);
	}
	/* "Expect: 100-continue" costs a second with servers that do not answer it. */
	return curl_slist_append(list, "Expect:");
}

static void slist_free(struct curl_slist *list)
{
	for (struct curl_slist *i = list; i; i = i->next)
		secret_wipe(i->data, strlen(i->data));
	curl_slist_free_all(list);
}

static char *url_of(struct http *h, const struct http_request *r, struct err *e)
{
	char *url = r->path[0] == '/' ? xasprintf("%s%s", h->base, r->path) : xstrdup(r->path),
	     *origin = origin_of(url);
	if (origin && !strcmp(origin, h->host_key)) {
		free(origin);
		return url;
	}
	err_set(e, ERR_DENIED,
	        "%s: it pointed us to another host (%s), where our credential must not go", h->name,
	        origin ? origin : "no URL");
	free(origin);
	free(url);
	return NULL;
}

static void set_request(struct attempt *a, const char *url, struct curl_slist *headers)
{
	CURL *c = a->h->curl;
	curl_easy_reset(c);
	set_tls(a->h);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_RESOLVE, a->h->resolved);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, a->r->method);
	curl_easy_setopt(c, CURLOPT_NOBODY, strcmp(a->r->method, "HEAD") ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_USERAGENT, a->h->agent);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, a);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, a->curl_err);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, a->h);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
	if (a->h->c.proxy)
		curl_easy_setopt(c, CURLOPT_PROXY, a->h->c.proxy);
	if (a->r->body.n || !strcmp(a->r->method, "POST") || !strcmp(a->r->method, "PUT")) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)a->r->body.n);
		/* An empty body too has a length: some answer 411 without one. */
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, a->r->body.n ? a->r->body.s : "");
	}
}

static int64_t skew_of(const struct http_response *r)
{
	struct slice date = http_header(r, "Date");
	char text[64];
	time_t t;
	if (!date.n || date.n >= sizeof(text))
		return INT64_MIN;
	memcpy(text, date.s, date.n);
	text[date.n] = '\0';
	t = curl_getdate(text, NULL);
	return t < 0 ? INT64_MIN : (int64_t)t * MW_SECOND - mw_now();
}

static int failed(struct attempt *a, CURLcode rc)
{
	const struct http *h = a->h;
	const char *why = a->curl_err[0] ? a->curl_err : curl_easy_strerror(rc);
	if (a->stopped)
		return -1;
	if (a->r->cancelled && *a->r->cancelled)
		return err_set(a->e, ERR_CANCELLED, "%s: cancelled", h->name);
	if (mw_mono_us() > a->deadline)
		return err_set(a->e, ERR_DEADLINE, "%s gave no whole answer in time", h->name);
	if (a->out->body.over)
		return err_set(a->e, ERR_LIMIT, "%s answered with more than %zu bytes", h->name,
		               a->out->body.max);
	if (h->refused)
		return err_set(a->e, ERR_DENIED, "%s: its address is not connected to: %s", h->name,
		               h->refused);
	if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE ||
	    rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		return err_set(a->e, ERR_DENIED,
		               "%s: its certificate is not trusted: %s (give its CA as ca_file)",
		               h->name, why);
	return err_set(a->e, ERR_REMOTE, "%s: %s", h->name, why);
}

static int try_once(struct attempt *a)
{
	char *url = url_of(a->h, a->r, a->e);
	struct curl_slist *headers;
	CURLcode rc;
	long status = 0;
	if (!url)
		return -1;
	headers = headers_of(a->h, a->r);
	buf_reset(&a->out->body);
	buf_reset(&a->out->headers);
	a->curl_err[0] = '\0';
	a->h->refused = NULL;
	set_request(a, url, headers);
	rc = curl_easy_perform(a->h->curl);
	curl_easy_getinfo(a->h->curl, CURLINFO_RESPONSE_CODE, &status);
	a->out->status = (int)status;
	a->out->tries++;
	slist_free(headers);
	free(url);
	if (rc)
		return failed(a, rc);
	a->out->skew_us = skew_of(a->out);
	return 0;
}

/* ---- waiting and trying again ---- */

/* Sleeps until a time, watching the cancel flag; false where there is no time left for it. */
static bool wait_until(const struct attempt *a, int64_t at)
{
	if (at > a->deadline)
		return false;
	while (mw_mono_us() < at) {
		int64_t left = (at - mw_mono_us()) / 1000 + 1;
		if (a->r->cancelled && *a->r->cancelled)
			return false;
		poll(NULL, 0, left > 50 ? 50 : (int)left);
	}
	return true;
}

static int64_t jittered(int64_t us)
{
	uint32_t r = 0;
	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = (uint32_t)mw_mono_us();
	return us / 2 + (int64_t)(r % (uint32_t)(us / 2 + 1));
}

/* Retry-After in seconds or as a date; a vendor's header in seconds or as an epoch. 0: not said. */
static int64_t asked_wait(const struct attempt *a)
{
	const char *names[] = {"Retry-After", a->h->c.retry_header};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct slice s = names[i] ? http_header(a->out, names[i]) : (struct slice){0};
		double sec;
		char text[64];
		if (!s.n || s.n >= sizeof(text))
			continue;
		memcpy(text, s.s, s.n);
		text[s.n] = '\0';
		if (slice_double(s, &sec))
			sec -= sec > 1e9 ? (double)mw_now() / 1e6 : 0;
		else if (curl_getdate(text, NULL) > 0)
			sec = (double)curl_getdate(text, NULL) - (double)mw_now() / 1e6;
		else
			continue;
		return sec > 0 ? (int64_t)(sec * 1e6) : 1;
	}
	return 0;
}

static bool worth_retrying(const struct attempt *a, int rc)
{
	int s = a->out->status;
	if (a->streamed || a->out->tries > a->h->c.max_retries)
		return false;
	if (rc)
		return a->r->idempotent && a->e->code == ERR_REMOTE;
	/* 429 says that nothing was done, so it is safe for any request. */
	return s == 429 || (a->r->idempotent && (s == 502 || s == 503 || s == 504));
}

static int keep_budget(struct attempt *a)
{
	int64_t gap = a->h->c.per_second > 0 ? (int64_t)(1e6 / a->h->c.per_second) : 0,
	        now = mw_mono_us();
	if (!gap)
		return 0;
	if (!wait_until(a, a->h->next_at))
		return err_set(a->e,
		               a->r->cancelled && *a->r->cancelled ? ERR_CANCELLED : ERR_DEADLINE,
		               "%s: its rate budget leaves no time for this request", a->h->name);
	a->h->next_at = (a->h->next_at > now ? a->h->next_at : now) + gap;
	return 0;
}

static int renew(struct http *h, bool force, struct err *e)
{
	if (!h->auth || (!force && h->header &&
	                 (h->expires == MW_TIME_NONE || mw_now() < h->expires - RENEW_BEFORE)))
		return 0;
	secret_free(h->header);
	h->header = NULL;
	h->expires = MW_TIME_NONE;
	return h->auth(h->auth_ctx, h, force, &h->header, &h->expires, e);
}

static int with_retries(struct attempt *a)
{
	int64_t backoff = BACKOFF_FIRST_US;
	int rc;
	for (;;) {
		if (keep_budget(a))
			return -1;
		rc = try_once(a);
		if (!worth_retrying(a, rc))
			return rc;
		int64_t wait = asked_wait(a);
		if (!wait_until(a, mw_mono_us() + (wait ? wait : jittered(backoff))))
			return rc;
		backoff = backoff * 2 > BACKOFF_MAX_US ? BACKOFF_MAX_US : backoff * 2;
	}
}

/* One hop at a time, so that a redirect is judged before anything is sent to it. */
static int follow(struct attempt *a, int rc)
{
	const struct http_request *first = a->r;
	struct http_request next = *first;
	for (int hops = 0; !rc && hops < 5; hops++) {
		int s = a->out->status;
		struct slice to = http_header(a->out, "Location");
		char *path;
		if ((s != 301 && s != 302 && s != 303 && s != 307 && s != 308) || !to.n ||
		    strcmp(a->r->method, "GET"))
			break;
		path = xstrndup(to.s, to.n);
		/* A path on the same host is absolute there, not below our prefix. */
		if (path[0] == '/') {
			char *full = xasprintf("%s%s", a->h->host_key, path);
			free(path);
			path = full;
		}
		next.path = path;
		a->r = &next;
		rc = with_retries(a);
		free(path);
	}
	a->r = first;
	return rc;
}

int http_do(struct http *h, const struct http_request *r, struct http_response *out, struct err *e)
{
	struct err own = {0}; /* whether to try again is read from it, so there must be one */
	struct attempt a = {.h = h,
	                    .r = r,
	                    .out = out,
	                    .e = e,
	                    .deadline = r->deadline_us ? r->deadline_us
	                                               : mw_mono_us() + DEFAULT_DEADLINE_US};
	int64_t start = mw_mono_us();
	int rc;
	a.e = e = e ? e : &own;
	*out = (struct http_response){.skew_us = INT64_MIN};
	buf_init(&out->body, r->max_body ? r->max_body : HTTP_BODY_MAX);
	buf_init(&out->headers, 256 * 1024);
	if (!r->no_auth && renew(h, false, e))
		return -1;
	rc = follow(&a, with_retries(&a));
	if (!rc && out->status == 401 && h->auth && !r->no_auth && !a.streamed) {
		if (renew(h, true, e))
			return -1;
		rc = follow(&a, with_retries(&a));
	}
	out->elapsed_us = mw_mono_us() - start;
	return rc;
}

/* ---- bytes without HTTP ---- */

static int send_some(struct http *h, struct slice *data, bool *closed)
{
	size_t n = 0;
	char rest[512];
	CURLcode rc = curl_easy_send(h->curl, data->s, data->n, &n);

	*data = (struct slice){data->s + n, data->n - n};
	/* What comes back is of no use, but an end is. */
	*closed = curl_easy_recv(h->curl, rest, sizeof(rest), &n) == CURLE_OK && n == 0;
	return rc == CURLE_OK || rc == CURLE_AGAIN ? 0 : -1;
}

static int send_all(struct attempt *a, struct slice data)
{
	bool closed = false;
	int rc = 0;

	while (!rc && data.n && !closed) {
		if (!wait_until(a, mw_mono_us()))
			return failed(a, CURLE_OPERATION_TIMEDOUT);
		rc = send_some(a->h, &data, &closed);
		if (!rc && data.n)
			poll(NULL, 0, 5);
	}
	if (!rc && !data.n) {
		poll(NULL, 0, 20); /* a reset comes back at once or not at all */
		rc = send_some(a->h, &data, &closed);
	}
	return rc || closed ? err_set(a->e, ERR_REMOTE,
	                              "%s closed the connection before it had all", a->h->name)
	                    : 0;
}

int http_send_raw(struct http *h, struct slice data, int64_t deadline_us,
                  const volatile bool *cancelled, struct err *e)
{
	struct http_request r = {.method = "GET", .path = "/", .cancelled = cancelled};
	struct http_response out = {0};
	struct attempt a = {.h = h, .r = &r, .out = &out, .e = e, .deadline = deadline_us};
	CURLcode rc;

	buf_init(&out.body, 1);
	buf_init(&out.headers, 1);
	set_request(&a, h->base, NULL);
	curl_easy_setopt(h->curl, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(h->curl, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(h->curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
	h->refused = NULL;
	rc = curl_easy_perform(h->curl);
	if (rc)
		(void)failed(&a, rc);
	else if (!send_all(&a, data))
		rc = CURLE_OK;
	else
		rc = CURLE_SEND_ERROR;
	/* The connection is not to be kept: a later call must see whether it still stands. */
	curl_easy_cleanup(h->curl);
	h->curl = curl_easy_init();
	http_response_release(&out);
	return rc ? -1 : h->curl ? 0 : err_set(e, ERR_INTERNAL, "libcurl cannot start");
}

void http_response_release(struct http_response *r)
{
	buf_release(&r->body);
	buf_release(&r->headers);
}

struct slice http_header(const struct http_response *r, const char *name)
{
	struct slice rest = {r->headers.s, r->headers.len}, line;
	size_t n = strlen(name);
	while (slice_split(&rest, '\n', &line))
		if (line.n > n && line.s[n] == ':' && !strncasecmp(line.s, name, n))
			return slice_trim((struct slice){line.s + n + 1, line.n - n - 1});
	return (struct slice){0};
}

static const struct {
	int status;
	enum err_code code;
	const char *advice;
} meanings[] = {
        {400, ERR_INVALID, "it refused the request"},
        {401, ERR_DENIED, "the credential was refused: renew it"},
        {403, ERR_DENIED, "the credential lacks the right for this: see `midwatch source test`"},
        {404, ERR_NOT_FOUND, "it has no such thing: check the address and the names"},
        {409, ERR_CONFLICT, "somebody else changed it meanwhile"},
        {412, ERR_CONFLICT, "somebody else changed it meanwhile"},
        {429, ERR_LIMIT, "it wants fewer requests: try again later"},
};

int http_status_err(const struct http *h, const struct http_response *r, struct err *e)
{
	struct buf text = BUF_INIT;
	const char *advice = "it failed";
	enum err_code code = ERR_REMOTE;
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (meanings[i].status == r->status) {
			advice = meanings[i].advice;
			code = meanings[i].code;
		}
	esc_term(&text, slice_trim((struct slice){
	                        r->body.s, r->body.len < REASON_MAX ? r->body.len : REASON_MAX}));
	err_set(e, code, "%s answered %d: %s%s%s", h->name, r->status, advice,
	        text.len ? ". It said: " : "", text.s);
	buf_release(&text);
	return -1;
}
