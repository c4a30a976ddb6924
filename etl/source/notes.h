/* notes.h - what a run says about files that it has read: no errors, but likely not what the definition means.
 *
 *     source_notes_new -> { source_notes_take at the end of each file }... -> source_notes_say -> source_notes_free
 *
 * - columns whose path led to nothing in any record of a file (absence.h);
 * - text that is UTF-8 wherever it is not ASCII, in a file that is declared to have one byte a character: read as
 *   declared it would be letters that nobody wrote;
 * - connections of a capture that have no HTTP/1.x, and bytes that it lacks;
 * - a last line of a CSV or log that has no end, unlike those before it: 2999. is a number as much as 2999.50 is.
 *
 * Each is one line, however many files it is about. */
#ifndef MILLRACE_ETL_SOURCE_NOTES_H
#define MILLRACE_ETL_SOURCE_NOTES_H

#include "etl/source/source.h"

struct source_notes;

struct source_notes *source_notes_new(const struct definition *d); /* keeps a reference to it */
void source_notes_free(struct source_notes *n);                    /* NULL is allowed */
/* After source_next has given 0; may be called for the files of all sources, in any order. */
void source_notes_take(struct source_notes *n, const struct source_reader *r);
/* Appends "TITLE: ...\n" for each. */
void source_notes_print(const struct source_notes *n, const char *title, struct buf *out);
/* The same on standard error. */
void source_notes_say(const struct source_notes *n, const char *title);

#endif
