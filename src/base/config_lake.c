/* The option `lake`: an address or a name becomes an entry of `sources`. */
#include "base/config_int.h"

static const struct {
	const char *scheme, *kind, *port;
	const char *first, *second; /* what the parts of the path are */
} stores[] = {
        {"clickhouse://", "clickhouse", "8443", "database", "table"},
};

static int wrong(const char *lake, const char *origin, const char *why, struct err *e)
{
	return err_set(e, ERR_INVALID,
	               "%s: lake: \"%s\" %s; it reads clickhouse://[user@]host[:port]/database, "
	               "or the name of such a source",
	               origin, lake, why);
}

static bool is_loopback(struct slice host)
{
	return slice_eq_str(host, "localhost") || slice_eq_str(host, "[::1]") ||
	       (host.n > 4 && memcmp(host.s, "127.", 4) == 0);
}

/* "host:port" into both; port keeps its value where there is none. */
static struct slice cut_port(struct slice at, struct slice *port)
{
	const char *colon = memrchr(at.s, ':', at.n), *end = memrchr(at.s, ']', at.n);

	if (!colon || (end && colon < end))
		return at;
	*port = (struct slice){colon + 1, at.n - (size_t)(colon + 1 - at.s)};
	return (struct slice){at.s, (size_t)(colon - at.s)};
}

static void add_path(cJSON *o, struct slice path, const char *first, const char *second)
{
	struct slice part;

	slice_split(&path, '/', &part);
	if (part.n)
		json_add_slice(o, first, part);
	if (second && path.s && path.n)
		json_add_slice(o, second, path);
}

static cJSON *entry_of(size_t store, const char *lake, const char *origin)
{
	struct slice path = slice_of(lake + strlen(stores[store].scheme)), at, user = {0}, host,
	             port = slice_of(stores[store].port);
	cJSON *o = cJSON_CreateObject();
	char *url;

	slice_split(&path, '/', &at);
	if (memchr(at.s, '@', at.n))
		slice_split(&at, '@', &user);
	host = cut_port(at, &port);
	url = xasprintf("http%s://%.*s:%.*s", is_loopback(host) ? "" : "s", (int)host.n, host.s,
	                (int)port.n, port.s);
	json_add_str(o, "name", "lake");
	json_add_str(o, "kind", stores[store].kind);
	json_add_str(o, "url", url);
	if (user.n) {
		json_add_slice(o, "user", user);
		json_add_str(o, "credential", "env:MW_LAKE_PASSWORD");
	}
	if (path.s)
		add_path(o, path, stores[store].first, stores[store].second);
	json_add_str(o, "at", origin);
	free(url);
	if (host.n && port.n)
		return o;
	cJSON_Delete(o);
	return NULL;
}

static const cJSON *find_entry(const cJSON *list, const char *name)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, list) if (strcmp(json_str(x, "name", ""), name) == 0) return x;
	return NULL;
}

static int check_name(const cJSON *list, const char *lake, const char *origin, struct err *e)
{
	const cJSON *x = find_entry(list, lake);

	if (!x)
		return wrong(lake, origin, "is neither an address nor the name of a source", e);
	for (size_t i = 0; i < ARRAY_LEN(stores); i++)
		if (strcmp(json_str(x, "kind", ""), stores[i].kind) == 0)
			return 0;
	return wrong(lake, origin, "is a source that cannot be the store of events", e);
}

int lake_entry(cJSON *sections, const char *lake, const char *origin, struct err *e)
{
	cJSON *list = json_arr(sections, "sources"), *o;

	if (find_entry(list, "lake"))
		return wrong("lake", origin, "cannot be what a source of your own is called", e);
	if (!*lake)
		return 0;
	if (!strstr(lake, "://"))
		return check_name(list, lake, origin, e);
	for (size_t i = 0; i < ARRAY_LEN(stores); i++) {
		if (strncmp(lake, stores[i].scheme, strlen(stores[i].scheme)) != 0)
			continue;
		o = entry_of(i, lake, origin);
		if (!o)
			return wrong(lake, origin, "names no host", e);
		if (!list)
			list = json_add_arr(sections, "sources");
		cJSON_AddItemToArray(list, o);
		return 0;
	}
	return wrong(lake, origin, "is of no kind that can be the store of events", e);
}
