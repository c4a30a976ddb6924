/* The digest of a table: SHA-256 over
 *
 *     each column name, NUL                                    (columns in byte order of their names)
 *     each row: each value: type byte, length as 8 bytes big-endian, bytes
 *
 * type: 'n' NULL (length 0), 'i' integer and 'f' float (their text), 't' text, 'b' bytes. */
#include <string.h>

#include "etl/sink/sql.h"
#include "etl/warehouse/warehouse.h"
#include "lib/base/checksum.h"

static void value_encode(sqlite3_stmt *s, int i, struct buf *out)
{
    static const char letters[] = {
        [SQLITE_NULL] = 'n', [SQLITE_INTEGER] = 'i', [SQLITE_FLOAT] = 'f', [SQLITE_TEXT] = 't', [SQLITE_BLOB] = 'b'};
    int type = sqlite3_column_type(s, i);
    const void *p = type == SQLITE_BLOB ? sqlite3_column_blob(s, i) : sqlite3_column_text(s, i);
    size_t n = (size_t)sqlite3_column_bytes(s, i);
    buf_append_byte(out, (uint8_t)letters[type]);
    buf_put_u64(out, n);
    if (n) buf_append(out, p, n);
}

static int table_digest(sqlite3 *db, const char *table, FILE *out, struct err_text *error)
{
    sqlite3_stmt *s;
    int result = warehouse_rows(db, table, &s, error);
    if (result < 0) return result;
    struct sha256 *sum = sha256_new();
    struct buf row = {0};
    uint64_t rows = 0;
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        const char *name = sqlite3_column_name(s, i);
        sha256_update(sum, name, strlen(name) + 1);
    }
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        buf_reset(&row);
        for (int i = 0; i < sqlite3_column_count(s); i++) value_encode(s, i, &row);
        sha256_update(sum, row.p, row.n);
        rows++;
    }
    char hex[65];
    sha256_take_hex(sum, hex);
    if (code == SQLITE_DONE)
        fprintf(out, "%s\t%llu\t%s\n", table, (unsigned long long)rows, hex);
    else
        result = sql_fail(db, error, table);
    buf_release(&row);
    sqlite3_finalize(s);
    return result;
}

int warehouse_digest(sqlite3 *db, FILE *out, struct err_text *error)
{
    struct warehouse_tables tables;
    int result = warehouse_tables_init(&tables, db, error);
    for (int i = 0; i < tables.count && result == 0; i++) result = table_digest(db, tables.names[i], out, error);
    warehouse_tables_release(&tables);
    return result;
}
