#include "etl/changelog/letter.h"
#include "etl/changelog/outbox.h"
#include "etl/sink/schema.h"
#include "tests/unit.h"

#define SOURCE                                                                                                         \
    "\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"columns\": ["           \
    "{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"price\", \"type\": \"decimal\", \"scale\": 2}]}, "        \
    "\"tables\": [{\"name\": \"good\"}, {\"name\": \"sums\", \"aggregate\": \"good\", \"by\": [\"price\"], "           \
    "\"columns\": {\"n\": \"count()\"}}, {\"name\": \"some\", \"select\": \"good\"}], "                                \
    "\"views\": [{\"name\": \"v\", \"sql\": \"SELECT 1 AS one\"}]"
#define DEFINITION(outputs) "{" SOURCE ", \"outputs\": [" outputs "]}"
#define SUMS                "{\"table\": \"sums\", \"topic\": \"T.1\"}"

static struct definition *definition_of(const char *json)
{
    struct definition *d;
    struct err_text error = {{0}};
    if (definition_parse(slice_str(json), "d.json", &d, &error) != 0) unit_fail("%s", error.text);
    if (changelog_check(d, &error) != 0) unit_fail("%s", error.text);
    return d;
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) unit_fail("%s: %s", sql, sqlite3_errmsg(db));
}

static sqlite3 *database(const struct definition *d, bool live)
{
    sqlite3 *db;
    struct err_text error = {{0}};
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    run(db, "PRAGMA recursive_triggers = ON");
    if (schema_prepare(d, db, ENGINE_LIVE, &error) != 0) unit_fail("%s", error.text);
    run(db, "INSERT INTO sums VALUES(999, 1)"); /* there before the outbox is */
    if (outbox_prepare(d, db, live, &error) != 0) unit_fail("%s", error.text);
    return db;
}

/* What stands in the outbox, as "key=value|header=text ..." lines; "-" for a value that is gone. Empties it. */
static const char *letters_of(const struct definition *d, sqlite3 *db)
{
    static char text[4096];
    struct err_text error = {{0}};
    struct letters l;
    const struct letter *m;
    size_t n = 0;
    int result = letters_open(&l, d, d->changelogs, db, true, &error);
    check_int(result, 0);
    letters_from(&l, 0);
    while ((result = letters_next(&l, &m, &error)) == 1) {
        const struct letter_header *h = (const void *)m->headers.p;
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s=%.*s", (int)m->key.n, (const char *)m->key.p,
                              m->gone ? 1 : (int)m->value.n, m->gone ? "-" : (const char *)m->value.p);
        for (size_t i = 0; i < m->headers.n / sizeof *h; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "|%s=%.*s", h[i].name, (int)h[i].n,
                                  (const char *)m->texts.p + h[i].at);
        n +=
            (size_t)snprintf(text + n, sizeof text - n, "%s\n", m->rows > 1 && !d->changelogs->letters ? " twice" : "");
    }
    check_int(result, 0);
    check_int(letters_next(&l, &m, &error), 0); /* the end stays the end */
    letters_close(&l);
    char *erase = sqlite3_mprintf("DELETE FROM \"millrace_outbox_%w\"", d->changelogs->topic);
    run(db, erase);
    sqlite3_free(erase);
    text[n] = '\0';
    return text;
}

TEST(changelog, a_key_that_changed_is_told_once_in_the_order_of_the_last_changes)
{
    struct definition *d = definition_of(DEFINITION(SUMS));
    sqlite3 *db = database(d, true);
    check_str(letters_of(d, db), "{\"price\":9.99}={\"price\":9.99,\"n\":1}\n");
    run(db, "INSERT INTO sums VALUES(100, 1), (NULL, 7), (200, 2); UPDATE sums SET n = 3 WHERE price = 100");
    check_str(letters_of(d, db),
              "{\"price\":null}={\"price\":null,\"n\":7}\n{\"price\":2.00}={\"price\":2.00,\"n\":2}\n"
              "{\"price\":1.00}={\"price\":1.00,\"n\":3}\n");
    run(db, "DELETE FROM sums WHERE price = 200; UPDATE sums SET price = 300 WHERE price = 100");
    check_str(letters_of(d, db), "{\"price\":2.00}=-\n{\"price\":1.00}=-\n{\"price\":3.00}={\"price\":3.00,\"n\":3}\n");
    run(db, "REPLACE INTO sums(rowid, price, n) SELECT rowid, 400, 1 FROM sums WHERE price = 300");
    check_str(letters_of(d, db), "{\"price\":3.00}=-\n{\"price\":4.00}={\"price\":4.00,\"n\":1}\n");
    sqlite3_close(db);
    definition_free(d);
}

TEST(changelog, a_key_that_two_rows_have_is_seen)
{
    struct definition *d =
        definition_of(DEFINITION("{\"table\": \"sums\", \"topic\": \"T.1\", \"key\": \"n\", \"columns\": \"price\"}"));
    sqlite3 *db = database(d, true);
    run(db, "INSERT INTO sums VALUES(100, 1), (200, 2)");
    check_str(letters_of(d, db), "{\"n\":1}={\"price\":9.99} twice\n{\"n\":2}={\"price\":2.00}\n");
    run(db, "DELETE FROM sums WHERE price = 999");
    check_str(letters_of(d, db), "{\"n\":1}={\"price\":1.00}\n");
    sqlite3_close(db);
    definition_free(d);
}

TEST(changelog, a_rejected_record_is_a_letter_with_all_its_violations)
{
    struct definition *d = definition_of(DEFINITION("{\"table\": \"quarantine\", \"topic\": \"t\"}"));
    sqlite3 *db = database(d, true);
    run(db, "INSERT INTO quarantine VALUES('p', 1, 'a.csv', 3, 40, 'price', 'type', 2, x'00ff', ''), "
            "('p', 1, 'a.csv', 3, 40, 'id', 'low', 1, '-1', ''), "
            "('p', 1, 'b.csv', 0, 7, NULL, 'format', 0, NULL, 'raw')");
    const char *letters = letters_of(d, db);
    check(strstr(letters, "p:a.csv:40=|millrace-source=p|millrace-file=a.csv|millrace-line=3|millrace-offset=40|"
                          "millrace-rule=low|millrace-ordinal=1|millrace-column=id|millrace-value=-1|"
                          "millrace-rule=type|millrace-ordinal=2|millrace-column=price|millrace-value=") == letters);
    check(strstr(letters,
                 "\np:b.csv:7=raw|millrace-source=p|millrace-file=b.csv|millrace-offset=7|millrace-rule=format|"
                 "millrace-ordinal=0\n") != NULL);
    run(db, "DELETE FROM quarantine WHERE byte_offset = 40");
    check_str(letters_of(d, db), "p:a.csv:40=-\n");
    sqlite3_close(db);
    definition_free(d);
}

static const char *compared(const struct definition *d, sqlite3 *db, bool fresh)
{
    struct err_text error = {{0}};
    if (outbox_compare(d, d->changelogs, db, fresh, &error) != 0) unit_fail("%s", error.text);
    return letters_of(d, db);
}

TEST(changelog, a_batch_tells_what_is_another_message_than_the_last)
{
    struct definition *d = definition_of(DEFINITION(SUMS));
    sqlite3 *db = database(d, false);
    run(db, "INSERT INTO sums VALUES(100, 1), (NULL, 2)");
    check_str(compared(d, db, true),
              "{\"price\":1.00}={\"price\":1.00,\"n\":1}\n{\"price\":9.99}={\"price\":9.99,\"n\":1}\n"
              "{\"price\":null}={\"price\":null,\"n\":2}\n");
    check_str(compared(d, db, false), "");
    run(db, "DELETE FROM sums WHERE price = 100; UPDATE sums SET n = 5 WHERE price = 999");
    check_str(compared(d, db, false), "{\"price\":1.00}=-\n{\"price\":9.99}={\"price\":9.99,\"n\":5}\n");
    check_str(compared(d, db, true),
              "{\"price\":9.99}={\"price\":9.99,\"n\":5}\n{\"price\":null}={\"price\":null,\"n\":2}\n");
    sqlite3_close(db);
    definition_free(d);
}

TEST(changelog, a_batch_with_two_rows_of_a_key_is_an_error)
{
    struct definition *d = definition_of(DEFINITION("{\"table\": \"sums\", \"topic\": \"T.1\", \"key\": \"n\"}"));
    sqlite3 *db = database(d, false);
    struct err_text error = {{0}};
    run(db, "INSERT INTO sums VALUES(100, 1)");
    check_int(outbox_compare(d, d->changelogs, db, false, &error), OUTBOX_KEY_BROKEN);
    check_str(error.text, "d.json: outputs[0].key: rows of \"sums\" have the same key, such as {\"n\":1}");
    sqlite3_close(db);
    definition_free(d);
}

/* What rules leave of a store or an aggregate is named as the rows before them are. */
TEST(changelog, a_table_with_rules_has_the_key_of_its_kind)
{
    struct definition *d = definition_of(
        "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"columns\": ["
        "{\"name\": \"id\", \"type\": \"integer\"}]}, \"tables\": [{\"name\": \"good\"}, {\"name\": \"sums\", "
        "\"aggregate\": \"good\", \"by\": [\"id\"], \"columns\": {\"n\": \"count()\"}, \"rules\": [{\"rule\": "
        "\"not_null\", \"column\": \"id\"}]}], \"outputs\": [{\"table\": \"sums\", \"topic\": \"t\"}, {\"table\": "
        "\"sums_violations\", \"topic\": \"v\"}, {\"table\": \"sums_all\", \"topic\": \"a\"}]}");
    check_int(d->changelog_count, 3);
    for (int i = 0; i < 3; i++) {
        check_int(d->changelogs[i].key_count, 1);
        check_str(d->changelogs[i].key[0], "id");
    }
    definition_free(d);
}

TEST(changelog, a_topic_stays_that_of_one_table_and_one_cluster)
{
    struct definition *d = definition_of(DEFINITION(SUMS)),
                      *other = definition_of(DEFINITION("{\"table\": \"sums\", \"topic\": \"T.1\", \"key\": \"n\"}"));
    sqlite3 *db = database(d, false);
    struct err_text error = {{0}};
    bool moved;
    check_int(outbox_identity(d, d->changelogs, db, "x", &moved, &error), 0);
    check(moved);
    check_int(outbox_identity(d, d->changelogs, db, "x", &moved, &error), 0);
    check(!moved);
    check_int(outbox_identity(d, d->changelogs, db, "y", &moved, &error), 0);
    check(moved);
    check_int(outbox_identity(other, other->changelogs, db, "y", &moved, &error), ERR_INVALID);
    check(strstr(error.text,
                 "d.json: outputs[0].topic: the topic \"T.1\" was made from table and key (sums, price), and "
                 "not from (sums, n)") != NULL);
    sqlite3_close(db);
    definition_free(d);
    definition_free(other);
}

static void check_wrong(const char *outputs, const char *sentence)
{
    char json[2048];
    struct definition *d;
    struct err_text error = {{0}};
    snprintf(json, sizeof json, "{" SOURCE ", \"outputs\": [%s]}", outputs);
    int result = definition_parse(slice_str(json), "d.json", &d, &error);
    if (result == 0) result = changelog_check(d, &error);
    check_int(result, ERR_INVALID);
    if (!strstr(error.text, sentence)) unit_fail("\"%s\" is not in \"%s\"", sentence, error.text);
    definition_free(d);
}

TEST(changelog, definitions_that_are_wrong)
{
    check_wrong("{\"table\": \"v\", \"topic\": \"t\"}",
                "d.json: outputs[0].table: \"v\" is a view, and nobody is told");
    check_wrong("{\"table\": \"some\", \"topic\": \"t\"}",
                "d.json: outputs[0]: the messages of table \"some\" need a key: columns that no two rows share");
    check_wrong("{\"table\": \"sums\", \"topic\": \"p\"}",
                "d.json: outputs[0].topic: \"p\" is the topic that the pipeline's records travel on");
    check_wrong(SUMS ", {\"table\": \"good\", \"topic\": \"t.1\"}",
                "outputs[1].topic: outputs[0] writes \"T.1\" already");
    check_wrong("{\"table\": \"sums\", \"topic\": \"t\", \"key\": \"prise\"}",
                "d.json: outputs[0].key: there is no column \"prise\" in \"sums\"; did you mean \"price\"?");
    check_wrong("{\"table\": \"sums\", \"topic\": \"t\", \"column\": \"n\"}", "did you mean \"columns\"?");
    check_wrong("{\"table\": \"quarantine\", \"topic\": \"t\", \"key\": \"file\"}", "outputs[0].key: unknown key");
    check_wrong("{\"table\": \"sums\", \"topic\": \"a b\"}", "\"a b\" is no topic");
}
