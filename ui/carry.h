/*
 * Files over a connection that carries no descriptors (ssh): their bytes travel before the message that they belong to, and the proxy
 * at the far end puts them into nameless files, whose descriptors it passes on with that message. No message begins with '#', so:
 *   "#data N\n" and N bytes, any number of times, then "#end\n", for each file; then the message.
 */
#ifndef MW_CARRY_H
#define MW_CARRY_H

#include "base/err.h"

/* The client's end: sends all of fd, from where it stands. */
int carry_file(int sock, int fd, struct err *e) MW_USE_RESULT;
/* The proxy: between in and out on one side and the engine's socket on the other, until one of them ends. -1: what came in is
 * not what a client sends, or a file could not be stored. */
int carry_relay(int in, int out, int engine, struct err *e) MW_USE_RESULT;

#endif
