/* store: keeps rows.
 *
 *     {"name": "sales", "from": "shop", "rows": "valid", "columns": ["invoice", "quantity"],
 *      "where": "quantity < 100"}
 *
 * The row of a record is inserted, or deleted when it is taken back. Children get the stored columns
 * (not the input's), in table order: they can be read back from the database later. */
#include <stdlib.h>

#include "etl/operator/operator.h"
#include "etl/sink/output.h"
#include "lib/base/memory.h"

enum { KEPT_MAX = 256, KEPT_BYTES = 1 << 17 };

struct store {
    struct operator base;
    struct output output;
    struct value *row; /* the stored columns of the current change */
    struct buf kept;   /* struct change: rows of this page */
    struct arena rows; /* and their values */
};

static int store_open(struct operator_context *c, const struct table *t, struct operator** out)
{
    struct store *s = memory_new(sizeof *s);
    s->row = memory_new(((size_t)t->column_count + 1) * sizeof *s->row);
    s->rows.block_size = KEPT_BYTES;
    *out = &s->base;
    return output_open(&s->output, c, t);
}

static int store_hand_on(struct operator* o)
{
    struct store *s = (struct store *)o;
    const struct change *rows = (const struct change *)(const void *)s->kept.p;
    int result = operator_emit_stretch(o, rows, s->kept.n / sizeof *rows);
    buf_reset(&s->kept);
    arena_reset(&s->rows);
    return result;
}

static int row_keep(struct operator* o, struct change *change)
{
    struct store *s = (struct store *)o;
    change->values = arena_copy(&s->rows, s->row, (size_t)o->table->column_count * sizeof *s->row);
    buf_append(&s->kept, change, sizeof *change);
    int result = operator_emit_single(o, change);
    return result == 0 && s->kept.n == KEPT_MAX * sizeof *change ? store_hand_on(o) : result;
}

static int store_process(struct operator* o, const struct change *change)
{
    struct store *s = (struct store *)o;
    const struct table *t = o->table;
    const struct table_input *in = &t->inputs[change->input];
    if (in->where && !expr_true(in->where, change->values, o->context->cycle)) return 0;
    for (int i = 0; i < t->column_count; i++) s->row[i] = change->values[in->columns[i]];
    struct change kept = {.sign = change->sign, .values = s->row, .order = change->order, .id = change->id};
    int result = kept.sign > 0 ? output_row(&s->output, &kept) : output_take_back(&s->output, &kept);
    if (result < 0 || o->child_count == 0) return result;
    return o->context->in_page ? row_keep(o, &kept) : operator_emit(o, &kept);
}

static int store_flush(struct operator* o)
{
    (void)o; /* rows are written as they come */
    return 0;
}

static void store_forget(struct operator* o)
{
    struct store *s = (struct store *)o;
    buf_reset(&s->kept);
    arena_reset(&s->rows);
}

static void store_close(struct operator* o)
{
    struct store *s = (struct store *)o;
    output_close(&s->output);
    buf_release(&s->kept);
    arena_release(&s->rows);
    free(s->row);
    free(s);
}

const struct operator_class operator_store = {store_open, store_process, store_flush,   store_forget, store_close,
                                              NULL,       NULL,          store_hand_on, false};
