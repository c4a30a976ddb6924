/* csv_fuzz - any bytes as a delimited file: where records end, what their fields are, what rows they make.
 *
 * The first byte chooses the dialect. Invariants: the records cover the file without gaps, fields lie in the
 * record or the arena, and fields that are quoted again by the rules of RFC 4180 split into the same ones. */
#include <assert.h>
#include <string.h>

#include "etl/parse.h"
#include "etl/source/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct csv_spec DIALECTS[] = {
    {',', '"', CSV_ESCAPE_DOUBLED, false, true, false},    {';', '"', CSV_ESCAPE_DOUBLED, false, false, true},
    {',', '"', CSV_ESCAPE_BACKSLASH, false, false, false}, {',', '\'', CSV_ESCAPE_BACKSLASH, true, true, true},
    {'\t', 0, CSV_ESCAPE_NONE, false, false, false},       {'|', '"', CSV_ESCAPE_NONE, false, true, false},
};
enum { DIALECT_COUNT = sizeof DIALECTS / sizeof *DIALECTS };

static const char *const DEFINITION =
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"header\": false, "
    "\"ragged\": true, \"encoding\": \"windows-1252\", \"escape\": \"backslash\", \"columns\": ["
    "{\"name\": \"a\", \"field\": 1, \"type\": \"integer\", \"decimal_zeros\": true, \"thousands\": \",\"},"
    "{\"name\": \"b\", \"field\": 2, \"type\": \"decimal\", \"scale\": 3, \"decimal_point\": \",\", \"thousands\": "
    "\".\", "
    "\"strip\": [\"$\"]},"
    "{\"name\": \"c\", \"field\": 3, \"type\": \"timestamp\", \"format\": [\"%F %T%z\", \"%e %B %y %I %p\", \"%s\"]},"
    "{\"name\": \"d\", \"field\": 4, \"type\": \"text\", \"trim\": true}]},"
    "\"derive\": [{\"name\": \"e\", \"expr\": \"a * b\"}, {\"name\": \"f\", \"expr\": \"upper(d) || text(hour_start(c "
    "+ a))\"},"
    "{\"name\": \"g\", \"expr\": \"extract(d, '([a-z]+)=', 1)\"}, {\"name\": \"h\", \"expr\": \"substring(d, a, 2)\"}],"
    "\"rules\": [{\"rule\": \"unique\", \"columns\": \"all\"}, {\"rule\": \"range\", \"column\": \"c\", \"min\": "
    "\"2000-01-01 00:00:00\"}], \"tables\": [{\"name\": \"rows\"}]}";

static void fields_again(const struct slice *fields, int count, struct arena *arena)
{
    static struct slice again[CSV_FIELDS_MAX];
    struct buf b = {0};
    int n;
    for (int i = 0; i < count; i++) {
        buf_append_str(&b, i ? ",\"" : "\"");
        for (size_t k = 0; k < fields[i].n; k++) {
            if (fields[i].p[k] == '"') buf_append_byte(&b, '"');
            buf_append_byte(&b, fields[i].p[k]);
        }
        buf_append_byte(&b, '"');
    }
    bool good = csv_split(&DIALECTS[0], buf_slice(&b), arena, again, &n);
    assert(good && n == count);
    for (int i = 0; i < count; i++) assert(slice_equal(fields[i], again[i]));
    buf_release(&b);
}

static void record_check(const struct csv_spec *spec, struct slice record, struct arena *arena)
{
    static struct slice fields[CSV_FIELDS_MAX];
    int count;
    if (!csv_split(spec, record, arena, fields, &count)) return;
    assert(count >= 1);
    for (int i = 0; i < count; i++) assert(fields[i].p);
    if (count < 64) fields_again(fields, count, arena);
}

static void row_check(struct slice record, struct arena *arena)
{
    static struct row_parser *parser;
    static struct definition *d; /* the parser points into it */
    if (!parser) {
        int err = definition_parse(slice_str(DEFINITION), "fuzz", &d, NULL);
        assert(!err);
        parser = row_parser_new(&d->feeds[0]);
    }
    struct record r = {.at = {SLICE_LIT("f"), 0, 1, 1}, .raw = record};
    struct row row;
    uint8_t key[16];
    row_parse(parser, &r, arena, &row);
    for (int i = 1; i < row.violation_count; i++) assert(row.violations[i - 1].ordinal <= row.violations[i].ordinal);
    bool keyed = row_parser_key(parser, 0, key);
    assert(!keyed || row.bucket != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    const struct csv_spec *spec = &DIALECTS[data[0] % DIALECT_COUNT];
    struct slice rest = slice_of(data + 1, size - 1);
    struct arena arena = {0};
    while (rest.n) {
        size_t next, n = csv_record_length(spec, rest, &next);
        assert(next > 0 && next <= rest.n && n <= next);
        for (size_t i = n; i < next; i++) assert(rest.p[i] == '\r' || (rest.p[i] == '\n' && i + 1 == next));
        record_check(spec, slice_of(rest.p, n), &arena);
        row_check(slice_of(rest.p, n), &arena);
        arena_reset(&arena);
        rest = slice_of(rest.p + next, rest.n - next);
    }
    arena_release(&arena);
    return 0;
}
