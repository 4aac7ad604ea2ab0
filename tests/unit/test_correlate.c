/*
 * Correlation: what links findings and what must not, the arithmetic of the score, the detections as data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <ftw.h>
#include <unistd.h>

#include "correlate/correlate.h"
#include "correlate/suppress.h"
#include "correlate/tally.h"
#include "store/graph.h"

static char folder[64];
static struct graph *graph;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static const char *const inventory[] = {
        "{\"node\":{\"id\":\"i-0aaaaaaaaaaaaaaa1\",\"type\":\"instance\",\"name\":\"web-1\","
        "\"account\":\"111122223333\","
        "\"props\":{\"private_ip\":\"10.1.0.5\",\"criticality\":1}}}",
        "{\"node\":{\"id\":\"i-0aaaaaaaaaaaaaaa2\",\"type\":\"instance\",\"name\":\"scan-1\","
        "\"account\":\"111122223333\","
        "\"props\":{\"private_ip\":\"10.1.0.9\"},\"labels\":[\"scanner\"]}}",
        "{\"node\":{\"id\":\"arn:aws:s3:::vault\",\"type\":\"bucket\",\"name\":\"vault\","
        "\"account\":\"111122223333\","
        "\"props\":{\"data_class\":\"pii\"}}}",
        "{\"node\":{\"id\":\"network:198.51.100.0/"
        "27\",\"type\":\"resource\",\"name\":\"office\",\"props\":{\"record\":\"network\","
        "\"cidr\":\"198.51.100.0/27\",\"kind\":\"own\"}}}",
        "{\"node\":{\"id\":\"indicator:bad.example\",\"type\":\"resource\",\"name\":\"bad."
        "example\",\"props\":{\"record\":\"indicator\","
        "\"kind\":\"domain\",\"value\":\"bad.example\",\"about\":\"loader\",\"confidence\":"
        "\"high\"}}}",
        "{\"node\":{\"id\":\"change:CHG-1\",\"type\":\"resource\",\"name\":\"CHG-1\",\"props\":{"
        "\"record\":\"change\",\"title\":\"drill\","
        "\"requester\":\"rosa\",\"from\":\"2026-03-14T01:00:00Z\",\"to\":\"2026-03-14T03:00:00Z\"}}"
        "}",
        "{\"edge\":{\"from\":\"change:CHG-1\",\"to\":\"arn:aws:s3:::vault\",\"type\":\"affects\"}}",
};

static int open_graph(void **state)
{
	struct err e = {0};
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mw-corr-XXXXXX");
	if (!mkdtemp(folder) || fields_load(&e) || graph_open(&graph, folder, GRAPH_WRITE, &e) ||
	    graph_begin(graph, &e))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(inventory); i++) {
		cJSON *j = json_parse(slice_of(inventory[i]), 4096, &e);
		if (!j || graph_add(graph, j, &e))
			return -1;
		cJSON_Delete(j);
	}
	return graph_commit(graph, &e);
}

static int close_graph(void **state)
{
	(void)state;
	graph_close(graph);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define T0 (INT64_C(1773453600) * MW_SECOND) /* 2026-03-14T02:00:00Z */

static struct finding *put(struct finding_list *l, const char *key, const char *dataset,
                           enum severity s, mw_time at, const char *const *entities)
{
	struct finding *f = vec_push(&l->v);
	f->key = xstrdup(key);
	f->title = xasprintf("title of %s", key);
	f->rule = xstrdup("rule");
	f->dataset = xstrdup(dataset);
	f->severity = s;
	f->first = f->last = at;
	f->events = 1;
	f->confidence = 60;
	for (; *entities; entities++)
		*vec_push(&f->entities) = xstrdup(*entities);
	return f;
}
#define ENTITIES(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct incident_list cluster(struct finding_list *l, struct graph *g)
{
	struct incident_list out = {0};
	struct err e = {0};
	if (correlate_cluster(l, g, &out, &e))
		fail_msg("%s", e.what);
	return out;
}

/* How many incidents two findings of these entities make. */
static size_t together(const char *const *a, const char *const *b, mw_time later)
{
	struct finding_list l = {0};
	put(&l, "guardduty:1", "guardduty", SEV_HIGH, T0, a);
	put(&l, "det:x:1", "detection", SEV_LOW, T0 + later, b);
	struct incident_list out = cluster(&l, graph);
	size_t n = out.v.n;
	incident_list_release(&out);
	finding_list_release(&l);
	return n;
}

static void shared_keys_link(void **state)
{
	(void)state;
	/* the same asset by id, name, address */
	assert_int_equal(together(ENTITIES("mw.instance=i-0aaaaaaaaaaaaaaa1"),
	                          ENTITIES("device.hostname=web-1"), MW_HOUR),
	                 1);
	assert_int_equal(together(ENTITIES("mw.instance=i-0aaaaaaaaaaaaaaa1"),
	                          ENTITIES("src_endpoint.ip=10.1.0.5"), MW_HOUR),
	                 1);
	assert_int_equal(together(ENTITIES("actor.session.uid=i-0aaaaaaaaaaaaaaa1"),
	                          ENTITIES("device.hostname=WEB-1"), 0),
	                 1);
	/* a person by any of the names */
	assert_int_equal(together(ENTITIES("actor.user.name=Dana.Reyes@corp.example"),
	                          ENTITIES("actor.user.name=CORP\\dana.reyes"), 0),
	                 1);
	assert_int_equal(together(ENTITIES("src_endpoint.ip=203.0.113.77"),
	                          ENTITIES("dst_endpoint.ip=203.0.113.77"), 0),
	                 1);
	assert_int_equal(together(ENTITIES("query.hostname=bad.example."),
	                          ENTITIES("query.hostname=bad.example"), 0),
	                 1);
	/* without the shared one the link is gone */
	assert_int_equal(together(ENTITIES("src_endpoint.ip=203.0.113.77"),
	                          ENTITIES("src_endpoint.ip=203.0.113.78"), 0),
	                 2);
}

static void common_things_do_not_link(void **state)
{
	(void)state;
	assert_int_equal(together(ENTITIES("src_endpoint.ip=198.51.100.10"),
	                          ENTITIES("src_endpoint.ip=198.51.100.10"), 0),
	                 2);
	assert_int_equal(together(ENTITIES("src_endpoint.ip=10.1.0.9"),
	                          ENTITIES("src_endpoint.ip=10.1.0.9"), 0),
	                 2);
	assert_int_equal(together(ENTITIES("cloud.account.uid=111122223333"),
	                          ENTITIES("cloud.account.uid=111122223333"), 0),
	                 2);
	assert_int_equal(together(ENTITIES("actor.user.name=ec2.amazonaws.com"),
	                          ENTITIES("actor.user.name=ec2.amazonaws.com"), 0),
	                 2);
	/* days apart an address alone says little */
	assert_int_equal(together(ENTITIES("src_endpoint.ip=203.0.113.77"),
	                          ENTITIES("src_endpoint.ip=203.0.113.77"), 2 * MW_DAY),
	                 2);
}

static struct finding_list story(void)
{
	struct finding_list l = {0};
	put(&l, "guardduty:1", "guardduty", SEV_CRITICAL, T0,
	    ENTITIES("mw.instance=i-0aaaaaaaaaaaaaaa1", "src_endpoint.ip=203.0.113.77"));
	put(&l, "det:bulk:1", "detection.outside", SEV_HIGH, T0 + MW_HOUR,
	    ENTITIES("mw.bucket=vault", "src_endpoint.ip=203.0.113.77"));
	put(&l, "finding.wiz:1", "finding.wiz", SEV_MEDIUM, T0 - 9 * MW_DAY,
	    ENTITIES("resources.uid=i-0aaaaaaaaaaaaaaa1"));
	put(&l, "ocsf:1", "ocsf", SEV_LOW, T0,
	    ENTITIES("resources.uid=arn:aws:iam::111122223333:user/old"));
	return l;
}

static int part(const struct incident *i, const char *label)
{
	const struct score_part *p;
	vec_each (p, &i->parts)
		if (!strcmp(p->label, label))
			return p->points;
	return 0;
}

static void score_is_the_sum_of_its_parts(void **state)
{
	(void)state;
	struct finding_list l = story();
	for (uint64_t k = 0; k < 10; k++) { /* the first two share seven records */
		*vec_push(&l.v.v[0].ids) = 100 + k;
		*vec_push(&l.v.v[1].ids) = 112 - k;
	}
	struct incident_list out = cluster(&l, graph);
	const struct score_part *p;
	assert_int_equal(out.v.n, 2);
	assert_int_equal(out.v.v[0].records, 13 + 1);
	const struct incident *i = &out.v.v[0];
	assert_int_equal(i->findings.n, 3);
	assert_int_equal(i->links.n, 2);
	assert_int_equal(i->severity, SEV_CRITICAL);
	assert_string_equal(i->title, "title of guardduty:1");
	assert_string_equal(i->origins, "W+G+L");
	int sum = 0;
	vec_each (p, &i->parts) {
		sum += p->points;
		assert_true(*p->why);
	}
	assert_int_equal(sum, i->score);
	assert_int_equal(part(i, "base"), 40);
	assert_int_equal(part(i, "data"), 15);
	assert_int_equal(part(i, "outside use"), 20);
	assert_int_equal(part(i, "criticality"), 6);
	incident_list_release(&out);
	finding_list_release(&l);
}

static char *as_text(struct incident_list *l)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < l->v.n; i++) {
		cJSON *j = incident_to_json(&l->v.v[i]);
		json_write(&b, j);
		cJSON_Delete(j);
	}
	incident_list_release(l);
	size_t n;
	return buf_take(&b, &n);
}

static void order_does_not_matter(void **state)
{
	(void)state;
	struct finding_list l = story();
	struct incident_list out = cluster(&l, graph);
	char *one = as_text(&out);
	for (size_t i = 0; i < l.v.n / 2; i++) {
		struct finding f = l.v.v[i];
		l.v.v[i] = l.v.v[l.v.n - 1 - i];
		l.v.v[l.v.n - 1 - i] = f;
	}
	out = cluster(&l, graph);
	char *two = as_text(&out);
	assert_string_equal(one, two);
	free(one);
	free(two);
	finding_list_release(&l);
}

static void an_approved_change_lowers(void **state)
{
	(void)state;
	struct finding_list l = {0};
	put(&l, "det:a:1", "detection", SEV_MEDIUM, T0, ENTITIES("actor.user.name=rosa"));
	put(&l, "det:b:1", "detection", SEV_MEDIUM, T0, ENTITIES("mw.bucket=vault"));
	put(&l, "det:c:1", "detection", SEV_MEDIUM, T0, ENTITIES("actor.user.name=somebody"));
	put(&l, "det:d:1", "detection", SEV_MEDIUM, T0 + 9 * MW_HOUR, ENTITIES("mw.bucket=vault"));
	struct incident_list out = cluster(&l, graph);
	int lowered = 0;
	assert_int_equal(out.v.n, 4);
	for (size_t i = 0; i < out.v.n; i++) {
		bool covered = part(&out.v.v[i], "approved change") < 0;
		const char *key = out.v.v[i].findings.v[0].key;
		assert_int_equal(covered, !strcmp(key, "det:a:1") || !strcmp(key, "det:b:1"));
		assert_int_equal(out.v.v[i].severity, covered ? SEV_LOW : SEV_MEDIUM);
		lowered += covered;
	}
	assert_int_equal(lowered, 2);
	incident_list_release(&out);
	finding_list_release(&l);
}

static void without_inventory_it_says_so(void **state)
{
	(void)state;
	struct finding_list l = story();
	struct incident_list out = cluster(&l, NULL);
	const struct score_part *p = &out.v.v[0].parts.v[out.v.v[0].parts.n - 1];
	assert_string_equal(p->label, "inventory");
	assert_int_equal(p->points, 0);
	incident_list_release(&out);
	finding_list_release(&l);
}

static void incident_survives_json(void **state)
{
	(void)state;
	struct finding_list l = story();
	struct incident_list out = cluster(&l, graph);
	struct incident back;
	struct err e = {0};
	*vec_push(&out.v.v[0].findings.v[0].evidence) = xstrdup("ev:12");
	cJSON *j = incident_to_json(&out.v.v[0]), *again;
	assert_int_equal(incident_from_json(j, &back, &e), 0);
	again = incident_to_json(&back);
	assert_true(cJSON_Compare(j, again, true));
	cJSON_ReplaceItemInObjectCaseSensitive(again, "severity", cJSON_CreateString("very bad"));
	struct incident none;
	assert_int_equal(incident_from_json(again, &none, &e), -1);
	cJSON_Delete(j);
	cJSON_Delete(again);
	incident_release(&back);
	incident_list_release(&out);
	finding_list_release(&l);
}

static void states_of_one_rule_fold(void **state)
{
	struct finding_list l = {0};
	(void)state;
	put(&l, "ocsf:1", "ocsf", SEV_LOW, T0, ENTITIES("resources.uid=arn:aws:s3:::a"));
	put(&l, "ocsf:2", "ocsf", SEV_MEDIUM, T0, ENTITIES("resources.uid=arn:aws:s3:::b"));
	put(&l, "ocsf:3", "ocsf", SEV_LOW, T0, ENTITIES("resources.uid=i-0aaaaaaaaaaaaaaa1"));
	put(&l, "guardduty:1", "guardduty", SEV_LOW, T0,
	    ENTITIES("mw.instance=i-0aaaaaaaaaaaaaaa1"));
	struct incident_list out = cluster(&l, graph);
	assert_int_equal(out.v.n,
	                 2); /* the two buckets; the instance stays with what happened on it */
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(out.v.v[i].findings.n, 2);
	size_t folded = !strcmp(out.v.v[0].origins, "C") ? 0 : 1;
	assert_string_equal(out.v.v[folded].title, "title of ocsf:2, and 1 more");
	assert_int_equal(out.v.v[folded].links.n, 1);
	incident_list_release(&out);
	finding_list_release(&l);
}

/* ---- suppression ---- */

#define RULE(match)                                                                            \
	"[{\"id\":7,\"owner\":\"vuln-team\",\"reason\":\"scan\",\"until\":\"2026-03-15T00:00:" \
	"00Z\",\"match\":" match "}]"

static int64_t hidden_by(const char *rules, enum severity second, mw_time now)
{
	struct finding_list l = {0};
	struct err e = {0};
	put(&l, "guardduty:1", "guardduty", SEV_LOW, T0,
	    ENTITIES("src_endpoint.ip=203.0.113.5", "device.hostname=scan"));
	put(&l, "guardduty:2", "guardduty", second, T0,
	    ENTITIES("src_endpoint.ip=203.0.113.5", "device.hostname=scan"));
	struct incident_list out = cluster(&l, graph);
	cJSON *j = json_parse(slice_of(rules), 4096, &e);
	assert_non_null(j);
	assert_int_equal(out.v.n, 1);
	suppress_apply(&out, j, now);
	int64_t by = out.v.v[0].suppressed_by;
	cJSON *doc = incident_to_json(&out.v.v[0]);
	assert_int_equal(json_bool(doc, "suppressed", false), by != 0);
	cJSON_Delete(doc);
	cJSON_Delete(j);
	incident_list_release(&out);
	finding_list_release(&l);
	return by;
}

static void suppression_hides_what_is_alike(void **state)
{
	(void)state;
	assert_int_equal(hidden_by(RULE("{\"entity\":\"device.hostname=scan\"}"), SEV_LOW, T0), 7);
	assert_int_equal(
	        hidden_by(RULE("{\"rule\":\"ru*\",\"dataset\":\"guardduty\"}"), SEV_MEDIUM, T0), 7);
	assert_int_equal(
	        hidden_by(RULE("{\"entity\":[\"a=b\",\"device.hostname=sc*\"]}"), SEV_LOW, T0), 7);
	/* another thing, a graver finding, a rule past its end: it shows */
	assert_int_equal(hidden_by(RULE("{\"entity\":\"device.hostname=other\"}"), SEV_LOW, T0), 0);
	assert_int_equal(hidden_by(RULE("{\"entity\":\"device.hostname=scan\"}"), SEV_HIGH, T0), 0);
	assert_int_equal(hidden_by(RULE("{\"title\":\"title of guardduty:1\"}"), SEV_LOW, T0), 0);
	assert_int_equal(hidden_by(RULE("{\"rule\":\"rule\"}"), SEV_LOW, T0 + 2 * MW_DAY), 0);
	assert_int_equal(hidden_by(RULE("{\"rule\":\"rule\",\"severity\":\"high\"}"), SEV_HIGH, T0),
	                 7);
}

static void useless_suppressions_are_refused(void **state)
{
	static const char *const texts[] = {"{}",
	                                    "{\"severity\":\"low\"}",
	                                    "{\"rule\":\"*\"}",
	                                    "{\"rule\":\"\"}",
	                                    "{\"entity\":\"x\"}",
	                                    "{\"entity\":[]}",
	                                    "{\"ruel\":\"x\"}",
	                                    "{\"rule\":\"x\",\"severity\":\"awful\"}"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct err e = {0};
		cJSON *j = json_parse(slice_of(texts[i]), 4096, &e);
		assert_int_equal(suppress_check(j, &e), -1);
		assert_true(*e.what);
		cJSON_Delete(j);
	}
}

/* ---- detections ---- */

static void all_detections_make_plans(void **state)
{
	(void)state;
	struct detections ds;
	struct facts *f;
	struct err e = {0};
	if (detections_load(&ds, &e))
		fail_msg("%s", e.what);
	assert_int_equal(facts_load(&f, graph, &e), 0);
	assert_true(ds.v.n >= 30);
	for (size_t i = 0; i < ds.v.n; i++) {
		struct plan *p = detection_plan(&ds.v.v[i], f, T0, &e);
		if (!p)
			fail_msg("%s: %s", ds.v.v[i].id, e.what);
		assert_true(*ds.v.v[i].attack != NULL);
		plan_free(p);
	}
	facts_free(f);
	/* without an inventory a detection is left out, never wrong */
	size_t left_out = 0;
	assert_int_equal(facts_load(&f, NULL, &e), 0);
	for (size_t i = 0; i < ds.v.n; i++) {
		struct plan *p = detection_plan(&ds.v.v[i], f, T0, &e);
		if (!p && e.code != ERR_NONE)
			fail_msg("%s: %s", ds.v.v[i].id, e.what);
		left_out += !p;
		plan_free(p);
	}
	assert_in_range(left_out, 5, 20);
	facts_free(f);
	detections_release(&ds);
}

static void bad_detections_are_refused(void **state)
{
	static const char *const texts[] = {
	        "id: a\ntitle: t\nseverity: high\nby: [actor.user.name]\n",
	        "id: a\ntitle: t\nseverity: loud\nby: [actor.user.name]\nwhere: {field: status, "
	        "op: exists}\n",
	        "id: a\ntitle: t\nseverity: high\nby: [no.such.field]\nwhere: {field: status, op: "
	        "exists}\n",
	        "id: a\ntitle: t\nseverity: high\nby: [status]\nwhere: {field: status, op: "
	        "exists}\nwindow: long\n",
	        "id: a\ntitle: t\nseverity: high\nby: [status]\nwhere: {field: status, op: "
	        "exists}\ncolour: red\n",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct detections ds = {0};
		struct err e = {0};
		assert_int_equal(detections_add(&ds, "detections/x.yaml", slice_of(texts[i]), &e),
		                 -1);
		assert_non_null(strstr(e.what, "detections/x.yaml"));
		detections_release(&ds);
	}
}

static void feed(struct tally *g, mw_time at, const char *user, const char *ip, event_id id)
{
	struct event ev = {.time = at, .dataset = "cloudtrail"};
	event_add(&ev, field_find(SLICE("actor.user.name"))->id, slice_of(user));
	event_add(&ev, field_find(SLICE("src_endpoint.ip"))->id, slice_of(ip));
	tally_event(g, &ev, id);
	event_release(&ev);
}

static void groups_count_in_windows(void **state)
{
	static const char text[] =
	        "id: spray\ntitle: \"from {src_endpoint.ip}\"\nseverity: high\nattack: [T1110]\n"
	        "by: [src_endpoint.ip]\nwindow: 1h\nmin: 4\ndistinct: {field: actor.user.name, "
	        "min: 3}\n"
	        "where: {field: status, op: exists}\n";
	static const char *const users[] = {"a", "b", "c", "d"};
	struct detections ds = {0};
	struct finding_list l = {0};
	struct facts *f;
	struct err e = {0};
	(void)state;
	assert_int_equal(detections_add(&ds, "detections/x.yaml", SLICE(text), &e), 0);
	assert_int_equal(facts_load(&f, graph, &e), 0);
	struct tally *g = tally_new(&ds.v.v[0]);
	for (size_t i = 0; i < 4; i++) {
		feed(g, T0 + (mw_time)(3 - i) * MW_MINUTE, users[i], "203.0.113.1", i); /* counts */
		feed(g, T0 + (mw_time)i * MW_HOUR, users[i], "203.0.113.2", 10 + i); /* too slow */
		feed(g, T0 + (mw_time)i * MW_MINUTE, users[i % 2], "203.0.113.3",
		     20 + i); /* too few users */
		feed(g, T0 + (mw_time)i * MW_MINUTE, users[i], "10.1.0.5", 30 + i); /* counts */
	}
	for (size_t i = 0; i < 8; i++) /* two nights are two findings */
		feed(g, T0 + (mw_time)i / 4 * 22 * MW_HOUR + (mw_time)i * MW_MINUTE, users[i % 4],
		     "203.0.113.4", 40 + i);
	tally_findings(g, f, &l);
	assert_int_equal(l.v.n, 4);
	assert_string_equal(l.v.v[0].title, "from 203.0.113.1");
	assert_string_equal(l.v.v[0].evidence.v[0], "ev:3"); /* the earliest first */
	assert_int_equal(l.v.v[0].events, 4);
	assert_int_equal(l.v.v[0].last - l.v.v[0].first, 3 * MW_MINUTE);
	assert_string_equal(l.v.v[0].entities.v[0], "src_endpoint.ip=203.0.113.1");
	assert_string_equal(l.v.v[1].title, "from 203.0.113.4");
	assert_string_not_equal(l.v.v[1].key, l.v.v[2].key);
	assert_string_equal(l.v.v[3].title, "from web-1");
	tally_free(g);
	facts_free(f);
	finding_list_release(&l);
	detections_release(&ds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(shared_keys_link),
	        cmocka_unit_test(common_things_do_not_link),
	        cmocka_unit_test(score_is_the_sum_of_its_parts),
	        cmocka_unit_test(order_does_not_matter),
	        cmocka_unit_test(an_approved_change_lowers),
	        cmocka_unit_test(without_inventory_it_says_so),
	        cmocka_unit_test(incident_survives_json),
	        cmocka_unit_test(states_of_one_rule_fold),
	        cmocka_unit_test(suppression_hides_what_is_alike),
	        cmocka_unit_test(useless_suppressions_are_refused),
	        cmocka_unit_test(all_detections_make_plans),
	        cmocka_unit_test(bad_detections_are_refused),
	        cmocka_unit_test(groups_count_in_windows),
	};
	return cmocka_run_group_tests(tests, open_graph, close_graph);
}
