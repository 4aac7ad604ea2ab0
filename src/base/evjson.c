#include "base/evjson.h"

#include "base/escape.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* One path. `first` and `next` remember what came last time, so that records of one shape need no
 * hashing. */
struct node {
	uint32_t parent, first, next;
	struct slice key; /* decoded */
	struct slice path;
};

/* Where a value stands: its path, and in a search how many segments of the wanted path led here. */
struct place {
	uint32_t node;
	struct slice path;
	int matched;
};

struct frame {
	struct place place;
	uint32_t last; /* the object's newest key */
	bool array, fresh;
};

struct ev_reader {
	VEC(struct node) nodes;
	uint32_t *slots; /* open addressing over nodes, 0 is free */
	size_t nslots;
	struct arena texts;
	struct buf value, key, path;
	VEC(struct slice) segs;       /* the wanted path of ev_find */
	char scratch[MW_EV_PATH_MAX]; /* paths that have no node */
	struct frame frames[MW_EV_DEPTH_MAX];
	int index[MW_EV_DEPTH_MAX];
};

struct walk {
	struct ev_reader *r;
	const char *start, *at, *end;
	ev_leaf_fn *fn;
	void *ctx;
	struct err *e;
	int depth, arrays;
	bool finding;
};

/* What a step of the walk asks for next. */
enum step { STEP_VALUE, STEP_AGAIN, STEP_DONE, STEP_FAIL };

struct ev_reader *ev_reader_new(void)
{
	struct ev_reader *r = xcalloc(1, sizeof(*r));

	buf_init(&r->value, 0);
	buf_init(&r->key, 0);
	buf_init(&r->path, 0);
	r->nslots = 1024;
	r->slots = xcalloc(r->nslots, sizeof(*r->slots));
	(void)vec_push(&r->nodes);
	struct node *root = vec_push(&r->nodes);
	root->key = root->path = SLICE("");
	return r;
}

void ev_reader_free(struct ev_reader *r)
{
	if (!r)
		return;
	vec_free(&r->nodes);
	vec_free(&r->segs);
	free(r->slots);
	arena_release(&r->texts);
	buf_release(&r->value);
	buf_release(&r->key);
	buf_release(&r->path);
	free(r);
}

/* ---- paths ---- */

static bool same(struct slice a, struct slice b)
{
	return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static size_t slot_of(const struct ev_reader *r, uint32_t parent, struct slice key)
{
	uint64_t h = (mw_hash(key.s, key.n) ^ parent) * UINT64_C(0x9E3779B97F4A7C15);
	size_t at = (size_t)(h >> 32) & (r->nslots - 1);

	for (; r->slots[at]; at = (at + 1) & (r->nslots - 1)) {
		const struct node *n = &r->nodes.v[r->slots[at]];

		if (n->parent == parent && same(n->key, key))
			break;
	}
	return at;
}

static void grow_slots(struct ev_reader *r)
{
	free(r->slots);
	r->nslots *= 2;
	r->slots = xcalloc(r->nslots, sizeof(*r->slots));
	for (uint32_t i = EV_PATH_ROOT + 1; i < r->nodes.n; i++)
		r->slots[slot_of(r, r->nodes.v[i].parent, r->nodes.v[i].key)] = i;
}

/* Writes "parent.key" to out (MW_EV_PATH_MAX bytes), which may already hold the parent. Its length,
 * 0 when too long. */
static size_t join_path(char *out, struct slice parent, bool top, struct slice key)
{
	size_t n = parent.n;

	if (n + 1 + key.n > MW_EV_PATH_MAX)
		return 0;
	if (n && out != parent.s)
		memcpy(out, parent.s, n);
	if (!top)
		out[n++] = '.';
	for (size_t i = 0; i < key.n; i++) {
		char c = key.s[i];
		bool special = c == '.' || c == '\\' || c == '[' || c == ']';

		if (n + 2 > MW_EV_PATH_MAX)
			return 0;
		if (special)
			out[n++] = '\\';
		out[n++] = c;
	}
	return n;
}

static uint32_t add_node(struct ev_reader *r, uint32_t parent, struct slice key, struct slice path)
{
	if ((r->nodes.n + 1) * 2 > r->nslots)
		grow_slots(r);
	size_t at = slot_of(r, parent, key);
	uint32_t id = (uint32_t)r->nodes.n;
	struct node *n = vec_push(&r->nodes);

	n->parent = parent;
	n->key = (struct slice){arena_memdup(&r->texts, key.s, key.n), key.n};
	n->path = (struct slice){arena_memdup(&r->texts, path.s, path.n), path.n};
	r->slots[at] = id;
	return id;
}

/* Goes from parent to its member. False when the path would be too long: then nobody follows it. */
static bool descend(struct ev_reader *r, const struct place *parent, struct slice key,
                    struct place *out)
{
	bool top = parent->node == EV_PATH_ROOT;
	size_t n;

	if (parent->node != EV_PATH_OTHER) {
		out->node = r->slots[slot_of(r, parent->node, key)];
		if (out->node) {
			out->path = r->nodes.v[out->node].path;
			return true;
		}
	}
	n = join_path(r->scratch, parent->path, top, key);
	if (!n && !(top && !key.n))
		return false;
	out->node = EV_PATH_OTHER;
	out->path = (struct slice){r->scratch, n};
	if (parent->node != EV_PATH_OTHER && r->nodes.n <= MW_EV_PATHS_MAX) {
		out->node = add_node(r, parent->node, key, out->path);
		out->path = r->nodes.v[out->node].path;
	}
	return true;
}

/* As descend, but tries first what followed the object's previous key last time. */
static bool member(struct ev_reader *r, struct frame *f, struct slice key, struct place *out)
{
	struct node *nodes = r->nodes.v;
	uint32_t before = f->last, parent = f->place.node;
	uint32_t guess = before ? nodes[before].next : nodes[parent].first;

	if (guess && nodes[guess].parent == parent && same(nodes[guess].key, key)) {
		out->node = guess;
		out->path = nodes[guess].path;
	} else if (descend(r, &f->place, key, out)) {
		nodes = r->nodes.v;
		*(before ? &nodes[before].next : &nodes[parent].first) = out->node;
	} else {
		return false;
	}
	f->last = out->node;
	return true;
}

/* Takes the next segment off a dotted path; out gets it without backslashes. True when another one
 * follows. */
static bool next_segment(struct slice *rest, struct buf *out)
{
	size_t i = 0;

	for (; i < rest->n && rest->s[i] != '.'; i++) {
		if (rest->s[i] == '\\' && i + 1 < rest->n)
			i++;
		buf_ch(out, rest->s[i]);
	}
	bool dot = i < rest->n;
	i += dot;
	rest->s += i;
	rest->n -= i;
	return dot;
}

uint32_t ev_path_id(struct ev_reader *r, struct slice path)
{
	struct place at = {.node = EV_PATH_ROOT, .path = SLICE("")};
	bool more = path.n > 0;

	while (more) {
		struct place to;

		buf_reset(&r->key);
		more = next_segment(&path, &r->key);
		if (!descend(r, &at, (struct slice){r->key.s, r->key.len}, &to))
			return EV_PATH_OTHER;
		at = to;
	}
	return at.node;
}

uint32_t ev_path_count(const struct ev_reader *r)
{
	return (uint32_t)r->nodes.n - 1;
}

struct slice ev_path_text(const struct ev_reader *r, uint32_t id)
{
	return id < r->nodes.n && id ? r->nodes.v[id].path : SLICE("");
}

/* ---- text ---- */

static enum step broken(struct walk *w, const char *at, const char *why)
{
	if (at >= w->end)
		err_set(w->e, ERR_INVALID, "JSON ends early at byte %zu",
		        (size_t)(w->end - w->start));
	else
		err_set(w->e, ERR_INVALID, "%s at byte %zu", why, (size_t)(at - w->start));
	w->at = at;
	return STEP_FAIL;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* The first quote, backslash or control byte, or end. */
static const char *string_stop(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\'),
	              ctl = _mm_set1_epi8(0x1f);

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, ctl), v);
		__m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), low),
		                           _mm_cmpeq_epi8(v, back));
		int mask = _mm_movemask_epi8(hit);

		if (mask)
			return p + __builtin_ctz((unsigned int)mask);
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

static int hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = p[i] | 0x20;

		if (p[i] >= '0' && p[i] <= '9')
			v = v * 16 + (p[i] - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (c - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* Decodes the escape at p (a backslash). Its length there, 0 when broken; *n gets the bytes
 * written. */
static size_t unescape(const char *p, const char *end, char *out, size_t *n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	*n = 1;
	if (end - p < 2)
		return 0;
	if (p[1] != 'u') {
		at = memchr(from, p[1], sizeof(from) - 1);
		if (!at)
			return 0;
		*out = to[at - from];
		return 2;
	}
	int v = hex4(p + 2, end), low;
	if (v < 0)
		return 0;
	if (v >= 0xD800 && v < 0xDC00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
		low = hex4(p + 8, end);
		if (low >= 0xDC00 && low < 0xE000) {
			*n = utf8_encode(out, 0x10000u + ((uint32_t)(v - 0xD800) << 10 |
			                                  (uint32_t)(low - 0xDC00)));
			return 12;
		}
	}
	*n = utf8_encode(out, (uint32_t)v);
	return 6;
}

/* The rest of a string that has escapes: decoded into b. p stands on the first backslash. */
static bool escaped_string(struct walk *w, const char *open, const char *p, struct buf *b)
{
	buf_reset(b);
	buf_add(b, open, (size_t)(p - open));
	while (p < w->end && *p != '"') {
		char piece[4];
		size_t n;

		if (*p != '\\') {
			broken(w, p, "control byte in a string");
			return false;
		}
		size_t took = unescape(p, w->end, piece, &n);
		if (!took) {
			broken(w,
			       w->end - p < 6 && !memchr(p, '"', (size_t)(w->end - p)) ? w->end : p,
			       "bad escape in a string");
			return false;
		}
		buf_add(b, piece, n);
		p += took;
		const char *stop = string_stop(p, w->end);
		if (stop != p)
			buf_add(b, p, (size_t)(stop - p));
		p = stop;
	}
	w->at = p;
	return true;
}

/* w->at stands on the opening quote. b is used only when there are escapes. */
static bool take_string(struct walk *w, struct buf *b, struct slice *out, bool *escaped)
{
	const char *open = w->at + 1, *p = string_stop(open, w->end);

	*escaped = p < w->end && *p == '\\';
	if (*escaped) {
		if (!escaped_string(w, open, p, b))
			return false;
		p = w->at;
		*out = (struct slice){b->s, b->len};
	} else {
		*out = (struct slice){open, (size_t)(p - open)};
	}
	if (p >= w->end || *p != '"') {
		broken(w, p, "control byte in a string");
		return false;
	}
	w->at = p + 1;
	return true;
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static bool take_number(struct walk *w)
{
	const char *p = w->at, *d;

	if (*p == '-')
		p++;
	d = digits(p, w->end);
	if (d == p || (*p == '0' && d - p > 1))
		goto bad;
	p = d;
	if (p < w->end && *p == '.') {
		d = digits(p + 1, w->end);
		p++;
		if (d == p)
			goto bad;
		p = d;
	}
	if (p < w->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < w->end && (*p == '+' || *p == '-'))
			p++;
		d = digits(p, w->end);
		if (d == p)
			goto bad;
		p = d;
	}
	w->at = p;
	return true;
bad:
	broken(w, p, "bad number");
	return false;
}

static bool take_word(struct walk *w, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (w->at + i >= w->end || w->at[i] != word[i]) {
			broken(w, w->at + i, "not a JSON value");
			return false;
		}
	}
	w->at += n;
	return true;
}

/* ---- balance ---- */

/* Which brackets are open, one bit each (1 is an array). The first levels need no allocation. */
struct nesting {
	uint64_t head[16];
	uint64_t *tail;
	size_t tail_words, depth;
};

static uint64_t *nest_word(struct nesting *n, size_t level)
{
	size_t word = level / 64;

	if (word < ARRAY_LEN(n->head))
		return &n->head[word];
	word -= ARRAY_LEN(n->head);
	if (word >= n->tail_words) {
		n->tail_words = word * 2 + 16;
		n->tail = xreallocarray(n->tail, n->tail_words, sizeof(*n->tail));
	}
	return &n->tail[word];
}

static void nest_open(struct nesting *n, bool array)
{
	uint64_t *word = nest_word(n, n->depth), bit = UINT64_C(1) << n->depth % 64;

	if (n->depth % 64 == 0) /* a word is fresh when its first level opens */
		*word = 0;
	*word = array ? *word | bit : *word & ~bit;
	n->depth++;
}

static bool nest_close(struct nesting *n, bool array)
{
	if (!n->depth)
		return false;
	n->depth--;
	return (*nest_word(n, n->depth) >> n->depth % 64 & 1) == array;
}

/* Past the closing quote, or NULL when the string does not end. p is inside. */
static const char *skip_string(const char *p, const char *end)
{
	for (;;) {
		p = string_stop(p, end);
		if (p >= end)
			return NULL;
		if (*p == '"')
			return p + 1;
		p += *p == '\\' ? 2 : 1;
	}
}

static int skip_nested(const char *p, const char *end, const char **stop, struct nesting *n)
{
	do {
		if (p >= end)
			return 0;
		switch (*p++) {
		case '"':
			p = skip_string(p, end);
			if (!p)
				return 0;
			break;
		case '{':
		case '[':
			nest_open(n, p[-1] == '[');
			break;
		case '}':
		case ']':
			if (!nest_close(n, p[-1] == ']'))
				return -1;
			break;
		default:
			break;
		}
	} while (n->depth);
	*stop = p;
	return 1;
}

int ev_skip(struct slice text, size_t *used)
{
	const char *end = text.s + text.n, *start = skip_space(text.s, end), *p = start;
	int rc = 1;

	if (p >= end)
		return 0;
	if (*p == '{' || *p == '[') {
		struct nesting n;

		n.tail = NULL;
		n.tail_words = n.depth = 0;
		rc = skip_nested(p, end, &p, &n);
		free(n.tail);
	} else if (*p == '"') {
		p = skip_string(p + 1, end);
		rc = p ? 1 : 0;
	} else {
		while (p < end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
		                   *p == '-' || *p == '+' || *p == '.' || *p == 'E'))
			p++;
		rc = p == start ? -1 : p < end;
	}
	if (rc == 1 && used)
		*used = (size_t)(p - text.s);
	return rc;
}

/* ---- walk ---- */

static struct place *top_place(struct walk *w)
{
	return &w->r->frames[w->depth - 1].place;
}

static enum step deliver(struct walk *w, const struct place *p, struct ev_leaf *leaf,
                         const char *from)
{
	if (w->finding && p->matched < (int)w->r->segs.n)
		return STEP_AGAIN;
	leaf->path_id = p->node;
	leaf->path = p->path;
	leaf->raw = (struct slice){from, (size_t)(w->at - from)};
	leaf->depth = w->depth;
	leaf->index = w->r->index;
	leaf->nindex = w->arrays;
	return w->fn(w->ctx, leaf) ? STEP_AGAIN : STEP_DONE;
}

static enum step skip_value(struct walk *w)
{
	struct slice rest = {w->at, (size_t)(w->end - w->at)};
	size_t used = 0;
	int rc = ev_skip(rest, &used);

	if (rc <= 0)
		return broken(w, rc ? w->at : w->end, "unbalanced brackets");
	w->at += used;
	return STEP_AGAIN;
}

static enum step container(struct walk *w, const struct place *p)
{
	const char *from = w->at;
	bool array = *from == '[', whole = w->finding && !array && p->matched == (int)w->r->segs.n;
	struct ev_leaf leaf = {.type = array ? EV_ARRAY : EV_OBJECT, .value = SLICE("")};

	w->at = skip_space(from + 1, w->end);
	if (w->at < w->end && *w->at == (array ? ']' : '}')) {
		w->at++;
		return deliver(w, p, &leaf, from);
	}
	if (whole || w->depth == MW_EV_DEPTH_MAX) {
		w->at = from;
		enum step s = skip_value(w);
		return s == STEP_AGAIN && whole ? deliver(w, p, &leaf, from) : s;
	}
	w->r->frames[w->depth++] = (struct frame){.place = *p, .array = array, .fresh = true};
	if (array)
		w->r->index[w->arrays++] = -1;
	return STEP_AGAIN;
}

static enum step value(struct walk *w, const struct place *p)
{
	struct ev_leaf leaf = {.type = EV_NUMBER};
	const char *from = w->at;
	bool ok;

	if (from >= w->end)
		return broken(w, from, "");
	switch (*from) {
	case '{':
	case '[':
		return container(w, p);
	case '"':
		leaf.type = EV_STRING;
		ok = take_string(w, &w->r->value, &leaf.value, &leaf.escaped);
		break;
	case 't':
		leaf.type = EV_TRUE;
		ok = take_word(w, "true", 4);
		break;
	case 'f':
		leaf.type = EV_FALSE;
		ok = take_word(w, "false", 5);
		break;
	case 'n':
		leaf.type = EV_NULL;
		ok = take_word(w, "null", 4);
		break;
	default:
		ok = (*from == '-' || (*from >= '0' && *from <= '9'))
		             ? take_number(w)
		             : (broken(w, from, "not a JSON value"), false);
	}
	if (!ok)
		return STEP_FAIL;
	if (leaf.type != EV_STRING)
		leaf.value = (struct slice){from, (size_t)(w->at - from)};
	return deliver(w, p, &leaf, from);
}

/* Whether the search goes on below this key; counts the segment. */
static bool wanted(struct walk *w, const struct frame *f, struct slice key, int *matched)
{
	*matched = f->place.matched + 1;
	return (size_t)f->place.matched < w->r->segs.n && same(w->r->segs.v[f->place.matched], key);
}

static enum step take_key(struct walk *w, struct frame *f, struct place *here)
{
	struct slice key;
	bool escaped;

	if (w->at >= w->end || *w->at != '"')
		return broken(w, w->at, "expected a key");
	if (!take_string(w, &w->r->key, &key, &escaped))
		return STEP_FAIL;
	w->at = skip_space(w->at, w->end);
	if (w->at >= w->end || *w->at != ':')
		return broken(w, w->at, "expected a colon");
	w->at = skip_space(w->at + 1, w->end);
	if (w->finding && !wanted(w, f, key, &here->matched))
		return skip_value(w);
	return member(w->r, f, key, here) ? STEP_VALUE : skip_value(w);
}

/* From the end of a value to the next one: closes what ends, takes the comma and the key. */
static enum step advance(struct walk *w, struct place *here)
{
	struct frame *f = &w->r->frames[w->depth - 1];

	w->at = skip_space(w->at, w->end);
	if (!f->fresh) {
		if (w->at < w->end && *w->at == (f->array ? ']' : '}')) {
			w->at++;
			w->depth--;
			w->arrays -= f->array;
			return w->depth ? STEP_AGAIN : STEP_DONE;
		}
		if (w->at >= w->end || *w->at != ',')
			return broken(w, w->at, f->array ? "expected , or ]" : "expected , or }");
		w->at = skip_space(w->at + 1, w->end);
	}
	f->fresh = false;
	if (!f->array)
		return take_key(w, f, here);
	w->r->index[w->arrays - 1]++;
	*here = *top_place(w);
	return STEP_VALUE;
}

static int walk(struct walk *w, struct place here, size_t *used)
{
	enum step s = STEP_VALUE;

	w->at = skip_space(w->start, w->end);
	for (;;) {
		if (s == STEP_VALUE)
			s = value(w, &here);
		if (s == STEP_AGAIN)
			s = w->depth ? advance(w, &here) : STEP_DONE;
		if (s == STEP_DONE || s == STEP_FAIL)
			break;
	}
	if (used)
		*used = (size_t)(w->at - w->start);
	return s == STEP_FAIL ? -1 : 0;
}

int ev_walk(struct ev_reader *r, struct slice text, ev_leaf_fn *fn, void *ctx, size_t *used,
            struct err *e)
{
	struct walk w = {
	        .r = r, .start = text.s, .end = text.s + text.n, .fn = fn, .ctx = ctx, .e = e};

	return walk(&w, (struct place){.node = EV_PATH_ROOT, .path = SLICE("")}, used);
}

int ev_walk_under(struct ev_reader *r, uint32_t path_id, struct slice text, ev_leaf_fn *fn,
                  void *ctx, struct err *e)
{
	struct walk w = {
	        .r = r, .start = text.s, .end = text.s + text.n, .fn = fn, .ctx = ctx, .e = e};
	struct place here = {.node = path_id, .path = ev_path_text(r, path_id)};

	return walk(&w, here, NULL);
}

int ev_find(struct ev_reader *r, struct slice text, struct slice path, ev_leaf_fn *fn, void *ctx,
            struct err *e)
{
	struct walk w = {
	        .r = r, .start = text.s, .end = text.s + text.n, .fn = fn, .ctx = ctx, .e = e};
	bool more = path.n > 0;

	w.finding = true;
	buf_reset(&r->path);
	(void)buf_room(&r->path, path.n + 1); /* so that the segments below keep their place */
	r->segs.n = 0;
	while (more) {
		size_t from = r->path.len;

		more = next_segment(&path, &r->path);
		*vec_push(&r->segs) = (struct slice){r->path.s + from, r->path.len - from};
	}
	return walk(&w, (struct place){.node = EV_PATH_ROOT, .path = SLICE("")}, NULL);
}
