/* reading.h - the files of a full refresh, read, parsed and judged by a thread of their own.
 *
 *     reading_start -> { reading_next }... until 0 or negative -> reading_stop
 *
 * What comes is in the order of the definition's sources, of the names of their files, of their records: a run that is
 * read ahead fails at the same record as one that is not. A reader keeps to itself: its errors come behind the records
 * before them.
 *
 * Memory: READING_PAGES pages of READING_ROWS records, fewer when they are large: a page is full, too, with the record
 * that makes it READING_BYTES. */
#ifndef MILLRACE_ETL_BATCH_READING_H
#define MILLRACE_ETL_BATCH_READING_H

#include "etl/engine.h"
#include "etl/source/notes.h"
#include "etl/source/source.h"

enum { READING_PAGES = 32, READING_ROWS = 64, READING_BYTES = 1 << 17 };

struct reading;

/* A stretch of one file, valid until the next call; each file has a last one, which may be empty. */
struct reading_page {
    const struct source_list *list;
    const struct source_file *file;
    bool begins, ends; /* the file */
    struct judged *rows[READING_ROWS];
    int count;
};

/* The engine is a fresh one. Its engine_judge belongs to the reading until reading_stop, and so do lists and notes. */
struct reading *reading_start(const struct source_lists *lists, const char *dir, struct engine *engine,
                              struct source_notes *notes);
/* 1: *page is the next one; 0: there are no more; negative: `error` is that of source_open or source_next. */
int reading_next(struct reading *r, const struct reading_page **page, struct err_text *error);
void reading_stop(struct reading *r); /* at any time */

#endif
