/* What a client may send: any bytes give messages or an error, never more; a request that passes the schema is written back as one
 * line that reads the same. */
#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_back(const cJSON *msg)
{
	struct conn c;
	struct err e;
	cJSON *back;

	conn_init(&c, -1);
	if (conn_queue(&c, cJSON_Duplicate(msg, 1), &e) == 0) {
		buf_add(&c.in, c.out.s, c.out.len);
		if (conn_next(&c, &back, &e) != 1 || !cJSON_Compare(msg, back, 1))
			abort();
		cJSON_Delete(back);
	}
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
