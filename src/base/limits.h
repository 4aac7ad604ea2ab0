/*
 * Every cap in one place. Exceeding one is an error with a message, never a cut in silence. Sizes in bytes.
 */
#ifndef MW_LIMITS_H
#define MW_LIMITS_H

/* protocol */
#define MW_LINE_MAX (1024 * 1024)  /* one JSON-RPC message, newline included */
#define MW_JSON_DEPTH_MAX 64       /* nesting of a message, a plan, a configuration */
#define MW_FDS_PER_MESSAGE_MAX 200 /* descriptors passed with one message */
#define MW_CLIENTS_MAX 128         /* connections of one engine */
#define MW_CLIENTS_PER_UID_MAX 32
#define MW_CLIENT_QUEUE_MAX (4 * 1024 * 1024) /* bytes waiting for one client; more: resync */

/* evidence */
#define MW_RECORD_MAX (256u * 1024 * 1024) /* one raw record */
#define MW_EV_DEPTH_MAX \
	512 /* nesting that the evidence reader follows; deeper text is kept, not descended */
#define MW_EV_PATH_MAX 1024   /* a leaf's dotted path */
#define MW_EV_PATHS_MAX 32768 /* distinct paths that one reader gives numbers to */
#define MW_VALUE_MAX 65536    /* one normalised value; longer ones are kept raw only, marked cut */
#define MW_EVIDENCE_CHUNK_MAX (256 * 1024) /* raw bytes in one reply */

/* plan */
#define MW_PLAN_JSON_MAX (512 * 1024)
#define MW_PLAN_DEPTH_MAX 24 /* nesting of a where tree */
#define MW_PLAN_NODES_MAX 4096
#define MW_PLAN_STEPS_MAX 16
#define MW_PLAN_HAND_MAX (64 * 1024) /* a text in a source's own language */
#define MW_PLAN_STAGES_MAX 8         /* of a sequence */
#define MW_PLAN_BY_MAX 8             /* by fields, stats, sort columns, baseline keys each */
#define MW_PLAN_DATASETS_MAX 64
#define MW_PLAN_HOPS_MAX 16
#define MW_PLAN_GRAPH_DEPTH_MAX 32 /* repetitions of a hop, depth of a graph question */
#define MW_PLAN_LIST_MAX 10000     /* values of one IN list */
#define MW_PLAN_ROWS_MAX 1000000   /* hard ceiling of limit */
#define MW_PLAN_ROWS_DEFAULT 100000
#define MW_PLAN_SECONDS_DEFAULT 60
#define MW_PIVOT_VALUES_MAX 10000 /* values that a later step takes from an earlier one */
#define MW_PIVOT_TUPLES_MAX 1000  /* the same, where values of several columns go together */
#define MW_RUN_FETCH_MAX 200000   /* events that run/ holds to do what a source cannot */
#define MW_RUN_FETCH_BYTES_MAX (512u * 1024 * 1024)
#define MW_REGEX_MAX 1024           /* pattern length */
#define MW_REGEX_MATCH_LIMIT 100000 /* PCRE2 match limit a value */

/* questions */
#define MW_QUESTION_MAX 16384
#define MW_QUESTION_TOKENS_MAX 2048

/* workers and jobs */
#define MW_WORKERS_MAX 32
#define MW_JOBS_MAX 256
#define MW_SPOOL_MAX (1024u * 1024 * 1024) /* one job's rows */
#define MW_ROW_MAX (512 * 1024)            /* one row in a spool */
#define MW_CANCEL_GRACE_MS 2000            /* after a cancel, before the kill */

#define MW_SOURCE_NAME_MAX 32
#define MW_SECTION_ENTRIES_MAX 32 /* sources, models */

#endif
