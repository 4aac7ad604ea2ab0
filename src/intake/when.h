/*
 * Times as logs write them: RFC 3339 and ISO 8601 (mw_time_parse), epoch seconds with or without a
 * fraction, epoch milli-, micro- and nanoseconds (told apart by size), "Jul 10, 2023, 12:09:47 PM",
 * "07/04/2024 22:33:56" and "7/9/2024 10:34:10 PM" (month first), "10/Oct/2000:13:55:36 -0700",
 * "Jun 10 06:13:20" (syslog: no year, so the year nearest before `now`). Without a zone UTC is
 * taken.
 */
#ifndef MW_WHEN_H
#define MW_WHEN_H

#include "base/mwtime.h"

bool when_parse(struct slice s, mw_time now, mw_time *out);

#endif
