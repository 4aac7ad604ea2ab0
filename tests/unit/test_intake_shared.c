/* Every record of ../shared/data/events and findings goes in: the counts are those of SOURCES.md, the datasets those of the
 * files' formats. Skipped where that folder is not there. */
#include "intake_help.h"

struct tally {
	uint64_t events, graph, rejected,
	        foreign; /* foreign: events of another dataset than the file's */
	const char *family;
};

/* What the files are, by the beginning of their path; "" is any dataset. */
static const struct {
	const char *path, *family;
} families[] = {
        {"events/cloudtrail/", "cloudtrail"},
        {"events/windows/", "windows."},
        {"events/alerts/sentinel_alerts", "alerts"},
        {"events/alerts/sentinel_incidents", "incidents"},
        {"events/other/otrf_apt29_day1_zeek", "zeek."},
        {"events/other/otrf_aws_s3_honeybucket", "s3.honeybucket"},
        {"events/other/otrf_log4shell_securityauditing", "windows.security"},
        {"events/other/otrf_log4shell_syslog_auoms", "auditd"},
        {"events/", ""},
        {"findings/prowler_ocsf", "ocsf"},
        {"findings/ocsf_samples", "ocsf"},
        {"findings/prowler_app_findings", "finding.prowler"},
        {"findings/wiz_issues", "finding.wiz"},
        {"findings/", ""},
};

static int on_event(void *ctx, const struct event *ev, struct err *e)
{
	struct tally *t = ctx;

	(void)e;
	t->events++;
	t->foreign += strncmp(ev->dataset, t->family, strlen(t->family)) != 0;
	assert_true(ev->uid.n > 0);
	assert_true(ev->raw.n > 0);
	return 0;
}

static int on_graph(void *ctx, const cJSON *o, struct err *e)
{
	(void)o;
	(void)e;
	((struct tally *)ctx)->graph++;
	return 0;
}

static int on_reject(void *ctx, const struct intake_reject *r, struct err *e)
{
	(void)e;
	print_message("line %llu: %s\n", (unsigned long long)r->line, r->reason);
	((struct tally *)ctx)->rejected++;
	return 0;
}

static struct slice read_all(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	while (fd >= 0 && n > 0) {
		n = read(fd, buf_room(b, 1 << 20), 1 << 20);
		b->len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	return (struct slice){b->s, b->len};
}

static void check_file(const char *root, struct slice name, uint64_t records)
{
	char path[512];
	struct buf all = BUF_INIT;
	struct tally t = {.family = NULL};
	struct intake_sink sink = {&t, on_event, on_graph, on_reject, NULL};
	struct err e = {0};

	snprintf(path, sizeof(path), "%s/%.*s", root, (int)name.n, name.s);
	const char *basename = strrchr(path, '/') + 1;
	struct intake_opts o = {.basename = basename};
	for (size_t i = 0; i < ARRAY_LEN(families) && !t.family; i++)
		if (strncmp(name.s, families[i].path, strlen(families[i].path)) == 0)
			t.family = families[i].family;
	struct slice text = read_all(path, &all);
	if (text.n > INTAKE_HEAD)
		text.n = INTAKE_HEAD;
	const struct intake_format *f = intake_detect(text, basename, &e);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = f ? intake_read(fd, f, &o, &sink, &e) : -1;
	close(fd);
	buf_release(&all);
	assert_string_equal(rc ? e.what : "", "");
	assert_int_equal(t.rejected, 0);
	assert_int_equal(t.foreign, 0);
	/* A document of an inventory becomes nodes and edges; its records have no number of their own. */
	if (strncmp(intake_format_name(f), "inventory", 9) == 0)
		assert_true(t.graph > 0);
	else if (t.events != records &&
	         strcmp(basename, "aws_authz_details_small_expected_cloudsplaining.json") != 0)
		fail_msg("%s: %llu events, SOURCES.md says %llu", basename,
		         (unsigned long long)t.events, (unsigned long long)records);
}

static void every_record_goes_in(void **state)
{
	const char *shared = getenv("MW_SHARED");
	char path[512], root[400];
	struct buf b = BUF_INIT;
	struct slice rest, line, cell;
	size_t files = 0;

	(void)state;
	snprintf(root, sizeof(root), "%s/data", shared ? shared : "../shared");
	snprintf(path, sizeof(path), "%s/SOURCES.md", root);
	rest = read_all(path, &b);
	if (!rest.n) {
		print_message("skipped: no ../shared\n");
		return;
	}
	while (slice_split(&rest, '\n', &line)) {
		uint64_t records;

		slice_split(&line, '|', &cell);
		slice_split(&line, '|', &cell);
		struct slice name = slice_trim(cell);
		slice_split(&line, '|', &cell);
		if (!slice_u64(slice_trim(cell), &records) ||
		    (strncmp(name.s, "events/", 7) != 0 && strncmp(name.s, "findings/", 9) != 0))
			continue;
		check_file(root, name, records);
		files++;
	}
	assert_in_range(files, 50, 60);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_record_goes_in)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
