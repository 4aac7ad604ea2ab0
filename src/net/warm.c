#include "net/warm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/mem.h"

#define CERTIFICATES_MAX (4u * 1024 * 1024)
#define ADDRESSES_MAX 16

static int read_file(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	char *room;

	if (fd < 0)
		return err_errno(e, "cannot open the certificates in %s", path);
	while (n > 0 && (room = buf_room(out, 65536))) {
		n = read(fd, room, 65536);
		if (n > 0)
			out->len += (size_t)n;
	}
	if (n < 0)
		err_errno(e, "cannot read the certificates in %s", path);
	else if (n > 0)
		err_set(e, ERR_LIMIT, "%s: over %u MiB of certificates", path,
		        CERTIFICATES_MAX >> 20);
	close(fd);
	return n ? -1 : 0;
}

/* libcurl's own default, which the distribution has set; absent on some machines. */
static int read_system_ca(struct buf *out, struct err *e)
{
	CURL *curl = curl_easy_init();
	char *path = NULL;
	int rc = 0;

	if (curl && curl_easy_getinfo(curl, CURLINFO_CAINFO, &path) == CURLE_OK && path &&
	    access(path, R_OK) == 0)
		rc = read_file(path, out, e);
	curl_easy_cleanup(curl);
	return rc;
}

int certificates_read(struct certificates *x, const struct http_conf *c, struct err *e)
{
	int rc;

	buf_init(&x->ca, CERTIFICATES_MAX);
	buf_init(&x->cert, CERTIFICATES_MAX);
	buf_init(&x->key, CERTIFICATES_MAX);
	rc = c->ca_file ? read_file(c->ca_file, &x->ca, e) : read_system_ca(&x->ca, e);
	if (rc == 0 && c->client_cert)
		rc = read_file(c->client_cert, &x->cert, e);
	if (rc == 0 && c->client_key)
		rc = read_file(c->client_key, &x->key, e);
	return rc ? err_prefix(e, "%s", c->name) : 0;
}

static void set_blob(CURL *curl, CURLoption option, const struct buf *b)
{
	struct curl_blob blob = {b->s, b->len, CURL_BLOB_NOCOPY};

	if (b->len)
		curl_easy_setopt(curl, option, &blob);
}

void certificates_set(const struct certificates *x, CURL *curl)
{
	set_blob(curl, CURLOPT_CAINFO_BLOB, &x->ca);
	set_blob(curl, CURLOPT_SSLCERT_BLOB, &x->cert);
	set_blob(curl, CURLOPT_SSLKEY_BLOB, &x->key);
	if (x->ca.len)
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* no looking into folders later */
}

void certificates_release(struct certificates *x)
{
	secret_wipe(x->key.s, x->key.len);
	buf_release(&x->ca);
	buf_release(&x->cert);
	buf_release(&x->key);
}

static void add_address(struct buf *out, const struct sockaddr *a)
{
	char text[INET6_ADDRSTRLEN];
	bool v6 = a->sa_family == AF_INET6;
	const void *bytes =
	        v6 ? (const void *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr
	           : (const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr;

	if (inet_ntop(a->sa_family, bytes, text, sizeof(text)))
		buf_printf(out, "%s%s%s%s", out->len ? "," : "", v6 ? "[" : "", text,
		           v6 ? "]" : "");
}

static void resolve(struct curl_slist **list, const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	struct buf b = BUF_INIT;
	char *entry;
	int n = 0;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return;
	for (const struct addrinfo *a = found; a && n < ADDRESSES_MAX; a = a->ai_next, n++)
		if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
			add_address(&b, a->ai_addr);
	freeaddrinfo(found);
	if (b.len) {
		entry = xasprintf("%s:%s:%s", host, port, b.s);
		*list = curl_slist_append(*list, entry);
		free(entry);
	}
	buf_release(&b);
}

void warm_name(struct curl_slist **list, const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL, *port = NULL;

	if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_GUESS_SCHEME) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    host[0] != '[')
		resolve(list, host, port);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
}
