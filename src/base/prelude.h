/*
 * Forced in front of every file (-include): feature macros once, attributes, banned calls.
 */
#ifndef MW_PRELUDE_H
#define MW_PRELUDE_H

#define _GNU_SOURCE 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MW_USE_RESULT __attribute__((warn_unused_result))
#define MW_NORETURN __attribute__((noreturn))
#define MW_UNUSED __attribute__((unused))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#include "base/banned.h"

#endif
