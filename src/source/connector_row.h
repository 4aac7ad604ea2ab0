/*
 * A platform's row, one JSON object, as an event or as the cells of a group: the field table read backwards. What the record itself says
 * (as an importer reads it: connector_env.normalise) goes before what the platform's columns say, so that the same event of two
 * platforms has the same fields. Nothing is lost: numbers keep their digits, raw its bytes. Inside src/source.
 */
#ifndef MW_CONNECTOR_ROW_H
#define MW_CONNECTOR_ROW_H

#include "source/connector.h"

enum row_names {
	ROW_CIM,
	ROW_SENTINEL,
	ROW_AQL,
	ROW_ECS,
	ROW_OWN /* our own table in ClickHouse: OCSF names with _ for each dot */
};
struct row_alias {
	const char *name, *field; /* a column's name in answers, and the field behind it */
};
struct row_conf {
	enum row_names names;
	const char *table; /* ROW_SENTINEL: whose columns */
	const struct row_alias
	        *aliases;  /* beside the field table; ends with a NULL name. May be NULL */
	int64_t time_unit; /* microseconds that 1 means in a time that is a number */
	const char
	        *raw_column; /* the record as it was logged; NULL: the row itself is the record */
	const char *dataset_column; /* what dataset_of is asked with; may be NULL */
	const char *(*dataset_of)(const char *name); /* static text, or NULL */
	const char *dataset;                         /* of rows that nothing else tells; static */
	const char *const *
	        id_columns; /* the platform's own id, joined with "/"; NULL-terminated. May be NULL */
	bool columns_only; /* a row has its columns and no record behind them */
	connector_normalise_fn *normalise;
	void *normalise_ctx;
};
struct rower;
struct rower *rower_new(const struct row_conf *c);
void rower_free(struct rower *r);
/* All of ev holds until the next call. id: the platform's own, where it stands beside the row; else the empty slice. -1: no JSON object. */
int rower_event(struct rower *r, struct slice row, struct slice id, struct event *ev,
                struct err *e) MW_USE_RESULT;
/* The cells of a group, plan_ncolumns of them. */
int rower_cells(struct rower *r, struct slice row, const struct plan_search *s, struct slice *cells,
                struct err *e) MW_USE_RESULT;
/* A time as platforms write it: RFC 3339 and its like, or a number of units. */
bool row_time(struct slice text, int64_t unit, mw_time *out);

#endif
