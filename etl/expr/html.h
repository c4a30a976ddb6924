/* html.h - text as it stands in HTML, as the text that it stands for.
 *
 *     Caf&eacute; &amp; Bar &#8364;5   ->   Café & Bar €5
 *
 * Once: `&amp;eacute;` becomes `&eacute;`. What is no such name or number, or has no ; behind it, stays. */
#ifndef MILLRACE_ETL_EXPR_HTML_H
#define MILLRACE_ETL_EXPR_HTML_H

#include "lib/base/bytes.h"

enum { HTML_NAME_BYTES_MAX = 12 }; /* with & and ; */

/* Appends; of UTF-8 it makes UTF-8. */
void html_decode(struct slice text, struct buf *out);

#endif
