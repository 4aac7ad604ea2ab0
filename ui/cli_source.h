/* Parts of `midwatch source` in files of their own. c->argv[0] is the verb, the words have been counted. */
#ifndef MW_CLI_SOURCE_H
#define MW_CLI_SOURCE_H

struct cli;
int source_catalog(struct cli *c); /* catalog NAME [TABLE] */
int source_query(
        struct cli *c); /* query NAME TEXT: a text in the source's own language, written by hand */

#endif
