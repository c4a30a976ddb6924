#include <unistd.h>

#include "etl/parse.h"
#include "tests/unit.h"

/* A definition with columns t (text) and a (integer), the maps, and a derived column `m` of `expr`. */
static struct definition *with_maps(const char *maps, const char *expr, struct err_text *error)
{
    struct buf b = {0};
    struct definition *d;
    buf_printf(
        &b,
        "{\"pipeline\": \"p\", \"version\": 1, \"maps\": %s, \"source\": {\"format\": \"csv\", \"glob\": \"*\", "
        "\"header\": false, \"columns\": [{\"name\": \"t\", \"field\": 1, \"type\": \"text\"},"
        "{\"name\": \"a\", \"field\": 2, \"type\": \"integer\"}]},"
        "\"derive\": [{\"name\": \"m\", \"expr\": \"%s\"}], \"tables\": [{\"name\": \"rows\", \"where\": \"%s is "
        "not null or true\"}]}",
        maps, expr, expr);
    definition_parse(buf_slice(&b), "m.json", &d, error);
    buf_release(&b);
    return d;
}

static const char *mapped(const char *maps, const char *expr, const char *line)
{
    static char out[400];
    struct err_text error = {{0}};
    struct definition *d = with_maps(maps, expr, &error);
    if (!d) unit_fail("%s", error.text);
    struct arena arena = {0};
    struct row row;
    struct row_parser *p = row_parser_new(&d->feeds[0]);
    struct record record = {.at = {SLICE_LIT("f"), 0, 1}, .raw = slice_str(line)};
    row_parse(p, &record, &arena, &row);
    const struct value *v = &row.values[2];
    if (v->type == VALUE_NULL)
        strcpy(out, "NULL");
    else if (v->type == VALUE_TEXT)
        snprintf(out, sizeof out, "%.*s", (int)v->text.n, (const char *)v->text.p);
    else
        snprintf(out, sizeof out, "%lld", (long long)v->i);
    row_parser_free(p);
    arena_release(&arena);
    definition_free(d);
    return out;
}

static void check_refused(const char *maps, const char *expr, const char *part)
{
    struct err_text error = {{0}};
    struct definition *d = with_maps(maps, expr, &error);
    if (d) unit_fail("accepted: %s", maps);
    if (!strstr(error.text, part)) unit_fail("\"%s\" is not in \"%s\"", part, error.text);
}

#define SEX                                                                                                            \
    "{\"sex\": {\"Maschio\": \"M\", \"Femmina\": \"F\", \"M\": \"M\", \"F\": \"F\", \"?\": null, \"\": \"none\"}}"

TEST(maps, written_in_the_definition)
{
    check_str(mapped(SEX, "lookup(t, 'sex')", "Femmina,1"), "F");
    check_str(mapped(SEX, "lookup(t, 'sex')", "M,1"), "M");
    check_str(mapped(SEX, "lookup(t, 'sex')", "femmina,1"), "NULL");
    check_str(mapped(SEX, "lookup(t, 'sex')", "?,1"), "NULL");
    check_str(mapped(SEX, "lookup(t, 'sex', 'X')", "x,1"), "X");
    check_str(mapped(SEX, "lookup(t, 'sex', 'X')", "?,1"), "NULL"); /* it is there, and says null */
    check_str(mapped(SEX, "lookup(t, 'sex', 'X')", ",1"), "X");     /* NULL is no key */
    check_str(mapped(SEX, "lookup('', 'sex')", "x,1"), "none");
    check_str(mapped(SEX, "lookup(t, 'sex', upper(t))", "x,1"), "X");
}

TEST(maps, numbers_as_keys_and_as_values)
{
    const char *maps = "{\"weight\": {\"a\": 1, \"b\": -20, \"c\": null}, \"code\": {\"7\": \"seven\"}}";
    check_str(mapped(maps, "lookup(t, 'weight') + 1", "b,1"), "-19");
    check_str(mapped(maps, "lookup(t, 'weight', 0)", "z,1"), "0");
    check_str(mapped(maps, "lookup(a, 'code')", "z,7"), "seven");
    check_str(mapped(maps, "lookup(a, 'code')", "z,8"), "NULL");
    check_str(mapped(maps, "lookup(a, 'code', 'none')", "z,"), "none");
}

static void file_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    check(file != NULL);
    fputs(text, file);
    check_int(fclose(file), 0);
}

TEST(maps, in_a_file)
{
    char folder[] = "/tmp/maps_test.XXXXXX";
    check(mkdtemp(folder) && chdir(folder) == 0);
    file_write("plain.csv", "\xef\xbb\xbf"
                            "pz,\"piece, single\"\r\n\r\nkg,kilogram\npz,\"piece, single\"\n");
    file_write("titled.csv", "name;note;code\nkilogram;\"two\nlines\";kg\n;x;none");
    file_write("twice.csv", "a,1\na,2\n");
    file_write("short.csv", "a,1\n\nb\n");
    file_write("quote.csv", "a,1\n\"b\"c,2\n");
    const char *plain = "{\"units\": {\"file\": \"plain.csv\"}}";
    const char *titled =
        "{\"units\": {\"file\": \"titled.csv\", \"key\": \"code\", \"value\": \"name\", \"delimiter\": \";\"}}";
    check_str(mapped(plain, "lookup(t, 'units')", "pz,1"), "piece, single");
    check_str(mapped(plain, "lookup(t, 'units')", "kg,1"), "kilogram");
    check_str(mapped(titled, "lookup(t, 'units')", "kg,1"), "kilogram");
    check_str(mapped(titled, "lookup(t, 'units')", "code,1"), "NULL");
    check_str(mapped(titled, "lookup(t, 'units')", "none,1"), "");
    check_refused("{\"u\": {\"file\": \"twice.csv\"}}", "t", "maps.u: the key \"a\" stands for \"1\" and for \"2\"");
    check_refused("{\"u\": {\"file\": \"short.csv\"}}", "t", "maps.u: short.csv, line 3: has 1 field");
    check_refused("{\"u\": {\"file\": \"quote.csv\"}}", "t", "maps.u: quote.csv, line 2: cannot be split");
    check_refused("{\"u\": {\"file\": \"no.csv\"}}", "t", "maps.u.file: no.csv: No such file");
    check_refused("{\"u\": {\"file\": \"plain.csv\", \"key\": \"a\", \"value\": \"b\"}}", "t",
                  "maps.u.key: plain.csv: the first line has no title \"a\"");
    check_refused("{\"u\": {\"file\": \"plain.csv\", \"key\": \"a\"}}", "t", "go together");
    check_refused("{\"u\": {\"file\": \"plain.csv\", \"keys\": \"a\"}}", "t", "did you mean \"key\"?");
    static const char *const names[] = {"plain.csv", "titled.csv", "twice.csv", "short.csv", "quote.csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(names[i]);
    check(chdir("/") == 0 && rmdir(folder) == 0);
}

TEST(maps, declarations_are_checked)
{
    check_refused("[]", "t", "m.json: maps: must be an object");
    check_refused("{\"u\": 5}", "t", "maps.u: must be an object");
    check_refused("{\"u\": {}}", "t", "maps.u: needs at least one key");
    check_refused("{\"u\": {\"a\": 1, \"b\": \"x\"}}", "t", "maps.u.b: the values of a map are all texts, or all");
    check_refused("{\"u\": {\"a\": 1.5}}", "t", "maps.u.a: the values of a map");
    check_refused(SEX, "lookup(t, 'sexes')",
                  "derive[0].expr: lookup(): there is no map \"sexes\"; did you mean \"sex\"?");
    check_refused("{}", "lookup(t, 'sex')", "the definition has no");
    check_refused(SEX, "lookup(t, t)", "must be a text between quotes");
    check_refused(SEX, "lookup(t, 'sex', 1)", "the map \"sex\" gives text, but argument 3 of lookup() is integer");
    check_refused(SEX, "lookup(1.5, 'sex')", "argument 1 of lookup() must be text or integer, not decimal(1)");
}
