/* xml_capture.h - which values of an element are wanted, and getting them as its parts go by.
 *
 *     xml_capture_reset, then for the element and everything in it: _start, _text, _end; then _give
 *
 * A compiled set of paths (xml_text.h has their language) is immutable and may be shared by threads. */
#ifndef MILLRACE_ETL_SOURCE_XML_CAPTURE_H
#define MILLRACE_ETL_SOURCE_XML_CAPTURE_H

#include <stdbool.h>

#include "lib/base/bytes.h"

enum { XML_DEPTH_MAX = 128 };

struct xml_paths;

struct xml_paths *xml_paths_new(struct arena *arena);
/* Adds a path; its number is the count of those added before. NULL, or what is wrong with the text. */
const char *xml_paths_add(struct xml_paths *paths, const char *text);
/* The next number belongs to a value that stands elsewhere: nothing is given for it. */
void xml_paths_skip(struct xml_paths *paths);

/* The next number belongs to what is there and no path leads to, as a JSON object (xml_rest.h); `trim` as in
 * xml_capture_give. */
void xml_paths_rest(struct xml_paths *paths, bool trim);
/* A record that has something of this kind fails (xml_capture_new_part). */
void xml_paths_strict(struct xml_paths *paths);

struct xml_capture;

struct xml_capture *xml_capture_new(const struct xml_paths *paths);
void xml_capture_free(struct xml_capture *c); /* NULL is allowed */
void xml_capture_reset(struct xml_capture *c);
/* As expat tells it; false: too many elements inside each other. */
bool xml_capture_start(struct xml_capture *c, const char *name, const char **attributes);
void xml_capture_text(struct xml_capture *c, const char *text, int n);
void xml_capture_end(struct xml_capture *c);
/* Each of these paths (a bit per number, of the first 64) has its value, whole, or can have none: nothing that comes
 * can change it. */
bool xml_capture_is_settled(const struct xml_capture *c, uint64_t fields);
/* Of strict paths: `element "maker/vip"`, `attribute "@x"`, the first that no path leads to; NULL: there is none. */
const char *xml_capture_new_part(const struct xml_capture *c);
/* The text of each path by its number, in the arena, UTF-8; p is NULL for what is not there. `trim` takes white space
 * (line ends too) off the ends of elements' texts. */
void xml_capture_give(const struct xml_capture *c, bool trim, struct arena *arena, struct slice *fields);

#endif
