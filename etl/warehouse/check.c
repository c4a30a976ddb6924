/* Warehouse against ground truth. A verdict per truth file:
 *
 *     equal      daily.csv: 305 rows
 *     DIFFERENT  customers.csv: 1 row missing in the warehouse, 1 row not in the truth
 *                  missing: (12346, 2011-01-18 10:01:00, ...)
 *
 * Cells are compared as text (NULL as the empty text), rows as a multiset: both sides are sorted. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "etl/warehouse/truth.h"
#include "etl/warehouse/warehouse.h"
#include "lib/base/memory.h"

enum { SHOWN_MAX = 5 }; /* differing rows printed per truth file and side */

/* What the truth says about its own making, not about the data. */
static const char *const summary_without[] = {"source", "format", NULL};
static const char *const columns_without[] = {"first_description", NULL};
static const char *const files_without[] = {"malformed_lines.csv", NULL};

static bool listed(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0) return true;
    return false;
}

/* A table or view with the columns of `truth` (but for what is not compared), as a truth table. */
static int warehouse_read(sqlite3 *db, const char *name, const struct truth_table *truth, struct truth_table *out,
                          struct err_text *error)
{
    *out = (struct truth_table){0};
    struct buf select = {0};
    for (int i = 0; i < truth->column_count; i++) {
        char *quoted = sqlite3_mprintf("%s\"%w\"", i ? ", " : "", truth->columns[i]);
        buf_append_str(&select, quoted);
        sqlite3_free(quoted);
    }
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error, "SELECT %s FROM \"%w\"", buf_cstr(&select), name);
    buf_release(&select);
    if (result < 0) return result;
    out->column_count = truth->column_count;
    const char **cells = memory_new((size_t)truth->column_count * sizeof *cells);
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        for (int i = 0; i < out->column_count; i++) {
            const char *text = (const char *)sqlite3_column_text(s, i);
            cells[i] = text ? text : "";
        }
        truth_row_add(out, cells);
    }
    if (code != SQLITE_DONE) result = sql_fail(db, error, name);
    free(cells);
    sqlite3_finalize(s);
    return result;
}

static int rows_order(const void *a, const void *b, void *width)
{
    const char *const *x = a, *const *y = b;
    for (int i = 0; i < *(int *)width; i++) {
        int order = strcmp(x[i], y[i]);
        if (order != 0) return order;
    }
    return 0;
}

static void rows_sort(struct truth_table *t)
{
    if (t->row_count == 0) return;
    qsort_r(t->cells, (size_t)t->row_count, (size_t)t->column_count * sizeof *t->cells, rows_order, &t->column_count);
}

/* A differing row, appended to `notes` for printing below the verdict. */
static void row_note(struct buf *notes, const char *what, const char *const *cells, int width, int seen)
{
    if (seen >= SHOWN_MAX) return;
    buf_printf(notes, "             %s: (", what);
    for (int i = 0; i < width; i++) buf_printf(notes, "%s%s", i ? ", " : "", cells[i]);
    buf_append_str(notes, ")\n");
}

static int verdict(const char *file, struct truth_table *truth, struct truth_table *found, FILE *out)
{
    rows_sort(truth);
    rows_sort(found);
    struct buf notes = {0};
    int width = truth->column_count, missing = 0, extra = 0;
    for (int i = 0, j = 0; i < truth->row_count || j < found->row_count;) {
        const char *const *a = truth->cells + (size_t)i * (size_t)width;
        const char *const *b = found->cells + (size_t)j * (size_t)width;
        int order = i == truth->row_count ? 1 : j == found->row_count ? -1 : rows_order(a, b, &width);
        if (order < 0) row_note(&notes, "missing in the warehouse", a, width, missing++);
        if (order > 0) row_note(&notes, "not in the truth", b, width, extra++);
        i += order <= 0;
        j += order >= 0;
    }
    if (missing + extra == 0)
        fprintf(out, "equal      %s: %d rows\n", file, truth->row_count);
    else
        fprintf(out, "DIFFERENT  %s: %d rows missing in the warehouse, %d rows not in the truth\n%s", file, missing,
                extra, buf_cstr(&notes));
    buf_release(&notes);
    return missing + extra > 0;
}

/* Leaves the columns out that are not compared: drops them from names and cells. */
static void columns_drop(struct truth_table *t)
{
    int kept = 0;
    for (int i = 0; i < t->column_count; i++)
        if (!listed(columns_without, t->columns[i])) {
            for (int row = 0; row < t->row_count; row++) {
                const char **cells = t->cells + (size_t)row * (size_t)t->column_count;
                cells[kept] = cells[i];
            }
            t->columns[kept++] = t->columns[i];
        }
    for (int row = 1; row < t->row_count && kept < t->column_count; row++)
        memmove(t->cells + (size_t)row * (size_t)kept, t->cells + (size_t)row * (size_t)t->column_count,
                (size_t)kept * sizeof *t->cells);
    t->column_count = kept;
}

/* 1 when a column is missing on either side; names them. */
static int columns_check(sqlite3 *db, const char *file, const char *name, const struct truth_table *truth, FILE *out,
                         struct err_text *error)
{
    sqlite3_stmt *s;
    int result = sql_prepare(db, &s, error, "SELECT name FROM pragma_table_info(%Q)", name);
    if (result < 0) return result;
    bool *present = memory_new((size_t)truth->column_count * sizeof *present);
    int found = 0, different = 0;
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *column = (const char *)sqlite3_column_text(s, 0);
        int i = 0;
        while (i < truth->column_count && strcmp(truth->columns[i], column) != 0) i++;
        found++;
        if (i < truth->column_count) {
            present[i] = true;
        } else if (!listed(columns_without, column)) {
            fprintf(out, "DIFFERENT  %s: the truth has no column %s\n", file, column);
            different = 1;
        }
    }
    sqlite3_finalize(s);
    for (int i = 0; i < truth->column_count; i++) {
        if (present[i]) continue;
        if (found > 0)
            fprintf(out, "DIFFERENT  %s: the warehouse has no column %s.%s\n", file, name, truth->columns[i]);
        different = 1;
    }
    if (found == 0) fprintf(out, "DIFFERENT  %s: the warehouse has no table or view %s\n", file, name);
    free(present);
    return different;
}

static int file_check(sqlite3 *db, const char *directory, const char *file, FILE *out, struct err_text *error)
{
    struct truth_table truth, found = {0};
    const char *dot = strrchr(file, '.');
    char *path = sqlite3_mprintf("%s/%s", directory, file);
    char *name = sqlite3_mprintf("%.*s", (int)(dot - file), file);
    int result = strcmp(dot, ".json") == 0 ? truth_json_read(path, summary_without, &truth, error)
                                           : truth_csv_read(path, &truth, error);
    if (result == 0) {
        columns_drop(&truth);
        result = columns_check(db, file, name, &truth, out, error);
    }
    if (result == 0) result = warehouse_read(db, name, &truth, &found, error);
    if (result == 0) result = verdict(file, &truth, &found, out);
    truth_release(&truth);
    truth_release(&found);
    sqlite3_free(path);
    sqlite3_free(name);
    return result;
}

static int is_truth(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    if (!dot || listed(files_without, entry->d_name)) return 0;
    return strcmp(dot, ".csv") == 0 || strcmp(entry->d_name, "summary.json") == 0;
}

static int byte_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int warehouse_check(sqlite3 *db, const char *directory, FILE *out, struct err_text *error)
{
    struct dirent **files;
    int count = scandir(directory, &files, is_truth, byte_order);
    if (count < 0) return err_set(error, err_from_errno(errno), "%s: %s", directory, strerror(errno));
    int result =
        count == 0 ? err_set(error, ERR_NOTFOUND, "%s: no CSV and no summary.json to compare with", directory) : 0;
    bool different = false;
    for (int i = 0; i < count; i++) {
        if (result >= 0) result = file_check(db, directory, files[i]->d_name, out, error);
        different |= result == 1;
        free(files[i]);
    }
    free(files);
    return result < 0 ? result : different;
}
