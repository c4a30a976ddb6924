#include "etl/sink/keys.h"

#include "etl/sink/schema.h"
#include "tests/unit.h"

#define DEFINITION(customer_key, order_keys)                                                                           \
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"columns\": ["          \
    "{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"who\", \"type\": \"text\"},"                              \
    "{\"name\": \"price\", \"type\": \"decimal\", \"scale\": 2}]}, \"tables\": ["                                      \
    "{\"name\": \"orders\", \"columns\": [\"id\", \"who\", \"price\"]" order_keys "}, "                                \
    "{\"name\": \"customers\", \"columns\": [\"who\", \"price\"]" customer_key "}]}"
#define CUSTOMERS ", \"primary_key\": \"who\""
#define ORDERS                                                                                                         \
    ", \"primary_key\": [\"id\", \"price\"], \"foreign_keys\": [{\"columns\": \"who\", \"references\": "               \
    "\"customers(who)\"}]"

static sqlite3 *db;
static struct err_text said;

/* What keys_settle says of the tables after these statements. */
static int settled(const char *statements)
{
    struct definition *d;
    said = (struct err_text){{0}};
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(definition_parse(slice_str(DEFINITION(CUSTOMERS, ORDERS)), "d.json", &d, &said), 0);
    check(keys_declared(d));
    if (schema_prepare(d, db, ENGINE_LIVE, &said) != 0 || keys_relax(d, db, &said) != 0) unit_fail("%s", said.text);
    if (sqlite3_exec(db, statements, NULL, NULL, NULL) != SQLITE_OK) unit_fail("%s", sqlite3_errmsg(db));
    int result = keys_settle(d, db, &said);
    definition_free(d);
    return result;
}

static int64_t number(const char *sql)
{
    sqlite3_stmt *s;
    check_int(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    check_int(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void check_broken(const char *statements, const char *sentence)
{
    check_int(settled(statements), KEYS_BROKEN);
    if (!strstr(said.text, sentence)) unit_fail("\"%s\" is not in \"%s\"", sentence, said.text);
    sqlite3_close(db);
}

#define C "INSERT INTO customers VALUES('a', 1, 'f', 1), ('b', 2, 'f', 2);"
TEST(keys, what_holds_is_seen_by_sqlite)
{
    if (settled(C "INSERT INTO orders VALUES(1, 'a', 5, 'f', 1), (1, NULL, 6, 'f', 2)") != 0)
        unit_fail("%s", said.text);
    check_int(number("SELECT count(*) FROM pragma_foreign_key_list('orders') WHERE \"table\" = 'customers' AND "
                     "\"from\" = 'who' AND \"to\" = 'who'"),
              1);
    check_int(
        number("SELECT count(*) FROM pragma_index_list('orders') WHERE name = 'orders_primary_key' AND \"unique\""), 1);
    check_int(number("SELECT count(*) FROM (SELECT * FROM pragma_foreign_key_check())"), 0);
    check(sqlite3_exec(db, "PRAGMA foreign_keys = ON; INSERT INTO orders VALUES(9, 'nobody', 5, 'f', 1)", NULL, NULL,
                       NULL) == SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

TEST(keys, what_does_not_hold_is_named_with_an_example)
{
    check_broken(
        C "INSERT INTO orders VALUES(7, 'a', 250, 'f', 1), (8, 'a', 1, 'f', 3), (7, 'b', 250, 'f', 2)",
        "d.json: tables[0].primary_key: rows of \"orders\" have the same primary key: 2, such as id = 7, price = 2.50");
    check_broken(
        "INSERT INTO customers VALUES('a', 1, 'f', 1), (NULL, 1, 'f', 2)",
        "d.json: tables[1].primary_key: rows of \"customers\" have NULL in their primary key: 1, such as who = NULL");
    check_broken(
        C "INSERT INTO orders VALUES(1, 'a', 5, 'f', 1), (2, 'c', 6, 'f', 2), (3, 'c', 6, 'f', 3)",
        "d.json: tables[0].foreign_keys[0]: rows of \"orders\" refer to no row of \"customers\": 2, such as who = 'c'");
}

/* Before the end, a new version of a row may come before the old one goes. */
TEST(keys, a_stream_is_not_held_to_them_while_it_runs)
{
    check_int(settled("INSERT INTO customers VALUES('a', 1, 'f', 1), ('a', 1, 'f', 2); DELETE FROM customers WHERE "
                      "_byte_offset = 1"),
              0);
    struct definition *d;
    check_int(definition_parse(slice_str(DEFINITION(CUSTOMERS, ORDERS)), "d.json", &d, &said), 0);
    check_int(keys_relax(d, db, &said), 0);
    check_int(sqlite3_exec(db, "INSERT INTO customers VALUES('a', 1, 'f', 3)", NULL, NULL, NULL), SQLITE_OK);
    check_int(keys_settle(d, db, &said), KEYS_BROKEN);
    definition_free(d);
    sqlite3_close(db);
}

static void check_wrong(const char *json, const char *sentence)
{
    struct definition *d;
    struct err_text error = {{0}};
    check_int(definition_parse(slice_str(json), "d.json", &d, &error), ERR_INVALID);
    if (!strstr(error.text, sentence)) unit_fail("\"%s\" is not in \"%s\"", sentence, error.text);
}

TEST(keys, definitions_that_are_wrong)
{
    check_wrong(DEFINITION(", \"primary_key\": [\"wo\"]", ""),
                "d.json: tables[1].primary_key[0]: there is no column \"wo\" here; did you mean \"who\"?");
    check_wrong(DEFINITION(", \"primary_key\": []", ""), "needs at least one column");
    check_wrong(DEFINITION(", \"primary_key\": [\"who\", \"who\"]", ""), "stands twice");
    check_wrong(DEFINITION(CUSTOMERS, ", \"foreign_keys\": [{\"columns\": \"who\", \"references\": \"customer\"}]"),
                "tables[0].foreign_keys[0].references: there is no table \"customer\"; did you mean \"customers\"?");
    check_wrong(DEFINITION(CUSTOMERS, ", \"foreign_keys\": [{\"columns\": \"who\", \"references\": "
                                      "\"customers(price)\"}]"),
                "\"customers(price)\" is no primary key; that of the table is customers(who)");
    check_wrong(DEFINITION("", ", \"foreign_keys\": [{\"columns\": \"who\", \"references\": \"customers\"}]"),
                "declares no primary_key");
    check_wrong(DEFINITION(CUSTOMERS, ", \"foreign_keys\": [{\"columns\": \"id\", \"references\": \"customers\"}]"),
                "column id (integer) can not refer to customers.who (text)");
    check_wrong(DEFINITION(CUSTOMERS, ", \"foreign_keys\": [{\"columns\": [\"id\", \"who\"], \"references\": "
                                      "\"customers\"}]"),
                "has 2 columns, but customers(who) has 1");
}
