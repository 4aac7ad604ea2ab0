#include "intake/computed.h"

enum {
	TYPE,
	USER,
	ARN,
	PRINCIPAL,
	ACCOUNT,
	INVOKED,
	ISSUER,
	ISSUER_TYPE,
	BEHALF,
	ERROR,
	EVENT_NAME,
	LOGIN,
	MFA_CHECK,
	SWITCH_ROLE,
	KEYWORDS,
	WINLOG_KEYWORDS,
	EVENT_TYPE,
	EVENT_ID,
	KNOWN
};

/* Each as the service writes it and as Sentinel's table calls it. */
static const char *const paths[KNOWN][2] = {
        [TYPE] = {"userIdentity.type", "UserIdentityType"},
        [USER] = {"userIdentity.userName", "UserIdentityUserName"},
        [ARN] = {"userIdentity.arn", "UserIdentityArn"},
        [PRINCIPAL] = {"userIdentity.principalId", "UserIdentityPrincipalid"},
        [ACCOUNT] = {"userIdentity.accountId", "UserIdentityAccountId"},
        [INVOKED] = {"userIdentity.invokedBy", "UserIdentityInvokedBy"},
        [ISSUER] = {"userIdentity.sessionContext.sessionIssuer.userName", "SessionIssuerUserName"},
        [ISSUER_TYPE] = {"userIdentity.sessionContext.sessionIssuer.type", "SessionIssuerType"},
        [BEHALF] = {"userIdentity.onBehalfOf.userId", "userIdentity.credentialId"},
        [ERROR] = {"errorCode", "ErrorCode"},
        [EVENT_NAME] = {"eventName", "EventName"},
        [LOGIN] = {"responseElements.ConsoleLogin", "ResponseElements.ConsoleLogin"},
        [MFA_CHECK] = {"responseElements.CheckMfa", "ResponseElements.CheckMfa"},
        [SWITCH_ROLE] = {"responseElements.SwitchRole", "ResponseElements.SwitchRole"},
        [KEYWORDS] = {"Keywords", "Event.System.Keywords"},
        [WINLOG_KEYWORDS] = {"winlog.keywords", "keywords"},
        [EVENT_TYPE] = {"EventType", "event.outcome"},
        [EVENT_ID] = {"EventID", "winlog.event_id"},
};

struct known {
	uint32_t ids[KNOWN][2];
};

struct known *known_new(struct leafset *s)
{
	struct known *k = xcalloc(1, sizeof(*k));

	for (size_t i = 0; i < KNOWN; i++)
		for (size_t f = 0; f < 2; f++)
			k->ids[i][f] = ev_path_id(s->reader, slice_of(paths[i][f]));
	return k;
}

void known_free(struct known *k)
{
	free(k);
}

static struct slice get(const struct known *k, const struct leafset *s, int what)
{
	struct slice v = leaves_value(s, k->ids[what][0]);

	return v.n ? v : leaves_value(s, k->ids[what][1]);
}

static void give(struct values *out, struct slice v)
{
	if (v.n)
		*vec_push(&out->v) = v;
}

/* The n-th piece of "arn:aws:sts::123:assumed-role/ROLE/SESSION" behind the resource type; empty
 * where there is none. */
static struct slice arn_piece(struct slice arn, const char *type, int n)
{
	const char *at = memmem(arn.s, arn.n, type, strlen(type));
	struct slice rest, piece = SLICE("");

	if (!at)
		return SLICE("");
	at += strlen(type);
	rest = (struct slice){at, (size_t)(arn.s + arn.n - at)};
	for (int i = 0; i <= n; i++)
		if (!slice_split(&rest, '/', &piece))
			return SLICE("");
	return piece;
}

static struct slice last_piece(struct slice arn)
{
	size_t i = arn.n;

	while (i && arn.s[i - 1] != '/' && arn.s[i - 1] != ':')
		i--;
	return (struct slice){arn.s + i, arn.n - i};
}

static struct slice first_of(const struct slice *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].n)
			return v[i];
	return SLICE("");
}

static struct slice role_of(const struct known *k, const struct leafset *s)
{
	struct slice issuer = get(k, s, ISSUER), type = get(k, s, ISSUER_TYPE);

	if (issuer.n && (!type.n || slice_eq_str(type, "Role")))
		return issuer;
	return arn_piece(get(k, s, ARN), ":assumed-role/", 0);
}

/* The CloudTrail record's userIdentity, by its type: docs.aws.amazon.com/awscloudtrail "CloudTrail
 * userIdentity element". */
static void actor_name(const struct known *k, const struct leafset *s, struct values *out)
{
	struct slice type = get(k, s, TYPE), user = get(k, s, USER), arn = get(k, s, ARN);
	struct slice invoked = get(k, s, INVOKED), principal = get(k, s, PRINCIPAL);
	struct slice account = get(k, s, ACCOUNT), behalf = get(k, s, BEHALF);

	if (slice_eq_str(type, "Root"))
		give(out, SLICE("root"));
	else if (slice_eq_str(type, "AssumedRole"))
		give(out, first_of((struct slice[]){role_of(k, s), last_piece(arn), principal}, 3));
	else if (slice_eq_str(type, "AWSService"))
		give(out, first_of((struct slice[]){invoked, principal}, 2));
	else
		give(out, first_of((struct slice[]){user, get(k, s, ISSUER), last_piece(arn),
		                                    behalf, principal, account, invoked},
		                   7));
}

static void session_name(const struct known *k, const struct leafset *s, struct values *out)
{
	struct slice arn = get(k, s, ARN), name = arn_piece(arn, ":assumed-role/", 1);

	give(out, name.n ? name : arn_piece(arn, ":federated-user/", 0));
}

static void session_role(const struct known *k, const struct leafset *s, struct values *out)
{
	if (slice_eq_str(get(k, s, TYPE), "AssumedRole"))
		give(out, role_of(k, s));
}

/* A sign-in says itself how it went, and a failed one has no errorCode; for every other call
 * errorCode tells. */
static void status(const struct known *k, const struct leafset *s, struct values *out)
{
	struct slice said = first_of(
	        (struct slice[]){get(k, s, LOGIN), get(k, s, MFA_CHECK), get(k, s, SWITCH_ROLE)},
	        3);

	if (!get(k, s, EVENT_NAME).n)
		return;
	if (said.n)
		give(out, said);
	else
		give(out, get(k, s, ERROR).n ? SLICE("Failure") : SLICE("Success"));
}

/* Bits 52 and 53 of Keywords, written as a word, in hex, or as a signed 64-bit number. */
static void windows_outcome(const struct known *k, const struct leafset *s, struct values *out)
{
	static const struct {
		const char *text, *outcome;
	} words[] = {{"Audit Success", "Success"},
	             {"0x8020000000000000", "Success"},
	             {"-9214364837600034816", "Success"},
	             {"AUDIT_SUCCESS", "Success"},
	             {"Audit Failure", "Failure"},
	             {"0x8010000000000000", "Failure"},
	             {"-9218868437227405312", "Failure"},
	             {"AUDIT_FAILURE", "Failure"},
	             {"success", "Success"},
	             {"failure", "Failure"},
	             {"4625", "Failure"},
	             {"4771", "Failure"}};
	struct slice v[] = {get(k, s, KEYWORDS), get(k, s, WINLOG_KEYWORDS), get(k, s, EVENT_TYPE),
	                    get(k, s, EVENT_ID)};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		for (size_t w = 0; v[i].n && w < ARRAY_LEN(words); w++) {
			if (!slice_ieq(v[i], slice_of(words[w].text)))
				continue;
			give(out, slice_of(words[w].outcome));
			return;
		}
	}
}

computed_fn *computed_find(struct slice name)
{
	static const struct {
		const char *name;
		computed_fn *fn;
	} table[] = {{"actor_name", actor_name},
	             {"session_name", session_name},
	             {"session_role", session_role},
	             {"status", status},
	             {"windows_outcome", windows_outcome}};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (slice_eq_str(name, table[i].name))
			return table[i].fn;
	return NULL;
}
