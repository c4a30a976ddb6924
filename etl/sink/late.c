#include "etl/sink/late.h"

#include "etl/sink/schema.h"
#include "etl/sink/sql.h"
#include "etl/sink/value.h"

int late_open(struct late *l, struct operator_context *c)
{
    *l = (struct late){.context = c};
    if (!c->live || !definition_drops_late(c->definition)) return 0;
    return sql_prepare(c->db, &l->add, c->error, "INSERT INTO late VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
}

void late_close(struct late *l)
{
    sqlite3_finalize(l->add);
    l->add = NULL;
}

int late_row(struct late *l, const struct record *record, const struct value *time, int64_t late_s)
{
    struct value_text room = {.type = VALUE_NULL};
    sqlite3_stmt *s = l->add;
    sql_bind_slice(s, 1, slice_str(l->context->definition->feeds[record->feed].name));
    sql_bind_slice(s, 2, record->at.file);
    sqlite3_bind_int64(s, 3, (int64_t)record->at.line);
    sqlite3_bind_int64(s, 4, (int64_t)record->at.byte_offset);
    sqlite3_bind_int64(s, 5, (int64_t)record->at.number);
    value_bind(s, 6, time, &room);
    sqlite3_bind_int64(s, 7, late_s);
    sql_bind_bytes(s, 8, record->raw);
    return sql_step(s, l->context->error);
}
