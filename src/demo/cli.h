/*
 * The generator's subcommands of midwatchd:
 *   demo-data DIR [--seed N] [--end TIME] [--scale X]
 *   gen-cloudtrail N SEED          gen-graph NODES EDGES SEED       (to standard output)
 * argv[0] is the subcommand. Returns the exit status: 0, 1 for a failure, 2 for wrong usage.
 */
#ifndef MW_DEMO_CLI_H
#define MW_DEMO_CLI_H

int demo_cmd_data(int argc, char **argv);
int demo_cmd_cloudtrail(int argc, char **argv);
int demo_cmd_graph(int argc, char **argv);

#endif
