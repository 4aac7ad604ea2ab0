/*
 * Incident: findings and detections that belong together, with why. A struct and its JSON form (the engine's state.db and the
 * protocol's CARD hold that form).
 */
#ifndef MW_INCIDENT_H
#define MW_INCIDENT_H

#include "base/json.h"
#include "base/mem.h"
#include "base/mwtime.h"

enum severity { SEV_INFO, SEV_LOW, SEV_MEDIUM, SEV_HIGH, SEV_CRITICAL };
char severity_letter(enum severity s); /* I L M H C */
bool severity_parse(
        struct slice s,
        enum severity
                *out); /* words and letters of all vendors: "CRITICAL", "high", "Informational" */

/* What was fetched from a source is read as a file of this name, the source's own before it. */
#define FINDINGS_FILE ".findings.jsonl"
/* The identity of a vendor's record: "<dataset>:<uid>", with "@<source>" where it was fetched from one, since many platforms count their
 * records from 1. malloc. */
char *finding_key(const char *dataset, struct slice uid, struct slice source);

/* Families of datasets whose records are findings of vendors, of which incidents are made; NULL-terminated. */
extern const char *const finding_families[];
bool finding_dataset(const char *dataset);

struct finding {            /* one alert: a vendor's record, or a hit of one of our detections */
	char *key;          /* identity: finding_key's, or "det:<detection>:<group key>" */
	char *title, *rule; /* rule: what makes repeats alike */
	char *dataset;      /* origin */
	enum severity severity;
	mw_time first, last;
	VEC(char *) entities; /* "field=value" */
	VEC(char *) evidence; /* "ev:<n>", representative, capped */
	uint64_t events;      /* how many records it stands for */
	VEC(uint64_t) ids;    /* their event ids, as far as known; not in the JSON form */
	VEC(char *) attack;   /* ATT&CK ids */
	int confidence;       /* 0-100 */
};
struct score_part {
	char *label;
	int points;
	char *why;
};
struct link {
	size_t a, b;
	char *reason;
	int confidence;
}; /* findings a and b share `reason` ("instance=i-0c31...") */
struct incident {
	int64_t id; /* INC-<id>; 0 until stored */
	char *title;
	enum severity severity;
	int score;
	mw_time first, last;
	char origins[16]; /* letters joined by +: "S+W" */
	VEC(struct finding) findings;
	VEC(struct link) links;
	VEC(struct score_part) parts;
	VEC(char *) entities;
	VEC(char *) attack;
	int64_t records;       /* different records that its findings stand for */
	int64_t suppressed_by; /* the rule that hides it; 0: none */
	char *suppressed_why;  /* its reason, owner and end; NULL */
};
void finding_release(struct finding *f);
void incident_release(struct incident *i);
cJSON *incident_to_json(const struct incident *i);
int incident_from_json(const cJSON *j, struct incident *out, struct err *e) MW_USE_RESULT;

#endif
