/*
 * Where a record can be looked at in the vendor's own console: the address that the record itself carries in a field made for that,
 * else one made from its ids for vendors whose pages are known. Addresses from other fields are evidence, perhaps the attacker's, and
 * are never offered. Pure.
 */
#ifndef MW_UI_VENDOR_PAGE_H
#define MW_UI_VENDOR_PAGE_H

#include <cjson/cJSON.h>

#include "base/buf.h"

/* evidence: as evidence.get answers, with the whole raw record. "https://..", or NULL where there is none; caller frees. */
char *vendor_page(const cJSON *evidence);

#endif
