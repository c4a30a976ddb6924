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
    try_streams(d, 8, line_write, true);
    definition_free(d);
}

/* --- split --- */

#define SPLIT                                                                                                          \
    PIPELINE                                                                                                           \
    "{\"name\": \"lists\", \"select\": \"rows\", \"columns\": [\"id\", \"t\", {\"name\": \"list\", \"expr\": "         \
    "\"concat(who, kind)\"}, {\"name\": \"json\", \"expr\": \"concat('[', replace(who, '|', ','), ']')\"}]},"          \
    " {\"name\": \"parts\", \"select\": \"lists\", \"split\": {\"column\": \"list\", \"by\": \"|\", \"as\": "          \
    "\"part\","                                                                                                        \
    "  \"place\": \"place\"}, \"columns\": [\"id\", \"t\", \"part\", \"place\"], \"where\": \"part <> 'C'\"},"         \
    " {\"name\": \"by_part\", \"aggregate\": \"parts\", \"by\": [\"part\"], \"columns\": {\"n\": \"count()\","         \
    "  \"f\": \"first(id)\", \"least\": \"min(id)\", \"last\": \"max(place)\"}},"                                      \
    " {\"name\": \"best\", \"top_n\": \"parts\", \"by\": [\"part\"], \"order\": [\"id desc\"], \"n\": 1},"             \
    " {\"name\": \"elements\", \"select\": \"lists\", \"split\": {\"column\": \"json\", \"json\": true, \"as\": "      \
    "\"element\"}, \"columns\": [\"id\", \"element\"]}]}"

static void list_write(struct random *r, char *out, size_t size)
{
    static const char *const lists[] = {"", "A", "A|B", "B|A|", " 1 | 2|1", "|", "7|8|9", "C|A|B|A"};
    snprintf(out, size, "%c,%d,2024-01-01 00:00:%02d,%s,1", random_chance(r, 1, 2) ? 'x' : '|', (int)random_below(r, 5),
             (int)random_below(r, 12) * 5, lists[random_below(r, 8)]);
}

TEST(operators, split_gives_a_row_for_each_part)
{
    struct definition *d = try_definition(SPLIT);
    const char *lines[] = {"|,1,2024-01-01 00:00:00,A| b c |C|A|,1", "x,2,2024-01-01 00:00:01,3|4|null|\"5\",1",
                           "x,3,2024-01-01 00:00:02,,1", "|,4,2024-01-01 00:00:03,|,1", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT id, part, place, _byte_offset FROM parts ORDER BY id, place"),
              "1|A|1|0;1|b c|2|0;1|A|4|0;2|3|1|10;2|4|2|10;2|null|3|10;2|\"5\"x|4|10");
    check_str(try_text(db, "SELECT part, n, f, least, last FROM by_part WHERE part < 'B' ORDER BY part"),
              "\"5\"x|1|2|2|4;3|1|2|2|1;4|1|2|2|2;A|2|1|1|4");
    check_str(try_text(db, "SELECT * FROM elements ORDER BY 2"), "2|3|f|10;2|4|f|10;2|5|f|10");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, split_in_any_order)
{
    struct definition *d = try_definition(SPLIT);
    try_streams(d, 8, list_write, true);
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

TEST(operators, windows_lie_in_the_years_0000_to_9999)
{
    struct definition *d = try_definition(WINDOWS);
    const char *lines[] = {"x,1,0000-01-01 00:00:01,A,1", "x,2,9999-12-31 23:59:50,A,1", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT window_start FROM fixed"), "0000-01-01 00:00:00");
    check_str(try_text(db, "SELECT a FROM moving ORDER BY a"), "9999-12-31 23:59:25");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, windows_in_any_order)
{
    struct definition *d = try_definition(WINDOWS);
    try_streams(d, 8, line_write, true);
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
    try_streams(d, 8, line_write, true);
    definition_free(d);
}

/* --- joins --- */

#define TWO_STORES                                                                                                     \
    PIPELINE "{\"name\": \"xs\", \"where\": \"kind = 'x'\", \"columns\": [\"id\", \"t\", \"who\", \"n\"]},"            \
             "{\"name\": \"ys\", \"where\": \"kind = 'y'\", \"columns\": [\"id\", \"t\", \"who\", \"n\"]},"
#define OF_BOTH "\"columns\": [\"left.id\", {\"name\": \"y\", \"column\": \"ys.id\"}, \"who\", \"left.t\"]"

#define LOOKUPS                                                                                                        \
    TWO_STORES                                                                                                         \
    "{\"name\": \"inner_last\", \"join\": \"xs\", \"with\": \"ys\", \"on\": \"who\", \"kind\": "                       \
    "\"inner\", " OF_BOTH "},"                                                                                         \
    "{\"name\": \"left_last\", \"join\": \"xs\", \"with\": \"ys\", \"on\": [\"who\"], \"kind\": "                      \
    "\"left\", " OF_BOTH "},"                                                                                          \
    "{\"name\": \"every\", \"join\": \"xs\", \"with\": \"ys\", \"match\": \"all\", \"on\": {\"who\": \"who\"},"        \
    "  \"kind\": \"left\", " OF_BOTH "},"                                                                              \
    "{\"name\": \"sums\", \"aggregate\": \"ys\", \"by\": [\"who\"], \"columns\": {\"s\": \"sum(n)\"}},"                \
    "{\"name\": \"with_sum\", \"join\": \"every\", \"with\": \"sums\", \"on\": [\"who\"], \"kind\": \"left\"},"        \
    "{\"name\": \"self\", \"join\": \"xs\", \"with\": \"xs\", \"on\": {\"id\": \"id\", \"t\": \"t\"}, \"match\": "     \
    "\"all\", \"kind\": \"inner\", \"columns\": [\"left.who\", {\"name\": \"other\", \"column\": "                     \
    "\"right.who\"}]},"                                                                                                \
    "{\"name\": \"over\", \"aggregate\": \"with_sum\", \"by\": [\"s\"], \"columns\": {\"c\": \"count()\","             \
    "  \"f\": \"first(y)\", \"l\": \"last(y)\"}},"                                                                     \
    "{\"name\": \"back\", \"join\": \"sums\", \"with\": \"left_last\", \"on\": [\"who\"], \"kind\": \"left\","         \
    "  \"columns\": [\"who\", \"s\", \"y\"]}]}"

TEST(operators, a_lookup_finds_the_last_row_of_a_key)
{
    struct definition *d = try_definition(LOOKUPS);
    const char *lines[] = {"y,1,2024-01-01 00:00:10,A,1",
                           "x,5,2024-01-01 00:00:00,A,1",
                           "y,2,2024-01-01 00:00:09,A,2",
                           "x,6,2024-01-01 00:00:01,B,1",
                           "x,7,2024-01-01 00:00:02,,1",
                           "y,3,2024-01-01 00:00:03,,1",
                           "y,4,2024-01-01 00:00:04,C,1",
                           "y,9,,D,1",
                           "y,8,,D,1",
                           "x,8,2024-01-01 00:00:05,D,1",
                           NULL};
    sqlite3 *db = try_batch(d, lines);
    /* Of the two of D, neither of which has a time, the later position. */
    check_str(try_text(db, "SELECT id, y, who, _byte_offset FROM inner_last ORDER BY id"), "5|1|A|10;8|8|D|90");
    check_str(try_text(db, "SELECT id, y, who, _byte_offset FROM left_last ORDER BY id"),
              "5|1|A|10;6||B|30;7|||40;8|8|D|90");
    check_str(try_text(db, "SELECT id, y, who FROM every ORDER BY id, y"), "5|1|A;5|2|A;6||B;7||;8|8|D;8|9|D");
    check_str(try_text(db, "SELECT id, y, s FROM with_sum ORDER BY id, y"), "5|1|300;5|2|300;6||;7||;8|8|200;8|9|200");
    check_str(try_text(db, "SELECT who, other FROM self ORDER BY who"), "|;A|A;B|B;D|D");
    /* The two rows of one position: the smaller value is the first. */
    check_str(try_text(db, "SELECT s, c, f, l FROM over ORDER BY s"), "|2||;200|2|8|9;300|2|1|2");
    check_str(try_text(db, "SELECT who, s, y FROM back ORDER BY who"), "|100|;A|300|1;C|100|;D|200|8");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, lookups_in_any_order)
{
    struct definition *d = try_definition(LOOKUPS);
    try_streams(d, 8, line_write, true);
    definition_free(d);
}

#define TIMED                                                                                                          \
    TWO_STORES                                                                                                         \
    "{\"name\": \"newest\", \"join\": \"xs\", \"with\": \"ys\", \"match\": \"as_of\", \"on\": \"who\","                \
    "  \"kind\": \"left\", " OF_BOTH "},"                                                                              \
    "{\"name\": \"newest_of_all\", \"join\": \"xs\", \"with\": \"ys\", \"match\": \"as_of\", \"on\": [],"              \
    "  \"kind\": \"inner\", \"columns\": [\"left.id\", {\"name\": \"y\", \"column\": \"ys.id\"}]},"                    \
    "{\"name\": \"near\", \"join\": \"xs\", \"with\": \"ys\", \"match\": \"interval\", \"on\": \"who\","               \
    "  \"before_s\": 10, \"after_s\": 5, \"kind\": \"left\", " OF_BOTH "},"                                            \
    "{\"name\": \"later\", \"join\": \"xs\", \"with\": \"ys\", \"match\": \"interval\", \"on\": [], "                  \
    "\"before_s\": -5,"                                                                                                \
    "  \"after_s\": 15, \"kind\": \"inner\", \"columns\": [\"left.id\", {\"name\": \"y\", \"column\": "                \
    "\"ys.id\"}]},"                                                                                                    \
    "{\"name\": \"spans\", \"sessionize\": \"ys\", \"by\": [\"who\"], \"time\": \"t\", \"gap_s\": 5, \"columns\":"     \
    "  {\"a\": \"min(t)\", \"z\": \"max(t)\", \"c\": \"count()\"}},"                                                   \
    "{\"name\": \"during\", \"join\": \"xs\", \"with\": \"spans\", \"match\": \"valid\", \"valid\": [\"a\", "          \
    "\"z\"],"                                                                                                          \
    "  \"on\": \"who\", \"kind\": \"left\", \"columns\": [\"id\", \"who\", \"t\", \"c\", \"a\"]},"                     \
    "{\"name\": \"by_y\", \"aggregate\": \"near\", \"by\": [\"y\"], \"columns\": {\"c\": \"count()\", \"l\": "         \
    "\"last(id)\"}}]}"

TEST(operators, timed_joins_include_their_bounds)
{
    struct definition *d = try_definition(TIMED);
    const char *lines[] = {"y,1,2024-01-01 00:00:10,A,1",
                           "y,2,2024-01-01 00:00:15,A,2",
                           "y,3,2024-01-01 00:00:20,A,1",
                           "x,5,2024-01-01 00:00:09,A,1",
                           "x,6,2024-01-01 00:00:10,A,1",
                           "x,7,2024-01-01 00:00:20,A,1",
                           "x,8,,A,1",
                           "x,9,2024-01-01 00:00:30,,1",
                           NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT id, y FROM newest ORDER BY id"), "5|;6|1;7|3;8|;9|");
    check_str(try_text(db, "SELECT id, y FROM newest_of_all ORDER BY id"), "6|1;7|3;9|3");
    check_str(try_text(db, "SELECT id, y FROM near ORDER BY id, y"), "5|1;6|1;6|2;7|1;7|2;7|3;8|;9|");
    check_str(try_text(db, "SELECT id, y FROM later ORDER BY id, y"), "5|2;5|3;6|2;6|3");
    check_str(try_text(db, "SELECT id, c FROM during ORDER BY id"), "5|;6|3;7|;8|;9|");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, timed_joins_in_any_order)
{
    struct definition *d = try_definition(TIMED);
    try_streams(d, 8, line_write, true);
    definition_free(d);
}

/* --- rows picked by key --- */

#define RANKINGS                                                                                                       \
    PIPELINE                                                                                                           \
    "{\"name\": \"best\", \"top_n\": \"rows\", \"by\": [\"who\"], \"order\": [\"n desc\", \"id\"], \"n\": 2},"         \
    "{\"name\": \"sums\", \"aggregate\": \"rows\", \"by\": [\"who\", \"kind\"], \"columns\": {\"s\": "                 \
    "\"sum(n)\"}},"                                                                                                    \
    "{\"name\": \"champions\", \"top_n\": \"sums\", \"by\": [], \"order\": \"s desc\", \"n\": 3, \"rank\": "           \
    "\"place\"},"                                                                                                      \
    "{\"name\": \"places\", \"aggregate\": \"champions\", \"by\": [\"kind\"], \"columns\": {\"p\": "                   \
    "\"sum(place)\"}},"                                                                                                \
    "{\"name\": \"firsts\", \"dedupe\": \"rows\", \"by\": [\"id\", \"who\"]},"                                         \
    "{\"name\": \"lasts\", \"dedupe\": \"rows\", \"by\": \"id\", \"keep\": \"last\"},"                                 \
    "{\"name\": \"largest\", \"dedupe\": \"rows\", \"by\": [\"id\"], \"order\": [\"n\"], \"keep\": "                   \
    "\"last\"},"                                                                                                       \
    "{\"name\": \"one\", \"dedupe\": \"sums\", \"by\": [\"kind\"]},"                                                   \
    "{\"name\": \"of_firsts\", \"aggregate\": \"firsts\", \"by\": [\"id\"], \"columns\": {\"c\": "                     \
    "\"count()\", \"l\": \"last(n)\"}}]}"

TEST(operators, rankings_are_complete_orders)
{
    struct definition *d = try_definition(RANKINGS);
    const char *lines[] = {"x,3,2024-01-01 00:00:09,A,2", "y,1,2024-01-01 00:00:08,A,2",
                           "x,2,2024-01-01 00:00:07,A,5", "x,1,2024-01-01 00:00:01,A,2",
                           "x,4,2024-01-01 00:00:01,B,",  "y,4,2024-01-01 00:00:01,,1",
                           "y,4,2024-01-01 00:00:02,,1",  NULL};
    sqlite3 *db = try_batch(d, lines);
    /* Equal in the order: the earlier position is ahead. */
    check_str(try_text(db, "SELECT who, rank, id, n, _byte_offset FROM best ORDER BY who, rank"),
              "|1|4|100|50;|2|4|100|60;A|1|2|500|20;A|2|1|200|10;B|1|4||40");
    check_str(try_text(db, "SELECT place, who, kind, s FROM champions ORDER BY place"), "1|A|x|900;2||y|200;3|A|y|200");
    check_str(try_text(db, "SELECT kind, p FROM places ORDER BY kind"), "x|1;y|5");
    check_str(try_text(db, "SELECT id, who, _byte_offset FROM firsts ORDER BY id, who"),
              "1|A|30;2|A|20;3|A|0;4||50;4|B|40");
    check_str(try_text(db, "SELECT id, who, _byte_offset FROM lasts ORDER BY id"), "1|A|10;2|A|20;3|A|0;4||60");
    check_str(try_text(db, "SELECT id, n, _byte_offset FROM largest ORDER BY id"),
              "1|200|30;2|500|20;3|200|0;4|100|60");
    check_str(try_text(db, "SELECT kind, who, s FROM one ORDER BY kind"), "x|A|900;y||200");
    check_str(try_text(db, "SELECT id, c, l FROM of_firsts ORDER BY id"), "1|1|200;2|1|500;3|1|200;4|2|100");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, rankings_in_any_order)
{
    struct definition *d = try_definition(RANKINGS);
    try_streams(d, 8, line_write, true);
    definition_free(d);
}

#define DIMENSIONS                                                                                                     \
    PIPELINE "{\"name\": \"now\", \"scd\": \"rows\", \"type\": 1, \"by\": [\"id\"]},"                                  \
             "{\"name\": \"versions\", \"scd\": \"rows\", \"type\": 2, \"by\": [\"id\"], \"track\": [\"who\"]},"       \
             "{\"name\": \"all_versions\", \"scd\": \"rows\", \"type\": 2, \"by\": [\"id\", \"kind\"], \"time\": "     \
             "\"t\", \"valid_from\": \"a\", \"valid_to\": \"z\", \"current\": \"is_current\"},"                        \
             "{\"name\": \"then\", \"join\": \"rows\", \"with\": \"versions\", \"match\": \"valid\", \"valid\":"       \
             "  [\"valid_from\", \"valid_to\"], \"on\": [\"id\"], \"kind\": \"left\", \"columns\":"                    \
             "  [\"id\", \"left.t\", {\"name\": \"who_then\", \"column\": \"versions.who\"}]},"                        \
             "{\"name\": \"living\", \"aggregate\": \"versions\", \"by\": [\"who\"], \"columns\": {\"c\": \"sum("      \
             "current)\", \"until\": \"max(valid_to)\"}}]}"

TEST(operators, dimensions_change_slowly)
{
    struct definition *d = try_definition(DIMENSIONS);
    const char *lines[] = {"x,1,2024-01-01 00:00:10,A,1",
                           "x,1,2024-01-01 00:00:20,A,2",
                           "x,1,2024-01-01 00:00:30,C,3",
                           "y,1,2024-01-01 00:00:30,B,4",
                           "x,1,2024-01-01 00:00:40,B,5",
                           "x,1,2024-01-01 00:00:50,A,5",
                           "x,1,,Z,6",
                           "x,2,,Z,6",
                           NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT id, who, n FROM now ORDER BY id"), "1|A|500;2|Z|600");
    /* C of 00:00:30 never counted: another row has the same time and a later position. */
    check_str(try_text(db, "SELECT who, n, substr(valid_from, 18), substr(valid_to, 18), current FROM versions "
                           "ORDER BY valid_from"),
              "A|100|10|30|0;B|400|30|50|0;A|500|50||1");
    check_str(try_text(db, "SELECT kind, n, substr(a, 18), substr(z, 18), is_current FROM all_versions ORDER BY a, z"),
              "x|100|10|20|0;x|200|20|30|0;y|400|30||1;x|300|30|40|0;x|500|40|50|0;x|500|50||1");
    check_str(try_text(db, "SELECT substr(t, 18), who_then FROM \"then\" ORDER BY _byte_offset"),
              "10|A;20|A;30|B;30|B;40|B;50|A;|;|");
    check_str(try_text(db, "SELECT who, c, substr(until, 18) FROM living ORDER BY who"), "A|1|30;B|0|50");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, a_version_may_begin_or_end_with_null)
{
    struct definition *d = try_definition(DIMENSIONS);
    const char *lines[] = {"x,1,2024-01-01 00:00:10,A,1", "x,1,2024-01-01 00:00:20,,2", "x,1,2024-01-01 00:00:30,,2",
                           "x,1,2024-01-01 00:00:40,B,3", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(
        try_text(db, "SELECT who, substr(valid_from, 18), substr(valid_to, 18) FROM versions ORDER BY valid_from"),
        "A|10|20;|20|40;B|40|");
    sqlite3_close(db);
    definition_free(d);
}

TEST(operators, dimensions_in_any_order)
{
    struct definition *d = try_definition(DIMENSIONS);
    try_streams(d, 8, line_write, true);
    definition_free(d);
}
