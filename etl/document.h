/* document.h - reading a JSON document strictly, with errors that name the file and the key path.
 *
 *     struct document doc = {.file = path, .arena = &arena, .error = error};
 *     struct node root = {&doc, json, ""};
 *     node_keys(root, known);                       an unknown key fails, with the nearest known one
 *     const char *name = node_text(node_member(root, "name"), NULL);
 *     if (doc.failed) ...
 *
 * The document remembers its first failure, so code reads straight down and checks once at the end:
 * after a failure every reader returns its fallback (for required ones "", 0, an absent node) and says no more. */
#ifndef MILLRACE_ETL_DOCUMENT_H
#define MILLRACE_ETL_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct sha256;
struct value_maps;

struct document {
    const char *file;
    struct arena *arena; /* texts and paths live here */
    struct err_text *error;
    bool failed;
    const struct value_maps *maps; /* of the definition, for its expressions (etl/expr/maps.h). May be NULL */
    struct sha256 *digest; /* of the definition; files that belong to it are added (etl/beside.h). May be NULL */
};

struct node {
    struct document *doc;
    json_t *json;     /* NULL: absent */
    const char *path; /* "source.columns[3].type"; "" for the root */
};

/* Records "FILE: PATH: sentence" unless the document has failed already. */
void node_fail(struct node n, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fails unless `n` is an object whose keys are all in `known` (NULL-terminated). The key "comment" is
 * always allowed and never read. */
void node_keys(struct node n, const char *const *known);
bool node_present(struct node n);
struct node node_member(struct node n, const char *key);
/* The same, and a missing one is a failure. */
struct node node_required(struct node n, const char *key);

/* The elements of an array; 0 when it is absent. A node that is no array fails. */
size_t node_count(struct node n);
struct node node_item(struct node n, size_t i);

/* Texts are copied to the arena. A fallback of NULL makes the node required ("" after a failure). */
const char *node_text(struct node n, const char *fallback);
bool node_bool(struct node n, bool fallback);
/* An integer within [low, high]. */
int64_t node_integer(struct node n, int64_t fallback, int64_t low, int64_t high);
/* A text or an integer, as text: "0.001" and 5. Other numbers lose digits in JSON: they fail. */
const char *node_number_text(struct node n);
/* A text or a list of texts, as a NULL-terminated list in the arena; `count` may be NULL. */
const char *const *node_text_list(struct node n, int *count);
/* Index of a text in `choices` (NULL-terminated); anything else fails and lists the choices. */
int node_choice(struct node n, const char *const *choices, int fallback);
/* A name: [A-Za-z][A-Za-z0-9_]*. */
const char *node_name(struct node n);

/* The member of `names` (NULL-terminated) that is nearest to a misspelt one, or is what other programs call so; NULL if
 * none is. */
const char *name_nearest(const char *name, const char *const *names);
/* `; did you mean "x"?` or "", in the document's arena. */
const char *node_hint(struct node n, const char *name, const char *const *names);

#endif
