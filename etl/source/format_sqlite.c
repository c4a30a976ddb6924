/* sqlite: a row of a table is a record; the file of its position is `shop.db:customers`, its number the rowid. */
#include <string.h>

#include "etl/source/json_path.h"
#include "etl/source/reader.h"
#include "etl/source/split.h"
#include "etl/source/sqlite_rows.h"
#include "lib/base/checksum.h"

/* --- definition --- */

static void keys_read(struct node n, struct source_spec *s)
{
    s->table = node_text(node_required(n, "table"), NULL);
    static const char *const known[] = {"new_column", "retyped", NULL};
    spec_drift_read(n, s, known, true);
    s->encoding_rejects = true;
    s->json = json_paths_new(n.doc->arena);
}

/* The table's column; in the record it is the element of the same number. */
static void place_read(struct node column, struct source_spec *s, struct field_spec *f, const char *name)
{
    const char **names = arena_alloc(column.doc->arena, 2 * sizeof *names);
    char path[24];
    names[0] = node_text(node_member(column, "field"), name);
    f->headers = names;
    f->number = s->fields_least;
    snprintf(path, sizeof path, "[%d]", f->number);
    json_paths_add(s->json, path, false);
}

/* --- files --- */

static const char *const *names_of(const struct feed *feed, struct arena *arena)
{
    int count = feed->field_count - feed->spec->extra;
    const char **names = arena_alloc(arena, ((size_t)count + 1) * sizeof *names);
    for (int c = 0; c < count; c++) names[c] = feed->columns[c].field->headers[0];
    return names;
}

/* The rows of a source before this one that are of the same file, as a source has only one file of a name. */
static const struct sqlite_rows *rows_beside(const struct source_list *list, const char *name)
{
    size_t n = strlen(name);
    for (const struct source_list *l = list->before; l; l = l->before)
        for (int i = 0; i < l->count; i++)
            if (l->files[i].rows && strncmp(l->files[i].name, name, n) == 0 && l->files[i].name[n] == ':')
                return l->files[i].rows;
    return NULL;
}

static int new_column_find(struct source_list *list, const char *path, struct sqlite_rows *rows, struct err_text *error)
{
    const struct feed *feed = list->feed;
    const char *name;
    int found = sqlite_rows_other_column(rows, names_of(feed, &list->arena), &list->arena, &name, error);
    if (found <= 0) return found;
    return err_set(error, ERR_INVALID,
                   "%s: the table \"%s\" has a new column \"%s\": no column of source %s of %s reads it, and its "
                   "\"drift\" says \"new_column\": \"fail\"",
                   path, feed->spec->table, name, feed->name, feed->path);
}

/* What is not there was asked for by the definition. */
static int rows_open(struct source_list *list, const char *path, struct source_file *f, struct err_text *error)
{
    const struct feed *feed = list->feed;
    struct err_text wrong = {{0}};
    const struct sqlite_rows *beside = rows_beside(list, f->name);
    int err = sqlite_rows_open(path, feed->spec->table, names_of(feed, &list->arena), feed->spec->extra, beside,
                               &f->rows, &wrong);
    if (!err && sqlite_rows_counted(f->rows) && (feed->watermark >= 0 || feed->deletes))
        return err_set(
            error, ERR_UNSUPPORTED,
            "%s: \"%s\" has no rowids (it is a view, or WITHOUT ROWID), so its rows cannot be found again when "
            "they change, as \"%s\" would have it (%s of %s)",
            path, feed->spec->table, feed->deletes ? "deletes" : "watermark", feed->at, feed->path);
    if (err == ERR_NOTFOUND) return err_set(error, err, "%s (%s of %s)", wrong.text, feed->at, feed->path);
    if (!err && feed->spec->drift.new_fails) err = new_column_find(list, path, f->rows, &wrong);
    return err ? err_set(error, err, "%s", wrong.text) : 0;
}

/* The digest is that of the rows, so that it does not change with the file's free pages: each with a line end. */
static int scan(struct source_list *list, const char *path, struct source_file *f, struct err_text *error)
{
    struct slice row;
    int64_t rowid;
    int result = rows_open(list, path, f, error);
    if (result < 0) return result;
    struct sha256 *sha = sha256_new();
    while ((result = sqlite_rows_next(f->rows, &row, &rowid, error)) == 1) {
        sha256_update(sha, row.p, row.n);
        sha256_update(sha, "\n", 1);
        f->bytes += row.n + 1;
        f->lines++;
    }
    sha256_take_hex(sha, f->digest);
    f->name = arena_printf(&list->arena, "%s:%s", f->name, list->feed->spec->table);
    return result;
}

static void forget(struct source_file *f)
{
    sqlite_rows_close(f->rows);
}

static int sqlite_open(struct source_reader *r, struct err_text *error)
{
    const struct feed *feed = r->feed;
    const char *column = feed->watermark >= 0 ? feed->columns[feed->watermark].field->headers[0] : NULL;
    return sqlite_rows_since(r->file->rows, column, column ? r->file->since : NULL, feed->look_back_s, error);
}

static int sqlite_next(struct source_reader *r, struct record *out, struct err_text *error)
{
    int64_t rowid;
    *out = (struct record){0};
    int result = sqlite_rows_next(r->file->rows, &out->raw, &rowid, error);
    if (result == 1) out->at.number = out->at.byte_offset = (uint64_t)rowid;
    return result;
}

/* --- records --- */

static bool split(struct splitter *s, const struct record *record, struct slice text, struct arena *arena)
{
    struct json_scan scan;
    if (record->layout.n) return splitter_wrong(s, arena, 0, "a row has no layout");
    if (!json_split(s->spec->json, text, arena, s->fields, &scan))
        return splitter_wrong(s, arena, (size_t)(scan.p - text.p), scan.wrong);
    s->field_count = s->spec->fields_least;
    return true;
}

static const char *const keys[] = {"table", "watermark", "deletes", "drift", "extra", NULL};
static const char *const places[] = {"field", NULL};

const struct format FORMAT_SQLITE = {
    .name = "sqlite",
    .keys = keys,
    .places = places,
    .plain = true,
    .rejects_bytes = true,
    .keys_read = keys_read,
    .place_read = place_read,
    .scan = scan,
    .forget = forget,
    .open = sqlite_open,
    .next = sqlite_next,
    .split = split,
};
