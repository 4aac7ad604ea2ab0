/*
 * The bytes of a file, plain or gzip (told by content, several members allowed), through a window that its reader moves. Pointers
 * into the window hold until the next stream_more. UTF-16 with a byte order mark comes out as UTF-8, so that is what records keep.
 */
#ifndef MW_STREAM_H
#define MW_STREAM_H

#include "base/buf.h"
#include "base/err.h"

struct stream;
/* Reads fd from its present place; with a range [from, to) of a regular file by pread, so that processes may share fd. to 0: all. */
struct stream *stream_open(int fd, uint64_t from, uint64_t to, struct err *e);
struct stream *stream_of_memory(struct slice s); /* borrowed */
void stream_close(struct stream *s);
/* What is in the window and not consumed yet. */
struct slice stream_window(const struct stream *s);
void stream_consume(struct stream *s, size_t n);
/* Makes the window larger: 1 more came, 0 the end, -1 the file cannot be read. */
int stream_more(struct stream *s, struct err *e);
uint64_t
stream_raw_bytes(const struct stream *s); /* read from the file so far, before decompression */
/* After the end: NULL, or why the compressed data stops early. */
const char *stream_damage(const struct stream *s);

#endif
