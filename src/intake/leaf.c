#include "intake/leaf.h"
#include "intake/text.h"

/* A string over this length is searched as raw text only; going into it would cost more than it
 * tells. */
#define EXPAND_MAX (256 * 1024)

void leaves_init(struct leafset *s)
{
	*s = (struct leafset){.reader = ev_reader_new(), .record = 1};
	buf_init(&s->text, 0);
}

void leaves_release(struct leafset *s)
{
	ev_reader_free(s->reader);
	arena_release(&s->arena);
	vec_free(&s->v);
	vec_free(&s->marks);
	buf_release(&s->text);
}

void leaves_begin(struct leafset *s)
{
	s->v.n = 0;
	arena_reset(&s->arena);
	s->record++;
	if (!s->record) { /* the count has gone round: no old mark may look current */
		memset(s->marks.v, 0, s->marks.n * sizeof(*s->marks.v));
		s->record = 1;
	}
}

void leaves_add(struct leafset *s, const struct leaf *l)
{
	while (l->path >= s->marks.n)
		(void)vec_push(&s->marks);
	struct leaf_mark *m = &s->marks.v[l->path];
	if (m->record != s->record)
		*m = (struct leaf_mark){s->record, (uint32_t)s->v.n};
	*vec_push(&s->v) = *l;
}

uint32_t leaves_path(struct leafset *s, struct slice name)
{
	buf_reset(&s->text);
	for (size_t i = 0; i < name.n; i++) {
		if (name.s[i] == '.' || name.s[i] == '\\')
			buf_ch(&s->text, '\\');
		buf_ch(&s->text, name.s[i]);
	}
	return ev_path_id(s->reader, (struct slice){s->text.s, s->text.len});
}

void leaves_put(struct leafset *s, struct slice name, struct slice value)
{
	leaves_add(s,
	           &(struct leaf){.path = leaves_path(s, name), .type = EV_STRING, .value = value});
}

static bool collect(void *ctx, const struct ev_leaf *l)
{
	struct leafset *s = ctx;
	struct leaf out = {.path = l->path_id, .type = l->type, .value = l->value};

	for (int i = 0; i < l->nindex; i++)
		out.element = out.element * 1000003u + (uint32_t)l->index[i] + 1;
	if (l->type == EV_NULL)
		out.value.n = 0;
	else if (l->escaped)
		out.value.s = arena_memdup(&s->arena, l->value.s, l->value.n);
	leaves_add(s, &out);
	return true;
}

int leaves_json(struct leafset *s, struct slice text, size_t *used, struct err *e)
{
	return ev_walk(s->reader, text, collect, s, used, e);
}

/* {'a': 'b', 'n': None} as Python prints it, in JSON's spelling. */
static struct slice python_to_json(struct leafset *s, struct slice in)
{
	static const struct {
		const char *from, *to;
	} words[] = {{"None", "null"}, {"True", "true"}, {"False", "false"}};
	char quote = 0;

	buf_reset(&s->text);
	for (size_t i = 0; i < in.n; i++) {
		char c = in.s[i];
		size_t w = 0, n = 0;

		for (; !quote && w < ARRAY_LEN(words); w++) {
			n = strlen(words[w].from);
			if (in.n - i >= n && memcmp(in.s + i, words[w].from, n) == 0)
				break;
		}
		if (!quote && w < ARRAY_LEN(words)) {
			buf_str(&s->text, words[w].to);
			i += n - 1;
		} else if (c == '\\' && quote && i + 1 < in.n) {
			if (in.s[i + 1] != '\'')
				buf_ch(&s->text, c);
			buf_ch(&s->text, in.s[++i]);
		} else if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
			buf_ch(&s->text, '"');
		} else {
			if (c == '"')
				buf_ch(&s->text, '\\');
			buf_ch(&s->text, c);
		}
	}
	return (struct slice){arena_memdup(&s->arena, s->text.s, s->text.len), s->text.len};
}

static void drop_from(struct leafset *s, size_t before)
{
	for (size_t i = before; i < s->v.n; i++) {
		struct leaf_mark *m = &s->marks.v[s->v.v[i].path];

		if (m->first >= before)
			m->record = 0;
	}
	s->v.n = before;
}

static void expand_json(struct leafset *s, uint32_t path, struct slice text)
{
	size_t before = s->v.n;
	struct slice tail = slice_trim((struct slice){text.s + 1, text.n - 1});

	if (tail.n && tail.s[0] == '\'')
		text = python_to_json(s, text);
	/* Text that only looks like JSON is what it was, a string; a part of it is no better. */
	if (ev_walk_under(s->reader, path, text, collect, s, NULL))
		drop_from(s, before);
}

void leaves_expand(struct leafset *s)
{
	size_t n = s->v.n;

	for (size_t i = 0; i < n; i++) {
		struct leaf l = s->v.v[i];
		struct slice v = l.type == EV_STRING ? slice_trim(l.value) : SLICE("");

		if (v.n < 2 || v.n > EXPAND_MAX)
			continue;
		if ((v.s[0] == '{' && v.s[v.n - 1] == '}') ||
		    (v.s[0] == '[' && v.s[v.n - 1] == ']'))
			expand_json(s, l.path, v);
		else if (v.s[0] == '<' && v.s[v.n - 1] == '>')
			text_event_xml(s, v);
	}
}

static void look_up_pairs(struct leafset *s)
{
	static const char *const forms[LEAF_PAIR_FORMS][2] = {
	        {"Event.EventData.Data.@Name", "Event.EventData.Data.#text"},
	        {"Event.EventData.Data.Name", "Event.EventData.Data.content"},
	        {"Event.EventData.Data.#attributes.Name", "Event.EventData.Data.#text"},
	        {"EventData.Data.@Name", "EventData.Data.#text"},
	        {"EventData.Data.Name", "EventData.Data.Value"},
	        {"EventData.Data.Name", "EventData.Data.#text"},
	};

	for (size_t i = 0; i < LEAF_PAIR_FORMS && !s->pairs[i][0]; i++)
		for (size_t k = 0; k < 2; k++)
			s->pairs[i][k] = ev_path_id(s->reader, slice_of(forms[i][k]));
}

void leaves_pairs(struct leafset *s)
{
	size_t n = s->v.n;

	look_up_pairs(s);
	for (size_t f = 0; f < LEAF_PAIR_FORMS; f++) {
		if (!leaves_get(s, s->pairs[f][0]))
			continue;
		for (size_t i = 0; i + 1 < n; i++) {
			struct leaf name = s->v.v[i], value = s->v.v[i + 1];

			if (name.path == s->pairs[f][0] && value.path == s->pairs[f][1] &&
			    name.element == value.element)
				leaves_put(s, name.value, value.value);
		}
	}
}

const struct leaf *leaves_get(const struct leafset *s, uint32_t path)
{
	if (path >= s->marks.n || s->marks.v[path].record != s->record)
		return NULL;
	return &s->v.v[s->marks.v[path].first];
}

struct slice leaves_value(const struct leafset *s, uint32_t path)
{
	const struct leaf *l = leaves_get(s, path);

	return l ? l->value : SLICE("");
}
