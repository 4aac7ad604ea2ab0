/*
 * The field table: one entry a normalised field, read from assets/fields.yaml, the single table of names. Names follow
 * OCSF 1.3.0 (schema.ocsf.io/1.3.0). Loaded once a process, then read-only; any thread.
 *
 * An entry in fields.yaml:
 *   - name: actor.user.name          # OCSF path, unique
 *     alias: user                    # the short name that the screen shows and analysts may type, unique
 *     type: string                   # string | int | float | bool | ip | time | port | size
 *     many: false                    # true: an event may carry several values (an array matches if any element does)
 *     words: [user, username, principal]  # English, for the planner; may be ambiguous between fields
 *     sensitivity: personal          # public | internal | personal | secret
 *     free: false                    # true: anybody may have written anything into it (message, command line, user agent)
 *     role: actor                    # actor | target | source | destination | what | outcome | where | when | none
 *     formats: {cloudtrail: userIdentity.userName, ...}   # dataset or format name -> raw path(s): first present wins, all of them where many
 *     cim: user                      # names in each language; absent = unmapped there
 *     sentinel: {AWSCloudTrail: UserIdentityUserName, SigninLogs: UserPrincipalName}
 *     aql: username
 *     ecs: user.name
 */
#ifndef MW_FIELD_H
#define MW_FIELD_H

#include "base/buf.h"
#include "base/err.h"

enum field_type { FT_STRING, FT_INT, FT_FLOAT, FT_BOOL, FT_IP, FT_TIME, FT_PORT, FT_SIZE };
enum field_sens { FS_PUBLIC, FS_INTERNAL, FS_PERSONAL, FS_SECRET };
enum field_role {
	FR_NONE,
	FR_ACTOR,
	FR_TARGET,
	FR_SOURCE,
	FR_DESTINATION,
	FR_WHAT,
	FR_OUTCOME,
	FR_WHERE,
	FR_WHEN
};

#define FIELD_MAX 512 /* entries of the table */
typedef uint16_t
        field_id; /* index into the table; stable within one build, not on disk: the lake stores names */
#define FIELD_NONE ((field_id)0xffff)

struct field_name {        /* one name elsewhere: a format's raw path, a Sentinel table's column */
	const char *where; /* "cloudtrail", "AWSCloudTrail" */
	const char *const *paths; /* NULL-terminated, first present wins */
};
struct field {
	field_id id;
	const char *name, *alias;
	enum field_type type;
	bool many, free_text;
	enum field_sens sens;
	enum field_role role;
	const char *const *words;          /* NULL-terminated */
	const struct field_name *formats;  /* ends with a NULL where */
	const struct field_name *sentinel; /* ends with a NULL where */
	const char *cim, *aql, *ecs;       /* NULL where unmapped */
};

/* Loads the compiled-in table (and checks it). Call once at process start. */
int fields_load(struct err *e) MW_USE_RESULT;
size_t field_count(void);
const struct field *field_at(field_id id);
/* By OCSF name or alias, exact; NULL when unknown. */
const struct field *field_find(struct slice name);
/* Fields whose words hold this word (case-blind, singular or plural); fills at most max; returns how many there are. */
size_t field_by_word(struct slice word, const struct field **out, size_t max);
const char *field_type_name(enum field_type t);

#endif
