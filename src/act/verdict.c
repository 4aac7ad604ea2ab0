#include "act/verdict.h"

#include "base/mem.h"

enum { V_TRUE, V_BENIGN, V_LOGIC, V_DATA, V_DUPLICATE, V_COUNT };
static const char *const names[V_COUNT + 1] = {
        "true_positive",       "benign_positive", "false_positive_logic",
        "false_positive_data", "duplicate",       NULL};

/* What the vendors' own interfaces call it, by verdict. */
static const struct system_words {
	char letter;
	const char *name, *words[V_COUNT];
} systems[] = {
        {'S',
         "splunk",
         {"status Closed, disposition True Positive", "status Closed, disposition Benign Positive",
          "status Closed, disposition False Positive - Incorrect Analytic Logic",
          "status Closed, disposition False Positive - Inaccurate Data",
          "status Closed, disposition Other"}},
        {'Q',
         "qradar",
         {"CLOSED, closing reason of your reason's name, else \"Policy Violation\"",
          "CLOSED, closing reason of your reason's name, else \"Non-Issue\"",
          "CLOSED, closing reason of your reason's name, else \"False-Positive, Tuned\"",
          "CLOSED, closing reason of your reason's name, else \"False-Positive, Tuned\"",
          "CLOSED, closing reason of your reason's name, else \"Non-Issue\""}},
        {'W',
         "wiz",
         {"a threat RESOLVED, MALICIOUS_THREAT; another issue IN_PROGRESS until its resource is right",
          "issue REJECTED, EXCEPTION; a threat RESOLVED, PLANNED_ACTION_THREAT",
          "issue REJECTED, FALSE_POSITIVE; a threat RESOLVED, NOT_MALICIOUS_THREAT",
          "issue REJECTED, FALSE_POSITIVE; a threat RESOLVED, NOT_MALICIOUS_THREAT",
          "issue REJECTED, WONT_FIX; a threat RESOLVED, INCONCLUSIVE_THREAT"}},
        {'P',
         "prisma",
         {"nothing: Prisma Cloud resolves it once its resource is right",
          "alert dismissed, verdict and reason in its note",
          "alert dismissed, verdict and reason in its note",
          "alert dismissed, verdict and reason in its note",
          "alert dismissed, verdict and reason in its note"}},
        {'O',
         "orca",
         {"alert closed", "alert dismissed", "alert dismissed", "alert dismissed",
          "alert dismissed"}},
        {'K',
         "lacework",
         {"Closed, malicious and have resolution in place", "Closed, expected",
          "Closed, false positive", "Closed, false positive", "Closed, other"}},
        {'G',
         "guardduty",
         {"finding archived, feedback USEFUL", "finding archived, feedback USEFUL",
          "finding archived, feedback NOT_USEFUL", "finding archived, feedback NOT_USEFUL",
          "finding archived"}},
        {'H',
         "securityhub",
         {"workflow RESOLVED, TRUE_POSITIVE", "workflow SUPPRESSED, BENIGN_POSITIVE",
          "workflow SUPPRESSED, FALSE_POSITIVE", "workflow SUPPRESSED, FALSE_POSITIVE",
          "workflow SUPPRESSED, UNKNOWN"}},
        {'M',
         "sentinel",
         {"closed, TruePositive, SuspiciousActivity",
          "closed, BenignPositive, SuspiciousButExpected",
          "closed, FalsePositive, IncorrectAlertLogic", "closed, FalsePositive, InaccurateData",
          "closed, Undetermined"}},
        {'D',
         "defender",
         {"resolved, truePositive", "resolved, informationalExpectedActivity",
          "resolved, falsePositive", "resolved, falsePositive", "resolved, unknown"}},
};

static int verdict_of(const char *name)
{
	for (int i = 0; i < V_COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

int verdict_check(const char *name, const char *reason, struct err *e)
{
	const char *near = mw_did_you_mean(name, names);

	if (verdict_of(name) < 0)
		return err_set(e, ERR_INVALID,
		               "a verdict is true_positive, benign_positive, false_positive_logic, "
		               "false_positive_data or duplicate, not \"%s\"%s%s%s",
		               name, near ? "; did you mean \"" : "", near ? near : "",
		               near ? "\"?" : "");
	if (!reason || !reason[strspn(reason, " \t")])
		return err_set(e, ERR_INVALID, "closing needs a reason");
	return 0;
}

static bool has_target(const char *const *targets, const char *name)
{
	for (; targets && *targets; targets++)
		if (!strcmp(*targets, name))
			return true;
	return false;
}

static bool is_listed(const cJSON *list, const char *name)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, list)
	{
		if (!strcmp(json_str(o, "system", ""), name) ||
		    !strcmp(json_str(o, "kind", ""), name))
			return true;
	}
	return false;
}

static void add(cJSON *list, const char *name, const char *will, bool off)
{
	cJSON *o;
	char *why;

	if (is_listed(list, name))
		return;
	o = cJSON_CreateObject();
	json_add_str(o, "system", name);
	json_add_str(o, "will", will);
	if (off) {
		why = xasprintf(
		        "not written: no target \"%s\" is configured, its own record stays as "
		        "it is",
		        name);
		json_add_str(o, "off", why);
		free(why);
	}
	cJSON_AddItemToArray(list, o);
}

const char *verdict_words(const char *kind, const char *verdict)
{
	int v = verdict_of(verdict);

	for (size_t i = 0; i < ARRAY_LEN(systems) && v >= 0; i++)
		if (!strcmp(systems[i].name, kind))
			return systems[i].words[v];
	return NULL;
}

void verdict_preview(cJSON *list, const char *verdict, const char *origins,
                     const char *const *targets)
{
	int v = verdict_of(verdict);
	char *own = xasprintf("incident closed, verdict %s", verdict);

	add(list, "midwatch", own, false);
	free(own);
	for (size_t i = 0; i < ARRAY_LEN(systems) && v >= 0; i++)
		if (strchr(origins, systems[i].letter))
			add(list, systems[i].name, systems[i].words[v],
			    !has_target(targets, systems[i].name));
}
