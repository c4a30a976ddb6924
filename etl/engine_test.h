/* engine_test.h - the definitions that engine_test tries. */
#ifndef MILLRACE_ETL_ENGINE_TEST_H
#define MILLRACE_ETL_ENGINE_TEST_H

/* Three unique rules behind each other, so that who loses one key leaves another to the next; one that only
 * warns; every aggregate; sessions; a bucket kept. */
static const char *const DEFINITION =
    "{\"pipeline\": \"p\", \"version\": 1,"
    " \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"header\": false, \"time\": \"t\", \"columns\": ["
    "   {\"name\": \"id\", \"field\": 1, \"type\": \"integer\"},"
    "   {\"name\": \"t\", \"field\": 2, \"type\": \"timestamp\", \"format\": \"%Y-%m-%d %H:%M:%S\"},"
    "   {\"name\": \"who\", \"field\": 3, \"type\": \"text\"},"
    "   {\"name\": \"n\", \"field\": 4, \"type\": \"decimal\", \"scale\": 2}]},"
    " \"rules\": ["
    "   {\"rule\": \"unique\", \"name\": \"same\", \"columns\": \"all\"},"
    "   {\"rule\": \"unique\", \"name\": \"often\", \"columns\": \"who\", \"severity\": \"warn\"},"
    "   {\"rule\": \"unique\", \"name\": \"slot_taken\", \"columns\": [\"t\", \"who\"]},"
    "   {\"rule\": \"range\", \"name\": \"negative\", \"column\": \"n\", \"min\": 0},"
    "   {\"rule\": \"unique\", \"name\": \"id_taken\", \"columns\": \"id\"}],"
    " \"tables\": ["
    "   {\"name\": \"good\", \"columns\": [\"id\", \"t\", \"who\", \"n\"]},"
    "   {\"name\": \"bad\", \"rows\": {\"rejected_as\": \"negative\"}, \"columns\": [\"id\", \"n\"]},"
    "   {\"name\": \"by_who\", \"aggregate\": \"good\", \"by\": [\"who\"], \"columns\": {\"c\": \"count()\","
    "     \"s\": \"sum(n)\", \"d\": \"count_distinct(n)\", \"low\": \"min(n)\", \"high\": \"max(t)\", \"f\": "
    "\"first(n)\","
    "     \"l\": \"last(id)\", \"some\": \"count() where n > 1\"}},"
    "   {\"name\": \"total\", \"aggregate\": \"good\", \"by\": [], \"columns\": {\"c\": \"count()\", \"s\": \"sum(n)\","
    "     \"d\": \"count_distinct(who)\", \"low\": \"min(who)\"}},"
    "   {\"name\": \"visits\", \"sessionize\": \"good\", \"by\": [\"who\"], \"time\": \"t\", \"gap_s\": 10,"
    "     \"columns\": {\"a\": \"min(t)\", \"z\": \"max(t)\", \"c\": \"count()\", \"s\": \"sum(n)\", \"len\": "
    "\"duration()\","
    "     \"f\": \"first(id)\"}},"
    "   {\"name\": \"lengths\", \"aggregate\": \"visits\", \"by\": [\"len\"], \"columns\": {\"c\": \"count()\","
    "     \"most\": \"max(c)\", \"whos\": \"count_distinct(who)\"}}],"
    " \"views\": [{\"name\": \"v\", \"sql\": \"SELECT who, decimal(s, 2) AS s FROM by_who\"}]}";

/* Two sources with rules of the same names into one table, one of them also into another; their columns stand
 * in another order, and records of both have the same file and offset. The third is kept by itself. */
#define ID  "{\"name\": \"id\", \"field\": 1, \"type\": \"integer\"}"
#define AT  "{\"name\": \"t\", \"field\": 2, \"type\": \"timestamp\", \"format\": \"%Y-%m-%d %H:%M:%S\"}"
#define WHO "{\"name\": \"who\", \"field\": 3, \"type\": \"text\"}"
#define N   "{\"name\": \"n\", \"field\": 4, \"type\": \"decimal\", \"scale\": 2}"
#define FEED(name, columns)                                                                                            \
    "{\"name\": \"" name "\", \"format\": \"csv\", \"glob\": \"*\", \"header\": false, \"time\": \"t\", "              \
    "\"columns\": [" columns "]"
#define RULES_OF_SEVERAL                                                                                               \
    ", \"rules\": [{\"rule\": \"unique\", \"name\": \"same\", \"columns\": \"all\"},"                                  \
    "{\"rule\": \"range\", \"name\": \"negative\", \"column\": \"n\", \"min\": 0},"                                    \
    "{\"rule\": \"unique\", \"name\": \"id_taken\", \"columns\": \"id\"}]}"
static const char *const SEVERAL =
    "{\"pipeline\": \"p\", \"version\": 1, \"sources\": [" FEED("west", N ", " ID ", " AT ", " WHO) RULES_OF_SEVERAL
    ", " FEED("east", ID ", " AT ", " WHO ", " N) RULES_OF_SEVERAL ", " FEED(
        "away", ID
        ", " AT ", " WHO
        ", " N) "}],"
                " \"tables\": ["
                "   {\"name\": \"both\", \"from\": [\"west\", \"east\"], \"columns\": [\"id\", \"t\", \"who\", \"n\"], "
                "\"where\": \"id > 1\"},"
                "   {\"name\": \"bad\", \"from\": [\"east\", \"west\"], \"rows\": {\"rejected_as\": \"negative\"}, "
                "\"columns\": [\"id\", \"n\"]},"
                "   {\"name\": \"west_only\", \"from\": \"west\", \"columns\": [\"_source\", \"_number\", \"id\", "
                "\"t\"]},"
                "   {\"name\": \"away\", \"from\": \"away\"},"
                "   {\"name\": \"by_who\", \"aggregate\": \"both\", \"by\": [\"who\"], \"columns\": {\"c\": "
                "\"count()\","
                "     \"low\": \"min(n)\", \"f\": \"first(id)\", \"l\": \"last(n)\"}},"
                "   {\"name\": \"some\", \"select\": \"both\", \"where\": \"n > 0\", \"columns\": [\"who\", \"t\", "
                "\"n\"]},"
                "   {\"name\": \"some_by_who\", \"aggregate\": \"some\", \"by\": [\"who\"], \"columns\": {\"f\": "
                "\"first(n)\"}},"
                "   {\"name\": \"firsts\", \"dedupe\": \"both\", \"by\": [\"who\"], \"keep\": \"last\"},"
                "   {\"name\": \"of_firsts\", \"aggregate\": \"firsts\", \"by\": [], \"columns\": {\"f\": "
                "\"first(id)\", \"c\": \"count()\"}},"
                "   {\"name\": \"pairs\", \"join\": \"some\", \"with\": \"both\", \"on\": \"who\", \"match\": "
                "\"interval\", \"after_s\": 5, \"kind\": \"left\", \"columns\": [\"who\", \"id\", \"left.t\"]},"
                "   {\"name\": \"known\", \"join\": \"away\", \"with\": \"both\", \"on\": \"who\", \"kind\": "
                "\"inner\", \"columns\": [\"away.id\", {\"name\": \"other\", \"column\": \"both.id\"}]},"
                "   {\"name\": \"of_pairs\", \"aggregate\": \"pairs\", \"by\": [\"who\"], \"columns\": {\"l\": "
                "\"last(id)\", \"f\": \"first(id)\"}},"
                "   {\"name\": \"versions\", \"scd\": \"both\", \"type\": 2, \"by\": [\"who\"], \"track\": [\"n\"]},"
                "   {\"name\": \"best\", \"top_n\": \"pairs\", \"by\": [\"who\"], \"order\": \"id\", \"n\": 2},"
                "   {\"name\": \"west_firsts\", \"aggregate\": \"west_only\", \"by\": [\"t\"], \"columns\": {\"f\": "
                "\"first(id)\"}},"
                "   {\"name\": \"visits\", \"sessionize\": \"both\", \"by\": [\"who\"], \"time\": \"t\", \"gap_s\": 10,"
                "     \"columns\": {\"c\": \"count()\", \"f\": \"first(n)\", \"l\": \"last(id)\"}}]}";

#endif
