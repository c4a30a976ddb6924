#include "etl/source/absence.h"

#include <stdlib.h>

#include "etl/source/json_path.h"
#include "etl/source/split.h"
#include "lib/base/memory.h"

struct absence {
    const struct feed *feed;
    bool *waiting; /* by declared column: it was in no record yet, and somebody minds */
    int count;     /* of them */
    int required;  /* those of them with "optional": false */
    uint64_t records;
    struct splitter splitter;
    struct arena arena;
};

static void column_wait(struct absence *a, int column)
{
    const struct field_spec *f = a->feed->columns[column].field;
    if (!f->headers || f->optional) return;
    a->waiting[column] = true;
    a->count++;
    a->required += f->required;
}

struct absence *absence_new(const struct feed *feed)
{
    bool by_path = feed->format == &FORMAT_NDJSON || feed->format == &FORMAT_JSON || feed->format == &FORMAT_XML;
    if (!by_path) return NULL;
    struct absence *a = memory_new(sizeof *a);
    *a = (struct absence){.feed = feed, .waiting = memory_new((size_t)feed->field_count * sizeof *a->waiting)};
    for (int c = 0; c < feed->field_count; c++) column_wait(a, c);
    splitter_open(&a->splitter, feed);
    return a;
}

void absence_free(struct absence *a)
{
    if (!a) return;
    splitter_close(&a->splitter);
    arena_release(&a->arena);
    free(a->waiting);
    free(a);
}

/* The members of a JSON record as they stand there, so that null is something. */
static bool json_look(struct absence *a, const struct record *record)
{
    const struct source_spec *spec = a->feed->spec;
    struct slice layout = record->layout, values[AROUND_MAX];
    struct json_scan scan;
    size_t bad;
    if (!encoding_check(spec->encoding, record->raw, &bad)) return false;
    struct slice text = encoding_decode(spec->encoding, record->raw, &a->arena);
    if (!json_find(spec->json, text, &a->arena, a->splitter.fields, &scan)) return false;
    scan = json_scan_of(text);
    json_scan_blanks(&scan);
    if (scan.p == scan.end || *scan.p != '{') return false;
    if (spec->around && !around_split(spec->around, &layout, &a->arena, values)) return false;
    if (spec->around) around_put(spec->around, values, a->splitter.fields);
    return true;
}

void absence_look(struct absence *a, const struct record *record)
{
    if (a->count == 0 || (a->records >= ABSENCE_RECORDS_MAX && a->required == 0)) return;
    arena_reset(&a->arena);
    bool json = a->feed->format != &FORMAT_XML;
    if (!(json ? json_look(a, record) : splitter_split(&a->splitter, record, &a->arena))) return;
    a->records++;
    for (int c = 0; c < a->feed->field_count; c++) {
        const struct field_spec *f = a->feed->columns[c].field;
        if (!a->waiting[c] || !a->splitter.fields[f->number].p) continue;
        a->waiting[c] = false;
        a->count--;
        a->required -= f->required;
    }
}

uint64_t absence_records(const struct absence *a)
{
    return a->records;
}

bool absence_of(const struct absence *a, int column)
{
    return a->records > 0 && a->waiting[column];
}

int absence_check(const struct absence *a, const char *file, struct err_text *error)
{
    for (int c = 0; a->required > 0 && c < a->feed->field_count; c++) {
        const struct field_spec *f = a->feed->columns[c].field;
        if (absence_of(a, c) && f->required)
            return err_set(error, ERR_INVALID, "%s: nothing stands at \"%s\" in any record (%s of %s)", file,
                           f->headers[0], f->at, a->feed->path);
    }
    return ERR_OK;
}
