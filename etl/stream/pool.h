/* pool.h - all records of a folder at once, to be published in any order.
 *
 *     pool_fill ... -> pool_shuffle -> records[0 .. count) -> pool_release
 *
 * A pool holds a copy of every record, at about a hundred bytes more for each: its memory grows with the folder. */
#ifndef MILLRACE_ETL_STREAM_POOL_H
#define MILLRACE_ETL_STREAM_POOL_H

#include "etl/source/notes.h"

struct pool {
    struct record *records;
    size_t count, capacity;
    struct arena arena; /* of the records' bytes */
};

/* Adds all files of a source, and what is to be said about them unless `notes` is NULL. Release the pool also after an
 * error. */
int pool_fill(struct pool *p, const char *dir, const struct source_list *list, struct source_notes *notes,
              struct err_text *error);
void pool_release(struct pool *p);

/* Any order; the same seed gives the same one. */
void pool_shuffle(struct pool *p, uint64_t seed);

#endif
