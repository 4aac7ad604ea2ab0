/*
 * Technique naming on the labelled detonations: for each label the events are normalised as an import does, tallied, and the first three
 * techniques compared with the label's (the technique or its parent counts). usage: tool_attack SHARED
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/map.h"
#include "intake/intake.h"
#include "investigate/attack.h"

struct label {
	char *name, *want; /* want: "T1098.001" */
	struct attack_tally *tally;
};
static struct attack_rules *rules;
static struct map by_uid = MAP_INIT; /* event id -> label */
static VEC(struct label) labels;

static char *slurp(const char *path, size_t *n)
{
	struct buf b = BUF_INIT;
	int fd = open(path, O_RDONLY);
	ssize_t got = 1;
	while (fd >= 0 && got > 0) {
		got = read(fd, buf_room(&b, 65536), 65536);
		b.len += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	buf_ch(&b, '\0');
	return buf_take(&b, n);
}

static size_t label_of(const char *name, const char *want)
{
	struct label *l;
	for (size_t i = 0; i < labels.n; i++)
		if (!strcmp(labels.v[i].name, name))
			return i;
	l = vec_push(&labels);
	l->name = xstrdup(name);
	l->want = xstrdup(want);
	l->tally = attack_tally_new(rules);
	return labels.n - 1;
}

struct sink_ctx {
	size_t label; /* SIZE_MAX: by event id */
	event_id n;
};

static int on_event(void *ctx, const struct event *ev, struct err *e)
{
	struct sink_ctx *c = ctx;
	size_t at = c->label;
	(void)e;
	if (at == SIZE_MAX) {
		struct map_entry *m = map_get(&by_uid, ev->uid.s, ev->uid.n);
		if (!m)
			return 0;
		at = m->val.u;
	}
	attack_tally_add(labels.v[at].tally, ev, c->n++);
	return 0;
}

static int no_graph(void *ctx, const cJSON *o, struct err *e)
{
	(void)ctx, (void)o, (void)e;
	return 0;
}

static int no_reject(void *ctx, const struct intake_reject *r, struct err *e)
{
	(void)ctx, (void)r, (void)e;
	return 0;
}

static void read_file(const char *path, size_t label)
{
	struct sink_ctx c = {label, 0};
	struct intake_sink sink = {&c, on_event, no_graph, no_reject, NULL};
	const char *slash = strrchr(path, '/');
	struct intake_opts o = {.basename = slash ? slash + 1 : path};
	const struct intake_format *f;
	struct err e = {0};
	size_t n;
	char *head = slurp(path, &n);
	int fd = open(path, O_RDONLY);
	f = intake_detect((struct slice){head, n < INTAKE_HEAD ? n : INTAKE_HEAD}, o.basename, &e);
	if (fd < 0 || !f || intake_read(fd, f, &o, &sink, &e))
		printf("# %s: %s\n", path, e.what);
	if (fd >= 0)
		close(fd);
	free(head);
}

static void each_line(const char *path, void (*fn)(const cJSON *, const char *), const char *root)
{
	size_t n;
	char *text = slurp(path, &n);
	struct slice rest = {text, n - 1}, line;
	while (slice_split(&rest, '\n', &line)) {
		cJSON *j = cJSON_ParseWithLength(line.s, line.n);
		if (j)
			fn(j, root);
		cJSON_Delete(j);
	}
	free(text);
}

static void cloud_label(const cJSON *j, const char *root)
{
	const cJSON *t = json_arr(j, "techniques");
	const char *uid = json_str(j, "eventID", NULL);
	(void)root;
	if (uid && t && t->child)
		map_put_str(&by_uid, uid, NULL)->val.u =
		        label_of(json_str(j, "label", "?"), t->child->valuestring);
}

static void windows_label(const cJSON *j, const char *root)
{
	const cJSON *a = json_arr(j, "attack");
	const char *file = json_str(j, "file", NULL),
	           *sub = a ? json_str(a->child, "sub", NULL) : NULL;
	char *want, *path;
	if (!a || !a->child || !file)
		return;
	want = sub ? xasprintf("%s.%s", json_str(a->child, "technique", "?"), sub)
	           : xstrdup(json_str(a->child, "technique", "?"));
	path = xasprintf("%s/data/%s", root, file);
	read_file(path, label_of(file, want));
	free(want);
	free(path);
}

static bool right(const struct label *l, char *shown, size_t room)
{
	struct attack_found top[3];
	size_t n = attack_tally_top(l->tally, top, 3), at = 0;
	bool ok = false;
	shown[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		ok = ok || !strncmp(top[i].id, l->want, 5);
		at += (size_t)snprintf(shown + at, room - at, " %s", top[i].id);
	}
	return ok;
}

int main(int argc, char **argv)
{
	const char *root = argc > 1 ? argv[1] : "../shared";
	char *path, shown[256];
	struct err e;
	size_t good = 0;
	if (fields_load(&e) || attack_load(&rules, &e)) {
		printf("%s\n", e.what);
		return 1;
	}
	path = xasprintf("%s/data/events/labels/stratus_detonations_labels.jsonl", root);
	each_line(path, cloud_label, root);
	free(path);
	path = xasprintf("%s/data/events/cloudtrail/stratus_detonations.jsonl", root);
	read_file(path, SIZE_MAX);
	free(path);
	path = xasprintf("%s/data/events/labels/otrf_windows_labels.jsonl", root);
	each_line(path, windows_label, root);
	free(path);
	for (size_t i = 0; i < labels.n; i++) {
		bool ok = right(&labels.v[i], shown, sizeof(shown));
		good += ok;
		printf("%s %-70s %-10s %s\n", ok ? "right" : "WRONG", labels.v[i].name,
		       labels.v[i].want, shown);
	}
	printf("technique in the first three: %zu of %zu (%.0f %%)\n", good, labels.n,
	       labels.n ? 100.0 * (double)good / (double)labels.n : 0.0);
	return 0;
}
