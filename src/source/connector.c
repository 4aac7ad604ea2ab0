#include "source/connector.h"

#include <sodium.h>

#include "base/mem.h"

/* ---- HTTP over an entry ---- */

static const char *text_of(const cJSON *entry, const char *key, const char *given)
{
	return given ? given : json_str(entry, key, NULL);
}

int connector_http(struct http **out, const struct connector_env *env, const struct http_conf *more,
                   http_auth_fn *auth, void *auth_ctx, struct err *e)
{
	const cJSON *x = env->entry;
	char *url = xstrdup(text_of(x, "url", more->base_url));
	struct http_conf c = *more;
	int rc;

	for (size_t n = strlen(url); n && url[n - 1] == '/'; n--)
		url[n - 1] = '\0';
	c.name = json_str(x, "name", "source");
	c.base_url = url;
	c.ca_file = text_of(x, "ca_file", more->ca_file);
	c.client_cert = text_of(x, "client_cert", more->client_cert);
	c.client_key = text_of(x, "client_key", more->client_key);
	c.pin = text_of(x, "pin", more->pin);
	c.proxy = text_of(x, "proxy", more->proxy);
	c.insecure_why = text_of(x, "insecure_why", more->insecure_why);
	if (c.per_second <= 0)
		c.per_second = (double)json_i64(x, "per_second", 0);
	rc = http_new(out, &c, auth, auth_ctx, e);
	free(url);
	return rc;
}

struct secret *connector_header(const char *before, const struct secret *s)
{
	struct slice v = secret_bytes(s);
	size_t n = strlen(before);
	char *line = xmalloc(n + v.n);
	struct secret *out;

	memcpy(line, before, n);
	memcpy(line + n, v.s, v.n);
	out = secret_new(line, n + v.n);
	secret_wipe(line, n + v.n);
	free(line);
	return out;
}

static struct secret *basic(const char *user, const struct secret *password)
{
	struct slice v = secret_bytes(password);
	size_t n = strlen(user) + 1 + v.n,
	       cap = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL);
	unsigned char *plain = xmalloc(n);
	char *line = xmalloc(cap);
	struct secret *code, *out;

	memcpy(plain, user, strlen(user));
	plain[strlen(user)] = ':';
	memcpy(plain + strlen(user) + 1, v.s, v.n);
	sodium_bin2base64(line, cap, plain, n, sodium_base64_VARIANT_ORIGINAL);
	code = secret_new(line, strlen(line));
	out = connector_header("Authorization: Basic ", code);
	secret_free(code);
	secret_wipe(plain, n);
	secret_wipe(line, cap);
	free(plain);
	free(line);
	return out;
}

struct secret *connector_login(const cJSON *entry, const char *before, const struct secret *s)
{
	const char *user = json_str(entry, "user", NULL);

	if (!s)
		return NULL;
	return user ? basic(user, s) : connector_header(before, s);
}

int connector_fixed_auth(void *ctx, struct http *h, bool force, struct secret **header,
                         mw_time *expires, struct err *e)
{
	const struct secret *s = ctx;
	struct slice v = secret_bytes(s);

	(void)h, (void)force, (void)e;
	*header = secret_new(v.s, v.n);
	*expires = MW_TIME_NONE;
	return 0;
}

/* ---- scope ---- */

bool connector_in_scope(const cJSON *entry, const char *key, const char *value)
{
	const cJSON *list = json_arr(entry, key), *x;

	if (!list)
		return true;
	cJSON_ArrayForEach(x, list)
	{
		if (cJSON_IsString(x) && strcasecmp(x->valuestring, value) == 0)
			return true;
	}
	return false;
}

static bool in_scope(const cJSON *entry, const char *key, struct slice value)
{
	char *text = xstrndup(value.s, value.n);
	bool in = connector_in_scope(entry, key, text);

	free(text);
	return in;
}

int connector_index_scope(const cJSON *entry, const char *what, const char *index, struct err *e)
{
	if (connector_in_scope(entry, "indexes", index))
		return 0;
	return err_set(e, ERR_DENIED,
	               "%s: %s%s is not among `indexes` of its entry; nothing was sent",
	               json_str(entry, "name", "source"), what, index);
}

#define ACCOUNT "cloud.account.uid"
static bool is_account(const struct plan_field *f)
{
	return f->f ? !strcmp(f->f->name, ACCOUNT) : f->name && !strcmp(f->name, "account");
}

static int out_of_scope(const cJSON *entry, const char *what, struct slice value, struct err *e)
{
	return err_set(e, ERR_DENIED,
	               "%s: %s %.*s is out of the scope that its entry of the configuration sets; "
	               "nothing was sent",
	               json_str(entry, "name", "source"), what, (int)value.n, value.s);
}

static int field_in_scope(const cJSON *entry, const struct plan_field *f, struct err *e)
{
	static const char *const classes[] = {"public", "internal", "personal", "secret"};

	if (!f->f || connector_in_scope(entry, "classes", classes[f->f->sens]))
		return 0;
	return out_of_scope(entry, "data of class", slice_of(classes[f->f->sens]), e);
}

/* An account named under `not` is no wish to see it. */
static int node_in_scope(const cJSON *entry, const struct plan_node *n, bool wanted, struct err *e)
{
	if (!n)
		return 0;
	if (n->kind != PN_CMP) {
		for (const struct plan_node *k = n->child; k; k = k->next)
			if (node_in_scope(entry, k, wanted != (n->kind == PN_NOT), e))
				return -1;
		return 0;
	}
	if (n->op != OP_TEXT && field_in_scope(entry, &n->field, e))
		return -1;
	if (!wanted || n->op == OP_TEXT || !is_account(&n->field) ||
	    (n->op != OP_IS && n->op != OP_IS_CS && n->op != OP_IN))
		return 0;
	for (size_t i = 0; i < n->nvalues; i++)
		if (!in_scope(entry, "accounts", n->values[i]))
			return out_of_scope(entry, "account", n->values[i], e);
	return 0;
}

static int search_in_scope(const cJSON *entry, const struct plan_search *s, struct err *e)
{
	for (size_t i = 0; i < s->nby; i++)
		if (field_in_scope(entry, &s->by[i], e))
			return -1;
	for (size_t i = 0; i < s->nstats; i++)
		if (field_in_scope(entry, &s->stats[i].field, e))
			return -1;
	for (size_t i = 0; s->sequence && i < s->sequence->nstages; i++)
		if (node_in_scope(entry, s->sequence->stages[i], true, e))
			return -1;
	return node_in_scope(entry, s->where, true, e);
}

int connector_scope(const cJSON *entry, const struct plan *p, size_t step, struct err *e)
{
	const struct plan_graph *g = &p->steps[step].graph;

	if (p->steps[step].kind == PS_SEARCH)
		return search_in_scope(entry, &p->steps[step].search, e);
	for (size_t i = 0; i < g->nhops; i++)
		if (node_in_scope(entry, g->hops[i].where, true, e))
			return -1;
	return node_in_scope(entry, g->start, true, e) || node_in_scope(entry, g->goal, true, e)
	               ? -1
	               : 0;
}

static void narrow_where(struct plan *p, struct plan_node **where, const char *field,
                         const cJSON *accounts)
{
	struct plan_node *all = plan_group(p, PN_ALL), *in = NULL;
	const cJSON *x;

	cJSON_ArrayForEach(x, accounts)
	{
		if (in)
			plan_cmp_value(p, in, slice_of(x->valuestring));
		else
			in = plan_cmp(p, field, OP_IN, slice_of(x->valuestring));
	}
	if (!in)
		return;
	if (*where)
		plan_group_add(all, *where);
	plan_group_add(all, in);
	*where = all;
}

struct plan *connector_narrow(const cJSON *entry, const struct plan *p, size_t step)
{
	const cJSON *accounts = json_arr(entry, "accounts");
	struct plan *c = plan_clone(p);

	if (accounts && c->steps[step].kind == PS_SEARCH)
		narrow_where(c, &c->steps[step].search.where, ACCOUNT, accounts);
	else if (accounts)
		narrow_where(c, &c->steps[step].graph.start, "account", accounts);
	return c;
}

bool connector_row_in_scope(const cJSON *entry, const struct event *ev)
{
	const struct field *f = field_find(SLICE(ACCOUNT));

	if (!json_arr(entry, "accounts"))
		return true;
	for (size_t i = 0; f && i < ev->vals.n; i++)
		if (ev->vals.v[i].field == f->id &&
		    in_scope(entry, "accounts", ev->vals.v[i].value))
			return true;
	return false;
}
