/* xml_rest.h - what is in an element and no path leads to.
 *
 *     <p id="7" new="x"><maker since="1960"><name>A</name></maker><tag>a</tag><tag>b</tag></p>      paths: @id,
 * maker/name
 *
 *     {"@new": "x", "maker/@since": "1960", "tag": "a", "tag[2]": "b"}
 *
 * Each is named by the path that would read it. An attribute; an element that is a text, or empty; of an element with
 * others in it, or with attributes, its text when there is some beside them. What is inside of an element whose text is
 * wanted is read, but for its attributes; further elements with the name of one that is wanted are not looked at.
 * Declarations of name spaces are about names. Inside etl/source only; xml_capture.h tells it what goes by. */
#ifndef MILLRACE_ETL_SOURCE_XML_REST_H
#define MILLRACE_ETL_SOURCE_XML_REST_H

#include <stdbool.h>

#include "lib/base/bytes.h"

struct xml_rest;

/* What paths say of an element that begins. */
enum xml_part {
    XML_PART_READ,   /* nobody asks what is in it: it is wanted, or another one of its name is */
    XML_PART_WANTED, /* its text is read, and so is what is in it, but for its attributes */
    XML_PART_WAY,    /* paths lead into it */
    XML_PART_NEW,    /* no path begins with it */
};

/* `keeps`: collects what it finds; otherwise only the first is named. `trim` takes white space off the ends of texts.
 */
struct xml_rest *xml_rest_new(bool keeps, bool trim);
void xml_rest_free(struct xml_rest *r); /* NULL is allowed */
void xml_rest_reset(struct xml_rest *r);
/* What is inside of a new element is new, inside of one that is read it is read: `part` does not count there. `name`:
 * as a path has it; a new one is numbered here. */
void xml_rest_start(struct xml_rest *r, const char *name, enum xml_part part);
/* Of the element that has just begun; `read`: a path leads to it. */
void xml_rest_attribute(struct xml_rest *r, const char *name, const char *value, bool read);
void xml_rest_text(struct xml_rest *r, const char *text, size_t n);
void xml_rest_end(struct xml_rest *r);
/* `element "maker/vip"`, the first that was found; NULL: none. */
const char *xml_rest_first(const struct xml_rest *r);
/* The JSON object; p is NULL when there is nothing. Lives until the next reset. */
struct slice xml_rest_give(struct xml_rest *r);

#endif
