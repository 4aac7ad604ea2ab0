/*
 * Where a secret comes from: a file (0600, ours), an environment variable, a systemd credential, or a command without a shell. Resolved in the
 * worker that needs it, before its sandbox closes. "file:PATH", "env:NAME", "credential:NAME", "command:PROGRAM ARG...".
 */
#ifndef MW_CREDENTIAL_H
#define MW_CREDENTIAL_H

#include "base/err.h"
#include "base/secret.h"

#define CREDENTIAL_MAX 16384
#define CREDENTIAL_COMMAND_SECONDS 15
/* Trailing newline removed. The error never quotes the secret. */
int credential_read(const char *spec, struct secret **out, struct err *e) MW_USE_RESULT;
/* Takes it out of this process's environment, where it came from there. spec may be NULL. */
void credential_forget(const char *spec);

#endif
