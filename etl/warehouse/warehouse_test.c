#include "etl/warehouse/warehouse.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "etl/warehouse/truth.h"
#include "tests/unit.h"

/* What a command printed. */
static struct buf printed;

static sqlite3 *database(const char *statements)
{
    sqlite3 *db;
    char *message = NULL;
    sqlite3_open(":memory:", &db);
    if (sqlite3_exec(db, statements, NULL, NULL, &message) != SQLITE_OK) unit_fail("%s: %s", statements, message);
    return db;
}

static void printed_take(char *text, size_t size)
{
    buf_reset(&printed);
    buf_append(&printed, text, size);
    buf_cstr(&printed);
    free(text);
}

static const char *digest(const char *statements)
{
    char *text;
    size_t size;
    struct err_text error = {{0}};
    sqlite3 *db = database(statements);
    FILE *out = open_memstream(&text, &size);
    check_int(warehouse_digest(db, out, &error), 0);
    fclose(out);
    printed_take(text, size);
    sqlite3_close(db);
    return (const char *)printed.p;
}

static int compare(const char *a, const char *b)
{
    char *text;
    size_t size;
    struct err_text error = {{0}};
    sqlite3 *left = database(a), *right = database(b);
    FILE *out = open_memstream(&text, &size);
    int result = warehouse_compare(left, right, out, &error);
    fclose(out);
    printed_take(text, size);
    sqlite3_close(left);
    sqlite3_close(right);
    return result;
}

/* The digest is a promise to others: these bytes were hashed by another program. */
TEST(warehouse, digest_known_answer)
{
    /* "a" 00 "b" 00, then i 0000000000000001 "1", t 0000000000000001 "x" */
    check_str(digest("CREATE TABLE t(b, a); INSERT INTO t VALUES('x', 1)"),
              "t\t1\t0a625d9aa8f2996a3fd3a4cf03db3054dd5aed0a04a639d5e42341915514f529\n");
}

TEST(warehouse, digest_is_of_rows_not_of_their_order)
{
    char first[256];
    snprintf(first, sizeof first, "%s", digest("CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 2), (0, NULL), (1, 2)"));
    check_str(digest("CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 2), (1, 2), (0, NULL)"), first);
    check(strcmp(digest("CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 2), (0, NULL)"), first) != 0);
    check(strcmp(digest("CREATE TABLE t(a, b); INSERT INTO t VALUES(1, '2'), (1, 2), (0, NULL)"), first) != 0);
    check(strcmp(digest("CREATE TABLE t(a, c); INSERT INTO t VALUES(1, 2), (1, 2), (0, NULL)"), first) != 0);
}

TEST(warehouse, digest_leaves_internal_tables_views_and_runs_out)
{
    char first[256];
    snprintf(first, sizeof first, "%s",
             digest("CREATE TABLE quarantine(run, file); INSERT INTO quarantine VALUES(1, 'f')"));
    check_str(digest("CREATE TABLE millrace_x(a); CREATE VIEW v AS SELECT 1; CREATE TABLE quarantine(run, file);"
                     "INSERT INTO quarantine VALUES(7, 'f')"),
              first);
    check(strstr(first, "quarantine\t1\t") == first);
}

TEST(warehouse, compare_names_what_differs)
{
    check_int(
        compare("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2)", "CREATE TABLE t(a); INSERT INTO t VALUES(2), (1)"),
        0);
    check_str((const char *)printed.p, "");
    check_int(compare("CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 'x'), (2, 'y')",
                      "CREATE TABLE t(a, b); INSERT INTO t VALUES(2, 'y'), (3, NULL), (3, NULL)"),
              1);
    check_str((const char *)printed.p, "t: only in A: (a=1, b='x')\n"
                                       "t: only in B: (a=3, b=NULL)\n"
                                       "t: only in B: (a=3, b=NULL)\n"
                                       "t: 1 rows only in A, 2 only in B\n");
    check_int(compare("CREATE TABLE t(a)", "CREATE TABLE t(a); CREATE TABLE u(a)"), 1);
    check_str((const char *)printed.p, "u: only in B\n");
    check_int(compare("CREATE TABLE t(a)", "CREATE TABLE t(b)"), 1);
    check_int(compare("CREATE TABLE t(a); INSERT INTO t VALUES(1)", "CREATE TABLE t(a); INSERT INTO t VALUES('1')"), 1);
}

/* --- check, on a folder of its own --- */

static char folder[64];

static void file_write(const char *name, const char *content)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    check(f != NULL);
    fputs(content, f);
    fclose(f);
}

static void folder_make(void)
{
    snprintf(folder, sizeof folder, "%s/millrace-truth-XXXXXX", P_tmpdir);
    check(mkdtemp(folder) != NULL);
}

static void folder_remove(void)
{
    struct dirent *entry;
    char path[400];
    DIR *d = opendir(folder);
    while ((entry = readdir(d))) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(d);
    rmdir(folder);
}

static int checked(const char *statements)
{
    char *text;
    size_t size;
    struct err_text error = {{0}};
    sqlite3 *db = database(statements);
    FILE *out = open_memstream(&text, &size);
    int result = warehouse_check(db, folder, out, &error);
    fclose(out);
    printed_take(text, size);
    sqlite3_close(db);
    return result;
}

TEST(warehouse, check_compares_cells_as_text_and_rows_as_a_multiset)
{
    folder_make();
    file_write("daily.csv",
               "day,revenue,first_description\r\n2024-01-02,\"1,000.50\",whatever\r\n2024-01-01,,\"a \"\"b\"\"\"\r\n");
    file_write("malformed_lines.csv", "not,compared\n1,2\n");
    file_write(
        "summary.json",
        "{\"source\": \"not compared\", \"rows\": 2, \"skipped\": [[\"b\", \"same\"], []], \"by\": {\"x\": \"y\"}}");
    const char *good =
        "CREATE TABLE daily(day, revenue); INSERT INTO daily VALUES('2024-01-01', NULL), ('2024-01-02', '1,000.50');"
        "CREATE TABLE summary(key, value); INSERT INTO summary VALUES('by.x', 'y'), ('rows', 2), "
        "('skipped.0.0', 'b'), ('skipped.0.1', 'same')";
    check_int(checked(good), 0);
    check_str((const char *)printed.p, "equal      daily.csv: 2 rows\nequal      summary.json: 4 rows\n");
    char bad[1024];
    snprintf(bad, sizeof bad,
             "%s; UPDATE summary SET value = 3 WHERE key = 'rows'; INSERT INTO daily SELECT * FROM daily", good);
    check_int(checked(bad), 1);
    check(strstr((const char *)printed.p,
                 "DIFFERENT  daily.csv: 0 rows missing in the warehouse, 2 rows not in the truth") != NULL);
    check(strstr((const char *)printed.p, "missing in the warehouse: (rows, 2)") != NULL);
    check(strstr((const char *)printed.p, "not in the truth: (rows, 3)") != NULL);
    folder_remove();
}

TEST(warehouse, check_names_missing_tables_and_columns)
{
    folder_make();
    file_write("a.csv", "x,y\n1,2\n");
    check_int(checked("CREATE TABLE b(x)"), 1);
    check_str((const char *)printed.p, "DIFFERENT  a.csv: the warehouse has no table or view a\n");
    check_int(checked("CREATE TABLE a(x, z)"), 1);
    check_str((const char *)printed.p, "DIFFERENT  a.csv: the truth has no column z\n"
                                       "DIFFERENT  a.csv: the warehouse has no column a.y\n");
    file_write("a.csv", "x,y\n1,2,3\n");
    check_int(checked("CREATE TABLE a(x, y)"), ERR_INVALID);
    folder_remove();
    check(checked("CREATE TABLE a(x, y)") < 0);
}

TEST(warehouse, open_refuses_what_is_no_database)
{
    struct err_text error = {{0}};
    sqlite3 *db;
    char path[128];
    folder_make();
    snprintf(path, sizeof path, "%s/none.db", folder);
    check(warehouse_open(path, &db, &error) < 0);
    check(strstr(error.text, "none.db") != NULL);
    file_write("none.db", "this is text, longer than the sixteen bytes that a database begins with");
    error.text[0] = 0;
    check(warehouse_open(path, &db, &error) < 0);
    check(strstr(error.text, "not a database") != NULL);
    check(db == NULL);
    folder_remove();
}
