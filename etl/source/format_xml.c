/* xml: the elements of a name, or at a place, are records. */
#include "etl/source/reader.h"
#include "etl/source/split.h"
#include "etl/source/xml_records.h"
#include "etl/source/xml_text.h"

/* --- definition --- */

static void keys_read(struct node n, struct source_spec *s)
{
    struct node record = node_required(n, "record");
    spec_encoding_read(n, s);
    static const char *const known[] = {"new_column", "missing_column", "retyped", NULL};
    spec_drift_read(n, s, known, false);
    s->xml = xml_paths_new(n.doc->arena);
    if (s->drift.new_fails) xml_paths_strict(s->xml);
    s->records = node_text(record, NULL);
    const char *wrong = n.doc->failed ? NULL : xml_records_path_check(s->records);
    if (wrong) node_fail(record, "\"%s\": %s", s->records, wrong);
}

/* A value outside of the record. */
static const char *around_read(struct source_spec *s, const char *text, int field, struct arena *arena)
{
    if (!s->around) s->around = around_new(arena);
    const char *wrong = around_add(s->around, text, false, field);
    xml_paths_skip(s->xml);
    return wrong || !*s->records ? wrong
                                 : xml_records_around_check(s->records, &s->around->values[s->around->count - 1]);
}

static void place_read(struct node column, struct source_spec *s, struct field_spec *f, const char *name)
{
    struct node path = node_member(column, "path");
    const char *text = node_text(path, name), *wrong;
    f->number = s->fields_least; /* columns are read in order, each adds one */
    spec_path_read(column, text, f);
    wrong = around_leads(text) ? around_read(s, text, f->number, column.doc->arena) : xml_paths_add(s->xml, text);
    if (wrong) node_fail(path, "\"%s\": %s", text, wrong);
}

/* --- files --- */

static int xml_open(struct source_reader *r, struct err_text *error)
{
    const char *encoding = r->spec->own_encoding ? ENCODING_NAMES[r->spec->encoding] : NULL;
    (void)error;
    r->xml = xml_records_new(&r->in, r->path, r->spec->records, encoding, r->spec->around, r->spec->trim);
    return ERR_OK;
}

/* The end of a file. One in which no element is a record is another file than the definition was written for, unless it
 * says that there need be none. */
static int xml_end(const struct source_reader *r, struct err_text *error)
{
    const char *there = xml_records_missed(r->xml);
    if (!there || r->feed->optional) return 0;
    return err_set(error, ERR_INVALID,
                   "%s: no element is a \"%s\" (%s.record of %s); it has: %s (\"optional\": true of the source allows "
                   "files without a record)",
                   r->path, r->spec->records, r->feed->at, r->feed->path, there);
}

static int xml_next(struct source_reader *r, struct record *out, struct err_text *error)
{
    struct xml_record x;
    int result = xml_records_next(r->xml, &x, error);
    if (result != 1) return result ? result : xml_end(r, error);
    *out = (struct record){.at = {.byte_offset = x.byte_offset, .line = x.line, .number = x.number}, .raw = x.raw};
    if (r->spec->around) buf_reset(&r->layout);
    if (r->layout.n == 0) xml_records_layout(r->xml, &r->layout);
    return 1;
}

static void xml_close(struct source_reader *r)
{
    xml_records_free(r->xml);
}

/* --- records --- */

static void splitter_begin(struct splitter *s)
{
    s->xml = xml_splitter_new(s->spec->xml);
}

static void splitter_end(struct splitter *s)
{
    xml_splitter_free(s->xml);
}

static bool all_there(struct splitter *s, struct arena *arena)
{
    for (int c = 0; c < s->feed->field_count; c++) {
        const struct field_spec *f = s->feed->columns[c].field;
        if (f->headers && !f->optional && !around_leads(f->headers[0]) && !s->fields[f->number].p)
            return splitter_drifts(s, arena_printf(arena, "it has nothing at \"%s\"", f->headers[0]));
    }
    return true;
}

static bool split(struct splitter *s, const struct record *record, struct slice text, struct arena *arena)
{
    size_t at;
    struct slice layout = record->layout, values[AROUND_MAX];
    const struct around *around = s->spec->around;
    if (around && !around_split(around, &layout, arena, values))
        return splitter_wrong(s, arena, 0, "the record does not say what is around it");
    const char *wrong = xml_split(s->xml, text, layout, s->spec->trim, arena, s->fields, &at);
    if (wrong) return splitter_wrong(s, arena, at, wrong);
    if (s->spec->drift.new_fails && (wrong = xml_splitter_new_part(s->xml)))
        return splitter_drifts(s, arena_printf(arena, "no column reads its %s", wrong));
    if (s->spec->drift.missing_fails && !all_there(s, arena)) return false;
    if (around) around_put(around, values, s->fields);
    s->field_count = s->spec->fields_least;
    return true;
}

static const char *const keys[] = {"encoding", "record", "drift", "extra", NULL};
static const char *const places[] = {"path", "optional", NULL};

const struct format FORMAT_XML = {
    .name = "xml",
    .keys = keys,
    .places = places,
    .empty_is_null = true,
    .trims = true,
    .keys_read = keys_read,
    .place_read = place_read,
    .open = xml_open,
    .next = xml_next,
    .close = xml_close,
    .splitter_open = splitter_begin,
    .splitter_close = splitter_end,
    .split = split,
};
