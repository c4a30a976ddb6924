/* xml_text.h - one element of an XML file becomes fields; and what reader and row parser share of XML.
 *
 *     <product id="7"><name>Oil</name><price currency="EUR">9.90</price><tag>a</tag><tag>b</tag></product>
 *
 *     @id  -> 7      name -> Oil      price/@currency -> EUR      tag -> a      tag[2] -> b      . -> Oil9.90ab
 *
 * A path gives the text of an element with that of the elements inside it, or an attribute; of several elements with
 * one name the first, unless a number (from 1) or a condition on its attributes asks for another. Names are taken as
 * written: a prefix belongs to them.
 *
 * An element is read alone, far from its file, so what its bytes need of the file travels with it as the record's
 * layout: the encoding and, when the file declares entities, their declarations.
 *
 *     "windows-1252"        "utf-8\n<!ENTITY co \"ACME &#38; Co\">"
 *
 * Sources: XML 1.0, fifth edition; expat.h. Entities are bounded by expat itself (amplification) and by us. */
#ifndef MILLRACE_ETL_SOURCE_XML_TEXT_H
#define MILLRACE_ETL_SOURCE_XML_TEXT_H

#ifndef XML_DTD
#define XML_DTD /* Debian's library is built with it; the header then declares what bounds entities */
#endif
#include <expat.h>
#include <stdbool.h>

#include "etl/source/xml_capture.h"

enum { XML_ENTITIES_BYTES_MAX = 4096 };

/* --- one element --- */

struct xml_splitter; /* serves one thread */

struct xml_splitter *xml_splitter_new(const struct xml_paths *paths);
void xml_splitter_free(struct xml_splitter *x); /* NULL is allowed */
/* Of the element that was split last: xml_capture_new_part (xml_capture.h). */
const char *xml_splitter_new_part(const struct xml_splitter *x);
/* The text of each path of one element, in the arena, UTF-8; p is NULL for what is not there. `trim` takes white space
 * (line ends too) off the ends of elements' texts. NULL, or what is wrong with the element or the layout, and at which
 * byte of the element. */
const char *xml_split(struct xml_splitter *x, struct slice element, struct slice layout, bool trim, struct arena *arena,
                      struct slice *fields, size_t *at);

/* --- for both --- */

/* A parser for an encoding: NULL is the one that the file declares. It knows those of encoding.h besides expat's
 * own (UTF-8, UTF-16, ISO-8859-1, US-ASCII), and is bounded against entities that multiply. */
XML_Parser xml_parser_new(const char *encoding);
void xml_parser_bound(XML_Parser parser); /* after XML_ParserReset, which forgets it */

#endif
