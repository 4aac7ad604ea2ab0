/*
 * What a connection needs from files and from the resolver, taken before the sandbox closes: certificates as bytes, names as addresses.
 * Names keep the addresses of that moment for the life of the worker (minutes without work end it); a name that could not be resolved is
 * tried again by libcurl at each request, and its error is libcurl's own. Inside net/.
 */
#ifndef MW_WARM_H
#define MW_WARM_H

#include <curl/curl.h>

#include "base/err.h"
#include "net/http.h"

struct certificates {
	struct buf ca, cert, key; /* PEM; empty: none */
};
/* Reads the files of c; without a CA file, the system's. */
int certificates_read(struct certificates *x, const struct http_conf *c,
                      struct err *e) MW_USE_RESULT;
void certificates_set(const struct certificates *x, CURL *curl); /* x must outlive the request */
void certificates_release(struct certificates *x);
/* Adds the addresses of the host of url (or of the proxy) to the list that becomes CURLOPT_RESOLVE. */
void warm_name(struct curl_slist **list, const char *url);

#endif
