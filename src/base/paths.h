/*
 * Where things are on this machine (XDG base directories). Only names: nothing is opened or made. Callers free.
 */
#ifndef MW_PATHS_H
#define MW_PATHS_H

/* Name of a file below the user's directory of that sort, "midwatch/" included; name may be "". */
char *path_state(const char *name);  /* $XDG_STATE_HOME, ~/.local/state */
char *path_config(const char *name); /* $XDG_CONFIG_HOME, ~/.config */
/* dir/name */
char *path_join(const char *dir, const char *name);
/* The same path from the root, without touching the file system (no links followed). */
char *path_absolute(const char *path);
/* A program of this project: beside the one that runs, else in the PREFIX it was built for. */
char *path_program(const char *name);

#define STATE_SOCKET "engine.sock" /* in the state directory of a private engine */
#define STATE_LOG "engine.log"

#endif
