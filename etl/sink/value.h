/* value.h - values in SQLite: integers and scaled decimals as INTEGER, text as TEXT, timestamps as
 * TEXT `YYYY-MM-DD HH:MM:SS`, dates as TEXT `YYYY-MM-DD`: readable in SQLite's shell, sorted by time. */
#ifndef MILLRACE_ETL_SINK_VALUE_H
#define MILLRACE_ETL_SINK_VALUE_H

#include <sqlite3.h>

#include "etl/row.h"

/* Room for a timestamp as text; years beyond four digits are longer. It remembers what it shows: days and
 * hours repeat from row to row. */
struct value_text {
    int64_t shown;
    enum value_type type; /* VALUE_NULL: nothing yet */
    int length;
    char text[40];
};

/* Writes a timestamp or a date; returns its length. */
int value_text_write(const struct value *v, struct value_text *out);
/* The reverse. */
int64_t value_time_read(const char *text, enum value_type type);
/* Appends any value as people read it, a decimal with its `scale`; nothing for NULL. */
void value_print(const struct value *v, int scale, struct buf *out);
/* Binds without a copy: the value and `room` must live until the statement has run. */
void value_bind(sqlite3_stmt *s, int at, const struct value *v, struct value_text *room);
/* Gives it as the result of a function or as the column of a virtual table, likewise. */
void value_result(sqlite3_context *out, const struct value *v, struct value_text *room);
/* The reverse, for a column that was declared as `type`; text is valid until the next step. */
struct value value_column(sqlite3_stmt *s, int column, enum value_type type);
/* The column type of CREATE TABLE. */
const char *value_sql_type(enum value_type type);
/* SQLite's order: NULL first, then numbers and times, then text by bytes. Both of one type or NULL. */
int value_compare(const struct value *a, const struct value *b);
/* A copy whose text lives in `arena`. */
struct value value_copy(const struct value *v, struct arena *arena);

#endif
