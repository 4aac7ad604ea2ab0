/* How far the findings of each source were taken in. */
#include "store/state_int.h"

int state_cursor_set(struct state *s, const char *source, const char *cursor, struct err *e)
{
	return db_run(&s->db, e,
	              "INSERT INTO source_cursor (source, cursor) VALUES (?, ?) "
	              "ON CONFLICT (source) DO UPDATE SET cursor = excluded.cursor",
	              "ss", source, cursor);
}

int state_cursor_get(struct state *s, const char *source, char **cursor, struct err *e)
{
	sqlite3_stmt *q = db_query(&s->db, e, "SELECT cursor FROM source_cursor WHERE source = ?",
	                           "s", source);
	int rc = q ? db_step(&s->db, q, e) : -1;

	*cursor = NULL;
	if (rc == 1 && db_text(q, 0))
		*cursor = xstrdup(db_text(q, 0));
	db_done(q);
	return rc < 0 ? -1 : 0;
}
