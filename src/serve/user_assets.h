/*
 * The users' own assets: lexicon.yaml, mappings/NAME.yaml and prompts/NAME.md in the directory of the option `assets`. Read by workers before their
 * sandbox closes. What is not there is nothing; what is wrong is an error with file and line, since answers would differ from what
 * the user meant.
 */
#ifndef MW_USER_ASSETS_H
#define MW_USER_ASSETS_H

#include "base/buf.h"
#include "base/err.h"

#define USER_ASSET_MAX (1024 * 1024)
/* The text of dir/name appended to out; nothing where dir is NULL or the file is absent. */
int user_asset(const char *dir, const char *name, struct buf *out, struct err *e) MW_USE_RESULT;
/* Each file dir/folder/NAME<suffix>, with its own name without the suffix; none where dir or folder is absent. -1 stops. */
typedef int user_asset_fn(void *ctx, const char *name, const char *path, struct slice text,
                          struct err *e);
int user_assets_each(const char *dir, const char *folder, const char *suffix, user_asset_fn *fn,
                     void *ctx, struct err *e) MW_USE_RESULT;
int user_mappings_load(const char *dir,
                       struct err *e) MW_USE_RESULT; /* each into intake_mapping_add */
struct prompts;
/* Ours and the users' own, dir/prompts/NAME.md; what is wrong with theirs is told where a prompt is wanted. */
int user_prompts_load(const char *dir, struct prompts **out, struct err *e) MW_USE_RESULT;

#endif
