/* Tables over tables: what they hold, by hand, and that a stream keeps them as a batch makes them. */
#include "etl/engine_try_test.h"
#include "tests/unit.h"

#define PIPELINE                                                                                                       \
    "{\"pipeline\": \"p\", \"version\": 1,"                                                                            \
    " \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"header\": false, \"time\": \"t\", \"columns\": ["           \
    "   {\"name\": \"kind\", \"field\": 1, \"type\": \"text\"},"                                                       \
    "   {\"name\": \"id\", \"field\": 2, \"type\": \"integer\"},"                                                      \
    "   {\"name\": \"t\", \"field\": 3, \"type\": \"timestamp\", \"format\": \"%Y-%m-%d %H:%M:%S\"},"                  \
    "   {\"name\": \"who\", \"field\": 4, \"type\": \"text\"},"                                                        \
    "   {\"name\": \"n\", \"field\": 5, \"type\": \"decimal\", \"scale\": 2}]},"                                       \
    " \"rules\": [{\"rule\": \"unique\", \"name\": \"same\", \"columns\": \"all\"},"                                   \
    "   {\"rule\": \"unique\", \"name\": \"slot\", \"columns\": [\"t\", \"who\", \"kind\"]}],"                         \
    " \"tables\": [{\"name\": \"rows\"},"

/* A kind out of two, and every column but the kind may be NULL. */
static void line_write(struct random *r, char *out, size_t size)
{
    char id[16] = "", time[64] = "", who[4] = "", n[32] = "";
    if (!random_chance(r, 1, 12)) snprintf(id, sizeof id, "%d", (int)random_below(r, 5));
    if (!random_chance(r, 1, 12))
        snprintf(time, sizeof time, "2024-01-01 00:0%d:%02d", (int)random_below(r, 2), (int)random_below(r, 12) * 5);
    if (!random_chance(r, 1, 12)) snprintf(who, sizeof who, "%c", (char)('A' + random_below(r, 3)));
    if (!random_chance(r, 1, 12)) snprintf(n, sizeof n, "%d.%d", (int)random_below(r, 4) - 1, (int)random_below(r, 2));
    snprintf(out, size, "%c,%s,%s,%s,%s", random_chance(r, 1, 2) ? 'x' : 'y', id, time, who, n);
}

/* --- select --- */

#define SELECTS                                                                                                        \
    PIPELINE "{\"name\": \"some\", \"select\": \"rows\", \"where\": \"n >= 0\", \"columns\": [\"id\","                 \
             "  {\"name\": \"at\", \"column\": \"t\"}, {\"name\": \"twice\", \"expr\": \"n * 2\"}, \"who\","           \
             "  {\"name\": \"share\", \"expr\": \"divide(n, id, 2)\"}]},"                                              \
             " {\"name\": \"fewer\", \"select\": \"some\", \"where\": \"id > 1\"},"                                    \
             " {\"name\": \"by_who\", \"aggregate\": \"fewer\", \"by\": [\"who\"], \"columns\": {\"c\": \"count()\","  \
             "  \"f\": \"first(twice)\", \"l\": \"last(id)\", \"most\": \"max(twice)\"}},"                             \
             " {\"name\": \"often\", \"select\": \"by_who\", \"where\": \"c > 1\", \"columns\": [\"who\","             \
             "  {\"name\": \"c2\", \"expr\": \"c * c\"}]},"                                                            \
             " {\"name\": \"counts\", \"aggregate\": \"often\", \"by\": [\"c2\"], \"columns\": {\"n\": \"count()\"}}," \
             " {\"name\": \"visits\", \"sessionize\": \"some\", \"by\": [\"who\"], \"time\": \"at\", \"gap_s\": 10,"   \
             "  \"columns\": {\"c\": \"count()\", \"f\": \"first(id)\", \"a\": \"min(at)\"}},"                         \
             " {\"name\": \"starts\", \"select\": \"visits\", \"time\": \"a\", \"columns\": [\"a\", \"who\"]},"        \
             " {\"name\": \"firsts\", \"aggregate\": \"starts\", \"by\": [], \"columns\": {\"f\": \"first(who)\"}}]}"

TEST(operators, select_filters_renames_and_computes)
{
    struct definition *d = try_definition(SELECTS);
    const char *lines[] = {"x,2,2024-01-01 00:00:10,A,1.5",
                           "x,0,2024-01-01 00:00:00,A,1.0",
                           "x,3,2024-01-01 00:00:05,A,-1",
                           "x,4,2024-01-01 00:00:05,B,2",
                           "x,5,,A,0.25",
                           NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT id, at, twice, who, share, _file, _byte_offset FROM some ORDER BY id"),
              "0|2024-01-01 00:00:00|200|A||f|10;2|2024-01-01 00:00:10|300|A|75|f|0;"
              "4|2024-01-01 00:00:05|400|B|50|f|30;5||50|A|5|f|40");
    check_str(try_text(db, "SELECT id FROM fewer ORDER BY id"), "2;4;5");
    /* A row without an event time counts as the earliest. */
    check_str(try_text(db, "SELECT who, c, f, l FROM by_who ORDER BY who"), "A|2|50|2;B|1|400|4");
    check_str(try_text(db, "SELECT who, c2 FROM often"), "A|4");
    check_str(try_text(db, "SELECT f FROM firsts"), "A");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, select_in_any_order)
{
    struct definition *d = try_definition(SELECTS);
    try_streams(d, 30, line_write);
    definition_free(d);
}

/* --- windows --- */

#define WINDOWS                                                                                                        \
    PIPELINE "{\"name\": \"fixed\", \"aggregate\": \"rows\", \"by\": [\"kind\"], \"window\": {\"size_s\": 20},"        \
             "  \"columns\": {\"c\": \"count()\", \"low\": \"min(n)\", \"f\": \"first(id)\"}},"                        \
             " {\"name\": \"moving\", \"aggregate\": \"rows\", \"by\": [], \"where\": \"n >= 0\","                     \
             "  \"window\": {\"time\": \"t\", \"size_s\": 30, \"hop_s\": 20, \"offset_s\": 5, \"start\": \"a\","       \
             "  \"end\": \"z\"}, \"columns\": {\"c\": \"count()\", \"w\": \"count_distinct(who)\", \"high\": "         \
             "\"max(id)\"}},"                                                                                          \
             " {\"name\": \"busy\", \"select\": \"moving\", \"where\": \"c > 2\", \"columns\": [\"z\", \"c\"]}]}"

TEST(operators, windows_begin_at_their_start_and_end_before_their_end)
{
    struct definition *d = try_definition(WINDOWS);
    const char *lines[] = {"x,1,2024-01-01 00:00:00,A,1",
                           "x,2,2024-01-01 00:00:19,A,0",
                           "x,3,2024-01-01 00:00:20,B,1",
                           "y,4,2024-01-01 00:00:24,C,1",
                           "y,5,2024-01-01 00:00:25,C,1",
                           "y,6,,C,1",
                           NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT * FROM fixed ORDER BY kind, window_start"),
              "x|2024-01-01 00:00:00|2024-01-01 00:00:20|2|0|1;x|2024-01-01 00:00:20|2024-01-01 00:00:40|1|100|3;"
              "y|2024-01-01 00:00:20|2024-01-01 00:00:40|2|100|4");
    /* 23:59:45 and 00:00:05 are starts; a window of 30 s covers the first 10 s of the next one. */
    check_str(try_text(db, "SELECT * FROM moving ORDER BY a"),
              "2023-12-31 23:59:45|2024-01-01 00:00:15|1|1|1;2024-01-01 00:00:05|2024-01-01 00:00:35|4|3|5;"
              "2024-01-01 00:00:25|2024-01-01 00:00:55|1|1|5");
    check_str(try_text(db, "SELECT c FROM busy"), "4");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, windows_in_any_order)
{
    struct definition *d = try_definition(WINDOWS);
    try_streams(d, 30, line_write);
    definition_free(d);
}

/* --- pivots --- */

#define PIVOT                                                                                                          \
    PIPELINE "{\"name\": \"wide\", \"pivot\": \"rows\", \"by\": [\"kind\"], \"column\": \"who\","                      \
             "  \"values\": {\"a\": \"A\", \"b\": \"B\", \"none\": null}, \"where\": \"id < 4\","                      \
             "  \"columns\": {\"c\": \"count()\", \"s\": \"sum(n) where n > 0\", \"l\": \"last(id)\"}},"               \
             " {\"name\": \"ids\", \"pivot\": \"rows\", \"by\": [], \"column\": \"id\", \"values\": {\"one\": 1},"     \
             "  \"columns\": {\"c\": \"count()\"}}]}"

TEST(operators, pivot_has_a_column_for_each_value)
{
    struct definition *d = try_definition(PIVOT);
    const char *lines[] = {"x,1,2024-01-01 00:00:00,A,1", "x,2,2024-01-01 00:00:19,A,-1", "x,3,2024-01-01 00:00:20,C,1",
                           "y,1,2024-01-01 00:00:24,,1.5", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT * FROM wide ORDER BY kind"), "x|2|100|2|0|0||0|0|;y|0|0||0|0||1|150|1");
    check_str(try_text(db, "SELECT b_c, none_s FROM wide WHERE kind = 'y'"), "0|150");
    check_str(try_text(db, "SELECT * FROM ids"), "2");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, pivot_in_any_order)
{
    struct definition *d = try_definition(PIVOT);
    try_streams(d, 20, line_write);
    definition_free(d);
}
