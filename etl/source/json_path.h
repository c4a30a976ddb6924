/* json_path.h - which values of a JSON document are wanted, and getting all of them in one pass.
 *
 *     customer.address.city    members of objects
 *     items[0].sku             an element of an array, from 0
 *     ['a.b'][0]["c d"]        names with a dot, a bracket or a quote
 *     $.id                     the same as id; $ alone is the whole value
 *
 * A compiled set of paths is immutable and may be shared by threads. */
#ifndef MILLRACE_ETL_SOURCE_JSON_PATH_H
#define MILLRACE_ETL_SOURCE_JSON_PATH_H

#include <stdbool.h>

#include "etl/source/json_scan.h"

/* --- one path, step by step --- */

enum { JSON_STEP_ALL = -2, JSON_STEP_MEMBERS = -3 };

struct json_step {
    struct slice name; /* index < 0: of a member */
    int index;         /* of an element; -1: a member; JSON_STEP_ALL: [*], every element; JSON_STEP_MEMBERS: *, every
                          member, whatever its name */
};

/* Takes the first step off *path (a zero-terminated text). 1: *out is the step; 0: the path ends; negative: it is
 * wrong, *wrong says why. `first` says that nothing was taken off yet. Names are copied to the arena. */
int json_step_take(const char **path, bool first, struct json_step *out, struct arena *arena, const char **wrong);

/* --- a set of paths --- */

struct json_paths;

struct json_paths *json_paths_new(struct arena *arena);
/* Adds a path; its number is the count of those added before. NULL, or what is wrong with the text.
 * `truth_is_number`: true and false are given as 1 and 0, not as words. */
const char *json_paths_add(struct json_paths *paths, const char *text, bool truth_is_number);
/* The next number belongs to a value that stands elsewhere: json_split gives nothing for it. */
void json_paths_skip(struct json_paths *paths);

/* The next number belongs to what is there and no path leads to, as a JSON object: the members of the record with which
 * no path begins, as they stand in it; those of objects that paths lead into, under their own paths
 * ("customer.vip", "items[0]['a.b']"); and what is no object, or no array, where paths would lead on, but null. What is
 * inside of a value that is wanted itself is read, and elements of arrays are not looked for. */
void json_paths_rest(struct json_paths *paths);

/* A record that has something of this kind fails, with scan->drift. */
void json_paths_strict(struct json_paths *paths);
/* So does one that has not the member where the path that was added last ends. A null is there; elements of arrays may
 * be absent. */
void json_paths_demand(struct json_paths *paths);

/* Reads one document (UTF-8) and gives the text of each wanted value, by its number: the inside of a string with its
 * escapes replaced (in the arena), a number as written, `true` and `false`, objects and arrays as they stand. p is NULL
 * for null and for a value that is not there. False when the document is not JSON, is neither an object
 * of which members nor an array of which elements are wanted (a wanted $ takes any), or a wanted member or one on the
 * way to it comes twice; scan->wrong and scan->p then say what and where. */
bool json_split(const struct json_paths *paths, struct slice text, struct arena *arena, struct slice *fields,
                struct json_scan *scan);
/* The wanted values of an object at the start of `text`, each as it stands there (a string in its quotes, a null, too).
 * The text may end within it: only what is needed to find all of them is read, or the whole object when one is
 * missing. False as json_split; with scan->cut more of the text is needed. */
bool json_find(const struct json_paths *paths, struct slice text, struct arena *arena, struct slice *values,
               struct json_scan *scan);

#endif
