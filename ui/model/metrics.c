#include "model/metrics.h"

#include <math.h>

#include "model/score.h"

static void add_share(struct buf *b, const char *name, const char *formula, int64_t hits, int64_t n)
{
	struct share s = share_of(hits, n);

	buf_printf(b, "  %-22s ", name);
	share_text(&s, b);
	buf_printf(b, "\n  %-22s = %s\n", "", formula);
}

static void add_group(struct buf *b, const cJSON *g)
{
	int64_t accept = json_i64(g, "accepted", 0), edit = json_i64(g, "edited", 0),
	        reject = json_i64(g, "rejected", 0), wrong = json_i64(g, "wrong_links", 0),
	        labelled = accept + edit + reject + wrong, calls = json_i64(g, "calls", 0);
	double cost = (double)json_i64(g, "cost_micro", 0) / 1e6;

	buf_printf(b, "%s v%s on %s: %lld calls\n", json_str(g, "prompt", ""),
	           json_str(g, "version", ""), json_str(g, "model", ""), (long long)calls);
	add_share(b, "acceptance rate", "accepted as it was / labelled by an analyst", accept,
	          labelled);
	add_share(b, "edited", "accepted after an edit / labelled by an analyst", edit, labelled);
	add_share(b, "grounding rate", "sentences supported / sentences with something to check",
	          json_i64(g, "supported", 0), json_i64(g, "checked", 0));
	add_share(b, "wrong-link rate", "labelled \"wrong link\" / labelled by an analyst", wrong,
	          labelled);
	buf_printf(b, "  %-22s %lld tokens, %.4f in all, %.6f a call\n", "cost",
	           (long long)json_i64(g, "tokens", 0), cost, cost / (double)(calls ? calls : 1));
	buf_printf(b, "  %-22s median %lld ms, 95th of 100 %lld ms\n", "latency",
	           (long long)json_i64(g, "median_us", 0) / 1000,
	           (long long)json_i64(g, "p95_us", 0) / 1000);
}

static double number(const cJSON *o, const char *key)
{
	const cJSON *v = json_get(o, key);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static void add_queue(struct buf *b, const cJSON *q)
{
	int64_t n = json_i64(q, "triaged", 0), hidden = json_i64(q, "suppressed", 0);
	double mean = number(q, "triage_mean_s"),
	       off = n ? 1.96 * number(q, "triage_sd_s") / sqrt((double)n) : 0;

	buf_str(b, "queue\n");
	add_share(b, "false-positive relief",
	          "alerts hidden by a suppression / (those + alerts closed as false positive)",
	          hidden, hidden + json_i64(q, "closed_false", 0));
	if (n)
		buf_printf(b, "  %-22s %.0f s (n %lld, 95 %% %.0f..%.0f)\n", "mean time to triage",
		           mean, (long long)n, fmax(0, mean - off), mean + off);
	else
		buf_printf(b, "  %-22s no data (0 incidents touched)\n", "mean time to triage");
	buf_printf(b,
	           "  %-22s = mean of (first change by a person - incident made), over incidents "
	           "that a person changed\n",
	           "");
}

void metrics_text(struct buf *b, const cJSON *metrics)
{
	const cJSON *g;

	cJSON_ArrayForEach(g, json_arr(metrics, "groups")) add_group(b, g);
	if (!json_arr(metrics, "groups") || !json_arr(metrics, "groups")->child)
		buf_str(b, "models: none was asked yet\n");
	add_queue(b, json_obj(metrics, "queue"));
}
