/* split.h - from a record to its fields: the first half of the row parser, the same for all formats.
 *
 *     struct splitter s;
 *     splitter_open(&s, feed);
 *     if (splitter_split(&s, record, arena)) ... the column c is read from s.fields[s.layout.fields[c]]
 *
 * Serves one feed and one thread. */
#ifndef MILLRACE_ETL_SOURCE_SPLIT_H
#define MILLRACE_ETL_SOURCE_SPLIT_H

#include "etl/row.h"
#include "etl/source/layout.h"

struct splitter {
    const struct feed *feed;
    const struct source_spec *spec;
    struct slice *fields; /* of the record that was split last; p is NULL for what it does not have */
    int field_count;
    struct layout layout;
    struct slice
        wrong;   /* p is never NULL; what is wrong with a malformed record, where the format can tell; else empty */
    bool drifts; /* `wrong` is what the source's "drift" ends a run for */
    /* csv */
    struct buf layout_text; /* what `layout` was made of: files have many records */
    bool layout_good;
    /* xml */
    struct xml_splitter *xml;
};

void splitter_open(struct splitter *s, const struct feed *feed);
void splitter_close(struct splitter *s);
/* False when the record does not fit the format. Fields point into the record or the arena. */
bool splitter_split(struct splitter *s, const struct record *record, struct arena *arena);

/* For the formats: escapes can stand for any bytes; whether what they gave is text (UTF-8) again. */
bool splitter_fields_are_text(const struct splitter *s);
/* For the formats: says what is wrong with a record, and at which of its bytes; false, always. */
bool splitter_wrong(struct splitter *s, struct arena *arena, size_t at, const char *wrong);
/* The same without a place, in the words of printf. */
bool splitter_refuse(struct splitter *s, struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Likewise: it fits the format, and is another than was declared. */
bool splitter_drifts(struct splitter *s, const char *what);
/* Escapes in this record stand for bytes that are no text. */
bool splitter_escapes_wrong(struct splitter *s, struct arena *arena);

#endif
