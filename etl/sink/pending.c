#include "etl/sink/pending.h"

#include <assert.h>
#include <stdlib.h>

#include "etl/sink/bulk.h"
#include "etl/sink/sql.h"
#include "etl/sink/value.h"
#include "lib/base/memory.h"

/* A row is a cell that says how many follow, and these; behind the last row is an end. */
enum cell_type { CELL_END, CELL_ROW, CELL_NULL, CELL_INTEGER, CELL_TEXT, CELL_BLOB, CELL_TIMESTAMP, CELL_DATE };

struct cell {
    uint32_t type; /* enum cell_type */
    uint32_t n;    /* bytes of a text or a blob; columns of a row */
    int64_t i;     /* the number, or where in `texts` the bytes begin */
};

struct pending {
    struct pending *next; /* in its list */
    struct bulk *bulk;
    size_t row_cells; /* columns, and the one in front of them */
    struct cell *cells;
    size_t cell_count;
    bool in_row; /* of which some columns are there */
    struct buf texts;
    struct value_text *rooms; /* one per column: the text of a time in the row that is being read */
};

/* --- what bulk.h asks for --- */

static const void *row_next(const void *row)
{
    const struct cell *head = row, *next = head + 1 + head->n;
    return next->type == CELL_ROW ? next : NULL;
}

static void time_result(sqlite3_context *out, const struct cell *cell, struct value_text *room)
{
    struct value v = {.type = cell->type == CELL_DATE ? VALUE_DATE : VALUE_TIMESTAMP, .i = cell->i};
    value_result(out, &v, room);
}

static void row_column(void *object, const void *row, int column, sqlite3_context *out)
{
    const struct pending *p = object;
    const struct cell *cell = (const struct cell *)row + 1 + column;
    switch ((enum cell_type)cell->type) {
    case CELL_ROW:
    case CELL_END:
    case CELL_NULL: break;
    case CELL_INTEGER: sqlite3_result_int64(out, cell->i); break;
    case CELL_TEXT: sqlite3_result_text(out, (const char *)p->texts.p + cell->i, (int)cell->n, SQLITE_STATIC); break;
    case CELL_BLOB: sqlite3_result_blob(out, p->texts.p + cell->i, (int)cell->n, SQLITE_STATIC); break;
    case CELL_TIMESTAMP:
    case CELL_DATE: time_result(out, cell, &p->rooms[column]); break;
    }
}

/* --- rows --- */

static int insert_open(struct pending *p, sqlite3 *db, const char *name, const char *into, int columns,
                       struct err_text *error)
{
    static const struct bulk_rows rows = {row_next, row_column};
    struct buf insert = {0};
    buf_printf(&insert, "INSERT OR FAIL INTO %s", into);
    int result = bulk_open(db, name, buf_cstr(&insert), columns, &rows, p, &p->bulk, error);
    buf_release(&insert);
    return result;
}

int pending_open(struct pending_list *list, sqlite3 *db, const char *name, const char *into, int columns,
                 struct pending **out, struct err_text *error)
{
    struct pending *p = *out = memory_new(sizeof *p);
    p->row_cells = 1 + (size_t)columns;
    p->cells = memory_new((p->row_cells * PENDING_ROWS_MAX + 1) * sizeof *p->cells);
    p->rooms = memory_new((size_t)columns * sizeof *p->rooms);
    buf_append_byte(&p->texts, 0); /* where an empty text is, which is not NULL */
    p->next = list->first;
    list->first = p;
    return insert_open(p, db, name, into, columns, error);
}

void pending_close(struct pending_list *list, struct pending *p)
{
    if (!p) return;
    struct pending **at = &list->first;
    while (*at != p) at = &(*at)->next;
    *at = p->next;
    bulk_close(p->bulk);
    buf_release(&p->texts);
    free(p->cells);
    free(p->rooms);
    free(p);
}

static void cell_add(struct pending *p, enum cell_type type, size_t n, int64_t i)
{
    if (!p->in_row) p->cells[p->cell_count++] = (struct cell){CELL_ROW, (uint32_t)p->row_cells - 1, 0};
    p->in_row = true;
    p->cells[p->cell_count++] = (struct cell){(uint32_t)type, (uint32_t)n, i};
}

static void bytes_add(struct pending *p, enum cell_type type, struct slice bytes)
{
    cell_add(p, type, bytes.n, bytes.n ? (int64_t)p->texts.n : 0);
    buf_append_slice(&p->texts, bytes);
}

void pending_integer(struct pending *p, int64_t i)
{
    cell_add(p, CELL_INTEGER, 0, i);
}

void pending_text(struct pending *p, struct slice text)
{
    bytes_add(p, CELL_TEXT, text);
}

void pending_blob(struct pending *p, struct slice bytes)
{
    bytes_add(p, CELL_BLOB, bytes);
}

void pending_value(struct pending *p, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL: cell_add(p, CELL_NULL, 0, 0); break;
    case VALUE_INTEGER:
    case VALUE_DECIMAL: cell_add(p, CELL_INTEGER, 0, v->i); break;
    case VALUE_TEXT: pending_text(p, v->text); break;
    case VALUE_TIMESTAMP: cell_add(p, CELL_TIMESTAMP, 0, v->i); break;
    case VALUE_DATE: cell_add(p, CELL_DATE, 0, v->i); break;
    }
}

int pending_row_end(struct pending *p, struct err_text *error)
{
    assert(p->cell_count % p->row_cells == 0);
    p->in_row = false;
    bool full = p->cell_count == p->row_cells * PENDING_ROWS_MAX || p->texts.n > PENDING_TEXT_BYTES_MAX;
    return full ? pending_write(p, error) : 0;
}

bool pending_is_empty(const struct pending *p)
{
    return p->cell_count == 0;
}

int pending_write(struct pending *p, struct err_text *error)
{
    if (p->cell_count == 0) return 0;
    p->cells[p->cell_count].type = CELL_END;
    int result = bulk_write(p->bulk, p->cells, error);
    pending_drop(p);
    return result;
}

void pending_drop(struct pending *p)
{
    p->cell_count = 0;
    p->in_row = false;
    if (p->texts.n > 2 * PENDING_TEXT_BYTES_MAX) buf_release(&p->texts); /* a row was larger than most */
    buf_reset(&p->texts);
    buf_append_byte(&p->texts, 0);
}

int pending_write_all(const struct pending_list *list, struct err_text *error)
{
    int result = 0;
    for (struct pending *p = list->first; p && result == 0; p = p->next) result = pending_write(p, error);
    return result;
}

void pending_drop_all(const struct pending_list *list)
{
    for (struct pending *p = list->first; p; p = p->next) pending_drop(p);
}
