#include "etl/source/csv.h"

#include "lib/base/random.h"
#include "tests/unit.h"

static const struct csv_spec RFC = {',', '"', CSV_ESCAPE_DOUBLED, false, true, false};
static const struct csv_spec LOG = {',', '"', CSV_ESCAPE_BACKSLASH, false, false, false};
static const struct csv_spec DECODED = {';', '"', CSV_ESCAPE_BACKSLASH, true, false, false};
static const struct csv_spec PLAIN = {'\t', 0, CSV_ESCAPE_NONE, false, false, false};
static const struct csv_spec TRIMMED = {',', '"', CSV_ESCAPE_DOUBLED, false, true, true};

/* The fields joined with '|', "bad" for a malformed record. */
static const char *split(const struct csv_spec *spec, const char *text)
{
    static char out[2000];
    static struct slice fields[CSV_FIELDS_MAX];
    struct arena arena = {0};
    int count;
    size_t n = 0;
    struct slice whole = slice_str(text);
    uint8_t *own = malloc(whole.n); /* memory of its own: ASan sees what is read behind its end */
    memcpy(own, whole.p, whole.n);
    bool good = csv_split(spec, slice_of(own, whole.n), &arena, fields, &count);
    for (int i = 0; good && i < count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", i ? "|" : "", (int)fields[i].n,
                              (const char *)fields[i].p);
    if (!good) strcpy(out, "bad");
    if (good && n == 0) strcpy(out, count == 1 ? "" : "?");
    arena_release(&arena);
    free(own);
    return out;
}

static const char *wrong(const struct csv_spec *spec, const char *text)
{
    static char out[100];
    size_t at;
    const char *why = csv_wrong(spec, slice_str(text), &at);
    snprintf(out, sizeof out, why ? "%zu: %s" : "", at, why);
    return out;
}

TEST(csv, says_what_is_wrong)
{
    check_str(wrong(&RFC, "a,\"b\"\"\"c,d"), "7: text stands behind a closing quote");
    check_str(wrong(&RFC, "a,\"b,c"), "2: this quote is never closed");
    check_str(wrong(&LOG, "a,\"b\\\",c"), "2: this quote is never closed");
    check_str(wrong(&TRIMMED, "a, \"b\" c"), "7: text stands behind a closing quote");
    check_str(wrong(&RFC, "a,b\"c"), "");
}

TEST(csv, splits_doubled_quotes)
{
    check_str(split(&RFC, "a,b,c"), "a|b|c");
    check_str(split(&RFC, ""), "");
    check_str(split(&RFC, ",,"), "||");
    check_str(split(&RFC, "\"a,b\",\"c\"\"d\""), "a,b|c\"d");
    check_str(split(&RFC, "\"\",x"), "|x");
    check_str(split(&RFC, "\"a\nb\",c"), "a\nb|c");
    check_str(split(&RFC, "5\" pipe,x"), "5\" pipe|x"); /* a quote that does not begin a field */
    check_str(split(&RFC, "\"a\"b,c"), "bad");
    check_str(split(&RFC, "\"a,b"), "bad");
    check_str(split(&RFC, "a\\,b"), "a\\|b");
    check_str(split(&RFC, "a, \"b\""), "a| \"b\"");
}

/* Byte by byte, as RFC 4180 has it: the same text as `split` gives. */
static const char *split_slowly(const char *text)
{
    static char out[2000];
    size_t n = 0;
    for (const char *p = text;; p++, out[n++] = '|') {
        bool quoted = *p == '"';
        if (quoted)
            for (p++; *p != '"' || *++p == '"'; out[n++] = *p++)
                if (!*p) return "bad";
        if (quoted && *p && *p != ',') return "bad";
        while (*p && *p != ',') out[n++] = *p++;
        out[n] = '\0';
        if (!*p) return out;
    }
}

/* A field, now and then with a quote too many or with text outside of its quotes. */
static size_t field_draw(struct random *r, char *out)
{
    static const char *const pieces[] = {"a", "\"\"", ",", "bc", "\n", "\"\"\"\""};
    uint64_t kind = random_below(r, 4), pieces_max = random_below(r, 8);
    size_t n = 0;
    if (kind >= 2) return (size_t)sprintf(out, "%.*s", (int)random_below(r, 30), "an ordinary text of some length");
    if (random_below(r, 40) == 0) out[n++] = 'x';
    out[n++] = '"';
    for (uint64_t i = 0; i < pieces_max; i++)
        n += (size_t)sprintf(out + n, "%s", pieces[random_below(r, kind ? 6 : 3)]);
    out[n++] = '"';
    if (random_below(r, 40) == 0) out[n++] = 'x';
    if (random_below(r, 40) == 0) out[random_below(r, n)] = '"';
    return n;
}

TEST(csv, splits_the_common_kind_of_record_as_the_slow_way_does)
{
    struct random r;
    int good = 0;
    random_seed(&r, 1);
    for (int i = 0; i < 20000; i++) {
        char text[2000];
        size_t n = field_draw(&r, text);
        for (uint64_t more = random_below(&r, 12); more > 0; more--) {
            text[n++] = ',';
            n += field_draw(&r, text + n);
        }
        text[n] = '\0';
        const char *expected = split_slowly(text);
        check_str(split(&RFC, text), expected);
        good += strcmp(expected, "bad") != 0;
    }
    check(good > 10000 && good < 19900);
}

TEST(csv, splits_backslash_escapes)
{
    check_str(split(&LOG, "a,\"b\\\"c,d\",e"), "a|b\\\"c,d|e");
    check_str(split(&LOG, "\"a\\\\\",b"), "a\\\\|b");
    check_str(split(&LOG, "a\\,b,c"), "a\\,b|c");
    check_str(split(&LOG, "\"a\"\"b\""), "bad");
    check_str(split(&LOG, "\"a\\\""), "bad");
    check_str(split(&DECODED, "\"a\\\"b\";\"\\x41\\t\\\\\";c\\;d"), "a\"b|A\t\\|c;d");
    check_str(split(&DECODED, "\\q"), "\\q");
}

TEST(csv, splits_without_quotes_and_with_blanks)
{
    check_str(split(&PLAIN, "\"a\tb\"\tc"), "\"a|b\"|c");
    check_str(split(&TRIMMED, "a, \"b,c\" ,d"), "a|b,c|d");
    check_str(split(&TRIMMED, "\"b\" x,d"), "bad");
    check_str(split(&TRIMMED, " a , b"), " a | b"); /* for the column to trim, or not */
}

TEST(csv, bounds_the_number_of_fields)
{
    char many[CSV_FIELDS_MAX + 1];
    memset(many, ',', sizeof many);
    many[CSV_FIELDS_MAX - 1] = '\0';
    check(strcmp(split(&RFC, many), "bad") != 0);
    many[CSV_FIELDS_MAX - 1] = ',';
    many[CSV_FIELDS_MAX] = '\0';
    check_str(split(&RFC, many), "bad");
}

static void check_record(const struct csv_spec *spec, const char *text, size_t length, size_t next)
{
    size_t n = 0;
    check_int(csv_record_length(spec, slice_str(text), &n), length);
    check_int(n, next);
}

TEST(csv, finds_where_a_record_ends)
{
    check_record(&RFC, "a,b\nc", 3, 4);
    check_record(&RFC, "a,b\r\nc", 3, 5);
    check_record(&RFC, "a,b", 3, 3);
    check_record(&RFC, "a,b\r", 3, 4);
    check_record(&RFC, "\n", 0, 1);
    check_record(&RFC, "\"a\nb\",c\nd", 7, 8);
    check_record(&RFC, "x,\"a\"\"\nb\"\nd", 9, 10);
    check_record(&RFC, "5\" pipe\nb\"", 7, 8);
    check_record(&LOG, "\"a\nb\",c\nd", 2, 3); /* not multiline */
    check_record(&PLAIN, "\"a\nb\"", 2, 3);
}

TEST(csv, an_open_quote_costs_one_line)
{
    check_record(&RFC, "\"a,b\nc,d\ne,f\n", 4, 5);
}
