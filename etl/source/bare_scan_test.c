#include "etl/source/bare_scan.h"

#include "etl/source/csv.h"
#include "lib/base/random.h"
#include "tests/unit.h"

static const struct bare_scan CSV = {.quote = '"', .separators = {','}, .count = 1};
static const struct bare_scan JSON = {.quote = '"', .separators = {',', ':', '{', '}'}, .count = 4};

static const char *stretches(const struct bare_scan *b, const char *text)
{
    static char out[400];
    struct slice all[200];
    size_t n = 0, count = bare_scan(b, slice_str(text), all, 200);
    out[0] = 0;
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "[%.*s]", (int)all[i].n, (const char *)all[i].p);
    return out;
}

TEST(bare_scan, stretches_end_at_separators_outside_of_quotes)
{
    check_str(stretches(&CSV, ""), "[]");
    check_str(stretches(&CSV, "a,\"b, c\",,"), "[a][\"b, c\"][][]");
    check_str(stretches(&JSON, "{\"a\":1,\"b:{\":\"x,y\"}"), "[][\"a\"][1][\"b:{\"][\"x,y\"][]");
    check_str(stretches(&CSV, "0123456789,123456789,123456789,123456789,123456789,123456789,\"23,\",89,123456789"),
              "[0123456789][123456789][123456789][123456789][123456789][123456789][\"23,\"][89][123456789]");
}

/* A well-formed CSV record of n fields or so. */
static struct slice record_make(struct random *r, uint8_t *p)
{
    size_t n = 0;
    for (int fields = (int)random_below(r, 20); fields >= 0; fields--) {
        bool quoted = random_below(r, 3) == 0;
        if (quoted) p[n++] = '"';
        for (int k = (int)random_below(r, 12); k > 0; k--)
            p[n++] = quoted && random_below(r, 3) == 0 ? ',' : (uint8_t)('a' + random_below(r, 26));
        if (quoted) p[n++] = '"';
        if (fields) p[n++] = ',';
    }
    return slice_of(p, n);
}

TEST(bare_scan, what_it_finds_is_what_a_csv_has)
{
    const struct csv_spec spec = {.delimiter = ',', .quote = '"', .escape = CSV_ESCAPE_DOUBLED};
    static struct slice bare[1024], portable[1024], fields[CSV_FIELDS_MAX + 1];
    struct random r;
    struct arena arena = {0};
    random_seed(&r, 5);
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[400];
        int count = 0;
        struct slice text = record_make(&r, bytes);
        check(csv_split(&spec, text, &arena, fields, &count));
        check_int(bare_scan(&CSV, text, bare, 1024), count);
        check_int(bare_scan_portable(&CSV, text, portable, 1024), count);
        check(memcmp(bare, portable, (size_t)count * sizeof *bare) == 0);
        for (int k = 0; k < count; k++) {
            bool quoted = bare[k].n && *bare[k].p == '"';
            check(slice_equal(fields[k], slice_of(bare[k].p + quoted, bare[k].n - 2 * (size_t)quoted)));
        }
    }
    arena_release(&arena);
}

TEST(bare_scan, room_is_not_exceeded)
{
    struct slice few[65] = {0};
    static char commas[1000];
    memset(commas, ',', sizeof commas);
    check_int(bare_scan(&CSV, slice_of(commas, sizeof commas), few, 64), 64);
    check(few[64].p == NULL);
}
