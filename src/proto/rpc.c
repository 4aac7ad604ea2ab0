#include "proto/proto.h"

#define RPC_CODE_BASE (-32000)

static cJSON *message(void)
{
	cJSON *m = cJSON_CreateObject();

	if (!m)
		mw_oom();
	json_add_str(m, "jsonrpc", "2.0");
	return m;
}

static void add_item(cJSON *m, const char *key, cJSON *v)
{
	if (!cJSON_AddItemToObject(m, key, v))
		mw_oom();
}

cJSON *rpc_request(int64_t id, const char *method, cJSON *params)
{
	cJSON *m = message();

	json_add_i64(m, "id", id);
	json_add_str(m, "method", method);
	if (params)
		add_item(m, "params", params);
	return m;
}

cJSON *rpc_notification(const char *method, cJSON *params)
{
	cJSON *m = message();

	json_add_str(m, "method", method);
	if (params)
		add_item(m, "params", params);
	return m;
}

static void add_id(cJSON *m, const cJSON *id)
{
	add_item(m, "id", id ? cJSON_Duplicate(id, 0) : cJSON_CreateNull());
}

cJSON *rpc_result(const cJSON *id, cJSON *result)
{
	cJSON *m = message();

	add_id(m, id);
	add_item(m, "result", result ? result : cJSON_CreateObject());
	return m;
}

cJSON *rpc_error(const cJSON *id, const struct err *err)
{
	cJSON *m = message(), *o;

	add_id(m, id);
	o = json_add_obj(m, "error");
	json_add_i64(o, "code", RPC_CODE_BASE - (int)err->code);
	json_add_str(o, "message", err->what);
	json_add_str(json_add_obj(o, "data"), "code", err_code_name(err->code));
	return m;
}

void rpc_error_read(const cJSON *error, struct err *e)
{
	err_set(e, err_code_from_name(json_str(json_obj(error, "data"), "code", "")), "%s",
	        json_str(error, "message", "an error without a message"));
}
