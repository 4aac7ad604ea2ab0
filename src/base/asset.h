/*
 * Files of assets/ and prompts/ compiled into the binary (tools/embed.sh). Bytes are NUL-terminated and live for ever.
 */
#ifndef MW_ASSET_H
#define MW_ASSET_H

struct asset {
	const char *name; /* path below assets/, "fields.yaml", or "prompts/plan.md" */
	const char *data;
	size_t len;
};
extern const struct asset mw_assets[]; /* ends with a NULL name */
const struct asset *asset_find(const char *name);

#endif
