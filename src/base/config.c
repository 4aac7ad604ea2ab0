#include "base/config_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/mwtime.h"
#include "base/paths.h"

const struct option_info options[OPTION_COUNT] = {
#define OPTION(sym, name, type, def, flag, env, help) \
	[OPT_##sym] = {name, def, flag, env, help, OT_##type},
#include "base/options.def"
#undef OPTION
};

struct config {
	struct arena arena;
	struct value v[OPTION_COUNT];
	cJSON *sections; /* name: array */
	const char *state_dir;
};

/* ---- values ---- */

static bool parse_size(struct slice s, int64_t *out)
{
	static const char units[] = "KMGT";
	const char *at = s.n ? strchr(units, s.s[s.n - 1]) : NULL;
	int64_t v;

	if (at && *at)
		s.n--;
	if (!slice_i64(s, &v) || v < 0)
		return false;
	if (at && *at && __builtin_mul_overflow(v, INT64_C(1) << (10 * (at - units + 1)), &v))
		return false;
	*out = v;
	return true;
}

static bool parse_bool(struct slice s, int64_t *out)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (slice_eq_str(s, yes[i]) || slice_eq_str(s, no[i])) {
			*out = slice_eq_str(s, yes[i]);
			return true;
		}
	}
	return false;
}

/* The words stand in the help behind the colon: "colours: auto | never". */
static bool parse_word(const char *help, struct slice s)
{
	struct slice rest = slice_of(strrchr(help, ':') + 1), word;

	while (slice_split(&rest, '|', &word))
		if (slice_eq(slice_trim(word), s))
			return true;
	return false;
}

static const char *expand_path(struct arena *a, const char *text)
{
	const char *home = getenv("HOME");
	char *abs;

	if (!*text)
		return text;
	if (text[0] == '~' && text[1] == '/' && home)
		return arena_printf(a, "%s%s", home, text + 1);
	abs = path_absolute(text);
	text = arena_strdup(a, abs);
	free(abs);
	return text;
}

static const char **split_list(struct arena *a, const char *text)
{
	struct slice rest = slice_of(text), piece;
	size_t n = 0;
	const char **list;

	for (const char *p = text; *p; p++)
		n += *p == ',';
	list = arena_zalloc(a, (n + 2) * sizeof(*list));
	n = 0;
	while (slice_split(&rest, ',', &piece)) {
		piece = slice_trim(piece);
		if (piece.n)
			list[n++] = arena_strndup(a, piece.s, piece.n);
	}
	return list;
}

static const char *const type_words[] = {
        [OT_STR] = "a text",
        [OT_PATH] = "a path",
        [OT_INT] = "a number",
        [OT_BOOL] = "yes or no",
        [OT_SIZE] = "a size as 500M or 20G",
        [OT_SPAN] = "a time as 90s, 5m, 3h or 2d",
        [OT_LIST] = "a list",
        [OT_WORD] = "one of",
        [OT_CRED] = "file:PATH, env:NAME, credential:NAME or command:PROGRAM ARG...",
};

static bool parse_credential(struct slice s)
{
	static const char *const kinds[] = {"file:", "env:", "credential:", "command:"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (s.n > strlen(kinds[i]) && strncmp(s.s, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

int value_parse(struct arena *a, enum option_type type, const char *name, const char *help,
                struct value *v, struct err *e)
{
	struct slice s = slice_of(v->text);
	bool ok = true;

	if (type == OT_INT)
		ok = slice_i64(s, &v->num);
	else if (type == OT_BOOL)
		ok = parse_bool(s, &v->num);
	else if (type == OT_SIZE)
		ok = parse_size(s, &v->num);
	else if (type == OT_SPAN)
		ok = mw_span_parse(s, &v->num);
	else if (type == OT_WORD)
		ok = parse_word(help, s);
	else if (type == OT_CRED)
		ok = parse_credential(s);
	else if (type == OT_PATH)
		v->text = expand_path(a, v->text);
	else if (type == OT_LIST)
		v->list = split_list(a, v->text);
	if (ok)
		return 0;
	/* what stands where a credential is named may be the secret itself */
	return err_set(e, ERR_INVALID, "%s: %s must be %s%s%s%s%s", v->origin, name,
	               type_words[type], type == OT_WORD ? strrchr(help, ':') + 1 : "",
	               type == OT_CRED ? "" : ", not \"", type == OT_CRED ? "" : v->text,
	               type == OT_CRED ? "" : "\"");
}

static int set(struct config *c, enum option o, const char *text, const char *origin, struct err *e)
{
	const struct option_info *i = &options[o];
	struct value v = {.text = arena_strdup(&c->arena, text), .origin = origin};

	if (value_parse(&c->arena, i->type, i->name, i->help, &v, e))
		return -1;
	c->v[o] = v;
	return 0;
}

struct config *config_new(void)
{
	struct config *c = xcalloc(1, sizeof(*c));
	struct err e;

	c->sections = cJSON_CreateObject();
	for (int o = 0; o < OPTION_COUNT; o++)
		if (set(c, (enum option)o, options[o].def, "default", &e))
			mw_oom();
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	cJSON_Delete(c->sections);
	arena_release(&c->arena);
	free(c);
}

/* ---- file ---- */

static int find_name(const char *name)
{
	for (int o = 0; o < OPTION_COUNT; o++)
		if (strcmp(options[o].name, name) == 0)
			return o;
	return -1;
}

static bool is_section(const char *name)
{
	size_t n = strlen(name);

	for (int o = 0; o < OPTION_COUNT; o++)
		if (strncmp(options[o].name, name, n) == 0 && options[o].name[n] == '.')
			return true;
	return false;
}

static int unknown_key(const char *key, const char *name, int line, struct err *e)
{
	const char *list[OPTION_COUNT + 1] = {NULL}, *near;

	for (int o = 0; o < OPTION_COUNT; o++)
		list[o] = options[o].name;
	near = mw_did_you_mean(key, list);
	return err_set(e, ERR_INVALID, "%s:%d: unknown key \"%s\"%s%s%s", name, line, key,
	               near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int set_list(struct config *c, enum option o, const struct yaml_node *n, const char *origin,
                    struct err *e)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	for (const struct yaml_node *x = n->child; x && rc == 0; x = x->next) {
		if (x->kind != YAML_SCALAR)
			rc = err_set(e, ERR_INVALID, "%s: %s must be a list of names", origin,
			             options[o].name);
		else
			buf_printf(&text, "%s%s", text.len ? "," : "", x->text);
	}
	if (rc == 0)
		rc = set(c, o, text.s, origin, e);
	buf_release(&text);
	return rc;
}

static int set_node(struct config *c, const struct yaml_node *n, const char *key, const char *name,
                    struct err *e)
{
	const char *origin = arena_printf(&c->arena, "%s:%d", name, n->line);
	int o = find_name(key);

	if (o < 0)
		return unknown_key(key, name, n->line, e);
	if (n->kind == YAML_SCALAR)
		return set(c, (enum option)o, n->text, origin, e);
	if (n->kind == YAML_SEQ && options[o].type == OT_LIST)
		return set_list(c, (enum option)o, n, origin, e);
	return err_set(e, ERR_INVALID, "%s: %s must be %s", origin, key,
	               type_words[options[o].type]);
}

static int set_tree(struct config *c, const struct yaml_node *map, const char *prefix,
                    const char *name, struct err *e)
{
	for (const struct yaml_node *n = map->child; n; n = n->next) {
		char *key = xasprintf("%s%s%s", prefix, *prefix ? "." : "", n->key);
		int rc;
		if (n->kind == YAML_MAP && is_section(key))
			rc = set_tree(c, n, key, name, e);
		else if (n->kind == YAML_SEQ && section_is(key))
			rc = section_read(c->sections, &c->arena, n, name, e);
		else
			rc = set_node(c, n, key, name, e);
		free(key);
		if (rc)
			return -1;
	}
	return 0;
}

int config_file(struct config *c, struct slice text, const char *name, struct err *e)
{
	struct yaml_doc d = {0};
	int rc = yaml_parse(&d, text, name, e);

	if (rc == 0 && d.root && d.root->kind != YAML_MAP)
		rc = err_set(e, ERR_INVALID, "%s:%d: a map of options is expected", name,
		             d.root->line);
	else if (rc == 0 && d.root)
		rc = set_tree(c, d.root, "", name, e);
	yaml_release(&d);
	return rc;
}

static int read_text(int fd, struct buf *b, const char *path, struct err *e)
{
	char *room;
	ssize_t n;

	while ((room = buf_room(b, 4096)) && (n = read(fd, room, 4096)) != 0) {
		if (n < 0)
			return err_errno(e, "read %s", path);
		b->len += (size_t)n;
		b->s[b->len] = '\0';
	}
	return room ? 0 : err_set(e, ERR_LIMIT, "%s: larger than %zu bytes", path, b->max);
}

#define CONFIG_MAX (256 * 1024)

static int load_file(struct config *c, const char *path, bool must, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct stat st;
	struct buf b;

	if (fd < 0 && errno == ENOENT && !must)
		return 0;
	if (fd < 0 || fstat(fd, &st)) {
		err_errno(e, "open %s", path);
		rc = -1;
	} else if (st.st_mode & 022 || (st.st_uid != geteuid() && st.st_uid != 0)) {
		rc = err_set(e, ERR_DENIED,
		             "%s: others may write it, so it is not read: chmod go-w %s", path,
		             path);
	} else {
		buf_init(&b, CONFIG_MAX);
		rc = read_text(fd, &b, path, e);
		if (rc == 0)
			rc = config_file(c, (struct slice){b.s, b.len}, path, e);
		buf_release(&b);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

char *config_path(const char *flag)
{
	const char *env = getenv("MW_CONFIG");

	if (flag && *flag)
		return xstrdup(flag);
	return env && *env ? xstrdup(env) : path_config("config.yaml");
}

int config_load(struct config *c, const char *path, struct err *e)
{
	const char *env = getenv("MW_CONFIG");
	char *file = config_path(path);
	int rc = load_file(c, arena_strdup(&c->arena, file), path || (env && *env), e);

	free(file);
	if (rc || config_environment(c, e))
		return -1;
	return lake_entry(c->sections, config_str(c, OPT_LAKE), config_origin(c, OPT_LAKE), e);
}

/* ---- environment and flags ---- */

int config_environment(struct config *c, struct err *e)
{
	for (int o = 0; o < OPTION_COUNT; o++) {
		const char *name = options[o].env, *v = *name ? getenv(name) : NULL;
		if (v && *v &&
		    set(c, (enum option)o, v, arena_printf(&c->arena, "the environment (%s)", name),
		        e))
			return -1;
	}
	return 0;
}

static int find_flag(struct slice name)
{
	for (int o = 0; o < OPTION_COUNT; o++)
		if (*options[o].flag && slice_eq_str(name, options[o].flag))
			return o;
	return -1;
}

static int set_bool_flag(struct config *c, struct slice name, struct err *e)
{
	bool no = name.n > 3 && memcmp(name.s, "no-", 3) == 0;
	int o = find_flag(no ? (struct slice){name.s + 3, name.n - 3} : name);

	if (o < 0 || options[o].type != OT_BOOL)
		return 0;
	return set(c, (enum option)o, no ? "no" : "yes", "a flag", e) ? -1 : 1;
}

int config_flag(struct config *c, int argc, char **argv, int *i, struct err *e)
{
	struct slice rest, name;
	int o, rc;

	if (strncmp(argv[*i], "--", 2) != 0)
		return 0;
	rest = slice_of(argv[*i] + 2);
	slice_split(&rest, '=', &name);
	rc = rest.s ? 0 : set_bool_flag(c, name, e);
	if (rc) {
		*i += rc > 0;
		return rc;
	}
	o = find_flag(name);
	if (o < 0)
		return 0;
	if (!rest.s && *i + 1 >= argc)
		return err_set(e, ERR_INVALID, "%s wants a value", argv[*i]);
	if (set(c, (enum option)o, rest.s ? rest.s : argv[*i + 1], "a flag", e))
		return -1;
	*i += rest.s ? 1 : 2;
	return 1;
}

/* ---- reading ---- */

const cJSON *config_section(const struct config *c, const char *section)
{
	static cJSON none = {.type = cJSON_Array};
	const cJSON *list = json_arr(c->sections, section);

	return list ? list : &none;
}

const cJSON *config_entry(const struct config *c, const char *section, const char *name)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, config_section(c, section)) if (strcmp(json_str(x, "name", ""),
	                                                             name) == 0) return x;
	return NULL;
}

const cJSON *config_lake(const struct config *c)
{
	const char *lake = config_str(c, OPT_LAKE);

	return *lake ? config_entry(c, "sources", strstr(lake, "://") ? "lake" : lake) : NULL;
}

const char *config_str(const struct config *c, enum option o)
{
	return c->v[o].text;
}

int64_t config_i64(const struct config *c, enum option o)
{
	return c->v[o].num;
}

bool config_bool(const struct config *c, enum option o)
{
	return c->v[o].num != 0;
}

const char *const *config_list(const struct config *c, enum option o)
{
	return c->v[o].list;
}

const char *config_origin(const struct config *c, enum option o)
{
	return c->v[o].origin;
}

const char *config_state_dir(const struct config *c)
{
	struct config *own = (struct config *)(uintptr_t)c; /* a cache only */
	char *dir;

	if (*c->v[OPT_STATE].text)
		return c->v[OPT_STATE].text;
	if (!c->state_dir) {
		dir = path_state("");
		own->state_dir = arena_strdup(&own->arena, dir);
		free(dir);
	}
	return c->state_dir;
}

void config_print(const struct config *c, struct buf *out)
{
	for (int o = 0; o < OPTION_COUNT; o++) {
		buf_printf(out, "%s: ", options[o].name);
		json_write_string(out, slice_of(c->v[o].text)); /* JSON strings are YAML */
		buf_printf(out, "  # from %s\n", c->v[o].origin);
	}
	section_print(c->sections, out);
}
