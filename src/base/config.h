/*
 * Configuration of both programs from the one table options.def: flag > environment > file (YAML) > default. An unknown key is an
 * error with its line and "did you mean". A config is read-only after loading; strings live as long as it does.
 */
#ifndef MW_CONFIG_H
#define MW_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

enum option {
#define OPTION(sym, name, type, def, flag, env, help) OPT_##sym,
#include "base/options.def"
#undef OPTION
	OPTION_COUNT
};
enum option_type { OT_STR, OT_PATH, OT_INT, OT_BOOL, OT_SIZE, OT_SPAN, OT_LIST, OT_WORD, OT_CRED };
struct option_info {
	const char *name, *def, *flag, *env, *help;
	enum option_type type;
};
extern const struct option_info options[OPTION_COUNT];

/* Sections that are lists of maps, from the table sections.def. */
struct section_kind {
	const char *section, *kind, *help;
};
struct section_key {
	const char *section, *kinds, *name;
	enum option_type type;
	bool required;
	const char *help;
};
extern const struct section_kind section_kinds[]; /* both end with a NULL section */
extern const struct section_key section_keys[];
/* Whether a key may stand in an entry of that kind. */
bool section_key_fits(const struct section_key *k, const char *section, const char *kind);

struct config;
struct config *config_new(void); /* the defaults */
void config_free(struct config *c);
/* Where options came from, weakest first: call in this order. A later one wins. */
int config_file(struct config *c, struct slice text, const char *name, struct err *e) MW_USE_RESULT;
int config_environment(struct config *c, struct err *e) MW_USE_RESULT;
/* Takes --name VALUE, --name=VALUE and, for BOOL, --name and --no-name from argv[*i]; 1 taken (*i moves past it), 0 not an
 * option of the table, -1 wrong value. */
int config_flag(struct config *c, int argc, char **argv, int *i, struct err *e) MW_USE_RESULT;
/* The usual order: the file ($MW_CONFIG, else $XDG_CONFIG_HOME/midwatch/config.yaml, which may be absent), environment. */
int config_load(struct config *c, const char *path, struct err *e) MW_USE_RESULT;
char *config_path(const char *flag); /* that file's name */

const char *config_str(const struct config *c, enum option o); /* STR, PATH, WORD; "" where unset */
int64_t config_i64(const struct config *c,
                   enum option o); /* INT, SIZE (bytes), SPAN (microseconds) */
bool config_bool(const struct config *c, enum option o);
const char *const *config_list(const struct config *c, enum option o); /* NULL-terminated */
/* The entries of a section, checked: [{name, kind, key: text | number (INT, SIZE, SPAN in microseconds) | bool | [text], "at": file:line}].
 * Never NULL; belongs to c. Holds no secret: a CRED only says where one is. */
const cJSON *config_section(const struct config *c, const char *section);
/* The entry of that name, or NULL. */
const cJSON *config_entry(const struct config *c, const char *section, const char *name);
/* The entry of `sources` that is the store of events, NULL where that is the embedded lake. An address in the option `lake` is an entry of
 * the name "lake". */
const cJSON *config_lake(const struct config *c);
/* "default", "the environment (MW_STATE)", "a flag", or the file's name and line. */
const char *config_origin(const struct config *c, enum option o);
/* The state directory that results: the option, or the XDG default. */
const char *config_state_dir(const struct config *c);
/* The whole configuration as YAML with the origin of each value. Holds no secret: options.def has none. */
void config_print(const struct config *c, struct buf *out);

#endif
