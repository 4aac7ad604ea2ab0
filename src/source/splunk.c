/*
 * Splunk Enterprise and Cloud: searches as v2 jobs (with progress and cancel), as an export stream where more rows are wanted than a job
 * keeps. Facts: Splunk REST API reference, splunk-sdk-python.
 */
#include "source/splunk.h"

#include "plan/quote.h"

#define JOB_ROWS_MAX 50000 /* limits.conf maxresultrows: of more rows a job keeps only these */

const char *splunk_index(const struct splunk *x, size_t i)
{
	const char *table = json_str(x->env.entry, "table", NULL);
	const cJSON *list = json_arr(x->env.entry, "indexes"), *item;

	if (table)
		return i ? NULL : table;
	if (!list)
		return i ? NULL : "*";
	item = cJSON_GetArrayItem(list, (int)i);
	return cJSON_IsString(item) ? item->valuestring : NULL;
}

static size_t count_indexes(const struct splunk *x)
{
	size_t n = 0;

	while (splunk_index(x, n))
		n++;
	return n;
}

struct row_conf splunk_rows(const struct splunk *x)
{
	static const char *const ids[] = {"_bkt", "_cd", NULL};

	return (struct row_conf){.names = ROW_CIM,
	                         .time_unit = MW_SECOND,
	                         .raw_column = "_raw",
	                         .dataset_column = "sourcetype",
	                         .dataset_of = spl_dataset,
	                         .dataset = "json",
	                         .id_columns = ids,
	                         .normalise = x->env.normalise,
	                         .normalise_ctx = x->env.normalise_ctx};
}

/* ---- search ---- */

static int ask_index(struct splunk *x, struct search *s, const char *index, struct err *e)
{
	struct row_conf rows = splunk_rows(x);
	struct splunk_query q = {.row = search_object, .ctx = s, .search = s};
	int rc;

	if (connector_index_scope(x->env.entry, "the index ", index, e) ||
	    search_render(s, index, &rows, e))
		return -1;
	q.spl = s->text.text.s;
	/* Where the plan is not bounded, the account's own default must not cut the answer unseen. */
	q.earliest = s->s->from.kind == PW_ABS ? NULL : "0";
	q.rows = s->limit + 1;
	rc = q.rows > JOB_ROWS_MAX ? splunk_export(x, s->run, &q, e) : splunk_run(x, s->run, &q, e);
	return rc > 0 ? 0 : rc;
}

static int search(struct source *src, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct splunk *x = (struct splunk *)src;
	struct search s;
	const char *index;
	int rc = search_begin(&s, &x->env, RENDER_SPL, p, i, run, sink, done, e);

	/* A text written by hand names its indexes itself. */
	for (size_t k = 0;
	     !rc && !s.full && (index = splunk_index(x, k)) && !(k && p->steps[i].hand); k++)
		rc = ask_index(x, &s, index, e);
	return search_end(&s, rc, e);
}

static unsigned fit(struct source *src, const struct plan *p, size_t i)
{
	struct splunk *x = (struct splunk *)src;

	return search_fit(&x->env, RENDER_SPL, p, i, splunk_index(x, 0), count_indexes(x));
}

/* ---- opening ---- */

static void close_(struct source *s)
{
	struct splunk *x = (struct splunk *)s;

	http_free(x->http);
	http_free(x->hec);
	secret_free(x->login);
	secret_free(x->hec_login);
	free(x);
}

static const struct source_ops ops = {
        .kind = "splunk", .search = search, .close = close_, .fit = fit};

static int open_http(struct splunk *x, struct err *e)
{
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES};
	const char *hec = json_str(x->env.entry, "hec_url", NULL);

	x->login = connector_login(x->env.entry, "Authorization: Bearer ", x->env.secret);
	if (connector_http(&x->http, &x->env, &more, x->login ? connector_fixed_auth : NULL,
	                   x->login, e))
		return -1;
	if (!hec || !x->env.write_secret)
		return 0;
	more.base_url = hec;
	x->hec_login = connector_header("Authorization: Splunk ", x->env.write_secret);
	return connector_http(&x->hec, &x->env, &more, connector_fixed_auth, x->hec_login, e);
}

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct splunk *x = xcalloc(1, sizeof(*x));

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "splunk")},
	                          &connector_splunk};
	x->env = *env;
	if (open_http(x, e)) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_splunk = {
        .kind = "splunk",
        .language = "spl",
        .rights = SPLUNK_RIGHTS,
        .open = open_,
        .test = splunk_test,
        .catalog = splunk_catalog,
        .findings = splunk_findings,
        .finding = splunk_finding,
        .finding_events = splunk_finding_events,
        .version = splunk_version,
        .update = splunk_update,
        .ingest = splunk_ingest,
};
