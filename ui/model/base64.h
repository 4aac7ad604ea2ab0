/*
 * Base64 of RFC 4648, both ways: raw evidence on the wire, and OSC 52. Pure.
 */
#ifndef MW_UI_BASE64_H
#define MW_UI_BASE64_H

#include "base/buf.h"

void base64_encode(struct buf *b, struct slice s);
bool base64_decode(struct buf *b, struct slice s); /* false: not base64 */

#endif
