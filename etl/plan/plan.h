/* plan.h - what a definition does, as a graph for people: who reads from whom.
 *
 *     definition.json --plan_load--> nodes in reading order --plan_text--> a tree for the terminal
 *                                    (sources, tables, views,  plan_svg--> a drawing for the browser
 *                                     outputs)
 *
 * A node comes behind all that it reads. What it says about itself is what stands in the definition, key by
 * key, plus what the loader worked out (types of columns, ordinals of rules), so a kind of table that is new
 * to the language is drawn without a line here. Which tables a view reads is SQLite's own answer. */
#ifndef MILLRACE_ETL_PLAN_H
#define MILLRACE_ETL_PLAN_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct plan_fact {
    const char *key; /* "columns", "where", ... */
    const char *text;
};

struct plan_node {
    const char *name;
    const char *kind; /* "csv", "store", "aggregate", "view", ... */
    struct plan_fact *facts;
    int fact_count;
    /* Indexes of nodes; the first is the one whose rows it is made of, and smaller than its own. So are the others, but
     * for tables that rules of its source look at. */
    int *inputs;
    int input_count;
    int depth; /* 0 for sources, else one more than the deepest input */
};

struct plan {
    const char *title;
    struct plan_node *nodes;
    int node_count;
    struct arena arena;
};

/* Loads and checks the definition as definition_load does, with the same errors; ERR_INVALID also for a view that
 * SQLite cannot compile. */
int plan_load(const char *path, struct plan **out, struct err_text *error);
void plan_free(struct plan *p); /* NULL is allowed */

/* A tree in UTF-8: each node once in full under its first input, and by its name under the others. Lines of facts
 * are at most `width` columns (at least 40) long and continue below. */
void plan_text(const struct plan *p, int width, struct buf *out);
/* An SVG that stands alone; boxes from left to right by depth. */
void plan_svg(const struct plan *p, struct buf *out);

#endif
