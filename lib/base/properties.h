/* properties.h - Java-style .properties text: what server.properties is written in.
 *
 * `key=value`, `key: value`, `key value`; comments start with # or !; a trailing backslash continues
 * a line; \t \n \r \f \\ \uXXXX escapes. Source: java.util.Properties.load. Each entry remembers its
 * line, so that a wrong value can be reported as FILE:LINE. */
#ifndef MILLRACE_BASE_PROPERTIES_H
#define MILLRACE_BASE_PROPERTIES_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct property {
    char *key, *value;
    char *origin; /* "server.properties" or "-o" */
    int line;     /* 1-based; 0 for the command line */
};

struct properties {
    struct property *items;
    int count;
};

/* Adds the entries of `text`; a key that is there already is replaced. `origin` names it in errors. */
int properties_parse(struct properties *p, struct slice text, const char *origin, struct err_text *error);
void properties_set(struct properties *p, const char *key, const char *value, const char *origin, int line);
const struct property *properties_find(const struct properties *p, const char *key);
/* Key=value lines with the escapes that java.util.Properties.store writes, in the order of `items`. */
void properties_write(const struct properties *p, struct buf *out);
void properties_release(struct properties *p);

#endif
