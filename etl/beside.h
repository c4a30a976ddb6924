/* beside.h - a file that stands beside a definition and is a part of it: a list of values, a table that maps them.
 *
 *     struct buf text = {0};
 *     if (beside_read(node_member(n, "file"), &text)) ...
 *     buf_release(&text);
 *
 * Its name is relative to the folder of the definition. Its bytes go into the definition's digest, so that a stream
 * notices when they change. */
#ifndef MILLRACE_ETL_BESIDE_H
#define MILLRACE_ETL_BESIDE_H

#include "etl/document.h"

enum { BESIDE_BYTES_MAX = 64 << 20 };

/* Reads the file that `n` names: UTF-8, without a byte order mark. False after a failure, which names the file (a
 * missing or unreadable one, one that is not UTF-8, one larger than BESIDE_BYTES_MAX). */
bool beside_read(struct node n, struct buf *out);

/* The next line of *rest, without LF or CRLF; *number counts from 0 and is the line's own afterwards. False at the end.
 */
bool beside_line(struct slice *rest, struct slice *line, int *number);

#endif
