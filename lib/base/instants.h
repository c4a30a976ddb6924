/* instants.h - when things came once: a recorded arrival trace.
 *
 *     # seconds from the first arrival
 *     0
 *     0.0021
 *     0.0021
 *     1.5
 *
 * One number a line, ascending; blank lines and lines that start with # are skipped. Seconds, up to nine decimals. */
#ifndef MILLRACE_BASE_INSTANTS_H
#define MILLRACE_BASE_INSTANTS_H

#include <stdint.h>

#include "lib/base/err.h"

struct instants {
    int64_t *ns; /* owned; from the first one, which is 0 */
    int64_t count;
};

/* At most `max` of them (0: all). ERR_INVALID names file and line, or says that there are no two different instants;
 * ERR_NOTFOUND or ERR_IO: a file that cannot be read. *t need not be released then. */
int instants_read(struct instants *t, const char *path, int64_t max, struct err_text *error);
/* Writes such a file. ERR_IO. */
int instants_write(const struct instants *t, const char *path, struct err_text *error);
void instants_release(struct instants *t);

#endif
