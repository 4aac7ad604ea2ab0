/* What a client may send: any bytes give messages or an error, never more; a request that passes the schema is written back as one
 * line that reads the same. */
#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes that are not UTF-8 change once, on the first way out. */
static void write_back(const cJSON *msg)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct conn c;
	struct err e;
	cJSON *back;

	conn_init(&c, -1);
	json_write(&once, msg);
	if (once.len + 1 <= MW_LINE_MAX) {
		buf_add(&c.in, once.s, once.len);
		buf_ch(&c.in, '\n');
		if (conn_next(&c, &back, &e) != 1)
			abort();
		json_write(&twice, back);
		if (once.len != twice.len || memcmp(once.s, twice.s, once.len) != 0)
			abort();
		cJSON_Delete(back);
	}
	buf_release(&once);
	buf_release(&twice);
	conn_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conn c;
	struct err e;
	cJSON *msg;

	conn_init(&c, -1);
	buf_add(&c.in, data, size);
	while (conn_next(&c, &msg, &e) > 0) {
		int m = method_find(json_str(msg, "method", ""));
		if (m >= 0 && method_check(&methods[m], json_get(msg, "params"), &e) == 0)
			write_back(msg);
		rpc_error_read(json_get(msg, "error"), &e);
		cJSON_Delete(msg);
	}
	conn_release(&c);
	return 0;
}
