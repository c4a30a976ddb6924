#include "etl/warehouse/truth.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void truth_release(struct truth_table *t)
{
    arena_release(&t->arena);
    buf_release(&t->storage);
    *t = (struct truth_table){0};
}

void truth_row_add(struct truth_table *t, const char *const *cells)
{
    const int count = t->column_count;
    for (int i = 0; i < count; i++) {
        char *copy = arena_str(&t->arena, slice_str(cells[i]));
        buf_append(&t->storage, &copy, sizeof copy);
    }
    t->cells = (const char **)(void *)t->storage.p;
    t->row_count++;
}

static int file_read(const char *path, struct buf *out, struct err_text *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    ssize_t n;
    while ((n = read(fd, buf_reserve(out, 65536), 65536)) > 0) out->n += (size_t)n;
    int result = n < 0 ? err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno)) : 0;
    close(fd);
    return result;
}

/* One record of a CSV: cells are NUL-terminated, in place one after the other in `text`, their offsets
 * in `starts`. Returns how many cells; 0 at the end. */
static int csv_record(struct slice *rest, struct buf *text, struct buf *starts)
{
    buf_reset(text);
    buf_reset(starts);
    if (rest->n == 0) return 0;
    int cells = 0;
    bool more = true;
    while (more) {
        size_t start = text->n;
        buf_append(starts, &start, sizeof start);
        cells++;
        bool quoted = false;
        more = false;
        while (rest->n > 0) {
            uint8_t c = *rest->p++;
            rest->n--;
            if (c == '"' && quoted && rest->n > 0 && *rest->p == '"') {
                buf_append_byte(text, '"');
                rest->p++;
                rest->n--;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                more = true;
                break;
            } else if (c == '\n' && !quoted) {
                break;
            } else if (!(c == '\r' && !quoted && rest->n > 0 && *rest->p == '\n')) {
                buf_append_byte(text, c);
            }
        }
        buf_append_byte(text, 0);
    }
    return cells;
}

static const char **record_cells(struct arena *arena, const struct buf *text, const struct buf *starts, int cells)
{
    const char **out = arena_alloc(arena, (size_t)cells * sizeof *out);
    const size_t *at = (const size_t *)(const void *)starts->p;
    for (int i = 0; i < cells; i++) out[i] = (const char *)text->p + at[i];
    return out;
}

int truth_csv_read(const char *path, struct truth_table *out, struct err_text *error)
{
    *out = (struct truth_table){0};
    struct buf content = {0}, text = {0}, starts = {0};
    struct arena scratch = {0};
    int result = file_read(path, &content, error);
    if (result < 0) goto out;
    struct slice rest = buf_slice(&content);
    int cells = csv_record(&rest, &text, &starts);
    if (cells == 0) {
        result = err_set(error, ERR_INVALID, "%s: no header line", path);
        goto out;
    }
    out->column_count = cells;
    out->columns = record_cells(&out->arena, &text, &starts, cells);
    for (int i = 0; i < cells; i++) out->columns[i] = arena_str(&out->arena, slice_str(out->columns[i]));
    while ((cells = csv_record(&rest, &text, &starts)) > 0) {
        if (cells != out->column_count) {
            result = err_set(error, ERR_INVALID, "%s: row %d has %d cells, the header has %d", path, out->row_count + 1,
                             cells, out->column_count);
            goto out;
        }
        arena_reset(&scratch);
        truth_row_add(out, record_cells(&scratch, &text, &starts, cells));
    }
out:
    arena_release(&scratch);
    buf_release(&content);
    buf_release(&text);
    buf_release(&starts);
    return result;
}

static void json_leaves(const json_t *v, const char *path, struct truth_table *out)
{
    char *text = NULL;
    const char *key;
    json_t *child;
    size_t i;
    if (json_is_object(v)) {
        json_object_foreach((json_t *)v, key, child)
            json_leaves(child, arena_printf(&out->arena, "%s%s%s", path, *path ? "." : "", key), out);
        return;
    }
    if (json_is_array(v)) {
        json_array_foreach(v, i, child) json_leaves(child, arena_printf(&out->arena, "%s.%zu", path, i), out);
        return;
    }
    if (json_is_string(v))
        text = arena_str(&out->arena, slice_of(json_string_value(v), json_string_length(v)));
    else if (json_is_integer(v))
        text = arena_printf(&out->arena, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        text = arena_printf(&out->arena, "%.17g", json_real_value(v));
    else
        text = arena_printf(&out->arena, "%s", json_is_true(v) ? "true" : json_is_false(v) ? "false" : "null");
    assert(out->column_count == 2);
    truth_row_add(out, (const char *const[]){path, text});
}

int truth_json_read(const char *path, const char *const *without, struct truth_table *out, struct err_text *error)
{
    static const char *columns[] = {"key", "value"};
    *out = (struct truth_table){.columns = columns, .column_count = 2};
    json_error_t where;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (!root) return err_set(error, ERR_INVALID, "%s:%d: %s", path, where.line, where.text);
    for (; *without; without++) json_object_del(root, *without);
    json_leaves(root, "", out);
    json_decref(root);
    return 0;
}
