/* Two warehouses, table by table: both are read in the order of all columns and merged. */
#include <string.h>

#include "etl/sink/sql.h"
#include "etl/warehouse/warehouse.h"

enum { SHOWN_MAX = 5 }; /* differing rows printed per table and side */

struct side {
    sqlite3 *db;
    sqlite3_stmt *rows;
    const char *label;
    int code;      /* of the last step */
    uint64_t only; /* rows that the other side has not */
};

static void show(struct side *s, const char *table, FILE *out)
{
    if (s->only++ >= SHOWN_MAX) return;
    struct buf text = {0};
    warehouse_row_print(s->rows, &text);
    fprintf(out, "%s: only in %s: %s\n", table, s->label, buf_cstr(&text));
    buf_release(&text);
}

static bool same_columns(sqlite3_stmt *a, sqlite3_stmt *b)
{
    int n = sqlite3_column_count(a);
    if (n != sqlite3_column_count(b)) return false;
    for (int i = 0; i < n; i++)
        if (strcmp(sqlite3_column_name(a, i), sqlite3_column_name(b, i)) != 0) return false;
    return true;
}

static void merge(struct side *a, struct side *b, const char *table, FILE *out)
{
    a->code = sqlite3_step(a->rows);
    b->code = sqlite3_step(b->rows);
    while (a->code == SQLITE_ROW || b->code == SQLITE_ROW) {
        int order = a->code != SQLITE_ROW ? 1 : b->code != SQLITE_ROW ? -1 : warehouse_row_compare(a->rows, b->rows);
        if (order < 0) show(a, table, out);
        if (order > 0) show(b, table, out);
        if (order <= 0) a->code = sqlite3_step(a->rows);
        if (order >= 0) b->code = sqlite3_step(b->rows);
    }
}

static int table_compare(struct side *a, struct side *b, const char *table, FILE *out, struct err_text *error)
{
    a->rows = b->rows = NULL;
    a->only = b->only = 0;
    int result = warehouse_rows(a->db, table, &a->rows, error);
    if (result == 0) result = warehouse_rows(b->db, table, &b->rows, error);
    if (result < 0) goto out;
    if (!same_columns(a->rows, b->rows)) {
        fprintf(out, "%s: the columns differ\n", table);
        result = 1;
        goto out;
    }
    merge(a, b, table, out);
    if (a->code != SQLITE_DONE) result = sql_fail(a->db, error, table);
    if (b->code != SQLITE_DONE) result = sql_fail(b->db, error, table);
    if (result == 0 && a->only + b->only > 0) {
        fprintf(out, "%s: %llu rows only in A, %llu only in B\n", table, (unsigned long long)a->only,
                (unsigned long long)b->only);
        result = 1;
    }
out:
    sqlite3_finalize(a->rows);
    sqlite3_finalize(b->rows);
    return result;
}

int warehouse_compare(sqlite3 *a, sqlite3 *b, FILE *out, struct err_text *error)
{
    struct side left = {.db = a, .label = "A"}, right = {.db = b, .label = "B"};
    struct warehouse_tables of_a, of_b = {0};
    bool different = false;
    int result = warehouse_tables_init(&of_a, a, error);
    if (result == 0) result = warehouse_tables_init(&of_b, b, error);
    for (int i = 0, j = 0; result >= 0 && (i < of_a.count || j < of_b.count);) {
        int order = i == of_a.count ? 1 : j == of_b.count ? -1 : strcmp(of_a.names[i], of_b.names[j]);
        if (order == 0) {
            result = table_compare(&left, &right, of_a.names[i], out, error);
            different |= result == 1;
        } else {
            fprintf(out, "%s: only in %s\n", order < 0 ? of_a.names[i] : of_b.names[j], order < 0 ? "A" : "B");
            different = true;
        }
        i += order <= 0;
        j += order >= 0;
    }
    warehouse_tables_release(&of_a);
    warehouse_tables_release(&of_b);
    return result < 0 ? result : different;
}
