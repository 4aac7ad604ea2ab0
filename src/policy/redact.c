#include "policy/redact.h"

#include "base/map.h"
#include "policy/redact_net.h"

struct place {
	const char *name, *kind; /* "USER_1", "USER" */
	struct slice value;
};
struct redact {
	struct redact_policy policy;
	struct arena arena;
	struct map by_value; /* kind NUL value -> index into v */
	struct map by_name;  /* "USER_1" -> index into v */
	struct map
	        numbers; /* kind -> numbers given so far; "NET " and subnet -> its number; its hosts */
	VEC(struct place) v;
	struct net_known known;
};

struct redact *redact_new(const struct redact_policy *p)
{
	struct redact *r = xcalloc(1, sizeof(*r));
	r->policy = *p;
	return r;
}

void redact_free(struct redact *r)
{
	if (!r)
		return;
	net_known_release(&r->known);
	map_release(&r->by_value);
	map_release(&r->by_name);
	map_release(&r->numbers);
	vec_free(&r->v);
	arena_release(&r->arena);
	free(r);
}

/* ---- placeholders ---- */

static uint64_t next_number(struct redact *r, const char *key, size_t n)
{
	return ++map_put(&r->numbers, key, n, NULL)->val.u;
}

/* The part of an address that neighbours share: three numbers of four, four groups of eight. */
static size_t subnet_length(struct slice ip)
{
	bool v6 = memchr(ip.s, ':', ip.n) != NULL;
	int left = v6 ? 4 : 3;
	for (size_t i = 0; i < ip.n; i++)
		if (ip.s[i] == (v6 ? ':' : '.') && !--left)
			return i;
	return ip.n;
}

static const char *address_name(struct redact *r, struct slice ip)
{
	char *net = arena_printf(&r->arena, "NET %.*s", (int)subnet_length(ip), ip.s);
	const struct map_entry *m = map_get_str(&r->numbers, net);
	uint64_t number = m ? m->val.u : next_number(r, "NETS", 4), host;
	map_put_str(&r->numbers, net, NULL)->val.u = number;
	net[0] = 'H'; /* the same key again, for the hosts of the net */
	host = next_number(r, net, strlen(net));
	return arena_printf(&r->arena, "IP_%llu_%llu", (unsigned long long)number,
	                    (unsigned long long)host);
}

static void add_place(struct redact *r, const char *kind, struct slice value, const char *name)
{
	struct place *p = vec_push(&r->v);
	p->kind = arena_strdup(&r->arena, kind);
	p->value = (struct slice){arena_memdup(&r->arena, value.s, value.n), value.n};
	p->name = name;
	map_put_str(&r->by_name, name, NULL)->val.u = r->v.n - 1;
}

/* "[USER_1]" for the value. */
static void placeholder(struct redact *r, const char *kind, struct slice value, struct buf *out)
{
	struct buf key = BUF_INIT;
	struct map_entry *m;
	bool added;
	if (r->v.n >= REDACT_VALUES_MAX) {
		buf_str(out, "[TEXT_0]");
		return;
	}
	buf_str(&key, kind);
	buf_ch(&key, '\0');
	buf_add(&key, value.s, value.n);
	m = map_put(&r->by_value, key.s, key.len, &added);
	buf_release(&key);
	if (added) {
		const char *name;
		m->val.u = r->v.n;
		name = !strcmp(kind, "IP") ? address_name(r, value)
		                           : arena_printf(&r->arena, "%s_%llu", kind,
		                                          (unsigned long long)next_number(
		                                                  r, kind, strlen(kind)));
		add_place(r, kind, value, name);
		buf_printf(out, "[%s]", name);
		return;
	}
	buf_printf(out, "[%s]", r->v.v[m->val.u].name);
}

/* Names of the house and of every machine: replacing them hides nobody and costs the meaning. */
static bool nobody(struct slice v)
{
	static const char *const names[] = {"root",
	                                    "admin",
	                                    "administrator",
	                                    "system",
	                                    "anonymous",
	                                    "guest",
	                                    "nobody",
	                                    "local service",
	                                    "network service",
	                                    "anonymous logon",
	                                    "everyone",
	                                    "unknown",
	                                    "none",
	                                    "null",
	                                    "-",
	                                    "*",
	                                    "n/a",
	                                    "nt authority",
	                                    "localhost",
	                                    "root account",
	                                    "federated",
	                                    "aws",
	                                    "user",
	                                    "service"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_ieq(v, slice_of(names[i])))
			return true;
	return v.n > 14 && slice_ieq((struct slice){v.s + v.n - 14, 14}, SLICE(".amazonaws.com"));
}

void redact_learn(struct redact *r, const char *kind, struct slice value)
{
	struct buf key = BUF_INIT;
	bool added;
	char *own;
	if (value.n < 2 || nobody(value) || r->known.v.n >= REDACT_VALUES_MAX)
		return;
	buf_str(&key, "KNOWN");
	buf_ch(&key, '\0');
	buf_add(&key, value.s, value.n);
	map_put(&r->by_value, key.s, key.len, &added);
	buf_release(&key);
	if (!added)
		return;
	own = arena_memdup(&r->arena, value.s, value.n);
	net_learn(&r->known, arena_strdup(&r->arena, kind), (struct slice){own, value.n});
}

/* ---- text ---- */

/* What looks like a placeholder of ours before we put any: hidden itself, so that nobody can have a secret put where he likes. */
static size_t forged(struct slice s)
{
	size_t i = 1;
	if (s.n < 4 || s.s[0] != '[')
		return 0;
	while (i < s.n && s.s[i] >= 'A' && s.s[i] <= 'Z')
		i++;
	if (i == 1 || i >= s.n || s.s[i] != '_')
		return 0;
	while (i < s.n && ((s.s[i] >= '0' && s.s[i] <= '9') || s.s[i] == '_'))
		i++;
	return i < s.n && s.s[i] == ']' ? i + 1 : 0;
}

static void copy_plain(struct redact *r, struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n;) {
		size_t n = forged((struct slice){s.s + i, s.n - i});
		if (n)
			placeholder(r, "TEXT", (struct slice){s.s + i, n}, out);
		else
			buf_ch(out, s.s[i]);
		i += n ? n : 1;
	}
}

/* The last name of an ARN of a user or of a session is a person's, wherever the ARN stands: the graph's edges name nobody else. A
 * session that is an instance's is none. */
static void learn_arn_names(struct redact *r, struct slice text)
{
	static const char *const marks[] = {":user/", ":federated-user/", ":assumed-role/"};

	for (size_t k = 0; k < ARRAY_LEN(marks); k++) {
		size_t n = strlen(marks[k]);
		const char *at = text.s, *end = text.s + text.n;
		while (at && (at = memmem(at, (size_t)(end - at), marks[k], n))) {
			const char *from = at += n;
			bool named = k < 2;
			for (; at < end && !strchr(" \t\n\"'`,;)>]}", *at); at++)
				if (*at == '/') {
					from = at + 1;
					named = true;
				}
			if (named && at - from > 2 && memcmp(from, "i-", 2) &&
			    !nobody((struct slice){from, (size_t)(at - from)}))
				redact_learn(r, "USER", (struct slice){from, (size_t)(at - from)});
		}
	}
}

void redact_text(struct redact *r, struct slice text, struct buf *out)
{
	net_hits h = {0};
	size_t at = 0;
	learn_arn_names(r, text);
	net_find(&r->known, &r->policy, text, &h);
	for (size_t i = 0; i < h.n; i++) {
		copy_plain(r, (struct slice){text.s + at, h.v[i].from - at}, out);
		placeholder(r, h.v[i].kind, (struct slice){h.v[i].plain.s, h.v[i].plain.len}, out);
		redact_learn(r, h.v[i].kind, (struct slice){h.v[i].plain.s, h.v[i].plain.len});
		at = h.v[i].to;
	}
	copy_plain(r, (struct slice){text.s + at, text.n - at}, out);
	net_hits_release(&h);
}

static bool name_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void redact_restore(const struct redact *r, struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.n;) {
		size_t n = 0;
		bool open = text.s[i] == '[';
		bool starts = open || !i || !(name_byte(text.s[i - 1]) || text.s[i - 1] == '[');
		const char *name = text.s + i + open;
		const struct map_entry *m;
		while (starts && i + open + n < text.n && name_byte(name[n]))
			n++;
		m = n ? map_get(&r->by_name, name, n) : NULL;
		if (!m) {
			buf_add(out, text.s + i, n && !open ? n : 1);
			i += n && !open ? n : 1;
			continue;
		}
		buf_add(out, r->v.v[m->val.u].value.s, r->v.v[m->val.u].value.n);
		i += open + n;
		i += open && i < text.n && text.s[i] == ']';
	}
}

void redact_restore_json(const struct redact *r, cJSON *v)
{
	cJSON *c;
	struct buf b = BUF_INIT;
	if (cJSON_IsString(v)) {
		redact_restore(r, slice_of(v->valuestring), &b);
		cJSON_SetValuestring(v, b.s);
	}
	buf_release(&b);
	cJSON_ArrayForEach(c, v) redact_restore_json(r, c);
}

/* ---- fields ---- */

/* What a field's values are called when they are taken out. */
static const char *kind_of(const struct field *f)
{
	static const struct {
		const char *part, *kind;
	} kinds[] = {{"email", "MAIL"},         {"full_name", "NAME"},
	             {"credential_uid", "KEY"}, {"account.uid", "ACCOUNT"},
	             {"hostname", "HOST"},      {"domain", "DOMAIN"},
	             {"user", "USER"},          {"source_identity", "USER"},
	             {"assignee", "USER"},      {".ip", "IP"},
	             {"access_key", "KEY"}};
	if (f->type == FT_IP)
		return "IP";
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strstr(f->name, kinds[i].part))
			return kinds[i].kind;
	return f->sens == FS_SECRET ? "SECRET" : "PERSON";
}

/* Whether the whole value is replaced. */
static bool hidden(const struct redact *r, const struct field *f, const char *kind, struct slice v)
{
	if (f->sens == FS_SECRET)
		return true;
	if (f->type == FT_IP)
		return r->policy.addresses;
	if (!strcmp(kind, "ACCOUNT"))
		return r->policy.accounts;
	if (!strcmp(kind, "HOST") || !strcmp(kind, "DOMAIN"))
		return r->policy.hostnames;
	return (f->sens == FS_PERSONAL || !strcmp(kind, "KEY")) && !nobody(v);
}

/* arn:aws:iam::123456789012:user/alice keeps its frame: the account by policy, the last name as a user. */
static void arn_value(struct redact *r, const char *kind, struct slice v, struct buf *out)
{
	struct slice rest = v, piece;
	for (int i = 0; slice_split(&rest, ':', &piece); i++) {
		size_t slash = piece.n;
		if (i)
			buf_ch(out, ':');
		if (i == 4 && piece.n && r->policy.accounts) {
			placeholder(r, "ACCOUNT", piece, out);
			continue;
		}
		while (slash && piece.s[slash - 1] != '/')
			slash--;
		buf_add(out, piece.s, i >= 5 ? slash : piece.n);
		if (i < 5 || slash == piece.n)
			continue;
		piece = (struct slice){piece.s + slash, piece.n - slash};
		if (nobody(piece)) {
			buf_add(out, piece.s, piece.n);
			continue;
		}
		redact_learn(r, kind, piece);
		placeholder(r, kind, piece, out);
	}
}

bool redact_value(struct redact *r, const struct field *f, struct slice v, struct buf *out)
{
	const char *kind = f ? kind_of(f) : "TEXT";
	if (!f || f->free_text) {
		if (r->policy.free_text)
			redact_text(r, v, out);
		return r->policy.free_text;
	}
	if (hidden(r, f, kind, v)) {
		redact_learn(r, kind, v);
		if (v.n > 4 && !memcmp(v.s, "arn:", 4) && f->sens == FS_PERSONAL) {
			arn_value(r, kind, v, out);
			return true;
		}
		placeholder(r, kind, v, out);
		return true;
	}
	if (f->sens == FS_PUBLIC && f->type != FT_STRING)
		buf_add(out, v.s, v.n);
	else
		redact_text(r, v, out);
	return true;
}

/* A secret cut in two: neighbours are read as one, and what spans the cut is taken out of both. split[i] is set where that is so. */
static void find_splits(struct redact *r, const struct event *ev, bool *split)
{
	for (size_t i = 0; i + 1 < ev->vals.n; i++) {
		const struct slice a = ev->vals.v[i].value, b = ev->vals.v[i + 1].value;
		struct buf both = BUF_INIT;
		net_hits h = {0};
		buf_add(&both, a.s, a.n);
		buf_add(&both, b.s, b.n);
		net_find(&r->known, &r->policy, (struct slice){both.s, both.len}, &h);
		for (size_t k = 0; k < h.n; k++)
			if (h.v[k].from < a.n && h.v[k].to > a.n &&
			    (h.v[k].known ||
			     (strcmp(h.v[k].kind, "NAME") && strcmp(h.v[k].kind, "HOST"))))
				split[i] = split[i + 1] = true;
		net_hits_release(&h);
		buf_release(&both);
	}
}

static void add_member(cJSON *o, const struct field *f, struct slice text)
{
	cJSON *old = json_get(o, f->alias), *list;
	if (!old) {
		json_add_slice(o, f->alias, text);
		return;
	}
	if (!cJSON_IsArray(old)) {
		list = cJSON_CreateArray();
		cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(o, old));
		cJSON_AddItemToObject(o, f->alias, list);
		old = list;
	}
	list = cJSON_CreateObject();
	json_add_slice(list, "v", text);
	cJSON_AddItemToArray(old, cJSON_DetachItemFromObject(list, "v"));
	cJSON_Delete(list);
}

cJSON *redact_event(struct redact *r, const struct event *ev)
{
	cJSON *o = cJSON_CreateObject();
	bool *split = xcalloc(ev->vals.n + 1, sizeof(*split));
	/* All that is sensitive is learnt first, so that it is found in the values before it too. */
	for (size_t i = 0; i < ev->vals.n; i++) {
		const struct field *f = field_at(ev->vals.v[i].field);
		if (f && !f->free_text && hidden(r, f, kind_of(f), ev->vals.v[i].value))
			redact_learn(r, kind_of(f), ev->vals.v[i].value);
	}
	json_add_time(o, "time", ev->time);
	json_add_str(o, "dataset", ev->dataset);
	find_splits(r, ev, split);
	for (size_t i = 0; i < ev->vals.n; i++) {
		const struct field *f = field_at(ev->vals.v[i].field);
		struct buf b = BUF_INIT;
		if (f && split[i] && !hidden(r, f, kind_of(f), ev->vals.v[i].value) &&
		    (!f->free_text || r->policy.free_text)) {
			placeholder(r, "TEXT", ev->vals.v[i].value, &b);
			add_member(o, f, (struct slice){b.s, b.len});
		} else if (f && redact_value(r, f, ev->vals.v[i].value, &b)) {
			add_member(o, f, (struct slice){b.s, b.len});
		}
		buf_release(&b);
	}
	free(split);
	if (r->policy.free_text && ev->raw.n) {
		struct buf b = BUF_INIT;
		redact_text(r, ev->raw, &b);
		json_add_slice(o, "raw", (struct slice){b.s, b.len});
		buf_release(&b);
	}
	return o;
}

/* ---- any JSON ---- */

/* Members of our own records that say nothing of anybody. */
static bool ours(const char *key)
{
	static const char *const keys[] = {
	        "id",         "n",        "count",      "events", "records", "total",
	        "first",      "last",     "time",       "from",   "to",      "dataset",
	        "source",     "severity", "score",      "status", "kind",    "type",
	        "evidence",   "attack",   "confidence", "points", "rule",    "origins",
	        "value_type", "many",     "words",      "risk",   "state"};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static cJSON *string_of(struct buf *b)
{
	cJSON *o = cJSON_CreateObject(), *v;
	json_add_slice(o, "v", (struct slice){b->s, b->len});
	v = cJSON_DetachItemFromObject(o, "v");
	cJSON_Delete(o);
	buf_release(b);
	return v;
}

/* "field=value", as incidents name their entities. */
static bool entity_text(struct redact *r, const char *s, struct buf *out)
{
	const char *eq = strchr(s, '=');
	const struct field *f = eq ? field_find((struct slice){s, (size_t)(eq - s)}) : NULL;
	size_t at = out->len;
	if (!f)
		return false;
	buf_add(out, s, (size_t)(eq - s) + 1);
	if (!redact_value(r, f, slice_of(eq + 1), out))
		buf_truncate(out, at);
	return true;
}

static cJSON *leaf(struct redact *r, const char *key, const cJSON *v)
{
	const struct field *f = key ? field_find(slice_of(key)) : NULL;
	struct buf b = BUF_INIT, text = BUF_INIT;
	bool out;
	if (cJSON_IsBool(v) || cJSON_IsNull(v))
		return cJSON_Duplicate(v, false);
	if (cJSON_IsString(v))
		buf_str(&text, v->valuestring);
	else
		json_write(&text, v);
	if (cJSON_IsString(v) && entity_text(r, v->valuestring, &b)) {
		out = b.len > 0;
	} else if (key && ours(key)) {
		out = true;
		redact_text(r, (struct slice){text.s, text.len}, &b);
	} else {
		out = redact_value(r, f, (struct slice){text.s, text.len}, &b);
	}
	bool same = !cJSON_IsString(v) && b.len == text.len && !memcmp(b.s, text.s, b.len);
	buf_release(&text);
	if (out && !same)
		return string_of(&b);
	buf_release(&b);
	return out ? cJSON_Duplicate(v, false) : NULL;
}

static cJSON *tree(struct redact *r, const char *key, const cJSON *v)
{
	cJSON *o;
	if (!cJSON_IsObject(v) && !cJSON_IsArray(v))
		return leaf(r, key, v);
	o = cJSON_IsObject(v) ? cJSON_CreateObject() : cJSON_CreateArray();
	for (const cJSON *c = v->child; c; c = c->next) {
		struct buf name = BUF_INIT;
		cJSON *x = tree(r, cJSON_IsObject(v) ? c->string : key, c);
		if (x && cJSON_IsObject(v)) {
			bool known = ours(c->string) || field_find(slice_of(c->string));
			if (known)
				buf_str(&name, c->string);
			else
				redact_text(r, slice_of(c->string), &name);
			cJSON_AddItemToObject(o, name.s, x);
		} else if (x) {
			cJSON_AddItemToArray(o, x);
		}
		buf_release(&name);
	}
	return o;
}

cJSON *redact_json(struct redact *r, const cJSON *v)
{
	cJSON *o = v ? tree(r, NULL, v) : NULL;
	return o ? o : cJSON_CreateNull();
}

/* ---- kept with the case ---- */

cJSON *redact_to_json(const struct redact *r)
{
	cJSON *o = cJSON_CreateObject(), *list = json_add_arr(o, "places");
	for (size_t i = 0; i < r->v.n; i++) {
		cJSON *p = cJSON_CreateObject();
		json_add_str(p, "name", r->v.v[i].name);
		json_add_str(p, "kind", r->v.v[i].kind);
		json_add_slice(p, "value", r->v.v[i].value);
		cJSON_AddItemToArray(list, p);
	}
	return o;
}

/* Placeholders are given in order, so giving them again gives the same ones. */
struct redact *redact_from_json(const struct redact_policy *p, const cJSON *j)
{
	struct redact *r = redact_new(p);
	const cJSON *list = json_arr(j, "places");
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
		struct buf ignored = BUF_INIT;
		struct slice value = slice_of(json_str(v, "value", ""));
		placeholder(r, json_str(v, "kind", "TEXT"), value, &ignored);
		redact_learn(r, json_str(v, "kind", "TEXT"), value);
		buf_release(&ignored);
	}
	return r;
}

void redact_mask(struct slice s, struct buf *out)
{
	net_hits h = {0};
	size_t at = 0;
	net_find_secrets(s, &h);
	for (size_t i = 0; i < h.n; i++) {
		buf_add(out, s.s + at, h.v[i].from - at);
		buf_str(out, "****");
		at = h.v[i].to;
	}
	buf_add(out, s.s + at, s.n - at);
	net_hits_release(&h);
}
