/*
 * Data for benches: shaped as real logs are (few callers and calls make most events, ids are all
 * different), written at the speed of memory so that a bench waits for the program under test and
 * not for this.
 */
#include "demo/demo.h"
#include "demo/jfmt.h"
#include "demo/rng.h"

#include <errno.h>
#include <unistd.h>

#define FLUSH_AT (1024 * 1024)

static int flush(int fd, struct buf *b, struct err *e)
{
	size_t done = 0;
	while (done < b->len) {
		ssize_t n = write(fd, b->s + done, b->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "cannot write");
		done += (size_t)n;
	}
	buf_reset(b);
	return 0;
}

struct bench_call {
	const char *service, *name, *params, *response;
	bool read;
	int weight;
};
/* A # in params is replaced by a fresh hexadecimal id. */
static const struct bench_call calls[] = {
        {"ec2", "DescribeInstances",
         "{'maxResults':1000,'instancesSet':{'items':[{'instanceId':'i-#'}]},'filterSet':{}}",
         "null", true, 22},
        {"sts", "AssumeRole",
         "{'roleArn':'arn:aws:iam::111122223333:role/"
         "app-api','roleSessionName':'s-#','durationSeconds':3600}",
         "{'credentials':{'accessKeyId':'ASIA4BENCH7EXAMPLE00','expiration':'Mar 14, 2026, 4:00:00 "
         "AM'},'assumedRoleUser':{'assumedRoleId':'AROA4EXAMPLEROLEID01:s-#'}}",
         true, 18},
        {"s3", "GetObject",
         "{'bucketName':'data-lake-curated','Host':'data-lake-curated.s3.us-east-1.amazonaws.com','"
         "key':'sales/part-#.parquet'}",
         "null", true, 16},
        {"s3", "PutObject",
         "{'bucketName':'invoices-prod','Host':'invoices-prod.s3.us-east-1.amazonaws.com','key':'"
         "2026/invoice-#.pdf'}",
         "null", false, 8},
        {"kms", "Decrypt",
         "{'encryptionContext':{'aws:s3:arn':'arn:aws:s3:::invoices-prod'},'keyId':'arn:aws:kms:us-"
         "east-1:111122223333:key/#'}",
         "null", true, 12},
        {"ec2", "CreateSnapshot", "{'volumeId':'vol-#','description':'nightly backup'}",
         "{'requestId':'#','snapshotId':'snap-#','status':'pending'}", false, 3},
        {"iam", "GetRole", "{'roleName':'role-#'}", "null", true, 5},
        {"logs", "PutLogEvents",
         "{'logGroupName':'/aws/lambda/order-router','logStreamName':'2026/03/14/#'}", "null",
         false, 6},
        {"lambda", "Invoke",
         "{'functionName':'arn:aws:lambda:us-east-1:111122223333:function:order-router','"
         "invocationType':'Event','clientContext':'#'}",
         "null", false, 5},
        {"ec2", "RunInstances",
         "{'instancesSet':{'items':[{'imageId':'ami-#','minCount':1,'maxCount':1}]},'instanceType':"
         "'c6i.large'}",
         "{'instancesSet':{'items':[{'instanceId':'i-#','imageId':'ami-#'}]}}", false, 1},
        {"iam", "CreateAccessKey", "{'userName':'svc-#'}",
         "{'accessKey':{'userName':'svc-#','status':'Active','accessKeyId':'AKIA4BENCH7EXAMPLE00'}"
         "}",
         false, 1},
        {"signin", "ConsoleLogin", "null", "{'ConsoleLogin':'Success'}", false, 3},
};
static const char *const regions[] = {"us-east-1", "us-east-1", "us-east-1",
                                      "us-east-1", "eu-west-1", "us-west-2"};
static const char *const agents[] = {
        "aws-sdk-go/1.53.16 (go1.22.4; linux; amd64)",
        "Boto3/1.34.131 md/Botocore#1.34.131 ua/2.0 os/linux#6.1.94 md/arch#x86_64 "
        "lang/python#3.11.9",
        "aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 os/linux#6.1.0 lang/python#3.11.8 exec-env/EC2",
        "APN/1.0 HashiCorp/1.0 Terraform/1.8.5 aws-sdk-go-v2/1.27.2 os/linux",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/126.0.0.0 Safari/537.36",
};

#define CALLERS 4000
#define PICKS 128
struct bench {
	struct arena arena;
	struct rng rng;
	struct slice callers[CALLERS];
	const struct bench_call *picks[PICKS]; /* calls by weight */
	struct slice params[PICKS], response[PICKS];
	uint64_t id;
};

static struct slice quoted(struct arena *a, const char *tmpl)
{
	char *s = arena_strdup(a, tmpl);
	for (char *p = s; *p; p++)
		if (*p == '\'')
			*p = '"';
	return slice_of(s);
}

static const char *caller(struct bench *b, int k)
{
	char uid[17], key[9];
	rng_base32(&b->rng, uid, sizeof(uid));
	rng_base32(&b->rng, key, sizeof(key));
	if (k % 5 == 0)
		return jfmt_arena(&b->arena,
		                  "{'type':'IAMUser','principalId':'AIDA%-s','arn':'arn:aws:iam::"
		                  "111122223333:user/user-%d',"
		                  "'accountId':'111122223333','accessKeyId':'AKIA%-sEXAMPLE','"
		                  "userName':'user-%d'}",
		                  arena_strndup(&b->arena, uid, 17), k,
		                  arena_strndup(&b->arena, key, 9), k);
	return jfmt_arena(&b->arena,
	                  "{'type':'AssumedRole','principalId':'AROA%-s:session-%d','arn':'arn:aws:"
	                  "sts::111122223333:"
	                  "assumed-role/role-%d/"
	                  "session-%d','accountId':'111122223333','accessKeyId':'ASIA%-sEXAMPLE',"
	                  "'sessionContext':{'sessionIssuer':{'type':'Role','principalId':'AROA%-s'"
	                  ",'arn':'arn:aws:iam::"
	                  "111122223333:role/"
	                  "role-%d','accountId':'111122223333','userName':'role-%d'},'attributes':{"
	                  "'creationDate':'2026-03-13T20:00:00Z','mfaAuthenticated':'false'}}}",
	                  arena_strndup(&b->arena, uid, 17), k, k / 40, k,
	                  arena_strndup(&b->arena, key, 9), arena_strndup(&b->arena, uid, 17),
	                  k / 40, k / 40);
}

static void bench_init(struct bench *b, uint64_t seed)
{
	*b = (struct bench){0};
	rng_seed(&b->rng, seed, "bench");
	for (int k = 0; k < CALLERS; k++)
		b->callers[k] = slice_of(caller(b, k));
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		for (int k = 0; k < calls[i].weight && n < PICKS; k++, n++) {
			b->picks[n] = &calls[i];
			b->params[n] = quoted(&b->arena, calls[i].params);
			b->response[n] = quoted(&b->arena, calls[i].response);
		}
	for (size_t i = n; i < PICKS; i++) {
		b->picks[i] = b->picks[i - n];
		b->params[i] = b->params[i - n];
		b->response[i] = b->response[i - n];
	}
}

static void add_uuid(struct bench *b, struct buf *out)
{
	rng_uuid(&b->rng, buf_room(out, RNG_UUID));
	out->len += RNG_UUID;
}

static void add_filled(struct bench *b, struct buf *out, struct slice tmpl)
{
	const char *hash;
	while ((hash = memchr(tmpl.s, '#', tmpl.n))) {
		buf_add(out, tmpl.s, (size_t)(hash - tmpl.s));
		rng_hex(&b->rng, buf_room(out, 16), 16);
		out->len += 16;
		tmpl.n -= (size_t)(hash + 1 - tmpl.s);
		tmpl.s = hash + 1;
	}
	buf_add(out, tmpl.s, tmpl.n);
}

#define ADD(out, lit) buf_add(out, "" lit, sizeof(lit) - 1)

static void add_head(struct bench *b, struct buf *out, const struct bench_call *c, const char *time)
{
	uint32_t ip = rng_skewed(&b->rng, 50000);
	struct slice who = b->callers[rng_skewed(&b->rng, CALLERS)];
	ADD(out, "{\"eventVersion\":\"1.10\",\"userIdentity\":");
	buf_add(out, who.s, who.n);
	ADD(out, ",\"eventTime\":\"");
	buf_str(out, time);
	ADD(out, "\",\"eventSource\":\"");
	buf_str(out, c->service);
	ADD(out, ".amazonaws.com\",\"eventName\":\"");
	buf_str(out, c->name);
	ADD(out, "\",\"awsRegion\":\"");
	buf_str(out, regions[rng_below(&b->rng, ARRAY_LEN(regions))]);
	buf_printf(out, "\",\"sourceIPAddress\":\"10.%u.%u.%u\",\"userAgent\":\"", ip >> 16 & 255,
	           ip >> 8 & 255, ip & 255);
	buf_str(out, agents[rng_skewed(&b->rng, ARRAY_LEN(agents))]);
	if (rng_chance(&b->rng, 4))
		ADD(out, "\",\"errorCode\":\"AccessDenied\",\"errorMessage\":\"User is not "
		         "authorized to perform this");
	ADD(out, "\",\"requestParameters\":");
}

static void one_event(struct bench *b, struct buf *out, const char *time)
{
	uint32_t pick = rng_below(&b->rng, PICKS);
	const struct bench_call *c = b->picks[pick];
	add_head(b, out, c, time);
	add_filled(b, out, b->params[pick]);
	ADD(out, ",\"responseElements\":");
	add_filled(b, out, b->response[pick]);
	ADD(out, ",\"requestID\":\"");
	add_uuid(b, out);
	ADD(out, "\",\"eventID\":\"");
	add_uuid(b, out);
	ADD(out, "\",\"readOnly\":");
	buf_str(out, c->read ? "true" : "false");
	ADD(out, ",\"eventType\":\"AwsApiCall\",\"managementEvent\":true,\"recipientAccountId\":"
	         "\"111122223333\","
	         "\"eventCategory\":\"Management\",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\","
	         "\"cipherSuite\":"
	         "\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"");
	buf_str(out, c->service);
	ADD(out, ".us-east-1.amazonaws.com\"}}\n");
}

int demo_gen_cloudtrail(int fd, uint64_t n, uint64_t seed, struct err *e)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	struct buf out = BUF_INIT;
	mw_time start = INT64_C(1773360000) *
	                MW_SECOND; /* 2026-03-13T00:00:00Z: a day of events, whatever n */
	struct iso now = iso(start);
	mw_time shown = start;
	int rc = 0;
	bench_init(b, seed);
	for (uint64_t i = 0; i < n && !rc; i++) {
		mw_time at = start + (mw_time)((double)i / (double)n * 86400) * MW_SECOND;
		if (at != shown)
			now = iso(shown = at);
		one_event(b, &out, now.s);
		if (out.len >= FLUSH_AT)
			rc = flush(fd, &out, e);
	}
	if (!rc)
		rc = flush(fd, &out, e);
	buf_release(&out);
	arena_release(&b->arena);
	free(b);
	return rc;
}

/* Node types and how many of a hundred nodes have them. */
struct node_share {
	const char *type;
	int share;
};
static const struct node_share shares[] = {
        {"instance", 30}, {"role", 18},     {"user", 6},         {"policy", 10}, {"bucket", 10},
        {"database", 4},  {"function", 10}, {"k8s_workload", 6}, {"secret", 6},
};
static const char *const edge_types[] = {"runs_as",    "can_assume",  "can",  "can",
                                         "has_policy", "attached_to", "uses", "reads",
                                         "member_of",  "routes_to"};

static const char *type_of(uint64_t node)
{
	int x = (int)(node % 100);
	for (size_t i = 0;; i++)
		if ((x -= shares[i].share) < 0)
			return shares[i].type;
}

static void add_node_id(struct buf *out, uint64_t k)
{
	buf_printf(out, "\"arn:aws:demo:us-east-1:111122223333:%s/n-%08llx\"", type_of(k),
	           (unsigned long long)k);
}

int demo_gen_graph(int fd, uint64_t nodes, uint64_t edges, uint64_t seed, struct err *e)
{
	struct buf out = BUF_INIT;
	struct rng r;
	int rc = 0;
	if (!nodes || nodes > UINT32_MAX)
		return err_set(e, ERR_INVALID, "the number of nodes must be 1 to 4294967295");
	rng_seed(&r, seed, "graph");
	for (uint64_t k = 0; k < nodes && !rc; k++) {
		buf_str(&out, "{\"node\":{\"id\":");
		add_node_id(&out, k);
		buf_printf(&out,
		           ",\"type\":\"%s\",\"name\":\"n-%08llx\",\"account\":\"111122223333\","
		           "\"region\":\"us-east-1\"}}\n",
		           type_of(k), (unsigned long long)k);
		if (out.len >= FLUSH_AT)
			rc = flush(fd, &out, e);
	}
	for (uint64_t k = 0; k < edges && !rc; k++) {
		buf_str(&out, "{\"edge\":{\"from\":");
		add_node_id(&out, rng_below(&r, (uint32_t)nodes));
		buf_str(&out, ",\"to\":");
		add_node_id(&out, rng_skewed(&r, (uint32_t)nodes));
		buf_printf(&out, ",\"type\":\"%s\"}}\n",
		           edge_types[rng_below(&r, ARRAY_LEN(edge_types))]);
		if (out.len >= FLUSH_AT)
			rc = flush(fd, &out, e);
	}
	if (!rc)
		rc = flush(fd, &out, e);
	buf_release(&out);
	return rc;
}
