/* Cutting a question into its main clause and the events that its times hang on, or the stages of a sequence. Internal to ask/. */
#ifndef MW_ASK_CLAUSE_H
#define MW_ASK_CLAUSE_H

#include "ask/build.h"

#define ANCHORS_MAX 2
struct anchor {
	enum gram rel;   /* G_BEFORE, G_AFTER, G_AROUND */
	bool both;       /* "before and after" */
	int64_t span;    /* microseconds; 0: to the end */
	size_t from, to; /* its terms */
	bool own_subject; /* "after creating ...", "after it was ...": done by, or to, the main clause's subject */
	bool passive;
	struct query q;
};
struct clauses {
	struct anchor anchors[ANCHORS_MAX];
	size_t nanchors;
	bool between; /* from anchor 0 to anchor 1 */
	bool sequence, absent;
	size_t split; /* the term that joins the stages */
	int64_t within;
};
/* Finds them and marks the terms of anchors and of joining words as gone. */
void clauses_find(const struct parse *p, struct clauses *c);
void clauses_release(struct clauses *c);
/* Is something said here that happens? */
bool clause_event(const struct parse *p, size_t from, size_t to);

#endif
