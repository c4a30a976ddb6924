/* merge.h - the records of all files of a folder in the order of their event times.
 *
 *     merge_open -> { merge_next -> 1 } ... -> 0 -> merge_close
 *
 * A log is written in the order in which things were seen: a record that is older than one before it was late, and is
 * due together with that one; so is one without an event time, or that is rejected (a wrong date must not hold up the
 * rest). So each file is in order of its due times already, and the files are merged: by due time, then source, name of
 * the file and position.
 *
 * A file is open from the first time in it to the last one. Memory is that of the files that overlap, a window
 * of a megabyte each (etl/source/input.h), and does not grow with their records. */
#ifndef MILLRACE_ETL_STREAM_MERGE_H
#define MILLRACE_ETL_STREAM_MERGE_H

#include "etl/source/notes.h"

struct merge;

/* The definition's sources all declare an event time. Reads the first record of each file. What is to be said about a
 * file goes to `notes` when it ends. *out is NULL after an error. */
int merge_open(const char *dir, const struct source_lists *lists, struct source_notes *notes, struct merge **out,
               struct err_text *error);
/* 1: *record is the next one, valid until the next call, and *time_s when it is due; INT64_MIN as long as its file has
 * had no time. 0: that was all. */
int merge_next(struct merge *m, struct record *record, int64_t *time_s, struct err_text *error);
void merge_close(struct merge *m); /* NULL is allowed */

#endif
