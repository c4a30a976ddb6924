/* access_log.h - one line of a web server's log, by a declared layout.
 *
 * A layout is text with fields in braces; the text must stand in the line as it is:
 *
 *     {client} {ident} {user} [{time}] "{request}" {status} {bytes} "{referer}" "{agent}"
 *
 *     "{x}"   quoted: everything to the next quote that no backslash protects; may be empty
 *     "{x+}"  the same, but to the last quote with which the rest of the line still fits
 *     [{x}]   everything to the next ]
 *     {x}     otherwise: one or more bytes without a blank, to the next blank or to the first place before it
 *             where the text behind the field stands
 *     {x+}    the same, but to the last such place: {site+}:{port}, for a host with colons
 *     {x>}    like {x}, with any number of blanks ahead of it: a column that is padded to the right
 *     {x*}    everything, blanks too, to the first place where the text behind the field stands; may be empty. At the
 *             layout's end: the rest of the line
 *     {{      a brace in the line
 *
 * The whole line must fit. The fields `status` (three digits) and `bytes` (digits or -) are checked, and
 * `request` gives three more: method, target and protocol, absent when it is not `METHOD TARGET HTTP/x[.y]`. */
#ifndef MILLRACE_ETL_SOURCE_ACCESS_LOG_H
#define MILLRACE_ETL_SOURCE_ACCESS_LOG_H

#include <stdbool.h>

#include "etl/document.h"
#include "lib/base/bytes.h"

enum { LOG_FIELDS_MAX = 32 };

struct log_layout;

/* Compiles the layout in `n`: a name (common, combined, ...) or a text with braces. Failures go to the
 * document; the result is then NULL. */
const struct log_layout *log_layout_read(struct node n);
/* The same from a text with braces that `n` stands for, in other words perhaps. */
const struct log_layout *log_layout_of(struct node n, const char *text);
/* Field names in the order of their indexes, those made of the request last; ends with NULL. */
const char *const *log_layout_fields(const struct log_layout *layout);

/* Splits a line; fields[i] belongs to name i, p is NULL where method, target and protocol are absent.
 * `decode` replaces backslash escapes in quoted fields. False when the line does not fit. */
bool log_split(const struct log_layout *layout, struct slice line, bool decode, struct arena *arena,
               struct slice *fields);
/* Of a line that does not fit: the furthest byte to which it does, and what must stand there. In the arena. */
const char *log_wrong(const struct log_layout *layout, struct slice line, struct arena *arena);

#endif
