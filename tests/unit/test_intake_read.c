/* Files as they are: whole, compressed, broken and hostile. Nothing is lost without a word, nothing stops the rest. */
#include <zlib.h>

#include "base/asset.h"
#include "base/asset.h"
#include "intake_help.h"

#define CT(id, rest)                                                                            \
	"{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\",\"awsRegion\":\"us-" \
	"east-1\",\"eventID\":\"" id "\"" rest "}"

static void json_lines(void **state)
{
	static const char text[] = CT("a", "") "\n\n" CT("b", "") "\r\n" CT("c", "");
	struct got g;

	(void)state;
	read_text(text, sizeof(text) - 1, "x.json", "json-lines", &g);
	assert_int_equal(g.events, 3);
	assert_string_equal(g.ids.s, "a\nb\nc\n");
	assert_int_equal(g.rejected, 0);
	got_release(&g);
}

static void records_file(void **state)
{
	static const char text[] = "{\"Records\":[" CT("a", "") "," CT("b", "") "]}";
	static const char spaced[] = "\xef\xbb\xbf{\n  \"version\": \"1\",\n  \"Records\": [\n" CT(
	        "a", "") ",\n" CT("b", "") "\n  ]\n}\n";
	struct got g;

	(void)state;
	read_text(text, sizeof(text) - 1, "x.json", "json", &g);
	assert_string_equal(g.ids.s, "a\nb\n");
	got_release(&g);
	read_text(spaced, sizeof(spaced) - 1, "x.json", "json", &g);
	assert_string_equal(g.ids.s, "a\nb\n");
	got_release(&g);
}

/* A delivery stream joins files: one Records object a line. */
static void records_on_each_line(void **state)
{
	static const char text[] = "{\"Records\":[" CT("a", "") "," CT(
	        "b", "") "]}\n{\"Records\":[" CT("c", "") "]}\n";
	struct got g;

	(void)state;
	read_text(text, sizeof(text) - 1, "x.json", "json-lines", &g);
	assert_string_equal(g.ids.s, "a\nb\nc\n");
	got_release(&g);
}

static void arrays_and_pretty_values(void **state)
{
	static const char array[] = "[\n" CT("a", "") ",\n" CT("b", "") "\n]\n";
	static const char pretty[] = "{\n \"eventSource\": \"s3.amazonaws.com\",\n \"eventName\": "
	                             "\"X\",\n \"eventID\": \"a\"\n}\n"
	                             "{\n \"eventSource\": \"s3.amazonaws.com\",\n \"eventName\": "
	                             "\"X\",\n \"eventID\": \"b\"\n}\n";
	static const char nested[] = "{\"data\":{\"issuesV2\":{\"totalCount\":1,\"nodes\":[{\"id\":"
	                             "\"i1\",\"severity\":\"HIGH\","
	                             "\"status\":\"OPEN\",\"entitySnapshot\":{\"id\":\"e\","
	                             "\"type\":\"VM\"}}],\"pageInfo\":{}}}}";
	struct got g;

	(void)state;
	read_text(array, sizeof(array) - 1, "x.json", "json", &g);
	assert_string_equal(g.ids.s, "a\nb\n");
	got_release(&g);
	read_text(pretty, sizeof(pretty) - 1, "x.json", "json", &g);
	assert_string_equal(g.ids.s, "a\nb\n");
	got_release(&g);
	read_text(nested, sizeof(nested) - 1, "x.json", "json", &g);
	assert_string_equal(g.ids.s, "i1\n");
	has_line(&g, "dataset=finding.wiz");
	got_release(&g);
}

static void id_is_file_and_line(void **state)
{
	static const char text[] = "{\"a\":1}\n\n{\"a\":2}\n";
	struct got g;

	(void)state;
	read_text(text, sizeof(text) - 1, "odd.jsonl", "json-lines", &g);
	assert_string_equal(g.ids.s, "odd.jsonl:1\nodd.jsonl:3\n");
	has_line(&g, "dataset=json");
	got_release(&g);
}

static void broken_lines_are_set_aside(void **state)
{
	static const char text[] = CT("a", "") "\n{\"eventSource\":\"x\n" CT(
	        "b", "") " trailing\nno json\n" CT("c", "") "\n{\"cut\":";
	struct got g;

	(void)state;
	read_text(text, sizeof(text) - 1, "x.json", "json-lines", &g);
	assert_string_equal(g.ids.s, "a\nc\n");
	assert_int_equal(g.rejected, 4);
	assert_non_null(strstr(g.rejects.s, "2: JSON ends early at byte 17\n"));
	assert_non_null(strstr(g.rejects.s, "3: more text behind the record at byte "));
	assert_non_null(strstr(g.rejects.s, "4: not a JSON value at byte 1\n"));
	assert_non_null(strstr(g.rejects.s, "6: JSON ends early at byte 7\n"));
	got_release(&g);
}

static void records_file_cut_short(void **state)
{
	static const char text[] =
	        "{\"Records\":[" CT("a", "") "," CT("b", "") ",{\"eventID\":\"c\",\"eventN";
	struct got g;

	(void)state;
	read_text(text, sizeof(text) - 1, "x.json", "json", &g);
	assert_string_equal(g.ids.s, "a\nb\n");
	assert_string_equal(g.rejects.s, "3: the JSON text ends in the middle of a record\n");
	got_release(&g);
}

static void hostile_json(void **state)
{
	struct buf b = BUF_INIT;
	struct got g;

	(void)state;
	/* duplicate keys, a NUL, a lone surrogate, bytes that are no UTF-8, a big integer: the record goes in whole */
	buf_str(&b, CT("a", ",\"errorCode\":\"First\",\"errorCode\":\"Second\",\"userAgent\":"
	                    "\"\xff\xfe\",\"requestID\":\"\\ud800\\u0000x\","
	                    "\"n\":9007199254740993") "\n");
	/* nesting far over every cap */
	buf_str(&b, "{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"Deep\",\"eventID\":"
	            "\"b\",\"deep\":");
	for (int i = 0; i < 20000; i++)
		buf_ch(&b, '[');
	for (int i = 0; i < 20000; i++)
		buf_ch(&b, ']');
	buf_str(&b, "}\n");
	read_text(b.s, b.len, "x.json", "json-lines", &g);
	assert_int_equal(g.rejected, 0);
	assert_string_equal(g.ids.s, "a\nb\n");
	has_line(&g, "api.operation=Deep");
	assert_int_equal(g.raw_bytes, b.len - 2);
	got_release(&g);
	buf_release(&b);
}

/* 100 MB in one line, between two others. */
static void huge_line(void **state)
{
	size_t n = 100 * 1000 * 1000;
	struct buf b = BUF_INIT;
	struct got g;

	(void)state;
	buf_str(&b, CT("a", "") "\n{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"Huge\","
	                        "\"eventID\":\"b\",\"pad\":\"");
	memset(buf_room(&b, n), 'x', n);
	b.len += n;
	buf_str(&b, "\"}\n" CT("c", "") "\n");
	read_text(b.s, b.len, "x.json", "json-lines", &g);
	assert_string_equal(g.ids.s, "a\nb\nc\n");
	assert_int_equal(g.raw_bytes, b.len - 3);
	assert_int_equal(g.rejected, 0);
	got_release(&g);
	buf_release(&b);
}

static size_t gzip(const char *in, size_t n, unsigned char *out, size_t max)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)in;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)max;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t len = z.total_out;
	deflateEnd(&z);
	return len;
}

static void read_gz(const unsigned char *gz, size_t n, struct slice head, const char *format,
                    struct got *g)
{
	const char *found = "none";
	struct err e = {0};
	int fd = fd_of(gz, n);

	*g = (struct got){.text = BUF_INIT, .ids = BUF_INIT, .rejects = BUF_INIT};
	assert_int_equal(read_fd(fd, head, "x.json.gz", &found, g, &e), 0);
	assert_string_equal(found, format);
	close(fd);
}

static void gzip_members(void **state)
{
	static const char one[] = "{\"Records\":[" CT("a", "") "]}",
	                  two[] = "{\"Records\":[" CT("b", "") "]}";
	unsigned char gz[2048];
	struct got g;

	(void)state;
	size_t n = gzip(one, sizeof(one) - 1, gz, sizeof(gz));
	n += gzip(two, sizeof(two) - 1, gz + n, sizeof(gz) - n);
	memset(gz + n, 0, 64);
	read_gz(gz, n + 64, SLICE(one), "json", &g);
	assert_string_equal(g.ids.s, "a\nb\n");
	assert_int_equal(g.rejected, 0);
	got_release(&g);
}

static void truncated_gzip(void **state)
{
	struct buf b = BUF_INIT;
	struct got g;
	unsigned char *gz = malloc(1 << 20);

	(void)state;
	for (int i = 0; i < 3000; i++)
		buf_printf(&b,
		           "{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"E%d\","
		           "\"eventID\":\"%u\"}\n",
		           i * 7919 % 1000, (unsigned int)i * 2654435761u);
	size_t n = gzip(b.s, b.len, gz, 1 << 20);
	read_gz(gz, n / 2, (struct slice){b.s, 4096}, "json-lines", &g);
	assert_in_range(g.events, 500, 2900);
	assert_int_equal(g.rejected, 1);
	assert_non_null(strstr(g.rejects.s, "the gzip data ends early"));
	got_release(&g);
	/* Damage in the middle is told as well. */
	memset(gz + n / 2, 0x55, 64);
	read_gz(gz, n, (struct slice){b.s, 4096}, "json-lines", &g);
	assert_int_equal(g.rejected >= 1, 1);
	assert_in_range(g.events, 500, 2900);
	got_release(&g);
	free(gz);
	buf_release(&b);
}

static void a_range_of_lines(void **state)
{
	static const char text[] = CT("a", "") "\n" CT("b", "") "\n" CT("c", "") "\n";
	struct got g = {.text = BUF_INIT, .ids = BUF_INIT, .rejects = BUF_INIT};
	struct intake_sink sink = {&g, got_event, got_graph, got_reject, got_progress};
	size_t one = sizeof(CT("a", ""));
	struct intake_opts o = {.basename = "x.json", .from = one, .to = 2 * one, .first_line = 2};
	struct err e = {0};
	int fd = fd_of(text, sizeof(text) - 1);

	(void)state;
	const struct intake_format *f = intake_detect(SLICE(text), "x.json", &e);
	assert_true(intake_format_splittable(f));
	assert_int_equal(intake_read(fd, f, &o, &sink, &e), 0);
	assert_string_equal(g.ids.s, "b\n");
	close(fd);
	got_release(&g);
}

static void cancel_stops(void **state)
{
	struct buf b = BUF_INIT;
	struct got g = {.text = BUF_INIT, .ids = BUF_INIT, .rejects = BUF_INIT, .stop_after = 2};
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 40000; i++)
		buf_str(&b, CT("a", "") "\n");
	int fd = fd_of(b.s, b.len);
	assert_int_equal(read_fd(fd, (struct slice){b.s, 4096}, "x.json", NULL, &g, &e), -1);
	assert_int_equal(e.code, ERR_CANCELLED);
	assert_in_range(g.events, 1, 39999);
	close(fd);
	got_release(&g);
	buf_release(&b);
}

static void what_no_format_fits(void **state)
{
	struct err e = {0};

	(void)state;
	assert_null(intake_detect(SLICE(""), "x", &e));
	assert_string_equal(e.what, "x is empty");
	assert_null(intake_detect(SLICE("once upon a time\nthere was\n"), "tale.txt", &e));
	assert_int_equal(e.code, ERR_INVALID);
}

/* ASCII and one letter outside the first plane as UTF-16 with a mark. */
static void add_wide(struct buf *out, const char *text, bool big)
{
	static const unsigned char pair[] = {0xD8, 0x3D, 0xDE, 0x00}; /* U+1F600 */

	for (; *text; text++) {
		unsigned char two[2] = {0, (unsigned char)*text};
		size_t n = *text == '@' ? 4 : 2;
		const unsigned char *p = *text == '@' ? pair : two;
		for (size_t i = 0; i < n; i++)
			buf_ch(out, (char)p[big ? i : i ^ 1]);
	}
}

/* UTF-16 of either byte order gives the same records as UTF-8, across every window of the reader. */
static void utf16_is_read(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct buf b = BUF_INIT;
		struct got g;
		buf_add(&b, big ? "\xfe\xff" : "\xff\xfe", 2);
		for (int i = 0; i < 9000; i++)
			add_wide(&b,
			         CT("a", ",\"requestParameters\":{\"bucketName\":\"b@c\"}") "\n",
			         big);
		read_text(b.s, b.len, "x.json", "json-lines", &g);
		assert_string_equal(g.rejects.s, "");
		assert_int_equal(g.events, 9000);
		has_line(&g, "mw.bucket=b\xf0\x9f\x98\x80"
		             "c");
		got_release(&g);
		buf_release(&b);
	}
}

static void nodes_and_edges_go_to_the_graph(void **state)
{
	static const char text[] = "{\"node\":{\"id\":\"i-1\",\"type\":\"instance\"}}\n{\"edge\":{"
	                           "\"from\":\"i-1\",\"to\":\"r\",\"type\":\"runs_as\"}}\n";
	struct got g;

	(void)state;
	read_text(text, sizeof(text) - 1, "x.jsonl", "inventory-lines", &g);
	assert_int_equal(g.events, 0);
	assert_int_equal(g.graph, 2);
	got_release(&g);
}

static void users_mapping(void **state)
{
	static const char yaml[] =
	        "match:\n  app: shop\n  kind: \"*\"\nfields:\n  time: at\n  metadata.uid: no\n"
	        "  actor.user.name: [who.login, who.name]\n  src_endpoint.ip: from\n  "
	        "api.operation: kind|basename\n";
	static const char text[] = "{\"app\":\"shop\",\"kind\":\"a/"
	                           "buy\",\"at\":1718000000,\"no\":\"n1\",\"who\":{\"name\":"
	                           "\"eve\"},\"from\":\"10.0.0.1\"}\n"
	                           "{\"app\":\"other\",\"kind\":\"a/buy\"}\n";
	struct err e = {0};
	struct got g;

	(void)state;
	assert_int_equal(intake_mapping_add("shop", SLICE(yaml), &e), 0);
	read_text(text, (size_t)(strchr(text, '\n') - text), "x.jsonl", "json-lines", &g);
	has_line(&g, "dataset=json.shop");
	has_line(&g, "time=2024-06-10T06:13:20Z");
	has_line(&g, "uid=n1");
	has_line(&g, "actor.user.name=eve");
	has_line(&g, "src_endpoint.ip=10.0.0.1");
	has_line(&g, "api.operation=buy");
	got_release(&g);
	read_text(text, sizeof(text) - 1, "x.jsonl", "json-lines", &g);
	has_line(&g, "dataset=json");
	got_release(&g);
	assert_int_equal(intake_mapping_add("bad", SLICE("fields:\n  actor.usr.name: x\n"), &e),
	                 -1);
	assert_non_null(strstr(e.what, "mapping bad:2: there is no field \"actor.usr.name\""));
	assert_int_equal(intake_mapping_add("bad", SLICE("fields:\n  src_ip: x|nope\n"), &e), -1);
	assert_non_null(strstr(e.what, "mapping bad:2:"));
}

/* The sample that users copy is a mapping that works. */
static void sample_mapping(void **state)
{
	static const char text[] = "{\"app\":\"storefront\",\"kind\":\"buy\",\"ok\":true,\"who\":{"
	                           "\"mail\":\"a@b.c\"},\"order\":{\"id\":7}}\n";
	const struct asset *a = asset_find("mapping.sample.yaml");
	struct err e = {0};
	struct got g;

	(void)state;
	assert_non_null(a);
	int rc = intake_mapping_add("sample", (struct slice){a->data, a->len}, &e);
	assert_string_equal(rc ? e.what : "", "");
	read_text(text, sizeof(text) - 1, "x.jsonl", "json-lines", &g);
	has_line(&g, "uid=7");
	has_line(&g, "actor.user.name=a@b.c");
	has_line(&g, "status=Success");
	has_line(&g, "metadata.product.name=Shop");
	got_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(json_lines),
	        cmocka_unit_test(records_file),
	        cmocka_unit_test(records_on_each_line),
	        cmocka_unit_test(arrays_and_pretty_values),
	        cmocka_unit_test(id_is_file_and_line),
	        cmocka_unit_test(broken_lines_are_set_aside),
	        cmocka_unit_test(records_file_cut_short),
	        cmocka_unit_test(hostile_json),
	        cmocka_unit_test(huge_line),
	        cmocka_unit_test(gzip_members),
	        cmocka_unit_test(truncated_gzip),
	        cmocka_unit_test(a_range_of_lines),
	        cmocka_unit_test(cancel_stops),
	        cmocka_unit_test(what_no_format_fits),
	        cmocka_unit_test(utf16_is_read),
	        cmocka_unit_test(nodes_and_edges_go_to_the_graph),
	        cmocka_unit_test(users_mapping),
	        cmocka_unit_test(sample_mapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
