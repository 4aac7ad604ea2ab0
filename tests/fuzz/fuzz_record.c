/* Any bytes as one record of each shape, with the reader kept warm as in an import: leaves, schema, mapping. */
#include "intake/csv.h"
#include "intake/mapping.h"
#include "intake/schema.h"
#include "intake/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct leafset leaves;
static struct mapper *mapper;
static struct schemas *schemas;

static void start(void)
{
	struct err e;

	if (mapper)
		return;
	if (fields_load(&e))
		abort();
	leaves_init(&leaves);
	mapper = mapper_new(&leaves, 0);
	schemas = schemas_new(&leaves, mapper);
}

static void apply(const char *dataset)
{
	struct event ev = {0};
	volatile unsigned char sum = 0;

	event_reset(&ev);
	mapper_apply(mapper, dataset, &ev);
	for (size_t i = 0; i < ev.vals.n; i++)
		for (size_t k = 0; k < ev.vals.v[i].value.n; k++)
			sum = (unsigned char)(sum ^ (unsigned char)ev.vals.v[i].value.s[k]);
	event_release(&ev);
}

static void rows(struct slice text)
{
	struct text_columns c = {0};
	struct slice header;

	leaves_begin(&leaves);
	slice_split(&text, '\n', &header);
	csv_header(&c, &leaves, header);
	(void)csv_row(&leaves, &c, text);
	apply("csv");
	leaves_begin(&leaves);
	text_columns_set(&c, &leaves, header, '\t');
	(void)text_row(&leaves, &c, text);
	apply("zeek.dns");
	vec_free(&c.paths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The copy has no byte behind its end, so that a read over it is seen. */
	char *copy = malloc(size ? size : 1);
	struct slice text = {copy, size}, message;
	struct err e;

	start();
	if (size)
		memcpy(copy, data, size);
	const char *dataset = schemas_read(schemas, text, "conn.log", NULL, &e);
	if (dataset)
		apply(dataset);
	leaves_begin(&leaves);
	if (text_cef(&leaves, text))
		apply("cef");
	leaves_begin(&leaves);
	if (text_leef(&leaves, text))
		apply("leef");
	leaves_begin(&leaves);
	if (text_audit(&leaves, text))
		apply("auditd");
	leaves_begin(&leaves);
	if (text_syslog(&leaves, text, &message))
		apply("syslog");
	leaves_begin(&leaves);
	if (text_event_xml(&leaves, text))
		apply(schemas_windows(schemas));
	rows(text);
	free(copy);
	return 0;
}
