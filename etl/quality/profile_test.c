#include "etl/quality/profile.h"

#include "etl/parse.h"
#include "etl/quality/quality.h"
#include "etl/quality/report.h"
#include "tests/unit.h"

static const char *const ROWS =
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"header\": false,"
    "\"columns\": [{\"name\": \"a\", \"field\": 1, \"type\": \"integer\"},"
    "{\"name\": \"m\", \"field\": 2, \"type\": \"decimal\", \"scale\": 2},"
    "{\"name\": \"t\", \"field\": 3, \"type\": \"text\"}]},"
    "\"derive\": [{\"name\": \"twice\", \"expr\": \"a * 2\"}],"
    "\"rules\": [{\"rule\": \"range\", \"name\": \"small\", \"column\": \"a\", \"max\": 5, \"severity\": \"warn\"},"
    "{\"rule\": \"type\", \"name\": \"amount\", \"column\": \"m\"},"
    "{\"rule\": \"unique\", \"name\": \"same\", \"columns\": \"a\"}],"
    "\"tables\": [{\"name\": \"rows\"}]}";

struct fixture {
    struct definition *d;
    struct row_parser *parser;
    struct source_profile p;
    struct arena arena;
    uint64_t line;
};

static void fixture_open(struct fixture *f)
{
    struct err_text error = {{0}};
    memset(f, 0, sizeof *f);
    if (definition_parse(slice_str(ROWS), "p.json", &f->d, &error) != 0) unit_fail("%s", error.text);
    f->parser = row_parser_new(&f->d->feeds[0]);
    source_profile_open(&f->p, &f->d->feeds[0]);
}

static void add(struct fixture *f, const char *raw, bool lost)
{
    struct row row;
    static const int same = 3;
    f->line++;
    struct record record = {.at = {SLICE_LIT("f\xff.csv"), f->line, f->line, f->line}, .raw = slice_str(raw)};
    row_parse(f->parser, &record, &f->arena, &row);
    source_profile_add(&f->p, &row, &same, lost);
}

static void fixture_close(struct fixture *f)
{
    source_profile_close(&f->p);
    row_parser_free(f->parser);
    definition_free(f->d);
    arena_release(&f->arena);
}

TEST(profile, each_row_of_a_column_is_a_value_a_null_or_a_misfit)
{
    struct fixture f;
    fixture_open(&f);
    add(&f, "1,2.50,abc", false);
    add(&f, "x,-1,\xc3\xa4", false);
    add(&f, ",,", false);
    add(&f, "7,nothing,abc", false);
    add(&f, "only,two", false);
    const struct column_profile *c = f.p.columns;
    check_int(c[0].values, 2);
    check_int(c[0].nulls, 1);
    check_int(c[0].misfits, 1);
    check_int(c[0].misfit_examples.of[0].line, 2);
    check_int(c[1].values, 2);
    check_int(c[1].misfits, 1);
    check_int(c[1].min.value.i, -100);
    check_int(c[1].max.value.i, 250);
    check_int(distinct_count(&c[2].distinct), 2);
    check_int(c[2].shortest_length, 1);
    check_int(c[2].longest_length, 3);
    check_int(c[3].values, 2); /* derived: NULL where `a` did not fit, without a misfit of its own */
    check_int(c[3].nulls, 2);
    check_int(c[3].misfits, 0);
    check_int(f.p.malformed, 1);
    fixture_close(&f);
}

TEST(profile, a_row_counts_for_all_rules_it_breaks_and_in_one_bucket)
{
    struct fixture f;
    fixture_open(&f);
    add(&f, "9,1,a", false);    /* warned */
    add(&f, "9,1,b", true);     /* warned, and lost to the first */
    add(&f, "x,bad,c", false);  /* amount before type */
    add(&f, "only,two", false); /* format */
    const struct rule_profile *r = f.p.rules;
    check_int(f.p.records, 4);
    check_int(f.p.accepted, 1);
    check_int(f.p.rejected, 3);
    check_int(f.p.warned, 2);
    check_int(r[0].rejected, 1);
    check_int(r[1].violations, 2);
    check_int(r[1].rejected, 0);
    check_int(r[2].rejected, 1);
    check_int(r[3].violations, 1);
    check_int(r[3].rejected, 1);
    check(slice_equal(r[3].examples.of[0].text, SLICE_LIT("9")));
    check_int(r[4].violations, 1);
    check_int(r[4].rejected, 0);
    fixture_close(&f);
}

TEST(profile, examples_show_different_texts)
{
    struct fixture f;
    fixture_open(&f);
    for (int i = 0; i < 10; i++) add(&f, "n/a,1,a", false);
    add(&f, "none,1,a", false);
    for (int i = 0; i < 10; i++) add(&f, "4?,1,a", false);
    check_int(f.p.columns[0].misfits, 21);
    check_int(f.p.columns[0].misfit_examples.count, 3);
    check_int(f.p.columns[0].misfit_examples.of[1].line, 11);
    fixture_close(&f);
}

/* --- the report --- */

static json_t *report_of(struct fixture *f)
{
    struct source_list none = {.feed = &f->d->feeds[0]};
    json_t *source = report_source(&f->p, &none, NULL);
    return json_pack("{s:i, s:s, s:[o]}", "millrace_quality", QUALITY_VERSION, "pipeline", "p", "sources", source);
}

static const char *top_text(json_t *report, size_t column)
{
    json_t *columns = json_object_get(json_array_get(json_object_get(report, "sources"), 0), "columns");
    json_t *top = json_object_get(json_array_get(columns, column), "top");
    return report_str(json_array_get(top, 0), "value");
}

TEST(profile, texts_of_a_report_are_whole_characters_and_utf8)
{
    struct fixture f;
    struct buf raw = {0}, page = {0};
    fixture_open(&f);
    buf_append_str(&raw, "1,1,a");
    for (int i = 0; i < 200; i++) buf_append_str(&raw, "\xc3\xa4"); /* 256 bytes end within one */
    add(&f, buf_cstr(&raw), false);
    add(&f, "2,<b>,x", false);
    json_t *report = report_of(&f);
    const char *text = top_text(report, 2);
    check_int(strlen(text), 1 + 2 * 127 + strlen("\u2026"));
    check_str(text + strlen(text) - 3, "\u2026");
    check_str(top_text(report, 1), "1.00");
    quality_html(report, &page);
    check(strstr(buf_cstr(&page), "f\xef\xbf\xbd.csv:2  <code>&lt;b&gt;") != NULL);
    check(strstr(buf_cstr(&page), "<code><b>") == NULL);
    json_decref(report);
    buf_release(&page);
    buf_release(&raw);
    fixture_close(&f);
}
