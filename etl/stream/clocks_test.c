#include "etl/stream/clocks.h"

#include "tests/unit.h"

#define SOURCE(name, late)                                                                                             \
    "{\"name\": \"" name                                                                                               \
    "\", \"format\": \"access_log\", \"glob\": \"*\", \"layout\": \"common\", \"time\": \"time\"" late "}"

static struct definition *load(const char *late, struct err_text *error)
{
    struct definition *d;
    struct buf text = {0};
    buf_printf(&text,
               "{\"pipeline\": \"p\", \"version\": 1, \"sources\": [" SOURCE("a", "%s") ", " SOURCE(
                   "b", "") "],"
                            " \"tables\": [{\"name\": \"t\", \"from\": [\"a\", \"b\"]}]}",
               late);
    definition_parse(buf_slice(&text), "p.json", &d, error);
    buf_release(&text);
    return d;
}

TEST(clocks, more_than_what_is_allowed_is_late)
{
    struct feed feed = {.late_drop = true, .late_after_s = 60};
    int64_t clock = CLOCK_NONE;
    check_int(clock_late_s(&feed, &clock, 1000), 0);
    check_int(clock_late_s(&feed, &clock, 1000), 0);
    check_int(clock_late_s(&feed, &clock, 940), 0);
    check_int(clock_late_s(&feed, &clock, 939), 61);
    check_int(clock, 1000);
    check_int(clock_late_s(&feed, &clock, 1100), 0);
    check_int(clock_late_s(&feed, &clock, 1000), 100);
    clock = CLOCK_NONE;
    check_int(clock_late_s(&feed, &clock, -5000), 0); /* before 1970 */
    check_int(clock, -5000);
}

TEST(clocks, are_kept_by_topic_partition_and_source)
{
    sqlite3 *db;
    struct err_text error = {{0}};
    struct definition *d = load(", \"late\": {\"drop_after_s\": 0}", &error);
    check(d != NULL);
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(clocks_init(db, NULL), 0);
    int64_t found[2];
    check_int(clocks_read(db, d, "t", 1, found, NULL), 0);
    check(found[0] == CLOCK_NONE && found[1] == CLOCK_NONE);
    check_int(clocks_write(db, d, "t", 1, (int64_t[]){7, CLOCK_NONE}, NULL), 0);
    check_int(clocks_write(db, d, "t", 2, (int64_t[]){8, 9}, NULL), 0);
    check_int(clocks_write(db, d, "u", 1, (int64_t[]){10, 11}, NULL), 0);
    check_int(clocks_write(db, d, "t", 1, (int64_t[]){-12, CLOCK_NONE}, NULL), 0);
    check_int(clocks_read(db, d, "t", 1, found, NULL), 0);
    check(found[0] == -12 && found[1] == CLOCK_NONE);
    check_int(clocks_read(db, d, "u", 1, found, NULL), 0);
    check(found[0] == 10 && found[1] == 11);
    sqlite3_close(db);
    definition_free(d);
}

TEST(clocks, a_definition_says_who_drops)
{
    static const struct {
        const char *late, *part;
    } cases[] = {
        {", \"late\": \"corect\"", "sources[0].late: \"corect\" is none of: correct; did you mean \"correct\"?"},
        {", \"late\": {}", "sources[0].late: the key \"drop_after_s\" is missing"},
        {", \"late\": {\"drop_after_s\": -1}", "sources[0].late.drop_after_s: must be a whole number from 0"},
        {", \"late\": {\"drop_after_s\": 1, \"topik\": \"x\"}", "sources[0].late.topik: unknown key"},
        {"}, {\"name\": \"c\", \"format\": \"access_log\", \"glob\": \"*\", \"layout\": \"common\", \"late\": "
         "{\"drop_after_s\": 1}",
         "sources[1].late: goes by event time: name its column in \"time\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err_text error = {{0}};
        check(load(cases[i].late, &error) == NULL);
        if (!strstr(error.text, cases[i].part)) unit_fail("\"%s\" is not in \"%s\"", cases[i].part, error.text);
    }
    struct err_text error = {{0}};
    struct definition *d = load(", \"late\": \"correct\"", &error);
    check(d && !definition_drops_late(d));
    definition_free(d);
    d = load(", \"late\": {\"drop_after_s\": 3600}", &error);
    check(d && definition_drops_late(d) && d->feeds[0].late_after_s == 3600 && !d->feeds[1].late_drop);
    definition_free(d);
}
