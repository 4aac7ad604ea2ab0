/* Escapers and YAML on any bytes. What leaves for a terminal must hold no control byte and must be
 * UTF-8. */
#include "base/escape.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_term(const struct buf *b)
{
	for (size_t i = 0; i < b->len;) {
		uint32_t cp;
		size_t n = utf8_decode(b->s + i, b->len - i, &cp);

		if (!n || mw_invisible(cp))
			abort();
		i += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const others[])(struct buf *, struct slice) = {
	        esc_html, esc_markdown, esc_csv, esc_defang, esc_refang};
	struct slice text = {(const char *)data, size};
	struct buf b = BUF_INIT;
	struct yaml_doc d;
	struct err e;

	esc_term(&b, text);
	check_term(&b);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		buf_reset(&b);
		others[i](&b, text);
	}
	buf_release(&b);
	if (!yaml_parse(&d, text, "fuzz", &e))
		yaml_release(&d);
	return 0;
}
