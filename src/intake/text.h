/*
 * Records that are lines of text: each function takes one apart into named leaves and says whether
 * the line has that shape. Names are those of the format's own documentation. Nothing is validated
 * beyond the shape: meaning is the mapping's business.
 *
 * Sources: Apache mod_log_config and nginx ngx_http_log_module, ArcSight CEF 25 and QRadar LEEF 2 guides, RFC 3164, RFC 5424, Linux audit log format,
 * AWS VPC flow log records, Zeek ASCII writer, Windows event schema.
 */
#ifndef MW_TEXT_H
#define MW_TEXT_H

#include "intake/leaf.h"

/* key=value pairs; a value in quotes may hold anything, an unquoted one runs to the next " key="
 * (or to sep, when not 0). */
void text_pairs(struct leafset *s, struct slice text, char sep);
/* Priority, time, host, tag, pid and message of a syslog line (RFC 5424 or 3164), as syslog_*.
 * False: no syslog header. */
bool text_syslog(struct leafset *s, struct slice line, struct slice *message);
bool text_cef(struct leafset *s, struct slice line);
bool text_leef(struct leafset *s, struct slice line);
/* "type=X msg=audit(1652292621.986:84138): ..." and what auoms and enriched logs make of it; with
 * or without a syslog header. */
bool text_audit(struct leafset *s, struct slice line);
/* <Event> or <EventData> of Windows, as EventID, Channel, Computer and each <Data Name=..>. */
bool text_event_xml(struct leafset *s, struct slice xml);

/* A row of a VPC flow log in the default columns, by its length and its action. */
bool text_vpcflow(struct leafset *s, struct slice line);
/* A web server's access log line, common or combined, by the shape of its time, request and status. */
bool text_access(struct leafset *s, struct slice line);
/* Whichever of CEF, LEEF, audit, VPC flow, web access and syslog the line is: the dataset; NULL, perhaps with some leaves, where none. */
const char *text_any(struct leafset *s, struct slice line);

/* Columns with names, split at sep; runs of blanks count as one where sep is a blank. */
struct text_columns {
	VEC(uint32_t) paths;
	char sep;
};
void text_columns_set(struct text_columns *c, struct leafset *s, struct slice names, char sep);
/* False where the line has more or fewer columns. */
bool text_row(struct leafset *s, const struct text_columns *c, struct slice line);
/* The columns of a VPC flow log without a header (version 2). */
extern const char text_vpcflow_default[];

#endif
