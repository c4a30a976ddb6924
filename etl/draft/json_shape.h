/* json_shape.h - what was seen in the records of JSON: one node for each way of names. Inside etl/draft only. */
#ifndef MILLRACE_ETL_DRAFT_JSON_SHAPE_H
#define MILLRACE_ETL_DRAFT_JSON_SHAPE_H

#include <jansson.h>

#include "lib/base/bytes.h"

/* More members than columns can be, so that what is left out can be counted; and more nodes than any form has. */
enum { JSON_MEMBERS_MAX = 4096, JSON_NODES_MAX = 1 << 16 };

enum json_kind {
    JSON_TRUTHS = 1,
    JSON_SCALARS = 2,
    JSON_ARRAYS = 4,
    JSON_ARRAYS_OF_OBJECTS = 8,
    JSON_OBJECTS = 16,
    JSON_ARRAYS_EMPTY = 32
};

struct json_node {
    const char *name;
    int kinds;      /* of enum json_kind, or'ed; 0: nothing but null was seen */
    uint64_t seen;  /* how often it was there */
    uint64_t whole; /* how often it was an object */
    struct json_node **members;
    int member_count;
    uint32_t hash;
};

struct json_shape {
    struct arena *arena;
    struct json_node root;
    int nodes;
};

/* Adds what one value has. */
void json_shape_add(struct json_shape *s, json_t *value);
/* Of all its members, but for empty arrays. */
int json_member_kinds(const struct json_node *node);
/* Whether the names of its members are data, such as ids or days, rather than names of fields. Three or more members of
 * one kind are wanted for that: under names with a digit in each, objects, arrays or texts and numbers; under words,
 * objects that are alike and of which not all are there each time, or very many. */
bool json_names_are_data(const struct json_node *node);
/* "a, b, c, ...": some of the names. */
const char *json_names_example(const struct json_node *node, struct arena *arena);

#endif
