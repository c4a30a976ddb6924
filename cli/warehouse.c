/* warehouse.c - `millrace warehouse digest|compare|check`: what is in a warehouse, and is it right? */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/unknown.h"
#include "etl/warehouse/warehouse.h"

static int usage(FILE *to)
{
    fputs("usage: millrace warehouse digest FILE          TABLE<TAB>ROWS<TAB>SHA256 of each business table\n"
          "       millrace warehouse compare A B          first differing rows of two warehouses\n"
          "       millrace warehouse check FILE TRUTHDIR  tables and views against the CSV files of a folder\n"
          "\n"
          "Exit status: 0 equal or done, 1 different, 2 usage or I/O.\n",
          to);
    return to == stdout ? 0 : 2;
}

static int digest(const char *file, struct err_text *error)
{
    sqlite3 *db;
    int result = warehouse_open(file, &db, error);
    if (result == 0) result = warehouse_digest(db, stdout, error);
    sqlite3_close(db);
    return result;
}

static int compare(const char *file_a, const char *file_b, struct err_text *error)
{
    sqlite3 *a, *b = NULL;
    int result = warehouse_open(file_a, &a, error);
    if (result == 0) result = warehouse_open(file_b, &b, error);
    if (result == 0) result = warehouse_compare(a, b, stdout, error);
    if (result == 0) printf("equal: %s and %s\n", file_a, file_b);
    sqlite3_close(a);
    sqlite3_close(b);
    return result;
}

static int check(const char *file, const char *truth, struct err_text *error)
{
    sqlite3 *db;
    int result = warehouse_open(file, &db, error);
    if (result == 0) result = warehouse_check(db, truth, stdout, error);
    sqlite3_close(db);
    return result;
}

static bool verb_known(const char *verb)
{
    return strcmp(verb, "digest") == 0 || strcmp(verb, "compare") == 0 || strcmp(verb, "check") == 0;
}

int cli_warehouse(int argc, char **argv)
{
    struct err_text error = {0};
    int result;
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) return usage(stdout);
    if (argc == 3 && strcmp(argv[1], "digest") == 0)
        result = digest(argv[2], &error);
    else if (argc == 4 && strcmp(argv[1], "compare") == 0)
        result = compare(argv[2], argv[3], &error);
    else if (argc == 4 && strcmp(argv[1], "check") == 0)
        result = check(argv[2], argv[3], &error);
    else
        return argc >= 2 && !verb_known(argv[1]) ? cli_unknown("warehouse", argv[1], usage) : usage(stderr);
    if (result < 0) fprintf(stderr, "millrace warehouse %s: %s\n", argv[1], error.text);
    return result < 0 ? 2 : result;
}
