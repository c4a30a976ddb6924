/* ndjson: a line is a JSON value. json: a document, of which the elements of an array are records. */
#include "etl/source/around.h"
#include "etl/source/json_path.h"
#include "etl/source/json_records.h"
#include "etl/source/reader.h"
#include "etl/source/split.h"

/* --- definition --- */

static void drift_read(struct node n, struct source_spec *s)
{
    static const char *const known[] = {"new_column", "missing_column", "retyped", NULL};
    spec_drift_read(n, s, known, false);
    s->json = json_paths_new(n.doc->arena);
    if (s->drift.new_fails) json_paths_strict(s->json);
}

static void ndjson_keys_read(struct node n, struct source_spec *s)
{
    struct node records = node_member(n, "records");
    if (node_present(records))
        node_fail(records,
                  "a line is a record here; records inside of lines are read by \"format\": \"json\", \"lines\": true");
    spec_encoding_read(n, s);
    spec_lines_read(n, s);
    drift_read(n, s);
}

static void json_keys_read(struct node n, struct source_spec *s)
{
    struct node records = node_required(n, "records");
    spec_encoding_read(n, s);
    drift_read(n, s);
    s->records = node_text(records, NULL);
    s->lines = node_bool(node_member(n, "lines"), false);
    const char *wrong = n.doc->failed ? NULL : json_records_path_check(s->records);
    if (wrong) node_fail(records, "\"%s\": %s", s->records, wrong);
}

/* A value outside of the record. */
static const char *around_read(struct source_spec *s, const char *text, bool number, int field, struct arena *arena)
{
    if (s->format != &FORMAT_JSON) return "leads out of the record, and nothing is around a line";
    if (!s->around) s->around = around_new(arena);
    const char *wrong = around_add(s->around, text, number, field);
    json_paths_skip(s->json);
    return wrong || !*s->records ? wrong
                                 : json_records_around_check(s->records, &s->around->values[s->around->count - 1]);
}

static void place_read(struct node column, struct source_spec *s, struct field_spec *f, const char *name)
{
    struct node path = node_member(column, "path");
    const char *text = node_text(path, name), *wrong;
    bool number = f->type == VALUE_INTEGER || f->type == VALUE_DECIMAL;
    f->number = s->fields_least; /* columns are read in order, each adds one */
    spec_path_read(column, text, f);
    bool demanded = !f->optional && s->drift.missing_fails;
    if (around_leads(text))
        wrong = around_read(s, text, number, f->number, column.doc->arena);
    else if (!(wrong = json_paths_add(s->json, text, number)) && demanded)
        json_paths_demand(s->json);
    if (wrong) node_fail(path, "\"%s\": %s", text, wrong);
}

/* --- files --- */

static int json_open(struct source_reader *r, struct err_text *error)
{
    int err = lines_open(r, error); /* a byte order mark */
    const char *key = arena_printf(&r->arena, "%s.records of %s", r->feed->at, r->feed->path);
    if (!err) r->json = json_records_new(&r->in, r->path, r->spec->records, key, r->spec->lines, r->spec->around);
    return err;
}

/* What the record's columns need of what is around it, in UTF-8. Bytes without a meaning leave it empty, which `split`
 * rejects. */
static int layout_set(struct source_reader *r, struct err_text *error)
{
    struct buf read = {0};
    size_t bad;
    json_records_layout(r->json, &read);
    buf_reset(&r->layout);
    arena_reset(&r->arena);
    bool good = encoding_check(r->spec->encoding, buf_slice(&read), &bad);
    if (good) buf_append_slice(&r->layout, encoding_decode(r->spec->encoding, buf_slice(&read), &r->arena));
    buf_release(&read);
    if (good || r->spec->encoding_rejects) return ERR_OK;
    return err_set(error, ERR_CORRUPT, "%s: line %llu: a value around this record is not %s (%s.encoding of %s)",
                   r->path, (unsigned long long)r->line, ENCODING_NAMES[r->spec->encoding], r->feed->at, r->feed->path);
}

static int json_next(struct source_reader *r, struct record *out, struct err_text *error)
{
    struct json_record j;
    size_t bad;
    int result = json_records_next(r->json, &j, error);
    if (result != 1) return result;
    *out = (struct record){.at = {.byte_offset = j.byte_offset, .line = j.line, .number = j.number}, .raw = j.raw};
    r->line = j.line;
    if (!r->spec->encoding_rejects && !encoding_check(r->spec->encoding, out->raw, &bad))
        return source_bytes_wrong(r, out->raw, bad, error);
    int err = r->spec->around ? layout_set(r, error) : ERR_OK;
    return err ? err : 1;
}

static void json_close(struct source_reader *r)
{
    json_records_free(r->json);
}

/* --- records --- */

static bool around_wrong(struct splitter *s, struct arena *arena)
{
    return splitter_wrong(s, arena, 0, "what is around the record is not in the encoding of the source");
}

/* The first line of a file that is one document: only its beginning, or the array of all records. */
static const char *document_hint(const struct splitter *s, const struct record *record, const struct json_scan *scan)
{
    const uint8_t *p = record->raw.p, *end = p + record->raw.n;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    bool first = s->feed->format == &FORMAT_NDJSON && record->at.line == 1 && p < end;
    bool document = first && (*p == '[' || (*p == '{' && scan->cut));
    return document ? "; is the file one JSON document? then the format is json" : "";
}

static bool split(struct splitter *s, const struct record *record, struct slice text, struct arena *arena)
{
    struct json_scan scan;
    struct slice layout = record->layout, values[AROUND_MAX];
    const struct around *around = s->spec->around;
    if (around && !around_split(around, &layout, arena, values)) return around_wrong(s, arena);
    if (layout.n) return splitter_wrong(s, arena, 0, "a JSON record has no layout");
    if (!json_split(s->spec->json, text, arena, s->fields, &scan) && scan.drift) return splitter_drifts(s, scan.wrong);
    if (scan.wrong)
        return splitter_wrong(s, arena, (size_t)(scan.p - text.p),
                              arena_printf(arena, "%s%s", scan.wrong, document_hint(s, record, &scan)));
    if (around) around_put(around, values, s->fields);
    s->field_count = s->spec->fields_least;
    return true;
}

static const char *const ndjson_keys[] = {"encoding", "on_bad_encoding", "skip_lines", "comment_prefix",
                                          "drift",    "extra",           "records",    NULL};
static const char *const json_keys[] = {"encoding", "on_bad_encoding", "records", "lines", "drift", "extra", NULL};
static const char *const places[] = {"path", "optional", NULL};

const struct format FORMAT_NDJSON = {
    .name = "ndjson",
    .keys = ndjson_keys,
    .places = places,
    .plain = true,
    .keys_read = ndjson_keys_read,
    .place_read = place_read,
    .open = lines_open,
    .next = lines_next,
    .split = split,
};

const struct format FORMAT_JSON = {
    .name = "json",
    .keys = json_keys,
    .places = places,
    .plain = true,
    .keys_read = json_keys_read,
    .place_read = place_read,
    .open = json_open,
    .next = json_next,
    .close = json_close,
    .split = split,
};
