/* document.h - reading a JSON document strictly, with errors that name the file and the key path.
 *
 *     struct document doc = {.file = path, .arena = &arena, .error = error};
 *     struct node root = {&doc, json, ""};
 *     node_keys(root, known);                       an unknown key fails, with the nearest known one
 *     const char *name = node_text(node_member(root, "name"), NULL);
 *     if (doc.failed) ...
 *
 * A document remembers a failure, so code reads straight down and checks once at the end: after a failure every reader
 * returns its fallback (for required ones "", 0, an absent node) and says no more.
 *
 * A person wants to hear of all that is wrong at once. So what is read is cut into parts (a column, a rule, a table),
 * and a failure ends its part only:
 *
 *     for (size_t i = 0; i < node_count(list) && !doc.failed; i++) {
 *         thing_read(node_item(list, i));
 *         node_part_end(node_item(list, i), NULL);     the next one is read all the same
 *     }
 *     if (document_failed(&doc)) ...
 *
 * What has failed is not there for the parts behind it. Their complaints about it would only repeat what has been said:
 * a failed part breaks its name, and who looks for a broken name fails without a word (node_broken). */
#ifndef MILLRACE_ETL_DOCUMENT_H
#define MILLRACE_ETL_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct sha256;
struct value_maps;

/* A list whose items use only what stands ahead of them. */
struct names_ahead {
    const json_t *items; /* objects with a "name"; NULL: no such list is being read */
    size_t at;           /* the item that is */
};

struct document {
    const char *file;
    struct arena *arena;    /* texts and paths live here */
    struct err_text *error; /* a line for each problem, PROBLEMS_SHOWN_MAX of them */
    bool failed;            /* the part that is being read: nothing more of it is looked at */
    int problems;           /* in all parts so far */
    const char *usage;      /* stands behind each problem; NULL: nothing */
    struct broken_name *broken, *refused;
    struct names_ahead derived;    /* of the source that is being read */
    json_t *tables;                /* "tables" of the definition: what stands behind, too. May be NULL */
    const struct value_maps *maps; /* of the definition, for its expressions (etl/expr/maps.h). May be NULL */
    struct sha256 *digest; /* of the definition; files that belong to it are added (etl/beside.h). May be NULL */
};

enum { PROBLEMS_SHOWN_MAX = 20 };

struct node {
    struct document *doc;
    json_t *json;     /* NULL: absent */
    const char *path; /* "source.columns[3].type"; "" for the root */
};

/* Records "FILE: PATH: sentence" and fails the part, unless it has failed already. */
void node_fail(struct node n, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Records it, too, but the part goes on: the caller knows what was meant, or does without. */
void node_wrong(struct node n, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something was wrong somewhere; the text says so once more when there is more than it shows. */
bool document_failed(struct document *doc);

/* Ends the part that `n` is. True when all was well. Otherwise the document is no longer failed, and `name` (NULL: the
 * node's own text, or that of its member "name") is broken. */
bool node_part_end(struct node n, const char *name);
void node_name_break(struct node n, const char *name);
/* It cannot be a name: who looks for one like it most likely means what would have had it. */
void node_name_refuse(struct node n, const char *name);
/* Whether an item behind the one that is being read has this name. */
bool name_is_behind(const struct names_ahead *list, const char *name);
/* True when `name` is broken, or like a refused one. Then the part has failed. */
bool node_broken(struct node n, const char *name);
bool document_broken(const struct document *doc, const char *name);

/* Fails unless `n` is an object. Keys that are not in `known` (NULL-terminated) are wrong; one that is misspelt gets
 * its right name, if that is free, so that what it says is read. The key "comment" is always allowed and never read. */
void node_keys(struct node n, const char *const *known);
/* Says that `key` of `n` is unknown and means `right`, and lets it be that, if that is free. */
void node_key_mend(struct node n, const char *key, const char *right);
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
/* An integer within [low, high]; anything else is wrong, and the fallback. */
int64_t node_integer(struct node n, int64_t fallback, int64_t low, int64_t high);
/* A text or an integer, as text: "0.001" and 5. Other numbers lose digits in JSON: they fail. */
const char *node_number_text(struct node n);
/* A text or a list of texts, as a NULL-terminated list in the arena; `count` may be NULL. */
const char *const *node_text_list(struct node n, int *count);
/* Index of a text in `choices` (NULL-terminated). Anything else is wrong and lists the choices: the nearest one is
 * returned, or, if nothing is near, the part fails. */
int node_choice(struct node n, const char *const *choices, int fallback);
/* A name: [A-Za-z][A-Za-z0-9_]*. */
const char *node_name(struct node n);

/* The member of `names` (NULL-terminated) that is nearest to a misspelt one, or is what other programs call so; NULL if
 * none is. */
const char *name_nearest(const char *name, const char *const *names);
/* `; did you mean "x"?`, or if nothing is near `; there are: a, b`, in the arena. */
const char *name_hint(struct arena *arena, const char *name, const char *const *names);
const char *node_hint(struct node n, const char *name, const char *const *names);

#endif
