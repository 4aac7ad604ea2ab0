/*
 * Calls that have no safe use here. Each has a replacement in base/ (buf.h, mem.h, mwtime.h). The system headers come
 * first, so that poisoning meets only our own code; a file that must use one says `MW_ALLOW_BANNED` with its reason
 * and stands on the list in tests/arch.
 */
#ifndef MW_BANNED_H
#define MW_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#ifndef MW_ALLOW_BANNED
#undef sprintf /* macros of the fortified headers under clang */
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll atof
#pragma GCC poison gmtime localtime ctime asctime system popen tmpnam mktemp
#endif

#endif
