/*
 * Evidence of cases: pinning copies a record's bytes out of the lake into state.db, page by page; a record that the lake has
 * dropped since is answered from there.
 */
#include "base/base64.h"
#include "serve/engine.h"

#define PAGE_SECONDS 20

struct pinning {
	struct request *r;
	struct buf raw;
	cJSON *meta;
};

static void pinning_free(struct pinning *p)
{
	buf_release(&p->raw);
	cJSON_Delete(p->meta);
	free(p);
}

static void pin_failed(struct pinning *p, const struct err *e)
{
	request_fail(p->r, e);
	pinning_free(p);
}

/* ---- pin ---- */

static int store_pin(struct state *s, void *arg, struct err *e)
{
	struct pinning *p = arg;
	struct request *r = p->r;
	const char *id = request_str(r, "id");

	if (state_pin_add(s, &r->who, id, request_str(r, "evidence"), request_str(r, "note"),
	                  p->meta, (struct slice){p->raw.s, p->raw.len}, r->now, e))
		return -1;
	return state_audit(s, &r->who, methods[r->method].name, id, r->params, r->now, e);
}

static void pin_stored(void *arg, const struct err *e)
{
	struct pinning *p = arg;
	struct request *r = p->r;

	if (e) {
		pin_failed(p, e);
		return;
	}
	r->changed = cJSON_CreateArray();
	cJSON_AddItemToArray(r->changed, cJSON_CreateString(request_str(r, "id")));
	request_reply(r, NULL);
	pinning_free(p);
}

static void ask_page(struct pinning *p);

static int add_page(struct pinning *p, cJSON *page, struct err *e)
{
	const char *text = json_str(page, "raw", "");
	size_t n = strlen(text), got;
	char *room;

	if (json_i64(page, "length", 0) > STATE_PIN_MAX)
		return err_set(e, ERR_LIMIT, "a record of %lld bytes; at most %u MiB can be pinned",
		               (long long)json_i64(page, "length", 0), STATE_PIN_MAX >> 20);
	room = buf_room(&p->raw, n);
	if (base64_read((struct slice){text, n}, room, &got))
		return err_set(e, ERR_INTERNAL, "a worker sent evidence that is no base64");
	p->raw.len += got;
	p->raw.s[p->raw.len] = '\0';
	if (!got && (int64_t)p->raw.len < json_i64(page, "length", 0))
		return err_set(e, ERR_INTERNAL, "the record ended early");
	return 0;
}

static void page_came(void *ctx, cJSON *page, const struct err *e)
{
	struct pinning *p = ctx;
	struct err own;

	if (!e && add_page(p, page, &own))
		e = &own;
	if (e) {
		cJSON_Delete(page);
		pin_failed(p, e);
		return;
	}
	if ((int64_t)p->raw.len < json_i64(page, "length", 0) && p->r->e->pool) {
		cJSON_Delete(page);
		ask_page(p);
		return;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(page, "raw");
	cJSON_DeleteItemFromObjectCaseSensitive(page, "offset");
	p->meta = page;
	keeper_do(p->r->e->keeper, store_pin, pin_stored, p);
}

static void ask_page(struct pinning *p)
{
	struct call_opts o = {.kind = kind_of_method(p->r->e, "evidence.get"),
	                      .method = "evidence.get",
	                      .uid = p->r->who.uid,
	                      .deadline_us = PAGE_SECONDS * MW_SECOND,
	                      .params = cJSON_CreateObject(),
	                      .ctx = p,
	                      .done = page_came};

	json_add_str(o.params, "id", request_str(p->r, "evidence"));
	json_add_i64(o.params, "offset", (int64_t)p->raw.len);
	pool_call(p->r->e->pool, &o);
}

static int remove_pin(struct state *s, struct request *r, struct err *e)
{
	r->changed = cJSON_CreateArray();
	cJSON_AddItemToArray(r->changed, cJSON_CreateString(request_str(r, "id")));
	return state_pin_remove(s, &r->who, request_str(r, "id"), request_str(r, "evidence"),
	                        r->now, e);
}

void incident_pin(struct request *r)
{
	struct pinning *p;
	struct err e;

	if (json_bool(r->params, "remove", false)) {
		route_state(r, remove_pin, ROUTE_AUDIT);
		return;
	}
	if (!kind_of_method(r->e, "evidence.get")) {
		err_set(&e, ERR_NOT_FOUND, "this engine has no \"evidence.get\"");
		request_fail(r, &e);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->r = r;
	buf_init(&p->raw, 0);
	ask_page(p);
}

/* ---- what only the case still has ---- */

static int read_pin(struct state *s, struct request *r, struct err *e)
{
	int64_t offset = json_i64(r->params, "offset", 0);
	int64_t length = json_i64(r->params, "length", MW_EVIDENCE_CHUNK_MAX);
	struct buf raw = BUF_INIT;

	r->result = state_pin_get(s, request_str(r, "id"), &raw, e);
	if (r->result) {
		int64_t left;
		if (offset < 0 || offset > (int64_t)raw.len)
			offset = (int64_t)raw.len;
		left = (int64_t)raw.len - offset;
		if (length <= 0 || length > MW_EVIDENCE_CHUNK_MAX)
			length = MW_EVIDENCE_CHUNK_MAX;
		json_add_i64(r->result, "offset", offset);
		json_add_base64(
		        r->result, "raw",
		        (struct slice){raw.s + offset, (size_t)(left < length ? left : length)});
		json_add_bool(r->result, "only_pinned", true);
	}
	buf_release(&raw);
	return r->result ? 0 : -1;
}

void evidence_from_case(struct request *r)
{
	route_state(r, read_pin, 0);
}
