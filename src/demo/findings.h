/*
 * Vendor findings about the stories and about the state of things. One table (findings_table.c) for
 * all; a writer a vendor.
 */
#ifndef MW_DEMO_FINDINGS_H
#define MW_DEMO_FINDINGS_H

#include "demo/story.h"

enum finding_vendor { GUARDDUTY, WIZ, ASFF, OCSF };
#define FINDING_NIGHT (-1)
struct finding_row {
	const char *story; /* NULL: the state of things */
	enum finding_vendor vendor;
	const char *type, *title; /* type: the vendor's own rule name */
	int severity;             /* 1 info .. 5 critical */
	char on; /* i instance, b bucket, d database, u user, r role, k workload, v VPC */
	const char *name;
	const char *ip;     /* remote address, or NULL */
	const char *attack; /* ATT&CK id, or NULL */
	int hours, minutes; /* before the end; FINDING_NIGHT: minutes after STORY_NIGHT */
	int count;
};
extern const struct finding_row findings_table[]; /* ends with a row without a type */

#endif
