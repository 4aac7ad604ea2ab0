#include "model/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		uint32_t v = (uint32_t)(unsigned char)s.s[i] << 16;
		if (left > 1)
			v |= (uint32_t)(unsigned char)s.s[i + 1] << 8;
		if (left > 2)
			v |= (unsigned char)s.s[i + 2];
		buf_ch(b, alphabet[v >> 18]);
		buf_ch(b, alphabet[v >> 12 & 63]);
		buf_ch(b, left > 1 ? alphabet[v >> 6 & 63] : '=');
		buf_ch(b, left > 2 ? alphabet[v & 63] : '=');
	}
}

bool base64_decode(struct buf *b, struct slice s)
{
	uint32_t v = 0;
	int bits = 0;

	while (s.n && s.s[s.n - 1] == '=')
		s.n--;
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.s[i] ? strchr(alphabet, s.s[i]) : NULL;
		if (!at)
			return false;
		v = v << 6 | (uint32_t)(at - alphabet);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_ch(b, (char)(v >> bits & 0xff));
		}
	}
	return true;
}
