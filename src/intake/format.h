/*
 * The format table's row, for the files of intake/ that read one. Others know it by intake/intake.h only.
 */
#ifndef MW_FORMAT_H
#define MW_FORMAT_H

#include "intake/intake.h"

enum layout {
	LAYOUT_JSON_LINES, /* one value a line */
	LAYOUT_JSON,       /* values, arrays of them, or an object that holds an array of records */
	LAYOUT_INVENTORY,  /* one JSON document, whole */
	LAYOUT_COLUMNS,    /* a header names the columns; or VPC flow's default ones */
	LAYOUT_CSV,        /* a header and rows, which may hold line ends in quotes */
	LAYOUT_TEXT,       /* syslog, CEF, LEEF and audit lines, in any mixture */
	LAYOUT_XML,        /* Windows <Event> elements */
};
struct intake_format {
	const char *name;
	enum layout layout;
	bool splittable;
};
#define CONTAINER_DEPTH 6 /* {"data":{"issuesV2":{"nodes":[ */
/* Keys under which an object holds the array of its records: used by detection and by the reader. */
bool format_is_container(struct slice key);
/* The line that gives a VPC flow log's columns. */
bool format_vpcflow_header(struct slice line);

#endif
