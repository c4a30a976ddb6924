/* ledger.h - what a load mode has loaded, in the warehouse itself and in its transactions.
 *
 *     millrace_files(id, source, file, bytes, digest, next, seen, waits, skipped, watermark)
 *         the file as it was when it was read: `bytes` of it, with this digest. Records that begin before `next` are
 *         loaded for good, those from there to before `seen` as long as the file has not grown (source_tentative).
 *         `waits`: a last line was left for the next run. `skipped`: nothing of it is loaded, it is a copy of this one.
 *     millrace_kept(file, byte_offset, line, number, layout, raw, key)
 *         the records of sources that change: what is to be taken back when another one comes instead
 *     millrace_replaced(file, byte_offset, former, former_offset, line, number, layout, raw)
 *         what a record from `next` on has replaced by its key, a record of the file `former`: it comes again when that
 *         one turns out to be another */
#ifndef MILLRACE_ETL_BATCH_LEDGER_H
#define MILLRACE_ETL_BATCH_LEDGER_H

#include <sqlite3.h>

#include "etl/row.h"
#include "etl/source/source.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct ledger;

struct ledger_file {
    int64_t id; /* 0: not in there */
    const char *name;
    char digest[65];
    uint64_t bytes, next, seen;
    bool waits, skipped;
    const char *same_as; /* of a skipped one */
    struct watermark watermark;
};

/* Makes the tables when they are not there; inside a write transaction. */
int ledger_open(sqlite3 *db, struct ledger **out, struct err_text *error);
void ledger_close(struct ledger *l); /* NULL is allowed */

/* All files of a source in byte order of their names; names live in the arena. */
int ledger_files(struct ledger *l, const char *source, struct arena *arena, struct ledger_file **out, int *count,
                 struct err_text *error);
/* Inserts or replaces the row of a file; sets f->id. */
int ledger_write(struct ledger *l, const char *source, struct ledger_file *f, struct err_text *error);

/* Keeps a record, in place of what was kept at its position. `key` may be NULL. */
int ledger_keep(struct ledger *l, int64_t file, const struct record *record, const uint8_t key[16],
                struct err_text *error);
/* 1: *out is what is kept at a position, in the arena, but for file and feed; 0: nothing. */
int ledger_kept(struct ledger *l, int64_t file, uint64_t byte_offset, struct arena *arena, struct record *out,
                struct err_text *error);
/* The same by its key, with the file's name and *file. */
int ledger_keyed(struct ledger *l, const uint8_t key[16], struct arena *arena, struct record *out, int64_t *file,
                 struct err_text *error);
/* The next position behind `after` at which something is kept: 1, or 0. `after` may be -1. */
int ledger_kept_after(struct ledger *l, int64_t file, int64_t after, uint64_t *byte_offset, struct err_text *error);
int ledger_drop(struct ledger *l, int64_t file, uint64_t byte_offset, struct err_text *error);

/* The record at this position replaced `former`, of that file. */
int ledger_replace(struct ledger *l, int64_t file, uint64_t byte_offset, int64_t former_file,
                   const struct record *former, struct err_text *error);
/* As ledger_keyed: what it replaced. */
int ledger_replaced(struct ledger *l, int64_t file, uint64_t byte_offset, struct arena *arena, struct record *out,
                    int64_t *former_file, struct err_text *error);
/* Of positions from `from` to before `to`. */
int ledger_replaced_forget(struct ledger *l, int64_t file, uint64_t from, uint64_t to, struct err_text *error);

#endif
